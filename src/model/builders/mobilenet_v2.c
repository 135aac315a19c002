/* Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018. */
#include "model/layers.h"

/* Feature maps are those before each block that halves the sides, and the last convolution's. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  static const struct {
    int expand, out, count, stride;
  } stage[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
               {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  double width = o->width > 0 ? (double)o->width : 1;
  int at = 1, level = 0;
  x = vt_net_conv(n, x, "features.0.0", vt__scaled(32, width), 3, 2, false);
  x = vt__norm_act(n, x, "features.0.1", 1e-5f, VT__RELU6);
  for (size_t s = 0; s < VT_COUNT(stage); s++)
    for (int i = 0; i < stage[s].count && x; i++) {
      struct vt__mobile m = {.hidden = (int)x->dim[1] * stage[s].expand,
                             .out = vt__scaled(stage[s].out, width),
                             .kernel = 3,
                             .stride = i ? 1 : stage[s].stride,
                             .act = VT__RELU6,
                             .epsilon = 1e-5f,
                             .last_flat = true};
      if (m.stride == 2) out->feature[level++] = x;
      x = vt__mobile_block(n, x, vt__name(n, "features.%d.conv", at++), &m);
    }
  x = vt_net_conv(n, x, "features.18.0", vt__scaled(1280, VT_MAX(width, 1)), 1, 1, false);
  out->feature[4] = x = vt__norm_act(n, x, "features.18.1", 1e-5f, VT__RELU6);
  if (!o->encoder) vt__head(n, x, "classifier.1", 0.2f, o, out);
}

static const struct vt_builder builders[] = {{"mobilenet_v2", 224, 3504872, NULL, build}};
const struct vt_builder_family vt_builders_mobilenet_v2 = {.name = "mobilenet_v2",
                                                           .paper = "Sandler et al. 2018",
                                                           .has_width = true,
                                                           .builder = builders,
                                                           .n = VT_COUNT(builders)};
