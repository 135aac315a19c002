/* kill -9 in the middle of indexing, at random moments: what was acknowledged is there, and the same command
 * ends with the catalogue that an undisturbed run makes. Usage: test_kill_index [KILLS]; tools/kill_index.sh
 * calls it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "app/ingest.h"
#include "tiny_models.h"

enum { PRODUCTS = 600 };
static char dir[64], model[96], pictures[96], db[96], calm[96];
static int kills = 6;
static volatile int64_t *acknowledged; /* shared with the child */

static void stored(void *ctx, int64_t n)
{
  *acknowledged += n;
}

static void in_child_make_world(void)
{
  struct vt_err e = {0};
  char name[128];
  int rc = tiny_embedder(model, 0, &e);
  mkdir(pictures, 0755);
  for (int i = 0; i < PRODUCTS && !rc; i++) {
    snprintf(name, sizeof name, "%s/%03d.png", pictures, i);
    rc = tiny_picture(name, (uint32_t)(i * 2654435761U) >> 8, 0, &e);
  }
  if (rc) fprintf(stderr, "%s\n", e.msg);
  exit(rc != 0);
}

static void in_child_index(const char *catalog)
{
  struct vt_err e = {0};
  struct vt_ingest_report report;
  const char *source = pictures;
  struct vt_ingest_opts o = {
      .catalog = catalog, .embedder = model, .sources = {1, &source}, .commit_every = 16, .stored = stored};
  int rc = vt_ingest_run(&o, vt_registry_default(), &report, &e);
  if (rc || report.failed) fprintf(stderr, "%s\n", e.msg);
  exit(rc || report.failed);
}

static int finished(pid_t pid)
{
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t start(const char *catalog)
{
  pid_t pid = fork();
  if (pid == 0) catalog ? in_child_index(catalog) : in_child_make_world();
  return pid;
}

static int64_t products_in(const char *catalog)
{
  struct vt_catalog *c;
  struct vt_err e = {0};
  struct vt_catalog_counts n;
  if (vt_catalog_open(&c, catalog, VT_CATALOG_READ, &e)) {
    /* killed before the file was complete: nothing can have been acknowledged */
    if (*acknowledged) fail_msg("%s", e.msg);
    return 0;
  }
  if (vt_catalog_count(c, &n, &e)) fail_msg("%s", e.msg);
  vt_catalog_close(c);
  return n.products;
}

static void same_product(struct vt_catalog *a, const struct vt_catalog_vectors *va, struct vt_catalog *b,
                         const struct vt_catalog_vectors *vb, int64_t i)
{
  struct vt_arena arena;
  struct vt_product p, q;
  vt_arena_init(&arena);
  assert_int_equal(vt_catalog_get(a, va->product[i], &arena, &p, NULL), 0);
  assert_int_equal(vt_catalog_find(b, p.id, true, &arena, &q, NULL), 1);
  assert_string_equal(p.title, q.title);
  assert_int_equal(p.group, q.group);
  assert_int_equal(q.nimages, 1);
  assert_string_equal(p.images[0].hash, q.images[0].hash);
  int64_t j = 0;
  while (j < vb->n && vb->image[j] != q.images[0].row) j++;
  assert_true(j < vb->n);
  assert_memory_equal(va->v + i * va->dim, vb->v + j * vb->dim, (size_t)va->dim * sizeof(float));
  vt_arena_clear(&arena);
}

static void same_catalogues(void)
{
  struct vt_catalog *a, *b;
  struct vt_catalog_vectors va, vb;
  assert_int_equal(vt_catalog_open(&a, calm, VT_CATALOG_READ, NULL), 0);
  assert_int_equal(vt_catalog_open(&b, db, VT_CATALOG_READ, NULL), 0);
  assert_int_equal(vt_catalog_load(a, &va, NULL), 0);
  assert_int_equal(vt_catalog_load(b, &vb, NULL), 0);
  assert_int_equal(va.n, PRODUCTS);
  assert_int_equal(vb.n, PRODUCTS);
  for (int64_t i = 0; i < va.n; i++) same_product(a, &va, b, &vb, i);
  vt_catalog_vectors_clear(&va);
  vt_catalog_vectors_clear(&vb);
  vt_catalog_close(a);
  vt_catalog_close(b);
}

static void test_kill(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 42, 0, 0);
  assert_int_equal(finished(start(NULL)), 0);
  double begun = vt_now();
  assert_int_equal(finished(start(calm)), 0);
  double whole = vt_now() - begun;
  *acknowledged = 0;
  int hit = 0;
  for (int k = 0; k < kills; k++) {
    pid_t pid = start(db);
    usleep((useconds_t)(vt_rng_unit(&r) * whole * 1e6));
    kill(pid, SIGKILL);
    hit += finished(pid) == -1;
    int64_t n = products_in(db);
    if (n < *acknowledged)
      fail_msg("%lld products, %lld were acknowledged", (long long)n, (long long)*acknowledged);
    *acknowledged = n;                    /* stored before the kill, perhaps not told */
    if (n == PRODUCTS && k + 1 < kills) { /* done too soon: begin again */
      unlink(db);
      *acknowledged = 0;
    }
  }
  assert_int_equal(finished(start(db)), 0);
  same_catalogues();
  print_message("%d of %d runs were killed under way\n", hit, kills);
}

static int setup(void **state)
{
  strcpy(dir, "/tmp/vt_kill_XXXXXX");
  if (!mkdtemp(dir)) return -1;
  snprintf(model, sizeof model, "%s/embed.onnx", dir);
  snprintf(pictures, sizeof pictures, "%s/p", dir);
  snprintf(db, sizeof db, "%s/shop.db", dir);
  snprintf(calm, sizeof calm, "%s/calm.db", dir);
  acknowledged = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return acknowledged == MAP_FAILED;
}

static int teardown(void **state)
{
  char cmd[128];
  snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  return system(cmd);
}

int main(int argc, char **argv)
{
  int64_t n;
  if (argc > 1 && vt_parse_i64(argv[1], &n) && n > 0 && n <= 100000) kills = (int)n;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
