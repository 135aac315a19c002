/* Policies: what is read and refused, probabilities, ramps, one resampling, and what happens to objects. */
#include "tests/aug_case.h"

static struct vt_policy *parsed(const char *text)
{
  struct vt_err e = {0};
  struct vt_policy *p;
  ok(vt_policy_parse(&p, "p.yaml", text, strlen(text), &e), &e);
  return p;
}

static void test_refused(void **state)
{
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"", "empty"},
      {"steps: [flp]", "p.yaml:1: unknown augmentation 'flp'"},
      {"steps:\n  - rotate: {degrees: 999}", "p.yaml:2: "},
      {"steps:\n  - rotate: {degree: 9}", "degrees"},
      {"steps:\n  - rotate: {p: 2}", "p.yaml:2: "},
      {"steps:\n  - rotate: {degrees: nan}", "p.yaml:2: "},
      {"steps:\n  - rotate: {degrees: 5, degrees: 6}", "given twice"},
      {"steps:\n  - one-of: []", "without steps"},
      {"steps:\n  - sometimes: {p: 0.5}", "without steps"},
      {"steps:\n  - flip: {steps: [grey]}", "p.yaml:2: "},
      {"steps:\n  - {flip: {}, grey: {}}", "one operation"},
      {"steps: 3", "list of steps"},
      {"fill: 300", "p.yaml:1: "},
      {"fil: 3", "fill"},
      {"steps: [", "not YAML"},
      {"[[flip]]", "name of an operation"},
      {"hello", "expected `steps:`"},
      {"steps:\n  - rotate: {degrees: 90}", "p.yaml:2: rotate: degrees 90 is beyond the safe range 0..30"},
      {"- grey\n- hue: {turns: 0.5}", "p.yaml:2: hue: turns 0.5"},
      {"- one-of: &a [{one-of: [{one-of: [{one-of: [{one-of: [{one-of: [{one-of: [{one-of: [{one-of: "
       "[flip]}]}]}]}]}]}]}]}]",
       "nested"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    struct vt_policy *p;
    int rc = vt_policy_parse(&p, "p.yaml", cases[i].text, strlen(cases[i].text), &e);
    if (rc >= 0) fail_msg("accepted: %s", cases[i].text);
    assert_null(p);
    if (!strstr(e.msg, cases[i].message)) fail_msg("'%s': message '%s'", cases[i].text, e.msg);
  }
}

/* How often the first pixel's channels say that a step ran: channel-drop to value 200 + k marks it. */
static void count_marks(const char *text, double epoch, int runs, double share[4])
{
  struct vt_policy *p = parsed(text);
  memset(share, 0, 4 * sizeof *share);
  for (int i = 0; i < runs; i++) {
    struct vt_err e = {0};
    struct vt_aug_sample s = {0};
    struct vt_aug_env at = env;
    struct vt_rng r;
    at.epoch = epoch;
    vt_rng_init(&r, 9, 0, (uint64_t)i);
    ok(vt_image_init(&s.image, 1, 1, 3, &e), &e);
    ok(vt_policy_apply(p, &at, &r, &s, &e), &e);
    for (int k = 0; k < 3; k++)
      if (s.image.px[k] >= 200) share[s.image.px[k] - 200] += 1.0 / runs;
    vt_aug_sample_clear(&s);
  }
  vt_policy_free(p);
}

static void test_probabilities(void **state)
{
  static const struct {
    const char *text;
    double epoch, want[4];
  } cases[] = {
      {"- channel-drop: {value: 200, p: 0.3}", 0, {.3}},
      {"- channel-drop: {value: 200, p: 0.8, ramp: 20}", 0, {0}},
      {"- channel-drop: {value: 200, p: 0.8, ramp: 20}", 10, {.4}},
      {"- channel-drop: {value: 200, p: 0.8, ramp: 20, start: 5}", 15, {.4}},
      {"- channel-drop: {value: 200, p: 0.8, ramp: 20}", 99, {.8}},
      {"- channel-drop: {value: 200, start: 5}", 4.9, {0}},
      {"- one-of: [channel-drop: {value: 200}, channel-drop: {value: 201, weight: 3}]", 0, {.25, .75}},
      {"- one-of: {p: 0.4, steps: [channel-drop: {value: 200}, channel-drop: {value: 201, p: 0.5}]}",
       0,
       {.2, .1}},
      {"- sometimes: {p: 0.5, steps: [sometimes: [channel-drop: {value: 202, p: 0.6}]]}", 0, {0, 0, .3}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    double share[4];
    count_marks(cases[i].text, cases[i].epoch, 4000, share);
    for (int k = 0; k < 4; k++) /* four standard deviations of 4000 draws */
      if (fabs(share[k] - cases[i].want[k]) > .032)
        fail_msg("%s at epoch %g: %d ran in %.3f of the cases", cases[i].text, cases[i].epoch, k, share[k]);
  }
}

/* Moves that undo each other leave the picture untouched: they are multiplied before anything is resampled.
 */
static void test_one_resampling(void **state)
{
  static const char *const cases[] = {
      "unsafe: warn\nsteps:\n- scale: {min: 0.5, max: 0.5}\n- scale: {min: 2, max: 2}",
      "- flip\n- flip-vertical\n- flip\n- flip-vertical",
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    struct vt_policy *p = parsed(cases[i]);
    struct vt_aug_sample s, was;
    struct vt_rng r;
    int worst;
    vt_rng_init(&r, 1, 0, 0);
    drawn_sample(&s, 120, 90, 3, 1);
    ok(vt_aug_sample_copy(&was, &s, &e), &e);
    ok(vt_policy_apply(p, &env, &r, &s, &e), &e);
    if (!same_image(&s.image, &was.image, 0, &worst))
      fail_msg("%s: the picture changed by %d", cases[i], worst);
    assert_int_equal(vt_mask_area(&s.object[2].mask), vt_mask_area(&was.object[2].mask));
    vt_aug_sample_clear(&s);
    vt_aug_sample_clear(&was);
    vt_policy_free(p);
  }
}

/* What is hidden or cropped away: shares counted, masks cut, what is below min_visible gone. */
static void test_visible(void **state)
{
  struct vt_err e = {0};
  struct vt_aug_sample s;
  struct vt_rng r;
  static const struct vt_aug_move left_half = {{1, 0, 0, 0, 1, 0, 0, 0, 1}, 50, 80};
  uint8_t bits[80 * 100] = {0};
  for (int y = 20; y < 40; y++) memset(bits + y * 100 + 40, 1, 40); /* x 40..80: a quarter in the left half */
  for (int k = 0; k < 2; k++) {
    memset(&s, 0, sizeof s);
    ok(vt_image_init(&s.image, 100, 80, 3, &e), &e);
    struct vt_aug_object *o = vt_aug_sample_push(&s, &e);
    assert_non_null(o);
    ok(vt_mask_from_bitmap(&o->mask, bits, 100, 80, 100, &e), &e);
    o->box = vt_mask_box(&o->mask);
    struct vt_aug_env at = {.min_visible = k ? .3 : .2};
    ok(vt_aug_sample_move(&s, &left_half, &at, &e), &e);
    assert_int_equal(s.nobjects, !k);
    if (!k) {
      assert_int_equal(vt_mask_area(&s.object[0].mask), 10 * 20);
      assert_true(fabs(s.object[0].visible - .25) < 1e-12);
      assert_true(s.object[0].box.x == 40 && s.object[0].box.w == 10 && s.object[0].box.h == 20);
    }
    vt_aug_sample_clear(&s);
  }
  /* all wiped out, with hide: no object is left, and the label map is forgotten */
  struct vt_policy *p = parsed("{unsafe: allow, steps: [erase: {min: 1, max: 1, aspect: 0, hide: yes}]}");
  vt_rng_init(&r, 1, 0, 0);
  drawn_sample(&s, 60, 60, 4, 2);
  ok(vt_policy_apply(p, &env, &r, &s, &e), &e);
  assert_int_equal(s.nobjects, 0);
  for (int i = 0; i < 60 * 60; i++) assert_int_equal(s.labels.px[i], 255);
  vt_aug_sample_clear(&s);
  vt_policy_free(p);
}

/* Copy-paste: pasted masks are disjoint from what they hide, and the label map agrees with nothing hidden. */
static void test_copy_paste(void **state)
{
  struct vt_policy *p = parsed("- copy-paste: {share: 1}");
  int pasted = 0;
  for (uint64_t seed = 0; seed < 10; seed++) {
    struct vt_err e = {0};
    struct vt_aug_sample s;
    struct vt_rng r;
    vt_rng_init(&r, seed, 0, 0);
    drawn_sample(&s, 120, 90, 3, seed);
    for (int i = 0; i < s.nobjects; i++) s.object[i].source = 1000 + i;
    ok(vt_policy_apply(p, &env, &r, &s, &e), &e);
    for (int i = 0; i < s.nobjects; i++)
      for (int k = 0; k < s.nobjects; k++)
        if (s.object[i].source >= 1000 && s.object[k].source < 1000) {
          assert_int_equal(vt_mask_both(&s.object[i].mask, &s.object[k].mask), 0);
          pasted++;
        }
    vt_aug_sample_clear(&s);
  }
  assert_true(pasted > 20);
  vt_policy_free(p);
}

static void test_letterbox(void **state)
{
  static const struct {
    const char *text;
    int width, height, x, y, w, h; /* the result; the picture in it */
  } cases[] = {
      {"- letterbox: {width: 640, height: 640}", 640, 640, 0, 80, 640, 480},
      {"- letterbox: {width: 640, height: 640, enlarge: no}", 640, 640, 260, 275, 120, 90},
      {"- letterbox-minimal: {width: 640, height: 640}", 640, 480, 0, 0, 640, 480},
      {"- letterbox-minimal: {width: 250, height: 250, step: 64}", 250, 192, 0, 2, 250, 188},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    struct vt_policy *p = parsed(cases[i].text);
    struct vt_aug_sample s = {0};
    struct vt_rng r;
    vt_rng_init(&r, 0, 0, 0);
    ok(vt_image_init(&s.image, 120, 90, 3, &e), &e);
    memset(s.image.px, 200, 3 * 120 * 90);
    ok(vt_policy_apply(p, &env, &r, &s, &e), &e);
    if (s.image.width != cases[i].width || s.image.height != cases[i].height)
      fail_msg("%s: %d x %d", cases[i].text, s.image.width, s.image.height);
    for (int y = 0; y < s.image.height; y++)
      for (int x = 0; x < s.image.width; x++) {
        bool in =
            x >= cases[i].x && x < cases[i].x + cases[i].w && y >= cases[i].y && y < cases[i].y + cases[i].h;
        if (s.image.px[y * s.image.stride + 3 * x] != (in ? 200 : 114))
          fail_msg("%s: at %d, %d", cases[i].text, x, y);
      }
    vt_aug_sample_clear(&s);
    vt_policy_free(p);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refused),        cmocka_unit_test(test_probabilities),
      cmocka_unit_test(test_one_resampling), cmocka_unit_test(test_visible),
      cmocka_unit_test(test_copy_paste),     cmocka_unit_test(test_letterbox),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
