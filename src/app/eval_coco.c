/* Detections against a ground truth in COCO's json: COCO's figures, the contest's and VOC's. */
#include "app/eval_coco_pair.h"
#include "app/left_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
  const int64_t *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* rank[p]: how many ids are smaller than that of position p. */
static int32_t *ranks(int64_t n, const int64_t *id)
{
  int64_t(*pair)[2] = vt_calloc((size_t)n + 1, sizeof *pair);
  int32_t *rank = vt_calloc((size_t)n + 1, sizeof *rank);
  for (int64_t i = 0; pair && i < n; i++) pair[i][0] = id[i], pair[i][1] = i;
  if (pair) qsort(pair, (size_t)n, sizeof *pair, by_id);
  for (int64_t i = 0; pair && rank && i < n; i++) rank[pair[i][1]] = (int32_t)i;
  if (!pair) {
    vt_free(rank);
    rank = NULL;
  }
  vt_free(pair);
  return rank;
}

static int32_t *image_ranks(const struct vt_labels *l)
{
  int64_t *id = vt_calloc((size_t)l->nimages + 1, sizeof *id);
  for (int32_t i = 0; id && i < l->nimages; i++) id[i] = l->image[i].id;
  int32_t *rank = id ? ranks(l->nimages, id) : NULL;
  vt_free(id);
  return rank;
}

/* The mask of one of the truths or detections: sizes are those of the truth's pictures. */
static int instance_mask(const struct vt__coco_pair *p, bool detection, int64_t i, struct vt_mask *m,
                         struct vt_err *e)
{
  if (!detection) return vt_instance_mask(&p->gt, &p->gt.v[i], m, e);
  struct vt_labels view = p->dt;
  view.image = p->gt.image;
  return vt_instance_mask(&view, &p->dt.v[i], m, e);
}

static int make_mask(void *ctx, bool detection, int64_t i, struct vt_mask *m, struct vt_err *e)
{
  return instance_mask(ctx, detection, i, m, e);
}

/* Objects of one side. Box or area that the file leaves out come from the mask. */
static int fill(struct vt__coco_pair *p, bool detection, const int32_t *rank, bool boxes, struct vt_err *e)
{
  const struct vt_labels *l = detection ? &p->dt : &p->gt;
  struct vt_coco_object *v = vt_calloc((size_t)l->n + 1, sizeof *v);
  *(detection ? &p->dt_object : &p->gt_object) = v;
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < l->n; i++) {
    const struct vt_instance *in = &l->v[i];
    v[i] = (struct vt_coco_object){.image = rank[in->image],
                                   .cls = in->cls,
                                   .box = in->box,
                                   .area = in->area,
                                   .score = in->score,
                                   .crowd = in->flags & VT_CROWD};
    if (detection && boxes && in->shape == VT_SHAPE_NONE) v[i].area = in->box.w * in->box.h;
    if ((!boxes || in->box.w >= 0) && v[i].area >= 0) continue;
    struct vt_mask m;
    int rc = instance_mask(p, detection, i, &m, e);
    if (rc) return rc;
    if (in->box.w < 0) v[i].box = vt_mask_box(&m);
    if (v[i].area < 0) v[i].area = (double)vt_mask_area(&m);
    vt_mask_clear(&m);
  }
  return 0;
}

/* What reading both files left out, in one table. */
static int report_skipped(const struct vt__coco_pair *p, const struct vt_coco_opts *o, struct vt_err *e)
{
  const struct vt_reading quiet = {.lenient = o->lenient}, r = {o->lenient, o->left_out};
  const struct vt_problems *list[] = {&p->gt.problems, &p->dt.problems};
  const char *const path[] = {o->gt, o->dt};
  struct vt_buf b = {0};
  int rc = 0;
  for (int k = 0; k < 2 && !rc; k++) {
    rc = vt_say_problems(list[k], path[k], k ? p->dt.rows : p->gt.rows, &quiet, e);
    vt_problems_table(list[k], path[k], &b);
  }
  if (!rc) rc = vt_reading_write(&r, &b, e);
  vt_buf_clear(&b);
  return rc;
}

int vt__coco_open(struct vt__coco_pair *p, const struct vt_coco_opts *o, struct vt_err *e)
{
  const struct vt_labels_opts lo = {.lenient = o->lenient};
  const struct vt_format *coco = vt_format_find("coco", e);
  int rc = coco ? vt_labels_init(&p->gt, e) : VT_EUSAGE;
  if (!rc) rc = vt_labels_init(&p->dt, e);
  if (!rc) rc = coco->read(&p->gt, o->gt, &lo, e);
  if (!rc) rc = vt_coco_read_results(&p->dt, &p->gt, o->dt, &lo, e);
  if (!rc) rc = report_skipped(p, o, e);
  if (rc) return rc;
  int32_t *rank = image_ranks(&p->gt);
  if (!rank) return vt_fail(e, VT_ENOMEM, "out of memory");
  rc = fill(p, false, rank, !o->masks, e);
  if (!rc) rc = fill(p, true, rank, !o->masks, e);
  vt_free(rank);
  return rc;
}

void vt__coco_close(struct vt__coco_pair *p)
{
  vt_labels_clear(&p->gt);
  vt_labels_clear(&p->dt);
  vt_free(p->gt_object);
  vt_free(p->dt_object);
  vt_free(p->has);
}

struct vt_coco_input vt__coco_input(struct vt__coco_pair *p, bool masks)
{
  return (struct vt_coco_input){.ncls = p->gt.classes.n,
                                .ngt = p->gt.n,
                                .ndt = p->dt.n,
                                .gt = p->gt_object,
                                .dt = p->dt_object,
                                .mask = masks ? make_mask : NULL,
                                .ctx = p};
}

int vt__coco_draws(struct vt_coco_input *in, const struct vt__coco_pair *p, const struct vt_coco_opts *o,
                   int32_t **weight, struct vt_err *e)
{
  const int64_t most = (int64_t)1 << 28, n = (int64_t)o->rounds * p->gt.nimages;
  *weight = NULL;
  if (!o->rounds) return 0;
  if (n > most)
    return vt_fail(e, VT_ELIMIT, "--bootstrap: %d draws of %d pictures; at most %lld fit", o->rounds,
                   p->gt.nimages, (long long)(most / VT_MAX(p->gt.nimages, 1)));
  if (!(*weight = vt_calloc((size_t)n + 1, sizeof **weight))) return vt_fail(e, VT_ENOMEM, "out of memory");
  in->rounds = o->rounds;
  in->pictures = p->gt.nimages;
  in->weight = *weight;
  for (int k = 0; k < o->rounds; k++)
    vt_bootstrap_draw(*weight + (int64_t)k * in->pictures, in->pictures, o->seed, k);
  return 0;
}

void vt__coco_class_figure(const struct vt_labels *gt, int cls, const char *figure, double value,
                           struct vt_figures *f)
{
  const struct vt_label_class *c = &gt->classes.v[cls];
  bool twice = false;
  for (int k = 0; k < gt->classes.n && !twice; k++)
    twice = k != cls && !strcmp(gt->classes.v[k].name, c->name);
  if (twice)
    vt_figures_addf(f, value, "%s %s (%lld)", figure, c->name, (long long)c->id);
  else
    vt_figures_addf(f, value, "%s %s", figure, c->name);
}

void vt__coco_classes(const struct vt_labels *gt, const struct vt_coco_result *r, struct vt_figures *f)
{
  for (int c = 0; c < r->ncls; c++) {
    double sum = 0;
    for (int t = 0; t < VT_COCO_IOUS; t++) sum += r->ap[t * r->ncls + c];
    vt__coco_class_figure(gt, c, "AP", sum / VT_COCO_IOUS, f);
  }
}

void vt__coco_figures(struct vt_coco_result *r, int rounds, struct vt_figures *f)
{
  double figure[VT_COCO_FIGURES];
  vt_coco_summary(r, figure);
  for (int k = 0; k < VT_COCO_FIGURES; k++) vt_figures_add(f, vt_coco_figure[k], figure[k]);
  for (int k = 0; k < VT_COCO_DRAWN && rounds; k++)
    vt_figures_interval(f, vt_coco_figure[k], r->drawn + (int64_t)k * rounds, rounds);
}

int vt_eval_coco(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct vt__coco_pair p = {0};
  struct vt_coco_result r = {0};
  int32_t *weight = NULL;
  int rc = vt__coco_open(&p, o, e);
  if (rc) goto out;
  struct vt_coco_input in = vt__coco_input(&p, o->masks);
  if ((rc = vt__coco_draws(&in, &p, o, &weight, e))) goto out;
  if ((rc = vt_coco_eval(&r, &in, e))) goto out;
  vt__coco_figures(&r, o->rounds, f);
  if (o->classes) vt__coco_classes(&p.gt, &r, f);
out:
  vt_free(weight);
  vt_coco_result_clear(&r);
  vt__coco_close(&p);
  return rc;
}

/* Intervals of the three figures, each by the same draws. */
static int add_detection_intervals(const struct vt_coco_input *in, const double *contest,
                                   struct vt_figures *f, struct vt_err *e)
{
  double *draw = vt_calloc((size_t)in->rounds, sizeof *draw);
  if (!draw) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int k = 0; k < in->rounds; k++) {
    double sum = 0;
    int64_t n = 0;
    for (int i = 0; i < in->pictures; i++) {
      const int32_t times = in->weight[(int64_t)k * in->pictures + i];
      if (isnan(contest[i])) continue;
      sum += times * contest[i];
      n += times;
    }
    draw[k] = n ? sum / (double)n : NAN;
  }
  vt_figures_interval(f, "contest_mAP", draw, in->rounds);
  int rc = vt_voc_ap_draws(draw, in, .5, true, e);
  if (!rc) vt_figures_interval(f, "VOC07_AP50", draw, in->rounds);
  if (!rc) rc = vt_voc_ap_draws(draw, in, .5, false, e);
  if (!rc) vt_figures_interval(f, "VOC_AP50", draw, in->rounds);
  vt_free(draw);
  return rc;
}

int vt_eval_detections(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct vt__coco_pair p = {0};
  double *ap = NULL, *each = NULL, map;
  int32_t *weight = NULL;
  int rc = vt__coco_open(&p, o, e);
  if (!rc && (!(ap = vt_calloc((size_t)p.gt.classes.n + 1, sizeof *ap)) ||
              !(each = vt_calloc((size_t)p.gt.nimages + 1, sizeof *each))))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  struct vt_coco_input in = vt__coco_input(&p, o->masks);
  if ((rc = vt__coco_draws(&in, &p, o, &weight, e))) goto out;
  if ((rc = vt_contest_map(&map, each, &in, e))) goto out;
  vt_figures_add(f, "contest_mAP", map);
  if ((rc = vt_voc_ap(ap, &map, &in, .5, true, e))) goto out;
  vt_figures_add(f, "VOC07_AP50", map);
  if ((rc = vt_voc_ap(ap, &map, &in, .5, false, e))) goto out;
  vt_figures_add(f, "VOC_AP50", map);
  if (o->rounds && (rc = add_detection_intervals(&in, each, f, e))) goto out;
  for (int c = 0; c < p.gt.classes.n && o->classes; c++)
    vt__coco_class_figure(&p.gt, c, "VOC_AP50", ap[c], f);
out:
  vt_free(ap);
  vt_free(each);
  vt_free(weight);
  vt__coco_close(&p);
  return rc;
}
