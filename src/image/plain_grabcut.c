/* GrabCut (Rother, Kolmogorov and Blake, "GrabCut: interactive foreground extraction using iterated graph
 * cuts", 2004).
 *
 * Energy: sum_n D(a_n, z_n) + gamma sum_(m,n) [a_m != a_n] exp(-beta |z_m - z_n|^2) / |m - n| over
 * 8-neighbours, with D the negative log of a mixture of five Gaussians over RGB for each of object and
 * background, gamma = 50 and beta = 1 / (2 <|z_m - z_n|^2>), the mean over neighbours side by side and one
 * below the other. Each round fits both mixtures to the present halves and cuts anew; the first halves are
 * inside and outside of the box. A background without pixels (a box as large as the picture) takes the top
 * row's. */
#include "image/plain_internal.h"

#include <math.h>
#include <string.h>

enum { COMPONENTS = 5, ROUNDS = 5, MAX_SIDE = 320 };
static const double gamma_weight = 50, hard = 1e4;

struct gaussian {
  double log_weight; /* log(share / ((2 pi)^1.5 sqrt det)) */
  double mean[3], inverse[6];
};
struct mixture {
  struct gaussian part[COMPONENTS];
};
struct grab {
  int width, height;
  int x0, y0, x1, y1; /* the box */
  float *z;           // (H, W, 3) colours
  uint8_t *side;      // (H, W) 1: object
  uint8_t *open;      // (H, W) 1: may be object
  float *point;       // (H * W, 3) colours of one half, and their clusters
  uint8_t *cluster;
  struct mixture object, background;
};

/* Symmetric 3 x 3: xx, xy, xz, yy, yz, zz. Returns the determinant. */
static double invert(const double s[6], double out[6])
{
  double a = s[3] * s[5] - s[4] * s[4], b = s[2] * s[4] - s[1] * s[5], c = s[1] * s[4] - s[2] * s[3];
  double det = s[0] * a + s[1] * b + s[2] * c;
  const double v[6] = {
      a, b, c, s[0] * s[5] - s[2] * s[2], s[1] * s[2] - s[0] * s[4], s[0] * s[3] - s[1] * s[1]};
  for (int i = 0; i < 6; i++) out[i] = v[i] / det;
  return det;
}

static void fit_part(const struct grab *g, int64_t n, int k, struct gaussian *out)
{
  double sum[3] = {0}, cov[6] = {0};
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    if (g->cluster[i] != k) continue;
    count++;
    for (int c = 0; c < 3; c++) sum[c] += g->point[3 * i + c];
  }
  *out = (struct gaussian){.log_weight = -INFINITY};
  if (!count) return;
  for (int c = 0; c < 3; c++) out->mean[c] = sum[c] / (double)count;
  for (int64_t i = 0; i < n; i++) {
    if (g->cluster[i] != k) continue;
    double d[3];
    for (int c = 0; c < 3; c++) d[c] = g->point[3 * i + c] - out->mean[c];
    for (int c = 0, a = 0; a < 3; a++)
      for (int b = a; b < 3; b++) cov[c++] += d[a] * d[b];
  }
  for (int c = 0; c < 6; c++) cov[c] /= (double)count;
  cov[0] += 4, cov[3] += 4, cov[5] += 4; /* two grey levels of noise: a flat colour stays a Gaussian */
  double det = invert(cov, out->inverse);
  out->log_weight = log((double)count / (double)n) - .5 * log(det) - 1.5 * log(2 * M_PI);
}

static double cost(const struct mixture *m, const float *z)
{
  double v[COMPONENTS], top = -INFINITY, sum = 0;
  for (int k = 0; k < COMPONENTS; k++) {
    const struct gaussian *p = &m->part[k];
    double a = z[0] - p->mean[0], b = z[1] - p->mean[1], c = z[2] - p->mean[2];
    const double *s = p->inverse;
    v[k] = p->log_weight - .5 * (s[0] * a * a + s[3] * b * b + s[5] * c * c) -
           (s[1] * a * b + s[2] * a * c + s[4] * b * c);
    top = VT_MAX(top, v[k]);
  }
  for (int k = 0; k < COMPONENTS; k++) sum += exp(v[k] - top);
  return -(top + log(sum));
}

/* Fits a mixture to the pixels of one half; false if there are none. */
static int fit(struct grab *g, bool object, struct mixture *m, bool *any, struct vt_err *e)
{
  float centre[3 * COMPONENTS];
  int64_t n = 0;
  for (int64_t i = 0; i < (int64_t)g->width * g->height; i++)
    if (g->side[i] == object) memcpy(g->point + 3 * n++, g->z + 3 * i, 3 * sizeof *g->z);
  for (int x = 0; !object && !n && x < g->width; x++)
    memcpy(g->point + 3 * (int64_t)x, g->z + 3 * (int64_t)x, 3 * sizeof *g->z);
  if (!object && !n) n = g->width;
  *any = n > 0;
  if (!n) return 0;
  int rc = vt__kmeans(g->point, n, COMPONENTS, 1, centre, g->cluster, e);
  for (int k = 0; k < COMPONENTS && !rc; k++) fit_part(g, n, k, &m->part[k]);
  return rc;
}

static double mean_contrast(const struct grab *g)
{
  double sum = 0;
  int64_t n = 0;
  for (int y = 0; y < g->height; y++)
    for (int x = 0; x < g->width; x++) {
      const float *z = g->z + 3 * ((int64_t)y * g->width + x);
      if (x + 1 < g->width) sum += vt__lab_distance2(z, z + 3), n++;
      if (y + 1 < g->height) sum += vt__lab_distance2(z, z + 3 * (int64_t)g->width), n++;
    }
  return n ? sum / (double)n : 0;
}

static void set_edges(const struct grab *g, struct vt__grid *grid, double beta)
{
  static const int dx[] = {1, 1, 0, -1}, dy[] = {0, 1, 1, 1};
  for (int y = 0; y < g->height; y++)
    for (int x = 0; x < g->width; x++)
      for (int d = 0; d < 4; d++) {
        int u = x + dx[d], v = y + dy[d];
        if (u < 0 || u >= g->width || v >= g->height) continue;
        float d2 =
            vt__lab_distance2(g->z + 3 * ((int64_t)y * g->width + x), g->z + 3 * ((int64_t)v * g->width + u));
        double weight = gamma_weight * exp(-beta * d2) / (d & 1 ? M_SQRT2 : 1);
        vt__grid_join(grid, vt__grid_at(grid, x, y), d, (float)weight);
      }
}

static int cut_once(struct grab *g, double beta, bool *changed, struct vt_err *e)
{
  struct vt__grid grid;
  double flow;
  const int64_t n = (int64_t)g->width * g->height;
  uint8_t *side = vt_malloc((size_t)n);
  int rc = vt__grid_new(&grid, g->width, g->height, e);
  if (!rc && !side) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  set_edges(g, &grid, beta);
  for (int y = 0; y < g->height; y++)
    for (int x = 0; x < g->width; x++) {
      const float *z = g->z + 3 * ((int64_t)y * g->width + x);
      double t = g->open[(int64_t)y * g->width + x] ? cost(&g->background, z) - cost(&g->object, z) : -hard;
      grid.terminal[vt__grid_at(&grid, x, y)] = (float)VT_CLAMP(t, -hard, hard);
    }
  if ((rc = vt__grid_cut(&grid, side, &flow, e))) goto out;
  *changed = memcmp(side, g->side, (size_t)n) != 0;
  memcpy(g->side, side, (size_t)n);
out:
  vt__grid_clear(&grid);
  vt_free(side);
  return rc;
}

static int iterate(struct grab *g, int rounds, struct vt_err *e)
{
  double contrast = mean_contrast(g), beta = contrast > 0 ? 1 / (2 * contrast) : 0;
  bool changed = true, any;
  int rc = 0;
  for (int k = 0; k < rounds && changed && !rc; k++) {
    rc = fit(g, true, &g->object, &any, e);
    if (rc || !any) return rc; /* nothing is left of the object */
    rc = fit(g, false, &g->background, &any, e);
    if (!rc) rc = cut_once(g, beta, &changed, e);
  }
  return rc;
}

/* Colours as floats, the box in whole pixels, both halves as the box says. */
static int prepare(struct grab *g, const struct vt_image *im, struct vt_box box, int level, struct vt_err *e)
{
  struct vt_image distance = {0};
  const size_t n = (size_t)im->width * (size_t)im->height;
  g->width = im->width;
  g->height = im->height;
  g->z = vt_reallocarray(NULL, n, 3 * sizeof *g->z);
  g->point = vt_reallocarray(NULL, n, 3 * sizeof *g->point);
  g->side = vt_calloc(n, 1);
  g->open = vt_calloc(n, 1);
  g->cluster = vt_malloc(n);
  if (!g->z || !g->point || !g->side || !g->open || !g->cluster)
    return vt_fail(e, VT_ENOMEM, "out of memory");
  box = vt_box_clip(box, im->width, im->height);
  g->x0 = (int)floor(box.x);
  g->y0 = (int)floor(box.y);
  g->x1 = (int)ceil(box.x + box.w);
  g->y1 = (int)ceil(box.y + box.h);
  for (int y = 0; y < im->height; y++)
    for (int x = 0; x < im->width; x++) {
      const int64_t at = (int64_t)y * im->width + x;
      for (int c = 0; c < 3; c++) g->z[3 * at + c] = im->px[y * im->stride + (int64_t)x * im->channels + c];
      g->open[at] = x >= g->x0 && x < g->x1 && y >= g->y0 && y < g->y1;
    }
  int rc = level ? vt_background_distance(&distance, im, e) : 0;
  for (int y = 0; level && !rc && y < im->height; y++)
    for (int x = 0; x < im->width; x++)
      if (distance.px[y * distance.stride + x] > level) g->open[(int64_t)y * im->width + x] = 1;
  vt_image_clear(&distance);
  if (!rc) memcpy(g->side, g->open, n);
  return rc;
}

/* The small mask, drawn large: bilinear, more than half is object. */
static int give(const struct grab *g, struct vt_image *mask, const struct vt_image *im, struct vt_err *e)
{
  struct vt_image small = {0};
  int rc = vt_image_init(&small, g->width, g->height, 1, e);
  if (!rc) rc = vt_image_init(mask, im->width, im->height, 1, e);
  for (int y = 0; !rc && y < g->height; y++)
    for (int x = 0; x < g->width; x++)
      small.px[y * small.stride + x] = g->side[(int64_t)y * g->width + x] ? 255 : 0;
  if (!rc) rc = vt_image_resize(mask, &small, 0, 0, g->width, g->height, VT_BILINEAR, e);
  for (int y = 0; !rc && y < mask->height; y++)
    for (int x = 0; x < mask->width; x++)
      mask->px[y * mask->stride + x] = mask->px[y * mask->stride + x] > 127;
  vt_image_clear(&small);
  return rc;
}

int vt_grabcut(struct vt_image *mask, const struct vt_image *im, const struct vt_grabcut_opts *o,
               struct vt_err *e)
{
  struct grab g = {0};
  struct vt_image small = {0};
  const int longest = VT_MAX(im->width, im->height), most = o->max_side > 0 ? o->max_side : MAX_SIDE;
  const double scale = VT_MIN(1., (double)most / longest);
  struct vt_box box = {o->box.x * scale, o->box.y * scale, o->box.w * scale, o->box.h * scale};
  *mask = (struct vt_image){0};
  if (im->channels < 3) return vt_fail(e, VT_ESHAPE, "picture with %d channels; expected RGB", im->channels);
  if (!(o->box.w > 0 && o->box.h > 0)) return vt_fail(e, VT_EARG, "grabcut: no box");
  int rc = vt_image_init(&small, VT_MAX((int)lrint(im->width * scale), 1),
                         VT_MAX((int)lrint(im->height * scale), 1), im->channels, e);
  if (!rc) rc = vt_image_resize(&small, im, 0, 0, im->width, im->height, VT_BILINEAR, e);
  if (!rc) rc = prepare(&g, &small, box, o->level, e);
  if (!rc) rc = iterate(&g, o->iterations > 0 ? o->iterations : ROUNDS, e);
  if (!rc) rc = give(&g, mask, im, e);
  vt_image_clear(&small);
  vt_free(g.z);
  vt_free(g.point);
  vt_free(g.side);
  vt_free(g.open);
  vt_free(g.cluster);
  return rc;
}
