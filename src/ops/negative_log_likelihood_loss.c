/* NegativeLogLikelihoodLoss: −w[y] logp[y], reduced. */
#include "ops/loss_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__loss_infer(n, 0, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  struct vt__loss_sizes s;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  vt__loss_sizes(&s, x);
  return vt__loss_reduce(c, &s, x->data, c->in[1], vt__arg(c, 2), e);
}

static int grad(VT_GRAD_ARGS)
{
  return vt__loss_grad(g, n, dy, false, need, dx, e);
}

static const struct vt_attr_desc attrs[] = {VT__LOSS_ROWS};
static const struct vt_op_case cases[] = {
    {"mean", "", "f32[3,5] i64[3]={0,4,2}"},
    {"maps, weights", "ignore_index=255", "f32[2,3,2] i64[2,2]={0,255,2,1} f32[3]:0.5..2", .nograd = 4},
    {"none", "reduction=none", "f32[3,5] i64[3]={0,4,2}"},
};

const struct vt_op_desc vt_op_negative_log_likelihood_loss = {
    .name = "NegativeLogLikelihoodLoss",
    .domain = "",
    .since = 12,
    .doc = "loss = -w[y] logp[y], reduced by none, sum or the weighted mean.",
    VT_ATTRS(attrs, struct vt__loss_attrs),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
