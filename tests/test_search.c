/* Indexing and searching end to end through the command line, with two small models made by hand
 * (tiny_models.h). Every command runs in a child process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>
#include "tiny_models.h"

int vt_cli_main(int argc, char **argv);

static char dir[64];
static struct vt_arena names;

static const char *at(const char *name)
{
  return vt_arena_printf(&names, "%s/%s", dir, name);
}

static void write_text(const char *path, const char *text, size_t len)
{
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, len ? len : strlen(text), f), len ? len : strlen(text));
  fclose(f);
}

enum { RED = 0xff0000, BLUE = 0x0000ff, GREEN = 0x00ff00 };

static int make_world(void)
{
  struct vt_err e = {0};
  char name[96];
  static const uint32_t colour[] = {RED, BLUE, GREEN};
  static const char *const folder[] = {"models", "other", "p", "p/sub", "shop", "shop/images"};
  for (size_t i = 0; i < VT_COUNT(folder); i++) mkdir(at(folder[i]), 0755);
  int rc = tiny_segmenter(at("models/segment.onnx"), &e);
  if (!rc) rc = tiny_embedder(at("models/embed.onnx"), 0, &e);
  if (!rc) rc = tiny_embedder(at("other/embed.onnx"), 1, &e);
  if (!rc) rc = tiny_photo(at("photo.png"), &e);
  for (int i = 0; i < 24 && !rc; i++) {
    snprintf(name, sizeof name, "%s/p/%s%d.png", dir, i == 5 ? "sub/" : "", i);
    rc = tiny_picture(name, colour[i % 3], i, &e);
    snprintf(name, sizeof name, "%s/shop/images/%d.jpg", dir, i);
    if (!rc) rc = tiny_picture(name, colour[i % 3], i * 2, &e);
  }
  if (rc) fprintf(stderr, "%s\n", e.msg);
  return rc;
}

static int setup(void **state)
{
  strcpy(dir, "/tmp/vt_search_XXXXXX");
  if (!mkdtemp(dir)) return -1;
  vt_arena_init(&names);
  pid_t pid = fork(); /* OpenMP may not be used before a fork: the parent computes nothing */
  if (pid == 0) exit(make_world() ? 1 : 0);
  int status;
  waitpid(pid, &status, 0);
  setenv("VITRINE_MODELS", at("models"), 1);
  return status;
}

static int teardown(void **state)
{
  char cmd[256];
  snprintf(cmd, sizeof cmd, "chmod -R u+w %s; rm -rf %s", dir, dir);
  vt_arena_clear(&names);
  return system(cmd);
}

/* What the last command printed. */
static char *out, *err;
static rlim_t file_limit;
static bool without_rights;

static char *slurp(const char *path)
{
  char *data = NULL;
  size_t len;
  assert_int_equal(vt_file_read(path, 64 << 20, &data, &len, NULL), 0);
  return data;
}

/* vitrine ARGS…, NULL-terminated; the exit code. */
static int vitrine(const char *first, ...)
{
  char *argv[64] = {"vitrine", (char *)first};
  int argc = 2, status;
  va_list ap;
  va_start(ap, first);
  while ((argv[argc] = va_arg(ap, char *))) argc++;
  va_end(ap);
  const char *o = at("stdout"), *x = at("stderr");
  pid_t pid = fork();
  if (pid == 0) {
    int fo = open(o, O_WRONLY | O_CREAT | O_TRUNC, 0644), fe = open(x, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(fo, 1);
    dup2(fe, 2);
    if (file_limit) {
      signal(SIGXFSZ, SIG_IGN);
      setrlimit(RLIMIT_FSIZE, &(struct rlimit){file_limit, file_limit});
    }
    if (without_rights && geteuid() == 0 && setuid(65534)) exit(99);
    exit(vt_cli_main(argc, argv));
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  vt_free(out);
  vt_free(err);
  out = slurp(o);
  err = slurp(x);
  if (!WIFEXITED(status)) fail_msg("%s died by signal %d\n%s", first, WTERMSIG(status), err);
  return WEXITSTATUS(status);
}
#define EXITS(code, ...)                                                                                     \
  do {                                                                                                       \
    int code_ = vitrine(__VA_ARGS__, (char *)NULL);                                                          \
    if (code_ != (code)) fail_msg("exit %d, expected %d: %s\n%s%s", code_, code, #__VA_ARGS__, out, err);    \
  } while (0)

static void says(const char *text, const char *word)
{
  if (!strstr(text, word)) fail_msg("'%s' is not in: %s", word, text);
}

static json_t *parsed(const char *text)
{
  json_error_t e;
  json_t *j = json_loads(text, 0, &e);
  if (!j) fail_msg("%s in %s", e.text, text);
  return j;
}

static int number(const char *key)
{
  json_t *j = parsed(out), *v = json_object_get(j, key);
  assert_true(json_is_integer(v));
  int n = (int)json_integer_value(v);
  json_decref(j);
  return n;
}

static void counts(int added, int updated, int unchanged, int removed, int failed, int products)
{
  int want[] = {added, updated, unchanged, removed, failed, products};
  static const char *const key[] = {"added", "updated", "unchanged", "removed", "failed", "products"};
  for (int i = 0; i < 6; i++)
    if (number(key[i]) != want[i])
      fail_msg("%s: %d, expected %d\n%s%s", key[i], number(key[i]), want[i], out, err);
}

static void test_folder(void **state)
{
  const char *db = at("folder.db");
  EXITS(0, "index", "-c", db, at("p"), "--json");
  counts(24, 0, 0, 0, 0, 24);
  EXITS(0, "index", "-c", db, at("p"), "--json");
  counts(0, 0, 24, 0, 0, 24);
  /* touched: same content; changed: other content; gone */
  assert_int_equal(utimensat(AT_FDCWD, at("p/1.png"), NULL, 0), 0);
  char *bytes = slurp(at("p/3.png"));
  write_text(at("p/2.png"), bytes, (size_t)vt_file_size(at("p/3.png")));
  vt_free(bytes);
  EXITS(0, "index", "-c", db, at("p"), "--json");
  counts(0, 1, 23, 0, 0, 24);
  EXITS(0, "index", "-c", db, at("p"), "--json");
  counts(0, 0, 24, 0, 0, 24);
  assert_int_equal(unlink(at("p/4.png")), 0);
  EXITS(0, "index", "-c", db, at("p"), "--json");
  counts(0, 0, 23, 0, 0, 24);
  EXITS(0, "index", "-c", db, at("p"), "--json", "--sync");
  counts(0, 0, 23, 1, 0, 23);
  EXITS(0, "index", "-c", db, "--json", "--remove", "sub/5.png", "6.png");
  counts(0, 0, 0, 2, 0, 21);
  EXITS(3, "index", "-c", db, "--json", "--remove", "7.png", "nobody");
  counts(0, 0, 0, 1, 1, 20);
  EXITS(1, "index", "-c", db, "--remove", "nobody");
  says(err, "nobody");
  EXITS(0, "index", "-c", db, at("p"), "--json");
  counts(3, 0, 20, 0, 0, 23);
}

static void test_bad_files(void **state)
{
  mkdir(at("bad"), 0755);
  tiny_picture(at("bad/good.png"), RED, 0, NULL);
  write_text(at("bad/empty.jpg"), "x", 1);
  assert_int_equal(truncate(at("bad/empty.jpg"), 0), 0);
  write_text(at("bad/text.png"), "this is no picture", 0);
  write_text(at("bad/.hidden"), "not looked at", 0);
  char *bytes = slurp(at("shop/images/0.jpg"));
  write_text(at("bad/cut.jpg"), bytes, (size_t)vt_file_size(at("shop/images/0.jpg")) / 2);
  vt_free(bytes);
  EXITS(3, "index", "-c", at("bad.db"), at("bad"), "--json");
  counts(1, 0, 0, 0, 3, 1);
  says(err, "empty.jpg");
  says(err, "text.png");
  says(err, "cut.jpg");
  unlink(at("bad/good.png"));
  EXITS(1, "index", "-c", at("bad2.db"), at("bad"), "--json");
  counts(0, 0, 0, 0, 3, 0);
  EXITS(1, "index", "-c", at("bad3.db"), at("nowhere"));
  says(err, "nowhere");
  assert_int_equal(access(at("bad3.db"), F_OK), -1);
  EXITS(2, "index", "-c", at("bad3.db"));
  EXITS(2, "index", at("p"));
  EXITS(1, "index", "-c", at("bad/text.png"), at("p"));
  says(err, "not a vitrine catalogue");
}

static const char styles[] = "\xEF\xBB\xBFid,name,kind,colour,note\r\n"
                             "0,\"A \"\"red\"\", wide top\",Shirts,Red,first\r\n"
                             "1,Blue trousers,Trousers,Blue,\r\n"
                             "2,Green thing,Lamps,Green,\"two\nlines\"\r\n"
                             "3,Red again,Shirts,Red,\r\n"
                             "4,Unknown word,Zeppelins,Blue,\r\n"
                             "5,\xFF\xFE bad bytes,Shirts,Green,\r\n"
                             "99,No picture,Shirts,Red,\r\n"
                             "6,Too,many,fields,in,this,row\r\n"
                             ",No id,Shirts,Red,\r\n"
                             "7,Seven,Trousers,Blue,\r\n"
                             "7,Seven again,Trousers,Blue,\r\n";
static const char map[] = "kind,group\nShirts,top\nTrousers,pants\nLamps,\n";

static void index_styles(const char *db, int code)
{
  write_text(at("shop/styles.csv"), styles, sizeof styles - 1);
  write_text(at("shop/map.csv"), map, 0);
  EXITS(code, "index", "-c", db, "--csv", at("shop/styles.csv"), "--id", "id", "--title", "name", "--image",
        "images/{id}.jpg", "--group", "kind", "--group-map", at("shop/map.csv"), "--json");
}

static void test_csv(void **state)
{
  const char *db = at("csv.db");
  index_styles(db, 3);
  counts(6, 0, 0, 0, 5, 6);
  says(err, "line 8"); /* bad UTF-8; the rows before span 7 lines */
  says(err, "99.jpg");
  says(err, "line 10");
  says(err, "line 11");
  says(err, "id '7' occurs already");
  index_styles(db, 3);
  counts(0, 0, 6, 0, 5, 6);
  EXITS(1, "index", "-c", db, at("shop/styles.csv"), "--id", "sku");
  says(err, "sku");
  says(err, "styles.csv");
  EXITS(1, "index", "-c", db, at("shop/styles.csv"), "--image", "images/{picture}.jpg");
  says(err, "picture");
  EXITS(1, "index", "-c", db, at("shop/styles.csv"), "--group-map", at("nowhere.csv"));
  /* a title changes: text only */
  write_text(at("shop/few.csv"), "id,name,kind,colour\n0,Renamed,Shirts,Red\n", 0);
  EXITS(0, "index", "-c", db, at("shop/few.csv"), "--title", "name", "--image", "images/{id}.jpg", "--group",
        "kind", "--group-map", at("shop/map.csv"), "--json");
  counts(0, 1, 0, 0, 0, 6);
  EXITS(0, "search", "-c", db, at("photo.png"), "--json", "-k", "9");
  says(out, "Renamed");
}

/* The items of the first line of `out` by group; the caller decrefs *root. */
static json_t *item(json_t **root, const char *group)
{
  *root = parsed(out);
  size_t i;
  json_t *it;
  json_array_foreach(json_object_get(*root, "items"), i, it)
  {
    const char *g = json_string_value(json_object_get(it, "group"));
    if (!group || (g && !strcmp(g, group))) return it;
  }
  fail_msg("no item %s in %s", group, out);
  return NULL;
}

/* Ids of an item's matches, sorted by rank, in one string. */
static const char *ids(const char *group)
{
  json_t *root, *m, *it = item(&root, group);
  size_t i;
  double last = 2;
  char *s = vt_arena_printf(&names, "%s", "");
  json_array_foreach(json_object_get(it, "matches"), i, m)
  {
    double score = json_real_value(json_object_get(m, "score"));
    assert_true(score <= last && score >= -1.000001 && score <= 1.000001);
    last = score;
    s = vt_arena_printf(&names, "%s%s ", s, json_string_value(json_object_get(m, "id")));
  }
  json_decref(root);
  return s;
}

static void test_search_json(void **state)
{
  const char *db = at("json.db");
  index_styles(db, 3);
  EXITS(0, "search", "-c", db, at("photo.png"), "--json", "-k", "3");
  json_t *root, *it = item(&root, "top");
  assert_string_equal(json_string_value(json_object_get(root, "photo")), at("photo.png"));
  assert_int_equal(json_integer_value(json_object_get(root, "width")), 120);
  assert_int_equal(json_integer_value(json_object_get(root, "height")), 200);
  assert_int_equal(json_array_size(json_object_get(root, "items")), 2);
  assert_true(json_is_object(json_object_get(root, "ms")));
  assert_string_equal(json_string_value(json_object_get(it, "label")), "top");
  json_t *box = json_object_get(it, "box"), *mask = json_object_get(it, "mask"), *match;
  assert_int_equal(json_array_size(box), 4);
  assert_true(json_number_value(json_array_get(box, 0)) >= 39 &&
              json_number_value(json_array_get(box, 0)) <= 43);
  struct vt_mask m;
  assert_int_equal(json_integer_value(json_array_get(json_object_get(mask, "size"), 0)), 200);
  assert_int_equal(vt_mask_from_coco(&m, json_string_value(json_object_get(mask, "counts")), 120, 200, NULL),
                   0);
  int64_t area = vt_mask_area(&m);
  assert_true(area > 2100 && area < 2700); /* drawn: 2400 */
  assert_true(vt_mask_box(&m).x == json_number_value(json_array_get(box, 0)));
  vt_mask_clear(&m);
  match = json_array_get(json_object_get(it, "matches"), 0);
  assert_string_equal(json_string_value(json_object_get(match, "id")), "0");
  assert_string_equal(json_string_value(json_object_get(match, "title")), "A \"red\", wide top");
  says(json_string_value(json_object_get(match, "image")), "/shop/images/0.jpg");
  json_t *attrs = json_object_get(match, "attributes");
  assert_string_equal(json_string_value(json_object_get(attrs, "colour")), "Red");
  assert_string_equal(json_string_value(json_object_get(attrs, "note")), "first");
  assert_null(json_object_get(attrs, "name"));
  json_decref(root);
  /* "4" is a word that the map does not know: its blue picture makes it pants, stored as predicted */
  assert_string_equal(ids("top"), "0 3 ");
  assert_true(strstr(ids("pants"), "1 ") && strstr(ids("pants"), "4 ") && strstr(ids("pants"), "7 "));
}

static void test_filters_and_groups(void **state)
{
  const char *db = at("filters.db"), *photo = at("photo.png");
  index_styles(db, 3);
  EXITS(0, "search", "-c", db, photo, "--json", "--filter", "colour=Blue");
  assert_string_equal(ids("top"), "");
  EXITS(0, "search", "-c", db, photo, "--json", "--filter", "colour=Red", "--filter", "colour=Blue",
        "--filter", "note=first");
  assert_string_equal(ids("top"), "0 ");
  assert_string_equal(ids("pants"), "");
  EXITS(2, "search", "-c", db, photo, "--filter", "size=L");
  says(err, "size");
  says(err, "colour");
  EXITS(2, "search", "-c", db, photo, "--filter", "colour");
  EXITS(0, "search", "-c", db, photo, "--json", "--any-group");
  assert_int_equal(strlen(ids("top")), 12); /* all six products */
  /* the lamp belongs to no group: whole pictures and boxes find it, items do not */
  EXITS(0, "search", "-c", db, at("shop/images/2.jpg"), "--json", "--whole", "-k", "1");
  assert_string_equal(ids(NULL), "2 ");
  EXITS(0, "search", "-c", db, photo, "--json", "--box", "52,12,16,16", "-k", "1");
  assert_string_equal(ids(NULL), "2 ");
  json_t *root = parsed(out);
  assert_int_equal(json_array_size(json_object_get(root, "items")), 1);
  json_decref(root);
  EXITS(2, "search", "-c", db, photo, "--box", "1,2,3");
  EXITS(2, "search", "-c", db, photo, "--box", "1,2,3,nan");
  EXITS(1, "search", "-c", db, photo, "--box", "5000,2,3,3");
  EXITS(2, "search", "-c", db);
  EXITS(1, "search", "-c", at("absent.db"), photo);
  says(err, "vitrine index");
}

static void test_several_images(void **state)
{
  const char *db = at("several.db");
  /* by rows: product a has three red pictures, b one; by templates: two columns, one of them empty */
  write_text(at("shop/rows.csv"),
             "id,image,title,group\na,images/0.jpg,A,top\nb,images/3.jpg,B,top\na,images/6.jpg,A,top\n"
             "a,images/9.jpg,A,top\n",
             0);
  EXITS(0, "index", "-c", db, at("shop/rows.csv"), "--json");
  counts(2, 0, 0, 0, 0, 2);
  assert_int_equal(number("images"), 4);
  EXITS(0, "search", "-c", db, at("photo.png"), "--json", "-k", "2");
  assert_int_equal(strlen(ids("top")), 4); /* distinct products though three of four vectors are a's */
  EXITS(0, "index", "-c", db, at("shop/rows.csv"), "--json");
  counts(0, 0, 2, 0, 0, 2);
  write_text(at("shop/columns.csv"),
             "id,front,back,group\na,images/0.jpg,images/12.jpg,top\nb,images/3.jpg,,top\n", 0);
  EXITS(0, "index", "-c", db, at("shop/columns.csv"), "--image", "{front}", "--image", "{back}", "--json");
  counts(0, 2, 0, 0, 0, 2); /* the titles are gone, too */
  assert_int_equal(number("images"), 3);
  /* one picture of two is lost: the product stays with the other, and the failure is told */
  write_text(at("shop/half.csv"), "id,front,back,group\nc,images/0.jpg,images/none.jpg,top\n", 0);
  EXITS(3, "index", "-c", db, at("shop/half.csv"), "--image", "{front}", "--image", "{back}", "--json");
  counts(1, 0, 0, 0, 1, 3);
}

static void test_sync(void **state)
{
  const char *db = at("sync.db");
  static const char *const step[] = {
      "id,image\na,images/0.jpg\nb,images/1.jpg\nc,images/2.jpg\nd,images/3.jpg\n",
      "id,image\na,images/0.jpg\nb,\nc,images/gone.jpg\n", "id,image\n",
      "id,image\na,images/0.jpg\nb,im\xFFges\n", "id,image\na,images/0.jpg\n"};
  static const struct {
    int code, removed, products;
  } want[] = {{0, 0, 4}, {3, 1, 3}, {0, 0, 3}, {3, 0, 3}, {0, 2, 1}};
  /* b's row names no picture and c's picture is gone, yet the source has both; an empty source and unreadable
   * rows remove nothing */
  for (size_t i = 0; i < VT_COUNT(want); i++) {
    write_text(at("shop/sync.csv"), step[i], 0);
    EXITS(want[i].code, "index", "-c", db, at("shop/sync.csv"), "--sync", "--json");
    assert_int_equal(number("removed"), want[i].removed);
    assert_int_equal(number("products"), want[i].products);
  }
}

static void test_photos_that_fail(void **state)
{
  const char *db = at("photos.db");
  index_styles(db, 3);
  write_text(at("broken.jpg"), "no photo", 0);
  EXITS(3, "search", "-c", db, "--json", at("broken.jpg"), at("photo.png"), at("missing.jpg"));
  char *second = strchr(out, '\n'), *third = second ? strchr(second + 1, '\n') : NULL;
  assert_non_null(third);
  *second = *third = 0;
  json_t *a = parsed(out), *b = parsed(second + 1), *c = parsed(third + 1);
  assert_string_equal(json_string_value(json_object_get(a, "photo")), at("broken.jpg"));
  says(json_string_value(json_object_get(a, "error")), "broken.jpg");
  assert_non_null(json_object_get(b, "items"));
  assert_non_null(json_object_get(c, "error"));
  json_decref(a);
  json_decref(b);
  json_decref(c);
  EXITS(1, "search", "-c", db, "--json", at("broken.jpg"));
  EXITS(0, "search", "-c", db, at("photo.png"));
  says(out, "wide top");
}

static void test_pictures(void **state)
{
  const char *db = at("pictures.db"), *photo = at("photo.png");
  struct vt_image im;
  struct vt_image_info info;
  index_styles(db, 3);
  EXITS(0, "search", "-c", db, photo, "--sheet", at("sheet.png"));
  assert_int_equal(vt_image_read(&im, at("sheet.png"), NULL, &info, NULL), 0);
  assert_true(im.width > 600 && im.height > 400);
  vt_image_clear(&im);
  EXITS(0, "segment", photo, "--labels", at("labels.png"), "--overlay", at("overlay.png"), "--json");
  assert_null(strstr(out, "matches"));
  struct vt_decode_opts raw = {.labels = true};
  assert_int_equal(vt_image_read(&im, at("labels.png"), &raw, &info, NULL), 0);
  assert_true(im.width == 120 && im.height == 200 && im.channels == 1);
  assert_int_equal(im.px[70 * im.stride + 60], 1);  /* top */
  assert_int_equal(im.px[150 * im.stride + 60], 4); /* pants */
  assert_int_equal(im.px[20 * im.stride + 60], 15); /* skin */
  assert_int_equal(im.px[5 * im.stride + 5], 0);
  vt_image_clear(&im);
  EXITS(0, "cutout", photo, "-o", at("person.png"));
  struct vt_decode_opts alpha = {.keep_alpha = true};
  assert_int_equal(vt_image_read(&im, at("person.png"), &alpha, &info, NULL), 0);
  assert_true(im.width == 120 && im.height == 200 && im.channels == 4);
  assert_int_equal(im.px[70 * im.stride + 60 * 4 + 3], 255);
  assert_int_equal(im.px[5 * im.stride + 5 * 4 + 3], 0);
  vt_image_clear(&im);
  EXITS(0, "cutout", photo, photo, "-o", at("cuts"));
  static const char *const made[] = {"cuts/photo.png", "cuts/photo-1-pants.png", "cuts/photo-2-top.png",
                                     "cuts/photo-2.png"};
  for (size_t i = 0; i < VT_COUNT(made); i++) assert_true(vt_is_file(at(made[i])));
  EXITS(3, "embed", at("shop/images/0.jpg"), at("missing.jpg"), at("shop/images/1.jpg"), "-o", at("v.npy"));
  char *npy = slurp(at("v.npy")), *csv = slurp(at("v.csv"));
  assert_memory_equal(npy, "\x93NUMPY\x01\x00", 8);
  says(npy + 10, "'shape': (2, 8)");
  assert_int_equal(vt_file_size(at("v.npy")) % 64, 0); /* 128 of header, 64 of data */
  says(csv, "row,photo\n0,");
  says(csv, "\n1,");
  says(csv, "images/1.jpg");
  vt_free(npy);
  vt_free(csv);
}

static void test_other_model(void **state)
{
  const char *db = at("model.db");
  index_styles(db, 3);
  EXITS(1, "search", "-c", db, at("photo.png"), "--whole", "--models", at("other"));
  says(err, "--reembed");
  EXITS(1, "index", "-c", db, at("p"), "--models", at("other"));
  says(err, "--reembed");
  EXITS(0, "index", "-c", db, "--reembed", "--models", at("other"), "--json");
  assert_int_equal(number("reembedded"), 6);
  EXITS(0, "search", "-c", db, at("photo.png"), "--whole", "--models", at("other"), "--json");
  EXITS(1, "search", "-c", db, at("photo.png"), "--whole");
}

static void test_full_disk(void **state)
{
  char name[96];
  mkdir(at("many"), 0755);
  for (int i = 0; i < 700; i++) {
    snprintf(name, sizeof name, "%s/many/%d.png", dir, i);
    tiny_picture(name, i % 2 ? RED : BLUE, i % 40, NULL);
  }
  const char *db = at("disk.db");
  file_limit = 150 << 10;
  EXITS(1, "index", "-c", db, at("many"), "--json");
  file_limit = 0;
  assert_true(strstr(err, "disk.db") && strlen(err) > 20);
  EXITS(0, "index", "-c", db, at("many"), "--json");
  assert_int_equal(number("products"), 700);
  assert_int_equal(number("added") + number("unchanged"), 700);
}

static void test_read_only(void **state)
{
  mkdir(at("ro"), 0755);
  const char *db = at("ro/shop.db");
  index_styles(db, 3);
  assert_int_equal(chmod(dir, 0755), 0);
  assert_int_equal(chmod(db, 0444), 0);
  assert_int_equal(chmod(at("ro"), 0555), 0);
  assert_int_equal(chmod(at("stdout"), 0666), 0);
  assert_int_equal(chmod(at("stderr"), 0666), 0);
  without_rights = true;
  EXITS(0, "search", "-c", db, at("photo.png"), "--json");
  assert_true(strstr(ids("top"), "0 ") != NULL);
  EXITS(1, "index", "-c", db, at("p"));
  says(err, "cannot be written");
  without_rights = false;
  assert_int_equal(chmod(at("ro"), 0755), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_folder),
      cmocka_unit_test(test_bad_files),
      cmocka_unit_test(test_csv),
      cmocka_unit_test(test_search_json),
      cmocka_unit_test(test_filters_and_groups),
      cmocka_unit_test(test_several_images),
      cmocka_unit_test(test_sync),
      cmocka_unit_test(test_photos_that_fail),
      cmocka_unit_test(test_pictures),
      cmocka_unit_test(test_other_model),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_read_only),
  };
  int rc = cmocka_run_group_tests(tests, setup, teardown);
  vt_free(out);
  vt_free(err);
  return rc;
}
