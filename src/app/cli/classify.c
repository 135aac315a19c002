/* vitrine classify: the likeliest classes of whole pictures. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "app/cli/model_args.h"
#include "app/cli/photos.h"

struct opts {
  struct vt_model_cli m;
  int64_t k;
  bool json;
};

/* clang-format off */
static const struct vt_opt rows[] = {
    {"top", 'k', VT_OPT_INT, offsetof(struct opts, k), "5", 1, 4096, NULL, "N", "classes to name"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object per photo"},
    VT_MODEL_OPTS(struct opts, m),
};
/* clang-format on */

struct classify {
  struct vt_cli *cli;
  const struct opts *o;
  struct vt_classifier *c;
  float *in, *p; /* (3, H, W); (classes) */
};

/* The class of the greatest probability left, which is then struck out. */
static int take_best(float *p, int n, float *score)
{
  int best = 0;
  for (int k = 1; k < n; k++)
    if (p[k] > p[best]) best = k;
  *score = p[best];
  p[best] = -1;
  return best;
}

static int print_json(struct classify *m, const char *photo, int k, struct vt_err *e)
{
  struct vt_buf name, line;
  float score;
  json_t *list = json_array();
  vt_buf_init(&name);
  vt_buf_init(&line);
  vt_utf8_repair(photo, strlen(photo), &name);
  for (int i = 0; i < k; i++) {
    int c = take_best(m->p, vt_classifier_nlabels(m->c), &score);
    json_array_append_new(
        list, json_pack("{s:s, s:f}", "label", vt_classifier_label(m->c, c), "score", (double)score));
  }
  json_t *o = json_pack("{s:s, s:o}", "photo", name.data ? name.data : "", "classes", list);
  char *text = o ? json_dumps(o, JSON_REAL_PRECISION(6)) : NULL;
  if (text) vt_buf_adds(&line, text);
  int rc = text ? vt_print_line(m->cli, &line, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", photo);
  free(text);
  json_decref(o);
  vt_buf_clear(&name);
  vt_buf_clear(&line);
  return rc;
}

static int print_text(struct classify *m, const char *photo, int k, struct vt_err *e)
{
  struct vt_buf line;
  float score;
  vt_buf_init(&line);
  vt_buf_addf(&line, "%s:", photo);
  for (int i = 0; i < k; i++) {
    int c = take_best(m->p, vt_classifier_nlabels(m->c), &score);
    vt_buf_addf(&line, "%s %s %.3f", i ? "," : "", vt_classifier_label(m->c, c), (double)score);
  }
  int rc = vt_print_line(m->cli, &line, e);
  vt_buf_clear(&line);
  return rc;
}

static int each(int i, const char *photo, void *ctx, struct vt_err *e)
{
  struct classify *m = ctx;
  const struct vt_preprocess *p = vt_classifier_preprocess(m->c);
  struct vt_decode_opts opts = {.min_side = VT_MAX(p->width, p->height)};
  struct vt_image im = {0};
  int k = (int)VT_MIN(m->o->k, vt_classifier_nlabels(m->c)), rc = vt_image_read(&im, photo, &opts, NULL, e);
  if (!rc) rc = vt_classifier_prepare(m->c, &im, m->in, e);
  if (!rc) rc = vt_classifier_run(m->c, m->in, 1, m->p, e);
  vt_image_clear(&im);
  if (rc) return rc;
  return m->o->json ? print_json(m, photo, k, e) : print_text(m, photo, k, e);
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct classify m = {.cli = cli, .o = o};
  if (args->n < 2) return vt_fail(e, VT_EUSAGE, "a model and photos are expected");
  const char *model = vt_model_path(cli, o->m.models, args->v[0], e);
  if (!model) return VT_ENOENT;
  struct vt_strings photos = {args->n - 1, args->v + 1};
  struct vt_model_opts mo = vt_model_cli_opts(&o->m);
  mo.batch = 1;
  int rc = vt_classifier_open(&m.c, vt_registry_default(), model, &mo, e);
  if (!rc) {
    const struct vt_preprocess *p = vt_classifier_preprocess(m.c);
    m.in = vt_aligned(3 * (size_t)p->width * (size_t)p->height * sizeof *m.in);
    m.p = vt_aligned((size_t)vt_classifier_nlabels(m.c) * sizeof *m.p);
    if (!m.in || !m.p) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  }
  if (!rc) rc = vt_photos_each(cli, &photos, o->json, each, &m, e);
  vt_free(m.in);
  vt_free(m.p);
  vt_classifier_free(m.c);
  return rc;
}

const struct vt_verb vt_verb_classify = {
    .name = "classify",
    .args = "MODEL.onnx PHOTO…",
    .summary = "name the likeliest classes of whole pictures",
    .help = "MODEL is one that the task `classify` trained, or any classifier with one input (N, 3, H, W) "
            "and an output\n"
            "(N, classes): then pictures are stretched to its input, with ImageNet's mean and deviation, and "
            "classes are\n"
            "called by their numbers.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
