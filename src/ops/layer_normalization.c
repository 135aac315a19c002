/* LayerNormalization (Ba, Kiros, Hinton 2016): all dimensions from `axis` on by their own statistics. Outputs
 * 1 and 2 are the mean and 1/√(σ² + ε). */
#include "ops/norm_ref.h"

struct attrs {
  int64_t axis, stash_type;
  float epsilon;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK];
  int axis = 0, rank = 0;
  int rc = x->rank < 0 ? VT_OK : vt__axis(n, a->axis, x->rank, &axis, e);
  for (int i = 1; i < n->nin && !rc; i++) {
    const struct vt_value *s = n->in[i];
    if (!s || !vt__is_static(s) || !vt__is_static(x)) continue;
    rc = vt__broadcast(n, x->rank - axis, x->dim + axis, s->rank, s->dim, &rank, dim, e);
    if (!rc && (rank != x->rank - axis || memcmp(dim, x->dim + axis, (size_t)rank * sizeof *dim) != 0))
      rc = vt__bad(e, VT_ESHAPE, n, "input %d '%s' does not fit the normalised dimensions", i, s->name);
  }
  if (rc) return rc;
  vt__out_like(n, 0, x);
  for (int d = 0; d < x->rank; d++) dim[d] = d < axis ? x->dim[d] : 1;
  vt__out(n, 1, VT_F32, x->rank, dim);
  vt__out(n, 2, VT_F32, x->rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t groups = vt__span(x->dim, 0, axis), m = vt__span(x->dim, axis, x->rank);
  const struct vt_tensor *t[2] = {c->in[1], vt__arg(c, 2)};
  for (int64_t k = 0; k < groups && m; k++) {
    const float *px = (const float *)x->data + k * m;
    float *py = (float *)c->out[0]->data + k * m;
    double mean, inv;
    vt__moments(px, m, a->epsilon, &mean, &inv);
    struct vt__bcast b;
    vt__bcast_init(&b, x->rank - axis, x->dim + axis, t[1] ? 2 : 1, t);
    for (int64_t r = 0; r < b.rows; r++, vt__bcast_next(&b))
      for (int64_t i = 0; i < b.row; i++) {
        double s = (double)((const float *)t[0]->data)[b.off[0] + i * b.step[0]];
        double o = t[1] ? (double)((const float *)t[1]->data)[b.off[1] + i * b.step[1]] : 0;
        py[r * b.row + i] = (float)(((double)px[r * b.row + i] - mean) * inv * s + o);
      }
    if (vt__res(c, 1)) ((float *)c->out[1]->data)[k] = (float)mean;
    if (vt__res(c, 2)) ((float *)c->out[2]->data)[k] = (float)inv;
  }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  struct vt_value *x = n->in[0];
  if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  for (int i = 1; i < n->nout; i++)
    if (dy[i]) return vt__bad(e, VT_EUNSUPPORTED, n, "no gradient flows through mean and deviation");
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  return vt__norm_grad(g, n, dy[0], n->in[1], vt__span(x->dim, axis, x->rank), a->epsilon, need, dx, e);
}

static int reach(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int64_t from = a->axis < 0 ? a->axis + n->in[0]->rank : a->axis;
  return vt__reach_beside(n, in || axis >= from ? axis : from, axis, r);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, axis, -1),
                                           VT_A_INT(struct attrs, stash_type, 1),
                                           VT_A_FLOAT(struct attrs, epsilon, 1e-5f)};
static const struct vt_op_case cases[] = {
    {"last", "", "f32[2,3,7] f32[7] f32[7]"},
    {"two dimensions", "axis=1 epsilon=1e-3", "f32[3,4,5] f32[4,5] f32[4,5]"},
    {"no bias", "axis=-1", "f32[4,16] f32[16]"},
    {"statistics", "", "f32[2,3,7] f32[7] f32[7]", 3}};

const struct vt_op_desc vt_op_layer_normalization = {
    .name = "LayerNormalization",
    .domain = "",
    .since = 17,
    .doc = "Normalises the dimensions from axis on: y = (x - mean) / sqrt(var + epsilon) scale + bias.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 3,
    .infer = infer,
    .ref = ref,
    .reach = reach,
    .grad = grad,
    VT_CASES(cases),
};
