/* The residual encoder of the house's own networks: basic blocks of free widths behind a 7x7 stem. */
#include "model/layers.h"

int vt_build_resnet(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                    struct vt_value *feature[5], struct vt_err *e)
{
  const struct vt_attention *a = o->attention;
  feature[0] = vt_net_conv_norm_relu(n, x, "encoder.stem", o->stem, 7, 2);
  struct vt_value *y = vt__max_pool(n, feature[0], 3, 2, 1);
  for (int s = 0; s < 4; s++) {
    bool here = a && s >= a->from_stage, branch = here && a->place == VT_ATTENTION_BRANCH;
    for (int b = 0; b < o->blocks[s]; b++)
      y = vt__basic_block(n, y, vt__name(n, "encoder.layer%d.%d", s + 1, b), o->width[s], s && !b ? 2 : 1,
                          branch ? a : NULL);
    if (here && !branch) y = a->build(n, y, vt__name(n, "encoder.layer%d.attention", s + 1));
    feature[s + 1] = y;
  }
  return vt_graph_status(n->g, e);
}
