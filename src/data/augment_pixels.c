/* Augmentation, pixels: what changes colours and detail but moves nothing.
 *
 * Erasing follows Zhong et al., "Random Erasing Data Augmentation", 2017: a rectangle of 2-20 % of the area,
 * aspect 0.3-3.3, in one random colour; its labels become fill_label. */
#include <math.h>
#include <string.h>
#include "data/augment_internal.h"

static bool chance(struct vt_rng *rng, double p)
{
  return p > 0 && vt_rng_unit(rng) < p;
}

static float around_one(struct vt_rng *rng, double half)
{
  return half > 0 ? vt_rng_range(rng, (float)VT_MAX(0, 1 - half), (float)(1 + half)) : 1.0f;
}

static void random_colour(struct vt_rng *rng, int c[3])
{
  uint64_t r = vt_rng_u64(rng);
  for (int k = 0; k < 3; k++) c[k] = (int)(r >> (8 * k) & 255);
}

/* Share of foreground (label != 0) among the pixel and its neighbours, 0..9: a soft edge of one pixel. */
static int cover(const struct vt_image *l, int x, int y)
{
  int n = 0;
  for (int j = y - 1; j <= y + 1; j++) {
    const uint8_t *row = l->px + VT_CLAMP(j, 0, l->height - 1) * l->stride;
    for (int i = x - 1; i <= x + 1; i++) n += row[VT_CLAMP(i, 0, l->width - 1)] != 0;
  }
  return n;
}

void vt_augment_background(struct vt_image *im, const struct vt_image *labels, const struct vt_image *other)
{
  for (int y = 0; y < im->height; y++) {
    uint8_t *row = im->px + y * im->stride;
    int oy = (int)((int64_t)y * other->height / im->height);
    for (int x = 0; x < im->width; x++) {
      int in = cover(labels, x, y);
      if (in == 9) continue;
      const uint8_t *o =
          other->px + oy * other->stride + (int64_t)x * other->width / im->width * other->channels;
      uint8_t *p = row + x * im->channels;
      for (int k = 0; k < 3; k++) {
        int v = o[other->channels >= 3 ? k : 0];
        p[k] = (uint8_t)((p[k] * in + v * (9 - in) + 4) / 9);
      }
    }
  }
}

/* White, one colour, or a ramp between two colours, a third each. */
static int replace_background(struct vt_rng *rng, struct vt_image *im, const struct vt_image *labels,
                              struct vt_err *e)
{
  uint32_t kind = vt_rng_below(rng, 3);
  int a[3] = {255, 255, 255}, b[3] = {255, 255, 255};
  if (kind > 0) random_colour(rng, a);
  if (kind == 1) memcpy(b, a, sizeof b);
  if (kind == 2) random_colour(rng, b);
  struct vt_image ramp;
  int rc = vt_image_init(&ramp, 1, im->height, 3, e);
  if (rc < 0) return rc;
  for (int y = 0; y < im->height; y++) {
    for (int k = 0; k < 3; k++) {
      ramp.px[y * ramp.stride + k] = (uint8_t)(a[k] + (b[k] - a[k]) * y / VT_MAX(1, im->height - 1));
    }
  }
  vt_augment_background(im, labels, &ramp);
  vt_image_clear(&ramp);
  return 0;
}

static int resample(struct vt_rng *rng, struct vt_image *im, struct vt_err *e)
{
  double f = 0.25 + 0.75 * vt_rng_unit(rng);
  struct vt_image small;
  int rc = vt_image_init(&small, (int)VT_MAX(1, lround(im->width * f)),
                         (int)VT_MAX(1, lround(im->height * f)), im->channels, e);
  if (rc < 0) return rc;
  if ((rc = vt_image_resize(&small, im, 0, 0, im->width, im->height, VT_BILINEAR, e)) >= 0) {
    rc = vt_image_resize(im, &small, 0, 0, small.width, small.height, VT_BILINEAR, e);
  }
  vt_image_clear(&small);
  return rc;
}

static void erase(struct vt_rng *rng, struct vt_image *im, struct vt_image *labels, uint8_t fill_label)
{
  double area = (0.02 + 0.18 * vt_rng_unit(rng)) * im->width * im->height;
  double aspect = exp(log(0.3) + (log(3.3) - log(0.3)) * vt_rng_unit(rng));
  int w = VT_CLAMP((int)lround(sqrt(area * aspect)), 1, im->width);
  int h = VT_CLAMP((int)lround(sqrt(area / aspect)), 1, im->height);
  int x0 = (int)vt_rng_below(rng, (uint32_t)(im->width - w + 1)),
      y0 = (int)vt_rng_below(rng, (uint32_t)(im->height - h + 1));
  int c[3];
  random_colour(rng, c);
  for (int y = y0; y < y0 + h; y++) {
    uint8_t *p = im->px + y * im->stride + x0 * im->channels;
    for (int x = 0; x < w; x++, p += im->channels) {
      for (int k = 0; k < VT_MIN(3, im->channels); k++) p[k] = (uint8_t)c[k];
    }
    if (labels) memset(labels->px + y * labels->stride + x0, fill_label, (size_t)w);
  }
}

int vt__augment_pixels(const struct vt_augment *a, struct vt_rng *rng, struct vt_image *im,
                       struct vt_image *labels, uint8_t fill_label, struct vt_err *e)
{
  int rc;
  bool rgb = im->channels >= 3;
  if (labels && rgb && chance(rng, a->background) && (rc = replace_background(rng, im, labels, e)) < 0)
    return rc;
  float brightness = around_one(rng, a->brightness), contrast = around_one(rng, a->contrast);
  float saturation = around_one(rng, a->saturation);
  float hue = a->hue > 0 ? vt_rng_range(rng, (float)-a->hue, (float)a->hue) : 0.0f;
  if (chance(rng, a->grey)) {
    saturation = 0;
    hue = 0;
  }
  if (im->channels == 3 && (brightness != 1 || contrast != 1 || saturation != 1 || hue != 0)) {
    vt_image_jitter(im, brightness, contrast, saturation, hue);
  }
  double unit = VT_MIN(im->width, im->height) / 72.0; /* blurs grow with the picture */
  if (chance(rng, a->blur) && (rc = vt_image_blur(im, vt_rng_range(rng, 0.3f, 1.2f) * unit, e)) < 0)
    return rc;
  if (chance(rng, a->sharpen)) {
    float amount = vt_rng_range(rng, 0.3f, 1.5f);
    if ((rc = vt_image_sharpen(im, unit, amount, e)) < 0) return rc;
  }
  if (chance(rng, a->downscale) && (rc = resample(rng, im, e)) < 0) return rc;
  if (chance(rng, a->erase)) erase(rng, im, labels, fill_label);
  return 0;
}
