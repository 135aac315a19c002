/* Shared by the files of indexing. See ingest.h. */
#ifndef VT_APP_INGEST_INTERNAL_H
#define VT_APP_INGEST_INTERNAL_H

#include "app/ingest.h"

enum { VT__CHUNK = 16, VT__GROUP_PREDICT = -1 };

struct vt__job_image {
  const char *path;
  /* as stored; row 0: not yet */
  int64_t row, old_size, old_mtime;
  const char *old_hash;
  /* found by the worker */
  char hash[33];
  int64_t size, mtime;
  bool ok, same;
  float *v; /* (dim), or NULL if the stored vector stays */
  const char *why;
};

/* One product on its way through the workers. Strings live in the chunk's or the source's arena. */
struct vt__job {
  const char *id, *title, *origin; /* origin: "styles.csv: line 7", for messages */
  int group;                       /* declared, VT_NO_GROUP or VT__GROUP_PREDICT */
  uint64_t text;
  int nattrs, nimages;
  struct vt_attr *attrs;
  struct vt__job_image *images;
  /* as stored */
  int64_t row;
  int old_group, old_images;
  bool old_predicted, same_text;
  bool force;  /* embed whatever the hashes say */
  float *prob; /* (ngroups) sums over images, or NULL */
};

struct vt__chunk {
  struct vt_arena arena;
  int n;
  bool reembed;
  struct vt__job job[VT__CHUNK];
  int rc; /* of the worker: what stops everything, not a bad picture */
  struct vt_err err;
};

struct vt__ingest {
  const struct vt_ingest_opts *o;
  struct vt_ingest_report *report;
  struct vt_catalog *catalog;
  struct vt_embedder *embedder;
  struct vt_taxonomy taxonomy;
  uint64_t garments; /* bit by group */
  struct vt_group_map *map;
  struct vt_progress progress;
  struct vt_queue *todo, *done;
  struct vt_pool *pool;
  struct vt__chunk *filling;
  int in_flight, max_in_flight;
  bool writing; /* a transaction is open */
  int64_t pending;
  double last_commit;
  int64_t seen, unreadable_rows;
};

/* Worker thread: takes chunks from todo, fills hashes, vectors and probabilities in, puts them to done. */
void vt__ingest_worker(void *ingest);

/* Memory for the next product's strings; NULL after a failure. */
struct vt_arena *vt__ingest_arena(struct vt__ingest *g, struct vt_err *e);
/* Hands one product on; its strings must live until vt__ingest_flush (those of vt__ingest_arena do). Skips
 * what has not changed. */
int vt__ingest_submit(struct vt__ingest *g, struct vt__job *job, struct vt_err *e);
/* The source still has this product, though it cannot be read now: a sweep leaves it. */
int vt__ingest_keep(struct vt__ingest *g, const char *id, struct vt_err *e);
/* Waits until everything handed on is stored and committed. */
int vt__ingest_flush(struct vt__ingest *g, struct vt_err *e);
/* After a failure: nothing that was handed on is used any more. */
void vt__ingest_stop_workers(struct vt__ingest *g);
int vt__ingest_failed(struct vt__ingest *g, const char *what, const char *why, struct vt_err *e);

int vt__ingest_csv(struct vt__ingest *g, const char *path, struct vt_err *e);
int vt__ingest_folder(struct vt__ingest *g, const char *path, struct vt_err *e);
int vt__ingest_file(struct vt__ingest *g, const char *path, const char *id, struct vt_err *e);
int vt__ingest_reembed(struct vt__ingest *g, struct vt_err *e);

#endif
