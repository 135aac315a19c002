/* Augmentation by policy: operations on a picture and all that is known about it, moved together.
 *
 * Coordinates are pixels from the top left corner of the picture; the centre of the first pixel is (.5, .5).
 * An operation first draws its parameters, then is applied with them: the same draw gives the same result.
 * Operations that move things answer with one projective map; the maps of neighbouring steps are multiplied
 * and the picture is resampled once. Operations are confined, a policy is immutable. */
#ifndef VT_DATA_POLICY_H
#define VT_DATA_POLICY_H

#include "base/base.h"
#include "data/labels.h"
#include "image/image.h"
#include "mask/mask.h"

/* ---- what is augmented */

struct vt_aug_object {
  int32_t cls;
  int64_t source;              /* caller's number of the instance */
  double weight;               /* of its target; below 1 after Mixup */
  double visible;              /* share of the object that is still in the picture and not hidden */
  struct vt_box box;           /* always there */
  struct vt_mask mask;         /* of the picture's size; n = 0: none */
  struct vt_polygons polygons; /* n = 0: none */
  int npoints;
  struct vt_keypoint
      *point;    /* (npoints) owned; those that left the picture are unlabelled, covered ones hidden */
  bool mirrored; /* an odd number of times: left and right points change places in a set of labels */
};
struct vt_aug_target { /* class of the whole picture; the weights of all sum to what they did before */
  int32_t cls;
  double weight;
};
enum { VT_AUG_TARGETS = 64 };
struct vt_aug_sample {
  struct vt_image image;  /* RGB; owned */
  struct vt_image labels; /* label map of the same size, or px = NULL; owned */
  int nobjects, cap;
  struct vt_aug_object *object;
  int ntargets;
  struct vt_aug_target target[VT_AUG_TARGETS];
};
void vt_aug_sample_clear(struct vt_aug_sample *s);
int vt_aug_sample_copy(struct vt_aug_sample *out, const struct vt_aug_sample *s, struct vt_err *e);
/* A new object, all zero but weight and visible, which are 1. NULL (e filled) on failure. */
struct vt_aug_object *vt_aug_sample_push(struct vt_aug_sample *s, struct vt_err *e);

/* The picture `im` (taken over, whatever happens) and its instances rows[0 .. n), with masks, polygons and
 * boxes as the set has them. Sizes must agree. source: the instance's position in the set. */
int vt_aug_sample_from_labels(struct vt_aug_sample *s, struct vt_image *im, const struct vt_labels *l,
                              const int64_t *rows, int64_t n, struct vt_err *e);
/* Adds the sample's picture under the name `file` and its objects to a set, which the first one gives the
 * classes and attributes of `from`; attributes and flags are those of the instances they came from. */
int vt_aug_sample_to_labels(const struct vt_aug_sample *s, struct vt_labels *out, const char *file,
                            const struct vt_labels *from, struct vt_err *e);

/* ---- operations */

enum { VT_AUG_ALONE = 1 };
struct vt_aug_env {
  double epoch; /* for ramps */
  uint8_t fill, label_fill;
  double min_visible; /* objects of which less is visible go */
  /* Another sample of the set, for operations that mix. VT_AUG_ALONE: there is none, and they leave the
   * sample as it is. NULL: they fail with VT_EARG. */
  int (*other)(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e);
  void *ctx;
};
struct vt_aug_draw {
  double v[16];
  struct vt_rng rng; /* for what is random pixel by pixel */
};
struct vt_aug_move { /* m takes points of the picture to points of the result, row by row */
  double m[9];
  int width, height; /* of the result */
};
struct vt_aug_safe { /* values that leave garments recognisable and colours theirs */
  const char *option;
  double lo, hi;
};
enum { VT_AUG_MAX_OPTS = 10 };
struct vt_aug_op {
  const char *name, *what;
  const struct vt_opt *opt;
  int nopt;
  size_t opts_size;
  struct vt_aug_safe safe[4]; /* ended by option NULL */
  bool mixes;                 /* asks for other samples */
  /* Optional. From a picture of w x h. */
  void (*draw)(const void *opts, int w, int h, struct vt_rng *rng, double *v);
  /* One of the two. */
  void (*move)(const void *opts, const double *v, int w, int h, struct vt_aug_move *g);
  int (*apply)(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env, struct vt_aug_sample *s,
               struct vt_err *e);
};
extern const struct vt_aug_op *const vt_aug_ops[]; /* NULL ends it; one file of data/augment/ each */
const struct vt_aug_op *vt_aug_find(const char *name, struct vt_err *e);
/* One operation by itself, its options as they are: draws from rng and applies. */
int vt_aug_op_run(const struct vt_aug_op *op, const void *opts, const struct vt_aug_env *env,
                  struct vt_rng *rng, struct vt_aug_sample *s, struct vt_err *e);
/* Moves all of a sample by one map, with one resampling. */
int vt_aug_sample_move(struct vt_aug_sample *s, const struct vt_aug_move *g, const struct vt_aug_env *env,
                       struct vt_err *e);
/* All operations with options, bounds and safe ranges, for people. */
void vt_aug_help(struct vt_buf *out);

/* ---- policies: a list of steps in YAML (data/policy/read.c says how) */

struct vt_policy;
int vt_policy_read(struct vt_policy **out, const char *path, struct vt_err *e);
int vt_policy_parse(struct vt_policy **out, const char *name, const char *text, size_t len, struct vt_err *e);
void vt_policy_free(struct vt_policy *p);
bool vt_policy_mixes(const struct vt_policy *p); /* whether it needs env->other */
/* Fill, label fill and smallest visible share are the policy's, the rest is env's. */
int vt_policy_apply(const struct vt_policy *p, const struct vt_aug_env *env, struct vt_rng *rng,
                    struct vt_aug_sample *s, struct vt_err *e);

#endif
