/* Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016: fire modules, 1x1 to
 * few channels and back to many by 1x1 and 3x3 side by side. The classifier is a convolution. */
#include "model/layers.h"

enum { POOL = -1, MAX_LAYERS = 12 };
struct variant {
  int stem, kernel;
  int layer[MAX_LAYERS]; /* channels in the middle of a fire module, POOL, or 0: the end */
};

static struct vt_value *conv_relu(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel)
{
  return vt__act(n, vt_net_conv(n, x, name, out, kernel, 1, true), VT__RELU);
}

/* Fire modules widen to 8 times what they squeeze to, half of it by each kernel. */
static struct vt_value *fire(struct vt_net *n, struct vt_value *x, const char *name, int squeeze)
{
  x = conv_relu(n, x, vt__name(n, "%s.squeeze", name), squeeze, 1);
  struct vt_value *a = conv_relu(n, x, vt__name(n, "%s.expand1x1", name), 4 * squeeze, 1);
  struct vt_value *b = conv_relu(n, x, vt__name(n, "%s.expand3x3", name), 4 * squeeze, 3);
  return vt_emit(n->g, "Concat", VT_IN(a, b), "axis=1");
}

/* Sides halve four times; the last of the feature maps is the maximum over 2x2 of the one before. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  const struct variant *v = b->variant;
  int level = 0;
  x = vt__conv2d(n, x, "features.0", v->stem, v->kernel, .stride = 2, .valid = true, .bias = true);
  x = vt__act(n, x, VT__RELU);
  for (int i = 0; i < MAX_LAYERS && v->layer[i]; i++) {
    if (v->layer[i] == POOL) {
      out->feature[level++] = x;
      x = vt_emit(n->g, "MaxPool", VT_IN(x), "kernel_shape=[3,3] strides=[2,2] ceil_mode=1");
    } else {
      x = fire(n, x, vt__name(n, "features.%d", i + 2), v->layer[i]);
    }
  }
  out->feature[3] = x;
  out->feature[4] = vt__max_pool(n, x, 2, 2, 0);
  if (o->encoder) return;
  out->pooled = vt__global_pool(n, x);
  if (!o->classes) return;
  out->logits = vt__global_pool(n, conv_relu(n, vt__dropout(n, x, 0.5f), "classifier.1", o->classes, 1));
}

static const struct variant v1_0 = {96, 7, {POOL, 16, 16, 32, POOL, 32, 48, 48, 64, POOL, 64}},
                            v1_1 = {64, 3, {POOL, 16, 16, POOL, 32, 32, POOL, 48, 48, 64, 64}};
static const struct vt_builder builders[] = {{"squeezenet1_0", 224, 1248424, &v1_0, build},
                                             {"squeezenet1_1", 224, 1235496, &v1_1, build}};
const struct vt_builder_family vt_builders_squeezenet = {.name = "squeezenet",
                                                         .paper = "Iandola et al. 2016",
                                                         .unpadded = true,
                                                         .builder = builders,
                                                         .n = VT_COUNT(builders)};
