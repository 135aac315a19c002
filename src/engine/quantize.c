/* Which maps of a graph are quantised, their ranges, and the graph with QuantizeLinear and DequantizeLinear
 * in it.
 *
 * Layers are convolutions and matrix products of constant weights. A layer reads quantised maps. Where its
 * result is added to another map before it is kept, that other map is quantised too, so that the sum can be
 * part of the layer; of two layers that meet in a sum the later one takes it. Operators that only move
 * numbers (max pooling, joining, new shapes) read and write one scale. Every reader of such a map reads the
 * quantised one: the exact map is then needed by nobody. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "engine/program_impl.h"
#include "engine/quant_round.h"
#include "engine/quantize.h"

struct vt_calibration {
  struct vt_graph *g;   /* folded */
  struct vt_eval *eval; /* of a copy whose outputs are the maps */
  int nvalues, nnodes;  /* of g before it is changed */
  bool *want;           /* value id -> quantised */
  int *root;            /* value id -> the value that stands for its scale */
  int *pos;             /* value id -> its producer's position, -1 none */
  struct vt_histogram *h;
  struct vt__samples *seen; /* node -> what the layer reads */
  struct vt_value **tap;    /* quantised maps */
  struct vt_value **dq;     /* value id -> dequantised */
  int ntaps;
  int64_t runs;
};

static bool known_f32(const struct vt_value *v)
{
  return v && vt__value_const(v) && v->dtype == VT_F32;
}

/* The axis of output channels of a layer's weights; -1: the node is no layer. */
static int layer_axis(const struct vt_node *n)
{
  bool conv = vt__op_is(n, "Conv"), gemm = vt__op_is(n, "Gemm");
  if (!conv && !gemm && !vt__op_is(n, "MatMul")) return -1;
  const struct vt_value *x = n->in[0], *w = n->in[1];
  if (!known_f32(w) || vt__value_const(x) || x->dtype != VT_F32 || w->rank != (conv ? 4 : 2)) return -1;
  if (gemm && (vt__attr_float(n, "alpha", 1) != 1 || vt__attr_float(n, "beta", 1) != 1 ||
               vt__attr_int(n, "transA", 0)))
    return -1;
  return conv || vt__attr_int(n, "transB", 0) ? 0 : 1;
}

static bool moves(const struct vt_node *n)
{
  static const char *const op[] = {"MaxPool", "Concat", "Reshape", "Flatten"};
  for (size_t i = 0; i < VT_COUNT(op); i++)
    if (vt__op_is(n, op[i])) return true;
  return false;
}

static int find(const struct vt_calibration *c, int id)
{
  while (c->root[id] != id) id = c->root[id];
  return id;
}

static void want(struct vt_calibration *c, const struct vt_value *v)
{
  if (v && !vt__value_const(v) && v->dtype == VT_F32) c->want[v->id] = true;
}

/* The layer whose result v is, for this use alone; else NULL. */
static struct vt_node *layer_behind(const struct vt_value *v, const int *use)
{
  return v && v->producer && use[v->id] == 1 && layer_axis(v->producer) >= 0 ? v->producer : NULL;
}

/* The sum's other map, if one is a layer's result. */
static void want_residual(struct vt_calibration *c, const struct vt_node *n, const int *use)
{
  const struct vt_value *a = n->in[0], *b = n->in[1];
  if (a->rank != 4 || b->rank != 4 || memcmp(a->dim, b->dim, 4 * sizeof *a->dim) != 0) return;
  bool la = layer_behind(a, use), lb = layer_behind(b, use);
  if (la && lb)
    want(c, c->pos[a->id] < c->pos[b->id] ? a : b);
  else if (la || lb)
    want(c, la ? b : a);
}

/* From the last node to the first, so that what moves numbers hands its wish on. */
static void choose(struct vt_calibration *c, const int *use)
{
  for (int i = c->nnodes - 1; i >= 0; i--) {
    const struct vt_node *n = c->g->nodes[i];
    if (layer_axis(n) >= 0 || vt__op_is(n, "GlobalAveragePool") || vt__op_is(n, "AveragePool"))
      want(c, n->in[0]);
    if (vt__op_is(n, "Add")) want_residual(c, n, use);
    if (!moves(n) || !n->out[0] || !c->want[n->out[0]->id]) continue;
    for (int k = 0; k < (vt__op_is(n, "Concat") ? n->nin : 1); k++) {
      want(c, n->in[k]);
      if (c->want[n->in[k]->id]) c->root[find(c, n->in[k]->id)] = find(c, n->out[0]->id);
    }
  }
}

/* A copy of the graph whose outputs are the maps. Maps that are inputs are looked at where they come in. */
static int make_taps(struct vt_calibration *c, struct vt_err *e)
{
  struct vt_graph *t = NULL;
  struct vt_value **map = vt_calloc((size_t)c->nvalues + 1, sizeof *map);
  int rc = map ? vt_graph_clone(&t, c->g, map, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  for (int i = 0; i < t->noutputs; i++) t->outputs[i]->is_output = false;
  t->noutputs = 0;
  for (int i = 0; i < c->nvalues; i++) {
    struct vt_value *v = c->g->values[i];
    if (!c->want[v->id]) continue;
    c->tap[c->ntaps++] = v;
    if (!v->is_input) vt_graph_output(t, map[v->id], NULL);
  }
  rc = vt_graph_status(t, e);
  if (!rc) rc = vt_eval_new(&c->eval, t, &(struct vt_compile_opts){.precision = VT_PREC_F32}, e);
out:
  vt_graph_free(t);
  vt_free(map);
  return rc;
}

static int prepare(struct vt_calibration *c, struct vt_err *e)
{
  struct vt_program folding = {.graph = c->g, .opts = {.reference = true}};
  int rc = vt_graph_freeze(c->g, e);
  if (!rc) rc = vt__pass_fold(&folding, e);
  if (!rc) rc = vt__pass_dead(&folding, e);
  if (!rc) rc = vt__pass_pad(c->g, e);        /* else padding would be a map of its own */
  if (!rc) rc = vt__pass_batch_norm(c->g, e); /* again: weights stored as f16 were no constants before */
  if (!rc) rc = vt__pass_dead(&folding, e);
  if (rc) return rc;
  size_t n = (size_t)(c->nvalues = c->g->nvalues) + 1;
  c->nnodes = c->g->nnodes;
  c->want = vt_calloc(n, sizeof *c->want);
  c->root = vt_calloc(n, sizeof *c->root);
  c->pos = vt_calloc(n, sizeof *c->pos);
  c->h = vt_calloc(n, sizeof *c->h);
  c->seen = vt_calloc((size_t)c->nnodes + 1, sizeof *c->seen);
  c->tap = vt_calloc(n, sizeof *c->tap);
  c->dq = vt_calloc(n, sizeof *c->dq);
  int *use = vt__count_uses(c->g, e);
  if (!c->want || !c->root || !c->pos || !c->h || !c->seen || !c->tap || !c->dq || !use) {
    vt_free(use);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  for (int i = 0; i < c->nvalues; i++) {
    c->root[i] = i;
    c->pos[i] = -1;
  }
  int layers = 0;
  for (int i = 0; i < c->nnodes; i++) {
    const struct vt_node *v = c->g->nodes[i];
    layers += layer_axis(v) >= 0;
    for (int k = 0; k < v->nout; k++)
      if (v->out[k]) c->pos[v->out[k]->id] = i;
  }
  choose(c, use);
  vt_free(use);
  return layers ? make_taps(c, e)
                : vt_fail(e, VT_EARG,
                          "no convolution or matrix product of constant f32 weights: nothing to quantise");
}

int vt_calibration_new(struct vt_calibration **out, const struct vt_graph *g, struct vt_err *e)
{
  *out = NULL;
  struct vt_calibration *c = vt_calloc(1, sizeof *c);
  if (!c) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = vt_graph_clone(&c->g, g, NULL, e);
  if (!rc) rc = prepare(c, e);
  if (rc) {
    vt_calibration_free(c);
    return rc;
  }
  *out = c;
  return 0;
}

/* Map v of this run. */
static const struct vt_tensor *map_of(const struct vt_calibration *c, const struct vt_value *v,
                                      const struct vt_tensor *in, const struct vt_tensor *out)
{
  for (int k = 0; k < c->g->ninputs; k++)
    if (c->g->inputs[k] == v) return &in[k];
  for (int i = 0, at = 0; i < c->ntaps; i++) {
    if (c->tap[i] == v) return &out[at];
    at += !c->tap[i]->is_input;
  }
  return NULL;
}

int vt_calibration_add(struct vt_calibration *c, const struct vt_tensor *in, struct vt_err *e)
{
  struct vt_tensor *out = vt_calloc((size_t)c->ntaps + 1, sizeof *out);
  if (!out) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = vt_eval_run(c->eval, in, out, 0, e);
  for (int i = 0; i < c->ntaps && !rc; i++) {
    const struct vt_tensor *t = map_of(c, c->tap[i], in, out);
    rc = vt_histogram_add(&c->h[find(c, c->tap[i]->id)], t->data, vt_tensor_count(t), e);
    if (rc) vt_fail_in(e, rc, "map '%s'", c->tap[i]->name);
  }
  for (int i = 0; i < c->nnodes && !rc; i++) {
    const struct vt_node *n = c->g->nodes[i];
    if (layer_axis(n) >= 0)
      rc = vt__samples_add(&c->seen[i], n, map_of(c, n->in[0], in, out), (uint64_t)i, e);
  }
  for (int i = 0; i < c->ntaps; i++) vt_tensor_clear(&out[i]);
  vt_free(out);
  c->runs += !rc;
  return rc;
}

/* --- the new graph
 * ------------------------------------------------------------------------------------------ */

static struct vt_value *named(struct vt_graph *g, const struct vt_value *of, const char *what,
                              const struct vt_tensor *t)
{
  char name[256];
  snprintf(name, sizeof name, "%.200s_%s", of->name, what);
  return vt_graph_constant(g, name, t);
}

struct scale {
  struct vt_value *scale, *zero;
  float s;
};

static struct scale map_scale(struct vt_calibration *c, const struct vt_value *v,
                              const struct vt_quantize_opts *o)
{
  double lo, hi;
  vt_histogram_range(&c->h[find(c, v->id)], o, &lo, &hi);
  float s = (float)((hi - lo) / 255);
  uint8_t z = (uint8_t)VT_CLAMP(rint(-lo / (double)s), 0, 255);
  struct vt_tensor ts = vt_tensor_view(VT_F32, 0, NULL, &s), tz = vt_tensor_view(VT_U8, 0, NULL, &z);
  return (struct scale){named(c->g, v, "scale", &ts), named(c->g, v, "zero", &tz), s};
}

static int quantise_map(struct vt_calibration *c, struct vt_value *v, const struct vt_quantize_opts *o)
{
  struct scale s = map_scale(c, v, o);
  struct vt_value *q = vt_emit(c->g, "QuantizeLinear", VT_IN(v, s.scale, s.zero), "");
  c->dq[v->id] = vt_emit(c->g, "DequantizeLinear", VT_IN(q, s.scale, s.zero), "");
  return c->g->err.code;
}

/* Per output channel: sw = max |w| / levels; where a bias would leave 31 bits, larger. */
static void weight_scales(const struct vt_tensor *w, int axis, int levels, const float *bias, float sx,
                          float *sw)
{
  int64_t m = w->dim[axis], n = vt_tensor_count(w), inner = 1;
  for (int d = axis + 1; d < w->rank; d++) inner *= w->dim[d];
  const float *p = w->data;
  for (int64_t i = 0; i < m; i++) sw[i] = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t k = i / inner % m;
    sw[k] = fmaxf(sw[k], fabsf(p[i]));
  }
  for (int64_t i = 0; i < m; i++) {
    double s = (double)sw[i] / levels, least = bias ? fabs((double)bias[i]) / ((double)sx * (1 << 30)) : 0;
    sw[i] = (float)fmax(fmax(s, least), 1e-20);
  }
}

struct layer {
  struct vt_node *node;
  int axis, levels;
  struct vt_tensor scale;   // (channels)
  struct vt__samples *seen; /* NULL: weights are rounded to the nearest step */
  struct vt_tensor shift;   // (channels): what is lacking on average; without bytes where there is no bias
};

static int round_weights(struct layer *l, const struct vt_value *w, struct vt_tensor *q, struct vt_err *e)
{
  bool conv = vt__op_is(l->node, "Conv");
  int64_t m = w->dim[l->axis], k = vt_tensor_count(q) / VT_MAX(m, 1);
  struct vt__weights to = {.w = w->init.data,
                           .scale = l->scale.data,
                           .q = q->data,
                           .channels = m,
                           .k = k,
                           .groups = conv ? vt__attr_int(l->node, "group", 1) : 1,
                           .per_channel = l->axis ? 1 : k,
                           .per_element = l->axis ? m : 1,
                           .levels = l->levels};
  if (!l->seen || l->seen->n < 1 || to.groups < 1 || m % to.groups || l->seen->k != to.groups * k) {
    vt__round_nearest(&to);
    return 0;
  }
  int rc = vt__samples_turn(l->seen, l->shift.data != NULL, e);
  return rc ? rc : vt__round_fitted(&to, l->seen, l->shift.data, e);
}

static struct vt_value *quantise_weights(struct vt_graph *g, struct layer *l)
{
  const struct vt_value *w = l->node->in[1];
  struct vt_tensor q, z = {0};
  int64_t m = w->dim[l->axis];
  if (vt_tensor_init(&q, VT_I8, w->rank, w->dim, &g->err)) return NULL;
  struct vt_value *v = NULL;
  if (!vt_tensor_init(&z, VT_I8, 1, &m, &g->err) && !round_weights(l, w, &q, &g->err)) {
    struct vt_value *i8 = named(g, w, "i8", &q), *scale = named(g, w, "scale", &l->scale),
                    *zero = named(g, w, "zero", &z);
    v = vt_emit(g, "DequantizeLinear", VT_IN(i8, scale, zero), "axis=%d", l->axis);
  }
  vt_tensor_clear(&q);
  vt_tensor_clear(&z);
  return v;
}

static struct vt_value *quantise_bias(struct vt_graph *g, const struct layer *l, float sx)
{
  const struct vt_value *b = l->node->in[2];
  struct vt_tensor q, s;
  int64_t m = l->scale.dim[0];
  if (vt_tensor_init(&q, VT_I32, 1, &m, &g->err)) return NULL;
  if (vt_tensor_init(&s, VT_F32, 1, &m, &g->err)) {
    vt_tensor_clear(&q);
    return NULL;
  }
  for (int64_t i = 0; i < m; i++) {
    float step = sx * ((const float *)l->scale.data)[i];
    double exact = (double)((const float *)b->init.data)[i] + (double)((const float *)l->shift.data)[i];
    ((float *)s.data)[i] = step;
    ((int32_t *)q.data)[i] = (int32_t)rint(fmax(fmin(exact / (double)step, INT32_MAX), -INT32_MAX));
  }
  struct vt_value *v = named(g, b, "i32", &q), *scale = named(g, b, "scale", &s);
  vt_tensor_clear(&q);
  vt_tensor_clear(&s);
  return vt_emit(g, "DequantizeLinear", VT_IN(v, scale), "axis=0");
}

static int quantise_layer(struct vt_calibration *c, struct layer *l, struct vt_err *e)
{
  struct vt_graph *g = c->g;
  struct vt_node *n = l->node;
  struct vt_value *b = n->nin > 2 ? n->in[2] : NULL;
  int64_t m = n->in[1]->dim[l->axis];
  float sx = *(const float *)n->in[0]->producer->in[1]->init.data;
  bool bias = known_f32(b) && b->rank == 1 && b->dim[0] == m;
  int rc = vt__value_align(n->in[1], e);
  if (!rc && b) rc = vt__value_align(b, e);
  if (!rc) rc = vt_tensor_init(&l->scale, VT_F32, 1, &m, e);
  if (!rc && bias) rc = vt_tensor_init(&l->shift, VT_F32, 1, &m, e);
  if (!rc) {
    weight_scales(&n->in[1]->init, l->axis, l->levels, bias ? b->init.data : NULL, sx, l->scale.data);
    n->in[1] = quantise_weights(g, l);
    if (bias && n->in[1]) n->in[2] = quantise_bias(g, l, sx);
    rc = vt_graph_status(g, e);
  }
  vt_tensor_clear(&l->scale);
  vt_tensor_clear(&l->shift);
  return rc;
}

/* Nodes behind what they read: weights first, a map's pair behind the map's producer. */
static int put_in_order(struct vt_calibration *c, struct vt_err *e)
{
  struct vt_graph *g = c->g;
  struct vt_node **order = vt_calloc((size_t)g->nnodes + 1, sizeof *order);
  if (!order) return vt_fail(e, VT_ENOMEM, "out of memory");
  int n = 0, pairs = c->nnodes + 2 * c->ntaps;
  for (int i = pairs; i < g->nnodes; i++) order[n++] = g->nodes[i];
  for (int i = -1; i < c->nnodes; i++) {
    if (i >= 0) order[n++] = g->nodes[i];
    for (int k = 0; k < c->ntaps; k++) {
      if (c->pos[c->tap[k]->id] != i) continue;
      order[n++] = g->nodes[c->nnodes + 2 * k];
      order[n++] = g->nodes[c->nnodes + 2 * k + 1];
    }
  }
  memcpy(g->nodes, order, (size_t)g->nnodes * sizeof *order);
  vt_free(order);
  return 0;
}

int vt_calibration_finish(struct vt_graph **out, struct vt_calibration *c, const struct vt_quantize_opts *o,
                          struct vt_quantize_report *r, struct vt_err *e)
{
  struct vt_graph *g = c->g;
  *out = NULL;
  *r = (struct vt_quantize_report){0};
  int levels = o->weight_bits == 8 ? 127 : 64;
  if (o->weight_bits && o->weight_bits != 7 && o->weight_bits != 8)
    return vt_fail(e, VT_EARG, "weights of %d bits: expected 7 or 8", o->weight_bits);
  if (o->rule == VT_RANGE_PERCENTILE && o->percentile != 0 && !(o->percentile > 50 && o->percentile <= 100))
    return vt_fail(e, VT_EARG, "percentile %g: expected more than 50, at most 100", o->percentile);
  if (!c->runs) return vt_fail(e, VT_EARG, "no pictures to calibrate with");
  for (int i = 0; i < c->ntaps; i++)
    if (quantise_map(c, c->tap[i], o)) return vt_graph_status(g, e);
  int rc = 0;
  for (int i = 0; i < c->nnodes && !rc; i++) {
    struct vt_node *n = g->nodes[i];
    int axis = layer_axis(n);
    for (int k = 0; k < n->nin; k++)
      if (n->in[k] && n->in[k]->id < c->nvalues && c->want[n->in[k]->id]) n->in[k] = c->dq[n->in[k]->id];
    struct layer l = {.node = n, .axis = axis, .levels = levels, .seen = o->nearest ? NULL : &c->seen[i]};
    if (axis >= 0) rc = quantise_layer(c, &l, e);
    vt__samples_clear(&c->seen[i]);
    r->layers += axis >= 0;
    r->left += axis < 0 && (vt__op_is(n, "Conv") || vt__op_is(n, "Gemm") || vt__op_is(n, "MatMul"));
  }
  if (!rc) rc = put_in_order(c, e);
  if (!rc) rc = vt__drop_unused(g, e);
  if (rc) return rc;
  *out = g;
  c->g = NULL;
  return 0;
}

void vt_calibration_free(struct vt_calibration *c)
{
  if (!c) return;
  for (int i = 0; c->h && i < c->nvalues; i++) vt_free(c->h[i].bin);
  for (int i = 0; c->seen && i < c->nnodes; i++) vt__samples_clear(&c->seen[i]);
  vt_eval_free(c->eval);
  vt_graph_free(c->g);
  vt_free(c->want);
  vt_free(c->root);
  vt_free(c->pos);
  vt_free(c->h);
  vt_free(c->seen);
  vt_free(c->tap);
  vt_free(c->dq);
  vt_free(c);
}
