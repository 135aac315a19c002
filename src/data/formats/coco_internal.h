/* Reading COCO's json: what its three files share. coco_read.c turns events into items, coco_item.c checks an
 * item and adds it, coco_resolve.c looks ids up when all sections are known. Confined. */
#ifndef VT_DATA_FORMATS_COCO_INTERNAL_H
#define VT_DATA_FORMATS_COCO_INTERNAL_H

#include "data/formats/coco.h"
#include "data/labels_map.h"

enum section { NOTHING, IMAGES, ANNOTATIONS, CATEGORIES, ATTRIBUTES };
enum field {
  OTHER,
  ID,
  IMAGE_ID,
  CATEGORY_ID,
  WIDTH,
  HEIGHT,
  FILE_NAME,
  NAME,
  SUPER,
  BBOX,
  AREA,
  CROWD,
  SCORE,
  SEGMENTATION,
  ATTRS,
  SPLIT,
  URL,
  PAIR,
  PRODUCT,
  SOURCE,
  SIZE,
  COUNTS,
  KEYPOINTS,
  NUM_KEYPOINTS,
  SKELETON,
  NFIELDS
};
struct vt__coco_item {
  uint32_t seen; /* bit per field */
  double number[NFIELDS], box[4];
  int nbox, nattrs, nsize;
  int64_t size[2]; /* height, width */
  struct vt_buf file, name, super, split, counts, url, product, source;
  struct vt_buf points; /* numbers of key points; of a category their names, each with a NUL */
  struct vt_buf bones;  /* int32_t pairs */
  int nnames;
  bool has_counts, is_runs;
  int npolygons;
  char bad[160]; /* lenient: the first thing wrong with it */
};
struct vt__coco_ids {
  int64_t image, cls;
  int32_t width, height; /* that its mask names, 0 none */
};
struct vt__coco {
  struct vt_labels *l;
  const struct vt_labels *gt; /* results: whose pictures and classes */
  const struct vt_labels_opts *o;
  int depth; /* brackets open */
  bool results, classes_only;
  enum section section;
  unsigned whole;          /* bit per section: it is there, to its end */
  enum field field, inner; /* of the item, and inside its segmentation */
  int64_t index;           /* of the item in its section */
  bool collecting;         /* events of an item come in: lenient reading notes what is wrong and goes on */
  struct vt__coco_item it;
  double *xy; /* numbers of the segmentation: coordinates or runs */
  int nxy, cap_xy;
  int *start; /* of its polygons */
  int cap_start;
  int32_t attr[VT__MAX_ATTRS_OF_ONE];
  struct vt__coco_ids *ids; // (l->n)
  int64_t cap_ids;
  struct vt_buf bad_ids; /* int64_t of pictures of which an annotation was left out */
  bool damaged;
  bool results_with_box; /* of the first result: COCO's tools then take areas from boxes */
};

extern const char *const vt__coco_section[];

/* Something is wrong with the item at hand. Lenient: noted, the item goes when it is complete. */
int vt__coco_wrong(struct vt__coco *r, struct vt_err *e, const char *what);
/* The item is complete: checks it and adds it. */
int vt__coco_add(struct vt__coco *r, struct vt_err *e);
/* After the last event: pictures, classes and attributes of all instances by their ids. */
int vt__coco_resolve(struct vt__coco *r, const char *path, struct vt_err *e);

#endif
