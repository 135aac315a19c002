/* Masks without a network: what stands on a plain background, or in a box. Part of image/image.h.
 *
 * The parts are the field's classical methods, each in a file of its own; vt_plain_mask puts them together
 * for a photo of one product. All are immutable functions of their input: same input, same result. */
#ifndef VT_IMAGE_PLAIN_H
#define VT_IMAGE_PLAIN_H

#include "image/image.h"

/* Luma as Pillow's convert("L"): (H, W), 1 channel. */
int vt_image_grey(struct vt_image *grey, const struct vt_image *im, struct vt_err *e);
/* CIE L*a*b* (D65): (H, W, 3); L 0..100. vt_free. */
int vt_image_lab(float **lab, const struct vt_image *im, struct vt_err *e);
/* Distance of each pixel from the background's colour, which is the median of the frame's pixels in L*a*b*;
 * 2 levels for each unit, at most 255: (H, W), 1 channel. */
int vt_background_distance(struct vt_image *distance, const struct vt_image *im, struct vt_err *e);

/* ---- thresholds (1 channel) */
enum { VT_MAX_LEVELS = 6 };
void vt_histogram(const struct vt_image *grey, int64_t hist[256]);
/* n - 1 thresholds t that part the histogram into n classes (t[k - 1] < v <= t[k]) with the greatest variance
 * between them: Otsu, "A threshold selection method from gray-level histograms", 1979. n: 2..VT_MAX_LEVELS.
 */
int vt_otsu(const int64_t hist[256], int n, int *t, struct vt_err *e);
/* labels: how many of the n rising thresholds are below the pixel. */
int vt_threshold(struct vt_image *labels, const struct vt_image *grey, const int *t, int n, struct vt_err *e);

/* ---- regions */
/* Grows from seeds (x, y) over 4-neighbours whose colour is within `tolerance` (L*a*b*) of the region's mean
 * so far; all seeds grow one region each, in turn. labels: 0 none, 1..n. */
int vt_region_grow(struct vt_image *labels, const struct vt_image *im, int n, const int *seed_xy,
                   double tolerance, struct vt_err *e);
/* Split and merge (Horowitz and Pavlidis, 1976): squares are split while a colour in them is further than
 * `tolerance` (L*a*b*) from their mean; then neighbours are joined, the most similar first, while their means
 * are within it. region: (H, W), 0..*n-1 in order of first pixel. vt_free. */
int vt_split_merge(int32_t **region, int *n, const struct vt_image *im, double tolerance, struct vt_err *e);
/* k clusters of colours in L*a*b*, k-means++ (Arthur and Vassilvitskii, 2007), then Lloyd's iterations.
 * labels: 0..k-1 by rising lightness. k: 2..VT_MAX_LEVELS. */
int vt_colour_kmeans(struct vt_image *labels, const struct vt_image *im, int k, uint64_t seed,
                     struct vt_err *e);

/* ---- a box refined (Rother, Kolmogorov, Blake, "GrabCut", 2004) */
struct vt_grabcut_opts {
  struct vt_box box; /* everything outside is background */
  int iterations;    /* 0: 5 */
  int max_side;      /* pictures with a longer side are cut small; 0: 320 */
  int level;         /* outside the box, what is farther than this from the background's colour (levels of
                        vt_background_distance) may be object, too, as where a photo cuts it off; 0: nothing */
};
/* mask: (H, W), 1 channel, 0 or 1. */
int vt_grabcut(struct vt_image *mask, const struct vt_image *im, const struct vt_grabcut_opts *o,
               struct vt_err *e);

/* ---- all of it, for a photo */
enum vt_plain_method {
  VT_PLAIN_OTSU,
  VT_PLAIN_THRESHOLD,
  VT_PLAIN_MULTI,
  VT_PLAIN_GROW,
  VT_PLAIN_SPLIT_MERGE,
  VT_PLAIN_KMEANS,
  VT_PLAIN_GRABCUT
};
#define VT_PLAIN_METHODS "otsu|threshold|multi|grow|split-merge|kmeans|grabcut"
struct vt_plain_opts {
  enum vt_plain_method method;
  struct vt_box box; /* w = 0: none. The object lies inside: what is outside is background for all methods */
  int nseeds;        /* grow: points (x, y) of the object; 0: the background grows from the frame's corners */
  const int *seed_xy;
  bool grey;        /* thresholds look at luma, not at the distance from the background's colour */
  int threshold;    /* threshold: level 0..255; 0: 16 */
  int levels;       /* multi, kmeans: classes; 0: 3 */
  double tolerance; /* grow, split-merge: L*a*b* distance; 0: 10 */
  double fill;      /* holes and pieces smaller than this share of the picture go; 0: .002, < 0: none go */
};
/* mask: the object, (H, W) 1 channel of 0 and 1. Classes are told apart by the frame: background is the class
 * that most pixels of the frame have, and what is left at the frame of that class. */
int vt_plain_mask(struct vt_image *mask, const struct vt_image *im, const struct vt_plain_opts *o,
                  struct vt_err *e);

#endif
