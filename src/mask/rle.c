/* Run-length masks: from and to bitmaps, area, box, IoU, union and intersection.
 *
 * Runs go column by column. Bitmaps are row-major, so strips of 64 columns are turned on their side first: a
 * column is then scanned eight pixels at a time. Invariant of everything built here: runs sum to width *
 * height, no run but the first is empty. Masks read from COCO's text may hold empty runs; all functions
 * accept them. */
#include <string.h>
#include "mask/runs.h"

enum { STRIP = 64 };

void vt_mask_clear(struct vt_mask *m)
{
  vt_free(m->runs);
  *m = (struct vt_mask){0};
}

int vt__mask_check_size(int width, int height, struct vt_err *e)
{
  if (width >= 1 && height >= 1 && width <= VT_MAX_SIDE && height <= VT_MAX_SIDE) return 0;
  return vt_fail(e, VT_ELIMIT, "mask of %d x %d pixels: sides must be 1 to %d", width, height, VT_MAX_SIDE);
}

void vt__runs_push(struct vt__runs *r, uint32_t length)
{
  if (r->failed) return;
  if (r->n == r->cap) {
    int cap = r->cap ? 2 * r->cap : 64;
    uint32_t *v = r->cap < (1 << 29) ? vt_reallocarray(r->v, (size_t)cap, sizeof(*v)) : NULL;
    if (!v) {
      r->failed = true;
      return;
    }
    r->v = v;
    r->cap = cap;
  }
  r->v[r->n++] = length;
}

void vt__runs_add(struct vt__runs *r, bool set, uint32_t length)
{
  if (!length || r->failed) return;
  if (r->n && (r->n % 2 == 0) == set) {
    r->v[r->n - 1] += length;
    return;
  }
  if (!r->n && set) vt__runs_push(r, 0);
  vt__runs_push(r, length);
}

int vt__runs_finish(struct vt__runs *r, struct vt_mask *m, int width, int height, struct vt_err *e)
{
  *m = (struct vt_mask){0};
  if (!r->n) vt__runs_add(r, false, (uint32_t)width * (uint32_t)height);
  if (r->failed) {
    vt_free(r->v);
    return vt_fail(e, VT_ENOMEM, "out of memory for a mask of %d x %d pixels", width, height);
  }
  *m = (struct vt_mask){.width = width, .height = height, .n = r->n, .runs = r->v};
  return 0;
}

/* Pixels [y, height) of a column that equal `set`, counted from y on. */
static int same_run(const uint8_t *column, int y, int height, uint8_t set)
{
  int start = y;
  uint64_t pattern = set ? 0x0101010101010101u : 0, word;
  for (; y + 8 <= height; y += 8) {
    memcpy(&word, column + y, 8);
    if (word != pattern) break;
  }
  while (y < height && column[y] == set) y++;
  return y - start;
}

/* A strip of up to 64 columns, (H, W) to (columns, H), each pixel 0 or 1. */
static void turn_strip(uint8_t *out, const uint8_t *bits, int64_t stride, int columns, int height, int value)
{
  for (int y0 = 0; y0 < height; y0 += 16) {
    int rows = VT_MIN(16, height - y0);
    for (int x = 0; x < columns; x++) {
      const uint8_t *in = bits + y0 * stride + x;
      uint8_t *to = out + (size_t)x * height + y0;
      for (int y = 0; y < rows; y++) {
        uint8_t v = in[y * stride];
        to[y] = value < 0 ? v != 0 : v == value;
      }
    }
  }
}

/* value < 0: any non-zero pixel is set. */
static int from_pixels(struct vt_mask *m, const uint8_t *bits, int width, int height, int64_t stride,
                       int value, struct vt_err *e)
{
  *m = (struct vt_mask){0};
  int rc = vt__mask_check_size(width, height, e);
  if (rc) return rc;
  uint8_t *strip = vt_malloc((size_t)STRIP * (size_t)height);
  if (!strip) return vt_fail(e, VT_ENOMEM, "out of memory for a mask of %d x %d pixels", width, height);
  struct vt__runs r = {0};
  for (int x0 = 0; x0 < width; x0 += STRIP) {
    int columns = VT_MIN(STRIP, width - x0);
    turn_strip(strip, bits + x0, stride, columns, height, value);
    for (int x = 0; x < columns; x++) {
      const uint8_t *column = strip + (size_t)x * height;
      for (int y = 0; y < height;) {
        uint8_t set = column[y];
        int n = same_run(column, y, height, set);
        vt__runs_add(&r, set, (uint32_t)n);
        y += n;
      }
    }
  }
  vt_free(strip);
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

void vt_mask_to_bitmap(const struct vt_mask *m, uint8_t *bits, int64_t stride, uint8_t value)
{
  if (m->height < 1) return;
  uint32_t at = 0, height = (uint32_t)m->height;
  for (int i = 0; i < m->n; i++) {
    uint32_t n = m->runs[i];
    if (i % 2) {
      uint32_t x = at / height, y = at % height;
      for (uint32_t k = 0; k < n; k++) {
        bits[y * stride + x] = value;
        if (++y == height) y = 0, x++;
      }
    }
    at += n;
  }
}

int64_t vt_mask_area(const struct vt_mask *m)
{
  int64_t area = 0;
  for (int i = 1; i < m->n; i += 2) area += m->runs[i];
  return area;
}

struct vt_box vt_mask_box(const struct vt_mask *m)
{
  uint32_t x0 = UINT32_MAX, x1 = 0, y0 = UINT32_MAX, y1 = 0, at = 0, height = (uint32_t)VT_MAX(m->height, 1);
  for (int i = 0; i < m->n; at += m->runs[i++]) {
    if (i % 2 == 0 || !m->runs[i]) continue;
    uint32_t last = at + m->runs[i] - 1, xa = at / height, xb = last / height;
    x0 = VT_MIN(x0, xa);
    x1 = VT_MAX(x1, xb);
    if (xa == xb) {
      y0 = VT_MIN(y0, at % height);
      y1 = VT_MAX(y1, last % height);
    } else { /* reaches the foot of one column and the head of the next */
      y0 = 0;
      y1 = height - 1;
    }
  }
  if (x0 == UINT32_MAX) return (struct vt_box){0};
  return (struct vt_box){x0, y0, (double)x1 - x0 + 1, (double)y1 - y0 + 1};
}

/* Walks two masks of one size in step: calls nothing, fills the length of the next stretch over which neither
 * changes. */
struct pair_walk {
  const struct vt_mask *a, *b;
  int ia, ib; /* runs the walk stands in */
  uint32_t left_a, left_b;
};

static void walk_start(struct pair_walk *w, const struct vt_mask *a, const struct vt_mask *b)
{
  *w = (struct pair_walk){.a = a, .b = b, .left_a = a->n ? a->runs[0] : 0, .left_b = b->n ? b->runs[0] : 0};
}

/* Length of the next stretch, 0 at the end; in_a, in_b: whether it is set in each. */
static uint32_t walk_next(struct pair_walk *w, bool *in_a, bool *in_b)
{
  while (!w->left_a)
    if (++w->ia < w->a->n)
      w->left_a = w->a->runs[w->ia];
    else
      return 0;
  while (!w->left_b)
    if (++w->ib < w->b->n)
      w->left_b = w->b->runs[w->ib];
    else
      return 0;
  uint32_t n = VT_MIN(w->left_a, w->left_b);
  *in_a = w->ia % 2;
  *in_b = w->ib % 2;
  w->left_a -= n;
  w->left_b -= n;
  return n;
}

double vt_mask_iou(const struct vt_mask *a, const struct vt_mask *b, bool crowd)
{
  if (a->width != b->width || a->height != b->height) return 0;
  int64_t both = 0, any = 0, area_a = 0;
  struct pair_walk w;
  walk_start(&w, a, b);
  bool in_a, in_b;
  for (uint32_t n; (n = walk_next(&w, &in_a, &in_b));) {
    both += in_a && in_b ? n : 0;
    any += in_a || in_b ? n : 0;
    area_a += in_a ? n : 0;
  }
  int64_t under = crowd ? area_a : any;
  return under ? (double)both / (double)under : 0;
}

static int merge_two(struct vt_mask *out, const struct vt_mask *a, const struct vt_mask *b, bool intersect,
                     struct vt_err *e)
{
  struct vt__runs r = {0};
  struct pair_walk w;
  walk_start(&w, a, b);
  bool in_a, in_b;
  for (uint32_t n; (n = walk_next(&w, &in_a, &in_b));)
    vt__runs_add(&r, intersect ? in_a && in_b : in_a || in_b, n);
  return vt__runs_finish(&r, out, a->width, a->height, e);
}

int vt_mask_merge(struct vt_mask *out, const struct vt_mask *const *in, int n, bool intersect,
                  struct vt_err *e)
{
  *out = (struct vt_mask){0};
  if (n < 1) return vt_fail(e, VT_EARG, "merging needs at least one mask");
  for (int i = 1; i < n; i++)
    if (in[i]->width != in[0]->width || in[i]->height != in[0]->height)
      return vt_fail(e, VT_ESHAPE, "masks to merge differ in size: %d x %d and %d x %d", in[0]->width,
                     in[0]->height, in[i]->width, in[i]->height);
  struct vt_mask sum = {0}, next;
  int rc = merge_two(&sum, in[0], in[0], true, e);
  for (int i = 1; i < n && !rc; i++) {
    rc = merge_two(&next, &sum, in[i], intersect, e);
    vt_mask_clear(&sum);
    if (!rc) sum = next;
  }
  if (!rc) *out = sum;
  return rc;
}
