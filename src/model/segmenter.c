/* Segmentation: photo -> network input of a near aspect -> logits at half size -> label map of the photo's
 * size. */
#include "model/network.h"

#include <math.h>
#include <string.h>

enum { MAX_CLASSES = 256 }; /* of an 8-bit label map */

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

/* What the network says at its own resolution, (H', W') samples of `classes` numbers each. */
struct lattice {
  int height, width, classes;
  const float *logit; // (H', W', C)
  float *prob;        // (H', W', C), softmax of logit
  uint8_t *label;     // (H', W'), where logit is greatest
};

/* Where a pixel lies between two samples of a row or column. */
struct between {
  int lo, hi;
  float t;
};

/* Pixel i when `from` samples cover the same extent as `to` pixels (half-pixel centres). */
static struct between source(int i, int to, int from)
{
  float s = ((float)i + 0.5f) * (float)from / (float)to - 0.5f;
  s = VT_CLAMP(s, 0.0f, (float)(from - 1));
  int lo = (int)s;
  return (struct between){lo, VT_MIN(lo + 1, from - 1), s - (float)lo};
}

static int greatest(const float *v, int n)
{
  int best = 0;
  for (int c = 1; c < n; c++)
    if (v[c] > v[best]) best = c;
  return best;
}

static void decide_sample(const struct lattice *l, int64_t i)
{
  const float *v = l->logit + i * l->classes;
  float *p = l->prob + i * l->classes, sum = 0;
  int best = greatest(v, l->classes);
  for (int c = 0; c < l->classes; c++) sum += p[c] = expf(v[c] - v[best]);
  for (int c = 0; c < l->classes; c++) p[c] /= sum;
  l->label[i] = (uint8_t)best;
}

static float lerp(float a, float b, float t)
{
  return a + t * (b - a);
}

/* The greatest interpolated logit of a pixel amid four samples. */
static uint8_t decide_pixel(const struct lattice *l, const int64_t at[4], float tx, float ty)
{
  float v[MAX_CLASSES];
  const float *a = l->logit + at[0] * l->classes, *b = l->logit + at[1] * l->classes,
              *c = l->logit + at[2] * l->classes, *d = l->logit + at[3] * l->classes;
  for (int i = 0; i < l->classes; i++) v[i] = lerp(lerp(a[i], c[i], ty), lerp(b[i], d[i], ty), tx);
  return (uint8_t)greatest(v, l->classes);
}

/* One row of pixels. Interpolation keeps order: where four samples agree, every pixel amid them does, and
 * only pixels at borders need all classes. prob: the decided class's, interpolated. */
static void decide_row(const struct lattice *l, struct between y, const struct between *column, int width,
                       uint8_t *labels, uint8_t *prob)
{
  int64_t up = (int64_t)y.lo * l->width, down = (int64_t)y.hi * l->width;
  for (int i = 0; i < width; i++) {
    struct between x = column[i];
    const int64_t at[4] = {up + x.lo, up + x.hi, down + x.lo, down + x.hi};
    uint8_t c = l->label[at[0]];
    if (c != l->label[at[1]] || c != l->label[at[2]] || c != l->label[at[3]])
      c = decide_pixel(l, at, x.t, y.t);
    labels[i] = c;
    if (!prob) continue;
    const float *p = l->prob + c;
    float left = lerp(p[at[0] * l->classes], p[at[2] * l->classes], y.t),
          right = lerp(p[at[1] * l->classes], p[at[3] * l->classes], y.t);
    prob[i] = (uint8_t)(255 * lerp(left, right, x.t) + 0.5f);
  }
}

/* Bilinear interpolation of the logits to (height, width), then the decision per pixel. */
static int decode(const float *logits, int lh, int lw, int classes, int height, int width, uint8_t *labels,
                  uint8_t *prob, struct vt_err *e)
{
  struct lattice l = {lh, lw, classes, logits};
  int64_t samples = (int64_t)lh * lw;
  struct between *column = vt_reallocarray(NULL, (size_t)width, sizeof *column);
  l.label = vt_malloc((size_t)samples);
  l.prob = vt_aligned((size_t)(samples * classes) * sizeof *l.prob);
  int rc = column && l.label && l.prob
               ? 0
               : vt_fail(e, VT_ENOMEM, "label map of %dx%d: out of memory", width, height);
  if (rc) goto out;
  for (int x = 0; x < width; x++) column[x] = source(x, width, lw);
#pragma omp parallel
  {
#pragma omp for
    for (int64_t i = 0; i < samples; i++) decide_sample(&l, i);
#pragma omp for
    for (int y = 0; y < height; y++) {
      int64_t at = (int64_t)y * width;
      decide_row(&l, source(y, height, lh), column, width, labels + at, prob ? prob + at : NULL);
    }
  }
out:
  vt_free(column);
  vt_free(l.label);
  vt_free(l.prob);
  return rc;
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
  struct vt_tensor in = vt_tensor_view(VT_F32, 4, (int64_t[]){views, 3, h, w}, planes), y[VT__MAX_OUTPUTS];
  if ((rc = vt_session_run(session, &in, y, e))) goto out;
  int classes = (int)y[0].dim[1], lh = (int)y[0].dim[2], lw = (int)y[0].dim[3]; // (views, C, H', W')
  if (y[0].rank != 4 || y[0].dim[0] != views || classes != s->net.nlabels || classes > MAX_CLASSES) {
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
