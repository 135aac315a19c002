/* Thresholds: given ones, and Otsu's for any number of classes.
 *
 * The variance between classes is sum_k w_k (m_k - m)^2 = sum_k S_k^2 / W_k - S^2 / W, with W_k pixels of sum
 * S_k in class k. Classes are runs of levels, so the best partition into n runs ending at level v is the best
 * into n - 1 ending somewhere before plus one run: dynamic programming, n * 256^2 / 2 steps, exact. */
#include "image/plain_internal.h"

#include <string.h>

void vt_histogram(const struct vt_image *grey, int64_t hist[256])
{
  memset(hist, 0, 256 * sizeof *hist);
  for (int y = 0; y < grey->height; y++)
    for (int x = 0; x < grey->width; x++) hist[grey->px[y * grey->stride + x]]++;
}

/* Of the levels (a, b]; an empty class adds nothing. */
static double run_value(const double *w, const double *s, int a, int b)
{
  double weight = w[b + 1] - w[a + 1], sum = s[b + 1] - s[a + 1];
  return weight > 0 ? sum * sum / weight : 0;
}

int vt_otsu(const int64_t hist[256], int n, int *t, struct vt_err *e)
{
  double w[257] = {0}, s[257] = {0}, best[VT_MAX_LEVELS][256];
  uint8_t cut[VT_MAX_LEVELS][256] = {{0}};
  if (n < 2 || n > VT_MAX_LEVELS)
    return vt_fail(e, VT_EARG, "otsu: %d classes, 2 to %d allowed", n, VT_MAX_LEVELS);
  for (int v = 0; v < 256; v++) {
    w[v + 1] = w[v] + (double)hist[v];
    s[v + 1] = s[v] + (double)hist[v] * v;
  }
  for (int v = 0; v < 256; v++) best[0][v] = run_value(w, s, -1, v);
  for (int k = 1; k < n; k++)
    for (int v = k; v < 256; v++) {
      best[k][v] = -1;
      for (int a = k - 1; a < v; a++) {
        double value = best[k - 1][a] + run_value(w, s, a, v);
        if (value <= best[k][v]) continue;
        best[k][v] = value;
        cut[k][v] = (uint8_t)a;
      }
    }
  for (int k = n - 1, v = 255; k > 0; k--) t[k - 1] = v = cut[k][v];
  return 0;
}

int vt_threshold(struct vt_image *labels, const struct vt_image *grey, const int *t, int n, struct vt_err *e)
{
  uint8_t map[256] = {0};
  if (grey->channels != 1) return vt_fail(e, VT_ESHAPE, "threshold: %d channels; expected 1", grey->channels);
  for (int v = 0; v < 256; v++)
    for (int k = 0; k < n && k < 255; k++) map[v] += v > t[k];
  int rc = vt_image_init(labels, grey->width, grey->height, 1, e);
  for (int y = 0; !rc && y < grey->height; y++)
    for (int x = 0; x < grey->width; x++)
      labels->px[y * labels->stride + x] = map[grey->px[y * grey->stride + x]];
  return rc;
}
