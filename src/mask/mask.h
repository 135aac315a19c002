/* Masks, polygons and boxes: set operations, IoU and conversion. Pixels are (x right, y down), origin top
 * left.
 *
 * A run-length mask lists runs column by column (COCO's and iMaterialist's order), starting with a run of
 * zeros, so runs[0] may be 0; their sum is height * width. Pure functions, immutable inputs. */
#ifndef VT_MASK_H
#define VT_MASK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"

enum { VT_MAX_SIDE = 65500 };

struct vt_box { /* pixels; x, y: top left corner; real numbers since COCO's are */
  double x, y, w, h;
};
double vt_box_iou(struct vt_box a, struct vt_box b);
/* crowd: divides by a's area, as COCO does for regions of many objects (b). */
double vt_box_iou_crowd(struct vt_box a, struct vt_box b);
struct vt_box vt_box_clip(struct vt_box b, int width, int height);

struct vt_mask {
  int width, height;
  int n;          /* runs */
  uint32_t *runs; /* owned; zeros first, alternating */
};
void vt_mask_clear(struct vt_mask *m);
/* bits: (H, W) row-major, non-zero = set; stride bytes per row. */
int vt_mask_from_bitmap(struct vt_mask *m, const uint8_t *bits, int width, int height, int64_t stride,
                        struct vt_err *e);
/* Where labels == value. */
int vt_mask_from_labels(struct vt_mask *m, const uint8_t *labels, int width, int height, int64_t stride,
                        uint8_t value, struct vt_err *e);
void vt_mask_to_bitmap(const struct vt_mask *m, uint8_t *bits, int64_t stride,
                       uint8_t value); /* sets, never clears */
int64_t vt_mask_area(const struct vt_mask *m);
struct vt_box vt_mask_box(const struct vt_mask *m); /* tight; w = h = 0 if empty */
double vt_mask_iou(const struct vt_mask *a, const struct vt_mask *b,
                   bool crowd);                                         /* crowd: divides by a's area */
int64_t vt_mask_both(const struct vt_mask *a, const struct vt_mask *b); /* pixels set in both */
int vt_mask_merge(struct vt_mask *out, const struct vt_mask *const *in, int n, bool intersect,
                  struct vt_err *e);
/* The mask of the picture with x and y exchanged: its runs are this picture's row by row. For formats whose
 * runs go along rows: turn, then read or write. */
int vt_mask_turn(struct vt_mask *out, const struct vt_mask *in, struct vt_err *e);
/* COCO's plain runs: column by column, zeros first; must be >= 0 and sum to width * height. */
int vt_mask_from_runs(struct vt_mask *m, const int64_t *runs, int64_t n, int width, int height,
                      struct vt_err *e);
/* COCO's compressed string: 6-bit characters from '0', differences to the run two before. */
int vt_mask_to_coco(const struct vt_mask *m, struct vt_buf *out);
int vt_mask_from_coco(struct vt_mask *m, const char *s, int width, int height, struct vt_err *e);
/* iMaterialist's text: "start length start length …", 1-based, column by column. Runs must rise, not overlap,
 * and stay inside. */
int vt_mask_to_pairs(const struct vt_mask *m, struct vt_buf *out);
int vt_mask_from_pairs(struct vt_mask *m, const char *s, int width, int height, struct vt_err *e);

/* Closed lines of one object. Polygon i is points start[i] .. start[i + 1] - 1; pixels are unit squares whose
 * corners are whole numbers. */
struct vt_polygons {
  int n;
  int *start; // (n + 1); owned
  double *xy; // (start[n], 2); owned
};
void vt_polygons_clear(struct vt_polygons *p);
/* Fewer than 3 points, or coordinates that are not finite or beyond 10^7: VT_EFORMAT. */
int vt_polygons_check(const struct vt_polygons *p, struct vt_err *e);
/* The union of the polygons, each filled by the even-odd rule, as COCO's tools rasterise (mask/polygon.c).
 * They are checked as above. */
int vt_mask_from_polygons(struct vt_mask *m, const struct vt_polygons *p, int width, int height,
                          struct vt_err *e);
/* The mask's rings along pixel edges: outer ones clockwise, holes the other way. Put together by the even-odd
 * rule they give the mask back. An empty mask has none. */
int vt_mask_trace(struct vt_polygons *out, const struct vt_mask *m, struct vt_err *e);
/* All rings as one closed line, joined by seams that are passed twice; rasterised it gives the same pixels.
 */
int vt_polygons_join(struct vt_polygons *p, struct vt_err *e);

/* 4- or 8-connected components of labels == value in a label map; comp gets 0 (none) or 1..n in order of
 * first pixel (row-major); areas[1..n]; returns n or a negative error. areas is malloc'd (vt_free). */
int vt_components(const uint8_t *labels, int width, int height, int64_t stride, uint8_t value, bool eight,
                  int32_t *comp, int64_t **areas, struct vt_err *e);

#endif
