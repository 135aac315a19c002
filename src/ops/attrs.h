/* Attributes of the operators that kernels and passes read: the structs behind vt_node.attrs.
 *
 * One struct serves a family, so that gradients hand it on. Lists that were left out have n = 0. */
#ifndef VT_OPS_ATTRS_H
#define VT_OPS_ATTRS_H

#include "engine/engine.h"

#define VT_DOMAIN "ai.vitrine"

/* Position in the choices of attribute `activation`. */
#define VT_ACT_CHOICES                                                                                       \
  "none|relu|leaky_relu|sigmoid|tanh|hard_sigmoid|hard_swish|elu|silu|clip|softplus|gelu|selu|mish"
enum vt_act {
  VT_ACT_NONE,
  VT_ACT_RELU,
  VT_ACT_LEAKY_RELU, /* x < 0 ? alpha x : x */
  VT_ACT_SIGMOID,
  VT_ACT_TANH,
  VT_ACT_HARD_SIGMOID, /* clamp(alpha x + beta, 0, 1) */
  VT_ACT_HARD_SWISH,   /* x clamp(x / 6 + 1 / 2, 0, 1) */
  VT_ACT_ELU,          /* x < 0 ? alpha (exp(x) − 1) : x */
  VT_ACT_SILU,         /* x sigmoid(x) */
  VT_ACT_CLIP,         /* clamp(x, alpha, beta) */
  VT_ACT_SOFTPLUS,     /* log(1 + exp(x)) */
  VT_ACT_GELU,         /* x Φ(x), with erf */
  VT_ACT_SELU,         /* beta (x < 0 ? alpha (exp(x) − 1) : x) */
  VT_ACT_MISH,         /* x tanh(log(1 + exp(x))) */
};
float vt_act_apply(enum vt_act act, float alpha, float beta, float x);
float vt_act_slope(enum vt_act act, float alpha, float beta, float x); /* derivative at x */

enum vt_auto_pad { VT_PAD_NOTSET, VT_PAD_SAME_UPPER, VT_PAD_SAME_LOWER, VT_PAD_VALID };
#define VT_AUTO_PAD_CHOICES "NOTSET|SAME_UPPER|SAME_LOWER|VALID"

/* Conv, ConvTranspose, ai.vitrine: ConvGradInput, ConvGradWeight, ConvFused. */
struct vt_conv_attrs {
  int auto_pad; /* enum vt_auto_pad */
  struct vt_ints dilations, kernel_shape, pads, strides;
  int64_t group;
  struct vt_ints output_padding, output_shape; /* ConvTranspose */
  struct vt_ints shape;                        /* gradients: shape of their output */
  int activation;                              /* ConvFused: enum vt_act */
  float alpha, beta;
};

/* MaxPool, AveragePool and their gradients. */
struct vt_pool_attrs {
  int auto_pad;
  struct vt_ints kernel_shape, pads, strides, dilations;
  int64_t ceil_mode, count_include_pad, storage_order;
};

/* BatchNormalization, ai.vitrine: BatchNormGrad, BatchNormAct, BatchNormActGrad. */
struct vt_batch_norm_attrs {
  float epsilon, momentum;
  int64_t training_mode;
  int activation; /* BatchNormAct: enum vt_act, none or relu */
};

/* Resize, ai.vitrine:ResizeGrad. */
enum vt_resize_coord {
  VT_RESIZE_HALF_PIXEL,
  VT_RESIZE_HALF_PIXEL_SYMMETRIC,
  VT_RESIZE_PYTORCH_HALF_PIXEL,
  VT_RESIZE_ALIGN_CORNERS,
  VT_RESIZE_ASYMMETRIC,
  VT_RESIZE_TF_HALF_PIXEL_FOR_NN,
  VT_RESIZE_TF_CROP_AND_RESIZE
};
enum vt_resize_mode { VT_RESIZE_NEAREST, VT_RESIZE_LINEAR, VT_RESIZE_CUBIC };
enum vt_resize_nearest { VT_ROUND_PREFER_FLOOR, VT_ROUND_PREFER_CEIL, VT_ROUND_FLOOR, VT_ROUND_CEIL };
struct vt_resize_attrs {
  int coordinate_transformation_mode, mode, nearest_mode, keep_aspect_ratio_policy;
  float cubic_coeff_a, extrapolation_value;
  int64_t exclude_outside, antialias;
  struct vt_ints axes;
  struct vt_ints shape; /* ResizeGrad: shape of the forward operator's input */
};

struct vt_gemm_attrs {
  float alpha, beta;
  int64_t transA, transB;
};
struct vt_axis_attrs { /* Concat, Softmax, LogSoftmax, Flatten, … */
  int64_t axis;
};
struct vt_slope_attrs { /* LeakyRelu, Elu, HardSigmoid, Selu (beta = gamma) */
  float alpha, beta;
};

/* Control flow. Sub-graphs read nothing from outside: their last `captures` inputs are the node's last ones.
 * A graph given to vt_emit_attrs changes hands. */
struct vt_if_attrs {
  struct vt_graph *then_branch, *else_branch; /* captures -> outputs */
  int64_t captures;
};
struct vt_loop_attrs {
  struct vt_graph *body; /* iteration, condition, carried, captures -> condition, carried, scanned */
  int64_t captures;
};

/* Sliding-window geometry, always with three spatial dimensions (d, h, w): missing leading ones have size 1.
 */
struct vt_window {
  int64_t in[3], k[3], out[3], stride[3], dil[3], lo[3], hi[3];
};
/* in and k: nd spatial sizes (in may be -1, then out is -1 and padding of SAME_* unknown). `owner` names the
 * node in messages. ceil_mode: as pooling. Immutable. */
int vt_window_init(struct vt_window *w, const struct vt_node *owner, int nd, const int64_t *in,
                   const int64_t *k, int auto_pad, const struct vt_ints *strides,
                   const struct vt_ints *dilations, const struct vt_ints *pads, bool ceil_mode,
                   struct vt_err *e);
/* Window of a Conv, ConvFused or ConvGrad* node whose forward input has shape x and weight has shape w (rank
 * each). */
int vt_conv_window(struct vt_window *out, const struct vt_node *n, int rank, const int64_t *x,
                   const int64_t *w, struct vt_err *e);
/* Window of the convolution that a ConvTranspose is the gradient of: `in` is ITS output, `out` its input x.
 */
int vt_conv_transpose_window(struct vt_window *out, const struct vt_node *n, int rank, const int64_t *x,
                             const int64_t *w, struct vt_err *e);
int vt_pool_window(struct vt_window *out, const struct vt_node *n, int rank, const int64_t *x,
                   struct vt_err *e);

/* Start and step of each axis of Slice's input of that shape, inside it; false: they are not constant. */
bool vt_slice_constant(const struct vt_node *n, int rank, const int64_t *dim, int64_t *start, int64_t *step);

/* Resize along one axis as a sparse matrix: output i reads taps[start[i] .. start[i+1]) of the input. */
struct vt_resize_axis {
  int64_t n, m;   /* input and output length */
  int64_t *start; /* m + 1 */
  int32_t *index; /* input positions */
  float *weight;
  bool *outside; /* m; tf_crop_and_resize: output i takes extrapolation_value; NULL elsewhere */
};
/* scale: as given, or 0 = m / n. roi: start and end (tf_crop_and_resize). Free with vt_resize_axis_clear. */
int vt_resize_axis_init(struct vt_resize_axis *r, const struct vt_resize_attrs *a, int64_t n, int64_t m,
                        float scale, float roi0, float roi1, struct vt_err *e);
void vt_resize_axis_clear(struct vt_resize_axis *r);
/* The scale of each axis (rank entries) of a Resize or ResizeGrad node: from the constant `scales`, else m /
 * n. */
int vt_resize_scales(const struct vt_node *n, int rank, const int64_t *in, const int64_t *out,
                     const struct vt_tensor *scales, float *scale);

#endif
