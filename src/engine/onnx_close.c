/* Sub-graphs of control flow as functions of their inputs.
 *
 * In a file, nodes of a sub-graph may read values of the graphs around it by name. Here each such value
 * becomes an input of the node that holds the sub-graph, behind its own, and an input of the sub-graph,
 * behind its own; constants are shared instead. All sub-graphs of a node get the same captured inputs, and
 * the node's attribute `captures` says how many. So liveness, folding and copying need to know nothing of
 * scopes. */
#include <string.h>
#include "engine/onnx_read.h"

struct captured {
  struct vt_value **v;
  int n, cap;
};

static int note(struct vt_graph *g, struct captured *c, struct vt_value *v)
{
  for (int i = 0; i < c->n; i++)
    if (c->v[i] == v) return 0;
  if (c->n == c->cap) {
    int more = c->cap ? c->cap * 2 : 8;
    struct vt_value **grown = vt_arena_alloc(&g->arena, (size_t)more * sizeof *grown);
    if (!grown) return VT_ENOMEM;
    if (c->n) memcpy(grown, c->v, (size_t)c->n * sizeof *grown);
    c->v = grown;
    c->cap = more;
  }
  c->v[c->n++] = v;
  return 0;
}

static bool shared(const struct vt_value *v)
{
  return v->is_constant && v->init.data;
}

static int collect(struct vt_graph *g, const struct vt_graph *sub, struct captured *c)
{
  for (int i = 0; i < sub->nnodes; i++)
    for (int k = 0; k < sub->nodes[i]->nin; k++) {
      struct vt_value *v = sub->nodes[i]->in[k];
      if (v && !vt__owns_value(sub, v) && !shared(v) && note(g, c, v)) return VT_ENOMEM;
    }
  return 0;
}

/* The sub-graph's own value for each outer one: an input, or a constant made at first use. */
static int replace(struct vt_graph *sub, const struct captured *c)
{
  struct captured outer = {0}, own = {0};
  for (int i = 0; i < c->n; i++) {
    struct vt_value *v = c->v[i], *w = vt_graph_input(sub, v->name, v->dtype, v->rank, v->dim);
    if (!w || note(sub, &outer, v) || note(sub, &own, w)) return VT_ENOMEM;
  }
  for (int i = 0; i < sub->nnodes; i++)
    for (int k = 0; k < sub->nodes[i]->nin; k++) {
      struct vt_value *v = sub->nodes[i]->in[k];
      if (!v || vt__owns_value(sub, v)) continue;
      int at = 0;
      while (at < outer.n && outer.v[at] != v) at++;
      if (at == outer.n) {
        struct vt_value *w = vt_graph_constant(sub, v->name, &v->init);
        if (!w || note(sub, &outer, v) || note(sub, &own, w)) return VT_ENOMEM;
      }
      sub->nodes[i]->in[k] = own.v[at];
    }
  return 0;
}

static struct vt_graph *graph_of(const struct vt__onnx_node *n, const void *attrs, int i)
{
  const struct vt_attr_desc *d = &n->desc->attr[i];
  return d->type == VT_ATTR_GRAPH ? *(struct vt_graph *const *)((const char *)attrs + d->offset) : NULL;
}

int vt__onnx_close_over(struct vt_graph *g, struct vt__onnx_node *n, int own, void *attrs, struct vt_err *e)
{
  struct captured c = {0};
  struct vt_graph *sub;
  bool any = false;
  int rc = 0;
  const struct vt_attr_desc *d = vt__attr_find(n->desc, "captures");
  for (int i = 0; i < n->desc->nattr; i++) any |= graph_of(n, attrs, i) != NULL;
  if (!any || !d) return 0;
  for (int i = 0; i < n->desc->nattr && !rc; i++)
    if ((sub = graph_of(n, attrs, i))) rc = collect(g, sub, &c);
  for (int i = 0; i < n->desc->nattr && !rc; i++)
    if ((sub = graph_of(n, attrs, i))) rc = replace(sub, &c);
  int first = VT_MAX(n->nin, own);
  struct vt_value **in = rc ? NULL : vt_arena_alloc(&g->arena, (size_t)(first + c.n + 4) * sizeof *in);
  if (!in) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < n->nin; i++) in[i] = n->in[i];
  for (int i = 0; i < c.n; i++) in[first + i] = c.v[i];
  n->in = in;
  n->nin = first + c.n;
  *(int64_t *)((char *)attrs + d->offset) = c.n;
  return 0;
}
