/* Pad: adds (or, where negative, cuts off) elements at the ends of dimensions: a constant, the mirror image,
 * the edge or the other end. */
#include "ops/util.h"

enum { CONSTANT, REFLECT, EDGE, WRAP };
struct attrs {
  int mode;
};

/* pads as given, for all axes or those of input 3, into lo and hi. 1: known, 0: not, negative: error. */
static int widths(const struct vt_node *n, const struct vt_tensor *pads, const struct vt_tensor *axes,
                  int rank, int64_t *lo, int64_t *hi, struct vt_err *e)
{
  int64_t p[2 * VT_MAX_RANK], ax[VT_MAX_RANK];
  int np = vt__tensor_ints(pads, p, 2 * VT_MAX_RANK),
      na = axes ? vt__tensor_ints(axes, ax, VT_MAX_RANK) : rank;
  if (np < 0 || na < 0) return 0;
  if (np != 2 * na || na > rank) return vt__bad(e, VT_ESHAPE, n, "pads has %d entries for %d axes", np, na);
  for (int d = 0; d < rank; d++) lo[d] = hi[d] = 0;
  for (int i = 0; i < na; i++) {
    int d, rc = vt__axis(n, axes ? ax[i] : i, rank, &d, e);
    if (rc) return rc;
    lo[d] = p[i];
    hi[d] = p[na + i];
    if (VT_MIN(lo[d], hi[d]) < -INT32_MAX || VT_MAX(lo[d], hi[d]) > INT32_MAX)
      return vt__bad(e, VT_ELIMIT, n, "padding over 2^31");
  }
  return 1;
}

static int shape(const struct vt_node *n, int rank, const int64_t *dim, const int64_t *lo, const int64_t *hi,
                 int64_t *out, struct vt_err *e)
{
  for (int d = 0; d < rank; d++) {
    out[d] = dim[d] < 0 ? -1 : dim[d] + lo[d] + hi[d];
    if (dim[d] >= 0 && out[d] < 0)
      return vt__bad(e, VT_ESHAPE, n, "dimension %d would be %lld", d, (long long)out[d]);
  }
  return VT_OK;
}

static int constant_widths(const struct vt_node *n, int64_t *lo, int64_t *hi, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *p = n->in[1], *axes = vt__in(n, 3);
  if (x->rank < 0 || !p->is_constant || (axes && !axes->is_constant)) return 0;
  return widths(n, &p->init, axes ? &axes->init : NULL, x->rank, lo, hi, e);
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int64_t lo[VT_MAX_RANK] = {0}, hi[VT_MAX_RANK] = {0}, dim[VT_MAX_RANK] = {0};
  int rc = constant_widths(n, lo, hi, e);
  if (rc < 0) return rc;
  for (int d = 0; d < x->rank; d++) dim[d] = -1;
  if (rc && (rc = shape(n, x->rank, x->dim, lo, hi, dim, e))) return rc;
  vt__out(n, 0, x->dtype, x->rank, dim);
  return VT_OK;
}

/* Input position of output position i along an axis of n; -1: outside. */
static int64_t source(int mode, int64_t i, int64_t n)
{
  if (i >= 0 && i < n) return i;
  if (mode == CONSTANT || n == 0) return -1;
  if (mode == EDGE || n == 1) return i < 0 ? 0 : n - 1;
  if (mode == WRAP) return (i % n + n) % n;
  int64_t period = 2 * (n - 1), k = (i % period + period) % period;
  return k < n ? k : period - k;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *value = vt__arg(c, 2);
  int64_t lo[VT_MAX_RANK] = {0}, hi[VT_MAX_RANK] = {0}, dim[VT_MAX_RANK] = {0}, stride[VT_MAX_RANK] = {0},
          pos[VT_MAX_RANK] = {0};
  int rc = widths(c->node, c->in[1], vt__arg(c, 3), x->rank, lo, hi, e);
  if (rc <= 0) return rc ? rc : vt__bad(e, VT_EARG, c->node, "pads must be a vector of integers");
  rc = shape(c->node, x->rank, x->dim, lo, hi, dim, e);
  if (!rc) rc = vt__res_shape(c, 0, x->dtype, x->rank, dim, e);
  if (rc) return rc;
  static const uint64_t zero = 0;
  size_t size = vt_dtype_size(x->dtype);
  const void *fill = value && vt_tensor_count(value) > 0 && value->dtype == x->dtype ? value->data : &zero;
  vt__strides(x->rank, x->dim, stride);
  int64_t count = vt_tensor_count(c->out[0]);
  for (int64_t i = 0; i < count; i++) {
    int64_t at = 0;
    for (int d = 0; d < x->rank && at >= 0; d++) {
      int64_t s = source(a->mode, pos[d] - lo[d], x->dim[d]);
      at = s < 0 ? -1 : at + s * stride[d];
    }
    if (at < 0)
      vt__copy1(c->out[0]->data, i, fill, 0, size);
    else
      vt__copy1(c->out[0]->data, i, x->data, at, size);
    for (int d = x->rank - 1; d >= 0 && ++pos[d] >= dim[d]; d--) pos[d] = 0;
  }
  return VT_OK;
}

/* Padding that repeats entries is a Gather along each axis in turn, so its gradient adds up the same way. */
static struct vt_value *collect(struct vt_graph *g, const struct vt_node *n, struct vt_value *dy,
                                const int64_t *lo, const int64_t *hi)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK];
  char text[VT_INTS_TEXT];
  memcpy(dim, n->out[0]->dim, sizeof dim);
  for (int d = 0; d < x->rank && dy; d++) {
    if (!lo[d] && !hi[d]) continue;
    struct vt_tensor t;
    if (vt_tensor_init(&t, VT_I64, 1, &dim[d], &g->err)) return NULL;
    for (int64_t i = 0; i < dim[d]; i++) ((int64_t *)t.data)[i] = source(a->mode, i - lo[d], x->dim[d]);
    struct vt_value *index = vt_graph_constant(g, "pad_index", &t);
    vt_tensor_clear(&t);
    dim[d] = x->dim[d];
    dy = vt_emit(g, "ai.vitrine:GatherGrad", VT_IN(dy, index), "axis=%d shape=[%s]", d,
                 vt__ints_text(text, sizeof text, x->rank, dim));
  }
  return dy;
}

/* Of constant padding: the opposite padding. */
static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  int64_t lo[VT_MAX_RANK] = {0}, hi[VT_MAX_RANK] = {0}, back[2 * VT_MAX_RANK];
  int rank = n->in[0]->rank, rc = constant_widths(n, lo, hi, e);
  if (rc < 0) return rc;
  if (!rc || (a->mode != CONSTANT && !vt__is_static(n->in[0])))
    return vt__bad(e, VT_EUNSUPPORTED, n, "its gradient needs known widths and, but for zeros, sizes");
  for (int d = 0; d < rank; d++) {
    back[d] = -lo[d];
    back[rank + d] = -hi[d];
  }
  if (need[0] && a->mode != CONSTANT)
    dx[0] = collect(g, n, dy[0], lo, hi);
  else if (need[0])
    dx[0] = vt_emit(g, "Pad", VT_IN(dy[0], vt_graph_ints(g, 2 * rank, back)), "");
  return vt_graph_status(g, e);
}

/* Where it cuts off or wraps around, a part of the input gives something else than the whole. */
static int reach(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int64_t lo[VT_MAX_RANK] = {0}, hi[VT_MAX_RANK] = {0};
  int rc = in ? 0 : constant_widths(n, lo, hi, e);
  if (rc < 0) return rc;
  bool local = rc && (a->mode != WRAP || (!lo[axis] && !hi[axis]));
  if (local)
    vt__reach_shift(r, axis, -lo[axis]);
  else
    *r = (struct vt_reach){.whole = true};
  r->uneven = lo[axis] < 0 || hi[axis] < 0;
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {
    VT_A_ENUM(struct attrs, mode, "constant|reflect|edge|wrap", CONSTANT)};
static const struct vt_op_case cases[] = {
    {"zeros", "", "f32[2,3,4,5] i64[8]={0,0,1,2,0,0,2,0}"},
    {"value", "", "f32[2,3] i64[4]={1,0,0,2} f32[]={1.5}"},
    {"cut", "", "f32[4,5] i64[4]={-1,1,0,-2}"},
    {"reflect", "mode=reflect", "f32[3,4] i64[4]={2,1,0,3}"},
    {"edge", "mode=edge", "f32[3,4] i64[4]={1,2,3,0}"},
    {"wrap", "mode=wrap", "i32[3,4] i64[4]={1,2,3,0}"},
    {"reflect a picture", "mode=reflect", "f32[1,2,5,4] i64[8]={0,0,2,1,0,0,1,3}"},
    {"axes", "", "f32[2,3,4] i64[2]={1,2} f32[]={0} i64[1]={-1}"},
};

const struct vt_op_desc vt_op_pad = {
    .name = "Pad",
    .domain = "",
    .since = 11,
    .doc = "Adds elements at the ends of dimensions, or cuts them off where negative.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .reach = reach,
    .grad = grad,
    VT_CASES(cases),
};
