/* Graphs whose shapes depend on data (a Reshape by a computed shape, NonZero, …) have no fixed memory: their
 * sessions run what has fixed shapes as a program (front.c), and keep an own copy of the graph to run the
 * rest node by node. Each value computed so far counts as known, so that inference sees the numbers it needs;
 * a value is freed after its last use. Small nodes run on the reference kernels; those with many
 * multiply-adds get programs of their own for the shapes that turn up.
 *
 * Invariant: between runs only constants and the last run's outputs hold bytes. */
#include <string.h>
#include "engine/program_impl.h"

enum { HEAVY = 1 << 18 }; /* multiply-adds from which a node is worth a program */

struct vt__dynamic {
  const struct vt_program *p;
  struct vt_graph *graph;
  int *uses, *left;         /* per value */
  bool *known;              /* per value: constant from the start */
  struct vt_session *front; /* NULL: nothing has fixed shapes */
  struct vt_tensor *border; /* front's outputs */
  struct vt_eval **eval;    /* per node: made when first needed */
};

int vt__dynamic_new(struct vt__dynamic **out, const struct vt_program *p, struct vt_err *e)
{
  struct vt__dynamic *d = vt_calloc(1, sizeof *d);
  *out = NULL;
  if (!d) return vt_fail(e, VT_ENOMEM, "out of memory");
  d->p = p;
  int rc = vt_graph_clone(&d->graph, p->graph, NULL, e);
  if (!rc && p->front) rc = vt_session_new(&d->front, p->front, e);
  if (rc) goto out;
  struct vt_graph *g = d->graph;
  d->uses = vt__count_uses(g, e);
  d->left = vt_calloc((size_t)g->nvalues + 1, sizeof *d->left);
  d->known = vt_calloc((size_t)g->nvalues + 1, sizeof *d->known);
  d->border = vt_calloc((size_t)p->nborder + 1, sizeof *d->border);
  d->eval = vt_calloc((size_t)g->nnodes + 1, sizeof *d->eval);
  if (!d->uses || !d->left || !d->known || !d->border || !d->eval) {
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
  for (int i = 0; d->eval && i < d->graph->nnodes; i++) vt_eval_free(d->eval[i]);
  vt_session_free(d->front);
  vt_graph_free(d->graph);
  vt_free(d->border);
  vt_free(d->eval);
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

/* A graph of one node. Inputs that are constants of the graph are constants, so that weights can be packed.
 */
static int single(struct vt_graph **out, const struct vt__dynamic *d, const struct vt_node *n,
                  struct vt_err *e)
{
  struct vt_graph *g;
  int rc = vt_graph_new(&g, d->graph->registry, n->name, e);
  if (rc) return rc;
  struct vt_value **in = vt_arena_alloc(&g->arena, ((size_t)n->nin + 1) * sizeof *in),
                  **y = vt_arena_alloc(&g->arena, ((size_t)n->nout + 1) * sizeof *y);
  if (!in || !y) vt__graph_fail(g, VT_ENOMEM, "out of memory");
  for (int i = 0; i < n->nin && !g->err.code; i++) {
    const struct vt_value *v = n->in[i];
    if (v && d->known[v->id])
      in[i] = vt_graph_constant(g, v->name, &v->init);
    else if (v)
      in[i] = vt_graph_input(g, v->name, v->dtype, v->rank, v->dim);
  }
  g->opset = VT_MAX(g->opset, n->op->since);
  if (!g->err.code) vt_emit_attrs(g, n->op, n->nin, in, n->nout, y, n->attrs);
  for (int i = 0; i < n->nout && !g->err.code; i++)
    if (n->out[i]) vt_graph_output(g, y[i], NULL);
  rc = vt_graph_status(g, e);
  if (rc)
    vt_graph_free(g);
  else
    *out = g;
  return rc;
}

static bool heavy(const struct vt__dynamic *d, const struct vt_node *n)
{
  if (d->p->opts.reference || vt_node_macs(n) < HEAVY || n->nout > VT_MAX_OUT) return false;
  for (int i = 0; i < n->nout; i++)
    if (n->out[i] && !vt__value_known(n->out[i])) return false;
  return true;
}

/* As vt__ref_eval, by a program for the shapes at hand. */
static int run_heavy(struct vt__dynamic *d, int at, const struct vt_tensor *const *in, struct vt_tensor *out,
                     uint64_t seed, struct vt_err *e)
{
  const struct vt_node *n = d->graph->nodes[at];
  struct vt_tensor feed[VT_MAX_IN], made[VT_MAX_OUT] = {0};
  int rc = 0, count = 0, k = 0;
  if (!d->eval[at]) {
    struct vt_graph *g = NULL;
    rc = single(&g, d, n, e);
    if (!rc) rc = vt_eval_new(&d->eval[at], g, &d->p->opts, e);
    vt_graph_free(g);
  }
  for (int i = 0; i < n->nin && !rc; i++)
    if (n->in[i] && !d->known[n->in[i]->id]) feed[count++] = *in[i];
  if (!rc) rc = vt_eval_run(d->eval[at], feed, made, seed, e);
  for (int i = 0; i < n->nout; i++) out[i] = n->out[i] && !rc ? made[k++] : (struct vt_tensor){0};
  return rc;
}

static int run_node(struct vt__dynamic *d, int at, uint64_t seed, struct vt_err *e)
{
  struct vt_node *n = d->graph->nodes[at];
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
  if (!rc && n->nin <= VT_MAX_IN && heavy(d, n))
    rc = run_heavy(d, at, in, out, seed, e);
  else if (!rc)
    rc = vt__ref_eval(n, in, out, seed, e);
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
  int rc = d->front ? vt_session_run(d->front, in, d->border, e) : 0;
  for (int i = 0; d->front && i < d->p->nborder && !rc; i++) {
    struct vt_tensor view =
        vt_tensor_view(d->border[i].dtype, d->border[i].rank, d->border[i].dim, d->border[i].data);
    learn(g->values[d->p->border[i]], &view);
  }
  for (int i = 0; i < g->nnodes && !rc; i++)
    if (!d->front || !d->p->fixed[i]) rc = run_node(d, i, seed, e);
  for (int i = 0; i < g->noutputs && !rc; i++) {
    const struct vt_value *v = g->outputs[i];
    out[i] = vt_tensor_view(v->dtype, v->rank, v->dim, v->init.data);
  }
  return rc;
}
