/* The inner loop of outer.h. Built per instruction set with VT_OUTER naming the table and VT_LANES the
 * width. */
#include "backend/native/outer.h"

enum { L = VT_LANES, V = VT__OUTER_VECTORS };
enum { R = VT_LANES == 16 ? 8 : 4 }; /* R V sums, V operands and a broadcast fit the registers */

typedef float vec __attribute__((vector_size(VT_LANES * 4), aligned(4), may_alias));

static inline __attribute__((always_inline)) void tile(const struct vt__outer_span *p, int vectors,
                                                       const float *const *x, const float *const *s, float *d,
                                                       int64_t step)
{
  vec sum[R][V];
  int64_t xs = p->x_col, ss = p->s_col;
  for (int r = 0; r < R; r++) {
    __builtin_prefetch(d + r * step, 1);
    __builtin_prefetch(d + r * step + vectors * L - 1, 1);
    for (int v = 0; v < vectors; v++) sum[r][v] = (vec){0};
  }
  for (int64_t i = 0; i < p->images; i++)
    for (int64_t y = 0; y < p->rows; y++) {
      int64_t xo = i * p->x_image + y * p->x_row, so = i * p->s_image + y * p->s_row;
      for (int64_t k = 0; k < p->cols; k++, xo += xs, so += ss) {
        vec b[V];
        for (int v = 0; v < vectors; v++) b[v] = *(const vec *)(x[v] + xo);
        for (int r = 0; r < R; r++) {
          float a = s[r][so];
          for (int v = 0; v < vectors; v++) sum[r][v] += a * b[v];
        }
      }
    }
  for (int r = 0; r < R; r++)
    for (int v = 0; v < vectors; v++) *(vec *)(d + r * step + v * L) += sum[r][v];
}

static void add(const struct vt__outer_span *p, int vectors, const float *const *x, const float *const *s,
                float *d, int64_t step)
{
  switch (vectors) {
  case 1: tile(p, 1, x, s, d, step); break;
  case 2: tile(p, 2, x, s, d, step); break;
  default: tile(p, V, x, s, d, step); break;
  }
}

const struct vt__outer VT_OUTER = {.lanes = L, .rows = R, .add = add};
