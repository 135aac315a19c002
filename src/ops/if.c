/* If: the outputs of one of two sub-graphs. */
#include "ops/control_ref.h"

static int check(const struct vt_node *n, const struct vt_graph *g, const char *name, struct vt_err *e)
{
  const struct vt_if_attrs *a = n->attrs;
  if (g->ninputs != a->captures || n->nin != 1 + a->captures || g->noutputs != n->nout)
    return vt__bad(e, VT_EARG, n, "%s has %d inputs and %d outputs instead of %lld and %d", name, g->ninputs,
                   g->noutputs, (long long)a->captures, n->nout);
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_if_attrs *a = n->attrs;
  int rc = check(n, a->then_branch, "then_branch", e);
  if (!rc) rc = check(n, a->else_branch, "else_branch", e);
  for (int i = 0; i < n->nout && !rc; i++) { /* what both branches agree on */
    const struct vt_value *y = a->then_branch->outputs[i], *z = a->else_branch->outputs[i];
    int64_t dim[VT_MAX_RANK];
    int rank = y->rank == z->rank ? y->rank : -1;
    for (int d = 0; d < rank; d++) dim[d] = y->dim[d] == z->dim[d] ? y->dim[d] : -1;
    vt__out(n, i, y->dtype ? y->dtype : z->dtype, rank, dim);
  }
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_if_attrs *a = c->attrs;
  if (vt_tensor_count(c->in[0]) != 1) return vt__bad(e, VT_ESHAPE, c->node, "the condition is not one value");
  const struct vt_graph *g = vt_tensor_get(c->in[0], 0) != 0 ? a->then_branch : a->else_branch;
  struct vt_eval *run = NULL;
  struct vt_tensor *in = vt_calloc((size_t)g->ninputs + 1, sizeof *in),
                   *out = vt_calloc((size_t)g->noutputs + 1, sizeof *out);
  int rc = in && out ? VT_OK : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->ninputs && !rc; i++) rc = vt__enter(&in[i], g->inputs[i], c->in[1 + i], e);
  if (!rc) rc = vt_eval_new(&run, g, NULL, e);
  if (!rc) rc = vt_eval_run(run, in, out, c->seed, e);
  for (int i = 0; i < g->noutputs && !rc; i++) rc = vt__put(c, i, &out[i], e);
  for (int i = 0; in && i < g->ninputs; i++) vt_tensor_clear(&in[i]);
  for (int i = 0; out && i < g->noutputs; i++) vt_tensor_clear(&out[i]);
  vt_eval_free(run);
  vt_free(in);
  vt_free(out);
  return rc;
}

#define S struct vt_if_attrs
static const struct vt_attr_desc rows[] = {VT_A_GRAPH(S, then_branch), VT_A_GRAPH(S, else_branch),
                                           VT_A_INT(S, captures, 0)};

const struct vt_op_desc vt_op_if = {
    .name = "If",
    .domain = "",
    .since = 1,
    .doc = "The outputs of then_branch where the condition holds, else of else_branch; inputs behind the "
           "condition are the branches' inputs.",
    VT_ATTRS(rows, S),
    .min_in = 1,
    .max_in = VT_VARIADIC,
    .min_out = 1,
    .max_out = VT_VARIADIC,
    .infer = infer,
    .ref = ref,
};
