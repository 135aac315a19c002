/* Fetching, against a server of our own that does what servers do: lies, stalls, sends in circles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "data/data.h"
#include "data/fetch_hosts.h"
#include "tests/http_stub.h"

static struct stub server;
static char dir[] = "/tmp/vitrine-fetch-XXXXXX";

/* A picture that does not compress to nothing, so that half of its file is half of the picture. */
static int setup(void **state)
{
  struct vt_image im;
  struct vt_rng r;
  struct vt_err e = {0};
  vt_rng_init(&r, 1, 0, 0);
  if (vt_image_init(&im, 64, 48, 3, &e)) return -1;
  for (int i = 0; i < 64 * 48 * 3; i++) im.px[i] = (uint8_t)vt_rng_below(&r, 256);
  if (vt_image_encode(&server.jpeg, &im, VT_FMT_JPEG, 90, &e) ||
      vt_image_encode(&server.png, &im, VT_FMT_PNG, 0, &e))
    return -1;
  vt_image_clear(&im);
  setenv("no_proxy", "*", 1);
  stub_start(&server);
  return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
  char command[128];
  stub_stop(&server);
  snprintf(command, sizeof command, "rm -rf %s", dir);
  return system(command);
}

static const char *in_dir(const char *name)
{
  static char path[32][256];
  static int k;
  k = (k + 1) % 32;
  snprintf(path[k], sizeof path[k], "%s/%s", dir, name);
  return path[k];
}

static const char *write_text(const char *name, const char *text)
{
  const char *path = in_dir(name);
  struct vt_err e = {0};
  if (vt_file_write_atomic(path, text, strlen(text), &e)) fail_msg("%s", e.msg);
  return path;
}

static __attribute__((noinline)) char *read_text(const char *path)
{
  char *text = NULL;
  size_t len;
  struct vt_err e = {0};
  if (vt_file_read(path, 1 << 24, &text, &len, &e)) fail_msg("%s", e.msg);
  return text;
}

/* Time enough for a busy machine: what has to end ends by itself. */
static struct vt_fetch_opts quick(const char *out)
{
  struct vt_fetch_opts o = vt_fetch_defaults;
  o.out = out;
  o.retries = 2;
  o.timeout = o.connect_timeout = 20;
  o.backoff = .01;
  o.backoff_most = 2;
  o.max_bytes = 100000;
  return o;
}

struct job {
  struct vt_fetch_list l;
  struct vt_fetch_result *r;
  struct vt_fetch_totals t;
  struct vt_arena arena;
};
static void add(struct vt_buf *b, const char *id, const char *what)
{
  if (*what == '/')
    vt_buf_addf(b, "%s,http://127.0.0.1:%d%s\n", id, server.port, what);
  else
    vt_buf_addf(b, "%s,%s\n", id, what);
}
static int run(struct job *j, const char *list, const struct vt_fetch_opts *o, struct vt_err *e)
{
  *j = (struct job){0};
  vt_arena_init(&j->arena);
  const struct vt_fetch_list_opts lo = {.form = VT_FETCH_PAIRS};
  if (vt_fetch_list_read(&j->l, list, &lo, e)) fail_msg("%s", e->msg);
  j->r = vt_calloc((size_t)j->l.n + 1, sizeof *j->r);
  return vt_fetch_run(&j->l, o, j->r, &j->arena, &j->t, e);
}
static void clear(struct job *j)
{
  vt_fetch_list_clear(&j->l);
  vt_free(j->r);
  vt_arena_clear(&j->arena);
}

/* No file but pictures and the table is left behind. */
static int count_files(const char *folder, const char *ending)
{
  int n = 0;
  DIR *d = opendir(folder);
  for (struct dirent *x; (x = readdir(d));) {
    const char *dot = strrchr(x->d_name, '.');
    n += dot && !strcmp(dot, ending);
  }
  closedir(d);
  return n;
}

static const struct {
  const char *what;
  enum vt_fetch_status status;
  const char *reason, *type; /* reason: how it begins */
} cases[] = {
    {"/ok.jpg", VT_FETCH_OK, "", "jpeg"},
    {"/liar.jpg", VT_FETCH_OK, "", "png"},
    {"/ok/a b\tc.jpg?d e=\xc3\xa4", VT_FETCH_OK, "", "jpeg"},
    {"/unsized", VT_FETCH_OK, "", "jpeg"},
    {"/hop/3", VT_FETCH_OK, "", "jpeg"},
    {"/flaky", VT_FETCH_OK, "", "jpeg"},
    {"/busy", VT_FETCH_OK, "", "jpeg"},
    {"/missing", VT_FETCH_DEAD, "HTTP 404", ""},
    {"/html", VT_FETCH_DEAD, "no picture: ", "text/html"},
    {"/empty", VT_FETCH_DEAD, "no picture: empty", ""},
    {"/short", VT_FETCH_DEAD, "no picture: ", ""},
    {"/endless", VT_FETCH_DEAD, "more than 100000 bytes", ""},
    {"/circle", VT_FETCH_DEAD, "more than 5 redirects", ""},
    {"/hop/6", VT_FETCH_DEAD, "more than 5 redirects", ""},
    {"/to-file", VT_FETCH_DEAD, "leads to another protocol", ""},
    {"file:///etc/passwd", VT_FETCH_DEAD, "no http or https address", ""},
    {"not an address", VT_FETCH_DEAD, "no http or https address", ""},
    {"http://a b/", VT_FETCH_DEAD, "URL using bad/illegal format", ""},
    {"/long", VT_FETCH_FAILED, "less came than the server said", ""},
    {"/always500", VT_FETCH_FAILED, "HTTP 500", ""},
    {"/later", VT_FETCH_FAILED, "HTTP 503, asks to wait 100000 s", ""},
    {"/reset", VT_FETCH_FAILED, "", ""},
    {"http://127.0.0.1:1/x.jpg", VT_FETCH_FAILED, "", ""},
};

static void test_servers(void **state)
{
  struct vt_buf list = {0};
  struct vt_err e = {0};
  struct job j;
  int ok = 0;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    char id[24];
    snprintf(id, sizeof id, "%05d", (int)i);
    add(&list, id, cases[i].what);
    ok += cases[i].status == VT_FETCH_OK;
  }
  const char *path = write_text("photos.txt", list.data), *out = in_dir("servers");
  vt_buf_clear(&list);
  struct vt_fetch_opts o = quick(out);
  if (run(&j, path, &o, &e)) fail_msg("%s", e.msg);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_fetch_result *r = &j.r[i];
    if (r->status != cases[i].status || strncmp(r->reason, cases[i].reason, strlen(cases[i].reason)) ||
        strcmp(r->type, cases[i].type))
      fail_msg("%s: %s, \"%s\", type \"%s\"", cases[i].what, vt_fetch_status_name[r->status], r->reason,
               r->type);
    if (r->status != VT_FETCH_OK) continue;
    assert_int_equal(r->width, 64);
    assert_int_equal(r->height, 48);
    assert_int_equal(r->bytes, vt_file_size(vt_path_join(&j.arena, out, r->file)));
  }
  assert_int_equal(j.t.fetched, ok);
  assert_int_equal(j.t.fetched + j.t.dead + j.t.failed, j.t.n);
  assert_int_equal(count_files(out, ".part"), 0);
  assert_int_equal(count_files(out, ".jpg") + count_files(out, ".png"), ok);
  clear(&j);

  /* Again, with one picture lost: it comes, what failed is tried, what is dead is not. */
  char lost[300];
  snprintf(lost, sizeof lost, "%s/00000.jpg", out);
  unlink(lost);
  int before = server.requests;
  o.retries = 0;
  if (run(&j, path, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(j.t.had, ok - 1);
  assert_int_equal(j.t.fetched, 1);
  assert_int_equal(server.requests - before, 1 + 4); /* the last of the table reaches no server of ours */
  clear(&j);
}

/* Servers that never end: each try has its time, and there are three. */
static void test_stalls(void **state)
{
  struct vt_buf list = {0};
  struct vt_err e = {0};
  struct job j;
  add(&list, "1", "/slow");
  add(&list, "2", "/drip");
  struct vt_fetch_opts o = quick(in_dir("stalls"));
  o.timeout = .2;
  double start = vt_now();
  if (run(&j, write_text("stalls.txt", list.data), &o, &e)) fail_msg("%s", e.msg);
  assert_true(vt_now() - start >= .6);
  vt_buf_clear(&list);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(j.r[i].status, VT_FETCH_FAILED);
    assert_string_equal(j.r[i].reason, "no end within the time allowed");
  }
  assert_int_equal(count_files(o.out, ".part"), 0);
  clear(&j);
}

/* The journal: a torn last line is dropped, rows of other lists stay, the order is the list's. */
static void test_journal(void **state)
{
  struct vt_buf list = {0};
  struct vt_err e = {0};
  struct job j;
  const char *out = in_dir("journal");
  for (int i = 9; i >= 0; i--) {
    char id[8];
    snprintf(id, sizeof id, "p%d", i);
    add(&list, id, i == 4 ? "/missing" : "/ok.jpg");
  }
  const char *path = write_text("list.txt", list.data);
  struct vt_fetch_opts o = quick(out);
  o.per_host = 3;
  server.most_active = 0;
  if (run(&j, path, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(j.t.fetched, 9);
  assert_in_range(server.most_active, 2, 3);
  clear(&j);
  char table[300];
  snprintf(table, sizeof table, "%s/results.csv", out);
  char *whole = read_text(table);
  assert_non_null(strstr(whole, "id,url,status,reason,bytes,type,width,height,file\np9,http"));
  assert_non_null(strstr(whole, ",dead,HTTP 404,0,,0,0,\n"));
  FILE *f = fopen(table, "ab");
  fputs("p3,http://127.0.0.1/ok.jpg,ok,,12", f);
  fclose(f);
  int before = server.requests;
  if (run(&j, path, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(server.requests, before);
  clear(&j);
  char *again = read_text(table);
  assert_string_equal(whole, again);
  vt_free(again);

  struct vt_buf small = {0};
  add(&small, "q", "/ok.jpg");
  const char *other = write_text("other.txt", small.data);
  if (run(&j, other, &o, &e)) fail_msg("%s", e.msg);
  clear(&j);
  again = read_text(table);
  assert_int_equal(strncmp(strchr(again, '\n'), "\nq,", 3), 0);
  assert_non_null(strstr(again, strchr(whole, '\n')));
  vt_free(again);
  vt_free(whole);
  vt_buf_clear(&small);
  vt_buf_clear(&list);

  /* A results.csv of someone else is left alone. */
  mkdir(in_dir("foreign"), 0777);
  const char *foreign = write_text("foreign/results.csv", "a,b\n1,2\n");
  o.out = in_dir("foreign");
  assert_int_equal(run(&j, path, &o, &e), VT_EFORMAT);
  clear(&j);
  again = read_text(foreign);
  assert_string_equal(again, "a,b\n1,2\n");
  vt_free(again);
}

/* An id's address changes: its old row and file stay until the new address has brought a picture. */
static void test_changed_address(void **state)
{
  static const struct {
    const char *what;
    int rows, jpgs, pngs; /* rows: of the table, its header too */
    const char *first;    /* what follows the address in the first row */
  } runs[] = {
      {"/ok.jpg", 2, 1, 0, ",ok,"},
      {"/missing", 3, 1, 0, ",dead,HTTP 404"},
      {"/always500", 4, 1, 0, ",failed,HTTP 500"},
      {"/liar.jpg", 2, 0, 1, ",ok,"},
      {"/unsized", 2, 1, 0, ",ok,"},
      {"/hop/2", 2, 1, 0, ",ok,"},
  };
  struct vt_fetch_opts o = quick(in_dir("changed"));
  o.retries = 0;
  for (size_t i = 0; i < VT_COUNT(runs); i++) {
    struct vt_buf list = {0};
    struct vt_err e = {0};
    struct job j;
    int rows = 0;
    add(&list, "q", runs[i].what);
    if (run(&j, write_text("changed.txt", list.data), &o, &e)) fail_msg("%s", e.msg);
    char *table = read_text(in_dir("changed/results.csv")), *row = strchr(table, '\n');
    list.len--;
    list.data[list.len] = 0;
    for (const char *c = table; *c; c++) rows += *c == '\n';
    const char *told = strstr(row, list.data);
    if (told != row + 1 || strncmp(told + list.len, runs[i].first, strlen(runs[i].first)) != 0 ||
        rows != runs[i].rows || count_files(o.out, ".jpg") != runs[i].jpgs ||
        count_files(o.out, ".png") != runs[i].pngs)
      fail_msg("%s: %d rows\n%s", runs[i].what, rows, table);
    vt_free(table);
    vt_buf_clear(&list);
    clear(&j);
  }
}

/* Names are ours: nothing leaves the folder, different ids have different files. */
static void test_names(void **state)
{
  static const char *const ids[] = {
      "../../evil",
      "/etc/passwd",
      "..",
      "a b",
      "a_b",
      "\xc3\xa4",
      ".hidden",
      "0123456789012345678901234567890123456789012345678901234567890123456789x",
      "0123456789012345678901234567890123456789012345678901234567890123456789y"};
  struct vt_buf list = {0};
  struct vt_err e = {0};
  struct job j;
  for (size_t i = 0; i < VT_COUNT(ids); i++) add(&list, ids[i], "/ok.jpg");
  const char *out = in_dir("names");
  struct vt_fetch_opts o = quick(out);
  o.header_only = true;
  if (run(&j, write_text("names.txt", list.data), &o, &e)) fail_msg("%s", e.msg);
  vt_buf_clear(&list);
  assert_int_equal(j.t.fetched, VT_COUNT(ids));
  assert_int_equal(count_files(out, ".jpg"), VT_COUNT(ids));
  for (int64_t i = 0; i < j.l.n; i++) {
    assert_null(strchr(j.r[i].file, '/'));
    assert_int_not_equal(j.r[i].file[0], '.');
  }
  assert_string_equal(j.r[4].file, "a_b.jpg");
  clear(&j);
}

static void test_lists(void **state)
{
  static const struct {
    const char *text;
    struct vt_fetch_list_opts o;
    int rc, n, again, skipped;
    const char *id, *url, *says; /* of the first */
  } lists[] = {
      {"http://a/1.jpg\nhttp://a/2.jpg\n\n# note\nhttp://a/1.jpg\n",
       {0},
       0,
       2,
       1,
       0,
       NULL,
       "http://a/1.jpg",
       NULL},
      {"000000001,http://a/1,2.jpg\r\n000000002,https://b/\r\n",
       {0},
       0,
       2,
       0,
       0,
       "000000001",
       "http://a/1,2.jpg",
       NULL},
      {"name,url,id\n\"x\ny\",http://a/1,7\n", {0}, 0, 1, 0, 0, "7", "http://a/1", NULL},
      {"pic,link\nn1,http://a/1\n",
       {.url_column = "link", .id_column = "pic"},
       0,
       1,
       0,
       0,
       "n1",
       "http://a/1",
       NULL},
      {"pic,link\nn1,http://a/1\n", {.url_column = "src"}, VT_ENOENT, 0, 0, 0, NULL, NULL, "src"},
      {"1,http://a/1\n01,http://a/2\n",
       {0},
       VT_EFORMAT,
       1,
       0,
       0,
       NULL,
       NULL,
       "line 2: id 01 has another address in line 1"},
      {"1,http://a/1\n01,http://a/2\n", {.lenient = true}, 0, 1, 0, 1, "1", "http://a/1", NULL},
      {"1,http://a/1\nnothing\n", {0}, VT_EFORMAT, 1, 0, 0, NULL, NULL, "line 2: expected id,url"},
      {"1,http://a/1\n2,\n", {0}, VT_EFORMAT, 1, 0, 0, NULL, NULL, "line 2: the address is empty"},
      {"1,http://a/1\n,http://b\n", {0}, VT_EFORMAT, 1, 0, 0, NULL, NULL, "line 2: the id is empty"},
      {"1,http://a/1\n2,http://a/\xff\n", {0}, VT_EFORMAT, 1, 0, 0, NULL, NULL, "line 2: not UTF-8"},
      {"", {0}, VT_EFORMAT, 0, 0, 0, NULL, NULL, NULL},
  };
  for (size_t i = 0; i < VT_COUNT(lists); i++) {
    struct vt_fetch_list l = {0};
    struct vt_err e = {0};
    int rc = vt_fetch_list_read(&l, write_text("l.txt", lists[i].text), &lists[i].o, &e);
    if (rc != lists[i].rc || l.n != lists[i].n || l.again != lists[i].again || l.skipped != lists[i].skipped)
      fail_msg("list %d: %d %s, %d items", (int)i, rc, e.msg, (int)l.n);
    if (lists[i].id) assert_string_equal(l.item[0].id, lists[i].id);
    if (lists[i].url) assert_string_equal(l.item[0].url, lists[i].url);
    if (lists[i].says && !strstr(e.msg, lists[i].says)) fail_msg("list %d says: %s", (int)i, e.msg);
    vt_fetch_list_clear(&l);
  }
}

/* A list that does not come whole is no list: standard input that cannot be read, no room for its copy. */
static void test_input(void **state)
{
  static const struct {
    bool folder, full; /* the input is one; so is the place for files */
    int rc;
    const char *says;
  } cases[] = {{false, false, 0, NULL},
               {true, false, VT_EIO, "standard input: "},
               {false, true, VT_EIO, "the copy of"}};
  struct vt_buf b = {0};
  for (int i = 0; i < 20000; i++) vt_buf_addf(&b, "http://a/%d\n", i);
  const char *list = write_text("input", b.data);
  vt_buf_clear(&b);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const pid_t child = fork();
    if (!child) {
      struct vt_fetch_list l = {0};
      struct vt_err e = {0};
      const struct rlimit small = {1000, RLIM_INFINITY};
      signal(SIGXFSZ, SIG_IGN);
      if (!freopen(cases[i].folder ? dir : list, "r", stdin)) _exit(9);
      if (cases[i].full && setrlimit(RLIMIT_FSIZE, &small)) _exit(9);
      const int rc = vt_fetch_list_read(&l, "-", &(struct vt_fetch_list_opts){0}, &e);
      _exit(rc != cases[i].rc                                ? 1
            : cases[i].says && !strstr(e.msg, cases[i].says) ? 2
            : !rc && l.n != 20000                            ? 3
                                                             : 0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status) fail_msg("case %zu: exit status %d", i, WEXITSTATUS(status));
  }
}

static void test_pairs(void **state)
{
  struct vt_fetch_list l = {0};
  struct vt_err e = {0};
  int64_t rows, kept;
  const struct vt_fetch_list_opts lo = {0};
  const struct vt_fetch_result r[5] = {{.status = VT_FETCH_OK},
                                       {.status = VT_FETCH_DEAD, .reason = "HTTP 404"},
                                       {.status = VT_FETCH_OK},
                                       {.status = VT_FETCH_FAILED}};
  if (vt_fetch_list_read(
          &l, write_text("p.txt", "0001,http://a/1\n0002,http://a/2\n0003,http://a/3\n0004,http://a/4\n"),
          &lo, &e))
    fail_msg("%s", e.msg);
  const char *shop =
      write_text("retrieval.json", "[{\"photo\":3,\"product\":70},{\"photo\":4,\"product\":80}]");
  static const char *photo[] = {"photo"}, *both[] = {"street", "shop"};
  const struct vt_strings none = {0}, products = {1, &shop};
  const struct {
    const char *name, *text;
    struct vt_fetch_pairs p;
    int rc, rows, kept;
    const char *out;  /* or what the message says */
    const char *lost; /* without its header */
  } sets[] = {
      {"a.json",
       "[{\"photo\": 1, \"product\": 70, \"bbox\": {\"width\": 5.5}}, {\"photo\": 2, \"product\": 70},"
       " {\"photo\": 1, \"product\": 80}, {\"photo\": 9, \"product\": 70}]",
       {.nphotos = 1, .photos = photo, .products = &products},
       0,
       4,
       1,
       "[\n{\"photo\":1,\"product\":70,\"bbox\":{\"width\":5.5}}\n]\n",
       "2,photo,2,HTTP 404\n3,product,80,none of its photos has a picture\n"
       "4,photo,9,not in the list of addresses\n"},
      {"b.json",
       "[{\"photo\": \"0001\", \"product\": 99}]",
       {.nphotos = 1, .photos = photo, .products = &none},
       0,
       1,
       1,
       "[\n{\"photo\":\"0001\",\"product\":99}\n]\n",
       ""},
      {"g.json", /* numbers stay as short as they are; a byte order mark before the list */
       "\xEF\xBB\xBF[{\"photo\": 1, \"v\": [0.1, 434.097, 1.0, 0.1234567890123456]},"
       " {\"photo\": 1, \"v\": [0.30000000000000004, 5e-324]}, {\"photo\": 1, \"v\": 0.7}]",
       {.nphotos = 1, .photos = photo, .products = &none},
       0,
       3,
       3,
       "[\n{\"photo\":1,\"v\":[0.1,434.097,1.0,0.1234567890123456]},\n"
       "{\"photo\":1,\"v\":[0.30000000000000004,4.9406564584124654e-324]},\n{\"photo\":1,\"v\":0.7}\n]\n",
       ""},
      {"c.csv",
       "street,shop,note\n1,3,\"x,y\"\n1,2,z\n4,3,w\n",
       {.nphotos = 2, .photos = both, .products = &none},
       0,
       3,
       1,
       "street,shop,note\n1,3,\"x,y\"\n",
       "3,shop,2,HTTP 404\n4,street,4,failed\n"},
      {"d.json",
       "[{\"photo\": 1}, {}]",
       {.nphotos = 1, .photos = photo, .products = &none},
       VT_EFORMAT,
       2,
       1,
       "entry 2: no field photo"},
      {"e.json",
       "[{\"photo\": 1}, 3]",
       {.nphotos = 1, .photos = photo, .products = &none},
       VT_EFORMAT,
       1,
       1,
       "entry 2 is no object"},
      {"f.json",
       "[{\"photo\": 1},",
       {.nphotos = 1, .photos = photo, .products = &none},
       VT_EFORMAT,
       0,
       0,
       "line 1"},
  };
  for (size_t i = 0; i < VT_COUNT(sets); i++) {
    struct vt_fetch_pairs p = sets[i].p;
    p.in = write_text(sets[i].name, sets[i].text);
    p.out = in_dir("kept");
    p.lost = in_dir("lost");
    int rc = vt_fetch_pairs_keep(&p, &l, r, &rows, &kept, &e);
    if (rc != sets[i].rc) fail_msg("%s: %d %s", sets[i].name, rc, e.msg);
    assert_int_equal(rows, sets[i].rows);
    assert_int_equal(kept, sets[i].kept);
    char *text = rc ? e.msg : read_text(p.out);
    if (rc ? !strstr(text, sets[i].out) : strcmp(text, sets[i].out)) fail_msg("%s: %s", sets[i].name, text);
    if (rc) continue;
    vt_free(text);
    text = read_text(p.lost);
    char want[512];
    snprintf(want, sizeof want, "line,field,id,reason\n%s", sets[i].lost);
    assert_string_equal(text, want);
    vt_free(text);
  }
  vt_fetch_list_clear(&l);
}

/* Hosts take turns, none has more places than its share, waits end in order of time. */
static void test_hosts(void **state)
{
  static const char *const url[] = {"http://a/1", "http://A/2", "http://u@a/3?x@y", "http://b:80/1",
                                    "http://b:80#2"};
  struct vt__hosts *h;
  struct vt_err e = {0};
  assert_int_equal(vt__hosts_new(&h, 5, 2, &e), 0);
  for (int i = 0; i < 5; i++) assert_int_equal(vt__hosts_add(h, i, url[i], &e), 0);
  static const int order[] = {0, 3, 1, 4, -1};
  for (size_t i = 0; i < VT_COUNT(order); i++) assert_int_equal(vt__hosts_next(h, 1), order[i]);
  vt__hosts_rest(h, 0, 5, &e);
  vt__hosts_done(h, 0);
  vt__hosts_again(h, 0, 3, &e);
  assert_int_equal(vt__hosts_next(h, 2), -1);
  assert_true(vt__hosts_due(h) == 3);
  assert_int_equal(vt__hosts_next(h, 4), -1);
  assert_int_equal(vt__hosts_next(h, 5), 0);
  vt__hosts_done(h, 1);
  assert_int_equal(vt__hosts_next(h, 6), 2);
  assert_int_equal(vt__hosts_answered(h, 3, false), 1);
  assert_int_equal(vt__hosts_answered(h, 4, false), 2);
  assert_int_equal(vt__hosts_unanswered(h, 0), 0);
  vt__hosts_free(h);
}

/* Ctrl-C: what came stays and is noted, no part is left. In a child, since the flag cannot be taken back. */
static void *press(void *ctx)
{
  usleep(600000);
  kill(getpid(), SIGINT);
  return ctx;
}
static void test_interrupt(void **state)
{
  struct vt_buf list = {0};
  const char *out = in_dir("interrupt");
  add(&list, "a", "/ok.jpg");
  add(&list, "b", "/slow");
  const char *path = write_text("i.txt", list.data);
  vt_buf_clear(&list);
  pid_t pid = fork();
  if (!pid) {
    struct vt_fetch_opts o = quick(out);
    struct vt_err e = {0};
    struct job j;
    pthread_t t;
    o.timeout = 30;
    vt_interrupt_install();
    pthread_create(&t, NULL, press, NULL);
    int rc = run(&j, path, &o, &e);
    bool good = rc == VT_EINTERRUPTED && j.t.fetched == 1 && j.r[1].status == VT_FETCH_MISSING;
    _exit(good ? 0 : 1);
  }
  int status;
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
  assert_int_equal(count_files(out, ".part"), 0);
  assert_int_equal(count_files(out, ".jpg"), 1);
  char table[300];
  snprintf(table, sizeof table, "%s/results.csv", out);
  char *text = read_text(table);
  assert_non_null(strstr(text, "\na,http"));
  assert_null(strstr(text, "\nb,http"));
  vt_free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lists),           cmocka_unit_test(test_hosts), cmocka_unit_test(test_servers),
      cmocka_unit_test(test_stalls),          cmocka_unit_test(test_names), cmocka_unit_test(test_journal),
      cmocka_unit_test(test_pairs),           cmocka_unit_test(test_input), cmocka_unit_test(test_interrupt),
      cmocka_unit_test(test_changed_address),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
