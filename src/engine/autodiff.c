/* Reverse-mode differentiation as a graph transform (Griewank and Walther, Evaluating Derivatives, 2nd ed.,
 * ch. 3).
 *
 * Forward over the nodes: which values depend on any of wrt ("active"). Backward from loss, in reverse
 * topological order: when a node's turn comes, all its outputs' consumers have been visited, so the
 * contributions to each output's gradient are complete; they are summed, and the operator's rule emits the
 * nodes for its inputs' shares. Nothing is emitted for values that loss does not depend on or that are not
 * active. Only nodes that were there at the start are visited: the emitted ones follow them. */
#include <string.h>
#include "engine/engine_priv.h"

enum { MAX_ARITY = 255 };

/* Contributions to the gradient of one value. */
struct share {
  struct vt_value *dv;
  struct share *next;
};

struct diff {
  struct vt_graph *g;
  int nvalues;           /* at the start; ids below are looked at */
  bool *active;          /* depends on wrt through differentiable numbers */
  struct share **shares; /* latest first */
  struct vt_arena arena;
};

static bool outside(const struct diff *d, const struct vt_value *v)
{
  return !v || v->id >= d->nvalues || d->g->values[v->id] != v;
}

static void mark_active(struct diff *d, int nnodes, int nwrt, struct vt_value *const *wrt)
{
  for (int i = 0; i < nwrt; i++) d->active[wrt[i]->id] = true;
  for (int k = 0; k < nnodes; k++) {
    const struct vt_node *n = d->g->nodes[k];
    bool any = false;
    for (int i = 0; i < n->nin && !any; i++) any = !outside(d, n->in[i]) && d->active[n->in[i]->id];
    if (!any) continue;
    for (int i = 0; i < n->nout; i++)
      if (n->out[i] && (vt_dtype_is_float(n->out[i]->dtype) || n->out[i]->dtype == VT_UNDEFINED))
        d->active[n->out[i]->id] = true;
  }
}

static int add_share(struct diff *d, struct vt_value *v, struct vt_value *dv)
{
  struct share *s = vt_arena_alloc(&d->arena, sizeof *s);
  if (!s) return vt__graph_fail(d->g, VT_ENOMEM, "out of memory");
  *s = (struct share){dv, d->shares[v->id]};
  d->shares[v->id] = s;
  return 0;
}

/* The complete gradient of v, NULL if loss does not depend on it. Several shares are added once and kept as
 * one. */
static struct vt_value *total(struct diff *d, const struct vt_value *v)
{
  struct share *first = d->shares[v->id];
  if (!first || !first->next) return first ? first->dv : NULL;
  struct vt_value *list[VT_MAX_IN], *out, *sum = NULL;
  bool nary = vt__graph_op(d->g, "", "Sum", d->g->opset) != NULL;
  int n = 0, limit = nary ? VT_MAX_IN : 2;
  for (struct share *s = first; s; s = s->next) {
    list[n++] = s->dv;
    if (n < limit && s->next) continue;
    if (n == 1) break;
    sum =
        n == 2 ? vt_emit_n(d->g, "Add", 2, list, 1, &out, "") : vt_emit_n(d->g, "Sum", n, list, 1, &out, "");
    if (!sum) return NULL;
    list[0] = sum;
    n = 1;
  }
  first->dv = sum;
  first->next = NULL;
  return sum;
}

static bool same_shape(const struct vt_value *a, const struct vt_value *b)
{
  if (a->rank < 0 || b->rank < 0) return true;
  if (a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (a->dim[i] >= 0 && b->dim[i] >= 0 && a->dim[i] != b->dim[i]) return false;
  return true;
}

static int accept_share(struct diff *d, const struct vt_node *n, int i, struct vt_value *dx)
{
  struct vt_value *x = n->in[i];
  if (!same_shape(x, dx)) {
    char a[160], b[160];
    vt__value_print(x, a, sizeof a);
    vt__value_print(dx, b, sizeof b);
    return vt__graph_fail(d->g, VT_ESHAPE,
                          "node '%s': the gradient rule of %s gives %s for input %d, which is %s", n->name,
                          n->op->name, b, i, a);
  }
  return add_share(d, x, dx);
}

static int visit(struct diff *d, const struct vt_node *n)
{
  struct vt_graph *g = d->g;
  struct vt_value *dy[MAX_ARITY] = {NULL}, *dx[MAX_ARITY] = {NULL};
  bool need[MAX_ARITY] = {false}, any_dy = false, any_need = false;
  if (n->nin > MAX_ARITY || n->nout > MAX_ARITY)
    return vt__graph_fail(g, VT_ELIMIT, "node '%s' has over %d inputs or outputs", n->name, MAX_ARITY);
  for (int i = 0; i < n->nin; i++) {
    need[i] = !outside(d, n->in[i]) && d->active[n->in[i]->id];
    any_need |= need[i];
  }
  if (!any_need) return 0;
  for (int i = 0; i < n->nout; i++) {
    if (n->out[i]) dy[i] = total(d, n->out[i]);
    any_dy |= dy[i] != NULL;
  }
  if (g->err.code) return g->err.code;
  if (!any_dy) return 0;
  if (!n->op->grad)
    return vt__graph_fail(g, VT_EUNSUPPORTED, "node '%s': %s has no gradient rule", n->name, n->op->name);
  struct vt_err e = {0};
  int rc = n->op->grad(g, n, dy, need, dx, &e);
  if (g->err.code) return g->err.code;
  if (rc) return vt__graph_fail(g, rc, "node '%s': gradient of %s: %.800s", n->name, n->op->name, e.msg);
  for (int i = 0; i < n->nin && !rc; i++)
    if (need[i] && dx[i]) rc = accept_share(d, n, i, dx[i]);
  return rc;
}

/* d loss / d loss = 1, in loss's shape. */
static struct vt_value *seed(struct vt_graph *g, const struct vt_value *loss)
{
  float one = 1;
  struct vt_tensor t = vt_tensor_view(VT_F32, loss->rank, loss->dim, &one);
  return vt_graph_constant(g, "d_loss", &t);
}

static int check_arguments(const struct vt_graph *g, const struct vt_value *loss, int nwrt,
                           struct vt_value *const *wrt, struct vt_err *e)
{
  if (!loss || !vt__owns_value(g, loss))
    return vt_fail(e, VT_EARG, "the loss is no value of graph '%s'", g->name);
  if (loss->dtype != VT_F32 || loss->rank < 0 || vt_dims_count(loss->rank, loss->dim) != 1) {
    char text[160];
    vt__value_print(loss, text, sizeof text);
    return vt_fail(e, VT_ESHAPE, "loss '%s' is %s; only a single f32 number can be differentiated",
                   loss->name, text);
  }
  for (int i = 0; i < nwrt; i++)
    if (!wrt[i] || !vt__owns_value(g, wrt[i]))
      return vt_fail(e, VT_EARG, "item %d to differentiate by is no value of graph '%s'", i, g->name);
  return 0;
}

int vt_autodiff(struct vt_graph *g, struct vt_value *loss, int nwrt, struct vt_value *const *wrt,
                struct vt_value **grad, struct vt_err *e)
{
  for (int i = 0; i < nwrt; i++) grad[i] = NULL;
  int rc = vt_graph_status(g, e);
  if (!rc) rc = check_arguments(g, loss, nwrt, wrt, e);
  if (rc) return rc;
  struct diff d = {.g = g, .nvalues = g->nvalues};
  int nnodes = g->nnodes;
  vt_arena_init(&d.arena);
  d.active = vt_arena_alloc(&d.arena, (size_t)d.nvalues * sizeof *d.active);
  d.shares = vt_arena_alloc(&d.arena, (size_t)d.nvalues * sizeof *d.shares);
  if (!d.active || !d.shares) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  mark_active(&d, nnodes, nwrt, wrt);
  struct vt_value *one = d.active[loss->id] ? seed(g, loss) : NULL;
  if (one && !add_share(&d, loss, one))
    for (int k = nnodes - 1; k >= 0 && !g->err.code; k--) visit(&d, g->nodes[k]);
  for (int i = 0; i < nwrt && !g->err.code; i++) grad[i] = total(&d, wrt[i]);
  rc = vt_graph_status(g, e);
out:
  vt_arena_clear(&d.arena);
  return rc;
}
