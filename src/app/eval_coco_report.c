/* What figures do not show of detections: curves, confusions, pictures. */
#include "app/eval_coco_pair.h"
#include "app/page_curves.h"

#include <stdlib.h>

static const double match_iou = .5;

static int write_page(const struct vt__coco_pair *p, const struct vt_coco_input *in,
                      const struct vt_confusion *c, const char *page, double score, struct vt_err *e)
{
  struct vt_pr_curves curves = {0};
  struct vt_buf b = {0};
  const char **name = vt_calloc((size_t)c->n, sizeof *name);
  char title[160];
  int rc = name ? vt_detection_pr(&curves, in, match_iou, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int k = 0; !rc && k + 1 < c->n; k++) name[k] = p->gt.classes.v[k].name;
  if (!rc) name[c->n - 1] = "background";
  vt_html_open(&b, "Detections");
  if (!rc) rc = vt_page_curves(&b, &curves, name, "Precision over recall, IoU .5", e);
  if (!rc) {
    snprintf(title, sizeof title, "Confusion, score at least %.2f, IoU .5", score);
    vt_svg_matrix(&b, title, false, c->n, name, c->count);
    snprintf(title, sizeof title, "The same as shares of each row");
    vt_svg_matrix(&b, title, true, c->n, name, c->count);
  }
  vt_html_close(&b);
  if (!rc && b.failed) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", page);
  if (!rc) rc = vt_file_write_atomic(page, b.data, b.len, e);
  vt_buf_clear(&b);
  vt_free(name);
  vt_pr_curves_clear(&curves);
  return rc;
}

struct picture {
  int64_t id;
  const char *file;
};
static int by_id(const void *a, const void *b)
{
  const struct picture *x = a, *y = b;
  return x->id < y->id ? -1 : x->id > y->id;
}

/* image,right,missed,wrong,f1, in order of ids, which is the order of counts. */
static int write_pictures(const struct vt__coco_pair *p, const struct vt_image_counts *counts,
                          const char *path, struct vt_err *e)
{
  const int32_t n = p->gt.nimages;
  struct vt_buf b = {0};
  struct picture *v = vt_calloc((size_t)n + 1, sizeof *v);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int32_t i = 0; i < n; i++) v[i] = (struct picture){p->gt.image[i].id, p->gt.image[i].file};
  if (n) qsort(v, (size_t)n, sizeof *v, by_id);
  vt_buf_adds(&b, "image,right,missed,wrong,f1\n");
  for (int32_t i = 0; i < n; i++) {
    const struct vt_image_counts *c = &counts[i];
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)v[i].id);
    vt_csv_put(&b, *v[i].file ? v[i].file : id, true);
    vt_buf_addf(&b, ",%lld,%lld,%lld,", (long long)c->right, (long long)c->missed, (long long)c->wrong);
    if (c->right + c->missed + c->wrong)
      vt_buf_addf(&b, "%.9g", 2. * (double)c->right / (double)(2 * c->right + c->missed + c->wrong));
    vt_buf_addc(&b, '\n');
  }
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  vt_free(v);
  return rc;
}

int vt_eval_coco_report(const struct vt_coco_opts *o, const char *page, const char *per_image, double score,
                        struct vt_err *e)
{
  struct vt__coco_pair p = {0};
  struct vt_confusion c = {0};
  struct vt_image_counts *counts = NULL;
  int rc = vt__coco_open(&p, o, e);
  if (!rc) rc = vt_confusion_init(&c, p.gt.classes.n + 1, e);
  if (!rc && !(counts = vt_calloc((size_t)p.gt.nimages + 1, sizeof *counts)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  const struct vt_coco_input in = vt__coco_input(&p, o->masks);
  if (!rc) rc = vt_detection_confusion(&c, &in, match_iou, score, counts, e);
  if (!rc && page) rc = write_page(&p, &in, &c, page, score, e);
  if (!rc && per_image) rc = write_pictures(&p, counts, per_image, e);
  vt_free(counts);
  vt_confusion_clear(&c);
  vt__coco_close(&p);
  return rc;
}
