/* Operations of augmentation against independent figures: CLAHE against OpenCV's, noise against the normal
 * distribution, motion blur against the mean along a line; and a set augmented on any number of threads. */
#include "aug_case.h"
#include "app/augment.h"

#include <unistd.h>

static void read_fixture(struct vt_image *im, const char *name, bool labels)
{
  char path[400];
  const char *root = getenv("VITRINE_SOURCE_ROOT");
  struct vt_err e = {0};
  snprintf(path, sizeof path, "%s/tests/fixtures/augment/%s.png", root ? root : VT_SOURCE_ROOT, name);
  ok(vt_image_read(im, path, &(struct vt_decode_opts){.labels = labels}, NULL, &e), &e);
}

/* The operation with its options, its random parameters given instead of drawn. */
static void run(const char *name, const char *option, const char *value, const double *v, int n,
                struct vt_aug_sample *s)
{
  struct vt_err e = {0};
  struct vt_arena a;
  const struct vt_aug_op *op = vt_aug_find(name, &e);
  const struct vt_aug_env env = {.fill = 114, .label_fill = 255};
  struct vt_aug_draw d = {0};
  assert_non_null(op);
  vt_arena_init(&a);
  void *opts = vt_arena_alloc(&a, op->opts_size + 1);
  ok(vt_opt_defaults(op->opt, op->nopt, opts, &a, &e), &e);
  if (option) ok(vt_opt_set(op->opt, op->nopt, opts, &a, option, value, &e), &e);
  memcpy(d.v, v, (size_t)n * sizeof *v);
  vt_rng_init(&d.rng, 4, 0, 0);
  ok(op->apply(opts, &d, &env, s, &e), &e);
  vt_arena_clear(&a);
}

/* OpenCV rounds tables to whole levels, gives what is left of the excess to the darkest values and takes a
 * pixel's corner where we take its middle: a level or so. An unlimited equalisation of tiles, or the picture
 * itself, is 20 and more away. */
static void clahe_is_opencvs(void **state)
{
  static const struct {
    const char *name, *grid;
    double limit;
  } cases[] = {{"clahe_2_4", "4", 2}, {"clahe_4_4", "4", 4}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_image want;
    struct vt_aug_sample s = {0};
    double sum = 0, was = 0;
    int worst = 0;
    read_fixture(&s.image, "clahe_photo", false);
    read_fixture(&want, cases[i].name, false);
    struct vt_image before;
    struct vt_err e = {0};
    ok(vt_image_copy(&before, &s.image, &e), &e);
    run("clahe", "grid", cases[i].grid, &cases[i].limit, 1, &s);
    for (int y = 0; y < want.height; y++)
      for (int x = 0; x < 3 * want.width; x++) {
        const int d = abs(s.image.px[y * s.image.stride + x] - want.px[y * want.stride + x]);
        sum += d;
        was += abs(before.px[y * before.stride + x] - want.px[y * want.stride + x]);
        worst = VT_MAX(worst, d);
      }
    const double n = 3. * want.width * want.height;
    if (sum / n > 1.6 || worst > 6 || was / n < 5)
      fail_msg("%s: %.2f levels away on average, %d at most (the picture itself: %.2f)", cases[i].name,
               sum / n, worst, was / n);
    vt_image_clear(&before);
    vt_image_clear(&want);
    vt_aug_sample_clear(&s);
  }
}

/* Tiles of few pixels: the definition in floating point, computed by tools/make_augment_fixtures.py. */
static void clahe_of_small_tiles(void **state)
{
  static const struct {
    const char *name, *grid;
    double limit;
  } cases[] = {{"clahe_small_2_8", "8", 2}, {"clahe_small_3_16", "16", 3}, {"clahe_small_40_5", "5", 40}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_image want;
    struct vt_aug_sample s = {0};
    int worst, was;
    read_fixture(&s.image, "clahe_small", false);
    read_fixture(&want, cases[i].name, false);
    same_image(&s.image, &want, 0, &was);
    run("clahe", "grid", cases[i].grid, &cases[i].limit, 1, &s);
    if (!same_image(&s.image, &want, 1, &worst) || was < 30)
      fail_msg("%s: %d levels away (the picture itself: %d)", cases[i].name, worst, was);
    vt_image_clear(&want);
    vt_aug_sample_clear(&s);
  }
}

/* 120,000 values of mid-grey: mean 128 +- 5 sigma/sqrt(n), variance with rounding's 1/12, and shares within
 * one, two and three standard deviations of .683, .954 and .997. */
static void noise_is_normal(void **state)
{
  struct vt_err e = {0};
  for (int grey = 0; grey < 2; grey++) {
    struct vt_aug_sample s = {0};
    double sum = 0, square = 0, together = 0;
    int inside[3] = {0};
    ok(vt_image_init(&s.image, 200, 200, 3, &e), &e);
    memset(s.image.px, 128, (size_t)s.image.stride * 200);
    run("noise", "grey", grey ? "yes" : "no", (double[]){12}, 1, &s);
    for (int y = 0; y < 200; y++)
      for (int x = 0; x < 600; x++) {
        const uint8_t *p = s.image.px + y * s.image.stride + x;
        const double d = *p - 128.;
        sum += d;
        square += d * d;
        for (int k = 0; k < 3; k++) inside[k] += fabs(d) <= 12 * (k + 1) + .5;
        if (x % 3 == 0) together += d * (p[1] - 128.);
      }
    const double n = 120000, variance = square / n;
    assert_true(fabs(sum / n) < 5 * 12 / sqrt(n));
    assert_true(fabs(variance / (144 + 1 / 12.) - 1) < .02);
    assert_true(fabs(inside[0] / n - .70) < .015); /* half a level more than one sigma: .702 */
    assert_true(fabs(inside[1] / n - .958) < .006);
    assert_true(fabs(inside[2] / n - .9976) < .002);
    together /= n / 3 * variance; /* correlation of red and green */
    assert_true(grey ? fabs(together - 1) < .03 : fabs(together) < .03);
    vt_aug_sample_clear(&s);
  }
}

static double bilinear(const struct vt_image *im, double x, double y, int c)
{
  const int ix = (int)floor(x), iy = (int)floor(y);
  double v = 0;
  for (int k = 0; k < 4; k++) {
    const int px = VT_CLAMP(ix + (k & 1), 0, im->width - 1), py = VT_CLAMP(iy + (k >> 1), 0, im->height - 1);
    v +=
        im->px[py * im->stride + 3 * px + c] * (k & 1 ? x - ix : 1 - x + ix) * (k >> 1 ? y - iy : 1 - y + iy);
  }
  return v;
}

/* The mean of many points along the line through each pixel. */
static void motion_blur_is_a_line(void **state)
{
  static const double cases[][2] = {{1, 0}, {7, 0}, {9, .7}, {15, 1.5707963267948966}, {30, 2.5}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_aug_sample s, was;
    double sum = 0;
    int worst = 0;
    drawn_sample(&s, 60, 50, 0, 3);
    drawn_sample(&was, 60, 50, 0, 3);
    run("motion-blur", NULL, NULL, cases[i], 2, &s);
    for (int y = 0; y < 50; y++)
      for (int x = 0; x < 180; x++) {
        const int points = 400;
        double v = 0;
        for (int k = 0; k < points; k++) {
          const double t = cases[i][0] * ((k + .5) / points - .5);
          v += bilinear(&was.image, x / 3 + t * cos(cases[i][1]), y + t * sin(cases[i][1]), x % 3);
        }
        const double d = fabs(v / points - s.image.px[y * s.image.stride + x]);
        sum += d;
        worst = (int)VT_MAX(worst, d);
      }
    if (sum / 9000 > .6 || worst > 4)
      fail_msg("length %g, angle %g: %.2f levels away on average, %d at most", cases[i][0], cases[i][1],
               sum / 9000, worst);
    vt_aug_sample_clear(&s);
    vt_aug_sample_clear(&was);
  }
}

static char dir[] = "/tmp/vitrine-test-oracles-XXXXXX";

static char *augmented(int threads, char *pictures)
{
  struct vt_err e = {0};
  struct vt_labels l, made;
  struct vt_policy *policy;
  struct vt_losses lost = {0};
  char path[300], out[200], *text;
  size_t len, n = 0;
  static const char steps[] =
      "[{flip: {p: .5}}, rotate, noise, {mosaic: {p: .3}}, {crop: {width: 40, height: 40}}]";
  ok(vt_policy_parse(&policy, "steps", steps, sizeof steps - 1, &e), &e);
  ok(vt_labels_init(&l, &e), &e);
  ok(vt_labels_init(&made, &e), &e);
  snprintf(path, sizeof path, "%s/in.json", dir);
  ok(vt_format_find("coco", &e)->read(&l, path, &(struct vt_labels_opts){0}, &e), &e);
  snprintf(out, sizeof out, "%s/out%d", dir, threads);
  const struct vt_augment_opts o = {.images = dir,
                                    .out = out,
                                    .policy = policy,
                                    .copies = 3,
                                    .png = true,
                                    .epoch = 9,
                                    .seed = 5,
                                    .threads = threads};
  ok(vt_augment_set(&made, &l, &o, &e), &e);
  assert_int_equal(made.nimages, 3 * l.nimages);
  for (int32_t i = 0; i < made.nimages; i++) {
    char file[400], *bytes;
    size_t m;
    snprintf(file, sizeof file, "%s/images/%s", out, made.image[i].file);
    ok(vt_file_read(file, 1 << 24, &bytes, &m, &e), &e);
    n += (size_t)snprintf(pictures + n, 40, "%016llx ", (unsigned long long)vt_hash64(bytes, m));
    vt_free(bytes);
  }
  snprintf(path, sizeof path, "%s.json", out);
  ok(vt_format_find("coco", &e)->write(&made, path, &(struct vt_labels_opts){0}, &lost, &e), &e);
  ok(vt_file_read(path, 1 << 24, &text, &len, &e), &e);
  vt_labels_clear(&l);
  vt_labels_clear(&made);
  vt_policy_free(policy);
  return text;
}

/* A picture that cannot be read ends it, or is left out and listed, whatever takes part in the policy. */
static void without_one(const char *lost)
{
  struct vt_err e = {0};
  struct vt_policy *policy;
  char path[300], out[200];
  static const char steps[] = "[{mosaic: {p: .9}}, {mixup: {p: .9}}]";
  ok(vt_policy_parse(&policy, "steps", steps, sizeof steps - 1, &e), &e);
  snprintf(path, sizeof path, "%s/%s", dir, lost);
  assert_int_equal(unlink(path), 0);
  snprintf(path, sizeof path, "%s/in.json", dir);
  snprintf(out, sizeof out, "%s/without", dir);
  for (int lenient = 0; lenient < 2; lenient++) {
    struct vt_labels l, made;
    ok(vt_labels_init(&l, &e), &e);
    ok(vt_labels_init(&made, &e), &e);
    ok(vt_format_find("coco", &e)->read(&l, path, &(struct vt_labels_opts){0}, &e), &e);
    const struct vt_augment_opts o = {.images = dir,
                                      .out = out,
                                      .policy = policy,
                                      .copies = 3,
                                      .seed = 5,
                                      .problems = lenient ? &l.problems : NULL};
    const int rc = vt_augment_set(&made, &l, &o, &e);
    if (!lenient && (rc != VT_ENOENT || !strstr(e.msg, lost))) fail_msg("%d %s", rc, e.msg);
    if (lenient && (rc || made.nimages != 3 * (l.nimages - 1) || l.problems.n != 1))
      fail_msg("%d %s", rc, e.msg);
    if (lenient) assert_non_null(strstr(l.problems.v[0].text, lost));
    vt_labels_clear(&l);
    vt_labels_clear(&made);
  }
  vt_policy_free(policy);
}

/* Of one picture nothing is mixed, of two each with the other: with one object and with two. */
static void mixed_with_others(void)
{
  static const struct {
    const char *set;
    int pictures, objects[2];
  } cases[] = {{"one.json", 1, {2}}, {"two.json", 2, {3, 3}}};
  static const char steps[] = "[mixup]";
  struct vt_err e = {0};
  struct vt_policy *policy;
  char path[300], out[200];
  ok(vt_policy_parse(&policy, "steps", steps, sizeof steps - 1, &e), &e);
  snprintf(out, sizeof out, "%s/mixed", dir);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l, made;
    int n[2] = {0};
    struct vt_buf b = {0};
    vt_buf_adds(&b, "{\"categories\": [{\"id\": 1, \"name\": \"disc\"}], \"images\": [");
    for (int k = 0; k < cases[i].pictures; k++)
      vt_buf_addf(&b, "%s{\"id\": %d, \"file_name\": \"%d.png\", \"width\": %d, \"height\": 60}",
                  k ? ", " : "", k, k, 50 + k);
    vt_buf_adds(&b, "], \"annotations\": [");
    for (int k = 0; k <= cases[i].pictures; k++)
      vt_buf_addf(&b, "%s{\"id\": %d, \"image_id\": %d, \"category_id\": 1, \"bbox\": [20, 20, 9, 9]}",
                  k ? ", " : "", k, k / 2);
    vt_buf_adds(&b, "]}");
    snprintf(path, sizeof path, "%s/%s", dir, cases[i].set);
    ok(vt_file_write_atomic(path, b.data, b.len, &e), &e);
    vt_buf_clear(&b);
    ok(vt_labels_init(&l, &e), &e);
    ok(vt_labels_init(&made, &e), &e);
    ok(vt_format_find("coco", &e)->read(&l, path, &(struct vt_labels_opts){0}, &e), &e);
    const struct vt_augment_opts o = {.images = dir, .out = out, .policy = policy, .copies = 1, .seed = 3};
    ok(vt_augment_set(&made, &l, &o, &e), &e);
    for (int64_t k = 0; k < made.n; k++) n[made.v[k].image]++;
    for (int k = 0; k < cases[i].pictures; k++) assert_int_equal(n[k], cases[i].objects[k]);
    vt_labels_clear(&l);
    vt_labels_clear(&made);
  }
  vt_policy_free(policy);
}

/* The same labels and the same pictures, byte for byte. */
static void any_number_of_threads(void **state)
{
  enum { N = 7 };
  struct vt_buf b = {0};
  struct vt_err e = {0};
  char pictures[2][3 * N * 18 + 8];
  assert_non_null(mkdtemp(dir));
  vt_buf_adds(&b, "{\"categories\": [{\"id\": 1, \"name\": \"disc\"}], \"images\": [");
  for (int i = 0; i < N; i++) {
    struct vt_aug_sample s;
    char path[200];
    drawn_sample(&s, 50 + i, 60, 0, (uint64_t)i);
    snprintf(path, sizeof path, "%s/%d.png", dir, i);
    ok(vt_image_write(&s.image, path, 0, &e), &e);
    vt_buf_addf(&b, "%s{\"id\": %d, \"file_name\": \"%d.png\", \"width\": %d, \"height\": 60}", i ? ", " : "",
                i + 1, i, 50 + i);
    vt_aug_sample_clear(&s);
  }
  vt_buf_adds(&b, "], \"annotations\": [");
  for (int i = 0; i < 2 * N; i++)
    vt_buf_addf(&b,
                "%s{\"id\": %d, \"image_id\": %d, \"category_id\": 1, \"segmentation\": [[5, 5, 30, %d, 25, "
                "40, 8, 33]]}",
                i ? ", " : "", i + 1, i / 2 + 1, 6 + i);
  vt_buf_adds(&b, "]}");
  char path[200];
  snprintf(path, sizeof path, "%s/in.json", dir);
  ok(vt_file_write_atomic(path, b.data, b.len, &e), &e);
  char *one = augmented(1, pictures[0]), *four = augmented(4, pictures[1]);
  assert_string_equal(one, four);
  assert_string_equal(pictures[0], pictures[1]);
  assert_true(strlen(pictures[0]) == 3 * N * 17);
  vt_free(one);
  vt_free(four);
  vt_buf_clear(&b);
  mixed_with_others();
  without_one("3.png");
  char command[80];
  snprintf(command, sizeof command, "rm -r %s", dir);
  assert_int_equal(system(command), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clahe_is_opencvs),      cmocka_unit_test(clahe_of_small_tiles),
      cmocka_unit_test(noise_is_normal),       cmocka_unit_test(motion_blur_is_a_line),
      cmocka_unit_test(any_number_of_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
