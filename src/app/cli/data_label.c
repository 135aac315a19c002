/* vitrine data label: first labels for a folder of product photos, without a network. */
#include "app/cli/places.h"
#include "app/cli/plain.h"
#include "app/left_out.h"

#include <string.h>

struct opts {
  struct vt_plain_cli plain;
  const char *out, *format, *cls;
  int method;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "FILE", "where the labels go"},
    {"format", 'f', VT_OPT_STRING, offsetof(struct opts, format), "coco", 0, 0, NULL, "NAME",
     "format of the labels (data convert lists them)"},
    {"method", 'm', VT_OPT_ENUM, offsetof(struct opts, method), "grabcut", 0, 0, VT_PLAIN_METHODS, NULL,
     "how masks are made (vitrine segment --help)"},
    {"class", 0, VT_OPT_STRING, offsetof(struct opts, cls), NULL, 0, 0, NULL, "NAME",
     "class of all (default: each picture's folder below FOLDER)"},
    VT_READING_ROWS(struct opts, reading),
    VT_PLAIN_ROWS(struct opts, plain),
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_labels l = {0};
  struct vt_losses losses = {0};
  int64_t empty = 0;
  if (args->n != 1 || !o->out) return vt_fail(e, VT_EUSAGE, "data label: expected a folder, and --out FILE");
  const struct vt_format *f = vt_format_find(o->format, e);
  if (!f) return VT_EUSAGE;
  if (!f->write) return vt_fail(e, VT_EUSAGE, "format %s is only read", f->name);
  const struct vt_label_folder_opts fo = {
      .mask = vt_plain_cli_opts(&o->plain, o->method), .cls = o->cls, .lenient = o->reading.lenient};
  const struct vt_labels_opts lo = {.images = args->v[0]};
  const struct vt_place places[] = {
      {VT_READS_PICTURES, "FOLDER", args->v[0]},
      {vt_place_of(f), "--out", o->out},
      {VT_WRITES, "--left-out", o->reading.left_out},
  };
  int rc = vt_reading_check(&o->reading, e);
  if (!rc) rc = vt_plain_cli_check(cli, o->method, e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_labels_init(&l, e);
  if (!rc) rc = vt_label_folder(&l, args->v[0], &fo, &empty, e);
  if (!rc) rc = f->write(&l, o->out, &lo, &losses, e);
  if (!rc) {
    fprintf(cli->out, "%s: %d pictures, %lld masks, %d classes\n", o->out, l.nimages, (long long)l.n,
            l.classes.n);
    if (empty) vt_log(VT_LOG_WARN, "%lld pictures in which nothing was found", (long long)empty);
    vt_say_losses(o->out, &losses);
    rc = vt_say_read(&l, args->v[0], true, &o->reading, e);
  }
  bool part = l.skipped > 0;
  vt_labels_clear(&l);
  return rc ? rc : part ? VT_EXIT_PART : VT_EXIT_DONE;
}

const struct vt_verb vt_verb_data_label = {
    .name = "data label",
    .args = "FOLDER",
    .summary = "masks for product photos on plain backgrounds, without a network, as a set of labels",
    .help = "One mask a picture. Pictures below FOLDER are named by their path in it; data show draws the "
            "result.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
