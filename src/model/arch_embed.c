/* Embedding network: residual encoder, global average pooling, linear projection, L2 norm. */
#include "model/model.h"

struct vt_value *vt_build_embed(struct vt_net *n, struct vt_value *x, const struct vt_embed_opts *o,
                                struct vt_err *e)
{
  struct vt_value *feature[5];
  if (vt_build_resnet(n, x, &o->encoder, feature, e)) return NULL;
  struct vt_value *y = vt_emit(n->g, "GlobalAveragePool", VT_IN(feature[4]), "");
  y = vt_emit(n->g, "Flatten", VT_IN(y), "axis=1"); // (N, C)
  y = vt_net_linear(n, y, "embed", o->dim, false);
  y = vt_emit(n->g, "LpNormalization", VT_IN(y), "axis=1 p=2"); // (N, dim)
  return vt_graph_status(n->g, e) ? NULL : y;
}
