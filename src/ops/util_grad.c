/* What gradient rules share: all of it emits nodes. */
#include "ops/util.h"
#include <stdio.h>

const char *vt__ints_text(char *buf, size_t size, int n, const int64_t *v)
{
  size_t len = 0;
  buf[0] = 0;
  for (int i = 0; i < n && len < size; i++)
    len += (size_t)snprintf(buf + len, size - len, i ? ",%lld" : "%lld", (long long)v[i]);
  return buf;
}

struct vt_value *vt__emit_ours(struct vt_graph *g, const char *name, int nin, struct vt_value *const *in,
                               int nout, struct vt_value **out, const void *attrs)
{
  const struct vt_op_desc *op = vt_registry_find(g->registry, VT_DOMAIN, name, 1);
  struct vt_value *one[1] = {NULL};
  if (!op) {
    if (!g->err.code) vt_fail(&g->err, VT_EUNSUPPORTED, "operator " VT_DOMAIN ":%s is not registered", name);
    return NULL;
  }
  return vt_emit_attrs(g, op, nin, in, nout, out ? out : one, attrs);
}

struct vt_value *vt__shape_of(struct vt_graph *g, const struct vt_value *v)
{
  if (vt__is_static(v)) return vt_graph_ints(g, v->rank, v->dim);
  return vt_emit(g, "Shape", VT_IN((struct vt_value *)v), "");
}

struct vt_value *vt__reshape_like(struct vt_graph *g, struct vt_value *x, const struct vt_value *like)
{
  if (!x || vt__same_shape(x, like)) return x;
  return vt_emit(g, "Reshape", VT_IN(x, vt__shape_of(g, like)), "");
}

struct vt_value *vt__reduce(struct vt_graph *g, const char *op, struct vt_value *x, int naxes,
                            const int64_t *axes, bool keepdims)
{
  char text[VT_INTS_TEXT];
  bool as_input = g->opset >= 18 || (g->opset >= 13 && !strcmp(op, "ReduceSum"));
  if (naxes == 0) return vt_emit(g, op, VT_IN(x), "keepdims=%d", keepdims);
  if (as_input) return vt_emit(g, op, VT_IN(x, vt_graph_ints(g, naxes, axes)), "keepdims=%d", keepdims);
  return vt_emit(g, op, VT_IN(x), "axes=[%s] keepdims=%d", vt__ints_text(text, sizeof text, naxes, axes),
                 keepdims);
}

struct vt_value *vt__sum_to(struct vt_graph *g, struct vt_value *dy, const struct vt_value *like)
{
  if (!dy || vt__same_shape(dy, like)) return dy;
  if (!vt__is_static(dy) || !vt__is_static(like))
    return vt_emit(g, VT_DOMAIN ":SumTo", VT_IN(dy, (struct vt_value *)like), "");
  int64_t axes[VT_MAX_RANK];
  int n = 0, lead = dy->rank - like->rank;
  for (int i = 0; i < dy->rank; i++)
    if (i < lead || (like->dim[i - lead] == 1 && dy->dim[i] != 1)) axes[n++] = i;
  struct vt_value *s = n ? vt__reduce(g, "ReduceSum", dy, n, axes, lead == 0) : dy;
  return s ? vt__reshape_like(g, s, like) : NULL;
}

int vt__grad_act(struct vt_graph *g, const struct vt_node *n, struct vt_value *dy, enum vt_act act,
                 float alpha, float beta, struct vt_value **dx, struct vt_err *e)
{
  static const char *const words[] = {"none",         "relu",       "leaky_relu", "sigmoid", "tanh",
                                      "hard_sigmoid", "hard_swish", "elu",        "silu",    "clip",
                                      "softplus",     "gelu",       "selu",       "mish"};
  struct vt_value *at = act == VT_ACT_RELU ? n->out[0] : n->in[0];
  *dx = vt_emit(g, VT_DOMAIN ":ActivationGrad", VT_IN(dy, at), "activation=%s alpha=%.9g beta=%.9g",
                words[act], alpha, beta);
  return *dx ? VT_OK : vt_graph_status(g, e);
}
