/* Quantised layers (inference): DequantizeLinear → Conv, Gemm or MatMul → [Add of a dequantised value] →
 * [activation] → [QuantizeLinear] becomes one ai.vitrine:ConvInt8 on the 8-bit numbers, if some kernel takes
 * it; and MaxPool, Concat, Reshape or Flatten between both with one scale work on the numbers themselves.
 *
 * Maps of i8 are first made u8 with a zero point 128 higher: the same numbers, and the one pair of types (u8
 * maps, i8 weights) that every processor multiplies.
 *
 * What stays as it was runs in floats: weights that no layer here took are dequantised by folding, which runs
 * again after this pass, and the reason is kept for --explain. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "engine/program_impl.h"

struct quant { /* a value's 8-bit form */
  struct vt_value *q, *scale, *zero;
};

struct quanter {
  struct vt_program *p;
  bool convolutions;           /* matrix products alone, or these too */
  const struct vt_op_desc *op; /* ConvInt8 */
  int *use;
  struct vt_node **user; /* value id -> a node that reads it */
  struct vt_node ***at;  /* value id -> its producer's place in the graph's list */
};

static bool scalar_const(const struct vt_value *v, enum vt_dtype t)
{
  return v && vt__value_const(v) && v->dtype == t && vt_dims_count(v->rank, v->dim) == 1;
}

bool vt__quant_simple(const struct vt_node *n)
{
  if (n->nin < 3 || !scalar_const(n->in[1], VT_F32) || !n->in[2]) return false;
  float s = *(const float *)n->in[1]->init.data;
  return (scalar_const(n->in[2], VT_U8) || scalar_const(n->in[2], VT_I8)) && s > 0 && isfinite(s);
}

/* v as a number dequantised from u8. */
static bool dequantised(const struct vt_value *v, struct quant *q)
{
  const struct vt_node *n = v ? v->producer : NULL;
  if (!n || !vt__op_is(n, "DequantizeLinear") || !vt__quant_simple(n) || n->in[0]->dtype != VT_U8)
    return false;
  *q = (struct quant){n->in[0], n->in[1], n->in[2]};
  return true;
}

/* --- i8 maps as u8 -----------------------------------------------------------------------------------------
 */

static struct vt_value *u8_zero(struct vt_graph *g, const struct vt_value *zero)
{
  uint8_t z = (uint8_t)(*(const int8_t *)zero->init.data + 128);
  struct vt_tensor t = vt_tensor_view(VT_U8, 0, NULL, &z);
  return vt_graph_constant(g, "zero_u8", &t);
}

static bool only_dequantised(const struct vt_graph *g, const struct vt_value *q)
{
  if (q->is_output || q->is_input) return false;
  for (int i = 0; i < g->nnodes; i++)
    for (int k = 0; k < g->nodes[i]->nin; k++)
      if (g->nodes[i]->in[k] == q &&
          (k || !vt__op_is(g->nodes[i], "DequantizeLinear") || !vt__quant_simple(g->nodes[i])))
        return false;
  return true;
}

static int make_u8(struct vt_graph *g, struct vt_node *n)
{
  struct vt_value *q = n->out[0], *zero = u8_zero(g, n->in[2]);
  if (!zero) return g->err.code;
  n->in[2] = zero;
  q->dtype = VT_U8;
  for (int i = 0; i < g->nnodes; i++) {
    struct vt_node *d = g->nodes[i];
    if (!vt__op_is(d, "DequantizeLinear") || d->in[0] != q) continue;
    if (!(d->in[2] = u8_zero(g, d->in[2]))) return g->err.code;
  }
  return 0;
}

static int all_u8(struct vt_graph *g)
{
  int rc = 0;
  for (int i = 0; i < g->nnodes && !rc; i++) {
    struct vt_node *n = g->nodes[i];
    if (vt__op_is(n, "QuantizeLinear") && vt__quant_simple(n) && n->in[2]->dtype == VT_I8 &&
        only_dequantised(g, n->out[0]))
      rc = make_u8(g, n);
  }
  return rc;
}

/* --- weights -----------------------------------------------------------------------------------------------
 */

struct weights {
  struct vt_value *w, *scale; // (M, C, kH, kW) or (M, K) i8; (M) or one
  const char *why;            /* set: not usable */
};

/* i8 from u8 with zero point 128; a matrix (K, M) transposed. */
static struct vt_value *as_i8(struct vt_graph *g, const struct vt_value *w, bool transpose)
{
  struct vt_tensor t;
  int64_t m = w->dim[transpose], k = vt_dims_count(w->rank, w->dim) / VT_MAX(m, 1);
  if (vt_tensor_init(&t, VT_I8, w->rank, transpose ? (int64_t[]){m, k} : w->dim, &g->err)) return NULL;
  uint8_t *to = t.data, flip = w->dtype == VT_U8 ? 128 : 0;
  const uint8_t *from = w->init.data;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < k; j++) to[i * k + j] = from[transpose ? j * m + i : i * k + j] ^ flip;
  struct vt_value *v = vt_graph_constant(g, w->name, &t);
  vt_tensor_clear(&t);
  return v;
}

static bool all_zero_points(const struct vt_value *z, const struct vt_value *w)
{
  int expected = w->dtype == VT_U8 ? 128 : 0;
  if (!z) return w->dtype == VT_I8;
  if (!vt__value_const(z)) return false;
  for (int64_t i = 0; i < vt_tensor_count(&z->init); i++)
    if (vt_tensor_whole(&z->init, i) != expected) return false;
  return true;
}

/* v: the float weight. axis: that of output channels. */
static struct weights find_weights(struct vt_graph *g, const struct vt_value *v, int axis)
{
  struct weights r = {.why = "its weights are not quantised"};
  const struct vt_node *n = v->producer;
  if (!n || !vt__op_is(n, "DequantizeLinear") || !vt__value_const(n->in[0])) return r;
  struct vt_value *w = n->in[0], *scale = n->in[1];
  int64_t scales = vt__value_const(scale) ? vt_dims_count(scale->rank, scale->dim) : 0;
  r.why = "its weights are not of 8 bits around zero";
  if ((w->dtype != VT_I8 && w->dtype != VT_U8) || !all_zero_points(n->nin > 2 ? n->in[2] : NULL, w)) return r;
  r.why = "the scales of its weights do not go with the output channels";
  int64_t at = vt__attr_int(n, "axis", 1);
  if (at < 0) at += w->rank;
  if (scale->dtype != VT_F32 || vt__attr_int(n, "block_size", 0) || scale->rank > 1 ||
      (scales != 1 && (at != axis || scales != w->dim[axis])))
    return r;
  r = (struct weights){.w = w, .scale = scale};
  if (axis == 1 || w->dtype == VT_U8) r.w = as_i8(g, w, axis == 1);
  return r;
}

/* --- one layer ---------------------------------------------------------------------------------------------
 */

enum { NINPUTS = 11 }; /* of ConvInt8, see ops/attrs.h */

struct layer {
  struct vt_node *node, *last; /* last: whose place the new node takes */
  struct quant x, r, y;        /* q NULL: none */
  struct weights w;
  struct vt_value *bias;     /* NULL: none */
  struct vt__activation act; /* word NULL: none */
};

static struct vt_node *only_user(const struct quanter *s, const struct vt_value *v)
{
  return s->use[v->id] == 1 ? s->user[v->id] : NULL;
}

static bool same_shape(const struct vt_value *a, const struct vt_value *b)
{
  return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

/* The QuantizeLinear to u8 that alone reads v. */
static struct vt_node *quantised_by(const struct quanter *s, const struct vt_value *v)
{
  struct vt_node *n = only_user(s, v);
  return n && vt__op_is(n, "QuantizeLinear") && n->in[0] == v && vt__quant_simple(n) &&
                 n->in[2]->dtype == VT_U8
             ? n
             : NULL;
}

enum tail {
  PLAIN,
  ACTIVATION,
  RESIDUAL,
  NTAILS
}; /* what is looked for behind the layer, besides its quantisation */

static void find_tail(const struct quanter *s, struct layer *l, enum tail most)
{
  const struct vt_value *y = l->node->out[0];
  l->last = l->node;
  l->r = l->y = (struct quant){0};
  l->act = (struct vt__activation){0};
  struct vt_node *n = only_user(s, y);
  if (most == RESIDUAL && n && vt__op_is(n, "Add")) {
    const struct vt_value *other = n->in[n->in[0] == y];
    if (other != y && same_shape(other, y) && dequantised(other, &l->r)) l->last = n;
  }
  n = only_user(s, l->last->out[0]);
  if (most >= ACTIVATION && n && n->in[0] == l->last->out[0] && vt__activation_of(n, &l->act)) l->last = n;
  if (!(n = quantised_by(s, l->last->out[0]))) return;
  l->y = (struct quant){n->out[0], n->in[1], n->in[2]};
  l->last = n;
}

static int make(const struct quanter *s, const struct layer *l, struct vt_node **made, struct vt_err *e)
{
  struct vt_value *out = l->last->out[0];
  struct vt_value *in[NINPUTS] = {l->x.q, l->w.w,     l->x.scale, l->x.zero,  l->w.scale, l->bias,
                                  l->r.q, l->r.scale, l->r.zero,  l->y.scale, l->y.zero};
  struct vt_node *n = vt__node_make(s->p->graph, s->op, l->last, NINPUTS, in, 1, &out, e);
  if (!n) return VT_ENOMEM;
  if (vt__op_is(l->node, "Conv")) vt__attrs_by_name(n, l->node);
  *made = n;
  return l->act.word ? vt__set_activation(n, &l->act, e) : 0;
}

/* Puts the layer in the place of its last node if a kernel takes it: 1. Else 0 and the reason. */
static int place(const struct quanter *s, const struct layer *l, char *why, size_t size, struct vt_err *e)
{
  struct vt_node **at = s->at[l->last->out[0]->id], *n;
  if (*at != l->last) return 0; /* taken already, by the other operand of the Add */
  int rc = make(s, l, &n, e);
  if (rc || !vt__kernel_takes(s->p, n, why, size)) return rc;
  n->out[0]->producer = n;
  *at = n;
  return 1;
}

/* A row of M numbers, as the bias of a Gemm may be. */
static bool row_of(const struct vt_value *b, int64_t m)
{
  return vt__value_const(b) && b->dtype == VT_F32 && vt_dims_count(b->rank, b->dim) == m &&
         (b->rank == 1 || (b->rank == 2 && b->dim[1] == m));
}

/* The bias in real numbers, as a vector: computed where it is a dequantised constant. */
static const char *find_bias(const struct quanter *s, struct layer *l, struct vt_value *b, int64_t m,
                             struct vt_err *e)
{
  struct vt_tensor t;
  if (!b) return NULL;
  const struct vt_node *n = b->producer;
  if (n && vt__op_is(n, "DequantizeLinear") && vt__value_const(n->in[0]) && vt__value_const(n->in[1]) &&
      (n->nin < 3 || !n->in[2] || vt__value_const(n->in[2]))) {
    const struct vt_tensor *in[3] = {&n->in[0]->init, &n->in[1]->init,
                                     n->nin > 2 && n->in[2] ? &n->in[2]->init : NULL};
    if (vt__ref_eval(n, in, &t, 0, e)) return "its bias cannot be dequantised";
    l->bias = vt_graph_constant(s->p->graph, b->name, &t);
    vt_tensor_clear(&t);
    return l->bias && row_of(l->bias, m) ? NULL : "its bias is no vector";
  }
  if (!row_of(b, m)) return "its bias is no constant vector";
  l->bias = b;
  if (b->rank == 1) return NULL;
  t = vt_tensor_view(VT_F32, 1, &m, b->init.data);
  l->bias = vt_graph_constant(s->p->graph, b->name, &t);
  return l->bias ? NULL : "out of memory";
}

static bool alpha_one(const struct vt_node *n)
{
  return vt__attr_float(n, "alpha", 1) == 1 && vt__attr_float(n, "beta", 1) == 1 &&
         !vt__attr_int(n, "transA", 0);
}

/* What the layer reads. NULL, or why it stays in floats. */
static const char *describe(const struct quanter *s, struct layer *l, struct vt_err *e)
{
  const struct vt_node *n = l->node;
  bool conv = vt__op_is(n, "Conv"), gemm = vt__op_is(n, "Gemm");
  if (conv && !s->convolutions) return "convolutions in floats are faster here (see docs/PERFORMANCE.md)";
  if (!dequantised(n->in[0], &l->x)) return "its input is not quantised";
  if (!conv && (n->in[0]->rank != 2 || n->in[1]->rank != 2 || (gemm && !alpha_one(n))))
    return "no plain matrix product";
  int axis = conv || vt__attr_int(n, "transB", 0) ? 0 : 1;
  l->w = find_weights(s->p->graph, n->in[1], axis);
  if (l->w.why) return l->w.why;
  return !l->w.w ? "out of memory" : find_bias(s, l, n->nin > 2 ? n->in[2] : NULL, l->w.w->dim[0], e);
}

static int try_layer(const struct quanter *s, struct vt_node *n, struct vt_err *e)
{
  struct layer l = {.node = n};
  char reason[200] = "no kernel";
  const char *why = describe(s, &l, e);
  int rc = vt_graph_status(s->p->graph, e);
  for (int t = NTAILS - 1; t >= PLAIN && !why && !rc; t--) {
    find_tail(s, &l, (enum tail)t);
    rc = place(s, &l, reason, sizeof reason, e);
  }
  if (rc) return rc < 0 ? rc : 0;
  vt_buf_addf(&s->p->floats, "      %s  [%s]: %s\n", n->op->name, n->out[0]->name, why ? why : reason);
  return 0;
}

/* --- operators that only move numbers
 * ------------------------------------------------------------------------ */

static bool equal(const struct vt_value *a, const struct vt_value *b)
{
  return vt_tensor_get(&a->init, 0) == vt_tensor_get(&b->init, 0);
}

static int try_move(const struct quanter *s, struct vt_node *n, struct vt_err *e)
{
  enum { MAX = 64 };
  struct vt_value *in[MAX];
  int data = vt__op_is(n, "Concat") ? n->nin : 1;
  if (n->nin > MAX || n->nin < 1 || (n->nout > 1 && n->out[1])) return 0;
  struct vt_node *q = quantised_by(s, n->out[0]);
  for (int i = 0; i < n->nin && q; i++) {
    struct quant x;
    in[i] = n->in[i];
    if (i >= data) continue;
    if (!dequantised(n->in[i], &x) || !equal(x.scale, q->in[1]) || !equal(x.zero, q->in[2])) return 0;
    in[i] = x.q;
  }
  if (!q || *s->at[q->out[0]->id] != q) return 0;
  struct vt_node *m = vt__node_make(s->p->graph, n->op, q, n->nin, in, 1, q->out, e);
  if (!m) return VT_ENOMEM;
  vt__attrs_by_name(m, n);
  if (vt__op_is(n, "MaxPool") && !vt__kernel_takes(s->p, m, NULL, 0)) return 0;
  m->out[0]->producer = m;
  *s->at[q->out[0]->id] = m;
  return 0;
}

/* --- the pass
 * ------------------------------------------------------------------------------------------------ */

static int fill_tables(struct quanter *s, struct vt_err *e)
{
  struct vt_graph *g = s->p->graph;
  s->use = vt__count_uses(g, e);
  s->user = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *s->user);
  s->at = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *s->at);
  if (!s->use || !s->user || !s->at) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nnodes; i++) {
    struct vt_node *n = g->nodes[i];
    for (int k = 0; k < n->nin; k++)
      if (n->in[k]) s->user[n->in[k]->id] = n;
    for (int k = 0; k < n->nout; k++)
      if (n->out[k]) s->at[n->out[k]->id] = &g->nodes[i];
  }
  return 0;
}

static bool any_quantised(const struct vt_graph *g)
{
  for (int i = 0; i < g->nnodes; i++)
    if (vt__op_is(g->nodes[i], "DequantizeLinear")) return true;
  return false;
}

static int convert(struct vt_program *p, bool convolutions, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  struct quanter s = {.p = p, .convolutions = convolutions};
  s.op = vt_registry_find(g->registry, "ai.vitrine", "ConvInt8", 1);
  if (!s.op) return 0;
  int rc = all_u8(g);
  if (!rc) rc = fill_tables(&s, e);
  for (int i = 0; i < g->nnodes && !rc; i++) {
    struct vt_node *n = g->nodes[i];
    if (vt__op_is(n, "Conv") || vt__op_is(n, "Gemm") || vt__op_is(n, "MatMul")) rc = try_layer(&s, n, e);
    bool map = convolutions && (vt__op_is(n, "MaxPool") || vt__op_is(n, "Concat"));
    if (map || vt__op_is(n, "Reshape") || vt__op_is(n, "Flatten")) rc = try_move(&s, n, e);
  }
  vt_free(s.use);
  vt_free(s.user);
  vt_free(s.at);
  if (!rc) rc = vt__quant_drop_pairs(p, e);
  if (!rc) rc = vt__pass_dead(p, e);
  for (int i = 0; i < g->nnodes && !rc; i++) p->int8 |= g->nodes[i]->op == s.op;
  return rc;
}

/* All that kernels take, where int8 is asked for or the processor is made for it; else convolutions only
 * where they pay. */
int vt__pass_quant(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *before = NULL;
  if (!any_quantised(p->graph)) return 0;
  bool choose = p->opts.precision == VT_PREC_AUTO && p->isa <= VT_ISA_AVX2;
  int rc = choose ? vt_graph_clone(&before, p->graph, NULL, e) : 0;
  if (!rc) rc = convert(p, true, e);
  if (!rc && choose && vt__quant_gain(p) < 0) {
    vt_graph_free(p->graph);
    p->graph = before;
    before = NULL;
    p->int8 = false;
    vt_buf_clear(&p->floats);
    rc = convert(p, false, e);
  }
  vt_graph_free(before);
  return rc;
}
