/* InstanceNormalization (Ulyanov, Vedaldi, Lempitsky 2016): each channel of each sample by its own
 * statistics. */
#include "ops/norm_ref.h"

struct attrs {
  float epsilon;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int rc = vt__check_rank(n, 0, 3, VT_MAX_RANK, e);
  for (int i = 1; i < 3 && !rc; i++) {
    const struct vt_value *s = n->in[i];
    rc = vt__check_rank(n, i, 1, 1, e);
    if (!rc && x->rank > 1 && s->rank == 1 && s->dim[0] >= 0 && x->dim[1] >= 0 && s->dim[0] != x->dim[1])
      rc = vt__bad(e, VT_ESHAPE, n, "input %d '%s' must have one entry per channel", i, s->name);
  }
  return rc ? rc : vt__infer_same(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t planes = x->dim[0] * x->dim[1], m = vt__span(x->dim, 2, x->rank);
  for (int64_t k = 0; k < planes && m; k++) {
    const float *px = (const float *)x->data + k * m;
    float *py = (float *)c->out[0]->data + k * m;
    double mean, inv, s = (double)((const float *)c->in[1]->data)[k % x->dim[1]],
                      b = (double)((const float *)c->in[2]->data)[k % x->dim[1]];
    vt__moments(px, m, a->epsilon, &mean, &inv);
    for (int64_t i = 0; i < m; i++) py[i] = (float)(((double)px[i] - mean) * inv * s + b);
  }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  struct vt_value *x = n->in[0];
  if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  return vt__norm_grad(g, n, dy[0], vt__per_channel(g, n->in[1], x->rank), vt__span(x->dim, 2, x->rank),
                       a->epsilon, need, dx, e);
}

static const struct vt_attr_desc rows[] = {VT_A_FLOAT(struct attrs, epsilon, 1e-5f)};
static const struct vt_op_case cases[] = {{"4-d", "", "f32[2,3,4,5] f32[3] f32[3]"},
                                          {"16 channels", "epsilon=1e-2", "f32[1,16,3,3] f32[16] f32[16]"},
                                          {"3-d", "", "f32[2,3,6] f32[3] f32[3]"}};

const struct vt_op_desc vt_op_instance_normalization = {
    .name = "InstanceNormalization",
    .domain = "",
    .since = 6,
    .doc = "Normalises each channel of each sample: y = (x - mean) / sqrt(var + epsilon) scale + bias.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_INPLACE0,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
