/* Run-length masks from and to bitmaps.
 *
 * Runs go column by column, bitmaps row by row. Nothing is turned on its side: strips of 64 columns are
 * walked row by row, which is how they lie in memory, and only changes are looked at. Encoding: each row is
 * compared with the row above, 64 pixels at once; where a pixel differs its row number is noted in that
 * column's list. A column's list is its runs. Decoding: each boundary of a run in the strip flips a bit in a
 * table of one 64-bit word per row; the running XOR down the rows is the strip's pixels. Invariant of both:
 * above the first row everything is 0. */
#include <string.h>
#include "mask/runs.h"

enum { STRIP = 64 };
typedef uint8_t v16 __attribute__((vector_size(16)));
typedef uint64_t v2 __attribute__((vector_size(16)));

/* Encoding's memory: for each column of a strip, the rows at which it changes. */
struct changes {
  uint16_t *row; // (STRIP, height)
  int n[STRIP];
  int height;
};

static void note(struct changes *c, uint64_t differs, int column, int y)
{
  while (differs) {
    int k = __builtin_ctzll(differs) >> 3;
    c->row[(size_t)(column + k) * (size_t)c->height + (size_t)c->n[column + k]++] = (uint16_t)y;
    differs &= ~((uint64_t)255 << (8 * k));
  }
}

/* value < 0: any non-zero pixel is set. */
static void scan_strip(struct changes *c, const uint8_t *bits, int64_t stride, int columns, int value)
{
  v16 above[4] = {{0}}, zero = {0}, wanted = zero + (uint8_t)value;
  memset(c->n, 0, sizeof c->n);
  uint8_t tail[STRIP];
  memset(tail, value < 0 ? 0 : !value, sizeof tail);
  for (int y = 0; y < c->height; y++) {
    const uint8_t *row = bits + y * stride;
    if (columns < STRIP) row = memcpy(tail, row, (size_t)columns);
    v16 differs[4], any = zero;
    for (int k = 0; k < 4; k++) {
      v16 px, now;
      memcpy(&px, row + 16 * k, 16);
      now = value < 0 ? (v16)(px != zero) : (v16)(px == wanted);
      differs[k] = now ^ above[k];
      above[k] = now;
      any |= differs[k];
    }
    if (!(((v2)any)[0] | ((v2)any)[1])) continue;
    for (int k = 0; k < 8; k++) note(c, ((v2)differs[k / 2])[k % 2], 8 * k, y);
  }
}

static int from_pixels(struct vt_mask *m, const uint8_t *bits, int width, int height, int64_t stride,
                       int value, struct vt_err *e)
{
  *m = (struct vt_mask){0};
  int rc = vt__mask_check_size(width, height, e);
  if (rc) return rc;
  struct changes c = {.height = height, .row = vt_malloc((size_t)STRIP * (size_t)height * sizeof *c.row)};
  if (!c.row) return vt_fail(e, VT_ENOMEM, "out of memory for a mask of %d x %d pixels", width, height);
  struct vt__runs r = {0};
  for (int x0 = 0; x0 < width; x0 += STRIP) {
    int columns = VT_MIN(STRIP, width - x0);
    scan_strip(&c, bits + x0, stride, columns, value);
    for (int x = 0; x < columns; x++) {
      const uint16_t *row = c.row + (size_t)x * (size_t)height;
      uint32_t at = 0;
      for (int i = 0; i < c.n[x]; at = row[i++]) vt__runs_add(&r, i % 2, row[i] - at);
      vt__runs_add(&r, c.n[x] % 2, (uint32_t)height - at);
    }
  }
  vt_free(c.row);
  return vt__runs_finish(&r, m, width, height, e);
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

/* Eight bits to eight bytes, 0 or 255: bit k is kept in byte k only, then spread over it. */
static uint64_t spread(uint64_t byte)
{
  const uint64_t ones = 0x0101010101010101u, one_each = 0x8040201008040201u;
  uint64_t t = (byte * ones) & one_each;
  return ((((t + 0x7F * ones) | t) >> 7) & ones) * 255;
}

/* Sets 64 pixels where bits are set, or `columns` of them at the right edge. */
static void set_pixels(uint8_t *px, uint64_t bits, int columns, uint64_t value)
{
  uint8_t tail[STRIP];
  uint8_t *to = px;
  if (columns < STRIP) to = memcpy(tail, px, (size_t)columns);
  for (int k = 0; k < 8 && bits >> (8 * k); k++) {
    uint64_t where = spread(bits >> (8 * k) & 255), old;
    if (!where) continue;
    if (columns < STRIP && 8 * k >= columns) break;
    memcpy(&old, to + 8 * k, 8);
    old = (old & ~where) | (value & where);
    memcpy(to + 8 * k, &old, 8);
  }
  if (columns < STRIP) memcpy(px, tail, (size_t)columns);
}

struct painter {
  const struct vt_mask *m;
  uint8_t *bits;
  int64_t stride;
  uint8_t value;
  uint64_t *flips; // (H + 1): a flip below the last row has no effect
  int x;           /* the walk stands at (x, y) */
  uint32_t y;
  bool dirty; /* the strip holds something */
};

static void paint_strip(struct painter *p)
{
  const uint64_t pattern = p->value * (uint64_t)0x0101010101010101u;
  const int x0 = (p->x - 1) / STRIP * STRIP, columns = VT_MIN(STRIP, p->m->width - x0);
  uint64_t state = 0;
  for (int y = 0; y < p->m->height; y++) {
    uint8_t *row = p->bits + y * p->stride + x0;
    state ^= p->flips[y];
    if (state == UINT64_MAX)
      memset(row, p->value, STRIP);
    else if (state)
      set_pixels(row, state, columns, pattern);
  }
  memset(p->flips, 0, ((size_t)p->m->height + 1) * sizeof *p->flips);
  p->dirty = false;
}

static void paint_run(struct painter *p, bool set, uint32_t n)
{
  const uint32_t height = (uint32_t)p->m->height;
  while (n && p->x < p->m->width) {
    uint32_t step = VT_MIN(n, height - p->y);
    if (set) {
      uint64_t bit = (uint64_t)1 << (p->x % STRIP);
      p->flips[p->y] ^= bit;
      p->flips[p->y + step] ^= bit;
      p->dirty = true;
    }
    n -= step;
    p->y += step;
    if (p->y < height) continue;
    p->y = 0;
    p->x++;
    if (p->dirty && (p->x % STRIP == 0 || p->x == p->m->width)) paint_strip(p);
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
  struct painter p = {.m = m, .bits = bits, .stride = stride, .value = value};
  if (!(p.flips = vt_calloc((size_t)m->height + 1, sizeof *p.flips))) {
    paint_slowly(m, bits, stride, value);
    return;
  }
  for (int i = 0; i < m->n; i++) paint_run(&p, i % 2, m->runs[i]);
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
