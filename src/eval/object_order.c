/* Objects ordered by class, picture and falling score. */
#include "eval/object_order.h"

#include <stdlib.h>

static int by_place(const void *a, const void *b)
{
  const struct vt__object_row *x = a, *y = b;
  if (x->cls != y->cls) return x->cls < y->cls ? -1 : 1;
  if (x->image != y->image) return x->image < y->image ? -1 : 1;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return x->i < y->i ? -1 : x->i > y->i;
}

struct vt__object_row *vt__object_rows(const struct vt_coco_object *v, int64_t n, bool scores)
{
  struct vt__object_row *row = vt_calloc((size_t)n + 1, sizeof *row);
  if (!row) return NULL;
  for (int64_t i = 0; i < n; i++)
    row[i] = (struct vt__object_row){v[i].cls, v[i].image, scores ? v[i].score : 0, i};
  qsort(row, (size_t)n, sizeof *row, by_place);
  return row;
}
