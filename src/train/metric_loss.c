/* Losses of metric learning. */
#include "train/metric_loss.h"

/* What the operator cannot be told about goes to class 0 there and is left out of the mean. */
static struct vt_value *arcface(struct vt_graph *g, struct vt_value *cosine, struct vt_value *label,
                                const struct vt__metric_loss *o)
{
  struct vt_value *known = vt_emit(g, "Max", VT_IN(label, vt_graph_ints(g, 1, (int64_t[]){0})), "");
  struct vt_value *logits =
      vt_emit(g, "ai.vitrine:ArcMargin", VT_IN(cosine, known), "margin=%.9g scale=%.9g", o->margin, o->scale);
  return vt_emit(g, "SoftmaxCrossEntropyLoss", VT_IN(logits, label), "ignore_index=-1");
}

struct vt_value *vt__metric_loss(struct vt_net *n, struct vt_value *unit, struct vt_value *raw,
                                 struct vt_value *label, const struct vt__metric_loss *o)
{
  struct vt_graph *g = n->g;
  switch ((enum vt__metric_loss_kind)o->kind) {
  case VT__TRIPLET_LOSS:
    return vt_emit(g, "ai.vitrine:TripletLoss", VT_IN(unit, label), "margin=%.9g mining=%s", o->margin,
                   o->mining);
  case VT__TRIPLET_L2_LOSS:
    return vt_emit(g, "ai.vitrine:TripletLoss", VT_IN(raw, label), "margin=%.9g mining=%s alpha=%.9g",
                   o->margin, o->mining, o->alpha);
  case VT__CONTRASTIVE_LOSS:
    return vt_emit(g, "ai.vitrine:ContrastiveLoss", VT_IN(unit, label), "margin=%.9g", o->margin);
  case VT__ARCFACE_LOSS:
  case VT__PROXY_ANCHOR_LOSS: break;
  }
  struct vt_value *cosine = vt_net_cosine(n, unit, "metric", (int)o->classes, 1); // (N, classes)
  if (o->kind == VT__ARCFACE_LOSS) return arcface(g, cosine, label, o);
  return vt_emit(g, "ai.vitrine:ProxyAnchorLoss", VT_IN(cosine, label), "alpha=%.9g delta=%.9g", o->scale,
                 o->margin);
}
