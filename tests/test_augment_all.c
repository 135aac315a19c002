/* What holds for every operation of augmentation: picture, boxes, polygons, masks, label map and class ids
 * move together; the same seed gives the same bits; letterboxes have the sides and borders that networks of
 * the field expect.
 *
 * Each object has a colour, a label and a class of its own, so that the result says by itself what is where.
 */
#include "tests/aug_case.h"
#include <unistd.h>

enum { W = 132, H = 98, PER_SAMPLE = 4, MAX_IDS = 60, POINTS = 48 };

struct ellipse {
  double x, y, rx, ry;
};
static struct ellipse place_of(int id, int w, int h)
{
  const int k = id % PER_SAMPLE;
  return (struct ellipse){w * (k % 2 ? .72 : .27), h * (k / 2 ? .70 : .28), w * (.11 + .02 * (id % 3)),
                          h * (.12 + .02 * (id % 2))};
}
static void colour_of(int id, uint8_t c[3])
{
  c[0] = (uint8_t)(60 + id * 37 % 190);
  c[1] = (uint8_t)(60 + id * 83 % 190);
  c[2] = (uint8_t)(60 + id * 131 % 190);
}
static int class_of(int id)
{
  return 7 + id % 5;
}

/* Objects first .. first + PER_SAMPLE, apart from each other, as mask, box, polygon, label and colour. */
static void painted(struct vt_aug_sample *s, int w, int h, int first)
{
  struct vt_err e = {0};
  *s = (struct vt_aug_sample){.ntargets = 1, .target = {{first / PER_SAMPLE, 1}}};
  ok(vt_image_init(&s->image, w, h, 3, &e), &e);
  ok(vt_image_init(&s->labels, w, h, 1, &e), &e);
  memset(s->image.px, 20, (size_t)(s->image.stride * h));
  for (int id = first; id < first + PER_SAMPLE; id++) {
    const struct ellipse g = place_of(id, w, h);
    struct vt_aug_object *o = vt_aug_sample_push(s, &e);
    struct vt_image bits;
    assert_non_null(o);
    ok(vt_image_init(&bits, w, h, 1, &e), &e);
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        if (hypot((x + .5 - g.x) / g.rx, (y + .5 - g.y) / g.ry) >= 1) continue;
        bits.px[y * bits.stride + x] = 1;
        s->labels.px[y * s->labels.stride + x] = (uint8_t)(id + 1);
        colour_of(id, s->image.px + y * s->image.stride + 3 * x);
      }
    o->cls = class_of(id);
    o->source = id;
    ok(vt_mask_from_bitmap(&o->mask, bits.px, w, h, bits.stride, &e), &e);
    o->box = vt_mask_box(&o->mask);
    o->polygons.n = 1;
    o->polygons.start = vt_calloc(2, sizeof *o->polygons.start);
    o->polygons.xy = vt_calloc(2 * POINTS, sizeof *o->polygons.xy);
    assert_true(o->polygons.start && o->polygons.xy);
    o->polygons.start[1] = POINTS;
    for (int k = 0; k < POINTS; k++) {
      o->polygons.xy[2 * k] = g.x + g.rx * cos(2 * M_PI * k / POINTS);
      o->polygons.xy[2 * k + 1] = g.y + g.ry * sin(2 * M_PI * k / POINTS);
    }
    vt_image_clear(&bits);
    struct vt_keypoint *p =
        vt_calloc(3, sizeof *p); /* left and right of the middle, and one that nobody saw */
    assert_non_null(p);
    p[0] = (struct vt_keypoint){g.x - g.rx / 2, g.y, VT_VISIBLE};
    p[1] = (struct vt_keypoint){g.x + g.rx / 2, g.y, VT_VISIBLE};
    o->point = p;
    o->npoints = 3;
  }
}

/* Each call gives objects that were not there before. */
static int next_painted(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  int *first = ctx;
  *first += PER_SAMPLE;
  assert_true(*first + PER_SAMPLE < MAX_IDS);
  painted(out, 90 + 13 * (*first / PER_SAMPLE % 3), 120, *first);
  return 0;
}

/* Key points lie in their object's mask, or are hidden, or gone. */
static void check_points(const char *op, const struct vt_aug_sample *s, const struct vt_aug_object *o)
{
  assert_int_equal(o->npoints, 3);
  assert_true(o->point[2].seen == VT_UNLABELLED);
  for (int k = 0; k < 2; k++) {
    const struct vt_keypoint *p = &o->point[k];
    if (p->seen == VT_UNLABELLED) {
      assert_true(p->x == 0 && p->y == 0);
      continue;
    }
    assert_true(p->x >= 0 && p->y >= 0 && p->x < s->image.width && p->y < s->image.height);
    if (p->seen == VT_VISIBLE && s->labels.px[(int)p->y * s->labels.stride + (int)p->x] != o->source + 1)
      fail_msg("%s: point %d of object %d is not on it", op, k, (int)o->source);
  }
}

static void check_object(const char *op, const struct vt_aug_sample *s, const struct vt_aug_object *o,
                         bool labels_too)
{
  struct vt_err e = {0};
  struct vt_mask shown = {0};
  const int w = s->image.width, h = s->image.height, id = (int)o->source;
  const struct vt_box tight = vt_mask_box(&o->mask), b = o->box;
  if (o->cls != class_of(id)) fail_msg("%s: object %d changed its class", op, id);
  if (o->mask.width != w || o->mask.height != h) fail_msg("%s: a mask of another size", op);
  if (tight.x < b.x - 1 || tight.y < b.y - 1 || tight.x + tight.w > b.x + b.w + 1 ||
      tight.y + tight.h > b.y + b.h + 1)
    fail_msg("%s: the box of object %d does not hold its mask", op, id);
  if (b.x < -1e-6 || b.y < -1e-6 || b.x + b.w > w + 1e-6 || b.y + b.h > h + 1e-6)
    fail_msg("%s: the box of object %d leaves the picture", op, id);
  if (b.w * b.h > 1.6 * (tight.w + 2) * (tight.h + 2))
    fail_msg("%s: the box of object %d is far too large", op, id);
  if (labels_too) {
    ok(vt_mask_from_labels(&shown, s->labels.px, w, h, s->labels.stride, (uint8_t)(id + 1), &e), &e);
    if (vt_mask_area(&shown) != vt_mask_area(&o->mask) ||
        vt_mask_both(&shown, &o->mask) != vt_mask_area(&shown))
      fail_msg("%s: mask and label map of object %d differ", op, id);
    vt_mask_clear(&shown);
  }
  if (!o->polygons.n || vt_mask_area(&o->mask) < 150) return;
  ok(vt_mask_from_polygons(&shown, &o->polygons, w, h, &e), &e);
  if (vt_mask_iou(&shown, &o->mask, false) < .8) fail_msg("%s: polygon and mask of object %d part", op, id);
  vt_mask_clear(&shown);
}

/* Well inside its mask an object shows its own colour. */
static void check_colours(const char *op, const struct vt_aug_sample *s, const struct vt_aug_object *o)
{
  const int id = (int)o->source, margin = 3;
  uint8_t c[3];
  colour_of(id, c);
  for (int y = margin; y < s->labels.height - margin; y++)
    for (int x = margin; x < s->labels.width - margin; x++) {
      bool inside = true;
      for (int k = 0; k < (2 * margin + 1) * (2 * margin + 1) && inside; k++)
        inside = s->labels.px[(y + k / (2 * margin + 1) - margin) * s->labels.stride + x +
                              k % (2 * margin + 1) - margin] == id + 1;
      const uint8_t *p = s->image.px + y * s->image.stride + 3 * x;
      for (int k = 0; k < 3 && inside; k++)
        if (abs(p[k] - c[k]) > 2)
          fail_msg("%s: object %d is not where its mask is: %d instead of %d at %d, %d", op, id, p[k], c[k],
                   x, y);
    }
}

/* No label of an object that is gone, none twice. */
static void check_labels(const char *op, const struct vt_aug_sample *s)
{
  bool there[256] = {false};
  for (int i = 0; i < s->nobjects; i++) {
    const int id = (int)s->object[i].source;
    if (there[id + 1]) fail_msg("%s: object %d is there twice", op, id);
    there[id + 1] = true;
  }
  for (int y = 0; y < s->labels.height; y++)
    for (int x = 0; x < s->labels.width; x++) {
      const int l = s->labels.px[y * s->labels.stride + x];
      if (l && l != 255 && !there[l]) fail_msg("%s: label %d without its object", op, l);
    }
}

static void same_sample(const char *op, const struct vt_aug_sample *a, const struct vt_aug_sample *b)
{
  int worst;
  if (!same_image(&a->image, &b->image, 0, &worst)) fail_msg("%s: the same seed, another picture", op);
  if (!same_image(&a->labels, &b->labels, 0, &worst)) fail_msg("%s: the same seed, another label map", op);
  assert_int_equal(a->nobjects, b->nobjects);
  for (int i = 0; i < a->nobjects; i++) {
    const struct vt_aug_object *x = &a->object[i], *y = &b->object[i];
    assert_true(x->source == y->source && x->box.x == y->box.x && x->box.y == y->box.y &&
                x->box.w == y->box.w && x->box.h == y->box.h && x->weight == y->weight &&
                x->visible == y->visible);
    assert_int_equal(vt_mask_both(&x->mask, &y->mask), vt_mask_area(&x->mask));
  }
}

static void apply_painted(const struct aug_case *c, uint64_t seed, struct vt_aug_sample *s)
{
  int first = 0;
  struct vt_err e = {0};
  struct vt_rng r;
  const struct vt_aug_env all = {.fill = 114, .label_fill = 255, .other = next_painted, .ctx = &first};
  vt_rng_init(&r, seed, 1, 2);
  painted(s, W, H, 0);
  ok(vt_aug_op_run(c->op, c->opts, &all, &r, s, &e), &e);
}

/* moves: colours stay what they were, only places change. */
static void check_case(const char *name, const char *options)
{
  struct aug_case c;
  case_init(&c, name, options);
  const bool mixup = !strcmp(name, "mixup"), back = !strcmp(name, "background");
  const bool moves = c.op->move || (c.op->mixes && !mixup);
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct vt_aug_sample s, again, was;
    double sum = 0;
    apply_painted(&c, seed, &s);
    apply_painted(&c, seed, &again);
    painted(&was, W, H, 0);
    same_sample(name, &s, &again);
    assert_true(s.labels.width == s.image.width && s.labels.height == s.image.height);
    for (int i = 0; i < s.nobjects; i++) {
      const struct vt_aug_object *o = &s.object[i];
      check_object(name, &s, o, !mixup || (o->weight > .51));
      if (!mixup || o->weight > .51) check_points(name, &s, o);
      if (moves && !back) check_colours(name, &s, o);
    }
    if (!mixup) check_labels(name, &s);
    for (int k = 0; k < s.ntargets; k++) sum += s.target[k].weight;
    assert_true(fabs(sum - 1) < 1e-9);
    if (!c.op->move && !c.op->mixes && !strstr(options, "hide=yes")) { /* nothing moves */
      assert_int_equal(s.nobjects, was.nobjects);
      for (int i = 0; i < s.nobjects; i++)
        assert_int_equal(vt_mask_both(&s.object[i].mask, &was.object[i].mask),
                         vt_mask_area(&was.object[i].mask));
    }
    vt_aug_sample_clear(&was);
    vt_aug_sample_clear(&again);
    vt_aug_sample_clear(&s);
  }
  case_clear(&c);
}

/* With defaults, and at both ends of every safe range. */
static void test_all_operations(void **state)
{
  for (int i = 0; vt_aug_ops[i]; i++) {
    const struct vt_aug_op *op = vt_aug_ops[i];
    const char *base = !strcmp(op->name, "crop") ? "width=90,height=70" : "";
    check_case(op->name, base);
    for (size_t k = 0; k < VT_COUNT(op->safe) && op->safe[k].option; k++)
      for (int end = 0; end < 2; end++) {
        char text[100];
        snprintf(text, sizeof text, "%s=%.9g", op->safe[k].option, end ? op->safe[k].hi : op->safe[k].lo);
        check_case(op->name, text);
      }
  }
}

static void test_variants(void **state)
{
  static const char *const cases[][2] = {
      {"erase", "hide=yes"},
      {"cutout", "hide=yes"},
      {"gridmask", "hide=yes,rotation=30"},
      {"rotate", "degrees=180"},
      {"rotate", "canvas=keep"},
      {"shear", "x=20,y=10,canvas=keep"},
      {"scale-jitter", "width=70,height=140"},
      {"letterbox", "width=64,height=96"},
      {"letterbox-minimal", "width=300,height=200"},
      {"crop", "width=300,height=300"},
      {"mixup", "alpha=1"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) check_case(cases[i][0], cases[i][1]);
}

/* A mirrored body: its left hand is the picture's right one; turned twice it is itself again; what leaves the
 * picture has no place. */
static void test_sides(void **state)
{
  static const char text[] =
      "{\"categories\": [{\"id\": 1, \"name\": \"person\", \"keypoints\": [\"nose\", \"left_hand\", "
      "\"right_hand\"], "
      "\"skeleton\": [[1, 2]]}], \"images\": [{\"id\": 1, \"file_name\": \"a.png\", \"width\": 100, "
      "\"height\": "
      "80}], \"annotations\": [{\"id\": 1, \"image_id\": 1, \"category_id\": 1, \"bbox\": [10, 10, 80, 60], "
      "\"area\": "
      "4800, \"iscrowd\": 0, \"keypoints\": [50, 20, 2, 30, 40, 2, 70, 44, 1], \"num_keypoints\": 3}]}";
  static const struct {
    const char *steps;
    double want[9];
  } cases[] = {{"[flip]", {50, 20, 2, 30, 44, 1, 70, 40, 2}},
               {"[flip, flip-vertical]", {50, 60, 2, 70, 40, 2, 30, 36, 1}},
               {"[flip, flip]", {50, 20, 2, 30, 40, 2, 70, 44, 1}},
               {"[{scale: {min: .5, max: 1}}]", {0}}};
  char path[] = "/tmp/vitrine-test-sides-XXXXXX.json";
  struct vt_err e = {0};
  struct vt_labels l;
  const int fd = mkstemps(path, 5);
  assert_true(fd >= 0);
  close(fd);
  ok(vt_file_write_atomic(path, text, sizeof text - 1, &e), &e);
  ok(vt_labels_init(&l, &e), &e);
  ok(vt_format_find("coco", &e)->read(&l, path, &(struct vt_labels_opts){0}, &e), &e);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_aug_sample s;
    struct vt_labels out;
    struct vt_image im;
    struct vt_policy *policy;
    struct vt_rng r;
    int64_t row = 0;
    vt_rng_init(&r, 1, 2, 3);
    ok(vt_labels_init(&out, &e), &e);
    ok(vt_image_init(&im, 100, 80, 3, &e), &e);
    ok(vt_aug_sample_from_labels(&s, &im, &l, &row, 1, &e), &e);
    ok(vt_policy_parse(&policy, "p", cases[i].steps, strlen(cases[i].steps), &e), &e);
    ok(vt_policy_apply(policy, &env, &r, &s, &e), &e);
    ok(vt_aug_sample_to_labels(&s, &out, "b.png", &l, &e), &e);
    assert_int_equal(out.v[0].npoints, 3);
    assert_string_equal(out.classes.v[0].point[2], "right_hand");
    assert_true(out.classes.v[0].nbones == 1 && out.classes.v[0].bone[0][1] == 2);
    for (int k = 0; k < 3; k++) {
      const struct vt_keypoint *p = &out.point[out.v[0].points + (uint32_t)k], *was = &l.point[k];
      const double f = (double)s.image.width / 100;
      const double want[3] = {i == 3 ? was->x * f : cases[i].want[3 * k],
                              i == 3 ? was->y * f : cases[i].want[3 * k + 1],
                              i == 3 ? was->seen : cases[i].want[3 * k + 2]};
      if (fabs(p->x - want[0]) > .6 || fabs(p->y - want[1]) > .6 || p->seen != (int)want[2])
        fail_msg("%s: point %d at %g, %g, %d", cases[i].steps, k, p->x, p->y, p->seen);
    }
    vt_policy_free(policy);
    vt_aug_sample_clear(&s);
    vt_labels_clear(&out);
  }
  vt_labels_clear(&l);
  unlink(path);
}

/* Sides and borders as detectors of the field make them: scale min(S / w, S / h), whole sides rounded, what
 * is left over halved, the odd pixel behind; the minimal one pads to multiples of the step. */
static void test_letterboxes(void **state)
{
  static const struct {
    int w, h, full, step, width, height, left, top, inner_w, inner_h;
  } cases[] = {
      {120, 90, 640, 0, 640, 640, 0, 80, 640, 480},  {90, 120, 640, 0, 640, 640, 80, 0, 480, 640},
      {123, 77, 640, 32, 640, 416, 0, 7, 640, 401},  {120, 90, 640, 32, 640, 480, 0, 0, 640, 480},
      {50, 200, 416, 32, 128, 416, 12, 0, 104, 416}, {97, 61, 320, 64, 320, 256, 0, 27, 320, 201},
      {64, 64, 64, 32, 64, 64, 0, 0, 64, 64},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    char options[80];
    struct vt_err e = {0};
    struct vt_aug_sample s = {.ntargets = 1, .target = {{0, 1}}};
    struct aug_case c;
    struct vt_rng r;
    snprintf(options, sizeof options, "width=%d,height=%d", cases[i].full, cases[i].full);
    if (cases[i].step) snprintf(options + strlen(options), 20, ",step=%d", cases[i].step);
    case_init(&c, cases[i].step ? "letterbox-minimal" : "letterbox", options);
    ok(vt_image_init(&s.image, cases[i].w, cases[i].h, 3, &e), &e);
    memset(s.image.px, 200, (size_t)(s.image.stride * s.image.height));
    vt_rng_init(&r, 1, 1, 1);
    ok(vt_aug_op_run(c.op, c.opts, &env, &r, &s, &e), &e);
    assert_int_equal(s.image.width, cases[i].width);
    assert_int_equal(s.image.height, cases[i].height);
    for (int y = 0; y < s.image.height; y++)
      for (int x = 0; x < s.image.width; x++) {
        const bool inside = x >= cases[i].left && x < cases[i].left + cases[i].inner_w && y >= cases[i].top &&
                            y < cases[i].top + cases[i].inner_h;
        if (s.image.px[y * s.image.stride + 3 * x + 1] != (inside ? 200 : 114))
          fail_msg("case %zu: %d at %d, %d", i, s.image.px[y * s.image.stride + 3 * x + 1], x, y);
      }
    vt_aug_sample_clear(&s);
    case_clear(&c);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_operations),
      cmocka_unit_test(test_variants),
      cmocka_unit_test(test_sides),
      cmocka_unit_test(test_letterboxes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
