/* Layers that the builders share, on top of model/net.c. */
#include "model/layers.h"

#include <math.h>

struct vt_value *vt__act(struct vt_net *n, struct vt_value *x, enum vt__act act)
{
  struct vt_graph *g = n->g;
  if (!x) return NULL;
  if (n->layers.activation && act != VT__NONE && act <= VT__HARD_SWISH)
    return vt__activate(n, x, n->layers.activation);
  switch (act) {
  case VT__NONE: break;
  case VT__RELU: return vt_emit(g, "Relu", VT_IN(x), "");
  case VT__RELU6: return vt_emit(g, "Clip", VT_IN(x, vt_graph_scalar(g, 0), vt_graph_scalar(g, 6)), "");
  case VT__SILU: return vt_emit(g, "Mul", VT_IN(x, vt_emit(g, "Sigmoid", VT_IN(x), "")), "");
  case VT__HARD_SWISH: return vt_emit(g, "HardSwish", VT_IN(x), "");
  case VT__SIGMOID: return vt_emit(g, "Sigmoid", VT_IN(x), "");
  case VT__HARD_SIGMOID: return vt_emit(g, "HardSigmoid", VT_IN(x), "alpha=0.166666667 beta=0.5");
  }
  return x;
}

struct vt_value *vt__norm_act(struct vt_net *n, struct vt_value *x, const char *name, float epsilon,
                              enum vt__act act)
{
  return vt__act(n, vt__norm(n, x, name, 1, epsilon), act);
}

struct vt_value *vt__max_pool(struct vt_net *n, struct vt_value *x, int kernel, int stride, int pad)
{
  return vt_emit(n->g, "MaxPool", VT_IN(x), "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d]", kernel,
                 kernel, stride, stride, pad, pad, pad, pad);
}

struct vt_value *vt__mean_pool(struct vt_net *n, struct vt_value *x, int kernel, int stride, int pad,
                               bool count_pad)
{
  return vt_emit(n->g, "AveragePool", VT_IN(x),
                 "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d] count_include_pad=%d", kernel,
                 kernel, stride, stride, pad, pad, pad, pad, count_pad);
}

/* A constant where it is known, so that training has fixed shapes. */
static struct vt_value *shape_of(struct vt_net *n, struct vt_value *x)
{
  if (!x) return NULL;
  return vt_dims_count(x->rank, x->dim) >= 0 ? vt_graph_ints(n->g, x->rank, x->dim)
                                             : vt_emit(n->g, "Shape", VT_IN(x), "");
}

struct vt_value *vt__reshape_as(struct vt_net *n, struct vt_value *y, struct vt_value *x)
{
  return vt_emit(n->g, "Reshape", VT_IN(y, shape_of(n, x)), "");
}

struct vt_value *vt__resize_as(struct vt_net *n, struct vt_value *y, struct vt_value *x)
{
  struct vt_value *in[] = {y, NULL, NULL, shape_of(n, x)}, *out;
  return vt_emit_n(n->g, "Resize", 4, in, 1, &out, "mode=linear");
}

struct vt_value *vt__global_pool(struct vt_net *n, struct vt_value *x)
{
  return vt_emit(n->g, "Flatten", VT_IN(vt_emit(n->g, "GlobalAveragePool", VT_IN(x), "")), "axis=1");
}

/* Operators that drop something in training; their second output is what the gradient reads. */
static struct vt_value *drop(struct vt_net *n, struct vt_value *x, const char *op, float ratio,
                             const char *attrs)
{
  uint8_t yes = 1;
  if (!n->training || !x || ratio <= 0) return x;
  struct vt_tensor t = vt_tensor_view(VT_BOOL, 0, NULL, &yes);
  struct vt_value *in[] = {x, vt_graph_scalar(n->g, ratio), vt_graph_constant(n->g, "drop.training", &t)},
                  *out[2];
  return vt_emit_n(n->g, op, 3, in, 2, out, "%s", attrs);
}

struct vt_value *vt__dropout(struct vt_net *n, struct vt_value *x, float ratio)
{
  return drop(n, x, "Dropout", ratio, "");
}

struct vt_value *vt__drop_block(struct vt_net *n, struct vt_value *x, float ratio, int side)
{
  return drop(n, x, "ai.vitrine:DropBlock", ratio, vt__name(n, "block_size=%d", side));
}

struct vt_value *vt__drop_path(struct vt_net *n, struct vt_value *x, float ratio)
{
  return drop(n, x, "ai.vitrine:StochasticDepth", ratio, "");
}

struct vt_value *vt__squeeze_excite(struct vt_net *n, struct vt_value *x, const char *name, int squeezed,
                                    enum vt__act inner, enum vt__act gate)
{
  if (!x) return NULL;
  struct vt_value *y = vt_emit(n->g, "GlobalAveragePool", VT_IN(x), ""); // (N, C, 1, 1)
  y = vt__conv2d(n, y, vt__name(n, "%s.fc1", name), squeezed, 1, .bias = true);
  y = vt__conv2d(n, vt__act(n, y, inner), vt__name(n, "%s.fc2", name), (int)x->dim[1], 1, .bias = true);
  return vt_emit(n->g, "Mul", VT_IN(x, vt__act(n, y, gate)), "");
}

void vt__head_vector(struct vt_net *n, struct vt_value *vector, const char *name, float dropout,
                     const struct vt_builder_opts *o, struct vt_built *out)
{
  out->pooled = vector;
  if (o->classes) out->logits = vt_net_linear(n, vt__dropout(n, vector, dropout), name, o->classes, true);
}

void vt__head(struct vt_net *n, struct vt_value *map, const char *name, float dropout,
              const struct vt_builder_opts *o, struct vt_built *out)
{
  vt__head_vector(n, vt__global_pool(n, map), name, dropout, o, out);
}

struct vt_value *vt__mobile_block(struct vt_net *n, struct vt_value *x, const char *name,
                                  const struct vt__mobile *m)
{
  if (!x) return NULL;
  int part = 0;
  struct vt_value *y = x;
  if (m->hidden != x->dim[1]) {
    y = vt_net_conv(n, y, vt__name(n, "%s.%d.0", name, part), m->hidden, 1, 1, false);
    y = vt__norm_act(n, y, vt__name(n, "%s.%d.1", name, part++), m->epsilon, m->act);
  }
  y = vt__conv2d(n, y, vt__name(n, "%s.%d.0", name, part), m->hidden, m->kernel, .stride = m->stride,
                 .group = m->hidden);
  y = vt__norm_act(n, y, vt__name(n, "%s.%d.1", name, part++), m->epsilon, m->act);
  if (m->squeezed)
    y = vt__squeeze_excite(n, y, vt__name(n, "%s.%d", name, part++), m->squeezed, m->inner, m->gate);
  y = vt_net_conv(n, y, vt__name(n, m->last_flat ? "%s.%d" : "%s.%d.0", name, part), m->out, 1, 1, false);
  y = m->last_flat ? vt__norm(n, y, vt__name(n, "%s.%d", name, part + 1), 1, m->epsilon)
                   : vt__norm(n, y, vt__name(n, "%s.%d.1", name, part), 1, m->epsilon);
  if (m->stride != 1 || m->out != x->dim[1]) return y;
  return vt_emit(n->g, "Add", VT_IN(vt__drop_path(n, y, m->drop_path), x), "");
}

int vt__scaled(double c, double width)
{
  double exact = c * width;
  int y = VT_MAX(8, (int)(exact + 4) / 8 * 8);
  return y < 0.9 * exact ? y + 8 : y;
}
