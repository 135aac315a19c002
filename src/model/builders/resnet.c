/* Residual networks: He et al., "Deep Residual Learning for Image Recognition", 2016. Blocks of two 3x3
 * convolutions, or bottlenecks of 1x1, 3x3, 1x1 whose stride stands at the 3x3 (version 1.5). The last scale
 * of each block starts at zero (Goyal 2017, section 5.1), so that a block starts as the identity. */
#include "model/layers.h"

struct variant {
  bool bottleneck;
  int blocks[4];
};

/* relu(x' + y), x' = x or its projection where the shape changes. */
static struct vt_value *join(struct vt_net *n, struct vt_value *x, struct vt_value *y, const char *name,
                             int stride)
{
  if (!y) return NULL;
  if (stride != 1 || x->dim[1] != y->dim[1]) {
    x = vt_net_conv(n, x, vt__name(n, "%s.downsample.0", name), (int)y->dim[1], 1, stride, false);
    x = vt_net_norm(n, x, vt__name(n, "%s.downsample.1", name), 1);
  }
  return vt__act(n, vt_emit(n->g, "Add", VT_IN(y, x), ""), VT__RELU);
}

struct vt_value *vt__basic_block(struct vt_net *n, struct vt_value *x, const char *name,
                                 const struct vt__block *o)
{
  const struct vt_attention *a = o->attention;
  struct vt_value *y = vt__conv_of_kind(n, x, vt__name(n, "%s.conv1", name), o->conv, o->out, 3, o->stride);
  y = vt__norm_act(n, y, vt__name(n, "%s.bn1", name), 1e-5f, VT__RELU);
  y = vt__conv_of_kind(n, y, vt__name(n, "%s.conv2", name), o->conv, o->out, 3, 1);
  y = vt_net_norm(n, y, vt__name(n, "%s.bn2", name), 0);
  if (a) y = a->build(n, y, vt__name(n, "%s.attention", name));
  return join(n, x, vt__drop_path(n, y, o->drop_path), name, o->stride);
}

static struct vt_value *bottleneck(struct vt_net *n, struct vt_value *x, const char *name,
                                   const struct vt__block *o)
{
  struct vt_value *y = vt_net_conv(n, x, vt__name(n, "%s.conv1", name), o->out, 1, 1, false);
  y = vt__norm_act(n, y, vt__name(n, "%s.bn1", name), 1e-5f, VT__RELU);
  y = vt__conv_of_kind(n, y, vt__name(n, "%s.conv2", name), o->conv, o->out, 3, o->stride);
  y = vt__norm_act(n, y, vt__name(n, "%s.bn2", name), 1e-5f, VT__RELU);
  y = vt_net_conv(n, y, vt__name(n, "%s.conv3", name), 4 * o->out, 1, 1, false);
  return join(n, x, vt_net_norm(n, y, vt__name(n, "%s.bn3", name), 0), name, o->stride);
}

static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  const struct variant *v = b->variant;
  x = vt_net_conv(n, x, "conv1", 64, 7, 2, false);
  out->feature[0] = vt__norm_act(n, x, "bn1", 1e-5f, VT__RELU);
  x = vt__max_pool(n, out->feature[0], 3, 2, 1);
  for (int s = 0; s < 4; s++) {
    for (int i = 0; i < v->blocks[s]; i++) {
      const char *name = vt__name(n, "layer%d.%d", s + 1, i);
      struct vt__block block = {.out = 64 << s, .stride = s && !i ? 2 : 1, .conv = vt__conv_kind_at(n, s)};
      x = v->bottleneck ? bottleneck(n, x, name, &block) : vt__basic_block(n, x, name, &block);
    }
    out->feature[s + 1] = x;
  }
  if (!o->encoder) vt__head(n, x, "fc", 0, o, out);
}

static const struct variant v18 = {false, {2, 2, 2, 2}}, v34 = {false, {3, 4, 6, 3}},
                            v50 = {true, {3, 4, 6, 3}}, v101 = {true, {3, 4, 23, 3}},
                            v152 = {true, {3, 8, 36, 3}};
static const struct vt_builder builders[] = {{"resnet18", 224, 11689512, &v18, build},
                                             {"resnet34", 224, 21797672, &v34, build},
                                             {"resnet50", 224, 25557032, &v50, build},
                                             {"resnet101", 224, 44549160, &v101, build},
                                             {"resnet152", 224, 60192808, &v152, build}};
const struct vt_builder_family vt_builders_resnet = {.name = "resnet",
                                                     .paper = "He et al. 2016",
                                                     .has_convolution = true,
                                                     .builder = builders,
                                                     .n = VT_COUNT(builders)};
