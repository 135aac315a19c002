/* Indexing: what has changed is handed to the workers, what they give back is stored. Invariants: at most
 * max_in_flight chunks are outside this thread, the queues hold as many, so no put ever blocks; everything
 * stored since the last commit is lost by a failure, everything before is acknowledged and kept. */
#include "app/ingest_internal.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { COMMIT_EVERY = 256 };
static const double commit_seconds = 1.0;

/* ---- the report
 * --------------------------------------------------------------------------------------------- */

int vt__ingest_failed(struct vt__ingest *g, const char *what, const char *why, struct vt_err *e)
{
  struct vt_ingest_report *r = g->report;
  size_t n = strlen(what);
  bool named = n && strstr(why, what);
  vt_log(VT_LOG_ERROR, "%s%s%s", named ? "" : what, named ? "" : ": ", why);
  r->failed++;
  if (r->nfailures == VT_INGEST_MAX_FAILURES) return 0;
  if ((r->nfailures & (r->nfailures - 1)) == 0) {
    int cap = VT_MAX(16, r->nfailures * 2);
    struct vt_failure *more = vt_reallocarray(r->failures, (size_t)cap, sizeof *more);
    if (!more) return vt_fail(e, VT_ENOMEM, "indexing: out of memory");
    r->failures = more;
  }
  struct vt_failure f = {vt_strdup(what), vt_strdup(why)};
  if (!f.what || !f.why) {
    vt_free(f.what);
    vt_free(f.why);
    return vt_fail(e, VT_ENOMEM, "indexing: out of memory");
  }
  r->failures[r->nfailures++] = f;
  return 0;
}

void vt_ingest_report_clear(struct vt_ingest_report *r)
{
  for (int i = 0; i < r->nfailures; i++) {
    vt_free(r->failures[i].what);
    vt_free(r->failures[i].why);
  }
  vt_free(r->failures);
  *r = (struct vt_ingest_report){0};
}

int vt_ingest_exit(const struct vt_ingest_report *r)
{
  if (!r->failed) return 0;
  return r->added || r->updated || r->unchanged || r->removed || r->reembedded ? 3 : 1;
}

/* ---- storing
 * ------------------------------------------------------------------------------------------------ */

static int write_begin(struct vt__ingest *g, struct vt_err *e)
{
  if (g->writing) return 0;
  int rc = vt_catalog_begin(g->catalog, e);
  g->writing = rc == 0;
  if (!rc) g->last_commit = vt_now();
  return rc;
}

static int write_commit(struct vt__ingest *g, struct vt_err *e)
{
  if (!g->writing) return 0;
  int64_t n = g->pending;
  g->writing = false;
  g->pending = 0;
  int rc = vt_catalog_commit(g->catalog, e);
  if (!rc && g->o && g->o->stored) g->o->stored(g->o->ctx, n);
  return rc;
}

static int predicted_group(const struct vt__ingest *g, const float *prob)
{
  int best = VT_NO_GROUP, n = VT_MIN(vt_embedder_ngroups(g->embedder), g->taxonomy.ngroups);
  for (int k = 0; k < n; k++) {
    if (!(g->garments >> k & 1)) continue;
    if (best == VT_NO_GROUP || prob[k] > prob[best]) best = k;
  }
  return best;
}

static int report_images(struct vt__ingest *g, const struct vt__job *job, int *good, bool *same,
                         struct vt_err *e)
{
  int rc = 0;
  *good = 0;
  *same = true;
  for (int i = 0; i < job->nimages && !rc; i++) {
    const struct vt__job_image *im = &job->images[i];
    if (!im->ok) rc = vt__ingest_failed(g, im->path, im->why ? im->why : "cannot be read", e);
    *good += im->ok;
    *same = *same && im->ok && im->same && !im->v;
  }
  return rc;
}

static int touch(struct vt__ingest *g, const struct vt__job *job, struct vt_err *e)
{
  int rc = 0;
  for (int i = 0; i < job->nimages && !rc; i++) {
    const struct vt__job_image *im = &job->images[i];
    if (im->size != im->old_size || im->mtime != im->old_mtime)
      rc = vt_catalog_touch(g->catalog, im->row, im->size, im->mtime, e);
  }
  return rc;
}

static int store_job(struct vt__ingest *g, const struct vt__job *job, bool reembed, struct vt_err *e)
{
  int good, n = 0;
  bool same;
  int rc = report_images(g, job, &good, &same, e);
  if (rc || (good == 0 && !reembed)) return rc;
  if ((rc = write_begin(g, e))) return rc;
  if (!reembed && same && job->same_text && job->nimages == job->old_images) {
    g->report->unchanged++;
    return touch(g, job, e);
  }
  struct vt_catalog_image images[VT_CATALOG_MAX_IMAGES];
  for (int i = 0; i < job->nimages; i++) {
    const struct vt__job_image *im = &job->images[i];
    if (im->ok)
      images[n++] = (struct vt_catalog_image){im->row, im->path, im->hash, im->size, im->mtime, im->v};
  }
  bool predict = job->group == VT__GROUP_PREDICT;
  int group = !predict    ? job->group
              : job->prob ? predicted_group(g, job->prob)
              : job->row  ? job->old_group
                          : VT_NO_GROUP;
  struct vt_product p = {.row = job->row,
                         .id = job->id,
                         .title = job->title,
                         .group = group,
                         .predicted = predict,
                         .text = job->text,
                         .nattrs = job->nattrs,
                         .nimages = n,
                         .attrs = job->attrs,
                         .images = images};
  int64_t row = job->row;
  if (reembed) {
    g->report->reembedded += n > 0;
    return vt_catalog_reembed_put(g->catalog, &p, e);
  }
  if ((rc = vt_catalog_put(g->catalog, &p, &row, e))) return vt_fail_in(e, rc, "%s", job->origin);
  *(job->row ? &g->report->updated : &g->report->added) += 1;
  return vt_catalog_mark(g->catalog, row, e);
}

/* Takes one chunk back and stores it. */
static int collect(struct vt__ingest *g, struct vt_err *e)
{
  void *item;
  if (!vt_queue_get(g->done, &item)) return vt_fail(e, VT_ESTATE, "indexing: workers are gone");
  struct vt__chunk *c = item;
  g->in_flight--;
  int rc = c->rc ? vt_fail(e, c->rc, "%s", c->err.msg) : 0;
  for (int i = 0; i < c->n && !rc; i++) rc = store_job(g, &c->job[i], c->reembed, e);
  g->pending += c->n;
  vt_progress_add(&g->progress, c->n);
  vt_arena_clear(&c->arena);
  vt_free(c);
  if (rc) {
    if (g->writing) vt_catalog_rollback(g->catalog);
    g->writing = false;
    return rc;
  }
  bool due = g->pending >= (g->o->commit_every ? g->o->commit_every : COMMIT_EVERY) ||
             vt_now() - g->last_commit > commit_seconds;
  return due ? write_commit(g, e) : 0;
}

static int chunk_send(struct vt__ingest *g, struct vt_err *e)
{
  struct vt__chunk *c = g->filling;
  if (!c) return 0;
  int rc = 0;
  while (g->in_flight >= g->max_in_flight && !rc) rc = collect(g, e);
  if (rc) return rc;
  g->filling = NULL;
  g->in_flight++;
  vt_queue_put(g->todo, c);
  return 0;
}

static struct vt__chunk *chunk_filling(struct vt__ingest *g, struct vt_err *e)
{
  if (g->filling) return g->filling;
  struct vt__chunk *c = vt_calloc(1, sizeof *c);
  if (!c)
    vt_fail(e, VT_ENOMEM, "indexing: out of memory");
  else
    vt_arena_init(&c->arena);
  return g->filling = c;
}

struct vt_arena *vt__ingest_arena(struct vt__ingest *g, struct vt_err *e)
{
  struct vt__chunk *c = chunk_filling(g, e);
  return c ? &c->arena : NULL;
}

int vt__ingest_flush(struct vt__ingest *g, struct vt_err *e)
{
  int rc = chunk_send(g, e);
  while (g->in_flight && !rc) rc = collect(g, e);
  return rc ? rc : write_commit(g, e);
}

/* ---- what has changed
 * ----------------------------------------------------------------------------------------- */

/* Fills the job's `old` fields from the stored product. True if nothing has changed by text, path, size and
 * time. */
static bool compare(struct vt__job *job, const struct vt_product *old)
{
  job->row = old->row;
  job->old_group = old->group;
  job->old_images = old->nimages;
  job->old_predicted = old->predicted;
  job->same_text = job->text == old->text && !strcmp(job->title, old->title);
  bool same = job->same_text && job->nimages == old->nimages;
  for (int i = 0; i < job->nimages; i++) {
    struct vt__job_image *im = &job->images[i];
    for (int k = 0; k < old->nimages && !im->row; k++) {
      const struct vt_catalog_image *was = &old->images[k];
      if (strcmp(was->path, im->path) != 0) continue;
      im->row = was->row;
      im->old_hash = was->hash;
      im->old_size = was->size;
      im->old_mtime = was->mtime;
    }
    struct stat st;
    same = same && im->row && stat(im->path, &st) == 0 && st.st_size == im->old_size &&
           (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec == im->old_mtime;
  }
  return same;
}

int vt__ingest_keep(struct vt__ingest *g, const char *id, struct vt_err *e)
{
  struct vt_arena a;
  struct vt_product p;
  vt_arena_init(&a);
  int rc = vt_catalog_find(g->catalog, id, false, &a, &p, e);
  if (rc == 1) rc = vt_catalog_mark(g->catalog, p.row, e);
  vt_arena_clear(&a);
  g->seen++;
  return rc;
}

int vt__ingest_submit(struct vt__ingest *g, struct vt__job *job, struct vt_err *e)
{
  if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
  struct vt__chunk *c = chunk_filling(g, e);
  if (!c) return VT_ENOMEM;
  if (!c->reembed) {
    struct vt_product old;
    int rc = vt_catalog_find(g->catalog, job->id, false, &c->arena, &old, e);
    if (rc < 0) return rc;
    g->seen++;
    if (rc == 1) {
      if ((rc = vt_catalog_mark(g->catalog, old.row, e))) return rc;
      if (compare(job, &old)) {
        g->report->unchanged++;
        vt_progress_add(&g->progress, 1);
        if (c->arena.total < 1 << 20) return 0;
        /* strings of skipped products must not pile up */
        return chunk_send(g, e);
      }
    }
  }
  c->job[c->n++] = *job;
  return c->n == VT__CHUNK ? chunk_send(g, e) : 0;
}

int vt__ingest_reembed(struct vt__ingest *g, struct vt_err *e)
{
  int64_t last = 0;
  int rc = vt_catalog_reembed_begin(g->catalog, vt_embedder_id(g->embedder), vt_embedder_dim(g->embedder), e);
  vt_progress_start(&g->progress, "re-embedding", "products", g->report->total.products);
  while (!rc) {
    struct vt__chunk *c = chunk_filling(g, e);
    if (!c) return VT_ENOMEM;
    c->reembed = true;
    struct vt_product p;
    if ((rc = vt_catalog_reembed_next(g->catalog, last, &c->arena, &p, e)) <= 0) break;
    last = p.row;
    struct vt__job job = {.id = p.id,
                          .title = p.title,
                          .origin = p.id,
                          .group = p.predicted ? VT__GROUP_PREDICT : p.group,
                          .row = p.row,
                          .old_group = p.group,
                          .old_predicted = p.predicted,
                          .force = true,
                          .nimages = p.nimages};
    job.images = vt_arena_alloc(&c->arena, (size_t)VT_MAX(p.nimages, 1) * sizeof *job.images);
    if (!job.images) return vt_fail(e, VT_ENOMEM, "indexing: out of memory");
    for (int i = 0; i < p.nimages; i++)
      job.images[i] = (struct vt__job_image){
          .path = p.images[i].path, .row = p.images[i].row, .old_hash = p.images[i].hash};
    rc = vt__ingest_submit(g, &job, e);
  }
  if (!rc) rc = vt__ingest_flush(g, e);
  vt_progress_end(&g->progress);
  if (rc) return rc;
  if (g->report->failed && !g->report->reembedded)
    return vt_fail(e, VT_EIO, "%s: none of the stored pictures could be embedded; the old vectors stay",
                   g->o->catalog);
  return vt_catalog_reembed_finish(g->catalog, e);
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------ */

static int sweep(struct vt__ingest *g, struct vt_err *e)
{
  if (g->unreadable_rows || !g->seen) {
    vt_log(VT_LOG_WARN, "--sync: nothing is removed, since %s",
           g->seen ? "some rows of the source could not be read" : "the source has no products");
    return 0;
  }
  int rc = write_begin(g, e);
  if (!rc) rc = vt_catalog_sweep(g->catalog, &g->report->removed, e);
  return rc ? rc : write_commit(g, e);
}

static int check_sources(const struct vt_ingest_opts *o, struct vt_err *e)
{
  for (int i = 0; i < o->sources.n; i++)
    if (strcmp(o->sources.v[i], "-") && !vt_is_dir(o->sources.v[i]) && vt_file_size(o->sources.v[i]) < 0)
      return vt_fail(e, VT_ENOENT, "%s: no such file or folder", o->sources.v[i]);
  return 0;
}

static int start(struct vt__ingest *g, const struct vt_registry *r, struct vt_err *e)
{
  const struct vt_ingest_opts *o = g->o;
  struct vt_model_opts model = o->model;
  model.threads = 1;
  model.batch = VT__CHUNK;
  int workers = vt_threads(), rc = check_sources(o, e);
  if (!rc) rc = vt_taxonomy_builtin(&g->taxonomy, e);
  if (!rc) g->garments = vt_taxonomy_garments(&g->taxonomy);
  if (!rc && o->group_map) rc = vt_group_map_read(&g->map, &g->taxonomy, o->group_map, e);
  if (!rc) rc = vt_embedder_open(&g->embedder, r, o->embedder, &model, e);
  if (!rc)
    rc = vt_catalog_open(&g->catalog, o->catalog, o->sources.n ? VT_CATALOG_CREATE : VT_CATALOG_WRITE, e);
  if (!rc && !o->reembed)
    rc = vt_catalog_check_model(g->catalog, vt_embedder_id(g->embedder), vt_embedder_dim(g->embedder), e);
  if (!rc) rc = vt_catalog_count(g->catalog, &g->report->total, e);
  if (rc) return rc;
  g->max_in_flight = 2 * workers + 1;
  rc = vt_queue_new(&g->todo, (size_t)g->max_in_flight, e);
  if (!rc) rc = vt_queue_new(&g->done, (size_t)g->max_in_flight, e);
  if (!rc) rc = vt_pool_new(&g->pool, workers, e);
  for (int i = 0; i < workers && !rc; i++) rc = vt_pool_submit(g->pool, vt__ingest_worker, g, e);
  return rc;
}

void vt__ingest_stop_workers(struct vt__ingest *g)
{
  void *item;
  if (g->todo) vt_queue_close(g->todo);
  vt_pool_free(g->pool);
  g->pool = NULL;
  if (g->done) vt_queue_close(g->done);
  while (g->done && vt_queue_get(g->done, &item)) {
    vt_arena_clear(&((struct vt__chunk *)item)->arena);
    vt_free(item);
  }
  if (g->filling) vt_arena_clear(&g->filling->arena);
  vt_free(g->filling);
  g->filling = NULL;
}

static void stop(struct vt__ingest *g)
{
  vt__ingest_stop_workers(g);
  vt_queue_free(g->todo);
  vt_queue_free(g->done);
  if (g->writing) vt_catalog_rollback(g->catalog);
  vt_catalog_close(g->catalog);
  vt_embedder_free(g->embedder);
  vt_group_map_free(g->map);
  vt_taxonomy_clear(&g->taxonomy);
}

static int is_csv(const char *path)
{
  const char *ext = vt_path_ext(path);
  return !strcasecmp(ext, "csv") || !strcmp(path, "-");
}

int vt_ingest_run(const struct vt_ingest_opts *o, const struct vt_registry *r,
                  struct vt_ingest_report *report, struct vt_err *e)
{
  *report = (struct vt_ingest_report){0};
  struct vt__ingest g = {.o = o, .report = report};
  double begun = vt_now();
  int rc = start(&g, r, e);
  if (!rc && o->reembed && (*vt_catalog_model(g.catalog) || report->total.products))
    rc = vt__ingest_reembed(&g, e);
  if (!rc && o->reembed)
    rc = vt_catalog_check_model(g.catalog, vt_embedder_id(g.embedder), vt_embedder_dim(g.embedder), e);
  for (int i = 0; i < o->sources.n && !rc; i++) {
    const char *path = o->sources.v[i];
    vt_progress_start(&g.progress, "indexing", "products", 0);
    rc = vt_is_dir(path) ? vt__ingest_folder(&g, path, e)
         : is_csv(path)  ? vt__ingest_csv(&g, path, e)
                         : vt__ingest_file(&g, path, vt_path_base(path), e);
    vt_progress_end(&g.progress);
  }
  if (rc == VT_EINTERRUPTED) { /* what is under way is still stored */
    struct vt_err ignored;
    rc = vt__ingest_flush(&g, &ignored) ? vt_fail(e, ignored.code, "%s", ignored.msg) : VT_EINTERRUPTED;
    int64_t done = report->added + report->updated + report->unchanged + report->reembedded;
    if (rc == VT_EINTERRUPTED)
      rc = vt_fail(e, rc, "interrupted; %lld products are stored, the same command goes on from there",
                   (long long)done);
  }
  if (!rc && o->sync) rc = sweep(&g, e);
  if (!rc) rc = vt_catalog_count(g.catalog, &report->total, e);
  stop(&g);
  report->seconds = vt_now() - begun;
  return rc;
}

int vt_ingest_remove(const char *catalog, const struct vt_strings *ids, struct vt_ingest_report *report,
                     struct vt_err *e)
{
  *report = (struct vt_ingest_report){0};
  struct vt__ingest g = {.report = report};
  int rc = vt_catalog_open(&g.catalog, catalog, VT_CATALOG_WRITE, e);
  if (!rc) rc = write_begin(&g, e);
  for (int i = 0; i < ids->n && !rc; i++) {
    rc = vt_catalog_remove(g.catalog, ids->v[i], e);
    if (rc == 1) report->removed++;
    rc = rc == 0 ? vt__ingest_failed(&g, ids->v[i], "no such product", e) : VT_MIN(rc, 0);
  }
  if (!rc) rc = write_commit(&g, e);
  if (!rc) rc = vt_catalog_count(g.catalog, &report->total, e);
  if (g.writing) vt_catalog_rollback(g.catalog);
  vt_catalog_close(g.catalog);
  return rc;
}
