/* Boundary IoU (Cheng et al., "Boundary IoU", CVPR 2021): the IoU of the pixels of each mask that lie within
 * d of its contour from inside, d = 2 % of the picture's diagonal, halves to the even pixel as in the
 * authors' tool, at least 1. They are the mask less its erosion by d steps with a 3 x 3 square; what lies
 * outside the picture counts as not set. The erosion is separable: a pixel stays if every pixel of the (2 d +
 * 1) square is set, so runs of set pixels are counted along rows, then along columns. */
#include "eval/eval.h"

#include <math.h>
#include <string.h>

/* keeps px[i] of a line of n (step apart) only where all within d are set; outside is clear. */
static void erode_line(uint8_t *px, int64_t n, int64_t step, int64_t d, int32_t *run)
{
  int32_t since = 0;
  for (int64_t i = 0; i < n; i++) run[i] = since = px[i * step] ? since + 1 : 0; /* set pixels up to i */
  for (int64_t i = 0; i < n; i++) px[i * step] = i + d < n && run[i + d] > 2 * d;
}

static int boundary(struct vt_mask *out, const struct vt_mask *m, int d, uint8_t *px, int32_t *run,
                    struct vt_err *e)
{
  const int w = m->width, h = m->height;
  struct vt_mask inner;
  memset(px, 0, (size_t)w * (size_t)h);
  vt_mask_to_bitmap(m, px, w, 1);
  for (int y = 0; y < h; y++) erode_line(px + (size_t)y * (size_t)w, w, 1, d, run);
  for (int x = 0; x < w; x++) erode_line(px + x, h, w, d, run);
  int rc = vt_mask_from_bitmap(&inner, px, w, h, w, e);
  if (rc) return rc;
  memset(px, 0, (size_t)w * (size_t)h);
  vt_mask_to_bitmap(m, px, w, 1);
  vt_mask_to_bitmap(&inner, px, w, 0);
  vt_mask_clear(&inner);
  return vt_mask_from_bitmap(out, px, w, h, w, e);
}

int vt_boundary_counts(int64_t *both, int64_t *any, const struct vt_mask *a, const struct vt_mask *b,
                       double share, struct vt_err *e)
{
  *both = *any = 0;
  if (a->width != b->width || a->height != b->height)
    return vt_fail(e, VT_ESHAPE, "masks of %d x %d and %d x %d", a->width, a->height, b->width, b->height);
  const int w = a->width, h = a->height,
            d = VT_MAX(1, (int)nearbyint(share * sqrt((double)w * w + (double)h * h)));
  struct vt_mask x = {0}, y = {0};
  uint8_t *px = vt_malloc((size_t)w * (size_t)h);
  int32_t *run = vt_malloc((size_t)VT_MAX(w, h) * sizeof *run);
  int rc = px && run ? boundary(&x, a, d, px, run, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = boundary(&y, b, d, px, run, e);
  if (!rc) {
    *both = vt_mask_both(&x, &y);
    *any = vt_mask_area(&x) + vt_mask_area(&y) - *both;
  }
  vt_mask_clear(&x);
  vt_mask_clear(&y);
  vt_free(px);
  vt_free(run);
  return rc;
}
