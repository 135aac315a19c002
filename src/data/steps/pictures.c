/* Steps that look at the pictures themselves: all threads look, then rows are removed in order. */
#include "data/steps/pictures.h"
#include "data/each_picture.h"

struct asking {
  const struct vt_clean *c;
  double value;
  vt__picture_fn *fn;
  char **why; // (nimages)
};

static int ask(int64_t i, const char *path, void *ctx, struct vt_err *e)
{
  const struct asking *t = ctx;
  char why[VT__WHY];
  int rc = t->fn(path, &t->c->l->image[i], t->value, why, e);
  if (rc != 1) return rc;
  return (t->why[i] = vt_strdup(why)) ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

int vt__clean_pictures(struct vt_clean *c, double value, vt__picture_fn *fn, struct vt_err *e)
{
  struct asking t = {.c = c, .value = value, .fn = fn};
  if (!c->images)
    return vt_fail(e, VT_EUSAGE, "this step looks at the pictures: --images names their folder");
  t.why = vt_calloc((size_t)c->l->nimages + 1, sizeof *t.why);
  if (!t.why) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = vt__each_picture(c->l, c->images, c->picture_gone, ask, &t, e);
  for (int64_t i = 0; i < c->l->n && !rc; i++) {
    const char *why = t.why[c->l->v[i].image];
    if (why) rc = vt_clean_remove(c, i, e, "%s", why);
  }
  for (int32_t i = 0; i < c->l->nimages && !rc; i++)
    if (t.why[i]) rc = vt_clean_remove_picture(c, i, e, t.why[i]);
  for (int32_t i = 0; i < c->l->nimages; i++) vt_free(t.why[i]);
  vt_free(t.why);
  return rc;
}
