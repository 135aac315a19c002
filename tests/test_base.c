/* base: allocation hook, buffers, UTF-8, numbers, CSV, options, random numbers, queue and pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/base.h"

static void test_utf8(void **state)
{
  static const struct {
    const char *s;
    bool ok;
  } cases[] = {{"plain", true},
               {"Stra\xC3\x9F"
                "e",
                true},
               {"\xF0\x9F\x91\x97", true},
               {"\xC0\x80", false},
               {"\xED\xA0\x80", false},
               {"\xF4\x90\x80\x80", false},
               {"a\xFF"
                "b",
                false},
               {"\xE2\x82", false}};
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    assert_int_equal(vt_utf8_valid(cases[i].s, strlen(cases[i].s)), cases[i].ok);
  struct vt_buf b;
  vt_buf_init(&b);
  assert_int_equal(vt_utf8_repair("a\xFF"
                                  "b",
                                  3, &b),
                   1);
  assert_string_equal(b.data, "a\xEF\xBF\xBD"
                              "b");
  vt_buf_clear(&b);
}

static void test_numbers(void **state)
{
  int64_t i;
  double f;
  assert_true(vt_parse_i64("-42", &i) && i == -42);
  assert_false(vt_parse_i64("4 ", &i) || vt_parse_i64("", &i) || vt_parse_i64("99999999999999999999", &i));
  assert_true(vt_parse_f64("1e-3", &f) && f == 1e-3);
  assert_false(vt_parse_f64("nan", &f) || vt_parse_f64("inf", &f) || vt_parse_f64("1x", &f));
}

static char *temp_file(const char *text)
{
  static char path[64];
  snprintf(path, sizeof path, "/tmp/vitrine-base-%ld", (long)getpid());
  assert_int_equal(vt_file_write_atomic(path, text, strlen(text), NULL), 0);
  return path;
}

/* Text of every length about the sizes that the buffer grows by, added whole. */
static void test_buffer(void **state)
{
  static char long_text[600];
  memset(long_text, 'x', sizeof long_text - 1);
  struct vt_buf b = {0};
  size_t len = 0;
  for (int n = 0; n < 600; n++) {
    vt_buf_addf(&b, "%.*s", n, long_text);
    len += (size_t)n;
    assert_true(!b.failed && b.len == len && strlen(b.data) == len);
  }
  b.len = 0;
  vt_buf_addf(&b, "%d %s", 7, "seven");
  assert_string_equal(b.data, "7 seven");
  vt_buf_clear(&b);
}

/* Both ways of writing replace a file whole, and refuse a folder. */
static void test_write(void **state)
{
  int (*const write[])(const char *, const void *, size_t, struct vt_err *) = {vt_file_write_atomic,
                                                                               vt_file_write};
  for (int k = 0; k < 2; k++) {
    struct vt_err e = {0};
    char *path = temp_file("old and longer"), *text;
    size_t n;
    assert_int_equal(write[k](path, "new", 3, &e), 0);
    assert_int_equal(vt_file_read(path, 100, &text, &n, &e), 0);
    assert_string_equal(text, "new");
    vt_free(text);
    unlink(path);
    assert_int_equal(write[k]("/tmp", "new", 3, &e), VT_EARG);
    assert_int_equal(write[k]("/nowhere/at/all", "new", 3, &e), VT_ENOENT);
  }
}

static void test_csv(void **state)
{
  struct vt_csv c;
  struct vt_err e;
  char *path = temp_file("\xEF\xBB\xBFid,title\r\n1,\"a, \"\"b\"\"\nc\"\r\n\r\n2,x,3\n4,\xFF\n5,end");
  assert_int_equal(vt_csv_open(&c, path, &e), 0);
  assert_int_equal(vt_csv_find(&c, "id"), 0);
  assert_int_equal(vt_csv_next(&c, &e), 1);
  assert_string_equal(c.field[1], "a, \"b\"\nc");
  assert_int_equal(c.line, 2);
  assert_int_equal(vt_csv_next(&c, &e), VT_EFORMAT); /* three fields */
  assert_non_null(strstr(e.msg, "line 5"));
  assert_int_equal(vt_csv_next(&c, &e), VT_EFORMAT); /* bad UTF-8 */
  assert_int_equal(vt_csv_next(&c, &e), 1);
  assert_string_equal(c.field[1], "end");
  assert_int_equal(vt_csv_next(&c, &e), 0);
  int column;
  assert_int_equal(vt_csv_need(&c, "price", &column, &e), VT_ENOENT);
  assert_non_null(strstr(e.msg, "id, title"));
  vt_csv_close(&c);
  unlink(path);
  struct vt_buf b;
  vt_buf_init(&b);
  vt_csv_put(&b, "plain", true);
  vt_csv_put(&b, "a\"b", false);
  assert_string_equal(b.data, "plain,\"a\"\"b\"");
  vt_buf_clear(&b);
}

struct opts {
  bool flag;
  int64_t n;
  double lr;
  const char *name;
  int precision;
  struct vt_strings filter;
};
#define AT(field) offsetof(struct opts, field)
static const struct vt_opt rows[] = {
    {"flag", 0, VT_OPT_FLAG, AT(flag), NULL, 0, 0, NULL, NULL, "a flag"},
    {"number", 'n', VT_OPT_INT, AT(n), "10", 1, 100, NULL, "N", "a number"},
    {"lr", 0, VT_OPT_FLOAT, AT(lr), "0.5", 0, 1, NULL, NULL, "a rate"},
    {"name", 0, VT_OPT_STRING, AT(name), NULL, 0, 0, NULL, NULL, "a name"},
    {"precision", 0, VT_OPT_ENUM, AT(precision), "f32", 0, 0, "f32|bf16", NULL, "a choice"},
    {"filter", 0, VT_OPT_LIST, AT(filter), NULL, 0, 0, NULL, NULL, "a list"},
};

static void test_options(void **state)
{
  struct vt_arena a;
  vt_arena_init(&a);
  struct opts o = {0};
  struct vt_strings rest = {0};
  struct vt_err e = {0};
  char *argv[] = {"x",   "--flag", "-n5",      "--lr=0.25", "--precision", "bf16", "--filter",
                  "a=1", "file",   "--filter", "b=2",       "--",          "--z"};
  assert_int_equal(vt_opt_defaults(rows, VT_COUNT(rows), &o, &a, &e), 0);
  assert_int_equal(vt_opt_parse(rows, VT_COUNT(rows), &o, &a, VT_COUNT(argv), argv, &rest, &e), 0);
  assert_true(o.flag && o.n == 5 && o.lr == 0.25 && o.precision == 1 && o.filter.n == 2 && rest.n == 2);
  assert_string_equal(rest.v[1], "--z");
  static const struct {
    const char *name, *value, *message;
  } bad[] = {{"lr", "nan", "expected a number"},
             {"number", "-3", "expected 1 to 100"},
             {"precision", "f64", "f32|bf16"},
             {"numbr", "1", "did you mean 'number'"},
             {"flag", "maybe", "yes or no"}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    assert_int_equal(vt_opt_set(rows, VT_COUNT(rows), &o, &a, bad[i].name, bad[i].value, &e), VT_EUSAGE);
    assert_non_null(strstr(e.msg, bad[i].message));
  }
  vt_arena_clear(&a);
}

static void test_rng(void **state)
{
  struct vt_rng a, b, c;
  vt_rng_init(&a, 1, 2, 3);
  vt_rng_init(&b, 1, 2, 3);
  vt_rng_init(&c, 1, 2, 4);
  assert_true(vt_rng_u64(&a) == vt_rng_u64(&b));
  assert_true(vt_rng_u64(&a) != vt_rng_u64(&c));
  double sum = 0, square = 0;
  for (int i = 0; i < 20000; i++) {
    double v = vt_rng_normal(&a);
    sum += v;
    square += v * v;
  }
  assert_true(sum / 20000 < 0.03 && sum / 20000 > -0.03 && square / 20000 > 0.96 && square / 20000 < 1.04);
}

static void add_one(int64_t i, int worker, void *ctx)
{
  __atomic_fetch_add((int64_t *)ctx, i, __ATOMIC_RELAXED);
}

static void test_pool(void **state)
{
  struct vt_pool *p;
  int64_t sum = 0;
  assert_int_equal(vt_pool_new(&p, 3, NULL), 0);
  vt_pool_for(p, 1000, add_one, &sum);
  assert_int_equal(sum, 499500);
  vt_pool_free(p);
}

/* Two threads meet a hundred times, one of them 2 ms late. Returns 0 if the other slept, that is if the whole
 * took little processor time. */
static int meet(void)
{
  struct timespec before, after;
  vt_threads_set(2);
  vt_threads_wait_passively();
  usleep(20000);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  for (int i = 0; i < 100; i++) {
#pragma omp parallel num_threads(2)
    {
#pragma omp master
      usleep(2000);
#pragma omp barrier
    }
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  double used = (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
  if (used > 0.1) fprintf(stderr, "waiting took %.3f s of processor time\n", used);
  return used > 0.1;
}

/* In a process of its own: the library has read this one's settings already. */
static void test_waiting(void **state)
{
  if (vt_cpu_count() < 2) skip();
  pid_t pid = fork();
  if (!pid) {
    unsetenv("OMP_WAIT_POLICY");
    execl("/proc/self/exe", "test_base", "meet", (char *)NULL);
    _exit(127);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

static void test_alloc_hook(void **state)
{
  vt_alloc_fail_at(2);
  void *a = vt_malloc(1), *b = vt_malloc(1), *c = vt_malloc(1);
  vt_alloc_fail_at(0);
  assert_true(a && !b && c);
  vt_free(a);
  vt_free(c);
  assert_null(vt_reallocarray(NULL, SIZE_MAX / 2, 4));
}

static void test_errors(void **state)
{
  struct vt_err e;
  char long_text[3000];
  memset(long_text, 'x', sizeof long_text);
  long_text[sizeof long_text - 1] = 0;
  assert_int_equal(vt_fail(&e, VT_EIO, "%s", long_text), VT_EIO);
  assert_int_equal(vt_fail_in(&e, VT_EIO, "a.png"), VT_EIO);
  assert_memory_equal(e.msg, "a.png: xxx", 10);
  char *data;
  size_t len;
  assert_int_equal(vt_file_read("/nowhere/at/all", 10, &data, &len, &e), VT_ENOENT);
  assert_int_equal(vt_file_read("/tmp", 10, &data, &len, &e), VT_EARG);
  assert_int_equal(vt_fail(NULL, VT_EIO, "x"), VT_EIO);
}

int main(int argc, char **argv)
{
  if (argc > 1 && !strcmp(argv[1], "meet")) return meet();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_utf8),    cmocka_unit_test(test_numbers), cmocka_unit_test(test_csv),
      cmocka_unit_test(test_buffer),  cmocka_unit_test(test_write),   cmocka_unit_test(test_options),
      cmocka_unit_test(test_rng),     cmocka_unit_test(test_pool),    cmocka_unit_test(test_alloc_hook),
      cmocka_unit_test(test_waiting), cmocka_unit_test(test_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
