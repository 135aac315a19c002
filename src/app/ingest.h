/* Indexing: sources (CSV files, folders) -> products with vectors in a catalogue.
 *
 * The calling thread reads sources and owns the catalogue; workers read, hash, decode and embed chunks of
 * products. A bounded number of chunks is under way, so memory does not grow with the number of products. A
 * commit every few hundred products or second acknowledges them. Files whose path, size and time of change
 * are the stored ones are taken as unchanged without being read; otherwise the content hash decides. */
#ifndef VT_APP_INGEST_H
#define VT_APP_INGEST_H

#include "backend/backend.h"
#include "catalog/catalog.h"
#include "data/data.h"
#include "model/model.h"

struct vt_ingest_opts {
  const char *catalog;
  const char *embedder; /* path of the model */
  struct vt_model_opts model;
  struct vt_strings sources; /* folders, CSV files, single pictures */
  /* CSV: names of columns and image templates such as "images/{id}.jpg"; NULL or none: id, title, {image},
   * group */
  const char *id, *title, *group;
  struct vt_strings images;
  const char *group_map; /* CSV: word of the group column -> group of the taxonomy; NULL: words are groups */
  bool sync;             /* remove products that none of the sources has */
  int commit_every;      /* products per transaction, 0 = 256 */
  void (*stored)(void *ctx, int64_t n); /* after each commit: n more are safe, or reported; may be NULL */
  void *ctx;
  bool reembed; /* first make all stored vectors anew, with whatever model is given */
};

struct vt_failure {
  char *what, *why; /* a file, a row ("styles.csv: line 7") or an id; owned */
};
struct vt_ingest_report {
  int64_t added, updated, unchanged, removed, reembedded;
  int64_t failed; /* failures in all; the list stops at VT_INGEST_MAX_FAILURES */
  int nfailures;
  struct vt_failure *failures;
  struct vt_catalog_counts total;
  double seconds;
};
enum { VT_INGEST_MAX_FAILURES = 100000 };

/* 0 also when single products failed: they are in the report. Negative: nothing more could be done (what was
 * committed before is kept, VT_EINTERRUPTED after Ctrl-C). The report is valid and must be cleared in any
 * case. */
int vt_ingest_run(const struct vt_ingest_opts *o, const struct vt_registry *r,
                  struct vt_ingest_report *report, struct vt_err *e);
/* Removes products by id; unknown ids are failures in the report. */
int vt_ingest_remove(const char *catalog, const struct vt_strings *ids, struct vt_ingest_report *report,
                     struct vt_err *e);
void vt_ingest_report_clear(struct vt_ingest_report *report);
/* Exit code for a report: 0, 1 (all failed) or 3 (some failed). */
int vt_ingest_exit(const struct vt_ingest_report *report);

#endif
