/* Pow: y = a^b, in the type of a; the exponent may have another type. */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  struct vt__bcast b;
  const struct vt_tensor *x = c->in[0], *p = c->in[1];
  struct vt_tensor *y = c->out[0];
  vt__bcast_init(&b, y->rank, y->dim, 2, c->in);
  bool f32 = x->dtype == VT_F32 && p->dtype == VT_F32;
  for (int64_t r = 0; r < b.rows; r++, vt__bcast_next(&b))
    for (int64_t i = 0; i < b.row; i++) {
      int64_t k = r * b.row + i, ix = b.off[0] + i * b.step[0], ip = b.off[1] + i * b.step[1];
      if (f32)
        ((float *)y->data)[k] = powf(((const float *)x->data)[ix], ((const float *)p->data)[ip]);
      else
        vt_tensor_set(y, k, pow(vt_tensor_get(x, ix), vt_tensor_get(p, ip)));
    }
  return VT_OK;
}

/* da = dy b a^(b − 1); db = dy y ln a. */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *a = n->in[0], *b = n->in[1];
  if (need[0]) {
    struct vt_value *b1 = vt_emit(g, "Sub", VT_IN(b, vt_graph_scalar(g, 1)), "");
    struct vt_value *d = vt_emit(g, "Mul", VT_IN(b, vt_emit(g, "Pow", VT_IN(a, b1), "")), "");
    dx[0] = vt__sum_to(g, vt_emit(g, "Mul", VT_IN(dy[0], d), ""), a);
  }
  if (need[1]) {
    struct vt_value *d = vt_emit(g, "Mul", VT_IN(n->out[0], vt_emit(g, "Log", VT_IN(a), "")), "");
    dx[1] = vt__sum_to(g, vt_emit(g, "Mul", VT_IN(dy[0], d), ""), b);
  }
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"square", "", "f32[2,3,4,5] f32[]={2}"},
    {"positive", "", "f32[2,3,4]:0.5..2 f32[2,3,4]"},
    {"row", "", "f32[2,5]:0.5..2 f32[5]:-1..3"},
    {"integer exponent", "", "f32[2,5] i64[5]={0,1,2,3,4}", .nograd = 1},
};

VT_BINARY_OP(pow, "Pow", 7, vt__infer_broadcast, VT_INPLACE0, grad, "y = a^b.");
