/* Training: recipes, optimisers, schedules, the trainer, checkpoints, the run folder.
 *
 * A task says what is trained: it builds the graph with the loss, makes samples, validates and exports. The
 * trainer does everything that is the same for all tasks. Adding a task is one file with a `const struct
 * vt_task_desc` and a line in tasks.list. */
#ifndef VT_TRAIN_H
#define VT_TRAIN_H

#include "engine/engine.h"
#include "model/model.h"
#include "data/data.h"

/* Weights by name: what a session holds, read by validation and export. Borrowed during the call. */
struct vt_weights {
  int n;
  const char **name;
  struct vt_tensor *value; /* f32, plain */
};

enum { VT_MAX_METRICS = 32 };
struct vt_metrics {
  int n;
  struct {
    char name[40];
    double value;
  } v[VT_MAX_METRICS];
};
void vt_metrics_add(struct vt_metrics *m, const char *name, double value);

/* Descriptor of a task. Options: rows written into a struct of opts_size bytes, keys of the recipe beside the
 * trainer's own (see trainer.h). `open` reads data; ctx is the task's own state, freed by `close`. */
struct vt_task_desc {
  const char *name; /* recipe key `task:` */
  const struct vt_opt *opt;
  int nopt;
  size_t opts_size;
  int (*open)(void **ctx, const void *opts, const struct vt_registry *r, const char *data_dir, uint64_t seed,
              struct vt_err *e);
  void (*close)(void *ctx);
  /* Appends the forward pass and the loss in training mode for one batch. Inputs are declared in the order in
   * which `feed` fills them. metric[0..*nmetric): scalar values shown each epoch as means. */
  int (*build)(void *ctx, struct vt_graph *g, int batch, struct vt_value **loss, struct vt_value **metric,
               const char **metric_name, int *nmetric, struct vt_err *e);
  int64_t (*samples)(void *ctx); /* per epoch */
  size_t (*sample_bytes)(void *ctx);
  /* Called before each epoch, on the trainer's thread: may set the order of samples (order has samples()
   * entries, filled with a seeded shuffle; overwrite to mine negatives, to balance classes, …). `w`: present
   * weights. */
  int (*epoch)(void *ctx, int epoch, int batch, int64_t *order, const struct vt_weights *w, struct vt_err *e);
  /* Optional: called before samples of an epoch (from 0) are made, in a resumed run too. */
  void (*begin)(void *ctx, int epoch);
  int (*make)(int64_t sample, struct vt_rng *rng, void *slot, void *ctx,
              struct vt_err *e); /* loader threads */
  /* Spreads `batch` slots of sample_bytes each over the graph's inputs (already of the right shape). */
  int (*feed)(void *ctx, const void *slots, int batch, struct vt_tensor *in, struct vt_err *e);
  /* Optional: state that `epoch` left in ctx and `make` or `feed` need besides the order. A run resumed
   * inside an epoch does not call `epoch` again (the weights are no longer those of the epoch's start): the
   * order and what `save` appended come from the checkpoint. `load` is called before the first make. */
  int (*save)(void *ctx, struct vt_buf *out, struct vt_err *e);
  int (*load)(void *ctx, const void *data, size_t len, struct vt_err *e);
  /* Measures on data held out of the train split (never val or test). The metric of the recipe's `best:`
   * decides. */
  int (*validate)(void *ctx, const struct vt_weights *w, struct vt_metrics *m, struct vt_err *e);
  /* Writes the inference model with preprocessing, labels and card. */
  int (*export_model)(void *ctx, const struct vt_weights *w, const struct vt_metrics *m, const char *path,
                      struct vt_err *e);
};
extern const struct vt_task_desc *const vt_tasks[];
extern const int vt_ntasks;

struct vt_train_opts {
  const char *recipe;           /* path of the YAML file */
  const struct vt_strings *set; /* key=value overrides */
  const char *out;              /* run folder */
  const char *data_dir;         /* VITRINE_DATA */
};
/* All keys of a task's recipes as YAML with defaults and help: a recipe to start from. VT_EUSAGE for unknown
 * tasks. */
int vt_train_keys(const char *task, struct vt_buf *out, struct vt_err *e);
/* Trains, or resumes where the run folder left off. VT_EINTERRUPTED after Ctrl-C, resumable. */
int vt_train_run(const struct vt_registry *r, const struct vt_train_opts *o, struct vt_err *e);
/* Times `steps` training steps of the recipe on one batch of its data; a table to `out`. Writes no files:
 * o->out is not used. */
int vt_train_bench(const struct vt_registry *r, const struct vt_train_opts *o, int steps, struct vt_buf *out,
                   struct vt_err *e);

#endif
