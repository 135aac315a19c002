/* Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018. */
#include "model/layers.h"

/* 1x1 to `expand` times the channels, 3x3 by channel, 1x1 without activation; x is added where shapes agree.
 * first: the widened maps, where the block widens. */
static struct vt_value *inverted(struct vt_net *n, struct vt_value *x, const char *name, int expand, int out,
                                 int stride, struct vt_value **first)
{
  if (!x) return NULL;
  int in = (int)x->dim[1], hidden = in * expand, part = 0;
  struct vt_value *y = x;
  if (expand != 1) {
    y = vt_net_conv(n, y, vt__name(n, "%s.conv.%d.0", name, part), hidden, 1, 1, false);
    y = vt__norm_act(n, y, vt__name(n, "%s.conv.%d.1", name, part++), 1e-5f, VT__RELU6);
  }
  *first = y;
  y = vt__conv2d(n, y, vt__name(n, "%s.conv.%d.0", name, part), hidden, 3, .stride = stride, .group = hidden);
  y = vt__norm_act(n, y, vt__name(n, "%s.conv.%d.1", name, part++), 1e-5f, VT__RELU6);
  y = vt_net_conv(n, y, vt__name(n, "%s.conv.%d", name, part), out, 1, 1, false);
  y = vt_net_norm(n, y, vt__name(n, "%s.conv.%d", name, part + 1), 1);
  return stride == 1 && in == out ? vt_emit(n->g, "Add", VT_IN(x, y), "") : y;
}

/* Feature maps are the widened ones before each block that halves the sides, and the last convolution's. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  static const struct {
    int expand, out, count, stride;
  } stage[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
               {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  float width = o->width > 0 ? o->width : 1;
  int at = 1, level = 0;
  x = vt_net_conv(n, x, "features.0.0", vt__scaled(32, width), 3, 2, false);
  x = vt__norm_act(n, x, "features.0.1", 1e-5f, VT__RELU6);
  for (size_t s = 0; s < VT_COUNT(stage); s++)
    for (int i = 0; i < stage[s].count; i++) {
      struct vt_value *first = NULL;
      int stride = i ? 1 : stage[s].stride;
      x = inverted(n, x, vt__name(n, "features.%d", at++), stage[s].expand,
                   vt__scaled((float)stage[s].out, width), stride, &first);
      if (stride == 2) out->feature[level++] = first;
    }
  x = vt_net_conv(n, x, vt__name(n, "features.%d.0", at), vt__scaled(1280, width > 1 ? width : 1), 1, 1,
                  false);
  out->feature[level] = x = vt__norm_act(n, x, vt__name(n, "features.%d.1", at), 1e-5f, VT__RELU6);
  if (!o->encoder) vt__head(n, x, "classifier.1", 0.2f, o, out);
}

static const struct vt_builder builders[] = {{"mobilenet_v2", 224, 3504872, NULL, build}};
const struct vt_builder_family vt_builders_mobilenet_v2 = {.name = "mobilenet_v2",
                                                           .paper = "Sandler et al. 2018",
                                                           .has_width = true,
                                                           .builder = builders,
                                                           .n = VT_COUNT(builders)};
