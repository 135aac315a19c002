/* Shared by the files of looking. See look.h. */
#ifndef VT_APP_LOOK_INTERNAL_H
#define VT_APP_LOOK_INTERNAL_H

#include <pthread.h>
#include "app/look.h"
#include "index/index.h"

enum { VT__EMBED_BATCH = 4 };

struct vt_look {
  struct vt_look_opts opts;
  const struct vt_registry *registry;
  struct vt_segmenter *segmenter;
  struct vt_embedder *embedder;
  pthread_t warm_thread; /* compiles the embedder while the first photo is segmented */
  bool warming;
  struct vt_catalog *catalog;
  pthread_mutex_t catalog_lock;
  struct vt_catalog_vectors vectors;
  struct vt_index *index; /* row ids are rows of `vectors` */
  int64_t *rows;          /* 0, 1, 2, … */
  uint64_t *filter;       /* bit by row of `vectors`, or NULL */
  struct vt_taxonomy taxonomy;
  uint64_t garments; /* bit by class of the segmenter */
};

/* Fills the matches of all items. v: (n, dim). */
int vt__look_match(struct vt_look *l, const struct vt_look_query *q, const float *v, struct vt_look_result *r,
                   struct vt_err *e);

#endif
