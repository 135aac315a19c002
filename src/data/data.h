/* Data sets: readers, cleaning, splits, samplers, augmentation, the loader. */
#ifndef VT_DATA_H
#define VT_DATA_H

#include "base/base.h"
#include "image/image.h"
#include "mask/mask.h"
#include "data/labels.h" /* labelled instances in every format of the field */
#include "data/label_stats.h"
#include "data/class_set.h"
#include "data/clean.h"       /* steps of cleaning */
#include "data/policy.h"      /* augmentation by policy */
#include "data/near.h"        /* pictures that look alike */
#include "data/split.h"       /* splits and samplers */
#include "data/label_plain.h" /* first labels without a network */
#include "data/fetch.h"       /* pictures from lists of addresses */
#include "data/synth.h"       /* drawn data and its layout */

/* ---- taxonomy
 * ---------------------------------------------------------------------------------------------- */

enum { VT_MAX_GROUPS = 64, VT_IGNORE = 255 };
struct vt_taxonomy {
  struct vt_arena arena;
  int ngroups;
  const char *group[VT_MAX_GROUPS];
  int ntags;
  uint8_t tag_group[256]; /* CCP tag -> group, VT_IGNORE = not counted */
};
/* The 17 groups of the project (background, 14 garment groups, skin, hair), built in. */
int vt_taxonomy_builtin(struct vt_taxonomy *t, struct vt_err *e);
/* dir: taxonomy/ with groups.csv and ccp.csv. */
int vt_taxonomy_read(struct vt_taxonomy *t, const char *dir, struct vt_err *e);
void vt_taxonomy_clear(struct vt_taxonomy *t);
int vt_taxonomy_find(const struct vt_taxonomy *t, const char *group); /* -1 if absent */
/* Bit g: group g is a garment (not background, skin, hair). */
uint64_t vt_taxonomy_garments(const struct vt_taxonomy *t);
/* CSV "key,group": word -> group name ("" = none). Group names are checked. Lookup: group, -1 none, -2
 * unknown. */
struct vt_group_map;
int vt_group_map_read(struct vt_group_map **out, const struct vt_taxonomy *t, const char *path,
                      struct vt_err *e);
int vt_group_map_find(const struct vt_group_map *m, const char *word);
void vt_group_map_free(struct vt_group_map *m);

/* ---- a data set in memory: rows of pictures with labels
 * ------------------------------------------------------ */

enum { VT_MAX_ATTRS = 16 };
enum vt_split { VT_SPLIT_TRAIN, VT_SPLIT_VAL, VT_SPLIT_TEST, VT_SPLIT_NONE };

enum vt_source {
  VT_SOURCE_CCP,
  VT_SOURCE_CLOTHING,
  VT_SOURCE_PRODUCTS,
  VT_SOURCE_PRODUCTS_LARGE,
  VT_SOURCE_SYNTH
};

/* One picture (or one masked region of one). Paths and names live in the set's arena. */
struct vt_sample {
  const char *image;      /* path */
  const char *label_map;  /* path of an 8-bit PNG of tags (of groups where source is SYNTH), or NULL */
  int region;             /* > 0: only the pixels of this group in the label map; 0: the whole picture */
  struct vt_box box;      /* tight box of the region or of what matters; w = 0: whole */
  int group;              /* of the taxonomy, -1 unknown */
  int attr[VT_MAX_ATTRS]; /* class of each of the set's attributes, -1 unknown */
  int64_t instance;       /* same number = same product (products: the id); -1 unknown */
  enum vt_source source;  /* which reader it came from */
  enum vt_split split;
  float share;  /* of the photo that the region covers; 0 = not looked at */
  float aspect; /* width / height that the picture should be stretched to before use; 0 = its own */
};
struct vt_dataset {
  struct vt_arena arena;
  int64_t n, cap;
  struct vt_sample *v;
  int nattrs;
  const char *attr[VT_MAX_ATTRS]; /* "articleType", "baseColour", … */
  int nclasses[VT_MAX_ATTRS];
  const char **classes[VT_MAX_ATTRS]; /* names by class number */
  struct vt_taxonomy taxonomy;
};
int vt_dataset_init(struct vt_dataset *d, struct vt_err *e);
void vt_dataset_clear(struct vt_dataset *d);
int vt_dataset_attr(const struct vt_dataset *d, const char *name); /* position in attr, -1 if absent */
/* Readers append; `root` as in the shared data's README. Missing files, bad rows: errors that name file and
 * line. */
int vt_read_ccp(struct vt_dataset *d, const char *root,
                bool regions /* one sample per garment instead of photo */, double min_share,
                struct vt_err *e);
int vt_read_clothing(struct vt_dataset *d, const char *root, struct vt_err *e);
/* root: the folder, or a table of the form of its styles.csv, with the pictures beside it. */
int vt_read_products(struct vt_dataset *d, const char *root, bool large /* images224 */, struct vt_err *e);
/* What `data synth` writes (layout: data/synth.h). regions false: the photos. true: all products, and one
 * sample for each garment seen in a photo, with the `instance` and attributes of its product. */
int vt_read_synth(struct vt_dataset *d, const char *root, bool regions, struct vt_err *e);
/* A sample's label map as decoded -> groups, in place (VT_IGNORE kept). */
void vt_sample_map_labels(const struct vt_dataset *d, const struct vt_sample *s, struct vt_image *labels);
/* Label map of tags -> groups (VT_IGNORE kept), in place. */
void vt_taxonomy_map_labels(const struct vt_taxonomy *t, struct vt_image *labels);

/* ---- augmentation
 * ------------------------------------------------------------------------------------------ */

struct vt_augment {            /* each 0 = off; every random choice comes from the rng given */
  double flip;                 /* probability of a horizontal flip */
  double scale_min, scale_max; /* zoom factor range, log-uniform (1 = as fitted) */
  double shift;                /* uniform translation, share of the side */
  double rotate;               /* degrees, uniform +- */
  double aspect;               /* log-uniform aspect change: exp(+-aspect) */
  double brightness, contrast, saturation, hue; /* jitter half-ranges */
  double blur, sharpen;                         /* probability */
  double downscale;                             /* probability of resampling down to 1/4..1 and up again */
  double background; /* probability of replacing the background by mask (white, colour, or other picture) */
  double erase;      /* probability of random erasing */
  double grey;       /* probability of dropping colour */
};
/* One transform drawn once, applied to the picture and (if given) its label map alike: src -> out, whose
 * sizes (and those of out_labels) the caller has set by vt_image_init. Pixels outside the picture become
 * white, labels fill_label. Without any change the picture is stretched to the output. */
int vt_augment_apply(const struct vt_augment *a, struct vt_rng *rng, const struct vt_image *im,
                     const struct vt_image *labels, struct vt_image *out, struct vt_image *out_labels,
                     uint8_t fill_label, struct vt_err *e);

/* Where labels are 0 the picture takes that of `other`, stretched over it; soft edge of one pixel. */
void vt_augment_background(struct vt_image *im, const struct vt_image *labels, const struct vt_image *other);

/* ---- loader
 * -------------------------------------------------------------------------------------------------- */

/* Calls `make(index, rng, slot, ctx)` on worker threads for the samples of a batch, in an order and with
 * random numbers fixed by (seed, epoch, position) whatever the number of threads; hands over batches in
 * order. */
struct vt_loader;
struct vt_loader_opts {
  int64_t n;                    /* samples per epoch */
  const int64_t *order;         /* n sample numbers, or NULL: a shuffle by (seed, epoch) of 0..n-1 */
  int batch, threads, prefetch; /* prefetch: batches ready ahead, default 2 */
  uint64_t seed, epoch;
  /* 0: a sample that fails makes its batch fail (the loader goes on with the next). > 0: it is logged,
   * counted and replaced by another one, chosen by (seed, epoch, position); more than this many in the epoch
   * fail. */
  int64_t max_bad;
  int64_t first_batch; /* resume inside an epoch */
  bool drop_last;
  size_t sample_bytes; /* bytes that make writes per sample; a batch buffer holds batch times as many */
  int (*make)(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e);
  void *ctx;
};
int vt_loader_new(struct vt_loader **out, const struct vt_loader_opts *o, struct vt_err *e);
/* Next batch: *data is valid until the next call; *count samples, numbers at *index. 1 = batch, 0 = end of
 * epoch. */
int vt_loader_next(struct vt_loader *l, void **data, const int64_t **index, int *count, struct vt_err *e);
int64_t vt_loader_bad(const struct vt_loader *l); /* samples replaced so far, in the batches handed over */
void vt_loader_free(struct vt_loader *l);

/* Decoded pictures kept in memory up to a limit; shared by loader threads. Synchronised. */
struct vt_image_cache;
int vt_image_cache_new(struct vt_image_cache **out, size_t limit_bytes, struct vt_err *e);
void vt_image_cache_free(struct vt_image_cache *c);
/* Borrowed until the cache is freed if it fits, else decoded into `own` (to be cleared by the caller).
 * max_side > 0: shrunk so that the longer side is at most this. labels: a label map. */
int vt_image_cache_get(struct vt_image_cache *c, const char *path, int max_side, bool labels,
                       const struct vt_image **im, struct vt_image *own, struct vt_err *e);

#endif
