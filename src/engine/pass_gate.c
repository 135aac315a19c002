/* Gates (inference): Mul of a map (N, C, H, W) by a gate (N, C, 1, 1), read by one 1x1 convolution alone,
 * goes into that convolution as its input `gate`, where a kernel takes it. Runs after fusion. */
#include <string.h>
#include "engine/program_impl.h"

/* The map and the gate that v is the product of; false: it is none. */
static bool product(const struct vt_value *v, struct vt_value **map, struct vt_value **gate)
{
  const struct vt_node *mul = v->producer;
  if (!mul || !vt__op_is(mul, "Mul") || v->rank != 4 || v->is_output) return false;
  for (int i = 0; i < 2; i++) {
    struct vt_value *x = mul->in[i], *g = mul->in[!i];
    if (x->rank != 4 || g->rank != 4 || x->dtype != VT_F32 || g->dtype != VT_F32) continue;
    if (memcmp(x->dim, v->dim, 4 * sizeof *v->dim) != 0 || g->dim[0] != v->dim[0] || g->dim[1] != v->dim[1])
      continue;
    if (g->dim[2] * g->dim[3] != 1 || v->dim[2] * v->dim[3] == 1) continue;
    *map = x;
    *gate = g;
    return true;
  }
  return false;
}

static int gate_conv(struct vt_program *p, const struct vt_op_desc *op, struct vt_node **place,
                     struct vt_err *e)
{
  enum { X, W, B, RESIDUAL, GATE, ALL };
  struct vt_node *conv = *place;
  struct vt_value *in[ALL] = {0}, *out = conv->out[0];
  if (conv->nin > GATE && conv->in[GATE]) return 0;
  for (int i = 0; i < conv->nin; i++) in[i] = conv->in[i];
  if (!product(in[X], &in[X], &in[GATE])) return 0;
  struct vt_node *n = vt__node_make(p->graph, op, conv, ALL, in, 1, &out, e);
  if (!n) return VT_ENOMEM;
  vt__attrs_by_name(n, conv);
  if (!vt__kernel_takes(p, n, NULL, 0)) return 0;
  out->producer = n;
  *place = n;
  return 0;
}

int vt__pass_gate(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  const struct vt_op_desc *op = vt_registry_find(g->registry, "ai.vitrine", "ConvFused", 1);
  int *use = op ? vt__count_uses(g, e) : NULL;
  if (!use) return op ? VT_ENOMEM : 0;
  int rc = 0;
  for (int i = 0; i < g->nnodes && !rc; i++) {
    const struct vt_node *n = g->nodes[i];
    if ((vt__op_is(n, "Conv") || vt__op_is(n, "ai.vitrine:ConvFused")) && use[n->in[0]->id] == 1)
      rc = gate_conv(p, op, &g->nodes[i], e);
  }
  vt_free(use);
  return rc;
}
