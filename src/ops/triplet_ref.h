/* Choice of triplets and their weights. Private to ops/. */
#ifndef VT_OPS_TRIPLET_REF_H
#define VT_OPS_TRIPLET_REF_H

#include "ops/util.h"

enum vt__mining { VT__RANDOM, VT__SEMIHARD, VT__HARD, VT__ALL };
struct vt__triplet_attrs {
  float margin;
  int mining;
  int64_t squared;
};
#define VT__TRIPLET_ROWS                                                                                     \
  VT_A_FLOAT(struct vt__triplet_attrs, margin, 0.2f),                                                        \
      VT_A_ENUM(struct vt__triplet_attrs, mining, "random|semihard|hard|all", VT__SEMIHARD),                 \
      VT_A_INT(struct vt__triplet_attrs, squared, 1)

int vt__triplet_infer(struct vt_node *n, int x, struct vt_err *e);
/* loss, and coef (n, n): d loss / d distance(i, j). Both matrices are allocated; free with vt_free. */
int vt__triplet_run(const struct vt_ref_call *c, const struct vt_tensor *x, const struct vt_tensor *labels,
                    double *loss, double **coef, double **dist, struct vt_err *e);

#endif
