/* What the files of train/ share: the recipe, optimisers, schedules, the training graph, checkpoints, the run
 * folder. Private to train/ and its test. Everything here is confined to the trainer's thread. */
#ifndef VT_TRAIN_TRAINER_H
#define VT_TRAIN_TRAINER_H

#include <stdio.h>
#include "train/train.h"

/* ---- recipe
 * --------------------------------------------------------------------------------------------------- */

/* The trainer's own keys; the task's keys follow behind in the same block of memory. */
struct vt_recipe {
  const char *task;
  int64_t epochs, batch, seed;
  int precision; /* enum vt_recipe_precision */
  int64_t threads, loader_threads, loader_prefetch;
  int optimizer; /* position in vt_optimizers */
  double lr, momentum, weight_decay, beta1, beta2, eps;
  bool nesterov;
  int schedule; /* position in vt_schedules */
  double warmup, final, gamma, rise, start;
  int64_t step, patience;
  double clip, ema;
  struct vt_strings freeze;
  const char *init;
  int64_t early_stop;
  const char *best;
  int best_mode; /* enum vt_best_mode */
  int64_t validate_every;
  double checkpoint_every;
  int64_t checkpoint_steps, log_every, keep_batches;
  bool charts, profile;
};
enum vt_recipe_precision { VT_RECIPE_F32, VT_RECIPE_BF16, VT_RECIPE_AUTO };
enum vt_best_mode { VT_BEST_AUTO, VT_BEST_MAX, VT_BEST_MIN };

extern const struct vt_opt vt__recipe_rows[];
extern const int vt__recipe_nrows;

/* A recipe read and resolved. */
struct vt_recipe_file {
  struct vt_arena arena;
  const struct vt_task_desc *task;
  struct vt_opt *row; /* the trainer's rows, then the task's with shifted offsets */
  int nrows;
  struct vt_recipe *r; /* block of memory that the rows write into */
  const void *task_opts;
};
/* Reads the YAML file `path` and applies `set` (key=value). Tasks are looked up in tasks[0..ntasks). */
int vt__recipe_read(struct vt_recipe_file *f, const char *path, const struct vt_strings *set,
                    const struct vt_task_desc *const *tasks, int ntasks, struct vt_err *e);
/* The recipe that only names its task. */
int vt__recipe_defaults(struct vt_recipe_file *f, const char *task, const struct vt_task_desc *const *tasks,
                        int ntasks, struct vt_err *e);
void vt__recipe_clear(struct vt_recipe_file *f);
/* The resolved recipe as YAML that vt__recipe_read takes back, every key with its help. */
void vt__recipe_print(const struct vt_recipe_file *f, struct vt_buf *out);
/* VT_ESTATE naming the first key that differs between the run's recipe (text as printed) and this one, keys
 * that may change between sessions of a run (epochs, threads, how often to save, …) aside. 1 if keys of the
 * exported model's differ, which may change as well, else 0. */
int vt__recipe_same(const struct vt_recipe_file *f, const char *was, const char *was_path, struct vt_err *e);

/* ---- optimisers
 * ------------------------------------------------------------------------------------------------- */

/* Scalars that change from step to step: f32 inputs of rank 0 of the training graph. */
struct vt_step_inputs {
  struct vt_value *scale; /* factor of all gradients (clipping); NULL: 1. Computed, not an input */
  struct vt_value *lr;    /* learning rate of this step */
  struct vt_value *step;  /* 1 for the first step */
  struct vt_value *ema;   /* decay of the moving average at this step; NULL: off */
};
/* One `const struct vt_optimizer_desc vt_optimizer_NAME` per file, one line in optimizers.list. */
struct vt_optimizer_desc {
  const char *name, *doc;
  /* Emits the update of one parameter, declares its state with vt__state and assigns it, and returns the
   * parameter's new value (NULL after a failure of the graph), which the caller assigns. decay: weight decay
   * or 0. */
  struct vt_value *(*update)(struct vt_graph *g, const struct vt_recipe *r, const struct vt_step_inputs *s,
                             struct vt_value *param, struct vt_value *grad, double decay);
};
extern const struct vt_optimizer_desc *const vt_optimizers[];
extern const int vt_noptimizers;
/* A variable of like's shape, zero, named "like.what": optimiser state. */
struct vt_value *vt__state(struct vt_graph *g, const struct vt_value *like, const char *what);
/* update() of the two Adams, which differ in the operator only. */
struct vt_value *vt__emit_adam(const char *op, struct vt_graph *g, const struct vt_recipe *r,
                               const struct vt_step_inputs *s, struct vt_value *param, struct vt_value *grad,
                               double decay);
/* Decay acts on what multiplies (convolution and linear weights: rank 2 and more), not on norms and biases.
 */
bool vt__decays(const struct vt_value *param);

/* ---- schedules
 * -------------------------------------------------------------------------------------------------- */

struct vt_schedule_state { /* of `plateau`; in the checkpoint */
  double factor;           /* of the learning rate; 1 at first */
  int64_t bad;             /* validations since the best */
};
/* One `const struct vt_schedule_desc vt_schedule_NAME` per file, one line in schedules.list. */
struct vt_schedule_desc {
  const char *name, *doc;
  /* Factor of the learning rate at progress p in [0, 1) of the steps after the warm-up, in epoch `epoch` (may
   * be a fraction, counted from the run's start). */
  double (*factor)(const struct vt_recipe *r, const struct vt_schedule_state *s, double p, double epoch);
  /* After each validation; better: the metric improved on all before. NULL: not wanted. */
  void (*validated)(const struct vt_recipe *r, struct vt_schedule_state *s, bool better);
};
extern const struct vt_schedule_desc *const vt_schedules[];
extern const int vt_nschedules;
/* Learning rate of step `step` (0 first) with `per_epoch` steps in an epoch: linear warm-up over r->warmup
 * epochs from lr / steps, then lr times the schedule's factor. */
double vt__learning_rate(const struct vt_recipe *r, const struct vt_schedule_state *s, int64_t step,
                         int64_t per_epoch);

/* ---- the training graph
 * ------------------------------------------------------------------------------------------ */

/* Forward, backward, clipping, update and moving average as one compiled program. */
struct vt_stepper {
  struct vt_graph *graph;
  struct vt_program *program;
  struct vt_session *session;
  int nfeed;             /* inputs filled by the task; lr, step, … follow */
  int ninputs, noutputs; /* outputs: loss, metrics, norm of the gradient */
  struct vt_tensor *in, *out;
  float scalar[4]; /* bytes of lr, step, ema */
  int nmetrics;    /* of the task, without the loss */
  const char *metric[VT_MAX_METRICS];
  int nvars; /* all variables, optimiser state included, sorted by name: what a checkpoint holds */
  const char **var;
  int nweights;        /* the task's own variables */
  const char **weight; /* name in the task's graph */
  const char **source; /* variable that is read for it: itself or its moving average */
  struct vt_weights weights;
};
int vt__stepper_new(struct vt_stepper *s, const struct vt_registry *reg, const struct vt_recipe_file *f,
                    void *task, bool fresh /* take weights of r->init */, struct vt_err *e);
void vt__stepper_clear(struct vt_stepper *s);
/* Runs one step on the inputs in s->in[0..nfeed); step counts from 0. values[0]: loss, values[1 …]: metrics.
 */
int vt__stepper_run(struct vt_stepper *s, const struct vt_recipe *r, double lr, int64_t step, double *values,
                    struct vt_err *e);
/* Present weights (moving average where on), valid until the next step. */
const struct vt_weights *vt__stepper_weights(struct vt_stepper *s, struct vt_err *e);

/* Writes the inputs in s->in to dir/batches. */
int vt__keep_batch(const char *dir, const struct vt_stepper *s, int64_t step, struct vt_err *e);

/* Copies weights of the ONNX or safetensors file `path` into g's variables of the same name and shape; says
 * how many on the log. */
int vt__init_from(struct vt_graph *g, const char *path, struct vt_err *e);

/* ---- the run's results
 * -------------------------------------------------------------------------------------------- */

enum { VT_MAX_COLUMNS = 64, VT_MAX_EPOCHS = 1000000 };
/* Table with one row per epoch; NaN = not measured. */
struct vt_results {
  int ncols, cap;
  int nrows;
  char (*name)[48]; /* VT_MAX_COLUMNS */
  double *v;        /* (cap, VT_MAX_COLUMNS) */
};
int vt__results_init(struct vt_results *t, struct vt_err *e);
void vt__results_clear(struct vt_results *t);
int vt__results_add_row(struct vt_results *t, struct vt_err *e);
/* Sets a cell of the last row; new columns are appended. */
int vt__results_set(struct vt_results *t, const char *column, double value, struct vt_err *e);
int vt__results_find(const struct vt_results *t, const char *column); /* -1 if absent */
/* The column of a metric, or of its mean over an epoch's steps ("train_NAME"); VT_EARG naming what there is.
 */
int vt__results_metric(const struct vt_results *t, const char *metric, struct vt_err *e);
/* The last row as a line to read. */
void vt__results_line(const struct vt_results *t, int64_t epochs, struct vt_buf *out);
int vt__results_write_csv(const struct vt_results *t, const char *path, struct vt_err *e);
/* loss.svg, metrics.svg, lr.svg in `dir`. Charts never fail a run: the first fault is logged. */
void vt__charts_write(const struct vt_results *t, const char *dir);

/* ---- TensorBoard
 * ---------------------------------------------------------------------------------------------------- */

struct vt_tensorboard {
  FILE *f;
  char *path;
};
uint32_t vt__crc32c(const void *data, size_t len);
uint32_t vt__crc32c_masked(const void *data, size_t len);
/* Opens dir/name for appending, cut to `length` bytes first; length 0 starts it anew. */
int vt__tensorboard_open(struct vt_tensorboard *t, const char *dir, const char *name, int64_t length,
                         struct vt_err *e);
int vt__tensorboard_scalar(struct vt_tensorboard *t, const char *tag, int64_t step, double value,
                           struct vt_err *e);
int vt__tensorboard_flush(struct vt_tensorboard *t, int64_t *length, struct vt_err *e); /* length so far */
void vt__tensorboard_close(struct vt_tensorboard *t);

/* ---- checkpoints
 * ------------------------------------------------------------------------------------------------------ */

/* Everything that a run needs to go on, besides the variables in the session. */
enum vt_finished { VT_UNFINISHED, VT_ALL_EPOCHS, VT_STOPPED_EARLY };
struct vt_progress_state {
  int64_t epoch, step; /* epochs done, steps done in the present one */
  int64_t total_steps;
  int64_t finished;               /* enum vt_finished */
  double best;                    /* NaN: none yet */
  int64_t best_epoch, bad;        /* validations since the best */
  double seconds;                 /* spent so far */
  double train_seconds;           /* of the present epoch's steps */
  double sum[1 + VT_MAX_METRICS]; /* of loss and metrics over the present epoch's steps */
  struct vt_schedule_state schedule;
  int64_t norder; /* inside an epoch: the order of its samples; else 0 */
  int64_t *order;
  struct vt_results results;
  char tb_name[256];
  int64_t tb_length;
  struct vt_buf task; /* the task's own state (vt_task_desc.save) */
};
void vt__progress_state_clear(struct vt_progress_state *p);

int vt__checkpoint_write(const char *dir, const struct vt_progress_state *p, struct vt_stepper *s,
                         struct vt_err *e);
/* 1: read, 0: there is none. A damaged one is reported on the log and the one before it is taken; both
 * damaged is an error. Variables are set in the session; with s NULL they are passed over. */
int vt__checkpoint_read(const char *dir, struct vt_progress_state *p, struct vt_stepper *s, struct vt_err *e);

/* ---- the run
 * -------------------------------------------------------------------------------------------------------------
 */

/* vt_train_run with the tasks given: what tests call. */
int vt__train_run(const struct vt_registry *r, const struct vt_train_opts *o,
                  const struct vt_task_desc *const *tasks, int ntasks, struct vt_err *e);
int vt__train_bench(const struct vt_registry *r, const struct vt_train_opts *o,
                    const struct vt_task_desc *const *tasks, int ntasks, int steps, struct vt_buf *out,
                    struct vt_err *e);

#endif
