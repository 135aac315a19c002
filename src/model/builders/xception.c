/* Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017. Names are timm's. Made for
 * pictures of mean 0.5 and deviation 0.5. */
#include "model/layers.h"

/* 3x3 by channel, then 1x1. */
static struct vt_value *separable(struct vt_net *n, struct vt_value *x, const char *name, int out)
{
  if (!x) return NULL;
  int in = (int)x->dim[1];
  x = vt__conv2d(n, x, vt__name(n, "%s.conv1", name), in, 3, .group = in);
  return vt_net_conv(n, x, vt__name(n, "%s.pointwise", name), out, 1, 1, false);
}

struct block {
  int out, count, stride;
  bool grow_last; /* the last convolution changes the channels, otherwise the first */
};

/* x' + norms of separable convolutions, each behind a ReLU but the network's first; halved by a pooling. */
static struct vt_value *block(struct vt_net *n, struct vt_value *x, int number, const struct block *b)
{
  struct vt_value *y = x;
  if (!x) return NULL;
  int in = (int)x->dim[1], place = 0;
  for (int i = 0; i < b->count; i++) {
    if (i || number > 1) {
      y = vt__act(n, y, VT__RELU);
      place++;
    }
    int out = b->grow_last && i + 1 < b->count ? in : b->out;
    y = separable(n, y, vt__name(n, "block%d.rep.%d", number, place++), out);
    y = vt_net_norm(n, y, vt__name(n, "block%d.rep.%d", number, place++), 1);
  }
  if (b->stride != 1) y = vt__max_pool(n, y, 3, b->stride, 1);
  if (b->stride != 1 || in != b->out) {
    x = vt_net_conv(n, x, vt__name(n, "block%d.skip", number), b->out, 1, b->stride, false);
    x = vt_net_norm(n, x, vt__name(n, "block%d.skipbn", number), 1);
  }
  return vt_emit(n->g, "Add", VT_IN(y, x), "");
}

static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  static const struct block entry[3] = {{128, 2, 2}, {256, 2, 2}, {728, 2, 2}}, middle = {728, 3, 1},
                            leave = {1024, 2, 2, true};
  x = vt__conv2d(n, x, "conv1", 32, 3, .stride = 2, .valid = true);
  x = vt__norm_act(n, x, "bn1", 1e-5f, VT__RELU);
  x = vt__conv2d(n, x, "conv2", 64, 3, .valid = true);
  out->feature[0] = x = vt__norm_act(n, x, "bn2", 1e-5f, VT__RELU);
  for (int i = 1; i <= 12; i++) {
    if (i == 2 || i == 3) out->feature[i - 1] = x;
    if (i == 12) out->feature[3] = x;
    x = block(n, x, i, i <= 3 ? &entry[i - 1] : i < 12 ? &middle : &leave);
  }
  x = vt__norm_act(n, separable(n, x, "conv3", 1536), "bn3", 1e-5f, VT__RELU);
  x = vt__norm_act(n, separable(n, x, "conv4", 2048), "bn4", 1e-5f, VT__RELU);
  out->feature[4] = x;
  if (!o->encoder) vt__head(n, x, "fc", 0, o, out);
}

static const struct vt_builder builders[] = {{"xception", 299, 22855952, NULL, build}};
const struct vt_builder_family vt_builders_xception = {.name = "xception",
                                                       .paper = "Chollet 2017",
                                                       .centred = true,
                                                       .unpadded = true,
                                                       .builder = builders,
                                                       .n = VT_COUNT(builders)};
