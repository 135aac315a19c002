/* The loader: worker threads fill the slots of batches in a ring of buffers; batches are handed over in
 * order.
 *
 * Work is given out sample by sample in order of position, so the oldest batch is always finished first. A
 * sample's random numbers come from (seed, epoch, position), and everything that depends on which thread was
 * first is kept out of the result. Batch b uses buffer b % nbuf; at most nbuf batches are in the making, of
 * which one may be in the caller's hands. One mutex guards all counters; it is held for a few instructions
 * per sample. */
#include <pthread.h>
#include <string.h>
#include "data/data_internal.h"

enum { MAX_THREADS = 256, SUBSTITUTES = 16 };

struct buffer {
  uint8_t *data;  /* batch x sample_bytes */
  int64_t *index; /* sample that really stands in each slot */
  int left;       /* samples not made yet */
  int64_t bad;    /* samples that failed and were replaced */
  int64_t at;     /* position of the first failure without substitute, -1 none */
  struct vt_err e;
};

struct vt_loader {
  struct vt_loader_opts o;
  int64_t *order, nbatch;
  int nbuf, nthread;
  struct buffer *buf;
  pthread_t thread[MAX_THREADS];
  pthread_mutex_t lock;
  pthread_cond_t work, ready;
  int64_t next_batch; /* of the next sample to give out */
  int next_slot;
  int64_t handed; /* batches before this one were handed over */
  int64_t bad;    /* in the batches handed over */
  bool stop;
};

static int count_of(const struct vt_loader *l, int64_t b)
{
  return (int)VT_MIN((int64_t)l->o.batch, l->o.n - b * l->o.batch);
}

/* Makes the sample at a position. A failing one is replaced, if the caller allows any, by samples drawn from
 * the epoch's order with the position's own numbers: the same substitute whatever the threads. */
static int make_sample(struct vt_loader *l, int64_t position, uint8_t *slot, int64_t *index, int64_t *bad,
                       struct vt_err *e)
{
  const struct vt_loader_opts *o = &l->o;
  struct vt_rng pick;
  int64_t sample = l->order[position];
  vt_rng_init(&pick, o->seed ^ UINT64_C(0x5bd1e995), o->epoch, (uint64_t)position);
  for (int attempt = 0;; attempt++) {
    struct vt_rng rng;
    vt_rng_init(&rng, o->seed, o->epoch, (uint64_t)position);
    *index = sample;
    memset(e, 0, sizeof *e);
    int rc = o->make(sample, &rng, slot, o->ctx, e);
    if (rc >= 0) return 0;
    if (rc == VT_ENOMEM || o->max_bad <= 0 || attempt == SUBSTITUTES) return rc;
    ++*bad;
    vt_log(VT_LOG_WARN, "sample %lld left out: %s", (long long)sample, e->msg);
    sample = l->order[vt_rng_below(&pick, (uint32_t)o->n)];
  }
}

static void *worker(void *arg)
{
  struct vt_loader *l = arg;
  pthread_mutex_lock(&l->lock);
  while (!l->stop && l->next_batch < l->nbatch) {
    if (l->next_batch >= l->handed + l->nbuf - (l->handed > l->o.first_batch)) {
      pthread_cond_wait(&l->work, &l->lock);
      continue;
    }
    int64_t b = l->next_batch;
    int slot = l->next_slot++;
    struct buffer *buf = &l->buf[b % l->nbuf];
    if (slot == 0) {
      buf->left = count_of(l, b);
      buf->bad = 0;
      buf->at = -1;
    }
    if (l->next_slot == count_of(l, b)) {
      l->next_batch++;
      l->next_slot = 0;
    }
    pthread_mutex_unlock(&l->lock);

    struct vt_err e = {0};
    int64_t bad = 0, position = b * l->o.batch + slot;
    int rc =
        make_sample(l, position, buf->data + (size_t)slot * l->o.sample_bytes, &buf->index[slot], &bad, &e);

    pthread_mutex_lock(&l->lock);
    buf->bad += bad;
    if (rc < 0 && (buf->at < 0 || position < buf->at)) {
      buf->at = position;
      buf->e = e;
      buf->e.code = rc;
    }
    if (--buf->left == 0) pthread_cond_broadcast(&l->ready);
  }
  pthread_mutex_unlock(&l->lock);
  return NULL;
}

static int check(const struct vt_loader_opts *o, struct vt_err *e)
{
  if (o->n < 0 || o->n > VT__MAX_SAMPLES || o->batch < 1 || o->threads < 0 || o->prefetch < 0 ||
      o->first_batch < 0 || !o->sample_bytes || !o->make) {
    return vt_fail(e, VT_EARG, "loader: %lld samples, batch %d, %d threads, prefetch %d, %zu bytes a sample",
                   (long long)o->n, o->batch, o->threads, o->prefetch, o->sample_bytes);
  }
  return 0;
}

static int fill_order(struct vt_loader *l, struct vt_err *e)
{
  const struct vt_loader_opts *o = &l->o;
  l->order = vt_calloc((size_t)o->n + 1, sizeof *l->order);
  if (!l->order) return vt_fail(e, VT_ENOMEM, "loader: out of memory for %lld samples", (long long)o->n);
  if (o->order) {
    memcpy(l->order, o->order, (size_t)o->n * sizeof *l->order);
    return 0;
  }
  struct vt_rng rng;
  vt_rng_init(&rng, o->seed, o->epoch, UINT64_MAX);
  for (int64_t i = 0; i < o->n; i++) l->order[i] = i;
  vt_rng_shuffle(&rng, l->order, o->n);
  return 0;
}

int vt_loader_new(struct vt_loader **out, const struct vt_loader_opts *o, struct vt_err *e)
{
  *out = NULL;
  int rc = check(o, e);
  if (rc < 0) return rc;
  struct vt_loader *l = vt_calloc(1, sizeof *l);
  if (!l) return vt_fail(e, VT_ENOMEM, "loader: out of memory");
  l->o = *o;
  l->nbatch = o->drop_last ? o->n / o->batch : (o->n + o->batch - 1) / o->batch;
  l->nbuf = (o->prefetch ? o->prefetch : 2) + 1;
  l->next_batch = l->handed = o->first_batch;
  pthread_mutex_init(&l->lock, NULL);
  pthread_cond_init(&l->work, NULL);
  pthread_cond_init(&l->ready, NULL);
  if ((rc = fill_order(l, e)) < 0) goto fail;
  l->buf = vt_calloc((size_t)l->nbuf, sizeof *l->buf);
  if (!l->buf) {
    rc = vt_fail(e, VT_ENOMEM, "loader: out of memory");
    goto fail;
  }
  for (int i = 0; i < l->nbuf; i++) {
    if (o->sample_bytes <= SIZE_MAX / 2 / (size_t)o->batch)
      l->buf[i].data = vt_aligned(o->sample_bytes * (size_t)o->batch);
    l->buf[i].index = vt_calloc((size_t)o->batch, sizeof(int64_t));
    if (!l->buf[i].data || !l->buf[i].index) {
      rc = vt_fail(e, VT_ENOMEM, "loader: out of memory for batches of %d x %zu bytes", o->batch,
                   o->sample_bytes);
      goto fail;
    }
  }
  int threads = VT_MIN(o->threads ? o->threads : vt_threads(), MAX_THREADS);
  for (; l->nthread < threads; l->nthread++) {
    if (pthread_create(&l->thread[l->nthread], NULL, worker, l) != 0) break;
  }
  if (!l->nthread) {
    rc = vt_fail(e, VT_EIO, "loader: cannot start a thread");
    goto fail;
  }
  *out = l;
  return 0;
fail:
  vt_loader_free(l);
  return rc;
}

int vt_loader_next(struct vt_loader *l, void **data, const int64_t **index, int *count, struct vt_err *e)
{
  int rc = 1;
  pthread_mutex_lock(&l->lock);
  int64_t b = l->handed;
  if (b >= l->nbatch) {
    pthread_mutex_unlock(&l->lock);
    return 0;
  }
  struct buffer *buf = &l->buf[b % l->nbuf];
  /* Handing out batch b gives the buffer of batch b - 1 back, so that one more may be started. */
  while (l->next_batch <= b || buf->left > 0) pthread_cond_wait(&l->ready, &l->lock);
  l->handed = b + 1;
  l->bad += buf->bad;
  if (buf->at >= 0) {
    rc = vt_fail(e, buf->e.code, "%s", buf->e.msg);
  } else if (l->o.max_bad > 0 && l->bad > l->o.max_bad) {
    rc = vt_fail(e, VT_ELIMIT, "%lld samples could not be made, more than the %lld allowed",
                 (long long)l->bad, (long long)l->o.max_bad);
  }
  pthread_cond_broadcast(&l->work);
  pthread_mutex_unlock(&l->lock);
  *data = buf->data;
  if (index) *index = buf->index;
  *count = count_of(l, b);
  return rc;
}

int64_t vt_loader_bad(const struct vt_loader *l)
{
  return l->bad;
}

void vt_loader_free(struct vt_loader *l)
{
  if (!l) return;
  pthread_mutex_lock(&l->lock);
  l->stop = true;
  pthread_cond_broadcast(&l->work);
  pthread_mutex_unlock(&l->lock);
  for (int i = 0; i < l->nthread; i++) pthread_join(l->thread[i], NULL);
  for (int i = 0; l->buf && i < l->nbuf; i++) {
    vt_free(l->buf[i].data);
    vt_free(l->buf[i].index);
  }
  vt_free(l->buf);
  vt_free(l->order);
  pthread_cond_destroy(&l->ready);
  pthread_cond_destroy(&l->work);
  pthread_mutex_destroy(&l->lock);
  vt_free(l);
}
