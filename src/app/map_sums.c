/* Measures of label maps from each picture's pixels by class, so that pictures can be drawn anew for
 * intervals.
 *
 * With I, T, P the pixels of a class in both, in truth, predicted, summed over pictures: IoU = I / (T + P -
 * I), Dice = 2 I / (T + P); means over classes that occur on either side. Frequency-weighted IoU = sum T IoU
 * / sum T; pixel accuracy = sum I / sum T. Boundary IoU as eval/boundary.c has it, with sums over pictures in
 * place of one picture's. */
#include "app/eval_maps.h"

#include <math.h>
#include <string.h>

enum { BOTH, TRUTH, FOUND, EDGE_BOTH, EDGE_ANY, FIELDS };
enum { FIGURES = 5 };
static const char *const figure_name[FIGURES] = {"mean_iou", "pixel_accuracy", "frequency_weighted_iou",
                                                 "mean_dice", "mean_boundary_iou"};
static const double boundary_share = .02;

int vt_map_sums_init(struct vt_map_sums *s, int classes, bool boundary, struct vt_err *e)
{
  *s = (struct vt_map_sums){.classes = classes, .boundary = boundary};
  if (classes < 1 || classes > 256)
    return vt_fail(e, VT_EARG, "label maps of %d classes; 1 to 256 allowed", classes);
  s->pair = vt_calloc((size_t)classes * (size_t)classes, sizeof *s->pair);
  return s->pair ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

void vt_map_sums_clear(struct vt_map_sums *s)
{
  vt_free(s->count);
  vt_free(s->pair);
  vt_buf_clear(&s->name);
  *s = (struct vt_map_sums){0};
}

/* Row `picture` of the sums. */
static int64_t *row_of(const struct vt_map_sums *s, int64_t picture)
{
  return s->count + picture * FIELDS * s->classes;
}

static int grow(struct vt_map_sums *s, struct vt_err *e)
{
  if (s->n < s->cap) return 0;
  const int64_t cap = s->cap ? 2 * s->cap : 64;
  int64_t *v = vt_reallocarray(s->count, (size_t)cap, FIELDS * (size_t)s->classes * sizeof *v);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory for %lld pictures", (long long)cap);
  s->count = v;
  s->cap = cap;
  return 0;
}

/* Pixels to ignore are taken out of what was found as well, so that they have no boundary of their own there.
 */
static int add_boundaries(const struct vt_map_sums *s, const struct vt_map_pair *p, int64_t *row,
                          struct vt_err *e)
{
  const size_t pixels = (size_t)p->width * (size_t)p->height;
  uint8_t *found = vt_malloc(pixels), *truth = vt_malloc(pixels);
  int rc = found && truth ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", p->name);
  for (int c = 0; c < s->classes && !rc; c++) {
    struct vt_mask a = {0}, b = {0};
    if (!row[TRUTH * s->classes + c] && !row[FOUND * s->classes + c]) continue;
    for (int y = 0; y < p->height; y++)
      for (int x = 0; x < p->width; x++) {
        const uint8_t t = p->truth[y * p->truth_stride + x];
        truth[(size_t)y * (size_t)p->width + (size_t)x] = t == c && t != p->ignore;
        found[(size_t)y * (size_t)p->width + (size_t)x] =
            p->found[y * p->found_stride + x] == c && t != p->ignore;
      }
    rc = vt_mask_from_bitmap(&a, truth, p->width, p->height, p->width, e);
    if (!rc) rc = vt_mask_from_bitmap(&b, found, p->width, p->height, p->width, e);
    if (!rc)
      rc = vt_boundary_counts(&row[EDGE_BOTH * s->classes + c], &row[EDGE_ANY * s->classes + c], &a, &b,
                              boundary_share, e);
    vt_mask_clear(&a);
    vt_mask_clear(&b);
  }
  vt_free(found);
  vt_free(truth);
  return rc;
}

int vt_map_sums_add(struct vt_map_sums *s, const struct vt_map_pair *p, struct vt_err *e)
{
  int rc = grow(s, e);
  if (rc) return rc;
  int64_t *row = row_of(s, s->n);
  memset(row, 0, FIELDS * (size_t)s->classes * sizeof *row);
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      const int t = p->truth[y * p->truth_stride + x], f = p->found[y * p->found_stride + x];
      if (t == p->ignore) continue;
      if (t >= s->classes || f >= s->classes)
        return vt_fail(e, VT_EFORMAT,
                       "%s: pixel (%d, %d) is %d in the truth and %d found; there are %d classes", p->name, x,
                       y, t, f, s->classes);
      row[TRUTH * s->classes + t]++;
      row[FOUND * s->classes + f]++;
      if (t == f) row[BOTH * s->classes + t]++;
      s->pair[t * s->classes + f]++;
    }
  if (s->boundary && (rc = add_boundaries(s, p, row, e))) return rc;
  vt_buf_add(&s->name, p->name, strlen(p->name) + 1);
  s->n++;
  return s->name.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

/* ---- figures */

static double ratio(int64_t a, int64_t b)
{
  return b ? (double)a / (double)b : NAN;
}

/* sum: (FIELDS, classes). */
static void figures_of(const int64_t *sum, int classes, bool boundary, double figure[FIGURES])
{
  double iou = 0, dice = 0, edge = 0, weighted = 0;
  int64_t both = 0, truth = 0;
  int n = 0, edges = 0;
  for (int c = 0; c < classes; c++) {
    const int64_t i = sum[BOTH * classes + c], t = sum[TRUTH * classes + c], p = sum[FOUND * classes + c];
    both += i;
    truth += t;
    if (!(t + p)) continue;
    n++;
    iou += ratio(i, t + p - i);
    dice += ratio(2 * i, t + p);
    weighted += (double)t * ratio(i, t + p - i);
    if (!sum[EDGE_ANY * classes + c]) continue;
    edges++;
    edge += ratio(sum[EDGE_BOTH * classes + c], sum[EDGE_ANY * classes + c]);
  }
  figure[0] = n ? iou / n : NAN;
  figure[1] = ratio(both, truth);
  figure[2] = truth ? weighted / (double)truth : NAN;
  figure[3] = n ? dice / n : NAN;
  figure[4] = boundary && edges ? edge / edges : NAN;
}

struct draws {
  const struct vt_map_sums *s;
  int64_t *sum;
};

static void measure(void *ctx, const int32_t *weight, double *figure)
{
  struct draws *d = ctx;
  const int cells = FIELDS * d->s->classes;
  memset(d->sum, 0, (size_t)cells * sizeof *d->sum);
  for (int64_t i = 0; i < d->s->n; i++) {
    const int64_t *row = row_of(d->s, i), times = weight ? weight[i] : 1;
    for (int k = 0; k < cells && times; k++) d->sum[k] += times * row[k];
  }
  figures_of(d->sum, d->s->classes, d->s->boundary, figure);
}

/* image,pixel_accuracy,mean_iou */
static int write_pictures(const struct vt_map_sums *s, const char *path, struct vt_err *e)
{
  struct vt_buf b = {0};
  const char *name = s->name.data;
  double figure[FIGURES];
  vt_buf_adds(&b, "image,pixel_accuracy,mean_iou\n");
  for (int64_t i = 0; i < s->n; i++, name += strlen(name) + 1) {
    figures_of(row_of(s, i), s->classes, s->boundary, figure);
    vt_csv_put(&b, name, true);
    for (int k = 1; k >= 0; k--) {
      vt_buf_addc(&b, ',');
      if (!isnan(figure[k])) vt_buf_addf(&b, "%.9g", figure[k]);
    }
    vt_buf_addc(&b, '\n');
  }
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

static void add_classes(const struct draws *d, const struct vt_map_opts *o, struct vt_figures *f)
{
  const int n = d->s->classes;
  for (int c = 0; c < n; c++) {
    const int64_t i = d->sum[BOTH * n + c], t = d->sum[TRUTH * n + c], p = d->sum[FOUND * n + c];
    if (o->seen && !(t + p)) continue;
    vt_figures_addf(f, ratio(i, t + p - i), "iou_%s", o->names[c]);
    if (!o->classes) continue;
    vt_figures_addf(f, ratio(i, p), "precision_%s", o->names[c]);
    vt_figures_addf(f, ratio(i, t), "recall_%s", o->names[c]);
    vt_figures_addf(f, ratio(2 * i, t + p), "dice_%s", o->names[c]);
    if (d->s->boundary)
      vt_figures_addf(f, ratio(d->sum[EDGE_BOTH * n + c], d->sum[EDGE_ANY * n + c]), "boundary_iou_%s",
                      o->names[c]);
  }
}

int vt_map_sums_report(const struct vt_map_sums *s, const struct vt_map_opts *o, struct vt_figures *f,
                       struct vt_err *e)
{
  struct draws d = {s, vt_calloc((size_t)s->classes, FIELDS * sizeof *d.sum)};
  const int n = s->boundary ? FIGURES : FIGURES - 1;
  double figure[FIGURES], low[FIGURES], high[FIGURES];
  if (!d.sum) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = 0;
  const struct vt_bootstrap_job j = {.n = s->n,
                                     .rounds = o->rounds,
                                     .figures = FIGURES,
                                     .level = .95,
                                     .seed = o->seed,
                                     .measure = measure,
                                     .ctx = &d};
  measure(&d, NULL, figure);
  for (int k = 0; k < n; k++) vt_figures_add(f, figure_name[k], figure[k]);
  if (o->rounds && !(rc = vt_bootstrap_of(&j, low, high, e)))
    for (int k = 0; k < n; k++) {
      vt_figures_addf(f, low[k], "%s_low", figure_name[k]);
      vt_figures_addf(f, high[k], "%s_high", figure_name[k]);
    }
  measure(&d, NULL, figure);
  add_classes(&d, o, f);
  if (!rc && o->per_image) rc = write_pictures(s, o->per_image, e);
  if (!rc && o->report) rc = vt_map_page(s, o->names, o->report, e);
  vt_free(d.sum);
  return rc;
}
