/* Fuzzing the other readers of text: lists of addresses, what a fetch left, pairs, tables of products, words
 * of groups, policies of augmentation (applied once), recipes (printed and read again), and what `eval
 * compare` reads: runs and results by picture. */
#include <math.h>
#include <string.h>

#include "app/compare_internal.h"
#include "app/ingest_internal.h"
#include "app/score_table.h"
#include "data/data.h"
#include "data/fetch_internal.h"
#include "data/policy.h"
#include "fuzz/fuzz_files.h"
#include "fuzz/fuzz_labels.h"
#include "train/trainer.h"

static struct vt_taxonomy taxonomy;

void vt_fuzz_end(void)
{
  vt_taxonomy_clear(&taxonomy);
}

/* ---- lists of addresses */

static int read_list(const uint8_t how, const char *path, struct vt_fetch_list *l, struct vt_err *e)
{
  const struct vt_fetch_list_opts o = {.form = how & 3, .lenient = how >= 128};
  return vt_fetch_list_read(l, path, &o, e);
}

static int fetch_list(uint8_t how, struct vt_err *e)
{
  struct vt_fetch_list l = {0};
  int rc = read_list(how, vt_fuzz_path("list"), &l, e);
  for (int64_t i = 0; !rc && i < l.n; i++) {
    char name[VT__FETCH_NAME_BYTES];
    vt__fetch_name(l.item[i].id, name);
    vt_fuzz_check(*name && *name != '.' && !strchr(name, '/'), "a file name that leaves the folder");
    vt_fuzz_check(vt_fetch_list_find(&l, l.item[i].id) == i, "an address that is not found again");
  }
  vt_fetch_list_clear(&l);
  return rc;
}

/* The journal of the folder out/, read, written in order and read again. */
static int fetch_results(uint8_t how, struct vt_err *e)
{
  enum { MAX_RESULTS = 256 };
  struct vt_fetch_list l = {0};
  struct vt_fetch_result result[MAX_RESULTS] = {{0}};
  struct vt_arena arena;
  struct vt__journal j = {0};
  vt_arena_init(&arena);
  int rc = read_list(VT_FETCH_PAIRS | (how & 128), vt_fuzz_path("list"), &l, e);
  for (int pass = 0; pass < 2 && !rc && l.n <= MAX_RESULTS; pass++) {
    rc = vt__journal_open(&j, &l, vt_fuzz_path("out"), result, &arena, e);
    if (!rc) rc = vt__journal_finish(&j, &l, result, e);
    vt__journal_close(&j);
  }
  vt_arena_clear(&arena);
  vt_fetch_list_clear(&l);
  return rc;
}

static int fetch_pairs(uint8_t how, struct vt_err *e)
{
  static const char list[] = "1,http://a/1\n2,http://a/2\n3,http://a/3\n";
  static const char *const photos[] = {"photo", "shop"};
  struct vt_fetch_list l = {0};
  struct vt_fetch_result result[3] = {
      {.status = VT_FETCH_OK}, {.status = VT_FETCH_DEAD}, {.status = VT_FETCH_OK}};
  char in[200], products[200], out[200], lost[200];
  int64_t rows, kept;
  vt_fuzz_put("list", list, sizeof list - 1);
  snprintf(in, sizeof in, "%s", vt_fuzz_path("pairs"));
  snprintf(products, sizeof products, "%s", vt_fuzz_path("products"));
  snprintf(out, sizeof out, "%s", vt_fuzz_path("kept"));
  snprintf(lost, sizeof lost, "%s", vt_fuzz_path("lost"));
  const char *const file[] = {products};
  const struct vt_strings some = {how & 2 ? 1 : 0, (const char **)(uintptr_t)file};
  const struct vt_fetch_pairs p = {in, out, lost, how & 1 ? 2 : 1, photos, &some};
  int rc = read_list(VT_FETCH_PAIRS, vt_fuzz_path("list"), &l, e);
  if (!rc) rc = vt_fetch_pairs_keep(&p, &l, result, &rows, &kept, e);
  vt_fuzz_check(rc || (kept <= rows && kept >= 0), "more pairs kept than there are");
  vt_fetch_list_clear(&l);
  return rc;
}

/* ---- tables of products: what indexing calls is here, and only counts */

static struct vt_arena products;

struct vt_arena *vt__ingest_arena(struct vt__ingest *g, struct vt_err *e)
{
  return &products;
}
int vt__ingest_submit(struct vt__ingest *g, struct vt__job *job, struct vt_err *e)
{
  vt_fuzz_check(*job->id && job->nimages > 0 && job->nimages <= VT_CATALOG_MAX_IMAGES,
                "a product without pictures");
  for (int i = 0; i < job->nattrs; i++) vt_fuzz_check(*job->attrs[i].value, "an empty attribute");
  return 0;
}
int vt__ingest_keep(struct vt__ingest *g, const char *id, struct vt_err *e)
{
  vt_fuzz_check(*id, "an empty id");
  return 0;
}
int vt__ingest_flush(struct vt__ingest *g, struct vt_err *e)
{
  return 0;
}
void vt__ingest_stop_workers(struct vt__ingest *g) {}
int vt__ingest_failed(struct vt__ingest *g, const char *what, const char *why, struct vt_err *e)
{
  vt_fuzz_check(*what && *why, "a failure without a reason");
  return 0;
}

static int index_csv(uint8_t how, struct vt_err *e)
{
  static const char *const templates[] = {"images/{id}.jpg", "{image}"};
  const struct vt_ingest_opts o = {.images = {how & 1 ? 2 : 0, (const char **)(uintptr_t)templates},
                                   .title = how & 2 ? "name" : NULL};
  struct vt_ingest_report report = {0};
  struct vt__ingest g = {.o = &o, .report = &report, .taxonomy = taxonomy};
  vt_arena_init(&products);
  int rc = vt__ingest_csv(&g, vt_fuzz_path("styles.csv"), e);
  vt_arena_clear(&products);
  return rc;
}

static int group_map(uint8_t how, struct vt_err *e)
{
  struct vt_group_map *m = NULL;
  int rc = vt_group_map_read(&m, &taxonomy, vt_fuzz_path("map.csv"), e);
  if (!rc) vt_fuzz_check(vt_group_map_find(m, "Tshirts") < 64, "a group that does not exist");
  vt_group_map_free(m);
  return rc;
}

static int scores(uint8_t how, struct vt_err *e)
{
  struct vt_score_table t;
  int rc = vt_score_table_read(&t, vt_fuzz_path("scores.csv"), "truth", how >= 128, e);
  for (int64_t i = 0; !rc && i < t.n; i++) {
    int labels = 0;
    for (int c = 0; c < t.classes; c++) labels += t.truth[i * t.classes + c];
    vt_fuzz_check(labels > 0 && labels <= t.classes && (t.several || labels == 1), "a row with other labels");
  }
  vt_score_table_clear(&t);
  return rc;
}

/* ---- what eval compare reads */

static int compare_runs(uint8_t how, struct vt_err *e)
{
  static struct vt_comparison c; /* large */
  char path[2][200];
  int rc = 0;
  c = (struct vt_comparison){0};
  for (int i = 0; i < 2 && !rc; i++) {
    snprintf(path[i], sizeof path[i], "%s", vt_fuzz_path(i ? "b" : "a"));
    rc = vt__compare_read(&c, &c.run[c.nruns++], path[i], e);
  }
  if (!rc) rc = vt__compare_choose(&c, how & 1 ? "loss" : NULL, e);
  for (int i = 0; i < c.nruns && !rc; i++) {
    const struct vt_run *r = &c.run[i];
    vt_fuzz_check(r->best >= 0 && r->best < r->rows, "figures of a row that is not there");
    for (int k = 0; k < r->n; k++)
      vt_fuzz_check(!isinf(vt_run_figure(r, r->column[k])), "an infinite figure");
    for (int k = 0; k < r->nkeys; k++)
      vt_fuzz_check(vt_run_value(r, r->recipe[k].key) != NULL, "a key without a value");
  }
  vt_comparison_clear(&c);
  return rc;
}

static int compare_images(uint8_t how, struct vt_err *e)
{
  static struct vt_comparison c;
  char first[200];
  c = (struct vt_comparison){0};
  snprintf(first, sizeof first, "%s", vt_fuzz_path("first.csv"));
  const struct vt_compare_opts o = {
      .column = how & 1 ? "f1" : NULL, .top = 1 + (how >> 2), .rounds = how & 2 ? 3 : 0, .seed = 1};
  int rc = vt_compare_images(&c, first, vt_fuzz_path("last.csv"), &o, e);
  for (int k = 1; k < c.nchanges && !rc; k++)
    vt_fuzz_check(c.change[k].image && c.change[k].first != c.change[k].last, "no change");
  vt_comparison_clear(&c);
  return rc;
}

/* ---- policies */

static int small_picture(struct vt_aug_sample *s, struct vt_err *e)
{
  *s = (struct vt_aug_sample){0};
  int rc = vt_image_init(&s->image, 24, 20, 3, e);
  for (int y = 0; y < 20 && !rc; y++)
    for (int x = 0; x < 72; x++) s->image.px[y * s->image.stride + x] = (uint8_t)(x * y);
  struct vt_aug_object *o = rc ? NULL : vt_aug_sample_push(s, e);
  if (!o) return rc ? rc : VT_ENOMEM;
  o->box = (struct vt_box){3, 4, 10, 9};
  return vt_mask_from_bitmap(&o->mask, s->image.px, 24, 20, s->image.stride, e);
}

static int other_picture(struct vt_aug_sample *s, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  return small_picture(s, e);
}

static int policy(uint8_t how, struct vt_err *e)
{
  struct vt_policy *p = NULL;
  int rc = vt_policy_read(&p, vt_fuzz_path("policy.yaml"), e);
  if (rc) return rc;
  struct vt_aug_sample s = {0};
  struct vt_rng rng;
  const struct vt_aug_env env = {.epoch = how & 31, .other = other_picture};
  vt_rng_init(&rng, how, 0, 0);
  rc = small_picture(&s, e);
  if (!rc) rc = vt_policy_apply(p, &env, &rng, &s, e);
  vt_fuzz_check(rc || (s.image.width > 0 && s.image.height > 0), "a picture without pixels");
  for (int k = 0; k < s.nobjects && !rc; k++)
    vt_fuzz_check(!s.object[k].mask.n || s.object[k].mask.width == s.image.width, "a mask of another size");
  vt_aug_sample_clear(&s);
  vt_policy_free(p);
  return rc;
}

/* ---- recipes, of a task with a row of each type */

struct task_opts {
  int64_t count;
  double share;
  bool flag;
  int choice;
  const char *text;
  struct vt_strings list;
};
#define AT(f) offsetof(struct task_opts, f)
static const struct vt_opt task_rows[] = {
    {"count", 0, VT_OPT_INT, AT(count), "3", 0, 1e15, NULL, "N", "a number"},
    {"model.share", 0, VT_OPT_FLOAT, AT(share), "0.5", 0, 1, NULL, "X", "a share"},
    {"model.flag", 0, VT_OPT_FLAG, AT(flag), "no", 0, 0, NULL, NULL, "a flag"},
    {"choice", 0, VT_OPT_ENUM, AT(choice), "one", 0, 0, "one|two", NULL, "a choice"},
    {"text", 0, VT_OPT_STRING, AT(text), NULL, 0, 0, NULL, "NAME", "a text"},
    {"list", 0, VT_OPT_LIST, AT(list), NULL, 0, 0, NULL, "NAME", "a list"},
};
static const struct vt_task_desc task = {
    .name = "toy", .opt = task_rows, .nopt = VT_COUNT(task_rows), .opts_size = sizeof(struct task_opts)};

static int recipe(uint8_t how, struct vt_err *e)
{
  static const struct vt_task_desc *const tasks[] = {&task};
  static const char *const set[] = {"epochs=7", "task=toy"};
  const struct vt_strings over = {how & 3 ? 2 : 0, (const char **)(uintptr_t)set};
  struct vt_recipe_file f;
  struct vt_buf b = {0};
  int rc = vt__recipe_read(&f, vt_fuzz_path("recipe.yaml"), &over, tasks, 1, e);
  if (rc) return rc;
  struct vt_err again = {0};
  vt__recipe_print(&f, &b);
  int same = vt__recipe_same(&f, b.data, "printed", &again);
  if (same) fprintf(stderr, "%s\n%s", again.msg, b.data);
  vt_fuzz_check(!same, "a printed recipe that is not the same");
  vt_buf_clear(&b);
  vt__recipe_clear(&f);
  return 0;
}

/* ---- */

static const struct target {
  const char *name;
  const char *file[VT_FUZZ_FILES];
  int (*read)(uint8_t how, struct vt_err *e); /* how: the input's second byte */
} targets[] = {
    {"fetch-list", {"list"}, fetch_list},
    {"fetch-results", {"list", "out/results.csv"}, fetch_results},
    {"fetch-pairs", {"pairs", "products"}, fetch_pairs},
    {"index-csv", {"styles.csv"}, index_csv},
    {"group-map", {"map.csv"}, group_map},
    {"policy", {"policy.yaml"}, policy},
    {"recipe", {"recipe.yaml"}, recipe},
    {"scores", {"scores.csv"}, scores},
    {"compare-runs", {"a/results.csv", "a/recipe.yaml", "b/results.csv", "b/recipe.yaml"}, compare_runs},
    {"compare-images", {"first.csv", "last.csv"}, compare_images},
};

int vt_fuzz_formats(void)
{
  return VT_COUNT(targets);
}

const char *vt_fuzz_format(int k)
{
  return targets[k].name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static int forced;
  struct vt_err e = {0};
  if (size < 3 || size > VT_FUZZ_INPUT) return 0;
  if (!vt_fuzz_rooted()) {
    vt_fuzz_root();
    forced = vt_fuzz_forced(vt_fuzz_formats(), vt_fuzz_format);
    static const char *const folder[] = {"out", "a", "b"};
    for (size_t k = 0; k < VT_COUNT(folder); k++)
      vt_fuzz_check(!vt_mkdirs(vt_fuzz_path(folder[k]), NULL), "folder");
    vt_fuzz_check(!vt_taxonomy_builtin(&taxonomy, NULL), "taxonomy");
    vt_log_set(VT_LOG_ERROR);
  }
  const struct target *t = &targets[(size_t)(forced >= 0 ? forced : data[0] & 127) % VT_COUNT(targets)];
  vt_fuzz_split(t->file, data + 2, size - 2);
  int rc = t->read(data[1], &e);
  vt_fuzz_check(!rc || *e.msg, "an error without a message");
  return 0;
}
