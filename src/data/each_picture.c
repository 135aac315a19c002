/* All pictures of a set, looked at by all threads. The pool gives numbers out in order, so that of those
 * before the first failing one all have begun when it fails. */
#include "data/each_picture.h"

#include <pthread.h>

#include "image/image.h"

struct looking {
  const struct vt_labels *l;
  const char *images;
  const bool *skip;
  vt__look_fn *fn;
  void *ctx;
  pthread_mutex_t lock; /* of what follows */
  int64_t first;        /* failing picture, nimages: none */
  int rc;
  struct vt_err err;
};

static void look(int64_t i, int worker, void *ctx)
{
  struct looking *t = ctx;
  struct vt_err e = {0};
  pthread_mutex_lock(&t->lock);
  const bool late = i > t->first;
  pthread_mutex_unlock(&t->lock);
  if (late || (t->skip && t->skip[i])) return;
  char *path = vt_picture_find(t->images, t->l->image[i].file);
  int rc = path ? 0 : vt_fail(&e, VT_ENOMEM, "out of memory");
  if (!rc && vt_interrupted()) rc = vt_fail(&e, VT_EINTERRUPTED, "interrupted");
  if (!rc) rc = t->fn(i, path, t->ctx, &e);
  vt_free(path);
  if (!rc) return;
  pthread_mutex_lock(&t->lock);
  if (i < t->first) {
    t->first = i;
    t->rc = rc;
    t->err = e;
  }
  pthread_mutex_unlock(&t->lock);
}

int vt__each_picture(const struct vt_labels *l, const char *images, const bool *skip, vt__look_fn *fn,
                     void *ctx, struct vt_err *e)
{
  struct vt_pool *pool = NULL;
  struct looking t = {.l = l, .images = images, .skip = skip, .fn = fn, .ctx = ctx, .first = l->nimages};
  int rc = vt_pool_new(&pool, vt_threads(), e);
  if (rc) return rc;
  pthread_mutex_init(&t.lock, NULL);
  vt_pool_for(pool, l->nimages, look, &t);
  vt_pool_free(pool);
  pthread_mutex_destroy(&t.lock);
  if (t.rc && e) *e = t.err;
  return t.rc;
}
