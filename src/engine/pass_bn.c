/* Folding what follows a convolution into its weights and bias (inference):
 *
 *   BatchNormalization:  y = (W∗x + b − μ) s + β,  s = γ/√(σ² + ε) per output channel
 *                          = (sW)∗x + (s(b − μ) + β)
 *   Add of a constant (C) along channels:  b + c
 *
 * Only where the convolution's result goes nowhere else and all numbers are known f32. */
#include <math.h>
#include <string.h>
#include "engine/program_impl.h"

static bool known_f32(const struct vt_value *v)
{
  return v && vt__value_const(v) && v->dtype == VT_F32;
}

/* (channels) entries, whatever ones surround them: (C), (C, 1, 1), (1, C, 1, 1). */
static bool per_channel(const struct vt_value *v, int rank, int64_t channels)
{
  if (!known_f32(v) || vt_dims_count(v->rank, v->dim) != channels) return false;
  int axis = v->rank - (rank - 1); /* of the channel after right alignment */
  return axis >= 0 && v->rank <= rank && v->dim[axis] == channels;
}

/* The convolution that computes v for this use alone, with known weights; else NULL. */
static struct vt_node *conv_behind(const struct vt_value *v, const int *use)
{
  struct vt_node *c = v ? v->producer : NULL;
  if (!c || use[v->id] != 1 || v->rank < 3) return NULL;
  bool transposed = vt__op_is(c, "ConvTranspose");
  if (!transposed && !vt__op_is(c, "Conv")) return NULL;
  if (transposed && vt__attr_int(c, "group", 1) != 1) return NULL;
  if (!known_f32(c->in[1]) || (c->nin > 2 && c->in[2] && !known_f32(c->in[2]))) return NULL;
  return c;
}

struct folder {
  struct vt_graph *g;
  int *use, nuse;
};

/* Scales the convolution's weights, in their place if nobody else has these bytes. */
static int scale_weights(struct folder *f, struct vt_node *c, const float *scale, struct vt_err *e)
{
  struct vt_value *w = c->in[1];
  bool own = w->id < f->nuse && f->use[w->id] == 1 && vt__storage_alone(w->init.storage);
  struct vt_tensor t;
  int rc = own ? 0 : vt__tensor_take(&t, &w->init, e);
  if (rc) return rc;
  if (own) t = w->init;
  /* Conv: (M, C/g, k…); ConvTranspose: (C, M, k…), scaled along M */
  bool transposed = vt__op_is(c, "ConvTranspose");
  int64_t outer = transposed ? t.dim[0] : 1, m = t.dim[transposed],
          inner = vt_tensor_count(&t) / VT_MAX(outer * m, 1);
  float *p = t.data;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < m; i++, p += inner)
      for (int64_t k = 0; k < inner; k++) p[k] *= scale[i];
  if (own) return 0;
  c->in[1] = vt_graph_constant(f->g, w->name, &t);
  vt_tensor_clear(&t);
  return c->in[1] ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

/* Puts weights scaled by `scale` (NULL: as they are) and a bias into the convolution. Takes `bias` over. */
static int set_weights(struct folder *f, struct vt_node *c, const float *scale, struct vt_tensor *bias,
                       struct vt_err *e)
{
  struct vt_graph *g = f->g;
  int rc = 0;
  if (scale && (rc = scale_weights(f, c, scale, e))) goto out;
  struct vt_value *b = vt_graph_constant(g, c->nin > 2 && c->in[2] ? c->in[2]->name : "bias", bias);
  struct vt_value **in = vt_arena_alloc(&g->arena, 3 * sizeof *in);
  if (!b || !in) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  in[0] = c->in[0];
  in[1] = c->in[1];
  in[2] = b;
  c->in = in;
  c->nin = 3;
out:
  vt_tensor_clear(bias);
  return rc;
}

static float bias_of(const struct vt_node *c, int64_t i)
{
  return c->nin > 2 && c->in[2] ? ((const float *)c->in[2]->init.data)[i] : 0;
}

static int fold_norm(struct folder *f, struct vt_node *c, const struct vt_node *n, int64_t channels,
                     struct vt_err *e)
{
  const float *gamma = n->in[1]->init.data, *beta = n->in[2]->init.data, *mean = n->in[3]->init.data,
              *var = n->in[4]->init.data;
  float epsilon = vt__attr_float(n, "epsilon", 1e-5f);
  struct vt_tensor b, s;
  int rc = vt_tensor_init(&b, VT_F32, 1, &channels, e);
  if (rc) return rc;
  rc = vt_tensor_init(&s, VT_F32, 1, &channels, e);
  if (rc) {
    vt_tensor_clear(&b);
    return rc;
  }
  for (int64_t i = 0; i < channels; i++) {
    double k = (double)gamma[i] / sqrt((double)var[i] + (double)epsilon);
    ((float *)s.data)[i] = (float)k;
    ((float *)b.data)[i] = (float)(((double)bias_of(c, i) - (double)mean[i]) * k + (double)beta[i]);
  }
  rc = set_weights(f, c, s.data, &b, e);
  vt_tensor_clear(&s);
  return rc;
}

static int fold_add(struct folder *f, struct vt_node *c, const struct vt_value *add, int64_t channels,
                    struct vt_err *e)
{
  struct vt_tensor b;
  int rc = vt_tensor_init(&b, VT_F32, 1, &channels, e);
  if (rc) return rc;
  for (int64_t i = 0; i < channels; i++)
    ((float *)b.data)[i] = bias_of(c, i) + ((const float *)add->init.data)[i];
  return set_weights(f, c, NULL, &b, e);
}

/* 1: n was folded into the convolution before it. */
static int fold_node(struct folder *f, struct vt_node *n, struct vt_err *e)
{
  const int *use = f->use;
  if (vt__op_is(n, "BatchNormalization")) {
    struct vt_node *c = conv_behind(n->in[0], use);
    if (!c || vt__attr_int(n, "training_mode", 0)) return 0;
    int64_t channels = n->in[0]->dim[1];
    for (int i = 1; i < n->nout; i++)
      if (n->out[i]) return 0;
    for (int i = 1; i < 5; i++)
      if (!known_f32(n->in[i]) || vt_dims_count(n->in[i]->rank, n->in[i]->dim) != channels) return 0;
    int rc = fold_norm(f, c, n, channels, e);
    if (rc) return rc;
    c->out[0] = n->out[0];
    n->out[0]->producer = c;
    return 1;
  }
  if (!vt__op_is(n, "Add")) return 0;
  for (int side = 0; side < 2; side++) {
    struct vt_node *c = conv_behind(n->in[side], use);
    if (!c || !per_channel(n->in[!side], n->in[side]->rank, n->in[side]->dim[1])) continue;
    int rc = fold_add(f, c, n->in[!side], n->in[side]->dim[1], e);
    if (rc) return rc;
    c->out[0] = n->out[0];
    n->out[0]->producer = c;
    return 1;
  }
  return 0;
}

/* Graphs inside of nodes read values of this one, which the counts of uses do not see. */
static bool has_graphs_inside(const struct vt_graph *g)
{
  for (int i = 0; i < g->nnodes; i++)
    for (int k = 0; k < g->nodes[i]->op->nattr; k++)
      if (g->nodes[i]->op->attr[k].type == VT_ATTR_GRAPH) return true;
  return false;
}

int vt__pass_batch_norm(struct vt_graph *g, struct vt_err *e)
{
  if (has_graphs_inside(g)) return 0;
  struct folder f = {.g = g, .use = vt__count_uses(g, e), .nuse = g->nvalues};
  int kept = 0, rc = 0;
  if (!f.use) return VT_ENOMEM;
  for (int i = 0; i < g->nnodes; i++) {
    if (rc >= 0) rc = fold_node(&f, g->nodes[i], e);
    if (rc != 1) g->nodes[kept++] = g->nodes[i];
  }
  g->nnodes = kept;
  vt_free(f.use);
  return rc < 0 ? rc : 0;
}
