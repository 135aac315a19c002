/* vitrine data synth: draws a catalogue, street photos, masks and pairs. */
#include "app/cli/descriptions.h"
#include "app/cli/given.h"
#include "app/cli/verb.h"
#include "data/data.h"

#include <string.h>

struct opts {
  const char *out;
  int64_t products, photos, seed, rows, images;
  int format;
};
static const struct vt_opt rows[] = {
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "FOLDER",
     "folder to write (also the first argument)"},
    {"products", 0, VT_OPT_INT, offsetof(struct opts, products), "400", 14, 1e7, NULL, "N",
     "products in the catalogue, 14 or more"},
    {"photos", 0, VT_OPT_INT, offsetof(struct opts, photos), "100", 0, 1e7, NULL, "N", "street photos"},
    {"format", 'f', VT_OPT_ENUM, offsetof(struct opts, format), "synth", 0, 0, "synth|imaterialist", NULL,
     "a folder of pictures, or a table of masks in iMaterialist's format"},
    {"rows", 0, VT_OPT_INT, offsetof(struct opts, rows), "331213", 1, 1e8, NULL, "N", "imaterialist: rows"},
    {"images", 0, VT_OPT_INT, offsetof(struct opts, images), "45195", 1, 1e8, NULL, "N",
     "imaterialist: pictures that the rows are about"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, 9e15, NULL, "N",
     "the same seed and numbers give the same files"},
};

/* out: the table, or the folder that gets it as train.csv. */
static int run_rows(struct vt_cli *cli, const struct opts *o, const char *out, struct vt_err *e)
{
  double start = vt_now();
  bool file = !strcmp(vt_path_ext(out), "csv");
  const char *folder = file ? vt_path_dir(&cli->arena, out) : out;
  int rc = folder ? vt_mkdirs(folder, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) return rc;
  const char *path = file ? out : vt_path_join(&cli->arena, out, "train.csv");
  if (!path) return vt_fail(e, VT_ENOMEM, "out of memory");
  if ((rc = vt_descriptions_none(path, e))) return rc;
  if ((rc = vt_synth_rows(path, o->rows, VT_MIN(o->images, o->rows), (uint64_t)o->seed, e))) return rc;
  fprintf(cli->out, "%s: %lld rows in %.1f s\n", path, (long long)o->rows, vt_now() - start);
  return VT_EXIT_DONE;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  const char *out = o->out ? o->out : args->n == 1 ? args->v[0] : NULL;
  if (!out || args->n > 1 || (o->out && args->n)) return vt_fail(e, VT_EUSAGE, "data synth: which FOLDER?");
  const bool table = o->format == 1;
  const struct vt_goes goes[] = {
      {"rows", table, "goes with --format imaterialist"},
      {"images", table, "goes with --format imaterialist"},
      {"products", !table, "goes with --format synth"},
      {"photos", !table, "goes with --format synth"},
  };
  if (vt_goes_check(cli, goes, VT_COUNT(goes), e)) return VT_EUSAGE;
  if (!table && !strcmp(vt_path_ext(out), "csv"))
    return vt_fail(e, VT_EUSAGE, "%s: a table goes with --format imaterialist, expected a folder", out);
  if (table) return run_rows(cli, o, out, e);
  const struct vt_synth_opts so = {
      .out = out, .products = o->products, .photos = o->photos, .seed = (uint64_t)o->seed};
  double start = vt_now();
  int rc = vt_synth_write(&so, e);
  if (rc) return rc;
  fprintf(cli->out, "%s: %lld products, %lld photos in %.1f s\n", out, (long long)o->products,
          (long long)o->photos, vt_now() - start);
  return VT_EXIT_DONE;
}

const struct vt_verb vt_verb_data_synth = {
    .name = "data synth",
    .args = "FOLDER|FILE.csv",
    .summary = "draw a catalogue of garments and street photos of figures who wear them",
    .help = "Writes products/, photos/ and masks/ with products.csv, group_map.csv, pairs.csv and split.csv: "
            "pictures,\n"
            "exact label maps, and which product is in which photo. With --format imaterialist: one table of "
            "drawn\n"
            "masks (FOLDER/train.csv, or the FILE.csv named) with label_descriptions.json beside it.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
