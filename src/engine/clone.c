/* Deep copies of graphs. Tensor bytes are shared; sub-graphs of attributes are copied with them, and what
 * they read of the outer graph becomes what its copy has in that place. */
#include <string.h>
#include "engine/engine_priv.h"

static struct vt_value *mapped(const struct vt__cloning *c, struct vt_value *v)
{
  for (; v && c; c = c->outer)
    if (vt__owns_value(c->from, v)) return c->map[v->id];
  return v; /* outside of everything that is copied */
}

static int clone_values(struct vt__cloning *c)
{
  for (int i = 0; i < c->from->nvalues; i++) {
    const struct vt_value *v = c->from->values[i];
    struct vt_value *w = vt__value_new(c->to, v->name, true);
    if (!w) return c->to->err.code;
    const char *name = w->name;
    *w = *v;
    w->name = name;
    w->producer = NULL;
    w->init = v->init.data ? vt_tensor_share(&v->init) : (struct vt_tensor){0};
    for (int d = 0; d < v->rank; d++)
      if (v->dim_name[d] && !(w->dim_name[d] = vt_arena_strdup(&c->to->arena, v->dim_name[d])))
        return vt__graph_fail(c->to, VT_ENOMEM, "out of memory");
    c->map[i] = w;
  }
  return 0;
}

static int clone_node(struct vt__cloning *c, const struct vt_node *n)
{
  struct vt_graph *g = c->to;
  struct vt_node *m = vt_arena_alloc(&g->arena, sizeof *m);
  void *nodes = m ? vt__grow(g, g->nodes, g->nnodes, &g->priv->cap_nodes, sizeof *g->nodes) : NULL;
  if (!nodes) return vt__graph_fail(g, VT_ENOMEM, "out of memory");
  g->nodes = nodes;
  *m = *n;
  m->name = vt_arena_strdup(&g->arena, n->name);
  m->in = vt_arena_alloc(&g->arena, (size_t)VT_MAX(n->nin, 1) * sizeof *m->in);
  m->out = vt_arena_alloc(&g->arena, (size_t)VT_MAX(n->nout, 1) * sizeof *m->out);
  if (!m->name || !m->in || !m->out) return vt__graph_fail(g, VT_ENOMEM, "out of memory");
  for (int i = 0; i < n->nin; i++) m->in[i] = mapped(c, n->in[i]);
  for (int i = 0; i < n->nout; i++)
    if ((m->out[i] = mapped(c, n->out[i]))) m->out[i]->producer = m;
  if (n->attrs) {
    struct vt_err e = {0};
    m->attrs = vt__attrs_new(g, n->op);
    if (!m->attrs) return vt__graph_fail(g, VT_ENOMEM, "out of memory");
    if (vt__attrs_copy(g, n->op, m->attrs, n->attrs, c, &e)) return vt__graph_fail(g, e.code, "%s", e.msg);
  }
  m->id = g->nnodes;
  g->nodes[g->nnodes++] = m;
  return 0;
}

static struct vt_value **clone_list(struct vt__cloning *c, struct vt_value *const *list, int n, int *cap)
{
  struct vt_value **v = vt_arena_alloc(&c->to->arena, (size_t)VT_MAX(n, 1) * sizeof *v);
  if (!v) {
    vt__graph_fail(c->to, VT_ENOMEM, "out of memory");
    return NULL;
  }
  for (int i = 0; i < n; i++) v[i] = mapped(c, list[i]);
  *cap = n;
  return v;
}

static int clone_rest(struct vt__cloning *c)
{
  const struct vt_graph *g = c->from;
  struct vt_graph *to = c->to;
  for (int i = 0; i < g->nnodes; i++) {
    int rc = clone_node(c, g->nodes[i]);
    if (rc) return rc;
  }
  to->inputs = clone_list(c, g->inputs, g->ninputs, &to->priv->cap_inputs);
  to->outputs = clone_list(c, g->outputs, g->noutputs, &to->priv->cap_outputs);
  to->assigns = vt_arena_alloc(&to->arena, (size_t)VT_MAX(g->nassigns, 1) * sizeof *to->assigns);
  if (!to->inputs || !to->outputs || !to->assigns) return vt__graph_fail(to, VT_ENOMEM, "out of memory");
  to->ninputs = g->ninputs;
  to->noutputs = g->noutputs;
  for (int i = 0; i < g->nassigns; i++)
    to->assigns[i] = (struct vt_assign){mapped(c, g->assigns[i].variable), mapped(c, g->assigns[i].value)};
  to->nassigns = to->priv->cap_assigns = g->nassigns;
  for (int i = 0; i < g->nmeta; i++) vt_graph_set_meta(to, g->meta[i].key, g->meta[i].value);
  to->opset = g->opset;
  to->doc = vt_arena_strdup(&to->arena, g->doc ? g->doc : "");
  if (!to->doc) vt__graph_fail(to, VT_ENOMEM, "out of memory");
  return to->err.code;
}

int vt__clone_into(struct vt_graph **out, const struct vt_graph *g, const struct vt__cloning *outer,
                   struct vt_value **map, struct vt_err *e)
{
  *out = NULL;
  struct vt_graph *to;
  int rc = vt_graph_status(g, e);
  if (!rc) rc = vt_graph_new(&to, g->registry, g->name, e);
  if (rc) return rc;
  to->outer = outer ? outer->to : g->outer;
  struct vt__cloning c = {.from = g, .to = to, .map = map, .outer = outer};
  if (!map) c.map = vt_arena_alloc(&to->arena, (size_t)VT_MAX(g->nvalues, 1) * sizeof *c.map);
  rc = c.map ? 0 : vt__graph_fail(to, VT_ENOMEM, "out of memory");
  if (!rc) rc = clone_values(&c);
  if (!rc) rc = clone_rest(&c);
  if (rc) {
    vt_graph_status(to, e);
    vt_graph_free(to);
    return rc;
  }
  *out = to;
  return 0;
}

int vt_graph_clone(struct vt_graph **out, const struct vt_graph *g, struct vt_value **map, struct vt_err *e)
{
  return vt__clone_into(out, g, NULL, map, e);
}
