/* The workers of indexing: read, hash, decode and prepare pictures, embed them in full batches.
 *
 * Each worker computes with one thread of its own: with as many workers as cores nobody waits at a barrier,
 * and decoding overlaps with computing by itself. A short batch is padded, so that the model is compiled for
 * one size. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include <sys/stat.h>
#include "app/ingest_internal.h"

enum { BATCH = VT__CHUNK };
static const size_t max_file = (size_t)256 << 20;

struct batch {
  struct vt__ingest *g;
  struct vt__chunk *chunk;
  int64_t pixels; /* floats of one prepared picture: 3 * H * W */
  int dim, ngroups, n;
  float *in, *out, *prob;
  struct {
    struct vt__job *job;
    struct vt__job_image *image;
  } slot[BATCH];
};

static const char *reason(struct vt__chunk *c, const struct vt_err *e)
{
  const char *why = vt_arena_strdup(&c->arena, e->msg);
  return why ? why : "out of memory";
}

static int run_batch(struct batch *b, struct vt_err *e)
{
  if (b->n == 0) return 0;
  memset(b->in + b->n * b->pixels, 0, (size_t)((BATCH - b->n) * b->pixels) * sizeof *b->in);
  int rc = vt_embedder_run(b->g->embedder, b->in, BATCH, b->out, b->ngroups ? b->prob : NULL, e);
  for (int i = 0; i < b->n && !rc; i++) {
    struct vt__job *job = b->slot[i].job;
    struct vt__job_image *im = b->slot[i].image;
    const float *v = b->out + (int64_t)i * b->dim;
    double norm = 0;
    for (int d = 0; d < b->dim; d++) norm += (double)v[d] * v[d];
    if (!isfinite(norm) || norm == 0) {
      im->ok = false;
      im->why = "the model gives no finite vector for it";
      continue;
    }
    im->v = vt_arena_alloc(&b->chunk->arena, (size_t)b->dim * sizeof *v);
    if (b->ngroups && !job->prob)
      job->prob = vt_arena_alloc(&b->chunk->arena, (size_t)b->ngroups * sizeof *v);
    if (!im->v || (b->ngroups && !job->prob)) return vt_fail(e, VT_ENOMEM, "indexing: out of memory");
    for (int d = 0; d < b->dim; d++) im->v[d] = (float)(v[d] / sqrt(norm));
    for (int k = 0; k < b->ngroups; k++) job->prob[k] += b->prob[(int64_t)i * b->ngroups + k];
  }
  b->n = 0;
  return rc;
}

/* Decodes and prepares one picture into the next slot. A bad picture is no error of ours: im->why says it. */
static int add_picture(struct batch *b, struct vt__job *job, struct vt__job_image *im, const char *data,
                       size_t len, struct vt_err *e)
{
  const struct vt_preprocess *p = vt_embedder_preprocess(b->g->embedder);
  struct vt_decode_opts opts = {.min_side = VT_MAX(p->width, p->height)};
  struct vt_image picture = {0};
  struct vt_err why = {0};
  int rc = vt_image_decode(&picture, data, len, &opts, NULL, &why);
  if (!rc) rc = vt_embedder_prepare(b->g->embedder, &picture, NULL, NULL, b->in + b->n * b->pixels, &why);
  vt_image_clear(&picture);
  if (rc) {
    im->ok = false;
    im->why = reason(b->chunk, &why);
    return 0;
  }
  b->slot[b->n].job = job;
  b->slot[b->n].image = im;
  return ++b->n == BATCH ? run_batch(b, e) : 0;
}

/* Reads and hashes one picture, embeds it if it is not the stored one. */
static int look_at(struct batch *b, struct vt__job *job, struct vt__job_image *im, bool force,
                   struct vt_err *e)
{
  struct stat st;
  struct vt_err why = {0};
  char *data = NULL;
  size_t len = 0;
  im->ok = false;
  int rc = stat(im->path, &st) ? vt_fail_errno(&why, im->path) : 0;
  if (!rc) rc = vt_file_read(im->path, max_file, &data, &len, &why);
  if (!rc && !len) rc = vt_fail(&why, VT_EFORMAT, "empty file");
  if (rc) {
    im->why = reason(b->chunk, &why);
    vt_free(data);
    return 0;
  }
  im->ok = true;
  im->size = st.st_size;
  im->mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
  vt_hash_hex(data, len, im->hash);
  im->same = im->row && !strcmp(im->hash, im->old_hash);
  rc = im->same && !force ? 0 : add_picture(b, job, im, data, len, e);
  vt_free(data);
  return rc;
}

/* A predicted group is the guess over all pictures of a product: one new picture makes all of them count
 * again. */
static int work_job(struct batch *b, struct vt__job *job, struct vt_err *e)
{
  bool predict = job->group == VT__GROUP_PREDICT && b->ngroups;
  bool force = job->force || (predict && !job->old_predicted), changed = force;
  int rc = 0;
  for (int i = 0; i < job->nimages && !rc; i++) {
    rc = look_at(b, job, &job->images[i], force, e);
    changed |= job->images[i].ok && !job->images[i].same;
  }
  for (int i = 0; i < job->nimages && !rc && predict && changed && !force; i++)
    if (job->images[i].ok && job->images[i].same) rc = look_at(b, job, &job->images[i], true, e);
  return rc;
}

void vt__ingest_worker(void *arg)
{
  struct vt__ingest *g = arg;
  const struct vt_preprocess *p = vt_embedder_preprocess(g->embedder);
  struct batch b = {.g = g,
                    .pixels = 3LL * p->width * p->height,
                    .dim = vt_embedder_dim(g->embedder),
                    .ngroups = vt_embedder_ngroups(g->embedder)};
  omp_set_num_threads(1);
  b.in = vt_aligned((size_t)(BATCH * b.pixels) * sizeof *b.in);
  b.out = vt_aligned((size_t)(BATCH * b.dim) * sizeof *b.out);
  b.prob = vt_aligned((size_t)(BATCH * VT_MAX(b.ngroups, 1)) * sizeof *b.prob);
  void *item;
  while (vt_queue_get(g->todo, &item)) {
    struct vt__chunk *c = b.chunk = item;
    b.n = 0;
    c->rc = b.in && b.out && b.prob ? 0 : vt_fail(&c->err, VT_ENOMEM, "indexing: out of memory");
    for (int i = 0; i < c->n && !c->rc; i++) c->rc = work_job(&b, &c->job[i], &c->err);
    if (!c->rc) c->rc = run_batch(&b, &c->err);
    vt_queue_put(g->done, c);
  }
  vt_free(b.in);
  vt_free(b.out);
  vt_free(b.prob);
}
