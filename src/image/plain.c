/* A product's mask from its photo by one of the classical methods: which class is background, and what is
 * done about holes and crumbs. */
#include "image/plain_internal.h"

#include <math.h>
#include <string.h>

enum { THRESHOLD = 16, LEVELS = 3, FRAME_LEVEL = 40 };
static const double tolerance = 10, fill_share = .002, frame_share = .02;

/* The class that most pixels of the frame have. */
static int frame_class(const struct vt_image *labels)
{
  int64_t count[256] = {0};
  const int w = labels->width, h = labels->height;
  for (int x = 0; x < w; x++) {
    count[labels->px[x]]++;
    count[labels->px[(h - 1) * labels->stride + x]]++;
  }
  for (int y = 1; y + 1 < h; y++) {
    count[labels->px[y * labels->stride]]++;
    count[labels->px[y * labels->stride + w - 1]]++;
  }
  int best = 0;
  for (int k = 1; k < 256; k++)
    if (count[k] > count[best]) best = k;
  return best;
}

/* Of levels of distance from the background's colour, the nearest are background up to the class that the
 * frame has; of a frame so mixed that most of it is farthest away, only the nearest class is. */
static void keep_farther(struct vt_image *labels, int classes)
{
  int background = frame_class(labels);
  if (background == classes - 1) background = 0;
  for (int y = 0; y < labels->height; y++)
    for (int x = 0; x < labels->width; x++) {
      uint8_t *p = &labels->px[y * labels->stride + x];
      *p = *p > background;
    }
}

static void keep_others(struct vt_image *labels, int background)
{
  for (int y = 0; y < labels->height; y++)
    for (int x = 0; x < labels->width; x++) {
      uint8_t *p = &labels->px[y * labels->stride + x];
      *p = *p != background;
    }
}

static int by_threshold(struct vt_image *mask, const struct vt_image *im, const struct vt_plain_opts *o,
                        struct vt_err *e)
{
  struct vt_image grey = {0};
  int64_t hist[256];
  int t[VT_MAX_LEVELS] = {o->threshold > 0 ? o->threshold : THRESHOLD};
  int n = o->method == VT_PLAIN_MULTI ? o->levels > 0 ? o->levels : LEVELS : 2;
  int rc = (o->grey ? vt_image_grey : vt_background_distance)(&grey, im, e);
  if (!rc && o->method != VT_PLAIN_THRESHOLD) {
    vt_histogram(&grey, hist);
    rc = vt_otsu(hist, n, t, e);
  }
  if (!rc) rc = vt_threshold(mask, &grey, t, n - 1, e);
  if (!rc && o->grey) keep_others(mask, frame_class(mask));
  if (!rc && !o->grey) keep_farther(mask, n);
  vt_image_clear(&grey);
  return rc;
}

/* With seeds the object grows, else the background does, from the corners. */
static int by_growing(struct vt_image *mask, const struct vt_image *im, const struct vt_plain_opts *o,
                      struct vt_err *e)
{
  const int w = im->width - 1, h = im->height - 1;
  const int corners[] = {0, 0, w, 0, 0, h, w, h, w / 2, 0, w / 2, h, 0, h / 2, w, h / 2};
  bool object = o->nseeds > 0;
  int rc = vt_region_grow(mask, im, object ? o->nseeds : 8, object ? o->seed_xy : corners,
                          o->tolerance > 0 ? o->tolerance : tolerance, e);
  for (int y = 0; !rc && y < mask->height; y++)
    for (int x = 0; x < mask->width; x++) {
      uint8_t *p = &mask->px[y * mask->stride + x];
      *p = (*p != 0) == object;
    }
  return rc;
}

/* Regions that have a good part of the frame are background. */
static int by_regions(struct vt_image *mask, const struct vt_image *im, const struct vt_plain_opts *o,
                      struct vt_err *e)
{
  const int w = im->width, h = im->height;
  int32_t *region = NULL;
  int64_t *frame = NULL;
  int n;
  int rc = vt_split_merge(&region, &n, im, o->tolerance > 0 ? o->tolerance : tolerance, e);
  if (!rc && !(frame = vt_calloc((size_t)n + 1, sizeof *frame))) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_image_init(mask, w, h, 1, e);
  for (int y = 0; !rc && y < h; y++)
    for (int x = 0; x < w; x++)
      if (!x || !y || x == w - 1 || y == h - 1) frame[region[(int64_t)y * w + x]]++;
  for (int y = 0; !rc && y < h; y++)
    for (int x = 0; x < w; x++)
      mask->px[y * mask->stride + x] = (double)frame[region[(int64_t)y * w + x]] < frame_share * 2 * (w + h);
  vt_free(region);
  vt_free(frame);
  return rc;
}

static int by_method(struct vt_image *mask, const struct vt_image *im, const struct vt_plain_opts *o,
                     struct vt_err *e)
{
  int rc;
  switch (o->method) {
  case VT_PLAIN_OTSU:
  case VT_PLAIN_THRESHOLD:
  case VT_PLAIN_MULTI: return by_threshold(mask, im, o, e);
  case VT_PLAIN_GROW: return by_growing(mask, im, o, e);
  case VT_PLAIN_SPLIT_MERGE: return by_regions(mask, im, o, e);
  case VT_PLAIN_KMEANS:
    rc = vt_colour_kmeans(mask, im, o->levels > 0 ? o->levels : LEVELS, 1, e);
    if (!rc) keep_others(mask, frame_class(mask));
    return rc;
  default: return vt_fail(e, VT_EARG, "no method %d of making masks", (int)o->method);
  }
}

/* GrabCut needs a box; without one it is the picture but for a margin, where only what has the background's
 * colour is background for sure. */
static int by_grabcut(struct vt_image *mask, const struct vt_image *im, struct vt_box box, struct vt_err *e)
{
  const double mx = im->width * .02 + 1, my = im->height * .02 + 1;
  const bool given = box.w > 0;
  if (!given) box = (struct vt_box){mx, my, VT_MAX(im->width - 2 * mx, 1), VT_MAX(im->height - 2 * my, 1)};
  return vt_grabcut(mask, im, &(struct vt_grabcut_opts){.box = box, .level = given ? 0 : FRAME_LEVEL}, e);
}

/* Small components of `value` take the other value, but for the largest (object) and those at the frame
 * (holes). */
static int drop_small(struct vt_image *mask, uint8_t value, double share, struct vt_err *e)
{
  const int w = mask->width, h = mask->height;
  int64_t *area = NULL;
  int32_t *comp = vt_reallocarray(NULL, (size_t)w * (size_t)h, sizeof *comp);
  if (!comp) return vt_fail(e, VT_ENOMEM, "out of memory");
  int n = vt_components(mask->px, w, h, mask->stride, value, value != 0, comp, &area, e), most = 0;
  for (int k = 1; k <= n; k++)
    if (!most || area[k] > area[most]) most = k;
  if (n > 0 && value) area[most] = (int64_t)w * h;
  for (int y = 0; n > 0 && !value && y < h; y++)
    for (int x = 0; x < w; x += y && y + 1 < h ? VT_MAX(w - 1, 1) : 1)
      area[comp[(int64_t)y * w + x]] = (int64_t)w * h;
  for (int y = 0; n > 0 && y < h; y++)
    for (int x = 0; x < w; x++) {
      int32_t k = comp[(int64_t)y * w + x];
      if (k && (double)area[k] < share * w * h) mask->px[y * mask->stride + x] = !value;
    }
  vt_free(comp);
  vt_free(area);
  return VT_MIN(n, 0);
}

/* The methods look at the box alone; its frame is then what tells the background. */
static int in_box(struct vt_image *mask, const struct vt_image *im, const struct vt_plain_opts *o,
                  struct vt_err *e)
{
  const struct vt_box b = vt_box_clip(o->box, im->width, im->height);
  const int x0 = (int)floor(b.x), y0 = (int)floor(b.y), x1 = (int)ceil(b.x + b.w), y1 = (int)ceil(b.y + b.h);
  if (x1 <= x0 || y1 <= y0) return vt_fail(e, VT_EARG, "the box lies outside the picture");
  const struct vt_image part = vt_image_crop_view(im, x0, y0, x1 - x0, y1 - y0);
  struct vt_plain_opts inner = *o;
  struct vt_image small = {0};
  int *seed = vt_calloc((size_t)VT_MAX(o->nseeds, 1), 2 * sizeof *seed);
  if (!seed) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < o->nseeds; i++) {
    seed[2 * i] = o->seed_xy[2 * i] - x0;
    seed[2 * i + 1] = o->seed_xy[2 * i + 1] - y0;
  }
  inner.seed_xy = seed;
  int rc = by_method(&small, &part, &inner, e);
  if (!rc) rc = vt_image_init(mask, im->width, im->height, 1, e);
  for (int y = y0; !rc && y < y1; y++)
    memcpy(mask->px + y * mask->stride + x0, small.px + (y - y0) * small.stride, (size_t)(x1 - x0));
  vt_image_clear(&small);
  vt_free(seed);
  return rc;
}

int vt_plain_mask(struct vt_image *mask, const struct vt_image *im, const struct vt_plain_opts *o,
                  struct vt_err *e)
{
  const double share = o->fill < 0 ? 0 : o->fill > 0 ? o->fill : fill_share;
  *mask = (struct vt_image){0};
  int rc = o->method == VT_PLAIN_GRABCUT ? by_grabcut(mask, im, o->box, e)
           : o->box.w > 0                ? in_box(mask, im, o, e)
                                         : by_method(mask, im, o, e);
  if (!rc && share > 0) rc = drop_small(mask, 1, share, e);
  if (!rc && share > 0) rc = drop_small(mask, 0, share, e);
  if (rc) vt_image_clear(mask);
  return rc;
}
