/* Building blocks of networks: parameters by name, convolution, batch norm, linear and cosine layers. */
#include "model/model.h"

#include <math.h>
#include <string.h>

enum vt__init { INIT_CONSTANT, INIT_NORMAL };

/* Parameter `name` of the given shape: from n->find, else a constant `value` or normal with deviation
 * `value`. The random stream is the name's hash, so that adding a layer does not change the others. */
static struct vt_value *param(struct vt_net *n, const char *name, int rank, const int64_t *dim,
                              enum vt__init init, float value, bool trainable)
{
  struct vt_graph *g = n->g;
  struct vt_tensor t = {0};
  if (vt_graph_status(g, NULL)) return NULL;
  const struct vt_tensor *known = n->find ? n->find(n->ctx, name) : NULL;
  if (known) {
    if (known->rank != rank || memcmp(known->dim, dim, (size_t)rank * sizeof *dim)) {
      char have[128], want[128];
      vt_shape_print(known->rank, known->dim, have, sizeof have);
      vt_shape_print(rank, dim, want, sizeof want);
      vt_fail(&g->err, VT_ESHAPE, "parameter %s: given %s, the network needs %s", name, have, want);
      return NULL;
    }
    if (vt_tensor_copy(&t, known, &g->err)) return NULL;
  } else {
    if (vt_tensor_init(&t, VT_F32, rank, dim, &g->err)) return NULL;
    struct vt_rng rng;
    vt_rng_init(&rng, n->seed, vt_hash64(name, strlen(name)), 0);
    float *v = t.data;
    int64_t count = vt_tensor_count(&t);
    for (int64_t i = 0; i < count; i++) v[i] = init == INIT_NORMAL ? value * vt_rng_normal(&rng) : value;
  }
  struct vt_value *p =
      n->training ? vt_graph_variable(g, name, &t, trainable) : vt_graph_constant(g, name, &t);
  vt_tensor_clear(&t);
  return p;
}

static const char *join(struct vt_net *n, const char *a, const char *b)
{
  const char *s = vt_arena_printf(&n->g->arena, "%s.%s", a, b);
  if (!s && !vt_graph_status(n->g, NULL)) vt_fail(&n->g->err, VT_ENOMEM, "%s: out of memory", a);
  return s ? s : "";
}

struct vt_value *vt_net_conv(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel,
                             int stride, bool bias)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int64_t in = x->dim[1], dim[4] = {out, in, kernel, kernel}; // (out, in, k, k)
  float deviation = sqrtf(2.0f / (float)(in * kernel * kernel));
  int pad = kernel / 2;
  struct vt_value *w = param(n, join(n, name, "weight"), 4, dim, INIT_NORMAL, deviation, true);
  struct vt_value *b = bias ? param(n, join(n, name, "bias"), 1, dim, INIT_CONSTANT, 0, true) : NULL;
  struct vt_value *in3[] = {x, w, b}, *y;
  return vt_emit_n(n->g, "Conv", bias ? 3 : 2, in3, 1, &y,
                   "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d]", kernel, kernel, stride, stride,
                   pad, pad, pad, pad);
}

struct vt_value *vt_net_norm(struct vt_net *n, struct vt_value *x, const char *name, float gamma)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int64_t c[1] = {x->dim[1]};
  struct vt_value *scale = param(n, join(n, name, "weight"), 1, c, INIT_CONSTANT, gamma, true);
  struct vt_value *shift = param(n, join(n, name, "bias"), 1, c, INIT_CONSTANT, 0, true);
  struct vt_value *mean = param(n, join(n, name, "running_mean"), 1, c, INIT_CONSTANT, 0, false);
  struct vt_value *var = param(n, join(n, name, "running_var"), 1, c, INIT_CONSTANT, 1, false);
  struct vt_value *in[] = {x, scale, shift, mean, var}, *out[3] = {0};
  vt_emit_n(n->g, "BatchNormalization", 5, in, n->training ? 3 : 1, out,
            "epsilon=1e-5 momentum=0.9 training_mode=%d", n->training);
  if (n->training && out[0]) {
    vt_graph_assign(n->g, mean, out[1]);
    vt_graph_assign(n->g, var, out[2]);
  }
  return out[0];
}

struct vt_value *vt_net_conv_norm_relu(struct vt_net *n, struct vt_value *x, const char *name, int out,
                                       int kernel, int stride)
{
  struct vt_value *y = vt_net_conv(n, x, join(n, name, "conv"), out, kernel, stride, false);
  y = vt_net_norm(n, y, join(n, name, "bn"), 1);
  return vt_emit(n->g, "Relu", VT_IN(y), "");
}

struct vt_value *vt_net_linear(struct vt_net *n, struct vt_value *x, const char *name, int out, bool bias)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int64_t dim[2] = {out, x->dim[1]}; // (out, in)
  struct vt_value *w =
      param(n, join(n, name, "weight"), 2, dim, INIT_NORMAL, sqrtf(1.0f / (float)dim[1]), true);
  struct vt_value *b = bias ? param(n, join(n, name, "bias"), 1, dim, INIT_CONSTANT, 0, true) : NULL;
  struct vt_value *in[] = {x, w, b}, *y;
  return vt_emit_n(n->g, "Gemm", bias ? 3 : 2, in, 1, &y, "transB=1");
}

struct vt_value *vt_net_cosine(struct vt_net *n, struct vt_value *x, const char *name, int out, float scale)
{
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int64_t dim[2] = {out, x->dim[1]}; // (out, in)
  struct vt_value *w =
      param(n, join(n, name, "weight"), 2, dim, INIT_NORMAL, sqrtf(1.0f / (float)dim[1]), true);
  w = vt_emit(n->g, "LpNormalization", VT_IN(w), "axis=1 p=2");
  return vt_emit(n->g, "Gemm", VT_IN(x, w), "transB=1 alpha=%.9g", scale);
}
