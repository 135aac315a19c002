/* Decoded pictures in memory. Nothing is ever thrown out, so what was handed out stays valid until the cache
 * is freed: once the limit is reached, further pictures are decoded anew for each caller.
 *
 * The table is split into shards by hash of (path, size, kind), each a chained hash table with its own mutex,
 * held only to look up or to link; decoding happens outside. Two threads that miss the same picture at once
 * both decode it and the second drops its copy. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include "data/data_internal.h"

enum { SHARDS = 64, FIRST_BUCKETS = 64 };

struct entry {
  struct entry *next;
  uint64_t hash;
  struct vt_image im;
  int max_side;
  bool labels;
  char path[];
};

struct bucket {
  struct entry *first;
};

struct shard {
  pthread_mutex_t lock;
  int64_t n, nbuckets;
  struct bucket *bucket;
};

struct vt_image_cache {
  size_t limit;
  atomic_size_t used;
  struct shard shard[SHARDS];
};

int vt_image_cache_new(struct vt_image_cache **out, size_t limit_bytes, struct vt_err *e)
{
  struct vt_image_cache *c = *out = vt_calloc(1, sizeof *c);
  if (!c) return vt_fail(e, VT_ENOMEM, "image cache: out of memory");
  c->limit = limit_bytes;
  for (int i = 0; i < SHARDS; i++) pthread_mutex_init(&c->shard[i].lock, NULL);
  return 0;
}

static void entry_free(struct entry *n)
{
  if (!n) return;
  vt_image_clear(&n->im);
  vt_free(n);
}

void vt_image_cache_free(struct vt_image_cache *c)
{
  if (!c) return;
  for (int i = 0; i < SHARDS; i++) {
    struct shard *s = &c->shard[i];
    for (int64_t b = 0; b < s->nbuckets; b++) {
      for (struct entry *n = s->bucket[b].first, *next; n; n = next) {
        next = n->next;
        entry_free(n);
      }
    }
    vt_free(s->bucket);
    pthread_mutex_destroy(&s->lock);
  }
  vt_free(c);
}

static uint64_t hash_of(const char *path, int max_side, bool labels)
{
  return vt_hash64(path, strlen(path)) ^
         (uint64_t)(2 * (int64_t)max_side + labels) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct entry *find(const struct shard *s, uint64_t hash, const char *path, int max_side, bool labels)
{
  if (!s->nbuckets) return NULL;
  for (struct entry *n = s->bucket[hash / SHARDS % (uint64_t)s->nbuckets].first; n; n = n->next) {
    if (n->hash == hash && n->max_side == max_side && n->labels == labels && strcmp(n->path, path) == 0)
      return n;
  }
  return NULL;
}

/* Doubles the buckets; false when there is no memory for it (the picture is then not kept). */
static bool grow(struct shard *s)
{
  int64_t n = s->nbuckets ? 2 * s->nbuckets : FIRST_BUCKETS;
  struct bucket *bucket = vt_calloc((size_t)n, sizeof *bucket);
  if (!bucket) return s->nbuckets > 0;
  for (int64_t b = 0; b < s->nbuckets; b++) {
    for (struct entry *x = s->bucket[b].first, *next; x; x = next) {
      next = x->next;
      struct entry **head = &bucket[x->hash / SHARDS % (uint64_t)n].first;
      x->next = *head;
      *head = x;
    }
  }
  vt_free(s->bucket);
  s->bucket = bucket;
  s->nbuckets = n;
  return true;
}

/* Decodes, and shrinks to max_side where the picture is larger. JPEGs are decoded at a fraction where that
 * suffices. */
static int load(struct vt_image *im, const char *path, int max_side, bool labels, struct vt_err *e)
{
  struct vt_decode_opts o = {.labels = labels};
  struct vt_image_info info = {0};
  int rc = 0;
  if (max_side > 0 && !labels) {
    struct vt_map m;
    if ((rc = vt_map_open(&m, path, e)) < 0) return rc;
    if (vt_image_probe(&info, m.data, m.len, NULL) >= 0 && VT_MAX(info.width, info.height) > max_side) {
      double f = (double)max_side / VT_MAX(info.width, info.height);
      o.min_side = (int)VT_MAX(1, ceil(f * VT_MIN(info.width, info.height)));
    }
    rc = vt_image_decode(im, m.data, m.len, &o, &info, e);
    vt_map_close(&m);
    if (rc < 0) return vt_fail_in(e, rc, "%s", path);
  } else if ((rc = vt_image_read(im, path, &o, &info, e)) < 0) {
    return rc;
  }
  int longer = VT_MAX(info.width, info.height);
  if (max_side <= 0 || longer <= max_side) return 0;
  struct vt_image full = *im;
  int w = (int)VT_MAX(1, lround((double)info.width * max_side / longer));
  int h = (int)VT_MAX(1, lround((double)info.height * max_side / longer));
  if ((rc = vt_image_init(im, w, h, full.channels, e)) >= 0 &&
      (rc = vt_image_resize(im, &full, 0, 0, full.width, full.height, labels ? VT_NEAREST : VT_BILINEAR, e)) <
          0) {
    vt_image_clear(im);
  }
  vt_image_clear(&full);
  return rc < 0 ? vt_fail_in(e, rc, "%s", path) : 0;
}

static bool reserve(struct vt_image_cache *c, size_t bytes)
{
  size_t used = atomic_load(&c->used);
  do {
    if (bytes > c->limit || used > c->limit - bytes) return false;
  } while (!atomic_compare_exchange_weak(&c->used, &used, used + bytes));
  return true;
}

int vt_image_cache_get(struct vt_image_cache *c, const char *path, int max_side, bool labels,
                       const struct vt_image **im, struct vt_image *own, struct vt_err *e)
{
  uint64_t hash = hash_of(path, max_side, labels);
  struct shard *s = &c->shard[hash % SHARDS];
  memset(own, 0, sizeof *own);
  pthread_mutex_lock(&s->lock);
  struct entry *hit = find(s, hash, path, max_side, labels);
  pthread_mutex_unlock(&s->lock);
  if (hit) {
    *im = &hit->im;
    return 0;
  }
  int rc = load(own, path, max_side, labels, e);
  if (rc < 0) return rc;
  *im = own;
  size_t length = strlen(path) + 1, bytes = sizeof *hit + length + (size_t)(own->stride * own->height);
  if (!reserve(c, bytes)) return 0;
  struct entry *n = vt_malloc(sizeof *n + length);
  if (n) {
    *n = (struct entry){.hash = hash, .im = *own, .max_side = max_side, .labels = labels};
    memcpy(n->path, path, length);
    pthread_mutex_lock(&s->lock);
    hit = find(s, hash, path, max_side, labels);
    bool fits = hit || s->n < s->nbuckets || grow(s);
    if (!hit && fits) {
      struct entry **head = &s->bucket[hash / SHARDS % (uint64_t)s->nbuckets].first;
      n->next = *head;
      *head = n;
      s->n++;
    }
    pthread_mutex_unlock(&s->lock);
    if (!hit && fits) {
      *im = &n->im;
      memset(own, 0, sizeof *own);
      return 0;
    }
    vt_free(n);
  }
  atomic_fetch_sub(&c->used, bytes);
  if (hit) {
    vt_image_clear(own);
    memset(own, 0, sizeof *own);
    *im = &hit->im;
  }
  return 0;
}
