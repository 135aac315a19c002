/* Pascal VOC's AP and the iMaterialist contest's mAP. Both walk objects ordered by class and picture; IoU is
 * looked at once for each pair of a picture's detection and truth of one class. */
#include "eval/object_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct judged { /* a detection: whether it is right, wrong, or does not count */
  double score;
  int64_t i;
  int32_t image;
  bool right, counts;
};
struct group { /* of one class and picture */
  const struct vt__object_row *g, *d;
  int64_t ng, nd;
  double *iou; // (nd, ng)
};

static int by_score(const void *a, const void *b)
{
  const struct judged *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return x->i < y->i ? -1 : x->i > y->i;
}

static int mask_ious(struct group *p, const struct vt_coco_input *in, struct vt_err *e)
{
  struct vt_mask *m = vt_calloc((size_t)(p->ng + p->nd) + 1, sizeof *m);
  int rc = m ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t k = 0; k < p->ng && !rc; k++) rc = in->mask(in->ctx, false, p->g[k].i, &m[k], e);
  for (int64_t k = 0; k < p->nd && !rc; k++) rc = in->mask(in->ctx, true, p->d[k].i, &m[p->ng + k], e);
  for (int64_t a = 0; a < p->nd && !rc; a++)
    for (int64_t b = 0; b < p->ng; b++) p->iou[a * p->ng + b] = vt_mask_iou(&m[p->ng + a], &m[b], false);
  for (int64_t k = 0; k < p->ng + p->nd && m; k++) vt_mask_clear(&m[k]);
  vt_free(m);
  return rc;
}

static int fill_ious(struct group *p, const struct vt_coco_input *in, struct vt_err *e)
{
  vt_free(p->iou);
  p->iou = vt_calloc((size_t)p->nd * (size_t)p->ng + 1, sizeof *p->iou);
  if (!p->iou) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (in->mask && p->ng && p->nd) return mask_ious(p, in, e);
  for (int64_t a = 0; a < p->nd; a++)
    for (int64_t b = 0; b < p->ng; b++)
      p->iou[a * p->ng + b] = vt_box_iou(in->dt[p->d[a].i].box, in->gt[p->g[b].i].box);
  return 0;
}

/* Calls `each` for every class and picture that has a truth or a detection, classes rising. */
static int walk(const struct vt_coco_input *in, int (*each)(struct group *p, void *ctx, struct vt_err *e),
                void *ctx, struct vt_err *e)
{
  struct vt__object_row *g = vt__object_rows(in->gt, in->ngt, false),
                        *d = vt__object_rows(in->dt, in->ndt, true);
  struct group p = {0};
  int64_t ig = 0, id = 0;
  int rc = g && d ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  while (!rc && (ig < in->ngt || id < in->ndt)) {
    const struct vt__object_row *first = ig == in->ngt ? &d[id] : id == in->ndt ? &g[ig] : NULL;
    if (!first) {
      bool d_first = d[id].cls < g[ig].cls || (d[id].cls == g[ig].cls && d[id].image < g[ig].image);
      first = d_first ? &d[id] : &g[ig];
    }
    const int32_t cls = first->cls, image = first->image;
    p.g = g + ig;
    p.d = d + id;
    for (p.ng = 0; ig < in->ngt && g[ig].cls == cls && g[ig].image == image; ig++) p.ng++;
    for (p.nd = 0; id < in->ndt && d[id].cls == cls && d[id].image == image; id++) p.nd++;
    if (!(rc = fill_ious(&p, in, e))) rc = each(&p, ctx, e);
  }
  vt_free(p.iou);
  vt_free(g);
  vt_free(d);
  return rc;
}

/* ---- Pascal VOC ---- */

struct voc {
  const struct vt_coco_input *in;
  double threshold;
  int64_t *truths;  // (classes)
  struct judged *v; // (detections), class by class
  int64_t n, *end;  // (classes): one behind the last of a class
};

static int judge_picture(struct group *p, void *ctx, struct vt_err *e)
{
  struct voc *c = ctx;
  bool *used = vt_calloc((size_t)p->ng + 1, sizeof *used);
  if (!used) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t b = 0; b < p->ng; b++) c->truths[p->g[b].cls] += !c->in->gt[p->g[b].i].crowd;
  for (int64_t a = 0; a < p->nd; a++) {
    int64_t best = -1;
    for (int64_t b = 0; b < p->ng; b++)
      if (best < 0 || p->iou[a * p->ng + b] > p->iou[a * p->ng + best]) best = b;
    struct judged *j = &c->v[c->n++];
    *j = (struct judged){p->d[a].score, p->d[a].i, p->d[a].image, false, true};
    if (best >= 0 && p->iou[a * p->ng + best] >= c->threshold) {
      j->counts = !c->in->gt[p->g[best].i].crowd;
      j->right = j->counts && !used[best];
      used[best] = true;
    }
    c->end[p->d[a].cls] = c->n;
  }
  vt_free(used);
  return 0;
}

/* Area under the falling precision, or the mean of its values at eleven recalls. v is in order of scores;
 * weight[i]: how often picture i counts, NULL: once. */
static double class_ap(const struct judged *v, int64_t n, int64_t truths, bool points11,
                       const int32_t *weight)
{
  int64_t tp = 0, fp = 0;
  for (int64_t i = 0; i < n; i++) {
    const int64_t times = weight ? weight[v[i].image] : 1;
    tp += v[i].right * times;
    fp += (v[i].counts && !v[i].right) * times;
  }
  double best = 0, area = 0, at[11] = {0}; /* from the right: precision made falling */
  for (int64_t i = n - 1; i >= 0; i--) {
    const int64_t times = weight ? weight[v[i].image] : 1;
    if (tp + fp) best = VT_MAX(best, (double)tp / (double)(tp + fp));
    for (int k = 0; k <= 10; k++)
      if ((double)tp / (double)truths >= k / 10.) at[k] = VT_MAX(at[k], best);
    if (v[i].right) area += (double)times * best / (double)truths;
    tp -= v[i].right * times;
    fp -= (v[i].counts && !v[i].right) * times;
  }
  double sum = 0;
  for (int k = 0; k <= 10; k++) sum += at[k];
  return points11 ? sum / 11 : area;
}

static int voc_open(struct voc *c, struct vt_err *e)
{
  const struct vt_coco_input *in = c->in;
  c->truths = vt_calloc((size_t)in->ncls + 1, sizeof *c->truths);
  c->end = vt_calloc((size_t)in->ncls + 1, sizeof *c->end);
  c->v = vt_calloc((size_t)in->ndt + 1, sizeof *c->v);
  if (!c->truths || !c->end || !c->v) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = walk(in, judge_picture, c, e);
  for (int k = 0; k < in->ncls && !rc; k++) {
    const int64_t from = k ? c->end[k - 1] : 0;
    c->end[k] = VT_MAX(c->end[k], from);
    if (c->end[k] > from) qsort(c->v + from, (size_t)(c->end[k] - from), sizeof *c->v, by_score);
  }
  return rc;
}

static void voc_close(struct voc *c)
{
  vt_free(c->truths);
  vt_free(c->end);
  vt_free(c->v);
}

/* The mean over classes; ap: (classes). */
static double voc_mean(const struct voc *c, const int64_t *truths, bool points11, const int32_t *weight,
                       double *ap)
{
  double sum = 0;
  int64_t n = 0;
  for (int k = 0; k < c->in->ncls; k++) {
    const int64_t from = k ? c->end[k - 1] : 0;
    ap[k] = truths[k] ? class_ap(c->v + from, c->end[k] - from, truths[k], points11, weight) : NAN;
    if (isnan(ap[k])) continue;
    sum += ap[k];
    n++;
  }
  return n ? sum / (double)n : NAN;
}

int vt_voc_ap(double *ap, double *map, const struct vt_coco_input *in, double threshold, bool points11,
              struct vt_err *e)
{
  struct voc c = {.in = in, .threshold = threshold};
  int rc = voc_open(&c, e);
  if (!rc) *map = voc_mean(&c, c.truths, points11, NULL, ap);
  voc_close(&c);
  return rc;
}

int vt_voc_ap_draws(double *map, const struct vt_coco_input *in, double threshold, bool points11,
                    struct vt_err *e)
{
  struct voc c = {.in = in, .threshold = threshold};
  double *ap = vt_calloc((size_t)in->ncls + 1, sizeof *ap);
  int64_t *truths = vt_calloc((size_t)in->ncls + 1, sizeof *truths);
  int rc = ap && truths ? voc_open(&c, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int k = 0; k < in->rounds && !rc; k++) {
    const int32_t *weight = in->weight + (int64_t)k * in->pictures;
    memset(truths, 0, (size_t)in->ncls * sizeof *truths);
    for (int64_t i = 0; i < in->ngt; i++)
      if (!in->gt[i].crowd) truths[in->gt[i].cls] += weight[in->gt[i].image];
    map[k] = voc_mean(&c, truths, points11, weight, ap);
  }
  voc_close(&c);
  vt_free(ap);
  vt_free(truths);
  return rc;
}

/* ---- curves ---- */

static int make_curves(struct vt_pr_curves *c, struct voc *v, struct vt_err *e)
{
  const size_t n = (size_t)v->n + 1;
  int64_t from = 0, k = 0;
  c->start = vt_calloc((size_t)c->ncls + 1, sizeof *c->start);
  c->score = vt_calloc(n, sizeof *c->score);
  c->precision = vt_calloc(n, sizeof *c->precision);
  c->recall = vt_calloc(n, sizeof *c->recall);
  if (!c->start || !c->score || !c->precision || !c->recall) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int cls = 0; cls < c->ncls; cls++) {
    int64_t to = VT_MAX(v->end[cls], from), right = 0, all = 0;
    qsort(v->v + from, (size_t)(to - from), sizeof *v->v, by_score);
    for (int64_t i = from; i < to; i++) {
      if (!v->v[i].counts) continue;
      right += v->v[i].right;
      all++;
      c->score[k] = v->v[i].score;
      c->precision[k] = (double)right / (double)all;
      c->recall[k++] = c->truths[cls] ? (double)right / (double)c->truths[cls] : NAN;
    }
    c->start[cls + 1] = k;
    from = to;
  }
  return 0;
}

int vt_detection_pr(struct vt_pr_curves *c, const struct vt_coco_input *in, double threshold,
                    struct vt_err *e)
{
  struct voc v = {.in = in, .threshold = threshold};
  *c = (struct vt_pr_curves){.ncls = in->ncls};
  c->truths = v.truths = vt_calloc((size_t)in->ncls + 1, sizeof *v.truths);
  v.end = vt_calloc((size_t)in->ncls + 1, sizeof *v.end);
  v.v = vt_calloc((size_t)in->ndt + 1, sizeof *v.v);
  int rc = v.truths && v.end && v.v ? walk(in, judge_picture, &v, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = make_curves(c, &v, e);
  vt_free(v.end);
  vt_free(v.v);
  if (rc) vt_pr_curves_clear(c);
  return rc;
}

void vt_pr_curves_clear(struct vt_pr_curves *c)
{
  vt_free(c->truths);
  vt_free(c->start);
  vt_free(c->score);
  vt_free(c->precision);
  vt_free(c->recall);
  *c = (struct vt_pr_curves){0};
}

double vt_pr_precision(const struct vt_pr_curves *c, int cls, double r)
{
  double best = 0;
  if (!c->truths[cls]) return NAN;
  for (int64_t i = c->start[cls + 1]; i-- > c->start[cls] && c->recall[i] >= r;)
    best = VT_MAX(best, c->precision[i]);
  return best;
}

double vt_pr_f1(const struct vt_pr_curves *c, int cls, double score)
{
  int64_t i = c->start[cls];
  if (!c->truths[cls]) return NAN;
  while (i < c->start[cls + 1] && c->score[i] >= score) i++;
  if (i == c->start[cls]) return 0;
  double p = c->precision[i - 1], r = c->recall[i - 1];
  return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

/* ---- iMaterialist ---- */

struct counts {                                 /* of a picture, by threshold */
  int64_t hit[VT_COCO_IOUS], any[VT_COCO_IOUS]; /* TP; TP + FP + FN */
};
struct contest {
  struct counts *picture; // (pictures)
};

static int count_picture(struct group *p, void *ctx, struct vt_err *e)
{
  struct contest *c = ctx;
  struct counts *k = &c->picture[p->ng ? p->g->image : p->d->image];
  bool *used = vt_calloc((size_t)p->ng + 1, sizeof *used);
  if (!used) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int t = 0; t < VT_COCO_IOUS; t++) {
    const double threshold = .5 + .05 * t;
    int64_t hit = 0;
    memset(used, 0, (size_t)p->ng * sizeof *used);
    for (int64_t a = 0; a < p->nd; a++) {
      int64_t best = -1;
      for (int64_t b = 0; b < p->ng; b++)
        if (!used[b] && p->iou[a * p->ng + b] > threshold &&
            (best < 0 || p->iou[a * p->ng + b] > p->iou[a * p->ng + best]))
          best = b;
      if (best < 0) continue;
      used[best] = true;
      hit++;
    }
    k->hit[t] += hit;
    k->any[t] += p->ng + p->nd - hit;
  }
  vt_free(used);
  return 0;
}

int vt_contest_map(double *map, double *picture, const struct vt_coco_input *in, struct vt_err *e)
{
  int32_t pictures = 0;
  for (int64_t i = 0; i < in->ngt; i++) pictures = VT_MAX(pictures, in->gt[i].image + 1);
  for (int64_t i = 0; i < in->ndt; i++) pictures = VT_MAX(pictures, in->dt[i].image + 1);
  struct contest c = {.picture = vt_calloc((size_t)pictures + 1, sizeof *c.picture)};
  int rc = c.picture ? walk(in, count_picture, &c, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  double sum = 0;
  int64_t n = 0;
  for (int32_t k = 0; k < in->pictures && picture; k++) picture[k] = NAN;
  for (int32_t k = 0; k < pictures && !rc; k++) {
    double score = 0;
    if (!c.picture[k].any[0]) continue;
    for (int t = 0; t < VT_COCO_IOUS; t++)
      score += (double)c.picture[k].hit[t] / (double)c.picture[k].any[t] / VT_COCO_IOUS;
    sum += score;
    n++;
    if (picture) picture[k] = score;
  }
  *map = n ? sum / (double)n : NAN;
  vt_free(c.picture);
  return rc;
}
