/* Losses of classification. Labels go to the loss operators; shares, which mixed pictures and smoothed labels
 * have, to sums of plain operators that say the same. */
#include "train/class_loss.h"
#include "train/trainer.h"

struct vt_value *vt__add_scaled(struct vt_graph *g, struct vt_value *a, struct vt_value *b, double factor)
{
  return vt_emit(g, "Add", VT_IN(a, vt_emit(g, "Mul", VT_IN(b, vt_graph_scalar(g, (float)factor)), "")), "");
}

static struct vt_value *class_weights(struct vt_graph *g, const struct vt__class_loss *o)
{
  struct vt_tensor t = vt_tensor_view(VT_F32, 1, (int64_t[]){o->classes}, (void *)o->weight);
  return o->weight ? vt_graph_constant(g, "class_weights", &t) : NULL;
}

static struct vt_value *of_labels(struct vt_graph *g, struct vt_value *logits, struct vt_value *label,
                                  const struct vt__class_loss *o)
{
  struct vt_value *in[] = {logits, label, class_weights(g, o)}, *y;
  int n = o->weight ? 3 : 2;
  if (o->kind == VT__FOCAL)
    return vt_emit_n(g, "ai.vitrine:FocalLoss", n, in, 1, &y, "gamma=%.9g ignore_index=-1", o->gamma);
  return vt_emit_n(g, "SoftmaxCrossEntropyLoss", n, in, 1, &y, "ignore_index=-1");
}

static struct vt_value *binary(struct vt_graph *g, struct vt_value *logits, struct vt_value *target,
                               struct vt_value *w)
{
  struct vt_value *y = vt_emit(
      g, "Sub",
      VT_IN(vt_emit(g, "Softplus", VT_IN(logits), ""), vt_emit(g, "Mul", VT_IN(logits, target), "")), "");
  if (w) y = vt_emit(g, "Mul", VT_IN(y, w), "");
  return vt_emit(g, "ReduceMean", VT_IN(y), "keepdims=0");
}

static struct vt_value *of_shares(struct vt_graph *g, struct vt_value *logits, struct vt_value *target,
                                  const struct vt__class_loss *o)
{
  struct vt_value *w = class_weights(g, o), *share = w ? vt_emit(g, "Mul", VT_IN(target, w), "") : target;
  if (o->kind == VT__BINARY) return binary(g, logits, target, w);
  struct vt_value *logp = vt_emit(g, "LogSoftmax", VT_IN(logits), "axis=1"); // (N, classes)
  struct vt_value *term = vt_emit(g, "Mul", VT_IN(share, logp), "");
  if (o->kind == VT__FOCAL) {
    struct vt_value *q =
        vt_emit(g, "Sub", VT_IN(vt_graph_scalar(g, 1), vt_emit(g, "Exp", VT_IN(logp), "")), "");
    q = vt_emit(g, "Clip", VT_IN(q, vt_graph_scalar(g, 1e-6f), vt_graph_scalar(g, 1)),
                ""); /* 0^gamma has no slope */
    term = vt_emit(g, "Mul",
                   VT_IN(term, vt_emit(g, "Pow", VT_IN(q, vt_graph_scalar(g, (float)o->gamma)), "")), "");
  }
  struct vt_value *sum = vt_emit(g, "ReduceSum", VT_IN(term), "keepdims=0"),
                  *all = vt_emit(g, "ReduceSum", VT_IN(share), "keepdims=0");
  return vt_emit(g, "Neg", VT_IN(vt_emit(g, "Div", VT_IN(sum, all), "")), "");
}

struct vt_value *vt__class_loss(struct vt_graph *g, struct vt_value *logits, struct vt_value *target,
                                const struct vt__class_loss *o)
{
  if (o->kind == VT__MARGIN) return vt_margin_loss(g, logits, target);
  return o->soft ? of_shares(g, logits, target, o) : of_labels(g, logits, target, o);
}
