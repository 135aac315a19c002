/* Segmentation on CCP: every photo at full resolution, sums over all pixels, `ignore` not
 * counted. */
#include "app/eval_maps.h"

#include <string.h>

/* The model must name the taxonomy's groups, in its order. */
static int check_labels(const struct vt_segmenter *s, const struct vt_taxonomy *t, const char *path,
                        struct vt_err *e)
{
  if (vt_segmenter_nlabels(s) != t->ngroups) {
    return vt_fail(e, VT_ESHAPE, "%s has %d classes, the taxonomy %d groups", path, vt_segmenter_nlabels(s),
                   t->ngroups);
  }
  for (int i = 0; i < t->ngroups; i++) {
    if (strcmp(vt_segmenter_label(s, i), t->group[i]) != 0) {
      return vt_fail(e, VT_ESHAPE, "%s: class %d is '%s', the taxonomy's group '%s'", path, i,
                     vt_segmenter_label(s, i), t->group[i]);
    }
  }
  return 0;
}

static int measure_one(struct vt_segmenter *s, const struct vt_taxonomy *t, const struct vt_sample *sample,
                       struct vt_map_sums *sums, double *seconds, struct vt_err *e)
{
  struct vt_image photo = {0}, truth = {0};
  uint8_t *pred = NULL; // (H, W)
  int rc;
  if ((rc = vt_image_read(&photo, sample->image, NULL, NULL, e)) < 0) goto out;
  if ((rc = vt_image_read(&truth, sample->label_map, &(struct vt_decode_opts){.labels = true}, NULL, e)) < 0)
    goto out;
  if (truth.width != photo.width || truth.height != photo.height) {
    rc = vt_fail(e, VT_ESHAPE, "%s is %d x %d pixels, its photo %d x %d", sample->label_map, truth.width,
                 truth.height, photo.width, photo.height);
    goto out;
  }
  vt_taxonomy_map_labels(t, &truth);
  if (!(pred = vt_malloc((size_t)photo.width * (size_t)photo.height))) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", sample->image);
    goto out;
  }
  double start = vt_now();
  if ((rc = vt_segmenter_run(s, &photo, pred, NULL, e)) < 0) goto out;
  *seconds += vt_now() - start;
  const struct vt_map_pair p = {truth.px,     pred,        photo.width, photo.height,
                                truth.stride, photo.width, VT_IGNORE,   vt_path_base(sample->image)};
  rc = vt_map_sums_add(sums, &p, e);
out:
  vt_free(pred);
  vt_image_clear(&truth);
  vt_image_clear(&photo);
  return rc;
}

int vt_eval_segment(struct vt_cli *cli, const struct vt_measure_opts *o, struct vt_figures *f,
                    struct vt_err *e)
{
  struct vt_dataset d = {0};
  struct vt_segmenter *s = NULL;
  struct vt_map_sums sums = {0};
  struct vt_progress bar;
  int64_t photos = 0;
  double seconds = 0;
  const char *root = vt_measure_data(cli, o, "ccp", e);
  const char *path = root ? vt_find_model(cli, o->models, "segment.onnx", e) : NULL;
  if (!path) return VT_ENOENT;
  struct vt_model_opts m = {.precision = (enum vt_precision)o->precision};
  int rc = vt_dataset_init(&d, e);
  if (rc < 0 || (rc = vt_read_ccp(&d, root, false, 0, e)) < 0) goto out;
  if ((rc = vt_segmenter_open(&s, vt_registry_default(), path, &m, e)) < 0) goto out;
  if ((rc = check_labels(s, &d.taxonomy, path, e)) < 0) goto out;
  if ((rc = vt_map_sums_init(&sums, d.taxonomy.ngroups, o->boundary, e)) < 0) goto out;
  vt_progress_start(&bar, "segment", "photos", d.n);
  for (int64_t i = 0; i < d.n && rc >= 0; i++) {
    vt_progress_add(&bar, 1);
    if ((int)d.v[i].split != o->split) continue;
    if (vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
    if (rc >= 0) rc = measure_one(s, &d.taxonomy, &d.v[i], &sums, &seconds, e);
    photos++;
  }
  vt_progress_end(&bar);
  if (rc < 0) goto out;
  vt_figures_add(f, "photos", (double)photos);
  const struct vt_map_opts report = {.names = d.taxonomy.group,
                                     .rounds = (int)o->bootstrap,
                                     .seed = (uint64_t)o->seed,
                                     .classes = o->classes,
                                     .report = o->report,
                                     .per_image = o->per_image};
  if ((rc = vt_map_sums_report(&sums, &report, f, e))) goto out;
  vt_figures_add(f, "ms_per_photo", photos ? 1000 * seconds / (double)photos : 0);
out:
  vt_map_sums_clear(&sums);
  vt_segmenter_free(s);
  vt_dataset_clear(&d);
  return rc;
}
