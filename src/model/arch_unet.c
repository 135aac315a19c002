/* U-Net: Ronneberger et al., 2015, on the feature maps of an encoder. Each step up halves the channels by a
 * 1x1 convolution before upsampling, joins the encoder's feature map of that size, and mixes both by a 3x3
 * convolution. */
#include "model/layers.h"

#include <math.h>

/* x (N, C, h, w) to the height and width given, or to twice its own where sizes are open. The quarter keeps
 * the rounding down of the result's size on the right side. */
static struct vt_value *enlarge(struct vt_net *n, struct vt_value *x, int64_t height, int64_t width)
{
  if (!x) return NULL;
  float scale[4] = {1, 1, 2, 2};
  if (height > 0 && x->dim[2] > 0 && height != 2 * x->dim[2])
    scale[2] = ((float)height + 0.25f) / (float)x->dim[2];
  if (width > 0 && x->dim[3] > 0 && width != 2 * x->dim[3])
    scale[3] = ((float)width + 0.25f) / (float)x->dim[3];
  struct vt_tensor t = vt_tensor_view(VT_F32, 1, (int64_t[]){4}, scale);
  struct vt_value *in[] = {x, NULL, vt_graph_constant(n->g, "scales", &t)}, *up;
  return vt_emit_n(n->g, "Resize", 3, in, 1, &up, "mode=linear coordinate_transformation_mode=half_pixel");
}

/* A transposed convolution of 2x2 and stride 2, as in the paper: (N, C, h, w) -> (N, C, 2h, 2w). */
static struct vt_value *double_size(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  int64_t dim[4] = {x->dim[1], x->dim[1], 2, 2}, c[1] = {x->dim[1]}; // (in, out, 2, 2)
  struct vt_value *w = vt__param(n, name, "weight", 4, dim, VT__NORMAL, sqrtf(1.0f / (float)x->dim[1]));
  struct vt_value *b = vt__param(n, name, "bias", 1, c, VT__CONSTANT, 0);
  return vt_emit(n->g, "ConvTranspose", VT_IN(x, w, b), "kernel_shape=[2,2] strides=[2,2]");
}

/* (N, C, h, w), skip (N, S, 2h, 2w) -> (N, out, 2h, 2w) */
static struct vt_value *step_up(struct vt_net *n, struct vt_value *x, struct vt_value *skip, int level,
                                int out, bool transposed)
{
  enum { STAGES = 3 }; /* the decoder's first step is as fine as this stage of the encoder */
  if (!skip) return NULL;
  enum vt_conv_kind kind = vt__conv_kind_at(n, STAGES - 1 - level);
  struct vt_value *y = vt_net_conv_norm_relu(n, x, vt__name(n, "decoder.%d.reduce", level), out, 1, 1);
  y = transposed ? double_size(n, y, vt__name(n, "decoder.%d.up", level))
                 : enlarge(n, y, skip->dim[2], skip->dim[3]);
  y = vt_emit(n->g, "Concat", VT_IN(y, skip), "axis=1");
  return vt_net_conv_block(n, y, vt__name(n, "decoder.%d.mix", level), kind, out, 3, 1);
}

struct vt_value *vt_build_unet(struct vt_net *n, struct vt_value *x, const struct vt_unet_opts *o,
                               struct vt_err *e)
{
  struct vt_value *feature[5] = {0};
  if (vt_build_encoder(n, x, &o->encoder, o->network, feature, e)) return NULL;
  struct vt_value *y = feature[4];
  for (int level = 0; level < 4; level++)
    y = step_up(n, y, feature[3 - level], level, o->decoder[level], o->transposed);
  if (y && x->dim[2] > 0 && x->dim[3] > 0 && (y->dim[2] != x->dim[2] / 2 || y->dim[3] != x->dim[3] / 2))
    y = enlarge(n, y, x->dim[2] / 2, x->dim[3] / 2);
  y = vt_net_conv(n, vt__dropout(n, y, o->dropout), "head", o->classes, 1, 1, true);
  return vt_graph_status(n->g, e) ? NULL : y;
}
