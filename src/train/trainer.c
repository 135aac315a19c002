/* The trainer: everything that is the same for all tasks.
 *
 * A run is a folder: recipe.yaml (resolved), results.csv, *.svg, events.out.tfevents.*, best.onnx, last.onnx,
 * checkpoint. The state of a run (struct vt_progress_state and the session's variables) changes only here;
 * the files besides the checkpoint are derived from it and written before it, so that after a crash the
 * repeated steps write the same files again. A run goes on bit for bit because each random number is a
 * function of (seed, epoch, position) or (seed, step), the order of a begun epoch is in the checkpoint, and
 * the sums over its steps too. */
#include "train/trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

struct run {
  const char *dir;
  struct vt_recipe_file file;
  const struct vt_recipe *r;
  const struct vt_task_desc *task;
  void *ctx;
  struct vt_stepper st;
  struct vt_progress_state p;
  struct vt_tensorboard tb;
  int64_t samples, per_epoch; /* steps in an epoch */
  double began, saved;        /* vt_now() when p.seconds and the last checkpoint were taken */
  int lock;
};

static char *in_dir(const struct run *u, const char *name, struct vt_err *e)
{
  char *p = vt_path_join(NULL, u->dir, name);
  if (!p) vt_fail(e, VT_ENOMEM, "%s: out of memory", name);
  return p;
}

/* ---- saving ---- */

static int save_checkpoint(struct run *u, struct vt_err *e)
{
  double now = vt_now();
  u->p.seconds += now - u->began;
  u->began = now;
  vt_buf_clear(&u->p.task);
  int rc = u->task->save ? u->task->save(u->ctx, &u->p.task, e) : 0;
  if (!rc && u->p.task.failed) rc = vt_fail(e, VT_ENOMEM, "checkpoint: out of memory");
  if (!rc) rc = vt__tensorboard_flush(&u->tb, &u->p.tb_length, e);
  if (!rc) rc = vt__checkpoint_write(u->dir, &u->p, &u->st, e);
  u->saved = vt_now();
  return rc;
}

static int interrupted(struct run *u, struct vt_err *e)
{
  int rc = save_checkpoint(u, e);
  if (rc) return rc;
  return vt_fail(e, VT_EINTERRUPTED,
                 "interrupted in epoch %lld after step %lld of %lld; the same command goes on there",
                 (long long)u->p.epoch + 1, (long long)u->p.step, (long long)u->per_epoch);
}

/* The task writes beside the target, which then is replaced at once. */
static int export_model(struct run *u, const char *name, const struct vt_metrics *m, struct vt_err *e)
{
  char tmp_name[64];
  snprintf(tmp_name, sizeof tmp_name, "%s.new", name);
  char *path = in_dir(u, name, e), *tmp = in_dir(u, tmp_name, e);
  const struct vt_weights *w = vt__stepper_weights(&u->st, e);
  int rc = !path || !tmp ? VT_ENOMEM : !w ? VT_ESTATE : u->task->export_model(u->ctx, w, m, tmp, e);
  if (!rc && rename(tmp, path)) rc = vt_fail_errno(e, path);
  if (rc && tmp) unlink(tmp);
  vt_free(path);
  vt_free(tmp);
  return rc;
}

static int write_results(struct run *u, struct vt_err *e)
{
  char *path = in_dir(u, "results.csv", e);
  int rc = path ? vt__results_write_csv(&u->p.results, path, e) : VT_ENOMEM;
  vt_free(path);
  return rc;
}

/* ---- one epoch's steps ---- */

static int begin_epoch(struct run *u, struct vt_err *e)
{
  struct vt_progress_state *p = &u->p;
  if (p->norder) return 0; /* resumed inside the epoch */
  if (!p->order && !(p->order = vt_calloc((size_t)u->samples, sizeof *p->order)))
    return vt_fail(e, VT_ENOMEM, "order of %lld samples: out of memory", (long long)u->samples);
  p->norder = u->samples;
  p->step = 0;
  p->train_seconds = 0;
  memset(p->sum, 0, sizeof p->sum);
  struct vt_rng rng;
  vt_rng_init(&rng, (uint64_t)u->r->seed, (uint64_t)p->epoch, 0x6f72646572);
  for (int64_t i = 0; i < u->samples; i++) p->order[i] = i;
  vt_rng_shuffle(&rng, p->order, u->samples);
  if (!u->task->epoch) return 0;
  const struct vt_weights *w = vt__stepper_weights(&u->st, e);
  if (!w) return VT_ESTATE;
  int rc = u->task->epoch(u->ctx, (int)p->epoch, (int)u->r->batch, p->order, w, e);
  if (rc) p->norder = 0;
  return rc;
}

static int start_loader(struct run *u, struct vt_loader **out, struct vt_err *e)
{
  struct vt_loader_opts lo = {
      .n = u->samples,
      .order = u->p.order,
      .batch = (int)u->r->batch,
      .threads = u->r->loader_threads ? (int)u->r->loader_threads : vt_cpu_count(),
      .prefetch = (int)u->r->loader_prefetch,
      .seed = (uint64_t)u->r->seed,
      .epoch = (uint64_t)u->p.epoch,
      .first_batch = u->p.step,
      .drop_last = true,
      .sample_bytes = u->task->sample_bytes(u->ctx),
      .make = u->task->make,
      .ctx = u->ctx,
  };
  if (u->task->begin) u->task->begin(u->ctx, (int)u->p.epoch);
  return vt_loader_new(out, &lo, e);
}

static int one_step(struct run *u, struct vt_loader *loader, struct vt_err *e)
{
  struct vt_progress_state *p = &u->p;
  void *slots;
  const int64_t *index;
  int count, rc = vt_loader_next(loader, &slots, &index, &count, e);
  if (rc < 0) return rc;
  if (rc == 0 || count != u->r->batch)
    return vt_fail(e, VT_ESTATE, "epoch %lld: the loader ended after step %lld of %lld",
                   (long long)p->epoch + 1, (long long)p->step, (long long)u->per_epoch);
  if ((rc = u->task->feed(u->ctx, slots, count, u->st.in, e))) return rc;
  if (p->total_steps < u->r->keep_batches && (rc = vt__keep_batch(u->dir, &u->st, p->total_steps, e)))
    return rc;
  double values[1 + VT_MAX_METRICS], lr = vt__learning_rate(u->r, &p->schedule, p->total_steps, u->per_epoch);
  if ((rc = vt__stepper_run(&u->st, u->r, lr, p->total_steps, values, e))) return rc;
  if (!isfinite(values[0]))
    return vt_fail(
        e, VT_ESTATE,
        "the loss became %s in epoch %lld, step %lld (learning rate %.3g, first sample %lld): lower "
        "optimizer.lr, lengthen schedule.warmup or set clip; checkpoint and models are of before",
        isnan(values[0]) ? "nan" : "infinite", (long long)p->epoch + 1, (long long)p->step + 1, lr,
        (long long)index[0]);
  for (int i = 0; i <= u->st.nmetrics; i++) p->sum[i] += values[i];
  p->step++;
  p->total_steps++;
  if (p->total_steps % u->r->log_every == 0) {
    if ((rc = vt__tensorboard_scalar(&u->tb, "step/loss", p->total_steps, values[0], e))) return rc;
    if ((rc = vt__tensorboard_scalar(&u->tb, "step/lr", p->total_steps, lr, e))) return rc;
  }
  return 0;
}

static bool checkpoint_due(const struct run *u)
{
  if (u->p.step == u->per_epoch) return false; /* the epoch's end saves by itself */
  if (u->r->checkpoint_steps && u->p.total_steps % u->r->checkpoint_steps == 0) return true;
  return u->r->checkpoint_every > 0 && vt_now() - u->saved >= u->r->checkpoint_every;
}

static int train_epoch(struct run *u, struct vt_err *e)
{
  int rc = begin_epoch(u, e);
  struct vt_loader *loader = NULL;
  if (rc || u->p.step >= u->per_epoch || (rc = start_loader(u, &loader, e))) return rc;
  char what[48];
  struct vt_progress bar;
  snprintf(what, sizeof what, "epoch %lld/%lld", (long long)u->p.epoch + 1, (long long)u->r->epochs);
  vt_progress_start(&bar, what, "images", (u->per_epoch - u->p.step) * u->r->batch);
  double clock = vt_now();
  while (!rc && u->p.step < u->per_epoch) {
    if ((rc = one_step(u, loader, e))) break;
    vt_progress_add(&bar, u->r->batch);
    double now = vt_now();
    u->p.train_seconds += now - clock;
    clock = now;
    if (vt_interrupted()) {
      rc = interrupted(u, e);
    } else if (checkpoint_due(u)) {
      rc = save_checkpoint(u, e);
      clock = vt_now();
    }
  }
  vt_progress_end(&bar);
  vt_loader_free(loader);
  return rc;
}

/* ---- the end of an epoch ---- */

static bool more_is_better(const struct vt_recipe *r)
{
  if (r->best_mode != VT_BEST_AUTO) return r->best_mode == VT_BEST_MAX;
  return !strstr(r->best, "loss") && !strstr(r->best, "error");
}

/* 1: the best so far, 0: not. NaN never is. */
static int judge(struct run *u, struct vt_err *e)
{
  struct vt_progress_state *p = &u->p;
  int k = vt__results_metric(&p->results, u->r->best, e);
  if (k < 0) return k;
  double v = p->results.v[(size_t)(p->results.nrows - 1) * VT_MAX_COLUMNS + k];
  bool better = !isnan(v) && (isnan(p->best) || (more_is_better(u->r) ? v > p->best : v < p->best));
  if (better) {
    p->best = v;
    p->best_epoch = p->epoch + 1;
  }
  p->bad = better ? 0 : p->bad + 1;
  const struct vt_schedule_desc *s = vt_schedules[u->r->schedule];
  if (s->validated) s->validated(u->r, &p->schedule, better);
  return better;
}

static int fill_row(struct run *u, const struct vt_metrics *m, double seconds, struct vt_err *e)
{
  struct vt_progress_state *p = &u->p;
  struct vt_results *t = &p->results;
  char name[48];
  double n = (double)u->per_epoch;
  int rc;
  if ((rc = vt__results_add_row(t, e)) || (rc = vt__results_set(t, "epoch", (double)p->epoch + 1, e)) ||
      (rc = vt__results_set(t, "step", (double)p->total_steps, e)) ||
      (rc = vt__results_set(t, "seconds", seconds, e)) ||
      (rc = vt__results_set(t, "images/s", n * (double)u->r->batch / VT_MAX(p->train_seconds, 1e-9), e)) ||
      (rc = vt__results_set(t, "lr", vt__learning_rate(u->r, &p->schedule, p->total_steps - 1, u->per_epoch),
                            e)) ||
      (rc = vt__results_set(t, "train_loss", p->sum[0] / n, e)))
    return rc;
  for (int i = 0; i < u->st.nmetrics && !rc; i++) {
    snprintf(name, sizeof name, "train_%s", u->st.metric[i]);
    rc = vt__results_set(t, name, p->sum[1 + i] / n, e);
  }
  for (int i = 0; i < m->n && !rc; i++) rc = vt__results_set(t, m->v[i].name, m->v[i].value, e);
  return rc;
}

/* The last row, on the terminal and as scalars "epoch/NAME". */
static int report(struct run *u, bool better, struct vt_err *e)
{
  const struct vt_results *t = &u->p.results;
  const double *row = t->v + (size_t)(t->nrows - 1) * VT_MAX_COLUMNS;
  struct vt_buf line;
  int rc = 0;
  for (int k = 0; k < t->ncols && !rc; k++) {
    char tag[64];
    snprintf(tag, sizeof tag, "epoch/%s", t->name[k]);
    if (!isnan(row[k])) rc = vt__tensorboard_scalar(&u->tb, tag, u->p.total_steps, row[k], e);
  }
  vt_buf_init(&line);
  vt__results_line(t, u->r->epochs, &line);
  vt_log(VT_LOG_INFO, "%s%s", line.data ? line.data : "", better ? "  (best)" : "");
  vt_buf_clear(&line);
  return rc;
}

/* Validates when it is due, decides what follows, and writes the run's files, the checkpoint last. */
static int end_epoch(struct run *u, struct vt_err *e)
{
  struct vt_progress_state *p = &u->p;
  bool last = p->epoch + 1 >= u->r->epochs, due = last || (p->epoch + 1) % u->r->validate_every == 0;
  struct vt_metrics m = {0};
  int rc = 0;
  if (due && u->task->validate) {
    const struct vt_weights *w = vt__stepper_weights(&u->st, e);
    rc = w ? u->task->validate(u->ctx, w, &m, e) : VT_ESTATE;
    if (rc == VT_EINTERRUPTED) return interrupted(u, e);
    if (rc) return rc;
  }
  if ((rc = fill_row(u, &m, p->seconds + vt_now() - u->began, e))) return rc;
  int better = due ? judge(u, e) : 0;
  if (better < 0) { /* a wrong `best` is corrected and the run goes on: keep the epoch's work */
    p->results.nrows--;
    struct vt_err why = {0};
    if (save_checkpoint(u, &why)) vt_log(VT_LOG_WARN, "%s", why.msg);
    return better;
  }
  if (better && (rc = export_model(u, "best.onnx", &m, e))) return rc;
  if (due && u->r->early_stop && p->bad >= u->r->early_stop) {
    p->finished = VT_STOPPED_EARLY;
    last = true;
  }
  if (due && (rc = export_model(u, "last.onnx", &m, e))) return rc;
  if ((rc = report(u, better, e)) || (rc = write_results(u, e))) return rc;
  if (u->r->charts && (last || vt_now() - u->saved > 10)) vt__charts_write(&p->results, u->dir);
  p->epoch++;
  p->step = 0;
  p->norder = 0;
  if (last && !p->finished) p->finished = VT_ALL_EPOCHS;
  return save_checkpoint(u, e);
}

/* ---- the run ---- */

/* One process per run folder: the lock goes with the process. */
static int take_lock(struct run *u, struct vt_err *e)
{
  char *path = in_dir(u, ".lock", e);
  if (!path) return VT_ENOMEM;
  int rc = 0;
  u->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (u->lock < 0)
    rc = vt_fail_errno(e, path);
  else if (flock(u->lock, LOCK_EX | LOCK_NB))
    rc = vt_fail(e, VT_EBUSY, "%s: another process is training in this folder", u->dir);
  vt_free(path);
  return rc;
}

/* Writes the resolved recipe; 1 if a run that is resumed exports its model in another way now. */
static int settle_recipe(struct run *u, bool resumed, struct vt_err *e)
{
  struct vt_buf text;
  char *was = NULL, *path = in_dir(u, "recipe.yaml", e);
  size_t len;
  int rc = path ? 0 : VT_ENOMEM, changed = 0;
  vt_buf_init(&text);
  if (!rc && resumed && vt_is_file(path)) {
    rc = vt_file_read(path, 1 << 20, &was, &len, e);
    if (!rc) rc = changed = vt__recipe_same(&u->file, was, path, e);
    if (rc > 0) rc = 0;
  }
  if (!rc) {
    vt__recipe_print(&u->file, &text);
    rc = text.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                     : vt_file_write_atomic(path, text.data, text.len, e);
  }
  vt_buf_clear(&text);
  vt_free(was);
  vt_free(path);
  return rc ? rc : changed;
}

static int open_task(struct run *u, const struct vt_registry *reg, const char *data_dir, bool resumed,
                     struct vt_err *e)
{
  int rc = u->task->open(&u->ctx, u->file.task_opts, reg, data_dir, (uint64_t)u->r->seed, e);
  if (rc) return rc;
  u->samples = u->task->samples(u->ctx);
  u->per_epoch = u->samples / u->r->batch;
  if (u->per_epoch < 1)
    return vt_fail(e, VT_EARG, "task %s has %lld samples, fewer than one batch of %lld", u->task->name,
                   (long long)u->samples, (long long)u->r->batch);
  if ((rc = vt__stepper_new(&u->st, reg, &u->file, u->ctx, !resumed, e))) return rc;
  vt_session_profile(u->st.session, u->r->profile);
  return 0;
}

/* Where the steps since this process began spent their time; a failure only warns. */
static void write_profile(struct run *u)
{
  struct vt_buf b;
  struct vt_err e = {0};
  vt_buf_init(&b);
  vt_session_profile_table(u->st.session, &b);
  char *path = vt_path_join(NULL, u->dir, "profile.txt");
  if (!path || b.failed || vt_file_write_atomic(path, b.data ? b.data : "", b.len, &e))
    vt_log(VT_LOG_WARN, "%s: no profile written: %s", u->dir, e.msg);
  vt_free(path);
  vt_buf_clear(&b);
}

static int restore(struct run *u, struct vt_err *e)
{
  struct vt_progress_state *p = &u->p;
  vt__progress_state_clear(p);
  int rc = vt__checkpoint_read(u->dir, p, &u->st, e);
  if (rc < 0) return rc;
  if (p->norder && p->norder != u->samples)
    return vt_fail(e, VT_ESTATE, "%s: the data has %lld samples, the run began with %lld", u->dir,
                   (long long)u->samples, (long long)p->norder);
  if (p->step > u->per_epoch || p->total_steps != p->epoch * u->per_epoch + p->step)
    return vt_fail(e, VT_ESTATE, "%s: the run began with another number of samples than the data has now",
                   u->dir);
  if (p->finished == VT_ALL_EPOCHS) p->finished = VT_UNFINISHED; /* more epochs are wanted now */
  if (u->task->load && p->norder) rc = u->task->load(u->ctx, p->task.data, p->task.len, e);
  if (rc < 0) return rc;
  vt_log(VT_LOG_INFO, "resuming in epoch %lld after step %lld of %lld", (long long)p->epoch + 1,
         (long long)p->step, (long long)u->per_epoch);
  return 0;
}

static int start_anew(struct run *u, struct vt_err *e)
{
  struct vt_progress_state *p = &u->p;
  vt__progress_state_clear(p);
  char host[64] = "host";
  gethostname(host, sizeof host - 1);
  snprintf(p->tb_name, sizeof p->tb_name, "events.out.tfevents.%lld.%s", (long long)time(NULL), host);
  return vt__results_init(&p->results, e);
}

static void say_plan(const struct run *u)
{
  int64_t n = 0;
  for (int i = 0; i < u->st.weights.n; i++) n += vt_tensor_count(&u->st.weights.value[i]);
  vt_log(VT_LOG_INFO,
         "%s: %lld samples, %lld steps of %lld per epoch, %.2f million weights, %s, %d threads + %d loading",
         u->task->name, (long long)u->samples, (long long)u->per_epoch, (long long)u->r->batch,
         (double)n * 1e-6, vt_program_precision(u->st.program) == VT_PREC_BF16 ? "bf16" : "f32",
         u->r->threads ? (int)u->r->threads : vt_threads(),
         u->r->loader_threads ? (int)u->r->loader_threads : vt_cpu_count());
}

static int run_all(struct run *u, struct vt_err *e)
{
  int rc = 0;
  vt__stepper_weights(&u->st, NULL);
  say_plan(u);
  u->began = u->saved = vt_now();
  while (!rc && !u->p.finished && u->p.epoch < u->r->epochs)
    if (!(rc = train_epoch(u, e))) rc = end_epoch(u, e);
  if (!rc)
    vt_log(VT_LOG_INFO, "done%s: best %s %.6g in epoch %lld; %s/best.onnx, %s/last.onnx",
           u->p.finished == VT_STOPPED_EARLY ? " (stopped early)" : "", u->r->best, u->p.best,
           (long long)u->p.best_epoch, u->dir, u->dir);
  return rc;
}

/* A finished run whose model is wanted in another form: measured and written again from the last weights. */
static int export_again(struct run *u, struct vt_err *e)
{
  struct vt_metrics m = {0};
  const struct vt_weights *w = vt__stepper_weights(&u->st, e);
  int rc = w ? 0 : VT_ESTATE;
  if (!rc && u->task->validate) rc = u->task->validate(u->ctx, w, &m, e);
  for (int i = 0; i < m.n && !rc; i++) vt_log(VT_LOG_INFO, "%s %.4g", m.v[i].name, m.v[i].value);
  if (!rc) rc = export_model(u, "last.onnx", &m, e);
  bool best = u->p.best_epoch == u->p.epoch;
  if (!rc && best) rc = export_model(u, "best.onnx", &m, e);
  if (!rc)
    vt_log(VT_LOG_INFO, "%s: last.onnx%s written anew", u->dir,
           best ? " and best.onnx" : ", not best.onnx of an earlier epoch, ");
  return rc;
}

int vt__train_run(const struct vt_registry *reg, const struct vt_train_opts *o,
                  const struct vt_task_desc *const *tasks, int ntasks, struct vt_err *e)
{
  struct run u = {.dir = o->out, .lock = -1};
  int rc = vt__recipe_read(&u.file, o->recipe, o->set, tasks, ntasks, e);
  if (rc) return rc;
  u.r = u.file.r;
  u.task = u.file.task;
  vt__progress_state_clear(&u.p);
  if ((rc = vt_mkdirs(u.dir, e)) || (rc = take_lock(&u, e))) goto out;
  int found = rc = vt__checkpoint_read(u.dir, &u.p, NULL, e);
  int changed = rc < 0 ? rc : (rc = settle_recipe(&u, found, e));
  if (rc < 0) goto out;
  rc = 0;
  bool finished = u.p.finished == VT_STOPPED_EARLY || (u.p.finished && u.p.epoch >= u.r->epochs);
  if (finished && !changed) {
    vt_log(VT_LOG_INFO, "%s is finished: %lld epochs%s, best %s %.6g in epoch %lld", u.dir,
           (long long)u.p.epoch, u.p.finished == VT_STOPPED_EARLY ? " (stopped early)" : "", u.r->best,
           u.p.best, (long long)u.p.best_epoch);
    goto out;
  }
  if ((rc = open_task(&u, reg, o->data_dir, found, e))) goto out;
  if ((rc = found ? restore(&u, e) : start_anew(&u, e))) goto out;
  if ((rc = vt__tensorboard_open(&u.tb, u.dir, u.p.tb_name, found ? u.p.tb_length : 0, e))) goto out;
  rc = finished ? export_again(&u, e) : run_all(&u, e);
  if (u.r->profile) write_profile(&u);
out:
  vt__tensorboard_close(&u.tb);
  vt__progress_state_clear(&u.p);
  vt__stepper_clear(&u.st);
  if (u.ctx) u.task->close(u.ctx);
  vt__recipe_clear(&u.file);
  if (u.lock >= 0) close(u.lock);
  return rc;
}
