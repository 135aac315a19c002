/* What the tasks share: networks built from present weights and written to files, and splitting off held-out
 * samples. Private to train/. */
#ifndef VT_TRAIN_TASK_UTIL_H
#define VT_TRAIN_TASK_UTIL_H

#include "train/train.h"

/* For vt_net.find: ctx is a `const struct vt_weights *`. */
const struct vt_tensor *vt__weights_find(void *weights, const char *name);

/* Whether a sample of the train split is held out for keep-best: about one in `every`, fixed by the hash of
 * its path, so that all samples of one picture fall on one side. */
bool vt__held_out(const char *image, int every);

/* What every task says of the weights that it writes. */
struct vt__licence {
  const char *name;
  bool commercial;
};
/* clang-format off */
/* Its rows, for `struct S` whose member f it is. */
#define VT__LICENCE_ROWS(S, f)                                                                                         \
    {"licence", 0, VT_OPT_STRING, offsetof(S, f) + offsetof(struct vt__licence, name), "research only", 0, 0, NULL, NULL, "licence of the weights"}, \
    {"commercial_use", 0, VT_OPT_FLAG, offsetof(S, f) + offsetof(struct vt__licence, commercial), "no", 0, 0, NULL, NULL, "whether the weights may be used commercially"}
/* clang-format on */

/* What a trained network's file says of it besides. */
struct vt__model_file {
  const char *task; /* of the recipe: "classify" */
  const char *data; /* what it was trained on, comma-separated */
  const struct vt__licence *licence;
  const struct vt_metrics *metrics; /* or NULL */
  const struct vt_preprocess *preprocess;
  int nlabels;
  const char *const *label;
};
/* Describes the network and writes it, weights in 16 bits, unless the graph has failed. */
int vt__write_model(struct vt_graph *g, const struct vt__model_file *f, const char *path, struct vt_err *e);

/* A new file in $TMPDIR (or /tmp) to put a network of the moment in, NAME at its name's start, ".onnx" at its
 * end. vt__drop_scratch removes it and frees its path; it takes NULL, which *path is after a failure. */
int vt__scratch_model(const char *name, char **path, struct vt_err *e);
void vt__drop_scratch(char *path);

/* Comma-separated whole numbers: exactly n of them, each in least..most. */
int vt__parse_ints(const char *key, const char *text, int n, int least, int most, int *out, struct vt_err *e);

#endif
