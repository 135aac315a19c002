/* Masks without a network for the command line. */
#include "app/cli/plain.h"
#include "app/cli/given.h"

#include <string.h>

int vt_plain_cli_check(const struct vt_cli *cli, int method, struct vt_err *e)
{
  const bool multi = method == VT_PLAIN_MULTI, threshold = method == VT_PLAIN_THRESHOLD;
  const struct vt_goes goes[] = {
      {"grey", multi || threshold || method == VT_PLAIN_OTSU, "goes with --method otsu, threshold or multi"},
      {"threshold", threshold, "goes with --method threshold"},
      {"levels", multi || method == VT_PLAIN_KMEANS, "goes with --method multi or kmeans"},
      {"tolerance", method == VT_PLAIN_GROW || method == VT_PLAIN_SPLIT_MERGE,
       "goes with --method grow or split-merge"},
      {"fill", method >= 0, "goes with a --method that needs no network"},
  };
  return vt_goes_check(cli, goes, VT_COUNT(goes), e);
}

struct vt_plain_opts vt_plain_cli_opts(const struct vt_plain_cli *o, int method)
{
  return (struct vt_plain_opts){.method = (enum vt_plain_method)method,
                                .grey = o->grey,
                                .threshold = (int)o->threshold,
                                .levels = (int)o->levels,
                                .tolerance = o->tolerance,
                                .fill = o->fill > 0 ? o->fill : -1};
}

int vt_plain_look(struct vt_look_result *r, const char *path, const struct vt_plain_opts *o, struct vt_err *e)
{
  struct vt_image bits = {0};
  *r = (struct vt_look_result){.path = path};
  vt_arena_init(&r->arena);
  double start = vt_now();
  int rc = vt_image_read(&r->photo, path, NULL, NULL, e);
  if (rc) return rc;
  r->width = r->photo.width;
  r->height = r->photo.height;
  r->ms[VT_STAGE_DECODE] = (vt_now() - start) * 1e3;
  const struct vt_box inside = vt_box_clip(o->box, r->width, r->height);
  if (o->box.w > 0 && (inside.w <= 0 || inside.h <= 0))
    return vt_fail(e, VT_EARG, "the box lies outside the picture");
  rc = vt_plain_mask(&bits, &r->photo, o, e);
  r->ms[VT_STAGE_SEGMENT] = (vt_now() - start) * 1e3 - r->ms[VT_STAGE_DECODE];
  struct vt_found *f = rc ? NULL : vt_arena_alloc(&r->arena, sizeof *f);
  if (!rc && !(r->labels = vt_malloc((size_t)r->width * (size_t)r->height)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !f) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int y = 0; !rc && y < r->height; y++)
    memcpy(r->labels + (int64_t)y * r->width, bits.px + y * bits.stride, (size_t)r->width);
  if (!rc) rc = vt_mask_from_bitmap(&f->mask, bits.px, r->width, r->height, bits.stride, e);
  if (!rc) {
    r->item = f;
    r->n = 1;
    f->label = "object";
    f->score = 1;
    f->box = vt_mask_box(&f->mask);
    if (!vt_mask_area(&f->mask)) { /* nothing was found */
      vt_mask_clear(&f->mask);
      r->n = 0;
    }
  }
  r->ms[VT_STAGE_TOTAL] = (vt_now() - start) * 1e3;
  vt_image_clear(&bits);
  return rc;
}
