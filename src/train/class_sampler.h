/* Which samples an epoch shows, and how often (data/split.h), as keys of a recipe: for every task. Private to
 * train/. */
#ifndef VT_TRAIN_CLASS_SAMPLER_H
#define VT_TRAIN_CLASS_SAMPLER_H

#include "data/data.h"

struct vt__class_sampler {
  int kind;              /* 0: all in random order; else enum vt_sampling + 1 */
  int64_t m;             /* per_class */
  double shuffle_labels; /* share of labels that change places */
  int64_t n;             /* pictures of an epoch, set by init */
};
/* clang-format off */
#define VT__CLASS_SAMPLER_ROWS(opts, f)                                                                                       \
  {"sampler", 0, VT_OPT_ENUM, offsetof(opts, f.kind), "shuffle", 0, 0, "shuffle|balanced|over|under|per_class", NULL,         \
   "pictures of an epoch: each once; classes equally likely; repeated until classes are equal; as many of each class as of "  \
   "the rarest; sampler_m of a class together, classes in turn"},                                                             \
  {"sampler_m", 0, VT_OPT_INT, offsetof(opts, f.m), "4", 1, 4096, NULL, NULL, "pictures of a class together, for per_class"}, \
  {"shuffle_labels", 0, VT_OPT_FLOAT, offsetof(opts, f.shuffle_labels), "0", 0, 1, NULL, NULL,                                \
   "share of the train labels that change places: a control, since of 1 nothing can be learnt"}
/* clang-format on */
/* Exchanges labels, if that is wanted, and counts an epoch's pictures. label: (count), a class each. */
int vt__class_sampler_init(struct vt__class_sampler *s, int32_t *label, int64_t count, uint64_t seed,
                           struct vt_err *e);
/* Whose labels each of `count` samples gets where a share of them change places: (count), vt_free. */
int vt__swapped_labels(int32_t **from, int64_t count, double share, uint64_t seed, struct vt_err *e);
/* The epoch's order, (s->n); left as it is for a shuffle. */
int vt__class_sampler_order(const struct vt__class_sampler *s, const int32_t *label, int64_t count,
                            uint64_t seed, int epoch, int64_t *order, struct vt_err *e);

/* (median count / count)^balance of each class, of a mean of 1 over the pictures: (classes), vt_free. */
int vt__class_weights(float **out, const int32_t *label, int64_t count, int classes, double balance,
                      struct vt_err *e);

#endif
