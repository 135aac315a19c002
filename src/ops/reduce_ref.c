/* Axes, shapes and loops of the reductions. Axes are an attribute or, in newer opsets, input 1; none means
 * all. */
#include "ops/reduce_ref.h"

const struct vt_attr_desc vt__reduce_rows[3] = {
    VT_A_INTS(struct vt__reduce_attrs, axes),
    VT_A_INT(struct vt__reduce_attrs, keepdims, 1),
    VT_A_INT(struct vt__reduce_attrs, noop_with_empty_axes, 0),
};

/* Marks the reduced axes. */
static int mark(const struct vt_node *n, int rank, int naxes, const int64_t *axes, bool *reduced,
                struct vt_err *e)
{
  const struct vt__reduce_attrs *a = n->attrs;
  for (int d = 0; d < rank; d++) reduced[d] = naxes == 0 && !a->noop_with_empty_axes;
  for (int i = 0; i < naxes; i++) {
    int d, rc = vt__axis(n, axes[i], rank, &d, e);
    if (rc) return rc;
    reduced[d] = true;
  }
  return VT_OK;
}

/* 1: known; 0: input 1 is not a constant; negative: error. */
static int constant_axes(const struct vt_node *n, int rank, bool *reduced, struct vt_err *e)
{
  const struct vt__reduce_attrs *a = n->attrs;
  const struct vt_value *in = vt__in(n, 1);
  int64_t axes[VT_MAX_RANK];
  int naxes = in ? vt__const_ints(in, axes, VT_MAX_RANK) : a->axes.n;
  if (naxes < 0) return 0;
  if (!in && naxes > VT_MAX_RANK) return vt__bad(e, VT_ESHAPE, n, "%d axes", naxes);
  int rc = mark(n, rank, naxes, in ? axes : a->axes.v, reduced, e);
  return rc ? rc : 1;
}

static int shape(const struct vt__reduce_attrs *a, int rank, const int64_t *dim, const bool *reduced,
                 int64_t *out)
{
  int r = 0;
  for (int d = 0; d < rank; d++)
    if (!reduced[d])
      out[r++] = dim[d];
    else if (a->keepdims)
      out[r++] = 1;
  return r;
}

int vt__reduce_infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt__reduce_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  bool reduced[VT_MAX_RANK] = {false};
  int64_t dim[VT_MAX_RANK];
  int rc = x->rank < 0 ? 0 : constant_axes(n, x->rank, reduced, e);
  if (rc < 0) return rc;
  int rank = -1;
  if (rc) {
    rank = shape(a, x->rank, x->dim, reduced, dim);
  } else if (x->rank >= 0 && a->keepdims) {
    rank = x->rank;
    for (int d = 0; d < rank; d++) dim[d] = -1;
  }
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

int64_t vt__reduce_count(const struct vt_node *n)
{
  const struct vt_value *x = n->in[0];
  bool reduced[VT_MAX_RANK] = {false};
  int64_t count = 1;
  if (!vt__is_static(x) || constant_axes(n, x->rank, reduced, NULL) <= 0) return -1;
  for (int d = 0; d < x->rank; d++)
    if (reduced[d]) count *= x->dim[d];
  return count;
}

struct vt_value *vt__unreduce(struct vt_graph *g, const struct vt_node *n, struct vt_value *v)
{
  const struct vt__reduce_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  bool reduced[VT_MAX_RANK] = {false};
  int64_t axes[VT_MAX_RANK];
  int naxes = 0;
  if (a->keepdims || !v) return v;
  if (x->rank < 0 || constant_axes(n, x->rank, reduced, NULL) <= 0) {
    if (!g->err.code) vt__bad(&g->err, VT_ESHAPE, n, "its gradient needs constant axes and known rank");
    return NULL;
  }
  for (int d = 0; d < x->rank; d++)
    if (reduced[d]) axes[naxes++] = d;
  if (!naxes) return v;
  return vt_emit(g, "Unsqueeze", VT_IN(v, vt_graph_ints(g, naxes, axes)), "");
}

static inline double start(enum vt__reduction r)
{
  return r == VT__PROD ? 1 : r == VT__MAX || r == VT__LOG_SUM_EXP ? -INFINITY : r == VT__MIN ? INFINITY : 0;
}

static inline double step(enum vt__reduction r, double acc, double x)
{
  switch (r) {
  case VT__SUM:
  case VT__MEAN:
  case VT__LOG_SUM: return acc + x;
  case VT__MAX: return x > acc || isnan(x) ? x : acc;
  case VT__MIN: return x < acc || isnan(x) ? x : acc;
  case VT__PROD: return acc * x;
  case VT__L1: return acc + fabs(x);
  case VT__L2:
  case VT__SUM_SQUARE: return acc + x * x;
  case VT__LOG_SUM_EXP: /* log(e^acc + e^x), the larger one taken out */
    if (x == -INFINITY) return acc;
    return x > acc ? x + log1p(exp(acc - x)) : acc + log1p(exp(x - acc));
  }
  return acc;
}

static inline double finish(enum vt__reduction r, double acc, int64_t n)
{
  return r == VT__MEAN ? acc / (double)n : r == VT__L2 ? sqrt(acc) : r == VT__LOG_SUM ? log(acc) : acc;
}

/* A walk over some of a tensor's axes. */
struct walk {
  int rank;
  int64_t dim[VT_MAX_RANK], stride[VT_MAX_RANK], pos[VT_MAX_RANK], at;
};

static void walk_next(struct walk *w)
{
  for (int i = w->rank - 1; i >= 0; i--) {
    w->at += w->stride[i];
    if (++w->pos[i] < w->dim[i]) return;
    w->at -= w->stride[i] * w->dim[i];
    w->pos[i] = 0;
  }
}

int vt__reduce_ref(const struct vt_ref_call *c, enum vt__reduction r, struct vt_err *e)
{
  const struct vt__reduce_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *in = vt__arg(c, 1);
  struct walk kept = {0}, gone = {0};
  bool reduced[VT_MAX_RANK] = {false};
  int64_t axes[VT_MAX_RANK], stride[VT_MAX_RANK], dim[VT_MAX_RANK];
  int naxes = in ? vt__tensor_ints(in, axes, VT_MAX_RANK) : a->axes.n;
  if (naxes < 0) return vt__bad(e, VT_EARG, c->node, "axes must be up to %d integers", VT_MAX_RANK);
  int rc = mark(c->node, x->rank, naxes, in ? axes : a->axes.v, reduced, e);
  if (rc) return rc;
  int rank = shape(a, x->rank, x->dim, reduced, dim);
  if ((rc = vt__res_shape(c, 0, x->dtype, rank, dim, e))) return rc;
  vt__strides(x->rank, x->dim, stride);
  for (int d = 0; d < x->rank; d++) {
    struct walk *w = reduced[d] ? &gone : &kept;
    w->dim[w->rank] = x->dim[d];
    w->stride[w->rank++] = stride[d];
  }
  int64_t outs = vt__span(kept.dim, 0, kept.rank), count = vt__span(gone.dim, 0, gone.rank);
  bool f32 = x->dtype == VT_F32;
  for (int64_t o = 0; o < outs; o++, walk_next(&kept)) {
    double acc = start(r);
    for (int64_t i = 0; i < count; i++, walk_next(&gone)) {
      int64_t at = kept.at + gone.at;
      acc = step(r, acc, f32 ? (double)((const float *)x->data)[at] : vt_tensor_get(x, at));
    }
    acc = finish(r, acc, count);
    if (f32)
      ((float *)c->out[0]->data)[o] = (float)acc;
    else
      vt_tensor_set(c->out[0], o, acc);
  }
  return VT_OK;
}

int vt__reach_reduce(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt__reduce_attrs *a = n->attrs;
  bool reduced[VT_MAX_RANK] = {false};
  int rank = n->in[0]->rank, to = axis, rc = in ? 0 : constant_axes(n, rank, reduced, e);
  if (rc < 0) return rc;
  if (rc && !reduced[axis]) {
    for (int d = 0; d < axis; d++) to -= reduced[d] && !a->keepdims;
    return vt__reach_shift(r, to, 0);
  }
  *r = (struct vt_reach){.whole = true};
  return VT_OK;
}
