/* Conversions between formats: what is kept to the pixel, what is said to be lost; YOLO, VOC, CSV and class
 * folders read and refused. */
#include "label_case.h"
#include "image/image.h"

#include <signal.h>
#include <sys/wait.h>

#define CATEGORIES "\"categories\":[{\"id\":3,\"name\":\"hat\",\"supercategory\":\"head\"}]"
#define HEAD       "ImageId,EncodedPixels,Height,Width,ClassId\n"

/* imaterialist -> coco -> label maps -> imaterialist: the last file is the first one. */
static void test_round_trip(void **state)
{
  const char *path = data_file("imaterialist/ccp_val.csv");
  if (!path) skip();
  static const char *const way[] = {"imaterialist", "coco", "label-maps", "imaterialist"};
  char name[4][1024];
  snprintf(name[0], sizeof name[0], "%s", path);
  snprintf(name[1], sizeof name[1], "%s/way.json", folder);
  snprintf(name[2], sizeof name[2], "%s/way", folder);
  snprintf(name[3], sizeof name[3], "%s/way.csv", folder);
  struct vt_err e = {0};
  /* a description of other classes that lies there already is not written under the table */
  struct vt_labels first;
  file_of("label_descriptions.json", "{\"categories\":[{\"id\":6,\"name\":\"pants\"}]}");
  if (read_labels(&first, "imaterialist", path, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_format_find("imaterialist", &e)
                       ->write(&first, name[3], &(struct vt_labels_opts){0}, &(struct vt_losses){0}, &e),
                   VT_ESTATE);
  vt_labels_clear(&first);
  unlink(strcat(strcpy(name[2], folder), "/label_descriptions.json"));
  snprintf(name[2], sizeof name[2], "%s/way", folder);
  for (int k = 0; k < 3; k++) {
    struct vt_labels l;
    struct vt_losses lost = {0};
    if (read_labels(&l, way[k], name[k], &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
    if (vt_format_find(way[k + 1], &e)->write(&l, name[k + 1], &(struct vt_labels_opts){0}, &lost, &e))
      fail_msg("%s", e.msg);
    assert_int_equal(l.n, 776);
    for (int i = 0; i < lost.n; i++) fail_msg("%s: lost %s", way[k + 1], lost.v[i].what);
    vt_labels_clear(&l);
  }
  char *a, *b;
  size_t na, nb;
  assert_int_equal(vt_file_read(name[0], 1 << 28, &a, &na, &e), 0);
  assert_int_equal(vt_file_read(name[3], 1 << 28, &b, &nb, &e), 0);
  assert_int_equal(na, nb);
  assert_memory_equal(a, b, na);
  vt_free(a);
  vt_free(b);
}

static void test_csv_boxes(void **state)
{
#define BOXES "path,label,split,is_query,is_gallery,category,x_1,y_1,x_2,y_2\n"
  static const char good[] =
      BOXES "a/b.jpg,p1,train,1,0,tops,1,2,5,10\na/b.jpg,p2,train,0,0,bags,0.5,0,5,1\n";
  static const struct {
    const char *row, *word;
  } bad[] = {{"a.jpg,p1,train,1,0,tops,1,2,0,10", "before"},
             {"a.jpg,p1,train,1,0,tops,1,x,5,10", "y_1"},
             {"a.jpg,p1,dev,1,0,tops,1,2,5,10", "split"},
             {",p1,train,1,0,tops,1,2,5,10", "path"},
             {"a/b.jpg,p1,val,1,0,tops,1,2,5,10", "two splits"},
             {"a.jpg,p1,train,1,0,tops,1,2,inf,10", "x_2"},
             {"a.jpg,p1,train,1,0,tops,1,2,,10", "x_2"},
             {"a.jpg,p1,train,yes,0,tops,1,2,5,10", "is_query"},
             {"a.jpg,p1,train", "fields"}};
  struct vt_labels l;
  struct vt_err e = {0};
  struct vt_losses lost = {0};
  char *text, out[100];
  size_t n;
  snprintf(out, sizeof out, "%s/boxes-out.csv", folder);
  if (read_labels(&l, "csv-boxes", file_of("boxes.csv", good), &(struct vt_labels_opts){0}, &e))
    fail_msg("%s", e.msg);
  assert_true(l.n == 2 && l.nimages == 1 && l.v[0].area == 32 && l.v[0].nattrs == 1);
  if (vt_format_find("csv-boxes", &e)->write(&l, out, &(struct vt_labels_opts){0}, &lost, &e))
    fail_msg("%s", e.msg);
  assert_int_equal(vt_file_read(out, 1 << 20, &text, &n, &e), 0);
  assert_string_equal(text, good);
  vt_free(text);
  vt_labels_clear(&l);
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    char rows[600];
    snprintf(rows, sizeof rows, "%s%s\n", good, bad[i].row);
    int rc = read_labels(&l, "csv-boxes", file_of("boxes.csv", rows), &(struct vt_labels_opts){0}, &e);
    if (!rc || !strstr(e.msg, bad[i].word) || !strstr(e.msg, "line 4"))
      fail_msg("'%s': %d '%s'", bad[i].row, rc, e.msg);
    vt_labels_clear(&l);
  }
}

/* Label maps of other origin, class folders: values and folder names are classes. */
static void test_folders(void **state)
{
  struct vt_image im = {0};
  struct vt_labels l;
  struct vt_err e = {0};
  char root[100], path[200];
  assert_int_equal(vt_image_init(&im, 6, 4, 1, &e), 0);
  for (int k = 0; k < 5; k++) im.px[k] = (uint8_t)(k < 2 ? 3 : 7);
  snprintf(root, sizeof root, "%s/set", folder);
  snprintf(path, sizeof path, "%s/train/hat", root);
  assert_int_equal(vt_mkdirs(path, NULL), 0);
  snprintf(path, sizeof path, "%s/train/hat/a.png", root);
  assert_int_equal(vt_image_write(&im, path, 0, &e), 0);
  if (read_labels(&l, "folders", root, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_true(l.n == 1 && l.classes.n == 1 && l.image[0].split == VT_SPLIT_TRAIN && l.v[0].area == 24);
  assert_string_equal(l.classes.v[0].name, "hat");
  vt_labels_clear(&l);
  if (read_labels(&l, "label-maps", root, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_true(l.n == 2 && l.v[0].area == 2 && l.v[1].area == 3);
  assert_string_equal(l.classes.v[1].name, "7");
  vt_labels_clear(&l);
  put("set/train/hat/c.bmp", "BM");
  put("set/train/hat/.hidden", "");
  if (read_labels(&l, "folders", root, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(lost_of(&l.dropped, "files that do not end"), 1);
  vt_labels_clear(&l);
  snprintf(path, sizeof path, "%s/train/hat/b.png", root);
  assert_int_equal(vt_file_write_atomic(path, "no picture", 10, &e), 0);
  for (int k = 0; k < 2; k++) {
    const char *format = k ? "label-maps" : "folders";
    assert_true(read_labels(&l, format, root, &(struct vt_labels_opts){0}, &e) && strstr(e.msg, "b.png"));
    vt_labels_clear(&l);
    assert_int_equal(read_labels(&l, format, root, &(struct vt_labels_opts){.lenient = true}, &e), 0);
    assert_int_equal(l.skipped, 1);
    vt_labels_clear(&l);
  }
  vt_image_clear(&im);
}

/* Names of pictures without endings, as iMaterialist of 2020 has them: they are found, and become class
 * folders. */
static void test_no_ending(void **state)
{
  static const char *const found[][2] = {{"a", "a.png"},           {"a.png", "a.png"},
                                         {"b.v2", "b.v2.JPG"},     {"plain", "plain"},
                                         {"gone", "gone"},         {"a.PNG", "a.png"},
                                         {"b.v2.jpg", "b.v2.JPG"}, {"sub\\..\\a.png", "sub/../a.png"},
                                         {".\\a", "./a.png"},      {"no\\a.png", "no\\a.png"}};
  static const struct {
    const char *name, *fault; /* NULL: it becomes train/hat/NAME.png */
  } cases[] = {{"a", NULL}, {"plain", "plain: does not end as"}, {"gone", "gone"}};
  struct vt_image im = {0};
  struct vt_labels l;
  struct vt_err e = {0};
  char root[100], out[100], path[200];
  char *png;
  size_t n;
  snprintf(root, sizeof root, "%s/photos", folder);
  snprintf(out, sizeof out, "%s/classes", folder);
  snprintf(path, sizeof path, "%s/sub", root);
  assert_int_equal(vt_mkdirs(path, NULL), 0);
  assert_int_equal(vt_image_init(&im, 6, 4, 1, &e), 0);
  snprintf(path, sizeof path, "%s/a.png", root);
  assert_int_equal(vt_image_write(&im, path, 0, &e), 0);
  vt_image_clear(&im);
  assert_int_equal(vt_file_read(path, 1 << 20, &png, &n, &e), 0);
  for (int k = 2; k < 4; k++) {
    snprintf(path, sizeof path, "%s/%s", root, found[k][1]);
    assert_int_equal(vt_file_write_atomic(path, png, n, &e), 0);
  }
  vt_free(png);
  for (size_t i = 0; i < VT_COUNT(found); i++) {
    char *at = vt_picture_find(root, found[i][0]);
    snprintf(path, sizeof path, "%s/%s", root, found[i][1]);
    assert_string_equal(at, path);
    vt_free(at);
  }
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_losses lost = {0};
    char rows[200];
    snprintf(rows, sizeof rows, "path,label,split,x_1,y_1,x_2,y_2\n%s,hat,train,1,1,3,3\n", cases[i].name);
    if (read_labels(&l, "csv-boxes", file_of("bare.csv", rows), &(struct vt_labels_opts){0}, &e))
      fail_msg("%s", e.msg);
    int rc =
        vt_format_find("folders", &e)->write(&l, out, &(struct vt_labels_opts){.images = root}, &lost, &e);
    vt_labels_clear(&l);
    if (cases[i].fault) {
      if (!rc || !strstr(e.msg, cases[i].fault)) fail_msg("%s: %d '%s'", cases[i].name, rc, e.msg);
      continue;
    }
    if (rc || read_labels(&l, "folders", out, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
    assert_int_equal(l.nimages, 1);
    assert_string_equal(l.image[0].file, "train/hat/a.png");
    vt_labels_clear(&l);
  }
}

/* Attributes, crowds, splits and polygons come back from label maps and json. */
static void test_nothing_lost(void **state)
{
  static const char text[] =
      "{\"images\":[{\"id\":7,\"file_name\":\"x/a.jpg\",\"width\":20,\"height\":10,\"split\":\"val\"},"
      "{\"id\":9,\"file_name\":\"b.jpg\",\"width\":5,\"height\":5}]," CATEGORIES
      ",\"attributes\":[{\"id\":4,\"name\":\"red\"},{\"id\":6,\"name\":\"long\"}],\"annotations\":["
      "{\"id\":11,\"image_id\":7,\"category_id\":3,\"segmentation\":[[0,0,9,0,9,9],[12,1,15,1,15,4,12,4]],"
      "\"attribute_ids\":[6,4]},{\"id\":12,\"image_id\":7,\"category_id\":3,\"iscrowd\":1,"
      "\"segmentation\":{\"size\":[10,20],\"counts\":[170,5,25]}}]}";
  char root[100];
  snprintf(root, sizeof root, "%s/kept", folder);
  struct vt_labels a, b;
  struct vt_err e = {0};
  struct vt_losses lost = {0};
  if (read_labels(&a, "coco", file_of("k.json", text), &(struct vt_labels_opts){0}, &e))
    fail_msg("%s", e.msg);
  if (vt_format_find("label-maps", &e)->write(&a, root, &(struct vt_labels_opts){0}, &lost, &e))
    fail_msg("%s", e.msg);
  if (read_labels(&b, "label-maps", root, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(lost.n, 1); /* the triangle and the square are pixels now */
  assert_int_equal(lost_of(&lost, "polygons"), 1);
  assert_true(b.n == 2 && b.nimages == 2 && b.image[0].split == VT_SPLIT_VAL &&
              b.image[1].split == VT_SPLIT_NONE);
  assert_true(b.v[0].id == 11 && b.v[1].id == 12 && b.v[1].flags == VT_CROWD && b.v[0].nattrs == 2);
  assert_string_equal(b.attributes.v[b.attr[b.v[0].attrs]].name, "long");
  assert_string_equal(b.image[0].file, "x/a.jpg");
  for (int64_t i = 0; i < 2; i++) same_masks(&a, i, &b, i);
  vt_labels_clear(&a);
  vt_labels_clear(&b);
}

#define OBJECT(name, box)   "<object><name>" name "</name><bndbox>" box "</bndbox></object>"
#define CORNERS(a, b, c, d) "<xmin>" a "</xmin><ymin>" b "</ymin><xmax>" c "</xmax><ymax>" d "</ymax>"
#define VOC(rest)                                                                                            \
  "<annotation>\n<filename>x.jpg</filename><size><width>20</width><height>10</height></size>" rest           \
  "</annotation>"

static void test_voc(void **state)
{
  static const struct {
    const char *text, *word; /* word NULL: good */
  } cases[] = {
      {VOC(OBJECT("hat", CORNERS("1", "1", "20", "10"))), NULL},
      {VOC(OBJECT(" hat ", CORNERS("1.5", "2", "5", "10"))), NULL},
      {VOC(), NULL},
      {VOC(OBJECT("hat", CORNERS("1", "1", "20", "x"))), "ymax"},
      {VOC(OBJECT("hat", CORNERS("1", "1", "nan", "9"))), "xmax"},
      {VOC(OBJECT("hat", CORNERS("9", "1", "2", "9"))), "before"},
      {VOC(OBJECT("hat", CORNERS("21", "1", "30", "9"))), "outside"},
      {VOC(OBJECT("", CORNERS("1", "1", "2", "9"))), "<name>"},
      {VOC("<object><name>hat</name></object>"), "bndbox"},
      {"<annotation><size><width>0</width><height>4</height></size></annotation>", "size"},
      {"<annotation></annotation>", "width"},
      {"<set></set>", "annotation"},
      {"<annotation>", "line"},
      {"", "line"},
      {"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" VOC(
           OBJECT("&x;", CORNERS("1", "1", "2", "2"))),
       "<name>"},
  };
  char root[100];
  snprintf(root, sizeof root, "%s/voc", folder);
  put("voc/ImageSets/Main/val.txt", "aa\na\n");
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    put("voc/Annotations/a.xml", cases[i].text);
    int rc = read_labels(&l, "voc", root, &(struct vt_labels_opts){0}, &e);
    if (cases[i].word ? !rc || !strstr(e.msg, cases[i].word) || !strstr(e.msg, "a.xml") : rc)
      fail_msg("'%s': code %d '%s'", cases[i].text, rc, e.msg);
    if (!rc) assert_true(l.nimages == 1 && l.image[0].split == VT_SPLIT_VAL);
    if (!i) assert_true(l.v[0].box.x == 0 && l.v[0].box.w == 20 && l.v[0].area == 200);
    vt_labels_clear(&l);
    if (!cases[i].word) continue;
    assert_int_equal(read_labels(&l, "voc", root, &(struct vt_labels_opts){.lenient = true}, &e), 0);
    assert_int_equal(l.skipped, 1);
    vt_labels_clear(&l);
  }
}

/* Boxes, crowds and splits come back; masks are said to be dropped. */
/* Texts beside pictures, and splits that only folders say. */
static void test_voc_folders(void **state)
{
#define XML(file)                                                                                            \
  "<annotation><filename>" file                                                                              \
  "</filename><size><width>5</width><height>4</height></size><object><name>hat</name>"                       \
  "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>4</ymax></bndbox></object></annotation>"
  static const struct {
    const char *text, *xml, *root, *file;
    int split;
  } cases[] = {
      {"voc3/a.xml", XML("a.jpg"), "voc3", "a.jpg", VT_SPLIT_NONE},
      {"voc4/train/a.xml", XML("a.jpg"), "voc4", "train/a.jpg", VT_SPLIT_TRAIN},
      {"voc5/valid/a.xml", XML(""), "voc5", "valid/a.jpg", VT_SPLIT_VAL},
      {"voc6/test/a.xml", XML("b/a.jpg"), "voc6", "b/a.jpg", VT_SPLIT_TEST},
      {"voc8/e.xml", XML("a.jpg"), "voc8", "a.jpg", VT_SPLIT_NONE}, /* its name begins a message, too */
      {"voc7/Annotations/val/a.xml", XML("a.jpg"), "voc7", "a.jpg", VT_SPLIT_VAL},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    char root[100];
    put(cases[i].text, cases[i].xml);
    snprintf(root, sizeof root, "%s/%s", folder, cases[i].root);
    if (read_labels(&l, "voc", root, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
    assert_true(l.n == 1 && l.nimages == 1);
    assert_string_equal(l.image[0].file, cases[i].file);
    assert_int_equal(l.image[0].split, cases[i].split);
    vt_labels_clear(&l);
    put(cases[i].text, "<other/>");
    if (!read_labels(&l, "voc", root, &(struct vt_labels_opts){0}, &e) || !strstr(e.msg, ".xml: expected"))
      fail_msg("%s: '%s'", cases[i].text, e.msg);
    vt_labels_clear(&l);
    put(cases[i].text, "<annotation>");
    if (!read_labels(&l, "voc", root, &(struct vt_labels_opts){0}, &e) || !strstr(e.msg, ".xml: line 1"))
      fail_msg("%s: '%s'", cases[i].text, e.msg);
    vt_labels_clear(&l);
  }
}

static void test_voc_round_trip(void **state)
{
  const char *path = data_file("coco/instances_val2014_100.json");
  if (!path) skip();
  struct vt_labels a, b;
  struct vt_err e = {0};
  struct vt_losses lost = {0};
  char root[100];
  snprintf(root, sizeof root, "%s/voc2", folder);
  if (read_labels(&a, "coco", path, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  for (int32_t k = 0; k < a.nimages; k++) a.image[k].split = (uint8_t)(k % 4);
  if (vt_format_find("voc", &e)->write(&a, root, &(struct vt_labels_opts){0}, &lost, &e))
    fail_msg("%s", e.msg);
  assert_true(lost_of(&lost, "urls") == 100 && lost_of(&lost, "masks") == a.n);
  assert_true(lost_of(&lost, "ids of instances") == a.n && lost_of(&lost, "ids of classes") == 69);
  assert_int_equal(lost_of(&lost, "classes without instances"), 10);
  if (read_labels(&b, "voc", root, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  assert_int_equal(b.n, a.n);
  int64_t *order = vt_labels_by_image(&a, &e);
  for (int64_t i = 0; i < a.n;
       i++) { /* files are read by name: find the picture, then its instances in order */
    const struct vt_instance *x = &a.v[order[i]];
    int32_t p = vt_labels_find_image(&b, a.image[x->image].file);
    assert_true(p >= 0);
    assert_int_equal(b.image[p].split, a.image[x->image].split);
    int64_t nth = 0, k = 0;
    for (int64_t j = i; j > 0 && a.v[order[j - 1]].image == x->image; j--) nth++;
    while (b.v[k].image != p || nth--) k++;
    const struct vt_instance *y = &b.v[k];
    assert_true(fabs(x->box.x - y->box.x) < 1e-9 && fabs(x->box.w - y->box.w) < 1e-9 && x->flags == y->flags);
    assert_string_equal(a.classes.v[x->cls].name, b.classes.v[y->cls].name);
  }
  vt_free(order);
  vt_labels_clear(&a);
  vt_labels_clear(&b);
}

/* Asked to stop, reading and writing do, and a file that was there stays. */
static void test_interrupted(void **state)
{
  static const struct {
    const char *format, *name;
    bool is_file;
  } cases[] = {{"coco", "i.json", true},        {"fashionpedia", "f.json", true},
               {"imaterialist", "i.csv", true}, {"csv-boxes", "b.csv", true},
               {"pairs", "p.csv", true},        {"shop-the-look", "l.json", true},
               {"yolo", "iy", false},           {"voc", "iv", false},
               {"label-maps", "im", false},     {"deepfashion2", "id", false},
               {"street2shop", "is", false}};
  static const char json[] =
      "{\"images\":[{\"id\":1,\"file_name\":\"000000001.jpg\",\"width\":9,\"height\":8},{\"id\":2,"
      "\"file_name\":\"000000002.jpg\",\"width\":9,\"height\":8}],\"categories\":[{\"id\":1,\"name\":\"hat\"}"
      "],"
      "\"attributes\":[],\"annotations\":["
      "{\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":[1,1,4,4],\"vitrine_product\":\"p\",\"vitrine_"
      "source\":\"street\"},"
      "{\"id\":2,\"image_id\":2,\"category_id\":1,\"bbox\":[1,1,4,4],\"vitrine_product\":\"p\",\"vitrine_"
      "source\":\"shop\"}]}";
  struct vt_labels l;
  struct vt_err e = {0};
  char set[300];
  snprintf(set, sizeof set, "%s", file_of("set.json", json));
  if (read_labels(&l, "coco", set, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, cases[i].name);
    if (cases[i].is_file) file_of(cases[i].name, "old");
    const pid_t child = fork();
    if (!child) {
      struct vt_losses lost = {0};
      struct vt_labels again;
      vt_interrupt_install();
      raise(SIGTERM);
      const int wrote =
          vt_format_find(cases[i].format, &e)->write(&l, path, &(struct vt_labels_opts){0}, &lost, &e);
      const int read = read_labels(&again, "coco", set, &(struct vt_labels_opts){0}, &e);
      _exit(wrote != VT_EINTERRUPTED       ? 1
            : read != VT_EINTERRUPTED      ? 2
            : strstr(e.msg, "interrupted") ? 0
                                           : 3);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status) fail_msg("%s: exit status %d", cases[i].format, WEXITSTATUS(status));
    if (cases[i].is_file) {
      char *text;
      size_t n;
      assert_int_equal(vt_file_read(path, 100, &text, &n, &e), 0);
      assert_string_equal(text, "old");
      vt_free(text);
    }
  }
  vt_labels_clear(&l);
}

/* What a format leaves out is said: of a set with a class that nothing has, an attribute, and a picture of no
 * product; and columns that a table's format does not know. */
static void test_said(void **state)
{
  static const struct {
    const char *format;
    const char *lost[3];
  } cases[] = {{"csv-boxes", {"classes without instances", "names of attributes", "ids of classes"}},
               {"voc", {"classes without instances", "names of attributes", "ids of classes"}},
               {"deepfashion2", {"classes without instances"}},
               {"pairs", {"pictures of no pair", "instances of no product"}}};
  static const struct {
    const char *format, *head, *row, *column;
  } tables[] = {
      {"csv-boxes", "path,label,brand\n", "a.jpg,hat,x\n", "column 'brand'"},
      {"pairs", "street,shop,x_1,y_1,x_2,y_2,kind,price\n", "a.jpg,b.jpg,0,0,5,5,tops,9\n", "column 'price'"},
      {"imaterialist", "ImageId,EncodedPixels,Height,Width,ClassId,note\n", "a,1 2,4,4,3,?\n",
       "column 'note'"}};
  struct vt_labels l;
  struct vt_err e = {0};
  file_of(
      "said.json",
      "{\"images\":[{\"id\":1,\"file_name\":\"a.png\",\"width\":20,\"height\":10}],\"categories\":[{\"id\":"
      "0,\"name\":\"bag\"},{\"id\":1,\"name\":\"hat\"}],\"attributes\":[{\"id\":5,\"name\":\"red\"}],"
      "\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":[1,1,2,2],\"area\":4}]}");
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_losses lost = {0};
    char to[200], from[200];
    snprintf(from, sizeof from, "%s/said.json", folder);
    snprintf(to, sizeof to, "%s/said-%s", folder, cases[i].format);
    if (read_labels(&l, "coco", from, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
    if (vt_format_find(cases[i].format, &e)->write(&l, to, &(struct vt_labels_opts){0}, &lost, &e))
      fail_msg("%s", e.msg);
    for (int k = 0; k < 3 && cases[i].lost[k]; k++)
      if (lost_of(&lost, cases[i].lost[k]) != 1) fail_msg("%s: %s", cases[i].format, cases[i].lost[k]);
    vt_labels_clear(&l);
  }
  for (size_t i = 0; i < VT_COUNT(tables); i++) {
    char text[200];
    snprintf(text, sizeof text, "%s%s", tables[i].head, tables[i].row);
    remove(file_of("label_descriptions.json", ""));
    if (read_labels(&l, tables[i].format, file_of("said.csv", text), &(struct vt_labels_opts){0}, &e))
      fail_msg("%s", e.msg);
    assert_int_equal(lost_of(&l.dropped, tables[i].column), 1);
    vt_labels_clear(&l);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_csv_boxes),
      cmocka_unit_test(test_folders),        cmocka_unit_test(test_no_ending),
      cmocka_unit_test(test_nothing_lost),   cmocka_unit_test(test_voc),
      cmocka_unit_test(test_voc_folders),    cmocka_unit_test(test_interrupted),
      cmocka_unit_test(test_voc_round_trip), cmocka_unit_test(test_said),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
