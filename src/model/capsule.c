/* Capsules: Sabour, Frosst, Hinton, "Dynamic Routing Between Capsules", 2017. A capsule is a vector whose
 * direction says how a thing is and whose length, below one, how surely it is there. Routing is unrolled, so
 * its gradient is that of the operators it is made of. */
#include "model/layers.h"

#include <math.h>

/* Equation 1: v = |s|^2 / (1 + |s|^2) s / |s|, along the last of 3 or 4 axes. The small number keeps the
 * root's slope finite at s = 0. */
struct vt_value *vt__squash(struct vt_net *n, struct vt_value *s)
{
  struct vt_graph *g = n->g;
  struct vt_value *square = vt_emit(g, "ReduceSumSquare", VT_IN(s), "axes=[-1] keepdims=1");
  struct vt_value *length =
      vt_emit(g, "Sqrt", VT_IN(vt_emit(g, "Add", VT_IN(square, vt_graph_scalar(g, 1e-7f)), "")), "");
  struct vt_value *below = vt_emit(g, "Add", VT_IN(square, vt_graph_scalar(g, 1)), "");
  return vt_emit(g, "Mul", VT_IN(s, vt_emit(g, "Div", VT_IN(length, below), "")), "");
}

struct vt_value *vt__primary_capsules(struct vt_net *n, struct vt_value *x, const char *name, int maps,
                                      int dim, int kernel, int stride)
{
  struct vt_value *y = vt_net_conv(n, x, name, maps * dim, kernel, stride, true);
  int64_t split[4] = {0, maps, dim, -1}, flat[3] = {0, -1, dim};
  if (!y) return NULL;
  if (y->dim[2] < 1 || y->dim[3] < 1) {
    vt_fail(&n->g->err, VT_ESHAPE, "%s: capsules need pictures of a known size", name);
    return NULL;
  }
  flat[1] = maps * y->dim[2] * y->dim[3];
  y = vt_emit(n->g, "Reshape", VT_IN(y, vt_graph_ints(n->g, 4, split)), ""); // (N, maps, dim, H W)
  y = vt_emit(n->g, "Transpose", VT_IN(y), "perm=[0,1,3,2]");
  return vt__squash(n, vt_emit(n->g, "Reshape", VT_IN(y, vt_graph_ints(n->g, 3, flat)), ""));
}

/* u_hat[j|i] = W_ij u_i: (N, I, d) -> (N, J, I, D). The first sums of I / J such vectors are to be about a
 * third long, whatever the sizes, and so the capsules a tenth, which the margin loss takes for absent: with
 * longer ones the first steps go into making all short, and what feeds the capsules ends up blind to the
 * picture. */
static struct vt_value *predict(struct vt_net *n, struct vt_value *u, const char *name, int capsules, int dim)
{
  struct vt_graph *g = n->g;
  int64_t shape[3] = {u->dim[1], u->dim[2], (int64_t)capsules * dim}, split[4] = {0, 0, capsules, dim};
  float deviation = (float)capsules / (3 * sqrtf((float)u->dim[1] * (float)dim));
  struct vt_value *w = vt__param(n, name, "weight", 3, shape, VT__NORMAL, deviation);
  struct vt_value *y = vt_emit(g, "MatMul", VT_IN(vt_emit(g, "Transpose", VT_IN(u), "perm=[1,0,2]"), w), "");
  y = vt_emit(g, "Reshape", VT_IN(y, vt_graph_ints(g, 4, split)), ""); // (I, N, J, D)
  return vt_emit(g, "Transpose", VT_IN(y), "perm=[1,2,0,3]");
}

/* Procedure 1. The first couplings are all 1 / J. */
struct vt_value *vt__route_capsules(struct vt_net *n, struct vt_value *u, const char *name, int capsules,
                                    int dim, int rounds)
{
  struct vt_graph *g = n->g;
  if (!u) return NULL;
  struct vt_value *hat = predict(n, u, name, capsules, dim), *logits = NULL; // logits (N, J, I, 1)
  struct vt_value *v = vt_emit(g, "ReduceMean", VT_IN(hat), "axes=[2] keepdims=1");
  v = vt_emit(g, "Mul", VT_IN(v, vt_graph_scalar(g, (float)u->dim[1] / (float)capsules)), "");
  v = vt__squash(n, v); // (N, J, 1, D)
  int64_t column[4] = {0, 0, dim, 1}, row[4] = {0, 0, 1, -1};
  for (int r = 1; r < rounds; r++) {
    v = vt_emit(g, "Reshape", VT_IN(v, vt_graph_ints(g, 4, column)), "");
    struct vt_value *agreement = vt_emit(g, "MatMul", VT_IN(hat, v), ""); // (N, J, I, 1)
    logits = logits ? vt_emit(g, "Add", VT_IN(logits, agreement), "") : agreement;
    struct vt_value *coupling = vt_emit(g, "Softmax", VT_IN(logits), "axis=1");
    coupling = vt_emit(g, "Reshape", VT_IN(coupling, vt_graph_ints(g, 4, row)), ""); // (N, J, 1, I)
    v = vt__squash(n, vt_emit(g, "MatMul", VT_IN(coupling, hat), ""));
  }
  return vt_emit(g, "Squeeze", VT_IN(v, vt_graph_ints(g, 1, (int64_t[]){2})), "");
}

struct vt_value *vt__capsule_lengths(struct vt_net *n, struct vt_value *v)
{
  struct vt_graph *g = n->g;
  struct vt_value *square = vt_emit(g, "ReduceSumSquare", VT_IN(v), "axes=[-1] keepdims=0");
  return vt_emit(g, "Sqrt", VT_IN(vt_emit(g, "Add", VT_IN(square, vt_graph_scalar(g, 1e-7f)), "")), "");
}

/* max(0, x)^2 */
static struct vt_value *square_above(struct vt_graph *g, struct vt_value *x)
{
  x = vt_emit(g, "Relu", VT_IN(x), "");
  return vt_emit(g, "Mul", VT_IN(x, x), "");
}

struct vt_value *vt_margin_loss(struct vt_graph *g, struct vt_value *lengths, struct vt_value *labels)
{
  float off_on[2] = {0, 1};
  if (!lengths || !labels) return NULL;
  struct vt_tensor values = vt_tensor_view(VT_F32, 1, (int64_t[]){2}, off_on);
  struct vt_value *there = labels;
  if (labels->rank == 1)
    there =
        vt_emit(g, "OneHot",
                VT_IN(labels, vt_graph_ints(g, 1, &lengths->dim[1]), vt_graph_constant(g, "off_on", &values)),
                "axis=1"); // (N, J)
  struct vt_value *missed = square_above(g, vt_emit(g, "Sub", VT_IN(vt_graph_scalar(g, 0.9f), lengths), ""));
  struct vt_value *wrong = square_above(g, vt_emit(g, "Sub", VT_IN(lengths, vt_graph_scalar(g, 0.1f)), ""));
  wrong = vt_emit(g, "Mul", VT_IN(wrong, vt_graph_scalar(g, 0.5f)), "");
  struct vt_value *each = vt_emit(g, "Mul", VT_IN(there, vt_emit(g, "Sub", VT_IN(missed, wrong), "")), "");
  each = vt_emit(g, "Add", VT_IN(each, wrong), "");
  each = vt_emit(g, "ReduceMean", VT_IN(each), "keepdims=0");
  return vt_emit(g, "Mul", VT_IN(each, vt_graph_scalar(g, (float)lengths->dim[1])), "");
}
