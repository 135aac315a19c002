/* Embedding network: residual encoder, global average pooling, linear projection, L2 norm. */
#include "model/model.h"

#include <math.h>

/* Columns begin .. end of x (N, D). */
static struct vt_value *columns(struct vt_net *n, struct vt_value *x, int64_t begin, int64_t end)
{
  struct vt_graph *g = n->g;
  int64_t one[1] = {1}, bound[3] = {begin, end, 1};
  struct vt_value *in[4] = {x};
  for (int i = 0; i < 3; i++) { /* starts, ends, axes */
    struct vt_tensor t = vt_tensor_view(VT_I64, 1, one, &bound[i]);
    in[i + 1] = vt_graph_constant(g, "bound", &t);
  }
  return vt_emit(g, "Slice", VT_IN(in[0], in[1], in[2], in[3]), "");
}

static struct vt_value *unit(struct vt_net *n, struct vt_value *x)
{
  return vt_emit(n->g, "LpNormalization", VT_IN(x), "axis=1 p=2");
}

static struct vt_value *times(struct vt_net *n, struct vt_value *x, double factor)
{
  return vt_emit(n->g, "Mul", VT_IN(x, vt_graph_scalar(n->g, (float)factor)), "");
}

struct vt_value *vt_build_embed(struct vt_net *n, struct vt_value *x, const struct vt_embed_opts *o,
                                struct vt_value **group, struct vt_err *e)
{
  struct vt_value *feature[5];
  if (o->group_dim < 0 || o->group_dim >= o->dim) {
    vt_fail(e, VT_EARG, "group part of %d numbers in a vector of %d", o->group_dim, o->dim);
    return NULL;
  }
  if (vt_build_resnet(n, x, &o->encoder, feature, e)) return NULL;
  struct vt_value *y = vt_emit(n->g, "GlobalAveragePool", VT_IN(feature[4]), "");
  y = vt_emit(n->g, "Flatten", VT_IN(y), "axis=1"); // (N, C)
  y = vt_net_linear(n, y, "embed", o->dim, false);  // (N, dim)
  struct vt_value *kind = NULL;
  if (o->group_dim) {
    kind = unit(n, columns(n, y, 0, o->group_dim)); // (N, group_dim)
    struct vt_value *rest = unit(n, columns(n, y, o->group_dim, o->dim));
    y = vt_emit(n->g, "Concat",
                VT_IN(times(n, kind, sqrt(o->group_share)), times(n, rest, sqrt(1 - o->group_share))),
                "axis=1");
  } else {
    kind = y = unit(n, y);
  }
  if (vt_graph_status(n->g, e)) return NULL;
  if (group) *group = kind;
  return y;
}

struct vt_value *vt_build_embed_posterior(struct vt_net *n, struct vt_value *y, struct vt_value *p,
                                          const struct vt_embed_opts *o)
{
  struct vt_value *part = times(n, unit(n, p), sqrt(o->group_share)); // (N, G)
  return vt_emit(n->g, "Concat", VT_IN(part, columns(n, y, o->group_dim, o->dim)), "axis=1");
}
