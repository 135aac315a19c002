/* Fusion in training programs, forward and backward on their own:
 *
 *   BatchNormalization → [Add of an equally shaped value] → Relu   becomes  ai.vitrine:BatchNormAct
 *   ActivationGrad(relu) → BatchNormGrad                           becomes  ai.vitrine:BatchNormActGrad
 *
 * Each saves whole passes over a feature map, which is what training waits for where convolutions are fast.
 * The gradient that relu lets pass is an output of the fused node where others (the residual's branch) want
 * it too. */
#include <string.h>
#include "engine/program_impl.h"

struct fuser {
  struct vt_program *p;
  struct vt_graph *g;
  const struct vt_op_desc *forward, *backward;
  int *use;
  struct vt_node **user; /* value id -> the last node that reads it */
  int *place;            /* value id -> position of its producer */
};

static bool is_relu_grad(const struct vt_node *n)
{
  const struct vt_attr_desc *d = n ? vt__attr_find(n->op, "activation") : NULL;
  return d && vt__op_is(n, "ai.vitrine:ActivationGrad") &&
         vt__attr_int(n, "activation", -1) == vt__choice(d->choices, "relu", 4);
}

static bool same_shape(const struct vt_value *a, const struct vt_value *b)
{
  return a->dtype == b->dtype && a->rank == b->rank &&
         memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static struct vt_node *only_user(const struct fuser *f, const struct vt_value *v, const char *op)
{
  struct vt_node *n = f->use[v->id] == 1 ? f->user[v->id] : NULL;
  return n && vt__op_is(n, op) ? n : NULL;
}

static int fuse_forward(struct fuser *f, struct vt_node *norm, struct vt_err *e)
{
  if (!vt__attr_int(norm, "training_mode", 0) || norm->nout > 3) return 0;
  struct vt_value *y = norm->out[0], *residual = NULL;
  struct vt_node *add = only_user(f, y, "Add");
  if (add) {
    residual = add->in[add->in[0] == y];
    if (residual == y || !same_shape(residual, y)) return 0;
    y = add->out[0];
  }
  struct vt_node *relu = only_user(f, y, "Relu");
  if (!relu || f->g->nodes[f->place[relu->out[0]->id]] != relu) return 0; /* done from the other operand */
  struct vt_value *in[6] = {norm->in[0], norm->in[1], norm->in[2], norm->in[3], norm->in[4], residual};
  struct vt_value *out[3] = {relu->out[0], norm->nout > 1 ? norm->out[1] : NULL,
                             norm->nout > 2 ? norm->out[2] : NULL};
  struct vt_node *n = vt__node_make(f->g, f->forward, relu, residual ? 6 : 5, in, norm->nout, out, e);
  if (!n) return VT_ENOMEM;
  vt__attrs_by_name(n, norm);
  if (!vt__kernel_takes(f->p, n, NULL, 0)) return 0;
  /* At the last node's place, where the residual is known; the running statistics wait until then. */
  f->g->nodes[f->place[relu->out[0]->id]] = n;
  f->g->nodes[f->place[norm->out[0]->id]] = NULL;
  for (int i = 0; i < n->nout; i++)
    if (out[i]) out[i]->producer = n;
  return 0;
}

static int fuse_backward(struct fuser *f, struct vt_node *norm, struct vt_err *e)
{
  struct vt_value *g = norm->in[0];
  struct vt_node *act = g->producer;
  if (!is_relu_grad(act) || !vt__attr_int(norm, "training_mode", 1) || norm->nin != 3) return 0;
  bool shared = f->use[g->id] > 1;
  struct vt_value *in[4] = {act->in[0], norm->in[1], norm->in[2], act->in[1]};
  struct vt_value *out[4] = {norm->out[0], norm->nout > 1 ? norm->out[1] : NULL,
                             norm->nout > 2 ? norm->out[2] : NULL, shared ? g : NULL};
  if (!out[0] || !same_shape(g, norm->in[1])) return 0;
  struct vt_node *n = vt__node_make(f->g, f->backward, norm, 4, in, 4, out, e);
  if (!n) return VT_ENOMEM;
  vt__attrs_by_name(n, norm);
  if (!vt__kernel_takes(f->p, n, NULL, 0)) return 0;
  /* At the first node's place: its inputs and the forward values are all known there. */
  f->g->nodes[f->place[g->id]] = n;
  f->g->nodes[f->place[norm->out[0]->id]] = NULL;
  for (int i = 0; i < 4; i++)
    if (out[i]) {
      out[i]->producer = n;
      f->place[out[i]->id] = f->place[g->id];
    }
  return 0;
}

static int prepare(struct fuser *f, struct vt_err *e)
{
  struct vt_graph *g = f->g;
  size_t n = (size_t)VT_MAX(g->nvalues, 1);
  f->use = vt__count_uses(g, e);
  f->user = vt_calloc(n, sizeof *f->user);
  f->place = vt_calloc(n, sizeof *f->place);
  if (!f->use || !f->user || !f->place) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nnodes; i++) {
    const struct vt_node *v = g->nodes[i];
    for (int k = 0; k < v->nin; k++)
      if (v->in[k]) f->user[v->in[k]->id] = g->nodes[i];
    for (int k = 0; k < v->nout; k++)
      if (v->out[k]) f->place[v->out[k]->id] = i;
  }
  return 0;
}

int vt__pass_train(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  struct fuser f = {.p = p, .g = g};
  f.forward = vt_registry_find(g->registry, "ai.vitrine", "BatchNormAct", 1);
  f.backward = vt_registry_find(g->registry, "ai.vitrine", "BatchNormActGrad", 1);
  if (!f.forward || !f.backward || !g->registry->nkernels) return 0;
  int rc = prepare(&f, e), kept = 0;
  for (int i = 0; i < g->nnodes && !rc; i++) {
    struct vt_node *n = g->nodes[i];
    if (n && vt__op_is(n, "BatchNormalization")) rc = fuse_forward(&f, n, e);
    if (n && vt__op_is(n, "ai.vitrine:BatchNormGrad")) rc = fuse_backward(&f, n, e);
  }
  for (int i = 0; i < g->nnodes; i++)
    if (g->nodes[i]) g->nodes[kept++] = g->nodes[i];
  g->nnodes = kept;
  vt_free(f.use);
  vt_free(f.user);
  vt_free(f.place);
  return rc ? rc : vt__pass_dead(p, e);
}
