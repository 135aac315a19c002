/* The residual encoder of the house's own networks, basic blocks of free widths behind a 7x7 stem; or any
 * network by name in its place. */
#include "model/layers.h"

int vt_build_resnet(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                    struct vt_value *feature[5], struct vt_err *e)
{
  const struct vt_attention *a = o->attention;
  int done = 0, all = o->blocks[0] + o->blocks[1] + o->blocks[2] + o->blocks[3];
  feature[0] = vt_net_conv_norm_relu(n, x, "encoder.stem", o->stem, 7, 2);
  struct vt_value *y = vt__max_pool(n, feature[0], 3, 2, 1);
  for (int s = 0; s < 4; s++) {
    bool here = a && s >= a->from_stage, branch = here && a->place == VT_ATTENTION_BRANCH;
    for (int b = 0; b < o->blocks[s]; b++) {
      struct vt__block block = {.out = o->width[s],
                                .stride = s && !b ? 2 : 1,
                                .conv = vt__conv_kind_at(n, s),
                                .attention = branch ? a : NULL,
                                .drop_path = o->drop_path * (float)++done / (float)all};
      y = vt__basic_block(n, y, vt__name(n, "encoder.layer%d.%d", s + 1, b), &block);
    }
    if (here && !branch) y = a->build(n, y, vt__name(n, "encoder.layer%d.attention", s + 1));
    if (s == 3) y = vt__drop_block(n, y, o->drop_block, o->drop_block_size);
    feature[s + 1] = y;
  }
  return vt_graph_status(n->g, e);
}

/* Builds the network by name with its parameters under "encoder.". */
static int build_named(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                       const struct vt_builder_opts *o, struct vt_built *out, struct vt_err *e)
{
  const char *outer = n->prefix;
  if (vt_builder_family_of(b)->unpadded && x && (x->dim[2] < 0 || x->dim[3] < 0) &&
      !vt_graph_status(n->g, NULL))
    vt_fail(&n->g->err, VT_ESHAPE, "%s as encoder needs an input of fixed size", b->name);
  n->prefix = vt__name(n, "%sencoder.", outer ? outer : "");
  vt_build(b, n, x, o, out, NULL);
  n->prefix = outer;
  return vt_graph_status(n->g, e);
}

int vt_build_encoder(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                     const struct vt_builder *network, struct vt_value *feature[5], struct vt_err *e)
{
  struct vt_built built = {0};
  if (!network) return vt_build_resnet(n, x, o, feature, e);
  int rc = build_named(n, x, network, &(struct vt_builder_opts){.encoder = true}, &built, e);
  for (int i = 0; i < 5; i++) feature[i] = built.feature[i];
  return rc;
}

struct vt_value *vt__encoder_vector(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                                    const struct vt_builder *network, struct vt_err *e)
{
  struct vt_value *feature[5];
  struct vt_built built = {0};
  if (network)
    return build_named(n, x, network, &(struct vt_builder_opts){0}, &built, e) ? NULL : built.pooled;
  return vt_build_resnet(n, x, o, feature, e) ? NULL : vt__global_pool(n, feature[4]);
}
