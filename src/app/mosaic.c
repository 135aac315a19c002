/* A mosaic of labelled pictures: each with its masks, boxes and names; in columns behind it the same picture
 * after single augmentations, its instances moved along as a map of their numbers. */
#include "app/mosaic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 8, NAME_H = 22, MAX_INSTANCES = 254, OUTSIDE = 255 };
static const uint32_t paper = 0xffffff, ink = 0x1f2328, shade = 0x000000;

static const struct {
  const char *name;
  struct vt_augment a;
} variants[] = {
    {"flip", {.flip = 1}},          {"scale", {.scale_min = .6, .scale_max = 1.6}},
    {"shift", {.shift = .15}},      {"rotate", {.rotate = 25}},
    {"aspect", {.aspect = .35}},    {"brightness", {.brightness = .4}},
    {"contrast", {.contrast = .4}}, {"saturation", {.saturation = .6}},
    {"hue", {.hue = .1}},           {"blur", {.blur = 1}},
    {"sharpen", {.sharpen = 1}},    {"downscale", {.downscale = 1}},
    {"erase", {.erase = 1}},        {"grey", {.grey = 1}},
};

int vt_mosaic_variants(void)
{
  return VT_COUNT(variants);
}

struct mosaic {
  struct vt_canvas *canvas;
  const struct vt_labels *l;
  const struct vt_mosaic_opts *o;
};

/* The picture and its instances' numbers, both shrunk to the cell. */
static int load(struct mosaic *m, int32_t image, const int64_t *row, int64_t n, struct vt_image *im,
                struct vt_image *numbers, struct vt_err *e)
{
  const struct vt_label_image *li = &m->l->image[image];
  struct vt_image full = {0}, map = {0};
  char *path = vt_path_join(NULL, m->o->images, li->file);
  int rc = path ? vt_image_read(&full, path, &(struct vt_decode_opts){0}, NULL, e)
                : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  if (!rc && (full.width != li->width || full.height != li->height))
    rc = vt_fail(e, VT_EFORMAT, "%s is %d x %d, its labels are for %d x %d", li->file, full.width,
                 full.height, li->width, li->height);
  if (!rc) rc = vt_image_init(&map, full.width, full.height, 1, e);
  for (int64_t i = 0; i < VT_MIN(n, MAX_INSTANCES) && !rc; i++) {
    struct vt_mask mask;
    if ((rc = vt_instance_mask(m->l, &m->l->v[row[i]], &mask, e))) break;
    vt_mask_to_bitmap(&mask, map.px, map.stride, (uint8_t)(i + 1));
    vt_mask_clear(&mask);
  }
  double s = rc ? 1 : VT_MIN((double)m->o->cell / full.width, (double)m->o->cell / full.height);
  int w = (int)VT_MAX(lround(full.width * s), 1), h = (int)VT_MAX(lround(full.height * s), 1);
  if (!rc) rc = vt_image_init(im, w, h, 3, e);
  if (!rc) rc = vt_image_init(numbers, w, h, 1, e);
  if (!rc) rc = vt_image_resize(im, &full, 0, 0, full.width, full.height, VT_BICUBIC, e);
  if (!rc) rc = vt_image_resize(numbers, &map, 0, 0, full.width, full.height, VT_NEAREST, e);
  vt_image_clear(&full);
  vt_image_clear(&map);
  return rc;
}

static int draw_cell(struct mosaic *m, double x, double y, const char *title, const struct vt_image *im,
                     const struct vt_image *numbers, const int64_t *row, int64_t n, bool names,
                     struct vt_err *e)
{
  vt_canvas_text(m->canvas, x, y + 15, 13, ink, m->o->cell, title);
  y += NAME_H;
  vt_canvas_image(m->canvas, im, x, y, im->width, im->height);
  for (int64_t i = 0; i < VT_MIN(n, MAX_INSTANCES); i++) {
    const struct vt_instance *in = &m->l->v[row[i]];
    struct vt_mask mask;
    int rc = vt_mask_from_labels(&mask, numbers->px, numbers->width, numbers->height, numbers->stride,
                                 (uint8_t)(i + 1), e);
    if (rc) return rc;
    uint32_t colour = vt_palette(in->cls + 1);
    struct vt_box b = vt_mask_box(&mask);
    if (in->shape) vt_canvas_mask(m->canvas, &mask, x, y, 1, colour, .4, 1.5);
    vt_mask_clear(&mask);
    if (b.w <= 0) continue;
    if (m->o->boxes || !in->shape) vt_canvas_rect(m->canvas, x + b.x, y + b.y, b.w, b.h, colour, 1.5);
    if (!names || b.w < 24) continue;
    const char *name = m->l->classes.v[in->cls].name;
    vt_canvas_text(m->canvas, x + b.x + 3, y + b.y + 13, 11, shade, VT_MAX(b.w, 60), name);
    vt_canvas_text(m->canvas, x + b.x + 2, y + b.y + 12, 11, paper, VT_MAX(b.w, 60), name);
  }
  return 0;
}

static int draw_variant(struct mosaic *m, double x, double y, int v, uint64_t seed, const struct vt_image *im,
                        const struct vt_image *numbers, const int64_t *row, int64_t n, struct vt_err *e)
{
  struct vt_image out = {0}, moved = {0};
  struct vt_rng rng;
  vt_rng_init(&rng, m->o->seed, seed, (uint64_t)v);
  int rc = vt_image_init(&out, im->width, im->height, 3, e);
  if (!rc) rc = vt_image_init(&moved, im->width, im->height, 1, e);
  if (!rc) rc = vt_augment_apply(&variants[v].a, &rng, im, numbers, &out, &moved, OUTSIDE, e);
  if (!rc) rc = draw_cell(m, x, y, variants[v].name, &out, &moved, row, n, false, e);
  vt_image_clear(&out);
  vt_image_clear(&moved);
  return rc;
}

static int draw_row(struct mosaic *m, int k, int32_t image, const int64_t *row, int64_t n, struct vt_err *e)
{
  struct vt_image im = {0}, numbers = {0};
  const int columns = m->o->augment ? 1 : m->o->columns, step = m->o->cell + GAP, high = step + NAME_H;
  const int down = k / columns * high;
  double x = GAP + k % columns * step, y = GAP + down;
  int rc = load(m, image, row, n, &im, &numbers, e);
  if (!rc) rc = draw_cell(m, x, y, m->l->image[image].file, &im, &numbers, row, n, true, e);
  for (int v = 0; v < m->o->augment && !rc; v++)
    rc = draw_variant(m, x + (double)(v + 1) * step, y, v, (uint64_t)image, &im, &numbers, row, n, e);
  vt_image_clear(&im);
  vt_image_clear(&numbers);
  return rc;
}

int vt_mosaic(struct vt_image *out, const struct vt_labels *l, const struct vt_mosaic_opts *o,
              struct vt_err *e)
{
  struct mosaic m = {.l = l, .o = o};
  const int columns = o->augment ? 1 + o->augment : o->columns, across = o->augment ? 1 : columns;
  int64_t *order = vt_labels_by_image(l, e), *start = vt_calloc((size_t)l->nimages + 2, sizeof *start);
  int64_t *pick = vt_calloc((size_t)l->nimages + 1, sizeof *pick);
  int rc = order && start && pick ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  struct vt_rng rng;
  vt_rng_init(&rng, o->seed, 0, 0);
  for (int64_t i = 0; i < l->n; i++) start[l->v[i].image + 1]++;
  for (int32_t i = 0; i < l->nimages; i++) {
    start[i + 1] += start[i];
    pick[i] = i;
  }
  vt_rng_shuffle(&rng, pick, l->nimages);
  const int n = (int)VT_MIN(o->n, l->nimages), lines = (n + across - 1) / across;
  rc = n < 1 ? vt_fail(e, VT_EARG, "no picture to show")
             : vt_canvas_new(&m.canvas, GAP + columns * (o->cell + GAP),
                             GAP + lines * (o->cell + NAME_H + GAP), paper, e);
  for (int k = 0; k < n && !rc; k++)
    rc = draw_row(&m, k, (int32_t)pick[k], order + start[pick[k]], start[pick[k] + 1] - start[pick[k]], e);
  if (!rc) rc = vt_canvas_take(m.canvas, out, e);
out:
  vt_canvas_free(m.canvas);
  vt_free(order);
  vt_free(start);
  vt_free(pick);
  return rc;
}
