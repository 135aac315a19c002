/* Pictures: decoding, resizing and the rest against Pillow's numbers (tests/fixtures/images, made by
 * tools/make_image_fixtures.py), and against damage: truncation, flipped bytes, wrong content, bombs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <cairo.h>
#include "image/image.h"

#define FIXTURES VT_SOURCE_ROOT "/tests/fixtures/images/"

static void ok(int rc, const struct vt_err *e)
{
  if (rc) fail_msg("%d: %s", rc, e->msg);
}

static struct vt_image noise(int w, int h, int channels)
{
  struct vt_image im;
  assert_int_equal(vt_image_init(&im, w, h, channels, NULL), 0);
  uint32_t state = 12345;
  for (int64_t i = 0; i < im.stride * h; i++) {
    state = state * 1664525u + 1013904223u;
    im.px[i] = (uint8_t)(state >> 24);
  }
  return im;
}

/* A smooth picture with an edge, which JPEG keeps within a few levels. */
static struct vt_image drawn(int w, int h, int channels)
{
  struct vt_image im;
  assert_int_equal(vt_image_init(&im, w, h, channels, NULL), 0);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int c = 0; c < channels; c++)
        im.px[y * im.stride + x * channels + c] =
            (uint8_t)(c == 3 ? 255
                             : 30 + 150 * x / w + 40 * y / h + 10 * c + (x > w / 2 && y > h / 2 ? 20 : 0));
  return im;
}

static void check_pixels(const char *file, const struct vt_image *im, int tolerance, const char *text)
{
  const char *s = text;
  for (int x, y, v[3], used; sscanf(s, "%d %d %d %d %d%n", &x, &y, &v[0], &v[1], &v[2], &used) == 5;) {
    const uint8_t *p = im->px + y * im->stride + x * im->channels;
    for (int c = 0; c < 3; c++)
      if (abs(p[c] - v[c]) > tolerance)
        fail_msg("%s at %d, %d: %d %d %d, Pillow has %d %d %d", file, x, y, p[0], p[1], p[2], v[0], v[1],
                 v[2]);
    s += used;
    if (*s == ';') s++;
  }
}

static void test_decode_equals_pillow(void **state)
{
  struct vt_csv c;
  struct vt_err e = {0};
  int rows = 0;
  ok(vt_csv_open(&c, FIXTURES "expected.csv", &e), &e);
  while (vt_csv_next(&c, &e) > 0) {
    char path[512];
    snprintf(path, sizeof path, FIXTURES "%s", c.field[0]);
    struct vt_image im;
    struct vt_image_info info;
    ok(vt_image_read(&im, path, NULL, &info, &e), &e);
    if (im.width != atoi(c.field[1]) || im.height != atoi(c.field[2]) || im.channels != 3)
      fail_msg("%s: %d x %d x %d", path, im.width, im.height, im.channels);
    assert_int_equal(info.width, im.width);
    assert_int_equal(info.height, im.height);
    check_pixels(path, &im, atoi(c.field[3]), c.field[4]);
    vt_image_clear(&im);
    rows++;
  }
  vt_csv_close(&c);
  assert_true(rows >= 35);
}

static void test_orientation_tag(void **state)
{
  for (int o = 1; o <= 8; o++) {
    char path[512], *data;
    size_t len;
    struct vt_err e = {0};
    struct vt_image_info info;
    snprintf(path, sizeof path, FIXTURES "exif%d.jpg", o);
    ok(vt_file_read(path, 1 << 20, &data, &len, &e), &e);
    ok(vt_image_probe(&info, data, len, &e), &e);
    vt_free(data);
    assert_int_equal(info.orientation, o);
    assert_int_equal(info.width, o >= 5 ? info.file_height : info.file_width);
  }
}

static void test_alpha_and_labels(void **state)
{
  struct vt_image im, white;
  struct vt_err e = {0};
  const struct vt_decode_opts keep = {.keep_alpha = true}, labels = {.labels = true};
  ok(vt_image_read(&im, FIXTURES "alpha.png", &keep, NULL, &e), &e);
  ok(vt_image_read(&white, FIXTURES "alpha.png", NULL, NULL, &e), &e);
  assert_int_equal(im.channels, 4);
  for (int i = 0; i < im.width * im.height; i++)
    for (int c = 0; c < 3; c++) {
      double a = im.px[4 * i + 3] / 255., want = im.px[4 * i + c] * a + 255 * (1 - a);
      assert_true(fabs(white.px[3 * i + c] - want) <= 1);
    }
  vt_image_clear(&im);
  vt_image_clear(&white);
  ok(vt_image_read(&im, FIXTURES "baseline.jpg", &keep, NULL, &e), &e);
  assert_int_equal(im.channels, 4);
  assert_int_equal(im.px[3], 255);
  vt_image_clear(&im);
  ok(vt_image_read(&im, FIXTURES "palette4.png", &labels, NULL, &e), &e);
  assert_int_equal(im.channels, 1);
  for (int i = 0; i < im.width * im.height; i++) assert_true(im.px[i] < 12);
  vt_image_clear(&im);
  assert_int_equal(vt_image_read(&im, FIXTURES "rgb.png", &labels, NULL, &e), VT_EFORMAT);
  assert_int_equal(vt_image_read(&im, FIXTURES "baseline.jpg", &labels, NULL, &e), VT_EFORMAT);
}

static void test_labels_round_trip(void **state)
{
  struct vt_image a = noise(53, 31, 1), b;
  struct vt_buf out;
  struct vt_err e = {0};
  vt_buf_init(&out);
  ok(vt_image_encode(&out, &a, VT_FMT_PNG, 0, &e), &e);
  const struct vt_decode_opts labels = {.labels = true};
  ok(vt_image_decode(&b, out.data, out.len, &labels, NULL, &e), &e);
  assert_memory_equal(a.px, b.px, 53 * 31);
  vt_image_clear(&a);
  vt_image_clear(&b);
  vt_buf_clear(&out);
}

static void test_encode_round_trip(void **state)
{
  for (int channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
    struct vt_image a = drawn(75, 43, channels), b;
    struct vt_image part = vt_image_crop_view(&a, 3, 5, 60, 30);
    struct vt_buf out;
    struct vt_err e = {0};
    const struct vt_decode_opts o = {.keep_alpha = channels == 4};
    vt_buf_init(&out);
    for (int jpeg = 0; jpeg < (channels == 4 ? 1 : 2); jpeg++) {
      out.len = 0;
      ok(vt_image_encode(&out, &part, jpeg ? VT_FMT_JPEG : VT_FMT_PNG, 96, &e), &e);
      ok(vt_image_decode(&b, out.data, out.len, &o, NULL, &e), &e);
      for (int y = 0; y < 30; y++)
        for (int x = 0; x < 60; x++)
          for (int c = 0; c < b.channels; c++) {
            int want = part.px[y * part.stride + x * channels + (channels == 1 ? 0 : c)];
            assert_true(abs(want - b.px[y * b.stride + x * b.channels + c]) <= (jpeg ? 6 : 0));
          }
      vt_image_clear(&b);
    }
    vt_buf_clear(&out);
    vt_image_clear(&a);
  }
}

static void test_scaled_jpeg(void **state)
{
  struct vt_image a = drawn(640, 410, 3), b;
  struct vt_buf out;
  struct vt_err e = {0};
  vt_buf_init(&out);
  ok(vt_image_encode(&out, &a, VT_FMT_JPEG, 90, &e), &e);
  static const struct {
    int min_side, width, height;
  } cases[] = {{0, 640, 410},   {300, 640, 410}, {205, 320, 205},
               {206, 640, 410}, {100, 160, 103}, {10, 80, 52}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_decode_opts o = {.min_side = cases[i].min_side};
    struct vt_image_info info;
    ok(vt_image_decode(&b, out.data, out.len, &o, &info, &e), &e);
    assert_int_equal(b.width, cases[i].width);
    assert_int_equal(b.height, cases[i].height);
    assert_int_equal(info.width, 640);
    vt_image_clear(&b);
  }
  vt_buf_clear(&out);
  vt_image_clear(&a);
}

static enum vt_filter filter_by_name(const char *s)
{
  return s[0] == 'n'              ? VT_NEAREST
         : s[0] == 'l'            ? VT_LANCZOS
         : !strcmp(s, "bilinear") ? VT_BILINEAR
                                  : VT_BICUBIC;
}

static void test_resize_equals_pillow(void **state)
{
  struct vt_csv c;
  struct vt_err e = {0};
  char *bin;
  size_t len;
  int rows = 0;
  ok(vt_file_read(FIXTURES "resize.bin", 1 << 20, &bin, &len, &e), &e);
  ok(vt_csv_open(&c, FIXTURES "resize.csv", &e), &e);
  while (vt_csv_next(&c, &e) > 0) {
    int channels = atoi(c.field[1]);
    struct vt_image im = noise(atoi(c.field[2]), atoi(c.field[3]), channels), out;
    ok(vt_image_init(&out, atoi(c.field[8]), atoi(c.field[9]), channels, &e), &e);
    ok(vt_image_resize(&out, &im, atof(c.field[4]), atof(c.field[5]), atof(c.field[6]), atof(c.field[7]),
                       filter_by_name(c.field[0]), &e),
       &e);
    const uint8_t *want = (const uint8_t *)bin + atoi(c.field[10]);
    for (int64_t i = 0; i < out.stride * out.height; i++)
      if (abs(out.px[i] - want[i]) > 1)
        fail_msg("resize.csv line %lld, byte %lld: %d, Pillow has %d", (long long)c.line, (long long)i,
                 out.px[i], want[i]);
    vt_image_clear(&out);
    vt_image_clear(&im);
    rows++;
  }
  assert_int_equal(rows, 44);
  vt_csv_close(&c);
  vt_free(bin);
}

/* Three channels at once read pixels in pairs: pictures so narrow that a pair goes beyond the row after it.
 */
static void test_resize_narrow(void **state)
{
  static const int heights[] = {1, 2, 3, 4, 5, 11}, to[][2] = {{1, 1}, {5, 4}, {20, 33}};
  for (size_t i = 0; i < VT_COUNT(heights) * VT_COUNT(to) * 4; i++) {
    const int w = 1 + (int)i % 4, h = heights[i / 4 % VT_COUNT(heights)],
              *size = to[i / 4 / VT_COUNT(heights)];
    struct vt_image im = noise(w, h, 3), grey, out, one;
    struct vt_err e = {0};
    ok(vt_image_init(&out, size[0], size[1], 3, &e), &e);
    ok(vt_image_resize(&out, &im, 0, 0, w, h, VT_BICUBIC, &e), &e);
    ok(vt_image_init(&grey, w, h, 1, &e), &e);
    ok(vt_image_init(&one, size[0], size[1], 1, &e), &e);
    for (int c = 0; c < 3; c++) {
      for (int k = 0; k < w * h; k++) grey.px[k] = im.px[3 * k + c];
      ok(vt_image_resize(&one, &grey, 0, 0, w, h, VT_BICUBIC, &e), &e);
      for (int k = 0; k < size[0] * size[1]; k++)
        if (abs(out.px[3 * k + c] - one.px[k]) > 2) fail_msg("%d x %d to %d x %d", w, h, size[0], size[1]);
    }
    vt_image_clear(&im);
    vt_image_clear(&grey);
    vt_image_clear(&out);
    vt_image_clear(&one);
  }
}

static void test_resize_refuses(void **state)
{
  struct vt_image im = noise(10, 10, 3), out;
  assert_int_equal(vt_image_init(&out, 4, 4, 3, NULL), 0);
  assert_int_equal(vt_image_resize(&out, &im, 5, 5, 6, 5, VT_BILINEAR, NULL), VT_EARG);
  assert_int_equal(vt_image_resize(&out, &im, 0, 0, NAN, 5, VT_BILINEAR, NULL), VT_EARG);
  assert_int_equal(vt_image_resize(&out, &im, 0, 0, 0, 5, VT_BILINEAR, NULL), VT_EARG);
  vt_image_clear(&out);
  assert_int_equal(vt_image_init(&out, 4, 4, 1, NULL), 0);
  assert_int_equal(vt_image_resize(&out, &im, 0, 0, 5, 5, VT_BILINEAR, NULL), VT_ESHAPE);
  vt_image_clear(&out);
  vt_image_clear(&im);
}

/* Every file, cut at many places: an error each time, save where only bytes after the last pixel are gone. */
static int try_truncated(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  const char *ext = vt_path_ext(rel);
  bool lossless_end = !strcmp(ext, "gif") || !strcmp(ext, "heic") || !strcmp(ext, "avif");
  if (!strcmp(ext, "csv") || !strcmp(ext, "bin")) return 0;
  char *data;
  size_t len;
  ok(vt_file_read(path, 1 << 20, &data, &len, e), e);
  bool slow = !strcmp(ext, "heic") || !strcmp(ext, "avif");
  for (size_t n = 0; n < len; n += slow ? len / 23 + 1 : len / 97 + 1) {
    char *cut = vt_malloc(n ? n : 1); /* its own block, so that the sanitizer sees a read past the end */
    memcpy(cut, data, n);
    struct vt_image im;
    struct vt_err err = {0};
    int rc = vt_image_decode(&im, cut, n, NULL, NULL, &err);
    if (!rc && !lossless_end && n + 12 < len) fail_msg("%s cut to %zu of %zu bytes decodes", rel, n, len);
    if (rc && !err.msg[0]) fail_msg("%s cut to %zu bytes: no message", rel, n);
    vt_image_clear(&im);
    vt_free(cut);
  }
  vt_free(data);
  return 0;
}

static void test_truncated(void **state)
{
  struct vt_err e = {0};
  ok(vt_walk(VT_SOURCE_ROOT "/tests/fixtures/images", try_truncated, NULL, &e), &e);
}

/* Where the segment of the file's last such marker ends. */
static size_t segment_end(const uint8_t *data, size_t len, int marker)
{
  size_t at = len - 4;
  while (data[at] != 0xff || data[at + 1] != marker) at--;
  return at + 2 + ((size_t)data[at + 2] << 8 | data[at + 3]);
}

/* Stray bytes between segments cost no pixel, and excuse nothing that comes after them. */
static void test_stray_bytes(void **state)
{
  enum { APP0 = 0xe0, DHT = 0xc4, DQT = 0xdb, END = 0 };
  static const struct {
    const char *file;
    int after, after_too; /* markers */
    const char *bytes;
    int share; /* of the file that is there, in percent */
  } cases[] = {{"baseline.jpg", APP0, APP0, "abc", 100},   {"baseline.jpg", APP0, APP0, "abc", 60},
               {"baseline.jpg", APP0, END, "abc", 100},    {"baseline.jpg", END, END, "abc", 100},
               {"baseline.jpg", END, APP0, "a\xff", 98},   {"baseline.jpg", DQT, DHT, "\xff\xff", 100},
               {"progressive.jpg", APP0, DHT, "ab", 100},  {"progressive.jpg", APP0, DHT, "ab", 60},
               {"progressive.jpg", DHT, END, "abcd", 100}, {"progressive.jpg", DHT, DHT, "abcd", 98},
               {"cmyk.jpg", DQT, DHT, "a", 100},           {"cmyk.jpg", DQT, DHT, "a", 80}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    char path[512], *data;
    size_t len;
    struct vt_err e = {0};
    struct vt_image im, whole;
    struct vt_buf b = {0};
    snprintf(path, sizeof path, FIXTURES "%s", cases[i].file);
    ok(vt_file_read(path, 1 << 20, &data, &len, &e), &e);
    ok(vt_image_decode(&whole, data, len, NULL, NULL, &e), &e);
    size_t at[2] = {len - 2, len - 2}, from = 0;
    if (cases[i].after) at[0] = segment_end((const uint8_t *)data, len, cases[i].after);
    if (cases[i].after_too) at[1] = segment_end((const uint8_t *)data, len, cases[i].after_too);
    for (int k = 0; k < 2; k++) {
      vt_buf_add(&b, data + from, VT_MAX(at[k], from) - from);
      vt_buf_adds(&b, cases[i].bytes);
      from = VT_MAX(at[k], from);
    }
    vt_buf_add(&b, data + from, len - from);
    b.len = b.len * (size_t)cases[i].share / 100;
    int rc = vt_image_decode(&im, b.data, b.len, NULL, NULL, &e);
    if (cases[i].share < 100 ? rc != VT_EFORMAT : rc)
      fail_msg("%s, case %zu: %d, %s", cases[i].file, i, rc, e.msg);
    if (!rc) assert_memory_equal(im.px, whole.px, (size_t)whole.stride * (size_t)whole.height);
    vt_image_clear(&im);
    vt_image_clear(&whole);
    vt_buf_clear(&b);
    vt_free(data);
  }
}

static int try_flipped(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  const char *ext = vt_path_ext(rel);
  if (!strcmp(ext, "csv") || !strcmp(ext, "bin")) return 0;
  char *data;
  size_t len;
  ok(vt_file_read(path, 1 << 20, &data, &len, e), e);
  struct vt_rng rng;
  vt_rng_init(&rng, 1, vt_hash64(rel, strlen(rel)), 0);
  int rounds = !strcmp(ext, "heic") || !strcmp(ext, "avif") ? 20 : 120;
  for (int i = 0; i < rounds; i++) {
    char *bad = vt_malloc(len);
    memcpy(bad, data, len);
    for (int k = 1 + (int)vt_rng_below(&rng, 4); k > 0; k--)
      bad[vt_rng_below(&rng, i % 2 ? (uint32_t)len : (uint32_t)VT_MIN(len, (size_t)200))] =
          (char)vt_rng_u64(&rng);
    struct vt_image im;
    const struct vt_decode_opts o = {.max_pixels = 1 << 20, .labels = i % 5 == 4};
    vt_image_decode(&im, bad, len, &o, NULL, NULL);
    vt_image_clear(&im);
    vt_free(bad);
  }
  vt_free(data);
  return 0;
}

static void test_flipped_bytes(void **state)
{
  struct vt_err e = {0};
  ok(vt_walk(VT_SOURCE_ROOT "/tests/fixtures/images", try_flipped, NULL, &e), &e);
}

static void refused(const char *what, const void *data, size_t len, int code, const char *word)
{
  struct vt_image im;
  struct vt_err e = {0};
  int rc = vt_image_decode(&im, data, len, NULL, NULL, &e);
  if (rc != code || !strstr(e.msg, word)) fail_msg("%s: %d, %s", what, rc, e.msg);
  assert_null(im.px);
}

static void test_not_pictures(void **state)
{
  refused("empty", "", 0, VT_EFORMAT, "empty file");
  refused("html", "<!DOCTYPE html><html></html>", 28, VT_EFORMAT, "HTML");
  refused("text", "hello, this is text\n", 20, VT_EFORMAT, "text");
  refused("bytes", "\x01\x02\x03\x04\x05", 5, VT_EFORMAT, "unknown");
  refused("jpeg", "\xff\xd8\xff\xd9", 4, VT_EFORMAT, "frame header");
  struct vt_image im;
  struct vt_err e = {0};
  assert_int_equal(vt_image_read(&im, FIXTURES "no-such.jpg", NULL, NULL, &e), VT_ENOENT);
  assert_non_null(strstr(e.msg, "no-such.jpg"));
  assert_int_equal(vt_image_read(&im, FIXTURES "resize.csv", NULL, NULL, &e), VT_EFORMAT);
  assert_non_null(strstr(e.msg, "resize.csv"));
}

/* A header alone claims 20,000 x 20,000: the size is looked at before a byte of pixels is. */
static void test_bomb(void **state)
{
  static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,    0, 0,    13,
                                'I',  'H', 'D', 'R', 0,    0,    0x4e, 0x20, 0,    0, 0x4e, 0x20,
                                8,    2,   0,   0,   0,    0xf5, 0x6b, 0xe6, 0xbd, 0, 0,    0,
                                0,    'I', 'D', 'A', 'T',  0,    0,    0,    0};
  double start = vt_now();
  int64_t rss = vt_peak_rss();
  struct vt_image im;
  struct vt_err e = {0};
  /* The checksum is the test's own: CRC-32 of the header chunk. */
  uint8_t data[sizeof png];
  memcpy(data, png, sizeof png);
  uint32_t crc = ~0u;
  for (int i = 12; i < 29; i++) {
    crc ^= data[i];
    for (int k = 0; k < 8; k++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
  }
  crc = ~crc;
  for (int i = 0; i < 4; i++) data[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
  assert_int_equal(vt_image_decode(&im, data, sizeof data, NULL, NULL, &e), VT_ELIMIT);
  assert_non_null(strstr(e.msg, "20000 x 20000"));
  assert_true(vt_now() - start < .5);
  assert_true(vt_peak_rss() - rss < 50 << 20);

  setenv("VITRINE_MAX_PIXELS", "1000", 1);
  assert_int_equal(vt_image_read(&im, FIXTURES "rgb.png", NULL, NULL, &e), VT_ELIMIT);
  setenv("VITRINE_MAX_PIXELS", "1536", 1);
  ok(vt_image_read(&im, FIXTURES "rgb.png", NULL, NULL, &e), &e);
  vt_image_clear(&im);
  unsetenv("VITRINE_MAX_PIXELS");
}

static void test_one_pixel(void **state)
{
  struct vt_image im, big, back;
  struct vt_err e = {0};
  struct vt_buf out;
  vt_buf_init(&out);
  ok(vt_image_init(&im, 1, 1, 3, &e), &e);
  im.px[0] = 200;
  ok(vt_image_encode(&out, &im, VT_FMT_PNG, 0, &e), &e);
  ok(vt_image_decode(&back, out.data, out.len, NULL, NULL, &e), &e);
  assert_int_equal(back.px[0], 200);
  vt_image_clear(&back);
  ok(vt_image_init(&big, 33, 21, 3, &e), &e);
  for (int f = VT_NEAREST; f <= VT_LANCZOS; f++) {
    ok(vt_image_resize(&big, &im, 0, 0, 1, 1, (enum vt_filter)f, &e), &e);
    assert_int_equal(big.px[3 * 33 * 10 + 30], 200);
  }
  ok(vt_image_blur(&im, 5, &e), &e);
  assert_int_equal(im.px[0], 200);
  assert_int_equal(vt_image_init(&back, 0, 4, 3, &e), VT_EFORMAT);
  vt_image_clear(&big);
  vt_image_clear(&im);
  vt_buf_clear(&out);
}

static void test_warp(void **state)
{
  struct vt_image im = drawn(40, 30, 3), out;
  struct vt_err e = {0};
  const uint8_t fill[3] = {1, 2, 3};
  ok(vt_image_init(&out, 40, 30, 3, &e), &e);
  const double same[6] = {1, 0, 0, 0, 1, 0}, shift[6] = {1, 0, 5, 0, 1, -4}, turn[6] = {0, 1, 0, -1, 0, 30};
  for (int nearest = 0; nearest < 2; nearest++) {
    ok(vt_image_warp(&out, &im, same, nearest, fill, &e), &e);
    assert_memory_equal(out.px, im.px, 40 * 30 * 3);
    ok(vt_image_warp(&out, &im, shift, nearest, fill, &e), &e);
    assert_memory_equal(out.px + 10 * out.stride, im.px + 6 * im.stride + 15, 35 * 3);
    assert_memory_equal(out.px + 39 * 3, fill, 3);
    ok(vt_image_warp(&out, &im, turn, nearest, fill, &e), &e); /* out(x, y) = im(y, 29 - x): a quarter turn */
    for (int y = 0; y < 30; y++)
      for (int x = 0; x < 30; x++)
        assert_memory_equal(out.px + y * out.stride + 3 * x, im.px + (29 - x) * im.stride + 3 * y, 3);
  }
  const double half[6] = {1, 0, .5, 0, 1, 0};
  ok(vt_image_warp(&out, &im, half, false, fill, &e), &e);
  int mean = (im.px[30] + im.px[33] + 1) / 2;
  assert_true(abs(out.px[30] - mean) <= 1);
  vt_image_clear(&out);
  vt_image_clear(&im);
}

static void test_blur_and_sharpen(void **state)
{
  struct vt_image im, flat;
  struct vt_err e = {0};
  ok(vt_image_init(&im, 41, 41, 1, &e), &e);
  im.px[20 * 41 + 20] = 255;
  ok(vt_image_blur(&im, 1.2, &e), &e);
  for (int d = 0; d < 4; d++) { /* an impulse becomes the Gaussian itself */
    double want = 255 * exp(-d * d / 2.88) / (2 * M_PI * 1.44);
    assert_true(fabs(im.px[20 * 41 + 20 + d] - want) <= 1.5);
    assert_int_equal(im.px[20 * 41 + 20 + d], im.px[(20 - d) * 41 + 20]);
  }
  vt_image_clear(&im);
  ok(vt_image_init(&flat, 17, 9, 3, &e), &e);
  memset(flat.px, 77, 17 * 9 * 3);
  ok(vt_image_blur(&flat, 3, &e), &e);
  ok(vt_image_sharpen(&flat, 1, 2, &e), &e);
  for (int i = 0; i < 17 * 9 * 3; i++) assert_int_equal(flat.px[i], 77);
  vt_image_clear(&flat);
}

static void test_jitter(void **state)
{
  struct vt_image im = drawn(20, 20, 3), same;
  struct vt_err e = {0};
  ok(vt_image_copy(&same, &im, &e), &e);
  vt_image_jitter(&same, 1, 1, 1, 0);
  assert_memory_equal(same.px, im.px, 1200);
  vt_image_jitter(&same, 1, 1, 0, 0);
  for (int i = 0; i < 400; i++) {
    double luma = .299 * im.px[3 * i] + .587 * im.px[3 * i + 1] + .114 * im.px[3 * i + 2];
    assert_true(fabs(same.px[3 * i] - luma) <= 1.01 && same.px[3 * i] == same.px[3 * i + 2]);
  }
  vt_image_clear(&same);
  ok(vt_image_init(&same, 1, 1, 3, &e), &e);
  same.px[0] = 200;
  vt_image_jitter(&same, 1, 1, 1, 1);
  assert_true(abs(same.px[0] - 200) <= 2 && same.px[1] <= 2); /* a whole turn changes nothing */
  vt_image_jitter(&same, .5f, 1, 1, 0);
  assert_true(abs(same.px[0] - 100) <= 2);
  vt_image_clear(&same);
  vt_image_clear(&im);
}

static void test_planes(void **state)
{
  struct vt_image im = noise(5, 4, 3);
  const float mean[3] = {.1f, .2f, .3f}, std[3] = {.5f, .25f, 2};
  float out[60];
  vt_image_to_planes(&im, mean, std, out);
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 20; i++)
      assert_true(fabsf(out[20 * c + i] - (im.px[3 * i + c] / 255.f - mean[c]) / std[c]) < 1e-5f);
  vt_image_clear(&im);
}

static void test_canvas(void **state)
{
  struct vt_canvas *c;
  struct vt_err e = {0};
  struct vt_image im = drawn(8, 8, 3), out;
  struct vt_mask m;
  uint8_t bits[64] = {0};
  bits[27] = bits[28] = 1;
  ok(vt_mask_from_bitmap(&m, bits, 8, 8, 8, &e), &e);
  ok(vt_canvas_new(&c, 200, 100, 0x336699, &e), &e);
  vt_canvas_image(c, &im, 10, 20, 8, 8);
  vt_canvas_mask(c, &m, 100, 50, 4, 0xff0000, .5, 2);
  vt_canvas_rect(c, 40, 40, 10, 10, 0x00ff00, 0);
  vt_canvas_text(c, 5, 90, 12, 0xffffff, 60, "bad \xff\xfe bytes and a title too long to fit \xe2\x82\xac");
  vt_canvas_text(c, 5, 90, 12, 0xffffff, 0, "");
  ok(vt_canvas_take(c, &out, &e), &e);
  assert_memory_equal(out.px, "\x33\x66\x99", 3);
  assert_memory_equal(out.px + 25 * out.stride + 15 * 3, im.px + 5 * im.stride + 15, 3);
  assert_memory_equal(out.px + 45 * out.stride + 45 * 3, "\0\xff\0", 3);
  for (int y = 70; y < 100; y++) assert_memory_equal(out.px + y * out.stride + 70 * 3, "\x33\x66\x99", 3);
  vt_image_clear(&out);
  vt_image_clear(&im);
  vt_mask_clear(&m);
  vt_canvas_free(c);
  for (int i = 0; i < 40; i++)
    for (int k = 0; k < i; k++) assert_int_not_equal(vt_palette(i), vt_palette(k));
}

static void test_memory_failures(void **state)
{
  static const char *const files[] = {"rgb.png",   "progressive.jpg", "cmyk.jpg", "exif6.jpg",
                                      "alpha.png", "two.gif",         "wide.jpg"};
  for (size_t i = 0; i < VT_COUNT(files); i++) {
    char path[512];
    snprintf(path, sizeof path, FIXTURES "%s", files[i]);
    struct vt_image im;
    struct vt_err e;
    for (int n = 1, rc = 1; rc; n++) {
      vt_alloc_fail_at(n);
      rc = vt_image_read(&im, path, NULL, NULL, &e);
      vt_alloc_fail_at(0);
      if (rc) assert_null(im.px);
      assert_true(n < 200);
    }
    vt_image_clear(&im);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decode_equals_pillow),
      cmocka_unit_test(test_orientation_tag),
      cmocka_unit_test(test_alpha_and_labels),
      cmocka_unit_test(test_labels_round_trip),
      cmocka_unit_test(test_encode_round_trip),
      cmocka_unit_test(test_scaled_jpeg),
      cmocka_unit_test(test_resize_equals_pillow),
      cmocka_unit_test(test_resize_narrow),
      cmocka_unit_test(test_resize_refuses),
      cmocka_unit_test(test_truncated),
      cmocka_unit_test(test_stray_bytes),
      cmocka_unit_test(test_flipped_bytes),
      cmocka_unit_test(test_not_pictures),
      cmocka_unit_test(test_bomb),
      cmocka_unit_test(test_one_pixel),
      cmocka_unit_test(test_warp),
      cmocka_unit_test(test_blur_and_sharpen),
      cmocka_unit_test(test_jitter),
      cmocka_unit_test(test_planes),
      cmocka_unit_test(test_canvas),
      cmocka_unit_test(test_memory_failures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
