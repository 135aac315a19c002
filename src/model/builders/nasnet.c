/* Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition", 2018: NASNet-A, figure
 * 4. A cell reads the outputs of the two cells before it, brings both to its width, combines them pairwise
 * five times and joins what no combination reads. Names are timm's. Made for pictures of mean 0.5 and
 * deviation 0.5. */
#include "model/layers.h"

struct variant {
  int stem, width, cells; /* channels of the stem and of the first cells; cells between reductions */
};
static const float epsilon = 1e-3f;

/* ReLU, 1x1 convolution, norm. */
static struct vt_value *fit(struct vt_net *n, struct vt_value *x, const char *name, int out)
{
  x = vt_net_conv(n, vt__act(n, x, VT__RELU), vt__name(n, "%s.conv", name), out, 1, 1, false);
  return vt__norm(n, x, vt__name(n, "%s.bn", name), 1, epsilon);
}

/* Half the size without losing what lies between: the even pixels and those one down and right of them give
 * half of the channels each ("factorised reduction"). */
static struct vt_value *fit_half(struct vt_net *n, struct vt_value *x, const char *name, int out)
{
  x = vt__act(n, x, VT__RELU);
  struct vt_value *pads = vt_graph_ints(n->g, 8, (int64_t[]){0, 0, -1, -1, 0, 0, 1, 1});
  struct vt_value *shifted = vt_emit(n->g, "Pad", VT_IN(x, pads), "");
  struct vt_value *a = vt_net_conv(n, x, vt__name(n, "%s.path_1.conv", name), out / 2, 1, 2, false);
  struct vt_value *b = vt_net_conv(n, shifted, vt__name(n, "%s.path_2.conv", name), out / 2, 1, 2, false);
  x = vt_emit(n->g, "Concat", VT_IN(a, b), "axis=1");
  return vt__norm(n, x, vt__name(n, "%s.final_path_bn", name), 1, epsilon);
}

/* Twice: ReLU, kernel x kernel by channel, 1x1, norm; the first with the stride. */
static struct vt_value *separable(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel,
                                  int stride)
{
  for (int i = 1; i <= 2 && x; i++) {
    int in = (int)x->dim[1];
    x = vt__act(n, x, VT__RELU);
    x = vt__conv2d(n, x, vt__name(n, "%s.separable_%d.depthwise_conv2d", name, i), in, kernel,
                   .stride = i == 1 ? stride : 1, .group = in, .upper = true);
    x = vt_net_conv(n, x, vt__name(n, "%s.separable_%d.pointwise_conv2d", name, i), out, 1, 1, false);
    x = vt__norm(n, x, vt__name(n, "%s.bn_sep_%d", name, i), 1, epsilon);
  }
  return x;
}

static struct vt_value *pool(struct vt_net *n, struct vt_value *x, const char *op, int stride)
{
  return vt_emit(n->g, op, VT_IN(x), "kernel_shape=[3,3] strides=[%d,%d] auto_pad=SAME_UPPER", stride,
                 stride);
}

static struct vt_value *add(struct vt_net *n, struct vt_value *a, struct vt_value *b)
{
  return vt_emit(n->g, "Add", VT_IN(a, b), "");
}

#define COMB(i, side) vt__name(n, "%s.comb_iter_" #i "_" #side, name)

/* x: the cell before, p: the one before that, both of the cell's width. */
static struct vt_value *normal(struct vt_net *n, struct vt_value *x, struct vt_value *p, const char *name,
                               int width)
{
  struct vt_value *mean = pool(n, p, "AveragePool", 1);
  struct vt_value *c0 =
      add(n, separable(n, x, COMB(0, left), width, 5, 1), separable(n, p, COMB(0, right), width, 3, 1));
  struct vt_value *c1 =
      add(n, separable(n, p, COMB(1, left), width, 5, 1), separable(n, p, COMB(1, right), width, 3, 1));
  struct vt_value *c2 = add(n, pool(n, x, "AveragePool", 1), p), *c3 = add(n, mean, mean);
  struct vt_value *c4 = add(n, separable(n, x, COMB(4, left), width, 3, 1), x);
  return vt_emit(n->g, "Concat", VT_IN(p, c0, c1, c2, c3, c4), "axis=1");
}

/* The same at half the size. */
static struct vt_value *reduction(struct vt_net *n, struct vt_value *x, struct vt_value *p, const char *name,
                                  int width)
{
  struct vt_value *largest = pool(n, x, "MaxPool", 2), *mean = pool(n, x, "AveragePool", 2);
  struct vt_value *c0 =
      add(n, separable(n, x, COMB(0, left), width, 5, 2), separable(n, p, COMB(0, right), width, 7, 2));
  struct vt_value *c1 = add(n, largest, separable(n, p, COMB(1, right), width, 7, 2));
  struct vt_value *c2 = add(n, mean, separable(n, p, COMB(2, right), width, 5, 2));
  struct vt_value *c3 = add(n, pool(n, c0, "AveragePool", 1), c1);
  struct vt_value *c4 = add(n, separable(n, c0, COMB(4, left), width, 3, 1), largest);
  return vt_emit(n->g, "Concat", VT_IN(c1, c2, c3, c4), "axis=1");
}

/* Two reductions in front of the cells; the first reads the stem only, as it is. */
static void stems(struct vt_net *n, const struct variant *v, struct vt_value **x, struct vt_value **p)
{
  struct vt_value *stem = *x, *y = fit(n, stem, "cell_stem_0.conv_1x1", v->width / 4);
  *p = reduction(n, y, stem, "cell_stem_0", v->width / 4);
  y = fit(n, *p, "cell_stem_1.conv_1x1", v->width / 2);
  *x = reduction(n, y, fit_half(n, stem, "cell_stem_1", v->width / 2), "cell_stem_1", v->width / 2);
}

/* Feature maps: the stem, the first reduction, the last cell at each size. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  const struct variant *v = b->variant;
  struct vt_value *p, *y;
  x = vt__conv2d(n, x, "conv0.conv", v->stem, 3, .stride = 2, .valid = true);
  out->feature[0] = x = vt__norm(n, x, "conv0.bn", 1, epsilon);
  stems(n, v, &x, &p);
  out->feature[1] = p;
  for (int s = 0, cell = 0; s < 3; s++) {
    int width = v->width << s;
    for (int i = 0; i < v->cells; i++, cell++) {
      const char *name = vt__name(n, "cell_%d", cell);
      p = i ? fit(n, p, vt__name(n, "%s.conv_prev_1x1", name), width) : fit_half(n, p, name, width);
      y = normal(n, fit(n, x, vt__name(n, "%s.conv_1x1", name), width), p, name, width);
      p = x;
      x = y;
    }
    out->feature[s + 2] = x;
    if (s == 2) break;
    const char *name = vt__name(n, "reduction_cell_%d", s);
    struct vt_value *before = fit(n, p, vt__name(n, "%s.conv_prev_1x1", name), 2 * width);
    x = reduction(n, fit(n, x, vt__name(n, "%s.conv_1x1", name), 2 * width), before, name, 2 * width);
  }
  out->feature[4] = x = vt__act(n, x, VT__RELU);
  if (!o->encoder) vt__head(n, x, "last_linear", 0.5f, o, out);
}

static const struct variant mobile = {32, 44, 4}, large = {96, 168, 6};
static const struct vt_builder builders[] = {{"nasnet_mobile", 224, 5289978, &mobile, build},
                                             {"nasnet_large", 331, 88753150, &large, build}};
const struct vt_builder_family vt_builders_nasnet = {.name = "nasnet",
                                                     .paper = "Zoph et al. 2018",
                                                     .centred = true,
                                                     .unpadded = true,
                                                     .builder = builders,
                                                     .n = VT_COUNT(builders)};
