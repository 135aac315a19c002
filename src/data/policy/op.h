/* What the operations of augmentation share; private to the folder. */
#ifndef VT_DATA_POLICY_OP_H
#define VT_DATA_POLICY_OP_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data/data_internal.h"
#include "data/policy.h"

/* Rows of options: the field's name is the option's. */
#define VT_AUG_FLOAT(field, def, lo, hi, unit, help)                                                         \
  {                                                                                                          \
#field, 0, VT_OPT_FLOAT, offsetof(struct opts, field), def, lo, hi, NULL, unit, help                     \
  }
#define VT_AUG_INT(field, def, lo, hi, unit, help)                                                           \
  {                                                                                                          \
#field, 0, VT_OPT_INT, offsetof(struct opts, field), def, lo, hi, NULL, unit, help                       \
  }
#define VT_AUG_ENUM(field, def, choices, help)                                                               \
  {                                                                                                          \
#field, 0, VT_OPT_ENUM, offsetof(struct opts, field), def, 0, 0, choices, NULL, help                     \
  }
#define VT_AUG_FLAG(field, def, help)                                                                        \
  {                                                                                                          \
#field, 0, VT_OPT_FLAG, offsetof(struct opts, field), def, 0, 0, NULL, NULL, help                        \
  }
#define VT_AUG_OPTS .opt = rows, .nopt = VT_COUNT(rows), .opts_size = sizeof(struct opts)

static inline double vt__log_between(struct vt_rng *r, double lo, double hi)
{
  return lo * exp(log(hi / lo) * vt_rng_unit(r));
}
static inline uint8_t vt__byte(double v)
{
  return (uint8_t)(VT_CLAMP(v, 0., 255.) + .5);
}

/* ---- maps (move.c, shapes.c) */

void vt__map3(double out[9], const double a[9], const double b[9]); /* a after b; out may be either */
bool vt__map3_invert(double out[9], const double m[9]);             /* false: it has no inverse */
void vt__map3_point(const double m[9], double x, double y, double to[2]);
/* The box round the four corners of b, mapped. */
struct vt_box vt__map3_box(const double m[9], struct vt_box b);
/* Linear part about the middle of w x h; canvas of the same size, or grown so that all corners lie inside. */
void vt__about_middle(struct vt_aug_move *g, double a, double b, double c, double d, int w, int h, bool grow);
/* The part (x, y, w, h) of the picture stretched to width x height. */
void vt__stretch(struct vt_aug_move *g, double x, double y, double w, double h, int width, int height);
/* Scaled to fit into width x height, in the middle of it, on whole pixels. */
void vt__letterbox(struct vt_aug_move *g, int w, int h, int width, int height, bool enlarge);
/* Maps every polygon and cuts it to 0..w x 0..h; empty ones go. Areas before and after. */
int vt__polygons_move(struct vt_polygons *p, const double m[9], int w, int h, double *before, double *after,
                      struct vt_err *e);
struct vt_box vt__polygons_box(const struct vt_polygons *p);

/* ---- objects and their key points (points.c) */

/* Of all that an object owns. */
void vt__aug_object_clear(struct vt_aug_object *o);
int vt__points_copy(struct vt_aug_object *to, const struct vt_keypoint *v, int n, struct vt_err *e);
void vt__points_move(struct vt_aug_object *o, const struct vt_aug_move *g);
void vt__points_hide(struct vt_aug_object *o, const struct vt_image *cover);
/* Into an instance of `out`, left and right exchanged after an odd number of mirrorings; the names of a
 * class's points into the set's own memory. */
int vt__points_to_labels(const struct vt_aug_object *o, struct vt_labels *out, struct vt_instance *in,
                         struct vt_err *e);
int vt__points_names(struct vt_labels *out, struct vt_label_class *to, const struct vt_label_class *from,
                     struct vt_err *e);

/* ---- what hides what (cover.c) */

/* Draws an object's mask (from its polygons or box if it has none) into a bitmap. */
int vt__aug_draw_object(const struct vt_aug_sample *s, const struct vt_aug_object *o, struct vt_image *bits,
                        uint8_t value, struct vt_err *e);
/* Objects lose the pixels that are set in `cover` (1 channel, the picture's size). */
int vt__aug_hide(struct vt_aug_sample *s, const struct vt_image *cover, const struct vt_aug_env *env,
                 struct vt_err *e);
/* Pixels were made unreadable: if `hide`, objects lose them and the label map forgets them. */
int vt__aug_erased(struct vt_aug_sample *s, const struct vt_image *cover, bool hide,
                   const struct vt_aug_env *env, struct vt_err *e);
/* Lays the pixels of src (same size) that are set in cover over dst, and its objects: src is emptied. */
int vt__aug_overlay(struct vt_aug_sample *dst, struct vt_aug_sample *src, const struct vt_image *cover,
                    const struct vt_aug_env *env, struct vt_err *e);
/* The rectangle r (x, y, w, h; whole pixels) of src, a picture of the same size, laid over dst. */
int vt__aug_paste(struct vt_aug_sample *dst, struct vt_aug_sample *src, const double r[4],
                  const struct vt_aug_env *env, struct vt_err *e);
/* Appends src's objects (src keeps none). */
int vt__aug_take_objects(struct vt_aug_sample *dst, struct vt_aug_sample *src, struct vt_err *e);
/* dst's class weights times keep, src's times 1 - keep. */
int vt__aug_mix_targets(struct vt_aug_sample *dst, const struct vt_aug_sample *src, double keep,
                        struct vt_err *e);
/* Scaled to cover w x h and cropped about its middle. */
int vt__aug_cover_fit(struct vt_aug_sample *s, int w, int h, const struct vt_aug_env *env, struct vt_err *e);
/* env->other, checked and fitted so. VT_AUG_ALONE: there is none, and nothing to clear. */
int vt__aug_other(struct vt_aug_sample *out, int w, int h, const struct vt_aug_env *env, struct vt_rng *rng,
                  struct vt_err *e);
/* Beta(a, a)-distributed (Marsaglia, Tsang 2000 for the gamma variates). */
double vt__aug_beta(struct vt_rng *rng, double a);

/* ---- pixels (pixels.c) */

void vt__aug_lut(struct vt_image *im, const uint8_t lut[3][256]);
struct vt__tap {
  int dx, dy;
  int32_t weight; /* of 65536 */
};
enum { VT__MAX_TAPS = 256 };
/* Every channel becomes the weighted sum of its neighbours, plus `offset` grey levels; edges repeated, or the
 * outermost pixels left as they are. */
int vt__aug_taps(struct vt_image *im, const struct vt__tap *tap, int n, int offset, bool keep_edge,
                 struct vt_err *e);
/* What is filled in where pixels go: "fill" grey, black, white, mean colour, noise. */
#define VT__FILLS "grey|black|white|mean|noise"
enum { VT__FILL_GREY, VT__FILL_BLACK, VT__FILL_WHITE, VT__FILL_MEAN, VT__FILL_NOISE };
/* Sets pixels where cover is set. */
void vt__aug_fill(struct vt_image *im, const struct vt_image *cover, int kind, uint8_t grey,
                  struct vt_rng *rng);
void vt__cover_rect(struct vt_image *cover, int x, int y, int w, int h); /* sets; cut to the picture */

#endif
