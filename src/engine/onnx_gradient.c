/* ai.onnx.preview.training:Gradient: d y / d xs of the graph that the node stands in, worked out while
 * reading.
 *
 * The node names tensors of the graph: xs, zs (held constant) and y. Its inputs are the values of xs and zs
 * at which to differentiate; only the point at which the graph itself is computed is supported, so they must
 * be those very tensors. A y of several elements counts as their sum. */
#include <string.h>
#include "engine/onnx_read.h"

static const Onnx__AttributeProto *attribute(const Onnx__NodeProto *p, const char *name)
{
  for (size_t i = 0; i < p->n_attribute; i++)
    if (p->attribute[i]->name && strcmp(p->attribute[i]->name, name) == 0) return p->attribute[i];
  return NULL;
}

static bool equals(const ProtobufCBinaryData *s, const char *text)
{
  return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}

bool vt__onnx_is_gradient(const Onnx__NodeProto *p)
{
  return p->domain && strcmp(p->domain, "ai.onnx.preview.training") == 0 && p->op_type &&
         strcmp(p->op_type, "Gradient") == 0;
}

static int check(const Onnx__NodeProto *p, const Onnx__AttributeProto *xs, const Onnx__AttributeProto *zs,
                 const Onnx__AttributeProto *y, struct vt_err *e)
{
  size_t n = xs ? xs->n_strings : 0, m = zs ? zs->n_strings : 0;
  if (!n || !y || !y->s.data) return vt_fail(e, VT_EFORMAT, "Gradient needs the attributes xs and y");
  if (p->n_input != n + m || p->n_output > n)
    return vt_fail(e, VT_EFORMAT, "Gradient has %zu inputs and %zu outputs for %zu xs and %zu zs", p->n_input,
                   p->n_output, n, m);
  for (size_t i = 0; i < n + m; i++) {
    const ProtobufCBinaryData *s = i < n ? &xs->strings[i] : &zs->strings[i - n];
    if (!p->input[i] || !equals(s, p->input[i]))
      return vt_fail(e, VT_EUNSUPPORTED, "Gradient at another point than '%.*s' itself",
                     (int)VT_MIN(s->len, 60), (const char *)s->data);
  }
  return 0;
}

int vt__onnx_gradient(struct vt_graph *g, const Onnx__NodeProto *p, struct vt_err *e)
{
  const Onnx__AttributeProto *xs = attribute(p, "xs"), *y = attribute(p, "y");
  int rc = check(p, xs, attribute(p, "zs"), y, e);
  if (rc) return rc;
  int n = (int)xs->n_strings;
  struct vt_value **x = vt_arena_alloc(&g->arena, (size_t)n * sizeof *x),
                  **grad = vt_arena_alloc(&g->arena, (size_t)n * sizeof *grad);
  const char *name = vt_arena_strndup(&g->arena, (const char *)y->s.data, y->s.len);
  if (!x || !grad || !name) return vt_fail(e, VT_ENOMEM, "out of memory");
  struct vt_value *loss = vt_graph_find(g, name);
  if (!loss) return vt_fail(e, VT_EFORMAT, "Gradient of '%s', which is defined nowhere", name);
  for (int i = 0; i < n; i++)
    if (!(x[i] = vt_graph_find(g, p->input[i])))
      return vt_fail(e, VT_EFORMAT, "Gradient for '%s', which is defined nowhere", p->input[i]);
  if (loss->rank != 0) loss = vt_emit(g, "ReduceSum", VT_IN(loss), "keepdims=0");
  rc = loss ? vt_autodiff(g, loss, n, x, grad, e) : vt_graph_status(g, e);
  for (size_t i = 0; i < p->n_output && !rc; i++) {
    if (!p->output[i] || !*p->output[i]) continue;
    struct vt_value *d =
        grad[i] ? vt_emit(g, "Identity", VT_IN(grad[i]), "") : vt_emit(g, "Sub", VT_IN(x[i], x[i]), "");
    if (d) vt__value_rename(g, d, p->output[i]);
    rc = vt_graph_status(g, e);
  }
  return rc;
}
