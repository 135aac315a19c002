/* Appending nodes: operator lookup, arity, attributes, inference at once, and sticky errors that show every
 * shape. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_priv.h"

enum { MAX_NODES = 1 << 20, MAX_ATTR_TEXT = 1 << 22 };

/* "Conv(f32 (1, 3, 8, 8), f32 (4, 5, 3, 3))" */
static void print_call(const struct vt_op_desc *op, int nin, struct vt_value *const *in, char *out,
                       size_t size)
{
  size_t n = (size_t)snprintf(out, size, "%s(", op->name);
  for (int i = 0; i < nin && n < size; i++) {
    char v[160];
    vt__value_print(in[i], v, sizeof v);
    n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", v);
  }
  if (n < size) snprintf(out + n, size - n, ")");
}

int vt__node_infer(struct vt_node *n, struct vt_err *e)
{
  struct vt_err why = {0};
  int rc = vt__check_types(n, &why);
  if (!rc) rc = n->op->infer(n, &why);
  for (int i = 0; i < n->nout && !rc; i++)
    if (n->out[i] && !vt_dims_bounded(n->out[i]->rank, n->out[i]->dim))
      rc = vt_fail(&why, VT_ELIMIT, "output %d would have over 2^40 elements", i);
  if (!rc) return 0;
  char call[512];
  print_call(n->op, n->nin, n->in, call, sizeof call);
  return vt_fail(e, rc, "node '%s': %s: %.400s", n->name, call, why.msg);
}

static int check_arity(struct vt_graph *g, const struct vt_op_desc *op, int nin, struct vt_value *const *in,
                       int nout)
{
  if (nin < op->min_in || (op->max_in != VT_VARIADIC && nin > op->max_in))
    return vt__graph_fail(g, VT_EARG, "%s takes %d to %d inputs, not %d", op->name, op->min_in, op->max_in,
                          nin);
  if (nout < op->min_out || (op->max_out != VT_VARIADIC && nout > op->max_out))
    return vt__graph_fail(g, VT_EARG, "%s gives %d to %d outputs, not %d", op->name, op->min_out, op->max_out,
                          nout);
  /* Of any number of inputs none is optional; Loop, which wants none, looks itself. */
  const int needed = op->max_in == VT_VARIADIC && op->min_in > 0 ? nin : op->min_in;
  for (int i = 0; i < needed && i < nin; i++)
    if (!in[i]) return vt__graph_fail(g, VT_EARG, "%s: input %d may not be left out", op->name, i);
  return 0;
}

/* A name for output i of an operator: "Conv", later "Conv_2", …; further outputs "Conv.1". */
static struct vt_value *new_output(struct vt_graph *g, const struct vt_node *n, int i, const char *wanted)
{
  if (wanted) return vt__value_new(g, wanted, true);
  char name[128];
  if (i)
    snprintf(name, sizeof name, "%.80s_%d.%d", n->op->name, n->id, i);
  else
    snprintf(name, sizeof name, "%.80s_%d", n->op->name, n->id);
  return vt__value_new(g, name, false);
}

struct vt_node *vt__node_append(struct vt_graph *g, const struct vt_op_desc *op, const char *name, int nin,
                                struct vt_value *const *in, int nout, const char *const *outname, void *attrs)
{
  if (g->err.code || check_arity(g, op, nin, in, nout)) return NULL;
  if (g->nnodes >= MAX_NODES) {
    vt__graph_fail(g, VT_ELIMIT, "graph '%s' has over %d nodes", g->name, MAX_NODES);
    return NULL;
  }
  struct vt_node *n = vt_arena_alloc(&g->arena, sizeof *n);
  void *nodes = n ? vt__grow(g, g->nodes, g->nnodes, &g->priv->cap_nodes, sizeof *g->nodes) : NULL;
  if (!nodes) goto oom;
  g->nodes = nodes;
  n->id = g->nnodes;
  n->op = op;
  n->attrs = attrs;
  n->nin = nin;
  n->nout = nout;
  n->name =
      name && *name ? vt_arena_strdup(&g->arena, name) : vt_arena_printf(&g->arena, "%s_%d", op->name, n->id);
  n->in = vt_arena_alloc(&g->arena, (size_t)VT_MAX(nin, 1) * sizeof *n->in);
  n->out = vt_arena_alloc(&g->arena, (size_t)VT_MAX(nout, 1) * sizeof *n->out);
  if (!n->name || !n->in || !n->out) goto oom;
  for (int i = 0; i < nin; i++) n->in[i] = in[i];
  for (int i = 0; i < nout; i++) {
    const bool named = outname && *outname[i];
    if (outname && !named && i >= op->min_out)
      continue; /* what an operator always gives is a value all the same */
    struct vt_value *v = new_output(g, n, i, named ? outname[i] : NULL);
    if (!v) return NULL;
    v->producer = n;
    v->output_index = i;
    n->out[i] = v;
  }
  g->nodes[g->nnodes++] = n;
  struct vt_err e = {0};
  if (vt__node_infer(n, &e)) {
    vt__graph_fail(g, e.code, "%s", e.msg);
    return NULL;
  }
  return n;
oom:
  vt__graph_fail(g, VT_ENOMEM, "out of memory");
  return NULL;
}

static struct vt_value *append(struct vt_graph *g, const struct vt_op_desc *op, int nin,
                               struct vt_value *const *in, int nout, struct vt_value **out, void *attrs)
{
  for (int i = 0; i < nout; i++) out[i] = NULL;
  struct vt_node *n = vt__node_append(g, op, NULL, nin, in, nout, NULL, attrs);
  if (!n) return NULL;
  for (int i = 0; i < nout; i++) out[i] = n->out[i];
  return out[0];
}

/* "Name" or "domain:Name"; unknown operators fail. */
static const struct vt_op_desc *lookup(struct vt_graph *g, const char *op)
{
  char domain[64] = "";
  const char *colon = strrchr(op, ':'), *name = colon ? colon + 1 : op;
  if (colon) snprintf(domain, sizeof domain, "%.*s", (int)(colon - op), op);
  const struct vt_op_desc *d = vt__graph_op(g, domain, name, *domain ? 1 : g->opset);
  if (!d) vt__graph_fail(g, VT_EUNSUPPORTED, "unknown operator '%s' (opset %d)", op, g->opset);
  return d;
}

struct vt_value *vt_emit_n(struct vt_graph *g, const char *op, int nin, struct vt_value *const *in, int nout,
                           struct vt_value **out, const char *attrs, ...)
{
  for (int i = 0; i < nout; i++) out[i] = NULL;
  const struct vt_op_desc *d = g->err.code ? NULL : lookup(g, op);
  if (!d) return NULL;
  void *a = NULL;
  if (d->nattr) {
    char stack[512], *text = stack;
    struct vt_err e = {0};
    va_list ap;
    va_start(ap, attrs);
    int len = vsnprintf(stack, sizeof stack, attrs, ap);
    va_end(ap);
    if (len >= (int)sizeof stack && len < MAX_ATTR_TEXT &&
        (text = vt_arena_alloc(&g->arena, (size_t)len + 1))) {
      va_start(ap, attrs);
      vsnprintf(text, (size_t)len + 1, attrs, ap);
      va_end(ap);
    }
    if (len < 0 || len >= MAX_ATTR_TEXT || !text || !(a = vt__attrs_new(g, d))) {
      vt__graph_fail(g, VT_ENOMEM, "%s: no room for its attributes", d->name);
      return NULL;
    }
    if (vt__attrs_parse(g, d, a, text, &e)) {
      vt__graph_fail(g, e.code, "%s", e.msg);
      return NULL;
    }
  } else if (attrs[strspn(attrs, " ")]) {
    vt__graph_fail(g, VT_EARG, "%s has no attributes, got '%.40s'", d->name, attrs);
    return NULL;
  }
  return append(g, d, nin, in, nout, out, a);
}

struct vt_value *vt_emit_attrs(struct vt_graph *g, const struct vt_op_desc *op, int nin,
                               struct vt_value *const *in, int nout, struct vt_value **out, const void *attrs)
{
  for (int i = 0; i < nout; i++) out[i] = NULL;
  if (g->err.code) return NULL;
  void *a = NULL;
  struct vt_err e = {0};
  if (op->nattr) {
    a = vt__attrs_new(g, op);
    if (!a) {
      vt__graph_fail(g, VT_ENOMEM, "out of memory");
      return NULL;
    }
    if (attrs && vt__attrs_copy(g, op, a, attrs, NULL, &e)) {
      vt__graph_fail(g, e.code, "%s: %s", op->name, e.msg);
      return NULL;
    }
  }
  return append(g, op, nin, in, nout, out, a);
}

int vt_graph_infer(struct vt_graph *g, struct vt_err *e)
{
  int rc = vt_graph_status(g, e);
  for (int i = 0; i < g->nnodes && !rc; i++) {
    struct vt_node *n = g->nodes[i];
    for (int o = 0; o < n->nout; o++) {
      struct vt_value *v = n->out[o];
      if (!v) continue;
      v->dtype = VT_UNDEFINED;
      v->rank = -1;
      for (int d = 0; d < VT_MAX_RANK; d++) v->dim[d] = -1;
    }
    rc = vt__node_infer(n, e);
  }
  return rc;
}
