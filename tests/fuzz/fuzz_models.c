/* Fuzzing the readers of models, weights and arrays. What was read is used as a program uses it: a graph is
 * written and read again, compiled and run on made-up inputs; tensors are read to their last byte. Nothing
 * may crash, leak or hang; errors must have a message.
 *
 * A small file may describe a large computation. Memory is limited by vt_alloc_limit, which makes allocations
 * fail and so ends loops too; time by not running graphs with many multiply-adds. */
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/alloc_limit.h"
#include "engine/engine.h"
#include "fuzz/fuzz_files.h"
#include "fuzz/fuzz_labels.h"

enum {
  ONE = 1 << 17,  /* bytes of an allocation while a graph is used */
  ALL = 1 << 26,  /* of all of them */
  READ = 1 << 22, /* of one while files are read */
  MAX_MACS = 1 << 22,
  MAX_ELEMENTS = 1 << 12, /* of an input */
};

static volatile uint8_t sink;

static void touch(const struct vt_tensor *t)
{
  const uint8_t *p = t->data;
  for (size_t i = 0, n = vt_tensor_bytes(t); i < n; i++) sink ^= p[i];
}

/* Numbers small enough to be shapes and indices: -1, 0, 1, 2, 3, -1, … */
static bool feed(struct vt_tensor *t, const struct vt_value *v)
{
  int64_t dim[VT_MAX_RANK], n = 1;
  const int rank = v->rank < 0 ? 1 : v->rank;
  for (int d = 0; d < rank; d++) {
    dim[d] = v->rank < 0 || v->dim[d] < 0 ? 3 - (d & 1) : v->dim[d];
    if (dim[d] > MAX_ELEMENTS || (n *= dim[d]) > MAX_ELEMENTS) return false;
  }
  if (vt_tensor_init(t, v->dtype ? v->dtype : VT_F32, rank, dim, NULL)) return false;
  const bool whole = t->dtype == VT_BOOL || t->dtype == VT_U8 || t->dtype == VT_U16 || t->dtype == VT_U32 ||
                     t->dtype == VT_U64;
  for (int64_t i = 0; i < n; i++)
    vt_tensor_set(t, i, t->dtype == VT_BOOL ? (double)(i & 1) : (double)(i % 5 - !whole));
  return true;
}

static void use_graph(const struct vt_graph *g)
{
  struct vt_err e = {0};
  struct vt_eval *v = NULL;
  int64_t macs = 0;
  for (int i = 0; i < g->nnodes && macs <= MAX_MACS; i++) macs += vt_node_macs(g->nodes[i]);
  if (macs > MAX_MACS || g->ninputs > 64 || g->noutputs > 64) return;
  struct vt_tensor in[65] = {0}, out[65] = {0};
  bool fed = true;
  for (int i = 0; i < g->ninputs && fed; i++) fed = feed(&in[i], g->inputs[i]);
  const struct vt_compile_opts opts = {.precision = VT_PREC_F32, .threads = 1};
  int rc = fed ? vt_eval_new(&v, g, &opts, &e) : VT_EARG;
  if (!rc) rc = vt_eval_run(v, in, out, 1, &e);
  vt_fuzz_check(!rc || !fed || *e.msg, "running: an error without a message");
  for (int i = 0; i < g->noutputs; i++) {
    if (!rc) touch(&out[i]);
    vt_tensor_clear(&out[i]);
  }
  for (int i = 0; i < g->ninputs; i++) vt_tensor_clear(&in[i]);
  vt_eval_free(v);
}

/* What was read can be written, and what was written read. */
static void again(const struct vt_graph *g)
{
  struct vt_err e = {0};
  struct vt_graph *h = NULL;
  int rc = vt_onnx_save(g, vt_fuzz_path("again.onnx"), NULL, &e);
  vt_fuzz_check(!rc || *e.msg, "writing: an error without a message");
  if (rc) return;
  rc = vt_onnx_load(&h, g->registry, vt_fuzz_path("again.onnx"), &e);
  if (rc == VT_ENOMEM) return;
  vt_fuzz_check(!rc, e.msg);
  vt_fuzz_check(h->ninputs == g->ninputs && h->noutputs == g->noutputs, "written and read: another graph");
  vt_graph_free(h);
}

static void onnx(const char *path)
{
  struct vt_err e = {0};
  struct vt_graph *g = NULL;
  vt_alloc_limit(READ, 4 * ALL);
  int rc = vt_onnx_load(&g, vt_registry_default(), path, &e);
  vt_fuzz_check(!rc || *e.msg, "an error without a message");
  if (!rc) again(g);
  vt_alloc_limit(ONE, ALL);
  if (!rc) use_graph(g);
  vt_graph_free(g);
}

static void tensor(const char *path)
{
  struct vt_err e = {0};
  struct vt_tensor t;
  vt_alloc_limit(READ, 4 * ALL);
  int rc = vt_onnx_tensor_read(&t, path, &e);
  vt_fuzz_check(!rc || *e.msg, "an error without a message");
  if (!rc) touch(&t);
  vt_tensor_clear(&t);
}

static void safetensors(const char *path)
{
  struct vt_err e = {0};
  struct vt_safetensors *s = NULL;
  struct vt_tensor kept = {0};
  vt_alloc_limit(READ, 4 * ALL);
  int rc = vt_safetensors_open(&s, path, &e);
  vt_fuzz_check(!rc || *e.msg, "an error without a message");
  for (int i = 0; !rc && i < vt_safetensors_count(s); i++) {
    const struct vt_tensor *t = vt_safetensors_tensor(s, i);
    vt_fuzz_check(vt_safetensors_find(s, vt_safetensors_name(s, i)) != NULL,
                  "a tensor is not found by its name");
    touch(t);
    if (!i) kept = vt_tensor_share(t);
  }
  vt_safetensors_free(s);
  touch(&kept);
  vt_tensor_clear(&kept);
}

static void npy(const char *path)
{
  struct vt_err e = {0};
  struct vt_tensor t, back;
  vt_alloc_limit(READ, 4 * ALL);
  int rc = vt_npy_read(&t, path, 1 << 20, &e);
  vt_fuzz_check(!rc || *e.msg, "an error without a message");
  if (rc) return;
  vt_fuzz_check(!vt_npy_write(&t, vt_fuzz_path("again.npy"), &e), e.msg);
  vt_fuzz_check(!vt_npy_read(&back, vt_fuzz_path("again.npy"), 1 << 20, &e), e.msg);
  const size_t n = vt_tensor_bytes(&t);
  vt_fuzz_check(t.dtype == back.dtype && t.rank == back.rank && n == vt_tensor_bytes(&back),
                "another array came back");
  vt_fuzz_check(!n || !memcmp(t.data, back.data, n), "other numbers came back");
  vt_tensor_clear(&t);
  vt_tensor_clear(&back);
}

static const struct {
  const char *name;
  void (*use)(const char *path);
} kinds[] = {{"onnx", onnx}, {"tensor", tensor}, {"safetensors", safetensors}, {"npy", npy}};

int vt_fuzz_formats(void)
{
  return VT_COUNT(kinds);
}

const char *vt_fuzz_format(int k)
{
  return kinds[k].name;
}

void vt_fuzz_end(void)
{
  vt_alloc_limit(0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static int forced;
  if (size < 2 || size > VT_FUZZ_INPUT) return 0;
  if (!vt_fuzz_rooted()) {
    vt_fuzz_root();
    forced = vt_fuzz_forced(vt_fuzz_formats(), vt_fuzz_format);
  }
  vt_alloc_limit(0, 0);
  vt_fuzz_put("a", data + 1, size - 1);
  kinds[(size_t)(forced >= 0 ? forced : data[0] & 127) % VT_COUNT(kinds)].use(vt_fuzz_path("a"));
  vt_alloc_limit(0, 0);
  return 0;
}
