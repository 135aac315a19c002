/* Div: y = a / b; integers truncate towards zero. */
#include "ops/util.h"

#define BODY(T)    VT_MAP2(T, T, x / y)
#define INTEGER(T) VT_MAP2(T, T, y == 0 ? 0 : (T)-1 < (T)1 && y == (T)-1 ? (T)(0 - (uint64_t)x) : x / y)

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  struct vt__bcast b;
  enum vt_dtype t = c->in[0]->dtype;
  vt__bcast_init(&b, c->out[0]->rank, c->out[0]->dim, 2, c->in);
  if (vt_dtype_is_float(t)) {
    VT_SWITCH_FLOAT(t, BODY, return vt__bad_dtype(c, t, e))
  } else {
    VT_SWITCH_INTEGER(t, INTEGER, return vt__bad_dtype(c, t, e))
  }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *q = vt_emit(g, "Div", VT_IN(dy[0], n->in[1]), "");
  if (need[0]) dx[0] = vt__sum_to(g, q, n->in[0]);
  if (need[1])
    dx[1] = vt__sum_to(g, vt_emit(g, "Neg", VT_IN(vt_emit(g, "Mul", VT_IN(q, n->out[0]), "")), ""), n->in[1]);
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"equal", "", "f32[2,3,4,5] f32[2,3,4,5]:0.5..2"},     {"scalar", "", "f32[2,3,4,5] f32[]:0.5..2"},
    {"channel", "", "f32[2,16,4,4] f32[1,16,1,1]:0.5..2"}, {"both ways", "", "f32[3,1,5] f32[4,1]:0.5..2"},
    {"integers", "", "i64[2,3] i64[3]={2,3,4}"},
};

VT_BINARY_OP(div, "Div", 7, vt__infer_broadcast, VT_INPLACE0, grad, "y = a / b.");
