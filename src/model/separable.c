/* What stands for a convolution with fewer numbers: Howard et al., "MobileNets", 2017, section 3.1, and
 * Szegedy et al., "Rethinking the Inception Architecture", 2016, section 3.2. For C channels in and out and a
 * kernel of k a plain one has k k C C numbers, depthwise k k C + C C, spatial 2 k C C. */
#include "model/layers.h"

/* The plain one's names are vt_net_conv_norm_relu's. */
struct vt_value *vt_net_conv_block(struct vt_net *n, struct vt_value *x, const char *name,
                                   enum vt_conv_kind kind, int out, int kernel, int stride)
{
  if (!x || kind == VT_CONV_PLAIN) return vt_net_conv_norm_relu(n, x, name, out, kernel, stride);
  if (kind == VT_CONV_DEPTHWISE) {
    int c = (int)x->dim[1];
    x = vt__conv2d(n, x, vt__name(n, "%s.depthwise.conv", name), c, kernel, .stride = stride, .group = c);
    x = vt__norm_act(n, x, vt__name(n, "%s.depthwise.bn", name), 1e-5f, VT__RELU);
    return vt_net_conv_norm_relu(n, x, vt__name(n, "%s.pointwise", name), out, 1, 1);
  }
  x = vt__conv2d(n, x, vt__name(n, "%s.rows", name), out, kernel, 1, .stride = stride);
  x = vt__conv2d(n, x, vt__name(n, "%s.columns", name), out, 1, kernel);
  return vt__norm_act(n, x, vt__name(n, "%s.bn", name), 1e-5f, VT__RELU);
}
