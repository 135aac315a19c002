/* Building blocks of networks: parameters by name, convolution, batch norm, linear and cosine layers. */
#include "model/layers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct vt_value *vt__param(struct vt_net *n, const char *base, const char *part, int rank, const int64_t *dim,
                           enum vt__init init, float value)
{
  struct vt_graph *g = n->g;
  struct vt_tensor t = {0};
  const char *name = vt__name(n, "%s%s.%s", n->prefix ? n->prefix : "", base, part);
  bool trainable = strncmp(part, "running_", 8) != 0;
  if (vt_graph_status(g, NULL)) return NULL;
  if (trainable) n->parameters += vt_dims_count(rank, dim);
  if (n->outline) return vt_graph_input(g, name, VT_F32, rank, dim);
  const struct vt_tensor *known = n->find ? n->find(n->ctx, name) : NULL;
  if (known) {
    if (known->rank != rank || memcmp(known->dim, dim, (size_t)rank * sizeof *dim)) {
      char have[128], want[128];
      vt_shape_print(known->rank, known->dim, have, sizeof have);
      vt_shape_print(rank, dim, want, sizeof want);
      vt_fail(&g->err, VT_ESHAPE, "parameter %s: given %s, the network needs %s", name, have, want);
      return NULL;
    }
    if (vt_tensor_cast(&t, known, VT_F32, &g->err)) return NULL;
  } else {
    if (vt_tensor_init(&t, VT_F32, rank, dim, &g->err)) return NULL;
    struct vt_rng rng;
    vt_rng_init(&rng, n->seed, vt_hash64(name, strlen(name)), 0);
    float *v = t.data;
    int64_t count = vt_tensor_count(&t);
    for (int64_t i = 0; i < count; i++) v[i] = init == VT__NORMAL ? value * vt_rng_normal(&rng) : value;
  }
  struct vt_value *p =
      n->training ? vt_graph_variable(g, name, &t, trainable) : vt_graph_constant(g, name, &t);
  vt_tensor_clear(&t);
  return p;
}

const char *vt__name(struct vt_net *n, const char *format, ...)
{
  char text[256];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (len < 0 || len >= (int)sizeof text) {
    if (!vt_graph_status(n->g, NULL)) vt_fail(&n->g->err, VT_ELIMIT, "name of a layer too long: %s", text);
    return "";
  }
  const char *s = vt_arena_strdup(&n->g->arena, text);
  if (!s && !vt_graph_status(n->g, NULL)) vt_fail(&n->g->err, VT_ENOMEM, "%s: out of memory", text);
  return s ? s : "";
}

/* He initialisation (He 2015) of (out, in / group, height, width). */
static struct vt_value *weight(struct vt_net *n, struct vt_value *x, const char *name, int out, int group,
                               int height, int width)
{
  int64_t dim[4] = {out, x->dim[1] / group, height, width};
  return vt__param(n, name, "weight", 4, dim, VT__NORMAL, sqrtf(2.0f / (float)(dim[1] * height * width)));
}

struct vt_value *vt__conv_weight(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel)
{
  return weight(n, x, name, out, 1, kernel, kernel);
}

struct vt_value *vt__conv(struct vt_net *n, struct vt_value *x, const char *name, const struct vt__conv *c)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int kh = c->kernel, kw = c->kernel_w ? c->kernel_w : kh, stride = VT_MAX(c->stride, 1),
      group = VT_MAX(c->group, 1);
  if (x->rank != 4 || x->dim[1] < 1 || x->dim[1] % group || c->out % group) {
    vt_fail(&n->g->err, VT_ESHAPE, "%s: %lld channels to %d do not divide into %d groups", name,
            x->rank == 4 ? (long long)x->dim[1] : -1LL, c->out, group);
    return NULL;
  }
  int dilation = VT_MAX(c->dilation, 1), ph = c->valid ? 0 : kh / 2 * dilation,
      pw = c->valid ? 0 : kw / 2 * dilation;
  if (n->mirror && !c->upper && (ph || pw)) {
    x = vt_emit(n->g, "Pad", VT_IN(x, vt_graph_ints(n->g, 8, (int64_t[]){0, 0, ph, pw, 0, 0, ph, pw})),
                "mode=reflect");
    ph = pw = 0;
    if (!x) return NULL;
  }
  struct vt_value *in[] = {x, weight(n, x, name, c->out, group, kh, kw),
                           c->bias ? vt__param(n, name, "bias", 1, (int64_t[]){c->out}, VT__CONSTANT, 0)
                                   : NULL};
  struct vt_value *y;
  if (dilation > 1)
    return vt_emit_n(n->g, "Conv", c->bias ? 3 : 2, in, 1, &y,
                     "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d] dilations=[%d,%d] group=%d", kh,
                     kw, stride, stride, ph, pw, ph, pw, dilation, dilation, group);
  if (c->upper)
    return vt_emit_n(n->g, "Conv", c->bias ? 3 : 2, in, 1, &y,
                     "kernel_shape=[%d,%d] strides=[%d,%d] auto_pad=SAME_UPPER group=%d", kh, kw, stride,
                     stride, group);
  return vt_emit_n(n->g, "Conv", c->bias ? 3 : 2, in, 1, &y,
                   "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d] group=%d", kh, kw, stride, stride,
                   ph, pw, ph, pw, group);
}

struct vt_value *vt_net_conv(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel,
                             int stride, bool bias)
{
  return vt__conv2d(n, x, name, out, kernel, .stride = stride, .bias = bias);
}

struct vt_value *vt_net_norm(struct vt_net *n, struct vt_value *x, const char *name, float gamma)
{
  return vt__norm(n, x, name, gamma, 1e-5f);
}

struct vt_value *vt_net_conv_norm_relu(struct vt_net *n, struct vt_value *x, const char *name, int out,
                                       int kernel, int stride)
{
  struct vt_value *y = vt_net_conv(n, x, vt__name(n, "%s.conv", name), out, kernel, stride, false);
  y = vt_net_norm(n, y, vt__name(n, "%s.bn", name), 1);
  return vt__act(n, y, VT__RELU);
}

/* (out, in) weights for the last dimension of x. */
static struct vt_value *matrix(struct vt_net *n, struct vt_value *x, const char *name, int64_t out)
{
  int64_t dim[2] = {out, x->dim[1]};
  return vt__param(n, name, "weight", 2, dim, VT__NORMAL, sqrtf(1.0f / (float)dim[1]));
}

struct vt_value *vt_net_linear(struct vt_net *n, struct vt_value *x, const char *name, int out, bool bias)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int64_t dim[1] = {out};
  struct vt_value *in[] = {x, matrix(n, x, name, out),
                           bias ? vt__param(n, name, "bias", 1, dim, VT__CONSTANT, 0) : NULL},
                  *y;
  return vt_emit_n(n->g, "Gemm", bias ? 3 : 2, in, 1, &y, "transB=1");
}

struct vt_value *vt_net_cosine(struct vt_net *n, struct vt_value *x, const char *name, int out, float scale)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  struct vt_value *w = vt_emit(n->g, "LpNormalization", VT_IN(matrix(n, x, name, out)), "axis=1 p=2");
  return vt_emit(n->g, "Gemm", VT_IN(x, w), "transB=1 alpha=%.9g", scale);
}
