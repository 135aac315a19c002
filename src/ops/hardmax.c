/* Hardmax: 1 at the first largest value along one axis, 0 elsewhere. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  int axis, rc = n->in[0]->rank < 0 ? VT_OK : vt__axis(n, a->axis, n->in[0]->rank, &axis, e);
  return rc ? rc : vt__infer_same(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_axis_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t outer = vt__span(x->dim, 0, axis), n = x->dim[axis], inner = vt__span(x->dim, axis + 1, x->rank);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      const float *px = (const float *)x->data + o * n * inner + i;
      float *py = (float *)c->out[0]->data + o * n * inner + i;
      int64_t best = 0;
      for (int64_t k = 1; k < n; k++)
        if (px[k * inner] > px[best * inner]) best = k;
      for (int64_t k = 0; k < n; k++) py[k * inner] = k == best;
    }
  return VT_OK;
}

static const struct vt_attr_desc attrs[] = {VT_A_INT(struct vt_axis_attrs, axis, -1)};
static const struct vt_op_case cases[] = {{"last", "", "f32[3,5]"}, {"channels", "axis=1", "f32[2,4,3]"}};

const struct vt_op_desc vt_op_hardmax = {
    .name = "Hardmax",
    .domain = "",
    .since = 13,
    .doc = "1 at the first largest value along one axis, 0 elsewhere.",
    VT_ATTRS(attrs, struct vt_axis_attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_axis,
    VT_CASES(cases),
};
