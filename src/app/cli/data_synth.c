/* vitrine data synth: draws a catalogue, street photos, masks and pairs. */
#include "app/cli/verb.h"
#include "data/data.h"

struct opts {
  const char *out;
  int64_t products, photos, seed;
};
static const struct vt_opt rows[] = {
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "FOLDER",
     "folder to write (also the first argument)"},
    {"products", 0, VT_OPT_INT, offsetof(struct opts, products), "400", 14, 1e7, NULL, "N",
     "products in the catalogue"},
    {"photos", 0, VT_OPT_INT, offsetof(struct opts, photos), "100", 0, 1e7, NULL, "N", "street photos"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, 9e15, NULL, "N",
     "the same seed and numbers give the same files"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  const char *out = o->out ? o->out : args->n == 1 ? args->v[0] : NULL;
  if (!out || args->n > 1 || (o->out && args->n)) return vt_fail(e, VT_EUSAGE, "data synth: which FOLDER?");
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
    .args = "FOLDER",
    .summary = "draw a catalogue of garments and street photos of figures who wear them",
    .help = "Writes products/, photos/ and masks/ with products.csv, group_map.csv, pairs.csv and split.csv: "
            "pictures, "
            "exact label maps, and which product is in which photo.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
