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

#define SET(images, classes, annotations)                                                                    \
  "{\"images\":[" images "],\"categories\":[" classes "],\"annotations\":[" annotations "]}"
#define IMAGE(id, name) "{\"id\":" id ",\"file_name\":\"" name "\",\"width\":20,\"height\":10}"
#define CLASS(name)     "{\"id\":0,\"name\":\"" name "\"}"
#define OBJECT(shape)   "{\"id\":1,\"image_id\":1,\"category_id\":0," shape "}"
#define ALIKE           IMAGE("1", "a-3.jpg") "," IMAGE("2", "a.jpg") "," IMAGE("3", "a.png")

#define ONE(shape)  SET(IMAGE("1", "a.jpg"), CLASS("hat"), OBJECT(shape))
#define NAMED(name) SET(IMAGE("1", "a.jpg"), CLASS(name), OBJECT("\"bbox\":[0,0,2,2]"))
#define POLYGON(xy) ONE("\"segmentation\":[" xy "]")
#define BOX(box)    ONE("\"bbox\":" box)

/* What a format cannot hold is changed, counted, and can be read. */
static void test_changed(void **state)
{
  static const struct {
    const char *format, *text;
    const char *lost;       /* a word of the loss; NULL: not looked for */
    int count, n;           /* of the loss; instances that come back */
    const char *file, *cls; /* NULL: not looked at. Of the last picture, and the only class */
    struct vt_box box;      /* round the first instance's mask; w 0: not looked at */
  } cases[] = {
      {"voc", SET(ALIKE, "", ""), NULL, 0, 0, NULL, NULL, {0}},
      {"voc",
       NAMED("h\\u0001at"),
       "XML does not have",
       1,
       1,
       "a.jpg",
       "h\xef\xbf\xbd"
       "at",
       {0, 0, 2, 2}},
      {"voc",
       NAMED("\\uffff\\r<\\n\\ufffe&"),
       "XML does not have",
       2,
       1,
       "a.jpg",
       "\xef\xbf\xbd\r<\n\xef\xbf\xbd&",
       {0, 0, 2, 2}},
      {"yolo", SET(ALIKE, "", ""), NULL, 0, 0, "a.png", NULL, {0}},
      {"yolo",
       SET(IMAGE("1", ".a.jpg"), CLASS("hat"), OBJECT("\"bbox\":[2,2,4,4]")),
       NULL,
       0,
       1,
       ".a.jpg",
       "hat",
       {2, 2, 4, 4}},
      {"label-maps", SET(ALIKE, "", ""), NULL, 0, 0, "a.png", NULL, {0}},
      {"yolo", POLYGON("[-4,2,6,2,6,8,-4,8]"), "parts of masks", 1, 1, NULL, NULL, {0, 2, 6, 6}},
      {"yolo", POLYGON("[15,5,30,5,30,30,15,30]"), "parts of masks", 1, 1, NULL, NULL, {15, 5, 5, 5}},
      {"yolo", POLYGON("[0,0,20,0,20,10,0,10]"), "parts of masks", 0, 1, NULL, NULL, {0, 0, 20, 10}},
      {"yolo", POLYGON("[18,-9,30,-9,30,8]"), "mask is empty", 1, 0, NULL, NULL, {0}},
      {"yolo", BOX("[-30,2,32,4]"), "parts of boxes", 1, 1, NULL, NULL, {0, 2, 2, 4}},
      {"yolo", BOX("[4,-9,4,30]"), "parts of boxes", 1, 1, NULL, NULL, {4, 0, 4, 10}},
      {"yolo", BOX("[18,2,4,4]"), "parts of boxes", 0, 1, NULL, NULL, {18, 2, 2, 4}},
      {"deepfashion2", SET(ALIKE, "", ""), "names of pictures", 3, 0, "image/a.jpg", NULL, {0}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_labels_opts o = {0};
    struct vt_labels l, again;
    struct vt_losses lost = {0};
    struct vt_mask m;
    struct vt_err e = {0};
    char set[40];
    snprintf(set, sizeof set, "changed%zu", i);
    put("changed.json", cases[i].text);
    if (read_labels(&l, "coco", in_folder("changed.json"), &o, &e)) fail_msg("%s", e.msg);
    if (vt_format_find(cases[i].format, &e)->write(&l, in_folder(set), &o, &lost, &e))
      fail_msg("case %zu: %s", i, e.msg);
    if (read_labels(&again, cases[i].format, in_folder(set), &o, &e)) fail_msg("case %zu: %s", i, e.msg);
    if (cases[i].lost && lost_of(&lost, cases[i].lost) != cases[i].count)
      fail_msg("case %zu: '%s' lost %lld times", i, cases[i].lost, (long long)lost_of(&lost, cases[i].lost));
    assert_true(again.nimages == l.nimages && again.n == cases[i].n);
    if (cases[i].file) assert_string_equal(again.image[again.nimages - 1].file, cases[i].file);
    if (cases[i].cls) assert_string_equal(again.classes.v[0].name, cases[i].cls);
    if (cases[i].box.w > 0) {
      if (vt_instance_mask(&again, &again.v[0], &m, &e)) fail_msg("case %zu: %s", i, e.msg);
      const struct vt_box b = vt_mask_box(&m);
      assert_true(b.x == cases[i].box.x && b.y == cases[i].box.y && b.w == cases[i].box.w &&
                  b.h == cases[i].box.h);
      vt_mask_clear(&m);
    }
    vt_labels_clear(&l);
    vt_labels_clear(&again);
  }
}

static void test_refused(void **state)
{
  static const struct {
    const char *format, *text, *word;
  } cases[] = {
      {"csv-boxes", SET(IMAGE("1", "a.jpg"), CLASS("None"), OBJECT("\"bbox\":[1,1,2,2]")), "class 'None'"},
      {"csv-boxes", SET(IMAGE("1", "a.jpg"), CLASS(""), OBJECT("\"bbox\":[1,1,2,2]")), "class ''"},
      {"street2shop", SET(IMAGE("1", "a.jpg"), CLASS(""), OBJECT("\"bbox\":[1,1,2,2]")), "class ''"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_labels_opts o = {0};
    struct vt_labels l;
    struct vt_losses lost = {0};
    struct vt_err e = {0};
    put("refused.json", cases[i].text);
    if (read_labels(&l, "coco", in_folder("refused.json"), &o, &e)) fail_msg("%s", e.msg);
    const int rc = vt_format_find(cases[i].format, &e)->write(&l, in_folder("refused"), &o, &lost, &e);
    if (rc != VT_EUNSUPPORTED || !strstr(e.msg, cases[i].word)) fail_msg("case %zu: %d '%s'", i, rc, e.msg);
    vt_labels_clear(&l);
  }
}

/* Pictures whose names in class folders would be the same: each has its own, and what comes from such a
 * folder keeps it. */
static void test_folders(void **state)
{
  static const struct {
    const char *path, *becomes; /* of class hat; pictures of so many columns as their place in the table */
  } pictures[] = {{"foo.png", "hat/foo-1.png"},       {"hat/foo.png", "hat/foo.png"},
                  {"bag/foo.png", "hat/bag_foo.png"}, {"a/b.png", "hat/a_b.png"},
                  {"a_b.png", "hat/a_b-5.png"},       {"hat/bare", "hat/bare.png"}};
  struct vt_buf b = {0};
  struct vt_image im;
  struct vt_losses lost = {0};
  struct vt_labels l;
  struct vt_err e = {0};
  char images[300];
  vt_buf_adds(&b, "path,label\n");
  for (size_t k = 0; k < VT_COUNT(pictures); k++) {
    char name[60];
    vt_buf_addf(&b, "%s,hat\n", pictures[k].path);
    snprintf(name, sizeof name, "alike/%s%s", pictures[k].path, strchr(pictures[k].path, '.') ? "" : ".png");
    put(name, "");
    assert_int_equal(vt_image_init(&im, (int)k + 1, 1, 3, &e), 0);
    assert_int_equal(vt_image_write(&im, in_folder(name), 0, &e), 0);
    vt_image_clear(&im);
  }
  put("alike.csv", b.data);
  vt_buf_clear(&b);
  snprintf(images, sizeof images, "%s", in_folder("alike"));
  const struct vt_labels_opts o = {.images = images};
  if (read_labels(&l, "csv-boxes", in_folder("alike.csv"), &o, &e)) fail_msg("%s", e.msg);
  if (vt_format_find("folders", &e)->write(&l, in_folder("classes"), &o, &lost, &e)) fail_msg("%s", e.msg);
  assert_int_equal(lost_of(&lost, "names of pictures"), 4);
  vt_labels_clear(&l);
  if (read_labels(&l, "folders", in_folder("classes"), &(struct vt_labels_opts){0}, &e))
    fail_msg("%s", e.msg);
  assert_int_equal(l.nimages, VT_COUNT(pictures));
  for (size_t k = 0; k < VT_COUNT(pictures); k++) {
    const int32_t p = vt_labels_find_image(&l, pictures[k].becomes);
    if (p < 0) fail_msg("no %s", pictures[k].becomes);
    assert_int_equal(l.image[p].width, k + 1);
  }
  vt_labels_clear(&l);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_descriptions),
      cmocka_unit_test(test_changed),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_folders),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
