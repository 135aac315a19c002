/* What is written is read again, and takes the place of nothing that it should not: sets that a format cannot
 * hold as they are. */
#include "label_case.h"
#include "image/image.h"

/* A table that is refused for the descriptions beside it leaves the table that was there. */
static void test_descriptions(void **state)
{
  struct vt_labels l;
  struct vt_losses lost = {0};
  struct vt_err e = {0};
  char *text;
  size_t n;
  put("im/set.json", "{\"images\":[{\"id\":1,\"file_name\":\"a.jpg\",\"width\":20,\"height\":10}],"
                     "\"categories\":[{\"id\":1,\"name\":\"hat\"}],\"annotations\":[]}");
  put("im/labels.csv", "old");
  put("im/label_descriptions.json", "{\"categories\":[{\"id\":1,\"name\":\"bag\"}],\"attributes\":[]}");
  if (read_labels(&l, "coco", in_folder("im/set.json"), &(struct vt_labels_opts){0}, &e))
    fail_msg("%s", e.msg);
  const struct vt_format *f = vt_format_find("imaterialist", &e);
  assert_int_equal(f->write(&l, in_folder("im/labels.csv"), &(struct vt_labels_opts){0}, &lost, &e),
                   VT_ESTATE);
  assert_non_null(strstr(e.msg, "names other classes"));
  assert_int_equal(vt_file_read(in_folder("im/labels.csv"), 100, &text, &n, &e), 0);
  assert_string_equal(text, "old");
  vt_free(text);
  assert_int_equal(unlink(in_folder("im/label_descriptions.json")), 0);
  if (f->write(&l, in_folder("im/labels.csv"), &(struct vt_labels_opts){0}, &lost, &e)) fail_msg("%s", e.msg);
  assert_true(vt_is_file(in_folder("im/label_descriptions.json")));
  vt_labels_clear(&l);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_descriptions),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
