/* What the tests of augmentation share: a drawn sample, operations by name and options. */
#ifndef VT_TESTS_AUG_CASE_H
#define VT_TESTS_AUG_CASE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "data/data.h"

static inline void ok(int rc, const struct vt_err *e)
{
  if (rc < 0) fail_msg("%s", e->msg);
}

/* Ellipses as objects 1..n: in the label map with their number, as mask, and every second one as polygon,
 * too. seed changes picture, objects and class (the picture's target). */
static inline void drawn_sample(struct vt_aug_sample *s, int w, int h, int n, uint64_t seed)
{
  struct vt_err e = {0};
  struct vt_rng r;
  vt_rng_init(&r, seed, 1, 2);
  *s = (struct vt_aug_sample){.ntargets = 1, .target = {{(int32_t)(seed % 10), 1}}};
  ok(vt_image_init(&s->image, w, h, 3, &e), &e);
  ok(vt_image_init(&s->labels, w, h, 1, &e), &e);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int k = 0; k < 3; k++)
        s->image.px[y * s->image.stride + 3 * x + k] =
            (uint8_t)(128 + 100 * sin((double)(seed % 7 + 1) * x / w * 3 + k) * cos((double)y / h * 4 + k));
  for (int i = 0; i < n; i++) {
    enum { POINTS = 64 };
    double cx = (.2 + .6 * vt_rng_unit(&r)) * w, cy = (.2 + .6 * vt_rng_unit(&r)) * h;
    double rx = (.06 + .1 * vt_rng_unit(&r)) * w, ry = (.06 + .1 * vt_rng_unit(&r)) * h;
    struct vt_image bits;
    ok(vt_image_init(&bits, w, h, 1, &e), &e);
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++)
        bits.px[y * bits.stride + x] = hypot((x + .5 - cx) / rx, (y + .5 - cy) / ry) < 1;
    struct vt_aug_object *o = vt_aug_sample_push(s, &e);
    assert_non_null(o);
    o->cls = i;
    o->source = i;
    ok(vt_mask_from_bitmap(&o->mask, bits.px, w, h, bits.stride, &e), &e);
    o->box = vt_mask_box(&o->mask);
    if (i == 0) vt_mask_to_bitmap(&o->mask, s->labels.px, s->labels.stride, 1); /* the map shows the first */
    if (i % 2) {
      o->polygons.n = 1;
      o->polygons.start = vt_calloc(2, sizeof *o->polygons.start);
      o->polygons.xy = vt_calloc(2 * POINTS, sizeof *o->polygons.xy);
      assert_non_null(o->polygons.start);
      assert_non_null(o->polygons.xy);
      o->polygons.start[1] = POINTS;
      for (int k = 0; k < POINTS; k++) {
        o->polygons.xy[2 * k] = cx + rx * cos(2 * M_PI * k / POINTS);
        o->polygons.xy[2 * k + 1] = cy + ry * sin(2 * M_PI * k / POINTS);
      }
    }
    vt_image_clear(&bits);
  }
}

/* An operation with its options: "degrees=30,canvas=keep". */
struct aug_case {
  const struct vt_aug_op *op;
  struct vt_arena arena;
  void *opts;
};
static inline void case_init(struct aug_case *c, const char *name, const char *options)
{
  struct vt_err e = {0};
  vt_arena_init(&c->arena);
  if (!(c->op = vt_aug_find(name, &e))) fail_msg("%s", e.msg);
  assert_non_null(c->opts = vt_arena_alloc(&c->arena, c->op->opts_size + 1));
  ok(vt_opt_defaults(c->op->opt, c->op->nopt, c->opts, &c->arena, &e), &e);
  char *text = vt_arena_strdup(&c->arena, options), *rest = text;
  for (char *word; text && *text && (word = strsep(&rest, ","));) {
    char *value = strchr(word, '=');
    *value++ = 0;
    ok(vt_opt_set(c->op->opt, c->op->nopt, c->opts, &c->arena, word, value, &e), &e);
  }
}
static inline void case_clear(struct aug_case *c)
{
  vt_arena_clear(&c->arena);
}

/* Others to mix with: drawn samples of other seeds and sizes. */
static inline int drawn_other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  drawn_sample(out, 90, 70, 3, 100 + vt_rng_below(rng, 50));
  return 0;
}
static const struct vt_aug_env env = {.fill = 114, .label_fill = 255, .other = drawn_other};

static inline bool same_image(const struct vt_image *a, const struct vt_image *b, int tolerance, int *worst)
{
  *worst = 999;
  if (a->width != b->width || a->height != b->height || a->channels != b->channels) return false;
  *worst = 0;
  for (int y = 0; y < a->height; y++)
    for (int i = 0; i < a->width * a->channels; i++)
      *worst = VT_MAX(*worst, abs(a->px[y * a->stride + i] - b->px[y * b->stride + i]));
  return *worst <= tolerance;
}

#endif
