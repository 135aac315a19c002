/* The loops of pool.h: one output at a time, its sum or maximum in a register. Windows of three columns that
 * lie inside are spelt out. */
#include "backend/native/pool.h"
#include "backend/native/lanes.h"

INLINE vec start(bool max)
{
  return (vec){0} - (max ? __builtin_inff() : 0);
}
INLINE vec join(bool max, vec a, vec b)
{
  if (max) return larger(a, b);
  return a + b;
}

/* `columns` columns from x on, `by` floats apart, in rows of `pitch`. */
INLINE vec gather(bool max, const float *x, int64_t rows, int64_t pitch, int64_t columns, int64_t by)
{
  vec s = start(max);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) s = join(max, s, load(x + i * pitch + j * by));
  return s;
}

INLINE void pool(bool max, bool include_pad, const struct vt_window *w, const float *x, float *y)
{
  int64_t pitch = w->in[2] * w->dil[1] * L, by = w->dil[2] * L;
  for (int64_t oh = 0; oh < w->out[1]; oh++) {
    int64_t top, first, end;
    vt__taps(w, 1, oh, &top, &first, &end);
    int64_t rows = VT_MAX(end - first, 0), row = (top + first * w->dil[1]) * w->in[2];
    int64_t high = include_pad ? vt__padded_taps(w, 1, oh) : rows;
    for (int64_t ow = 0; ow < w->out[2]; ow++) {
      int64_t base, lo, hi;
      vt__taps(w, 2, ow, &base, &lo, &hi);
      int64_t columns = VT_MAX(hi - lo, 0), at = (row + base + lo * w->dil[2]) * L;
      vec s = columns == 3   ? gather(max, x + at, rows, pitch, 3, by)
              : columns == 2 ? gather(max, x + at, rows, pitch, 2, by)
                             : gather(max, x + at, rows, pitch, columns, by);
      int64_t n = high * (include_pad ? vt__padded_taps(w, 2, ow) : columns);
      if (!max) s *= 1 / (float)VT_MAX(n, 1);
      store(y + (oh * w->out[2] + ow) * L, s);
    }
  }
}

static void max(const struct vt_window *w, const float *x, float *y)
{
  pool(true, false, w, x, y);
}

static void average(const struct vt_window *w, bool include_pad, const float *x, float *y)
{
  if (include_pad)
    pool(false, true, w, x, y);
  else
    pool(false, false, w, x, y);
}

const struct vt__pool_set VT_POOL = {.lanes = L, .max = max, .average = average};
