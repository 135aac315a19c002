/* Fashionpedia's figures: COCO's, and AP with the F1 of attributes.
 *
 * Jia et al., "Fashionpedia", ECCV 2020, section 5: classes that may have attributes enter the mean once for
 * each F1 threshold .50:.05:.95, a match then needing both thresholds; others enter once. F1 of one detection
 * is the macro mean of F1 over "has" and "has not" of all attributes of the set. Intervals take the same
 * draws of pictures for every threshold. */
#include "app/eval_coco_pair.h"

#include <math.h>
#include <string.h>

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
  if (!(truth + found)) return no;
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
    vt_figures_addf(f, m->ncls[c] ? m->cls[c] / (double)m->ncls[c] : NAN, "AP_F1 %s", gt->classes.v[c].name);
}

/* skip: classes that have attributes, or, if `with`, those that have none. */
static void choose(bool *skip, const struct vt_labels *gt, const struct vt_coco_opts *o, bool with)
{
  for (int c = 0; c < gt->classes.n; c++) {
    bool has = false;
    for (int k = 0; k < o->nattribute_classes; k++) has |= o->attribute_class[k] == gt->classes.v[c].id;
    skip[c] = has != with;
  }
}

int vt_eval_fashionpedia(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct vt__coco_pair p = {0};
  struct vt_coco_result r = {0};
  struct mean m = {0};
  int32_t *weight = NULL;
  bool *skip = NULL;
  int rc = vt__coco_open(&p, o, e);
  if (!rc) rc = mean_init(&m, p.gt.classes.n, o->rounds, e);
  if (!rc && (!(p.has = vt_calloc((size_t)p.gt.attributes.n + 1, 1)) ||
              !(skip = vt_calloc((size_t)p.gt.classes.n + 1, sizeof *skip))))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  struct vt_coco_input in = vt__coco_input(&p, o->masks);
  if ((rc = vt__coco_draws(&in, &p, o, &weight, e)) || (rc = vt_coco_eval(&r, &in, e))) goto out;
  vt__coco_figures(&r, o->rounds, f);
  if (o->classes) vt__coco_classes(&p.gt, &r, f);
  in.skip = skip;
  for (int t = -1; t < VT_COCO_IOUS && !rc; t++) { /* -1: classes without attributes */
    choose(skip, &p.gt, o, t >= 0);
    in.f1 = t >= 0 ? attribute_f1 : NULL;
    in.f1_threshold = t + 1 < VT_COCO_IOUS ? t * ((.95 - .5) / 9) + .5 : .95;
    vt_coco_result_clear(&r);
    if (!(rc = vt_coco_eval(&r, &in, e))) mean_add(&m, &r, o->rounds);
  }
  if (!rc) report(&m, &p.gt, o, f);
out:
  vt_free(weight);
  vt_free(skip);
  mean_clear(&m);
  vt_coco_result_clear(&r);
  vt__coco_close(&p);
  return rc;
}
