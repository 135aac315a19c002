/* Residual encoder: He et al., "Deep Residual Learning for Image Recognition", 2016, basic blocks
 * (section 4.1), with the last scale of each block starting at zero (Goyal 2017, section 5.1) so that a block
 * starts as the identity. */
#include "model/model.h"

#include <stdio.h>

/* relu(x' + bn(conv(relu(bn(conv(x)))))), x' = x or its projection where the shape changes. */
static struct vt_value *basic_block(struct vt_net *n, struct vt_value *x, const char *name, int out,
                                    int stride)
{
  char part[96];
  struct vt_value *y, *skip = x;
  if (!x) return NULL;
  snprintf(part, sizeof part, "%s.conv1", name);
  y = vt_net_conv(n, x, part, out, 3, stride, false);
  snprintf(part, sizeof part, "%s.bn1", name);
  y = vt_emit(n->g, "Relu", VT_IN(vt_net_norm(n, y, part, 1)), "");
  snprintf(part, sizeof part, "%s.conv2", name);
  y = vt_net_conv(n, y, part, out, 3, 1, false);
  snprintf(part, sizeof part, "%s.bn2", name);
  y = vt_net_norm(n, y, part, 0);
  if (stride != 1 || x->dim[1] != out) {
    snprintf(part, sizeof part, "%s.downsample.0", name);
    skip = vt_net_conv(n, x, part, out, 1, stride, false);
    snprintf(part, sizeof part, "%s.downsample.1", name);
    skip = vt_net_norm(n, skip, part, 1);
  }
  y = vt_emit(n->g, "Add", VT_IN(y, skip), "");
  return vt_emit(n->g, "Relu", VT_IN(y), "");
}

int vt_build_resnet(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                    struct vt_value *feature[5], struct vt_err *e)
{
  char name[64];
  feature[0] = vt_net_conv_norm_relu(n, x, "encoder.stem", o->stem, 7, 2);
  struct vt_value *y =
      vt_emit(n->g, "MaxPool", VT_IN(feature[0]), "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]");
  for (int s = 0; s < 4; s++) {
    for (int b = 0; b < o->blocks[s]; b++) {
      snprintf(name, sizeof name, "encoder.layer%d.%d", s + 1, b);
      y = basic_block(n, y, name, o->width[s], s && !b ? 2 : 1);
    }
    feature[s + 1] = y;
  }
  return vt_graph_status(n->g, e);
}
