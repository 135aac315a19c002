/* Soft Dice over a batch: sums per class, for loss and gradient. Private to ops/. */
#ifndef VT_OPS_DICE_REF_H
#define VT_OPS_DICE_REF_H

#include "ops/util.h"

struct vt__dice_attrs {
  int64_t ignore_index, logits;
  float smooth;
};
#define VT__DICE_ROWS                                                                                        \
  VT_A_INT(struct vt__dice_attrs, ignore_index, -1), VT_A_INT(struct vt__dice_attrs, logits, 1),             \
      VT_A_FLOAT(struct vt__dice_attrs, smooth, 1)

struct vt__dice {
  int64_t n, c, d;      /* batch, classes, pixels of one image */
  float *p;             /* (N, C, D) probabilities */
  double *meet, *total; /* per class: Σ p g and Σ (p + g) */
  int64_t *count;       /* per class: labelled pixels */
  int present;          /* classes with a labelled pixel */
};
int vt__dice_infer(struct vt_node *n, int x, struct vt_err *e);
int vt__dice_init(struct vt__dice *s, const struct vt_ref_call *c, const struct vt_tensor *x,
                  const struct vt_tensor *labels, struct vt_err *e);
void vt__dice_clear(struct vt__dice *s);
static inline int64_t vt__dice_label(const struct vt_tensor *t, int64_t at)
{
  return t->dtype == VT_I64   ? ((const int64_t *)t->data)[at]
         : t->dtype == VT_I32 ? ((const int32_t *)t->data)[at]
                              : vt_tensor_whole(t, at);
}

#endif
