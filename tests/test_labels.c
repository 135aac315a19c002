/* Labels: COCO's json read, refused and written; conversions; figures equal to published ones. */
#include "label_case.h"
#include "app/bench_data.h"
#include "app/labels_report.h"
#include "app/mosaic.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMAGES            "\"images\":[{\"id\":7,\"file_name\":\"a.jpg\",\"width\":6,\"height\":4}]"
#define CATEGORIES        "\"categories\":[{\"id\":3,\"name\":\"hat\",\"supercategory\":\"head\"}]"
#define COCO(annotations) "{" IMAGES "," CATEGORIES ",\"annotations\":[" annotations "]}"
#define ANN(rest)         "{\"id\":1,\"image_id\":7,\"category_id\":3," rest "}"

/* Areas worked by hand. */
static void test_coco_shapes(void **state)
{
  static const struct {
    const char *annotation;
    int area, crowd;
  } cases[] = {
      {ANN("\"bbox\":[1,1,2,3]"), 6, 0},
      {ANN("\"segmentation\":[[0,0,3,0,3,2,0,2]]"), 6, 0},
      {ANN("\"segmentation\":[[0,0,3,0,3,2,0,2],[2,0,5,0,5,2,2,2]],\"bbox\":[0,0,5,2]"), 10, 0},
      {ANN("\"segmentation\":{\"size\":[4,6],\"counts\":[4,5,15]},\"iscrowd\":1,\"bbox\":[1,0,2,4]"), 5, 1},
      {ANN("\"iscrowd\":0,\"segmentation\":{\"counts\":\"45?\",\"size\":[4,6]},\"extra\":{\"a\":[1,[2]]}"), 5,
       0},
      {ANN("\"segmentation\":[],\"bbox\":[0,0,1,1]"), 1, 0},
      {ANN("\"segmentation\":null,\"bbox\":[0.0,0e0,1,1.0]"), 1, 0},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    char text[1000];
    snprintf(text, sizeof text, COCO("%s"), cases[i].annotation);
    struct vt_labels l;
    struct vt_err e = {0};
    struct vt_mask m;
    if (read_labels(&l, "coco", file_of("a.json", text), &(struct vt_labels_opts){0}, &e))
      fail_msg("%s", e.msg);
    assert_int_equal(l.n, 1);
    if (vt_instance_mask(&l, &l.v[0], &m, &e)) fail_msg("%s", e.msg);
    if (vt_mask_area(&m) != cases[i].area)
      fail_msg("%s: area %lld", cases[i].annotation, (long long)vt_mask_area(&m));
    assert_int_equal(l.v[0].flags & VT_CROWD, cases[i].crowd);
    assert_string_equal(l.image[l.v[0].image].file, "a.jpg");
    assert_string_equal(l.classes.v[l.v[0].cls].name, "hat");
    vt_mask_clear(&m);
    vt_labels_clear(&l);
  }
}

/* What is wrong is said: the word must be in the message. Lenient: one skipped, the good one kept. */
static void test_bad_coco(void **state)
{
  static const struct {
    const char *annotation, *word;
  } bad[] = {
      {ANN("\"bbox\":[1,1,2]"), "bbox"},
      {ANN("\"bbox\":[1,1,-2,3]"), "bbox"},
      {ANN("\"bbox\":[1,1,\"a\",3]"), "string"},
      {ANN("\"bbox\":[1,1,1e999,3]"), "number"},
      {ANN("\"bbox\":[50,1,2,3]"), "outside"},
      {ANN("\"area\":3"), "neither"},
      {ANN("\"area\":-3,\"bbox\":[1,1,2,3]"), "area"},
      {ANN("\"segmentation\":[[0,0,3,0]]"), "3 points"},
      {ANN("\"segmentation\":[[0,0,3,0,3]]"), "odd"},
      {ANN("\"segmentation\":[0,0,3,0,3,3]"), "list of lists"},
      {ANN("\"segmentation\":{\"size\":[4,6],\"counts\":[4,50,15]}"), "leaves"},
      {ANN("\"segmentation\":{\"size\":[4,6],\"counts\":[4,5]}"), "sum"},
      {ANN("\"segmentation\":{\"size\":[4,6],\"counts\":[4.5,5]}"), "whole"},
      {ANN("\"segmentation\":{\"size\":[4,7],\"counts\":[4,5,19]}"), "4"},
      {ANN("\"segmentation\":{\"size\":[4]}"), "size"},
      {"{\"id\":1,\"image_id\":8,\"category_id\":3,\"bbox\":[1,1,2,3]}", "picture of id 8"},
      {"{\"id\":1,\"image_id\":7,\"category_id\":4,\"bbox\":[1,1,2,3]}", "category of id 4"},
      {"{\"id\":1.5,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]}", "id"},
      {"{\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]}", "no id"},
      {"{\"id\":2,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]}", "twice"},
      {"{\"id\":1,\"id\":1,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]}", "twice"},
      {ANN("\"segmentation\":{\"size\":[4,6],\"counts\":[4,-5,25]}"), "length -5"},
      {ANN("\"segmentation\":{\"size\":[4,6],\"counts\":\"04\"}"), "segmentation"},
      {ANN("\"segmentation\":{\"size\":[4,6],\"counts\":\"0\\u00e9\"}"), "segmentation"},
      {ANN("\"bbox\":[1e300,1,2,3]"), "outside"},
      {ANN("\"bbox\":[1,1,2,3],\"attribute_ids\":[5]"), "attribute of id 5"},
      {ANN("\"bbox\":[1,1,2,NaN]"), "line 2"},
      {ANN("\"bbox\":[1,1,2"), "line 2"},
      {ANN("\"bbox\":[1,1,2,3],\"x\":\"\xff\""), "line 2"},
  };
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    char text[1000];
    snprintf(text, sizeof text, COCO("\n{\"id\":2,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]},%s"),
             bad[i].annotation);
    const char *path = file_of("b.json", text);
    for (int lenient = 0; lenient < 2; lenient++) {
      struct vt_labels l;
      struct vt_err e = {0};
      int rc = read_labels(&l, "coco", path, &(struct vt_labels_opts){.lenient = lenient}, &e);
      if (lenient) {
        if (rc || l.n != 1 || l.skipped != 1) fail_msg("%s: lenient: %s", bad[i].annotation, e.msg);
        assert_non_null(strstr(l.problems.v[0].text, bad[i].word));
      } else if (!rc || !strstr(e.msg, bad[i].word) || !strstr(e.msg, "b.json"))
        fail_msg("%s: code %d '%s'", bad[i].annotation, rc, e.msg);
      vt_labels_clear(&l);
    }
  }
}

static void test_bad_coco_files(void **state)
{
  static const struct {
    const char *text, *word;
  } bad[] = {
      {"", "premature"},
      {"[]", "list"},
      {"{\"images\":{}}", "list"},
      {"{}", "images"},
      {"{" CATEGORIES "," IMAGES, "premature"},
      {"{\"images\":[{\"id\":7,\"width\":0,\"height\":4}]}", "width"},
      {"{\"images\":[{\"id\":7,\"width\":5}]}", "height"},
      {"{\"images\":[{\"id\":7,\"width\":5,\"height\":4},{\"id\":7,\"width\":5,\"height\":4}]}", "twice"},
      {"{\"categories\":[{\"id\":7},{\"id\":7}]}", "twice"},
      {"{\"images\":[[1]]}", "list"},
  };
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    int rc = read_labels(&l, "coco", file_of("c.json", bad[i].text), &(struct vt_labels_opts){0}, &e);
    if (!rc || !strstr(e.msg, bad[i].word)) fail_msg("'%s': code %d '%s'", bad[i].text, rc, e.msg);
    vt_labels_clear(&l);
  }
  struct vt_labels l;
  struct vt_err e = {0};
  struct vt_buf deep = {0};
  vt_buf_adds(&deep, "{\"x\":");
  for (int i = 0; i < 5000; i++) vt_buf_addc(&deep, '[');
  assert_int_equal(read_labels(&l, "coco", file_of("c.json", deep.data), &(struct vt_labels_opts){0}, &e),
                   VT_ELIMIT);
  vt_labels_clear(&l);
  vt_buf_clear(&deep);
  assert_int_equal(read_labels(&l, "coco", "/nowhere.json", &(struct vt_labels_opts){0}, &e), VT_ENOENT);
  vt_labels_clear(&l);
}

static void test_coco_round_trip(void **state)
{
  const char *path = data_file("coco/instances_val2014_100.json");
  if (!path) skip();
  struct vt_labels a, b;
  struct vt_err e = {0};
  struct vt_losses lost = {0};
  char out[100];
  snprintf(out, sizeof out, "%s/out.json", folder);
  const struct vt_labels_opts o = {0};
  if (read_labels(&a, "coco", path, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(a.nimages, 100);
  assert_int_equal(a.n, 839);
  assert_int_equal(a.classes.n, 80);
  if (vt_format_find("coco", &e)->write(&a, out, &o, &lost, &e)) fail_msg("%s", e.msg);
  if (read_labels(&b, "coco", out, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(lost.n, 0);
  assert_int_equal(b.n, a.n);
  for (int64_t i = 0; i < a.n; i++) {
    const struct vt_instance *x = &a.v[i], *y = &b.v[i];
    assert_true(x->id == y->id && x->image == y->image && x->cls == y->cls && x->flags == y->flags);
    assert_true(x->shape == y->shape && x->area == y->area && !memcmp(&x->box, &y->box, sizeof x->box));
    same_masks(&a, i, &b, i);
  }
  vt_labels_clear(&a);
  vt_labels_clear(&b);
}

#define HEAD "ImageId,EncodedPixels,Height,Width,ClassId\n"

static void test_imaterialist(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  struct vt_mask m;
  file_of("label_descriptions.json",
          "{\"categories\":[{\"id\":6,\"name\":\"pants\"},{\"id\":2,\"name\":\"top\"}],"
          "\"attributes\":[{\"id\":1,\"name\":\"a\"},{\"id\":34,\"name\":\"b\"}]}");
  const char *path =
      file_of("m.csv", HEAD "a.jpg,1 3 9 2,4,5,6_1_34\r\n\na.jpg,2 1,4,5,2\nb.jpg,\"\",4.0,5.0,2\n");
  if (read_labels(&l, "imaterialist", path, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(l.n, 3);
  assert_int_equal(l.nimages, 2);
  assert_int_equal(l.v[0].line, 2);
  assert_int_equal(l.v[1].line, 4);
  assert_int_equal(l.v[0].nattrs, 2);
  assert_string_equal(l.attributes.v[l.attr[l.v[0].attrs + 1]].name, "b");
  assert_string_equal(l.classes.v[l.v[0].cls].name, "pants");
  assert_true(l.v[0].area == 5 && l.v[1].area == 1 && l.v[2].area == 0);
  assert_int_equal(vt_instance_mask(&l, &l.v[0], &m, &e), 0);
  assert_int_equal(m.width, 5);
  assert_int_equal(m.runs[1], 3);
  vt_mask_clear(&m);
  vt_labels_clear(&l);
}

/* 2020 and 2021: attributes in a column of their own; rows without any. */
static void test_imaterialist_2020(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  file_of("label_descriptions.json", "{\"categories\":[{\"id\":6},{\"id\":2}],"
                                     "\"attributes\":[{\"id\":115},{\"id\":136},{\"id\":0}]}");
  const char *path = file_of("m20.csv", "ImageId,EncodedPixels,Height,Width,ClassId,AttributesIds\n"
                                        "a,1 3,4,5,6,\"115,136\"\na,9 2,4,5,2,\na,12 2,4,5,2,0\n");
  if (read_labels(&l, "imaterialist", path, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_true(l.n == 3 && l.v[0].nattrs == 2 && l.v[1].nattrs == 0 && l.v[2].nattrs == 1);
  assert_int_equal(l.attributes.v[l.attr[l.v[0].attrs + 1]].id, 136);
  assert_int_equal(l.attributes.v[l.attr[l.v[2].attrs]].id, 0);
  vt_labels_clear(&l);
  static const char *const bad[][2] = {
      {"a,1 3,4,5,6,\"115;136\"", "comma"}, {"a,1 3,4,5,6,7", "id 7"}, {"a,1 3,4,5,6,x", "x"}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    char text[300];
    snprintf(text, sizeof text, "ImageId,EncodedPixels,Height,Width,ClassId,AttributesIds\n%s\n", bad[i][0]);
    int rc = read_labels(&l, "imaterialist", file_of("m20.csv", text), &(struct vt_labels_opts){0}, &e);
    if (!rc || !strstr(e.msg, bad[i][1]) || !strstr(e.msg, "line 2"))
      fail_msg("'%s': %d '%s'", bad[i][0], rc, e.msg);
    vt_labels_clear(&l);
  }
}

static void test_bad_imaterialist(void **state)
{
  static const struct {
    const char *row, *word;
  } bad[] = {
      {"a.jpg,1 3 2 2,4,5,6", "rise"},
      {"a.jpg,19 3,4,5,6", "4 = 20"},
      {"a.jpg,0 3,4,5,6", "EncodedPixels"},
      {"a.jpg,1,4,5,6", "missing"},
      {"a.jpg,1 -3,4,5,6", "missing"},
      {"a.jpg,1 3,4,0,6", "Width"},
      {"a.jpg,1 3,4,nan,6", "Width"},
      {"a.jpg,1 3,-4,5,6", "Height"},
      {"a.jpg,1 3,4,5,7", "category of id 7"},
      {"a.jpg,1 3,4,5,6_9", "id 9"},
      {"a.jpg,1 3,4,5,x", "ClassId"},
      {"a.jpg,1 3,4,5,6x", "ClassId"},
      {",1 3,4,5,6", "ImageId"},
      {"a.jpg,1 3,4,5", "4 fields"},
      {"g.jpg,1 3,5,4,6", "before"},
      {"a.jpg,1 3,4,99999999999999999999,6", "Width"},
      {"a\xff.jpg,1 3,4,5,y", "ClassId"},
  };
  file_of("label_descriptions.json", "{\"categories\":[{\"id\":6}],\"attributes\":[{\"id\":1}]}");
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    char text[1000];
    snprintf(text, sizeof text, HEAD "g.jpg,1 3,4,5,6\n%s\n", bad[i].row);
    const char *path = file_of("n.csv", text);
    for (int lenient = 0; lenient < 2; lenient++) {
      struct vt_labels l;
      struct vt_err e = {0};
      int rc = read_labels(&l, "imaterialist", path, &(struct vt_labels_opts){.lenient = lenient}, &e);
      if (lenient && (rc || l.n != 1 || l.skipped != 1 || !strstr(l.problems.v[0].text, bad[i].word)))
        fail_msg("'%s': lenient: %d %s", bad[i].row, rc, l.problems.n ? l.problems.v[0].text : e.msg);
      if (!lenient &&
          (!rc || !strstr(e.msg, "line 3") || (!strstr(e.msg, bad[i].word) && !strstr(e.msg, "UTF-8"))))
        fail_msg("'%s': code %d '%s'", bad[i].row, rc, e.msg);
      vt_labels_clear(&l);
    }
  }
  static const struct {
    const char *text, *word;
  } files[] = {{"", "empty"}, {"ImageId,Height\n", "EncodedPixels"}, {HEAD "a.jpg,\"1 3", "quoted"}};
  for (size_t i = 0; i < VT_COUNT(files); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    int rc =
        read_labels(&l, "imaterialist", file_of("n.csv", files[i].text), &(struct vt_labels_opts){0}, &e);
    if (!rc || !strstr(e.msg, files[i].word)) fail_msg("'%s': code %d '%s'", files[i].text, rc, e.msg);
    vt_labels_clear(&l);
  }
}

/* Lines: 2 and 3 one mask under two classes; 4 repeats 5; 6 of another size; 7 leaves the picture; 8 has
 * attributes; 9 is small; 10 is fine. */
static const char dirty[] =
    HEAD "a.jpg,1 60,10,20,6\na.jpg,1 60,10,20,2\na.jpg,61 55,10,20,6\na.jpg,61 55,10,20,6\n"
         "a.jpg,1 70,20,10,2\na.jpg,150 60,10,20,2\nb.jpg,1 60,10,20,6_1\nc.jpg,1 49,10,20,6\n"
         "c.jpg,1 50,10,20,6\n";

static void test_cleaning(void **state)
{
  static const struct {
    const char *steps;
    int rows[3], images[3], removed[3][4]; /* after each step */
  } cases[] = {
      {"size", {8}, {3}, {{6}}},
      {"attributes", {8}, {2}, {{8}}},
      {"min-area=50", {8}, {3}, {{9}}},
      {"min-area=51", {7}, {2}, {{9, 10}}},
      {"duplicates", {8}, {3}, {{5}}},
      {"two-classes", {7}, {3}, {{2, 3}}},
      {"rle-range", {8}, {3}, {{7}}},
      {"attributes,min-area,two-classes", {8, 7, 5}, {2, 2, 2}, {{8}, {9}, {2, 3}}},
      {"min-images=2,class=pants", {6, 0}, {3, 0}, {{3, 6, 7}, {2, 4, 5, 8}}},
  };
  file_of("label_descriptions.json",
          "{\"categories\":[{\"id\":6,\"name\":\"pants\"},{\"id\":2,\"name\":\"top\"}],"
          "\"attributes\":[{\"id\":1,\"name\":\"a\"}]}");
  struct vt_labels l;
  struct vt_err e = {0};
  const struct vt_labels_opts o = {.no_shapes = true, .keep_bad = true};
  if (read_labels(&l, "imaterialist", file_of("d.csv", dirty), &o, &e)) fail_msg("%s", e.msg);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_clean c;
    if (vt_clean_run(&c, &l, NULL, cases[i].steps, &e)) fail_msg("%s: %s", cases[i].steps, e.msg);
    for (int k = 0; k < c.nsteps; k++) {
      const struct vt_clean_step *s = &c.step[k];
      if (s->rows_after != cases[i].rows[k] || s->images_after != cases[i].images[k])
        fail_msg("%s, step %d: %lld rows, %lld images", cases[i].steps, k, (long long)s->rows_after,
                 (long long)s->images_after);
      assert_int_equal(s->rows_before - s->rows_after, s->n);
      for (int j = 0; j < s->n && j < 4; j++) {
        assert_int_equal(s->removed[j].line, cases[i].removed[k][j]);
        assert_true(*s->removed[j].reason);
      }
    }
    vt_clean_clear(&c);
  }
  static const char *const bad[] = {"",       "sizes", "min-area=x", "min-area=-1",
                                    "size=3", "class", "class=hat",  "min-instances"};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    struct vt_clean c;
    assert_int_equal(vt_clean_run(&c, &l, NULL, bad[i], &e), VT_EUSAGE);
    vt_clean_clear(&c);
  }
  vt_labels_clear(&l);
}

/* A drawn table of the published size's shape, a hundredth of it: the same shares go. */
static void test_drawn_rows(void **state)
{
  char path[100];
  struct vt_labels l;
  struct vt_clean c;
  struct vt_err e = {0};
  snprintf(path, sizeof path, "%s/drawn.csv", folder);
  if (vt_synth_rows(path, 3312, 452, 3, &e)) fail_msg("%s", e.msg);
  const struct vt_labels_opts o = {.no_shapes = true};
  if (read_labels(&l, "imaterialist", path, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(l.n, 3312);
  assert_int_equal(l.nimages, 452);
  if (vt_clean_run(&c, &l, NULL, "size,attributes,min-area=50,duplicates,two-classes,rle-range", &e))
    fail_msg("%s", e.msg);
  static const int gone[] = {0, 115, 34, 0, 10, 0}; /* 11499, 3376 and 1010 of 331213 */
  for (int k = 0; k < c.nsteps; k++) assert_int_equal(c.step[k].n, gone[k]);
  vt_clean_clear(&c);
  vt_labels_clear(&l);
}

/* Figures counted by hand; the page stands alone and escapes names. */
static void test_stats(void **state)
{
  struct vt_labels l;
  struct vt_label_stats s;
  struct vt_err e = {0};
  struct vt_buf b = {0};
  file_of("label_descriptions.json",
          "{\"categories\":[{\"id\":6,\"name\":\"<pants>\"},{\"id\":2,\"name\":\"top\"},"
          "{\"id\":3,\"name\":\"hat\"}],\"attributes\":[{\"id\":1,\"name\":\"a\"}]}");
  const char *path = file_of(
      "s.csv", HEAD "a.jpg,1 10,10,20,6_1\na.jpg,21 30,10,20,2\na.jpg,61 50,10,20,6\nb.jpg,1 20,30,40,6\n");
  if (read_labels(&l, "imaterialist", path, &(struct vt_labels_opts){.no_shapes = true}, &e))
    fail_msg("%s", e.msg);
  assert_int_equal(vt_label_stats(&s, &l, &e), 0);
  assert_true(s.rows == 4 && s.images == 2 && s.instances == 4 && s.classes == 2 && s.attributes == 1);
  assert_true(s.with_attributes == 1 && s.per_image[3] == 1 && s.per_image[1] == 1 &&
              s.attributes_per_image[1] == 1);
  assert_true(s.cls[0].instances == 3 && s.cls[0].images == 2 && s.cls[1].images == 1);
  assert_true(s.cls[0].area[0] == 10 && s.cls[0].area[2] == 20 && s.cls[0].area[4] == 50);
  assert_true(s.cls[0].area[1] == 15 &&
              s.cls[0].area[3] == 35); /* numpy.percentile([10, 20, 50], [25, 75]) */
  assert_true(s.together[1] == 1 && s.together[0] == 2 && s.together[2] == 0);
  assert_true(s.width[0] == 20 && s.width[4] == 40 && s.height[4] == 30);
  assert_true(s.width[1] == 25 && s.width[2] == 30 && s.width[3] == 35);
  vt_labels_report_html(&l, &s, "a & b", &(struct vt_buf){.data = (char[]){"JPEG!"}, .len = 5}, &b);
  assert_non_null(strstr(b.data, "&lt;pants&gt;"));
  assert_non_null(strstr(b.data, "a &amp; b"));
  assert_null(strstr(b.data, "<pants>"));
  assert_non_null(strstr(b.data, "3 in 2"));
  assert_true(strstr(b.data, "3 in 2") < strstr(b.data, "1 in 1")); /* the most frequent first */
  assert_null(strstr(b.data, "<b>hat</b>"));                        /* never occurs */
  assert_null(strstr(b.data, "http"));
  assert_null(strstr(b.data, "nan"));
  vt_buf_clear(&b);
  vt_label_stats_clear(&s);
  vt_labels_clear(&l);
}

/* The mosaic's size, the picture in its place, and a mask's tint in the middle of its instance. */
static void test_mosaic(void **state)
{
  struct vt_image im = {0}, out = {0};
  struct vt_labels l;
  struct vt_err e = {0};
  char root[100], path[200];
  snprintf(root, sizeof root, "%s/shown", folder);
  snprintf(path, sizeof path, "%s/a.png", root);
  assert_int_equal(vt_mkdirs(root, NULL), 0);
  assert_int_equal(vt_image_init(&im, 40, 20, 3, &e), 0);
  memset(im.px, 10, (size_t)im.stride * 20);
  assert_int_equal(vt_image_write(&im, path, 0, &e), 0);
  const char *labels =
      "{\"images\":[{\"id\":7,\"file_name\":\"a.png\",\"width\":40,\"height\":20}]," CATEGORIES
      ",\"annotations\":[{\"id\":1,\"image_id\":7,\"category_id\":3,"
      "\"segmentation\":[[20,0,40,0,40,20,20,20]]}]}";
  if (read_labels(&l, "coco", file_of("s.json", labels), &(struct vt_labels_opts){0}, &e))
    fail_msg("%s", e.msg);
  int operations = 0;
  while (vt_aug_ops[operations]) operations++;
  for (int each = 0; each < 2; each++) {
    const struct vt_mosaic_opts o = {
        .images = root, .n = 9, .columns = 2, .cell = 80, .each = each, .seed = 1};
    if (vt_mosaic(&out, &l, &o, &e)) fail_msg("%s", e.msg);
    assert_int_equal(out.width, 8 + (each ? 2 : 1) * 88); /* as wide as there are cells */
    assert_int_equal(out.height, 8 + (each ? (operations + 2) / 2 : 1) * 110);
    const uint8_t *left = out.px + 50 * out.stride + 3 * 20, *right = out.px + 50 * out.stride + 3 * 68;
    assert_true(left[0] == 10 && left[1] == 10 && left[2] == 10);
    assert_true(right[0] + right[1] + right[2] > (each ? 45 : 90)); /* a lighter tint beside augmentations */
    vt_image_clear(&out);
  }
  l.image[0].width = 41;
  const struct vt_mosaic_opts o = {.images = root, .n = 1, .columns = 1, .cell = 80};
  assert_int_equal(vt_mosaic(&out, &l, &o, &e), VT_EFORMAT);
  vt_labels_clear(&l);
  /* A picture that cannot be read has a cell that says so; where none can there is nothing to show. */
  const char *two =
      "{\"images\":[{\"id\":7,\"file_name\":\"a.png\",\"width\":40,\"height\":20},"
      "{\"id\":8,\"file_name\":\"b.png\",\"width\":40,\"height\":20}]," CATEGORIES ",\"annotations\":[]}";
  for (int there = 1; there >= 0; there--) {
    if (read_labels(&l, "coco", file_of("s.json", two), &(struct vt_labels_opts){0}, &e))
      fail_msg("%s", e.msg);
    const struct vt_mosaic_opts both = {
        .images = there ? root : folder, .n = 2, .columns = 2, .cell = 80, .problems = &l.problems};
    const int rc = vt_mosaic(&out, &l, &both, &e);
    assert_int_equal(rc, there ? 0 : VT_EFORMAT);
    assert_int_equal(l.problems.n, there ? 1 : 2);
    assert_non_null(strstr(l.problems.v[0].text, there ? "b.png: No such file" : "No such file"));
    int red = 0;
    for (int k = 0; there && k < out.width * out.height; k++) {
      const uint8_t *q = out.px + k / out.width * out.stride + (ptrdiff_t)3 * (k % out.width);
      red += q[0] > 150 && q[1] < 80;
    }
    assert_true(!there || red > 80);
    vt_image_clear(&out);
    vt_labels_clear(&l);
  }
  vt_image_clear(&im);
}

static int show_one(struct vt_buf *b, struct vt_err *e)
{
  struct vt_labels l;
  struct vt_image out = {0};
  const char *labels =
      "{\"images\":[{\"id\":7,\"file_name\":\"a.png\",\"width\":40,\"height\":20}]," CATEGORIES
      ",\"annotations\":[]}";
  char shown[100];
  snprintf(shown, sizeof shown, "%s/shown", folder);
  const struct vt_mosaic_opts o = {.images = shown, .n = 1, .columns = 1, .cell = 80};
  if (read_labels(&l, "coco", file_of("s.json", labels), &(struct vt_labels_opts){0}, e)) return 0;
  raise(SIGTERM);
  return vt_mosaic(&out, &l, &o, e);
}
static int time_one(struct vt_buf *b, struct vt_err *e)
{
  raise(SIGTERM);
  return vt_bench_augment(b, "flip", 16, 0, false, e);
}
static int time_loader(struct vt_buf *b, struct vt_err *e)
{
  char shown[100];
  snprintf(shown, sizeof shown, "%s/shown", folder);
  raise(SIGTERM);
  return vt_bench_loader(b, shown, 16, 1, false, e);
}
static int time_masks(struct vt_buf *b, struct vt_err *e)
{
  raise(SIGTERM);
  return vt_bench_masks(b, 1, false, e);
}

/* Asked to stop, they say so, and print no half of a table. */
static void test_interrupted(void **state)
{
  int (*const cases[])(struct vt_buf *, struct vt_err *) = {show_one, time_one, time_loader, time_masks};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const pid_t child = fork();
    if (!child) {
      struct vt_buf b = {0};
      struct vt_err e = {0};
      vt_interrupt_install();
      _exit(cases[i](&b, &e) != VT_EINTERRUPTED);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status) fail_msg("case %zu: status %d", i, status);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_coco_shapes),      cmocka_unit_test(test_bad_coco),
      cmocka_unit_test(test_bad_coco_files),   cmocka_unit_test(test_coco_round_trip),
      cmocka_unit_test(test_imaterialist),     cmocka_unit_test(test_imaterialist_2020),
      cmocka_unit_test(test_bad_imaterialist), cmocka_unit_test(test_cleaning),
      cmocka_unit_test(test_drawn_rows),       cmocka_unit_test(test_stats),
      cmocka_unit_test(test_mosaic),           cmocka_unit_test(test_interrupted),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
