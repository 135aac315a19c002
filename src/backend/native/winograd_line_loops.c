/* The inner loops of winograd_line.h. Built per instruction set, like winograd_loops.c. */
#include "backend/native/winograd_line.h"
#include "backend/native/fast.h"
#include "backend/native/lanes.h"

enum { MOST = VT__LINE_POINTS, PAIRS = VT__LINE_PAIRS, TILE = VT__LINE_TILE };

/* Floats from one pixel of the line to the next. */
INLINE int64_t line_step(const struct vt__wino_line *l, const struct vt__wino_patch *p)
{
  return l->down ? p->w * L : L;
}

INLINE void input_of(int n, const struct vt__wino_line *l, const float *panel, const struct vt__wino_patch *p,
                     float *v, int64_t step)
{
  vec d[MOST];
  int64_t at = l->down ? p->y : p->x, size = l->down ? p->h : p->w, by = line_step(l, p);
  int64_t from = (p->y * p->w + p->x) * L;
  for (int i = 0; i < n; i++) d[i] = at + i >= 0 && at + i < size ? load(panel + from + i * by) : (vec){0};
  vec first = l->zero[0] * d[0], last = l->infinity[0] * d[1];
  for (int k = 1; k < n / 2; k++) {
    first += l->zero[k] * d[2 * k];
    last += l->infinity[k] * d[2 * k + 1];
  }
  store(v, first);
  store(v + (n - 1) * step, last);
  for (int j = 0; j < n / 2 - 1; j++) {
    vec even = l->even[j][0] * d[2], odd = l->odd[j][0] * d[1];
    for (int k = 1; k < n / 2 - 1; k++) {
      even += l->even[j][k] * d[2 * k + 2];
      odd += l->odd[j][k] * d[2 * k + 1];
    }
    store(v + (2 * j + 1) * step, even + odd);
    store(v + (2 * j + 2) * step, even - odd);
  }
}

static void input(const struct vt__wino_line *l, const float *panel, const struct vt__wino_patch *p, float *v,
                  int64_t step)
{
  switch (l->points) {
  case 6: input_of(6, l, panel, p, v, step); return;
  case 8: input_of(8, l, panel, p, v, step); return;
  case 10: input_of(10, l, panel, p, v, step); return;
  default: input_of(12, l, panel, p, v, step); return;
  }
}

INLINE void output_of(int n, int tile, const struct vt__wino_line *l, const float *z, int64_t step,
                      const struct vt__wino_patch *p, const struct vt__wino_finish *f, float *panel)
{
  vec y[TILE], bias = f->bias ? load(f->bias) : (vec){0};
  for (int i = 0; i < tile; i++) y[i] = bias;
  y[0] += load(z);
  y[tile - 1] += load(z + (n - 1) * step);
  for (int j = 0; j < n / 2 - 1; j++) {
    vec a = load(z + (2 * j + 1) * step), b = load(z + (2 * j + 2) * step), sum = a + b, difference = a - b;
    for (int i = 0; i < tile; i++) y[i] += l->power[j][i] * (i % 2 ? difference : sum);
  }
  int64_t at = (p->y * p->w + p->x) * L, by = line_step(l, p);
  int64_t left = l->down ? p->h - p->y : p->w - p->x;
  for (int64_t i = 0; i < tile && i < left; i++) {
    vec v = y[i];
    if (f->residual) v += load(f->residual + at + i * by);
    store(panel + at + i * by, f->act == VT_ACT_RELU ? relu(v) : v);
    if (f->act != VT_ACT_NONE && f->act != VT_ACT_RELU)
      vt__fast()->act(f->act, f->alpha, f->beta, panel + at + i * by, panel + at + i * by, L);
  }
}

static void output(const struct vt__wino_line *l, const float *z, int64_t step,
                   const struct vt__wino_patch *p, const struct vt__wino_finish *f, float *panel)
{
  switch (l->points * 8 + l->tile) {
  case 6 * 8 + 2: output_of(6, 2, l, z, step, p, f, panel); return;
  case 6 * 8 + 4: output_of(6, 4, l, z, step, p, f, panel); return;
  case 8 * 8 + 2: output_of(8, 2, l, z, step, p, f, panel); return;
  case 8 * 8 + 4: output_of(8, 4, l, z, step, p, f, panel); return;
  case 8 * 8 + 6: output_of(8, 6, l, z, step, p, f, panel); return;
  case 10 * 8 + 4: output_of(10, 4, l, z, step, p, f, panel); return;
  case 10 * 8 + 6: output_of(10, 6, l, z, step, p, f, panel); return;
  default: output_of(12, 6, l, z, step, p, f, panel); return;
  }
}

static void filter(const struct vt__wino_line *l, const float *w, int64_t m, int64_t c, int64_t m0, float *u,
                   int64_t step)
{
  int64_t width = VT_MIN(2 * L, m - m0);
  u += m0 * c;
  for (int64_t k = 0; k < c; k++)
    for (int64_t half = 0; half < width; half += L) {
      vec g[VT__LINE_TAPS];
      const float *from = w + ((m0 + half) * c + k) * l->taps;
      for (int tap = 0; tap < l->taps; tap++)
        for (int i = 0; i < L; i++) g[tap][i] = from[i * c * l->taps + tap];
      for (int j = 0; j < l->points; j++) {
        vec sum = l->filter[j][0] * g[0];
        for (int tap = 1; tap < l->taps; tap++) sum += l->filter[j][tap] * g[tap];
        store(u + j * step + k * width + half, sum);
      }
    }
}

const struct vt__wino_line_set VT_WINO_LINE = {.input = input, .output = output, .filter = filter};
