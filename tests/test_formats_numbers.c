/* Every number of every reader's files in turn made another, or no number: reading stops and names the file,
 * or what was read holds together, and written and read again it is the same. */
#include "format_sets.h"

#include <math.h>

static const char *const others[] = {"-1",
                                     "0",
                                     "1",
                                     "0.5",
                                     "-0.25",
                                     "1e300",
                                     "1e999",
                                     "NaN",
                                     "-Infinity",
                                     "2147483648",
                                     "9223372036854775808",
                                     "1_000",
                                     "0x10",
                                     "7 7",
                                     "",
                                     "null",
                                     "true",
                                     "\"x\"",
                                     "[]",
                                     "{}",
                                     "[1,[2]]"};

static void check(bool good, const char *what, const char *change)
{
  if (!good) fail_msg("%s: %s", change, what);
}

static void holds_together(const struct vt_labels *l, const char *change)
{
  for (int64_t i = 0; i < l->n; i++) {
    const struct vt_instance *in = &l->v[i];
    const struct vt_box *b = &in->box;
    struct vt_mask m = {0};
    struct vt_err e = {0};
    check(in->image >= 0 && in->image < l->nimages && in->cls >= 0 && in->cls < l->classes.n, "positions",
          change);
    check(in->product >= -1 && in->product < l->products.n, "product", change);
    for (int k = 0; k < in->nattrs; k++) {
      const int32_t a = l->attr[in->attrs + (uint32_t)k];
      check(a >= 0 && a < l->attributes.n, "attribute", change);
    }
    check(isfinite(b->x) && isfinite(b->y) && isfinite(b->w) && isfinite(b->h) && isfinite(in->area) &&
              isfinite(in->score),
          "a number that is none", change);
    const struct vt_label_image *im = &l->image[in->image];
    check(im->width >= 0 && im->height >= 0, "size", change);
    if ((int64_t)im->width * im->height > 1 << 20) continue;
    if (in->shape && im->width)
      check(!vt_instance_mask(l, in, &m, &e), e.msg, change); /* else it was not checked */
    vt_mask_clear(&m);
  }
}

static bool same(const struct vt_labels *a, const struct vt_labels *b)
{
  bool same = a->n == b->n;
  for (int64_t i = 0; i < a->n && same; i++) {
    const struct vt_instance *u = &a->v[i], *v = &b->v[i];
    const double room = 1e-6 * (1 + fabs(u->box.x) + fabs(u->box.y) + fabs(u->box.w) + fabs(u->box.h));
    const bool box = u->box.w < 0 || /* none given: the writer took the mask's */
                     (fabs(u->box.x - v->box.x) <= room && fabs(u->box.y - v->box.y) <= room &&
                      fabs(u->box.w - v->box.w) <= room && fabs(u->box.h - v->box.h) <= room);
    same = box && !strcmp(a->classes.v[u->cls].name, b->classes.v[v->cls].name) && u->nattrs == v->nattrs &&
           u->flags == v->flags;
  }
  return same;
}

static void again(const struct vt_labels *l, const char *format, const char *change)
{
  const struct vt_format *f = vt_format_find(format, NULL);
  const struct vt_labels_opts o = {.images = folder};
  struct vt_losses lost = {0};
  struct vt_labels back;
  struct vt_err e = {0};
  char command[200];
  int64_t pixels = 0;
  for (int32_t k = 0; k < l->nimages; k++) pixels += (int64_t)l->image[k].width * l->image[k].height;
  if (!f->write || pixels > 1 << 20) return;
  const char *out = path_of("again");
  if (!f->write(l, out, &o, &lost, &e)) {
    const int rc = read_labels(&back, format, out, false, &e);
    check(!rc, e.msg, change);
    check(lost.n || l->dropped.n || same(l, &back), "another set came back", change);
    vt_labels_clear(&back);
  } else {
    check(*e.msg != 0, "writing: an error without a message", change);
  }
  snprintf(command, sizeof command, "rm -rf '%s'*", out);
  assert_int_equal(system(command), 0);
}

static void attempt(const struct format_file *f, const char *text, size_t n, const char *change)
{
  rewrite(f->file, text, n);
  for (int lenient = 0; lenient < 2; lenient++) {
    struct vt_labels l;
    struct vt_err e = {0};
    const int rc = read_labels(&l, f->format, path_of(f->root), lenient, &e);
    const bool named =
        strstr(e.msg, vt_path_base(f->file)) != NULL || strstr(e.msg, vt_path_base(f->root)) != NULL;
    check(!rc || named, "the message names no file", change);
    check(rc || l.skipped + l.lost == l.problems.n, "left out and not told", change);
    if (!rc) holds_together(&l, change);
    if (!rc && !lenient) again(&l, f->format, change);
    vt_labels_clear(&l);
  }
}

static void test_numbers(void **state)
{
  for (size_t i = 0; i < VT_COUNT(format_files); i++) {
    const struct format_file *f = &format_files[i];
    char *text, other[8192], change[200];
    size_t n;
    f->make();
    assert_int_equal(vt_file_read(path_of(f->file), 1 << 12, &text, &n, NULL), 0);
    for (size_t at = 0, len; at < n; at += len ? len : 1) {
      len = strspn(text + at, "-.0123456789");
      for (size_t k = 0; k < VT_COUNT(others) && len; k++) {
        const int size = snprintf(other, sizeof other, "%.*s%s%s", (int)at, text, others[k], text + at + len);
        assert_true(size > 0 && size < (int)sizeof other);
        snprintf(change, sizeof change, "%s, %s: %.*s at byte %zu made %s", f->format, f->file, (int)len,
                 text + at, at, others[k]);
        attempt(f, other, (size_t)size, change);
      }
    }
    vt_free(text);
    put_bytes(f->file, "", 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
