/* Huang et al., "Densely Connected Convolutional Networks", 2017 (DenseNet-BC): each layer reads all feature
 * maps of its block before it and adds `growth` channels; transitions halve channels and sides. */
#include "model/layers.h"

struct variant {
  int growth, layers[4], stem;
};

/* New maps of a layer: bn, relu, 1x1 to 4 growth channels, bn, relu, 3x3 to growth channels. */
static struct vt_value *layer(struct vt_net *n, struct vt_value *x, const char *name, int growth)
{
  x = vt__norm_act(n, x, vt__name(n, "%s.norm1", name), 1e-5f, VT__RELU);
  x = vt_net_conv(n, x, vt__name(n, "%s.conv1", name), 4 * growth, 1, 1, false);
  x = vt__norm_act(n, x, vt__name(n, "%s.norm2", name), 1e-5f, VT__RELU);
  return vt_net_conv(n, x, vt__name(n, "%s.conv2", name), growth, 3, 1, false);
}

static struct vt_value *transition(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  int half = (int)x->dim[1] / 2;
  x = vt__norm_act(n, x, vt__name(n, "%s.norm", name), 1e-5f, VT__RELU);
  x = vt_net_conv(n, x, vt__name(n, "%s.conv", name), half, 1, 1, false);
  return vt__mean_pool(n, x, 2, 2, 0, false);
}

/* feature[1..3] are the blocks' outputs before the transitions, feature[4] the last norm's. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  const struct variant *v = b->variant;
  x = vt_net_conv(n, x, "features.conv0", v->stem, 7, 2, false);
  out->feature[0] = vt__norm_act(n, x, "features.norm0", 1e-5f, VT__RELU);
  x = vt__max_pool(n, out->feature[0], 3, 2, 1);
  for (int s = 0; s < 4; s++) {
    for (int i = 0; i < v->layers[s]; i++) {
      const char *name = vt__name(n, "features.denseblock%d.denselayer%d", s + 1, i + 1);
      x = vt_emit(n->g, "Concat", VT_IN(x, layer(n, x, name, v->growth)), "axis=1");
    }
    out->feature[s + 1] = x;
    if (s < 3) x = transition(n, x, vt__name(n, "features.transition%d", s + 1));
  }
  out->feature[4] = x = vt__norm_act(n, x, "features.norm5", 1e-5f, VT__RELU);
  if (!o->encoder) vt__head(n, x, "classifier", 0, o, out);
}

static const struct variant v121 = {32, {6, 12, 24, 16}, 64}, v161 = {48, {6, 12, 36, 24}, 96},
                            v169 = {32, {6, 12, 32, 32}, 64}, v201 = {32, {6, 12, 48, 32}, 64};
static const struct vt_builder builders[] = {{"densenet121", 224, 7978856, &v121, build},
                                             {"densenet161", 224, 28681000, &v161, build},
                                             {"densenet169", 224, 14149480, &v169, build},
                                             {"densenet201", 224, 20013928, &v201, build}};
const struct vt_builder_family vt_builders_densenet = {
    .name = "densenet", .paper = "Huang et al. 2017", .builder = builders, .n = VT_COUNT(builders)};
