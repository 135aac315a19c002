/* ai.vitrine:BatchNormAct: batch normalisation in training with what follows it, made by the fusion pass:
 * y = act(BatchNormalization(x) + residual). */
#include "ops/grad_check.h"
#include "ops/util.h"

extern const struct vt_op_desc vt_op_batch_normalization;

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt_op_batch_normalization.infer(n, e);
  return !rc && vt__in(n, 5) ? vt__check_alike(n, 0, 5, e) : rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_batch_norm_attrs *a = c->attrs;
  const struct vt_tensor *r = vt__arg(c, 5);
  struct vt_ref_call norm = *c;
  struct vt_tensor kept = {0};
  float *y = c->out[0]->data;
  if (r && r->data == y) { /* in place: the normalised values would overwrite it */
    int rc = vt_tensor_copy(&kept, r, e);
    if (rc) return rc;
    r = &kept;
  }
  norm.nin = 5;
  int rc = vt_op_batch_normalization.ref(&norm, e);
  int64_t n = rc ? 0 : vt_tensor_count(c->out[0]);
  for (int64_t i = 0; i < n; i++)
    y[i] = vt_act_apply((enum vt_act)a->activation, 0, 0, y[i] + (r ? ((const float *)r->data)[i] : 0));
  vt_tensor_clear(&kept);
  return rc;
}

#define S struct vt_batch_norm_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, epsilon, 1e-5f), VT_A_FLOAT(S, momentum, 0.9f),
                                            VT_A_INT(S, training_mode, 1),
                                            VT_A_ENUM(S, activation, VT_ACT_CHOICES, VT_ACT_RELU)};
static const struct vt_op_case cases[] = {
    {"relu", "", "f32[3,3,4,5] f32[3] f32[3] f32[3] f32[3]:0.5..2", 3},
    {"residual", "epsilon=1e-3 momentum=0.8",
     "f32[2,24,3,3] f32[24] f32[24] f32[24] f32[24]:0.5..2 f32[2,24,3,3]", 3},
    {"residual, no activation", "activation=none",
     "f32[2,16,5,5] f32[16] f32[16] f32[16] f32[16]:0.5..2 f32[2,16,5,5]", 3},
    {"inference", "training_mode=0", "f32[2,8,5,5] f32[8] f32[8] f32[8] f32[8]:0.5..2"},
};

const struct vt_op_desc vt_op_batch_norm_act = {
    .name = "BatchNormAct",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Batch normalisation with what follows it: y = act(BatchNormalization(x) + residual).",
    VT_ATTRS(attrs, S),
    .min_in = 5,
    .max_in = 6,
    .min_out = 1,
    .max_out = 3,
    .inplace = {6, 4, 5},
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    VT_CASES(cases),
};
