/* GroupNormalization in its two forms. Private to ops/. */
#ifndef VT_OPS_GROUP_NORM_REF_H
#define VT_OPS_GROUP_NORM_REF_H

#include "ops/norm_ref.h"

struct vt__group_norm_attrs {
  float epsilon;
  int64_t num_groups, stash_type;
};
#define VT__GROUP_NORM_ROWS                                                                                  \
  VT_A_FLOAT(struct vt__group_norm_attrs, epsilon, 1e-5f),                                                   \
      {.name = "num_groups",                                                                                 \
       .type = VT_ATTR_INT,                                                                                  \
       .offset = offsetof(struct vt__group_norm_attrs, num_groups),                                          \
       .required = true},                                                                                    \
      VT_A_INT(struct vt__group_norm_attrs, stash_type, 1)

/* scale and bias have one entry per group, or per channel. */
int vt__group_norm_infer(struct vt_node *n, bool per_group, struct vt_err *e);
int vt__group_norm_ref(const struct vt_ref_call *c, bool per_group, struct vt_err *e);

#endif
