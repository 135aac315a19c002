/* What readers and writers of labels share; private to this folder. */
#ifndef VT_DATA_LABELS_INTERNAL_H
#define VT_DATA_LABELS_INTERNAL_H

#include "data/data.h"

enum { VT__MAX_IMAGES = 1 << 28, VT__MAX_INSTANCES = 1 << 28, VT__MAX_ATTRS_OF_ONE = 4096 };

/* Hash table from 64-bit keys to positions. `same` decides whether position p is what is sought. */
struct vt__map;
typedef bool vt__same_fn(const struct vt_labels *l, int32_t p, const void *what);

/* Each returns the position or a negative error. The add functions fail on a second use of an id; the need
 * functions add what is not there yet (id: next free one); a class needs a name. */
int32_t vt__labels_add_image(struct vt_labels *l, int64_t id, const char *file, int width, int height,
                             struct vt_err *e);
int32_t vt__labels_need_image(struct vt_labels *l, const char *file, struct vt_err *e);
int32_t vt__labels_find_file(const struct vt_labels *l, const char *file);
int32_t vt__labels_add_class(struct vt_labels *l, bool attribute, int64_t id, const char *name,
                             const char *super, struct vt_err *e);
int32_t vt__labels_need_class(struct vt_labels *l, const char *name, struct vt_err *e);
/* A text with the name of a class a line; their ids go on from the number of classes. */
int vt__labels_read_names(struct vt_labels *l, const char *path, struct vt_err *e);
int32_t vt__labels_find_class(const struct vt_labels *l, bool attribute, int64_t id);
int32_t vt__labels_find_name(const struct vt_labels *l, const char *name);

int32_t vt__labels_find_product(const struct vt_labels *l, const char *name);
int32_t vt__labels_need_product(struct vt_labels *l, const char *name, struct vt_err *e);

/* A new instance: no box, no area, no shape, score 1. NULL (e filled) on failure. */
struct vt_instance *vt__labels_push(struct vt_labels *l, struct vt_err *e);
static inline bool vt__instance_has_id(const struct vt_instance *in)
{
  return in->id || in->flags & VT_ID_0;
}
int vt__labels_set_attrs(struct vt_labels *l, struct vt_instance *in, const int32_t *attr, int n,
                         struct vt_err *e);
int vt__labels_set_mask(struct vt_labels *l, struct vt_instance *in, const struct vt_mask *m,
                        struct vt_err *e);
/* The compressed string as it came; checked when the mask is made. */
int vt__labels_set_coco(struct vt_labels *l, struct vt_instance *in, const char *s, size_t len,
                        struct vt_err *e);
int vt__labels_set_polygons(struct vt_labels *l, struct vt_instance *in, const struct vt_polygons *p,
                            struct vt_err *e);

/* Its key points, in its class's order; at most VT__MAX_POINTS. */
enum { VT__MAX_POINTS = 4096 };
int vt__labels_set_points(struct vt_labels *l, struct vt_instance *in, const struct vt_keypoint *v, int n,
                          struct vt_err *e);
/* A file's list x, y, visibility, …: n numbers. Those that are no key points: VT_EFORMAT. */
int vt__labels_read_points(struct vt_labels *l, struct vt_instance *in, const double *v, int n,
                           struct vt_err *e);
/* "[x, y, visibility, …]" */
void vt__labels_put_points(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *in);
/* Something is wrong with one instance: strict, returns the error in e; lenient, counts it, keeps the message
 * and returns 0. */
int vt__labels_problem(struct vt_labels *l, const struct vt_labels_opts *o, struct vt_err *e);
/* The same of a row, which filter takes by its line. */
int vt__labels_problem_at(struct vt_labels *l, int64_t line, const struct vt_labels_opts *o,
                          struct vt_err *e);
/* The file has a row of this picture, readable or not; below 0: of none that is known. */
static inline void vt__labels_row_of(struct vt_labels *l, int32_t image)
{
  if (image >= 0) l->image[image].has_rows = true;
}
/* The end of reading: pictures that have rows in the file and no instance in the set go, and are listed. */
int vt__labels_end(struct vt_labels *l, struct vt_err *e);
/* A box as a file gives it, in pixels: not negative, not wholly outside its picture, and where the picture's
 * size is not known not larger than any. */
int vt__box_check(const struct vt_label_image *im, const struct vt_box *b, struct vt_err *e);
/* VT_EARG: says that the picture's size is not known, and what to do. */
int vt__no_size(const struct vt_label_image *im, struct vt_err *e);
/* Whether the instance's polygons do not lie wholly outside its picture. */
int vt__polygons_inside(const struct vt_labels *l, const struct vt_instance *in,
                        const struct vt_label_image *im, struct vt_err *e);
/* Cuts every polygon to 0..w x 0..h; empty ones go. Areas before and after. */
int vt__polygons_cut(struct vt_polygons *p, int w, int h, double *before, double *after, struct vt_err *e);
/* Closes a table that was read; bytes of bad UTF-8 that lenient reading replaced are said. */
void vt__labels_csv_close(struct vt_labels *l, struct vt_csv *c);
/* Counts its columns that are none of the known ones as dropped. */
void vt__labels_csv_unknown(struct vt_labels *l, const struct vt_csv *c, const char *const *known,
                            int nknown);
/* Its box in pixels, from its mask if none was given. */
int vt__instance_box(const struct vt_labels *l, const struct vt_instance *in, struct vt_box *box,
                     struct vt_err *e);
/* Its outline as one closed line: a single polygon as it is, else the mask's rings joined by seams. Empty for
 * an empty mask. vt_polygons_clear. */
int vt__instance_line(const struct vt_labels *l, const struct vt_instance *in, struct vt_polygons *p,
                      struct vt_losses *losses, struct vt_err *e);
bool vt__instance_has(const struct vt_labels *l, const struct vt_instance *in, const char *attribute);
/* Counts products, street and shop, urls, pairs and scores as lost, for formats that have no place for them.
 */
void vt__lose_links(const struct vt_labels *l, struct vt_losses *losses);
/* Counts as lost what a format has no place for. */
enum {
  VT__LOSE_IDS = 1,
  VT__LOSE_IMAGE_IDS = 2,
  VT__LOSE_CLASS_IDS = 4,
  VT__LOSE_SUPERS = 8,
  VT__LOSE_ATTRIBUTES = 16, /* their names; attributes of instances are counted where they are written */
  VT__LOSE_POLYGONS = 32,
  VT__LOSE_SIZES = 64,
  VT__LOSE_EMPTY = 128,  /* pictures without instances */
  VT__LOSE_POINTS = 256, /* key points; their names go with them */
  VT__LOSE_POINT_NAMES = 512,
  VT__LOSE_UNUSED = 1024 /* classes without instances; ids of the others, where they are not their places */
};
void vt__lose_details(const struct vt_labels *l, unsigned what, struct vt_losses *losses);
/* Attributes' names but for the nkept that the format has a place for. */
void vt__lose_attribute_names(const struct vt_labels *l, const char *const *kept, int nkept,
                              struct vt_losses *losses);
/* The instance is written as its mask m alone: its own box and area go where they differ. */
void vt__lose_measures(const struct vt_instance *in, const struct vt_mask *m, struct vt_losses *losses);
/* The split that a name says: "train", "val" or "test", also "training", "valid", "validation"; digits may
 * follow ("val2017"). *split stays what it is where it says none. */
bool vt__split_word(const char *word, uint8_t *split);
/* Likewise the first folder of a relative path. */
bool vt__split_folder(const char *path, uint8_t *split);
const char *vt__split_name(uint8_t split); /* "" for none */

/* Decimal text of length n -> the nearest double, as strtod; false if it is no number or not finite. */
bool vt__number(const char *s, size_t n, double *out);
/* Appends a JSON string, quoted. */
void vt__json_string(struct vt_buf *b, const char *s);
/* The shortest of up to 17 digits that reads back as v. */
void vt__json_number(struct vt_buf *b, double v);

#endif
