/* The inner loops of winograd.h. Built per instruction set with VT_WINO naming the table and VT_LANES the
 * width. */
#include "backend/native/winograd_line.h"
#include "backend/native/fast.h"
#include "backend/native/lanes.h"

#include <string.h>

enum { P = VT__WINO_POINTS, K = VT__WINO_PATCH, T = VT__WINO_TILE };
/* Rows of a register tile, two vectors wide: 2 R sums, two operands and a broadcast fit the registers. */
enum { R = VT_LANES == 16 ? 12 : 6 };

/* ---- transforms of one row or column ---- */

INLINE void input_row(const vec *d, vec *t)
{
  vec a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
  t[0] = 4 * d[0] - 5 * d[2] + d[4];
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = 4 * d[1] - 5 * d[3] + d[5];
}

INLINE void output_row(const vec *z, vec *y)
{
  vec s1 = z[1] + z[2], d1 = z[1] - z[2], s2 = z[3] + z[4], d2 = z[3] - z[4];
  y[0] = z[0] + s1 + s2;
  y[1] = d1 + 2 * d2;
  y[2] = s1 + 4 * s2;
  y[3] = d1 + 8 * d2 + z[5];
}

INLINE void gradient_row(const vec *y, vec *e)
{
  vec even = y[0] + y[2], odd = y[1] + y[3], even2 = y[0] + 4 * y[2], odd2 = 2 * y[1] + 8 * y[3];
  e[0] = y[0];
  e[1] = even + odd;
  e[2] = even - odd;
  e[3] = even2 + odd2;
  e[4] = even2 - odd2;
  e[5] = y[3];
}

INLINE void filter_row(const vec *g, vec *u)
{
  vec s = (g[0] + g[2]) * (-1 / 6.f), a = g[1] * (1 / 6.f), p = g[0] * (1 / 24.f) + g[2] * (1 / 6.f),
      b = g[1] * (1 / 12.f);
  u[0] = g[0] * 0.25f;
  u[1] = s - a;
  u[2] = s + a;
  u[3] = p + b;
  u[4] = p - b;
  u[5] = g[2];
}

INLINE void filter_grad_row(const vec *d, vec *g)
{
  vec s1 = (d[1] + d[2]) * (1 / 6.f), s2 = d[3] + d[4];
  g[0] = d[0] * 0.25f - s1 + s2 * (1 / 24.f);
  g[1] = (d[2] - d[1]) * (1 / 6.f) + (d[3] - d[4]) * (1 / 12.f);
  g[2] = s2 * (1 / 6.f) - s1 + d[5];
}

/* ---- tiles ---- */

/* The n x n patch of a panel as vectors, zero outside. */
INLINE void gather(const float *panel, const struct vt__wino_patch *p, int n, vec *d)
{
  if (p->y >= 0 && p->x >= 0 && p->y + n <= p->h && p->x + n <= p->w) {
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) d[i * n + j] = load(panel + ((p->y + i) * p->w + p->x + j) * L);
    return;
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      bool inside = p->y + i >= 0 && p->y + i < p->h && p->x + j >= 0 && p->x + j < p->w;
      d[i * n + j] = inside ? load(panel + ((p->y + i) * p->w + p->x + j) * L) : (vec){0};
    }
}

static void input(const float *panel, const struct vt__wino_patch *p, float *v, int64_t step)
{
  vec d[K * K], t[K * K];
  gather(panel, p, K, d);
  for (int j = 0; j < K; j++) {
    vec col[K], r[K];
    for (int i = 0; i < K; i++) col[i] = d[i * K + j];
    input_row(col, r);
    for (int i = 0; i < K; i++) t[i * K + j] = r[i];
  }
  for (int i = 0; i < K; i++) {
    vec r[K];
    input_row(t + i * K, r);
    for (int j = 0; j < K; j++) store(v + (i * K + j) * step, r[j]);
  }
}

static void gradient(const float *panel, const struct vt__wino_patch *p, float *e, int64_t step)
{
  vec d[T * T], t[K * T];
  gather(panel, p, T, d);
  for (int j = 0; j < T; j++) {
    vec col[T], r[K];
    for (int i = 0; i < T; i++) col[i] = d[i * T + j];
    gradient_row(col, r);
    for (int i = 0; i < K; i++) t[i * T + j] = r[i];
  }
  for (int i = 0; i < K; i++) {
    vec r[K];
    gradient_row(t + i * T, r);
    for (int j = 0; j < K; j++) store(e + (i * K + j) * step, r[j]);
  }
}

static void output(const float *z, int64_t step, const struct vt__wino_patch *p,
                   const struct vt__wino_finish *f, float *panel)
{
  vec t[T * K], bias = f->bias ? load(f->bias) : (vec){0};
  for (int j = 0; j < K; j++) {
    vec col[K], r[T];
    for (int i = 0; i < K; i++) col[i] = load(z + (i * K + j) * step);
    output_row(col, r);
    for (int i = 0; i < T; i++) t[i * K + j] = r[i];
  }
  int64_t rows = VT_MIN(T, p->h - p->y), cols = VT_MIN(T, p->w - p->x);
  for (int64_t i = 0; i < rows; i++) {
    vec y[T];
    int64_t at = ((p->y + i) * p->w + p->x) * L;
    output_row(t + i * K, y);
    for (int64_t j = 0; j < cols; j++) {
      vec v = y[j] + bias;
      if (f->residual) v += load(f->residual + at + j * L);
      store(panel + at + j * L, f->act == VT_ACT_RELU ? relu(v) : v);
    }
    if (f->act != VT_ACT_NONE && f->act != VT_ACT_RELU)
      vt__fast()->act(f->act, f->alpha, f->beta, panel + at, panel + at, cols * L);
  }
}

/* ---- weights ---- */

INLINE void filter_one(const vec *g, float *u, int64_t step)
{
  vec t[K * 3];
  for (int j = 0; j < 3; j++) {
    vec col[3] = {g[j], g[3 + j], g[6 + j]}, r[K];
    filter_row(col, r);
    for (int i = 0; i < K; i++) t[i * 3 + j] = r[i];
  }
  for (int i = 0; i < K; i++) {
    vec r[K];
    filter_row(t + i * 3, r);
    for (int j = 0; j < K; j++) store(u + (i * K + j) * step, r[j]);
  }
}

static void filter(const float *w, int64_t m, int64_t c, int64_t m0, int64_t mstep, int64_t cstep, bool back,
                   float *u, int64_t step)
{
  int64_t width = VT_MIN(2 * L, m - m0);
  u += m0 * c;
  for (int64_t k = 0; k < c; k++)
    for (int64_t half = 0; half < width; half += L) {
      vec g[9];
      for (int tap = 0; tap < 9; tap++)
        for (int l = 0; l < L; l++) g[back ? 8 - tap : tap][l] = w[(m0 + half + l) * mstep + k * cstep + tap];
      filter_one(g, u + k * width + half, step);
    }
}

static void filter_packed(const float *w, int64_t c, int64_t width, float *u, int64_t step)
{
  for (int64_t k = 0; k < c; k++)
    for (int64_t half = 0; half < width; half += L) {
      vec g[9];
      for (int tap = 0; tap < 9; tap++) g[tap] = load(w + (k * 9 + tap) * width + half);
      filter_one(g, u + k * width + half, step);
    }
}

static void filter_grad(const float *d, int64_t c, int64_t step, float *dw)
{
  for (int64_t k = 0; k < c; k += L) {
    vec t[3 * K], g[9];
    for (int j = 0; j < K; j++) {
      vec col[K], r[3];
      for (int i = 0; i < K; i++) col[i] = load(d + (i * K + j) * step + k);
      filter_grad_row(col, r);
      for (int i = 0; i < 3; i++) t[i * K + j] = r[i];
    }
    for (int i = 0; i < 3; i++) filter_grad_row(t + i * K, g + i * 3);
    for (int l = 0; l < L; l++)
      for (int tap = 0; tap < 9; tap++) dw[(k + l) * 9 + tap] = g[tap][l];
  }
}

/* ---- matrices ---- */

/* rows x (w vectors) of z = v u; u (c, w L). */
INLINE void multiply_tile(int rows, int w, int64_t m, int64_t c, const float *v, const float *u, float *z)
{
  vec s[R][2];
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < w; i++) s[r][i] = (vec){0};
  for (int64_t k = 0; k < c; k++) {
    vec b[2];
    for (int i = 0; i < w; i++) b[i] = load(u + (k * w + i) * L);
    for (int r = 0; r < rows; r++) {
      float a = v[r * c + k];
      for (int i = 0; i < w; i++) s[r][i] += a * b[i];
    }
  }
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < w; i++) store(z + r * m + i * L, s[r][i]);
}

/* rows x (w vectors) of d += e' v. */
INLINE void accumulate_tile(int rows, int w, int64_t tiles, int64_t m, int64_t c, const float *e,
                            const float *v, float *d)
{
  vec s[R][2];
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < w; i++) s[r][i] = load(d + r * c + i * L);
  for (int64_t k = 0; k < tiles; k++) {
    vec b[2];
    for (int i = 0; i < w; i++) b[i] = load(v + k * c + i * L);
    for (int r = 0; r < rows; r++) {
      float a = e[k * m + r];
      for (int i = 0; i < w; i++) s[r][i] += a * b[i];
    }
  }
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < w; i++) store(d + r * c + i * L, s[r][i]);
}

/* Rows left -> rows of the next register tile: full ones, the last two of about equal height. */
INLINE int next_rows(int64_t left)
{
  return (int)(left >= 2 * R || left == R ? R : left > R ? (left + 1) / 2 : left);
}

/* Calls BODY with the number of rows as a constant. */
#define EACH_ROWS(BODY)                                                                                      \
  BODY(1) BODY(2) BODY(3) BODY(4) BODY(5) BODY(6) BODY(7) BODY(8) BODY(9) BODY(10) BODY(11) BODY(12)

static void multiply(int64_t tiles, int64_t m, int64_t c, const float *v, const float *u, float *z)
{
  for (int64_t j = 0; j < m; j += 2 * L) {
    bool wide = m - j >= 2 * L;
    for (int64_t i = 0; i < tiles;) {
      int rows = next_rows(tiles - i);
      switch (rows) {
#define CASE(n)                                                                                              \
  case n:                                                                                                    \
    if (n > R) break;                                                                                        \
    if (wide)                                                                                                \
      multiply_tile(n > R ? R : n, 2, m, c, v + i * c, u + j * c, z + i * m + j);                            \
    else                                                                                                     \
      multiply_tile(n > R ? R : n, 1, m, c, v + i * c, u + j * c, z + i * m + j);                            \
    break;
        EACH_ROWS(CASE)
#undef CASE
      }
      i += rows;
    }
  }
}

static void accumulate(int64_t tiles, int64_t m, int64_t c, const float *e, const float *v, float *d)
{
  for (int64_t j = 0; j < c; j += 2 * L) {
    bool wide = c - j >= 2 * L;
    for (int64_t i = 0; i < m;) {
      int rows = next_rows(m - i);
      switch (rows) {
#define CASE(n)                                                                                              \
  case n:                                                                                                    \
    if (n > R) break;                                                                                        \
    if (wide)                                                                                                \
      accumulate_tile(n > R ? R : n, 2, tiles, m, c, e + i, v + j, d + i * c + j);                           \
    else                                                                                                     \
      accumulate_tile(n > R ? R : n, 1, tiles, m, c, e + i, v + j, d + i * c + j);                           \
    break;
        EACH_ROWS(CASE)
#undef CASE
      }
      i += rows;
    }
  }
}

const struct vt__wino VT_WINO = {
    .lanes = L,
    .input = input,
    .gradient = gradient,
    .output = output,
    .filter = filter,
    .filter_packed = filter_packed,
    .filter_grad = filter_grad,
    .multiply = multiply,
    .accumulate = accumulate,
    .line = &VT_WINO_LINE,
};
