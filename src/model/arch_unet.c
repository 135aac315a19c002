/* U-Net: Ronneberger et al., 2015, with a residual encoder. Each step up halves the channels by a 1x1
 * convolution before upsampling, joins the encoder's feature map of that size, and mixes both by a 3x3
 * convolution. */
#include "model/layers.h"

#include <stdio.h>

/* (N, C, h, w), skip (N, S, 2h, 2w) -> (N, out, 2h, 2w) */
static struct vt_value *step_up(struct vt_net *n, struct vt_value *x, struct vt_value *skip, int level,
                                int out)
{
  char name[64];
  struct vt_graph *g = n->g;
  snprintf(name, sizeof name, "decoder.%d.reduce", level);
  struct vt_value *y = vt_net_conv_norm_relu(n, x, name, out, 1, 1);
  float scale[4] = {1, 1, 2, 2};
  int64_t four[1] = {4};
  struct vt_tensor t = vt_tensor_view(VT_F32, 1, four, scale);
  struct vt_value *scales = vt_graph_constant(g, "scales", &t);
  struct vt_value *in[] = {y, NULL, scales}, *up;
  up = vt_emit_n(g, "Resize", 3, in, 1, &up, "mode=linear coordinate_transformation_mode=half_pixel");
  y = vt_emit(g, "Concat", VT_IN(up, skip), "axis=1");
  snprintf(name, sizeof name, "decoder.%d.mix", level);
  return vt_net_conv_norm_relu(n, y, name, out, 3, 1);
}

struct vt_value *vt_build_unet(struct vt_net *n, struct vt_value *x, const struct vt_unet_opts *o,
                               struct vt_err *e)
{
  struct vt_value *feature[5];
  if (vt_build_resnet(n, x, &o->encoder, feature, e)) return NULL;
  struct vt_value *y = feature[4];
  for (int level = 0; level < 4; level++) y = step_up(n, y, feature[3 - level], level, o->decoder[level]);
  y = vt_net_conv(n, vt__dropout(n, y, o->dropout), "head", o->classes, 1, 1, true);
  return vt_graph_status(n->g, e) ? NULL : y;
}
