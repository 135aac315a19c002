/* The catalogue of products: one SQLite file (WAL), the system of record.
 *
 * A product has an id (text, unique), a title, a group of the taxonomy, attributes, and one or more images,
 * each with its path, content hash, size, time of change and vector. What vt_catalog_commit has returned 0
 * for survives kill -9 and power loss (synchronous=FULL). All vectors come from one embedding model, whose id
 * the catalogue remembers.
 *
 * Handles are confined: one thread at a time. Many processes may read while one writes. Paths, titles and
 * attributes are UTF-8. */
#ifndef VT_CATALOG_H
#define VT_CATALOG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"

/* Group number of a product that belongs to none: group searches never find it. */
enum { VT_NO_GROUP = 255, VT_CATALOG_MAX_IMAGES = 64, VT_CATALOG_MAX_ATTRS = 1024 };

struct vt_catalog;
enum vt_catalog_mode {
  VT_CATALOG_READ,  /* works where file or folder cannot be written */
  VT_CATALOG_WRITE, /* must exist */
  VT_CATALOG_CREATE /* made if absent or empty */
};
/* Messages tell apart: absent, no catalogue, made by a newer vitrine, locked, read-only, damaged. Older
 * schemas are migrated when opened for writing (reading needs no migration). */
int vt_catalog_open(struct vt_catalog **out, const char *path, enum vt_catalog_mode mode, struct vt_err *e);
void vt_catalog_close(struct vt_catalog *c);

/* The embedding model whose vectors the catalogue holds; "" and 0 before the first vector. */
const char *vt_catalog_model(const struct vt_catalog *c);
int vt_catalog_dim(const struct vt_catalog *c);
/* VT_ESTATE, with the command that re-embeds, if the vectors are another model's. A writable catalogue
 * without a model adopts this one. */
int vt_catalog_check_model(struct vt_catalog *c, const char *model, int dim, struct vt_err *e);

struct vt_catalog_counts {
  int64_t products, images, attributes;
};
int vt_catalog_count(struct vt_catalog *c, struct vt_catalog_counts *n, struct vt_err *e);

struct vt_attr {
  const char *name, *value;
};
struct vt_catalog_image {
  int64_t row;      /* number in the catalogue; 0 = not stored yet */
  const char *path; /* absolute */
  const char *hash; /* vt_hash_hex of the file */
  int64_t size;     /* bytes */
  int64_t mtime;    /* nanoseconds since 1970 */
  const float *v;   /* (dim) unit vector, for vt_catalog_put; NULL when read */
};
struct vt_product {
  int64_t row; /* number in the catalogue; 0 = not stored yet */
  const char *id, *title;
  int group;      /* 0..63 or VT_NO_GROUP */
  bool predicted; /* the group is the model's guess */
  uint64_t text;  /* caller's hash of what the source says: tells whether it changed */
  int nattrs, nimages;
  const struct vt_attr *attrs;
  struct vt_catalog_image *images;
};

/* ---- reading ---------------------------------------------------------------------------------------------
 */

/* 1 and the product (strings in the arena) or 0 if there is none. with_attrs false leaves attrs out. */
int vt_catalog_find(struct vt_catalog *c, const char *id, bool with_attrs, struct vt_arena *a,
                    struct vt_product *p, struct vt_err *e);
int vt_catalog_get(struct vt_catalog *c, int64_t row, struct vt_arena *a, struct vt_product *p,
                   struct vt_err *e);

/* All vectors, ordered by group, then image. */
struct vt_catalog_vectors {
  int64_t n;
  int dim;
  int64_t *image, *product; /* row numbers */
  uint8_t *group;
  float *v; /* (n, dim), 64-byte aligned */
};
int vt_catalog_load(struct vt_catalog *c, struct vt_catalog_vectors *out, struct vt_err *e);
void vt_catalog_vectors_clear(struct vt_catalog_vectors *v);

/* Products that pass all terms: terms of one attribute are alternatives (OR), different attributes must all
 * hold (AND). *bits: bit by product row number, *nbits of them; vt_free. An unknown attribute: VT_EUSAGE
 * naming those there are. */
int vt_catalog_filter(struct vt_catalog *c, int n, const struct vt_attr *terms, uint64_t **bits,
                      int64_t *nbits, struct vt_err *e);

/* ---- writing (between begin and commit)
 * -------------------------------------------------------------------- */

int vt_catalog_begin(struct vt_catalog *c, struct vt_err *e);
int vt_catalog_commit(struct vt_catalog *c, struct vt_err *e);
void vt_catalog_rollback(struct vt_catalog *c);
/* Inserts, or replaces the product of the same id with all its images and attributes. Images whose v is NULL
 * must be stored already under this product with the same path: they keep their vector. *row may be NULL. */
int vt_catalog_put(struct vt_catalog *c, const struct vt_product *p, int64_t *row, struct vt_err *e);
/* The file was touched but is the same: new size and time. */
int vt_catalog_touch(struct vt_catalog *c, int64_t image_row, int64_t size, int64_t mtime, struct vt_err *e);
/* 1 removed, 0 there was none. */
int vt_catalog_remove(struct vt_catalog *c, const char *id, struct vt_err *e);

/* Sweep: forget the marks, mark the products that the source still has, remove the others. */
void vt_catalog_unmark(struct vt_catalog *c);
int vt_catalog_mark(struct vt_catalog *c, int64_t row, struct vt_err *e);
int vt_catalog_sweep(struct vt_catalog *c, int64_t *removed, struct vt_err *e);

/* ---- another embedding model
 * --------------------------------------------------------------------------------- */

/* New vectors are collected beside the old ones, which serve searches until finish puts the new ones in their
 * place in one transaction. Interrupted, the same model continues; another one starts anew. */
int vt_catalog_reembed_begin(struct vt_catalog *c, const char *model, int dim, struct vt_err *e);
/* The next product (with its images) that has no new vectors and whose row is above `after`: 1, or 0 at the
 * end. */
int vt_catalog_reembed_next(struct vt_catalog *c, int64_t after, struct vt_arena *a, struct vt_product *p,
                            struct vt_err *e);
/* Stores the new vectors of p's images (v not NULL) and p->group. Between begin and commit. */
int vt_catalog_reembed_put(struct vt_catalog *c, const struct vt_product *p, struct vt_err *e);
/* Images that got no new vector lose theirs; the next indexing of their product makes it. Own transaction. */
int vt_catalog_reembed_finish(struct vt_catalog *c, struct vt_err *e);

#endif
