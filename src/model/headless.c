/* Any classifier without its head: the vector that its last linear layer reads.
 *
 * From the output back, what only reshapes, scales or normalises scores is passed over (flatten, softmax,
 * dropout, pooling, a bias or factor, …) until a layer with constant weights is met: Gemm, MatMul, or a
 * convolution that is one (1x1, or as large as its map). The graph ends before it. Where the pooling comes
 * after that layer, as in SqueezeNet, its input is pooled instead. What nothing needs any more goes. */
#include <string.h>
#include "model/model.h"

static bool is(const struct vt_node *n, const char *name)
{
  return !*n->op->domain && !strcmp(n->op->name, name);
}

static bool is_any(const struct vt_node *n, const char *const *names)
{
  for (; *names; names++)
    if (is(n, *names)) return true;
  return false;
}

static const char *const passed[] = {"Softmax", "LogSoftmax", "Sigmoid",        "Flatten",          "Reshape",
                                     "Squeeze", "Unsqueeze",  "Identity",       "Dropout",          "Cast",
                                     "Relu",    "Clip",       "QuantizeLinear", "DequantizeLinear", NULL};
static const char *const pooling[] = {"GlobalAveragePool", "GlobalMaxPool", "AveragePool",
                                      "ReduceMean",        "ReduceMax",     NULL};
static const char *const arithmetic[] = {"Add", "Sub", "Mul", "Div", NULL};

/* fixed[value id]: the same whatever the picture. */
static bool *find_fixed(const struct vt_graph *g, struct vt_err *e)
{
  bool *fixed = vt_calloc((size_t)g->nvalues + 1, sizeof *fixed);
  if (!fixed) {
    vt_fail(e, VT_ENOMEM, "out of memory");
    return NULL;
  }
  for (int i = 0; i < g->nvalues; i++) fixed[i] = g->values[i]->is_constant || g->values[i]->is_variable;
  for (int i = 0; i < g->nnodes; i++) {
    const struct vt_node *n = g->nodes[i];
    bool all = !(n->op->traits & VT_RANDOM);
    for (int k = 0; k < n->nin && all; k++) all = !n->in[k] || fixed[n->in[k]->id];
    for (int k = 0; k < n->nout; k++)
      if (n->out[k]) fixed[n->out[k]->id] = all;
  }
  return fixed;
}

static bool is_point(const struct vt_value *v)
{
  return v->rank == 4 && v->dim[2] == 1 && v->dim[3] == 1;
}

/* Whether a layer with constant weights decides on the classes here. */
static bool is_head(const struct vt_node *n, const bool *fixed)
{
  if (n->nin < 2 || !n->in[1] || !fixed[n->in[1]->id] || fixed[n->in[0]->id]) return false;
  if (is(n, "Gemm") || is(n, "MatMul")) return true;
  const struct vt_value *w = n->in[1];
  return is(n, "Conv") && w->rank == 4 && ((w->dim[2] == 1 && w->dim[3] == 1) || is_point(n->out[0]));
}

/* The input that carries the scores through a node that is passed over, -1 if it is none of those. */
static int carrier(const struct vt_node *n, const bool *fixed)
{
  if (is_any(n, passed) || is_any(n, pooling)) return 0;
  if (is_any(n, arithmetic) && n->in[0] && n->in[1] && fixed[n->in[0]->id] != fixed[n->in[1]->id])
    return fixed[n->in[0]->id];
  return -1;
}

static struct vt_node *find_head(const struct vt_graph *g, const bool *fixed, bool *pooled, struct vt_err *e)
{
  const struct vt_value *v = g->outputs[0];
  *pooled = false;
  for (struct vt_node *n = v->producer; n; n = v->producer) {
    if (is_head(n, fixed)) return n;
    int at = carrier(n, fixed);
    if (at < 0) {
      vt_fail(e, VT_EARG, "no classifier to cut: output '%s' comes from %s '%s', not from a linear layer",
              g->outputs[0]->name, n->op->name, n->name);
      return NULL;
    }
    *pooled = *pooled || is_any(n, pooling);
    v = n->in[at];
  }
  vt_fail(e, VT_EARG, "no classifier to cut: no layer lies between the input and output '%s'",
          g->outputs[0]->name);
  return NULL;
}

/* Drops nodes and constants that the outputs do not need. */
static int prune(struct vt_graph *g, struct vt_err *e)
{
  bool *live = vt_calloc((size_t)g->nvalues + 1, sizeof *live);
  if (!live) return vt_fail(e, VT_ENOMEM, "out of memory");
  int kept = g->nnodes;
  for (int i = 0; i < g->noutputs; i++) live[g->outputs[i]->id] = true;
  for (int i = g->nnodes - 1; i >= 0; i--) {
    struct vt_node *n = g->nodes[i];
    bool needed = false;
    for (int k = 0; k < n->nout && !needed; k++) needed = n->out[k] && live[n->out[k]->id];
    for (int k = 0; k < n->nin && needed; k++)
      if (n->in[k]) live[n->in[k]->id] = true;
    if (needed) g->nodes[--kept] = n;
  }
  memmove(g->nodes, g->nodes + kept, (size_t)(g->nnodes - kept) * sizeof *g->nodes);
  g->nnodes -= kept;
  for (int i = 0; i < g->nnodes; i++) g->nodes[i]->id = i;
  g->nassigns = 0;
  for (int i = 0; i < g->nvalues; i++) {
    struct vt_value *v = g->values[i];
    if (live[i] || (!v->is_constant && !v->is_variable)) continue;
    vt_tensor_clear(&v->init);
    v->is_constant = v->is_variable = v->is_trainable = false;
  }
  vt_free(live);
  return 0;
}

int vt_model_headless(struct vt_graph *g, struct vt_cut *cut, struct vt_err *e)
{
  bool pooled, *fixed = NULL;
  if (g->noutputs < 1) return vt_fail(e, VT_ESHAPE, "no classifier to cut: the graph has no output");
  if (!(fixed = find_fixed(g, e))) return VT_ENOMEM;
  struct vt_node *head = find_head(g, fixed, &pooled, e);
  vt_free(fixed);
  if (!head) return VT_EARG;
  struct vt_value *v = head->in[0];
  const struct vt_value *w = head->in[1], *scores = head->out[0];
  *cut = (struct vt_cut){.op = head->op->name, .layer = head->name, .value = v->name, .classes = -1};
  if (v->is_input)
    return vt_fail(e, VT_EARG, "no classifier to cut: %s '%s' reads the input itself", cut->op, cut->layer);
  if (is(head, "Conv"))
    cut->classes = w->dim[0];
  else if (scores->rank > 0)
    cut->classes = scores->dim[scores->rank - 1];
  for (int i = 0; i < g->noutputs; i++) g->outputs[i]->is_output = false;
  g->noutputs = 0;
  if (v->rank == 4) {
    if (pooled && !is_point(v)) v = vt_emit(g, "GlobalAveragePool", VT_IN(v), "");
    v = vt_emit(g, "Flatten", VT_IN(v), "axis=1");
  } else if (v->rank == 3 && pooled) {
    v = vt_emit(g, "ReduceMean", VT_IN(v), "axes=[1] keepdims=0");
  } else if (v->rank != 2) {
    return vt_fail(e, VT_ESHAPE, "%s '%s' reads '%s', which is no feature vector", cut->op, cut->layer,
                   v->name);
  } else {
    v = vt_emit(g, "Identity", VT_IN(v), "");
  }
  vt_graph_output(g, v, "features"); // (N, D)
  int rc = vt_graph_status(g, e);
  if (rc) return rc;
  cut->features = g->outputs[0]->dim[1];
  return prune(g, e);
}

void vt_cut_print(const struct vt_cut *c, struct vt_buf *out)
{
  vt_buf_addf(out, "cut before %s '%s'", c->op, c->layer);
  if (c->classes > 0) vt_buf_addf(out, " (%lld classes)", (long long)c->classes);
  vt_buf_addf(out, ": features are '%s'", c->value);
  if (c->features > 0) vt_buf_addf(out, ", %lld numbers", (long long)c->features);
}
