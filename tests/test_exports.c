/* Sets as other tools leave them: what their exports add to a format or leave out, and the byte order mark
 * that editors put before a text. */
#include "label_case.h"

#define IMAGE      "{\"id\":1,\"width\":20,\"height\":10,\"file_name\":\"a.jpg\"}"
#define HAT        "{\"id\":1,\"name\":\"hat\",\"supercategory\":\"\"}"
#define ANNOTATION "\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":[1,1,4,3],\"area\":12"
#define SET(images, categories, annotations)                                                                 \
  "{\"images\":[" images "],\"categories\":[" categories "],\"annotations\":[{" annotations "}]}"
#define RING "[[1,1,5,1,5,4,1,4]]"

static void test_coco(void **state)
{
  static const struct {
    const char *tool, *text, *file; /* file: the picture's name */
    enum vt_shape_kind shape;
    const char *dropped[4]; /* and nothing else */
  } cases[] = {
      {"CVAT, boxes",
       SET("{\"id\":1,\"width\":20,\"height\":10,\"file_name\":\"a.jpg\",\"license\":0,"
           "\"flickr_url\":\"\",\"coco_url\":\"\",\"date_captured\":0}",
           HAT, ANNOTATION ",\"iscrowd\":0,\"segmentation\":[],\"attributes\":{\"occluded\":false}"),
       "a.jpg",
       VT_SHAPE_NONE,
       {"'license'", "'flickr_url'", "'date_captured'", "'attributes'"}},
      {"CVAT, masks without iscrowd",
       SET(IMAGE, HAT, ANNOTATION ",\"segmentation\":{\"counts\":[11,3,186],\"size\":[10,20]}"),
       "a.jpg",
       VT_SHAPE_RLE,
       {NULL}},
      {"Roboflow, a class of classes, ids from 0",
       SET("{\"id\":0,\"license\":1,\"file_name\":\"a_jpg.rf.1.jpg\",\"height\":10,\"width\":20,"
           "\"extra\":{\"name\":\"a.jpg\"}}",
           "{\"id\":0,\"name\":\"clothes\",\"supercategory\":\"none\"},"
           "{\"id\":1,\"name\":\"hat\",\"supercategory\":\"clothes\"}",
           "\"id\":0,\"image_id\":0,\"category_id\":1,\"bbox\":[1,1,4,3],\"area\":12,\"segmentation\":[]"),
       "a_jpg.rf.1.jpg",
       VT_SHAPE_NONE,
       {"'license'", "'extra'"}},
      {"Label Studio",
       SET("{\"width\":20,\"height\":10,\"id\":0,\"file_name\":\"images\\\\/a.jpg\"}",
           "{\"id\":0,\"name\":\"hat\"}",
           "\"id\":0,\"image_id\":0,\"category_id\":0,\"bbox\":[1,1,4,3],\"area\":12,"
           "\"ignore\":0,\"iscrowd\":0,\"segmentation\":[]"),
       "images\\/a.jpg",
       VT_SHAPE_NONE,
       {"'ignore'"}},
      {"LVIS: pictures have no name but an address",
       SET("{\"id\":1,\"width\":20,\"height\":10,\"coco_url\":\"http://x/train2017/1.jpg\","
           "\"neg_category_ids\":[1]}",
           "{\"id\":1,\"name\":\"hat\",\"synonyms\":[\"hat\"],\"frequency\":\"r\"}",
           ANNOTATION ",\"segmentation\":" RING),
       "1.jpg",
       VT_SHAPE_POLYGONS,
       {"'neg_category_ids'", "'synonyms'", "'frequency'"}},
      {"numbers with a point, null for a mask",
       SET("{\"id\":1.0,\"width\":20.0,\"height\":10.0,\"file_name\":\"a.jpg\"}", HAT,
           ANNOTATION ",\"segmentation\":null"),
       "a.jpg",
       VT_SHAPE_NONE,
       {NULL}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    put("coco/a.json", cases[i].text);
    if (read_labels(&l, "coco", in_folder("coco/a.json"), &(struct vt_labels_opts){0}, &e))
      fail_msg("%s: %s", cases[i].tool, e.msg);
    assert_true(l.n == 1 && l.nimages == 1 && l.skipped == 0);
    assert_string_equal(l.image[0].file, cases[i].file);
    assert_string_equal(l.classes.v[l.v[0].cls].name, "hat");
    assert_int_equal(l.v[0].shape, cases[i].shape);
    int n = 0;
    for (; n < 4 && cases[i].dropped[n]; n++)
      if (!lost_of(&l.dropped, cases[i].dropped[n])) fail_msg("%s: %s", cases[i].tool, cases[i].dropped[n]);
    assert_int_equal(l.dropped.n, n);
    vt_labels_clear(&l);
  }
}

/* What Python writes and JSON does not know: the message says where in a file of one line. */
static void test_not_a_number(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  put("coco/nan.json", SET(IMAGE, HAT, "\"id\":1,\"image_id\":1,\"category_id\":1,\"area\":NaN"));
  assert_int_equal(read_labels(&l, "coco", in_folder("coco/nan.json"), &(struct vt_labels_opts){0}, &e),
                   VT_EFORMAT);
  if (!strstr(e.msg, "nan.json: line 1, byte 1") || !strstr(e.msg, "\"area\":NaN")) fail_msg("%s", e.msg);
  vt_labels_clear(&l);
}

#define MARK "\xEF\xBB\xBF"

/* The mark is no part of the first name, number or element. */
static void test_marks(void **state)
{
  static const struct {
    const char *format, *set, *file[6], *cls; /* file: name and text in turn */
  } cases[] = {
      {"coco", "m/a.json", {"m/a.json", MARK SET(IMAGE, HAT, ANNOTATION)}, "hat"},
      {"csv-boxes", "m/b.csv", {"m/b.csv", MARK "path,label,x_1,y_1,x_2,y_2\na.jpg,hat,1,1,5,4\n"}, "hat"},
      {"imaterialist",
       "m/i/i.csv",
       {"m/i/i.csv", MARK "ImageId,EncodedPixels,Height,Width,ClassId\na.jpg,1 9,10,20,0\n",
        "m/i/label_descriptions.json",
        MARK "{\"categories\":[{\"id\":0,\"name\":\"hat\"}],\"attributes\":[]}"},
       "hat"},
      {"yolo", "m/y", {"m/y/classes.txt", MARK "hat\n", "m/y/a.txt", MARK "0 .5 .5 .5 .5\n"}, "hat"},
      {"yolo",
       "m/y2",
       {"m/y2/data.yaml", MARK "names: [hat]\ntrain: list.txt\n", "m/y2/list.txt", MARK "a.png\n",
        "m/y2/a.txt", MARK "0 .5 .5 .5 .5\n"},
       "hat"},
      {"voc",
       "m/v",
       {"m/v/Annotations/a.xml",
        MARK
        "<annotation><filename>a.png</filename><size><width>20</width><height>10</height></size>"
        "<object><name>hat</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>"
        "</object></annotation>",
        "m/v/ImageSets/Main/train.txt", MARK "a\n"},
       "hat"},
      {"street2shop",
       "m/s",
       {"m/s/train_pairs_hat.json",
        MARK "[{\"photo\":1,\"product\":20,\"bbox\":{\"width\":10,\"top\":2,\"height\":3,\"left\":4}}]",
        "m/s/photos.txt", MARK "000000001,http://x/1\n"},
       "hat"},
      {"shop-the-look",
       "m/t.json",
       {"m/t.json", MARK "{\"product\":\"p\",\"scene\":\"s\",\"bbox\":[0.1,0.2,0.3,0.4]}\n", "m/t-cat.json",
        MARK "{\"p\":\"hat\"}"},
       "hat"},
      {"deepfashion2",
       "m/d",
       {"m/d/annos/000001.json", MARK "{\"source\":\"user\",\"pair_id\":7,\"item1\":{\"category_id\":1,"
                                      "\"category_name\":\"hat\",\"bounding_box\":[1,2,11,9],\"style\":2}}"},
       "hat"},
  };
  put_picture("m/y/a.png");
  put_picture("m/y2/a.png");
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    const char *format = cases[i].format;
    for (int k = 0; k < 6 && cases[i].file[k]; k += 2) put(cases[i].file[k], cases[i].file[k + 1]);
    if (read_labels(&l, format, in_folder(cases[i].set), &(struct vt_labels_opts){0}, &e))
      fail_msg("%s: %s", cases[i].set, e.msg);
    assert_true(l.n >= 1 && l.skipped == 0 && l.classes.n == 1);
    assert_string_equal(l.classes.v[0].name, cases[i].cls);
    if (strstr(cases[i].set, "y2") || !strcmp(format, "voc"))
      assert_int_equal(l.image[0].split, VT_SPLIT_TRAIN);
    vt_labels_clear(&l);
  }
}

static void test_marked_addresses(void **state)
{
  static const struct {
    const char *text, *id;
  } cases[] = {
      {MARK "http://a/1\n", NULL}, {MARK "7,http://a/1\n", "7"}, {MARK "id,url\n7,http://a/1\n", "7"}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_fetch_list l = {0};
    struct vt_err e = {0};
    put("m/list", cases[i].text);
    if (vt_fetch_list_read(&l, in_folder("m/list"), &(struct vt_fetch_list_opts){0}, &e))
      fail_msg("%s", e.msg);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.item[0].url, "http://a/1");
    if (cases[i].id) assert_string_equal(l.item[0].id, cases[i].id);
    vt_fetch_list_clear(&l);
  }
}

/* Texts that cannot be read for their encoding say so by name. */
static void test_utf16(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  put_picture("u/a.png");
  put("u/a.txt", "0 .5 .5 .5 .5\n");
  put("u/classes.txt", "\xFF\xFEh");
  assert_int_equal(read_labels(&l, "yolo", in_folder("u"), &(struct vt_labels_opts){0}, &e), VT_EFORMAT);
  if (!strstr(e.msg, "classes.txt: text is UTF-16")) fail_msg("%s", e.msg);
  vt_labels_clear(&l);
  put("u/classes.txt", "hat\n");
  put("u/b.txt", "\xFE\xFFh");
  put_picture("u/b.png");
  if (read_labels(&l, "yolo", in_folder("u"), &(struct vt_labels_opts){.lenient = true}, &e))
    fail_msg("%s", e.msg);
  assert_true(l.n == 1 && l.nimages == 1 && l.lost == 1 && l.skipped == 1 &&
              strstr(l.problems.v[0].text, "b.txt: text is UTF-16"));
  vt_labels_clear(&l);
}

/* A picture that cannot be read is told once, whether it has a text or not. */
static void test_told_once(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  put_picture("once/images/a.png");
  put("once/images/b.png", "no picture");
  put("once/images/c.png", "no picture");
  put("once/labels/a.txt", "0 .5 .5 .5 .5\n");
  put("once/labels/b.txt", "0 .5 .5 .5 .5\n");
  if (read_labels(&l, "yolo", in_folder("once"), &(struct vt_labels_opts){.lenient = true}, &e))
    fail_msg("%s", e.msg);
  assert_true(l.n == 1 && l.nimages == 1 && l.problems.n == 2);
  assert_true(strstr(l.problems.v[0].text, "b.png") && strstr(l.problems.v[1].text, "c.png"));
  vt_labels_clear(&l);
}

#define VOC(name)                                                                                            \
  "<annotation><filename>" name "</filename><size><width>20</width><height>10</height></size></annotation>"
/* Pascal VOC: names of files that are no more, and of pictures that have no text. */
static void test_voc_names(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  char images[300];
  put_picture("voc/JPEGImages/a.png");
  put_picture("voc/JPEGImages/b.png");
  put("voc/Annotations/a.xml", VOC("IMG_1.jpg"));
  put("voc/Annotations/b.xml", VOC("b.PNG"));
  put("voc/Annotations/c.xml", VOC("c.jpg"));
  put("voc/ImageSets/Main/train.txt", "a\nx\ny\n");
  put("voc/ImageSets/Main/val.txt", "b\n");
  snprintf(images, sizeof images, "%s", in_folder("voc/JPEGImages"));
  static const char *const names[2][3] = {{"IMG_1.jpg", "b.PNG", "c.jpg"}, {"a.png", "b.PNG", "c.jpg"}};
  for (int with = 0; with < 2; with++) {
    const struct vt_labels_opts o = {.images = with ? images : NULL};
    if (read_labels(&l, "voc", in_folder("voc"), &o, &e)) fail_msg("%s", e.msg);
    assert_int_equal(l.nimages, 3);
    for (int k = 0; k < 3; k++) assert_string_equal(l.image[k].file, names[with][k]);
    assert_true(l.image[0].split == VT_SPLIT_TRAIN && l.image[1].split == VT_SPLIT_VAL);
    assert_int_equal(lost_of(&l.dropped, "names in lists"), 2);
    assert_int_equal(lost_of(&l.dropped, "<filename>"), with);
    vt_labels_clear(&l);
  }
}

/* Tables without boxes, and with what pandas writes for no value: the thing fills its picture. */
static void test_no_boxes(void **state)
{
  static const char *const tables[] = {
      "path,label,split,is_query,is_gallery\na.png,hat,validation,True,False\nb.png,bag,train,,\n",
      "path,label,split,is_query,is_gallery,category,x_1,y_1,x_2,y_2\n"
      "a.png,hat,validation,1.0,0.0,nan,,,,\nb.png,bag,train,nan,None,,nan,nan,nan,nan\n",
  };
  char images[300], *text;
  size_t n;
  put_picture("whole/a.png");
  put_picture("whole/b.png");
  snprintf(images, sizeof images, "%s", in_folder("whole"));
  for (size_t i = 0; i < VT_COUNT(tables); i++)
    for (int with = 0; with < 2; with++) {
      struct vt_labels l;
      struct vt_losses lost = {0};
      struct vt_err e = {0};
      put("whole/t.csv", tables[i]);
      const struct vt_labels_opts o = {.images = with ? images : NULL};
      if (read_labels(&l, "csv-boxes", in_folder("whole/t.csv"), &o, &e)) fail_msg("%s", e.msg);
      assert_true(l.n == 2 && l.v[0].nattrs == 1 && l.v[1].nattrs == 0 && l.image[0].split == VT_SPLIT_VAL);
      assert_true(with ? l.v[0].box.w == 20 && l.v[0].area == 200 : l.v[0].box.w < 0 && l.v[0].area < 0);
      if (vt_format_find("csv-boxes", &e)->write(&l, in_folder("whole/out.csv"), &o, &lost, &e))
        fail_msg("%s", e.msg);
      assert_int_equal(vt_file_read(in_folder("whole/out.csv"), 1 << 20, &text, &n, &e), 0);
      assert_non_null(strstr(text, with ? "\na.png,hat,val,1,0,,0,0,20,10\n" : "\na.png,hat,val,1,0,,,,,\n"));
      vt_free(text);
      vt_labels_clear(&l);
    }
}

/* A shop's photo is named as it ends where it lies. */
static void test_endings(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  put_picture("s2s/photos/000000001.png");
  put("s2s/retrieval_hat.json", "[{\"photo\":1,\"product\":20},{\"photo\":3,\"product\":20}]");
  for (int listed = 0; listed < 2; listed++) {
    char photos[300];
    snprintf(photos, sizeof photos, "%s", in_folder("s2s/photos"));
    if (listed) put("s2s/photos.txt", "1,http://x/1\n3,http://x/3\n");
    const struct vt_labels_opts o = {.images = photos, .lenient = true};
    if (read_labels(&l, "street2shop", in_folder("s2s"), &o, &e)) fail_msg("%s", e.msg);
    assert_true(l.n == 1 && l.skipped == 1 && strstr(l.problems.v[0].text, "000000003.jpg"));
    assert_string_equal(l.image[0].file, "000000001.png");
    assert_int_equal(l.image[0].width, 20);
    vt_labels_clear(&l);
  }
}

/* Label maps beside photos of another kind, in folders of splits, as ADE20K has them. */
static void test_maps(void **state)
{
  struct vt_labels l;
  struct vt_image map;
  struct vt_err e = {0};
  assert_int_equal(vt_image_init(&map, 20, 10, 1, &e), 0);
  map.px[3] = 7;
  put("maps/annotations/training/a.png", "");
  assert_int_equal(vt_image_write(&map, in_folder("maps/annotations/training/a.png"), 0, &e), 0);
  put("maps/annotations/b.png", "");
  assert_int_equal(vt_image_write(&map, in_folder("maps/annotations/b.png"), 0, &e), 0);
  vt_image_clear(&map);
  put("maps/images/training/a.jpg", "");
  for (int with = 0; with < 2; with++) {
    char images[300];
    snprintf(images, sizeof images, "%s", in_folder("maps/images"));
    const struct vt_labels_opts o = {.images = with ? images : NULL};
    if (read_labels(&l, "label-maps", in_folder("maps/annotations"), &o, &e)) fail_msg("%s", e.msg);
    assert_true(l.n == 2 && l.nimages == 2);
    const int32_t a = vt_labels_find_image(&l, with ? "training/a.jpg" : "training/a.png");
    assert_true(a >= 0 && l.image[a].split == VT_SPLIT_TRAIN && vt_labels_find_image(&l, "b.png") >= 0);
    vt_labels_clear(&l);
  }
}

/* A picture that cannot be read takes all its rows with it, the second like the first. */
static void test_unreadable(void **state)
{
  static const struct {
    const char *format, *name, *text;
    int kept, skipped;
  } cases[] = {
      {"csv-boxes", "t.csv",
       "path,label,x_1,y_1,x_2,y_2\nbad.jpg,hat,1,1,2,2\nbad.jpg,hat,2,2,4,4\n"
       "good.jpg,hat,1,1,2,2\n",
       1, 2},
      {"pairs", "p.csv",
       "street,shop,kind,x_1,y_1,x_2,y_2\nbad.jpg,good.jpg,hat,1,1,2,2\n"
       "bad.jpg,good.jpg,hat,2,2,4,4\ngood.jpg,good.jpg,hat,1,1,2,2\n",
       2, 2},
      {"shop-the-look", "s.json",
       "{\"product\":\"good\",\"scene\":\"bad\",\"bbox\":[0,0,1,1]}\n"
       "{\"product\":\"good\",\"scene\":\"bad\",\"bbox\":[0,0,0.5,1]}\n"
       "{\"product\":\"good\",\"scene\":\"good\",\"bbox\":[0,0,0.5,1]}\n",
       2, 2},
  };
  char images[300];
  put_picture("unreadable/good.png");
  snprintf(images, sizeof images, "%s", in_folder("unreadable/good.png"));
  assert_int_equal(rename(images, in_folder("unreadable/good.jpg")), 0);
  put("unreadable/bad.jpg", "no picture");
  snprintf(images, sizeof images, "%s", in_folder("unreadable"));
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_labels_opts o = {.images = images, .lenient = true};
    struct vt_labels l;
    struct vt_err e = {0};
    put(cases[i].name, cases[i].text);
    if (read_labels(&l, cases[i].format, in_folder(cases[i].name), &o, &e)) fail_msg("%s", e.msg);
    if (l.n != cases[i].kept || l.skipped != cases[i].skipped || !strstr(l.problems.v[1].text, "bad.jpg"))
      fail_msg("%s: %lld kept, %lld left out", cases[i].format, (long long)l.n, (long long)l.skipped);
    vt_labels_clear(&l);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_coco),       cmocka_unit_test(test_not_a_number),
      cmocka_unit_test(test_marks),      cmocka_unit_test(test_marked_addresses),
      cmocka_unit_test(test_utf16),      cmocka_unit_test(test_told_once),
      cmocka_unit_test(test_voc_names),  cmocka_unit_test(test_no_boxes),
      cmocka_unit_test(test_endings),    cmocka_unit_test(test_maps),
      cmocka_unit_test(test_unreadable),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
