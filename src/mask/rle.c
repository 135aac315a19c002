/* Run-length masks: building run lists, area, box, IoU, union and intersection straight on the runs.
 *
 * Invariant of everything built here: runs sum to width * height, no run but the first is empty. Masks read
 * from COCO's text may hold empty runs; all functions accept them. */
#include <string.h>
#include "mask/runs.h"

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

void vt__runs_grow(struct vt__runs *r, int64_t n)
{
  const int64_t most = 1 << 30, more = r->cap ? 2 * (int64_t)r->cap : n > 1 ? n : 64;
  const int64_t cap = VT_MIN(VT_MAX(more, r->n + n), most);
  uint32_t *v = r->n + n <= most && !r->failed ? vt_reallocarray(r->v, (size_t)cap, sizeof(*v)) : NULL;
  if (!v) {
    r->failed = true;
    return;
  }
  r->v = v;
  r->cap = (int)cap;
}

int vt__runs_finish(struct vt__runs *r, struct vt_mask *m, int width, int height, struct vt_err *e)
{
  *m = (struct vt_mask){0};
  if (!r->n) vt__runs_add(r, false, (uint32_t)width * (uint32_t)height);
  if (r->failed) {
    vt_free(r->v);
    return vt_fail(e, VT_ENOMEM, "out of memory for a mask of %d x %d pixels", width, height);
  }
  uint32_t *fit = vt_reallocarray(r->v, (size_t)r->n, sizeof *fit); /* give back what growing left over */
  *m = (struct vt_mask){.width = width, .height = height, .n = r->n, .runs = fit ? fit : r->v};
  return 0;
}

int64_t vt_mask_area(const struct vt_mask *m)
{
  int64_t area = 0;
  for (int i = 1; i < m->n; i += 2) area += m->runs[i];
  return area;
}

/* Walks without dividing while runs stay within a column, which most do. */
struct vt_box vt_mask_box(const struct vt_mask *m)
{
  const uint32_t height = (uint32_t)VT_MAX(m->height, 1);
  uint32_t x0 = UINT32_MAX, x1 = 0, y0 = UINT32_MAX, y1 = 0, x = 0;
  uint64_t y = 0; /* the run starts at (x, y) */
  for (int i = 0; i < m->n; i++) {
    uint64_t end = y + m->runs[i];
    if (i % 2 && m->runs[i]) {
      bool one = end <= height; /* else it reaches the foot of one column and the head of the next */
      x0 = VT_MIN(x0, x);
      x1 = VT_MAX(x1, one ? x : x + (uint32_t)((end - 1) / height));
      y0 = one ? VT_MIN(y0, (uint32_t)y) : 0;
      y1 = one ? VT_MAX(y1, (uint32_t)end - 1) : height - 1;
    }
    if (end >= height) {
      x += (uint32_t)(end / height);
      end %= height;
    }
    y = end;
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

int64_t vt_mask_both(const struct vt_mask *a, const struct vt_mask *b)
{
  if (a->width != b->width || a->height != b->height) return 0;
  int64_t both = 0, end_a = 0, end_b = 0;
  for (int i = 1, k = 1; i < a->n && k < b->n;) { /* [start, end) of set run i of a and k of b */
    int64_t start_a = end_a + a->runs[i - 1], start_b = end_b + b->runs[k - 1];
    int64_t stop_a = start_a + a->runs[i], stop_b = start_b + b->runs[k];
    int64_t from = VT_MAX(start_a, start_b), to = VT_MIN(stop_a, stop_b);
    if (from < to) both += to - from;
    if (stop_a <= stop_b) {
      end_a = stop_a;
      i += 2;
    } else {
      end_b = stop_b;
      k += 2;
    }
  }
  return both;
}

double vt_mask_iou(const struct vt_mask *a, const struct vt_mask *b, bool crowd)
{
  if (a->width != b->width || a->height != b->height) return 0;
  int64_t both = vt_mask_both(a, b), area = vt_mask_area(a);
  int64_t under = crowd ? area : area + vt_mask_area(b) - both;
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
  int rc = merge_two(&sum, in[0], in[n > 1], n == 1 || intersect, e);
  for (int i = 2; i < n && !rc; i++) {
    rc = merge_two(&next, &sum, in[i], intersect, e);
    vt_mask_clear(&sum);
    if (!rc) sum = next;
  }
  if (!rc) *out = sum;
  return rc;
}
