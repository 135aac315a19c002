/* Steps that look at the pictures themselves: all threads look, then rows are removed in order. */
#include "data/steps/pictures.h"
#include "image/image.h"

struct looking {
  struct vt_clean *c;
  double value;
  vt__picture_fn *fn;
  char **why;         // (nimages)
  int *rc;            // (threads)
  struct vt_err *err; // (threads)
};

static void look(int64_t i, int worker, void *ctx)
{
  struct looking *t = ctx;
  struct vt_err *e = &t->err[worker];
  char why[VT__WHY];
  if (t->rc[worker] || t->c->picture_gone[i]) return;
  char *path = vt_picture_find(t->c->images, t->c->l->image[i].file);
  int rc = path ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
  if (!rc) rc = t->fn(path, &t->c->l->image[i], t->value, why, e);
  if (rc == 1) rc = (t->why[i] = vt_strdup(why)) ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  t->rc[worker] = rc;
  vt_free(path);
}

int vt__clean_pictures(struct vt_clean *c, double value, vt__picture_fn *fn, struct vt_err *e)
{
  struct vt_pool *pool = NULL;
  struct looking t = {.c = c, .value = value, .fn = fn};
  if (!c->images)
    return vt_fail(e, VT_EUSAGE, "this step looks at the pictures: --images names their folder");
  int rc = vt_pool_new(&pool, vt_threads(), e);
  if (rc) return rc;
  t.why = vt_calloc((size_t)c->l->nimages + 1, sizeof *t.why);
  t.rc = vt_calloc((size_t)vt_pool_size(pool), sizeof *t.rc);
  t.err = vt_calloc((size_t)vt_pool_size(pool), sizeof *t.err);
  if (!t.why || !t.rc || !t.err) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) vt_pool_for(pool, c->l->nimages, look, &t);
  for (int k = 0; k < vt_pool_size(pool) && !rc; k++)
    if (t.rc[k]) rc = vt_fail(e, t.rc[k], "%s", t.err[k].msg);
  for (int64_t i = 0; i < c->l->n && !rc; i++) {
    const char *why = t.why[c->l->v[i].image];
    if (why) rc = vt_clean_remove(c, i, e, "%s", why);
  }
  for (int32_t i = 0; i < c->l->nimages && !rc; i++)
    if (t.why[i]) rc = vt_clean_remove_picture(c, i, e, t.why[i]);
  for (int32_t i = 0; t.why && i < c->l->nimages; i++) vt_free(t.why[i]);
  vt_pool_free(pool);
  vt_free(t.why);
  vt_free(t.rc);
  vt_free(t.err);
  return rc;
}
