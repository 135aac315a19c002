/* COCO's average precision and recall (Lin et al., "Microsoft COCO", 2014; the rules are those of the
 * evaluation server's tools, equal to 1e-9).
 *
 * Phase 1, class by class and picture by picture: detections in order of score, at most 100, each take the
 * truth of highest IoU that is at least the threshold and still free; truths that are crowds or outside the
 * size range are taken only where no other fits, and neither they nor what takes them counts; nor do
 * detections outside the range that take none. A crowd can be taken many times; IoU with it is the share of
 * the detection inside it. Phase 2, per class: detections of all pictures in order of score give recall_i =
 * tp_i / truths, precision_i = tp_i / (tp_i + fp_i + 2^-52), made falling from the right; AP is the mean over
 * recalls r = 0, .01, ... 1 of the precision at the first i of recall_i >= r (0 if none). Masks exist only
 * while their picture and class are looked at. */
#include "eval/object_order.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DETECTIONS = 100, RECALLS = 101 };
static const double area_range[VT_COCO_AREAS][2] = {
    {0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}};
const char *const vt_coco_figure[VT_COCO_FIGURES] = {"AP",  "AP50", "AP75",  "APs", "APm", "APl",
                                                     "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"};

struct found { /* a detection after phase 1: bits by IoU threshold */
  double score;
  int32_t rank; /* among those of its picture */
  int32_t image;
  int64_t order;
  uint16_t taken[VT_COCO_AREAS], ignored[VT_COCO_AREAS];
};
struct job {
  const struct vt_coco_input *in;
  struct vt_coco_result *r;
  double threshold[VT_COCO_IOUS], recall_at[RECALLS];
  struct vt__object_row *gt, *dt;
  struct found *found; // (nfound): of the present class
  int64_t nfound, cap_found, truths[VT_COCO_AREAS];
  struct vt_mask *gmask, *dmask;
  struct vt_box *gbox, *dbox;
  double *iou, *f1; // (nd, ng)
  int *order;       // (ng)
  bool *ignore, *used;
  int64_t cap_g;
  bool by_f1; /* matches of the present class look at F1 */
  double *precision, *recall;
  int64_t *picture_truths; // (pictures) of the present class, all sizes; only for draws
  double *sum;             // (VT_COCO_DRAWN, rounds): of AP over classes and thresholds
};

static int by_score(const void *a, const void *b)
{
  const struct found *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

/* ---- phase 1 ---- */

static int room(struct job *j, int64_t ng)
{
  if (ng > j->cap_g || !j->cap_g) {
    size_t cap = (size_t)VT_MAX(2 * ng, 16);
    vt_free(j->gmask);
    vt_free(j->gbox);
    vt_free(j->order);
    vt_free(j->ignore);
    vt_free(j->used);
    vt_free(j->iou);
    vt_free(j->f1);
    j->gmask = vt_calloc(cap, sizeof *j->gmask);
    j->gbox = vt_calloc(cap, sizeof *j->gbox);
    j->order = vt_calloc(cap, sizeof *j->order);
    j->ignore = vt_calloc(cap, sizeof *j->ignore);
    j->used = vt_calloc(cap, sizeof *j->used);
    j->iou = vt_calloc(cap * MAX_DETECTIONS, sizeof *j->iou);
    j->f1 = vt_calloc(cap * MAX_DETECTIONS, sizeof *j->f1);
    j->cap_g = j->gmask && j->gbox && j->order && j->ignore && j->used && j->iou && j->f1 ? (int64_t)cap : 0;
    if (!j->cap_g) return VT_ENOMEM;
  }
  if (j->nfound + MAX_DETECTIONS > j->cap_found) {
    int64_t cap = 2 * (j->nfound + MAX_DETECTIONS);
    struct found *v = vt_reallocarray(j->found, (size_t)cap, sizeof *v);
    if (!v) return VT_ENOMEM;
    j->found = v;
    j->cap_found = cap;
  }
  return 0;
}

static int make_masks(struct job *j, const struct vt__object_row *row, int64_t n, bool detection,
                      struct vt_err *e)
{
  struct vt_mask *mask = detection ? j->dmask : j->gmask;
  struct vt_box *box = detection ? j->dbox : j->gbox;
  for (int64_t k = 0; k < n; k++) {
    int rc = j->in->mask(j->in->ctx, detection, row[k].i, &mask[k], e);
    if (rc) return rc;
    box[k] = vt_mask_box(&mask[k]);
  }
  return 0;
}

static double mask_iou(const struct job *j, int64_t d, int64_t g, bool crowd)
{
  if (!(vt_box_iou(j->dbox[d], j->gbox[g]) > 0)) return 0;
  return vt_mask_iou(&j->dmask[d], &j->gmask[g], crowd);
}

static int compare_all(struct job *j, const struct vt__object_row *g, int64_t ng,
                       const struct vt__object_row *d, int64_t nd, struct vt_err *e)
{
  const struct vt_coco_input *in = j->in;
  int rc = 0;
  memset(j->gmask, 0, (size_t)ng * sizeof *j->gmask);
  memset(j->dmask, 0, (size_t)nd * sizeof *j->dmask);
  if (in->mask && ng && nd && (!(rc = make_masks(j, g, ng, false, e)))) rc = make_masks(j, d, nd, true, e);
  for (int64_t a = 0; a < nd && !rc; a++)
    for (int64_t b = 0; b < ng; b++) {
      const struct vt_coco_object *x = &in->dt[d[a].i], *y = &in->gt[g[b].i];
      j->iou[a * ng + b] = in->mask   ? mask_iou(j, a, b, y->crowd)
                           : y->crowd ? vt_box_iou_crowd(x->box, y->box)
                                      : vt_box_iou(x->box, y->box);
      if (j->by_f1) j->f1[a * ng + b] = in->f1(in->ctx, d[a].i, g[b].i);
    }
  for (int64_t k = 0; k < ng; k++) vt_mask_clear(&j->gmask[k]);
  for (int64_t k = 0; k < nd; k++) vt_mask_clear(&j->dmask[k]);
  return rc;
}

static bool outside(double area, int size)
{
  return area < area_range[size][0] || area > area_range[size][1];
}

/* The truth that detection a takes, -1 none. Truths come in the order that counts: ignored ones last. */
static int best_truth(const struct job *j, const struct vt__object_row *g, int64_t ng, int64_t a,
                      double threshold)
{
  double best = VT_MIN(threshold, 1 - 1e-10), best_f1 = VT_MIN(j->in->f1_threshold, 1 - 1e-10);
  int m = -1;
  for (int64_t k = 0; k < ng; k++) {
    int b = j->order[k];
    if (j->used[b] && (j->by_f1 || !j->in->gt[g[b].i].crowd)) continue;
    if (m >= 0 && !j->ignore[m] && j->ignore[b]) break;
    if (j->iou[a * ng + b] < best) continue;
    if (j->by_f1 && j->f1[a * ng + b] < best_f1) continue;
    best = j->iou[a * ng + b];
    if (j->by_f1) best_f1 = j->f1[a * ng + b];
    m = b;
  }
  return m;
}

static void match_size(struct job *j, const struct vt__object_row *g, int64_t ng,
                       const struct vt__object_row *d, int64_t nd, int size)
{
  int n = 0;
  for (int64_t b = 0; b < ng; b++) {
    const struct vt_coco_object *o = &j->in->gt[g[b].i];
    j->ignore[b] = o->crowd || outside(o->area, size);
    j->truths[size] += !j->ignore[b];
    if (!j->ignore[b]) j->order[n++] = (int)b;
  }
  for (int64_t b = 0; b < ng; b++)
    if (j->ignore[b]) j->order[n++] = (int)b;
  for (int t = 0; t < VT_COCO_IOUS; t++) {
    memset(j->used, 0, (size_t)ng * sizeof *j->used);
    for (int64_t a = 0; a < nd; a++) {
      struct found *f = &j->found[j->nfound + a];
      int m = best_truth(j, g, ng, a, j->threshold[t]);
      bool ignored = m >= 0 ? j->ignore[m] : outside(j->in->dt[d[a].i].area, size);
      if (m >= 0) j->used[m] = true;
      f->taken[size] |= (uint16_t)((m >= 0) << t);
      f->ignored[size] |= (uint16_t)(ignored << t);
    }
  }
}

static int match_picture(struct job *j, const struct vt__object_row *g, int64_t ng,
                         const struct vt__object_row *d, int64_t nd, struct vt_err *e)
{
  nd = VT_MIN(nd, MAX_DETECTIONS);
  if (room(j, ng)) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = compare_all(j, g, ng, d, nd, e);
  if (rc) return rc;
  for (int64_t a = 0; a < nd; a++)
    j->found[j->nfound + a] =
        (struct found){.score = d[a].score, .rank = (int32_t)a, .image = d[a].image, .order = j->nfound + a};
  for (int64_t b = 0; b < ng && j->in->rounds; b++)
    j->picture_truths[g[b].image] += !j->in->gt[g[b].i].crowd && !outside(j->in->gt[g[b].i].area, 0);
  for (int size = 0; size < VT_COCO_AREAS; size++) match_size(j, g, ng, d, nd, size);
  j->nfound += nd;
  return 0;
}

/* ---- phase 2 ---- */

/* Precision and recall of the detections that count, and their number. */
static int64_t curve(struct job *j, int size, int t, int max_rank)
{
  int64_t n = 0, tp = 0, fp = 0;
  for (int64_t i = 0; i < j->nfound; i++) {
    const struct found *f = &j->found[i];
    if (f->rank >= max_rank) continue;
    bool taken = f->taken[size] >> t & 1, ignored = f->ignored[size] >> t & 1;
    tp += taken && !ignored;
    fp += !taken && !ignored;
    j->recall[n] = (double)tp / (double)j->truths[size];
    j->precision[n++] = (double)tp / ((double)(fp + tp) + DBL_EPSILON);
  }
  return n;
}

static double average_precision(struct job *j, int64_t n)
{
  for (int64_t i = n - 1; i > 0; i--) j->precision[i - 1] = VT_MAX(j->precision[i - 1], j->precision[i]);
  double sum = 0;
  int64_t i = 0;
  for (int k = 0; k < RECALLS; k++) {
    while (i < n && j->recall[i] < j->recall_at[k]) i++;
    if (i == n) break;
    sum += j->precision[i];
  }
  return sum / RECALLS;
}

/* AP at threshold t if picture i counts weight[i] times. Copies of a detection follow each other; the last of
 * them has the highest precision of right ones, and wrong ones never reach a recall first, so one step for
 * all gives the same. */
static double drawn_precision(struct job *j, int t, const int32_t *weight)
{
  int64_t n = 0, tp = 0, fp = 0, truths = 0;
  for (int i = 0; i < j->in->pictures; i++) truths += weight[i] * j->picture_truths[i];
  if (!truths) return NAN;
  for (int64_t i = 0; i < j->nfound; i++) {
    const struct found *f = &j->found[i];
    if (!weight[f->image] || f->ignored[0] >> t & 1) continue;
    *(f->taken[0] >> t & 1 ? &tp : &fp) += weight[f->image];
    j->recall[n] = (double)tp / (double)truths;
    j->precision[n++] = (double)tp / ((double)(fp + tp) + DBL_EPSILON);
  }
  return average_precision(j, n);
}

static void add_draws(struct job *j)
{
  const int rounds = j->in->rounds;
  for (int k = 0; k < rounds; k++)
    for (int t = 0; t < VT_COCO_IOUS; t++) {
      const double ap = drawn_precision(j, t, j->in->weight + (int64_t)k * j->in->pictures);
      if (isnan(ap)) continue;
      for (int figure = 0; figure < VT_COCO_DRAWN; figure++) {
        if (figure && t != (figure == 1 ? 0 : 5)) continue;
        j->sum[figure * rounds + k] += ap;
        j->r->drawn_of[figure * rounds + k]++;
      }
    }
  memset(j->picture_truths, 0, (size_t)j->in->pictures * sizeof *j->picture_truths);
}

static int finish_class(struct job *j, int cls, struct vt_err *e)
{
  struct vt_coco_result *r = j->r;
  if (j->nfound) qsort(j->found, (size_t)j->nfound, sizeof *j->found, by_score);
  vt_free(j->precision);
  vt_free(j->recall);
  j->precision = vt_calloc((size_t)j->nfound + 1, sizeof *j->precision);
  j->recall = vt_calloc((size_t)j->nfound + 1, sizeof *j->recall);
  if (!j->precision || !j->recall) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int t = 0; t < VT_COCO_IOUS; t++) {
    for (int size = 0; size < VT_COCO_AREAS; size++) {
      if (!j->truths[size]) continue;
      int64_t at = ((int64_t)size * VT_COCO_IOUS + t) * r->ncls + cls, n = curve(j, size, t, MAX_DETECTIONS);
      r->recall[at] = n ? j->recall[n - 1] : 0;
      r->ap[at] = average_precision(j, n);
    }
    for (int few = 0; few < 2 && j->truths[0]; few++) {
      int64_t n = curve(j, 0, t, few ? 10 : 1);
      r->few[((int64_t)few * VT_COCO_IOUS + t) * r->ncls + cls] = n ? j->recall[n - 1] : 0;
    }
  }
  if (j->in->rounds) add_draws(j);
  return 0;
}

static int eval_class(struct job *j, int cls, int64_t *ig, int64_t *id, struct vt_err *e)
{
  const struct vt_coco_input *in = j->in;
  int rc = 0;
  j->nfound = 0;
  j->by_f1 = in->f1 && (!in->f1_class || in->f1_class[cls]);
  memset(j->truths, 0, sizeof j->truths);
  for (;;) {
    const struct vt__object_row *g = &j->gt[*ig], *d = &j->dt[*id];
    int64_t ng = 0, nd = 0;
    bool more_g = *ig < in->ngt && g->cls == cls, more_d = *id < in->ndt && d->cls == cls;
    if (!more_g && !more_d) break;
    int32_t image = !more_d ? g->image : !more_g ? d->image : VT_MIN(g->image, d->image);
    while (*ig + ng < in->ngt && g[ng].cls == cls && g[ng].image == image) ng++;
    while (*id + nd < in->ndt && d[nd].cls == cls && d[nd].image == image) nd++;
    if (in->skip && in->skip[cls]) {
      *ig += ng;
      *id += nd;
      continue;
    }
    if ((rc = match_picture(j, g, ng, d, nd, e))) return rc;
    *ig += ng;
    *id += nd;
  }
  return in->skip && in->skip[cls] ? 0 : finish_class(j, cls, e);
}

static int check_objects(const struct vt_coco_input *in, const struct vt_coco_object *v, int64_t n,
                         struct vt_err *e)
{
  const int ncls = in->ncls;
  for (int64_t i = 0; i < n; i++) {
    if (in->rounds && (v[i].image < 0 || v[i].image >= in->pictures))
      return vt_fail(e, VT_EARG, "object %lld: picture %d of %d", (long long)i, v[i].image, in->pictures);
    if (v[i].cls < 0 || v[i].cls >= ncls || isnan(v[i].score))
      return vt_fail(e, VT_EARG, "object %lld: class %d of %d, score %g", (long long)i, v[i].cls, ncls,
                     v[i].score);
  }
  return 0;
}

static int start_draws(struct job *j, struct vt_err *e)
{
  const size_t n = (size_t)VT_COCO_DRAWN * (size_t)j->in->rounds;
  if (!n) return 0;
  j->picture_truths = vt_calloc((size_t)j->in->pictures + 1, sizeof *j->picture_truths);
  j->sum = vt_calloc(n, sizeof *j->sum);
  j->r->drawn_of = vt_calloc(n, sizeof *j->r->drawn_of);
  j->r->drawn = vt_calloc(n, sizeof *j->r->drawn);
  return j->picture_truths && j->sum && j->r->drawn_of && j->r->drawn
             ? 0
             : vt_fail(e, VT_ENOMEM, "out of memory");
}

int vt_coco_eval(struct vt_coco_result *r, const struct vt_coco_input *in, struct vt_err *e)
{
  struct job j = {.in = in, .r = r};
  *r = (struct vt_coco_result){.ncls = in->ncls};
  const size_t cells = (size_t)VT_COCO_IOUS * (size_t)VT_MAX(in->ncls, 1);
  int rc = check_objects(in, in->gt, in->ngt, e);
  if (!rc) rc = check_objects(in, in->dt, in->ndt, e);
  if (rc) return rc;
  rc = start_draws(&j, e);
  /* As numpy.linspace has them: the last bit of a threshold decides ties. */
  for (int t = 0; t < VT_COCO_IOUS; t++)
    j.threshold[t] = t + 1 < VT_COCO_IOUS ? t * ((.95 - .5) / 9) + .5 : .95;
  for (int k = 0; k < RECALLS; k++) j.recall_at[k] = k + 1 < RECALLS ? k * (1. / (RECALLS - 1)) : 1;
  r->ap = vt_calloc(cells * VT_COCO_AREAS, sizeof *r->ap);
  r->recall = vt_calloc(cells * VT_COCO_AREAS, sizeof *r->recall);
  r->few = vt_calloc(cells * 2, sizeof *r->few);
  j.gt = vt__object_rows(in->gt, in->ngt, false);
  j.dt = vt__object_rows(in->dt, in->ndt, true);
  j.dmask = vt_calloc(MAX_DETECTIONS, sizeof *j.dmask);
  j.dbox = vt_calloc(MAX_DETECTIONS, sizeof *j.dbox);
  if (!rc && (!r->ap || !r->recall || !r->few || !j.gt || !j.dt || !j.dmask || !j.dbox))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (size_t i = 0; i < cells * VT_COCO_AREAS && !rc; i++) r->ap[i] = r->recall[i] = NAN;
  for (size_t i = 0; i < cells * 2 && !rc; i++) r->few[i] = NAN;
  int64_t ig = 0, id = 0;
  for (int cls = 0; cls < in->ncls && !rc; cls++) rc = eval_class(&j, cls, &ig, &id, e);
  for (int k = 0; k < VT_COCO_DRAWN * in->rounds && !rc; k++)
    r->drawn[k] = r->drawn_of[k] ? j.sum[k] / (double)r->drawn_of[k] : NAN;
  vt_free(j.picture_truths);
  vt_free(j.sum);
  vt_free(j.gt);
  vt_free(j.dt);
  vt_free(j.found);
  vt_free(j.gmask);
  vt_free(j.dmask);
  vt_free(j.gbox);
  vt_free(j.dbox);
  vt_free(j.iou);
  vt_free(j.f1);
  vt_free(j.order);
  vt_free(j.ignore);
  vt_free(j.used);
  vt_free(j.precision);
  vt_free(j.recall);
  if (rc) vt_coco_result_clear(r);
  return rc;
}

void vt_coco_result_clear(struct vt_coco_result *r)
{
  vt_free(r->ap);
  vt_free(r->recall);
  vt_free(r->few);
  vt_free(r->drawn);
  vt_free(r->drawn_of);
  *r = (struct vt_coco_result){0};
}

/* Mean over thresholds [t0, t1] and classes that count. */
static double mean_of(const double *v, int ncls, int t0, int t1)
{
  double sum = 0;
  int64_t n = 0;
  for (int64_t i = (int64_t)t0 * ncls; i < (int64_t)(t1 + 1) * ncls; i++) {
    if (isnan(v[i])) continue;
    sum += v[i];
    n++;
  }
  return n ? sum / (double)n : -1;
}

void vt_coco_summary(const struct vt_coco_result *r, double figure[VT_COCO_FIGURES])
{
  const int64_t area = (int64_t)VT_COCO_IOUS * r->ncls;
  const int last = VT_COCO_IOUS - 1;
  figure[0] = mean_of(r->ap, r->ncls, 0, last);
  figure[1] = mean_of(r->ap, r->ncls, 0, 0);
  figure[2] = mean_of(r->ap, r->ncls, 5, 5);
  figure[6] = mean_of(r->few, r->ncls, 0, last);
  figure[7] = mean_of(r->few + area, r->ncls, 0, last);
  figure[8] = mean_of(r->recall, r->ncls, 0, last);
  for (int size = 1; size < VT_COCO_AREAS; size++) {
    figure[2 + size] = mean_of(r->ap + size * area, r->ncls, 0, last);
    figure[8 + size] = mean_of(r->recall + size * area, r->ncls, 0, last);
  }
}
