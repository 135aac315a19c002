/* Augmentation, geometry: one affine transform drawn at random takes picture and label map alike.
 *
 * out pixel -> src pixel, about the centres (c = half the size):
 *   u = R(-angle) (p - c_out - shift);  u = u / (zoom * exp(+-aspect / 2));  src = c_src + flip(u) * src /
 * out so that without any change the picture is stretched to the output ("fitted"). Where the source is
 * larger than the output, the part seen is first resized with an antialiasing filter to the scale of the
 * output, then warped; a pure crop and scale needs no warp at all. Labels go from the source straight to the
 * output, nearest, by the same matrix. What is outside the picture is white. */
#include <math.h>
#include <string.h>
#include "data/augment_internal.h"
#include "data/data_internal.h"

struct geometry {
  double m[6];         /* out -> src, as in vt_image_warp */
  double sx, sy;       /* source pixels per output pixel along x and y of the source */
  bool flip, straight; /* straight: no rotation */
};

static double log_uniform(struct vt_rng *rng, double lo, double hi)
{
  return exp(log(lo) + (log(hi) - log(lo)) * vt_rng_unit(rng));
}

static double spread(struct vt_rng *rng, double half)
{
  return half > 0 ? half * (2 * vt_rng_unit(rng) - 1) : 0;
}

static struct geometry draw_geometry(const struct vt_augment *a, struct vt_rng *rng,
                                     const struct vt_image *im, const struct vt_image *out)
{
  struct geometry g = {0};
  g.flip = a->flip > 0 && vt_rng_unit(rng) < a->flip;
  double zoom = a->scale_min > 0 && a->scale_max > 0 ? log_uniform(rng, a->scale_min, a->scale_max) : 1;
  double aspect = exp(spread(rng, a->aspect));
  double tx = spread(rng, a->shift) * out->width, ty = spread(rng, a->shift) * out->height;
  double angle = spread(rng, a->rotate) * (M_PI / 180);
  g.straight = angle == 0;
  g.sx = im->width / (zoom * sqrt(aspect)) / out->width;
  g.sy = im->height / (zoom / sqrt(aspect)) / out->height;
  double cosa = cos(angle), sina = sin(angle), fx = g.flip ? -g.sx : g.sx;
  double cx = out->width / 2.0 + tx, cy = out->height / 2.0 + ty;
  g.m[0] = fx * cosa;
  g.m[1] = fx * sina;
  g.m[3] = g.sy * -sina;
  g.m[4] = g.sy * cosa;
  g.m[2] = im->width / 2.0 - g.m[0] * cx - g.m[1] * cy;
  g.m[5] = im->height / 2.0 - g.m[3] * cx - g.m[4] * cy;
  return g;
}

/* The part of the source that the output sees, in whole pixels with a margin for the filters. */
static void seen(const struct geometry *g, const struct vt_image *im, const struct vt_image *out, int box[4])
{
  double lo[2] = {1e30, 1e30}, hi[2] = {-1e30, -1e30};
  for (int k = 0; k < 4; k++) {
    double x = k & 1 ? out->width : 0, y = k & 2 ? out->height : 0;
    for (int i = 0; i < 2; i++) {
      double v = g->m[3 * i] * x + g->m[3 * i + 1] * y + g->m[3 * i + 2];
      lo[i] = VT_MIN(lo[i], v);
      hi[i] = VT_MAX(hi[i], v);
    }
  }
  double mx = 2 + 2 * g->sx, my = 2 + 2 * g->sy;
  int x0 = (int)floor(VT_CLAMP(lo[0] - mx, 0, im->width - 1)),
      y0 = (int)floor(VT_CLAMP(lo[1] - my, 0, im->height - 1));
  int x1 = (int)ceil(VT_CLAMP(hi[0] + mx, x0 + 1, im->width)),
      y1 = (int)ceil(VT_CLAMP(hi[1] + my, y0 + 1, im->height));
  box[0] = x0;
  box[1] = y0;
  box[2] = x1 - x0;
  box[3] = y1 - y0;
}

/* A crop that lies inside the picture, scaled: one antialiased resize. */
static bool straight_inside(const struct geometry *g, const struct vt_image *im, const struct vt_image *out,
                            double box[4])
{
  if (!g->straight) return false;
  double x0 = g->m[2], x1 = g->m[0] * out->width + g->m[2], eps = 1e-6;
  box[0] = VT_MIN(x0, x1);
  box[1] = g->m[5];
  box[2] = fabs(x1 - x0);
  box[3] = g->m[4] * out->height;
  if (box[0] < -eps || box[1] < -eps || box[0] + box[2] > im->width + eps ||
      box[1] + box[3] > im->height + eps) {
    return false;
  }
  box[0] = VT_MAX(box[0], 0);
  box[1] = VT_MAX(box[1], 0);
  box[2] = VT_MIN(box[2], im->width - box[0]);
  box[3] = VT_MIN(box[3], im->height - box[1]);
  return true;
}

static int warp_picture(const struct geometry *g, const struct vt_image *im, struct vt_image *out,
                        struct vt_err *e)
{
  static const uint8_t white[4] = {255, 255, 255, 255};
  double box[4];
  if (straight_inside(g, im, out, box)) {
    int rc = vt_image_resize(out, im, box[0], box[1], box[2], box[3], VT_BILINEAR, e);
    if (rc >= 0 && g->flip) vt_image_flip_h(out);
    return rc;
  }
  double kx = VT_MAX(1, g->sx), ky = VT_MAX(1, g->sy);
  if (kx < 1.1 && ky < 1.1) return vt_image_warp(out, im, g->m, false, white, e);

  int part[4];
  seen(g, im, out, part);
  int w = (int)VT_MAX(1, lround(part[2] / kx)), h = (int)VT_MAX(1, lround(part[3] / ky));
  struct vt_image small;
  int rc = vt_image_init(&small, w, h, im->channels, e);
  if (rc < 0) return rc;
  if ((rc = vt_image_resize(&small, im, part[0], part[1], part[2], part[3], VT_BILINEAR, e)) >= 0) {
    double rx = (double)w / part[2], ry = (double)h / part[3];
    double m[6] = {g->m[0] * rx, g->m[1] * rx, (g->m[2] - part[0]) * rx,
                   g->m[3] * ry, g->m[4] * ry, (g->m[5] - part[1]) * ry};
    rc = vt_image_warp(out, &small, m, false, white, e);
  }
  vt_image_clear(&small);
  return rc;
}

int vt_augment_apply(const struct vt_augment *a, struct vt_rng *rng, const struct vt_image *im,
                     const struct vt_image *labels, struct vt_image *out, struct vt_image *out_labels,
                     uint8_t fill_label, struct vt_err *e)
{
  if (labels && (labels->width != im->width || labels->height != im->height || labels->channels != 1)) {
    return vt_fail(e, VT_ESHAPE, "label map of %d x %d x %d for a picture of %d x %d", labels->width,
                   labels->height, labels->channels, im->width, im->height);
  }
  if (out->channels != im->channels || !out->px ||
      (labels &&
       (out_labels->width != out->width || out_labels->height != out->height || out_labels->channels != 1))) {
    return vt_fail(e, VT_ESHAPE, "augmentation: output of %d x %d x %d does not fit the input's %d channels",
                   out->width, out->height, out->channels, im->channels);
  }
  struct geometry g = draw_geometry(a, rng, im, out);
  int rc = warp_picture(&g, im, out, e);
  if (rc < 0) return rc;
  if (labels && (rc = vt_image_warp(out_labels, labels, g.m, true, &fill_label, e)) < 0) return rc;
  return vt__augment_pixels(a, rng, out, labels ? out_labels : NULL, fill_label, e);
}
