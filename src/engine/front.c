/* The part of a data-dependent graph whose shapes do not depend on data: the nodes that need nothing but
 * inputs, constants and one another. It is compiled as a program of its own, whose outputs are what the rest
 * reads. Of a detector that is all up to the proposals. */
#include <string.h>
#include "engine/program_impl.h"

static bool has_graph(const struct vt_node *n)
{
  for (int i = 0; i < n->op->nattr; i++)
    if (n->op->attr[i].type == VT_ATTR_GRAPH) return true;
  return false;
}

/* Marks nodes and values; gives the number of nodes. */
static int mark(const struct vt_graph *g, bool *node, bool *value)
{
  int count = 0;
  for (int i = 0; i < g->nvalues; i++)
    value[i] = g->values[i]->is_input || vt__value_const(g->values[i]) || g->values[i]->is_constant;
  for (int i = 0; i < g->nnodes; i++) {
    const struct vt_node *n = g->nodes[i];
    node[i] = !(n->op->traits & VT_RANDOM) && !has_graph(n);
    for (int k = 0; k < n->nin && node[i]; k++) node[i] = !n->in[k] || value[n->in[k]->id];
    for (int k = 0; k < n->nout && node[i]; k++) node[i] = !n->out[k] || vt__value_known(n->out[k]);
    for (int k = 0; k < n->nout && node[i]; k++)
      if (n->out[k]) value[n->out[k]->id] = true;
    count += node[i];
  }
  return count;
}

/* The values that the front makes for others, by id. */
static int borders(struct vt_program *p, struct vt_err *e)
{
  const struct vt_graph *g = p->graph;
  bool *made = vt_calloc((size_t)g->nvalues + 1, sizeof *made),
       *wanted = vt_calloc((size_t)g->nvalues + 1, sizeof *wanted);
  int rc = made && wanted ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nnodes && !rc; i++) {
    const struct vt_node *n = g->nodes[i];
    for (int k = 0; k < n->nout && p->fixed[i]; k++)
      if (n->out[k]) made[n->out[k]->id] = true;
    for (int k = 0; k < n->nin && !p->fixed[i]; k++)
      if (n->in[k]) wanted[n->in[k]->id] = true;
  }
  for (int i = 0; i < g->noutputs && !rc; i++) wanted[g->outputs[i]->id] = true;
  if (!rc) {
    p->border = vt_arena_alloc(&p->arena, ((size_t)g->nvalues + 1) * sizeof *p->border);
    if (!p->border) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  }
  for (int i = 0; i < g->nvalues && !rc; i++)
    if (made[i] && wanted[i]) p->border[p->nborder++] = i;
  vt_free(made);
  vt_free(wanted);
  return rc;
}

static int compile(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *f;
  int rc = vt_graph_clone(&f, p->graph, NULL, e), kept = 0;
  if (rc) return rc;
  for (int i = 0; i < f->noutputs; i++) f->outputs[i]->is_output = false;
  f->noutputs = 0;
  for (int i = 0; i < f->nnodes; i++)
    if (p->fixed[i]) f->nodes[kept++] = f->nodes[i];
  f->nnodes = kept;
  for (int i = 0; i < p->nborder; i++) vt_graph_output(f, f->values[p->border[i]], NULL);
  rc = vt_graph_status(f, e);
  if (!rc) rc = vt_program_compile(&p->front, f, NULL, &p->opts, e);
  vt_graph_free(f);
  return rc;
}

int vt__front(struct vt_program *p, struct vt_err *e)
{
  const struct vt_graph *g = p->graph;
  bool *value = vt_calloc((size_t)g->nvalues + 1, sizeof *value);
  p->fixed = vt_arena_alloc(&p->arena, (size_t)g->nnodes + 1);
  int rc = value && p->fixed ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && mark(g, p->fixed, value)) {
    rc = borders(p, e);
    if (!rc) rc = compile(p, e);
  }
  vt_free(value);
  return rc;
}
