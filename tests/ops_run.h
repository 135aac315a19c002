/* A small executor that calls the reference kernels of a graph one by one: the check against which programs
 * are measured. */
#ifndef VT_TEST_OPS_RUN_H
#define VT_TEST_OPS_RUN_H

#include <math.h>
#include "ops_cases.h"

/* Values of a graph by id. */
struct run {
  const struct vt_graph *g;
  struct vt_tensor *t;
};

static void run_clear(struct run *r)
{
  for (int i = 0; r->t && i < r->g->nvalues; i++) vt_tensor_clear(&r->t[i]);
  vt_free(r->t);
  r->t = NULL;
}

static int run_check(const struct vt_value *v, const struct vt_tensor *t, struct vt_err *e)
{
  bool fits = v->dtype == t->dtype && (v->rank < 0 || v->rank == t->rank);
  for (int d = 0; fits && v->rank >= 0 && d < t->rank; d++) fits = v->dim[d] < 0 || v->dim[d] == t->dim[d];
  if (fits) return 0;
  char a[96], b[96];
  vt_shape_print(v->rank < 0 ? 0 : v->rank, v->dim, a, sizeof a);
  vt_shape_print(t->rank, t->dim, b, sizeof b);
  return vt_fail(e, VT_ESHAPE, "inferred %s %s, real %s %s", vt_dtype_name(v->dtype), a,
                 vt_dtype_name(t->dtype), b);
}

static int run_node(struct run *r, const struct vt_node *n, struct vt_err *e)
{
  const struct vt_tensor *in[CASE_MAX_IN];
  struct vt_tensor *out[CASE_MAX_IN];
  for (int i = 0; i < n->nin; i++) in[i] = n->in[i] ? &r->t[n->in[i]->id] : NULL;
  for (int i = 0; i < n->nout; i++) {
    struct vt_value *v = n->out[i];
    out[i] = v ? &r->t[v->id] : NULL;
    if (!v || v->rank < 0 || vt_dims_count(v->rank, v->dim) < 0) continue;
    int rc = vt_tensor_init(out[i], v->dtype, v->rank, v->dim, e);
    if (rc) return rc;
    if (vt_tensor_bytes(out[i]))
      memset(out[i]->data, 0xA5, vt_tensor_bytes(out[i])); /* kernels must fill it */
  }
  struct vt_ref_call c = {n, n->attrs, n->nin, n->nout, in, out, 42};
  int rc = n->op->ref(&c, e);
  for (int i = 0; i < n->nout && !rc; i++)
    if (n->out[i]) rc = run_check(n->out[i], out[i], e);
  return rc;
}

/* Runs the nodes in order. feed[i]: tensor of graph input i. */
static int run_graph(struct run *r, const struct vt_graph *g, const struct vt_tensor *feed, struct vt_err *e)
{
  r->g = g;
  r->t = vt_calloc((size_t)g->nvalues + 1, sizeof *r->t);
  if (!r->t) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nvalues; i++)
    if (g->values[i]->init.data || g->values[i]->is_constant) r->t[i] = vt_tensor_share(&g->values[i]->init);
  for (int i = 0; i < g->ninputs; i++) r->t[g->inputs[i]->id] = vt_tensor_share(&feed[i]);
  for (int i = 0; i < g->nnodes; i++) {
    int rc = run_node(r, g->nodes[i], e);
    if (rc) return rc;
  }
  return 0;
}

/* Largest |a − b| over the largest |a|; NaN only equals NaN. */
static double tensor_distance(const struct vt_tensor *a, const struct vt_tensor *b)
{
  double diff = 0, top = 1e-6;
  if (a->dtype != b->dtype || vt_tensor_count(a) != vt_tensor_count(b)) return INFINITY;
  for (int64_t i = 0; i < vt_tensor_count(a); i++) {
    double x = vt_tensor_get(a, i), y = vt_tensor_get(b, i);
    if (x == y || (isnan(x) && isnan(y))) continue;
    if (!isfinite(x) || !isfinite(y)) return INFINITY;
    top = fmax(top, fabs(x));
    diff = fmax(diff, fabs(x - y));
  }
  return diff / top;
}

#endif
