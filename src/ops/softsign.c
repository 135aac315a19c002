/* Softsign: y = x / (1 + |x|). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, x / (1 + fabs(x)))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

/* slope: (1 − |y|)² */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *s = vt_emit(g, "Abs", VT_IN(n->out[0]), "");
  s = vt_emit(g, "Sub", VT_IN(vt_graph_scalar(g, 1), s), "");
  dx[0] = vt_emit(g, "Mul", VT_IN(dy[0], vt_emit(g, "Mul", VT_IN(s, s), "")), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {{"4-d", "", "f32[2,3,4,5]"}};

VT_UNARY_OP(softsign, "Softsign", 1, grad, "y = x / (1 + |x|).");
