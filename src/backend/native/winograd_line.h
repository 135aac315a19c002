/* Winograd's minimal filtering along one line, F(m, r): m outputs of r taps from m + r − 1 products, for
 * kernels of 1 x r and r x 1.
 *
 *   y (m) = A' [ sum over c of (G w) .* (B' x) ],     x (m + r − 1), step m
 *
 * by the construction of Cook and Toom on the points 0, p, −p, …, infinity: with N(p) the product of p − q
 * over the other finite points q, column p of A' is (1, p, …, p^(m−1)), row p of G (1, p, …, p^(r−1)) / N(p),
 * row p of B' the coefficients of the product of x − q over the others, lowest first. Points come in pairs p,
 * −p, so each pair's rows share their even and, but for the sign, their odd half; `even` and `odd` hold
 * these.
 *
 * Points near 1 with their reciprocals lose least to rounding (found by search in f32 with 192 channels:
 * largest error 5e-7 of the largest output for F(4, 3), 4e-6 for F(4, 7), 5e-6 for F(6, 7); direct sum 3e-7
 * to 1e-6). */
#ifndef VT_BACKEND_NATIVE_WINOGRAD_LINE_H
#define VT_BACKEND_NATIVE_WINOGRAD_LINE_H

#include "backend/native/winograd.h"

enum { VT__LINE_POINTS = 12, VT__LINE_TAPS = 7, VT__LINE_TILE = 6, VT__LINE_PAIRS = VT__LINE_POINTS / 2 - 1 };

struct vt__wino_line {
  int points, taps, tile; /* points = tile + taps − 1, even */
  bool down;              /* r x 1: along the height */
  /* rows of B': of 0 on x0, x2, …; of infinity on x1, x3, …; of a pair on x2, x4, … and x1, x3, … */
  float zero[VT__LINE_POINTS / 2], infinity[VT__LINE_POINTS / 2];
  float even[VT__LINE_PAIRS][VT__LINE_PAIRS], odd[VT__LINE_PAIRS][VT__LINE_PAIRS];
  float power[VT__LINE_PAIRS][VT__LINE_TILE];   /* p^i, times what B' and G were not multiplied with */
  float filter[VT__LINE_POINTS][VT__LINE_TAPS]; /* G; points in the order 0, p1, −p1, p2, …, infinity */
};

/* Whether there are points for F(tile, taps). */
bool vt__wino_line_has(int tile, int taps);
void vt__wino_line_init(struct vt__wino_line *l, int tile, int taps, bool down);

/* The loops, like those of struct vt__wino: a patch begins at (y, x) and runs along the line. */
struct vt__wino_line_set {
  void (*input)(const struct vt__wino_line *l, const float *panel, const struct vt__wino_patch *p, float *v,
                int64_t step);
  void (*output)(const struct vt__wino_line *l, const float *z, int64_t step, const struct vt__wino_patch *p,
                 const struct vt__wino_finish *f, float *panel);
  /* one panel of output channels of a plain weight (m, c, taps) */
  void (*filter)(const struct vt__wino_line *l, const float *w, int64_t m, int64_t c, int64_t m0, float *u,
                 int64_t step);
};

extern const struct vt__wino_line_set vt__wino_line_base, vt__wino_line_avx2, vt__wino_line_avx512;

#endif
