/* One training step as one compiled program.
 *
 * The task builds the forward pass and the loss. This file appends the backward pass, the clipping of
 * gradients, the optimiser's updates and the moving average, and compiles all of it; from then on a step is
 * one run of a session. Learning rate, step number and the average's decay are scalar inputs, so nothing is
 * compiled again. */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NORM_GROUP = 32 }; /* gradients per GlobalNorm node: kernels take at most VT_MAX_IN inputs */

static bool frozen(const struct vt_recipe *r, const char *name)
{
  for (int i = 0; i < r->freeze.n; i++)
    if (!strncmp(name, r->freeze.v[i], strlen(r->freeze.v[i]))) return true;
  return false;
}

/* Frozen weights are no longer trainable; frozen batch-norm statistics are no longer assigned. Each prefix of
 * the recipe must name something. */
static int freeze(struct vt_graph *g, const struct vt_recipe *r, struct vt_err *e)
{
  for (int k = 0; k < r->freeze.n; k++) {
    bool any = false;
    for (int i = 0; i < g->nvalues && !any; i++)
      any = g->values[i]->is_variable && !strncmp(g->values[i]->name, r->freeze.v[k], strlen(r->freeze.v[k]));
    if (!any) return vt_fail(e, VT_EARG, "freeze: no weight's name begins with '%s'", r->freeze.v[k]);
  }
  for (int i = 0; i < g->nvalues; i++)
    if (g->values[i]->is_variable && frozen(r, g->values[i]->name)) g->values[i]->is_trainable = false;
  int n = 0;
  for (int i = 0; i < g->nassigns; i++)
    if (!frozen(r, g->assigns[i].variable->name)) g->assigns[n++] = g->assigns[i];
  g->nassigns = n;
  return 0;
}

static int collect(const struct vt_graph *g, bool trainable_only, struct vt_value ***out, struct vt_err *e)
{
  int n = 0;
  *out = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof **out);
  if (!*out) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nvalues; i++)
    if (g->values[i]->is_variable && (!trainable_only || g->values[i]->is_trainable))
      (*out)[n++] = g->values[i];
  return n;
}

/* The factor that brings the norm of all gradients together down to `clip`. *norm: the norm itself. */
static struct vt_value *clip_scale(struct vt_graph *g, double clip, int n, struct vt_value *const *grad,
                                   struct vt_value **norm)
{
  struct vt_value *level[2][VT_MAX_IN * NORM_GROUP];
  struct vt_value *const *in = grad;
  for (int turn = 0; n > 1 || in == grad; turn ^= 1) {
    int m = 0;
    for (int i = 0; i < n; i += NORM_GROUP) {
      if (m == VT_MAX_IN * NORM_GROUP) {
        vt_fail(&g->err, VT_ELIMIT, "clip: more than %d gradients", VT_MAX_IN * NORM_GROUP * NORM_GROUP);
        return NULL;
      }
      struct vt_value *one;
      level[turn][m++] =
          vt_emit_n(g, "ai.vitrine:GlobalNorm", VT_MIN(NORM_GROUP, n - i), in + i, 1, &one, "");
    }
    in = level[turn];
    n = m;
  }
  *norm = in[0];
  return vt_emit(g, "ai.vitrine:ClipByNorm", VT_IN(in[0]), "max_norm=%.9g", clip);
}

/* Moving averages of everything that the steps change so far, weights and batch-norm statistics alike:
 * a' = decay a + (1 - decay) x'. source[i] of the base variable i becomes the average's name. */
static void add_averages(struct vt_stepper *s, const struct vt_step_inputs *si, int nassigns)
{
  struct vt_graph *g = s->graph;
  for (int i = 0; i < s->nweights; i++) {
    struct vt_value *w = vt_graph_find(g, s->weight[i]), *now = NULL;
    for (int k = 0; k < nassigns; k++)
      if (g->assigns[k].variable == w) now = g->assigns[k].value;
    if (!now || vt_graph_status(g, NULL)) continue;
    const char *name = vt_arena_printf(&g->arena, "%s.average", w->name);
    struct vt_tensor t;
    if (!name || vt_tensor_copy(&t, &w->init, &g->err)) {
      vt_fail(&g->err, VT_ENOMEM, "moving average: out of memory");
      return;
    }
    struct vt_value *avg = vt_graph_variable(g, name, &t, false);
    vt_tensor_clear(&t);
    vt_graph_assign(g, avg, vt_emit(g, "ai.vitrine:Ema", VT_IN(avg, now, si->ema), ""));
    if (avg) s->source[i] = avg->name;
  }
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int name_variables(struct vt_stepper *s, const char ***out, int *n, struct vt_err *e)
{
  struct vt_value **v;
  int rc = collect(s->graph, false, &v, e);
  if (rc < 0) return rc;
  *n = rc;
  *out = vt_calloc((size_t)VT_MAX(rc, 1), sizeof **out);
  if (!*out) {
    vt_free(v);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  for (int i = 0; i < *n; i++) (*out)[i] = v[i]->name;
  qsort(*out, (size_t)*n, sizeof **out, by_name);
  vt_free(v);
  return 0;
}

static int add_updates(struct vt_stepper *s, const struct vt_recipe *r, struct vt_value *loss,
                       struct vt_err *e)
{
  struct vt_graph *g = s->graph;
  struct vt_value **param = NULL, **grad = NULL;
  int rc = collect(g, true, &param, e), n = rc, kept = 0;
  if (rc < 0) return rc;
  grad = vt_calloc((size_t)VT_MAX(n, 1), sizeof *grad);
  rc = grad ? vt_autodiff(g, loss, n, param, grad, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  for (int i = 0; i < n; i++) {
    if (!grad[i]) {
      vt_log(VT_LOG_WARN, "the loss does not depend on %s: it stays as it is", param[i]->name);
      continue;
    }
    param[kept] = param[i];
    grad[kept++] = grad[i];
  }
  if (!kept) {
    rc = vt_fail(e, VT_EARG, "nothing to train: every weight is frozen or apart from the loss");
    goto out;
  }
  struct vt_step_inputs si = {NULL};
  struct vt_value *norm = NULL;
  if (r->clip > 0) si.scale = clip_scale(g, r->clip, kept, grad, &norm);
  si.lr = vt_graph_input(g, "train.lr", VT_F32, 0, NULL);
  si.step = vt_graph_input(g, "train.step", VT_F32, 0, NULL);
  if (r->ema > 0) si.ema = vt_graph_input(g, "train.ema", VT_F32, 0, NULL);
  for (int i = 0; i < kept; i++) {
    double decay = vt__decays(param[i]) ? r->weight_decay : 0;
    struct vt_value *next = vt_optimizers[r->optimizer]->update(g, r, &si, param[i], grad[i], decay);
    if (next) vt_graph_assign(g, param[i], next);
  }
  if (si.ema && !vt_graph_status(g, NULL)) add_averages(s, &si, g->nassigns);
  if (norm) {
    vt_graph_output(g, norm, "train.gradient_norm");
    s->metric[s->nmetrics++] = "gradient_norm";
  }
  rc = vt_graph_status(g, e);
out:
  vt_free(param);
  vt_free(grad);
  return rc;
}

static int build(struct vt_stepper *s, const struct vt_registry *reg, const struct vt_recipe_file *f,
                 void *task, bool fresh, struct vt_err *e)
{
  struct vt_value *loss = NULL, *metric[VT_MAX_METRICS] = {NULL};
  int rc = vt_graph_new(&s->graph, reg, "train", e);
  if (rc) return rc;
  struct vt_graph *g = s->graph;
  if ((rc = f->task->build(task, g, (int)f->r->batch, &loss, metric, s->metric, &s->nmetrics, e))) return rc;
  if ((rc = vt_graph_status(g, e))) return rc;
  if (!loss || vt_dims_count(loss->rank, loss->dim) != 1)
    return vt_fail(e, VT_ESHAPE, "task %s: the loss must be one number", f->task->name);
  if (s->nmetrics >= VT_MAX_METRICS)
    return vt_fail(e, VT_ELIMIT, "task %s: %d metrics, at most %d", f->task->name, s->nmetrics,
                   VT_MAX_METRICS - 1);
  s->nfeed = g->ninputs;
  if (fresh && f->r->init && (rc = vt__init_from(g, f->r->init, e))) return rc;
  if ((rc = freeze(g, f->r, e))) return rc;
  if ((rc = name_variables(s, &s->weight, &s->nweights, e))) return rc;
  s->source = vt_calloc((size_t)s->nweights, sizeof *s->source);
  if (!s->source) return vt_fail(e, VT_ENOMEM, "out of memory");
  memcpy(s->source, s->weight, (size_t)s->nweights * sizeof *s->source);
  vt_graph_output(g, loss, NULL);
  for (int i = 0; i < s->nmetrics; i++) {
    if (!metric[i] || vt_dims_count(metric[i]->rank, metric[i]->dim) != 1)
      return vt_fail(e, VT_ESHAPE, "task %s: metric %s must be one number", f->task->name, s->metric[i]);
    if (metric[i]->is_output)
      metric[i] = vt_emit(g, "Identity", VT_IN(metric[i]), ""); /* the loss, or given twice */
    vt_graph_output(g, metric[i], NULL);
  }
  if ((rc = add_updates(s, f->r, loss, e))) return rc;
  return name_variables(s, &s->var, &s->nvars, e);
}

static int allocate(struct vt_stepper *s, struct vt_err *e)
{
  int rc = 0;
  s->ninputs = vt_program_ninputs(s->program);
  s->noutputs = vt_program_noutputs(s->program);
  s->in = vt_calloc((size_t)s->ninputs, sizeof *s->in);
  s->out = vt_calloc((size_t)s->noutputs, sizeof *s->out);
  s->weights.name = s->weight;
  s->weights.n = s->nweights;
  s->weights.value = vt_calloc((size_t)s->nweights, sizeof *s->weights.value);
  if (!s->in || !s->out || !s->weights.value) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < s->nfeed && !rc; i++) {
    const struct vt_value *v = vt_program_input(s->program, i);
    rc = vt_tensor_init(&s->in[i], v->dtype, v->rank, v->dim, e);
  }
  for (int i = s->nfeed; i < s->ninputs; i++)
    s->in[i] = vt_tensor_view(VT_F32, 0, NULL, &s->scalar[i - s->nfeed]);
  return rc;
}

int vt__stepper_new(struct vt_stepper *s, const struct vt_registry *reg, const struct vt_recipe_file *f,
                    void *task, bool fresh, struct vt_err *e)
{
  static const enum vt_precision precision[] = {
      [VT_RECIPE_F32] = VT_PREC_F32, [VT_RECIPE_BF16] = VT_PREC_BF16, [VT_RECIPE_AUTO] = VT_PREC_AUTO};
  struct vt_compile_opts co = {
      .precision = precision[f->r->precision], .threads = (int)f->r->threads, .training = true};
  *s = (struct vt_stepper){0};
  int rc;
  if ((rc = build(s, reg, f, task, fresh, e)) ||
      (rc = vt_program_compile(&s->program, s->graph, NULL, &co, e)) ||
      (rc = vt_session_new(&s->session, s->program, e)) || (rc = allocate(s, e)))
    vt__stepper_clear(s);
  return rc;
}

void vt__stepper_clear(struct vt_stepper *s)
{
  for (int i = 0; s->in && i < s->nfeed; i++) vt_tensor_clear(&s->in[i]);
  vt_session_free(s->session);
  vt_program_free(s->program);
  vt_graph_free(s->graph);
  vt_free(s->in);
  vt_free(s->out);
  vt_free(s->weights.value);
  vt_free(s->weight);
  vt_free(s->source);
  vt_free(s->var);
  *s = (struct vt_stepper){0};
}

int vt__stepper_run(struct vt_stepper *s, const struct vt_recipe *r, double lr, int64_t step, double *values,
                    struct vt_err *e)
{
  struct vt_rng rng;
  vt_rng_init(&rng, (uint64_t)r->seed, 0x73746570, (uint64_t)step);
  vt_session_seed(s->session, vt_rng_u64(&rng));
  s->scalar[0] = (float)lr;
  s->scalar[1] = (float)(step + 1);
  /* The average follows fast at first, when there is nothing worth keeping yet. */
  s->scalar[2] = (float)VT_MIN(r->ema, (1.0 + (double)step) / (10.0 + (double)step));
  int rc = vt_session_run(s->session, s->in, s->out, e);
  for (int i = 0; i <= s->nmetrics && !rc; i++) values[i] = vt_tensor_get(&s->out[i], 0);
  return rc;
}

const struct vt_weights *vt__stepper_weights(struct vt_stepper *s, struct vt_err *e)
{
  for (int i = 0; i < s->nweights; i++)
    if (vt_session_get(s->session, s->source[i], &s->weights.value[i], e)) return NULL;
  return &s->weights;
}
