/* Slice: every step-th entry from start to end along some axes, with the clamping of NumPy. */
#include "ops/slice_ref.h"

struct slice {
  int64_t start[VT_MAX_RANK], step[VT_MAX_RANK], count[VT_MAX_RANK];
};

/* Resolves n entries of starts, ends, axes (NULL: 0, 1, …) and steps (NULL: 1) against a shape. Axes of
 * unknown size get count -1. */
static int clamp(struct slice *s, const struct vt_node *owner, int rank, const int64_t *dim, int n,
                 const int64_t *starts, const int64_t *ends, const int64_t *axes, const int64_t *steps,
                 struct vt_err *e)
{
  for (int d = 0; d < rank; d++) {
    s->start[d] = 0;
    s->step[d] = 1;
    s->count[d] = dim[d];
  }
  for (int i = 0; i < n; i++) {
    int d;
    int rc = vt__axis(owner, axes ? axes[i] : i, rank, &d, e);
    if (rc) return rc;
    int64_t step = steps ? steps[i] : 1, len = dim[d], from = starts[i], to = ends[i];
    if (step == 0 || step < -INT32_MAX) return vt__bad(e, VT_EARG, owner, "step %lld", (long long)step);
    if (len < 0) {
      s->count[d] = -1;
      continue;
    }
    if (from < 0) from += len;
    if (to < 0) to += len;
    if (step > 0) {
      from = VT_CLAMP(from, 0, len);
      to = VT_CLAMP(to, 0, len);
      s->count[d] = to > from ? (to - from - 1) / step + 1 : 0;
    } else {
      from = VT_CLAMP(from, 0, len - 1);
      to = VT_CLAMP(to, -1, len - 1);
      s->count[d] = len > 0 && from > to ? (from - to - 1) / -step + 1 : 0;
    }
    s->start[d] = s->count[d] ? from : 0;
    s->step[d] = VT_CLAMP(step, -VT_MAX(len, 1), VT_MAX(len, 1)); /* longer ones reach no second entry */
  }
  return VT_OK;
}

/* Inputs 1 to 4; a length of -1: not known. Axes and steps may be left out. */
struct lists {
  int n, naxes, nsteps;
  bool has_axes, has_steps;
  int64_t starts[VT_MAX_RANK], ends[VT_MAX_RANK], axes[VT_MAX_RANK], steps[VT_MAX_RANK];
};

static int resolve(struct slice *s, const struct vt_node *n, const struct lists *l, int rank,
                   const int64_t *dim, struct vt_err *e)
{
  if ((l->has_axes && l->naxes != l->n) || (l->has_steps && l->nsteps != l->n))
    return vt__bad(e, VT_ESHAPE, n, "starts, ends, axes and steps differ in length");
  return clamp(s, n, rank, dim, l->n, l->starts, l->ends, l->has_axes ? l->axes : NULL,
               l->has_steps ? l->steps : NULL, e);
}

/* 1: known, 0: not known, negative: error. */
static int constant_slice(struct slice *s, const struct vt_node *n, int rank, const int64_t *dim,
                          struct vt_err *e)
{
  const struct vt_value *axes = vt__in(n, 3), *steps = vt__in(n, 4);
  struct lists l = {.has_axes = axes, .has_steps = steps};
  l.n = vt__const_ints(n->in[1], l.starts, VT_MAX_RANK);
  int nend = vt__const_ints(n->in[2], l.ends, VT_MAX_RANK);
  l.naxes = axes ? vt__const_ints(axes, l.axes, VT_MAX_RANK) : 0;
  l.nsteps = steps ? vt__const_ints(steps, l.steps, VT_MAX_RANK) : 0;
  if (l.n < 0 || nend < 0 || l.naxes < 0 || l.nsteps < 0) return 0;
  if (nend != l.n) return vt__bad(e, VT_ESHAPE, n, "starts and ends differ in length");
  int rc = resolve(s, n, &l, rank, dim, e);
  return rc ? rc : 1;
}

bool vt_slice_constant(const struct vt_node *n, int rank, const int64_t *dim, int64_t *start, int64_t *step)
{
  struct slice s;
  if (constant_slice(&s, n, rank, dim, NULL) <= 0) return false;
  memcpy(start, s.start, (size_t)rank * sizeof *start);
  memcpy(step, s.step, (size_t)rank * sizeof *step);
  return true;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  struct slice s = {0};
  int rc = x->rank < 0 ? 0 : constant_slice(&s, n, x->rank, x->dim, e);
  if (rc < 0) return rc;
  for (int d = 0; !rc && d < x->rank; d++) s.count[d] = -1;
  vt__out(n, 0, x->dtype, x->rank, s.count);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  struct lists l = {.has_axes = vt__arg(c, 3), .has_steps = vt__arg(c, 4)};
  struct slice s = {0};
  l.n = vt__tensor_ints(c->in[1], l.starts, VT_MAX_RANK);
  l.naxes = l.has_axes ? vt__tensor_ints(c->in[3], l.axes, VT_MAX_RANK) : 0;
  l.nsteps = l.has_steps ? vt__tensor_ints(c->in[4], l.steps, VT_MAX_RANK) : 0;
  if (l.n < 0 || vt__tensor_ints(c->in[2], l.ends, VT_MAX_RANK) != l.n || l.naxes < 0 || l.nsteps < 0)
    return vt__bad(e, VT_ESHAPE, c->node,
                   "starts, ends, axes and steps must be integer vectors of one length");
  int rc = resolve(&s, c->node, &l, x->rank, x->dim, e);
  if (!rc) rc = vt__res_shape(c, 0, x->dtype, x->rank, s.count, e);
  if (rc) return rc;
  size_t size = vt_dtype_size(x->dtype);
  int64_t from[VT_MAX_RANK], to[VT_MAX_RANK], at = 0;
  vt__strides(x->rank, x->dim, from);
  vt__strides(x->rank, s.count, to);
  for (int d = 0; d < x->rank; d++) {
    at += s.start[d] * from[d];
    from[d] *= s.step[d];
  }
  vt__copy_strided(x->rank, s.count, size, c->out[0]->data, to, (const char *)x->data + at * (int64_t)size,
                   from);
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *x = n->in[0];
  struct slice s = {0};
  int rc = vt__is_static(x) ? constant_slice(&s, n, x->rank, x->dim, e) : 0;
  if (rc < 0) return rc;
  if (!rc) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes and constant starts and ends");
  struct vt__slice_attrs a = {
      .starts = {x->rank, s.start}, .steps = {x->rank, s.step}, .shape = {x->rank, x->dim}};
  dx[0] = vt__emit_ours(g, "SliceGrad", VT_IN(dy[0]), 1, NULL, &a);
  return vt_graph_status(g, e);
}

/* Part of the input would begin and end elsewhere than the whole where the slice cuts something off. */
static int reach(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  struct slice s = {0};
  int rc = in ? 0 : constant_slice(&s, n, n->in[0]->rank, n->in[0]->dim, e);
  if (rc < 0) return rc;
  *r = (struct vt_reach){.whole = true};
  if (!rc || s.step[axis] < 1 || s.count[axis] < 1) return VT_OK;
  *r = (struct vt_reach){.axis = axis, .in_step = s.step[axis], .out_step = 1};
  r->first[0] = r->last[0] = s.start[axis];
  r->uneven =
      s.start[axis] >= s.step[axis] || s.start[axis] + s.count[axis] * s.step[axis] < n->in[0]->dim[axis];
  return VT_OK;
}

static const struct vt_op_case cases[] = {
    {"channels", "", "f32[2,16,3,4] i64[1]={4} i64[1]={12} i64[1]={1}"},
    {"steps", "", "f32[3,9,8] i64[2]={1,7} i64[2]={9,-9} i64[2]={1,2} i64[2]={2,-3}"},
    {"negative", "", "f32[4,6] i64[2]={-3,-4} i64[2]={-1,100}"},
    {"empty", "", "f32[4,6] i64[1]={3} i64[1]={3} i64[1]={1}"},
    {"integers", "", "i64[5] i64[1]={1} i64[1]={4}"},
};

const struct vt_op_desc vt_op_slice = {
    .name = "Slice",
    .domain = "",
    .since = 10,
    .doc = "Every step-th entry from starts to ends along axes.",
    .min_in = 3,
    .max_in = 5,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .reach = reach,
    .grad = grad,
    VT_CASES(cases),
};
