/* ONNX files: what is written comes back the same; what is damaged, cyclic, unknown or hostile is refused
 * with a message that names the place. Files are made here by a few lines of protobuf encoding of this test's
 * own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "engine/engine.h"

/* ---- operators of this test ---- */

static int infer_same(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *a = n->in[0];
  for (int o = 0; o < n->nout; o++) {
    if (!n->out[o]) continue;
    n->out[o]->dtype = a->dtype;
    n->out[o]->rank = a->rank;
    memcpy(n->out[o]->dim, a->dim, sizeof a->dim);
  }
  return 0;
}

static int ref_none(const struct vt_ref_call *c, struct vt_err *e)
{
  return 0;
}

struct conv_attrs {
  int auto_pad;
  struct vt_ints strides, axes;
  int64_t group;
  float alpha;
  const char *text;
  struct vt_tensor t;
  struct vt_floats floats;
  struct vt_strings strings;
  struct vt_graph *body;
};
#define AT(field) offsetof(struct conv_attrs, field)
static const struct vt_attr_desc conv_attr[] = {
    {"auto_pad", VT_ATTR_ENUM, AT(auto_pad), .choices = "NOTSET|SAME_UPPER|VALID"},
    {"strides", VT_ATTR_INTS, AT(strides)},
    {"group", VT_ATTR_INT, AT(group), .i = 1},
    {"alpha", VT_ATTR_FLOAT, AT(alpha), .f = 1},
    {"text", VT_ATTR_STRING, AT(text)},
    {"t", VT_ATTR_TENSOR, AT(t)},
    {"floats", VT_ATTR_FLOATS, AT(floats)},
    {"strings", VT_ATTR_STRINGS, AT(strings)},
    {"body", VT_ATTR_GRAPH, AT(body)},
};
#define ATTRS .attr = conv_attr, .nattr = VT_COUNT(conv_attr), .attrs_size = sizeof(struct conv_attrs)
#define CORE  .infer = infer_same, .ref = ref_none
static const struct vt_op_desc op_conv = {.name = "Conv",
                                          .domain = "",
                                          .since = 1,
                                          .min_in = 2,
                                          .max_in = 3,
                                          .min_out = 1,
                                          .max_out = 2,
                                          ATTRS,
                                          CORE};
static const struct vt_op_desc op_own = {.name = "Loss",
                                         .domain = "ai.vitrine",
                                         .since = 1,
                                         .min_in = 1,
                                         .max_in = 1,
                                         .min_out = 1,
                                         .max_out = 1,
                                         ATTRS,
                                         CORE};
static const struct vt_op_desc op_add = {
    .name = "Add", .domain = "", .since = 7, .min_in = 2, .max_in = 2, .min_out = 1, .max_out = 1, CORE};
static const struct vt_op_desc op_squeeze = {
    .name = "Squeeze", .domain = "", .since = 13, .min_in = 1, .max_in = 2, .min_out = 1, .max_out = 1, CORE};
static const struct vt_op_desc op_clip = {
    .name = "Clip", .domain = "", .since = 11, .min_in = 1, .max_in = 3, .min_out = 1, .max_out = 1, CORE};
static const struct vt_attr_desc to_attr[] = {{"to", VT_ATTR_INT, 0, .required = true}};
static const struct vt_op_desc op_cast = {.name = "Cast",
                                          .domain = "",
                                          .since = 6,
                                          .attr = to_attr,
                                          .nattr = 1,
                                          .attrs_size = 8,
                                          .min_in = 1,
                                          .max_in = 1,
                                          .min_out = 1,
                                          .max_out = 1,
                                          CORE};
static const struct vt_op_desc *const table[] = {&op_cast, &op_conv, &op_own, &op_add, &op_squeeze, &op_clip};
static const struct vt_registry ops = {table, VT_COUNT(table), NULL, 0};

static const char *temp_path(void)
{
  static char path[128];
  snprintf(path, sizeof path, "/tmp/vitrine-test-onnx-%d.onnx", (int)getpid());
  return path;
}

/* ---- a protobuf writer ---- */

struct msg {
  uint8_t b[8192];
  size_t n;
};

static void varint(struct msg *m, uint64_t v)
{
  for (; v > 127; v >>= 7) m->b[m->n++] = (uint8_t)(v | 128);
  m->b[m->n++] = (uint8_t)v;
}
static void num(struct msg *m, int field, uint64_t v)
{
  varint(m, (uint64_t)field << 3);
  varint(m, v);
}
static void bytes(struct msg *m, int field, const void *p, size_t n)
{
  varint(m, (uint64_t)field << 3 | 2);
  varint(m, n);
  memcpy(m->b + m->n, p, n);
  m->n += n;
}
static void text(struct msg *m, int field, const char *s)
{
  bytes(m, field, s, strlen(s));
}
static void sub(struct msg *m, int field, const struct msg *s)
{
  bytes(m, field, s->b, s->n);
}

/* "op: in in -> out out" */
static void node(struct msg *graph, const char *line, const struct msg *attr)
{
  struct msg n = {.n = 0};
  char copy[200], *save = NULL;
  snprintf(copy, sizeof copy, "%s", line);
  bool out = false, first = true;
  for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
    if (first)
      text(&n, 4, w);
    else if (!strcmp(w, "->"))
      out = true;
    else
      text(&n, out ? 2 : 1, w);
    first = false;
  }
  if (attr) sub(&n, 5, attr);
  sub(graph, 1, &n);
}

static void value(struct msg *graph, int field, const char *name)
{
  struct msg dim = {.n = 0}, shape = {.n = 0}, tensor = {.n = 0}, type = {.n = 0}, info = {.n = 0};
  num(&dim, 1, 4);
  sub(&shape, 1, &dim);
  num(&tensor, 1, VT_F32);
  sub(&tensor, 2, &shape);
  sub(&type, 1, &tensor);
  text(&info, 1, name);
  sub(&info, 2, &type);
  sub(graph, field, &info);
}

static void initializer(struct msg *graph, const char *name, int dims, size_t nbytes)
{
  struct msg t = {.n = 0};
  uint8_t raw[256] = {0};
  num(&t, 1, (uint64_t)dims);
  num(&t, 2, VT_F32);
  text(&t, 8, name);
  bytes(&t, 9, raw, nbytes);
  sub(graph, 5, &t);
}

static void write_model(const struct msg *graph, int opset)
{
  struct msg m = {.n = 0}, o = {.n = 0};
  num(&m, 1, 8);
  num(&o, 2, (uint64_t)opset);
  sub(&m, 8, &o);
  sub(&m, 7, graph);
  assert_int_equal(vt_file_write_atomic(temp_path(), m.b, m.n, NULL), 0);
}

static int load_error(struct vt_err *e)
{
  struct vt_graph *g;
  *e = (struct vt_err){0};
  int rc = vt_onnx_load(&g, &ops, temp_path(), e);
  vt_graph_free(g);
  return rc;
}

static void expect(int code, const char *says)
{
  struct vt_err e;
  int rc = load_error(&e);
  if (rc != code || !strstr(e.msg, says)) fail_msg("wanted %d '%s', got %d '%s'", code, says, rc, e.msg);
}

/* ---- save and load ---- */

static struct vt_graph *sample(int rows)
{
  struct vt_graph *g;
  struct vt_tensor w, t;
  assert_int_equal(vt_graph_new(&g, &ops, "sample", NULL), 0);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){-1, 4});
  x->dim_name[0] = "batch";
  vt_tensor_init(&w, VT_F32, 2, (int64_t[]){rows, 5}, NULL);
  for (int i = 0; i < rows * 5; i++) ((float *)w.data)[i] = (float)sin(i) / 3;
  vt_tensor_init(&t, VT_I64, 1, (int64_t[]){2}, NULL);
  ((int64_t *)t.data)[1] = -9;
  struct vt_value *a = vt_graph_variable(g, "weight", &w, true), *s = vt_graph_variable(g, "mean", &w, false);
  struct vt_value *c = vt_graph_constant(g, "axes", &t), *y;
  struct conv_attrs at = {.auto_pad = 2,
                          .strides = {2, (int64_t[]){3, -4}},
                          .group = 7,
                          .alpha = 0.25f,
                          .text = "hi",
                          .t = t,
                          .floats = {1, (float[]){1.5f}},
                          .strings = {2, (const char *[]){"p", "q r"}}};
  vt_emit_attrs(g, &op_conv, 3, VT_ARRAY_(x, NULL, c), 1, &y, NULL); /* refused below: input 1 is needed */
  assert_int_equal(vt_graph_status(g, NULL), VT_EARG);
  vt_graph_free(g);
  vt_graph_new(&g, &ops, "sample", NULL);
  x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){-1, 4});
  x->dim_name[0] = "batch";
  a = vt_graph_variable(g, "weight", &w, true);
  s = vt_graph_variable(g, "mean", &w, false);
  c = vt_graph_constant(g, "axes", &t);
  vt_emit_attrs(g, &op_conv, 3, VT_ARRAY_(x, a, c), 1, &y, &at);
  y = vt_emit(g, "Add", VT_IN(y, s), "");
  y = vt_emit(g, "ai.vitrine:Loss", VT_IN(y), "alpha=2");
  vt_graph_output(g, y, "y");
  vt_graph_set_meta(g, "task", "segment");
  vt_graph_set_meta(g, "labels", "a\nb\n");
  vt_tensor_clear(&w);
  vt_tensor_clear(&t);
  struct vt_err e = {0};
  if (vt_graph_status(g, &e)) fail_msg("%s", e.msg);
  return g;
}

static void same_graph(const struct vt_graph *a, const struct vt_graph *b, double tolerance)
{
  assert_int_equal(a->nnodes, b->nnodes);
  assert_int_equal(a->nvalues, b->nvalues);
  assert_int_equal(a->nmeta, b->nmeta);
  for (int i = 0; i < a->nmeta; i++) assert_string_equal(vt_graph_meta(b, a->meta[i].key), a->meta[i].value);
  assert_string_equal(a->name, b->name);
  assert_string_equal(a->inputs[0]->name, b->inputs[0]->name);
  assert_string_equal(b->inputs[0]->dim_name[0], "batch");
  assert_int_equal(b->inputs[0]->dim[0], -1);
  assert_int_equal(b->inputs[0]->dim[1], 4);
  assert_string_equal(a->outputs[0]->name, b->outputs[0]->name);
  for (int i = 0; i < a->nnodes; i++) {
    assert_ptr_equal(a->nodes[i]->op, b->nodes[i]->op);
    assert_string_equal(a->nodes[i]->name, b->nodes[i]->name);
    for (int k = 0; k < a->nodes[i]->nin; k++)
      assert_string_equal(a->nodes[i]->in[k]->name, b->nodes[i]->in[k]->name);
  }
  for (int i = 0; i < a->nvalues; i++) {
    const struct vt_value *v = a->values[i], *w = vt_graph_find(b, v->name);
    assert_non_null(w);
    assert_int_equal(v->is_variable, w->is_variable);
    assert_int_equal(v->is_trainable, w->is_trainable);
    assert_int_equal(v->is_constant, w->is_constant);
    if (!v->init.data) continue;
    assert_int_equal(v->dtype, w->dtype);
    for (int64_t k = 0; k < vt_tensor_count(&v->init); k++)
      assert_true(fabs(vt_tensor_get(&v->init, k) - vt_tensor_get(&w->init, k)) <= tolerance);
  }
  const struct conv_attrs *p = b->nodes[0]->attrs;
  assert_int_equal(p->auto_pad, 2);
  assert_int_equal(p->strides.n, 2);
  assert_int_equal(p->strides.v[1], -4);
  assert_int_equal(p->group, 7);
  assert_true(p->alpha == 0.25f);
  assert_string_equal(p->text, "hi");
  assert_int_equal(vt_tensor_get(&p->t, 1), -9);
  assert_true(p->floats.v[0] == 1.5f);
  assert_string_equal(p->strings.v[1], "q r");
}

static void round_trip(void **state)
{
  struct vt_graph *g = sample(4), *h, *k;
  struct vt_err e = {0};
  assert_int_equal(vt_onnx_save(g, temp_path(), NULL, &e), 0);
  if (vt_onnx_load(&h, &ops, temp_path(), &e)) fail_msg("%s", e.msg);
  same_graph(g, h, 0);
  for (int i = 0; i < h->nvalues; i++) /* in place, aligned */
    if (h->values[i]->init.data) assert_int_equal((uintptr_t)h->values[i]->init.data % 64, 0);
  assert_int_equal(vt_graph_clone(&k, h, NULL, NULL), 0);
  vt_graph_free(h); /* the clone keeps the mapping alive */
  same_graph(g, k, 0);
  vt_graph_free(k);
  vt_graph_free(g);
}

static void half_weights(void **state)
{
  struct vt_graph *g = sample(400), *h;
  struct vt_err e = {0};
  assert_int_equal(vt_onnx_save(g, temp_path(), NULL, &e), 0);
  int64_t full = vt_file_size(temp_path());
  assert_int_equal(vt_onnx_save(g, temp_path(), &(struct vt_onnx_save_opts){.weights_f16 = true}, &e), 0);
  int64_t half = vt_file_size(temp_path());
  assert_true(half < full * 6 / 10);
  if (vt_onnx_load(&h, &ops, temp_path(), &e)) fail_msg("%s", e.msg);
  assert_int_equal(h->nnodes, g->nnodes);
  const struct vt_value *w = vt_graph_find(h, "weight");
  assert_int_equal(w->dtype, VT_F32);
  assert_true(w->is_trainable);
  assert_true(vt_tensor_get(&w->init, 7) == vt_f16_to_f32(vt_f32_to_f16((float)sin(7) / 3)));
  assert_int_equal(vt_onnx_save(h, temp_path(), &(struct vt_onnx_save_opts){.weights_f16 = true}, &e), 0);
  /* The 16-bit constants that were folded do not come along; names may be a letter longer. */
  assert_in_range(vt_file_size(temp_path()), half - 64, half + 64);
  vt_graph_free(h);
  ((float *)vt_graph_find(g, "weight")->init.data)[3] = 1e6f; /* beyond f16: that tensor stays f32 */
  assert_int_equal(vt_onnx_save(g, temp_path(), &(struct vt_onnx_save_opts){.weights_f16 = true}, &e), 0);
  assert_int_equal(vt_onnx_load(&h, &ops, temp_path(), &e), 0);
  assert_true(vt_tensor_get(&vt_graph_find(h, "weight")->init, 3) == 1e6);
  vt_graph_free(h);
  vt_graph_free(g);
}

/* ---- damage ---- */

static void cut_off_anywhere(void **state)
{
  struct vt_graph *g = sample(4);
  char *data;
  size_t len;
  assert_int_equal(vt_onnx_save(g, temp_path(), NULL, NULL), 0);
  vt_graph_free(g);
  assert_int_equal(vt_file_read(temp_path(), 1 << 20, &data, &len, NULL), 0);
  for (size_t n = 0; n < len; n++) {
    FILE *f = fopen(temp_path(), "wb");
    fwrite(data, 1, n, f);
    fclose(f);
    struct vt_err e;
    int rc = load_error(&e);
    if (rc != VT_EFORMAT || !strstr(e.msg, temp_path()))
      fail_msg("%zu of %zu bytes: %d %s", n, len, rc, e.msg);
  }
  vt_free(data);
}

/* Every byte changed in several ways: whatever comes of it, it is a graph or an error. */
static void changed_anywhere(void **state)
{
  static const uint8_t flips[] = {0x01, 0x08, 0x80, 0xff};
  struct vt_graph *g = sample(4);
  char *data;
  size_t len;
  int refused = 0;
  assert_int_equal(vt_onnx_save(g, temp_path(), NULL, NULL), 0);
  vt_graph_free(g);
  assert_int_equal(vt_file_read(temp_path(), 1 << 20, &data, &len, NULL), 0);
  for (size_t n = 0; n < len; n++)
    for (size_t k = 0; k < VT_COUNT(flips); k++) {
      data[n] ^= (char)flips[k];
      FILE *f = fopen(temp_path(), "wb");
      fwrite(data, 1, len, f);
      fclose(f);
      data[n] ^= (char)flips[k];
      struct vt_err e;
      int rc = load_error(&e);
      if (rc && !*e.msg) fail_msg("byte %zu: an error without message", n);
      refused += rc != 0;
    }
  assert_true(refused > (int)len);
  vt_free(data);
}

static void refusals(void **state)
{
  struct msg g = {.n = 0};
  value(&g, 11, "x");
  node(&g, "Add a x -> b", NULL);
  node(&g, "Add c x -> a", NULL);
  node(&g, "Add b x -> c", NULL);
  value(&g, 12, "c");
  write_model(&g, 17);
  expect(VT_EFORMAT, "cycle");
  expect(VT_EFORMAT, "'b' (Add) -> 'a' (Add) -> 'c' (Add) -> 'b' (Add)");

  g.n = 0;
  value(&g, 11, "x");
  node(&g, "Foo x -> a", NULL);
  node(&g, "Bar a -> b", NULL);
  node(&g, "Foo b -> c", NULL);
  node(&g, "Add c x -> d", NULL);
  value(&g, 12, "d");
  write_model(&g, 17);
  expect(VT_EUNSUPPORTED, "2 unknown operators in opset 17: Foo, Bar");

  g.n = 0;
  value(&g, 11, "x");
  node(&g, "Add x nowhere -> d", NULL);
  write_model(&g, 17);
  expect(VT_EFORMAT, "'nowhere'");

  g.n = 0;
  value(&g, 11, "x");
  node(&g, "Add x x -> d", NULL);
  node(&g, "Add x x -> d", NULL);
  write_model(&g, 17);
  expect(VT_EFORMAT, "'d' is defined twice");

  g.n = 0;
  initializer(&g, "w", 4, 12);
  write_model(&g, 17);
  expect(VT_EFORMAT, "initializer 'w': f32 (4) takes 16 bytes, 12 are there");

  g.n = 0;
  value(&g, 12, "y");
  write_model(&g, 17);
  expect(VT_EFORMAT, "output 'y' is defined nowhere");

  struct msg a = {.n = 0};
  text(&a, 1, "wild");
  num(&a, 3, 5);
  num(&a, 20, 2);
  g.n = 0;
  value(&g, 11, "x");
  node(&g, "Add x x -> d", &a);
  write_model(&g, 17);
  expect(VT_EUNSUPPORTED, "attribute 'wild' of Add is not supported");
  write_model(&g, 22);
  expect(VT_EUNSUPPORTED, "opset 22");

  a.n = 0;
  text(&a, 1, "strides");
  num(&a, 3, 5);
  num(&a, 20, 2);
  g.n = 0;
  value(&g, 11, "x");
  node(&g, "Conv x x -> d", &a);
  write_model(&g, 17);
  expect(VT_EFORMAT, "'strides' of Conv is an integer instead of integers");
}

/* A model nested far deeper than any stack. */
static void nested(void **state)
{
  size_t n = 200000;
  uint8_t *b = malloc(6 * n + 64);
  size_t at = 6 * n + 64, end = at;
  for (size_t i = 0; i < n; i++) { /* TypeProto.optional_type.elem_type …, inside out */
    for (int f = 0; f < 2; f++) {
      size_t len = end - at;
      uint8_t head[8];
      size_t h = 0;
      head[h++] = f ? 9 << 3 | 2 : 1 << 3 | 2;
      for (size_t v = len;; v >>= 7) {
        head[h++] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        if (v <= 127) break;
      }
      if (at < h + 64) goto full;
      memcpy(b + (at -= h), head, h);
    }
  }
full:;
  uint8_t wrap[3][2] = {
      {2 << 3 | 2}, {11 << 3 | 2}, {7 << 3 | 2}}; /* ValueInfo.type, Graph.input, Model.graph */
  for (int w = 0; w < 3; w++) {
    uint8_t head[8];
    size_t h = 0;
    head[h++] = wrap[w][0];
    for (size_t v = end - at;; v >>= 7) {
      head[h++] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
      if (v <= 127) break;
    }
    memcpy(b + (at -= h), head, h);
  }
  assert_int_equal(vt_file_write_atomic(temp_path(), b + at, end - at, NULL), 0);
  free(b);
  expect(VT_EFORMAT, "nested too deeply");
}

/* ---- older and unsorted files ---- */

static void unsorted(void **state)
{
  struct msg m = {.n = 0};
  struct vt_graph *g;
  struct vt_err e = {0};
  node(&m, "Add b x -> c", NULL);
  node(&m, "Add a x -> b", NULL);
  node(&m, "Add x w -> a", NULL);
  value(&m, 11, "x");
  value(&m, 11, "w"); /* older files list initializers among the inputs */
  initializer(&m, "w", 4, 16);
  value(&m, 12, "c");
  write_model(&m, 9);
  if (vt_onnx_load(&g, &ops, temp_path(), &e)) fail_msg("%s", e.msg);
  assert_int_equal(g->ninputs, 1);
  assert_string_equal(g->nodes[0]->out[0]->name, "a");
  assert_string_equal(g->nodes[2]->out[0]->name, "c");
  vt_graph_free(g);
}

static void upgraded(void **state)
{
  struct msg m = {.n = 0}, a = {.n = 0};
  struct vt_graph *g;
  struct vt_err e = {0};
  text(&a, 1, "axes");
  num(&a, 8, 0);
  num(&a, 8, (uint64_t)-1);
  num(&a, 20, 7);
  value(&m, 11, "x");
  node(&m, "Squeeze x -> y", &a);
  a.n = 0;
  text(&a, 1, "max");
  varint(&a, 2 << 3 | 5);
  float six = 6;
  memcpy(a.b + a.n, &six, 4);
  a.n += 4;
  num(&a, 20, 1);
  node(&m, "Clip y -> z", &a);
  value(&m, 12, "z");
  write_model(&m, 9);
  if (vt_onnx_load(&g, &ops, temp_path(), &e)) fail_msg("%s", e.msg);
  assert_int_equal(g->nodes[0]->nin, 2);
  assert_int_equal(vt_tensor_get(&g->nodes[0]->in[1]->init, 1), -1);
  assert_int_equal(g->nodes[1]->nin, 3);
  assert_null(g->nodes[1]->in[1]);
  assert_true(vt_tensor_get(&g->nodes[1]->in[2]->init, 0) == 6);
  assert_int_equal(g->nodes[1]->in[2]->rank, 0);
  vt_graph_free(g);
}

/* Opset 6: broadcasting from an axis on becomes trailing dimensions of one. */
static void old_broadcast(void **state)
{
  struct msg m = {.n = 0}, a = {.n = 0}, n = {.n = 0}, b = {.n = 0};
  struct vt_graph *g;
  struct vt_err e = {0};
  value(&m, 11, "x");
  initializer(&m, "w", 4, 16);
  text(&a, 1, "broadcast");
  num(&a, 3, 1);
  num(&a, 20, 2);
  text(&b, 1, "axis");
  num(&b, 3, 0);
  num(&b, 20, 2);
  text(&n, 1, "x");
  text(&n, 1, "w");
  text(&n, 2, "y");
  text(&n, 4, "Add");
  sub(&n, 5, &a);
  sub(&n, 5, &b);
  sub(&m, 1, &n);
  value(&m, 12, "y");
  write_model(&m, 6);
  if (vt_onnx_load(&g, &ops, temp_path(), &e)) fail_msg("%s", e.msg);
  assert_int_equal(g->nnodes, 1); /* same rank: nothing to insert */
  vt_graph_free(g);
}

/* Weights in a file beside the model: read in place; elsewhere: refused. */
static void external_weights(void **state)
{
  static const struct {
    const char *location, *offset, *length, *says;
    int code;
  } cases[] = {
      {NULL, "8", "16", "", 0},
      {NULL, "12", "16", "takes 16 bytes, 12 are there", VT_EFORMAT},
      {NULL, "-4", "16", "damaged reference", VT_EFORMAT},
      {NULL, "8", "12", "takes 16 bytes, 12 are there", VT_EFORMAT},
      {"../etc/passwd", "0", "16", "outside of the model's folder", VT_EUNSUPPORTED},
      {"/etc/passwd", "0", "16", "outside of the model's folder", VT_EUNSUPPORTED},
      {"a/../../b", "0", "16", "outside of the model's folder", VT_EUNSUPPORTED},
      {"no-such-file", "0", "16", "no-such-file", VT_ENOENT},
  };
  char beside[160];
  float weights[6] = {0, 0, 1, 2, 3, 4};
  snprintf(beside, sizeof beside, "%s.data", temp_path());
  assert_int_equal(vt_file_write_atomic(beside, weights, sizeof weights, NULL), 0);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct msg m = {.n = 0}, t = {.n = 0};
    const char *pairs[3][2] = {{"location", cases[i].location ? cases[i].location : vt_path_base(beside)},
                               {"offset", cases[i].offset},
                               {"length", cases[i].length}};
    num(&t, 1, 4);
    num(&t, 2, VT_F32);
    text(&t, 8, "w");
    for (int k = 0; k < 3; k++) {
      struct msg p = {.n = 0};
      text(&p, 1, pairs[k][0]);
      text(&p, 2, pairs[k][1]);
      sub(&t, 13, &p);
    }
    num(&t, 14, 1);
    sub(&m, 5, &t);
    write_model(&m, 17);
    struct vt_graph *g;
    struct vt_err e = {0};
    int rc = vt_onnx_load(&g, &ops, temp_path(), &e);
    if (rc != cases[i].code || !strstr(e.msg, cases[i].says)) fail_msg("case %zu: %d %s", i, rc, e.msg);
    if (!rc) assert_true(vt_tensor_get(&g->values[0]->init, 3) == 4);
    vt_graph_free(g);
  }
  unlink(beside);
}

/* A sub-graph reads a value of the graph around it, survives a clone and a round trip. */
static void sub_graphs(void **state)
{
  struct msg m = {.n = 0}, body = {.n = 0}, a = {.n = 0};
  struct vt_graph *g, *h, *k;
  struct vt_err e = {0};
  value(&body, 11, "i");
  node(&body, "Add i x -> o", NULL);
  value(&body, 12, "o");
  text(&a, 1, "body");
  sub(&a, 6, &body);
  num(&a, 20, 5);
  value(&m, 11, "x");
  node(&m, "Conv x x -> y", &a);
  value(&m, 12, "y");
  write_model(&m, 17);
  if (vt_onnx_load(&g, &ops, temp_path(), &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_graph_clone(&h, g, NULL, &e), 0);
  const struct conv_attrs *at = h->nodes[0]->attrs;
  assert_ptr_equal(at->body->outer, h);
  assert_ptr_equal(at->body->nodes[0]->in[1], h->inputs[0]);
  vt_graph_free(g);
  assert_int_equal(vt_onnx_save(h, temp_path(), NULL, &e), 0);
  if (vt_onnx_load(&k, &ops, temp_path(), &e)) fail_msg("%s", e.msg);
  at = k->nodes[0]->attrs;
  assert_ptr_equal(at->body->nodes[0]->in[1], k->inputs[0]);
  assert_ptr_equal(at->body->nodes[0]->in[0], at->body->inputs[0]);
  vt_graph_free(h);
  vt_graph_free(k);
}

/* No allocation may fail unnoticed. */
static void out_of_memory(void **state)
{
  struct vt_graph *g = sample(4), *h;
  assert_int_equal(vt_onnx_save(g, temp_path(), NULL, NULL), 0);
  vt_graph_free(g);
  for (int64_t n = 1;; n++) {
    vt_alloc_fail_at(n);
    int rc = vt_onnx_load(&h, &ops, temp_path(), NULL);
    bool failed = vt_alloc_count() >= n;
    vt_alloc_fail_at(0);
    vt_graph_free(h);
    if (!failed) {
      assert_int_equal(rc, 0);
      break;
    }
    assert_true(rc < 0);
  }
}

static int clean(void **state)
{
  unlink(temp_path());
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip),       cmocka_unit_test(half_weights),  cmocka_unit_test(cut_off_anywhere),
      cmocka_unit_test(changed_anywhere), cmocka_unit_test(refusals),      cmocka_unit_test(nested),
      cmocka_unit_test(unsorted),         cmocka_unit_test(upgraded),      cmocka_unit_test(external_weights),
      cmocka_unit_test(sub_graphs),       cmocka_unit_test(old_broadcast), cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, clean);
}
