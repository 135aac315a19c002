/* Whether convolutions in 8 bits pay, and what becomes of quantisation between layers that stay in floats:
 * maps are cut to the range, and not rounded.
 *
 * Without VNNI (AVX2) 8 bits are only twice as fast as the direct sum in floats, Winograd's convolutions in
 * floats are as fast or faster, and every border between floats and 8 bits costs a pass over a map. So the
 * whole is estimated, in nanoseconds of one core: rates as measured on Zen 3, see docs/PERFORMANCE.md. */
#include <string.h>
#include "engine/program_impl.h"

/* Multiply-adds a nanosecond; nanoseconds an element. */
static const double direct = 48, int8 = 92, int8_shifted = 80, border_in = 0.4, border_out = 0.6;

static double elements(const struct vt_value *v)
{
  return (double)vt_dims_count(v->rank, v->dim);
}

/* Winograd's rate, which depends on how well tiles fill the map; or the direct sum's. */
static double float_rate(const struct vt_node *n)
{
  const struct vt_value *w = n->in[1], *y = n->out[0];
  int64_t kh = w->dim[2], kw = w->dim[3], least = VT_MIN(y->dim[2], y->dim[3]), in = n->in[0]->dim[2];
  bool step1 = in - y->dim[2] < kh && w->dim[1] >= 16 && vt__attr_int(n, "group", 1) == 1;
  if (!step1 || least < 6) return direct;
  if (kh == 3 && kw == 3) return least >= 20 ? 130 : least >= 12 ? 85 : 60;
  return (kh == 1) != (kw == 1) && kh + kw > 2 && least >= 12 ? 70 : direct;
}

static double layer_gain(const struct vt_node *n)
{
  enum { ZERO = 3 }; /* ConvInt8: zero point of the input */
  bool shifted = n->in[1]->dim[2] > 1 && vt_tensor_get(&n->in[ZERO]->init, 0) != 0;
  double macs = (double)vt_node_macs(n);
  return macs / float_rate(n) - macs / (shifted ? int8_shifted : int8);
}

double vt__quant_gain(const struct vt_program *p)
{
  double gain = 0;
  for (int i = 0; i < p->graph->nnodes; i++) {
    const struct vt_node *n = p->graph->nodes[i];
    if (!n->out[0] || n->out[0]->rank != 4 || !vt__value_known(n->out[0])) continue;
    if (vt__op_is(n, "ai.vitrine:ConvInt8")) gain += layer_gain(n);
    if (vt__op_is(n, "QuantizeLinear")) gain -= border_in * elements(n->out[0]);
    if (vt__op_is(n, "DequantizeLinear") && !vt__value_const(n->in[0]))
      gain -= border_out * elements(n->out[0]);
  }
  return gain;
}

/* The map in floats that a DequantizeLinear gives back, rounded and cut to the range; NULL: there is none. */
static const struct vt_node *pair_of(const struct vt_node *d)
{
  const struct vt_node *q = vt__op_is(d, "DequantizeLinear") && d->in[0] ? d->in[0]->producer : NULL;
  if (!q || !vt__op_is(q, "QuantizeLinear") || !vt__quant_simple(q) || !vt__quant_simple(d)) return NULL;
  if (d->out[0]->is_output || q->in[2]->dtype != d->in[2]->dtype || q->in[0]->dtype != VT_F32) return NULL;
  bool same = vt_tensor_get(&q->in[1]->init, 0) == vt_tensor_get(&d->in[1]->init, 0) &&
              vt_tensor_get(&q->in[2]->init, 0) == vt_tensor_get(&d->in[2]->init, 0);
  return same ? q : NULL;
}

/* A Relu or Clip before x, that nobody else reads, becomes part of the range [lo, hi]. Returns what is cut
 * then. */
static struct vt_value *join_ranges(struct vt_value *x, const int *use, float *lo, float *hi)
{
  struct vt__activation a;
  if (!x->producer || use[x->id] != 1 || !vt__activation_of(x->producer, &a)) return x;
  bool relu = strcmp(a.word, "relu") == 0;
  if (!relu && strcmp(a.word, "clip") != 0) return x;
  float least = VT_MAX(relu ? 0 : a.alpha, *lo);
  float most = relu ? *hi : VT_MIN(a.beta, *hi);
  if (!(least <= most)) return x; /* ranges that do not meet: one after the other */
  *lo = least;
  *hi = most;
  return x->producer->in[0];
}

/* The place of d gets Clip to the range of the pair. */
static int clip(struct vt_graph *g, struct vt_node **place, const struct vt_node *q, const int *use,
                struct vt_err *e)
{
  const struct vt_op_desc *op = vt_registry_find(g->registry, "", "Clip", g->opset);
  struct vt_node *d = *place;
  double s = vt_tensor_get(&q->in[1]->init, 0), zero = vt_tensor_get(&q->in[2]->init, 0);
  double least = q->in[2]->dtype == VT_I8 ? -128 : 0;
  float low = (float)((least - zero) * s), high = (float)((least + 255 - zero) * s);
  struct vt_value *x = join_ranges(q->in[0], use, &low, &high);
  struct vt_value *lo = vt_graph_scalar(g, low), *hi = vt_graph_scalar(g, high);
  if (!op || !lo || !hi) return vt_graph_status(g, e) ? e->code : vt_fail(e, VT_ENOMEM, "out of memory");
  struct vt_node *n = vt__node_make(g, op, d, 3, VT_ARRAY_(x, lo, hi), 1, d->out, e);
  if (!n) return VT_ENOMEM;
  n->out[0]->producer = n;
  *place = n;
  return 0;
}

int vt__quant_drop_pairs(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  int nvalues = g->nvalues, rc = vt__pass_dead(p, e);
  struct vt_value **first =
      vt_calloc((size_t)nvalues + 1, sizeof *first); /* by the 8-bit map: the one that stays */
  int *use = vt__count_uses(g, e);
  if (!first || !use) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nnodes && !rc; i++) {
    struct vt_node *n = g->nodes[i];
    for (int k = 0; k < n->nin; k++) {
      const struct vt_node *d = n->in[k] ? n->in[k]->producer : NULL;
      if (d && pair_of(d) && first[d->in[0]->id]) n->in[k] = first[d->in[0]->id];
    }
    if (pair_of(n) && !first[n->in[0]->id]) first[n->in[0]->id] = n->out[0];
  }
  for (int i = 0; i < g->nnodes && !rc; i++) {
    const struct vt_node *q = pair_of(g->nodes[i]);
    if (q && first[g->nodes[i]->in[0]->id] == g->nodes[i]->out[0]) rc = clip(g, &g->nodes[i], q, use, e);
  }
  vt_free(first);
  vt_free(use);
  return rc;
}
