/* Fashionpedia's figures: COCO's, and AP with the F1 of attributes.
 *
 * Jia et al., "Fashionpedia", ECCV 2020, section 5: classes that may have attributes enter the mean once for
 * each F1 threshold .50:.05:.95, a match then needing both thresholds; others enter once. F1 of one detection
 * is the macro mean of F1 over "has" and "has not" of all attributes of the set. COCO's figures, too, are
 * those of the authors' tool: without a threshold of F1, but in classes that may have attributes a truth of
 * better IoU is taken only where the F1 is no worse. Intervals take the same draws of pictures for every
 * threshold. */
#include "app/eval_coco_pair.h"

#include <math.h>
#include <string.h>

/* Fashionpedia's classes that may carry attributes: garments, and hood, collar, lapel, sleeve, pocket,
 * neckline. */
static const int64_t usual[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 28, 29, 31, 32, 33};

/* F1 over both binary classes; a class that occurs on neither side does not enter, as in scikit-learn. */
static double attribute_f1(void *ctx, int64_t d, int64_t g)
{
  struct vt__coco_pair *p = ctx;
  const struct vt_instance *x = &p->dt.v[d], *y = &p->gt.v[g];
  const int n = p->gt.attributes.n;
  int both = 0, truth = 0, found = 0;
  memset(p->has, 0, (size_t)n);
  for (int k = 0; k < y->nattrs; k++) p->has[p->gt.attr[y->attrs + (uint32_t)k]] |= 1;
  for (int k = 0; k < x->nattrs; k++) p->has[p->dt.attr[x->attrs + (uint32_t)k]] |= 2;
  for (int k = 0; k < n; k++) {
    both += p->has[k] == 3;
    truth += p->has[k] & 1;
    found += p->has[k] >> 1;
  }
  const int neither = n - truth - found + both;
  double yes = truth + found ? 2. * both / (truth + found) : 0;
  double no = 2 * n - truth - found ? 2. * neither / (2 * n - truth - found) : 0;
  if (!(truth + found)) return n ? no : 1;
  return 2 * n - truth - found ? (yes + no) / 2 : yes;
}

/* What the mean is taken over: sums and counts of all sizes, of each class, and of each draw. */
struct mean {
  double sum[VT_COCO_AREAS], *cls, *draw; // cls: (classes); draw: (rounds)
  int64_t n[VT_COCO_AREAS], *ncls, *ndraw;
};

static int mean_init(struct mean *m, int classes, int rounds, struct vt_err *e)
{
  m->cls = vt_calloc((size_t)classes + 1, sizeof *m->cls);
  m->ncls = vt_calloc((size_t)classes + 1, sizeof *m->ncls);
  m->draw = vt_calloc((size_t)rounds + 1, sizeof *m->draw);
  m->ndraw = vt_calloc((size_t)rounds + 1, sizeof *m->ndraw);
  return m->cls && m->ncls && m->draw && m->ndraw ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

static void mean_clear(struct mean *m)
{
  vt_free(m->cls);
  vt_free(m->ncls);
  vt_free(m->draw);
  vt_free(m->ndraw);
}

/* What one evaluation has, of the classes that it looked at. */
static void mean_add(struct mean *m, const struct vt_coco_result *r, int rounds)
{
  for (int size = 0; size < VT_COCO_AREAS; size++)
    for (int t = 0; t < VT_COCO_IOUS; t++)
      for (int c = 0; c < r->ncls; c++) {
        const double v = r->ap[((int64_t)size * VT_COCO_IOUS + t) * r->ncls + c];
        if (isnan(v)) continue;
        m->sum[size] += v;
        m->n[size]++;
        if (size) continue;
        m->cls[c] += v;
        m->ncls[c]++;
      }
  for (int k = 0; k < rounds; k++) {
    if (!r->drawn_of[k]) continue;
    m->draw[k] += r->drawn[k] * (double)r->drawn_of[k];
    m->ndraw[k] += r->drawn_of[k];
  }
}

static void report(const struct mean *m, const struct vt_labels *gt, const struct vt_coco_opts *o,
                   struct vt_figures *f)
{
  static const char *const name[] = {"AP_F1", "APs_F1", "APm_F1", "APl_F1"};
  for (int size = 0; size < VT_COCO_AREAS; size++)
    vt_figures_add(f, name[size], m->n[size] ? m->sum[size] / (double)m->n[size] : -1);
  for (int k = 0; k < o->rounds; k++) m->draw[k] = m->ndraw[k] ? m->draw[k] / (double)m->ndraw[k] : NAN;
  if (o->rounds) vt_figures_interval(f, name[0], m->draw, o->rounds);
  for (int c = 0; c < gt->classes.n && o->classes; c++)
    vt__coco_class_figure(gt, c, "AP_F1", m->ncls[c] ? m->cls[c] / (double)m->ncls[c] : NAN, f);
}

/* has: which classes may have attributes. Ids that were asked for must be there. */
static int choose(bool *has, const struct vt_labels *gt, const struct vt_coco_opts *o, struct vt_err *e)
{
  const int n = o->nattribute_classes ? o->nattribute_classes : (int)VT_COUNT(usual);
  const int64_t *id = o->nattribute_classes ? o->attribute_class : usual;
  for (int k = 0; k < n; k++) {
    const int32_t c = vt_labels_class(gt, id[k]);
    if (c >= 0)
      has[c] = true;
    else if (o->nattribute_classes)
      return vt_fail(e, VT_EUSAGE, "--attribute-class %lld: %s has no category of this id", (long long)id[k],
                     o->gt);
  }
  return 0;
}

int vt_eval_fashionpedia(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct vt__coco_pair p = {0};
  struct vt_coco_result r = {0};
  struct mean m = {0};
  int32_t *weight = NULL;
  bool *has = NULL, *skip = NULL;
  int rc = vt__coco_open(&p, o, e);
  if (!rc) rc = mean_init(&m, p.gt.classes.n, o->rounds, e);
  if (!rc && (!(p.has = vt_calloc((size_t)p.gt.attributes.n + 1, 1)) ||
              !(has = vt_calloc((size_t)p.gt.classes.n + 1, sizeof *has)) ||
              !(skip = vt_calloc((size_t)p.gt.classes.n + 1, sizeof *skip))))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc || (rc = choose(has, &p.gt, o, e))) goto out;
  struct vt_coco_input in = vt__coco_input(&p, o->masks);
  in.f1 = attribute_f1;
  in.f1_threshold = -1;
  in.f1_class = has;
  if ((rc = vt__coco_draws(&in, &p, o, &weight, e)) || (rc = vt_coco_eval(&r, &in, e))) goto out;
  vt__coco_figures(&r, o->rounds, f);
  if (o->classes) vt__coco_classes(&p.gt, &r, f);
  in.skip = skip;
  for (int t = -1; t < VT_COCO_IOUS && !rc; t++) { /* -1: classes without attributes */
    for (int c = 0; c < p.gt.classes.n; c++) skip[c] = has[c] != (t >= 0);
    in.f1_threshold = t + 1 < VT_COCO_IOUS ? t * ((.95 - .5) / 9) + .5 : .95;
    vt_coco_result_clear(&r);
    if (!(rc = vt_coco_eval(&r, &in, e))) mean_add(&m, &r, o->rounds);
  }
  if (!rc) report(&m, &p.gt, o, f);
out:
  vt_free(weight);
  vt_free(has);
  vt_free(skip);
  mean_clear(&m);
  vt_coco_result_clear(&r);
  vt__coco_close(&p);
  return rc;
}
