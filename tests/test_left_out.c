/* Nothing goes unsaid: what lenient reading leaves out is listed to the last row, cleaning writes it beside
 * what it removed; key points stay where a format has them, and are counted as lost where it has not. */
#include "format_sets.h"

#define STL_LINE "{\"product\":\"p\",\"scene\":\"s\",\"bbox\":[0,0,1,1]}\n"
#define HEAD     "ImageId,EncodedPixels,Height,Width,ClassId\n"

static char *text_of(const char *name)
{
  char *text;
  size_t n;
  assert_int_equal(vt_file_read(path_of(name), 1 << 20, &text, &n, NULL), 0);
  return text;
}

static void test_torn_rows(void **state)
{
  struct vt_labels l;
  struct vt_clean c;
  struct vt_err e = {0};
  put("torn.csv", HEAD "a.jpg,1 2,4,6,3\n"
                       "b.jpg,1 2,4\n"
                       "c.jpg,1 2,4,6,x\n"
                       "d.jpg,1 2,4,6,3,\"7,8\",9\n"
                       "e.jpg,1 1,4,6,3\n"
                       "f.jpg,\"1 2\nrest");
  if (read_labels(&l, "imaterialist", path_of("torn.csv"), true, &e)) fail_msg("%s", e.msg);
  assert_true(l.n == 2 && l.skipped == 4 && l.problems.n == 4 && l.rows == 6);
  assert_true(l.problems.v[0].line == 3 && l.problems.v[3].line == 7);
  assert_int_equal(vt_clean_run(&c, &l, NULL, "min-area=2", &e), 0);
  assert_true(c.nsteps == 2 && !strcmp(c.step[0].name, "read") && c.step[0].n == 4);
  assert_true(c.step[0].rows_before == 6 && c.step[0].rows_after == 2 && c.step[1].n == 1);
  int64_t line[5];
  const char *reason[5];
  for (int i = 0; i < 4; i++) {
    line[i] = c.step[0].removed[i].line;
    reason[i] = i == 1 ? "class" : "torn";
  }
  line[4] = line[3]; /* in order of lines: the small one of line 6 before the last */
  reason[4] = "torn";
  line[3] = c.step[1].removed[0].line;
  reason[3] = "small";
  const struct vt_row_filter f = {line, reason, 5};
  const char *kept = path_of("kept.csv"), *gone = path_of("gone.csv");
  assert_int_equal(vt_format_find("imaterialist", &e)->filter(path_of("torn.csv"), &f, kept, gone, &e), 0);
  char *a = text_of("kept.csv"), *b = text_of("gone.csv");
  assert_string_equal(a, HEAD "a.jpg,1 2,4,6,3\n");
  assert_string_equal(b, "ImageId,EncodedPixels,Height,Width,ClassId,Reason\n"
                         "b.jpg,1 2,4,,,torn\n"
                         "c.jpg,1 2,4,6,x,class\n"
                         "d.jpg,1 2,4,6,\"3,\"\"7,8\"\",9\",torn\n"
                         "e.jpg,1 1,4,6,3,small\n"
                         "f.jpg,\"1 2\nrest\",,,,torn\n");
  vt_free(a);
  vt_free(b);
  vt_clean_clear(&c);
  vt_labels_clear(&l);
}

/* A class whose name has a comma is named in quotes. */
static void test_class_with_comma(void **state)
{
  struct vt_labels l;
  struct vt_clean c;
  struct vt_err e = {0};
  put("names/t.csv", HEAD "a.jpg,1 2,4,6,3\na.jpg,3 2,4,6,4\n");
  put("names/label_descriptions.json", "{\"categories\":[{\"id\":3,\"name\":\"shirt, blouse\"},"
                                       "{\"id\":4,\"name\":\"hat\"}],\"attributes\":[]}");
  if (read_labels(&l, "imaterialist", path_of("names/t.csv"), false, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_clean_run(&c, &l, NULL, "size,class=\"shirt, blouse\",duplicates", &e), 0);
  assert_true(c.nsteps == 3 && c.step[1].n == 1 && c.gone[0] && !c.gone[1]);
  vt_clean_clear(&c);
  assert_int_equal(vt_clean_run(&c, &l, NULL, "class=shirt, blouse", &e), VT_EUSAGE);
  vt_clean_clear(&c);
  vt_labels_clear(&l);
}

/* Steps from a file: as --steps would have them, or a fault with its line. */
static void test_recipe(void **state)
{
  static const struct {
    const char *text, *steps, *fault;
  } cases[] = {
      {"steps:\n  - size\n  - min-area: 50\n  - class: shirt, blouse\n",
       "size,min-area=50,class=\"shirt, blouse\"", NULL},
      {"[size, min-area=7]", "size,min-area=7", NULL},
      {"\xEF\xBB\xBF- size # all\n", "size", NULL},
      {"", NULL, "r.yaml: no steps"},
      {"steps: []", NULL, "r.yaml:1: no steps"},
      {"step: [size]", NULL, "r.yaml:1: expected the key steps"},
      {"steps: [size]\nformat: coco", NULL, "expected the key steps, and no other"},
      {"size", NULL, "expected a list"},
      {"- size\n- {a: 1, b: 2}\n", NULL, "r.yaml:2: expected a step"},
      {"- [size]\n", NULL, "r.yaml:1: expected a step"},
      {"- class: 'a \"b\"'\n", NULL, "r.yaml:1: a text with a quote"},
      {"- min-area: [1]\n", NULL, "r.yaml:1: expected a text"},
      {"- min-area:\n", NULL, "r.yaml:1: an empty text"},
      {"- size\n- 'b", NULL, "r.yaml:2: not YAML"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_buf b = {0};
    struct vt_err e = {0};
    put("r.yaml", cases[i].text);
    const int rc = vt_clean_recipe(&b, path_of("r.yaml"), &e);
    if (cases[i].steps ? rc || strcmp(b.data, cases[i].steps) != 0 : !rc || !strstr(e.msg, cases[i].fault))
      fail_msg("'%s': %d '%s' '%s'", cases[i].text, rc, b.data ? b.data : "", e.msg);
    vt_buf_clear(&b);
  }
}

/* However many there are, each is in the list and in its table. */
static void test_all_listed(void **state)
{
  enum { ROWS = 1000 };
  struct vt_labels l;
  struct vt_err e = {0};
  struct vt_buf b = {0};
  vt_buf_adds(&b, HEAD "good.jpg,1 2,4,6,3\n");
  for (int i = 0; i < ROWS; i++) vt_buf_addf(&b, "bad.jpg,%d 2 1 1,4,6,3\n", i + 1);
  put("many.csv", b.data);
  b.len = 0;
  if (read_labels(&l, "imaterialist", path_of("many.csv"), true, &e)) fail_msg("%s", e.msg);
  assert_true(l.n == 1 && l.problems.n == ROWS);
  vt_problems_table(&l.problems, "a,b", &b);
  int64_t lines = 0;
  for (size_t i = 0; i < b.len; i++) lines += b.data[i] == '\n';
  assert_int_equal(lines, ROWS + 1);
  assert_non_null(strstr(b.data, "\"a,b\",1002,"));
  vt_buf_clear(&b);
  vt_labels_clear(&l);
}

static void test_addresses(void **state)
{
  struct vt_fetch_list l = {0};
  struct vt_err e = {0};
  static const char text[] = "http://a/1\nhttp://a/\0"
                             "2\nhttp://a/\xff\nhttp://a/3";
  put_bytes("list", text, sizeof text - 1);
  const struct vt_fetch_list_opts strict = {.form = VT_FETCH_PLAIN},
                                  lenient = {.form = VT_FETCH_PLAIN, .lenient = true};
  assert_int_equal(vt_fetch_list_read(&l, path_of("list"), &strict, &e), VT_EFORMAT);
  assert_non_null(strstr(e.msg, "line 2: a zero byte"));
  vt_fetch_list_clear(&l);
  if (vt_fetch_list_read(&l, path_of("list"), &lenient, &e)) fail_msg("%s", e.msg);
  assert_true(l.n == 2 && l.skipped == 2 && l.problems.n == 2 && l.problems.v[1].line == 3);
  vt_fetch_list_clear(&l);
}

/* Lines longer than any that has sense are left out like others that are wrong, and so is one with a zero
 * byte; the next one is read. */
static void test_long_lines(void **state)
{
  static const struct {
    const char *format, *root, *file, *before, *after;
    size_t length; /* of the line between them; 0: one of a zero byte */
    int kept;
  } cases[] = {
      {"shop-the-look", "l.json", "l.json", STL_LINE, STL_LINE, 17 << 20, 3},
      {"shop-the-look", "l.json", "l.json", STL_LINE, STL_LINE, 0, 3},
      {"street2shop", "ls", "ls/photos.txt", "1,http://a\n", "2,http://a\n", 70000, 2},
      {"street2shop", "ls", "ls/photos.txt", "1,http://a\n", "2,http://a\n", 0, 2},
  };
  put("ls/retrieval_bags.json", "[{\"photo\":1,\"product\":20},{\"photo\":2,\"product\":20}]");
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    struct vt_buf b = {0};
    vt_buf_adds(&b, cases[i].before);
    for (size_t k = 0; k < cases[i].length; k++) vt_buf_addc(&b, 'x');
    if (!cases[i].length) vt_buf_addc(&b, 0);
    vt_buf_addf(&b, "\n%s", cases[i].after);
    put_bytes(cases[i].file, b.data, b.len);
    vt_buf_clear(&b);
    assert_int_equal(read_labels(&l, cases[i].format, path_of(cases[i].root), false, &e), VT_EFORMAT);
    if (!strstr(e.msg, "line 2: ") || !strstr(e.msg, cases[i].length ? "too long" : "a zero byte"))
      fail_msg("%s", e.msg);
    vt_labels_clear(&l);
    if (read_labels(&l, cases[i].format, path_of(cases[i].root), true, &e)) fail_msg("%s", e.msg);
    assert_true(l.n == cases[i].kept && l.skipped == 1);
    vt_labels_clear(&l);
  }
}

#define POINTS(annotation)                                                                                   \
  "{\"images\":[{\"id\":1,\"file_name\":\"a.jpg\",\"width\":60,\"height\":40}],"                             \
  "\"categories\":[{\"id\":2,\"name\":\"dress\",\"keypoints\":[\"left_hem\",\"right_hem\"],"                 \
  "\"skeleton\":[[1,2]]},{\"id\":3,\"name\":\"hat\"}],"                                                      \
  "\"annotations\":[{\"id\":7,\"image_id\":1,\"category_id\":2,\"bbox\":[1,2,3,4],\"area\":12," annotation   \
  "}]}"

static void test_points(void **state)
{
  struct vt_labels l;
  struct vt_losses lost = {0};
  struct vt_err e = {0};
  const struct vt_labels_opts none = {0};
  put("points.json", POINTS("\"num_keypoints\":1,\"keypoints\":[1.5,2,2,0,0,0]"));
  for (int pass = 0; pass < 2; pass++) { /* as it came, and as it was written */
    if (read_labels(&l, "coco", path_of(pass ? "again.json" : "points.json"), false, &e))
      fail_msg("%s", e.msg);
    const struct vt_instance *in = &l.v[0];
    const struct vt_label_class *c = &l.classes.v[0];
    assert_true(l.n == 1 && in->npoints == 2 && l.dropped.n == 0);
    const struct vt_keypoint *k = &l.point[in->points];
    assert_true(k[0].x == 1.5 && k[0].y == 2 && k[0].seen == VT_VISIBLE && k[1].seen == VT_UNLABELLED);
    assert_true(c->npoints == 2 && c->nbones == 1 && c->bone[0][0] == 1 && c->bone[0][1] == 2);
    assert_string_equal(c->point[1], "right_hem");
    assert_int_equal(l.classes.v[1].npoints, 0);
    if (!pass)
      assert_int_equal(vt_format_find("coco", &e)->write(&l, path_of("again.json"), &none, &lost, &e), 0);
    assert_int_equal(lost.n, 0);
    if (!pass) vt_labels_clear(&l);
  }
  assert_int_equal(vt_format_find("voc", &e)->write(&l, path_of("voc"), &none, &lost, &e), 0);
  int64_t points = 0, names = 0;
  for (int k = 0; k < lost.n; k++) {
    points += strcmp(lost.v[k].what, "key points of instances") ? 0 : lost.v[k].count;
    names += strcmp(lost.v[k].what, "names of key points") ? 0 : lost.v[k].count;
  }
  assert_true(points == 2 && names == 2);
  vt_labels_clear(&l);
}

static void test_bad_points(void **state)
{
  static const struct {
    const char *text, *word;
  } cases[] = {
      {POINTS("\"keypoints\":[1,2]"), "2 numbers"},
      {POINTS("\"keypoints\":[1,2,3,0,0,0]"), "visibility 3"},
      {POINTS("\"keypoints\":[1,2,0.5,0,0,0]"), "visibility 0.5"},
      {POINTS("\"keypoints\":[1e300,2,1,0,0,0]"), "point 1"},
      {POINTS("\"keypoints\":[1,2,\"1\",0,0,0]"), "string"},
      {POINTS("\"keypoints\":[[1,2,1],0,0,0]"), "inside a list"},
      {POINTS("\"keypoints\":{\"x\":1}"), "object"},
      {POINTS("\"keypoints\":5"), "string or list is expected"},
      {POINTS("\"keypoints\":[1,2,1]"), "1 keypoints, its category names 2"},
      {POINTS("\"num_keypoints\":2,\"keypoints\":[1,2,1,0,0,0]"), "num_keypoints"},
      {POINTS("\"iscrowd\":2"), "iscrowd"},
      {POINTS("\"attribute_ids\":[[1]]"), "inside a list"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    for (int lenient = 0; lenient < 2; lenient++) {
      struct vt_labels l;
      struct vt_err e = {0};
      put("points.json", cases[i].text);
      int rc = read_labels(&l, "coco", path_of("points.json"), lenient, &e);
      const char *said = lenient && l.problems.n ? l.problems.v[0].text : e.msg;
      if ((rc == 0) != lenient || (lenient && l.n) || !strstr(said, cases[i].word) ||
          (!lenient && !strstr(said, "points.json")))
        fail_msg("%s: %d '%s'", cases[i].text, rc, said);
      vt_labels_clear(&l);
    }
}

#define TWO(annotations)                                                                                     \
  "{\"images\":[{\"id\":1,\"file_name\":\"a.jpg\",\"width\":9,\"height\":9},{\"id\":2,\"file_name\":"        \
  "\"b.jpg\",\"width\":9,\"height\":9}],\"categories\":[{\"id\":1,\"name\":\"hat\"}],\"annotations\":"       \
  "[" annotations
#define HAT(id, image, more) "{\"id\":" #id ",\"image_id\":" #image ",\"bbox\":[1,1,2,3]," more "}"

#define VOC(objects)                                                                                         \
  "<annotation><filename>a.jpg</filename><size><width>9</width><height>8</height></size>" objects            \
  "</annotation>"

/* A picture of which lenient reading left nothing is no picture that shows nothing. */
static void test_lost_pictures(void **state)
{
  static const struct {
    const char *format, *root, *file, *text;
    int rows, lost;
    const char *left[4]; /* pictures */
    void (*make)(void);  /* what lies round the file */
  } cases[] = {
      {"coco", "t.json", "t.json", TWO("]}"), 0, 0, {"a.jpg", "b.jpg"}},
      {"coco", "t.json", "t.json", TWO(HAT(1, 1, "\"category_id\":7") "]}"), 0, 1, {"b.jpg"}},
      {"coco", "t.json", "t.json", TWO(HAT(1, 2, "\"area\":6") "]}"), 0, 1, {"a.jpg"}},
      {"coco", "t.json", "t.json", TWO(HAT(1, 3, "\"category_id\":1") "]}"), 0, 0, {"a.jpg", "b.jpg"}},
      {"coco",
       "t.json",
       "t.json",
       TWO(HAT(1, 2, "\"area\":-1") "," HAT(2, 2, "\"category_id\":1") "]}"),
       1,
       0,
       {"a.jpg", "b.jpg"}},
      {"coco", "t.json", "t.json", TWO(HAT(1, 2, "\"category_id\":1") ",{\"id\""), 1, 1, {"b.jpg"}},
      {"coco", "t.json", "t.json", TWO("],\"info\":{"), 0, 0, {"a.jpg", "b.jpg"}},
      {"yolo", "y", "y/labels/a.txt", "9 .5 .5 .5 .5\n", 0, 1, {NULL}, put_yolo},
      {"yolo", "y", "y/labels/a.txt", "9 .5 .5 .5 .5\n1 .5 .5 .5 .5\n", 1, 0, {"a.jpg"}, put_yolo},
      {"yolo", "y", "y/labels/a.txt", " \n", 0, 0, {"a.jpg"}, put_yolo},
      {"yolo", "yt", "yt/labels/a.txt", "3 .5 .5\n", 0, 1, {NULL}, put_yolo_tree},
      {"yolo", "yt", "yt/list.txt", "b.png\n", 1, 0, {"a.png"}, put_yolo_tree},
      {"voc", "voc", "voc/Annotations/a.xml", VOC("<object/>"), 0, 1, {NULL}, NULL},
      {"voc", "voc", "voc/Annotations/a.xml", VOC(""), 0, 0, {"a.jpg"}, NULL},
      {"ccp-maps", "ccp", "ccp/masks/0001.png", "x", 2, 1, {"0002.jpg"}, put_ccp},
      {"ccp-maps", "ccp", "ccp/labels.txt", "null\n", 0, 2, {NULL}, put_ccp},
      {"label-maps", "maps", "maps/instances/b.png", "x", 2, 1, {"x.jpg"}, put_label_maps},
      {"label-maps",
       "maps",
       "maps/instances.csv",
       "image,number,value,id,crowd,attributes\ny.jpg,1,2,13,7,\n",
       0,
       1,
       {"x.jpg"},
       put_label_maps},
      {"deepfashion2",
       "df2",
       "df2/validation/annos/000001.json",
       "{\"source\":\"shop\",\"pair_id\":7,\"item1\":{}}",
       2,
       1,
       {"train/image/000001.jpg"},
       put_deepfashion2},
      {"csv-boxes",
       "boxes.csv",
       "boxes.csv",
       "path,label,x_1,y_1,x_2,y_2\na.jpg,hat,-9,1,-3,3\nb.jpg,hat,1,1,3,3\n",
       1,
       1,
       {"b.jpg"},
       NULL},
      {"pairs", "pairs", "pairs/all.csv", PAIRS "a.jpg,s.jpg,tops,,,,,,,,,p1,no\n", 0, 2, {NULL}, put_pairs},
      {"street2shop",
       "s2s",
       "s2s/train_pairs_bags.json",
       "[{\"photo\":2,\"product\":20,\"bbox\":7}]",
       3,
       1,
       {"000000001.jpg", "000000003.jpg", "000000004.jpg"},
       put_street2shop},
      {"shop-the-look",
       "stl/fashion.json",
       "stl/fashion.json",
       "{\"product\": \"p3\", \"scene\": \"s1\", \"bbox\": [0, 0, 1, 1]}\n",
       2,
       1,
       {"0123456789abcdef0123456789abcdef.jpg", "p2.jpg"},
       put_shop_the_look},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_clean c;
    struct vt_err e = {0};
    if (cases[i].make) cases[i].make();
    put(cases[i].file, cases[i].text);
    if (read_labels(&l, cases[i].format, path_of(cases[i].root), true, &e)) fail_msg("%s", e.msg);
    int n = 0;
    for (; cases[i].left[n]; n++)
      if (n >= l.nimages || strcmp(l.image[n].file, cases[i].left[n]) != 0)
        fail_msg("%s %s: %d pictures", cases[i].format, cases[i].text, l.nimages);
    if (n != l.nimages || l.n != cases[i].rows || l.lost != cases[i].lost)
      fail_msg("%s %s: %d pictures, %d rows, %d lost", cases[i].format, cases[i].text, l.nimages, (int)l.n,
               l.lost);
    assert_int_equal(vt_clean_run(&c, &l, NULL, "size", &e), 0);
    if (l.problems.n) assert_int_equal(c.step[0].images_before, l.nimages + l.lost);
    if (l.lost) assert_non_null(strstr(l.problems.v[l.problems.n - 1].text, "nothing is left"));
    vt_clean_clear(&c);
    vt_labels_clear(&l);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_torn_rows),     cmocka_unit_test(test_class_with_comma),
      cmocka_unit_test(test_all_listed),    cmocka_unit_test(test_recipe),
      cmocka_unit_test(test_addresses),     cmocka_unit_test(test_points),
      cmocka_unit_test(test_bad_points),    cmocka_unit_test(test_long_lines),
      cmocka_unit_test(test_lost_pictures),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
