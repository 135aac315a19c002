/* Howard et al., "Searching for MobileNetV3", 2019, tables 1 and 2. */
#include "model/layers.h"

struct row {
  int kernel, hidden, out;
  bool squeeze, hard_swish; /* hard swish or ReLU */
  int stride;
};
struct variant {
  int n, last; /* rows; numbers of the hidden linear layer */
  const struct row *row;
};

/* Feature maps are those before each block that halves the sides, and the last convolution's. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  const struct variant *v = b->variant;
  const float epsilon = 1e-3f;
  double width = o->width > 0 ? (double)o->width : 1;
  int level = 0;
  x = vt_net_conv(n, x, "features.0.0", vt__scaled(16, width), 3, 2, false);
  x = vt__norm_act(n, x, "features.0.1", epsilon, VT__HARD_SWISH);
  for (int i = 0; i < v->n && x; i++) {
    const struct row *r = &v->row[i];
    struct vt__mobile m = {.hidden = vt__scaled(r->hidden, width),
                           .out = vt__scaled(r->out, width),
                           .kernel = r->kernel,
                           .stride = r->stride,
                           .act = r->hard_swish ? VT__HARD_SWISH : VT__RELU,
                           .inner = VT__RELU,
                           .gate = VT__HARD_SIGMOID,
                           .epsilon = epsilon};
    int quarter = m.hidden / 4;
    if (r->squeeze) m.squeezed = vt__scaled(quarter, 1);
    if (m.stride == 2) out->feature[level++] = x;
    x = vt__mobile_block(n, x, vt__name(n, "features.%d.block", i + 1), &m);
  }
  if (!x) return;
  x = vt_net_conv(n, x, vt__name(n, "features.%d.0", v->n + 1), 6 * (int)x->dim[1], 1, 1, false);
  out->feature[4] = x = vt__norm_act(n, x, vt__name(n, "features.%d.1", v->n + 1), epsilon, VT__HARD_SWISH);
  if (o->encoder) return;
  x = vt_net_linear(n, vt__global_pool(n, x), "classifier.0", vt__scaled(v->last, width), true);
  vt__head_vector(n, vt__act(n, x, VT__HARD_SWISH), "classifier.3", 0.2f, o, out);
}

static const struct row rows_large[] = {
    {3, 16, 16, false, false, 1}, {3, 64, 24, false, false, 2}, {3, 72, 24, false, false, 1},
    {5, 72, 40, true, false, 2},  {5, 120, 40, true, false, 1}, {5, 120, 40, true, false, 1},
    {3, 240, 80, false, true, 2}, {3, 200, 80, false, true, 1}, {3, 184, 80, false, true, 1},
    {3, 184, 80, false, true, 1}, {3, 480, 112, true, true, 1}, {3, 672, 112, true, true, 1},
    {5, 672, 160, true, true, 2}, {5, 960, 160, true, true, 1}, {5, 960, 160, true, true, 1}};
static const struct row rows_small[] = {
    {3, 16, 16, true, false, 2}, {3, 72, 24, false, false, 2}, {3, 88, 24, false, false, 1},
    {5, 96, 40, true, true, 2},  {5, 240, 40, true, true, 1},  {5, 240, 40, true, true, 1},
    {5, 120, 48, true, true, 1}, {5, 144, 48, true, true, 1},  {5, 288, 96, true, true, 2},
    {5, 576, 96, true, true, 1}, {5, 576, 96, true, true, 1}};
static const struct variant large = {VT_COUNT(rows_large), 1280, rows_large},
                            small = {VT_COUNT(rows_small), 1024, rows_small};
static const struct vt_builder builders[] = {{"mobilenet_v3_small", 224, 2542856, &small, build},
                                             {"mobilenet_v3_large", 224, 5483032, &large, build}};
const struct vt_builder_family vt_builders_mobilenet_v3 = {.name = "mobilenet_v3",
                                                           .paper = "Howard et al. 2019",
                                                           .has_width = true,
                                                           .builder = builders,
                                                           .n = VT_COUNT(builders)};
