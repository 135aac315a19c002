/* Grey, L*a*b*, and how far a pixel is from the background's colour. */
#include "image/plain_internal.h"

#include <math.h>
#include <stdlib.h>

static int need_rgb(const struct vt_image *im, struct vt_err *e)
{
  if (im->channels == 3 || im->channels == 4) return 0;
  return vt_fail(e, VT_ESHAPE, "picture with %d channels; expected RGB", im->channels);
}

int vt_image_grey(struct vt_image *grey, const struct vt_image *im, struct vt_err *e)
{
  int rc = need_rgb(im, e);
  if (!rc) rc = vt_image_init(grey, im->width, im->height, 1, e);
  for (int y = 0; !rc && y < im->height; y++) {
    const uint8_t *p = im->px + y * im->stride;
    uint8_t *out = grey->px + y * grey->stride;
    for (int x = 0; x < im->width; x++, p += im->channels) out[x] = vt_luma(p);
  }
  return rc;
}

/* sRGB (IEC 61966-2-1) to XYZ over the white of D65, then CIE 1976: f(t) = t^(1/3), below (6/29)^3 its
 * tangent. */
static float lab_f(double t)
{
  return (float)(t > 216. / 24389 ? cbrt(t) : (24389. / 27 * t + 16) / 116);
}

int vt_image_lab(float **lab, const struct vt_image *im, struct vt_err *e)
{
  float linear[256];
  *lab = NULL;
  int rc = need_rgb(im, e);
  if (rc) return rc;
  float *out = *lab = vt_reallocarray(NULL, (size_t)im->width * (size_t)im->height, 3 * sizeof *out);
  if (!out) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int v = 0; v < 256; v++)
    linear[v] = (float)(v <= 10 ? v / 255. / 12.92 : pow((v / 255. + .055) / 1.055, 2.4));
  for (int y = 0; y < im->height; y++) {
    const uint8_t *p = im->px + y * im->stride;
    for (int x = 0; x < im->width; x++, p += im->channels, out += 3) {
      float r = linear[p[0]], g = linear[p[1]], b = linear[p[2]];
      float fx = lab_f((.4124564 * r + .3575761 * g + .1804375 * b) / .9504700);
      float fy = lab_f(.2126729 * r + .7151522 * g + .0721750 * b);
      float fz = lab_f((.0193339 * r + .1191920 * g + .9503041 * b) / 1.0888300);
      out[0] = 116 * fy - 16;
      out[1] = 500 * (fx - fy);
      out[2] = 200 * (fy - fz);
    }
  }
  return 0;
}

static int by_value(const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

int vt_background_distance(struct vt_image *distance, const struct vt_image *im, struct vt_err *e)
{
  const int w = im->width, h = im->height, n = 2 * (w + h);
  float *lab, *frame = NULL, centre[3];
  int rc = vt_image_lab(&lab, im, e);
  if (!rc) rc = vt_image_init(distance, w, h, 1, e);
  if (!rc && !(frame = vt_reallocarray(NULL, (size_t)n, sizeof *frame)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int c = 0; !rc && c < 3; c++) {
    int k = 0;
    for (int x = 0; x < w; x++) {
      frame[k++] = lab[3 * (int64_t)x + c];
      frame[k++] = lab[3 * ((int64_t)(h - 1) * w + x) + c];
    }
    for (int y = 0; y < h; y++) {
      frame[k++] = lab[3 * (int64_t)y * w + c];
      frame[k++] = lab[3 * ((int64_t)y * w + w - 1) + c];
    }
    qsort(frame, (size_t)k, sizeof *frame, by_value);
    centre[c] = frame[k / 2];
  }
  for (int y = 0; !rc && y < h; y++)
    for (int x = 0; x < w; x++) {
      float d = sqrtf(vt__lab_distance2(lab + 3 * ((int64_t)y * w + x), centre));
      distance->px[y * distance->stride + x] = (uint8_t)lrintf(VT_MIN(2 * d, 255.f));
    }
  vt_free(lab);
  vt_free(frame);
  return rc;
}
