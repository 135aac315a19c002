/* ai.vitrine:BatchNormGrad: gradients of BatchNormalization for x, scale and bias.
 *
 * Training (Ioffe, Szegedy 2015, section 3), per channel over the m elements of batch and space, with
 * x̂ = (x − μ)/√(σ² + ε):   dbias = Σ dy,   dscale = Σ dy x̂,
 *   dx = scale/√(σ² + ε) · (dy − dbias/m − x̂ dscale/m).
 * μ and σ² are computed from x again. With training_mode 0 they are inputs 3 and 4 and count as constants:
 *   dx = scale/√(σ² + ε) · dy. */
#include "ops/grad_check.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_batch_norm_attrs *a = n->attrs;
  int rc = vt__check_rank(n, 1, 2, VT_MAX_RANK, e);
  if (rc) return rc;
  if (!a->training_mode && (!vt__in(n, 3) || !vt__in(n, 4)))
    return vt__bad(e, VT_EARG, n, "mean and variance are required with training_mode=0");
  const struct vt_value *x = n->in[1];
  rc = vt__check_alike(n, 0, 1, e);
  for (int i = 2; i < (a->training_mode ? 3 : 5) && !rc && x->rank > 1 && x->dim[1] >= 0; i++)
    rc = vt__check_count(n, i, x->dim[1], e);
  if (rc) return rc;
  vt__out_like(n, 0, n->in[1]);
  vt__out_like(n, 1, n->in[2]);
  vt__out_like(n, 2, n->in[2]);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_batch_norm_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[1];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t batch = x->dim[0], channels = x->dim[1], plane = vt__span(x->dim, 2, x->rank), m = batch * plane;
  const float *dy = c->in[0]->data, *px = x->data, *scale = c->in[2]->data;
  float *dx = vt__res(c, 0) ? c->out[0]->data : NULL;
  for (int64_t ch = 0; ch < channels; ch++) {
    double mean = 0, var = 0, dbias = 0, dscale = 0;
    if (a->training_mode) {
      for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < plane; i++) mean += (double)px[(n * channels + ch) * plane + i];
      mean /= (double)m;
      for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < plane; i++) {
          double d = (double)px[(n * channels + ch) * plane + i] - mean;
          var += d * d;
        }
      var /= (double)m;
    } else {
      mean = (double)((const float *)c->in[3]->data)[ch];
      var = (double)((const float *)c->in[4]->data)[ch];
    }
    double inv = 1 / sqrt(var + (double)a->epsilon);
    for (int64_t n = 0; n < batch; n++)
      for (int64_t i = 0; i < plane; i++) {
        int64_t k = (n * channels + ch) * plane + i;
        dbias += (double)dy[k];
        dscale += (double)dy[k] * ((double)px[k] - mean) * inv;
      }
    double f = (double)scale[ch] * inv, am = a->training_mode ? dbias / (double)m : 0,
           bm = a->training_mode ? dscale / (double)m : 0;
    for (int64_t n = 0; dx && n < batch; n++)
      for (int64_t i = 0; i < plane; i++) {
        int64_t k = (n * channels + ch) * plane + i;
        dx[k] = (float)(f * ((double)dy[k] - am - ((double)px[k] - mean) * inv * bm));
      }
    if (vt__res(c, 1)) ((float *)c->out[1]->data)[ch] = (float)dscale;
    if (vt__res(c, 2)) ((float *)c->out[2]->data)[ch] = (float)dbias;
  }
  return VT_OK;
}

#define S struct vt_batch_norm_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, epsilon, 1e-5f), VT_A_INT(S, training_mode, 1)};
static const struct vt_op_case cases[] = {
    {"training", "", "f32[4,3,5,6] f32[4,3,5,6] f32[3]", 3},
    {"training, 16 channels", "epsilon=1e-3", "f32[2,16,4,4] f32[2,16,4,4] f32[16]", 3},
    {"fixed statistics", "training_mode=0", "f32[2,8,3,4] f32[2,8,3,4] f32[8] f32[8] f32[8]:0.5..2", 3},
    {"rank 2", "", "f32[8,5] f32[8,5] f32[5]", 3},
};

const struct vt_op_desc vt_op_batch_norm_grad = {
    .name = "BatchNormGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradients of BatchNormalization from (dy, x, scale) or, with training_mode=0, (dy, x, scale, "
           "mean, var): "
           "dx, dscale, dbias.",
    VT_ATTRS(attrs, S),
    .min_in = 3,
    .max_in = 5,
    .min_out = 1,
    .max_out = 3,
    .inplace = {1},
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
