/* The engine's core: tensors and conversions, attributes, graphs, emission, differentiation, ONNX files.
 * Small operators of this file's own stand in for ops/ where a test is about the engine and not about an
 * operator. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>
#include "backend/backend.h"

/* ---- operators of this test ---- */

static int infer_same(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *a = n->in[0];
  for (int i = 1; i < n->nin; i++)
    for (int d = 0; d < a->rank; d++)
      if (n->in[i]->rank != a->rank || n->in[i]->dim[d] != a->dim[d])
        return vt_fail(e, VT_ESHAPE, "input %d differs", i);
  n->out[0]->dtype = a->dtype;
  n->out[0]->rank = a->rank;
  memcpy(n->out[0]->dim, a->dim, sizeof a->dim);
  return 0;
}

static int ref_none(const struct vt_ref_call *c, struct vt_err *e)
{
  return 0;
}

struct every_attrs {
  int64_t i;
  float f;
  const char *s;
  int mode;
  struct vt_ints ints;
  struct vt_floats floats;
  struct vt_strings strings;
  bool has_i;
  struct vt_tensor t;
};
#define AT(field) offsetof(struct every_attrs, field)
static const struct vt_attr_desc every_attr[] = {
    {"i", VT_ATTR_INT, AT(i), .i = 7, .present = AT(has_i)},
    {"f", VT_ATTR_FLOAT, AT(f), .f = 0.5f},
    {"s", VT_ATTR_STRING, AT(s), .s = "none"},
    {"mode", VT_ATTR_ENUM, AT(mode), .i = 1, .choices = "NOTSET|SAME|VALID"},
    {"ints", VT_ATTR_INTS, AT(ints)},
    {"floats", VT_ATTR_FLOATS, AT(floats)},
    {"strings", VT_ATTR_STRINGS, AT(strings)},
    {"t", VT_ATTR_TENSOR, AT(t)},
};
static const struct vt_op_desc op_every = {"Every",
                                           "ai.vitrine",
                                           1,
                                           0,
                                           "",
                                           every_attr,
                                           8,
                                           sizeof(struct every_attrs),
                                           1,
                                           1,
                                           1,
                                           1,
                                           .infer = infer_same,
                                           .ref = ref_none};
static const struct vt_op_desc op_add = {
    "Add", "", 7, 0, "", NULL, 0, 0, 2, 2, 1, 1, .infer = infer_same, .ref = ref_none};
static const struct vt_op_desc op_relu5 = {
    "Relu", "", 1, 5, "old", NULL, 0, 0, 1, 1, 1, 1, .infer = infer_same, .ref = ref_none};
static const struct vt_op_desc op_relu = {
    "Relu", "", 6, 0, "", NULL, 0, 0, 1, 1, 1, 1, .infer = infer_same, .ref = ref_none};
static const struct vt_op_desc *const table[] = {&op_every, &op_add, &op_relu5, &op_relu};
static const struct vt_registry small = {table, VT_COUNT(table), NULL, 0};

static struct vt_graph *new_graph(void)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  assert_int_equal(vt_graph_new(&g, &small, "test", &e), 0);
  return g;
}

/* ---- conversions ---- */

static void all_halves(void **state)
{
  for (uint32_t h = 0; h < 65536; h++) {
    float f = vt_f16_to_f32((uint16_t)h);
    uint32_t e = (h >> 10) & 31, m = h & 1023;
    double want = e == 31 ? INFINITY : e ? ldexp(1024.0 + m, (int)e - 25) : ldexp(m, -24);
    if (e == 31 && m) {
      assert_true(isnan(f));
      assert_true(isnan(vt_f16_to_f32(vt_f32_to_f16(f))));
    } else {
      assert_true((double)f == (h & 0x8000 ? -want : want));
      assert_int_equal(vt_f32_to_f16(f), h);
    }
    float b = vt_bf16_to_f32((uint16_t)h);
    if (isnan(b))
      assert_true(isnan(vt_bf16_to_f32(vt_f32_to_bf16(b))));
    else
      assert_int_equal(vt_f32_to_bf16(b), h);
  }
}

/* Halfway between neighbours goes to the even one, a hair to either side goes there. */
static void rounding(void **state)
{
  for (uint32_t h = 0; h < 0x7bff; h++) {
    double lo = (double)vt_f16_to_f32((uint16_t)h), hi = (double)vt_f16_to_f32((uint16_t)(h + 1)),
           mid = (lo + hi) / 2;
    assert_int_equal(vt_f32_to_f16((float)mid), h & 1 ? h + 1 : h);
    uint16_t below, above;
    double near[2] = {nextafter(mid, 0), nextafter(mid, 1e9)};
    vt_convert(VT_F64, &near[0], VT_F16, &below, 1);
    vt_convert(VT_F64, &near[1], VT_F16, &above, 1);
    assert_int_equal(below, h);
    assert_int_equal(above, h + 1);
  }
  assert_int_equal(vt_f32_to_f16(65520.0f), 0x7c00);
  assert_int_equal(vt_f32_to_f16(65519.0f), 0x7bff);
  assert_int_equal(vt_f32_to_bf16(3.4e38f), 0x7f80);
  /* whole arrays, vector part and tail, agree with single numbers */
  enum { N = 1003 };
  float in[N], back[N];
  uint16_t h16[N], b16[N];
  for (int i = 0; i < N; i++) in[i] = (float)sin(i) * ldexpf(1, i % 60 - 30);
  vt_convert(VT_F32, in, VT_F16, h16, N);
  vt_convert(VT_F32, in, VT_BF16, b16, N);
  vt_convert(VT_F16, h16, VT_F32, back, N);
  for (int i = 0; i < N; i++) {
    assert_int_equal(h16[i], vt_f32_to_f16(in[i]));
    assert_int_equal(b16[i], vt_f32_to_bf16(in[i]));
    assert_true(back[i] == vt_f16_to_f32(h16[i]));
  }
}

static void casts(void **state)
{
  static const struct {
    enum vt_dtype from;
    double v;
    enum vt_dtype to;
    double want;
  } cases[] = {
      {VT_F32, -1.9, VT_I32, -1},     {VT_F32, 300, VT_U8, 255},       {VT_F32, -5, VT_U8, 0},
      {VT_F64, 1e30, VT_I64, 0x1p63}, {VT_F32, NAN, VT_I32, 0},        {VT_I32, 200, VT_I8, -56},
      {VT_I64, -1, VT_U8, 255},       {VT_F32, 0.25, VT_BOOL, 1},      {VT_F32, 0, VT_BOOL, 0},
      {VT_I64, 3, VT_F16, 3},         {VT_U8, 7, VT_BF16, 7},          {VT_F16, -2.5, VT_I16, -2},
      {VT_BOOL, 1, VT_F32, 1},        {VT_I8, -3, VT_F64, -3},         {VT_U64, 5, VT_F32, 5},
      {VT_F32, 70000, VT_U16, 65535}, {VT_F32, -3e9, VT_I32, -0x1p31},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_tensor a, b;
    assert_int_equal(vt_tensor_init(&a, cases[i].from, 1, &(int64_t){3}, NULL), 0);
    vt_tensor_set(&a, 2, cases[i].v);
    assert_int_equal(vt_tensor_cast(&b, &a, cases[i].to, NULL), 0);
    if (vt_tensor_get(&b, 2) != cases[i].want)
      fail_msg("%s %g to %s gave %g", vt_dtype_name(cases[i].from), cases[i].v, vt_dtype_name(cases[i].to),
               vt_tensor_get(&b, 2));
    vt_tensor_clear(&a);
    vt_tensor_clear(&b);
  }
}

static void tensor_limits(void **state)
{
  struct vt_tensor t;
  struct vt_err e = {0};
  assert_int_equal(vt_tensor_init(&t, VT_F32, 2, (int64_t[]){1 << 30, 1 << 30}, &e), VT_ELIMIT);
  assert_int_equal(vt_tensor_init(&t, VT_F32, 3, (int64_t[]){1LL << 40, 1LL << 40, 1LL << 40}, &e),
                   VT_ESHAPE);
  assert_int_equal(vt_tensor_init(&t, VT_F32, 1, (int64_t[]){-1}, &e), VT_ESHAPE);
  assert_int_equal(vt_tensor_init(&t, VT_STRING, 0, NULL, &e), VT_EUNSUPPORTED);
  assert_int_equal(vt_tensor_init(&t, VT_F32, 9, (int64_t[9]){0}, &e), VT_ELIMIT);
  assert_int_equal(vt_tensor_init(&t, VT_F32, 2, (int64_t[]){0, 5}, &e), 0);
  assert_non_null(t.data);
  struct vt_tensor s = vt_tensor_share(&t);
  vt_tensor_clear(&t);
  assert_int_equal(vt_tensor_count(&s), 0);
  vt_tensor_clear(&s);
  char text[16];
  vt_shape_print(3, (int64_t[]){2, -1, 7}, text, sizeof text);
  assert_string_equal(text, "(2, ?, 7)");
  vt_shape_print(3, (int64_t[]){200000000, 300000000, 7}, text, sizeof text);
  assert_int_equal(strlen(text), sizeof text - 1);
}

/* ---- attributes ---- */

static void attrs_read(void **state)
{
  struct vt_graph *g = new_graph();
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 1, (int64_t[]){4});
  struct vt_value *y = vt_emit(g, "ai.vitrine:Every", VT_IN(x),
                               "i=%d f=-1.5e-3 s='two words' mode=VALID ints=[1, -2,3]"
                               "  floats=[0.5] strings=['a b',c] ",
                               42);
  assert_non_null(y);
  const struct every_attrs *a = y->producer->attrs;
  assert_int_equal(a->i, 42);
  assert_true(a->has_i);
  assert_true(a->f == -1.5e-3f);
  assert_string_equal(a->s, "two words");
  assert_int_equal(a->mode, 2);
  assert_int_equal(a->ints.n, 3);
  assert_int_equal(a->ints.v[1], -2);
  assert_true(a->floats.v[0] == 0.5f);
  assert_int_equal(a->strings.n, 2);
  assert_string_equal(a->strings.v[0], "a b");
  y = vt_emit(g, "ai.vitrine:Every", VT_IN(y), "ints=[]");
  a = y->producer->attrs;
  assert_int_equal(a->i, 7);
  assert_false(a->has_i);
  assert_string_equal(a->s, "none");
  assert_int_equal(a->mode, 1);
  assert_int_equal(a->ints.n, 0);
  vt_graph_free(g);
}

static void attrs_refused(void **state)
{
  static const char *const cases[][2] = {
      {"i=1.5", "'i' wants an integer"},
      {"i=", "'i' wants an integer"},
      {"f=abc", "'f' wants a number"},
      {"mode=OTHER", "NOTSET|SAME|VALID"},
      {"ints=3", "list in brackets"},
      {"ints=[1,2", "',' or ']'"},
      {"ints=[1 2]", "',' or ']'"},
      {"nope=1", "no attribute 'nope'"},
      {"i=1 i=2", "given twice"},
      {"i", "name=value"},
      {"s='open", "closing quote"},
      {"i=99999999999999999999", "integer"},
      {"t=3", "tensor"},
      {"i=1,2", "a space after"},
      {"ints=[1,]", "after the comma"},
      {"=3", "name=value"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_graph *g = new_graph();
    struct vt_err e = {0};
    struct vt_value *x = vt_graph_input(g, "x", VT_F32, 1, (int64_t[]){4});
    assert_null(vt_emit(g, "ai.vitrine:Every", VT_IN(x), "%s", cases[i][0]));
    assert_true(vt_graph_status(g, &e) < 0);
    if (!strstr(e.msg, cases[i][1])) fail_msg("'%s' gave: %s", cases[i][0], e.msg);
    vt_graph_free(g);
  }
}

/* ---- graphs ---- */

static void emit_errors(void **state)
{
  struct vt_graph *g = new_graph();
  struct vt_err e = {0};
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){4, 5});
  struct vt_value *y = vt_graph_input(g, "y", VT_F32, 2, (int64_t[]){4, 6});
  assert_null(vt_emit(g, "Add", VT_IN(x, y), ""));
  assert_int_equal(vt_graph_status(g, &e), VT_ESHAPE);
  assert_non_null(strstr(e.msg, "Add(f32 (4, 5), f32 (4, 6))"));
  assert_null(vt_emit(g, "Add", VT_IN(x, x), "")); /* sticky */
  vt_graph_free(g);
  static const struct {
    const char *op;
    int nin;
    const char *says;
  } cases[] = {{"Nope", 1, "unknown operator 'Nope'"},
               {"Add", 1, "takes 2 to 2"},
               {"x:Add", 2, "unknown operator 'x:Add'"}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    g = new_graph();
    x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){4, 5});
    struct vt_value *out;
    assert_null(vt_emit_n(g, cases[i].op, cases[i].nin, VT_ARRAY_(x, x), 1, &out, ""));
    vt_graph_status(g, &e);
    assert_non_null(strstr(e.msg, cases[i].says));
    vt_graph_free(g);
  }
}

static void names_and_lookup(void **state)
{
  assert_ptr_equal(vt_registry_find(&small, "", "Relu", 5), &op_relu5);
  assert_ptr_equal(vt_registry_find(&small, "ai.onnx", "Relu", 6), &op_relu);
  assert_null(vt_registry_find(&small, "ai.vitrine", "Relu", 1));
  struct vt_graph *g = new_graph();
  for (int i = 0; i < 500; i++) {
    struct vt_value *v = vt_graph_scalar(g, (float)i);
    assert_non_null(v);
    assert_ptr_equal(vt_graph_find(g, v->name), v);
  }
  struct vt_value *v = g->values[3];
  char old[64];
  snprintf(old, sizeof old, "%s", v->name);
  vt_graph_output(g, v, "result");
  assert_ptr_equal(vt_graph_find(g, "result"), v);
  assert_null(vt_graph_find(g, old));
  for (int i = 0; i < 500; i++) assert_ptr_equal(vt_graph_find(g, g->values[i]->name), g->values[i]);
  vt_graph_free(g);
}

static void clones(void **state)
{
  struct vt_graph *g = new_graph(), *h;
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 1, (int64_t[]){2}), *map[16];
  struct vt_tensor w;
  assert_int_equal(vt_tensor_init(&w, VT_F32, 1, (int64_t[]){2}, NULL), 0);
  struct vt_value *wv = vt_graph_variable(g, "w", &w, true);
  struct every_attrs a = {.s = "kept", .t = w, .ints = {2, (int64_t[]){8, 9}}};
  struct vt_value *y;
  vt_emit_attrs(g, &op_every, 1, &x, 1, &y, &a);
  struct vt_value *z = vt_emit(g, "Add", VT_IN(y, wv), "");
  vt_graph_output(g, z, "z");
  vt_graph_assign(g, wv, z);
  vt_graph_set_meta(g, "task", "old");
  vt_graph_set_meta(g, "task", "test");
  assert_int_equal(vt_graph_status(g, NULL), 0);
  vt_tensor_clear(&w);
  assert_int_equal(vt_graph_clone(&h, g, map, NULL), 0);
  assert_ptr_equal(map[wv->id]->init.data, wv->init.data);
  vt_graph_free(g);
  assert_int_equal(h->nnodes, 2);
  assert_string_equal(h->outputs[0]->name, "z");
  assert_ptr_equal(h->assigns[0].value, h->outputs[0]);
  assert_ptr_equal(h->nodes[1]->in[1], vt_graph_find(h, "w"));
  assert_string_equal(vt_graph_meta(h, "task"), "test");
  const struct every_attrs *b = h->nodes[0]->attrs;
  assert_string_equal(b->s, "kept");
  assert_int_equal(b->ints.v[1], 9);
  assert_true(((float *)b->t.data)[1] == 0);
  h->inputs[0]->dim[0] = 3;
  struct vt_err e = {0};
  assert_int_equal(vt_graph_infer(h, &e), VT_ESHAPE);
  assert_non_null(strstr(e.msg, "Add(f32 (3), f32 (2))"));
  vt_graph_free(h);
}

/* ---- differentiation ---- */

enum { MAX_WRT = 4, EDGE = 3 };

/* loss of the inputs' formula; returns NULL after a failure, kept in g */
typedef struct vt_value *formula_fn(struct vt_graph *g, struct vt_value *const *x);

static struct vt_value *mean(struct vt_graph *g, struct vt_value *v)
{
  return vt_emit(g, "ReduceMean", VT_IN(v), "keepdims=0");
}

static struct vt_value *product(struct vt_graph *g, struct vt_value *const *x)
{
  return mean(g, vt_emit(g, "Mul", VT_IN(x[0], x[1]), ""));
}

/* x[0] is read five times: its shares are added */
static struct vt_value *shared(struct vt_graph *g, struct vt_value *const *x)
{
  struct vt_value *a = vt_emit(g, "Add", VT_IN(x[0], x[1]), "");
  struct vt_value *b = vt_emit(g, "Mul", VT_IN(a, x[0]), "");
  struct vt_value *c = vt_emit(g, "Tanh", VT_IN(x[0]), "");
  struct vt_value *d = vt_emit(g, "Mul", VT_IN(c, x[0]), "");
  struct vt_value *f = vt_emit(g, "Add", VT_IN(vt_emit(g, "Sub", VT_IN(b, d), ""), x[0]), "");
  return mean(g, f);
}

static struct vt_value *layers(struct vt_graph *g, struct vt_value *const *x)
{
  struct vt_value *h = vt_emit(g, "Sigmoid", VT_IN(vt_emit(g, "MatMul", VT_IN(x[0], x[1]), "")), "");
  struct vt_value *y = vt_emit(g, "MatMul", VT_IN(h, x[2]), "");
  return mean(g, vt_emit(g, "Mul", VT_IN(y, y), ""));
}

/* a branch that the loss does not read, and a gradient that would flow through an integer */
static struct vt_value *side_branch(struct vt_graph *g, struct vt_value *const *x)
{
  vt_emit(g, "Exp", VT_IN(x[0]), "");
  struct vt_value *whole = vt_emit(g, "Cast", VT_IN(vt_emit(g, "Cast", VT_IN(x[1]), "to=7")), "to=1");
  return mean(g, vt_emit(g, "Add", VT_IN(vt_emit(g, "Exp", VT_IN(x[0]), ""), whole), ""));
}

static double run_loss(const struct vt_program *p, float x[][EDGE * EDGE], int n, int output, float *all)
{
  struct vt_session *s;
  struct vt_tensor in[MAX_WRT], out[MAX_WRT + 1];
  struct vt_err e = {0};
  assert_int_equal(vt_session_new(&s, p, &e), 0);
  for (int i = 0; i < n; i++) in[i] = vt_tensor_view(VT_F32, 2, (int64_t[]){EDGE, EDGE}, x[i]);
  if (vt_session_run(s, in, out, &e)) fail_msg("%s", e.msg);
  double v = vt_tensor_get(&out[output], 0);
  if (all) memcpy(all, out[output].data, EDGE * EDGE * sizeof *all);
  vt_session_free(s);
  return v;
}

static void check_formula(formula_fn *formula, int n, uint32_t without)
{
  struct vt_graph *g;
  struct vt_program *p;
  struct vt_err e = {0};
  struct vt_value *x[MAX_WRT], *grad[MAX_WRT];
  float v[MAX_WRT][EDGE * EDGE], got[EDGE * EDGE];
  int output[MAX_WRT], nout = 1;
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "formula", &e), 0);
  for (int i = 0; i < n; i++) {
    x[i] = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){EDGE, EDGE});
    for (int k = 0; k < EDGE * EDGE; k++) v[i][k] = (float)sin(i * 17 + k * 3 + 1);
  }
  struct vt_value *loss = formula(g, x);
  vt_graph_output(g, loss, "loss");
  if (vt_autodiff(g, loss, n, x, grad, &e)) fail_msg("%s", e.msg);
  for (int i = 0; i < n; i++) {
    assert_int_equal(grad[i] == NULL, without >> i & 1);
    output[i] = nout;
    if (grad[i]) vt_graph_output(g, vt_emit(g, "Identity", VT_IN(grad[i]), ""), NULL), nout++;
  }
  if (vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.reference = true}, &e))
    fail_msg("%s", e.msg);
  for (int i = 0; i < n; i++) {
    if (!grad[i]) continue;
    run_loss(p, v, n, output[i], got);
    for (int k = 0; k < EDGE * EDGE; k++) {
      const float h = 1e-2f, keep = v[i][k];
      v[i][k] = keep + h;
      double up = run_loss(p, v, n, 0, NULL);
      v[i][k] = keep - h;
      double down = run_loss(p, v, n, 0, NULL);
      v[i][k] = keep;
      double want = (up - down) / (2 * (double)h);
      if (fabs(want - (double)got[k]) > 1e-4 + 2e-3 * fabs(want))
        fail_msg("d loss / d x[%d][%d] is %g, differences say %g", i, k, (double)got[k], want);
    }
  }
  vt_program_free(p);
  vt_graph_free(g);
}

static void gradients(void **state)
{
  check_formula(product, 2, 0);
  check_formula(shared, 2, 0);
  check_formula(layers, 3, 0);
  check_formula(side_branch, 2, 2);
}

static void gradient_errors(void **state)
{
  struct vt_graph *g = new_graph();
  struct vt_err e = {0};
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 1, (int64_t[]){1}), *d;
  struct vt_value *many = vt_graph_input(g, "many", VT_F32, 1, (int64_t[]){4});
  assert_int_equal(vt_autodiff(g, many, 1, &x, &d, &e), VT_ESHAPE);
  assert_non_null(strstr(e.msg, "'many' is f32 (4)"));
  struct vt_value *y = vt_emit(g, "Relu", VT_IN(x), "");
  assert_int_equal(vt_autodiff(g, y, 1, &many, &d, &e), 0);
  assert_null(d); /* does not depend */
  assert_int_equal(vt_autodiff(g, x, 1, &x, &d, &e), 0);
  assert_non_null(d); /* d x / d x = 1 */
  assert_int_equal(vt_autodiff(g, y, 1, &x, &d, &e), VT_EUNSUPPORTED);
  assert_non_null(strstr(e.msg, "Relu has no gradient rule"));
  vt_graph_free(g);
}

/* ---- NumPy files ---- */

static void npy(void **state)
{
  static const enum vt_dtype types[] = {VT_F32, VT_F64, VT_F16, VT_U8,  VT_I8,  VT_U16,
                                        VT_I16, VT_U32, VT_I32, VT_U64, VT_I64, VT_BOOL};
  static const int64_t dims[][3] = {{2, 3, 1}, {0, 3, 1}};
  char path[128];
  struct vt_err e = {0};
  snprintf(path, sizeof path, "/tmp/vitrine-test-npy-%d.npy", (int)getpid());
  for (size_t k = 0; k < VT_COUNT(types); k++)
    for (int rank = 0; rank <= 3; rank++)
      for (int empty = 0; empty < 2; empty++) {
        struct vt_tensor t, u;
        assert_int_equal(vt_tensor_init(&t, types[k], rank, dims[empty], &e), 0);
        for (int64_t i = 0; i < vt_tensor_count(&t); i++) vt_tensor_set(&t, i, (double)(i & 1));
        assert_int_equal(vt_npy_write(&t, path, &e), 0);
        assert_int_equal(vt_file_size(path) % 64, (int64_t)vt_tensor_bytes(&t) % 64);
        if (vt_npy_read(&u, path, 1 << 20, &e)) fail_msg("%s", e.msg);
        assert_int_equal(u.dtype, t.dtype);
        assert_int_equal(u.rank, rank);
        assert_memory_equal(u.data, t.data, vt_tensor_bytes(&t));
        vt_tensor_clear(&t);
        vt_tensor_clear(&u);
      }
  /* as numpy.save writes numpy.array([[1, 2], [3, 4]], '<i2'), and what is wrong with others */
  static const struct {
    const char *header, *data;
    size_t limit;
    int code;
  } cases[] = {
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }", "\1\0\2\0\3\0\4\0", 100, 0},
      {"{'descr': '<i2', 'fortran_order': True, 'shape': (2, 2), }", "\1\0\2\0\3\0\4\0", 100,
       VT_EUNSUPPORTED},
      {"{'descr': '>i2', 'fortran_order': False, 'shape': (2, 2), }", "\1\0\2\0\3\0\4\0", 100,
       VT_EUNSUPPORTED},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }", "\1\0\2\0\3\0\4\0", 100,
       VT_EUNSUPPORTED},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }", "\1\0\2\0\3\0\4\0", 100, VT_EFORMAT},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }", "\1\0\2\0\3\0\4\0", 7, VT_ELIMIT},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (-2, 2), }", "\1\0\2\0\3\0\4\0", 100, VT_EFORMAT},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2", "", 100, VT_EFORMAT},
      {"{'descr': '<i2', 'fortran_order': False, }", "", 100, VT_EFORMAT},
      {"{'descr': '<i2', 'shape': (4611686018427387904, 4611686018427387904), 'fortran_order': False}", "",
       100, VT_ELIMIT},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_buf b;
    struct vt_tensor t;
    vt_buf_init(&b);
    vt_buf_add(&b, "\x93NUMPY\1\0", 8);
    vt_buf_addc(&b, (char)strlen(cases[i].header));
    vt_buf_addc(&b, 0);
    vt_buf_adds(&b, cases[i].header);
    vt_buf_add(&b, cases[i].data, *cases[i].data ? 8 : 0);
    assert_int_equal(vt_file_write_atomic(path, b.data, b.len, &e), 0);
    int rc = vt_npy_read(&t, path, cases[i].limit, &e);
    if (rc != cases[i].code) fail_msg("case %zu: %d (%s)", i, rc, e.msg);
    if (!rc) assert_int_equal(vt_tensor_get(&t, 2), 3);
    vt_tensor_clear(&t);
    for (size_t n = 0; n < b.len; n++) { /* cut off anywhere */
      FILE *f = fopen(path, "wb");
      fwrite(b.data, 1, n, f);
      fclose(f);
      assert_true(vt_npy_read(&t, path, 100, &e) < 0);
    }
    vt_buf_clear(&b);
  }
  unlink(path);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_halves),    cmocka_unit_test(rounding),         cmocka_unit_test(casts),
      cmocka_unit_test(tensor_limits), cmocka_unit_test(attrs_read),       cmocka_unit_test(attrs_refused),
      cmocka_unit_test(emit_errors),   cmocka_unit_test(names_and_lookup), cmocka_unit_test(clones),
      cmocka_unit_test(gradients),     cmocka_unit_test(gradient_errors),  cmocka_unit_test(npy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
