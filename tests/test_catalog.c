/* The catalogue: upsert, removal, sweeps, filters, re-embedding, and everything that can be wrong with a
 * file. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "catalog/sql.h"

enum { DIM = 8 };
static char dir[64];

static const char *at(const char *name)
{
  static char path[4][128];
  static int turn;
  char *p = path[turn++ & 3];
  snprintf(p, sizeof path[0], "%s/%s", dir, name);
  return p;
}

static int setup(void **state)
{
  strcpy(dir, "/tmp/vt_catalog_XXXXXX");
  return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
  char cmd[256];
  snprintf(cmd, sizeof cmd, "chmod -R u+w %s; rm -rf %s", dir, dir);
  return system(cmd);
}

#define OK(call)                                                                                             \
  do {                                                                                                       \
    struct vt_err e = {0};                                                                                   \
    int rc_ = (call);                                                                                        \
    if (rc_ != 0) fail_msg("%s: %d %s", #call, rc_, e.msg);                                                  \
  } while (0)

static void vec(float *v, int seed)
{
  struct vt_rng r;
  vt_rng_init(&r, (uint64_t)seed, 0, 0);
  for (int d = 0; d < DIM; d++) v[d] = vt_rng_normal(&r);
}

/* A product with images n0, n0 + 1, … whose vectors are those seeds'. */
static void put(struct vt_catalog *c, const char *id, int group, int n0, int nimages, const char *colour,
                const char *kind)
{
  static float v[4][DIM];
  static char path[4][32];
  struct vt_catalog_image im[4] = {0};
  for (int i = 0; i < nimages; i++) {
    vec(v[i], n0 + i);
    snprintf(path[i], sizeof path[i], "/pictures/%d.jpg", n0 + i);
    im[i] = (struct vt_catalog_image){.path = path[i], .hash = "h", .size = 10 + n0, .mtime = 5, .v = v[i]};
  }
  struct vt_attr attrs[2] = {{"colour", colour}, {"kind", kind}};
  struct vt_product p = {.id = id,
                         .title = "A title",
                         .group = group,
                         .text = 7,
                         .attrs = attrs,
                         .nattrs = 2,
                         .images = im,
                         .nimages = nimages};
  OK(vt_catalog_put(c, &p, NULL, &e));
}

static struct vt_catalog *opened(const char *path, enum vt_catalog_mode mode)
{
  struct vt_catalog *c = NULL;
  OK(vt_catalog_open(&c, path, mode, &e));
  return c;
}

static struct vt_catalog *fresh(const char *path)
{
  struct vt_catalog *c = opened(path, VT_CATALOG_CREATE);
  OK(vt_catalog_check_model(c, "model-a", DIM, &e));
  return c;
}

static int64_t vectors(struct vt_catalog *c, struct vt_catalog_vectors *v)
{
  OK(vt_catalog_load(c, v, &e));
  for (int64_t i = 1; i < v->n; i++)
    assert_true(v->group[i - 1] < v->group[i] ||
                (v->group[i - 1] == v->group[i] && v->image[i - 1] < v->image[i]));
  return v->n;
}

static bool has_vector(const struct vt_catalog_vectors *v, int64_t i, int seed)
{
  float want[DIM];
  vec(want, seed);
  return memcmp(want, v->v + i * DIM, sizeof want) == 0;
}

static void test_upsert_and_reopen(void **state)
{
  struct vt_catalog *c = fresh(at("a.db"));
  OK(vt_catalog_begin(c, &e));
  put(c, "one", 3, 1, 2, "red", "dress");
  put(c, "zwei", 1, 10, 1, "blue", "shirt");
  put(c, "none", VT_NO_GROUP, 20, 1, "blue", "lamp");
  OK(vt_catalog_commit(c, &e));
  vt_catalog_close(c);

  c = opened(at("a.db"), VT_CATALOG_READ);
  assert_string_equal(vt_catalog_model(c), "model-a");
  assert_int_equal(vt_catalog_dim(c), DIM);
  struct vt_catalog_vectors v;
  assert_int_equal(vectors(c, &v), 4);
  assert_true(has_vector(&v, 0, 10) && has_vector(&v, 1, 1) && has_vector(&v, 2, 2) && has_vector(&v, 3, 20));
  assert_int_equal(v.group[3], VT_NO_GROUP);
  assert_int_equal(v.product[1], v.product[2]);
  vt_catalog_vectors_clear(&v);
  struct vt_err err;
  assert_int_equal(vt_catalog_begin(c, &err), VT_EREADONLY);
  vt_catalog_close(c);

  /* the dress becomes a skirt, loses its second image and gets another; the row number stays */
  c = opened(at("a.db"), VT_CATALOG_WRITE);
  struct vt_arena a;
  vt_arena_init(&a);
  struct vt_product before, after;
  assert_int_equal(vt_catalog_find(c, "one", true, &a, &before, &err), 1);
  assert_int_equal(before.nattrs, 2);
  assert_string_equal(before.attrs[0].name, "colour");
  assert_string_equal(before.attrs[0].value, "red");
  assert_int_equal(before.nimages, 2);
  assert_int_equal(before.text, 7);
  OK(vt_catalog_begin(c, &e));
  float other[DIM];
  vec(other, 30);
  struct vt_catalog_image im[2] = {
      {.path = "/pictures/1.jpg", .hash = "h", .size = 1, .mtime = 2},
      {.path = "/pictures/30.jpg", .hash = "x", .size = 3, .mtime = 4, .v = other}};
  struct vt_product p = {
      .id = "one", .title = "New", .group = 6, .predicted = true, .images = im, .nimages = 2};
  OK(vt_catalog_put(c, &p, NULL, &e));
  OK(vt_catalog_commit(c, &e));
  assert_int_equal(vt_catalog_find(c, "one", true, &a, &after, &err), 1);
  assert_int_equal(after.row, before.row);
  assert_string_equal(after.title, "New");
  assert_int_equal(after.nattrs, 0);
  assert_true(after.predicted);
  assert_int_equal(after.images[0].row, before.images[0].row);
  assert_int_equal(vectors(c, &v), 4);
  assert_true(v.group[1] == 6 && has_vector(&v, 1, 1) && has_vector(&v, 2, 30));
  vt_catalog_vectors_clear(&v);
  /* an image without vector that is not stored is refused, and the transaction can be undone */
  OK(vt_catalog_begin(c, &e));
  im[0].path = "/pictures/unknown.jpg";
  assert_int_equal(vt_catalog_put(c, &p, NULL, &err), VT_EARG);
  vt_catalog_rollback(c);
  assert_int_equal(vectors(c, &v), 4);
  vt_catalog_vectors_clear(&v);
  assert_int_equal(vt_catalog_find(c, "absent", true, &a, &after, &err), 0);
  vt_arena_clear(&a);
  vt_catalog_close(c);
}

static void test_remove_and_sweep(void **state)
{
  struct vt_catalog *c = fresh(at("b.db"));
  char id[16];
  struct vt_err err;
  OK(vt_catalog_begin(c, &e));
  for (int i = 0; i < 10; i++) {
    snprintf(id, sizeof id, "p%d", i);
    put(c, id, i % 3, i * 2, 2, "red", "x");
  }
  assert_int_equal(vt_catalog_remove(c, "p4", &err), 1);
  assert_int_equal(vt_catalog_remove(c, "p4", &err), 0);
  OK(vt_catalog_commit(c, &e));
  struct vt_catalog_counts n;
  OK(vt_catalog_count(c, &n, &e));
  assert_int_equal(n.products, 9);
  assert_int_equal(n.images, 18);
  struct vt_arena a;
  struct vt_product p;
  vt_arena_init(&a);
  vt_catalog_unmark(c);
  for (int i = 0; i < 3; i++) {
    snprintf(id, sizeof id, "p%d", i);
    assert_int_equal(vt_catalog_find(c, id, false, &a, &p, &err), 1);
    OK(vt_catalog_mark(c, p.row, &e));
  }
  int64_t removed;
  OK(vt_catalog_begin(c, &e));
  OK(vt_catalog_sweep(c, &removed, &e));
  OK(vt_catalog_commit(c, &e));
  assert_int_equal(removed, 6);
  OK(vt_catalog_count(c, &n, &e));
  assert_int_equal(n.products, 3);
  assert_int_equal(n.images, 6);
  struct vt_catalog_vectors v;
  assert_int_equal(vectors(c, &v), 6);
  vt_catalog_vectors_clear(&v);
  vt_arena_clear(&a);
  vt_catalog_close(c);
}

static void test_filters(void **state)
{
  struct vt_catalog *c = fresh(at("c.db"));
  OK(vt_catalog_begin(c, &e));
  put(c, "0", 1, 0, 1, "red", "shirt");
  put(c, "1", 1, 1, 1, "blue", "shirt");
  put(c, "2", 1, 2, 1, "red", "dress");
  put(c, "3", 1, 3, 1, "green", "dress");
  OK(vt_catalog_commit(c, &e));
  static const struct {
    int n;
    struct vt_attr terms[4];
    const char *ids;
  } cases[] = {
      {0, {{0}}, "0123"},
      {1, {{"colour", "red"}}, "02"},
      {2, {{"colour", "red"}, {"colour", "blue"}}, "012"},
      {2, {{"colour", "red"}, {"kind", "dress"}}, "2"},
      {4, {{"colour", "red"}, {"kind", "dress"}, {"colour", "green"}, {"kind", "shirt"}}, "023"},
      {1, {{"colour", "violet"}}, ""},
      {2, {{"colour", "violet"}, {"colour", "blue"}}, "1"},
      {2, {{"colour", "blue"}, {"kind", "dress"}}, ""},
  };
  struct vt_arena a;
  vt_arena_init(&a);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    uint64_t *bits;
    int64_t nbits;
    char got[8] = "", *g = got;
    OK(vt_catalog_filter(c, cases[i].n, cases[i].terms, &bits, &nbits, &e));
    for (int k = 0; k < 4; k++) {
      char id[2] = {(char)('0' + k), 0};
      struct vt_product p;
      struct vt_err err;
      assert_int_equal(vt_catalog_find(c, id, false, &a, &p, &err), 1);
      if (p.row < nbits && (bits[p.row / 64] >> (p.row % 64) & 1)) *g++ = id[0];
    }
    *g = 0;
    assert_string_equal(got, cases[i].ids);
    vt_free(bits);
  }
  uint64_t *bits;
  int64_t nbits;
  struct vt_err err;
  struct vt_attr unknown = {"size", "L"};
  assert_int_equal(vt_catalog_filter(c, 1, &unknown, &bits, &nbits, &err), VT_EUSAGE);
  assert_non_null(strstr(err.msg, "size"));
  assert_non_null(strstr(err.msg, "colour, kind"));
  vt_arena_clear(&a);
  vt_catalog_close(c);
}

static void test_other_model(void **state)
{
  struct vt_err err;
  struct vt_catalog *c = fresh(at("d.db"));
  OK(vt_catalog_begin(c, &e));
  put(c, "a", 2, 1, 2, "red", "x");
  put(c, "b", 4, 5, 1, "red", "x");
  OK(vt_catalog_commit(c, &e));
  assert_int_equal(vt_catalog_check_model(c, "model-b", DIM, &err), VT_ESTATE);
  assert_non_null(strstr(err.msg, "--reembed"));
  assert_int_equal(vt_catalog_check_model(c, "model-a", DIM + 1, &err), VT_ESTATE);

  /* the new model has 4 numbers; after the first product the work is interrupted */
  static const float small[4] = {.5f, .5f, .5f, .5f};
  struct vt_arena a;
  vt_arena_init(&a);
  struct vt_product p;
  OK(vt_catalog_reembed_begin(c, "model-b", 4, &e));
  for (int step = 0; step < 2; step++) {
    assert_int_equal(vt_catalog_reembed_next(c, 0, &a, &p, &err), 1);
    assert_string_equal(p.id, step ? "b" : "a");
    p.images[0].v = small; /* the second image of "a" gets none: its file is gone */
    OK(vt_catalog_begin(c, &e));
    OK(vt_catalog_reembed_put(c, &p, &e));
    OK(vt_catalog_commit(c, &e));
    struct vt_catalog_vectors v;
    assert_int_equal(vectors(c, &v), 3); /* the old ones, whole */
    assert_int_equal(v.dim, DIM);
    vt_catalog_vectors_clear(&v);
    vt_catalog_close(c);
    c = opened(at("d.db"), VT_CATALOG_WRITE);
    OK(vt_catalog_reembed_begin(c, "model-b", 4, &e));
  }
  assert_int_equal(vt_catalog_reembed_next(c, 0, &a, &p, &err), 0);
  OK(vt_catalog_reembed_finish(c, &e));
  OK(vt_catalog_check_model(c, "model-b", 4, &e));
  vt_catalog_close(c);
  c = opened(at("d.db"), VT_CATALOG_READ);
  OK(vt_catalog_check_model(c, "model-b", 4, &e));
  struct vt_catalog_vectors v;
  assert_int_equal(vectors(c, &v), 2);
  assert_int_equal(v.dim, 4);
  assert_memory_equal(v.v, small, sizeof small);
  vt_catalog_vectors_clear(&v);
  assert_int_equal(vt_catalog_find(c, "a", false, &a, &p, &err), 1);
  assert_int_equal(p.images[0].size, 11);
  assert_int_equal(p.images[1].size, -1); /* so that the next indexing looks at it */
  vt_arena_clear(&a);
  vt_catalog_close(c);
}

static void write_text(const char *path, const char *text)
{
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void refused(const char *path, enum vt_catalog_mode mode, int code, const char *word)
{
  struct vt_catalog *c;
  struct vt_err err;
  int rc = vt_catalog_open(&c, path, mode, &err);
  if (rc != code) fail_msg("%s: %d %s", path, rc, rc ? err.msg : "opened");
  assert_null(c);
  if (!strstr(err.msg, word) || !strstr(err.msg, path)) fail_msg("unclear: %s", err.msg);
}

static void test_not_a_catalogue(void **state)
{
  refused(at("absent.db"), VT_CATALOG_READ, VT_ENOENT, "vitrine index");
  refused(at("absent.db"), VT_CATALOG_WRITE, VT_ENOENT, "no such");
  refused(at("no/folder.db"), VT_CATALOG_CREATE, VT_ENOENT, "folder");
  refused(dir, VT_CATALOG_READ, VT_EARG, "folder");
  char long_text[4096];
  memset(long_text, 'x', sizeof long_text - 1);
  long_text[sizeof long_text - 1] = 0;
  write_text(at("text.db"), long_text);
  write_text(at("short.db"), "hello");
  write_text(at("empty.db"), "");
  for (int mode = VT_CATALOG_READ; mode <= VT_CATALOG_CREATE; mode++) {
    refused(at("text.db"), mode, VT_EFORMAT, "not a vitrine catalogue");
    refused(at("short.db"), mode, VT_EFORMAT, "not a vitrine catalogue");
  }
  refused(at("empty.db"), VT_CATALOG_READ, VT_EFORMAT, "empty");
  sqlite3 *db;
  assert_int_equal(sqlite3_open(at("other.db"), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  refused(at("other.db"), VT_CATALOG_READ, VT_EFORMAT, "not a vitrine catalogue");
  refused(at("other.db"), VT_CATALOG_CREATE, VT_EFORMAT, "not a vitrine catalogue");

  vt_catalog_close(fresh(at("future.db")));
  assert_int_equal(sqlite3_open(at("future.db"), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  refused(at("future.db"), VT_CATALOG_READ, VT_EUNSUPPORTED, "newer");
}

static void test_damaged(void **state)
{
  struct vt_catalog *c = fresh(at("bad.db"));
  OK(vt_catalog_begin(c, &e));
  char id[16];
  for (int i = 0; i < 300; i++) {
    snprintf(id, sizeof id, "p%d", i);
    put(c, id, i % 3, i, 1, "red", "x");
  }
  OK(vt_catalog_commit(c, &e));
  vt_catalog_close(c);
  assert_int_equal(truncate(at("bad.db"), vt_file_size(at("bad.db")) / 2), 0);
  struct vt_err err = {0};
  struct vt_catalog_vectors v;
  int rc = vt_catalog_open(&c, at("bad.db"), VT_CATALOG_READ, &err);
  if (!rc) {
    rc = vt_catalog_load(c, &v, &err);
    if (!rc) vt_catalog_vectors_clear(&v);
    vt_catalog_close(c);
  }
  assert_int_equal(rc, VT_EFORMAT);
  assert_non_null(strstr(err.msg, "damaged"));
}

static void test_migration(void **state)
{
  sqlite3 *db;
  char sql[128];
  assert_int_equal(sqlite3_open(at("old.db"), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, vt__migrations[0], NULL, NULL, NULL), SQLITE_OK);
  snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = 1", VT__APPLICATION_ID);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db,
                                "INSERT INTO products VALUES(1, 'kept', 'Kept', 2, 0, 0);"
                                "INSERT INTO meta VALUES('embedder', 'model-a'), ('dim', '8')",
                                NULL, NULL, NULL),
                   SQLITE_OK);
  sqlite3_close(db);
  struct vt_arena a;
  vt_arena_init(&a);
  struct vt_product p;
  struct vt_err err;
  for (int mode = VT_CATALOG_READ; mode <= VT_CATALOG_WRITE; mode++) {
    struct vt_catalog *c = opened(at("old.db"), mode);
    assert_int_equal(vt_catalog_find(c, "kept", true, &a, &p, &err), 1);
    int64_t version;
    OK(vt__sql_int(c, "PRAGMA user_version", &version, &e));
    assert_int_equal(version, mode == VT_CATALOG_READ ? 1 : VT__SCHEMA);
    if (mode == VT_CATALOG_WRITE) OK(vt_catalog_reembed_begin(c, "model-b", 4, &e));
    vt_catalog_close(c);
  }
  vt_arena_clear(&a);
}

static void test_locked(void **state)
{
  struct vt_catalog *c = fresh(at("lock.db"));
  OK(vt_catalog_begin(c, &e));
  put(c, "a", 1, 1, 1, "red", "x");
  OK(vt_catalog_commit(c, &e));
  OK(vt_catalog_begin(c, &e));
  put(c, "b", 1, 2, 1, "red", "x");
  refused(at("lock.db"), VT_CATALOG_WRITE, VT_EBUSY, "locked");
  struct vt_catalog *r = opened(at("lock.db"), VT_CATALOG_READ); /* readers see what is committed */
  struct vt_catalog_counts n;
  OK(vt_catalog_count(r, &n, &e));
  assert_int_equal(n.products, 1);
  vt_catalog_close(r);
  OK(vt_catalog_commit(c, &e));
  vt_catalog_close(c);
}

/* In a child without privileges (root may write anywhere). */
static void test_read_only(void **state)
{
  struct vt_catalog *c = fresh(at("ro.db"));
  OK(vt_catalog_begin(c, &e));
  put(c, "a", 1, 1, 1, "red", "x");
  OK(vt_catalog_commit(c, &e));
  vt_catalog_close(c);
  assert_int_equal(chmod(at("ro.db"), 0444), 0);
  assert_int_equal(chmod(dir, 0555), 0);
  pid_t pid = fork();
  if (pid == 0) {
    if (geteuid() == 0 && setuid(65534)) _exit(10);
    struct vt_err err = {0};
    struct vt_catalog_vectors v;
    struct vt_catalog *r;
    if (vt_catalog_open(&r, at("ro.db"), VT_CATALOG_READ, &err)) _exit(1);
    if (vt_catalog_load(r, &v, &err) || v.n != 1) _exit(2);
    vt_catalog_vectors_clear(&v);
    vt_catalog_close(r);
    if (vt_catalog_open(&r, at("ro.db"), VT_CATALOG_CREATE, &err) != VT_EREADONLY) _exit(3);
    if (!strstr(err.msg, "searched, not changed")) _exit(4);
    if (vt_catalog_open(&r, at("new.db"), VT_CATALOG_CREATE, &err) != VT_EREADONLY) _exit(5);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(chmod(dir, 0755), 0);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_full_disk(void **state)
{
  struct vt_catalog *c = fresh(at("full.db"));
  OK(vt_catalog_begin(c, &e));
  put(c, "kept", 1, 1, 1, "red", "x");
  OK(vt_catalog_commit(c, &e));
  int64_t pages;
  OK(vt__sql_int(c, "PRAGMA page_count", &pages, &e));
  char sql[64], id[16];
  snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", (long long)pages + 2);
  OK(vt__sql_exec(c, sql, &e));
  OK(vt_catalog_begin(c, &e));
  struct vt_err err = {0};
  int rc = 0;
  for (int i = 0; i < 2000 && !rc; i++) {
    float v[DIM];
    vec(v, i);
    snprintf(id, sizeof id, "p%d", i);
    struct vt_catalog_image im = {.path = "/x.jpg", .hash = "h", .v = v};
    struct vt_product p = {.id = id, .title = "t", .group = 1, .images = &im, .nimages = 1};
    rc = vt_catalog_put(c, &p, NULL, &err);
  }
  assert_int_equal(rc, VT_EIO);
  assert_non_null(strstr(err.msg, "disk is full"));
  vt_catalog_rollback(c);
  vt_catalog_close(c);
  c = opened(at("full.db"), VT_CATALOG_READ);
  struct vt_catalog_counts n;
  OK(vt_catalog_count(c, &n, &e));
  assert_int_equal(n.products, 1);
  vt_catalog_close(c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_upsert_and_reopen), cmocka_unit_test(test_remove_and_sweep),
      cmocka_unit_test(test_filters),           cmocka_unit_test(test_other_model),
      cmocka_unit_test(test_not_a_catalogue),   cmocka_unit_test(test_damaged),
      cmocka_unit_test(test_migration),         cmocka_unit_test(test_locked),
      cmocka_unit_test(test_read_only),         cmocka_unit_test(test_full_disk),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
