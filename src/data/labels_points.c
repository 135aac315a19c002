/* Key points of instances: x, y and visibility each, in the order of their class's names. */
#include "data/labels_internal.h"

#include <math.h>

int vt__labels_set_points(struct vt_labels *l, struct vt_instance *in, const struct vt_keypoint *v, int n,
                          struct vt_err *e)
{
  in->points = (uint32_t)l->npoints;
  in->npoints = 0;
  if (n > VT__MAX_POINTS || l->npoints + n > UINT32_MAX)
    return vt_fail(e, VT_ELIMIT, "%d key points; at most %d", n, VT__MAX_POINTS);
  while (l->npoints + n > l->cap_points) {
    const int64_t cap = l->cap_points ? 2 * l->cap_points : 256;
    struct vt_keypoint *more = vt_reallocarray(l->point, (size_t)cap, sizeof *more);
    if (!more) return vt_fail(e, VT_ENOMEM, "out of memory at %lld key points", (long long)l->npoints);
    l->point = more;
    l->cap_points = cap;
  }
  for (int i = 0; i < n; i++) l->point[l->npoints++] = v[i];
  in->npoints = (uint16_t)n;
  return 0;
}

int vt__labels_read_points(struct vt_labels *l, struct vt_instance *in, const double *v, int n,
                           struct vt_err *e)
{
  enum { FAR = 1000000000 };
  struct vt_keypoint *k = vt_calloc((size_t)n / 3 + 1, sizeof *k);
  int rc = k ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && n % 3) rc = vt_fail(e, VT_EFORMAT, "%d numbers, expected x, y and visibility of each", n);
  for (int i = 0; i < n / 3 && !rc; i++) {
    const double x = v[3 * i], y = v[3 * i + 1], seen = v[3 * i + 2];
    if (!(fabs(x) <= FAR && fabs(y) <= FAR))
      rc = vt_fail(e, VT_EFORMAT, "point %d at %g, %g", i + 1, x, y);
    else if (seen != VT_UNLABELLED && seen != VT_HIDDEN && seen != VT_VISIBLE)
      rc = vt_fail(e, VT_EFORMAT, "point %d: visibility %g, expected 0, 1 or 2", i + 1, seen);
    else
      k[i] = (struct vt_keypoint){x, y, (int32_t)seen};
  }
  if (!rc) rc = vt__labels_set_points(l, in, k, n / 3, e);
  vt_free(k);
  return rc;
}

void vt__labels_put_points(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *in)
{
  vt_buf_addc(b, '[');
  for (int i = 0; i < in->npoints; i++) {
    const struct vt_keypoint *k = &l->point[in->points + (uint32_t)i];
    if (i) vt_buf_adds(b, ", ");
    vt__json_number(b, k->x);
    vt_buf_adds(b, ", ");
    vt__json_number(b, k->y);
    vt_buf_addf(b, ", %d", (int)k->seen);
  }
  vt_buf_addc(b, ']');
}
