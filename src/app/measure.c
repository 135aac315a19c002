/* Shared by the measuring commands: finding data and models, embedding many pictures, printing figures. */
#include "app/measure.h"
#include "app/labels_report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *vt_measure_data(struct vt_cli *cli, const struct vt_measure_opts *o, const char *part,
                            struct vt_err *e)
{
  const char *dir = o->data ? o->data : vt_data_dir();
  if (!dir) {
    vt_fail(e, VT_ENOENT, "no folder of real data: give it with --data or VITRINE_DATA");
    return NULL;
  }
  const char *path = vt_path_join(&cli->arena, dir, part);
  if (path && !vt_is_dir(path)) {
    vt_fail(e, VT_ENOENT, "%s: no such folder; --data names the folder that holds %s/", path, part);
    return NULL;
  }
  if (!path) vt_fail(e, VT_ENOMEM, "%s: out of memory", dir);
  return path;
}

int vt_measure_open_embedder(struct vt_embedder **x, struct vt_cli *cli, const struct vt_measure_opts *o,
                             struct vt_err *e)
{
  *x = NULL;
  const char *path = vt_find_model(cli, o->models, "embed.onnx", e);
  if (!path) return VT_ENOENT;
  struct vt_model_opts m = {.precision = (enum vt_precision)o->precision, .batch = (int)o->batch};
  return vt_embedder_open(x, vt_registry_default(), path, &m, e);
}

int vt_measure_stream(const struct vt_measure_stream *m, struct vt_err *e)
{
  struct vt_loader *l = NULL;
  int count, rc = 0;
  int64_t done = 0, *order = vt_calloc((size_t)m->n + 1, sizeof *order);
  void *in; // (count, 3, H, W)
  struct vt_progress bar;
  if (!order) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < m->n; i++) order[i] = i;
  struct vt_loader_opts o = {.n = m->n,
                             .order = order,
                             .batch = m->batch,
                             .make = m->make,
                             .ctx = m->ctx,
                             .sample_bytes = sizeof(float) * 3 * (size_t)m->preprocess->width *
                                             (size_t)m->preprocess->height};
  if ((rc = vt_loader_new(&l, &o, e)) < 0) goto out;
  vt_progress_start(&bar, m->what, "pictures", m->n);
  while ((rc = vt_loader_next(l, &in, NULL, &count, e)) == 1) {
    if (vt_interrupted()) {
      rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
      break;
    }
    if ((rc = m->run(in, count, done, m->ctx, e)) < 0) break;
    done += count;
    vt_progress_add(&bar, count);
  }
  vt_progress_end(&bar);
out:
  vt_loader_free(l);
  vt_free(order);
  return rc;
}

struct embed {
  struct vt_embedder *x;
  vt_prepare_fn *prepare;
  void *ctx;
  float *v; // (n, D)
};

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  struct embed *job = ctx;
  return job->prepare(job->x, sample, slot, job->ctx, e);
}

static int run(const float *in, int count, int64_t done, void *ctx, struct vt_err *e)
{
  struct embed *job = ctx;
  return vt_embedder_run(job->x, in, count, job->v + done * vt_embedder_dim(job->x), NULL, e);
}

int vt_measure_embed(struct vt_embedder *x, int64_t n, int batch, vt_prepare_fn *prepare, void *ctx,
                     const char *what, float **vectors, struct vt_err *e)
{
  struct embed job = {x, prepare, ctx, vt_calloc((size_t)n + 1, sizeof(float) * (size_t)vt_embedder_dim(x))};
  struct vt_measure_stream m = {n, batch, what, vt_embedder_preprocess(x), make, run, &job};
  *vectors = NULL;
  if (!job.v) return vt_fail(e, VT_ENOMEM, "out of memory for %lld vectors", (long long)n);
  int rc = vt_measure_stream(&m, e);
  if (rc < 0)
    vt_free(job.v);
  else
    *vectors = job.v;
  return rc;
}

int vt_measure_read(struct vt_image *out, const char *path, float aspect, struct vt_err *e)
{
  struct vt_image im = {0};
  *out = im;
  int rc = vt_image_read(&im, path, NULL, NULL, e);
  if (rc < 0 || !(aspect > 0)) {
    *out = im;
    return rc;
  }
  int w = VT_MAX(1, (int)lround(im.height * (double)aspect));
  rc = vt_image_init(out, w, im.height, im.channels, e);
  if (rc >= 0) rc = vt_image_resize(out, &im, 0, 0, im.width, im.height, VT_BILINEAR, e);
  vt_image_clear(&im);
  return rc;
}

int vt_measure_whole(const struct vt_embedder *x, int64_t i, float *in, void *ctx, struct vt_err *e)
{
  const struct vt_measure_set *set = ctx;
  const struct vt_sample *s = &set->data->v[set->row[i]];
  struct vt_image im;
  int rc = vt_measure_read(&im, s->image, s->aspect, e);
  if (rc >= 0) rc = vt_embedder_prepare(x, &im, NULL, NULL, in, e);
  if (rc < 0) vt_fail_in(e, rc, "%s", s->image);
  vt_image_clear(&im);
  return rc;
}

int vt_measure_garment(const struct vt_embedder *x, int64_t i, float *in, void *ctx, struct vt_err *e)
{
  const struct vt_measure_set *set = ctx;
  const struct vt_sample *s = &set->data->v[set->row[i]];
  const struct vt_image *photo, *tags;
  struct vt_image own = {0}, own_tags = {0}, labels = {0};
  struct vt_mask mask = {0};
  int rc;
  if ((rc = vt_image_cache_get(set->cache, s->image, 0, false, &photo, &own, e)) < 0) goto out;
  if ((rc = vt_image_cache_get(set->cache, s->label_map, 0, true, &tags, &own_tags, e)) < 0) goto out;
  if ((rc = vt_image_copy(&labels, tags, e)) < 0) goto out;
  vt_sample_map_labels(set->data, s, &labels);
  rc = vt_mask_from_labels(&mask, labels.px, labels.width, labels.height, labels.stride, (uint8_t)s->region,
                           e);
  if (rc >= 0) rc = vt_embedder_prepare(x, photo, NULL, &mask, in, e);
  if (rc < 0) vt_fail_in(e, rc, "%s", s->image);
out:
  vt_mask_clear(&mask);
  vt_image_clear(&labels);
  vt_image_clear(&own_tags);
  vt_image_clear(&own);
  return rc;
}

int vt_measure_index(struct vt_index **out, const struct vt_measure_set *set, int64_t n, int dim,
                     const float *v, struct vt_err *e)
{
  int64_t *id = vt_calloc((size_t)n + 1, sizeof *id);
  uint8_t *group = vt_calloc((size_t)n + 1, 1);
  *out = NULL;
  int rc;
  if (!id || !group) {
    rc = vt_fail(e, VT_ENOMEM, "index: out of memory");
    goto out;
  }
  if ((rc = vt_index_new(out, dim, e)) < 0) goto out;
  for (int64_t i = 0; i < n; i++) {
    int g = set->data->v[set->row[i]].group;
    id[i] = i;
    group[i] = g < 0 ? VT_IGNORE : (uint8_t)g;
  }
  rc = vt_index_add(*out, n, id, group, v, e);
out:
  vt_free(id);
  vt_free(group);
  return rc;
}

void vt_figures_add(struct vt_figures *f, const char *name, double value)
{
  char text[40] = "null";
  if (isfinite(value))
    snprintf(text, sizeof text, fabs(value) < 1e15 && value == floor(value) ? "%.0f" : "%.12g", value);
  if (f->json.len) vt_buf_adds(&f->json, ", ");
  vt_json_text(&f->json, name); /* names of classes are anything */
  vt_buf_addf(&f->json, ": %s", text);
  if (!isfinite(value))
    strcpy(text, "-");
  else
    snprintf(text, sizeof text, fabs(value) < 1e15 && value == floor(value) ? "%.0f" : "%.6g", value);
  vt_buf_addf(&f->table, "%-36s %s\n", name, text);
}

void vt_figures_addf(struct vt_figures *f, double value, const char *fmt, ...)
{
  struct vt_buf name = {0};
  va_list ap;
  va_start(ap, fmt);
  vt_buf_addv(&name, fmt, ap);
  va_end(ap);
  f->json.failed |= name.failed;
  if (!name.failed) vt_figures_add(f, name.data, value);
  vt_buf_clear(&name);
}

int vt_figures_mean(struct vt_figures *f, const char *name, const struct vt_means *m, int64_t rounds,
                    struct vt_err *e)
{
  double low, high;
  vt_figures_add(f, name, vt_means_all(m));
  if (!rounds) return 0;
  int rc = vt_means_interval(m, (int)rounds, 1, &low, &high, e);
  if (rc) return rc;
  vt_figures_addf(f, low, "%s_low", name);
  vt_figures_addf(f, high, "%s_high", name);
  return 0;
}

void vt_figures_interval(struct vt_figures *f, const char *name, double *draw, int64_t n)
{
  double low, high;
  vt_percentiles(draw, n, .95, &low, &high);
  vt_figures_addf(f, low, "%s_low", name);
  vt_figures_addf(f, high, "%s_high", name);
}

void vt_figures_clear(struct vt_figures *f)
{
  vt_buf_clear(&f->json);
  vt_buf_clear(&f->table);
}

int vt_figures_print(struct vt_figures *f, struct vt_cli *cli, bool json, struct vt_err *e)
{
  int rc = f->json.failed || f->table.failed ? vt_fail(e, VT_ENOMEM, "figures: out of memory") : 0;
  if (!rc && json) fprintf(cli->out, "{%s}\n", f->json.data ? f->json.data : "");
  if (!rc && !json && f->table.data) fputs(f->table.data, cli->out);
  vt_figures_clear(f);
  return rc;
}
