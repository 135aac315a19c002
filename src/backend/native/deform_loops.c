/* The loops of deform.h, built per instruction set with VT_DEFORM naming the table. */
#include <math.h>

#include "backend/native/deform.h"

static void place(struct vt__deform_place *t, float y, float x, float mask, int64_t h, int64_t w)
{
  bool inside = y > -1 && y < (float)h && x > -1 && x < (float)w; /* false for NaN too */
  float y0 = inside ? floorf(y) : -2, x0 = inside ? floorf(x) : -2, fy = inside ? y - y0 : 0,
        fx = inside ? x - x0 : 0;
  t->mask = mask;
  for (int i = 0; i < 4; i++) {
    int64_t r = (int64_t)y0 + i / 2, c = (int64_t)x0 + i % 2;
    float wy = i / 2 ? fy : 1 - fy, wx = i % 2 ? fx : 1 - fx;
    t->at[i] = r >= 0 && r < h && c >= 0 && c < w ? (int32_t)(r * w + c) : -1;
    t->weight[i] = wy * wx;
    t->by_y[i] = i / 2 ? wx : -wx;
    t->by_x[i] = i % 2 ? wy : -wy;
  }
}

static bool all_inside(const struct vt__deform_place *t)
{
  return (t->at[0] | t->at[1] | t->at[2] | t->at[3]) >= 0;
}

static void read(const struct vt__deform_place *t, int64_t n, const float *x, int64_t pixel, int64_t len,
                 float *col, int64_t step)
{
  for (int64_t i = 0; i < n; i++, t++, col += step) {
    float m = t->mask, w[4];
    for (int k = 0; k < 4; k++) w[k] = m * t->weight[k];
    if (all_inside(t)) {
      const float *restrict a = x + t->at[0] * pixel, *restrict b = x + t->at[1] * pixel,
                            *restrict c = x + t->at[2] * pixel, *restrict d = x + t->at[3] * pixel;
      float *restrict to = col;
      for (int64_t j = 0; j < len; j++) to[j] = w[0] * a[j] + w[1] * b[j] + w[2] * c[j] + w[3] * d[j];
      continue;
    }
    for (int64_t j = 0; j < len; j++) col[j] = 0;
    for (int k = 0; k < 4; k++) {
      const float *restrict a = x + t->at[k] * pixel;
      float *restrict to = col;
      for (int64_t j = 0; j < len && t->at[k] >= 0; j++) to[j] += w[k] * a[j];
    }
  }
}

enum { L = 8 };
typedef float vec __attribute__((vector_size(L * 4), aligned(4), may_alias));

/* Eight sums at once. */
static float dot(const float *a, const float *b, int64_t n)
{
  vec part = {0};
  float sum = 0;
  int64_t i = 0;
  for (; i + L <= n; i += L) part += *(const vec *)(a + i) * *(const vec *)(b + i);
  for (; i < n; i++) sum += a[i] * b[i];
  for (int k = 0; k < L; k++) sum += part[k];
  return sum;
}

static void back(const struct vt__deform_place *t, int64_t n, const float *x, int64_t pixel, int64_t len,
                 const float *d, int64_t step, float *dx, float *sums)
{
  for (int64_t i = 0; i < n; i++, t++, d += step, sums += 4)
    for (int k = 0; k < 4; k++) {
      if (t->at[k] < 0) continue;
      sums[k] += dot(d, x + t->at[k] * pixel, len);
      if (!dx) continue;
      float w = t->mask * t->weight[k], *restrict to = dx + t->at[k] * pixel;
      const float *restrict from = d;
      for (int64_t j = 0; j < len; j++) to[j] += w * from[j];
    }
}

const struct vt__deform_loops VT_DEFORM = {place, read, back};
