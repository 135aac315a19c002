/* Classification on a split of any class set: top-k accuracy, macro F1, confusion matrix. Classes of the data
 * are found among the model's by name; pictures of a class that the model does not have are counted, not
 * measured. */
#include "app/eval_scores.h"

#include <math.h>
#include <string.h>

struct job {
  const struct vt_class_set *data;
  struct vt_classifier *c;
  int64_t n, left_out;
  int64_t *row;   /* sample numbers */
  int32_t *truth; /* the model's classes */
  double *score;  // (n, classes)
};

static int make(int64_t i, struct vt_rng *rng, void *in, void *ctx, struct vt_err *e)
{
  const struct job *j = ctx;
  const struct vt_class_sample *s = &j->data->v[j->row[i]];
  struct vt_image im;
  int rc = vt_measure_read(&im, s->image, s->aspect, e);
  if (rc >= 0) rc = vt_classifier_prepare(j->c, &im, in, e);
  if (rc < 0) vt_fail_in(e, rc, "%s", s->image);
  vt_image_clear(&im);
  return rc;
}

static int run(const float *in, int count, int64_t first, void *ctx, struct vt_err *e)
{
  struct job *j = ctx;
  const int64_t classes = vt_classifier_nlabels(j->c), n = count * classes;
  float *p = vt_reallocarray(NULL, (size_t)n, sizeof *p);
  int rc = p ? vt_classifier_run(j->c, in, count, p, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n && !rc; i++) j->score[first * classes + i] = p[i];
  vt_free(p);
  return rc;
}

static int find_label(const struct vt_classifier *c, const char *name)
{
  for (int i = 0; i < vt_classifier_nlabels(c); i++)
    if (!strcmp(vt_classifier_label(c, i), name)) return i;
  return -1;
}

/* Which samples are measured, and their classes. Data without splits are measured whole. */
static int choose(struct job *j, int split, const char *model, struct vt_err *e)
{
  const struct vt_class_set *d = j->data;
  int32_t *class = vt_calloc((size_t)d->nclasses + 1, sizeof *class);
  j->row = vt_calloc((size_t)d->n + 1, sizeof *j->row);
  j->truth = vt_calloc((size_t)d->n + 1, sizeof *j->truth);
  int rc = class && j->row && j->truth ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int32_t c = 0; c < d->nclasses && !rc; c++) class[c] = find_label(j->c, d->name[c]);
  for (int64_t i = 0; i < d->n && !rc; i++) {
    if (d->v[i].split != split && d->v[i].split != VT_SPLIT_NONE) continue;
    int32_t t = class[d->v[i].cls];
    if (t < 0) {
      j->left_out++;
      continue;
    }
    j->row[j->n] = i;
    j->truth[j->n++] = t;
  }
  if (!rc && !j->n)
    rc = vt_fail(e, VT_EARG, "%s: none of the %lld pictures of %s in this split is of a class of the model",
                 model, (long long)j->left_out, d->about);
  if (!rc) {
    j->score = vt_calloc((size_t)j->n, sizeof *j->score * (size_t)vt_classifier_nlabels(j->c));
    if (!j->score) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  }
  vt_free(class);
  return rc;
}

/* Header "truth,CLASS,…", one row per true class. */
static int write_csv(const struct job *j, const struct vt_confusion *c, const char *path, struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  vt_csv_put(&b, "truth", true);
  for (int k = 0; k < c->n; k++) vt_csv_put(&b, vt_classifier_label(j->c, k), false);
  for (int t = 0; t < c->n; t++) {
    vt_buf_addc(&b, '\n');
    vt_csv_put(&b, vt_classifier_label(j->c, t), true);
    for (int p = 0; p < c->n; p++) vt_buf_addf(&b, ",%lld", (long long)c->count[t * c->n + p]);
  }
  vt_buf_addc(&b, '\n');
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

/* What `eval scores` reads. */
static int write_scores(const struct job *j, const char *path, struct vt_err *e)
{
  const int classes = vt_classifier_nlabels(j->c);
  struct vt_buf b = {0};
  vt_buf_adds(&b, "image,truth");
  for (int k = 0; k < classes; k++) vt_csv_put(&b, vt_classifier_label(j->c, k), false);
  for (int64_t i = 0; i < j->n; i++) {
    vt_buf_addc(&b, '\n');
    vt_csv_put(&b, j->data->v[j->row[i]].image, true);
    vt_csv_put(&b, vt_classifier_label(j->c, j->truth[i]), false);
    for (int k = 0; k < classes; k++) vt_buf_addf(&b, ",%.9g", j->score[i * classes + k]);
  }
  vt_buf_addc(&b, '\n');
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

/* What `eval scores` measures of a table, of the scores at hand. */
static int measure_scores(const struct job *j, const struct vt_score_opts *o, struct vt_figures *f,
                          struct vt_err *e)
{
  const int n = vt_classifier_nlabels(j->c);
  struct vt_score_table t = {.n = j->n, .classes = n, .score = j->score};
  t.cls = vt_calloc((size_t)n, sizeof *t.cls);
  t.name = vt_calloc((size_t)j->n, sizeof *t.name);
  t.truth = vt_calloc((size_t)j->n, (size_t)n); // (pictures, classes)
  int rc = t.cls && t.name && t.truth ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int k = 0; k < n && !rc; k++) t.cls[k] = vt_classifier_label(j->c, k);
  for (int64_t i = 0; i < j->n && !rc; i++) {
    t.name[i] = j->data->v[j->row[i]].image;
    t.truth[i * n + j->truth[i]] = 1;
  }
  vt_figures_add(f, "pictures", (double)j->n);
  vt_figures_add(f, "left_out", (double)j->left_out);
  if (!rc) rc = vt_eval_score_table(&t, o, f, e);
  vt_free(t.cls);
  vt_free(t.name);
  vt_free(t.truth);
  return rc;
}

static void report(const struct job *j, const struct vt_confusion *c, struct vt_figures *f)
{
  int n = c->n, most = 0;
  vt_buf_adds(&f->json, ", \"confusion\": [");
  for (int t = 0; t < n; t++)
    for (int p = 0; p < n; p++) {
      vt_buf_addf(&f->json, "%s%lld%s",
                  p   ? ", "
                  : t ? ", ["
                      : "[",
                  (long long)c->count[t * n + p], p + 1 == n ? "]" : "");
      if (t != p && (most == 0 || c->count[t * n + p] > c->count[most])) most = t * n + p;
    }
  vt_buf_adds(&f->json, "]");
  for (int t = 0; t < n; t++) {
    int64_t truth = 0;
    for (int p = 0; p < n; p++) truth += c->count[t * n + p];
    if (truth)
      vt_buf_addf(&f->table, "recall %-29s %.6g (of %lld)\n", vt_classifier_label(j->c, t),
                  (double)c->count[t * n + t] / (double)truth, (long long)truth);
  }
  if (most && c->count[most])
    vt_buf_addf(&f->table, "most often mistaken: %s for %s, %lld times\n",
                vt_classifier_label(j->c, most / n), vt_classifier_label(j->c, most % n),
                (long long)c->count[most]);
}

static int best(const double *score, int n)
{
  int at = 0;
  for (int k = 1; k < n; k++)
    if (score[k] > score[at]) at = k;
  return at;
}

static int stream(struct job *j, int batch, struct vt_err *e)
{
  struct vt_measure_stream m = {j->n, batch, "classify", vt_classifier_preprocess(j->c), make, run, j};
  return vt_measure_stream(&m, e);
}

/* How often another model of the same classes, in f32, has the same answer, and how good it is by itself. */
static int compare(const struct job *j, const char *path, int batch, struct vt_figures *f, struct vt_err *e)
{
  struct vt_model_opts mo = {.precision = VT_PREC_F32, .batch = batch};
  struct job o = *j;
  int n = vt_classifier_nlabels(j->c);
  int64_t same = 0;
  o.score = NULL;
  int rc = vt_classifier_open(&o.c, vt_registry_default(), path, &mo, e);
  if (rc) return rc;
  for (int k = 0; k < n && !rc; k++)
    if (vt_classifier_nlabels(o.c) != n || strcmp(vt_classifier_label(j->c, k), vt_classifier_label(o.c, k)))
      rc = vt_fail(e, VT_EARG, "%s: its classes are not those of the other model", path);
  if (!rc && !(o.score = vt_calloc((size_t)o.n, sizeof *o.score * (size_t)n)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = stream(&o, batch, e);
  for (int64_t i = 0; i < j->n && rc >= 0; i++) same += best(j->score + i * n, n) == best(o.score + i * n, n);
  if (rc >= 0) {
    vt_figures_add(f, "against_top1", vt_top_k(o.score, o.truth, o.n, n, 1));
    vt_figures_add(f, "agreement", (double)same / (double)j->n);
  }
  vt_classifier_free(o.c);
  vt_free(o.score);
  return rc;
}

int vt_eval_classify(struct vt_cli *cli, const struct vt_measure_opts *o,
                     const struct vt_classify_measure *what, struct vt_figures *f, struct vt_err *e)
{
  struct vt_class_set data = {0};
  struct vt_confusion c = {0};
  struct job j = {.data = &data};
  struct vt_model_opts mo = {.precision = (enum vt_precision)o->precision, .batch = (int)o->batch};
  int rc = vt_classifier_open(&j.c, vt_registry_default(), what->model, &mo, e);
  if (!rc) rc = vt_class_set_read(&data, what->set, what->attribute, o->data ? o->data : vt_data_dir(), e);
  if (!rc) rc = choose(&j, o->split, what->model, e);
  if (!rc) rc = vt_confusion_init(&c, vt_classifier_nlabels(j.c), e);
  if (!rc) rc = stream(&j, (int)o->batch, e);
  if (rc >= 0) {
    vt_confusion_add_scores(&c, j.score, j.truth, j.n);
    rc = measure_scores(&j, &what->figures, f, e);
    if (rc >= 0) report(&j, &c, f);
    if (rc >= 0 && what->against) rc = compare(&j, what->against, (int)o->batch, f, e);
  }
  if (rc >= 0) {
    rc = what->confusion ? write_csv(&j, &c, what->confusion, e) : 0;
    if (!rc && what->scores) rc = write_scores(&j, what->scores, e);
  }
  vt_confusion_clear(&c);
  vt_class_set_clear(&data);
  vt_classifier_free(j.c);
  vt_free(j.row);
  vt_free(j.truth);
  vt_free(j.score);
  return rc;
}
