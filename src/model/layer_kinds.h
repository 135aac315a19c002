/* What the layers of a network are made of, where a recipe may choose: the convolutions of 3x3, the
 * normalisation, the activation. All zero is what the networks were published with. */
#ifndef VT_MODEL_LAYER_KINDS_H
#define VT_MODEL_LAYER_KINDS_H

#include "engine/engine.h"

struct vt_net;

/* What stands for a convolution of k x k from C to C' channels, with its parameters beside k k C C':
 *   depthwise   k x k for each channel by itself, norm, activation, 1x1: k k C + 2 C + C C' (Howard 2017)
 *   spatial     k x 1, then 1 x k: k C C' + k C' C' (Szegedy 2016, section 3.2)
 *   grouped     g groups, the most up to 8 that divide both: k k C C' / g (Krizhevsky 2012, Xie 2017)
 *   dilated     elements two apart (Yu, Koltun 2016): k k C C'
 *   deformable  elements read where a convolution of x sends them (Dai 2017): + k k C 2 k k + 2 k k
 *   deformable_v2  and by how much they count, a sigmoid (Zhu 2019): + k k C 3 k k + 3 k k
 * Offsets start at zero: at first both deformable ones are plain (the second at half of it). */
enum vt_conv_kind {
  VT_CONV_PLAIN,
  VT_CONV_DEPTHWISE,
  VT_CONV_SPATIAL,
  VT_CONV_GROUPED,
  VT_CONV_DILATED,
  VT_CONV_DEFORMABLE,
  VT_CONV_DEFORMABLE_V2
};
#define VT_CONV_KINDS "plain|depthwise|spatial|grouped|dilated|deformable|deformable_v2"

/* y = scale_c z + shift_c, z being x less a mean, over a deviation, that are taken over
 *   batch       all samples of the batch, for each channel; in use, a running mean of them (Ioffe 2015)
 *   layer       all channels and places of the sample (Ba 2016)
 *   instance    the places of one channel of the sample (Ulyanov 2016)
 *   group       the places of 16 channels, or of the most that divide into C and 16 (Wu, He 2018)
 *   switchable  a learned mixture of batch, layer and instance (Luo 2019)
 * or, local_response: z = x / (2 + 1e-4 sum of x^2 over five channels)^0.75 (Krizhevsky 2012, section 3.3).
 */
enum vt_norm_kind {
  VT_NORM_BATCH,
  VT_NORM_LAYER,
  VT_NORM_INSTANCE,
  VT_NORM_GROUP,
  VT_NORM_SWITCHABLE,
  VT_NORM_LOCAL_RESPONSE
};
#define VT_NORM_KINDS "batch|layer|instance|group|switchable|local_response"

/* An activation by name. Immutable. */
struct vt_activation {
  const char *name, *formula, *paper;
  const char *op, *attrs;                                          /* one operator of ONNX, */
  struct vt_value *(*build)(struct vt_net *n, struct vt_value *x); /* or several */
};
extern const struct vt_activation vt_activations[]; /* ends with a name of NULL */
/* "default" or "": 0 and *a NULL. Unknown names: VT_EUSAGE with those there are. */
int vt_activation_find(const struct vt_activation **a, const char *name, struct vt_err *e);

struct vt_layers {
  enum vt_conv_kind conv; /* of blocks of residual networks and of a U-Net's decoder */
  enum vt_norm_kind norm;
  const struct vt_activation *activation; /* for the network's own hidden one, relu mostly; NULL: that one */
};

#endif
