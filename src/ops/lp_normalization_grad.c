/* ai.vitrine:LpNormalizationGrad. With N = ‖x‖ and y = x / N:
 *   p = 2: dx = (dy − y Σ dy y) / N;   p = 1: dx = (dy − sign(x) Σ dy y) / N. */
#include "ops/grad_check.h"

struct attrs {
  int64_t axis, p;
};

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[1];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t outer = vt__span(x->dim, 0, axis), n = x->dim[axis], inner = vt__span(x->dim, axis + 1, x->rank);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      int64_t at = o * n * inner + i;
      const float *px = (const float *)x->data + at, *dy = (const float *)c->in[0]->data + at;
      float *dx = (float *)c->out[0]->data + at;
      double sum = 0, dot = 0;
      for (int64_t k = 0; k < n; k++) {
        double v = (double)px[k * inner];
        sum += a->p == 1 ? fabs(v) : v * v;
        dot += (double)dy[k * inner] * v;
      }
      double norm = a->p == 1 ? sum : sqrt(sum);
      for (int64_t k = 0; k < n; k++) {
        double v = (double)px[k * inner], s = a->p == 1 ? (v > 0) - (v < 0) : v / norm;
        dx[k * inner] = norm > 0 ? (float)(((double)dy[k * inner] - s * dot / norm) / norm) : 0;
      }
    }
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[1];
  int rc = vt__check_alike(n, 0, 1, e);
  if (rc) return rc;
  if (x->rank >= 0 && (a->axis < -x->rank || a->axis >= x->rank))
    return vt__bad(e, VT_EARG, n, "axis %lld of rank %d", (long long)a->axis, x->rank);
  return vt__infer_same1(n, e);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, axis, -1), VT_A_INT(struct attrs, p, 2)};
static const struct vt_op_case cases[] = {{"vectors", "axis=1", "f32[3,17] f32[3,17]"},
                                          {"sum", "p=1", "f32[2,5] f32[2,5]"}};

const struct vt_op_desc vt_op_lp_normalization_grad = {
    .name = "LpNormalizationGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of LpNormalization from (dy, x).",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
