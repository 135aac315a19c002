/* Readers on small folders written here (good and broken) and on the real sets; taxonomy and group maps.
 * Counts of the real sets were taken with Python's csv module and Pillow. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "data/data.h"

static char dir[256];
static struct vt_err e;

static const char *at(const char *name)
{
  static char path[4][512];
  static int i;
  char *p = path[i++ & 3];
  snprintf(p, sizeof path[0], "%s/%s", dir, name);
  return p;
}

static void put(const char *name, const char *text)
{
  const char *path = at(name);
  char *folder = vt_path_dir(NULL, path);
  assert_int_equal(vt_mkdirs(folder, &e), 0);
  vt_free(folder);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

/* A picture of one grey value, or a label map whose left part is 0 and whose columns from x on hold `value`.
 */
static void put_image(const char *name, int w, int h, int channels, int x, int value)
{
  struct vt_image im;
  char *folder = vt_path_dir(NULL, at(name));
  assert_int_equal(vt_mkdirs(folder, &e), 0);
  vt_free(folder);
  assert_int_equal(vt_image_init(&im, w, h, channels, &e), 0);
  for (int y = 0; y < h; y++) {
    memset(im.px + y * im.stride + x * channels, value, (size_t)((w - x) * channels));
  }
  assert_int_equal(vt_image_write(&im, at(name), 90, &e), 0);
  vt_image_clear(&im);
}

static int setup(void **state)
{
  snprintf(dir, sizeof dir, "/tmp/vitrine-data-XXXXXX");
  return mkdtemp(dir) ? 0 : -1;
}

static int remove_file(const char *path, const char *rel, void *ctx, struct vt_err *err)
{
  return unlink(path);
}

static int teardown(void **state)
{
  static const char *const folders[] = {"t/images", "t/images224", "t/products", "t/photos",
                                        "t/masks",  "t",           "taxonomy",   "."};
  vt_walk(dir, remove_file, NULL, NULL);
  for (size_t i = 0; i < VT_COUNT(folders); i++) rmdir(at(folders[i]));
  return rmdir(dir) && vt_is_dir(dir) ? -1 : 0;
}

static void clean(void **state)
{
  teardown(state);
  assert_int_equal(vt_mkdirs(dir, &e), 0);
}

static void assert_says(const char *part)
{
  if (!strstr(e.msg, part)) fail_msg("'%s' lacks '%s'", e.msg, part);
}

/* ---- taxonomy
 * ------------------------------------------------------------------------------------------------ */

static void test_taxonomy_builtin(void **state)
{
  struct vt_taxonomy t;
  assert_int_equal(vt_taxonomy_builtin(&t, &e), 0);
  assert_int_equal(t.ngroups, 17);
  assert_int_equal(t.ntags, 59);
  assert_int_equal(vt_taxonomy_find(&t, "background"), 0);
  assert_int_equal(vt_taxonomy_find(&t, "hair"), 16);
  assert_int_equal(vt_taxonomy_find(&t, "sock"), -1);
  assert_int_equal(t.tag_group[59], VT_IGNORE);
  struct vt_image im;
  assert_int_equal(vt_image_init(&im, 4, 1, 1, &e), 0);
  memcpy(im.px, (uint8_t[]){0, 58, 8, 200}, 4); /* null, wedges, bra, none */
  vt_taxonomy_map_labels(&t, &im);
  assert_memory_equal(im.px, ((uint8_t[]){0, 8, VT_IGNORE, VT_IGNORE}), 4);
  vt_image_clear(&im);
  vt_taxonomy_clear(&t);
}

static void test_taxonomy_files(void **state)
{
  static const char *const bad[][3] = {
      {"id,group\n0,a\n2,b\n", "ccp_id,group\n0,a\n", "groups.csv: line 3"},
      {"id,group\n0,a\n1,a\n", "ccp_id,group\n0,a\n", "twice"},
      {"id,group\n", "ccp_id,group\n0,a\n", "no groups"},
      {"id,name\n0,a\n", "ccp_id,group\n0,a\n", "group"},
      {"id,group\n0,a\n", "ccp_id,group\n0,b\n", "unknown group 'b'"},
      {"id,group\n0,a\n", "ccp_id,group\n1,a\n", "ccp.csv: line 2"},
  };
  struct vt_taxonomy t;
  clean(state);
  put("taxonomy/groups.csv", "\xef\xbb\xbfid,group\r\n0,a\r\n1,b\r\n");
  put("taxonomy/ccp.csv", "ccp_id,ccp_tag,group\n0,x,b\n1,y,ignore\n");
  assert_int_equal(vt_taxonomy_read(&t, at("taxonomy"), &e), 0);
  assert_int_equal(t.ngroups, 2);
  assert_int_equal(t.tag_group[0], 1);
  assert_int_equal(t.tag_group[1], VT_IGNORE);
  vt_taxonomy_clear(&t);
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    put("taxonomy/groups.csv", bad[i][0]);
    put("taxonomy/ccp.csv", bad[i][1]);
    assert_true(vt_taxonomy_read(&t, at("taxonomy"), &e) < 0);
    assert_says(bad[i][2]);
  }
  assert_int_equal(vt_taxonomy_read(&t, at("nowhere"), &e), VT_ENOENT);
}

static void test_group_map(void **state)
{
  struct vt_taxonomy t;
  struct vt_group_map *m;
  clean(state);
  assert_int_equal(vt_taxonomy_builtin(&t, &e), 0);
  put("map.csv", "articleType,group\nShirts,top\nBra,\nShirts,top\n");
  assert_int_equal(vt_group_map_read(&m, &t, at("map.csv"), &e), 0);
  assert_int_equal(vt_group_map_find(m, "Shirts"), 1);
  assert_int_equal(vt_group_map_find(m, "Bra"), -1);
  assert_int_equal(vt_group_map_find(m, "shirts"), -2);
  vt_group_map_free(m);
  static const char *const bad[][2] = {{"a,group\nx,topp\n", "unknown group 'topp'"},
                                       {"a,group\nx,top\nx,dress\n", "two different"},
                                       {"group\ntop\n", "first column"},
                                       {"a,b\nx,top\n", "group"}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    put("map.csv", bad[i][0]);
    assert_true(vt_group_map_read(&m, &t, at("map.csv"), &e) < 0);
    assert_null(m);
    assert_says(bad[i][1]);
  }
  vt_group_map_free(NULL);
  vt_taxonomy_clear(&t);
}

/* ---- readers on small folders
 * -------------------------------------------------------------------------------- */

#define HEAD                                                                                                 \
  "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName,split\n"
static const char two_products[] =
    "\xef\xbb\xbf" HEAD "7,Men,Apparel,Topwear,Shirts,Red,Fall,2011,Casual,\"A, \"\"shirt\"\"\",train\n"
    "5,Women,Apparel,Bottomwear,Jeans,,Fall,2011,Casual,Jeans,val\n";

static void put_products(void)
{
  put("t/styles.csv", two_products);
  put("taxonomy/products.csv", "articleType,group\nShirts,top\nJeans,pants\nBra,\n");
  put_image("t/images/5.jpg", 6, 8, 3, 0, 200);
  put_image("t/images/7.jpg", 6, 8, 3, 0, 100);
}

static void test_products(void **state)
{
  struct vt_dataset d;
  clean(state);
  put_products();
  put_image("t/images224/5.jpg", 8, 8, 3, 0, 200);
  assert_int_equal(vt_dataset_init(&d, &e), 0);
  if (vt_read_products(&d, at("t"), false, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 2);
  assert_int_equal(d.nattrs, 7);
  int type = vt_dataset_attr(&d, "articleType"), colour = vt_dataset_attr(&d, "baseColour");
  assert_string_equal(d.classes[type][0], "Jeans");
  assert_string_equal(d.classes[type][1], "Shirts");
  assert_int_equal(d.v[0].attr[type], 1);
  assert_int_equal(d.v[0].group, 1);
  assert_int_equal(d.v[0].split, VT_SPLIT_TRAIN);
  assert_int_equal(d.v[1].attr[type], 0);
  assert_int_equal(d.v[1].attr[colour], -1);
  assert_int_equal(d.v[1].instance, 5);
  assert_int_equal(d.v[1].split, VT_SPLIT_VAL);
  assert_int_equal(vt_read_products(&d, at("t"), true, &e), 0);
  assert_int_equal(d.n, 3);
  assert_int_equal(vt_read_products(&d, at("t/styles.csv"), false, &e), 0); /* the table itself */
  assert_int_equal(d.n, 5);
  assert_int_equal(d.nattrs, 7);
  assert_int_equal(d.nclasses[type], 2);
  assert_int_equal(d.v[2].instance, 5);
  assert_true(d.v[2].aspect == 0.75f);
  assert_int_equal(d.v[2].attr[type], 0);
  vt_dataset_clear(&d);
}

static void test_products_bad(void **state)
{
#define REST ",Men,Apparel,Topwear,Shirts,Red,Fall,2011,Casual,x,train\n"
  static const char *const bad[][2] = {
      {HEAD "7" REST "7" REST, "styles.csv: line 3: id 7 occurs already in line 2"},
      {HEAD "7" REST "9" REST, "images/9.jpg does not exist"},
      {HEAD "7" REST "5,Men\n", "styles.csv: line 3"},
      {HEAD "x" REST, "whole number"},
      {HEAD "7,Men,Apparel,Topwear,Shirts,Red,Fall,2011,Casual,x,tran\n", "not 'tran'"},
      {HEAD "7,Men,Apparel,Topwear,Skirts,Red,Fall,2011,Casual,x,train\n", "'Skirts' is not in the taxonomy"},
      {"id,split\n7,train\n", "articleType"},
      {HEAD "7,\xff,Apparel,Topwear,Shirts,Red,Fall,2011,Casual,x,train\n", "styles.csv: line 2"},
      {"", "styles.csv"},
  };
  struct vt_dataset d;
  clean(state);
  put_products();
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    put("t/styles.csv", bad[i][0]);
    assert_int_equal(vt_dataset_init(&d, &e), 0);
    assert_true(vt_read_products(&d, at("t"), false, &e) < 0);
    assert_says(bad[i][1]);
    vt_dataset_clear(&d);
  }
  assert_int_equal(vt_dataset_init(&d, &e), 0);
  assert_int_equal(vt_read_products(&d, at("nowhere"), false, &e), VT_ENOENT);
  put("t/styles.csv", two_products);
  assert_int_equal(vt_read_products(&d, at("t"), true, &e), VT_ENOENT);
  assert_says("images224");
  vt_dataset_clear(&d);
}

static void test_clothing(void **state)
{
  struct vt_dataset d;
  clean(state);
  put_image("t/images/a.jpg", 8, 8, 3, 0, 50);
  put("t/images.csv", "image,sender_id,label,kids,split\na,1,Outwear,False,val\na,1,Not sure,True,train\n");
  assert_int_equal(vt_dataset_init(&d, &e), 0);
  if (vt_read_clothing(&d, at("t"), &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 2);
  assert_int_equal(d.v[0].group, vt_taxonomy_find(&d.taxonomy, "outerwear"));
  assert_string_equal(d.classes[0][d.v[0].attr[0]], "Outwear");
  assert_int_equal(d.v[1].group, -1);
  assert_int_equal(d.v[1].attr[0], -1);
  static const char *const bad[][2] = {
      {"image,sender_id,label,kids,split\na,1,Cape,False,val\n", ": line 2: unknown label"},
      {"image,sender_id,label,kids,split\nb,1,Hat,False,val\n", "images/b.jpg"},
      {"image,label\na,Hat\n", "split"}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    put("t/images.csv", bad[i][0]);
    assert_true(vt_read_clothing(&d, at("t"), &e) < 0);
    assert_says(bad[i][1]);
  }
  vt_dataset_clear(&d);
}

static void test_ccp(void **state)
{
  struct vt_dataset d;
  clean(state);
  put("t/split.csv", "id,split\n1,train\n2,val\n");
  for (int i = 1; i <= 2; i++) {
    char name[40];
    snprintf(name, sizeof name, "t/photos/%d.jpg", i);
    put_image(name, 20, 30, 3, 0, 99);
    snprintf(name, sizeof name, "t/masks/%d.png", i);
    put_image(name, 20, 30, 1, i == 1 ? 15 : 19, i == 1 ? 14 : 41); /* a quarter dress; a strip of skin */
  }
  assert_int_equal(vt_dataset_init(&d, &e), 0);
  if (vt_read_ccp(&d, at("t"), false, 0, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 2);
  if (vt_read_ccp(&d, at("t"), true, 0.25, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 3); /* skin is no garment */
  assert_int_equal(d.v[2].group, 3);
  assert_int_equal(d.v[2].region, 3);
  assert_true(d.v[2].box.x == 15 && d.v[2].box.y == 0 && d.v[2].box.w == 5 && d.v[2].box.h == 30);
  assert_true(d.v[2].share == 0.25f);
  assert_int_equal(vt_read_ccp(&d, at("t"), true, 0.26, &e), 0);
  assert_int_equal(d.n, 3);
  put("t/labels.txt", "null\naccessories\n");
  assert_int_equal(vt_read_ccp(&d, at("t"), false, 0, &e), VT_EFORMAT);
  assert_says("2 tags");
  unlink(at("t/labels.txt"));
  put_image("t/masks/2.png", 20, 29, 1, 0, 0);
  assert_int_equal(vt_read_ccp(&d, at("t"), true, 0, &e), VT_ESHAPE);
  assert_says("masks/2.png is 20 x 29");
  put("t/masks/2.png", "no picture");
  assert_true(vt_read_ccp(&d, at("t"), true, 0, &e) < 0);
  assert_says("masks/2.png");
  unlink(at("t/masks/2.png"));
  assert_int_equal(vt_read_ccp(&d, at("t"), false, 0, &e), VT_ENOENT);
  assert_says("split.csv: line 3");
  vt_dataset_clear(&d);
}

static void test_synth(void **state)
{
#define PAIRS "photo,product,group,x,y,w,h,area\n"
  static const char products[] =
      "id,title,articleType,pattern,group,image,split\nb,B,Tops,dots,top,products/b.jpg,train\n"
      "a,A,Skirts,plain,skirt,products/a.jpg,val\n";
  static const char *const bad[][3] = {
      {"pairs.csv", PAIRS "x,c,top,5,0,5,10,50\n", "line 2: product 'c' is not in products.csv"},
      {"pairs.csv", PAIRS "y,b,top,5,0,5,10,50\n", "line 2: photo 'y' is not in split.csv"},
      {"pairs.csv", PAIRS "x,b,tops,5,0,5,10,50\n", "unknown group 'tops'"},
      {"pairs.csv", PAIRS "x,b,top,6,0,5,10,50\n", "do not fit"},
      {"pairs.csv", PAIRS "x,b,top,5,0,5,10,51\n", "do not fit"},
      {"pairs.csv", PAIRS "x,b,top,5,0,-5,10,5\n", "do not fit"},
      {"split.csv", "photo,split\ny,train\n", "photos/y.jpg does not exist"},
      {"split.csv", "photo,split\nx,train\nx,train\n", "'x' occurs twice"},
      {"products.csv", "id,group,image\na,top,products/a.jpg\n", "split"},
  };
  struct vt_dataset d;
  clean(state);
  put_image("t/products/a.jpg", 6, 8, 3, 0, 1);
  put_image("t/products/b.jpg", 6, 8, 3, 0, 1);
  put_image("t/photos/x.jpg", 10, 10, 3, 0, 1);
  put_image("t/masks/x.png", 10, 10, 1, 5, 1);
  for (size_t i = 0; i <= VT_COUNT(bad); i++) {
    put("t/products.csv", products);
    put("t/split.csv", "photo,split\nx,val\n");
    put("t/pairs.csv", PAIRS "x,b,top,5,0,5,10,50\n");
    char name[40];
    if (i) snprintf(name, sizeof name, "t/%s", bad[i - 1][0]);
    if (i) put(name, bad[i - 1][1]);
    assert_int_equal(vt_dataset_init(&d, &e), 0);
    int rc = vt_read_synth(&d, at("t"), true, &e);
    if (i) {
      assert_true(rc < 0);
      assert_says(bad[i - 1][2]);
    } else {
      if (rc < 0) fail_msg("%s", e.msg);
      assert_int_equal(d.n, 3);
      assert_int_equal(d.v[2].instance, d.v[0].instance);
      assert_int_not_equal(d.v[0].instance, d.v[1].instance);
      assert_int_equal(d.v[2].group, 1);
      assert_int_equal(d.v[2].split, VT_SPLIT_VAL);
      assert_true(d.v[2].share == 0.5f && d.v[2].box.x == 5);
      assert_int_equal(d.nattrs, 2);
      assert_string_equal(d.classes[1][d.v[2].attr[1]], "dots");
      assert_int_equal(vt_read_synth(&d, at("t"), false, &e), 0);
      assert_int_equal(d.n, 4);
      assert_int_equal(d.v[3].region, 0);
      assert_non_null(d.v[3].label_map);
    }
    vt_dataset_clear(&d);
  }
}

/* ---- real sets
 * ------------------------------------------------------------------------------------------------ */

static int64_t in_split(const struct vt_dataset *d, enum vt_split s)
{
  int64_t n = 0;
  for (int64_t i = 0; i < d->n; i++) n += d->v[i].split == s;
  return n;
}

static void test_real(void **state)
{
  const char *root = vt_data_dir();
  if (!root) {
    if (getenv("VITRINE_REQUIRE_DATA")) fail_msg("VITRINE_DATA is not set");
    print_message("real data sets left out: VITRINE_DATA is not set\n");
    skip();
  }
  struct vt_dataset d;
  struct vt_taxonomy t, own;
  char path[4096];
  assert_int_equal(vt_taxonomy_builtin(&own, &e), 0);
  snprintf(path, sizeof path, "%s/taxonomy", root);
  if (vt_taxonomy_read(&t, path, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(t.ngroups, own.ngroups);
  assert_int_equal(t.ntags, own.ntags);
  for (int i = 0; i < t.ngroups; i++) assert_string_equal(t.group[i], own.group[i]);
  assert_memory_equal(t.tag_group, own.tag_group, sizeof t.tag_group);
  vt_taxonomy_clear(&t);
  vt_taxonomy_clear(&own);

  assert_int_equal(vt_dataset_init(&d, &e), 0);
  snprintf(path, sizeof path, "%s/ccp", root);
  if (vt_read_ccp(&d, path, false, 0, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(in_split(&d, VT_SPLIT_TRAIN), 704);
  assert_int_equal(in_split(&d, VT_SPLIT_VAL), 100);
  d.n = 0;
  if (vt_read_ccp(&d, path, true, 0.01, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 2724);
  assert_int_equal(in_split(&d, VT_SPLIT_VAL), 344);
  assert_int_equal(d.v[0].group, 1);
  assert_true(d.v[0].box.x == 163 && d.v[0].box.y == 134 && d.v[0].box.w == 234 && d.v[0].box.h == 430);
  assert_true(fabs(d.v[0].share - 56689.0 / 457600) < 1e-7);
  d.n = 0;
  snprintf(path, sizeof path, "%s/clothing", root);
  if (vt_read_clothing(&d, path, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 4416);
  d.n = 0;
  snprintf(path, sizeof path, "%s/products", root);
  if (vt_read_products(&d, path, false, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 40571);
  assert_int_equal(in_split(&d, VT_SPLIT_VAL), 2550);
  assert_int_equal(d.nclasses[vt_dataset_attr(&d, "articleType")], 140);
  assert_int_equal(d.nclasses[vt_dataset_attr(&d, "baseColour")], 46);
  d.n = 0;
  if (vt_read_products(&d, path, true, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(d.n, 8839);
  assert_int_equal(d.nclasses[vt_dataset_attr(&d, "articleType")], 140);
  vt_dataset_clear(&d);
}

int main(void)
{
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_taxonomy_builtin),
      cmocka_unit_test(test_taxonomy_files),
      cmocka_unit_test(test_group_map),
      cmocka_unit_test(test_products),
      cmocka_unit_test(test_products_bad),
      cmocka_unit_test(test_clothing),
      cmocka_unit_test(test_ccp),
      cmocka_unit_test(test_synth),
      cmocka_unit_test(test_real),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
