/* Segmentation: photo -> network input of a near aspect -> logits at half size -> label map of the photo's
 * size. */
#include "model/network.h"

#include <math.h>
#include <string.h>

struct vt_segmenter {
  struct vt__network net;
};

int vt_segmenter_open(struct vt_segmenter **out, const struct vt_registry *r, const char *path,
                      const struct vt_model_opts *o, struct vt_err *e)
{
  *out = NULL;
  struct vt_segmenter *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  int rc = vt__network_open(&s->net, r, path, "segment", o, e);
  if (rc) {
    vt_free(s);
    return rc;
  }
  *out = s;
  return 0;
}

void vt_segmenter_free(struct vt_segmenter *s)
{
  if (!s) return;
  vt__network_close(&s->net);
  vt_free(s);
}

int vt_segmenter_nlabels(const struct vt_segmenter *s)
{
  return s->net.nlabels;
}

const char *vt_segmenter_label(const struct vt_segmenter *s, int i)
{
  return s->net.label[i];
}

const char *vt_segmenter_card(const struct vt_segmenter *s)
{
  return s->net.card;
}

int vt_segmenter_min_side(const struct vt_segmenter *s)
{
  return VT_MIN(s->net.preprocess.width, s->net.preprocess.height);
}

/* Interpolates between two source rows a, b (each w * classes floats) into out (w, classes). */
static void lerp_rows(const float *a, const float *b, float t, float *out, int64_t n)
{
  for (int64_t i = 0; i < n; i++) out[i] = a[i] + t * (b[i] - a[i]);
}

/* Arg max and its softmax probability of n logits. */
static uint8_t decide(const float *v, int n, uint8_t *prob)
{
  int best = 0;
  for (int c = 1; c < n; c++)
    if (v[c] > v[best]) best = c;
  if (prob) {
    float sum = 0;
    for (int c = 0; c < n; c++) sum += expf(v[c] - v[best]);
    *prob = (uint8_t)lrintf(255 / sum);
  }
  return (uint8_t)best;
}

/* Source coordinate of pixel i when `from` samples cover the same extent as `to` (half-pixel centres). */
static void source(int i, int to, int from, int *lo, int *hi, float *t)
{
  float s = ((float)i + 0.5f) * (float)from / (float)to - 0.5f;
  s = VT_CLAMP(s, 0.0f, (float)(from - 1));
  *lo = (int)s;
  *hi = VT_MIN(*lo + 1, from - 1);
  *t = s - (float)*lo;
}

/* logits: (H', W', C), classes innermost. Bilinear upsampling to (H, W), then the decision per pixel. */
static int decode(const float *logits, int lh, int lw, int classes, int height, int width, uint8_t *labels,
                  uint8_t *prob, struct vt_err *e)
{
  int64_t row = (int64_t)lw * classes;
  int failed = 0;
#pragma omp parallel
  {
    float *mixed = vt_reallocarray(NULL, (size_t)row + (size_t)classes, sizeof *mixed);
    float *pixel = mixed ? mixed + row : NULL;
    if (!mixed)
#pragma omp atomic write
      failed = 1;
#pragma omp for
    for (int y = 0; y < height; y++) {
      int y0, y1, x0, x1;
      float ty, tx;
      if (!mixed) continue;
      source(y, height, lh, &y0, &y1, &ty);
      lerp_rows(logits + y0 * row, logits + y1 * row, ty, mixed, row);
      for (int x = 0; x < width; x++) {
        source(x, width, lw, &x0, &x1, &tx);
        lerp_rows(mixed + (int64_t)x0 * classes, mixed + (int64_t)x1 * classes, tx, pixel, classes);
        int64_t at = (int64_t)y * width + x;
        labels[at] = decide(pixel, classes, prob ? prob + at : NULL);
      }
    }
    vt_free(mixed);
  }
  return failed ? vt_fail(e, VT_ENOMEM, "label map of %dx%d: out of memory", width, height) : 0;
}

/* Each row of planes (3, H, W) back to front. */
static void mirror_planes(const float *in, float *out, int64_t rows, int64_t w)
{
  for (int64_t y = 0; y < rows; y++)
    for (int64_t x = 0; x < w; x++) out[y * w + x] = in[y * w + w - 1 - x];
}

/* Network output y (views, C, H', W') -> logits (H', W', C), the mean over the picture and, if there is a
 * second view, its mirror image. */
static void collect(const struct vt_tensor *y, float *logits, int64_t views)
{
  int64_t classes = y->dim[1], h = y->dim[2], w = y->dim[3];
  const float *src = y->data, *back = src + classes * h * w;
  for (int64_t c = 0; c < classes; c++)
    for (int64_t r = 0; r < h; r++)
      for (int64_t x = 0; x < w; x++) {
        int64_t row = (c * h + r) * w;
        float v = src[row + x];
        logits[(r * w + x) * classes + c] = views > 1 ? 0.5f * (v + back[row + w - 1 - x]) : v;
      }
}

int vt_segmenter_run(struct vt_segmenter *s, const struct vt_image *photo, uint8_t *labels, uint8_t *prob,
                     struct vt_err *e)
{
  int rc, w, h;
  const struct vt_preprocess *p = &s->net.preprocess;
  struct vt_image small = {0};
  struct vt__compiled *slot = NULL;
  struct vt_session *session = NULL;
  float *planes = NULL, *logits = NULL; // (views, 3, H, W), (H', W', C)
  int64_t views = p->mirror ? 2 : 1;
  vt_preprocess_size(p, photo->width, photo->height, &w, &h);
  int64_t view = 3LL * w * h;
  if ((rc = vt_image_init(&small, w, h, 3, e))) goto out;
  if ((rc = vt_image_resize(&small, photo, 0, 0, photo->width, photo->height, VT_BILINEAR, e))) goto out;
  if (!(planes = vt_aligned(sizeof *planes * (size_t)(views * view)))) {
    rc = vt_fail(e, VT_ENOMEM, "network input of %dx%d: out of memory", w, h);
    goto out;
  }
  vt_image_to_planes(&small, p->mean, p->std, planes);
  if (views > 1) mirror_planes(planes, planes + view, 3LL * h, w);
  if ((rc = vt__network_take(&s->net, views, h, w, &slot, &session, e))) goto out;
  struct vt_tensor in = vt_tensor_view(VT_F32, 4, (int64_t[]){views, 3, h, w}, planes), y[16];
  if ((rc = vt_session_run(session, &in, y, e))) goto out;
  int classes = (int)y[0].dim[1], lh = (int)y[0].dim[2], lw = (int)y[0].dim[3]; // (views, C, H', W')
  if (y[0].rank != 4 || y[0].dim[0] != views || classes != s->net.nlabels || classes > VT__MAX_LABELS) {
    rc = vt_fail(e, VT_ESHAPE, "segmentation output has %d classes, the model names %d labels", classes,
                 s->net.nlabels);
    goto out;
  }
  if (!(logits = vt_aligned(sizeof *logits * (size_t)((int64_t)lh * lw * classes)))) {
    rc = vt_fail(e, VT_ENOMEM, "logits of %dx%d: out of memory", lw, lh);
    goto out;
  }
  collect(&y[0], logits, views);
  rc = decode(logits, lh, lw, classes, photo->height, photo->width, labels, prob, e);
out:
  if (session) vt__network_give(&s->net, slot, session);
  vt_free(planes);
  vt_free(logits);
  vt_image_clear(&small);
  return rc;
}
