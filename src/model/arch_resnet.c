/* The residual encoder of the house's own networks: basic blocks of free widths behind a 7x7 stem. */
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
