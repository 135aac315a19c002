/* The main job: a photo's garments, each with the most similar products of a catalogue.
 *
 * photo -> segmenter -> items -> embedder -> index (within the item's group) -> products. A vt_look is
 * immutable once open and may be shared: vt_look_photo is synchronised. */
#ifndef VT_APP_LOOK_H
#define VT_APP_LOOK_H

#include "backend/backend.h"
#include "catalog/catalog.h"
#include "data/data.h"
#include "model/model.h"

struct vt_look;

struct vt_look_opts {
  const char *segmenter; /* path of the model; NULL: whole pictures and boxes only */
  const char *embedder;  /* path; NULL: no matches */
  const char *catalog;   /* NULL: no matches */
  struct vt_model_opts model;
  int nterms;
  const struct vt_attr *terms; /* filter, see vt_catalog_filter; an unknown attribute is VT_EUSAGE */
  bool any_group;              /* items may match products of other groups, and of none */
};
/* Opens models and catalogue side by side. The catalogue must belong to the embedder (VT_ESTATE). */
int vt_look_open(struct vt_look **out, const struct vt_look_opts *o, const struct vt_registry *r,
                 struct vt_err *e);
void vt_look_close(struct vt_look *l);
const struct vt_taxonomy *vt_look_taxonomy(const struct vt_look *l);
struct vt_embedder *vt_look_embedder(struct vt_look *l);

enum vt_look_what { VT_LOOK_ITEMS, VT_LOOK_WHOLE, VT_LOOK_BOX };
struct vt_look_query {
  const char *path; /* "-" = standard input */
  enum vt_look_what what;
  struct vt_box box; /* VT_LOOK_BOX: pixels of the upright photo */
  int k;             /* matches per item; 0 = none */
  bool full_size;    /* decode and segment at the photo's own size however large */
};

struct vt_match {
  float score; /* cosine */
  const char *id, *title, *image;
  int nattrs;
  const struct vt_attr *attrs;
};
struct vt_found {
  const char *label; /* the model's class; "whole", "box" */
  const char *group; /* the taxonomy's, NULL if the label is none of its groups */
  float score;
  struct vt_box box;   /* pixels of the upright photo */
  struct vt_mask mask; /* of the photo's size */
  int nmatches;
  struct vt_match *matches; /* distinct products, best first */
};
enum vt_look_stage {
  VT_STAGE_DECODE,
  VT_STAGE_SEGMENT,
  VT_STAGE_ITEMS,
  VT_STAGE_EMBED,
  VT_STAGE_MATCH,
  VT_STAGE_TOTAL,
  VT_NSTAGES
};
extern const char *const vt_stage_names[VT_NSTAGES];
struct vt_look_result {
  struct vt_arena arena;
  const char *path;
  int width, height;     /* of the upright photo */
  struct vt_image photo; /* as worked on: smaller by a whole factor if the photo is very large */
  uint8_t *labels;       /* (H, W) classes of the segmenter at photo's size, or NULL */
  int n;
  struct vt_found *item;
  double ms[VT_NSTAGES];
};
/* The result must be cleared in any case. */
int vt_look_photo(struct vt_look *l, const struct vt_look_query *q, struct vt_look_result *r,
                  struct vt_err *e);
void vt_look_result_clear(struct vt_look_result *r);
/* Class of the label map -> group number of the taxonomy, 0 (background) if it is none. */
int vt_look_group(const struct vt_look *l, int label);

/* One line of JSON without line end, DESIGN section 5. matches false leaves them out (segment). */
int vt_look_json(const struct vt_look_result *r, bool matches, struct vt_buf *out, struct vt_err *e);
/* {"photo", "error"} */
int vt_look_error_json(const char *path, const char *error, struct vt_buf *out, struct vt_err *e);
/* A table for people. */
void vt_look_table(const struct vt_look_result *r, bool matches, struct vt_buf *out);
/* Photo with outlined items, and for each a row of product pictures with titles and scores. */
int vt_look_sheet(const struct vt_look_result *r, const char *path, struct vt_err *e);

#endif
