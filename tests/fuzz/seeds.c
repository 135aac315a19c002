/* Where fuzzing of ONNX files begins: one small model per case of every operator,
 * and variants whose inputs have other types and shapes than they should as far as a graph of them can be
 * built, so that each operator's attributes, shapes and kernel are reached, and a dictionary of the words
 * that occur in them. */
#include <stdio.h>

#include "backend/backend.h"
#include "fuzz/fuzz_files.h"
#include "ops_cases.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The first byte says that the rest is an ONNX file. */
static int put_first_byte(const char *path, struct vt_err *e)
{
  char *data, *more = NULL;
  size_t n;
  int rc = vt_file_read(path, 1 << 20, &data, &n, e);
  if (rc) return rc;
  more = vt_malloc(n + 1);
  if (more) {
    more[0] = 0;
    memcpy(more + 1, data, n);
    rc = vt_file_write_atomic(path, more, n + 1, e);
  } else {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  }
  vt_free(data);
  vt_free(more);
  return rc;
}

/* Input i with another type, a longer or shorter dimension, or a dimension more. 0: there is no variant `v`.
 */
static int vary(struct vt_tensor *t, int v, struct vt_err *e)
{
  static const enum vt_dtype types[] = {VT_F32, VT_F16, VT_F64, VT_U8, VT_I64, VT_BOOL};
  struct vt_tensor old = *t;
  enum { TYPES = 6 };
  int64_t dim[VT_MAX_RANK];
  enum vt_dtype type = v < TYPES ? types[v] : old.dtype;
  int rank = old.rank, d = (v - TYPES) / 2;
  memcpy(dim, old.dim, sizeof dim);
  if (v >= TYPES && d > rank) return 0;
  if (v >= TYPES && d == rank && (rank == VT_MAX_RANK || v % 2)) return 0;
  if (v >= TYPES && d == rank)
    dim[rank++] = 2;
  else if (v >= TYPES)
    dim[d] = v % 2 ? 1 : dim[d] + 1;
  if (vt_tensor_init(t, type, rank, dim, e)) return 0;
  const int64_t n = vt_tensor_count(&old);
  for (int64_t i = 0; i < vt_tensor_count(t); i++) vt_tensor_set(t, i, n ? vt_tensor_get(&old, i % n) : 0);
  vt_tensor_clear(&old);
  return 1;
}

/* Case k, its input i (if it has one) in variant v. What cannot be built or saved makes no file. */
static int write_case(const char *folder, const struct vt_op_desc *op, int k, int i, int v, struct vt_err *e)
{
  struct case_inputs c = {0};
  struct vt_graph *g = NULL;
  struct vt_value *value[CASE_MAX_IN], *out[VT_MAX_OUT] = {0};
  int rc = case_parse(&c, op->cases[k].inputs, 1, e);
  int there = !rc && (v < 0 || (i < c.n && c.in[i].used && vary(&c.in[i].t, v, e)));
  if (there)
    rc = case_graph(&g, vt_registry_default(), op, &op->cases[k], &c, v < 0 && (k & 1), value, out, e);
  for (int o = 0; o < VT_MAX(op->cases[k].nout, 1) && there && !rc; o++) vt_graph_output(g, out[o], NULL);
  char path[512];
  snprintf(path, sizeof path, "%s/onnx-%s-%d-%d-%d", folder, op->name, k, i, v);
  if (there && !rc) rc = vt_onnx_save(g, path, NULL, e);
  if (there && !rc && !put_first_byte(path, e)) there = 2;
  vt_graph_free(g);
  case_clear(&c);
  *e = (struct vt_err){0};
  return there == 2;
}

static int write_words(const char *folder, struct vt_err *e)
{
  struct vt_buf b;
  char path[512];
  vt_buf_init(&b);
  for (int i = 0; i < vt_nops; i++) {
    vt_buf_addf(&b, "\"%s\"\n", vt_ops[i]->name);
    for (int a = 0; a < vt_ops[i]->nattr; a++) vt_buf_addf(&b, "\"%s\"\n", vt_ops[i]->attr[a].name);
  }
  snprintf(path, sizeof path, "%s.dict", folder);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

static int seeds(const char *folder, struct vt_err *e)
{
  enum { VARIANTS = 6 + 2 * (VT_MAX_RANK + 1) };
  int rc = vt_mkdirs(folder, e), n = 0;
  for (int o = 0; o < vt_nops && !rc; o++)
    for (int k = 0; k < vt_ops[o]->ncases; k++) {
      n += write_case(folder, vt_ops[o], k, 0, -1, e);
      for (int i = 0; i < CASE_MAX_IN && !k; i++)
        for (int v = 0; v < VARIANTS; v++) n += write_case(folder, vt_ops[o], k, i, v, e);
    }
  if (!rc && !n) rc = vt_fail(e, VT_EIO, "%s: nothing could be written", folder);
  return rc ? rc : write_words(folder, e);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  const char *folder = getenv("VITRINE_FUZZ_SEEDS");
  struct vt_err e = {0};
  if (!folder) return 0;
  if (seeds(folder, &e)) fprintf(stderr, "%s\n", e.msg);
  exit(e.code != 0);
}
