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
                   bool crowd); /* crowd: divides by a's area */
int vt_mask_merge(struct vt_mask *out, const struct vt_mask *const *in, int n, bool intersect,
                  struct vt_err *e);
/* COCO's compressed string: 6-bit characters from '0', differences to the run two before. */
int vt_mask_to_coco(const struct vt_mask *m, struct vt_buf *out);
int vt_mask_from_coco(struct vt_mask *m, const char *s, int width, int height, struct vt_err *e);
/* iMaterialist's text: "start length start length …", 1-based, column by column. Runs must rise, not overlap,
 * and stay inside. */
int vt_mask_to_pairs(const struct vt_mask *m, struct vt_buf *out);
int vt_mask_from_pairs(struct vt_mask *m, const char *s, int width, int height, struct vt_err *e);

/* 4- or 8-connected components of labels == value in a label map; comp gets 0 (none) or 1..n in order of
 * first pixel (row-major); areas[1..n]; returns n or a negative error. areas is malloc'd (vt_free). */
int vt_components(const uint8_t *labels, int width, int height, int64_t stride, uint8_t value, bool eight,
                  int32_t *comp, int64_t **areas, struct vt_err *e);

#endif
