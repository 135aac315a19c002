/* Operations of augmentation: against Pillow's results (tests/fixtures/augment, made by
 * tools/make_augment_fixtures.py), formulas, counted pixels, and each other. */
#include "tests/aug_case.h"

#define FIXTURES VT_SOURCE_ROOT "/tests/fixtures/augment/"

static void test_pillow(void **state)
{
  static const struct {
    const char *op, *options, *want;
    double v;
    int tolerance;
  } cases[] = {
      {"equalize", "", "equalize", 0, 0},
      {"grey", "", "grey", 0, 0},
      {"brightness", "", "brightness", 1.3, 1},
      {"contrast", "", "contrast", .6, 1},
      {"saturation", "", "saturation", 1.5, 1},
      {"edges", "kernel=enhance", "edges_enhance", 1, 0},
      {"edges", "kernel=enhance-more", "edges_enhance_more", 1, 0},
      {"edges", "kernel=sharpen", "edges_sharpen", 1, 0},
      {"edges", "kernel=detail", "edges_detail", 1, 1},
      {"edges", "kernel=find", "edges_find", 1, 0},
      {"edges", "kernel=contour", "edges_contour", 1, 0},
      {"edges", "kernel=emboss", "edges_emboss", 1, 0},
      {"flip", "", "flip", 0, 0},
      {"flip-vertical", "", "flip_vertical", 0, 0},
      {"rotate", "", "rotate", 90, 0},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    struct vt_aug_sample s = {0};
    struct vt_image want;
    struct aug_case c;
    char path[300];
    ok(vt_image_read(&s.image, FIXTURES "photo.png", &(struct vt_decode_opts){0}, NULL, &e), &e);
    snprintf(path, sizeof path, FIXTURES "%s.png", cases[i].want);
    ok(vt_image_read(&want, path, &(struct vt_decode_opts){0}, NULL, &e), &e);
    case_init(&c, cases[i].op, cases[i].options);
    struct vt_aug_draw d = {.v = {cases[i].v}};
    if (c.op->move) {
      struct vt_aug_move g;
      c.op->move(c.opts, d.v, s.image.width, s.image.height, &g);
      ok(vt_aug_sample_move(&s, &g, &env, &e), &e);
    } else {
      ok(c.op->apply(c.opts, &d, &env, &s, &e), &e);
    }
    int worst;
    if (!same_image(&s.image, &want, cases[i].tolerance, &worst))
      fail_msg("%s %s: differs from Pillow by %d", cases[i].op, cases[i].options, worst);
    vt_image_clear(&want);
    vt_aug_sample_clear(&s);
    case_clear(&c);
  }
}

static struct vt_box hull(const double m[9], struct vt_box b)
{
  double x0 = 1e30, y0 = 1e30, x1 = -1e30, y1 = -1e30;
  for (int k = 0; k < 4; k++) {
    double x = b.x + (k & 1 ? b.w : 0), y = b.y + (k & 2 ? b.h : 0), w = m[6] * x + m[7] * y + m[8];
    double u = (m[0] * x + m[1] * y + m[2]) / w, v = (m[3] * x + m[4] * y + m[5]) / w;
    x0 = fmin(x0, u), x1 = fmax(x1, u), y0 = fmin(y0, v), y1 = fmax(y1, v);
  }
  return (struct vt_box){x0, y0, x1 - x0, y1 - y0};
}

static bool within(struct vt_box a, struct vt_box b, double slack)
{
  return a.x >= b.x - slack && a.y >= b.y - slack && a.x + a.w <= b.x + b.w + slack &&
         a.y + a.h <= b.y + b.h + slack;
}

static const struct {
  const char *op, *options;
  bool keeps; /* nothing leaves the canvas */
} moves[] = {
    {"flip", "", true},
    {"flip-vertical", "", true},
    {"rotate", "degrees=45", true},
    {"rotate", "degrees=30,canvas=keep", false},
    {"translate", "x=0.4,y=0.4", false},
    {"scale", "min=0.5,max=2,aspect=0.4", true},
    {"crop", "width=80,height=70", false},
    {"crop", "width=200,height=40", false},
    {"resized-crop", "width=64,height=48", false},
    {"scale-jitter", "width=100,height=90,min=0.3,max=2", false},
    {"shear", "x=25,y=10", true},
    {"shear", "x=25,canvas=keep", false},
    {"perspective", "amount=0.25", true},
    {"letterbox", "width=200,height=150", true},
    {"letterbox-minimal", "width=200,height=150", true},
};

/* The mask agrees with the label map to the pixel, its tight box with the mapped one, and polygons with
 * masks. */
static void check_moved(const char *op, const struct vt_aug_sample *was, const struct vt_aug_sample *s,
                        const struct vt_aug_move *g)
{
  struct vt_err e = {0};
  assert_int_equal(s->labels.width, s->image.width);
  assert_int_equal(s->image.width, g->width);
  bool first = false;
  for (int i = 0; i < s->nobjects; i++) {
    const struct vt_aug_object *o = &s->object[i];
    assert_int_equal(o->mask.width, g->width);
    assert_int_equal(o->mask.height, g->height);
    struct vt_box mapped = hull(g->m, was->object[o->source].box), tight = vt_mask_box(&o->mask);
    if (!within(tight, mapped, 1)) fail_msg("%s: mask of object %d outside its box", op, i);
    if (!within(o->box, mapped, 1e-6)) fail_msg("%s: box of object %d outside the mapped one", op, i);
    if (!within(tight, o->box, 1)) fail_msg("%s: mask of object %d outside its new box", op, i);
    if (o->visible < 1 && !o->polygons.n && !within(o->box, tight, 1))
      fail_msg("%s: object %d is cut, its box is not", op, i);
    if (!within(o->box, (struct vt_box){0, 0, g->width, g->height}, 1e-6))
      fail_msg("%s: box leaves the canvas", op);
    if (o->source == 0) {
      struct vt_mask m;
      ok(vt_mask_from_labels(&m, s->labels.px, s->labels.width, s->labels.height, s->labels.stride, 1, &e),
         &e);
      if (vt_mask_both(&m, &o->mask) != vt_mask_area(&m) || vt_mask_area(&m) != vt_mask_area(&o->mask))
        fail_msg("%s: mask and label map differ", op);
      vt_mask_clear(&m);
      first = true;
    }
    if (o->polygons.n && vt_mask_area(&o->mask) > 300) {
      struct vt_mask m;
      ok(vt_mask_from_polygons(&m, &o->polygons, g->width, g->height, &e), &e);
      if (vt_mask_iou(&m, &o->mask, false) < .85) fail_msg("%s: polygon and mask part", op);
      vt_mask_clear(&m);
    }
  }
  if (!first)
    for (int y = 0; y < s->labels.height; y++)
      assert_null(memchr(s->labels.px + y * s->labels.stride, 1, (size_t)s->labels.width));
}

static void test_moves(void **state)
{
  for (size_t i = 0; i < VT_COUNT(moves); i++) {
    struct aug_case c;
    case_init(&c, moves[i].op, moves[i].options);
    for (uint64_t seed = 0; seed < 12; seed++) {
      struct vt_err e = {0};
      struct vt_aug_sample was, s;
      struct vt_rng r;
      struct vt_aug_draw d = {0};
      struct vt_aug_move g;
      vt_rng_init(&r, seed, 5, i);
      drawn_sample(&was, 120, 90, 4, seed);
      ok(vt_aug_sample_copy(&s, &was, &e), &e);
      if (c.op->draw) c.op->draw(c.opts, s.image.width, s.image.height, &r, d.v);
      c.op->move(c.opts, d.v, s.image.width, s.image.height, &g);
      ok(vt_aug_sample_move(&s, &g, &env, &e), &e);
      check_moved(moves[i].op, &was, &s, &g);
      if (moves[i].keeps) {
        assert_int_equal(s.nobjects, was.nobjects);
        for (int k = 0; k < s.nobjects; k++) assert_true(s.object[k].visible == 1);
      }
      vt_aug_sample_clear(&was);
      vt_aug_sample_clear(&s);
    }
    case_clear(&c);
  }
}

/* There and back: what stayed on the canvas is where it was. */
static void test_inverse(void **state)
{
  static const char *const names[] = {"flip", "rotate", "translate", "shear", "perspective", "scale"};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    struct vt_err e = {0};
    struct aug_case c;
    struct vt_aug_sample was, s;
    struct vt_rng r;
    struct vt_aug_draw d = {0};
    struct vt_aug_move g, back = {.width = 120, .height = 90};
    case_init(&c, names[i], "");
    vt_rng_init(&r, 3, 0, i);
    drawn_sample(&was, 120, 90, 2, 4);
    ok(vt_aug_sample_copy(&s, &was, &e), &e);
    if (c.op->draw) c.op->draw(c.opts, 120, 90, &r, d.v);
    c.op->move(c.opts, d.v, 120, 90, &g);
    ok(vt_aug_sample_move(&s, &g, &env, &e), &e);
    /* inverse by Cramer's rule */
    const double *m = g.m, det = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                                 m[2] * (m[3] * m[7] - m[4] * m[6]);
    const double inv[9] = {m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
                           m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
                           m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]};
    for (int k = 0; k < 9; k++) back.m[k] = inv[k] / det;
    ok(vt_aug_sample_move(&s, &back, &env, &e), &e);
    for (int k = 0; k < s.nobjects; k++) {
      double iou = vt_mask_iou(&s.object[k].mask, &was.object[s.object[k].source].mask, false);
      if (iou < .85) fail_msg("%s and back: mask's IoU %.3f", names[i], iou);
    }
    int64_t error = 0, n = 0;
    for (int y = 25; y < 65; y++)
      for (int k = 3 * 35; k < 3 * 85; k++, n++)
        error += abs(s.image.px[y * s.image.stride + k] - was.image.px[y * was.image.stride + k]);
    if ((double)error / (double)n > 2)
      fail_msg("%s and back: %.2f levels away", names[i], (double)error / (double)n);
    vt_aug_sample_clear(&was);
    vt_aug_sample_clear(&s);
    case_clear(&c);
  }
}

static void one_colour(struct vt_aug_sample *s, int w, int h, int level, int32_t cls)
{
  struct vt_err e = {0};
  *s = (struct vt_aug_sample){.ntargets = 1, .target = {{cls, 1}}};
  ok(vt_image_init(&s->image, w, h, 3, &e), &e);
  memset(s->image.px, level, (size_t)(3 * w * h));
}
static int plain_other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  int *next = ctx;
  ++*next;
  one_colour(out, 50 + 30 * *next, 140 - 20 * *next, 60 * *next, *next);
  return 0;
}

/* Targets' weights are the shares of the pixels that are really there. */
static void test_mixed_targets(void **state)
{
  static const char *const names[] = {"cutmix", "mosaic", "mixup"};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    for (uint64_t seed = 0; seed < 10; seed++) {
      struct vt_err e = {0};
      struct aug_case c;
      struct vt_aug_sample s;
      struct vt_rng r;
      int next = 0;
      struct vt_aug_env plain = {.fill = 114, .other = plain_other, .ctx = &next};
      case_init(&c, names[i], i == 2 ? "alpha=1" : "");
      vt_rng_init(&r, seed, 0, i);
      one_colour(&s, 101, 83, 0, 0);
      ok(vt_aug_op_run(c.op, c.opts, &plain, &r, &s, &e), &e);
      double sum = 0;
      int64_t count[5] = {0};
      for (int y = 0; y < 83; y++)
        for (int x = 0; x < 101; x++) count[VT_MIN(s.image.px[y * s.image.stride + 3 * x] / 60, 4)]++;
      assert_int_equal(s.ntargets, i == 1 ? 4 : 2);
      for (int k = 0; k < s.ntargets; k++) {
        sum += s.target[k].weight;
        if (i < 2) assert_true(fabs(s.target[k].weight - (double)count[s.target[k].cls] / (101 * 83)) < 1e-9);
      }
      assert_true(fabs(sum - 1) < 1e-12);
      if (i == 2) assert_true(fabs(s.image.px[0] - 60 * s.target[1].weight) < 1);
      vt_aug_sample_clear(&s);
      case_clear(&c);
    }
}

static int nobody(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  return VT_AUG_ALONE;
}

/* Without another picture what mixes leaves the sample as it is. */
static void test_alone(void **state)
{
  static const char *const cases[][2] = {
      {"mixup", ""}, {"cutmix", ""}, {"mosaic", ""}, {"copy-paste", ""}, {"background", "with=picture"}};
  const struct vt_aug_env alone = {.other = nobody};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct aug_case c;
    struct vt_aug_sample s, was;
    struct vt_rng r;
    struct vt_err e = {0};
    int worst;
    case_init(&c, cases[i][0], cases[i][1]);
    drawn_sample(&s, 60, 50, 3, 1);
    drawn_sample(&was, 60, 50, 3, 1);
    vt_rng_init(&r, 1, 2, 3);
    if (vt_aug_op_run(c.op, c.opts, &alone, &r, &s, &e)) fail_msg("%s: %s", cases[i][0], e.msg);
    if (!same_image(&s.image, &was.image, 0, &worst) || !same_image(&s.labels, &was.labels, 0, &worst) ||
        s.nobjects != 3 || s.ntargets != 1 || s.target[0].weight != 1 || s.object[0].weight != 1)
      fail_msg("%s does not leave it as it is", cases[i][0]);
    vt_aug_sample_clear(&s);
    vt_aug_sample_clear(&was);
    case_clear(&c);
  }
}

/* The share of pixels that GridMask keeps, and that the other erasers take. */
static void test_kept_share(void **state)
{
  static const struct {
    const char *op, *options;
    double kept, slack;
  } cases[] = {
      {"gridmask", "d1=0.1,d2=0.1,ratio=0.6", 1 - .4 * .4, .02},
      {"gridmask", "d1=0.1,d2=0.1,ratio=0.5,rotation=45", .75, .02},
      {"gridmask", "d1=0.1,d2=0.1,ratio=0.3,mode=bars,rotation=20", .7 * .7, .02},
      {"gridmask", "ratio=1,mode=bars", 0, 0},
      {"gridmask", "ratio=1", 1, 0},
      {"erase", "min=0.1,max=0.1,fill=black", .9, .01},
      {"erase", "min=1,max=1,aspect=0,fill=black", 0, 0},
      {"pixel-dropout", "share=1", -1, 0},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    struct aug_case c;
    struct vt_aug_sample s;
    struct vt_rng r;
    double kept = 0;
    case_init(&c, cases[i].op, cases[i].options);
    for (uint64_t seed = 0; seed < 4; seed++) {
      vt_rng_init(&r, seed, 0, i);
      one_colour(&s, 400, 400, 200, 0);
      ok(vt_aug_op_run(c.op, c.opts, &env, &r, &s, &e), &e);
      for (int k = 0; k < 400 * 400; k++) kept += s.image.px[3 * k] == 200;
      vt_aug_sample_clear(&s);
    }
    kept /= 4 * 400 * 400;
    if (cases[i].kept >= 0 && fabs(kept - cases[i].kept) > cases[i].slack)
      fail_msg("%s %s: kept %.4f, expected %.4f", cases[i].op, cases[i].options, kept, cases[i].kept);
    case_clear(&c);
  }
}

/* The same seed gives the same result; another seed another one, where there is chance. */
static void test_reproducible(void **state)
{
  for (int i = 0; vt_aug_ops[i]; i++) {
    struct vt_err e = {0};
    struct aug_case c;
    struct vt_aug_sample s[4];
    int worst, same = 0;
    case_init(&c, vt_aug_ops[i]->name, !strcmp(vt_aug_ops[i]->name, "crop") ? "width=50,height=40" : "");
    for (int k = 0; k < 4; k++) {
      struct vt_rng r;
      vt_rng_init(&r, (uint64_t)k / 2 * (uint64_t)k, 0, 0); /* 0, 0, 2, 3 */
      drawn_sample(&s[k], 120, 90, 3, 1);
      ok(vt_aug_op_run(c.op, c.opts, &env, &r, &s[k], &e), &e);
      if (k) same += same_image(&s[0].image, &s[k].image, 0, &worst);
      if (k == 1 && !same) fail_msg("%s: not reproducible", c.op->name);
    }
    assert_int_equal(s[0].nobjects, s[1].nobjects);
    for (int k = 0; k < s[0].nobjects; k++)
      assert_int_equal(vt_mask_area(&s[0].object[k].mask), vt_mask_area(&s[1].object[k].mask));
    if (c.op->draw && same == 3) fail_msg("%s: three seeds, one result", c.op->name);
    for (int k = 0; k < 4; k++) vt_aug_sample_clear(&s[k]);
    case_clear(&c);
  }
}

/* Every default lies in its safe range, every safe range within the bounds. */
static void test_safe_ranges(void **state)
{
  for (int i = 0; vt_aug_ops[i]; i++) {
    const struct vt_aug_op *op = vt_aug_ops[i];
    assert_true(op->nopt <= VT_AUG_MAX_OPTS);
    assert_true(!op->move != !op->apply);
    for (int k = 0; k < (int)VT_COUNT(op->safe) && op->safe[k].option; k++) {
      const struct vt_opt *o = vt_opt_find(op->opt, op->nopt, op->safe[k].option);
      if (!o) fail_msg("%s: safe range of unknown option %s", op->name, op->safe[k].option);
      double v = strtod(o->value, NULL);
      if (v < op->safe[k].lo || v > op->safe[k].hi || o->lo > op->safe[k].lo || o->hi < op->safe[k].hi)
        fail_msg("%s %s: default, safe range and bounds do not nest", op->name, o->name);
    }
  }
}

/* Every allocation fails once: an error, no leak, and a sample that can be cleared. */
static void test_memory(void **state)
{
  for (int i = 0; vt_aug_ops[i]; i++) {
    struct aug_case c;
    case_init(&c, vt_aug_ops[i]->name, "");
    for (int n = 1;; n++) {
      struct vt_err e = {0};
      struct vt_aug_sample s;
      struct vt_rng r;
      struct vt_aug_env one = env;
      one.other = plain_other;
      int next = 0;
      one.ctx = &next;
      vt_rng_init(&r, 1, 0, 0);
      drawn_sample(&s, 60, 50, 2, 1);
      if (vt_aug_ops[i]->mixes) one.other = drawn_other, n = 1000000; /* the helper itself must not fail */
      vt_alloc_fail_at(n);
      int rc = vt_aug_op_run(c.op, c.opts, &one, &r, &s, &e);
      vt_alloc_fail_at(0);
      vt_aug_sample_clear(&s);
      if (!rc || n > 400) break;
      assert_int_equal(rc, VT_ENOMEM);
    }
    case_clear(&c);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pillow),      cmocka_unit_test(test_moves),
      cmocka_unit_test(test_inverse),     cmocka_unit_test(test_mixed_targets),
      cmocka_unit_test(test_kept_share),  cmocka_unit_test(test_reproducible),
      cmocka_unit_test(test_safe_ranges), cmocka_unit_test(test_memory),
      cmocka_unit_test(test_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
