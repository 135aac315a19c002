/* vitrine train: trains by a recipe, or goes on where the run folder left off. */
#include "app/cli/verb.h"
#include "train/train.h"

struct opts {
  const char *out, *data, *keys;
  int64_t bench;
};
static const struct vt_opt rows[] = {
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "RUN",
     "folder of the run: models, checkpoint, results, charts"},
    {"data", 0, VT_OPT_STRING, offsetof(struct opts, data), NULL, 0, 0, NULL, "FOLDER",
     "folder of the data sets (else VITRINE_DATA)"},
    {"keys", 0, VT_OPT_STRING, offsetof(struct opts, keys), NULL, 0, 0, NULL, "TASK",
     "print all keys of a task's recipes with their defaults, as a recipe"},
    {"bench", 0, VT_OPT_INT, offsetof(struct opts, bench), "0", 0, 100000, NULL, "STEPS",
     "only time that many training steps on one batch of the data"},
};

static int print_keys(struct vt_cli *cli, const char *task, struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  int rc = vt_train_keys(task, &b, e);
  if (!rc) fputs(b.data, cli->out);
  vt_buf_clear(&b);
  return rc;
}

static int bench(struct vt_cli *cli, const struct vt_train_opts *to, int steps, struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  int rc = vt_train_bench(vt_registry_default(), to, steps, &b, e);
  if (!rc) fputs(b.data, cli->out);
  vt_buf_clear(&b);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  if (o->keys) return print_keys(cli, o->keys, e);
  if (args->n < 1) return vt_fail(e, VT_EUSAGE, "train: which RECIPE?");
  if (!o->out && !o->bench) return vt_fail(e, VT_EUSAGE, "train: --out RUN is missing");
  struct vt_strings set = {args->n - 1, args->v + 1};
  struct vt_train_opts to = {
      .recipe = args->v[0], .set = &set, .out = o->out, .data_dir = o->data ? o->data : vt_data_dir()};
  if (o->bench) return bench(cli, &to, (int)o->bench, e);
  return vt_train_run(vt_registry_default(), &to, e);
}

const struct vt_verb vt_verb_train = {
    .name = "train",
    .args = "RECIPE [KEY=VALUE…]",
    .summary = "train a model by a recipe, or go on with a run",
    .help = "The same command again goes on where the run was interrupted; a finished run says so. KEY=VALUE "
            "sets a\n"
            "key of the recipe, such as optimizer.lr=0.02. RUN/recipe.yaml shows all keys with their values.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
