/* The generic operator test: walks the table of operators × their cases.
 *
 * Shape inference against real shapes (known and unknown sizes), gradients against central differences,
 * compiled programs against the reference, export -> import, and every allocation failing once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "ops_run.h"

static const struct vt_registry *reg(void)
{
  return vt_registry_default();
}

static uint64_t case_seed(const struct vt_op_desc *op, int k)
{
  return vt_hash64(op->name, strlen(op->name)) + (uint64_t)k;
}

static int failures;
#define FAILED(op, k, ...)                                                                                   \
  do {                                                                                                       \
    failures++;                                                                                              \
    fprintf(stderr, "%s, case '%s': ", (op)->name, (k)->name);                                               \
    fprintf(stderr, __VA_ARGS__);                                                                            \
    fputc('\n', stderr);                                                                                     \
  } while (0)

typedef void walker(const struct vt_op_desc *op, const struct vt_op_case *k, uint64_t seed);

/* VITRINE_OP=Name walks one operator only. */
static void walk(walker *fn)
{
  const char *only = getenv("VITRINE_OP");
  failures = 0;
  for (int i = 0; i < vt_nops; i++)
    for (int k = 0; k < vt_ops[i]->ncases; k++)
      if (!only || !strcmp(only, vt_ops[i]->name))
        fn(vt_ops[i], &vt_ops[i]->cases[k], case_seed(vt_ops[i], k));
  assert_int_equal(failures, 0);
}

static void test_descriptors(void **state)
{
  for (int i = 0; i < vt_nops; i++) {
    const struct vt_op_desc *op = vt_ops[i];
    assert_true(op->name && *op->name && op->domain && op->doc && *op->doc);
    bool control = op->nattr && op->attr[0].type == VT_ATTR_GRAPH; /* see test_control.c */
    assert_true(op->infer && op->ref && (control || (op->cases && op->ncases > 0)));
    assert_true(op->since >= 1 && (op->until == 0 || op->until >= op->since));
    assert_true(op->min_in <= op->max_in && op->min_out >= 1 && op->min_out <= op->max_out);
    assert_true(!op->nattr == !op->attrs_size);
    for (int a = 0; a < op->nattr; a++) {
      assert_true(op->attr[a].offset < op->attrs_size && op->attr[a].present < op->attrs_size);
      assert_true((op->attr[a].type == VT_ATTR_ENUM) == (op->attr[a].choices != NULL));
      for (int b = 0; b < a; b++) assert_string_not_equal(op->attr[a].name, op->attr[b].name);
    }
    for (int j = 0; j < i; j++) {
      const struct vt_op_desc *o = vt_ops[j];
      bool same = !strcmp(o->name, op->name) && !strcmp(o->domain, op->domain);
      bool overlap = (!o->until || o->until >= op->since) && (!op->until || op->until >= o->since);
      assert_false(same && overlap);
    }
  }
}

/* Operators without a gradient rule; older forms of one with a rule aside. All others are checked below. */
static const char *const no_slope[] = {
    /* functions that no layer of these networks is made of */
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Cosh",
    "Sinh",
    "Tan",
    "GatherND",
    "Mod",
    "ScatterND",
    /* gradients and updates */
    "ActivationGrad",
    "Adagrad",
    "Adam",
    "AdamW",
    "AveragePoolGrad",
    "BatchNormActGrad",
    "BatchNormGrad",
    "ClipByNorm",
    "ConvGradInput",
    "ConvGradWeight",
    "CrossEntropyGrad",
    "DeformConvGrad",
    "DiceLossGrad",
    "Ema",
    "GatherGrad",
    "GlobalNorm",
    "GridSampleGrad",
    "LpNormalizationGrad",
    "MaxPoolGrad",
    "Momentum",
    "NormalizeGrad",
    "ResizeGrad",
    "RmsProp",
    "RoiAlignGrad",
    "SgdMomentum",
    "SliceGrad",
    "SumTo",
    "TripletLossGrad",
    /* steps, choices, shapes, control flow */
    "And",
    "ArgMax",
    "ArgMin",
    "Ceil",
    "Compress",
    "Constant",
    "ConstantOfShape",
    "Equal",
    "EyeLike",
    "Floor",
    "Greater",
    "GreaterOrEqual",
    "Hardmax",
    "If",
    "IsInf",
    "IsNaN",
    "Less",
    "LessOrEqual",
    "Loop",
    "NonMaxSuppression",
    "NonZero",
    "Not",
    "OneHot",
    "Or",
    "Range",
    "Round",
    "Shape",
    "Sign",
    "Size",
    "Xor",
    /* what the compiler puts in place of others, and integers */
    "BatchNormAct",
    "ConvFused",
    "ConvInt8",
    "ConvInteger",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
    "RoundBf16",
};

static void test_differentiable(void **state)
{
  for (int i = 0; i < vt_nops; i++) {
    bool listed = false;
    for (size_t k = 0; k < VT_COUNT(no_slope); k++) listed |= !strcmp(no_slope[k], vt_ops[i]->name);
    if (!vt_ops[i]->until && listed == (vt_ops[i]->grad != NULL))
      fail_msg("%s: %s", vt_ops[i]->name, listed ? "has a gradient rule after all" : "has no gradient rule");
  }
}

struct set {
  struct case_inputs c;
  struct vt_graph *g;
  struct vt_value *value[CASE_MAX_IN], *out[VT_MAX_OUT];
  struct vt_tensor feed[CASE_MAX_IN]; /* borrowed */
  struct run r;
};

static void set_feeds(struct set *s)
{
  int n = 0;
  for (int i = 0; i < s->c.n; i++)
    if (s->c.in[i].used && !s->c.in[i].constant) s->feed[n++] = s->c.in[i].t;
}

static int set_up(struct set *s, const struct vt_op_desc *op, const struct vt_op_case *k, uint64_t seed,
                  bool dynamic, struct vt_err *e)
{
  memset(s, 0, sizeof *s);
  int rc = case_parse(&s->c, k->inputs, seed, e);
  if (!rc) rc = case_graph(&s->g, reg(), op, k, &s->c, dynamic, s->value, s->out, e);
  if (!rc) set_feeds(s);
  return rc;
}

static void set_clear(struct set *s)
{
  if (s->r.t) run_clear(&s->r);
  vt_graph_free(s->g);
  case_clear(&s->c);
}

/* Outputs are filled with a pattern before each kernel runs, so what a kernel leaves out shows later. */
static void check_shapes(const struct vt_op_desc *op, const struct vt_op_case *k, uint64_t seed)
{
  struct vt_err e = {0};
  for (int dynamic = 0; dynamic < 2; dynamic++) {
    struct set s;
    int rc = set_up(&s, op, k, seed, dynamic, &e);
    if (!rc && dynamic) { /* inference with unknown sizes must agree with what the sizes turn out to be */
      struct set known;
      rc = set_up(&known, op, k, seed, false, &e);
      for (int o = 0; o < VT_MAX(k->nout, 1) && !rc; o++) {
        const struct vt_value *v = known.out[o];
        struct vt_tensor t = vt_tensor_view(v->dtype, v->rank, v->dim, NULL);
        rc = v->rank < 0 ? 0 : run_check(s.out[o], &t, &e);
      }
      set_clear(&known);
    } else if (!rc) {
      rc = run_graph(&s.r, s.g, s.feed, &e);
    }
    if (rc) FAILED(op, k, "%s%s", dynamic ? "(unknown sizes) " : "", e.msg);
    set_clear(&s);
  }
}

static void test_shapes(void **state)
{
  walk(check_shapes);
}

/* Σ y r in double, y recomputed with input `in` as it is now. */
static int project(struct set *s, const struct vt_tensor *r, double *sum, struct vt_err *e)
{
  struct run run = {0};
  int rc = run_graph(&run, s->g, s->feed, e);
  *sum = 0;
  if (!rc) {
    const struct vt_tensor *y = &run.t[s->out[0]->id];
    for (int64_t i = 0; i < vt_tensor_count(y); i++)
      *sum += (double)((float *)y->data)[i] * (double)((float *)r->data)[i];
  }
  run_clear(&run);
  return rc;
}

/* *rounding: by how much y's last bits may be wrong in the result. */
static double difference(struct set *s, const struct vt_tensor *r, float *at, float h, double *rounding,
                         struct vt_err *e)
{
  double lo = 0, hi = 0;
  float was = *at;
  *at = was + h;
  float up = *at;
  int rc = project(s, r, &hi, e);
  *at = was - h;
  double step = (double)up - (double)*at;
  if (!rc) rc = project(s, r, &lo, e);
  *at = was;
  *rounding = (fabs(hi) + fabs(lo)) * 1e-7 / step;
  return rc ? NAN : (hi - lo) / step;
}

#define GRAD_TOLERANCE 2e-3 /* of the largest */
/* One input: up to 24 elements. Where two step widths disagree, the function has a kink or the rounding of
 * f32 is too coarse; such elements say nothing, but most must speak. */
static void check_input_grad(const struct vt_op_desc *op, const struct vt_op_case *k, struct set *s, int in,
                             const struct vt_tensor *r, const struct vt_tensor *dx)
{
  enum { ELEMENTS = 24 };
  struct vt_err e = {0};
  struct vt_tensor *x = &s->c.in[in].t;
  int64_t n = vt_tensor_count(x), step = VT_MAX(n / ELEMENTS, 1), tried = 0, spoke = 0;
  double scale = 1e-3;
  for (int64_t i = 0; i < n; i++) scale = fmax(scale, fabs((double)((float *)dx->data)[i]));
  for (int64_t i = 0; i < n; i += step, tried++) {
    float *at = (float *)x->data + i, h = 1e-2f;
    double last, a = difference(s, r, at, h, &last, &e), b = difference(s, r, at, h / 2, &last, &e),
                 got = (double)((float *)dx->data)[i];
    double room = GRAD_TOLERANCE * scale + last;
    if (!(fabs(a - b) <= room)) continue;
    spoke++;
    if (!(fabs((4 * b - a) / 3 - got) <= room))
      FAILED(op, k, "gradient of input %d at %lld is %.6g, differences say %.6g", in, (long long)i, got,
             (4 * b - a) / 3);
  }
  if (e.code || spoke * 4 < tried * 3)
    FAILED(op, k, "gradient of input %d: %lld of %lld differences are usable %s", in, (long long)spoke,
           (long long)tried, e.msg);
}

static bool wants_grad(const struct vt_op_case *k, const struct set *s, int i)
{
  return s->c.in[i].used && !s->c.in[i].constant && s->c.in[i].t.dtype == VT_F32 && !(k->nograd >> i & 1);
}

static void check_grad(const struct vt_op_desc *op, const struct vt_op_case *k, uint64_t seed)
{
  struct vt_err e = {0};
  struct set f, b; /* forward only; with the backward pass */
  struct vt_value *wrt[CASE_MAX_IN], *grad[CASE_MAX_IN];
  struct vt_tensor r = {0};
  int index[CASE_MAX_IN], n = 0;
  if (!op->grad) return;
  int rc = set_up(&f, op, k, seed, false, &e);
  memset(&b, 0, sizeof b);
  if (!rc && f.out[0]->dtype != VT_F32) goto out;
  if (!rc) rc = set_up(&b, op, k, seed, false, &e);
  for (int i = 0; i < f.c.n && !rc; i++)
    if (wants_grad(k, &f, i)) {
      index[n] = i;
      wrt[n++] = b.value[i];
    }
  if (rc || !n) goto out;
  rc = vt_tensor_init(&r, VT_F32, f.out[0]->rank, f.out[0]->dim, &e);
  if (rc) goto out;
  struct vt_rng rng;
  vt_rng_init(&rng, seed, 1, 0);
  case_random(&r, &rng, false, 0, 0);
  struct vt_value *y = vt_emit(b.g, "Mul", VT_IN(b.out[0], vt_graph_constant(b.g, "r", &r)), "");
  struct vt_value *loss = vt_emit(b.g, "ReduceSum", VT_IN(y), "keepdims=0");
  rc = vt_graph_status(b.g, &e);
  if (!rc) rc = vt_autodiff(b.g, loss, n, wrt, grad, &e);
  if (!rc) rc = run_graph(&b.r, b.g, b.feed, &e);
  for (int i = 0; i < n && !rc; i++) {
    if (!grad[i])
      FAILED(op, k, "no gradient for input %d", index[i]);
    else
      check_input_grad(op, k, &f, index[i], &r, &b.r.t[grad[i]->id]);
  }
out:
  if (rc) FAILED(op, k, "%s", e.msg);
  vt_tensor_clear(&r);
  set_clear(&f);
  set_clear(&b);
}

static void test_gradients(void **state)
{
  walk(check_grad);
}

static void check_program(const struct vt_op_desc *op, const struct vt_op_case *k, const struct set *s,
                          const struct vt_compile_opts *o, const char *what, double tol)
{
  struct vt_err e = {0};
  struct vt_program *p = NULL;
  struct vt_session *session = NULL;
  struct vt_tensor out[VT_MAX_OUT];
  int rc = vt_program_compile(&p, s->g, NULL, o, &e);
  if (!rc) rc = vt_session_new(&session, p, &e);
  if (!rc) rc = vt_session_run(session, s->feed, out, &e);
  for (int i = 0; i < VT_MAX(k->nout, 1) && !rc; i++) {
    double d = tensor_distance(&s->r.t[s->out[i]->id], &out[i]);
    if (!(d <= tol)) FAILED(op, k, "%s: output %d differs by %.3g", what, i, d);
  }
  if (rc) FAILED(op, k, "%s: %s", what, e.msg);
  vt_session_free(session);
  vt_program_free(p);
}

static void check_programs(const struct vt_op_desc *op, const struct vt_op_case *k, uint64_t seed)
{
  static const struct {
    const char *name;
    struct vt_compile_opts o;
    double tol; /* at least */
  } modes[] = {
      {"reference", {.precision = VT_PREC_F32, .reference = true}, 0},
      {"blocks of 8", {.precision = VT_PREC_F32, .block = 8}, 0},
      {"blocks of 16", {.precision = VT_PREC_F32, .block = 16}, 0},
      {"channels last", {.precision = VT_PREC_F32, .block = VT_NHWC}, 0},
      {"not fused", {.precision = VT_PREC_F32, .no_fuse = true}, 0},
      {"training", {.precision = VT_PREC_F32, .training = true}, 0},
      {"bf16", {.precision = VT_PREC_BF16}, 0.05},
  };
  struct vt_err e = {0};
  struct set s;
  int rc = set_up(&s, op, k, seed, false, &e);
  for (int i = 0; i < VT_MAX(k->nout, 1) && !rc; i++) vt_graph_output(s.g, s.out[i], NULL);
  if (!rc) rc = run_graph(&s.r, s.g, s.feed, &e);
  if (rc) FAILED(op, k, "%s", e.msg);
  bool random = op->traits & VT_RANDOM && s.c.n > 2; /* another seed, other numbers */
  bool fixed = true;
  for (int i = 0; i < VT_MAX(k->nout, 1) && !rc; i++)
    fixed &= s.out[i]->rank >= 0 && vt_dims_count(s.out[i]->rank, s.out[i]->dim) >= 0;
  for (size_t m = 0; m < VT_COUNT(modes) && !rc && !random; m++) {
    bool half = modes[m].o.precision == VT_PREC_BF16;
    if (half && !vt_dtype_is_float(s.out[0]->dtype)) continue; /* comparisons flip on rounded inputs */
    if (modes[m].o.training && !fixed) continue;               /* training needs fixed shapes */
    check_program(op, k, &s, &modes[m].o, modes[m].name,
                  fmax(modes[m].tol, k->tol > 0 ? (double)k->tol : 1e-4));
  }
  set_clear(&s);
}

static void test_programs(void **state)
{
  walk(check_programs);
}

static void check_round_trip(const struct vt_op_desc *op, const struct vt_op_case *k, uint64_t seed)
{
  struct vt_err e = {0};
  struct vt_graph *back = NULL;
  struct run r = {0};
  struct set s;
  if (!*op->domain && op->since > 19) return; /* graphs are written in opset 17, or 19 */
  char path[] = "/tmp/vitrine-op-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  int rc = set_up(&s, op, k, seed, false, &e);
  for (int i = 0; i < VT_MAX(k->nout, 1) && !rc; i++) vt_graph_output(s.g, s.out[i], NULL);
  if (!rc) rc = run_graph(&s.r, s.g, s.feed, &e);
  if (!rc) rc = vt_onnx_save(s.g, path, NULL, &e);
  if (!rc) rc = vt_onnx_load(&back, reg(), path, &e);
  if (!rc) rc = run_graph(&r, back, s.feed, &e);
  for (int i = 0; i < VT_MAX(k->nout, 1) && !rc; i++)
    if (tensor_distance(&s.r.t[s.out[i]->id], &r.t[back->outputs[i]->id]) > 0)
      FAILED(op, k, "output %d changed by export and import", i);
  if (rc) FAILED(op, k, "round trip: %s", e.msg);
  if (r.t) run_clear(&r);
  vt_graph_free(back);
  set_clear(&s);
  unlink(path);
}

static void test_round_trip(void **state)
{
  walk(check_round_trip);
}

/* Leaks show under the address sanitizer. */
static void check_alloc(const struct vt_op_desc *op, const struct vt_op_case *k, uint64_t seed)
{
  enum { MAX_ALLOCS = 2000 };
  if (k != op->cases) return;
  for (int64_t n = 1; n < MAX_ALLOCS; n++) {
    struct vt_err e = {0};
    struct set s;
    vt_alloc_fail_at(n);
    int rc = set_up(&s, op, k, seed, false, &e);
    if (!rc) rc = run_graph(&s.r, s.g, s.feed, &e);
    bool reached = vt_alloc_count() >= n;
    vt_alloc_fail_at(0);
    set_clear(&s);
    if (!reached) return;
    if (rc && rc != VT_ENOMEM) FAILED(op, k, "allocation %lld failed: %d, %s", (long long)n, rc, e.msg);
    if (!rc) FAILED(op, k, "allocation %lld failed and nobody noticed", (long long)n);
  }
  FAILED(op, k, "over %d allocations", MAX_ALLOCS);
}

static void test_alloc_failure(void **state)
{
  walk(check_alloc);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_descriptors),   cmocka_unit_test(test_differentiable),
      cmocka_unit_test(test_shapes),        cmocka_unit_test(test_gradients),
      cmocka_unit_test(test_programs),      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_alloc_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
