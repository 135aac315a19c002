/* LpNormalization: y = x / ‖x‖_p along one axis, p = 1 or 2; zero vectors stay zero. */
#include "ops/util.h"

struct attrs {
  int64_t axis, p;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int axis, rc = n->in[0]->rank >= 0 ? vt__axis(n, a->axis, n->in[0]->rank, &axis, e) : VT_OK;
  if (!rc && a->p != 1 && a->p != 2)
    rc = vt__bad(e, VT_EARG, n, "p is %lld, 1 or 2 expected", (long long)a->p);
  return rc ? rc : vt__infer_same(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t outer = vt__span(x->dim, 0, axis), n = x->dim[axis], inner = vt__span(x->dim, axis + 1, x->rank);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      const float *px = (const float *)x->data + o * n * inner + i;
      float *py = (float *)c->out[0]->data + o * n * inner + i;
      double sum = 0;
      for (int64_t k = 0; k < n; k++)
        sum += a->p == 1 ? fabs((double)px[k * inner]) : (double)px[k * inner] * (double)px[k * inner];
      double norm = a->p == 1 ? sum : sqrt(sum);
      for (int64_t k = 0; k < n; k++) py[k * inner] = norm > 0 ? (float)((double)px[k * inner] / norm) : 0;
    }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  dx[0] = vt_emit(g, VT_DOMAIN ":LpNormalizationGrad", VT_IN(dy[0], n->in[0]), "axis=%d p=%d", (int)a->axis,
                  (int)a->p);
  return vt_graph_status(g, e);
}

static int reach(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  return vt__reach_beside(n, a->axis, axis, r);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, axis, -1), VT_A_INT(struct attrs, p, 2)};
static const struct vt_op_case cases[] = {{"vectors", "axis=1", "f32[3,17]"},
                                          {"channels", "axis=1 p=2", "f32[2,16,3,3]"},
                                          {"sum", "p=1", "f32[2,5]"},
                                          {"zero", "", "f32[2,2]={0,0,3,4}", .nograd = 1}};

const struct vt_op_desc vt_op_lp_normalization = {
    .name = "LpNormalization",
    .domain = "",
    .since = 1,
    .doc = "y = x / |x|_p along one axis.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_INPLACE0,
    .infer = infer,
    .ref = ref,
    .reach = reach,
    .grad = grad,
    VT_CASES(cases),
};
