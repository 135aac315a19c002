/* k-means: k-means++ chooses the first centres, Lloyd's iterations move them until nothing changes. */
#include "image/plain_internal.h"

#include <math.h>
#include <string.h>

enum { ITERATIONS = 50, FITTED = 20000 };

static int nearest(const float *p, int k, const float *centre)
{
  int best = 0;
  for (int c = 1; c < k; c++)
    if (vt__lab_distance2(p, centre + 3 * (int64_t)c) < vt__lab_distance2(p, centre + 3 * (int64_t)best))
      best = c;
  return best;
}

/* Each next centre is a point chosen with probability in proportion to its squared distance from the nearest
 * one. */
static void seed_centres(const float *point, int64_t n, int k, struct vt_rng *rng, float *centre, float *d2)
{
  memcpy(centre, point + 3 * (int64_t)vt_rng_below(rng, (uint32_t)n), 3 * sizeof *centre);
  for (int c = 1; c < k; c++) {
    double all = 0;
    for (int64_t i = 0; i < n; i++) {
      float d = vt__lab_distance2(point + 3 * i, centre + 3 * (int64_t)(c - 1));
      if (c == 1 || d < d2[i]) d2[i] = d;
      all += d2[i];
    }
    double left = vt_rng_unit(rng) * all;
    int64_t i = 0;
    while (i + 1 < n && (left -= d2[i]) >= 0) i++;
    memcpy(centre + 3 * (int64_t)c, point + 3 * i, 3 * sizeof *centre);
  }
}

int vt__kmeans(const float *point, int64_t n, int k, uint64_t seed, float *centre, uint8_t *cluster,
               struct vt_err *e)
{
  struct vt_rng rng;
  float *d2 = vt_reallocarray(NULL, (size_t)n, sizeof *d2);
  if (!d2) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_rng_init(&rng, seed, 0, 0);
  seed_centres(point, n, k, &rng, centre, d2);
  vt_free(d2);
  bool moved = true;
  memset(cluster, 255, (size_t)n);
  for (int it = 0; it < ITERATIONS && moved; it++) {
    double sum[256][3] = {{0}};
    int64_t count[256] = {0};
    moved = false;
    for (int64_t i = 0; i < n; i++) {
      int c = nearest(point + 3 * i, k, centre);
      moved |= c != cluster[i];
      cluster[i] = (uint8_t)c;
      count[c]++;
      for (int j = 0; j < 3; j++) sum[c][j] += point[3 * i + j];
    }
    for (int c = 0; c < k; c++)
      for (int j = 0; j < 3 && count[c]; j++) centre[3 * c + j] = (float)(sum[c][j] / (double)count[c]);
  }
  return 0;
}

static void sort_by_lightness(float *centre, int k)
{
  for (int i = 1; i < k; i++)
    for (int j = i; j > 0 && centre[3 * j] < centre[3 * (j - 1)]; j--)
      for (int c = 0; c < 3; c++) {
        float t = centre[3 * j + c];
        centre[3 * j + c] = centre[3 * (j - 1) + c];
        centre[3 * (j - 1) + c] = t;
      }
}

int vt_colour_kmeans(struct vt_image *labels, const struct vt_image *im, int k, uint64_t seed,
                     struct vt_err *e)
{
  const int64_t n = (int64_t)im->width * im->height, step = VT_MAX(n / FITTED, 1),
                fitted = (n + step - 1) / step;
  float *lab = NULL, *point = NULL, centre[3 * VT_MAX_LEVELS];
  uint8_t *cluster = NULL;
  *labels = (struct vt_image){0};
  if (k < 2 || k > VT_MAX_LEVELS)
    return vt_fail(e, VT_EARG, "k-means: %d clusters, 2 to %d allowed", k, VT_MAX_LEVELS);
  int rc = vt_image_lab(&lab, im, e);
  if (rc) return rc;
  point = vt_reallocarray(NULL, (size_t)fitted, 3 * sizeof *point);
  cluster = vt_malloc((size_t)fitted);
  if (!point || !cluster) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; !rc && i < fitted; i++) memcpy(point + 3 * i, lab + 3 * i * step, 3 * sizeof *point);
  if (!rc) rc = vt__kmeans(point, fitted, k, seed, centre, cluster, e);
  if (!rc) rc = vt_image_init(labels, im->width, im->height, 1, e);
  if (!rc) sort_by_lightness(centre, k);
  for (int y = 0; !rc && y < im->height; y++)
    for (int x = 0; x < im->width; x++)
      labels->px[y * labels->stride + x] =
          (uint8_t)nearest(lab + 3 * ((int64_t)y * im->width + x), k, centre);
  vt_free(lab);
  vt_free(point);
  vt_free(cluster);
  return rc;
}
