/* CumSum: running sums along one axis, from either end, with or without the element itself. */
#include "ops/util.h"

struct attrs {
  int64_t exclusive, reverse;
};

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  int64_t given;
  int axis = 0, rc = vt__tensor_ints(c->in[1], &given, 1) == 1
                         ? vt__axis(c->node, given, x->rank, &axis, e)
                         : vt__bad(e, VT_EARG, c->node, "axis must be one integer");
  if (rc) return rc;
  int64_t outer = vt__span(x->dim, 0, axis), n = x->dim[axis], inner = vt__span(x->dim, axis + 1, x->rank);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      double sum = 0;
      for (int64_t k = 0; k < n; k++) {
        int64_t at = (o * n + (a->reverse ? n - 1 - k : k)) * inner + i;
        double v = vt_tensor_get(x, at);
        vt_tensor_set(c->out[0], at, a->exclusive ? sum : sum + v);
        sum += v;
      }
    }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  if (need[0])
    dx[0] = vt_emit(g, "CumSum", VT_IN(dy[0], n->in[1]), "exclusive=%d reverse=%d", a->exclusive != 0,
                    !a->reverse);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, exclusive, 0),
                                           VT_A_INT(struct attrs, reverse, 0)};
static const struct vt_op_case cases[] = {{"forward", "", "f32[2,5] i64[]={1}"},
                                          {"both", "exclusive=1 reverse=1", "f32[3,4,2] i64[]={-2}"},
                                          {"integers", "", "i32[5] i32[]={0}"}};

const struct vt_op_desc vt_op_cum_sum = {
    .name = "CumSum",
    .domain = "",
    .since = 11,
    .doc = "Running sums along one axis.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = vt__infer_same,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
