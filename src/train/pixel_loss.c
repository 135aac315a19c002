/* Losses of segmentation: over pixels (cross-entropy, focal), over classes (Dice, Jaccard, Lovasz), and sums
 * of one of each. */
#include "train/pixel_loss.h"
#include "train/class_loss.h"

enum { NONE = 0, CE, FOCAL };
static const struct {
  const char *op, *name;
} region[] = {{NULL, NULL},
              {"ai.vitrine:DiceLoss", "dice_loss"},
              {"ai.vitrine:JaccardLoss", "jaccard_loss"},
              {"ai.vitrine:LovaszLoss", "lovasz_loss"}};
enum { DICE = 1, JACCARD, LOVASZ };
static const struct {
  int pixels, classes;
} kinds[] = {{CE, DICE},    {CE, NONE},   {FOCAL, NONE}, {NONE, DICE},     {NONE, JACCARD}, {NONE, LOVASZ},
             {CE, JACCARD}, {CE, LOVASZ}, {FOCAL, DICE}, {FOCAL, JACCARD}, {FOCAL, LOVASZ}};

static struct vt_value *over_pixels(struct vt_graph *g, struct vt_value *logits, struct vt_value *labels,
                                    const struct vt__pixel_loss *o)
{
  struct vt_tensor t = vt_tensor_view(VT_F32, 1, (int64_t[]){o->classes}, (void *)o->class_weight);
  struct vt_value *w = vt_graph_constant(g, "class_weights", &t);
  if (kinds[o->kind].pixels == FOCAL)
    return vt_emit(g, "ai.vitrine:FocalLoss", VT_IN(logits, labels, w), "gamma=%.9g ignore_index=%d",
                   o->gamma, VT_IGNORE);
  return vt_emit(g, "SoftmaxCrossEntropyLoss", VT_IN(logits, labels, w), "ignore_index=%d", VT_IGNORE);
}

struct vt_value *vt__pixel_loss(struct vt_graph *g, struct vt_value *logits, struct vt_value *labels,
                                const struct vt__pixel_loss *o, struct vt_value **metric,
                                const char **metric_name, int *nmetric)
{
  int p = kinds[o->kind].pixels, c = kinds[o->kind].classes;
  struct vt_value *a = p ? over_pixels(g, logits, labels, o) : NULL;
  struct vt_value *b =
      c ? vt_emit(g, region[c].op, VT_IN(logits, labels), "ignore_index=%d", VT_IGNORE) : NULL;
  if (!p || !c) return p ? a : b;
  metric[*nmetric] = a;
  metric_name[(*nmetric)++] = p == CE ? "cross_entropy" : "focal_loss";
  metric[*nmetric] = b;
  metric_name[(*nmetric)++] = region[c].name;
  return vt__add_scaled(g, a, b, o->weight);
}
