/* Classifiers: the residual encoder with pooling and one linear layer, or any builder's network. */
#include "model/layers.h"

#include <string.h>

static struct vt_value *on_encoder(struct vt_net *n, struct vt_value *x, const struct vt_classify_opts *o,
                                   struct vt_err *e)
{
  struct vt_value *feature[5];
  if (vt_build_resnet(n, x, &o->encoder, feature, e)) return NULL;
  struct vt_value *y = vt__dropout(n, vt__global_pool(n, feature[4]), o->dropout);
  return vt_net_linear(n, y, "classifier", o->classes, true);
}

struct vt_value *vt_build_classify(struct vt_net *n, struct vt_value *x, const struct vt_classify_opts *o,
                                   struct vt_err *e)
{
  struct vt_value *y = NULL;
  int rc = 0;
  if (!strcmp(o->backbone, "encoder")) {
    y = on_encoder(n, x, o, e);
  } else {
    const struct vt_builder *b = vt_builder_find(o->backbone, e);
    struct vt_builder_opts bo = {.classes = o->classes};
    struct vt_built built = {0};
    rc = b ? 0 : VT_EARG;
    if (!rc && (o->dropout > 0 || o->encoder.drop_block > 0 || o->encoder.drop_path > 0))
      rc = vt_fail(e, VT_EARG, "dropout, drop_block, stochastic_depth: %s has its own", o->backbone);
    if (!rc && o->encoder.attention)
      rc = vt_fail(e, VT_EARG, "attention stands in the encoder of this program's own, not in %s",
                   o->backbone);
    if (!rc) rc = vt_build(b, n, x, &bo, &built, e);
    y = built.logits;
  }
  if (!rc) rc = vt_graph_status(n->g, e);
  return rc ? NULL : y;
}

bool vt_classify_has_lengths(const struct vt_classify_opts *o)
{
  const struct vt_builder *b = strcmp(o->backbone, "encoder") ? vt_builder_find(o->backbone, NULL) : NULL;
  return b && vt_builder_family_of(b)->lengths;
}
