/* YOLO sets: lines, layouts, what describes a set, and masks that become one closed line. */
#include "label_case.h"

/* Holes and pieces survive YOLO's single line: the masks read back are the masks written. */
static void test_yolo(void **state)
{
  const char *path = data_file("imaterialist/ccp_val.csv");
  if (!path) skip();
  struct vt_labels a, b;
  struct vt_losses lost = {0};
  struct vt_err e = {0};
  char root[100];
  snprintf(root, sizeof root, "%s/yolo", folder);
  if (read_labels(&a, "imaterialist", path, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  if (vt_format_find("yolo", &e)->write(&a, root, &(struct vt_labels_opts){0}, &lost, &e))
    fail_msg("%s", e.msg);
  if (read_labels(&b, "yolo", root, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(lost.n, 3);
  assert_int_equal(lost_of(&lost, "supercategories"), 46);
  assert_int_equal(lost_of(&lost, "names of attributes"), 92);
  assert_int_equal(lost_of(&lost, "seams"), 49);
  assert_int_equal(b.n, a.n);
  assert_int_equal(b.nimages, a.nimages);
  int64_t *order = vt_labels_by_image(&a, &e);
  for (int64_t i = 0; i < a.n; i++) {
    assert_string_equal(a.classes.v[a.v[order[i]].cls].name, b.classes.v[b.v[i].cls].name);
    same_masks(&a, order[i], &b, i);
  }
  vt_free(order);
  vt_labels_clear(&a);
  vt_labels_clear(&b);
}

static void test_yolo_lines(void **state)
{
  static const struct {
    const char *line, *word; /* word NULL: good */
    double area;
  } cases[] = {
      {"0 0.5 0.5 0.5 0.5", NULL, 50},       {"1 0 0 .5 0 .5 .5 0 .5", NULL, 50},
      {"0 0.5 0.5 0.5\r", "4 numbers", 0},   {"0 0.5 0.5 -0.5 0.5", "shares", 0},
      {"0 0.5 0.5 1.5 0.5", "shares", 0},    {"2 0.5 0.5 0.5 0.5", "classes.txt", 0},
      {"0 0.5 0.5 nan 0.5", "no number", 0}, {"0 .1 .1 .2 .2", NULL, 8},
      {"-1 .1 .1 .2 .2", "class", 0},        {"0.5 .1 .1 .2 .2", "class", 0},
      {"0 .1 .1 .2 .2 .3", "6 numbers", 0},  {"x .1 .1 .2 .2", "no number", 0},
      {"0 1e999 .1 .2 .2", "no number", 0},
  };
  put("y/classes.txt", "hat\nbag\n");
  put("y/images.csv", "image,id,name,width,height,split\na.jpg,4,a,20,10,val\n");
  char root[100];
  snprintf(root, sizeof root, "%s/y", folder);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_mask m;
    struct vt_err e = {0};
    put("y/labels/a.txt", cases[i].line);
    int rc = read_labels(&l, "yolo", root, &(struct vt_labels_opts){0}, &e);
    if (cases[i].word) {
      if (!rc || !strstr(e.msg, cases[i].word) || !strstr(e.msg, "a.txt: line 1"))
        fail_msg("'%s': code %d '%s'", cases[i].line, rc, e.msg);
    } else {
      if (rc || vt_instance_mask(&l, &l.v[0], &m, &e)) fail_msg("'%s': %s", cases[i].line, e.msg);
      assert_true((double)vt_mask_area(&m) == cases[i].area);
      assert_int_equal(l.image[0].split, VT_SPLIT_VAL);
      vt_mask_clear(&m);
    }
    vt_labels_clear(&l);
  }
}

#define BOX_NUMBERS "0 .5 .5 .5 .5"
#define BOX         BOX_NUMBERS "\n"
#define HAT         "names: [hat]\n"
struct set {
  const char *picture[3], *text; /* the text has one box in it */
  const char *file[6];           /* name and text in turn */
  const char *image, *cls;       /* of the box */
  int images, split;             /* split: of the box's picture */
};

static const char *below(const char *root, const char *sub)
{
  static char path[120];
  snprintf(path, sizeof path, "%s/%s", root, sub);
  return path;
}

static void put_set(const struct set *s, const char *root)
{
  for (int k = 0; k < 3 && s->picture[k]; k++) put_picture(below(root, s->picture[k]));
  for (int k = 0; k < 6 && s->file[k]; k += 2) put(below(root, s->file[k]), s->file[k + 1]);
  put(below(root, s->text), BOX);
}

static void read_set(const struct set *s, const char *root, struct vt_labels *l)
{
  struct vt_err e = {0};
  if (read_labels(l, "yolo", in_folder(root), &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(l->n, 1);
  assert_int_equal(l->nimages, s->images);
  const struct vt_label_image *im = &l->image[l->v[0].image];
  assert_string_equal(im->file, s->image);
  assert_int_equal(im->split, s->split);
  assert_string_equal(l->classes.v[l->v[0].cls].name, s->cls);
  const struct vt_box b = l->v[0].box;
  assert_true(b.x == 5 && b.y == 2.5 && b.w == 10 && b.h == 5);
}

/* Written with pictures in their places it is the set that it was, with images.csv or without. */
static void write_set(const struct set *s, const char *root, const struct vt_labels *l)
{
  struct vt_losses lost = {0};
  struct vt_labels again;
  struct vt_err e = {0};
  if (vt_format_find("yolo", &e)->write(l, in_folder(root), &(struct vt_labels_opts){0}, &lost, &e))
    fail_msg("%s", e.msg);
  read_set(s, root, &again);
  for (int32_t k = 0; k < l->nimages; k++) {
    assert_string_equal(again.image[k].file, l->image[k].file);
    assert_int_equal(again.image[k].split, l->image[k].split);
  }
  vt_labels_clear(&again);
  assert_int_equal(unlink(in_folder(below(root, "images.csv"))), 0);
  for (int32_t k = 0; k < l->nimages; k++) {
    char name[200];
    snprintf(name, sizeof name, "%s/%s%s", root, strstr(l->image[k].file, "images/") ? "" : "images/",
             l->image[k].file);
    put_picture(name);
  }
  read_set(s, root, &again);
  vt_labels_clear(&again);
}

/* Sets as other tools leave them. */
static void test_layouts(void **state)
{
  enum { NONE = VT_SPLIT_NONE, TRAIN = VT_SPLIT_TRAIN, VAL = VT_SPLIT_VAL };
  /* clang-format off */
  static const struct set sets[] = {
      {{"images/a.png"}, "labels/a.txt", {"classes.txt", "hat\n"}, "a.png", "hat", 1, NONE},
      {{"images/a.png"}, "labels/a.txt", {"labels/classes.txt", "hat\r\n"}, "a.png", "hat", 1, NONE},
      {{"images/a.png"}, "labels/a.txt", {NULL}, "a.png", "0", 1, NONE},
      {{"images/a.png", "images/b/c.png"}, "labels/a.txt", {"data.yaml", HAT}, "a.png", "hat", 2, NONE},
      {{"images/train2017/a.png", "images/val2017/b.png"}, "labels/train2017/a.txt",
       {"data.yaml", "train: images/train2017\nval: images/val2017\ntest:\nnames:\n  0: hat\n  1: bag\n"},
       "train2017/a.png", "hat", 2, TRAIN},
      {{"train/images/a.png", "valid/images/b.png", "test/images/c.png"}, "valid/labels/b.txt",
       {"data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 1\n" HAT, "test/labels/c.txt", ""},
       "valid/images/b.png", "hat", 2, VAL},
      {{"a.png", "b.png"}, "a.txt", {"classes.txt", "hat\n", "train.txt", "a.png\n"}, "a.png", "hat", 2, TRAIN},
      {{"images/a.png"}, "labels/a.txt", {"valid.txt", "/x/images/a.png\n", "labels/classes.txt", "hat"}, "a.png", "hat", 1, VAL},
      {{"part/a.png"}, "part/a.txt", /* CVAT */
       {"obj.data", "classes = 1\ntrain = data/train.txt\nnames = data\\obj.names\nbackup = backup/\n", "obj.names", "hat\n",
        "train.txt", "data\\part\\a.png\n"}, "part/a.png", "hat", 1, TRAIN},
      {{"a.png"}, "a.txt", /* Darknet */
       {"obj.data", "# mine\r\nvalid=./lists/v.txt\r\nnames=x.names\r\n", "x.names", "hat\n", "lists/v.txt", "a.png\n"},
       "a.png", "hat", 1, VAL},
      {{"train/a.png", "valid/b.png"}, "train/a.txt", /* Roboflow */
       {"train/_darknet.labels", "hat\n", "README.roboflow.txt", "A set\n"}, "train/a.png", "hat", 2, TRAIN},
      {{"train/a.png", "valid/b.png"}, "valid/b.txt", {"classes.txt", "hat\n"}, "valid/b.png", "hat", 2, VAL},
      {{"images/a.png", "images/s/b.png"}, "labels/s/b.txt",
       {"data.yaml", "val: [one.txt, ./two.txt]\ntrain: images\n" HAT, "one.txt", "/x/images/s/b.png\n",
        "two.txt", "./images/a.png\r\n\n"}, "s/b.png", "hat", 2, VAL},
  };
  /* clang-format on */
  for (size_t i = 0; i < VT_COUNT(sets); i++) {
    struct vt_labels l;
    char root[2][40];
    snprintf(root[0], sizeof root[0], "set%zu", i);
    snprintf(root[1], sizeof root[1], "again%zu", i);
    print_message("set %zu\n", i);
    put_set(&sets[i], root[0]);
    read_set(&sets[i], root[0], &l);
    write_set(&sets[i], root[1], &l);
    vt_labels_clear(&l);
  }
}

/* Key points, where data.yaml says that there are some. */
static void test_points(void **state)
{
  static const struct {
    const char *shape, *line, *word; /* word NULL: good */
    struct vt_keypoint point[2];
  } cases[] = {
      {"[2, 3]", BOX_NUMBERS " .1 .2 2 .3 .4 1", NULL, {{2, 2, VT_VISIBLE}, {6, 4, VT_HIDDEN}}},
      {"[2, 2]", BOX_NUMBERS " .1 .2 0 0", NULL, {{2, 2, VT_VISIBLE}, {0, 0, VT_UNLABELLED}}},
      {"[2, 3]", BOX_NUMBERS, "6 of key points", {{0}}},
      {"[2, 3]", BOX_NUMBERS " .1 .2 2 .3 .4 5", "visibility 5", {{0}}},
      {"[2, 3]", BOX_NUMBERS " .1 .2 2 .3 1e300 1", "a.txt: line 1", {{0}}},
      {"[2, 4]", BOX_NUMBERS, "data.yaml:1: ", {{0}}},
      {"2", BOX_NUMBERS, "kpt_shape", {{0}}},
      {"[-1, 2]", BOX_NUMBERS, "kpt_shape", {{0}}},
      {"[99999, 2]", BOX_NUMBERS, "kpt_shape", {{0}}},
  };
  put_picture("points/images/a.png");
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    char yaml[100];
    snprintf(yaml, sizeof yaml, "kpt_shape: %s\n" HAT, cases[i].shape);
    put("points/data.yaml", yaml);
    put("points/labels/a.txt", cases[i].line);
    const int rc = read_labels(&l, "yolo", in_folder("points"), &(struct vt_labels_opts){0}, &e);
    if (cases[i].word) {
      if (!rc || !strstr(e.msg, cases[i].word)) fail_msg("'%s': code %d '%s'", cases[i].line, rc, e.msg);
    } else {
      if (rc) fail_msg("'%s': %s", cases[i].line, e.msg);
      assert_true(l.n == 1 && l.npoints == 2 && l.v[0].npoints == 2 && l.v[0].box.w == 10);
      for (int k = 0; k < 2; k++) {
        assert_true(fabs(l.point[k].x - cases[i].point[k].x) < 1e-9);
        assert_true(fabs(l.point[k].y - cases[i].point[k].y) < 1e-9);
        assert_int_equal(l.point[k].seen, cases[i].point[k].seen);
      }
    }
    vt_labels_clear(&l);
  }
}

/* Key points that were written come back: where all are boxes as yolo, else as yolo-pose, which says what
 * goes. */
static void test_points_written(void **state)
{
#define POSE(more, shape)                                                                                    \
  "{\"images\":[{\"id\":1,\"file_name\":\"a.png\",\"width\":20,\"height\":10}],\"categories\":["             \
  "{\"id\":0,\"name\":\"hat\",\"keypoints\":[\"l\",\"r\"]},{\"id\":1,\"name\":\"bag\"}],\"annotations\":["   \
  "{\"id\":1,\"image_id\":1,\"category_id\":0,\"bbox\":[5,2,10,5],\"area\":50,\"keypoints\":[6,3,2,0.5,4,1]" \
  "},"                                                                                                       \
  "{\"id\":2,\"image_id\":1,\"category_id\":1,\"bbox\":[1,1,2,2],\"area\":4" more "},"                       \
  "{\"id\":3,\"image_id\":1,\"category_id\":0,\"bbox\":[5,2,10,5],\"area\":50" shape "}]}"
  static const struct {
    const char *format, *text;
    int points; /* that come back; all of the first instance */
    const char *lost[4];
  } cases[] = {
      {"yolo", POSE("", ""), 2, {"names of key points"}},
      {"yolo-pose",
       POSE("", ",\"segmentation\":[[5,2,15,2,15,7]]"),
       2,
       {"names of key points", "masks, of which the boxes stay"}},
      {"yolo",
       POSE("", ",\"segmentation\":[[5,2,15,2,15,7]]"),
       0,
       {"key points of instances", "names of key points", "areas that are not", "boxes that are not"}},
      {"yolo", POSE(",\"keypoints\":[1,1,1]", ""), 0, {"key points of instances", "names of key points"}},
      {"yolo-pose",
       POSE(",\"keypoints\":[1,1,1]", ",\"keypoints\":[0,0,0,0,0,0]"),
       4,
       {"names of key points", "how many key points", "of which none is seen"}},
  };
  put_picture("pose/images/a.png");
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    for (int listed = 0; listed < 2; listed++) { /* by images.csv, and without */
      struct vt_losses lost = {0};
      struct vt_labels l, again;
      struct vt_err e = {0};
      put("pose.json", cases[i].text);
      if (read_labels(&l, "coco", in_folder("pose.json"), &(struct vt_labels_opts){0}, &e))
        fail_msg("%s", e.msg);
      if (vt_format_find(cases[i].format, &e)
              ->write(&l, in_folder("pose"), &(struct vt_labels_opts){0}, &lost, &e))
        fail_msg("%s", e.msg);
      if (!listed) assert_int_equal(unlink(in_folder("pose/images.csv")), 0);
      int n = 0;
      for (; n < 4 && cases[i].lost[n]; n++)
        if (!lost_of(&lost, cases[i].lost[n])) fail_msg("case %zu: %s", i, cases[i].lost[n]);
      assert_int_equal(lost.n, n);
      if (read_labels(&again, "yolo", in_folder("pose"), &(struct vt_labels_opts){0}, &e))
        fail_msg("%s", e.msg);
      assert_true(again.n == 3 && again.npoints == cases[i].points && again.v[2].npoints == 0);
      for (int k = 0; k < again.v[0].npoints; k++) {
        const struct vt_keypoint *a = &l.point[l.v[0].points + (uint32_t)k],
                                 *b = &again.point[again.v[0].points + (uint32_t)k];
        assert_true(fabs(a->x - b->x) < 1e-8 && fabs(a->y - b->y) < 1e-8 && a->seen == b->seen);
      }
      vt_labels_clear(&l);
      vt_labels_clear(&again);
    }
  struct vt_labels l;
  struct vt_losses lost = {0};
  struct vt_err e = {0};
  put("pose/labels/a.txt", BOX);
  put("pose/data.yaml", HAT);
  if (read_labels(&l, "yolo", in_folder("pose"), &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(
      vt_format_find("yolo-pose", &e)->write(&l, in_folder("none"), &(struct vt_labels_opts){0}, &lost, &e),
      VT_EUNSUPPORTED);
  vt_labels_clear(&l);
}

/* Names that YAML or a line would not hold as they are. */
static void test_names(void **state)
{
  static const char *const names[] = {"a\nb",
                                      "\"quoted\" \\n",
                                      "x: y # z",
                                      "- no",
                                      "null",
                                      "",
                                      "\x01\x7f\t",
                                      "\xc2\x85\xe2\x80\xa8",
                                      "\xef\xbb\xbf\xef\xbf\xbe",
                                      "\xf0\x9f\x91\x97 \xc3\xa9"};
  struct vt_labels l, again;
  struct vt_losses lost = {0};
  struct vt_err e = {0};
  assert_int_equal(vt_labels_init(&l, &e), 0);
  struct vt_label_class classes[VT_COUNT(names)] = {{0}};
  for (size_t k = 0; k < VT_COUNT(names); k++)
    classes[k] = (struct vt_label_class){.id = (int64_t)k, .name = names[k], .super = ""};
  struct vt_labels made = l;
  made.classes = (struct vt_label_list){.n = VT_COUNT(names), .v = classes};
  if (vt_format_find("yolo", &e)->write(&made, in_folder("names"), &(struct vt_labels_opts){0}, &lost, &e))
    fail_msg("%s", e.msg);
  assert_int_equal(lost_of(&lost, "line breaks in names"), 1);
  if (read_labels(&again, "yolo", in_folder("names"), &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(again.classes.n, VT_COUNT(names));
  for (size_t k = 0; k < VT_COUNT(names); k++) assert_string_equal(again.classes.v[k].name, names[k]);
  vt_labels_clear(&again);
  vt_labels_clear(&l);
}

/* What describes a set may be wrong. */
static void test_bad_yaml(void **state)
{
  static const struct {
    const char *yaml, *word;
  } cases[] = {
      {"names: [hat", "data.yaml:2: not YAML"},
      {"- hat\n", "no keys with values"},
      {"names: 3\n", "names are no list"},
      {"names: [hat]\nnames: [bag]\n", "data.yaml:2: names stand twice"},
      {"names: [[hat]]\n", "data.yaml:1: the name of a class"},
      {"names: {a: hat}\n", "the number of a class"},
      {"names: {0: hat, 0: bag}\n", "stands twice"},
      {"names: {-1: hat}\n", "the number of a class"},
      {"names: {99999999999999999999: hat}\n", "the number of a class"},
      {"names: [bag]\ntrain: ../x.txt\n", "data.yaml:2: this list"},
      {"names: [bag]\ntrain: /etc/x.txt\n", "data.yaml:2: this list"},
      {"names: [bag]\ntrain: {a: b}\n", "expected a path"},
      {"names: [bag]\ntrain: [[a]]\n", "expected a path"},
      {"names: [bag]\ntrain: none.txt\n", "none.txt: No such file"},
      {"names: [bag]\ntrain: list.txt\n", "list.txt: line 1: there is no picture 'b.png'"},
      {"names: [bag]\ntrain: "
       "[1.txt,1.txt,1.txt,1.txt,1.txt,1.txt,1.txt,1.txt,1.txt,1.txt,1.txt,1.txt,1.txt]\n",
       "more than 12"},
      {"nc: 2\n" HAT, "nc says 2 classes, names has 1"},
      {"nc: many\n" HAT, "data.yaml:1: nc is no number"},
      {"[a]: b\n" HAT, "data.yaml:1: a key that is no text"},
      {"names: []\n", "class 0 is not in data.yaml"},
      {"names: [\"\xff\"]\n", "data.yaml:1: not YAML"},
  };
  put_picture("bad/images/a.png");
  put("bad/labels/a.txt", BOX);
  put("bad/list.txt", "b.png\n");
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    put("bad/data.yaml", cases[i].yaml);
    const int rc = read_labels(&l, "yolo", in_folder("bad"), &(struct vt_labels_opts){0}, &e);
    if (!rc || !strstr(e.msg, cases[i].word)) fail_msg("'%s': code %d '%s'", cases[i].yaml, rc, e.msg);
    vt_labels_clear(&l);
  }
}

static void test_bad_data(void **state)
{
  static const struct {
    const char *data, *word;
  } cases[] = {
      {"names obj.names\n", "obj.data: line 1: 'names obj.names': expected a key"},
      {"\n\nclasses = many\n", "line 3: classes: 'many' is no number"},
      {"classes = -1\n", "no number of classes"},
      {"names = obj.names\nclasses = 2\n", "classes says 2, names has 1"},
      {"names = obj.names\nnames = obj.names\n", "line 2: names stand twice"},
      {"names = \n", "names: '' is no path"},
      {"names = ../..\n", "is no path"},
      {"names = none.names\n", "none.names: No such file"},
      {"train = none.txt\n", "none.txt: No such file"},
      {"train = train.txt\n", "train.txt: line 1: there is no picture 'b.png'"},
      {"names = \xff\n", "obj.data: text is not valid UTF-8"},
      {"train=a.txt\ntrain=a.txt\ntrain=a.txt\ntrain=a.txt\ntrain=a.txt\ntrain=a.txt\ntrain=a.txt\n"
       "train=a.txt\ntrain=a.txt\ntrain=a.txt\ntrain=a.txt\ntrain=a.txt\ntrain=a.txt\n",
       "line 13: more than 12"},
  };
  put_picture("data/a.png");
  put("data/a.txt", BOX);
  put("data/train.txt", "b.png\n");
  put("data/obj.names", "hat\n");
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    put("data/obj.data", cases[i].data);
    const int rc = read_labels(&l, "yolo", in_folder("data"), &(struct vt_labels_opts){0}, &e);
    if (!rc || !strstr(e.msg, cases[i].word)) fail_msg("'%s': code %d '%s'", cases[i].data, rc, e.msg);
    vt_labels_clear(&l);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_yolo),     cmocka_unit_test(test_yolo_lines),     cmocka_unit_test(test_layouts),
      cmocka_unit_test(test_points),   cmocka_unit_test(test_points_written), cmocka_unit_test(test_names),
      cmocka_unit_test(test_bad_yaml), cmocka_unit_test(test_bad_data),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
