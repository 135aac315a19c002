/* Queues of hosts. A host is runnable when it has items, a free place and no rest to keep; runnable hosts
 * form a ring. Waiting items and resting hosts lie in one heap, ordered by the time they wake. */
#include "data/fetch_hosts.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MAX_HOST_NAME = 260 };

struct host {
  char *name;
  int64_t first, last; /* its queue: items, -1 none */
  int64_t next;        /* in the ring, -1 last */
  int active, unanswered;
  bool runnable;
  double rest_until;
};
struct waiting {
  double due;
  int64_t item, host; /* one of them, the other -1 */
};
struct vt__hosts {
  struct vt_arena arena;
  int per_host;
  double now;
  int64_t nhosts, cap;
  struct host *host;
  int64_t *slot;        /* (2 cap) hash table: host + 1 */
  int64_t *of, *follow; /* (items) its host; the item behind it in the queue */
  int64_t ring_first, ring_last;
  int64_t nwaiting, cap_waiting;
  struct waiting *heap;
};

int vt__hosts_new(struct vt__hosts **out, int64_t items, int per_host, struct vt_err *e)
{
  struct vt__hosts *h = *out = vt_calloc(1, sizeof *h);
  if (!h) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_arena_init(&h->arena);
  h->per_host = per_host;
  h->ring_first = h->ring_last = -1;
  h->of = vt_calloc((size_t)items + 1, sizeof *h->of);
  h->follow = vt_calloc((size_t)items + 1, sizeof *h->follow);
  return h->of && h->follow ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

void vt__hosts_free(struct vt__hosts *h)
{
  if (!h) return;
  vt_free(h->host);
  vt_free(h->slot);
  vt_free(h->of);
  vt_free(h->follow);
  vt_free(h->heap);
  vt_arena_clear(&h->arena);
  vt_free(h);
}

/* Name and port, in small letters, without a user's name. */
static void name_of(const char *url, char name[MAX_HOST_NAME])
{
  const char *s = strstr(url, "://");
  s = s ? s + 3 : url;
  size_t n = strcspn(s, "/?#\\");
  for (size_t i = n; i > 0; i--)
    if (s[i - 1] == '@') {
      s += i;
      n -= i;
      break;
    }
  n = VT_MIN(n, (size_t)MAX_HOST_NAME - 1);
  for (size_t i = 0; i < n; i++) name[i] = (char)tolower((unsigned char)s[i]);
  name[n] = 0;
}

static int64_t *slot_of(const struct vt__hosts *h, const char *name)
{
  uint64_t mask = (uint64_t)(2 * h->cap - 1), i = vt_hash64(name, strlen(name)) & mask;
  while (h->slot[i] && strcmp(h->host[h->slot[i] - 1].name, name)) i = (i + 1) & mask;
  return &h->slot[i];
}

static int grow(struct vt__hosts *h, struct vt_err *e)
{
  if (h->nhosts < h->cap) return 0;
  int64_t cap = h->cap ? 2 * h->cap : 64;
  struct host *host = vt_reallocarray(h->host, (size_t)cap, sizeof *host);
  if (host) h->host = host;
  int64_t *slot = host ? vt_calloc((size_t)cap * 2, sizeof *slot) : NULL;
  if (!slot) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(h->slot);
  h->slot = slot;
  h->cap = cap;
  for (int64_t i = 0; i < h->nhosts; i++) *slot_of(h, h->host[i].name) = i + 1;
  return 0;
}

/* Into the ring, if there is something to do for it. */
static void offer(struct vt__hosts *h, int64_t k)
{
  struct host *x = &h->host[k];
  if (x->runnable || x->first < 0 || x->active >= h->per_host || x->rest_until > h->now) return;
  x->runnable = true;
  x->next = -1;
  if (h->ring_last >= 0)
    h->host[h->ring_last].next = k;
  else
    h->ring_first = k;
  h->ring_last = k;
}

int vt__hosts_add(struct vt__hosts *h, int64_t item, const char *url, struct vt_err *e)
{
  char name[MAX_HOST_NAME];
  name_of(url, name);
  int rc = grow(h, e);
  if (rc) return rc;
  int64_t *slot = slot_of(h, name);
  if (!*slot) {
    struct host x = {.name = vt_arena_strdup(&h->arena, name), .first = -1, .last = -1, .next = -1};
    if (!x.name) return vt_fail(e, VT_ENOMEM, "out of memory");
    h->host[h->nhosts++] = x;
    *slot = h->nhosts;
  }
  struct host *x = &h->host[*slot - 1];
  h->of[item] = *slot - 1;
  h->follow[item] = -1;
  if (x->last >= 0)
    h->follow[x->last] = item;
  else
    x->first = item;
  x->last = item;
  offer(h, h->of[item]);
  return 0;
}

static int push(struct vt__hosts *h, struct waiting w, struct vt_err *e)
{
  if (h->nwaiting == h->cap_waiting) {
    int64_t cap = h->cap_waiting ? 2 * h->cap_waiting : 64;
    struct waiting *heap = vt_reallocarray(h->heap, (size_t)cap, sizeof *heap);
    if (!heap) return vt_fail(e, VT_ENOMEM, "out of memory");
    h->heap = heap;
    h->cap_waiting = cap;
  }
  int64_t i = h->nwaiting++;
  for (; i && h->heap[(i - 1) / 2].due > w.due; i = (i - 1) / 2) h->heap[i] = h->heap[(i - 1) / 2];
  h->heap[i] = w;
  return 0;
}

static struct waiting pop(struct vt__hosts *h)
{
  struct waiting top = h->heap[0], w = h->heap[--h->nwaiting];
  int64_t i = 0;
  for (int64_t child; (child = 2 * i + 1) < h->nwaiting; i = child) {
    if (child + 1 < h->nwaiting && h->heap[child + 1].due < h->heap[child].due) child++;
    if (h->heap[child].due >= w.due) break;
    h->heap[i] = h->heap[child];
  }
  h->heap[i] = w;
  return top;
}

/* A further try goes before what has not been tried. */
static void wake(struct vt__hosts *h)
{
  while (h->nwaiting && h->heap[0].due <= h->now) {
    struct waiting w = pop(h);
    int64_t k = w.host >= 0 ? w.host : h->of[w.item];
    if (w.item >= 0) {
      h->follow[w.item] = h->host[k].first;
      h->host[k].first = w.item;
      if (h->host[k].last < 0) h->host[k].last = w.item;
    }
    offer(h, k);
  }
}

int64_t vt__hosts_next(struct vt__hosts *h, double now)
{
  h->now = now;
  wake(h);
  while (h->ring_first >= 0) {
    int64_t k = h->ring_first;
    struct host *x = &h->host[k];
    h->ring_first = x->next;
    if (h->ring_first < 0) h->ring_last = -1;
    x->runnable = false;
    if (x->first < 0 || x->active >= h->per_host || x->rest_until > now) continue;
    int64_t item = x->first;
    x->first = h->follow[item];
    if (x->first < 0) x->last = -1;
    x->active++;
    offer(h, k);
    return item;
  }
  return -1;
}

void vt__hosts_done(struct vt__hosts *h, int64_t item)
{
  h->host[h->of[item]].active--;
  offer(h, h->of[item]);
}

int vt__hosts_again(struct vt__hosts *h, int64_t item, double due, struct vt_err *e)
{
  return push(h, (struct waiting){due, item, -1}, e);
}

int vt__hosts_rest(struct vt__hosts *h, int64_t item, double until, struct vt_err *e)
{
  struct host *x = &h->host[h->of[item]];
  if (until <= x->rest_until) return 0;
  x->rest_until = until;
  return push(h, (struct waiting){until, -1, h->of[item]}, e);
}

int vt__hosts_answered(struct vt__hosts *h, int64_t item, bool yes)
{
  struct host *x = &h->host[h->of[item]];
  return x->unanswered = yes ? 0 : x->unanswered + 1;
}

int vt__hosts_unanswered(const struct vt__hosts *h, int64_t item)
{
  return h->host[h->of[item]].unanswered;
}

double vt__hosts_due(const struct vt__hosts *h)
{
  return h->nwaiting ? h->heap[0].due : INFINITY;
}
