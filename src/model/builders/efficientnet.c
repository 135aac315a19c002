/* Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019: one network
 * (table 1), made wider and deeper by a pair of factors. Stochastic depth grows with the depth, to 0.2. */
#include "model/layers.h"

#include <math.h>

struct variant {
  double width, depth;
  float dropout, epsilon;
};
struct stage {
  int expand, kernel, stride, out, count;
};

/* Feature maps are those before each block that halves the sides, and the last convolution's. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  static const struct stage stage[7] = {{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2},
                                        {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4},
                                        {6, 3, 1, 320, 1}};
  const struct variant *v = b->variant;
  int level = 0, block = 0, blocks = 0;
  for (int s = 0; s < 7; s++) blocks += (int)ceil(stage[s].count * v->depth);
  x = vt_net_conv(n, x, "features.0.0", vt__scaled(32, v->width), 3, 2, false);
  x = vt__norm_act(n, x, "features.0.1", v->epsilon, VT__SILU);
  for (int s = 0; s < 7; s++)
    for (int i = 0; i < (int)ceil(stage[s].count * v->depth) && x; i++) {
      int in = (int)x->dim[1];
      struct vt__mobile m = {.hidden = in * stage[s].expand,
                             .out = vt__scaled(stage[s].out, v->width),
                             .kernel = stage[s].kernel,
                             .stride = i ? 1 : stage[s].stride,
                             .squeezed = in / 4,
                             .act = VT__SILU,
                             .inner = VT__SILU,
                             .gate = VT__SIGMOID,
                             .epsilon = v->epsilon,
                             .drop_path = 0.2f * (float)block++ / (float)blocks};
      if (m.stride == 2) out->feature[level++] = x;
      x = vt__mobile_block(n, x, vt__name(n, "features.%d.%d.block", s + 1, i), &m);
    }
  x = vt_net_conv(n, x, "features.8.0", 4 * vt__scaled(320, v->width), 1, 1, false);
  out->feature[4] = x = vt__norm_act(n, x, "features.8.1", v->epsilon, VT__SILU);
  if (!o->encoder) vt__head(n, x, "classifier.1", v->dropout, o, out);
}

static const struct variant v[8] = {{1.0, 1.0, 0.2f, 1e-5f}, {1.0, 1.1, 0.2f, 1e-5f}, {1.1, 1.2, 0.3f, 1e-5f},
                                    {1.2, 1.4, 0.3f, 1e-5f}, {1.4, 1.8, 0.4f, 1e-5f}, {1.6, 2.2, 0.4f, 1e-3f},
                                    {1.8, 2.6, 0.5f, 1e-3f}, {2.0, 3.1, 0.5f, 1e-3f}};
static const struct vt_builder builders[] = {
    {"efficientnet_b0", 224, 5288548, &v[0], build},  {"efficientnet_b1", 240, 7794184, &v[1], build},
    {"efficientnet_b2", 288, 9109994, &v[2], build},  {"efficientnet_b3", 300, 12233232, &v[3], build},
    {"efficientnet_b4", 380, 19341616, &v[4], build}, {"efficientnet_b5", 456, 30389784, &v[5], build},
    {"efficientnet_b6", 528, 43040704, &v[6], build}, {"efficientnet_b7", 600, 66347960, &v[7], build}};
const struct vt_builder_family vt_builders_efficientnet = {
    .name = "efficientnet", .paper = "Tan, Le 2019", .builder = builders, .n = VT_COUNT(builders)};
