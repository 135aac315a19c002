/* SoftmaxCrossEntropyLoss: −w[y] log softmax(scores)[y], reduced; output 1 is the log-probabilities. */
#include "ops/loss_ref.h"
#include "ops/softmax_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__loss_infer(n, 0, e);
  if (!rc) vt__out_like(n, 1, n->in[0]);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  struct vt_tensor own = {0}, *logp = vt__res(c, 1);
  struct vt__loss_sizes s;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  vt__loss_sizes(&s, x);
  int rc = logp ? VT_OK : vt_tensor_init(&own, VT_F32, x->rank, x->dim, e);
  if (rc) return rc;
  if (!logp) logp = &own;
  for (int64_t n = 0; n < s.n; n++) {
    int64_t at = n * s.c * s.d;
    vt__softmax_rows((const float *)x->data + at, (float *)logp->data + at, s.c, s.d, s.d, true);
  }
  rc = vt__loss_reduce(c, &s, logp->data, c->in[1], vt__arg(c, 2), e);
  vt_tensor_clear(&own);
  return rc;
}

static int grad(VT_GRAD_ARGS)
{
  if (n->nout > 1 && dy[1]) return vt__bad(e, VT_EUNSUPPORTED, n, "no gradient flows through log_prob");
  return vt__loss_grad(g, n, dy, true, need, dx, e);
}

static const struct vt_attr_desc attrs[] = {VT__LOSS_ROWS};
static const struct vt_op_case cases[] = {
    {"mean", "", "f32[3,5] i64[3]={0,4,2}"},
    {"weights", "", "f32[3,5] i64[3]={0,4,2} f32[5]:0.5..2", .nograd = 4},
    {"maps", "ignore_index=255", "f32[2,3,2,2] i64[2,2,2]={0,1,2,255,2,1,0,255}"},
    {"maps, weights", "ignore_index=-1", "f32[2,3,2,2] i64[2,2,2]={0,1,2,-1,2,1,0,-1} f32[3]:0.5..2",
     .nograd = 4},
    {"sum", "reduction=sum", "f32[3,5] i64[3]={0,4,2}"},
    {"none", "reduction=none", "f32[3,5,2] i32[3,2]={0,4,2,1,1,3}"},
    {"log_prob", "", "f32[3,5] i64[3]={0,4,2}", 2},
    {"all ignored", "ignore_index=1", "f32[2,3] i64[2]={1,1}"},
};

const struct vt_op_desc vt_op_softmax_cross_entropy_loss = {
    .name = "SoftmaxCrossEntropyLoss",
    .domain = "",
    .since = 12,
    .doc = "loss = -w[y] log softmax(scores)[y], reduced by none, sum or the weighted mean.",
    VT_ATTRS(attrs, struct vt__loss_attrs),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 2,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
