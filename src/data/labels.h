/* A labelled data set in little memory: pictures, classes, attributes and instances (mask, polygons or box;
 * class, attributes, crowd), as every format of the field has them. One instance takes about 120 bytes and
 * its shape; no picture is opened unless a format needs its size.
 *
 * Reading is strict: what is wrong stops it, with file, line or field in the message. Lenient reading leaves
 * out the instance, counts it and keeps the message; a picture of which no instance is left goes, too, so
 * that none passes for one that shows nothing. A set is filled by one thread; filled it is immutable.
 */
#ifndef VT_DATA_LABELS_H
#define VT_DATA_LABELS_H

#include "base/base.h"
#include "mask/mask.h"
#include "data/problems.h"

enum vt_shape_kind { VT_SHAPE_NONE, VT_SHAPE_RLE, VT_SHAPE_POLYGONS };
enum {
  VT_CROWD = 1,
  VT_BAD_SHAPE = 2,
  VT_STREET = 4,  /* its picture is a customer's photo */
  VT_SHOP = 8,    /* its picture is a shop's */
  VT_SHARES = 16, /* its box is in shares of the picture's sides: their size is not known */
  VT_ID_0 = 32    /* its id is 0, which is none without this */
};

/* What a format or the set could not hold: each kind of loss once, with how often. */
struct vt_losses {
  int n;
  struct vt_loss {
    char what[120];
    int64_t count;
  } v[32]; /* the last one: all that would be a 32nd kind and beyond */
};
void vt_loss_add(struct vt_losses *l, int64_t count, const char *what);

struct vt_label_image {
  const char *file; /* name as in the file; "" if it has none */
  const char *url;  /* where it came from; "" if the file does not say */
  int64_t id;
  int64_t pair;          /* pictures of the same number show the same products; 0 = none known */
  int32_t width, height; /* 0 = unknown */
  uint8_t split;         /* enum vt_split */
  bool has_rows;         /* while reading: the file says that it shows something, readable or not */
};
struct vt_label_class { /* a class, an attribute or a product */
  int64_t id;
  const char *name, *super; /* super: its kind, "" if none */
  int npoints, nbones;      /* 0: its key points have no names; no lines between them */
  const char *const *point; // (npoints) "left_shoulder", …
  const int32_t (*bone)[2]; // (nbones) the points at both ends, from 1 as in COCO
};
enum vt_seen { VT_UNLABELLED, VT_HIDDEN, VT_VISIBLE };
struct vt_keypoint {
  double x, y;  /* pixels */
  int32_t seen; /* enum vt_seen: COCO's visibility */
};
struct vt_instance {
  int32_t image, cls;        /* positions in the set */
  int64_t id, line;          /* the file's own; 0 = none, but for VT_ID_0 */
  struct vt_box box;         /* w < 0: none given */
  double area, score;        /* area < 0: none given */
  uint64_t shape_at;         /* in the set's shapes */
  uint32_t shape_len, attrs; /* attrs: first one in the set's list */
  uint16_t nattrs, npoints;
  uint32_t points;       /* first one in the set's list of key points */
  uint8_t shape, flags;  /* enum vt_shape_kind; VT_CROWD, … */
  int32_t product;       /* which thing of the shop it is: position in products, -1 unknown */
  int32_t width, height; /* of its picture as its own row says; 0 = it says nothing */
  uint64_t hash;         /* of the mask's text as it stands in the file; 0 = none */
};
struct vt_label_list {
  int n, cap;
  struct vt_label_class *v;
};
struct vt_labels {
  struct vt_arena arena;
  int32_t nimages, cap_images;
  struct vt_label_image *image;
  struct vt_label_list classes, attributes, products;
  int64_t n, cap;
  struct vt_instance *v;
  struct vt_buf shapes;
  int64_t nattrs, cap_attrs;
  int32_t *attr; /* positions in attributes */
  int64_t npoints, cap_points;
  struct vt_keypoint *point;
  struct vt__map *by_id, *by_file, *class_by_id, *class_by_name, *attr_by_id, *attr_by_name, *product_by_name;
  int64_t rows;                /* instances that the file holds, skipped ones included */
  int64_t skipped;             /* lenient: left out */
  int32_t lost;                /* lenient: pictures left out, since nothing is left of what they show */
  struct vt_problems problems; /* each of them, and what was wrong with it */
  struct vt_losses dropped;    /* what the file says and the set has no place for */
};

struct vt_labels_opts {
  bool lenient;
  bool no_shapes;     /* masks are checked and measured but not kept */
  bool keep_bad;      /* instances whose runs leave the picture are kept without mask, flagged VT_BAD_SHAPE */
  const char *extra;  /* file beside the labels, where a format has one (label_descriptions.json) */
  const char *images; /* folder of the pictures, where a format needs their sizes or names */
};

int vt_labels_init(struct vt_labels *l, struct vt_err *e);
void vt_labels_clear(struct vt_labels *l);
/* The instance's mask in its picture's size; from its box if it has no shape (VT_EARG without either). */
int vt_instance_mask(const struct vt_labels *l, const struct vt_instance *in, struct vt_mask *m,
                     struct vt_err *e);
/* Its polygons, if that is its shape: borrows nothing, vt_polygons_clear. */
int vt_instance_polygons(const struct vt_labels *l, const struct vt_instance *in, struct vt_polygons *p,
                         struct vt_err *e);
/* Takes out instances (n) and pictures (nimages), and all instances of these; the others keep their order,
 * and get new positions. On failure nothing is changed. */
int vt_labels_take_out(struct vt_labels *l, const bool *instance, const bool *picture, struct vt_err *e);
int32_t vt_labels_image(const struct vt_labels *l, int64_t id);            /* position or -1 */
int32_t vt_labels_find_image(const struct vt_labels *l, const char *file); /* by its name */
int32_t vt_labels_class(const struct vt_labels *l, int64_t id);
/* Instances ordered by picture, classes and order in the file kept: positions, (n). vt_free. */
int64_t *vt_labels_by_image(const struct vt_labels *l, struct vt_err *e);
/* Instances by what they are of, each in the file's order: those of thing k at order[start[k]] to
 * order[start[k + 1] - 1]; instances of no product are left out. Both vt_free. */
enum vt_labels_key { VT_BY_IMAGE, VT_BY_CLASS, VT_BY_PRODUCT };
int vt_labels_by(const struct vt_labels *l, enum vt_labels_key key, int64_t **order, int64_t **start,
                 struct vt_err *e);

/* A format: one file of data/formats/, one line FORMAT(name) in data/formats.list. */
struct vt_row_filter {       /* which rows of a file go, and why */
  const int64_t *line;       /* (n), rising */
  const char *const *reason; // (n)
  int64_t n;
};
struct vt_format {
  const char *name, *what; /* what: one line for people */
  /* Optional: the name of a set that lies with its pictures in images/, "." for that folder itself; NULL:
   * "labels", a folder. */
  const char *beside;
  int (*read)(struct vt_labels *l, const char *path, const struct vt_labels_opts *o, struct vt_err *e);
  /* Optional. path is a file or a folder, as the format has it. */
  int (*write)(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
               struct vt_losses *losses, struct vt_err *e);
  /* Optional, for files of rows: copies the file without the rows of the filter to `kept`, those to `removed`
   * (with the reason as a further column). NULL: nowhere. */
  int (*filter)(const char *path, const struct vt_row_filter *f, const char *kept, const char *removed,
                struct vt_err *e);
};
extern const struct vt_format *const vt_formats[]; /* NULL ends it */
const struct vt_format *vt_format_find(const char *name, struct vt_err *e);

/* COCO's list of results against a ground truth: picture and class numbers are those of `gt`. */
int vt_coco_read_results(struct vt_labels *l, const struct vt_labels *gt, const char *path,
                         const struct vt_labels_opts *o, struct vt_err *e);

#endif
