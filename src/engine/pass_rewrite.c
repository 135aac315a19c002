/* Idioms that exporters write out in several nodes, put back into one (inference):
 *
 *   x Sigmoid(x)                         -> ai.vitrine:Silu
 *   x HardSigmoid(x; 1/6, 1/2)           -> HardSwish
 *   Pad by nothing                       -> nothing
 *   Pad by zeros, then Conv              -> Conv with these pads
 *   Pad by zeros, then AveragePool       -> AveragePool with these pads, which count
 *
 * and, once batch norms are folded into convolutions where they can be, for those that remain:
 *
 *   Relu(BatchNormalization)             -> ai.vitrine:BatchNormAct
 *
 * The nodes in between fall to the pass that removes dead code. */
#include <math.h>
#include <string.h>
#include "engine/program_impl.h"

/* x if n is f(x) x; *gate is the node of f. */
static struct vt_value *gated(const struct vt_node *n, const char *f, const struct vt_node **gate)
{
  if (!vt__op_is(n, "Mul")) return NULL;
  for (int side = 0; side < 2; side++) {
    struct vt_value *x = n->in[side];
    const struct vt_node *p = n->in[!side]->producer;
    if (!p || !vt__op_is(p, f) || p->in[0] != x) continue;
    *gate = p;
    return x;
  }
  return NULL;
}

static int rewrite_gate(struct vt_graph *g, struct vt_node **at, struct vt_err *e)
{
  const struct vt_node *gate = NULL;
  const struct vt_op_desc *op = NULL;
  struct vt_value *x = gated(*at, "Sigmoid", &gate);
  if (x) {
    op = vt_registry_find(g->registry, "ai.vitrine", "Silu", 1);
  } else if ((x = gated(*at, "HardSigmoid", &gate)) &&
             fabsf(vt__attr_float(gate, "alpha", 0) - 1 / 6.f) < 1e-6f &&
             vt__attr_float(gate, "beta", 0) == 0.5f) {
    op = vt_registry_find(g->registry, "", "HardSwish", 14);
  }
  if (!op || x->dtype != VT_F32) return 0;
  struct vt_node *n = vt__node_make(g, op, *at, 1, &x, 1, (*at)->out, e);
  if (!n) return VT_ENOMEM;
  n->out[0]->producer = n;
  *at = n;
  return 0;
}

/* Widths of a Pad by zeros along the dimensions behind the second: lo, then hi. */
static bool zero_pad(const struct vt_node *n, int64_t *pads)
{
  const struct vt_value *p = n->nin > 1 ? n->in[1] : NULL, *v = n->nin > 2 ? n->in[2] : NULL;
  int rank = n->in[0]->rank;
  if (vt__attr_int(n, "mode", 0) || !p || !vt__value_const(p) || p->dtype != VT_I64 ||
      (n->nin > 3 && n->in[3]))
    return false;
  if (v && (!vt__value_const(v) || v->dtype != VT_F32 || *(const float *)v->init.data != 0)) return false;
  const int64_t *w = p->init.data;
  if (rank < 3 || vt_dims_count(p->rank, p->dim) != 2 * rank) return false;
  for (int d = 0; d < rank; d++) {
    if (w[d] < 0 || w[rank + d] < 0 || (d < 2 && (w[d] || w[rank + d]))) return false;
    if (d < 2) continue;
    pads[d - 2] = w[d];
    pads[rank - 2 + d - 2] = w[rank + d];
  }
  return true;
}

static struct vt_ints *pads_of(struct vt_node *n)
{
  return (struct vt_ints *)((char *)n->attrs + vt__attr_find(n->op, "pads")->offset);
}

static void set_int(struct vt_node *n, const char *name, int64_t v)
{
  *(int64_t *)((char *)n->attrs + vt__attr_find(n->op, name)->offset) = v;
}

/* The Pad before *at becomes its pads. Padding that an AveragePool has already must count, or be none; with
 * ceil_mode its last window could reach beyond what was padded. */
static int rewrite_pad(struct vt_graph *g, struct vt_node **at, struct vt_err *e)
{
  bool pool = vt__op_is(*at, "AveragePool");
  const struct vt_node *pad = (pool || vt__op_is(*at, "Conv")) ? (*at)->in[0]->producer : NULL;
  int64_t more[2 * VT_MAX_RANK];
  if (!pad || !vt__op_is(pad, "Pad") || !zero_pad(pad, more) || vt__attr_int(*at, "auto_pad", 0)) return 0;
  struct vt_ints own = *pads_of(*at);
  int n = 2 * (pad->in[0]->rank - 2);
  if (own.n && own.n != n) return 0;
  bool any = false;
  for (int i = 0; i < own.n; i++) any |= own.v[i] != 0;
  if (pool && (vt__attr_int(*at, "ceil_mode", 0) || (any && !vt__attr_int(*at, "count_include_pad", 0))))
    return 0;
  int64_t *sum = vt_arena_alloc(&g->arena, (size_t)n * sizeof *sum);
  struct vt_node *x = vt__node_make(g, (*at)->op, *at, (*at)->nin, (*at)->in, 1, (*at)->out, e);
  if (!sum || !x) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < n; i++) sum[i] = more[i] + (own.n ? own.v[i] : 0);
  vt__attrs_by_name(x, *at);
  *pads_of(x) = (struct vt_ints){n, sum};
  if (pool) set_int(x, "count_include_pad", 1);
  x->in[0] = pad->in[0];
  x->out[0]->producer = x;
  *at = x;
  return 0;
}

int vt__pass_pad(struct vt_graph *g, struct vt_err *e)
{
  int rc = 0;
  for (int i = 0; i < g->nnodes && !rc; i++) rc = rewrite_pad(g, &g->nodes[i], e);
  return rc;
}

int vt__pass_rewrite(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  int rc = vt__pass_pad(g, e);
  for (int i = 0; i < g->nnodes && !rc; i++) rc = rewrite_gate(g, &g->nodes[i], e);
  return rc ? rc : vt__pass_dead(p, e);
}

int vt__pass_norm_relu(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  const struct vt_op_desc *op = vt_registry_find(g->registry, "ai.vitrine", "BatchNormAct", 1);
  if (!op || !g->registry->nkernels) return 0;
  int *use = vt__count_uses(g, e);
  if (!use) return VT_ENOMEM;
  int rc = 0;
  for (int i = 0; i < g->nnodes && !rc; i++) {
    struct vt_node *relu = g->nodes[i], *norm = vt__op_is(relu, "Relu") ? relu->in[0]->producer : NULL;
    if (!norm || !vt__op_is(norm, "BatchNormalization") || use[norm->out[0]->id] != 1 ||
        vt__attr_int(norm, "training_mode", 0))
      continue;
    struct vt_node *n = vt__node_make(g, op, relu, 5, norm->in, 1, relu->out, e);
    if (!n) {
      rc = VT_ENOMEM;
      continue;
    }
    vt__attrs_by_name(n, norm);
    if (!vt__kernel_takes(p, n, NULL, 0)) continue;
    n->out[0]->producer = n;
    g->nodes[i] = n;
  }
  vt_free(use);
  return rc ? rc : vt__pass_dead(p, e);
}
