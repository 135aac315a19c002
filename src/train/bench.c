/* Speed of a recipe's training step: forward, backward and update on one batch of its data, made beforehand.
 *
 * Nothing is written. The first runs, which touch memory for the first time, are not counted. */
#include "train/trainer.h"

#include <stdlib.h>

enum { WARM_UP = 2 };

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The first batch of the first epoch into s->in. */
static int feed_batch(struct vt_stepper *s, const struct vt_recipe_file *f, void *task, struct vt_err *e)
{
  const struct vt_task_desc *d = f->task;
  int64_t n = d->samples(task), *order = vt_calloc((size_t)VT_MAX(n, 1), sizeof *order);
  struct vt_loader *loader = NULL;
  const struct vt_weights *w = vt__stepper_weights(s, e);
  int rc = !order ? vt_fail(e, VT_ENOMEM, "out of memory") : !w ? VT_ESTATE : 0;
  if (!rc && n < f->r->batch)
    rc = vt_fail(e, VT_EARG, "task %s has %lld samples, fewer than one batch of %lld", d->name, (long long)n,
                 (long long)f->r->batch);
  if (rc) goto out;
  for (int64_t i = 0; i < n; i++) order[i] = i;
  if (d->epoch && (rc = d->epoch(task, 0, (int)f->r->batch, order, w, e))) goto out;
  struct vt_loader_opts lo = {.n = f->r->batch,
                              .order = order,
                              .batch = (int)f->r->batch,
                              .threads = 1,
                              .prefetch = 1,
                              .seed = (uint64_t)f->r->seed,
                              .drop_last = true,
                              .sample_bytes = d->sample_bytes(task),
                              .make = d->make,
                              .ctx = task};
  void *slots;
  const int64_t *index;
  int count;
  if ((rc = vt_loader_new(&loader, &lo, e))) goto out;
  rc = vt_loader_next(loader, &slots, &index, &count, e);
  if (rc == 0) rc = vt_fail(e, VT_ESTATE, "the loader gave no batch");
  if (rc > 0) rc = d->feed(task, slots, count, s->in, e);
out:
  vt_loader_free(loader);
  vt_free(order);
  return rc;
}

static int measure(struct vt_stepper *s, const struct vt_recipe *r, int steps, struct vt_buf *out,
                   struct vt_err *e)
{
  double values[1 + VT_MAX_METRICS] = {0}, first = 0, *t = vt_calloc((size_t)steps, sizeof *t);
  int rc = t ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = -WARM_UP; i < steps && !rc; i++) {
    if (i == 0) vt_session_profile(s->session, r->profile);
    double start = vt_now();
    rc = vt__stepper_run(s, r, r->lr, i + WARM_UP, values, e);
    if (i >= 0) t[i] = vt_now() - start;
    if (i == -WARM_UP) first = values[0];
    if (vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
  }
  if (!rc) {
    qsort(t, (size_t)steps, sizeof *t, by_value);
    double median = 0.5 * (t[steps / 2] + t[(steps - 1) / 2]);
    vt_buf_addf(out, "step        median %.1f ms, least %.1f ms, of %d\n", 1e3 * median, 1e3 * t[0], steps);
    vt_buf_addf(out, "throughput  median %.2f samples/s, best %.2f\n", (double)r->batch / median,
                (double)r->batch / t[0]);
    vt_buf_addf(out, "loss        %.6f, then %.6f\n", first, values[0]);
    vt_buf_addf(out, "memory      %.0f MB at most\n", (double)vt_peak_rss() * 1e-6);
    if (r->profile) vt_session_profile_table(s->session, out);
    if (out->failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  }
  vt_free(t);
  return rc;
}

int vt__train_bench(const struct vt_registry *reg, const struct vt_train_opts *o,
                    const struct vt_task_desc *const *tasks, int ntasks, int steps, struct vt_buf *out,
                    struct vt_err *e)
{
  struct vt_recipe_file f;
  struct vt_stepper s = {0};
  void *ctx = NULL;
  int rc = vt__recipe_read(&f, o->recipe, o->set, tasks, ntasks, e);
  if (rc) return rc;
  rc = f.task->open(&ctx, f.task_opts, reg, o->data_dir, (uint64_t)f.r->seed, e);
  if (!rc) rc = vt__stepper_new(&s, reg, &f, ctx, true, e);
  if (!rc) rc = feed_batch(&s, &f, ctx, e);
  if (!rc) {
    vt_buf_addf(out, "%s: batches of %lld, %s, %d threads\n", f.task->name, (long long)f.r->batch,
                vt_program_precision(s.program) == VT_PREC_BF16 ? "bf16" : "f32",
                f.r->threads ? (int)f.r->threads : vt_threads());
    rc = measure(&s, f.r, steps, out, e);
  }
  vt__stepper_clear(&s);
  if (ctx) f.task->close(ctx);
  vt__recipe_clear(&f);
  return rc;
}
