/* Formats of labels that say which photo shows which product, or hold pictures themselves: read, refused, and
 * written without a change. */
#include "format_sets.h"

#include <zlib.h>

static int by_text(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that a set says but numbers of its own making, one sorted line for each instance and picture. */
static char *told(const struct vt_labels *l)
{
  const int64_t n = l->n + l->nimages;
  char **line = calloc((size_t)n + 1, sizeof *line);
  struct vt_buf b = {0};
  for (int64_t i = 0; i < l->n; i++) {
    const struct vt_instance *in = &l->v[i];
    vt_buf_addf(&b, "%s: %s %s flags %d box %g %g %g %g area %g", l->image[in->image].file,
                l->classes.v[in->cls].name, in->product < 0 ? "-" : l->products.v[in->product].name,
                in->flags, in->box.x, in->box.y, in->box.w, in->box.h, in->area);
    for (int k = 0; k < in->nattrs; k++)
      vt_buf_addf(&b, " %s", l->attributes.v[l->attr[in->attrs + (uint32_t)k]].name);
    for (int k = 0; k < in->npoints; k++) {
      const struct vt_keypoint *p = &l->point[in->points + (uint32_t)k];
      vt_buf_addf(&b, " point %g %g %d", p->x, p->y, (int)p->seen);
    }
    struct vt_polygons p = {0};
    if (in->shape == VT_SHAPE_POLYGONS) assert_int_equal(vt_instance_polygons(l, in, &p, NULL), 0);
    for (int k = 0; k < p.n; k++)
      for (int j = p.start[k]; j < p.start[k + 1]; j++)
        vt_buf_addf(&b, "%s%g,%g", j == p.start[k] ? " / " : " ", p.xy[2 * j], p.xy[2 * j + 1]);
    vt_polygons_clear(&p);
    line[i] = vt_buf_take(&b, NULL);
  }
  for (int32_t k = 0; k < l->nimages; k++) {
    const struct vt_label_image *im = &l->image[k];
    vt_buf_addf(&b, "%s: %d x %d split %d pair %lld url %s", im->file, im->width, im->height, im->split,
                (long long)im->pair, im->url);
    line[l->n + k] = vt_buf_take(&b, NULL);
  }
  qsort(line, (size_t)n, sizeof *line, by_text);
  for (int64_t i = 0; i < n; i++) {
    vt_buf_addf(&b, "%s\n", line[i]);
    vt_free(line[i]);
  }
  free(line);
  return vt_buf_take(&b, NULL);
}

static void write_labels(const struct vt_labels *l, const char *format, const char *path,
                         struct vt_losses *lost)
{
  struct vt_err e = {0};
  *lost = (struct vt_losses){0};
  if (vt_format_find(format, &e)->write(l, path, &(struct vt_labels_opts){0}, lost, &e))
    fail_msg("%s", e.msg);
}

/* Reads, writes, reads: nothing is lost and nothing has changed. */
static void round_trip(const char *format, const char *from, const char *to)
{
  struct vt_labels a, b;
  struct vt_losses lost;
  struct vt_err e = {0};
  if (read_labels(&a, format, from, false, &e)) fail_msg("%s", e.msg);
  for (int k = 0; k < a.dropped.n; k++) fail_msg("%s: dropped %s", format, a.dropped.v[k].what);
  write_labels(&a, format, to, &lost);
  for (int k = 0; k < lost.n; k++) fail_msg("%s: lost %s", format, lost.v[k].what);
  if (read_labels(&b, format, to, false, &e)) fail_msg("%s", e.msg);
  char *x = told(&a), *y = told(&b);
  assert_string_equal(x, y);
  vt_free(x);
  vt_free(y);
  vt_labels_clear(&a);
  vt_labels_clear(&b);
}

static bool loses(const struct vt_losses *lost, const char *word, int64_t count)
{
  for (int k = 0; k < lost->n; k++)
    if (strstr(lost->v[k].what, word)) return lost->v[k].count == count;
  return count == 0;
}

static void test_street2shop(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  put_street2shop();
  if (read_labels(&l, "street2shop", path_of("s2s"), false, &e)) fail_msg("%s", e.msg);
  assert_int_equal(l.nimages, 4);
  assert_int_equal(l.n, 5);
  assert_int_equal(l.products.n, 3);
  char *text = told(&l);
  assert_string_equal(text, "000000001.jpg: 0 x 0 split 2 pair 0 url http://a.b/1,2.jpg\n"
                            "000000001.jpg: bags 20 flags 4 box 10 20 30 40 area 1200 train\n"
                            "000000001.jpg: tops 22 flags 4 box 1 2 3 4 area 12\n"
                            "000000002.jpg: 0 x 0 split 0 pair 0 url http://a.b/2\n"
                            "000000002.jpg: bags 21 flags 4 box 0 0 5.5 6 area 33\n"
                            "000000003.jpg: 0 x 0 split 3 pair 0 url http://a.b/3\n"
                            "000000003.jpg: bags 20 flags 8 box 0 0 -1 -1 area -1\n"
                            "000000004.jpg: 0 x 0 split 3 pair 0 url http://c/4\n"
                            "000000004.jpg: bags 20 flags 8 box 0 0 -1 -1 area -1\n");
  vt_free(text);
  vt_labels_clear(&l);
  round_trip("street2shop", path_of("s2s"), path_of("s2s-out"));
}

static void test_shop_the_look(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  put_shop_the_look();
  if (read_labels(&l, "shop-the-look", path_of("stl/fashion.json"), false, &e)) fail_msg("%s", e.msg);
  assert_int_equal(l.n, 4);
  assert_int_equal(l.nimages, 3);
  const struct vt_instance *in = &l.v[2];
  assert_string_equal(l.classes.v[in->cls].name, "Apparel|Shoes");
  assert_string_equal(l.image[in->image].file, "s1.jpg");
  assert_int_equal(in->flags, VT_STREET | VT_SHARES);
  assert_int_equal(in->product, l.v[0].product);
  assert_string_equal(l.image[0].url,
                      "http://i.pinimg.com/400x/01/23/45/0123456789abcdef0123456789abcdef.jpg");
  struct vt_losses lost = {0};
  assert_int_equal(
      vt_format_find("csv-boxes", &e)->write(&l, path_of("x.csv"), &(struct vt_labels_opts){0}, &lost, &e),
      VT_EARG); /* shares of unknown sides are no pixels */
  assert_non_null(strstr(e.msg, "size"));
  vt_labels_clear(&l);
  round_trip("shop-the-look", path_of("stl/fashion.json"), path_of("stl/out.json"));
  char *a, *b;
  size_t n;
  assert_int_equal(vt_file_read(path_of("stl/fashion.json"), 1 << 20, &a, &n, &e), 0);
  assert_int_equal(vt_file_read(path_of("stl/out.json"), 1 << 20, &b, &n, &e), 0);
  assert_true(!strncmp(a, b,
                       strlen("{\"product\": \"0123456789abcdef0123456789abcdef\", \"scene\": \"s1\", "
                              "\"bbox\": [0.434097, 0.859363, 0.560254, 1")));
  vt_free(a);
  vt_free(b);
}

static void test_pairs(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  char *text;
  size_t n;
  put_pairs();
  if (read_labels(&l, "pairs", path_of("pairs"), false, &e)) fail_msg("%s", e.msg);
  text = told(&l);
  assert_string_equal(text, "a.jpg: 0 x 0 split 0 pair 0 url \n"
                            "a.jpg: tops p1 flags 4 box 1 2 10 20 area 200\n"
                            "b,c.jpg: 0 x 0 split 2 pair 0 url \n"
                            "b,c.jpg: shoes p2 flags 4 box 0.5 0 4.5 1 area 4.5\n"
                            "s.jpg: 0 x 0 split 3 pair 0 url \n"
                            "s.jpg: tops p1 flags 8 box 0 0 5 5 area 25\n"
                            "t.jpg: 0 x 0 split 3 pair 0 url \n"
                            "t.jpg: tops p1 flags 8 box 0 0 -1 -1 area -1\n"
                            "u.jpg: 0 x 0 split 3 pair 0 url \n"
                            "u.jpg: shoes p2 flags 8 box 0 0 -1 -1 area -1\n");
  vt_free(text);
  vt_labels_clear(&l);
  round_trip("pairs", path_of("pairs/all.csv"), path_of("pairs-out.csv"));
  char *again;
  assert_int_equal(vt_file_read(path_of("pairs/all.csv"), 1 << 20, &text, &n, &e), 0);
  assert_int_equal(vt_file_read(path_of("pairs-out.csv"), 1 << 20, &again, &n, &e), 0);
  assert_string_equal(text, again);
  vt_free(text);
  vt_free(again);

  /* the least that a table may have: the kind is the file's name, the product the shop's photo */
  put("kinds/bags.csv", "street,shop,x_1,y_1,x_2,y_2\na.jpg,s.jpg,1,2,3,4\n");
  put("kinds/tops.csv", "street,shop,x_1,y_1,x_2,y_2\na.jpg,s.jpg,1,2,3,4\n");
  if (read_labels(&l, "pairs", path_of("kinds"), false, &e)) fail_msg("%s", e.msg);
  assert_int_equal(l.n, 4);
  assert_string_equal(l.classes.v[l.v[0].cls].name, "bags");
  assert_string_equal(l.products.v[l.v[3].product].name, "s.jpg");
  vt_labels_clear(&l);

  /* what a product's boxes imply and the table lacks is said */
  put("few.csv", PAIRS "a.jpg,s.jpg,tops,1,2,11,22,,,,,p1,\nb.jpg,t.jpg,tops,1,2,11,22,,,,,p1,\n");
  if (read_labels(&l, "pairs", path_of("few.csv"), false, &e)) fail_msg("%s", e.msg);
  assert_true(loses(&l.dropped, "no pair", 2));
  vt_labels_clear(&l);
}

static void test_deepfashion2(void **state)
{
  struct vt_labels l;
  struct vt_err e = {0};
  put_deepfashion2();
  if (read_labels(&l, "deepfashion2", path_of("df2"), false, &e)) fail_msg("%s", e.msg);
  char *text = told(&l);
  assert_string_equal(text,
                      "train/image/000001.jpg: 0 x 0 split 0 pair 7 url \n"
                      "train/image/000001.jpg: skirt - flags 4 box 0 0 4 4 area -1\n"
                      "train/image/000001.jpg: top 7/2 flags 4 box 1 2 10 20 area -1 scale=3 occlusion=1 "
                      "zoom_in=2 viewpoint=1 "
                      "/ 1,2 11,2 11,22 / 3.5,3 4,4 5,3\n"
                      "validation/image/000001.jpg: 0 x 0 split 1 pair 7 url \n"
                      "validation/image/000001.jpg: top 7/2 flags 8 box 1 2 10 20 area -1 viewpoint=3\n");
  vt_free(text);
  assert_int_equal(l.products.n, 1);
  vt_labels_clear(&l);
  round_trip("deepfashion2", path_of("df2"), path_of("df2-out"));
  put("df2l/annos/1.json",
      "{\"source\":\"user\",\"pair_id\":7,\"item1\":" ITEM(",\"landmarks\":[1,2.5,2,0,0,0,4,5,1]") "}");
  round_trip("deepfashion2", path_of("df2l"), path_of("df2l-out"));
  if (read_labels(&l, "deepfashion2", path_of("df2l"), false, &e)) fail_msg("%s", e.msg);
  assert_true(l.v[0].npoints == 3 && l.point[l.v[0].points].y == 2.5 && l.point[2].seen == VT_HIDDEN);
  vt_labels_clear(&l);
}

/* Products, sources, pairs and urls survive COCO's json. */
static void test_links_in_coco(void **state)
{
  struct vt_labels a, b;
  struct vt_losses lost;
  struct vt_err e = {0};
  put_deepfashion2();
  if (read_labels(&a, "deepfashion2", path_of("df2"), false, &e)) fail_msg("%s", e.msg);
  for (int32_t k = 0; k < a.nimages; k++) {
    a.image[k].width = a.image[k].height = 30;
    a.image[k].url = "http://x/\"y\"";
  }
  for (int64_t i = 0; i < a.n; i++) a.v[i].area = 5;
  write_labels(&a, "coco", path_of("links.json"), &lost);
  assert_int_equal(lost.n, 0);
  if (read_labels(&b, "coco", path_of("links.json"), false, &e)) fail_msg("%s", e.msg);
  char *x = told(&a), *y = told(&b);
  assert_string_equal(x, y);
  vt_free(x);
  vt_free(y);
  write_labels(&b, "voc", path_of("links-voc"), &lost);
  assert_true(loses(&lost, "products", 2) && loses(&lost, "street or shop", 3) && loses(&lost, "urls", 2) &&
              loses(&lost, "pair numbers", 2) && loses(&lost, "masks", 1));
  vt_labels_clear(&a);
  vt_labels_clear(&b);
}

/* ---- IDX ---- */

static void put_zipped(const char *name, const void *data, size_t n)
{
  put(name, "");
  gzFile f = gzopen(path_of(name), "wb");
  assert_int_equal(gzwrite(f, data, (unsigned)n), n);
  assert_int_equal(gzclose(f), Z_OK);
}

static void test_idx(void **state)
{
  struct vt_labels l;
  struct vt_losses lost = {0};
  struct vt_image im;
  struct vt_err e = {0};
  put_idx();
  put_zipped("idx/t10k-images-idx3-ubyte.gz", idx_images, sizeof idx_images);
  put_zipped("idx/t10k-labels-idx1-ubyte.gz", idx_labels, sizeof idx_labels);
  if (read_labels(&l, "idx", path_of("idx"), false, &e)) fail_msg("%s", e.msg);
  assert_int_equal(l.n, 6);
  assert_int_equal(l.classes.n, 2);
  assert_string_equal(l.image[0].file, "t10k/00000.png");
  assert_int_equal(l.image[0].split, VT_SPLIT_TEST);
  assert_int_equal(l.image[5].split, VT_SPLIT_TRAIN);
  assert_string_equal(l.classes.v[l.v[4].cls].name, "1");
  assert_true(l.image[4].width == 2 && l.image[4].height == 3 && l.v[4].area == 6);
  const struct vt_labels_opts o = {.images = path_of("idx")};
  if (vt_format_find("folders", &e)->write(&l, path_of("digits"), &o, &lost, &e)) fail_msg("%s", e.msg);
  vt_labels_clear(&l);
  if (vt_image_read(&im, path_of("digits/train/1/train_00001.png"), NULL, NULL, &e)) fail_msg("%s", e.msg);
  assert_true(im.width == 2 && im.height == 3 && im.px[0] == 6 && im.px[2 * im.stride + im.channels] == 11);
  vt_image_clear(&im);
  if (read_labels(&l, "folders", path_of("digits"), false, &e)) fail_msg("%s", e.msg);
  assert_true(l.n == 6 && l.classes.n == 2);
  const struct vt_labels_opts again = {.images = path_of("digits")};
  lost = (struct vt_losses){0};
  if (vt_format_find("folders", &e)->write(&l, path_of("digits2"), &again, &lost, &e)) fail_msg("%s", e.msg);
  assert_int_equal(lost.n, 0);
  struct vt_labels b;
  if (read_labels(&b, "folders", path_of("digits2"), false, &e)) fail_msg("%s", e.msg);
  char *x = told(&l), *y = told(&b);
  assert_string_equal(x, y);
  vt_free(x);
  vt_free(y);
  vt_labels_clear(&l);
  vt_labels_clear(&b);
}

/* The shared sample: 2 photos, 12 instances; attributes stay, and come back. */
static void test_fashionpedia(void **state)
{
  const char *dir = vt_data_dir();
  char path[1024];
  struct vt_labels a, b;
  struct vt_losses lost;
  struct vt_err e = {0};
  snprintf(path, sizeof path, "%s/fashionpedia/sample.json", dir ? dir : "");
  if (!dir || !vt_is_file(path)) {
    if (getenv("VITRINE_REQUIRE_DATA")) fail_msg("fashionpedia/sample.json is required but missing");
    print_message("skipped: VITRINE_DATA is not set or lacks fashionpedia/sample.json\n");
    skip();
  }
  if (read_labels(&a, "fashionpedia", path, false, &e)) fail_msg("%s", e.msg);
  assert_true(a.nimages == 2 && a.n == 12 && a.classes.n == 48 && a.attributes.n == 320);
  int64_t attributes = 0;
  for (int64_t i = 0; i < a.n; i++) attributes += a.v[i].nattrs;
  assert_true(attributes > 0);
  assert_true(loses(&a.dropped, "categories: 'taxonomy_id'", 48));
  write_labels(&a, "fashionpedia", path_of("fp.json"), &lost);
  assert_int_equal(lost.n, 0);
  if (read_labels(&b, "fashionpedia", path_of("fp.json"), false, &e)) fail_msg("%s", e.msg);
  assert_int_equal(b.n, a.n);
  for (int64_t i = 0; i < a.n; i++) {
    assert_int_equal(a.v[i].nattrs, b.v[i].nattrs);
    for (int k = 0; k < a.v[i].nattrs; k++)
      assert_string_equal(a.attributes.v[a.attr[a.v[i].attrs + (uint32_t)k]].name,
                          b.attributes.v[b.attr[b.v[i].attrs + (uint32_t)k]].name);
  }
  vt_labels_clear(&a);
  vt_labels_clear(&b);
  put("plain.json", "{\"images\":[{\"id\":7,\"width\":6,\"height\":4}],\"annotations\":[]}");
  assert_int_equal(read_labels(&a, "fashionpedia", path_of("plain.json"), false, &e), VT_EFORMAT);
  vt_labels_clear(&a);
}

/* One of the two columns is enough to mark an instance. */
static void test_gallery_alone(void **state)
{
  static const char *const mark[] = {"is_query", "is_gallery"};
  for (int k = 0; k < 2; k++) {
    struct vt_labels l;
    struct vt_err e = {0};
    char text[200];
    snprintf(text, sizeof text, "path,label,%s,x_1,y_1,x_2,y_2\na.jpg,p,1,0,0,2,2\n", mark[k]);
    put("one.csv", text);
    if (read_labels(&l, "csv-boxes", path_of("one.csv"), false, &e)) fail_msg("%s", e.msg);
    assert_int_equal(l.v[0].nattrs, 1);
    assert_int_equal(l.attributes.n, 2);
    assert_string_equal(l.attributes.v[l.attr[l.v[0].attrs]].name, mark[k] + 3);
    vt_labels_clear(&l);
  }
}

/* A set that no list of pairs can hold whole: what goes is counted. */
static void test_losses(void **state)
{
  static const struct {
    const char *format, *path, *word;
    int64_t count;
  } cases[] = {
      {"street2shop", "lost-s2s", "masks", 1},
      {"street2shop", "lost-s2s", "attributes", 5},
      {"street2shop", "lost-s2s", "no product", 1},
      {"street2shop", "lost-s2s", "numbered", 1},
      {"street2shop", "lost-s2s", "names of pictures", 2},
      {"street2shop", "lost-s2s", "boxes in photos of shops", 1},
      {"shop-the-look", "lost.json", "masks", 1},
      {"shop-the-look", "lost.json", "no product", 1},
      {"shop-the-look", "lost.json", "splits", 2},
      {"pairs", "lost.csv", "attributes", 5},
      {"pairs", "lost.csv", "pair numbers", 2},
      {"imaterialist", "lost-im.csv", "products", 2},
      {"imaterialist", "lost-im.csv", "corners of polygons", 1},
      {"label-maps", "lost-maps", "corners of polygons", 1},
      {"csv-boxes", "lost-boxes.csv", "sizes of pictures", 2},
      {"csv-boxes", "lost-boxes.csv", "masks", 1},
      {"yolo", "lost-yolo", "street or shop", 3},
  };
  struct vt_labels l;
  struct vt_err e = {0};
  put_deepfashion2();
  if (read_labels(&l, "deepfashion2", path_of("df2"), false, &e)) fail_msg("%s", e.msg);
  for (int32_t k = 0; k < l.nimages; k++) l.image[k].width = l.image[k].height = 30;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_losses lost;
    write_labels(&l, cases[i].format, path_of(cases[i].path), &lost);
    if (!loses(&lost, cases[i].word, cases[i].count)) {
      for (int k = 0; k < lost.n; k++)
        print_message("%s: %lld\n", lost.v[k].what, (long long)lost.v[k].count);
      fail_msg("%s: %s", cases[i].format, cases[i].word);
    }
  }
  vt_labels_clear(&l);
}

/* What was written of a set without pictures is read as one; where files are the pictures, there is no set.
 */
static void test_empty_sets(void **state)
{
  static const struct {
    const char *format, *word; /* NULL: it is read */
  } cases[] = {{"coco", NULL},
               {"fashionpedia", NULL},
               {"imaterialist", NULL},
               {"csv-boxes", NULL},
               {"yolo", NULL},
               {"pairs", NULL},
               {"shop-the-look", NULL},
               {"voc", "no .xml file"},
               {"label-maps", "no label map"},
               {"street2shop", "no "},
               {"deepfashion2", "no annos"}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels none, l;
    struct vt_losses lost;
    struct vt_err e = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/empty-%s", folder, cases[i].format);
    assert_int_equal(vt_labels_init(&none, &e), 0);
    write_labels(&none, cases[i].format, path, &lost);
    const int rc = read_labels(&l, cases[i].format, path, false, &e);
    if (cases[i].word ? !rc || !strstr(e.msg, cases[i].word) : rc || l.nimages || l.n || lost.n)
      fail_msg("%s: %d '%s'", cases[i].format, rc, e.msg);
    vt_labels_clear(&none);
    vt_labels_clear(&l);
  }
}

/* COCO's ids of instances are the file's own, 0 too; those without one get what no other has. */
static void test_ids(void **state)
{
  enum { N = 4, NONE = -99 };
  static const int64_t cases[][2][N] = {{{1, 2, 3, 4}, {1, 2, 3, 4}},
                                        {{0, 1, 2, 3}, {0, 1, 2, 3}},
                                        {{3, 2, 1, 0}, {3, 2, 1, 0}},
                                        {{-1, 9, 0, 5}, {-1, 9, 0, 5}},
                                        {{NONE, NONE, NONE, NONE}, {1, 2, 3, 4}},
                                        {{NONE, 1, NONE, 2}, {5, 1, 3, 2}},
                                        {{7, 7, 5, 7}, {7, 2, 5, 4}},
                                        {{2, 2, 5, NONE}, {2, 6, 5, 4}}};
  struct vt_buf b = {0};
  vt_buf_adds(&b, "{\"images\":[{\"id\":0,\"file_name\":\"a.jpg\",\"width\":9,\"height\":9}],"
                  "\"categories\":[{\"id\":0,\"name\":\"hat\"}],\"annotations\":[");
  for (int k = 0; k < N; k++)
    vt_buf_addf(&b, "%s{\"id\":%d,\"image_id\":0,\"category_id\":0,\"bbox\":[%d,1,2,3],\"area\":6}",
                k ? "," : "", k, k);
  vt_buf_adds(&b, "]}");
  put("ids.json", b.data);
  vt_buf_clear(&b);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l, again;
    struct vt_losses lost;
    struct vt_err e = {0};
    if (read_labels(&l, "coco", path_of("ids.json"), false, &e)) fail_msg("%s", e.msg);
    const uint8_t flag = l.v[0].flags;
    for (int k = 0; k < N; k++) {
      const int64_t id = cases[i][0][k];
      l.v[k].id = id == NONE ? 0 : id;
      l.v[k].flags = id ? 0 : flag;
    }
    write_labels(&l, "coco", path_of("again.json"), &lost);
    if (read_labels(&again, "coco", path_of("again.json"), false, &e)) fail_msg("case %zu: %s", i, e.msg);
    for (int k = 0; k < N; k++)
      if (again.v[k].id != cases[i][1][k])
        fail_msg("case %zu: instance %d has id %lld", i, k, (long long)again.v[k].id);
    vt_labels_clear(&l);
    vt_labels_clear(&again);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_street2shop),   cmocka_unit_test(test_shop_the_look),
      cmocka_unit_test(test_pairs),         cmocka_unit_test(test_deepfashion2),
      cmocka_unit_test(test_links_in_coco), cmocka_unit_test(test_idx),
      cmocka_unit_test(test_fashionpedia),  cmocka_unit_test(test_gallery_alone),
      cmocka_unit_test(test_losses),        cmocka_unit_test(test_empty_sets),
      cmocka_unit_test(test_ids),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
