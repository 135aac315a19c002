/* One arena for all buffers: greedy by size (Pisarchyk, Lee 2020, "Efficient Memory Management for Deep
 * Neural Net Inference", §5.2). The largest buffer is placed first; each next one goes into the smallest gap
 * that is free during its whole life, or after everything that lives at the same time. */
#include <stdlib.h>
#include <string.h>
#include "engine/program_impl.h"

enum { ALIGN = 64 };

static int by_size(const void *a, const void *b)
{
  const struct vt__life *x = *(const struct vt__life *const *)a, *y = *(const struct vt__life *const *)b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  return x < y ? -1 : 1; /* the order of the array: the plan is the same on every machine */
}

static size_t round_up(size_t n)
{
  return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* placed: n lives by rising offset. The smallest gap that fits; sets at. */
static size_t best_gap(struct vt__life *const *placed, int n, const struct vt__life *v)
{
  size_t end = 0, best = SIZE_MAX, at = 0, need = round_up(v->bytes);
  bool found = false;
  for (int i = 0; i < n; i++) {
    const struct vt__life *o = placed[i];
    if (o->last < v->first || v->last < o->first) continue;
    if (o->offset > end && o->offset - end >= need && o->offset - end < best) {
      best = o->offset - end;
      at = end;
      found = true;
    }
    end = VT_MAX(end, o->offset + round_up(o->bytes));
  }
  return found ? at : end;
}

int vt__memplan(struct vt__life *v, int n, size_t *total, struct vt_err *e)
{
  *total = 0;
  if (!n) return 0;
  struct vt__life **order = vt_reallocarray(NULL, (size_t)n * 2, sizeof *order);
  if (!order) return vt_fail(e, VT_ENOMEM, "out of memory");
  struct vt__life **placed = order + n;
  for (int i = 0; i < n; i++) order[i] = &v[i];
  qsort(order, (size_t)n, sizeof *order, by_size);
  for (int i = 0; i < n; i++) {
    struct vt__life *o = order[i];
    o->offset = best_gap(placed, i, o);
    int k = i;
    for (; k > 0 && placed[k - 1]->offset > o->offset; k--) placed[k] = placed[k - 1];
    placed[k] = o;
    *total = VT_MAX(*total, o->offset + round_up(o->bytes));
  }
  vt_free(order);
  return 0;
}
