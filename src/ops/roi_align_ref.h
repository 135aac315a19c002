/* What RoiAlign and its gradient share (He et al. 2017, section 3). Private to ops/. */
#ifndef VT_OPS_ROI_ALIGN_REF_H
#define VT_OPS_ROI_ALIGN_REF_H

#include "ops/util.h"

struct vt__roi_attrs {
  int mode, coordinate_transformation_mode;
  int64_t output_height, output_width, sampling_ratio;
  float spatial_scale;
};
enum { VT__ROI_AVG, VT__ROI_MAX };
enum { VT__ROI_HALF_PIXEL, VT__ROI_OUTPUT_HALF_PIXEL };
#define VT__ROI_ROWS                                                                                         \
  VT_A_ENUM(struct vt__roi_attrs, mode, "avg|max", VT__ROI_AVG),                                             \
      VT_A_ENUM(struct vt__roi_attrs, coordinate_transformation_mode, "half_pixel|output_half_pixel",        \
                VT__ROI_HALF_PIXEL),                                                                         \
      VT_A_INT(struct vt__roi_attrs, output_height, 1), VT_A_INT(struct vt__roi_attrs, output_width, 1),     \
      VT_A_INT(struct vt__roi_attrs, sampling_ratio, 0), VT_A_FLOAT(struct vt__roi_attrs, spatial_scale, 1)

/* A sample: four pixels of a plane and their weights. */
struct vt__roi_sample {
  int64_t at[4];
  float weight[4];
};
/* The samples of one region: `count` for each of the output's places, place by place. */
struct vt__roi {
  int64_t h, w, count, batch;
  struct vt__roi_sample *sample;
  int64_t cap;
};
/* Region i of rois (R, 4) for x (N, C, H, W). Free r->sample with vt_free. */
int vt__roi_samples(struct vt__roi *r, const struct vt_ref_call *c, const struct vt_tensor *x,
                    const struct vt_tensor *rois, const struct vt_tensor *batch, int64_t i, struct vt_err *e);
int vt__roi_check(const struct vt_node *n, int x,
                  struct vt_err *e); /* ranks of x, rois, batch from input x on */

#endif
