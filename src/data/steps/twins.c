/* Rows of one picture whose masks are the same text: sorted by picture and the text's 64-bit hash. */
#include "data/steps/twins.h"

#include <stdlib.h>

struct key {
  int64_t image;
  uint64_t hash;
  int64_t row;
};

static int by_key(const void *a, const void *b)
{
  const struct key *x = a, *y = b;
  if (x->image != y->image) return x->image < y->image ? -1 : 1;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return x->row < y->row ? -1 : x->row > y->row;
}

int vt__twins(struct vt_clean *c,
              int (*each)(struct vt_clean *c, const int64_t *row, int64_t n, struct vt_err *e),
              struct vt_err *e)
{
  struct key *key = vt_calloc((size_t)c->l->n + 1, sizeof *key);
  int64_t *row = vt_calloc((size_t)c->l->n + 1, sizeof *row), n = 0;
  int rc = key && row ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < c->l->n && !rc; i++) {
    const struct vt_instance *in = &c->l->v[i];
    if (!c->gone[i] && in->hash) key[n++] = (struct key){in->image, in->hash, i};
  }
  if (!rc) qsort(key, (size_t)n, sizeof *key, by_key);
  for (int64_t i = 0, k; i < n && !rc; i = k) {
    for (k = i; k < n && key[k].image == key[i].image && key[k].hash == key[i].hash; k++)
      row[k - i] = key[k].row;
    if (k - i > 1) rc = each(c, row, k - i, e);
  }
  vt_free(key);
  vt_free(row);
  return rc;
}
