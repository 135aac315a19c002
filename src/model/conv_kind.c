/* What stands for a convolution; see layer_kinds.h. */
#include "model/layers.h"

/* The most groups up to 8 that divide both. */
static int groups(int64_t in, int out)
{
  int g = 8;
  while (in % g || out % g) g--;
  return g;
}

/* A convolution of x without activation, whose weights and bias start at zero. */
static struct vt_value *aim(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel,
                            int stride)
{
  int64_t dim[4] = {out, x->dim[1], kernel, kernel}, c[1] = {out};
  struct vt_value *w = vt__param(n, name, "weight", 4, dim, VT__CONSTANT, 0),
                  *b = vt__param(n, name, "bias", 1, c, VT__CONSTANT, 0);
  int pad = kernel / 2;
  return vt_emit(n->g, "Conv", VT_IN(x, w, b), "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d]",
                 kernel, kernel, stride, stride, pad, pad, pad, pad);
}

/* DeformConv is of opset 19; the graph is of 17 for what else it holds. */
static struct vt_value *deformable(struct vt_net *n, struct vt_value *x, const char *name, bool masked,
                                   int out, int kernel, int stride)
{
  enum { SINCE = 19 };
  int taps = kernel * kernel, pad = kernel / 2, opset = n->g->opset;
  struct vt_value *in[5] = {x, vt__conv_weight(n, x, name, out, kernel),
                            aim(n, x, vt__name(n, "%s.offset", name), 2 * taps, kernel, stride)},
                  *y;
  if (masked) in[4] = aim(n, x, vt__name(n, "%s.mask", name), taps, kernel, stride);
  if (masked) in[4] = vt__act(n, in[4], VT__SIGMOID);
  n->g->opset = SINCE;
  y = vt_emit_n(n->g, "DeformConv", masked ? 5 : 3, in, 1, &y,
                "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d]", kernel, kernel, stride, stride,
                pad, pad, pad, pad);
  n->g->opset = opset;
  return y;
}

struct vt_value *vt__conv_of_kind(struct vt_net *n, struct vt_value *x, const char *name,
                                  enum vt_conv_kind kind, int out, int kernel, int stride)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int c = (int)x->dim[1];
  switch (kind) {
  case VT_CONV_PLAIN: break;
  case VT_CONV_DEPTHWISE:
    x = vt__conv2d(n, x, vt__name(n, "%s.depthwise", name), c, kernel, .stride = stride, .group = c);
    x = vt__norm_act(n, x, vt__name(n, "%s.bn", name), 1e-5f, VT__RELU);
    return vt_net_conv(n, x, vt__name(n, "%s.pointwise", name), out, 1, 1, false);
  case VT_CONV_SPATIAL:
    x = vt__conv2d(n, x, vt__name(n, "%s.rows", name), out, kernel, 1, .stride = stride);
    return vt__conv2d(n, x, vt__name(n, "%s.columns", name), out, 1, kernel);
  case VT_CONV_GROUPED: return vt__conv2d(n, x, name, out, kernel, .stride = stride, .group = groups(c, out));
  case VT_CONV_DILATED: return vt__conv2d(n, x, name, out, kernel, .stride = stride, .dilation = 2);
  case VT_CONV_DEFORMABLE: return deformable(n, x, name, false, out, kernel, stride);
  case VT_CONV_DEFORMABLE_V2: return deformable(n, x, name, true, out, kernel, stride);
  }
  return vt_net_conv(n, x, name, out, kernel, stride, false);
}

enum vt_conv_kind vt__conv_kind_at(const struct vt_net *n, int stage)
{
  enum { FIRST = 2 }; /* at 1/8 of the picture's sides (Zhu et al. 2019, section 4.2: conv3 to conv5) */
  return n->layers.conv >= VT_CONV_DEFORMABLE && stage < FIRST ? VT_CONV_PLAIN : n->layers.conv;
}

struct vt_value *vt_net_conv_block(struct vt_net *n, struct vt_value *x, const char *name,
                                   enum vt_conv_kind kind, int out, int kernel, int stride)
{
  x = vt__conv_of_kind(n, x, vt__name(n, "%s.conv", name), kind, out, kernel, stride);
  return vt__norm_act(n, x, vt__name(n, "%s.bn", name), 1e-5f, VT__RELU);
}
