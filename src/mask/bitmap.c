/* Run-length masks from and to bitmaps.
 *
 * Runs go column by column, bitmaps row by row. The picture is worked on in strips of 64 columns and blocks
 * of 64 rows: a block is 64 words of a bit a pixel, turned on its side with shifts (mask/block.h). Encoding:
 * a word of a column XORed with itself moved by one pixel has a bit at each end of a run. Decoding: each end
 * of a run flips a bit in its column's word; the running XOR down the column is its pixels. Blocks in which
 * no row differs from the one above are not turned. Invariant of encoding: the pixel before the first is 0,
 * so the first run is one of zeros. */
#include <string.h>
#include "mask/block.h"
#include "mask/runs.h"

enum { STRIP = VT__BLOCK };

/* ---- bitmap to runs */

struct reader {
  const uint8_t *bits;
  int64_t stride;
  int width, height, blocks;
  int value;      /* -1: any non-zero pixel is set */
  uint64_t *word; // (strips, blocks, 64) words of columns
};

/* Rows of a strip as bits; returns how many pixels of them differ from the one above. */
static int64_t read_rows(const struct reader *r, const uint8_t *px, int columns, int rows, uint64_t above,
                         uint64_t w[STRIP])
{
  const uint8_t value = (uint8_t)VT_MAX(r->value, 0);
  const uint64_t flip = r->value < 0 ? UINT64_MAX : 0;
  uint8_t tail[STRIP];
  int64_t ends = 0;
  memset(tail, r->value < 0 ? 0 : !r->value, sizeof tail);
  for (int k = 0; k < rows; k++, px += r->stride) {
    __builtin_prefetch(px +
                       (rows - 1 - k) / 2 * r->stride); /* processors foresee lines of memory, not columns */
    w[k] = vt__equal64(columns == STRIP ? px : memcpy(tail, px, (size_t)columns), value) ^ flip;
    if (w[k] != above) ends += vt__count64(w[k] ^ above);
    above = w[k];
  }
  return ends;
}

/* Returns how many runs end in the strip but at the first row. Rows below the picture repeat the last, so
 * that they end no run. */
static int64_t read_strip(struct reader *r, int x0)
{
  const int columns = VT_MIN(STRIP, r->width - x0);
  uint64_t w[STRIP] = {0}, *to = r->word + (size_t)x0 * (size_t)r->blocks;
  int64_t ends = 0;
  for (int b = 0; b < r->blocks; b++, to += STRIP) {
    const int rows = VT_MIN(STRIP, r->height - b * STRIP);
    const uint64_t above = w[STRIP - 1];
    const int64_t inside =
        read_rows(r, r->bits + (int64_t)b * STRIP * r->stride + x0, columns, rows, above, w);
    ends += inside;
    for (int k = rows; k < STRIP; k++) w[k] = w[rows - 1];
    if (!inside) {
      for (int x = 0; x < STRIP; x++) to[x] = -(above >> x & 1);
      continue;
    }
    const uint64_t last = w[STRIP - 1];
    vt__turn64(w);
    memcpy(to, w, sizeof w);
    w[STRIP - 1] = last;
  }
  return ends;
}

/* The lengths of all runs; returns how many. */
static int64_t find_runs(const struct reader *r, uint32_t *v)
{
  const uint32_t *first = v;
  uint32_t from = 0;
  uint64_t carry = 0;
  for (int x = 0; x < r->width; x++) {
    const uint64_t *word = r->word + (size_t)(x / STRIP) * (size_t)r->blocks * STRIP + (size_t)(x % STRIP);
    uint32_t base = (uint32_t)x * (uint32_t)r->height;
    for (int b = 0; b < r->blocks; b++, base += STRIP) {
      const uint64_t w = word[(size_t)b * STRIP];
      uint64_t ends = w ^ (w << 1 | carry);
      carry = w >> 63;
      for (; ends; ends &= ends - 1) {
        const uint32_t end = base + (uint32_t)__builtin_ctzll(ends);
        *v++ = end - from;
        from = end;
      }
    }
  }
  *v++ = (uint32_t)r->width * (uint32_t)r->height - from;
  return v - first;
}

/* Runs are allocated at once: growing would cost more than finding them. */
static int from_pixels(struct vt_mask *m, const uint8_t *bits, int width, int height, int64_t stride,
                       int value, struct vt_err *e)
{
  *m = (struct vt_mask){0};
  int rc = vt__mask_check_size(width, height, e);
  if (rc) return rc;
  struct reader r = {bits, stride, width, height, (height + STRIP - 1) / STRIP, value, NULL};
  const size_t strips = ((size_t)width + STRIP - 1) / STRIP;
  uint32_t *runs = NULL;
  int64_t most = width + 1; /* one may end above each column */
  if ((r.word = vt_malloc(strips * (size_t)r.blocks * STRIP * sizeof *r.word))) {
    for (int x0 = 0; x0 < width; x0 += STRIP) most += read_strip(&r, x0);
    if (most <= INT32_MAX) runs = vt_reallocarray(NULL, (size_t)most, sizeof *runs);
  }
  if (runs) {
    const int64_t n = find_runs(&r, runs);
    uint32_t *fit = vt_reallocarray(runs, (size_t)n, sizeof *fit);
    *m = (struct vt_mask){.width = width, .height = height, .n = (int)n, .runs = fit ? fit : runs};
  }
  vt_free(r.word);
  return runs ? 0 : vt_fail(e, VT_ENOMEM, "out of memory for a mask of %d x %d pixels", width, height);
}

int vt_mask_from_bitmap(struct vt_mask *m, const uint8_t *bits, int width, int height, int64_t stride,
                        struct vt_err *e)
{
  return from_pixels(m, bits, width, height, stride, -1, e);
}

int vt_mask_from_labels(struct vt_mask *m, const uint8_t *labels, int width, int height, int64_t stride,
                        uint8_t value, struct vt_err *e)
{
  return from_pixels(m, labels, width, height, stride, value, e);
}

/* ---- runs to bitmap */

struct painter {
  const struct vt_mask *m;
  uint8_t *bits;
  int64_t stride;
  uint8_t value;
  int blocks;
  uint64_t
      *flips; // (blocks, 64) words of the strip's columns; one block more, since a flip below has no effect
  int x;      /* the walk stands at (x, y) */
  uint32_t y;
  bool dirty; /* the strip holds something */
};

/* Sets 64 pixels where bits are set, or `columns` of them at the right edge. */
static void set_row(uint8_t *px, uint64_t where, int columns, uint8_t value)
{
  uint8_t tail[STRIP];
  if (!where) return;
  if (columns == STRIP) {
    vt__set64(px, where, value);
    return;
  }
  memcpy(tail, px, (size_t)columns);
  vt__set64(tail, where, value);
  memcpy(px, tail, (size_t)columns);
}

static void paint_block(const struct painter *p, int x0, int b, uint64_t state[STRIP])
{
  const uint64_t *flip = p->flips + (size_t)b * STRIP;
  const int rows = VT_MIN(STRIP, p->m->height - b * STRIP), columns = VT_MIN(STRIP, p->m->width - x0);
  uint64_t w[STRIP], any = 0, set = 0;
  for (int x = 0; x < STRIP; x++) {
    any |= flip[x];
    set |= state[x];
  }
  if (!any && !set) return;
  memcpy(w, state, sizeof w);
  for (int x = 0; x < STRIP && any; x++) { /* running XOR */
    uint64_t t = flip[x];
    t ^= t << 1, t ^= t << 2, t ^= t << 4, t ^= t << 8, t ^= t << 16, t ^= t << 32;
    w[x] ^= t;
    state[x] = -(w[x] >> 63);
  }
  vt__turn64(w);
  for (int k = 0; k < rows; k++) set_row(p->bits + (b * STRIP + k) * p->stride + x0, w[k], columns, p->value);
}

static void paint_strip(struct painter *p)
{
  uint64_t state[STRIP] = {0};
  for (int b = 0; b < p->blocks; b++) paint_block(p, (p->x - 1) / STRIP * STRIP, b, state);
  memset(p->flips, 0, ((size_t)p->blocks + 1) * STRIP * sizeof *p->flips);
  p->dirty = false;
}

static void flip(struct painter *p, uint32_t y)
{
  p->flips[(size_t)(y / STRIP) * STRIP + (size_t)(p->x % STRIP)] ^= (uint64_t)1 << y % STRIP;
}

/* The next column. */
static void step_on(struct painter *p)
{
  p->y = 0;
  p->x++;
  if (p->dirty && (p->x % STRIP == 0 || p->x == p->m->width)) paint_strip(p);
}

static void paint_run(struct painter *p, bool set, uint32_t n)
{
  const uint32_t height = (uint32_t)p->m->height;
  while (n && p->x < p->m->width) {
    const uint32_t step = VT_MIN(n, height - p->y);
    if (set) {
      flip(p, p->y);
      flip(p, p->y + step);
      p->dirty = true;
    }
    n -= step;
    p->y += step;
    if (p->y == height) step_on(p);
  }
}

/* Without memory for the table: pixel by pixel. */
static void paint_slowly(const struct vt_mask *m, uint8_t *bits, int64_t stride, uint8_t value)
{
  uint32_t at = 0, height = (uint32_t)m->height;
  for (int i = 0; i < m->n; at += m->runs[i++]) {
    if (i % 2 == 0) continue;
    for (uint32_t k = at; k < at + m->runs[i]; k++) bits[k % height * stride + k / height] = value;
  }
}

void vt_mask_to_bitmap(const struct vt_mask *m, uint8_t *bits, int64_t stride, uint8_t value)
{
  if (m->height < 1) return;
  struct painter p = {
      .m = m, .bits = bits, .stride = stride, .value = value, .blocks = (m->height + STRIP - 1) / STRIP};
  if (!(p.flips = vt_calloc(((size_t)p.blocks + 1) * STRIP, sizeof *p.flips))) {
    paint_slowly(m, bits, stride, value);
    return;
  }
  const uint32_t height = (uint32_t)m->height;
  for (int i = 0; i < m->n; i++) {
    const uint32_t n = m->runs[i];
    if (n >= height - p.y || p.x >= m->width) { /* reaches the next column */
      paint_run(&p, i % 2, n);
      continue;
    }
    if (i % 2) {
      flip(&p, p.y);
      flip(&p, p.y + n);
      p.dirty = true;
    }
    p.y += n;
  }
  vt_free(p.flips);
}

int vt_mask_turn(struct vt_mask *out, const struct vt_mask *in, struct vt_err *e)
{
  *out = (struct vt_mask){0};
  int rc = vt__mask_check_size(in->width, in->height, e);
  if (rc) return rc;
  /* The bitmap of the turned mask, its rows the columns of this one, is simply the runs in order. */
  uint8_t *bits = vt_calloc((size_t)in->width, (size_t)in->height);
  if (!bits)
    return vt_fail(e, VT_ENOMEM, "out of memory for a mask of %d x %d pixels", in->width, in->height);
  size_t at = 0;
  for (int i = 0; i < in->n; at += in->runs[i++])
    if (i % 2) memset(bits + at, 1, in->runs[i]);
  rc = vt_mask_from_bitmap(out, bits, in->height, in->width, in->height, e);
  vt_free(bits);
  return rc;
}
