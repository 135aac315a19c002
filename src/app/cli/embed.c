/* vitrine embed: vectors of pictures as .npy, with the list of pictures beside it.
 *
 * .npy 1.0: "\x93NUMPY", 1, 0, header length (2 bytes little-endian), header text padded with spaces and
 * ended by a newline so that the data begin at a multiple of 64, then N x D little-endian floats. */
#include <stdlib.h>
#include <string.h>
#include "app/cli/model_args.h"
#include "app/cli/photos.h"

struct opts {
  struct vt_model_cli m;
  const char *out, *headless;
  bool json;
};

/* clang-format off */
static const struct vt_opt rows[] = {
    {"output", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "NPY", "file of the vectors (N, D) float32; NPY's name with .csv lists row and photo (required)"},
    {"headless", 0, VT_OPT_STRING, offsetof(struct opts, headless), NULL, 0, 0, NULL, "ONNX", "use any classifier instead, cut back to the vector that its last layer reads"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object per photo"},
    VT_MODEL_OPTS(struct opts, m),
};
/* clang-format on */

struct embed {
  struct vt_cli *cli;
  const struct opts *o;
  struct vt_embedder *x;
  float *in, *v;      /* (3, H, W); (D) */
  struct vt_buf data; /* vectors so far */
  struct vt_buf csv;
  int64_t n;
};

static int each(int i, const char *photo, void *ctx, struct vt_err *e)
{
  struct embed *m = ctx;
  const struct vt_preprocess *p = vt_embedder_preprocess(m->x);
  struct vt_decode_opts opts = {.min_side = VT_MAX(p->width, p->height)};
  struct vt_image im = {0};
  char row[24];
  int dim = vt_embedder_dim(m->x), rc = vt_image_read(&im, photo, &opts, NULL, e);
  if (!rc) rc = vt_embedder_prepare(m->x, &im, NULL, NULL, m->in, e);
  if (!rc) rc = vt_embedder_run(m->x, m->in, 1, m->v, NULL, e);
  vt_image_clear(&im);
  if (rc) return rc;
  vt_buf_add(&m->data, m->v, (size_t)dim * sizeof *m->v);
  snprintf(row, sizeof row, "%lld", (long long)m->n);
  vt_csv_put(&m->csv, row, true);
  vt_csv_put(&m->csv, photo, false);
  vt_buf_adds(&m->csv, "\n");
  if (m->data.failed || m->csv.failed) return vt_fail(e, VT_ENOMEM, "%s: out of memory", photo);
  m->n++;
  if (!m->o->json) return 0;
  struct vt_buf line, name;
  vt_buf_init(&line);
  vt_buf_init(&name);
  vt_buf_addf(&line, "{\"photo\":\"");
  vt_utf8_repair(photo, strlen(photo), &name);
  for (const char *c = name.data; c && *c; c++) {
    if (*c == '"' || *c == '\\') vt_buf_addc(&line, '\\');
    if ((unsigned char)*c < 32)
      vt_buf_addf(&line, "\\u%04x", *c);
    else
      vt_buf_addc(&line, *c);
  }
  vt_buf_addf(&line, "\",\"row\":%s,\"dim\":%d}\n", row, dim);
  rc = vt_print_line(m->cli, &line, e);
  vt_buf_clear(&line);
  vt_buf_clear(&name);
  return rc;
}

static int write_npy(const struct embed *m, struct vt_err *e)
{
  char text[128];
  int n = snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %d), }",
                   (long long)m->n, vt_embedder_dim(m->x));
  int header = (10 + n + 1 + 63) / 64 * 64 - 10;
  struct vt_buf b;
  vt_buf_init(&b);
  vt_buf_add(&b, "\x93NUMPY\x01\x00", 8);
  vt_buf_addc(&b, (char)(header & 255));
  vt_buf_addc(&b, (char)(header >> 8));
  vt_buf_add(&b, text, (size_t)n);
  for (int i = n; i < header - 1; i++) vt_buf_addc(&b, ' ');
  vt_buf_addc(&b, '\n');
  if (m->data.len) vt_buf_add(&b, m->data.data, m->data.len);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", m->o->out)
                    : vt_file_write_atomic(m->o->out, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

static int write_csv(const struct embed *m, struct vt_err *e)
{
  size_t ext = strlen(vt_path_ext(m->o->out));
  char *path =
      vt_arena_printf(&m->cli->arena, "%.*s.csv", (int)(strlen(m->o->out) - (ext ? ext + 1 : 0)), m->o->out);
  if (!path) return vt_fail(e, VT_ENOMEM, "out of memory");
  return vt_file_write_atomic(path, m->csv.data, m->csv.len, e);
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct embed m = {.cli = cli, .o = o};
  if (!args->n) return vt_fail(e, VT_EUSAGE, "no photo given");
  if (!o->out) return vt_fail(e, VT_EUSAGE, "no file for the vectors given: -o NPY");
  if (!strcmp(vt_path_ext(o->out), "csv"))
    return vt_fail(e, VT_EUSAGE, "-o %s: the vectors go to a .npy file", o->out);
  const char *model = o->headless ? vt_model_path(cli, o->m.models, o->headless, e)
                                  : vt_find_model(cli, o->m.models, "embed.onnx", e);
  if (!model) return e->code;
  struct vt_model_opts mo = vt_model_cli_opts(&o->m);
  mo.batch = 1;
  mo.headless = o->headless != NULL;
  vt_buf_init(&m.data);
  vt_buf_init(&m.csv);
  vt_buf_adds(&m.csv, "row,photo\n");
  int exit_code = 0, rc = vt_embedder_open(&m.x, vt_registry_default(), model, &mo, e);
  if (!rc && vt_embedder_cut(m.x)) vt_cut_log(model, vt_embedder_cut(m.x));
  if (!rc) {
    const struct vt_preprocess *p = vt_embedder_preprocess(m.x);
    m.in = vt_aligned(3 * (size_t)p->width * (size_t)p->height * sizeof *m.in);
    m.v = vt_aligned((size_t)vt_embedder_dim(m.x) * sizeof *m.v);
    if (!m.in || !m.v) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  }
  if (!rc) rc = exit_code = vt_photos_each(cli, args, o->json, each, &m, e);
  if (rc >= 0 && m.n) {
    rc = write_npy(&m, e);
    if (!rc) rc = write_csv(&m, e);
  }
  vt_buf_clear(&m.data);
  vt_buf_clear(&m.csv);
  vt_free(m.in);
  vt_free(m.v);
  vt_embedder_free(m.x);
  return rc < 0 ? rc : exit_code;
}

const struct vt_verb vt_verb_embed = {
    .name = "embed",
    .args = "PHOTO…",
    .summary = "turn whole pictures into vectors",
    .help = "Rows are the pictures that could be read, in order; the .csv beside the .npy names them.\n"
            "With --headless the vectors are what a classifier's last linear layer reads, of length 1; where "
            "it was\n"
            "cut goes to standard error. A file that does not say how to prepare pictures gets them "
            "stretched to its\n"
            "input's size, with ImageNet's mean and deviation.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
