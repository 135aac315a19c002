/* Region growing (Adams and Bischof, 1994, in its simplest form): breadth first from each seed, a neighbour
 * joins while its colour is near the mean of the region so far. */
#include "image/plain_internal.h"

struct grower {
  struct vt_image *labels;
  const float *lab;
  int32_t *queue; // (H * W): pixels that joined, in order
  int64_t head, tail;
  double sum[3];
  float limit2;
};

static void join(struct grower *g, int64_t at, uint8_t region)
{
  g->labels->px[at] = region;
  g->queue[g->tail++] = (int32_t)at;
  for (int c = 0; c < 3; c++) g->sum[c] += g->lab[3 * at + c];
}

static void consider(struct grower *g, int64_t at, uint8_t region)
{
  float mean[3];
  if (g->labels->px[at]) return;
  for (int c = 0; c < 3; c++) mean[c] = (float)(g->sum[c] / (double)g->tail);
  if (vt__lab_distance2(g->lab + 3 * at, mean) <= g->limit2) join(g, at, region);
}

static void grow(struct grower *g, int64_t seed, uint8_t region)
{
  const int w = g->labels->width, h = g->labels->height;
  g->head = g->tail = 0;
  g->sum[0] = g->sum[1] = g->sum[2] = 0;
  if (g->labels->px[seed]) return; /* an earlier region has it */
  join(g, seed, region);
  while (g->head < g->tail) {
    int64_t at = g->queue[g->head++];
    int x = (int)(at % w), y = (int)(at / w);
    if (x > 0) consider(g, at - 1, region);
    if (x + 1 < w) consider(g, at + 1, region);
    if (y > 0) consider(g, at - w, region);
    if (y + 1 < h) consider(g, at + w, region);
  }
}

int vt_region_grow(struct vt_image *labels, const struct vt_image *im, int n, const int *seed_xy,
                   double tolerance, struct vt_err *e)
{
  const int w = im->width, h = im->height;
  struct grower g = {.labels = labels, .limit2 = (float)(tolerance * tolerance)};
  float *lab = NULL;
  *labels = (struct vt_image){0};
  if (n < 1 || n > 255 || !(tolerance >= 0))
    return vt_fail(e, VT_EARG, "region growing: %d seeds (1 to 255), tolerance %g", n, tolerance);
  for (int i = 0; i < n; i++)
    if (seed_xy[2 * i] < 0 || seed_xy[2 * i] >= w || seed_xy[2 * i + 1] < 0 || seed_xy[2 * i + 1] >= h)
      return vt_fail(e, VT_EARG, "seed %d,%d lies outside the picture of %d x %d", seed_xy[2 * i],
                     seed_xy[2 * i + 1], w, h);
  int rc = vt_image_init(labels, w, h, 1, e);
  if (!rc && labels->stride != w) rc = vt_fail(e, VT_ESHAPE, "region growing: rows are padded");
  if (!rc) rc = vt_image_lab(&lab, im, e);
  if (!rc && !(g.queue = vt_reallocarray(NULL, (size_t)w * (size_t)h, sizeof *g.queue)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  g.lab = lab;
  for (int i = 0; i < n && !rc; i++)
    grow(&g, (int64_t)seed_xy[2 * i + 1] * w + seed_xy[2 * i], (uint8_t)(i + 1));
  vt_free(g.queue);
  vt_free(lab);
  if (rc) vt_image_clear(labels);
  return rc;
}
