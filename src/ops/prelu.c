/* PRelu: y = x < 0 ? slope x : x; slope broadcasts to x. */
#include "ops/util.h"

#define BODY(T) VT_MAP2(T, T, x > 0 || x == 0 ? x : y * x)
VT_BINARY_REF(VT_SWITCH_NUMBER, BODY)

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rank;
  int64_t dim[VT_MAX_RANK];
  const struct vt_value *x = n->in[0], *s = n->in[1];
  if (vt__is_static(x) && vt__is_static(s)) {
    int rc = vt__broadcast(n, x->rank, x->dim, s->rank, s->dim, &rank, dim, e);
    if (rc) return rc;
    if (rank != x->rank || memcmp(dim, x->dim, (size_t)rank * sizeof *dim) != 0)
      return vt__bad(e, VT_ESHAPE, n, "slope '%s' is larger than the input", s->name);
  }
  return vt__infer_same(n, e);
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *x = n->in[0], *s = n->in[1], *zero = vt_graph_scalar(g, 0);
  struct vt_value *below = vt_emit(g, "Less", VT_IN(x, zero), "");
  if (need[0]) dx[0] = vt_emit(g, "Where", VT_IN(below, vt_emit(g, "Mul", VT_IN(dy[0], s), ""), dy[0]), "");
  if (need[1])
    dx[1] =
        vt__sum_to(g, vt_emit(g, "Where", VT_IN(below, vt_emit(g, "Mul", VT_IN(dy[0], x), ""), zero), ""), s);
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {{"channel", "", "f32[2,16,3,4] f32[16,1,1]"},
                                          {"one", "", "f32[2,3,4] f32[1]"},
                                          {"equal", "", "f32[2,3] f32[2,3]"}};

VT_BINARY_OP(prelu, "PRelu", 7, infer, VT_INPLACE0, grad, "y = x < 0 ? slope x : x.");
