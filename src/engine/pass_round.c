/* Precision bf16 where the processor has none, for judging accuracy (VITRINE_EMULATE_BF16=1; else f32
 * serves): the graph computes in f32, and every value that a processor with bf16 would keep in it is rounded
 * to it: what convolutions and products with constant matrices read, their weights, and all feature maps
 * computed from such values. Sums stay f32 there too. */
#include <string.h>
#include "engine/program_impl.h"

struct rounder {
  struct vt_program *p;
  const struct vt_op_desc *op;
  bool *rounded;           /* value id: holds numbers of bf16 only */
  struct vt_value **after; /* value id -> its rounded copy */
  int nvalues;             /* as long as those two */
  struct vt_node **nodes;
  int n;
};

/* y = bf16(x), after the nodes so far. */
static int add_round(struct rounder *r, const struct vt_node *at, struct vt_value *x, struct vt_value *y,
                     struct vt_err *e)
{
  struct vt_node *n = vt__node_make(r->p->graph, r->op, at, 1, &x, 1, &y, e);
  if (!n) return VT_ENOMEM;
  y->producer = n;
  r->nodes[r->n++] = n;
  return 0;
}

static struct vt_value *new_like(struct rounder *r, const struct vt_value *v, struct vt_err *e)
{
  struct vt_value *y = vt__value_new(r->p->graph, v->name, false);
  if (!y) {
    vt_graph_status(r->p->graph, e);
    return NULL;
  }
  y->dtype = v->dtype;
  y->rank = v->rank;
  memcpy(y->dim, v->dim, sizeof y->dim);
  return y;
}

/* bf16 and back. */
static int round_constant(struct vt_value *y, const struct vt_value *v, struct vt_err *e)
{
  struct vt_tensor half;
  int rc = vt_tensor_cast(&half, &v->init, VT_BF16, e);
  if (!rc) rc = vt_tensor_cast(&y->init, &half, VT_F32, e);
  vt_tensor_clear(&half);
  y->is_constant = !rc;
  return rc;
}

/* Input k of a node reads the rounded value from now on. */
static int round_input(struct rounder *r, struct vt_node *n, int k, struct vt_err *e)
{
  struct vt_value *v = k < n->nin ? n->in[k] : NULL;
  if (!v || v->dtype != VT_F32 || v->id >= r->nvalues || r->rounded[v->id]) return 0;
  if (!r->after[v->id]) {
    struct vt_value *y = new_like(r, v, e);
    if (!y) return VT_ENOMEM;
    int rc = vt__value_const(v) ? round_constant(y, v, e) : add_round(r, n, v, y, e);
    if (rc) return rc;
    r->after[v->id] = y;
  }
  n->in[k] = r->after[v->id];
  return 0;
}

/* Output k becomes the rounded one of a new value that the node makes instead. */
static int round_output(struct rounder *r, struct vt_node *n, int k, struct vt_err *e)
{
  struct vt_value *v = n->out[k], *raw = new_like(r, v, e);
  if (!raw) return VT_ENOMEM;
  raw->producer = n;
  n->out[k] = raw;
  r->rounded[v->id] = true;
  return add_round(r, n, raw, v, e);
}

static bool reads_rounded(const struct rounder *r, const struct vt_node *n)
{
  for (int i = 0; i < n->nin; i++)
    if (n->in[i] && (n->in[i]->id >= r->nvalues || r->rounded[n->in[i]->id])) return true;
  return false;
}

static int round_node(struct rounder *r, struct vt_node *n, struct vt_err *e)
{
  const bool conv = strncmp(n->op->name, "Conv", 4) == 0 && n->op->name[4] != 'I';
  const bool product = (vt__op_is(n, "MatMul") || vt__op_is(n, "Gemm")) && vt__value_const(n->in[1]);
  int rc = 0;
  if (conv || product) {
    rc = round_input(r, n, 0, e);
    if (!rc) rc = round_input(r, n, 1, e);
  }
  const bool from = reads_rounded(r, n);
  r->nodes[r->n++] = n;
  for (int k = 0; k < n->nout && !rc; k++) {
    const struct vt_value *v = n->out[k];
    if (!v || v->dtype != VT_F32) continue;
    if (from && (n->op->traits & VT_VIEW) && !k)
      r->rounded[v->id] = true;
    else if ((product && !v->is_output) ||
             (v->rank == 4 && !v->is_output && !vt__stays_f32(n->op) && (conv || from)))
      rc = round_output(r, n, k, e);
  }
  return rc;
}

int vt__pass_round(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  size_t room = (size_t)g->nnodes + 1;
  for (int i = 0; i < g->nnodes; i++) room += 2 + (size_t)g->nodes[i]->nout;
  struct rounder r = {
      .p = p, .op = vt_registry_find(g->registry, "ai.vitrine", "RoundBf16", 1), .nvalues = g->nvalues};
  if (!r.op)
    return vt_fail(e, VT_EUNSUPPORTED, "precision bf16 needs the operator RoundBf16 on this processor");
  r.rounded = vt_calloc((size_t)g->nvalues + 1, sizeof *r.rounded);
  r.after = vt_calloc((size_t)g->nvalues + 1, sizeof(struct vt_value *));
  r.nodes = vt_arena_alloc(&g->arena, room * sizeof(struct vt_node *));
  int rc = r.rounded && r.after && r.nodes ? 0 : vt_fail(e, VT_ENOMEM, "out of memory"), count = g->nnodes;
  for (int i = 0; i < count && !rc; i++) rc = round_node(&r, g->nodes[i], e);
  if (!rc) {
    g->nodes = r.nodes;
    g->nnodes = r.n;
  }
  vt_free(r.rounded);
  vt_free(r.after);
  return rc;
}
