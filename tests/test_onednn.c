/* Every accelerated kernel against its operator's reference, on the operators' own cases and on shapes that
 * exercise blocked layouts: each preferred layout is tried, and the channels that pad a block must come out
 * zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/backend.h"

enum { MAX_IO = 16 };

struct fixture {
  struct vt_graph *g;
  struct vt_node *node;
  struct vt_tensor in[MAX_IO], out[MAX_IO]; /* plain; out by the reference */
};

static int64_t blocked_channels(const struct vt_slot *s)
{
  return s->block > 0 ? (s->dim[1] + s->block - 1) / s->block * s->block : s->dim[1];
}

static bool is_blocked(const struct vt_slot *s)
{
  return s->rank == 4 && s->block != VT_PLAIN;
}

static size_t slot_count(const struct vt_slot *s)
{
  int64_t n = vt_dims_count(s->rank, s->dim);
  return (size_t)(is_blocked(s) ? n / s->dim[1] * blocked_channels(s) : n);
}

/* Position in the slot's layout of plain element i; channel c of the padded tensor. */
static size_t slot_index(const struct vt_slot *s, int64_t n, int64_t c, int64_t hw)
{
  int64_t plane = s->dim[2] * s->dim[3], b = s->block == VT_NHWC ? s->dim[1] : s->block;
  int64_t blocks = (s->dim[1] + b - 1) / b;
  return (size_t)((((n * blocks) + c / b) * plane + hw) * b + c % b);
}

static void *lay_out(const struct vt_slot *s, const struct vt_tensor *t)
{
  size_t size = vt_dtype_size(t->dtype), n = slot_count(s);
  char *p = vt_aligned(n * size + 64);
  assert_non_null(p);
  memset(p, 0, n * size + 64);
  if (!is_blocked(s)) {
    memcpy(p, t->data, n * size);
    return p;
  }
  int64_t plane = s->dim[2] * s->dim[3];
  for (int64_t b = 0; b < s->dim[0]; b++)
    for (int64_t c = 0; c < s->dim[1]; c++)
      for (int64_t i = 0; i < plane; i++)
        memcpy(p + slot_index(s, b, c, i) * size,
               (char *)t->data + (size_t)((b * s->dim[1] + c) * plane + i) * size, size);
  return p;
}

static void *to_slot(const struct vt_slot *s, const struct vt_tensor *t)
{
  struct vt_tensor cast;
  struct vt_err e;
  if (s->dtype == t->dtype) return lay_out(s, t);
  assert_int_equal(vt_tensor_cast(&cast, t, s->dtype, &e), 0);
  void *p = lay_out(s, &cast);
  vt_tensor_clear(&cast);
  return p;
}

static void compare(const char *what, const struct vt_slot *s, const void *p, const struct vt_tensor *want,
                    float tol)
{
  struct vt_tensor got;
  struct vt_err e;
  assert_int_equal(vt_tensor_init(&got, want->dtype, want->rank, want->dim, &e), 0);
  size_t size = vt_dtype_size(want->dtype);
  int64_t plane = 1, count = vt_tensor_count(want);
  if (is_blocked(s)) {
    plane = s->dim[2] * s->dim[3];
    for (int64_t b = 0; b < s->dim[0]; b++) {
      for (int64_t c = 0; c < s->dim[1]; c++)
        for (int64_t i = 0; i < plane; i++)
          memcpy((char *)got.data + (size_t)((b * s->dim[1] + c) * plane + i) * size,
                 (const char *)p + slot_index(s, b, c, i) * size, size);
      for (int64_t c = s->dim[1]; c < blocked_channels(s); c++)
        for (int64_t i = 0; i < plane; i++)
          if (size == 4 && ((const float *)p)[slot_index(s, b, c, i)] != 0)
            fail_msg("%s: padding channel %d is not zero", what, (int)c);
    }
  } else {
    memcpy(got.data, p, (size_t)count * size);
  }
  double scale = 0;
  for (int64_t i = 0; i < count; i++) scale = fmax(scale, fabs(vt_tensor_get(want, i)));
  for (int64_t i = 0; i < count; i++) {
    double a = vt_tensor_get(&got, i), b = vt_tensor_get(want, i);
    if (!(fabs(a - b) <= tol * (1 + fmin(scale, 1e3) * 0.2 + fabs(b))) && !(isnan(a) && isnan(b)) && a != b)
      fail_msg("%s: element %d is %g, reference %g", what, (int)i, a, b);
  }
  vt_tensor_clear(&got);
}

/* "f32[2,3]:0..1 i64[2]={1,2} -" */
static int parse_inputs(struct fixture *f, const char *text, struct vt_rng *r, struct vt_value **v)
{
  int n = 0;
  for (const char *p = text; *p; n++) {
    while (*p == ' ') p++;
    if (!*p) break;
    assert_true(n < MAX_IO);
    v[n] = NULL;
    if (*p == '-') {
      p++;
      continue;
    }
    static const struct {
      const char *name;
      enum vt_dtype t;
    } types[] = {{"f32", VT_F32}, {"f64", VT_F64}, {"i64", VT_I64}, {"i32", VT_I32},  {"bool", VT_BOOL},
                 {"u8", VT_U8},   {"i8", VT_I8},   {"f16", VT_F16}, {"bf16", VT_BF16}};
    enum vt_dtype t = VT_UNDEFINED;
    size_t len = strcspn(p, "[");
    for (size_t i = 0; i < VT_COUNT(types); i++)
      if (strlen(types[i].name) == len && !strncmp(p, types[i].name, len)) t = types[i].t;
    if (!t) return -1;
    p += len + 1;
    int64_t dim[VT_MAX_RANK];
    int rank = 0;
    while (*p != ']') {
      dim[rank++] = strtoll(p, (char **)&p, 10);
      if (*p == ',') p++;
    }
    p++;
    struct vt_err e;
    assert_int_equal(vt_tensor_init(&f->in[n], t, rank, dim, &e), 0);
    int64_t count = vt_tensor_count(&f->in[n]);
    bool constant = false;
    double lo = 0, hi = 0;
    if (*p == ':') {
      lo = strtod(p + 1, (char **)&p);
      hi = strtod(p + 2, (char **)&p);
    } else if (*p == '=') {
      constant = true;
      p += 2;
      for (int64_t i = 0; *p != '}'; i++) {
        vt_tensor_set(&f->in[n], i, strtod(p, (char **)&p));
        if (*p == ',') p++;
      }
      p++;
    }
    for (int64_t i = 0; !constant && i < count; i++)
      vt_tensor_set(&f->in[n], i,
                    hi > lo                ? lo + (hi - lo) * vt_rng_unit(r)
                    : vt_dtype_is_float(t) ? vt_rng_normal(r)
                                           : (double)vt_rng_below(r, t == VT_BOOL ? 2 : 10));
    char name[16];
    snprintf(name, sizeof name, "in%d", n);
    v[n] = constant ? vt_graph_constant(f->g, name, &f->in[n]) : vt_graph_input(f->g, name, t, rank, dim);
    while (*p && *p != ' ') p++;
  }
  return n;
}

/* False: the case cannot be built here (control flow, dynamic shapes). */
static bool build(struct fixture *f, const struct vt_op_desc *op, const struct vt_op_case *c, bool rounded)
{
  struct vt_rng r;
  vt_rng_init(&r, 7, 0, 0);
  struct vt_err e;
  *f = (struct fixture){0};
  assert_int_equal(vt_graph_new(&f->g, vt_registry_default(), "case", &e), 0);
  if (op->until && f->g->opset > op->until) f->g->opset = op->until;
  if (op->domain[0] == 0 && f->g->opset < op->since) f->g->opset = op->since;
  struct vt_value *v[MAX_IO], *out[MAX_IO] = {NULL};
  int nin = parse_inputs(f, c->inputs, &r, v);
  char name[96];
  snprintf(name, sizeof name, "%s%s%s", op->domain, op->domain[0] ? ":" : "", op->name);
  if (nin < 0 ||
      !vt_emit_n(f->g, name, nin, v, c->nout ? c->nout : 1, out, *c->attrs ? "%s" : "", c->attrs)) {
    print_message("%s '%s': %s\n", op->name, c->name, f->g->err.msg);
    return false;
  }
  for (int i = 0; rounded && i < nin; i++)
    for (int64_t k = 0; v[i] && v[i]->rank == 4 && f->in[i].dtype == VT_F32 && k < vt_tensor_count(&f->in[i]);
         k++)
      vt_tensor_set(&f->in[i], k, (double)vt_bf16_to_f32(vt_f32_to_bf16((float)vt_tensor_get(&f->in[i], k))));
  f->node = f->g->nodes[f->g->nnodes - 1];
  const struct vt_tensor *in[MAX_IO] = {NULL};
  struct vt_tensor *po[MAX_IO] = {NULL};
  for (int i = 0; i < nin; i++) in[i] = v[i] ? &f->in[i] : NULL;
  for (int i = 0; i < f->node->nout; i++) {
    struct vt_value *o = f->node->out[i];
    if (!o) continue;
    if (o->rank < 0 || vt_dims_count(o->rank, o->dim) < 0 || !vt_dtype_size(o->dtype)) return false;
    assert_int_equal(vt_tensor_init(&f->out[i], o->dtype, o->rank, o->dim, &e), 0);
    po[i] = &f->out[i];
  }
  struct vt_ref_call call = {f->node, f->node->attrs, nin, f->node->nout, in, po, 1};
  if (op->ref(&call, &e)) {
    print_message("%s '%s': reference: %s\n", op->name, c->name, e.msg);
    return false;
  }
  return true;
}

static void teardown(struct fixture *f)
{
  for (int i = 0; i < MAX_IO; i++) {
    vt_tensor_clear(&f->in[i]);
    vt_tensor_clear(&f->out[i]);
  }
  vt_graph_free(f->g);
}

/* How a case is run. BF16: feature maps in bf16, for the loops of ours, which any processor runs. */
enum mode { INFERENCE, TRAINING, CONSTANT, BF16, NMODES };
static const char *const mode_name[NMODES] = {"", " training", " constant weight", " bf16"};

static void plan(struct vt_plan_node *n, const struct fixture *f, int block, enum mode mode)
{
  *n = (struct vt_plan_node){.node = f->node,
                             .nin = f->node->nin,
                             .nout = f->node->nout,
                             .block = block,
                             .isa = mode == BF16 ? VT_ISA_AVX512_BF16 : vt_isa(),
                             .precision = mode == BF16 ? VT_PREC_BF16 : VT_PREC_F32,
                             .threads = 2,
                             .training = mode == TRAINING};
  for (int i = 0; i < n->nin + n->nout; i++) {
    const struct vt_value *v = i < n->nin ? f->node->in[i] : f->node->out[i - n->nin];
    struct vt_slot *s = i < n->nin ? &n->in[i] : &n->out[i - n->nin];
    if (!v) continue;
    *s = (struct vt_slot){.used = true, .dtype = v->dtype, .rank = v->rank};
    memcpy(s->dim, v->dim, sizeof s->dim);
    bool weight = i == 1 || (i > 1 && v->rank == 1 && v->dtype == VT_F32);
    if (i < n->nin && (v->is_constant || (mode == CONSTANT && weight))) s->constant = &f->in[i];
    if (i < n->nin && v->rank == 4 && !s->constant) s->block = i ? block : VT_PLAIN;
    if (mode == BF16 && v->rank == 4 && v->dtype == VT_F32) s->dtype = VT_BF16;
  }
}

static void compare_all(const struct vt_plan_node *n, const struct fixture *f, void *const *out,
                        const struct vt_op_case *c, const char *what)
{
  for (int i = 0; i < n->nout; i++) {
    if (!n->out[i].used) continue;
    char at[400];
    const struct vt_slot *s = &n->out[i];
    bool narrow = s->dtype == VT_BF16 && f->out[i].dtype == VT_F32;
    if (!narrow) assert_int_equal(s->dtype, f->out[i].dtype);
    void *wide = narrow ? vt_aligned(slot_count(s) * sizeof(float) + 64) : out[i];
    if (narrow) vt_convert(VT_BF16, out[i], VT_F32, wide, (int64_t)slot_count(s));
    snprintf(at, sizeof at, "%s output %d (layout %d from %d)", what, i, s->block, n->in[0].block);
    compare(at, s, wide, &f->out[i], n->precision == VT_PREC_BF16 ? 1e-2f : c->tol ? c->tol : 1e-4f);
    if (narrow) vt_free(wide);
  }
}

/* Whether output i may stand in the bytes of input j, and the slots agree. */
static bool may_alias(const struct vt_plan_node *n, int i, int j)
{
  const struct vt_op_desc *op = n->node->op;
  bool named = (i == 0 && j == 0 && op->traits & VT_INPLACE0) ||
               (i < (int)VT_COUNT(op->inplace) && op->inplace[i] == j + 1);
  const struct vt_slot *a = &n->in[j], *b = &n->out[i];
  return named && a->used && b->used && !a->packed && a->dtype == b->dtype && a->block == b->block &&
         a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

/* 1 served and equal, 0 refused. */
static int check(const struct vt_kernel_desc *k, struct fixture *f, const struct vt_op_case *c, int block,
                 enum mode mode)
{
  static struct vt_plan_node n;
  char reason[256] = "", what[256];
  struct vt_err e = {0};
  plan(&n, f, block, mode);
  snprintf(what, sizeof what, "%s '%s' layout %d%s", k->op, c->name, block, mode_name[mode]);
  if (!k->accepts(&n, reason, sizeof reason)) {
    if (getenv("VT_TEST_VERBOSE")) print_message("%s: refused: %s\n", what, reason);
    return 0;
  }
  void *state = NULL, *in[MAX_IO] = {NULL}, *out[MAX_IO] = {NULL};
  size_t scratch = 0;
  if (k->prepare && k->prepare(&n, &state, &scratch, &e)) fail_msg("%s: prepare: %s", what, e.msg);
  for (int i = 0; i < n.nin; i++)
    if (n.in[i].used && !n.in[i].packed) in[i] = to_slot(&n.in[i], &f->in[i]);
  for (int i = 0; i < n.nout; i++)
    if (n.out[i].used) {
      size_t bytes = slot_count(&n.out[i]) * vt_dtype_size(n.out[i].dtype);
      assert_non_null(out[i] = vt_aligned(bytes + 64));
      memset(out[i], 0xff, bytes + 64);
    }
  char *pad = vt_aligned(scratch + 64);
  memset(pad, 0xff, scratch + 64);
  struct vt_run_args a = {f->node, in, out, pad, 1};
  for (int round = 0; round < 2; round++)
    if (k->run(state, &a, &e)) fail_msg("%s: run: %s", what, e.msg);
  compare_all(&n, f, out, c, what);
  bool aliased = false;
  for (int i = 0; i < n.nout; i++)
    for (int j = 0; j < n.nin && n.out[i].used; j++)
      if (may_alias(&n, i, j)) {
        vt_free(out[i]);
        out[i] = in[j];
        aliased = true;
      }
  if (aliased) {
    memset(pad, 0xff, scratch + 64);
    if (k->run(state, &a, &e)) fail_msg("%s: run in place: %s", what, e.msg);
    strncat(what, " in place", sizeof what - strlen(what) - 1);
    compare_all(&n, f, out, c, what);
    for (int i = 0; i < n.nout; i++)
      for (int j = 0; j < n.nin; j++)
        if (out[i] == in[j]) in[j] = NULL;
  }
  for (int i = 0; i < MAX_IO; i++) {
    vt_free(in[i]);
    vt_free(out[i]);
  }
  vt_free(pad);
  if (k->release) k->release(state);
  if (getenv("VT_TEST_VERBOSE")) print_message("%s: good\n", what);
  return 1;
}

static int check_all(const struct vt_kernel_desc *k, const struct vt_op_desc *op, const struct vt_op_case *c)
{
  static const int blocks[] = {8, VT_NHWC, 16, VT_PLAIN};
  struct fixture f;
  int served = 0;
  for (enum mode mode = 0; mode < NMODES; mode++) {
    if (mode == BF16 && !strncmp(k->name, "onednn", 6)) continue;
    bool good = build(&f, op, c, mode == BF16) && (mode != CONSTANT || (f.node->nin > 1 && f.node->in[1]));
    for (size_t b = 0; good && b < VT_COUNT(blocks); b++) served += check(k, &f, c, blocks[b], mode);
    teardown(&f);
  }
  return served;
}

static const struct {
  const char *op;
  struct vt_op_case c;
} extra[] = {
    {"Conv", {"stem", "strides=[2,2] pads=[3,3,3,3]", "f32[2,3,20,24] f32[16,3,7,7] f32[16]"}},
    {"Conv", {"17 classes", "", "f32[2,32,9,11] f32[17,32,1,1] f32[17]"}},
    {"Conv", {"grouped narrow", "group=4 pads=[1,1,1,1]", "f32[2,16,9,11] f32[16,4,3,3] f32[16]"}},
    {"ai.vitrine:ConvFused",
     {"residual, odd channels", "activation=sigmoid pads=[1,1,1,1]",
      "f32[2,16,9,11] f32[19,16,3,3] f32[19] f32[2,19,9,11]"}},
    {"Conv", {"many channels", "pads=[1,1,1,1]", "f32[2,32,30,26] f32[48,32,3,3] f32[48]"}},
    {"Conv", {"many channels, odd padding", "pads=[0,2,1,0]", "f32[2,48,31,29] f32[32,48,3,3]"}},
    {"Conv", {"very many channels", "pads=[1,1,1,1]", "f32[2,208,18,14] f32[192,208,3,3] f32[192]"}},
    {"ai.vitrine:ConvFused",
     {"many channels, residual", "activation=silu pads=[1,1,1,1]",
      "f32[1,32,30,26] f32[32,32,3,3] f32[32] f32[1,32,30,26]"}},
    {"ai.vitrine:ConvFused",
     {"many channels, relu", "activation=relu pads=[1,1,1,1]", "f32[1,32,41,33] f32[32,32,3,3] f32[32]"}},
    {"ai.vitrine:ConvFused",
     {"weights transformed while running, residual", "activation=relu pads=[1,1,1,1]",
      "f32[2,232,9,10] f32[264,232,3,3] f32[264] f32[2,264,9,10]"}},
    {"Conv", {"row of 7", "pads=[0,3,0,3]", "f32[2,64,17,17] f32[48,64,1,7] f32[48]"}},
    {"Conv", {"column of 7, odd padding", "pads=[1,0,5,0]", "f32[1,64,19,13] f32[64,64,7,1]"}},
    {"Conv", {"row of 3, few pixels", "pads=[0,1,0,1]", "f32[2,128,8,8] f32[128,128,1,3] f32[128]"}},
    {"Conv", {"row of 5, unpadded", "", "f32[1,40,15,23] f32[64,40,1,5] f32[64]"}},
    {"ai.vitrine:ConvFused",
     {"column of 3, residual", "activation=silu pads=[1,0,1,0]",
      "f32[1,64,21,19] f32[72,64,3,1] f32[72] f32[1,72,21,19]"}},
    {"ai.vitrine:ConvFused",
     {"column of 5, relu", "activation=relu pads=[2,0,2,0]", "f32[1,64,27,30] f32[64,64,5,1] f32[64]"}},
    {"Conv", {"1x1, many channels and pixels", "", "f32[2,264,15,13] f32[72,264,1,1] f32[72]"}},
    {"ai.vitrine:ConvFused",
     {"1x1, step 2, residual", "strides=[2,2] activation=relu",
      "f32[2,40,9,11] f32[24,40,1,1] f32[24] f32[2,24,5,6]"}},
    {"ai.vitrine:ConvFused",
     {"1x1, odd channels", "activation=sigmoid", "f32[2,37,5,7] f32[19,37,1,1] f32[19] f32[2,19,5,7]"}},
    {"ai.vitrine:ConvFused",
     {"1x1, gate, residual, odd channels", "activation=relu",
      "f32[3,21,18,29] f32[19,21,1,1] f32[19] f32[3,19,18,29] f32[3,21,1,1]"}},
    {"ai.vitrine:ConvFused",
     {"1x1, one pixel", "activation=hard_sigmoid alpha=0.2 beta=0.5",
      "f32[2,48,1,1] f32[96,48,1,1] f32[96]"}},
    {"ai.vitrine:ConvFused",
     {"depthwise silu", "group=24 pads=[1,1,1,1] activation=silu", "f32[2,24,9,15] f32[24,1,3,3] f32[24]"}},
    {"ai.vitrine:ConvFused",
     {"depthwise, step 2", "group=20 pads=[0,0,1,1] strides=[2,2] activation=clip alpha=0 beta=6",
      "f32[1,20,12,29] f32[20,1,3,3] f32[20]"}},
    {"ai.vitrine:ConvFused",
     {"depthwise 5x5", "group=16 pads=[2,2,2,2] activation=hard_swish", "f32[2,16,7,16] f32[16,1,5,5]"}},
    {"Conv",
     {"depthwise 5x5, step 2", "group=40 pads=[2,1,2,2] strides=[2,2]", "f32[1,40,14,15] f32[40,1,5,5]"}},
    {"ai.vitrine:ConvGradInput",
     {"many channels", "pads=[1,1,1,1] shape=[2,48,30,26]", "f32[2,32,30,26] f32[32,48,3,3]"}},
    {"ai.vitrine:ConvGradInput",
     {"many channels, odd padding", "pads=[0,2,1,0] shape=[2,32,31,29]", "f32[2,32,30,29] f32[32,32,3,3]"}},
    {"ai.vitrine:ConvGradWeight",
     {"many channels", "pads=[1,1,1,1] shape=[32,48,3,3]", "f32[2,48,30,26] f32[2,32,30,26]"}},
    {"ai.vitrine:ConvGradWeight",
     {"very many channels", "pads=[1,1,1,1] shape=[192,208,3,3]", "f32[2,208,18,14] f32[2,192,18,14]"}},
    {"ai.vitrine:ConvGradInput",
     {"odd channels", "pads=[1,1,1,1] shape=[2,19,7,9]", "f32[2,17,7,9] f32[17,19,3,3]"}},
    {"ai.vitrine:ConvGradWeight",
     {"odd channels", "pads=[1,1,1,1] shape=[17,19,3,3]", "f32[2,19,7,9] f32[2,17,7,9]"}},
    {"DeformConv",
     {"many places, mask", "pads=[1,1,1,1]",
      "f32[2,20,19,18] f32[24,20,3,3] f32[2,18,19,18]:-3..3 f32[24] f32[2,9,19,18]:0..1"}},
    {"DeformConv",
     {"groups of both kinds that cross",
      "group=2 offset_group=3 strides=[2,1] dilations=[1,2] pads=[1,2,1,2]",
      "f32[2,12,9,11] f32[10,6,3,3] f32[2,54,5,11]:-2..2"}},
    {"ai.vitrine:DeformConvGrad",
     {"many places, mask", "pads=[1,1,1,1]",
      "f32[3,24,19,18] f32[3,20,19,18] f32[24,20,3,3] f32[3,18,19,18]:-3..3 f32[3,9,19,18]:0..1", 4}},
    {"ai.vitrine:DeformConvGrad",
     {"groups of both kinds that cross",
      "group=2 offset_group=3 strides=[2,1] dilations=[1,2] pads=[1,2,1,2]",
      "f32[1,10,5,11] f32[1,12,9,11] f32[10,6,3,3] f32[1,54,5,11]:-2..2", 3}},
    {"ai.vitrine:ConvGradWeight",
     {"stem", "pads=[3,3,3,3] strides=[2,2] shape=[16,3,7,7]", "f32[2,3,20,24] f32[2,16,10,12]"}},
};

static const struct vt_op_desc *find(const char *op, const char *domain)
{
  size_t d = strlen(domain);
  bool has = !strncmp(op, domain, d) && d && op[d] == ':';
  for (int i = 0; i < vt_nops; i++)
    if (!strcmp(vt_ops[i]->domain, has ? domain : "") && !strcmp(vt_ops[i]->name, has ? op + d + 1 : op))
      return vt_ops[i];
  return NULL;
}

static void kernels_equal_references(void **unused)
{
  const struct vt_registry *r = vt_registry_default();
  const char *only = getenv("VT_TEST_ONLY");
  for (int i = 0; i < r->nkernels; i++) {
    const struct vt_kernel_desc *k = r->kernels[i];
    if ((only && !strstr(k->op, only)) || !strcmp(k->op, "ai.vitrine:Reorder")) continue;
    const struct vt_op_desc *op = find(k->op, "ai.vitrine");
    if (!op) fail_msg("kernel '%s' serves the unknown operator %s", k->name, k->op);
    int served = 0;
    for (int c = 0; c < op->ncases; c++) served += check_all(k, op, &op->cases[c]);
    for (size_t c = 0; c < VT_COUNT(extra); c++)
      if (!strcmp(extra[c].op, k->op)) served += check_all(k, op, &extra[c].c);
    bool vectors = !strcmp(k->name, "winograd") || !strcmp(k->name, "outer products");
    if (!served && vectors && vt_isa() < VT_ISA_AVX2)
      print_message("%s for %s not tested: the processor has no AVX2\n", k->name, k->op);
    else if (!served)
      fail_msg("kernel '%s' for %s served no case", k->name, k->op);
  }
}

int main(void)
{
  vt_isa_init();
  const struct CMUnitTest t[] = {cmocka_unit_test(kernels_equal_references)};
  return cmocka_run_group_tests(t, NULL, NULL);
}
