/* Shared by the files of masks without a network. */
#ifndef VT_IMAGE_PLAIN_INTERNAL_H
#define VT_IMAGE_PLAIN_INTERNAL_H

#include "image/image.h"

static inline float vt__lab_distance2(const float *a, const float *b)
{
  float x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
  return x * x + y * y + z * z;
}

/* k-means over (n, 3) points: centres (k, 3), and the cluster of each point. */
int vt__kmeans(const float *point, int64_t n, int k, uint64_t seed, float *centre, uint8_t *cluster,
               struct vt_err *e);

/* A grid of nodes, each joined to its eight neighbours and to both terminals. Directions 0..7 in order:
 * right, down-right, down, down-left, and their opposites at + 4. A rim of one node without edges stands
 * around. */
enum { VT__DIRECTIONS = 8 };
struct vt__grid {
  int width, height;            /* without the rim */
  int64_t n;                    /* nodes, rim included */
  int64_t step[VT__DIRECTIONS]; /* from a node to its neighbour */
  float *edge;                  // (8, n) capacity left to the neighbour
  float
      *terminal; // (n) capacity left from the source, or negative: to the sink (only their difference counts)
};
int vt__grid_new(struct vt__grid *g, int width, int height, struct vt_err *e); /* all capacities 0 */
void vt__grid_clear(struct vt__grid *g);
static inline int64_t vt__grid_at(const struct vt__grid *g, int x, int y)
{
  return (int64_t)(y + 1) * (g->width + 2) + x + 1;
}
/* Both ways between a node and its neighbour. */
static inline void vt__grid_join(struct vt__grid *g, int64_t at, int direction, float capacity)
{
  g->edge[direction * g->n + at] = capacity;
  g->edge[(direction ^ 4) * g->n + at + g->step[direction]] = capacity;
}
/* The least cut, which uses the capacities up. side: (H, W) 1 for nodes on the source's side. *flow: its
 * size. */
int vt__grid_cut(struct vt__grid *g, uint8_t *side, double *flow, struct vt_err *e);

#endif
