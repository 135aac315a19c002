/* Shape and loop of ArgMax and ArgMin. */
#include "ops/arg_ref.h"

const struct vt_attr_desc vt__arg_rows[3] = {
    VT_A_INT(struct vt__arg_attrs, axis, 0),
    VT_A_INT(struct vt__arg_attrs, keepdims, 1),
    VT_A_INT(struct vt__arg_attrs, select_last_index, 0),
};

int vt__arg_infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt__arg_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK];
  int axis, rank = 0;
  int rc = x->rank < 0 ? VT_OK : vt__axis(n, a->axis, x->rank, &axis, e);
  if (rc) return rc;
  for (int d = 0; d < x->rank; d++)
    if (d != axis || a->keepdims) dim[rank++] = d == axis ? 1 : x->dim[d];
  vt__out(n, 0, VT_I64, x->rank < 0 ? -1 : rank, dim);
  return VT_OK;
}

int vt__arg_ref(const struct vt_ref_call *c, bool largest, struct vt_err *e)
{
  const struct vt__arg_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t outer = vt__span(x->dim, 0, axis), n = x->dim[axis], inner = vt__span(x->dim, axis + 1, x->rank);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      int64_t best = 0;
      double top = 0;
      for (int64_t k = 0; k < n; k++) {
        int64_t at = (o * n + k) * inner + i;
        double v = x->dtype == VT_F32 ? (double)((const float *)x->data)[at] : vt_tensor_get(x, at);
        if (k == 0 || (largest ? v > top : v < top) || (a->select_last_index && v == top)) {
          best = k;
          top = v;
        }
      }
      ((int64_t *)c->out[0]->data)[o * inner + i] = best;
    }
  return VT_OK;
}
