/* BatchNormalization (Ioffe, Szegedy 2015): y = (x − μ)/√(σ² + ε) · scale + bias per channel.
 *
 * training_mode=1: μ and σ² (biased) are the batch's, and outputs 1 and 2 are the running statistics:
 * running' = running · momentum + batch · (1 − momentum), as opset 15 says. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int rc = vt__check_rank(n, 0, 1, VT_MAX_RANK, e);
  for (int i = 1; i < 5 && !rc; i++) {
    const struct vt_value *s = n->in[i];
    rc = vt__check_rank(n, i, 1, 1, e);
    if (!rc && x->rank >= 2 && s->rank == 1 && s->dim[0] >= 0 && x->dim[1] >= 0 && s->dim[0] != x->dim[1])
      rc = vt__bad(e, VT_ESHAPE, n, "input %d '%s' has %lld entries, input '%s' has %lld channels", i,
                   s->name, (long long)s->dim[0], x->name, (long long)x->dim[1]);
  }
  if (rc) return rc;
  vt__out_like(n, 0, x);
  vt__out_like(n, 1, n->in[3]);
  vt__out_like(n, 2, n->in[4]);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_batch_norm_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  const float *px = x->data, *scale = c->in[1]->data, *bias = c->in[2]->data, *mean = c->in[3]->data,
              *var = c->in[4]->data;
  float *y = c->out[0]->data;
  int64_t batch = x->dim[0], channels = x->rank > 1 ? x->dim[1] : 1, plane = vt__span(x->dim, 2, x->rank);
  for (int64_t ch = 0; ch < channels; ch++) {
    double mu = (double)mean[ch], s2 = (double)var[ch];
    if (a->training_mode) {
      mu = s2 = 0;
      for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < plane; i++) mu += (double)px[(n * channels + ch) * plane + i];
      mu /= (double)(batch * plane);
      for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < plane; i++) {
          double d = (double)px[(n * channels + ch) * plane + i] - mu;
          s2 += d * d;
        }
      s2 /= (double)(batch * plane);
    }
    float m = a->momentum;
    if (vt__res(c, 1))
      ((float *)c->out[1]->data)[ch] = a->training_mode ? mean[ch] * m + (float)mu * (1 - m) : mean[ch];
    if (vt__res(c, 2))
      ((float *)c->out[2]->data)[ch] = a->training_mode ? var[ch] * m + (float)s2 * (1 - m) : var[ch];
    double f = (double)scale[ch] / sqrt(s2 + (double)a->epsilon);
    for (int64_t n = 0; n < batch; n++)
      for (int64_t i = 0; i < plane; i++) {
        int64_t k = (n * channels + ch) * plane + i;
        y[k] = (float)(((double)px[k] - mu) * f + (double)bias[ch]);
      }
  }
  return VT_OK;
}

static int grad(struct vt_graph *g, const struct vt_node *n, struct vt_value *const *dy, const bool *need,
                struct vt_value **dx, struct vt_err *e)
{
  const struct vt_batch_norm_attrs *a = n->attrs;
  struct vt_value *out[3] = {NULL};
  for (int i = 1; i < n->nout; i++)
    if (dy[i]) return vt__bad(e, VT_EUNSUPPORTED, n, "no gradient flows through the running statistics");
  if (!dy[0]) return VT_OK;
  bool t = a->training_mode != 0;
  struct vt_batch_norm_attrs b = {.epsilon = a->epsilon, .training_mode = t};
  vt__emit_ours(g, "BatchNormGrad", t ? 3 : 5, VT_ARRAY_(dy[0], n->in[0], n->in[1], n->in[3], n->in[4]), 3,
                out, &b);
  for (int i = 0; i < 3; i++)
    if (need[i]) dx[i] = out[i];
  return vt_graph_status(g, e);
}

#define S struct vt_batch_norm_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, epsilon, 1e-5f), VT_A_FLOAT(S, momentum, 0.9f),
                                            VT_A_INT(S, training_mode, 0)};
static const struct vt_op_case cases[] = {
    {"inference", "", "f32[2,3,4,5] f32[3] f32[3] f32[3] f32[3]:0.5..2", .nograd = 24},
    {"inference, 16 channels", "epsilon=1e-3", "f32[1,16,4,4] f32[16] f32[16] f32[16] f32[16]:0.5..2",
     .nograd = 24},
    {"training", "training_mode=1", "f32[3,3,4,5] f32[3] f32[3] f32[3] f32[3]:0.5..2", 3, 24},
    {"training, momentum", "training_mode=1 momentum=0.8 epsilon=1e-3",
     "f32[2,24,3,3] f32[24] f32[24] f32[24] f32[24]:0.5..2", 3, 24},
    {"rank 2", "", "f32[6,4] f32[4] f32[4] f32[4] f32[4]:0.5..2", .nograd = 24},
    {"rank 3 training", "training_mode=1", "f32[3,4,5] f32[4] f32[4] f32[4] f32[4]:0.5..2", 3, 24},
};

const struct vt_op_desc vt_op_batch_normalization = {
    .name = "BatchNormalization",
    .domain = "",
    .since = 9,
    .doc = "Normalises each channel: y = (x - mean) / sqrt(var + epsilon) scale + bias; with training_mode=1 "
           "by the "
           "batch's statistics, giving the new running ones.",
    VT_ATTRS(attrs, S),
    .min_in = 5,
    .max_in = 5,
    .min_out = 1,
    .max_out = 3,
    .inplace = {1, 4, 5},
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    .grad = grad,
    VT_CASES(cases),
};
