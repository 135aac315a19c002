/* Dividing the pictures of a set into training, validation and test. */
#ifndef VT_DATA_SPLIT_H
#define VT_DATA_SPLIT_H

#include "data/labels.h"

struct vt_split_opts {
  double share[3]; /* train, val, test; any positive numbers, 80/20/0 */
  int folds,
      fold; /* folds > 1: pictures of part `fold` (0 .. folds - 1) become val, others train; share unused */
  bool stratified;      /* keep the classes' shares (iterative stratification) */
  bool group_by_class;  /* pictures that share a class (a product) stay together */
  const int64_t *group; // (pictures): equal numbers >= 0 stay together; NULL: none
  const int64_t *near;  // (pictures): the same, for near-duplicates
  uint64_t seed;
};
/* Sets the split of every picture. Pictures that show one product, or are a pair, stay together always. The
 * same seed and set give the same split. */
int vt_labels_split(struct vt_labels *l, const struct vt_split_opts *o, struct vt_err *e);

/* Orders of samples for training, by class (label < 0: never drawn). out: positions; returns how many, or an
 * error.
 *   VT_SAMPLE_BALANCED     n draws with replacement, each class equally likely
 *   VT_SAMPLE_OVER         every sample, then draws until all classes have as many as the largest; n unused
 *   VT_SAMPLE_UNDER        as many of each class as the smallest has, without replacement; n unused
 *   VT_SAMPLE_M_PER_CLASS  n draws: classes in random order, m different samples each (fewer if it has fewer)
 */
enum vt_sampling { VT_SAMPLE_BALANCED, VT_SAMPLE_OVER, VT_SAMPLE_UNDER, VT_SAMPLE_M_PER_CLASS };
int64_t vt_sample_order(int64_t **out, const int32_t *label, int64_t count, enum vt_sampling how, int64_t n,
                        int m, uint64_t seed, struct vt_err *e);
/* Exchanges the labels of a `share` of the samples among each other (a control: nothing should be learnt). */
int vt_shuffle_labels(int32_t *label, int64_t count, double share, uint64_t seed, struct vt_err *e);

#endif
