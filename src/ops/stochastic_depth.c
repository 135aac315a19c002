/* ai.vitrine:StochasticDepth (Huang et al. 2016): in training, a sample of the batch is set to 0 with
 * probability ratio, else divided by 1 − ratio. Before the sum of a residual block, it skips the block. */
#include "ops/drop_ref.h"

struct attrs {
  int64_t seed;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK];
  int rc = vt__check_rank(n, 0, 1, VT_MAX_RANK, e);
  for (int d = 0; d < x->rank; d++) dim[d] = d ? 1 : x->dim[0];
  vt__out_like(n, 0, x);
  vt__out(n, 1, VT_F32, x->rank, dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  float ratio, *y = vt__res(c, 0) ? c->out[0]->data : NULL, *factor = vt__res(c, 1) ? c->out[1]->data : NULL;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__drop_ratio(c, &ratio, e);
  if (rc) return rc;
  int64_t row = vt__span(x->dim, 1, x->rank);
  struct vt_rng rng;
  vt_rng_init(&rng, c->seed, (uint64_t)a->seed, 0);
  for (int64_t i = 0; i < x->dim[0]; i++) {
    float f = ratio == 0 ? 1 : vt_rng_unit(&rng) < (double)ratio ? 0 : 1 / (1 - ratio);
    if (factor) factor[i] = f;
    for (int64_t k = 0; k < row && y; k++) y[i * row + k] = ((const float *)x->data)[i * row + k] * f;
  }
  return VT_OK;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_INT(S, seed, 0)};
static const struct vt_op_case cases[] = {
    {"inference", "", "f32[2,3,4,5]"},
    {"training", "", "f32[8,3,2,2] f32[]={0.4} bool[]={1}", 2},
};

const struct vt_op_desc vt_op_stochastic_depth = {
    .name = "StochasticDepth",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Sets random samples of the batch to 0 in training and scales the rest, from (x, ratio, "
           "training_mode): y and the factor (N, 1, ...).",
    VT_ATTRS(rows, S),
    .min_in = 1,
    .max_in = 3,
    .min_out = 1,
    .max_out = 2,
    .traits = VT_RANDOM,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    .grad = vt__drop_grad,
    VT_CASES(cases),
};
