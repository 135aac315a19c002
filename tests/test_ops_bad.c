/* Operators meet inputs that do not fit: each case of each operator again with other types, shapes, values
 * and attributes, one changed at a time, with known and with unknown sizes. A graph is refused with a
 * message, or runs; the sanitizers say whether a kernel reads or writes what is not its own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "base/alloc_limit.h"
#include "engine/engine.h"
#include "ops_cases.h"

enum {
  ONE = 1 << 20, /* bytes of an allocation */
  ALL = 1 << 26, /* of all those of one graph */
  MAX_MACS = 1 << 22,
};

static int ran, refused, failures;
static volatile uint8_t sink;

static int use(const struct vt_graph *g, const struct case_inputs *c, struct vt_err *e)
{
  const struct vt_compile_opts opts = {.precision = VT_PREC_F32, .threads = 1};
  struct vt_tensor feed[CASE_MAX_IN] = {0}, out[VT_MAX_OUT] = {0};
  struct vt_eval *v = NULL;
  int64_t macs = 0;
  int n = 0;
  for (int i = 0; i < g->nnodes; i++) macs += vt_node_macs(g->nodes[i]);
  if (macs > MAX_MACS) return vt_fail(e, VT_ELIMIT, "%lld multiply-adds", (long long)macs);
  for (int i = 0; i < c->n; i++)
    if (c->in[i].used && !c->in[i].constant) feed[n++] = c->in[i].t; /* borrowed */
  int rc = vt_eval_new(&v, g, &opts, e);
  if (!rc) rc = vt_eval_run(v, feed, out, 1, e);
  for (int i = 0; i < g->noutputs; i++) {
    const uint8_t *p = out[i].data;
    for (size_t k = 0, bytes = rc ? 0 : vt_tensor_bytes(&out[i]); k < bytes; k++) sink ^= p[k];
    vt_tensor_clear(&out[i]);
  }
  vt_eval_free(v);
  return rc;
}

static void attempt(const struct vt_op_desc *op, const struct vt_op_case *k, const struct case_inputs *c,
                    const char *what)
{
  for (int dynamic = 0; dynamic < 2; dynamic++) {
    struct vt_err e = {0};
    struct vt_graph *g = NULL;
    struct vt_value *value[CASE_MAX_IN], *out[VT_MAX_OUT];
    if (getenv("VITRINE_OP")) fprintf(stderr, "%s, case '%s': %s\n", op->name, k->name, what);
    vt_alloc_limit(ONE, ALL);
    int rc = case_graph(&g, vt_registry_default(), op, k, c, dynamic, value, out, &e);
    for (int i = 0; i < VT_MAX(k->nout, 1) && !rc; i++) vt_graph_output(g, out[i], NULL);
    if (!rc) rc = use(g, c, &e);
    vt_alloc_limit(0, 0);
    if (rc && !*e.msg) {
      fprintf(stderr, "%s, case '%s', %s: an error without a message\n", op->name, k->name, what);
      failures++;
    }
    *(rc ? &refused : &ran) += 1;
    vt_graph_free(g);
  }
}

/* Input i as another type and shape; numbers from the old ones, over and over. */
static int reshaped(struct vt_tensor *t, const struct vt_tensor *old, enum vt_dtype type, int rank,
                    const int64_t *dim)
{
  const int64_t had = vt_tensor_count(old);
  int rc = vt_tensor_init(t, type, rank, dim, NULL);
  for (int64_t i = 0; !rc && had && i < vt_tensor_count(t); i++)
    vt_tensor_set(t, i, vt_tensor_get(old, i % had));
  return rc;
}

typedef void changer(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c, int i);

static void as(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c, int i,
               enum vt_dtype type, int rank, const int64_t *dim)
{
  const struct vt_tensor old = c->in[i].t; /* dim may be its own */
  int64_t size[VT_MAX_RANK] = {0};
  char what[160], shape[96];
  memcpy(size, dim, (size_t)rank * sizeof *size);
  if (reshaped(&c->in[i].t, &old, type, rank, size)) fail_msg("out of memory");
  vt_shape_print(rank, size, shape, sizeof shape);
  snprintf(what, sizeof what, "input %d as %s %s", i, vt_dtype_name(type), shape);
  attempt(op, k, c, what);
  vt_tensor_clear(&c->in[i].t);
  c->in[i].t = old;
}

static void other_types(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c, int i)
{
  static const enum vt_dtype types[] = {VT_F32, VT_F64, VT_F16, VT_I64, VT_I32, VT_I8, VT_U8, VT_BOOL};
  const struct vt_tensor *t = &c->in[i].t;
  for (size_t j = 0; j < VT_COUNT(types); j++)
    if (types[j] != t->dtype) as(op, k, c, i, types[j], t->rank, t->dim);
}

static void other_shapes(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c,
                         int i)
{
  const struct vt_tensor *t = &c->in[i].t;
  const enum vt_dtype type = t->dtype;
  const int rank = t->rank;
  int64_t dim[VT_MAX_RANK + 1] = {0};
  for (int d = 0; d < rank; d++) {
    const int64_t was = t->dim[d], sizes[] = {0, 1, was - 1, was + 1, 2 * was};
    for (size_t j = 0; j < VT_COUNT(sizes); j++) {
      if (sizes[j] < 0 || sizes[j] == was) continue;
      memcpy(dim, t->dim, sizeof t->dim);
      dim[d] = sizes[j];
      as(op, k, c, i, type, rank, dim);
    }
  }
  memcpy(dim, t->dim, sizeof t->dim);
  if (rank) as(op, k, c, i, type, rank - 1, dim);
  if (rank) as(op, k, c, i, type, rank - 1, dim + 1);
  as(op, k, c, i, type, 0, dim);
  if (rank == VT_MAX_RANK) return;
  memmove(dim + 1, dim, VT_MAX_RANK * sizeof *dim);
  dim[0] = 1;
  as(op, k, c, i, type, rank + 1, dim);
  dim[0] = 2;
  as(op, k, c, i, type, rank + 1, dim);
}

static const int64_t numbers[] = {
    0,         1,         -1,           2,         7,         -8,       1000003, INT32_MAX,
    INT32_MIN, 1LL << 40, -(1LL << 40), INT64_MAX, INT64_MIN, 1LL << 62};

/* One entry of a constant, or of a small input, at a time. */
static void other_values(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c,
                         int i)
{
  const int64_t most = vt_dtype_is_float(c->in[i].t.dtype) ? 1 : 9;
  struct vt_tensor *t = &c->in[i].t;
  char what[96];
  for (int64_t at = 0; at < VT_MIN(vt_tensor_count(t), most); at++) {
    const double was = vt_tensor_get(t, at);
    for (size_t j = 0; j <= VT_COUNT(numbers); j++) {
      const double v = j < VT_COUNT(numbers) ? (double)numbers[j] : (double)NAN;
      if (t->dtype == VT_BOOL || (j == VT_COUNT(numbers) && !vt_dtype_is_float(t->dtype))) continue;
      if (t->dtype == VT_I64 && j < VT_COUNT(numbers))
        ((int64_t *)t->data)[at] = numbers[j];
      else
        vt_tensor_set(t, at, v);
      snprintf(what, sizeof what, "entry %lld of input %d as %g", (long long)at, i, v);
      attempt(op, k, c, what);
    }
    vt_tensor_set(t, at, was);
  }
}

static void left_out(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c, int i)
{
  c->in[i].used = false;
  attempt(op, k, c, "an input left out");
  c->in[i].used = true;
}

/* As a constant what was an input, and the other way round. */
static void constant(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c, int i)
{
  c->in[i].constant = !c->in[i].constant;
  attempt(op, k, c, "constant or not");
  c->in[i].constant = !c->in[i].constant;
}

/* The case's attributes, number by number: another, one less, one more. */
static void other_attributes(const struct vt_op_desc *op, const struct vt_op_case *k, struct case_inputs *c)
{
  struct vt_op_case changed = *k;
  char text[1024], what[1100];
  changed.attrs = text;
  *text = 0;
  if (!op->nattr) return;
  attempt(op, &changed, c, "no attributes");
  for (const char *p = k->attrs; *p; p++) {
    if (p == k->attrs || !strchr("=[,", p[-1]) || !strchr("-0123456789", *p)) continue;
    const int before = (int)(p - k->attrs), len = (int)strspn(p, "-.e0123456789");
    for (size_t j = 0; j < VT_COUNT(numbers); j++) {
      snprintf(text, sizeof text, "%.*s%lld%s", before, k->attrs, (long long)numbers[j], p + len);
      snprintf(what, sizeof what, "with %s", text);
      attempt(op, &changed, c, what);
    }
    if (p[-1] == '=') continue;
    snprintf(text, sizeof text, "%.*s%.*s,%s", before, k->attrs, len, p, p);
    snprintf(what, sizeof what, "with %s", text);
    attempt(op, &changed, c, what);
    snprintf(text, sizeof text, "%.*s%s", before, k->attrs, p + len + (p[len] == ','));
    snprintf(what, sizeof what, "with %s", text);
    attempt(op, &changed, c, what);
  }
}

/* VITRINE_OP=Name walks one operator only, and names each attempt. */
static void walk(changer *change)
{
  const char *only = getenv("VITRINE_OP");
  ran = refused = failures = 0;
  for (int i = 0; i < vt_nops; i++)
    for (int k = 0; k < vt_ops[i]->ncases; k++) {
      const struct vt_op_desc *op = vt_ops[i];
      struct case_inputs c;
      if (only && strcmp(only, op->name)) continue;
      assert_int_equal(case_parse(&c, op->cases[k].inputs, (uint64_t)k, NULL), 0);
      for (int in = 0; in < c.n && change; in++)
        if (c.in[in].used) change(op, &op->cases[k], &c, in);
      if (!change) other_attributes(op, &op->cases[k], &c);
      case_clear(&c);
    }
  print_message("%d ran, %d refused\n", ran, refused);
  assert_int_equal(failures, 0);
  if (!only) assert_true(ran > 100);
}

static void test_types(void **state)
{
  walk(other_types);
}
static void test_shapes(void **state)
{
  walk(other_shapes);
}
static void test_values(void **state)
{
  walk(other_values);
}
static void test_left_out(void **state)
{
  walk(left_out);
}
static void test_constant(void **state)
{
  walk(constant);
}
static void test_attributes(void **state)
{
  walk(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types),    cmocka_unit_test(test_shapes),   cmocka_unit_test(test_values),
      cmocka_unit_test(test_left_out), cmocka_unit_test(test_constant), cmocka_unit_test(test_attributes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
