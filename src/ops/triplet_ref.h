/* Choice of triplets and their weights. Private to ops/. */
#ifndef VT_OPS_TRIPLET_REF_H
#define VT_OPS_TRIPLET_REF_H

#include "ops/util.h"

enum vt__mining { VT__RANDOM, VT__SEMIHARD, VT__HARD, VT__ALL };
struct vt__triplet_attrs {
  float margin, alpha;
  int mining;
  int64_t squared;
};
#define VT__TRIPLET_ROWS                                                                                     \
  VT_A_FLOAT(struct vt__triplet_attrs, margin, 0.2f), VT_A_FLOAT(struct vt__triplet_attrs, alpha, 0),        \
      VT_A_ENUM(struct vt__triplet_attrs, mining, "random|semihard|hard|all", VT__SEMIHARD),                 \
      VT_A_INT(struct vt__triplet_attrs, squared, 1)

int vt__triplet_infer(struct vt_node *n, int x, struct vt_err *e);
/* The loss; coef (n, n): d loss / d d(i, j); share (n): d loss / d |x_i|^2. Free with vt__triplet_clear. */
struct vt__triplets {
  double loss, *coef, *dist, *share;
};
int vt__triplet_run(const struct vt_ref_call *c, const struct vt_tensor *x, const struct vt_tensor *labels,
                    struct vt__triplets *out, struct vt_err *e);
void vt__triplet_clear(struct vt__triplets *t);

#endif
