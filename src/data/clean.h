/* Cleaning of labels by named steps, each saying what it removed and why. */
#ifndef VT_DATA_CLEAN_H
#define VT_DATA_CLEAN_H

#include "data/labels.h"

struct vt_removed {       /* reason: in the cleaning's arena, or the set's */
  int64_t instance, line; /* instance -1: a picture without rows, or what reading left out */
  int32_t image;          /* -1: reading left it out */
  const char *reason;
};
struct vt_clean_step {
  const char *name;
  double value; /* as given, NaN if none */
  int64_t rows_before, rows_after, images_before, images_after;
  int64_t n, cap;
  struct vt_removed *removed; /* in order of lines */
};
struct vt_clean {
  struct vt_arena arena;
  const struct vt_labels *l;
  const char *images; /* folder of the pictures, NULL: steps that look at them fail */
  bool *gone;         // (l->n)
  bool *picture_gone; // (l->nimages): all its rows went, or it had none and a step took it
  int64_t *left;      // (l->nimages): rows
  int nsteps;
  struct vt_clean_step *step;
};
/* What lenient reading left out comes first, as a step "read". steps:
 * "size,attributes,min-area=50", and class="shirt, blouse" where a comma is in a name. Unknown
 * names, or values where none or out of range: VT_EUSAGE. */
int vt_clean_run(struct vt_clean *c, const struct vt_labels *l, const char *images, const char *steps,
                 struct vt_err *e);
void vt_clean_clear(struct vt_clean *c);
/* The steps that a file of YAML names (its form: data/clean_recipe.c), as vt_clean_run takes them; appended
 * to out. Whether there are such steps is not looked at. */
int vt_clean_recipe(struct vt_buf *out, const char *path, struct vt_err *e);
/* One line for each step known: name and what it removes. */
void vt_clean_help(struct vt_buf *out);

/* A step: one file of data/steps/, one line STEP(name) in data/steps.list (with _ for -). */
struct vt_step {
  const char *name, *what;
  bool has_value, needs_value;
  double value, lo, hi; /* default and bounds */
  const char *text;     /* value is this kind of text instead ("NAME"); then lo and hi do not count */
  int (*run)(struct vt_clean *c, double value, const char *text, struct vt_err *e);
};
/* For steps: removes instance i (once), with a reason that becomes a line of the report. */
int vt_clean_remove(struct vt_clean *c, int64_t i, struct vt_err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* For steps that remove pictures, after the rows: the picture itself, if it never had a row. */
int vt_clean_remove_picture(struct vt_clean *c, int32_t image, struct vt_err *e, const char *reason);

#endif
