/* ai.vitrine:TripletLossGrad: with w(i, j) = ∂loss/∂d(i, j) of the chosen triplets,
 *   dx_i = dloss Σ_j (w(i,j) + w(j,i)) ∂d(i,j)/∂x_i;   ∂d/∂x_i = 2 (x_i − x_j), or (x_i − x_j)/d when not
 * squared; and 2 alpha/(3D) x_i for each triplet of i's, over their number. */
#include "ops/grad_check.h"
#include "ops/triplet_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__check_count(n, 0, 1, e);
  vt__out_like(n, 0, n->in[1]);
  return rc ? rc : vt__triplet_infer(n, 1, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__triplet_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[1];
  double up = (double)*(const float *)c->in[0]->data;
  struct vt__triplets t;
  int rc = vt__triplet_run(c, x, c->in[2], &t, e);
  if (rc) return rc;
  int64_t n = x->dim[0], dim = x->dim[1];
  const float *v = x->data;
  float *dx = c->out[0]->data;
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < dim; k++) dx[i * dim + k] = (float)(up * 2 * t.share[i] * (double)v[i * dim + k]);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      double w = t.coef[i * n + j] + t.coef[j * n + i];
      if (w == 0) continue;
      double f = up * w * (a->squared ? 2 : t.dist[i * n + j] > 0 ? 1 / t.dist[i * n + j] : 0);
      for (int64_t k = 0; k < dim; k++)
        dx[i * dim + k] += (float)(f * ((double)v[i * dim + k] - (double)v[j * dim + k]));
    }
  vt__triplet_clear(&t);
  return VT_OK;
}

static const struct vt_attr_desc attrs[] = {VT__TRIPLET_ROWS};
static const struct vt_op_case cases[] = {
    {"semihard", "margin=1", "f32[] f32[6,4] i64[6]={0,0,1,1,2,2}"},
    {"plain distance", "margin=1 mining=all squared=0", "f32[] f32[6,4] i64[6]={0,0,1,1,2,2}"},
};

const struct vt_op_desc vt_op_triplet_loss_grad = {
    .name = "TripletLossGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of TripletLoss from (dloss, embeddings, labels): dx.",
    VT_ATTRS(attrs, struct vt__triplet_attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
