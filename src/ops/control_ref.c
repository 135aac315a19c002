/* Tensors in and out of sub-graphs. */
#include "ops/control_ref.h"

static bool half(enum vt_dtype t)
{
  return t == VT_F16 || t == VT_BF16;
}

int vt__enter(struct vt_tensor *out, const struct vt_value *input, const struct vt_tensor *t,
              struct vt_err *e)
{
  *out = (struct vt_tensor){0};
  if (!t) return vt_fail(e, VT_EUNSUPPORTED, "input '%s' of a sub-graph is left out", input->name);
  if (half(input->dtype) && t->dtype == VT_F32) return vt_tensor_cast(out, t, input->dtype, e);
  *out = vt_tensor_view(t->dtype, t->rank, t->dim, t->data);
  return VT_OK;
}

int vt__put(const struct vt_ref_call *c, int i, struct vt_tensor *t, struct vt_err *e)
{
  struct vt_tensor *y = vt__res(c, i);
  int rc = VT_OK;
  if (!y) {
    vt_tensor_clear(t);
    return VT_OK;
  }
  if (!y->data && vt_tensor_count(t) != 0) {
    *y = *t;
    *t = (struct vt_tensor){0};
    return VT_OK;
  }
  rc = vt__res_shape(c, i, t->dtype, t->rank, t->dim, e);
  if (!rc && y->dtype == t->dtype) {
    if (vt_tensor_bytes(t)) memcpy(y->data, t->data, vt_tensor_bytes(t));
  } else if (!rc) {
    vt_convert(t->dtype, t->data, y->dtype, y->data, vt_tensor_count(t));
  }
  vt_tensor_clear(t);
  return rc;
}
