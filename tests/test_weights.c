/* weights: safetensors files, sound and hostile; what a network says about weights that do not fit it; and
 * loading them into one. Files are written here by hand from the format's description. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "model/model.h"

static char path[] = "/tmp/vitrine-test-weights-XXXXXX";

static int make_file(void **state)
{
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  return 0;
}

static int remove_file(void **state)
{
  unlink(path);
  return 0;
}

/* A file of that header and data; `claim`, if not 0, stands in the place of the header's length. */
static void write_file(const char *header, size_t header_len, const void *data, size_t len, uint64_t claim)
{
  struct vt_buf b = {0};
  uint64_t n = claim ? claim : header_len;
  for (int i = 0; i < 8; i++) vt_buf_addc(&b, (char)(n >> (8 * i)));
  vt_buf_add(&b, header, header_len);
  vt_buf_add(&b, data, len);
  assert_int_equal(vt_file_write_atomic(path, b.data, b.len, NULL), 0);
  vt_buf_clear(&b);
}

static void reads(void **state)
{
  /* 3 f32, 2 f16 (1, -2), 1 bf16 (1.5), 1 i64 that stands unaligned; names in no order */
  static const char header[] = "{\"__metadata__\":{\"format\":\"pt\"},\"w.b\":{\"dtype\":\"F16\",\"shape\":["
                               "2],\"data_offsets\":[12,16]},"
                               "\"a\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]},"
                               "\"c\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[16,18]},"
                               "\"d\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[18,26]}}  ";
  uint8_t data[26] = {0};
  float f[3] = {1, -2.5f, 1e-3f};
  uint16_t half[2] = {0x3C00, 0xC000}, brain = 0x3FC0;
  int64_t seven = 7;
  memcpy(data, f, 12);
  memcpy(data + 12, half, 4);
  memcpy(data + 16, &brain, 2);
  memcpy(data + 18, &seven, 8);
  write_file(header, sizeof header - 1, data, sizeof data, 0);
  struct vt_safetensors *s;
  struct vt_err e;
  if (vt_safetensors_open(&s, path, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_safetensors_count(s), 4);
  assert_string_equal(vt_safetensors_name(s, 0), "a");
  assert_string_equal(vt_safetensors_name(s, 3), "w.b");
  assert_int_equal(vt_safetensors_tensor(s, 0)->rank, 2);
  assert_true(vt_tensor_get(vt_safetensors_find(s, "a"), 1) == -2.5);
  assert_true(vt_tensor_get(vt_safetensors_find(s, "w.b"), 1) == -2);
  assert_true(vt_tensor_get(vt_safetensors_find(s, "c"), 0) == 1.5);
  assert_true(vt_tensor_get(vt_safetensors_find(s, "d"), 0) == 7);
  assert_null(vt_safetensors_find(s, "w"));
  struct vt_tensor kept = vt_tensor_share(vt_safetensors_find(s, "a"));
  vt_safetensors_free(s);
  assert_true(vt_tensor_get(&kept, 0) == 1); /* outlives the file */
  vt_tensor_clear(&kept);
}

#define ONE(dtype, shape, offsets)                                                                           \
  "{\"x.weight\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
static const struct {
  const char *header;
  size_t len; /* of the data */
  uint64_t claim;
  const char *message;
} hostile[] = {
    {"{}", 0, 0, NULL},
    {ONE("\"F32\"", "[2]", "[0,8]"), 8, 0, NULL},
    {ONE("\"F32\"", "[0]", "[0,0]"), 0, 0, NULL},
    {"{}", 0, 3, "cut off in its header"},
    {"{}", 0, UINT64_MAX, "cut off in its header"},
    {"{", 0, 0, "header, byte"},
    {"[]", 0, 0, "no JSON object"},
    {"{\"x\":1}", 0, 0, "tensor 'x': 'dtype' is missing"},
    {"{\"x\":{\"dtype\":\"F32\"},\"x\":{}}", 0, 0, "duplicate"},
    {ONE("\"F8_E4M3\"", "[2]", "[0,2]"), 2, 0, "'x.weight': type 'F8_E4M3'"},
    {ONE("32", "[2]", "[0,8]"), 8, 0, "'x.weight': 'dtype'"},
    {ONE("\"F32\"", "2", "[0,8]"), 8, 0, "'shape'"},
    {ONE("\"F32\"", "[-2]", "[0,8]"), 8, 0, "'shape'"},
    {ONE("\"F32\"", "[2.0]", "[0,8]"), 8, 0, "'shape'"},
    {ONE("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, 0, "9 dimensions"},
    {ONE("\"F32\"", "[4294967296,4294967296]", "[0,8]"), 8, 0, "2^40"},
    {ONE("\"F32\"", "[2]", "[0]"), 8, 0, "'data_offsets'"},
    {ONE("\"F32\"", "[2]", "[8,0]"), 8, 0, "'data_offsets'"},
    {ONE("\"F32\"", "[2]", "[-8,0]"), 8, 0, "'data_offsets'"},
    {ONE("\"F32\"", "[2]", "[0,18446744073709551615]"), 8, 0, "header, byte"}, /* over 2^63 */
    {ONE("\"F32\"", "[2]", "[0,8]"), 7, 0, "ends at byte 8 of the data, 7 are there"},
    {ONE("\"F32\"", "[2]", "[0,4]"), 4, 0, "takes 8 bytes, its offsets span 4"},
    {ONE("\"F32\"", "[2]", "[4,12]"), 12, 0, "begins at byte 4 of the data, 0 expected"},
    {ONE("\"F32\"", "[2]", "[0,8]"), 9, 0, "1 bytes behind the last tensor"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
     6, 0, "tensor 'b' begins at byte 2 of the data, 4 expected"},
};

static void refuses(void **state)
{
  static const uint8_t zero[16];
  for (size_t i = 0; i < VT_COUNT(hostile); i++) {
    struct vt_safetensors *s;
    struct vt_err e = {0};
    write_file(hostile[i].header, strlen(hostile[i].header), zero, hostile[i].len, hostile[i].claim);
    int rc = vt_safetensors_open(&s, path, &e);
    if (hostile[i].message ? !rc || !strstr(e.msg, hostile[i].message) || !strstr(e.msg, path) : rc != 0)
      fail_msg("%s: %s", hostile[i].header, e.msg);
    vt_safetensors_free(s);
  }
  assert_int_equal(vt_file_write_atomic(path, "short", 5, NULL), 0);
  struct vt_safetensors *s;
  assert_int_equal(vt_safetensors_open(&s, path, NULL), VT_EFORMAT);
  assert_int_equal(vt_safetensors_open(&s, "/nonexistent.safetensors", NULL), VT_ENOENT);
}

/* ---- weights of a network ---- */

/* What to change in the file of a network's own parameters. */
struct change {
  const char *leave_out, *reshape, *add;
};

/* Parameter i of the outline holds (i % 7) / 8, as f16. */
static void write_weights(const struct vt_builder *b, const struct change *c)
{
  struct vt_graph *g;
  struct vt_builder_opts o = {.classes = 10};
  struct vt_buf header = {0}, data = {0};
  assert_int_equal(vt_builder_outline(&g, b, vt_registry_default(), &o, NULL, NULL), 0);
  vt_buf_adds(&header, "{");
  for (int i = 1; i < g->ninputs; i++) {
    const struct vt_value *v = g->inputs[i];
    if (c->leave_out && strstr(v->name, c->leave_out)) continue;
    bool other = c->reshape && strcmp(v->name, c->reshape) == 0;
    size_t at = data.len;
    int64_t n = other ? 1 : vt_dims_count(v->rank, v->dim);
    uint16_t half = vt_f32_to_f16((float)(i % 7) / 8);
    for (int64_t k = 0; k < n; k++) vt_buf_add(&data, &half, 2);
    vt_buf_addf(&header, "\"%s\":{\"dtype\":\"F16\",\"shape\":[", v->name);
    if (other)
      vt_buf_addf(&header, "1");
    else
      for (int d = 0; d < v->rank; d++) vt_buf_addf(&header, "%s%lld", d ? "," : "", (long long)v->dim[d]);
    vt_buf_addf(&header, "],\"data_offsets\":[%zu,%zu]},", at, data.len);
  }
  vt_buf_addf(&header, "\"%s\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[%zu,%zu]}}",
              c->add ? c->add : "bn1.num_batches_tracked", data.len, data.len);
  write_file(header.data, header.len, data.data, data.len, 0);
  vt_buf_clear(&header);
  vt_buf_clear(&data);
  vt_graph_free(g);
}

static void tells_what_does_not_fit(void **state)
{
  static const struct {
    struct change c;
    int classes;
    const char *message[2]; /* NULL: it fits */
  } cases[] = {
      {{0}, 10, {NULL}},
      {{0}, 0, {NULL}}, /* the classifier is not wanted */
      {{0}, 20, {"2 of another shape: fc.weight (10, 512), the network needs (20, 512), fc.bias (10)"}},
      {{.leave_out = "layer2.0.conv1"}, 10, {"resnet18; 1 missing: layer2.0.conv1.weight"}},
      {{.leave_out = "running_mean"}, 10, {"20 missing: bn1.running_mean, layer1.0.bn1.running_mean", ", …"}},
      {{.reshape = "bn1.weight"}, 10, {"1 of another shape: bn1.weight (1), the network needs (64)"}},
      {{.add = "head.weight"}, 10, {"1 too many: head.weight"}},
      {{.leave_out = "fc.bias", .add = "fc.bia"}, 10, {"1 missing: fc.bias", "1 too many: fc.bia"}},
  };
  const struct vt_builder *b = vt_builder_find("resnet18", NULL);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_safetensors *s;
    struct vt_err e = {0};
    struct vt_builder_opts o = {.classes = cases[i].classes};
    write_weights(b, &cases[i].c);
    assert_int_equal(vt_safetensors_open(&s, path, &e), 0);
    int rc = vt_weights_check(s, b, vt_registry_default(), &o, &e);
    assert_int_equal(rc != 0, cases[i].message[0] != NULL);
    for (int k = 0; k < 2 && cases[i].message[k]; k++)
      if (!strstr(e.msg, cases[i].message[k])) fail_msg("case %zu: %s", i, e.msg);
    vt_safetensors_free(s);
  }
}

static void loads(void **state)
{
  struct vt_safetensors *s;
  struct vt_graph *g, *outline;
  struct vt_err e;
  struct vt_built built;
  const struct vt_builder *b = vt_builder_find("resnet18", NULL);
  struct vt_builder_opts o = {.classes = 10};
  int64_t dim[4] = {-1, 3, 64, 64};
  write_weights(b, &(struct change){0});
  assert_int_equal(vt_safetensors_open(&s, path, &e), 0);
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "net", &e), 0);
  assert_int_equal(vt_builder_outline(&outline, b, vt_registry_default(), &o, NULL, &e), 0);
  struct vt_net n = {.g = g, .find = vt_weights_find, .ctx = s};
  if (vt_build(b, &n, vt_graph_input(g, "image", VT_F32, 4, dim), &o, &built, &e)) fail_msg("%s", e.msg);
  vt_safetensors_free(s);
  for (int i = 1; i < outline->ninputs; i++) {
    const struct vt_value *v = vt_graph_find(g, outline->inputs[i]->name);
    assert_non_null(v);
    assert_int_equal(v->dtype, VT_F32);
    assert_true(vt_tensor_get(&v->init, vt_tensor_count(&v->init) - 1) == (float)(i % 7) / 8);
  }
  vt_graph_free(g);
  vt_graph_free(outline);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(refuses),
                                     cmocka_unit_test(tells_what_does_not_fit), cmocka_unit_test(loads)};
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
