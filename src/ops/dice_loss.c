/* ai.vitrine:DiceLoss (Milletari, Navab, Ahmadi 2016, made soft over classes).
 *
 * Over all pixels of the batch that are not ignored, with p = softmax(x) and g the one-hot labels:
 *   dice_c = (2 Σ p_c g_c + s) / (Σ p_c + Σ g_c + s),   loss = 1 − mean of dice_c over classes present in the
 * labels. No class present: 0. */
#include "ops/dice_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__dice_infer(n, 0, e);
  vt__out(n, 0, n->in[0]->dtype, 0, NULL);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__dice_attrs *a = c->attrs;
  struct vt__dice s;
  int rc = vt__dice_init(&s, c, c->in[0], c->in[1], e);
  if (rc) return rc;
  double sum = 0, smooth = (double)a->smooth;
  for (int64_t k = 0; k < s.c; k++)
    if (s.count[k]) sum += (2 * s.meet[k] + smooth) / (s.total[k] + smooth);
  *(float *)c->out[0]->data = s.present ? (float)(1 - sum / s.present) : 0;
  vt__dice_clear(&s);
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  if (need[0]) dx[0] = vt__emit_ours(g, "DiceLossGrad", VT_IN(dy[0], n->in[0], n->in[1]), 1, NULL, n->attrs);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc attrs[] = {VT__DICE_ROWS};
static const struct vt_op_case cases[] = {
    {"maps", "", "f32[2,3,2,3] i64[2,2,3]={0,1,2,2,1,0,0,0,1,1,2,2}"},
    {"absent class, ignored pixels", "ignore_index=255", "f32[1,4,2,3] i64[1,2,3]={0,1,255,2,1,255}"},
    {"probabilities", "logits=0 smooth=0.5", "f32[2,3,2]:0.1..0.9 i32[2,2]={0,1,2,2}"},
    {"all ignored", "ignore_index=7", "f32[1,2,2] i64[1,2]={7,7}"},
};

const struct vt_op_desc vt_op_dice_loss = {
    .name = "DiceLoss",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Soft Dice loss of scores (N, C, ...) and labels (N, ...): 1 - mean over present classes of "
           "(2 sum p g + smooth) / (sum p + sum g + smooth).",
    VT_ATTRS(attrs, struct vt__dice_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
