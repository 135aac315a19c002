/* Fusion (inference): Conv → [Add of an equally shaped value] → [activation] becomes one
 * ai.vitrine:ConvFused, if the values in between go nowhere else and some kernel takes the fused node. */
#include <stdio.h>
#include <string.h>
#include "engine/program_impl.h"

/* Operator and its word in ConvFused's attribute `activation`. */
static const struct {
  const char *op, *word;
} activations[] = {
    {"Relu", "relu"},
    {"LeakyRelu", "leaky_relu"},
    {"Sigmoid", "sigmoid"},
    {"Tanh", "tanh"},
    {"HardSigmoid", "hard_sigmoid"},
    {"HardSwish", "hard_swish"},
    {"Elu", "elu"},
    {"ai.vitrine:Silu", "silu"},
    {"Clip", "clip"},
    {"Softplus", "softplus"},
    {"Gelu", "gelu"},
    {"Selu", "selu"},
    {"Mish", "mish"},
};

struct chain {
  struct vt_node *conv, *last; /* last: whose place the fused node takes */
  struct vt_value *residual;   /* NULL: none */
  struct vt__activation act;   /* word NULL: none */
};

struct fuser {
  struct vt_program *p;
  const struct vt_op_desc *op; /* ConvFused */
  int *use;
  struct vt_node **user; /* value id -> a node that reads it */
};

static const char *activation_word(const struct vt_node *n)
{
  for (size_t i = 0; i < VT_COUNT(activations); i++)
    if (vt__op_is(n, activations[i].op)) return activations[i].word;
  return NULL;
}

static bool known_scalar(const struct vt_value *v)
{
  return !v || (vt__value_const(v) && v->dtype == VT_F32 && vt_dims_count(v->rank, v->dim) == 1);
}

/* alpha and beta as ConvFused means them. false: cannot be expressed. */
static bool activation_numbers(const struct vt_node *n, float *alpha, float *beta)
{
  *alpha = vt__attr_float(n, "alpha", 0);
  *beta = vt__attr_float(n, "beta", 0);
  if (vt__op_is(n, "Selu")) *beta = vt__attr_float(n, "gamma", 1.0507f);
  if (vt__op_is(n, "Gelu")) {
    const struct vt_attr_desc *d = vt__attr_find(n->op, "approximate");
    return !d || vt__attr_int(n, "approximate", 0) == 0;
  }
  if (!vt__op_is(n, "Clip")) return true;
  const float huge = 3.4028234e38f; /* FLT_MAX: no bound */
  const struct vt_value *lo = n->nin > 1 ? n->in[1] : NULL, *hi = n->nin > 2 ? n->in[2] : NULL;
  if (!known_scalar(lo) || !known_scalar(hi)) return false;
  *alpha = lo ? *(const float *)lo->init.data : vt__attr_float(n, "min", -huge);
  *beta = hi ? *(const float *)hi->init.data : vt__attr_float(n, "max", huge);
  return true;
}

bool vt__activation_of(const struct vt_node *n, struct vt__activation *a)
{
  *a = (struct vt__activation){.word = activation_word(n)};
  if (a->word && activation_numbers(n, &a->alpha, &a->beta)) return true;
  a->word = NULL;
  return false;
}

static struct vt_node *only_user(const struct fuser *f, const struct vt_value *v)
{
  return f->use[v->id] == 1 ? f->user[v->id] : NULL;
}

static bool find_chain(const struct fuser *f, struct vt_node *conv, struct chain *c)
{
  *c = (struct chain){.conv = conv, .last = conv};
  const struct vt_value *y = conv->out[0];
  struct vt_node *n = only_user(f, y);
  if (n && vt__op_is(n, "Add")) {
    struct vt_value *r = n->in[n->in[0] == y];
    if (r != y && !vt__value_const(r) && r->dtype == y->dtype && r->rank == y->rank &&
        memcmp(r->dim, y->dim, (size_t)y->rank * sizeof *y->dim) == 0) {
      c->residual = r;
      c->last = n;
      n = only_user(f, n->out[0]);
    }
  }
  if (n && n != c->last && n->in[0] == c->last->out[0] && vt__activation_of(n, &c->act)) c->last = n;
  return c->last != conv;
}

static void set_float(struct vt_node *n, const char *name, float v)
{
  const struct vt_attr_desc *d = vt__attr_find(n->op, name);
  if (d) *(float *)((char *)n->attrs + d->offset) = v;
}

int vt__set_activation(struct vt_node *n, const struct vt__activation *a, struct vt_err *e)
{
  const struct vt_attr_desc *act = vt__attr_find(n->op, "activation");
  int k = act && n->attrs ? vt__choice(act->choices, a->word, strlen(a->word)) : -1;
  if (k < 0) return vt_fail(e, VT_EUNSUPPORTED, "%s has no activation '%s'", n->op->name, a->word);
  *(int *)((char *)n->attrs + act->offset) = k;
  set_float(n, "alpha", a->alpha);
  set_float(n, "beta", a->beta);
  return 0;
}

/* Replaces the chain's last node by a fused one; the others fall to the pass that removes dead code. */
static int fuse(struct fuser *f, const struct chain *c, struct vt_node **place, struct vt_err *e)
{
  struct vt_graph *g = f->p->graph;
  struct vt_value *in[4] = {c->conv->in[0], c->conv->in[1], c->conv->nin > 2 ? c->conv->in[2] : NULL,
                            c->residual};
  struct vt_value *out = c->last->out[0];
  struct vt_node *n = vt__node_make(g, f->op, c->last, c->residual ? 4 : 3, in, 1, &out, e);
  if (!n) return VT_ENOMEM;
  vt__attrs_by_name(n, c->conv);
  if (c->act.word && vt__set_activation(n, &c->act, e)) return VT_EUNSUPPORTED;
  if (!vt__kernel_takes(f->p, n, NULL, 0)) return 0;
  out->producer = n;
  *place = n;
  return 0;
}

/* The chains of one convolution, longest first: with residual and activation, then less. */
static int fuse_conv(struct fuser *f, struct vt_node *conv, struct vt_node ***at, struct vt_err *e)
{
  struct chain c;
  if (!find_chain(f, conv, &c)) return 0;
  struct vt_node **place = at[c.last->out[0]->id];
  if (*place != c.last) return 0; /* fused already, into the other operand of the Add */
  int rc = fuse(f, &c, place, e);
  if (rc || *place != c.last) return rc;
  if (!c.act.word || !c.residual) return 0;
  c.act.word = NULL;
  c.last = f->user[conv->out[0]->id];
  return fuse(f, &c, at[c.last->out[0]->id], e);
}

int vt__pass_fuse(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  struct fuser f = {.p = p, .op = vt_registry_find(g->registry, "ai.vitrine", "ConvFused", 1)};
  if (!f.op) return 0;
  int rc = 0;
  f.use = vt__count_uses(g, e);
  f.user = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *f.user);
  struct vt_node ***at =
      vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *at); /* value -> its producer's place */
  if (!f.use || !f.user || !at) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nnodes && !rc; i++) {
    struct vt_node *n = g->nodes[i];
    for (int k = 0; k < n->nin; k++)
      if (n->in[k]) f.user[n->in[k]->id] = n;
    for (int k = 0; k < n->nout; k++)
      if (n->out[k]) at[n->out[k]->id] = &g->nodes[i];
  }
  for (int i = 0; i < g->nnodes && !rc; i++)
    if (vt__op_is(g->nodes[i], "Conv")) rc = fuse_conv(&f, g->nodes[i], at, e);
  vt_free(f.use);
  vt_free(f.user);
  vt_free(at);
  return rc;
}
