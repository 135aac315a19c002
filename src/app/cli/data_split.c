/* vitrine data split: which pictures are for training, which for validation and test. */
#include "app/cli/given.h"
#include "app/cli/places.h"
#include "app/cli/verb.h"
#include "app/augment.h"
#include "app/left_out.h"
#include "app/labels_report.h"
#include "data/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct opts {
  const char *format, *ratio, *out, *labels, *to, *groups, *descriptions, *images;
  int64_t folds, fold, seed, near;
  bool stratified, by_class, json;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"format", 'f', VT_OPT_STRING, offsetof(struct opts, format), "imaterialist", 0, 0, NULL, "NAME",
     "format of the labels (data convert lists them)"},
    {"ratio", 'r', VT_OPT_STRING, offsetof(struct opts, ratio), "80/20", 0, 0, NULL, "A/B[/C]",
     "shares of train, val and test"},
    {"folds", 'k', VT_OPT_INT, offsetof(struct opts, folds), NULL, 2, 64, NULL, "K",
     "k-fold instead: one part is val, the others train"},
    {"fold", 0, VT_OPT_INT, offsetof(struct opts, fold), NULL, 0, 63, NULL, "I", "which part is val, from 0"},
    {"stratified", 0, VT_OPT_FLAG, offsetof(struct opts, stratified), NULL, 0, 0, NULL, NULL,
     "every part gets its share of each class"},
    {"by-class", 0, VT_OPT_FLAG, offsetof(struct opts, by_class), NULL, 0, 0, NULL, NULL,
     "pictures that share a class (a product) stay together"},
    {"groups", 0, VT_OPT_STRING, offsetof(struct opts, groups), NULL, 0, 0, NULL, "FILE",
     "table image,group: pictures of a group stay together"},
    {"near", 0, VT_OPT_INT, offsetof(struct opts, near), NULL, 0, VT_NEAR_MAX_BITS, NULL, "BITS",
     "pictures in --images whose hashes differ in at most so many of 128 bits stay together"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, 9e15, NULL, "N",
     "the same seed gives the same split"},
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "FILE",
     "write a table image,split"},
    {"labels", 0, VT_OPT_STRING, offsetof(struct opts, labels), NULL, 0, 0, NULL, "PATH",
     "write the labels with their splits, too"},
    {"to", 't', VT_OPT_STRING, offsetof(struct opts, to), "coco", 0, 0, NULL, "FORMAT", "format of --labels"},
    {"descriptions", 0, VT_OPT_STRING, offsetof(struct opts, descriptions), NULL, 0, 0, NULL, "FILE",
     "label_descriptions.json, if it does not lie beside the table"},
    {"images", 0, VT_OPT_STRING, offsetof(struct opts, images), NULL, 0, 0, NULL, "FOLDER",
     "folder of the pictures, for --near and where a format needs their sizes"},
    VT_READING_ROWS(struct opts, reading),
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};
static const char *const part[] = {"train", "val", "test"};

static int read_ratio(const char *s, double share[3], struct vt_err *e)
{
  const char *text = s;
  for (int k = 0; k < 3; k++) {
    char *end;
    share[k] = *s ? strtod(s, &end) : 0;
    if (!*s && k == 2) return 0;
    if (!*s || end == s || (*end && *end != '/') || !(share[k] >= 0))
      return vt_fail(e, VT_EUSAGE, "--ratio '%s': expected 80/20 or 80/10/10", text);
    s = end + (*end == '/');
  }
  return *s ? vt_fail(e, VT_EUSAGE, "--ratio '%s': at most three parts", text) : 0;
}

/* group[i] of picture i, by the hash of the group's name; pictures without a row stay alone. */
static int read_groups(struct vt_labels *l, const struct opts *o, int64_t *group, struct vt_err *e)
{
  struct vt_csv c;
  int image, name, rc = vt_csv_open(&c, o->groups, e);
  if (rc) return rc;
  rc = vt_csv_need(&c, "image", &image, e);
  if (!rc) rc = vt_csv_need(&c, "group", &name, e);
  while (!rc && (rc = vt_csv_next(&c, e)) == 1) {
    rc = 0;
    int32_t p = vt_labels_find_image(l, c.field[image]);
    if (p < 0) {
      char why[600];
      snprintf(why, sizeof why, "%.300s: line %lld: there is no picture '%.200s'", o->groups,
               (long long)c.line, c.field[image]);
      rc = o->reading.lenient ? vt_problems_add(&l->problems, 0, why, e) : vt_fail(e, VT_EFORMAT, "%s", why);
      l->skipped++;
    } else
      group[p] = (int64_t)(vt_hash64(c.field[name], (uint64_t)c.length[name]) >> 1);
  }
  vt_csv_close(&c);
  return rc;
}

/* Pictures that cannot be read go, with all they show, and are listed. */
static int leave_out_unreadable(struct vt_labels *l, const char *images, struct vt_err *e)
{
  struct vt_clean c;
  int rc = vt_clean_run(&c, l, images, "unreadable", e);
  const struct vt_clean_step *s = rc ? NULL : &c.step[c.nsteps - 1];
  for (int64_t i = 0; s && i < s->n && !rc; i++)
    if (!c.left[s->removed[i].image]++) /* none of its rows is left, and the first tells why */
      rc = vt_problems_add(&l->problems, 0, s->removed[i].reason, e);
  if (!rc) rc = vt_labels_take_out(l, c.gone, c.picture_gone, e);
  vt_clean_clear(&c);
  return rc;
}

static int find_near(const struct vt_labels *l, const struct opts *o, int64_t **near, struct vt_err *e)
{
  struct vt_picture_hash *hash = NULL;
  struct vt_err why = {0};
  int rc = vt_labels_hash(&hash, l, o->images, NULL, &why);
  if (rc)
    return vt_fail(e, rc, "%s%s", why.msg,
                   vt_aug_source_fault(rc) && o->images ? "; --lenient leaves such pictures out" : "");
  if (!(*near = vt_calloc((size_t)l->nimages + 1, sizeof **near)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_near_groups(*near, hash, l->nimages, (int)o->near, e);
  vt_free(hash);
  return rc;
}

static void report(const struct vt_labels *l, bool json, struct vt_buf *b)
{
  int64_t images[3] = {0}, instances[3] = {0}, *cls[3];
  for (int k = 0; k < 3; k++) cls[k] = vt_calloc((size_t)l->classes.n + 1, sizeof *cls[k]);
  for (int32_t i = 0; i < l->nimages; i++) images[l->image[i].split]++;
  for (int64_t i = 0; i < l->n; i++) {
    int k = l->image[l->v[i].image].split;
    instances[k]++;
    if (cls[k]) cls[k][l->v[i].cls]++;
  }
  if (json) {
    vt_buf_addc(b, '{');
    for (int k = 0; k < 3; k++) {
      vt_buf_addf(b, "%s\"%s\": {\"images\": %lld, \"instances\": %lld, \"classes\": {", k ? ", " : "",
                  part[k], (long long)images[k], (long long)instances[k]);
      for (int c = 0, n = 0; c < l->classes.n && cls[k]; c++) {
        if (!cls[k][c]) continue;
        vt_buf_adds(b, n++ ? ", " : "");
        vt_json_text(b, l->classes.v[c].name);
        vt_buf_addf(b, ": %lld", (long long)cls[k][c]);
      }
      vt_buf_adds(b, "}}");
    }
    vt_buf_adds(b, "}\n");
  } else
    for (int k = 0; k < 3; k++)
      if (images[k])
        vt_buf_addf(b, "%-6s %lld pictures, %lld instances\n", part[k], (long long)images[k],
                    (long long)instances[k]);
  if (!json && !l->nimages) vt_buf_adds(b, "no pictures\n");
  for (int k = 0; k < 3; k++) {
    if (!cls[k]) b->failed = true;
    vt_free(cls[k]);
  }
}

/* Pictures that must stay together may leave a part far from its share, or empty. */
static void warn_uneven(const struct vt_labels *l, const struct vt_split_opts *so)
{
  static const double tolerance = .05;
  double share[3] = {so->folds - 1, 1, 0}, all = 0;
  int64_t n[3] = {0};
  for (int k = 0; k < 3 && so->folds < 2; k++) share[k] = so->share[k];
  for (int k = 0; k < 3; k++) all += share[k];
  for (int32_t i = 0; i < l->nimages; i++) n[l->image[i].split]++;
  for (int k = 0; k < 3; k++) {
    const double wanted = share[k] / all, got = (double)n[k] / l->nimages;
    if ((wanted > 0 && !n[k]) || fabs(got - wanted) > VT_MAX(tolerance, 1. / l->nimages))
      vt_log(VT_LOG_WARN,
             "%s has %.3g %% of the pictures, not %.3g %%: too many belong together, or there are too few",
             part[k], 100 * got, 100 * wanted);
  }
}

static int write_list(const struct vt_labels *l, const char *path, struct vt_err *e)
{
  struct vt_buf b = {0};
  vt_buf_adds(&b, "image,split\n");
  for (int32_t i = 0; i < l->nimages; i++) {
    vt_csv_put(&b, l->image[i].file, true);
    vt_buf_addf(&b, ",%s\n", part[l->image[i].split]);
  }
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

static int write_labels(const struct vt_labels *l, const struct vt_format *to, const char *path,
                        const struct vt_labels_opts *lo, struct vt_err *e)
{
  struct vt_losses losses = {0};
  int rc = to->write(l, path, lo, &losses, e);
  if (!rc) vt_say_losses(path, &losses);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_labels l = {0};
  struct vt_buf b = {0};
  int64_t *group = NULL, *near = NULL;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "data split: expected one set of labels");
  struct vt_split_opts so = {.folds = (int)o->folds,
                             .fold = (int)o->fold,
                             .stratified = o->stratified,
                             .group_by_class = o->by_class,
                             .seed = (uint64_t)o->seed};
  const struct vt_format *f = vt_format_find(o->format, e), *to = f ? vt_format_find(o->to, e) : NULL;
  if (!to) return VT_EUSAGE;
  if (o->labels && !to->write) return vt_fail(e, VT_EUSAGE, "format %s is only read", to->name);
  const struct vt_place places[] = {
      {VT_READS, "FILE", args->v[0]},
      {VT_READS, "--descriptions", o->descriptions},
      {VT_READS, "--groups", o->groups},
      {VT_READS_PICTURES, "--images", o->images},
      {VT_WRITES, "--out", o->out},
      {vt_place_of(to), "--labels", o->labels},
      {VT_WRITES, "--left-out", o->reading.left_out},
  };
  int rc = vt_reading_check(&o->reading, e);
  const struct vt_goes goes[] = {
      {"fold", o->folds > 0, "goes with --folds"},
      {"ratio", !o->folds, "and --folds exclude each other"},
      {"to", o->labels != NULL, "goes with --labels"},
  };
  if (!rc) rc = vt_goes_check(cli, goes, VT_COUNT(goes), e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = read_ratio(o->ratio, so.share, e);
  if (rc) return rc;
  const struct vt_labels_opts lo = {
      .lenient = o->reading.lenient, .no_shapes = !o->labels, .extra = o->descriptions, .images = o->images};
  rc = vt_labels_init(&l, e);
  if (!rc) rc = f->read(&l, args->v[0], &lo, e);
  if (!rc && o->near && o->images && o->reading.lenient) rc = leave_out_unreadable(&l, o->images, e);
  if (!rc && o->groups) {
    if (!(group = vt_calloc((size_t)l.nimages + 1, sizeof *group)))
      rc = vt_fail(e, VT_ENOMEM, "out of memory");
    for (int32_t i = 0; i < l.nimages && !rc; i++) group[i] = -1;
    if (!rc) rc = read_groups(&l, o, group, e);
    so.group = group;
  }
  if (!rc && o->near) rc = find_near(&l, o, &near, e);
  so.near = near;
  if (!rc) rc = vt_labels_split(&l, &so, e);
  if (!rc && o->out) rc = write_list(&l, o->out, e);
  if (!rc && o->labels) rc = write_labels(&l, to, o->labels, &lo, e);
  if (!rc) rc = vt_say_read(&l, args->v[0], o->labels != NULL, &o->reading, e);
  if (!rc && l.nimages) warn_uneven(&l, &so);
  if (!rc) report(&l, o->json, &b);
  if (!rc && b.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) fputs(b.data, cli->out);
  vt_buf_clear(&b);
  vt_free(group);
  vt_free(near);
  vt_labels_clear(&l);
  return rc;
}

const struct vt_verb vt_verb_data_split = {
    .name = "data split",
    .args = "FILE",
    .summary = "divide the pictures of a set into training, validation and test",
    .help = "Whole pictures are given out, and those of one product or pair together where the set knows "
            "them: neither\n"
            "is on two sides. With --by-class no class (where that is the product), with --groups no group, "
            "with --near\n"
            "no picture that looks like one on the other side.\n"
            "Prints pictures and instances of each part.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
