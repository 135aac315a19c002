/* A grid point's taps: for each dimension up to four positions with weights, then their products.
 *
 * A coordinate g in [−1, 1] means the position u = (g + 1)/2 · (L − 1) with align_corners, else
 * ((g + 1) L − 1)/2. Positions outside read nothing, the nearest edge, or the mirror image. Cubic weights:
 * Keys 1981 with a = −3/4. */
#include "ops/grid_sample_ref.h"

int vt__grid_init(struct vt__grid *s, const struct vt_node *n, int x_rank, const int64_t *x, int grid_rank,
                  const int64_t *grid, struct vt_err *e)
{
  if (x_rank < 3 || x_rank > 5 || grid_rank != x_rank ||
      (grid[x_rank - 1] >= 0 && grid[x_rank - 1] != x_rank - 2) ||
      (x[0] >= 0 && grid[0] >= 0 && x[0] != grid[0])) {
    char sx[96], sg[96];
    vt_shape_print(x_rank, x, sx, sizeof sx);
    vt_shape_print(grid_rank, grid, sg, sizeof sg);
    return vt__bad(e, VT_ESHAPE, n, "grid %s does not fit input %s", sg, sx);
  }
  *s = (struct vt__grid){.r = x_rank - 2, .n = x[0], .c = x[1]};
  for (int d = 0; d < s->r; d++) s->in[d] = x[2 + d];
  s->plane = vt__span(x, 2, x_rank);
  s->points = vt__span(grid, 1, grid_rank - 1);
  return VT_OK;
}

struct line {
  int n;
  int64_t at[4];
  float weight[4], slope[4];
};

/* Position i of `size`, or -1. */
static int64_t inside(int64_t i, int64_t size, int padding, bool align)
{
  if (i >= 0 && i < size) return i;
  if (size < 1 || padding == VT__GRID_ZEROS) return -1;
  if (padding == VT__GRID_BORDER || size == 1) return i < 0 ? 0 : size - 1;
  int64_t period = align ? 2 * (size - 1) : 2 * size;
  i %= period;
  if (i < 0) i += period;
  return i < size ? i : align ? period - i : period - 1 - i;
}

static float cubic(float d, float *slope)
{
  const float a = -0.75f;
  float t = fabsf(d), sign = d < 0 ? -1 : 1;
  if (t <= 1) {
    *slope = sign * (3 * (a + 2) * t - 2 * (a + 3)) * t;
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  }
  *slope = sign * ((3 * a * t - 10 * a) * t + 8 * a);
  return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
}

static void line_of(struct line *l, const struct vt__grid_attrs *a, float g, int64_t size)
{
  float scale = (a->align_corners ? (float)(size - 1) : (float)size) / 2;
  float u = a->align_corners ? (g + 1) / 2 * (float)(size - 1) : ((g + 1) * (float)size - 1) / 2;
  l->n = 0;
  if (!(fabsf(u) < 1e9f)) return; /* so far outside, or not a number: reads nothing */
  float low = a->mode == VT__GRID_NEAREST ? rintf(u) : floorf(u), f = u - low;
  int first = a->mode == VT__GRID_CUBIC ? -1 : 0, last = a->mode == VT__GRID_NEAREST ? 0 : 1 - first;
  for (int k = first; k <= last; k++) {
    float weight = 1, slope = 0;
    if (a->mode == VT__GRID_LINEAR) {
      weight = k ? f : 1 - f;
      slope = k ? 1 : -1;
    } else if (a->mode == VT__GRID_CUBIC) {
      weight = cubic(f - (float)k, &slope);
    }
    int64_t at = inside((int64_t)low + k, size, a->padding_mode, a->align_corners != 0);
    if (at < 0) continue;
    l->at[l->n] = at;
    l->weight[l->n] = weight;
    l->slope[l->n++] = slope * scale;
  }
}

int vt__grid_taps(const struct vt__grid *s, const struct vt__grid_attrs *a, const float *grid,
                  struct vt__grid_tap *tap)
{
  struct line line[3];
  int n = 1;
  for (int d = 0; d < s->r; d++) line_of(&line[d], a, grid[s->r - 1 - d], s->in[d]);
  tap[0] = (struct vt__grid_tap){.weight = 1};
  for (int d = 0; d < s->r; d++) { /* every tap so far times every position of this dimension */
    struct vt__grid_tap old[VT__GRID_TAPS];
    int coordinate = s->r - 1 - d, m = 0;
    memcpy(old, tap, (size_t)n * sizeof *tap);
    for (int i = 0; i < n; i++)
      for (int k = 0; k < line[d].n; k++, m++) {
        tap[m] = old[i];
        tap[m].at = old[i].at * s->in[d] + line[d].at[k];
        tap[m].weight *= line[d].weight[k];
        for (int j = 0; j < s->r; j++) tap[m].slope[j] *= line[d].weight[k];
        tap[m].slope[coordinate] = old[i].weight * line[d].slope[k];
      }
    n = m;
  }
  return n;
}
