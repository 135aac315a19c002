/* What the files of this folder share; private to it. */
#ifndef VT_DATA_INTERNAL_H
#define VT_DATA_INTERNAL_H

#include "data/data.h"

enum { VT__MAX_SAMPLES = 1 << 27, VT__MAX_CLASSES = 1 << 16 };

/* Uniform in [lo, hi). */
static inline double vt__between(struct vt_rng *r, double lo, double hi)
{
  return lo + (hi - lo) * vt_rng_unit(r);
}

/* Appends one sample; group -1, attributes -1, instance -1 unless set. NULL (with e filled in) on failure. */
struct vt_sample *vt__dataset_push(struct vt_dataset *d, struct vt_err *e);
/* "train", "val", "test" or empty; `where` and line for the message. */
int vt__split_parse(enum vt_split *out, const char *word, const char *where, int64_t line, struct vt_err *e);

/* Words of one column in order of rows, made into classes. Words are numbered by sorted name; if the set
 * already has an attribute of that name its numbers stay and new words go behind. */
struct vt__column {
  int64_t n, cap;
  const char **word; /* in the set's arena; "" = unknown */
};
int vt__column_add(struct vt__column *c, struct vt_dataset *d, const char *word, struct vt_err *e);
/* number: class of each word, -1 for empty ones. Returns the attribute's position in d->attr or an error. */
int vt__column_number(const struct vt__column *c, struct vt_dataset *d, const char *name, int32_t *number,
                      struct vt_err *e);
/* The same, written to attr of the samples first .. first + c->n - 1. */
int vt__column_finish(const struct vt__column *c, struct vt_dataset *d, const char *name, int64_t first,
                      struct vt_err *e);
void vt__column_clear(struct vt__column *c);

/* A photo with its label map while its regions are looked for. */
struct vt__region {
  int64_t area;       /* pixels */
  int x0, y0, x1, y1; /* inclusive */
};
struct vt__photo {
  const char *image, *label_map;
  enum vt_split split;
  int width, height;
  struct vt__region *regions; /* by group; vt_free */
  int rc;
  char why[512];
};
/* map: label -> group; groups from ngroups on are not looked at. */
int vt__regions_scan(struct vt__photo *v, int64_t n, const uint8_t map[256], int ngroups, struct vt_err *e);
/* Region, group, box and share of a sample. */
void vt__region_set(struct vt_sample *s, const struct vt__photo *p, int group);

#endif
