/* Graphs whose shapes depend on data (a Reshape by a computed shape, NonZero, …) have no fixed memory: their
 * sessions keep an own copy of the graph and run it node by node on reference kernels. Each value computed so
 * far counts as known, so that inference sees the numbers it needs; a value is freed after its last use.
 *
 * Invariant: between runs only constants and the last run's outputs hold bytes. */
#include <string.h>
#include "engine/program_impl.h"

struct vt__dynamic {
  struct vt_graph *graph;
  int *uses, *left; /* per value */
  bool *known;      /* per value: constant from the start */
};

int vt__dynamic_new(struct vt__dynamic **out, const struct vt_program *p, struct vt_err *e)
{
  struct vt__dynamic *d = vt_calloc(1, sizeof *d);
  *out = NULL;
  if (!d) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = vt_graph_clone(&d->graph, p->graph, NULL, e);
  if (rc) goto out;
  struct vt_graph *g = d->graph;
  d->uses = vt__count_uses(g, e);
  d->left = vt_calloc((size_t)g->nvalues + 1, sizeof *d->left);
  d->known = vt_calloc((size_t)g->nvalues + 1, sizeof *d->known);
  if (!d->uses || !d->left || !d->known) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  for (int i = 0; i < g->nvalues; i++) d->known[i] = vt__value_const(g->values[i]);
  *out = d;
  return 0;
out:
  vt__dynamic_free(d);
  return rc;
}

void vt__dynamic_free(struct vt__dynamic *d)
{
  if (!d) return;
  vt_graph_free(d->graph);
  vt_free(d->uses);
  vt_free(d->left);
  vt_free(d->known);
  vt_free(d);
}

static void forget(struct vt__dynamic *d)
{
  for (int i = 0; i < d->graph->nvalues; i++) {
    struct vt_value *v = d->graph->values[i];
    if (d->known[i]) continue;
    vt_tensor_clear(&v->init);
    v->is_constant = false;
  }
}

/* The value is now this tensor, which it takes over. */
static void learn(struct vt_value *v, struct vt_tensor *t)
{
  v->init = *t;
  memset(t, 0, sizeof *t);
  v->dtype = v->init.dtype;
  v->rank = v->init.rank;
  memcpy(v->dim, v->init.dim, sizeof v->dim);
  v->is_constant = true;
}

static void used(struct vt__dynamic *d, struct vt_value *v)
{
  if (!v || d->known[v->id] || --d->left[v->id] > 0) return;
  vt_tensor_clear(&v->init);
}

static int run_node(struct vt__dynamic *d, struct vt_node *n, uint64_t seed, struct vt_err *e)
{
  enum { MAX = 1024 };
  const struct vt_tensor *in[MAX];
  struct vt_tensor out[MAX];
  if (n->nin > MAX || n->nout > MAX)
    return vt_fail(e, VT_ELIMIT, "node '%s' has over %d inputs or outputs", n->name, MAX);
  for (int i = 0; i < n->nin; i++) in[i] = n->in[i] ? &n->in[i]->init : NULL;
  for (int i = 0; i < n->nout; i++) {
    if (!n->out[i]) continue;
    n->out[i]->dtype = VT_UNDEFINED;
    n->out[i]->rank = -1;
    for (int k = 0; k < VT_MAX_RANK; k++) n->out[i]->dim[k] = -1;
  }
  int rc = vt__node_infer(n, e);
  if (!rc) rc = vt__ref_eval(n, in, out, seed, e);
  if (rc) return vt_fail_in(e, rc, "node '%s' (%s)", n->name, n->op->name);
  for (int i = 0; i < n->nout; i++) {
    if (!n->out[i]) continue;
    learn(n->out[i], &out[i]);
    if (!d->left[n->out[i]->id]) vt_tensor_clear(&n->out[i]->init);
  }
  for (int i = 0; i < n->nin; i++) used(d, n->in[i]);
  return 0;
}

int vt__dynamic_run(struct vt__dynamic *d, const struct vt_tensor *in, struct vt_tensor *out, uint64_t seed,
                    struct vt_err *e)
{
  struct vt_graph *g = d->graph;
  forget(d);
  memcpy(d->left, d->uses, (size_t)g->nvalues * sizeof *d->left);
  for (int i = 0; i < g->ninputs; i++) {
    struct vt_tensor view = vt_tensor_view(in[i].dtype, in[i].rank, in[i].dim, in[i].data);
    learn(g->inputs[i], &view);
  }
  int rc = 0;
  for (int i = 0; i < g->nnodes && !rc; i++) rc = run_node(d, g->nodes[i], seed, e);
  for (int i = 0; i < g->noutputs && !rc; i++) {
    const struct vt_value *v = g->outputs[i];
    out[i] = vt_tensor_view(v->dtype, v->rank, v->dim, v->init.data);
  }
  return rc;
}
