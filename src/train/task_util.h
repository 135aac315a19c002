/* What the tasks share: networks built from present weights, and splitting off held-out samples. Private to
 * train/. */
#ifndef VT_TRAIN_TASK_UTIL_H
#define VT_TRAIN_TASK_UTIL_H

#include "train/train.h"

/* For vt_net.find: ctx is a `const struct vt_weights *`. */
const struct vt_tensor *vt__weights_find(void *weights, const char *name);

/* Whether a sample of the train split is held out for keep-best: about one in `every`, fixed by the hash of
 * its path, so that all samples of one picture fall on one side. */
bool vt__held_out(const char *image, int every);

/* The `data` list and figures of a model card as JSON. data: comma-separated; licence as recipe says. */
void vt__card_json(struct vt_buf *out, const char *name, const char *recipe, const char *data,
                   const char *licence, bool commercial, const struct vt_metrics *m);

/* Comma-separated whole numbers: exactly n of them, each in least..most. */
int vt__parse_ints(const char *key, const char *text, int n, int least, int most, int *out, struct vt_err *e);

#endif
