/* vitrine data stats: what a data set holds. */
#include "app/cli/given.h"
#include "app/cli/places.h"
#include "app/cli/verb.h"
#include "app/left_out.h"
#include "app/labels_report.h"
#include "app/mosaic.h"

#include <stdlib.h>
#include <string.h>

enum format { CCP, CLOTHING, PRODUCTS, PRODUCTS_LARGE, SYNTH, NSETS };
static const char *const set_name[NSETS] = {"ccp", "clothing", "products", "products-large", "synth"};

struct opts {
  const char *format, *descriptions, *images, *report;
  bool json;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"format", 'f', VT_OPT_STRING, offsetof(struct opts, format), "products", 0, 0, NULL, "NAME",
     "ccp, clothing, products, products-large, synth, or a format of labels (data convert lists them)"},
    {"descriptions", 0, VT_OPT_STRING, offsetof(struct opts, descriptions), NULL, 0, 0, NULL, "FILE",
     "label_descriptions.json, if it does not lie beside the table"},
    {"images", 0, VT_OPT_STRING, offsetof(struct opts, images), NULL, 0, 0, NULL, "FOLDER",
     "folder of the pictures, where a format needs their sizes"},
    {"report", 0, VT_OPT_STRING, offsetof(struct opts, report), NULL, 0, 0, NULL, "FILE.html",
     "write a page with charts, too, and with --images some pictures (sets of labels)"},
    VT_READING_ROWS(struct opts, reading),
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

struct stats {
  int64_t rows, images, instances, classes, split[4], by_group[VT_MAX_GROUPS];
};

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pictures are counted once however many samples share them. */
static int count(const struct vt_dataset *photos, const struct vt_dataset *d, struct stats *s,
                 struct vt_err *e)
{
  const char **path = vt_calloc((size_t)photos->n + 1, sizeof *path);
  if (!path) return vt_fail(e, VT_ENOMEM, "out of memory");
  s->rows = photos->n;
  for (int64_t i = 0; i < photos->n; i++) {
    path[i] = photos->v[i].image;
    s->split[photos->v[i].split]++;
  }
  qsort(path, (size_t)photos->n, sizeof *path, by_name);
  for (int64_t i = 0; i < photos->n; i++) s->images += i == 0 || strcmp(path[i], path[i - 1]) != 0;
  vt_free(path);
  s->instances = d->n;
  for (int64_t i = 0; i < d->n; i++) {
    int g = d->v[i].group;
    if (g >= 0 && s->by_group[g]++ == 0) s->classes++;
  }
  return 0;
}

static void print_json(const struct vt_dataset *d, const struct stats *s, struct vt_buf *b)
{
  static const char *const split[] = {"train", "val", "test", "none"};
  vt_buf_addf(b, "{\"rows\": %lld, \"images\": %lld, \"instances\": %lld, \"classes\": %lld",
              (long long)s->rows, (long long)s->images, (long long)s->instances, (long long)s->classes);
  vt_buf_addf(b, ", \"attributes\": %d, \"attribute_classes\": {", d->nattrs);
  for (int k = 0; k < d->nattrs; k++) {
    vt_buf_adds(b, k ? ", " : "");
    vt_json_text(b, d->attr[k]);
    vt_buf_addf(b, ": %d", d->nclasses[k]);
  }
  vt_buf_adds(b, "}, \"splits\": {");
  for (int k = 0, n = 0; k < 4; k++) {
    if (s->split[k]) vt_buf_addf(b, "%s\"%s\": %lld", n++ ? ", " : "", split[k], (long long)s->split[k]);
  }
  vt_buf_adds(b, "}, \"groups\": {");
  for (int g = 0, n = 0; g < d->taxonomy.ngroups; g++) {
    if (!s->by_group[g]) continue;
    vt_buf_adds(b, n++ ? ", " : "");
    vt_json_text(b, d->taxonomy.group[g]);
    vt_buf_addf(b, ": %lld", (long long)s->by_group[g]);
  }
  vt_buf_adds(b, "}}\n");
}

static void print_table(const struct vt_dataset *d, const struct stats *s, struct vt_buf *b)
{
  vt_buf_addf(b, "rows       %lld\nimages     %lld\ninstances  %lld\nclasses    %lld\n", (long long)s->rows,
              (long long)s->images, (long long)s->instances, (long long)s->classes);
  vt_buf_addf(b, "splits     train %lld, val %lld, test %lld, none %lld\n", (long long)s->split[0],
              (long long)s->split[1], (long long)s->split[2], (long long)s->split[3]);
  for (int k = 0; k < d->nattrs; k++)
    vt_buf_addf(b, "attribute  %-16s %d classes\n", d->attr[k], d->nclasses[k]);
  for (int g = 0; g < d->taxonomy.ngroups; g++) {
    if (s->by_group[g])
      vt_buf_addf(b, "group      %-16s %lld\n", d->taxonomy.group[g], (long long)s->by_group[g]);
  }
}

static int read_set(struct vt_dataset *d, const char *root, int format, bool regions, struct vt_err *e)
{
  switch (format) {
  case CCP: return vt_read_ccp(d, root, regions, 0, e);
  case CLOTHING: return vt_read_clothing(d, root, e);
  case PRODUCTS: return vt_read_products(d, root, false, e);
  case PRODUCTS_LARGE: return vt_read_products(d, root, true, e);
  default: return vt_read_synth(d, root, regions, e);
  }
}

/* A mosaic of labelled pictures as JPEG. */
static int draw_pictures(struct vt_buf *out, struct vt_labels *l, const char *images, struct vt_err *e)
{
  const struct vt_mosaic_opts mo = {
      .images = images, .n = 12, .columns = 4, .cell = 300, .seed = 1, .problems = &l->problems};
  struct vt_image im = {0};
  int rc = vt_mosaic(&im, l, &mo, e);
  if (!rc) rc = vt_image_encode(out, &im, VT_FMT_JPEG, 85, e);
  vt_image_clear(&im);
  return rc;
}

static int run_labels(struct vt_cli *cli, const struct opts *o, const char *path, struct vt_err *e)
{
  struct vt_labels l = {0};
  struct vt_label_stats s = {0};
  struct vt_buf b = {0}, pictures = {0};
  const struct vt_labels_opts lo = {.lenient = o->reading.lenient,
                                    .no_shapes = !(o->report && o->images),
                                    .extra = o->descriptions,
                                    .images = o->images};
  const struct vt_format *f = vt_format_find(o->format, e);
  const struct vt_place places[] = {
      {VT_READS, "FILE", path},
      {VT_READS, "--descriptions", o->descriptions},
      {VT_READS_PICTURES, "--images", o->images},
      {VT_WRITES, "--report", o->report},
      {VT_WRITES, "--left-out", o->reading.left_out},
  };
  int rc = f ? vt_reading_check(&o->reading, e) : VT_EUSAGE;
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_labels_init(&l, e);
  if (!rc) rc = f->read(&l, path, &lo, e);
  if (!rc && o->report && o->images) rc = draw_pictures(&pictures, &l, o->images, e);
  if (!rc) rc = vt_say_read(&l, path, false, &o->reading, e);
  if (!rc) rc = vt_label_stats(&s, &l, e);
  if (rc) goto out;
  if (o->report) {
    vt_labels_report_html(&l, &s, vt_path_base(path), o->images ? &pictures : NULL, &b);
    rc =
        b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_file_write_atomic(o->report, b.data, b.len, e);
    if (rc) goto out;
    b.len = 0;
  }
  (o->json ? vt_labels_report_json : vt_labels_report_table)(&l, &s, &b);
  if (b.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) fputs(b.data, cli->out);
out:
  vt_buf_clear(&b);
  vt_buf_clear(&pictures);
  vt_label_stats_clear(&s);
  vt_labels_clear(&l);
  return rc;
}

static int run_set(struct vt_cli *cli, const struct opts *o, int format, const struct vt_strings *args,
                   struct vt_err *e)
{
  struct vt_dataset photos = {0}, regions = {0};
  struct stats s = {0};
  struct vt_buf text = {0};
  bool products = format == PRODUCTS || format == PRODUCTS_LARGE; /* their reader takes a table too */
  const char *root = !products && vt_is_file(args->v[0]) ? vt_path_dir(&cli->arena, args->v[0]) : args->v[0];
  if (!root) return vt_fail(e, VT_ENOMEM, "out of memory");
  bool masks = format == CCP || format == SYNTH;
  int rc = vt_dataset_init(&photos, e);
  if (rc < 0 || (rc = vt_dataset_init(&regions, e)) < 0) goto out;
  if ((rc = read_set(&photos, root, format, false, e)) < 0) goto out;
  if (masks && (rc = read_set(&regions, root, format, true, e)) < 0) goto out;
  if ((rc = count(format == SYNTH ? &regions : &photos, masks ? &regions : &photos, &s, e)) < 0) goto out;
  (o->json ? print_json : print_table)(masks ? &regions : &photos, &s, &text);
  if (text.failed) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  fputs(text.data, cli->out);
out:
  vt_buf_clear(&text);
  vt_dataset_clear(&photos);
  vt_dataset_clear(&regions);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  static const char labels_only[] = "is for sets of labels (--format)";
  static const struct vt_goes goes[] = {{"report", false, labels_only},
                                        {"images", false, labels_only},
                                        {"descriptions", false, labels_only},
                                        {"lenient", false, labels_only},
                                        {"left-out", false, labels_only}};
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "expected one folder, or its table");
  for (int k = 0; k < NSETS; k++)
    if (!strcmp(o->format, set_name[k]))
      return vt_goes_check(cli, goes, VT_COUNT(goes), e) ? VT_EUSAGE : run_set(cli, o, k, args, e);
  return run_labels(cli, o, args->v[0], e);
}

const struct vt_verb vt_verb_data_stats = {
    .name = "data stats",
    .args = "FOLDER|FILE",
    .summary = "count the rows, pictures, instances, classes and attributes of a data set",
    /* clang-format off */
    .help =
        "rows: lines of the table; images: distinct pictures; instances: labelled things (garments of a photo where\n"
        "there are masks, else rows); classes: garment groups that occur. Of products TABLE.csv itself is read,\n"
        "with the pictures beside it; of the others the folder it is in. Sets of\n"
        "labels (iMaterialist, COCO, …) add tables by class and, with --json, histograms and what occurs together.",
    /* clang-format on */
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
