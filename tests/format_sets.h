/* Folders of labels for tests: a place to put them, and one good set of each format. */
#ifndef VT_TESTS_FORMAT_SETS_H
#define VT_TESTS_FORMAT_SETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "data/data.h"

static char folder[64];

static inline int make_folder(void **state)
{
  snprintf(folder, sizeof folder, "/tmp/vitrine-formats-XXXXXX");
  return !mkdtemp(folder);
}

static inline int remove_folder(void **state)
{
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static inline const char *path_of(const char *name)
{
  static char path[4][300];
  static int next;
  char *p = path[next++ % 4];
  snprintf(p, sizeof path[0], "%s/%s", folder, name);
  return p;
}

static inline void put_bytes(const char *name, const void *data, size_t n)
{
  char dir[300];
  snprintf(dir, sizeof dir, "%s", path_of(name));
  *strrchr(dir, '/') = 0;
  assert_int_equal(vt_mkdirs(dir, NULL), 0);
  assert_int_equal(vt_file_write_atomic(path_of(name), data, n, NULL), 0);
}

static inline void put(const char *name, const char *text)
{
  put_bytes(name, text, strlen(text));
}

static inline int read_labels(struct vt_labels *l, const char *format, const char *path, bool lenient,
                              struct vt_err *e)
{
  const struct vt_format *f = vt_format_find(format, e);
  assert_non_null(f);
  assert_int_equal(vt_labels_init(l, e), 0);
  return f->read(l, path, &(struct vt_labels_opts){.lenient = lenient}, e);
}

#define BBOX(left, top, width, height)                                                                       \
  "\"bbox\":{\"width\":" #width ",\"top\":" #top ",\"height\":" #height ",\"left\":" #left "}"

static inline void put_street2shop(void)
{
  put("s2s/train_pairs_bags.json",
      "[{\"photo\":1,\"product\":20," BBOX(10, 20, 30, 40) "},\n"
                                                           "{\"photo\":2,\"product\":21," BBOX(0, 0, 5.5,
                                                                                               6) "}]");
  put("s2s/test_pairs_tops.json", "[{\"photo\":1,\"product\":22," BBOX(1, 2, 3, 4) "}]");
  put("s2s/retrieval_bags.json", "[{\"photo\":3,\"product\":20},{\"photo\":4,\"product\":20}]");
  put("s2s/photos.txt",
      "000000001,http://a.b/1,2.jpg\n000000002,http://a.b/2\n3,http://a.b/3\n4,http://c/4\n");
}

static inline void put_shop_the_look(void)
{
  put("stl/fashion.json", "{\"product\": \"0123456789abcdef0123456789abcdef\", \"scene\": \"s1\", "
                          "\"bbox\": [0.434097, 0.859363, 0.560254, 1.0]}\n"
                          "{\"product\": \"p2\", \"scene\": \"s1\", \"bbox\": [0, 0, 0.5, 0.25]}\n");
  put("stl/fashion-cat.json",
      "{\"0123456789abcdef0123456789abcdef\": \"Apparel|Shoes\",\n \"p2\": \"Apparel|Tops\"}");
}

#define PAIRS "street,shop,kind,x_1,y_1,x_2,y_2,shop_x_1,shop_y_1,shop_x_2,shop_y_2,product,split\n"

static inline void put_pairs(void)
{
  put("pairs/all.csv", PAIRS "a.jpg,s.jpg,tops,1,2,11,22,0,0,5,5,p1,train\n"
                             "a.jpg,t.jpg,tops,1,2,11,22,,,,,p1,train\n"
                             "\"b,c.jpg\",u.jpg,shoes,0.5,0,5,1,,,,,p2,test\n");
}

#define ITEM(more) "{\"category_id\":1,\"category_name\":\"top\",\"bounding_box\":[1,2,11,22]" more "}"

static inline void put_deepfashion2(void)
{
  put("df2/train/annos/000001.json",
      "{\"source\":\"user\",\"pair_id\":7,\"item1\":" ITEM(
          ",\"style\":2,\"scale\":3,\"occlusion\":1,\"zoom_in\":2,\"viewpoint\":1,"
          "\"segmentation\":[[1,2,11,2,11,22],[3.5,3,4,4,5,3]]") ",\"item2\":{\"category_id\":8,"
                                                                 "\"category_name\":\"skirt\","
                                                                 "\"bounding_box\":[0,0,4,4],\"style\":0}}");
  put("df2/validation/annos/000001.json",
      "{\"source\":\"shop\",\"pair_id\":7,\"item1\":" ITEM(",\"style\":2,\"viewpoint\":3") "}");
}

/* Three pictures of 2 x 3, 28 bytes of pixels from 0 on; labels 3 1 3. */
static const uint8_t idx_images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0,  0,  3,  0,  0,  0,  2,  0,
                                     1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
static const uint8_t idx_labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 3, 1, 3};

static inline void put_idx(void)
{
  put_bytes("idx/train-images-idx3-ubyte", idx_images, sizeof idx_images);
  put_bytes("idx/train-labels-idx1-ubyte", idx_labels, sizeof idx_labels);
}

static inline void put_map(const char *name)
{
  struct vt_image im;
  char dir[300];
  snprintf(dir, sizeof dir, "%s", path_of(name));
  *strrchr(dir, '/') = 0;
  assert_int_equal(vt_mkdirs(dir, NULL), 0);
  assert_int_equal(vt_image_init(&im, 6, 4, 1, NULL), 0);
  for (int x = 0; x < 6; x++) im.px[x] = (uint8_t)(x / 2);
  assert_int_equal(vt_image_write(&im, path_of(name), 0, NULL), 0);
  vt_image_clear(&im);
}

static inline void put_label_maps(void)
{
  put("maps/images.csv", "image,id,map,split\nx.jpg,4,a,val\ny.jpg,5,b,\n");
  put("maps/instances.csv",
      "image,number,value,id,crowd,attributes\nx.jpg,1,1,11,0,4_6\nx.jpg,2,2,12,1,\ny.jpg,1,2,13,0,\n");
  put("maps/classes.csv", "value,id,name,supercategory\n1,0,hat,head\n2,1,bag,\n");
  put("maps/attributes.csv", "id,name,supercategory\n4,red,colour\n6,long,\n");
  put_map("maps/labels/a.png");
  put_map("maps/labels/b.png");
  put_map("maps/instances/a.png");
  put_map("maps/instances/b.png");
}

static inline void put_ccp(void)
{
  put("ccp/split.csv", "id,split\n0001,train\n0002,val\n");
  put("ccp/labels.txt", "null\nhat\nbag\n");
  put_map("ccp/masks/0001.png");
  put_map("ccp/masks/0002.png");
}

static inline void put_yolo(void)
{
  put("y/classes.txt", "hat\nbag\n");
  put("y/images.csv", "image,id,name,width,height,split\na.jpg,4,a,20,10,val\n");
  put("y/labels/a.txt", "0 .5 .5 .5 .5\n");
}

static inline void put_yolo_tree(void)
{
  put("yt/data.yaml", "val: list.txt\nkpt_shape: [2, 3]\nnames: {0: hat, 3: bag}\n");
  put("yt/list.txt", "./images/a.png\n");
  put("yt/labels/a.txt", "3 .5 .5 .5 .5 .1 .2 2 0 0 0\n");
  put_map("yt/images/a.png");
}

static inline void put_yolo_data(void)
{
  put("yd/obj.data", "classes = 2\ntrain = train.txt\nnames = obj.names\n");
  put("yd/obj.names", "hat\nbag\n");
  put("yd/train.txt", "a.png\n");
  put("yd/a.txt", "1 .5 .5 .5 .5\n");
  put_map("yd/a.png");
}

#define HALF                                                                                                 \
  "{\"images\":[{\"id\":7,\"file_name\":\"a.jpg\",\"width\":6,\"height\":4}],\"categories\":[{\"id\":3}],"   \
  "\"attributes\":[{\"id\":1}],\n"                                                                           \
  "\"annotations\":[{\"id\":1,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]},\n"

static inline void put_single(void)
{
  put("one.csv", "ImageId,EncodedPixels,Height,Width,ClassId\na.jpg,1 2 9 1,4,6,3_1\nb.jpg,2 2,4,6,3\n");
  put("one.json", HALF "{\"id\":2,\"image_id\":7,\"category_id\":3,\"segmentation\":[[1,1,5,1,5,3]]}]}");
  put("boxes.csv", "path,label,split,category,x_1,y_1,x_2,y_2\na.jpg,p,train,tops,1,2,5,9\n");
  put("voc/ImageSets/Main/train.txt", "a\n");
  put("voc/Annotations/a.xml",
      "<annotation><filename>a.jpg</filename><size><width>9</width><height>8</height><depth>3</depth></size>"
      "<object><name>hat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>6</ymax></bndbox>"
      "</object></annotation>");
}

/* Every text that readers read: format, root that is read, file in it, and what puts them all there. */
struct format_file {
  const char *format, *root, *file;
  void (*make)(void);
};
static const struct format_file format_files[] = {
    {"imaterialist", "one.csv", "one.csv", put_single},
    {"coco", "one.json", "one.json", put_single},
    {"fashionpedia", "one.json", "one.json", put_single},
    {"csv-boxes", "boxes.csv", "boxes.csv", put_single},
    {"voc", "voc", "voc/Annotations/a.xml", put_single},
    {"yolo", "y", "y/labels/a.txt", put_yolo},
    {"yolo", "y", "y/images.csv", put_yolo},
    {"yolo", "y", "y/classes.txt", put_yolo},
    {"yolo", "yt", "yt/labels/a.txt", put_yolo_tree},
    {"yolo", "yt", "yt/data.yaml", put_yolo_tree},
    {"yolo", "yt", "yt/list.txt", put_yolo_tree},
    {"ccp-maps", "ccp", "ccp/split.csv", put_ccp},
    {"label-maps", "maps", "maps/images.csv", put_label_maps},
    {"label-maps", "maps", "maps/instances.csv", put_label_maps},
    {"pairs", "pairs", "pairs/all.csv", put_pairs},
    {"street2shop", "s2s", "s2s/train_pairs_bags.json", put_street2shop},
    {"street2shop", "s2s", "s2s/photos.txt", put_street2shop},
    {"shop-the-look", "stl/fashion.json", "stl/fashion.json", put_shop_the_look},
    {"shop-the-look", "stl/fashion.json", "stl/fashion-cat.json", put_shop_the_look},
    {"deepfashion2", "df2", "df2/train/annos/000001.json", put_deepfashion2},
};

/* In place: thousands of times. */
static inline void rewrite(const char *name, const char *text, size_t n)
{
  FILE *f = fopen(path_of(name), "w");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, n, f), n);
  fclose(f);
}

#endif
