/* Torn files and bytes of no UTF-8, at every place of every reader's files. */
#include "format_sets.h"

/* Every reader, its files cut at every place and with a byte that is no UTF-8 at every place: strict names
 * the file or takes what is whole, lenient takes no more than there was and says what it leaves out or
 * repairs.
 */
static void test_cut_and_broken(void **state)
{
  for (size_t i = 0; i < VT_COUNT(format_files); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    char *text;
    size_t n;
    format_files[i].make();
    if (read_labels(&l, format_files[i].format, path_of(format_files[i].root), false, &e))
      fail_msg("%s", e.msg);
    const int64_t whole = l.n;
    vt_labels_clear(&l);
    assert_int_equal(vt_file_read(path_of(format_files[i].file), 1 << 20, &text, &n, &e), 0);
    for (size_t at = 0; at < 4 * n; at++) {
      const bool broken = at & 2, lenient = at & 1;
      const char was = text[at / 4];
      if (broken) text[at / 4] = '\xff';
      rewrite(format_files[i].file, text, broken ? n : at / 4);
      text[at / 4] = was;
      e = (struct vt_err){0};
      const int rc = read_labels(&l, format_files[i].format, path_of(format_files[i].root), lenient, &e);
      const bool named = strstr(e.msg, vt_path_base(format_files[i].file)) != NULL ||
                         strstr(e.msg, vt_path_base(format_files[i].root));
      const bool said = l.skipped || l.dropped.n; /* what was left out, or repaired */
      if ((rc && !named) || (!rc && l.skipped + l.lost != l.problems.n) || (!rc && !broken && l.n > whole) ||
          (!rc && broken && !(lenient && said)))
        fail_msg("%s, byte %zu%s%s: %d, %lld of %lld, %lld and %lld left out, '%s'", format_files[i].file,
                 at / 4, broken ? " broken" : "", lenient ? ", lenient" : "", rc, (long long)l.n,
                 (long long)whole, (long long)l.skipped, (long long)l.problems.n, e.msg);
      vt_labels_clear(&l);
    }
    vt_free(text);
    put_bytes(format_files[i].file, "", 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cut_and_broken)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
