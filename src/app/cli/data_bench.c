/* vitrine data bench: how fast augmentation and the loader are here. */
#include "app/bench_data.h"
#include "app/cli/given.h"

struct opts {
  int64_t side, samples, crop, masks;
  double seconds;
  const char *operation;
  bool json;
};

static const struct vt_opt rows[] = {
    {"side", 0, VT_OPT_INT, offsetof(struct opts, side), "512", 16, 8192, NULL, "PIXELS",
     "side of the picture that operations are timed on"},
    {"seconds", 0, VT_OPT_FLOAT, offsetof(struct opts, seconds), "0.2", 0, 60, NULL, "SECONDS",
     "processor time for each operation"},
    {"operation", 0, VT_OPT_STRING, offsetof(struct opts, operation), NULL, 0, 0, NULL, "NAME",
     "time only this one"},
    {"crop", 0, VT_OPT_INT, offsetof(struct opts, crop), "224", 16, 2048, NULL, "PIXELS",
     "side of what the loader makes"},
    {"samples", 0, VT_OPT_INT, offsetof(struct opts, samples), "640", 1, 1e7, NULL, "N",
     "pictures that the loader makes"},
    {"masks", 0, VT_OPT_INT, offsetof(struct opts, masks), "0", 0, 1e7, NULL, "N",
     "time run-length masks instead: so many of one megapixel of each kind, to runs and back"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_buf b = {0};
  if (args->n > 1) return vt_fail(e, VT_EUSAGE, "data bench: expected at most one folder of pictures");
  if (args->n && o->masks) return vt_fail(e, VT_EUSAGE, "data bench: --masks takes no folder");
  const bool folder = args->n > 0, operations = !folder && !o->masks;
  const struct vt_goes goes[] = {
      {"operation", operations, "goes neither with FOLDER nor with --masks"},
      {"side", operations, "goes neither with FOLDER nor with --masks"},
      {"seconds", operations, "goes neither with FOLDER nor with --masks"},
      {"crop", folder, "goes with FOLDER"},
      {"samples", folder, "goes with FOLDER"},
  };
  if (vt_goes_check(cli, goes, VT_COUNT(goes), e)) return VT_EUSAGE;
  int rc = o->masks ? vt_bench_masks(&b, o->masks, o->json, e)
           : folder ? vt_bench_loader(&b, args->v[0], (int)o->crop, o->samples, o->json, e)
                    : vt_bench_augment(&b, o->operation, (int)o->side, o->seconds, o->json, e);
  if (!rc && b.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) fputs(b.data, cli->out);
  vt_buf_clear(&b);
  return rc;
}

const struct vt_verb vt_verb_data_bench = {
    .name = "data bench",
    .args = "[FOLDER]",
    .summary = "time every operation of augmentation, the loader over a folder of pictures, or masks",
    .help =
        "Figures are processor time, so a busy machine does not matter much. With FOLDER: the loader, from "
        "its files\n"
        "and from memory; else a table of operations.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
