/* ai.vitrine:NormalizeGrad: for x̂ = (x − μ)/√(σ² + ε) over groups of `inner` neighbouring elements,
 *   dx = (dx̂ − mean(dx̂) − x̂ mean(dx̂ x̂)) / √(σ² + ε)   (Ba, Kiros, Hinton 2016). Outputs dx and x̂. */
#include "ops/grad_check.h"
#include "ops/norm_ref.h"

struct attrs {
  int64_t inner;
  float epsilon;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[1];
  if (a->inner < 1 || (vt__is_static(x) && vt__span(x->dim, 0, x->rank) % a->inner))
    return vt__bad(e, VT_ESHAPE, n, "groups of %lld do not divide the input", (long long)a->inner);
  int rc = vt__check_alike(n, 0, 1, e);
  if (rc) return rc;
  vt__out_like(n, 0, x);
  vt__out_like(n, 1, x);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[1];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t m = a->inner, groups = vt_tensor_count(x) / m;
  for (int64_t k = 0; k < groups; k++) {
    const float *px = (const float *)x->data + k * m, *d = (const float *)c->in[0]->data + k * m;
    float *dx = (float *)c->out[0]->data + k * m,
          *hat = vt__res(c, 1) ? (float *)c->out[1]->data + k * m : NULL;
    double mean, inv, s1 = 0, s2 = 0;
    vt__moments(px, m, a->epsilon, &mean, &inv);
    for (int64_t i = 0; i < m; i++) {
      s1 += (double)d[i];
      s2 += (double)d[i] * ((double)px[i] - mean) * inv;
    }
    for (int64_t i = 0; i < m; i++) {
      double h = ((double)px[i] - mean) * inv;
      dx[i] = (float)(inv * ((double)d[i] - s1 / (double)m - h * s2 / (double)m));
      if (hat) hat[i] = (float)h;
    }
  }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {
    {.name = "inner", .type = VT_ATTR_INT, .offset = offsetof(struct attrs, inner), .required = true},
    VT_A_FLOAT(struct attrs, epsilon, 1e-5f)};
static const struct vt_op_case cases[] = {{"rows", "inner=7", "f32[3,7] f32[3,7]", 2},
                                          {"maps", "inner=32", "f32[2,4,4,4] f32[2,4,4,4]", 2}};

const struct vt_op_desc vt_op_normalize_grad = {
    .name = "NormalizeGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of normalising groups of `inner` neighbouring elements, from (dxhat, x): dx, xhat.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 2,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
