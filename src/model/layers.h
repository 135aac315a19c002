/* Layers that the builders share. Names follow PyTorch: NAME.weight, NAME.bias, NAME.running_mean. All return
 * NULL once the graph has failed. Private to model/. */
#ifndef VT_MODEL_LAYERS_H
#define VT_MODEL_LAYERS_H

#include "model/model.h"

/* Parameter BASE.PART of the given shape, behind the network's prefix: an input of an outline; else from
 * n->find; else all `value`, or normal of that deviation. The random stream is the name's hash, so that
 * adding a layer does not change the others. Trainable unless PART is a running statistic. */
enum vt__init { VT__CONSTANT, VT__NORMAL };
struct vt_value *vt__param(struct vt_net *n, const char *base, const char *part, int rank, const int64_t *dim,
                           enum vt__init init, float value);

/* y = conv(x): (N, C, H, W) -> (N, out, H', W'). */
struct vt__conv {
  int out;
  int kernel;   /* height, and width unless kernel_w is set */
  int kernel_w; /* 0: as the height */
  int stride;   /* 0: 1 */
  int group;    /* 0: 1 */
  int dilation; /* 0: 1 */
  bool valid;   /* no padding; otherwise half the kernel, */
  bool upper;   /* or such that sides / stride, rounded up, come out, the odd one behind (TensorFlow's) */
  bool bias;
};
struct vt_value *vt__conv(struct vt_net *n, struct vt_value *x, const char *name, const struct vt__conv *c);
/* The weights alone of a convolution of that kernel, without groups. */
struct vt_value *vt__conv_weight(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel);
#define vt__conv2d(n, x, name, ...) vt__conv(n, x, name, &(struct vt__conv){__VA_ARGS__})

/* What stands for such a convolution, without a norm behind it. */
struct vt_value *vt__conv_of_kind(struct vt_net *n, struct vt_value *x, const char *name,
                                  enum vt_conv_kind kind, int out, int kernel, int stride);
/* The network's kind where stage 0 .. 3 of a residual encoder stands: deformable ones are plain at first. */
enum vt_conv_kind vt__conv_kind_at(const struct vt_net *n, int stage);

/* Hidden activations, up to VT__HARD_SWISH, are the network's own choice where it has one. */
enum vt__act { VT__NONE, VT__RELU, VT__RELU6, VT__SILU, VT__HARD_SWISH, VT__SIGMOID, VT__HARD_SIGMOID };
struct vt_value *vt__act(struct vt_net *n, struct vt_value *x, enum vt__act act);
struct vt_value *vt__activate(struct vt_net *n, struct vt_value *x, const struct vt_activation *a);
/* vt_net_norm with another epsilon. */
struct vt_value *vt__norm(struct vt_net *n, struct vt_value *x, const char *name, float gamma, float epsilon);
/* Norm of that epsilon, then the activation. */
struct vt_value *vt__norm_act(struct vt_net *n, struct vt_value *x, const char *name, float epsilon,
                              enum vt__act act);

/* Square window, padding on every side; the maximum, or the mean with or without the padding counted. */
struct vt_value *vt__max_pool(struct vt_net *n, struct vt_value *x, int kernel, int stride, int pad);
struct vt_value *vt__mean_pool(struct vt_net *n, struct vt_value *x, int kernel, int stride, int pad,
                               bool count_pad);
/* y, as many elements as x, in the shape of x; and y (N, C, h, w) resized by linear interpolation to the
 * shape of x (N, C, H, W). Sizes that are open in x are asked for when the network runs. */
struct vt_value *vt__reshape_as(struct vt_net *n, struct vt_value *y, struct vt_value *x);
struct vt_value *vt__resize_as(struct vt_net *n, struct vt_value *y, struct vt_value *x);
/* (N, C, H, W) -> (N, C) */
struct vt_value *vt__global_pool(struct vt_net *n, struct vt_value *x);
/* Dropout of vectors or maps; nothing unless the network is in training. */
struct vt_value *vt__dropout(struct vt_net *n, struct vt_value *x, float ratio);
/* DropBlock (Ghiasi 2018) of maps: squares of that side; nothing unless the network is in training. */
struct vt_value *vt__drop_block(struct vt_net *n, struct vt_value *x, float ratio, int side);
/* Stochastic depth (Huang 2016) of a residual branch; nothing unless the network is in training. */
struct vt_value *vt__drop_path(struct vt_net *n, struct vt_value *x, float ratio);
/* Squeeze and excitation (Hu 2018): x gate(NAME.fc2(inner(NAME.fc1(mean of x)))), 1x1 convolutions. */
struct vt_value *vt__squeeze_excite(struct vt_net *n, struct vt_value *x, const char *name, int squeezed,
                                    enum vt__act inner, enum vt__act gate);

/* Ends a network at its last map: pooled and, where classes are asked for, dropout and the linear layer. */
void vt__head(struct vt_net *n, struct vt_value *map, const char *name, float dropout,
              const struct vt_builder_opts *o, struct vt_built *out);
/* The same behind vectors (N, D) that are pooled already. */
void vt__head_vector(struct vt_net *n, struct vt_value *vector, const char *name, float dropout,
                     const struct vt_builder_opts *o, struct vt_built *out);

/* printf into the graph's arena; "" once the graph has failed. */
const char *vt__name(struct vt_net *n, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* c times the width option, a multiple of 8, at least 8 and never under 90 % of the exact number
 * (MobileNetV2's rule). */
int vt__scaled(double c, double width);

/* Inverted residual block (Sandler 2018; with squeeze and excitation: Howard 2019, Tan 2019): 1x1 to `hidden`
 * channels, kernel x kernel by channel, squeeze and excitation, 1x1 without activation; x is added where the
 * shapes agree. Names are torchvision's: NAME.PART.0, .1 for a convolution and its norm. */
struct vt__mobile {
  int hidden, out, kernel, stride;
  int squeezed; /* channels in the middle of squeeze and excitation; 0: without */
  enum vt__act act, inner, gate;
  float epsilon, drop_path;
  bool last_flat; /* the last convolution and norm are NAME.PART and NAME.PART+1 */
};
struct vt_value *vt__mobile_block(struct vt_net *n, struct vt_value *x, const char *name,
                                  const struct vt__mobile *m);

/* Capsules, see capsule.c. Squash along the last axis. */
struct vt_value *vt__squash(struct vt_net *n, struct vt_value *s);
/* A convolution whose channels are capsules: (N, C, H, W) -> (N, maps H' W', dim), squashed. */
struct vt_value *vt__primary_capsules(struct vt_net *n, struct vt_value *x, const char *name, int maps,
                                      int dim, int kernel, int stride);
/* Routing by agreement: u (N, I, d) -> (N, capsules, dim); NAME.weight (I, d, capsules dim). */
struct vt_value *vt__route_capsules(struct vt_net *n, struct vt_value *u, const char *name, int capsules,
                                    int dim, int rounds);
/* (N, J, D) -> (N, J) */
struct vt_value *vt__capsule_lengths(struct vt_net *n, struct vt_value *v);

/* x (N, 3, H, W) -> (N, D): the encoder's last map, averaged, or what a network by name gives to its
 * classifier; capsule networks their capsules side by side. NULL after a failure. */
struct vt_value *vt__encoder_vector(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                                    const struct vt_builder *network, struct vt_err *e);

/* relu(x + branch) of two 3x3 convolutions, see builders/resnet.c. */
struct vt__block {
  int out, stride;
  enum vt_conv_kind conv;
  const struct vt_attention *attention; /* weighs the branch; NULL: none */
  float drop_path;                      /* of the branch */
};
struct vt_value *vt__basic_block(struct vt_net *n, struct vt_value *x, const char *name,
                                 const struct vt__block *o);

#endif
