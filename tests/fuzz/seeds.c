/* Where fuzzing of ONNX files begins: one small model per case of every operator, so that each operator's
 * attributes, shapes and kernel are reached, and a dictionary of the words that occur in them. */
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

static int write_case(const char *folder, const struct vt_op_desc *op, int k, struct vt_err *e)
{
  struct case_inputs c = {0};
  struct vt_graph *g = NULL;
  struct vt_value *value[CASE_MAX_IN], *out[VT_MAX_OUT] = {0};
  int rc = case_parse(&c, op->cases[k].inputs, 1, e);
  if (!rc) rc = case_graph(&g, vt_registry_default(), op, &op->cases[k], &c, k & 1, value, out, e);
  for (int o = 0; o < VT_MAX(op->cases[k].nout, 1) && !rc; o++) vt_graph_output(g, out[o], NULL);
  char path[512];
  snprintf(path, sizeof path, "%s/onnx-%s-%d", folder, op->name, k);
  if (!rc) rc = vt_onnx_save(g, path, NULL, e);
  if (rc == VT_EUNSUPPORTED) { /* newer than the opset that is written */
    *e = (struct vt_err){0};
    rc = 0;
    goto out;
  }
  if (!rc) rc = put_first_byte(path, e);
out:
  vt_graph_free(g);
  case_clear(&c);
  return rc;
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
  int rc = vt_mkdirs(folder, e);
  for (int i = 0; i < vt_nops && !rc; i++)
    for (int k = 0; k < vt_ops[i]->ncases && !rc; k++) rc = write_case(folder, vt_ops[i], k, e);
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
