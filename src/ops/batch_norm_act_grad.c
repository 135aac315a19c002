/* ai.vitrine:BatchNormActGrad: gradients of BatchNormAct with relu, made by the fusion pass. From (dy, x,
 * scale, y), y or any tensor of its signs: g = dy [y > 0], then dx, dscale, dbias as BatchNormGrad of g, and
 * g itself, which is the residual's gradient. */
#include "ops/grad_check.h"

extern const struct vt_op_desc vt_op_batch_norm_grad;

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt_op_batch_norm_grad.infer(n, e);
  if (!rc) rc = vt__check_alike(n, 3, 1, e);
  if (!rc) vt__out_like(n, 3, n->in[0]);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *dy = c->in[0], *y = c->in[3];
  struct vt_tensor g;
  int rc = vt_tensor_copy(&g, dy, e);
  if (rc) return rc;
  int64_t n = vt_tensor_count(dy);
  for (int64_t i = 0; i < n; i++)
    if (!(((const float *)y->data)[i] > 0)) ((float *)g.data)[i] = 0;
  const struct vt_tensor *in[3] = {&g, c->in[1], c->in[2]};
  struct vt_ref_call norm = *c;
  norm.nin = 3;
  norm.in = in;
  norm.nout = VT_MIN(c->nout, 3);
  rc = vt_op_batch_norm_grad.ref(&norm, e);
  if (!rc && vt__res(c, 3)) memcpy(c->out[3]->data, g.data, vt_tensor_bytes(&g));
  vt_tensor_clear(&g);
  return rc;
}

#define S struct vt_batch_norm_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, epsilon, 1e-5f), VT_A_INT(S, training_mode, 1)};
static const struct vt_op_case cases[] = {
    {"no residual", "", "f32[4,3,5,6] f32[4,3,5,6] f32[3] f32[4,3,5,6]", 3},
    {"residual, 16 channels", "epsilon=1e-3", "f32[2,16,4,4] f32[2,16,4,4] f32[16] f32[2,16,4,4]", 4},
    {"20 channels", "", "f32[2,20,4,4] f32[2,20,4,4] f32[20] f32[2,20,4,4]", 4},
};

const struct vt_op_desc vt_op_batch_norm_act_grad = {
    .name = "BatchNormActGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc =
        "Gradients of BatchNormAct with relu from (dy, x, scale, y): dx, dscale, dbias and the residual's.",
    VT_ATTRS(attrs, S),
    .min_in = 4,
    .max_in = 4,
    .min_out = 1,
    .max_out = 4,
    .inplace = {1},
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
