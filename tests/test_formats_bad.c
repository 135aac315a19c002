/* What is wrong in a file of labels is said: a table of bad inputs for each reader, with the word that the
 * message must have and what stays when reading is lenient. COCO, iMaterialist and VOC have theirs in
 * test_labels.c. */
#include "format_sets.h"

struct format_case {
  const char *file, *text, *word;
  int kept; /* lenient: instances that stay; -1: stops even so */
};

static void refuse(const char *format, const char *root, void (*make)(void), const struct format_case *c,
                   size_t n)
{
  for (size_t i = 0; i < n; i++) {
    make();
    put(c[i].file, c[i].text);
    for (int lenient = 0; lenient < 2; lenient++) {
      struct vt_labels l;
      struct vt_err e = {0};
      int rc = read_labels(&l, format, path_of(root), lenient, &e);
      if (lenient && c[i].kept >= 0) {
        if (rc || l.n != c[i].kept || l.skipped < 1 || l.problems.n != l.skipped + l.lost ||
            !strstr(l.problems.v[0].text, c[i].word))
          fail_msg("'%s': lenient: %d, %lld kept, '%s'", c[i].text, rc, (long long)l.n,
                   l.problems.n ? l.problems.v[0].text : e.msg);
      } else if (!rc || !strstr(e.msg, c[i].word) || !strstr(e.msg, vt_path_base(c[i].file)))
        fail_msg("'%s': code %d '%s'", c[i].text, rc, e.msg);
      vt_labels_clear(&l);
    }
  }
}

#define S2S "s2s/train_pairs_bags.json"

static void test_bad_street2shop(void **state)
{
  static const struct format_case cases[] = {
      {S2S, "[{\"product\":20," BBOX(10, 20, 30, 40) "}]", "photo", 3},
      {S2S, "[{\"photo\":\"1\",\"product\":20," BBOX(10, 20, 30, 40) "}]", "photo: a string", 3},
      {S2S, "[{\"photo\":1.5,\"product\":20," BBOX(10, 20, 30, 40) "}]", "whole", 3},
      {S2S, "[{\"photo\":-1,\"product\":20," BBOX(10, 20, 30, 40) "}]", "photo -1", 3},
      {S2S, "[{\"photo\":1,\"product\":1e300," BBOX(10, 20, 30, 40) "}]", "product", 3},
      {S2S, "[{\"photo\":1,\"product\":1e999," BBOX(10, 20, 30, 40) "}]", "too large", 3},
      {S2S, "[{\"photo\":9,\"product\":20," BBOX(10, 20, 30, 40) "}]", "photo 9 is not in photos.txt", 3},
      {S2S, "[{\"photo\":1,\"product\":20}]", "bbox", 3},
      {S2S, "[{\"photo\":1,\"product\":20,\"bbox\":[1,2,3,4]}]", "bbox: a list", 3},
      {S2S, "[{\"photo\":1,\"product\":20,\"bbox\":{\"width\":1,\"top\":2,\"left\":3}}]", "height", 3},
      {S2S, "[{\"photo\":1,\"product\":20," BBOX(10, 20, -30, 40) "}]", "negative", 3},
      {S2S, "[{\"photo\":1,\"product\":20," BBOX(-40, 20, 30, 40) "}]", "outside", 3},
      {S2S, "[{\"photo\":1,\"photo\":1,\"product\":20}]", "twice", 3},
      {S2S, "[{\"photo\":1,\"product\":20," BBOX(10, 20, 30, 40) "},{\"photo\":1,\"x\":\"\\u0000\"}]",
       "zero byte", 4},
      {S2S, "[{\"photo\":1,\"product\":20," BBOX(10, 20, 30, 40) "},{\"photo\":2,]", "line 1", 4},
      {S2S, "[{\"photo\":1,\"product\":20," BBOX(1, 2, 1e300, 4) "}]", "larger than any", 3},
      {S2S, "[[1]]", "expected an object", 3},
      {S2S, "[7]", "expected an object", 3},
      {S2S, "{\"photo\":1}", "expected a list", -1},
      {S2S, "7", "expected a list", -1},
      {S2S, "[{\"photo\":1,\"product\":NaN}]", "line 1", 3},
      {S2S, "[{\"photo\":1,\"pro", "premature", 3},
      {S2S, "", "premature", 3},
      {S2S, "[{\"photo\":1,\"product\":\"\xff\"}]", "UTF8", 3},
      {"s2s/photos.txt", "1\n2,b\n3,c\n4,d\n", "expected photo,url", 3},
      {"s2s/photos.txt", "x,a\n1,a\n2,b\n3,c\n4,d\n", "photo 'x'", 5},
      {"s2s/photos.txt", "1,a\n1,a\n2,b\n3,c\n4,d\n", "twice", 5},
      {"s2s/photos.txt", "1,a\n2,\xff\n3,c\n4,d\n", "UTF-8", 4},
      {"s2s/photos.txt", "1,a\n2,b\n3,c\n-4,d\n", "photo '-4'", 4},
      {"s2s/train_pairs_.json", "[{\"photo\":1,\"product\":20," BBOX(10, 20, 30, 40) "}]", "class is empty",
       5}, /* the last: it stays */
  };
  refuse("street2shop", "s2s", put_street2shop, cases, VT_COUNT(cases));
  assert_int_equal(unlink(path_of("s2s/train_pairs_.json")), 0);
  struct vt_labels l;
  struct vt_err e = {0};
  put("none/x.json", "[]");
  assert_int_equal(read_labels(&l, "street2shop", path_of("none"), false, &e), VT_ENOENT);
  vt_labels_clear(&l);
}

#define STL(product, scene, bbox)                                                                            \
  "{\"product\":\"p2\",\"scene\":\"a\",\"bbox\":[0,0,1,1]}\n{\"product\":" product ",\"scene\":" scene       \
  ",\"bbox\":" bbox "}\n"

static void test_bad_shop_the_look(void **state)
{
  static const char file[] = "stl/fashion.json";
  static const struct format_case cases[] = {
      {file, STL("1", "\"a\"", "[0,0,1,1]"), "product: a number", 3},
      {file, STL("\"p3\"", "\"a\"", "[0,0,1,1]"), "no category for product 'p3'", 3},
      {file, STL("\"p2\"", "\"../a\"", "[0,0,1,1]"), "signature", 3},
      {file, STL("\"p2\"", "\"\"", "[0,0,1,1]"), "signature", 3},
      {file, STL("\"p2\"", "\"a\"", "[0,0,1]"), "bbox: 3 values", 3},
      {file, STL("\"p2\"", "\"a\"", "[0,0,1,\"1\"]"), "bbox", 3},
      {file, STL("\"p2\"", "\"a\"", "[0,0,1,1.5]"), "shares", 3},
      {file, STL("\"p2\"", "\"a\"", "[-0.5,0,1,1]"), "shares", 3},
      {file, STL("\"p2\"", "\"a\"", "[0.5,0,0.2,1]"), "before", 3},
      {file, STL("\"p2\"", "\"a\"", "[0,0,1,1e999]"), "bbox", 3},
      {file, STL("\"p2\"", "\"a\"", "[0,0,1,NaN]"), "line 2", 3},
      {file, STL("\"p2\"", "\"a\xff\"", "[0,0,1,1]"), "line 2", 3},
      {file, STL("\"p2\"", "\"a\\u0000\"", "[0,0,1,1]"), "zero byte", 3},
      {file, STL("\"p2\",\"product\":\"p2\"", "\"a\"", "[0,0,1,1]"), "twice", 3},
      {file, STL("\"p2\"", "\"a\"", "[0,0,1,1]") "{\"product\":\"p2\",\"sc", "line 3", 4},
      {file, "[1]\n", "expected an object", 2},
      {"stl/fashion-cat.json", "{\"p2\":\"x\",\"p2\":\"y\",\"0123456789abcdef0123456789abcdef\":\"z\"}",
       "twice", 4},
      {"stl/fashion-cat.json", "{\"p2\":\"x\",\"0123456789abcdef0123456789abcdef\":7}", "category's name", 2},
      {"stl/fashion-cat.json", "{\"p2\":\"\",\"0123456789abcdef0123456789abcdef\":\"z\"}", "class is empty",
       2},
      {"stl/fashion-cat.json", "[\"p2\"]", "expected an object", -1},
      {"stl/fashion-cat.json", "{\"p2\":\"x\",", "premature", 2},
      {"stl/fashion-cat.json", "{\"p2\":\"x\",\"0123456789abcdef0123456789abcdef\":\"\xff\"}", "UTF8", 2},
  };
  refuse("shop-the-look", "stl/fashion.json", put_shop_the_look, cases, VT_COUNT(cases));
}

static void test_bad_pairs(void **state)
{
  static const char file[] = "pairs/all.csv";
#define ROW(row) PAIRS "a.jpg,s.jpg,tops,1,2,11,22,0,0,5,5,p1,train\n" row "\n"
  static const struct format_case cases[] = {
      {file, ROW("a.jpg,t.jpg,tops,1,x,11,22,,,,,p1,train"), "y_1 'x'", 2},
      {file, ROW("a.jpg,t.jpg,tops,1,nan,11,22,,,,,p1,train"), "y_1", 2},
      {file, ROW("a.jpg,t.jpg,tops,1,1e999,11,22,,,,,p1,train"), "y_1", 2},
      {file, ROW("a.jpg,t.jpg,tops,1,,11,22,,,,,p1,train"), "empty", 2},
      {file, ROW("a.jpg,t.jpg,tops,1,2,11,22,1,,,,p1,train"), "shop_x_1", 2},
      {file, ROW("a.jpg,t.jpg,tops,12,2,11,22,,,,,p1,train"), "before", 2},
      {file, ROW("a.jpg,t.jpg,tops,-9,2,-5,22,,,,,p1,train"), "outside", 2},
      {file, ROW(",t.jpg,tops,1,2,11,22,,,,,p1,train"), "street is empty", 2},
      {file, ROW("a.jpg,,tops,1,2,11,22,,,,,p1,train"), "shop is empty", 2},
      {file, ROW("a.jpg,t.jpg,,1,2,11,22,,,,,p1,train"), "kind is empty", 2},
      {file, ROW("a.jpg,t.jpg,tops,1,2,11,22,,,,,p1,dev"), "split 'dev'", 2},
      {file, ROW("a.jpg,t.jpg,tops,1,2,11,22,,,,,p1,test"), "two splits", 2},
      {file, ROW("a.jpg,s.jpg,tops,1,2,11,22,0,0,5,5,p1,train"), "pair stands twice", 2},
      {file, ROW("a.jpg,t.jpg,tops"), "fields", 2},
      {file, ROW("a.jpg,t.jpg,\xff,1,x,11,22,,,,,p1,train"), "line 3", 2},
      {file, ROW("a.jpg,t.jpg,\"tops"), "quoted", 2},
      {file, "street,kind,x_1,y_1,x_2,y_2\n", "shop", -1},
      {file, "street,shop,kind,x_1,y_1,x_2\n", "y_2", -1},
      {file, "street,shop,x_1,y_1,x_2,y_2,shop_x_1\n", "shop_y_1", -1},
      {file, "", "empty", -1},
  };
  refuse("pairs", "pairs", put_pairs, cases, VT_COUNT(cases));
}

static void test_bad_deepfashion2(void **state)
{
  static const char file[] = "df2/train/annos/000001.json";
#define FILE_OF(item) "{\"source\":\"user\",\"pair_id\":7,\"item1\":" ITEM() ",\"item2\":" item "}"
  static const struct format_case cases[] = {
      {file, FILE_OF("{\"category_name\":\"top\",\"bounding_box\":[1,2,11,22]}"), "category_id", 2},
      {file, FILE_OF("{\"category_id\":1,\"bounding_box\":[1,2,11,22]}"), "category_name", 2},
      {file, FILE_OF("{\"category_id\":1,\"category_name\":\"hat\",\"bounding_box\":[1,2,11,22]}"),
       "'hat' here", 2},
      {file, FILE_OF("{\"category_id\":1,\"category_name\":\"top\"}"), "item2: no field 'bounding_box'", 2},
      {file, FILE_OF("{\"category_id\":1,\"category_name\":\"top\",\"bounding_box\":[1,2,11]}"), "4 numbers",
       2},
      {file, FILE_OF("{\"category_id\":1,\"category_name\":\"top\",\"bounding_box\":[1,2,0,22]}"), "before",
       2},
      {file, FILE_OF("{\"category_id\":1,\"category_name\":\"top\",\"bounding_box\":[1,2,1e300,22]}"),
       "bounding_box", 2},
      {file, FILE_OF("{\"category_id\":1,\"category_name\":\"top\",\"bounding_box\":[-9,2,-5,22]}"),
       "outside", 2},
      {file, FILE_OF(ITEM(",\"style\":-1")), "style -1", 2},
      {file, FILE_OF(ITEM(",\"scale\":99")), "scale 99", 2},
      {file, FILE_OF(ITEM(",\"scale\":\"big\"")), "scale: a string", 2},
      {file, FILE_OF(ITEM(",\"segmentation\":[[1,2,3,4]]")), "3 points", 2},
      {file, FILE_OF(ITEM(",\"segmentation\":[[1,2,3,4,5,6,7]]")), "odd", 2},
      {file, FILE_OF(ITEM(",\"segmentation\":[[1,2,3,4,5,1e999]]")), "numbers", 2},
      {file, FILE_OF(ITEM(",\"segmentation\":[[1,2,3,4,5,\"6\"]]")), "numbers", 2},
      {file, FILE_OF(ITEM(",\"segmentation\":[[1,2,3,4,5,[6]]]")), "numbers", 2},
      {file, FILE_OF(ITEM(",\"segmentation\":[1,2,3,4,5,6]")), "list of lists", 2},
      {file, FILE_OF(ITEM(",\"segmentation\":{}")), "list of lists", 2},
      {file, FILE_OF(ITEM(",\"landmarks\":[1,2]")), "landmarks: 2 numbers", 2},
      {file, FILE_OF(ITEM(",\"landmarks\":[1,2,3]")), "visibility 3", 2},
      {file, FILE_OF(ITEM(",\"landmarks\":[1,1e300,2]")), "landmarks: point 1", 2},
      {file, FILE_OF(ITEM(",\"landmarks\":[1,[2],2]")), "landmarks: expected numbers", 2},
      {file, FILE_OF(ITEM(",\"landmarks\":7")), "landmarks: expected a list", 2},
      {file, FILE_OF("7"), "item2: a number, expected an object", 2},
      {file, FILE_OF(ITEM()) "x", "line 1", 3},
      {file, "{\"pair_id\":7}", "source", 1},
      {file, "{\"source\":\"me\",\"pair_id\":7}", "user or shop", 1},
      {file, "{\"source\":\"user\",\"pair_id\":\"7\"}", "pair_id", 1},
      {file, "{\"source\":\"user\",\"source\":\"user\",\"pair_id\":7}", "twice", 1},
      {file, "[]", "expected an object", 1},
      {file, "{\"source\":\"user\",\"pa", "premature", 1},
      {file, "", "premature", 1},
      {file, "{\"source\":\"\xff\"}", "UTF8", 1},
  };
  refuse("deepfashion2", "df2", put_deepfashion2, cases, VT_COUNT(cases));
}

static void test_bad_idx(void **state)
{
  static const struct {
    int at, value, cut; /* of the pictures' file, or the labels' where at < 0 */
    const char *word;
  } cases[] = {
      {2, 9, 0, "0 0 8 3"},   {3, 1, 0, "0 0 8 3"},  {7, 4, 0, "4 pictures, but 3 labels"},
      {11, 0, 0, "of 2 x 0"}, {8, 200, 0, "of 2 x"}, {0, 0, 1, "item 2 of 3"},
      {0, 0, 30, "item 0"},   {0, 0, 34, "item 0"},  {-1, 0, 1, "labels"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    uint8_t images[sizeof idx_images];
    memcpy(images, idx_images, sizeof images);
    const bool labels = cases[i].at < 0;
    if (!labels) images[cases[i].at] = (uint8_t)cases[i].value;
    put_bytes("bad/x-images-idx3-ubyte", images, sizeof images - (size_t)(labels ? 0 : cases[i].cut));
    put_bytes("bad/x-labels-idx1-ubyte", idx_labels, sizeof idx_labels - (size_t)(labels ? cases[i].cut : 0));
    int rc = read_labels(&l, "idx", path_of("bad"), false, &e);
    if (!rc || !strstr(e.msg, cases[i].word) || !strstr(e.msg, "idx"))
      fail_msg("case %zu: %d '%s'", i, rc, e.msg);
    vt_labels_clear(&l);
  }
  struct vt_labels l;
  struct vt_err e = {0};
  put_bytes("lone/x-images-idx3-ubyte", idx_images, sizeof idx_images);
  assert_int_equal(read_labels(&l, "idx", path_of("lone"), false, &e), VT_ENOENT);
  vt_labels_clear(&l);
  put("names.txt", "a\nb\n");
  put_idx();
  assert_int_equal(vt_labels_init(&l, &e), 0);
  const struct vt_labels_opts o = {.extra = path_of("names.txt"), .lenient = true};
  assert_int_equal(vt_format_find("idx", &e)->read(&l, path_of("idx/train-images-idx3-ubyte"), &o, &e), 0);
  assert_true(l.n == 1 && l.skipped == 2 && strstr(l.problems.v[0].text, "label 3"));
  assert_string_equal(l.classes.v[l.v[0].cls].name, "b");
  assert_string_equal(l.image[l.v[0].image].file, "train/00001.png");
  vt_labels_clear(&l);
}

/* ---- formats that are folders of texts and label maps ---- */

static void test_bad_label_maps(void **state)
{
#define IMAGES_CSV    "image,id,map,split\nx.jpg,4,a,val\n"
#define INSTANCES_CSV "image,number,value,id,crowd,attributes\nx.jpg,1,1,11,0,4_6\n"
  static const struct format_case cases[] = {
      {"maps/images.csv", IMAGES_CSV "y.jpg,4,b,\n", "stands twice", 2},
      {"maps/images.csv", IMAGES_CSV "y.jpg,x,b,\n", "id 'x'", 2},
      {"maps/images.csv", IMAGES_CSV "y.jpg,5,../b,\n", "leaves the folder", 2},
      {"maps/images.csv", IMAGES_CSV "y.jpg,5,b,dev\n", "split 'dev'", 2},
      {"maps/images.csv", IMAGES_CSV "y.jpg,5\n", "fields", 2},
      {"maps/images.csv", IMAGES_CSV "\xff.jpg,5,b,\n", "", 2},
      {"maps/images.csv", "image,id\n", "map", -1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,300,2,12,0,\n", "number '300'", 1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,2,nan,12,0,\n", "value 'nan'", 1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,2,9,12,0,\n", "9 is in neither", 1},
      {"maps/instances.csv", INSTANCES_CSV "z.jpg,2,2,12,0,\n", "z.jpg is in neither", 1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,1,2,12,0,\n", "number 1 stands twice", 1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,2,2,12,7,\n", "crowd '7'", 1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,2,2,12,0,9\n", "attributes '9'", 1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,2,2,12,0,4x\n", "attributes '4x'", 1},
      {"maps/instances.csv", INSTANCES_CSV "y.jpg,1,2,12,0,\nx.jpg,2,2,13,0,\n", "order", 2},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,2\n", "fields", 1},
      {"maps/instances.csv", INSTANCES_CSV "x.jpg,\"2", "quoted", 1},
      {"maps/classes.csv", "value,id,name\n1,0,hat\n1,1,bag\n", "value 1 stands twice", -1},
      {"maps/classes.csv", "value,id,name\n1,0,hat\n2,0,bag\n", "class id 0", -1},
      {"maps/classes.csv", "value,id,name\n0,0,hat\n", "value '0'", -1},
      {"maps/attributes.csv", "id,name\n4,red\n4,blue\n", "stands twice", -1},
      {"maps/instances/b.png", "no picture", "b.png", 2},
  };
  refuse("label-maps", "maps", put_label_maps, cases, VT_COUNT(cases));
}

static void test_bad_ccp(void **state)
{
  static const struct format_case cases[] = {
      {"ccp/split.csv", "id,split\n0001,train\n0002,dev\n", "split 'dev'", 2},
      {"ccp/split.csv", "id,split\n0001,train\n../2,val\n", "id '../2'", 2},
      {"ccp/split.csv", "id,split\n0001,train\n0001,val\n", "stands twice", 2},
      {"ccp/split.csv", "id,split\n0001,train\n,val\n", "id ''", 2},
      {"ccp/split.csv", "id,split\n0001,train\n0002\n", "fields", 2},
      {"ccp/split.csv", "id\n0001\n", "split", -1},
      {"ccp/labels.txt", "null\nhat\n", "", 2},
      {"ccp/labels.txt", "null\nhat\n\xff\n", "UTF-8", -1},
      {"ccp/masks/0002.png", "no picture", "0002.png", 2},
  };
  refuse("ccp-maps", "ccp", put_ccp, cases, VT_COUNT(cases));
}

static void test_bad_yolo(void **state)
{
#define YOLO_LIST "image,id,name,width,height,split\na.jpg,4,a,20,10,val\n"
  static const struct format_case cases[] = {
      {"y/images.csv", YOLO_LIST "b.jpg,4,a,20,10,\n", "stands twice", 1},
      {"y/images.csv", YOLO_LIST "b.jpg,5,a,0,10,\n", "width", 1},
      {"y/images.csv", YOLO_LIST "b.jpg,5,a,99999999999999999999,10,\n", "width", 1},
      {"y/images.csv", YOLO_LIST "b.jpg,5,../a,20,10,\n", "name", 1},
      {"y/images.csv", YOLO_LIST "b.jpg,5,a,20\n", "fields", 1},
      {"y/images.csv", "image,id,name,width,height\n", "split", -1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n0 .5 .5 .5\n", "line 2", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n0 nan .5 .5 .5\n", "no number", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n0 -7 .5 .5 .5\n", "shares", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n5 .5 .5 .5 .5\n", "class 5", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n0 0 0 1 1 1\n", "6 numbers", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\nx .5 .5 .5 .5\n", "no number", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n0 1e999 .5 .5 .5\n", "number", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n-1 .5 .5 .5 .5\n", "class", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n0 .5 .5 .5 .\xff\n", "a.txt", 1},
      {"y/labels/a.txt", "0 .5 .5 .5 .5\n0 .5 .5 -.5 .5\n", "line 2", 1},
      {"y/images.csv", YOLO_LIST "\xff.jpg,4,b,20,10,\n", "", 1},
      {"y/classes.txt", "hat\n\xff\n", "UTF-8", -1},
  };
  refuse("yolo", "y", put_yolo, cases, VT_COUNT(cases));
}

static void put_boxes(void)
{
  put("boxes.csv", "");
}

static void test_bad_csv_boxes(void **state)
{
#define BOX_ROW(row) "path,label,split,category,x_1,y_1,x_2,y_2\na.jpg,p,train,tops,1,2,5,9\n" row "\n"
  static const struct format_case cases[] = {
      {"boxes.csv", BOX_ROW("b.jpg,p,train,tops,1,2,5"), "fields", 1},
      {"boxes.csv", BOX_ROW("b.jpg,p,train,tops,1,2,5,x"), "y_2 'x'", 1},
      {"boxes.csv", BOX_ROW("b.jpg,p,train,tops,1,2,5,nan"), "y_2", 1},
      {"boxes.csv", BOX_ROW("b.jpg,p,train,tops,1,2,5,1e999"), "y_2", 1},
      {"boxes.csv", BOX_ROW("b.jpg,p,train,tops,1,2,-5,9"), "before", 1},
      {"boxes.csv", BOX_ROW("b.jpg,p,dev,tops,1,2,5,9"), "split 'dev'", 1},
      {"boxes.csv", BOX_ROW("a.jpg,p,val,tops,1,2,5,9"), "two splits", 1},
      {"boxes.csv", BOX_ROW(",p,train,tops,1,2,5,9"), "path", 1},
      {"boxes.csv", BOX_ROW("None,p,train,tops,1,2,5,9"), "path is empty", 1},
      {"boxes.csv", BOX_ROW("b.jpg,,train,tops,1,2,5,9"), "label is empty", 1},
      {"boxes.csv", BOX_ROW("b.jpg,nan,train,tops,1,2,5,9"), "label is empty", 1},
      {"boxes.csv", BOX_ROW("b.jpg,\"p"), "quoted", 1},
      {"boxes.csv", BOX_ROW("\xff.jpg,p,dev,tops,1,2,5,9"), "", 1},
      {"boxes.csv", BOX_ROW("b.jpg,p,train,tops,-9,2,-5,9"), "outside", 1},
      {"boxes.csv", "path,label,x_1,y_1,x_2\n", "y_2", -1},
      {"boxes.csv", "", "empty", -1},
  };
  refuse("csv-boxes", "boxes.csv", put_boxes, cases, VT_COUNT(cases));
}

/* Damage in the middle of a file of JSON: what stands before it stays, and one problem says where it is; what
 * was repaired in a table is said. Fashionpedia is read as COCO is. */
static void test_damage(void **state)
{
#define HALF                                                                                                 \
  "{\"images\":[{\"id\":7,\"file_name\":\"a.jpg\",\"width\":6,\"height\":4}],\"categories\":[{\"id\":3}],"   \
  "\"attributes\":[{\"id\":1}],\n"                                                                           \
  "\"annotations\":[{\"id\":1,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]},\n"
  static const struct {
    const char *text;
    int kept, skipped;
    const char *word;
  } cases[] = {
      {HALF "{\"id\":2,\"image_id\":7,\"categ", 1, 1, "line 3"},
      {HALF "{\"id\":2,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]}}", 2, 1, "line 3"},
      {HALF "{\"id\":2,,\"image_id\":7}]}", 1, 1, "what follows is not read"},
      {HALF "{\"id\":2,\"image_id\":7,\"category_id\":3,\"bbox\":[1,\xff 1]}]}", 1, 1, "line 3"},
      {"{\"attributes\":[{\"id\":1}],\"annotations\":[{\"id\":1,\"image_id\":7,\"category_id\":3,\"bbox\":[1,"
       "1,2,3]}],\"images\":[{"
       "\"id\":7,"
       "\"width\":6,\"height\":4},",
       0, 2, "line 1"},
  };
  static const char *const formats[] = {"coco", "fashionpedia"};
  for (size_t i = 0; i < 2 * VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    put("damage.json", cases[i / 2].text);
    assert_true(read_labels(&l, formats[i & 1], path_of("damage.json"), false, &e) < 0);
    assert_non_null(strstr(e.msg, "damage.json"));
    vt_labels_clear(&l);
    int rc = read_labels(&l, formats[i & 1], path_of("damage.json"), true, &e);
    if (rc || l.n != cases[i / 2].kept || l.skipped != cases[i / 2].skipped ||
        !strstr(l.problems.v[0].text, cases[i / 2].word))
      fail_msg("%s: %d, %lld kept, %lld left out, '%s'", cases[i / 2].text, rc, (long long)l.n,
               (long long)l.skipped, l.problems.n ? l.problems.v[0].text : e.msg);
    vt_labels_clear(&l);
  }
  struct vt_labels l;
  struct vt_err e = {0};
  put("damage.json", "{\"categories\":[{\"id\":3}],\"images\":[");
  assert_true(read_labels(&l, "coco", path_of("damage.json"), true, &e) < 0); /* nothing to keep */
  assert_true(strstr(e.msg, "images") != NULL);
  vt_labels_clear(&l);
  put("boxes.csv", "path,label,split,category,x_1,y_1,x_2,y_2\n\xff.jpg,p,train,tops,1,2,5,9\n");
  assert_int_equal(read_labels(&l, "csv-boxes", path_of("boxes.csv"), true, &e), 0);
  assert_true(l.n == 1 && l.dropped.n == 1 && strstr(l.dropped.v[0].what, "UTF-8"));
  vt_labels_clear(&l);
}

static void put_classes(void)
{
  put_map("classes/train/hat/a.png");
}

static void test_bad_folders(void **state)
{
  static const struct format_case cases[] = {
      {"classes/train/hat/b.png", "no picture", "b.png", 1},
      {"classes/train/hat/b.png", "", "b.png", 1},
  };
  refuse("folders", "classes", put_classes, cases, VT_COUNT(cases));
}

/* A zero byte ends no text: what stands behind it would be dropped without a word. */
static void test_zero_bytes(void **state)
{
  static const struct format_file more[] = {
      {"ccp-maps", "ccp", "ccp/labels.txt", put_ccp},
      {"voc", "voc", "voc/ImageSets/Main/train.txt", put_single},
      {"yolo", "yd", "yd/obj.data", put_yolo_data},
      {"yolo", "yd", "yd/obj.names", put_yolo_data},
  };
  const size_t n = VT_COUNT(format_files);
  for (size_t i = 0; i < n + VT_COUNT(more); i++) {
    const struct format_file *f = i < n ? &format_files[i] : &more[i - n];
    struct vt_labels l;
    struct vt_err e = {0};
    char *text;
    size_t len;
    f->make();
    assert_int_equal(vt_file_read(path_of(f->file), 1 << 20, &text, &len, &e), 0);
    text[len / 2] = 0;
    put_bytes(f->file, text, len);
    vt_free(text);
    if (read_labels(&l, f->format, path_of(f->root), false, &e) != VT_EFORMAT ||
        !strstr(e.msg, vt_path_base(f->file)))
      fail_msg("%s: '%s'", f->file, e.msg);
    vt_labels_clear(&l);
  }
}

static void put_named(void)
{
  put_map("named/hat/a.png");
}

/* Names of files and folders may be any bytes; those of pictures and classes are UTF-8. */
static void test_names_of_files(void **state)
{
  static const struct {
    const char *format, *root;
    void (*make)(void);
    const char *picture, *text, *content; /* what is put there besides; text: NULL for none */
    int kept;
  } cases[] = {
      {"folders", "named", put_named, "named/h\x80t/b.png", NULL, NULL, 1},
      {"folders", "named", put_named, "named/hat/b\xff.png", NULL, NULL, 1},
      {"label-maps", "maps/labels", put_label_maps, "maps/labels/c\x80.png", NULL, NULL, 4},
      {"yolo", "yt", put_yolo_tree, "yt/images/b\x80.png", NULL, NULL, 1},
      {"yolo", "yt", put_yolo_tree, "yt/images/b\x80.png", "yt/labels/b\x80.txt", "", 1},
      {"voc", "voc", put_single, NULL, "voc/Annotations/b\x80.xml",
       "<annotation><size><width>9</width><height>8</height></size></annotation>", 1},
      {"deepfashion2", "df2", put_deepfashion2, NULL, "df2/train/annos/b\x80.json",
       "{\"source\":\"user\",\"pair_id\":7}", 3},
      {"street2shop", "s2s", put_street2shop, NULL, "s2s/train_pairs_b\x80.json", "[]", -1},
      {"pairs", "pairs", put_pairs, NULL, "pairs/b\x80.csv", "street,shop,x_1,y_1,x_2,y_2\n", -1},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    cases[i].make();
    if (cases[i].picture) put_map(cases[i].picture);
    if (cases[i].text) put(cases[i].text, cases[i].content);
    for (int lenient = 0; lenient < 2; lenient++) {
      struct vt_labels l;
      struct vt_err e = {0};
      const int rc = read_labels(&l, cases[i].format, path_of(cases[i].root), lenient, &e);
      const bool kept = lenient && cases[i].kept >= 0;
      const char *said = kept && l.problems.n ? l.problems.v[0].text : e.msg;
      if ((kept ? rc || l.n != cases[i].kept || l.problems.n != 1 : rc != VT_EFORMAT) ||
          !strstr(said, "not valid UTF-8") || (kept && !vt_utf8_valid(said, strlen(said))))
        fail_msg("case %zu: %d, %lld kept, '%s'", i, rc, (long long)l.n, said);
      vt_labels_clear(&l);
    }
    if (cases[i].picture) assert_int_equal(unlink(path_of(cases[i].picture)), 0);
    if (cases[i].text) assert_int_equal(unlink(path_of(cases[i].text)), 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bad_idx),
      cmocka_unit_test(test_bad_street2shop),
      cmocka_unit_test(test_bad_shop_the_look),
      cmocka_unit_test(test_bad_pairs),
      cmocka_unit_test(test_bad_deepfashion2),
      cmocka_unit_test(test_bad_label_maps),
      cmocka_unit_test(test_bad_ccp),
      cmocka_unit_test(test_bad_yolo),
      cmocka_unit_test(test_bad_csv_boxes),
      cmocka_unit_test(test_bad_folders),
      cmocka_unit_test(test_damage),
      cmocka_unit_test(test_zero_bytes),
      cmocka_unit_test(test_names_of_files),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
