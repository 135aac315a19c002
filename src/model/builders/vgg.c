/* Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015: stacks
 * of 3x3 convolutions between poolings, then three linear layers. */
#include "model/layers.h"

struct variant {
  int convs[5]; /* before each pooling */
  bool norm;
};

/* 7x7 means of equal windows, as the linear layers want: nothing to do at the network's own size. A smaller
 * map is read as it is, by a first linear layer of as many weights. */
static struct vt_value *to_7x7(struct vt_net *n, struct vt_value *x)
{
  if (!x || (x->dim[2] > 0 && x->dim[2] <= 7 && x->dim[3] > 0 && x->dim[3] <= 7)) return x;
  if (x->dim[2] <= 0 || x->dim[2] % 7 || x->dim[2] != x->dim[3]) {
    vt_fail(&n->g->err, VT_ESHAPE, "vgg: sides of the input must be at most 224 or one multiple of it");
    return NULL;
  }
  return vt__mean_pool(n, x, (int)x->dim[2] / 7, (int)x->dim[2] / 7, 0, false);
}

/* Ends with two hidden layers; the classifier reads the second. */
static void classify(struct vt_net *n, struct vt_value *x, const struct vt_builder_opts *o,
                     struct vt_built *out)
{
  x = vt_emit(n->g, "Flatten", VT_IN(to_7x7(n, x)), "axis=1"); // (N, 512 * 7 * 7)
  x = vt__act(n, vt_net_linear(n, x, "classifier.0", 4096, true), VT__RELU);
  x = vt_net_linear(n, vt__dropout(n, x, 0.5f), "classifier.3", 4096, true);
  vt__head_vector(n, vt__act(n, x, VT__RELU), "classifier.6", 0.5f, o, out);
}

static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  static const int width[5] = {64, 128, 256, 512, 512};
  const struct variant *v = b->variant;
  int layer = 0; /* place in torchvision's list of layers */
  for (int s = 0; s < 5; s++) {
    for (int i = 0; i < v->convs[s]; i++) {
      x = vt_net_conv(n, x, vt__name(n, "features.%d", layer++), width[s], 3, 1, true);
      if (v->norm) x = vt_net_norm(n, x, vt__name(n, "features.%d", layer++), 1);
      x = vt__act(n, x, VT__RELU);
      layer++;
    }
    out->feature[s] = x = vt__max_pool(n, x, 2, 2, 0);
    layer++;
  }
  if (!o->encoder) classify(n, x, o, out);
}

static const struct variant v11 = {{1, 1, 2, 2, 2}, false}, v13 = {{2, 2, 2, 2, 2}, false},
                            v16 = {{2, 2, 3, 3, 3}, false}, v19 = {{2, 2, 4, 4, 4}, false},
                            v11_bn = {{1, 1, 2, 2, 2}, true}, v13_bn = {{2, 2, 2, 2, 2}, true},
                            v16_bn = {{2, 2, 3, 3, 3}, true}, v19_bn = {{2, 2, 4, 4, 4}, true};
static const struct vt_builder builders[] = {
    {"vgg11", 224, 132863336, &v11, build},       {"vgg13", 224, 133047848, &v13, build},
    {"vgg16", 224, 138357544, &v16, build},       {"vgg19", 224, 143667240, &v19, build},
    {"vgg11_bn", 224, 132868840, &v11_bn, build}, {"vgg13_bn", 224, 133053736, &v13_bn, build},
    {"vgg16_bn", 224, 138365992, &v16_bn, build}, {"vgg19_bn", 224, 143678248, &v19_bn, build}};
const struct vt_builder_family vt_builders_vgg = {
    .name = "vgg", .paper = "Simonyan, Zisserman 2015", .builder = builders, .n = VT_COUNT(builders)};
