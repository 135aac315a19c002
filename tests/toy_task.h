/* A small task for the trainer's tests: is the bright square on the left or on the right? Convolution, batch
 * norm, dropout and a linear layer, so that every kind of state is there: weights, statistics, random
 * operators. */
#ifndef VT_TEST_TOY_TASK_H
#define VT_TEST_TOY_TASK_H

#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "model/model.h"
#include "train/trainer.h"

enum { TOY_SIDE = 6, TOY_PIXELS = TOY_SIDE * TOY_SIDE, TOY_HELD = 64 };

struct toy_opts {
  int64_t count, delay_us;
  double noise;
};
#define TOY(f) offsetof(struct toy_opts, f)
static const struct vt_opt toy_rows[] = {
    {"toy.count", 0, VT_OPT_INT, TOY(count), "50", 1, 1e6, NULL, "N", "Samples"},
    {"toy.noise", 0, VT_OPT_FLOAT, TOY(noise), "1", 0, 10, NULL, NULL, "Noise"},
    {"toy.delay_us", 0, VT_OPT_INT, TOY(delay_us), "0", 0, 1e6, NULL, "US", "Time that a step takes longer"},
};

/* What only one process of a run does: killed, stopped or poisoned at its n-th step (1 first; 0: never). */
static int64_t toy_kill_at, toy_interrupt_at, toy_nan_at;

struct toy {
  struct toy_opts o;
  const struct vt_registry *registry;
  uint64_t seed;
  int64_t steps;
  float flip; /* set by epoch(): state that make() needs besides the order */
};
struct toy_slot {
  float x[TOY_PIXELS]; // (1, H, W)
  int64_t label;
};

static int toy_open(void **ctx, const void *opts, const struct vt_registry *r, const char *data_dir,
                    uint64_t seed, struct vt_err *e)
{
  struct toy *t = vt_calloc(1, sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "toy: out of memory");
  t->o = *(const struct toy_opts *)opts;
  t->registry = r;
  t->seed = seed;
  *ctx = t;
  return 0;
}

static void toy_close(void *ctx)
{
  vt_free(ctx);
}

static struct vt_value *toy_net(struct vt_net *n, struct vt_value *x)
{
  struct vt_value *y = vt_net_conv_norm_relu(n, x, "stem", 4, 3, 1); // (N, 4, H, W)
  if (n->training) {
    struct vt_value *ratio = vt_graph_scalar(n->g, 0.1f);
    struct vt_tensor yes;
    if (vt_tensor_init(&yes, VT_BOOL, 0, NULL, &n->g->err)) return NULL;
    *(uint8_t *)yes.data = 1;
    struct vt_value *on = vt_graph_constant(n->g, "on", &yes);
    vt_tensor_clear(&yes);
    struct vt_value *in[] = {y, ratio, on}, *out[2];
    y = vt_emit_n(n->g, "Dropout", 3, in, 2, out, "");
  }
  y = vt_emit(n->g, "Flatten", VT_IN(y), "axis=1");
  return vt_net_linear(n, y, "head", 2, true); // (N, 2)
}

static int toy_build(void *ctx, struct vt_graph *g, int batch, struct vt_value **loss,
                     struct vt_value **metric, const char **metric_name, int *nmetric, struct vt_err *e)
{
  struct toy *t = ctx;
  struct vt_net net = {.g = g, .training = true, .seed = t->seed};
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){batch, 1, TOY_SIDE, TOY_SIDE});
  struct vt_value *label = vt_graph_input(g, "label", VT_I64, 1, (int64_t[]){batch});
  struct vt_value *logits = toy_net(&net, x);
  *loss = vt_emit(g, "SoftmaxCrossEntropyLoss", VT_IN(logits, label), "");
  metric[0] = vt_emit(g, "Mul", VT_IN(*loss, vt_graph_scalar(g, 2)), "");
  metric_name[0] = "twice";
  *nmetric = 1;
  return vt_graph_status(g, e);
}

static int64_t toy_samples(void *ctx)
{
  return ((struct toy *)ctx)->o.count;
}

static size_t toy_sample_bytes(void *ctx)
{
  (void)ctx;
  return sizeof(struct toy_slot);
}

/* Looks at the present weights, as mining does: the state that it leaves cannot be made again later in the
 * epoch. */
static int toy_epoch(void *ctx, int epoch, int batch, int64_t *order, const struct vt_weights *w,
                     struct vt_err *e)
{
  struct toy *t = ctx;
  for (int i = 0; i < w->n; i++)
    if (!strcmp(w->name[i], "head.bias")) t->flip = ((const float *)w->value[i].data)[0];
  int64_t first = order[0];
  order[0] = order[1];
  order[1] = first;
  return 0;
}

static int toy_save(void *ctx, struct vt_buf *out, struct vt_err *e)
{
  vt_buf_add(out, &((struct toy *)ctx)->flip, sizeof(float));
  return 0;
}

static int toy_load(void *ctx, const void *data, size_t len, struct vt_err *e)
{
  if (len != sizeof(float)) return vt_fail(e, VT_EFORMAT, "toy: state of %zu bytes", len);
  memcpy(&((struct toy *)ctx)->flip, data, len);
  return 0;
}

static int toy_make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  const struct toy *t = ctx;
  struct toy_slot *s = slot;
  s->label = sample % 2;
  int x0 = (s->label ? 3 : 0) + (int)vt_rng_below(rng, 2), y0 = (int)vt_rng_below(rng, TOY_SIDE - 1);
  for (int i = 0; i < TOY_PIXELS; i++) s->x[i] = (float)t->o.noise * vt_rng_normal(rng) + 0.01f * t->flip;
  for (int i = 0; i < 4; i++) s->x[(y0 + i / 2) * TOY_SIDE + x0 + i % 2] += 3;
  return 0;
}

static int toy_feed(void *ctx, const void *slots, int batch, struct vt_tensor *in, struct vt_err *e)
{
  struct toy *t = ctx;
  const struct toy_slot *s = slots;
  for (int i = 0; i < batch; i++) {
    memcpy((float *)in[0].data + i * TOY_PIXELS, s[i].x, sizeof s[i].x);
    if (in[1].data) ((int64_t *)in[1].data)[i] = s[i].label;
  }
  t->steps++;
  if (t->o.delay_us) usleep((useconds_t)t->o.delay_us);
  if (t->steps == toy_kill_at) kill(getpid(), SIGKILL);
  if (t->steps == toy_interrupt_at) raise(SIGINT);
  if (t->steps == toy_nan_at) *(float *)in[0].data = __builtin_nanf("");
  return 0;
}

static const struct vt_tensor *toy_find(void *ctx, const char *name)
{
  const struct vt_weights *w = ctx;
  for (int i = 0; i < w->n; i++)
    if (!strcmp(w->name[i], name)) return &w->value[i];
  return NULL;
}

static int toy_inference(const struct toy *t, const struct vt_weights *w, int64_t batch, struct vt_graph **g,
                         struct vt_err *e)
{
  int rc = vt_graph_new(g, t->registry, "toy", e);
  if (rc) return rc;
  struct vt_net net = {.g = *g, .find = toy_find, .ctx = (void *)(uintptr_t)w};
  struct vt_value *x = vt_graph_input(*g, "x", VT_F32, 4, (int64_t[]){batch, 1, TOY_SIDE, TOY_SIDE});
  vt_graph_output(*g, toy_net(&net, x), "logits");
  rc = vt_graph_status(*g, e);
  if (rc) vt_graph_free(*g);
  return rc;
}

/* Share of held-out samples that are right. */
static int toy_validate(void *ctx, const struct vt_weights *w, struct vt_metrics *m, struct vt_err *e)
{
  struct toy *t = ctx;
  struct vt_graph *g;
  struct vt_program *p = NULL;
  struct vt_session *s = NULL;
  struct toy_slot slot[TOY_HELD];
  float x[TOY_HELD * TOY_PIXELS];
  float flip = t->flip;
  t->flip = 0;
  for (int i = 0; i < TOY_HELD; i++) {
    struct vt_rng rng;
    vt_rng_init(&rng, 99, 99, (uint64_t)i);
    toy_make(i, &rng, &slot[i], t, e);
    memcpy(x + i * TOY_PIXELS, slot[i].x, sizeof slot[i].x);
  }
  t->flip = flip;
  int rc = toy_inference(t, w, TOY_HELD, &g, e), right = 0;
  if (rc) return rc;
  struct vt_compile_opts co = {.precision = VT_PREC_F32};
  struct vt_tensor in = vt_tensor_view(VT_F32, 4, (int64_t[]){TOY_HELD, 1, TOY_SIDE, TOY_SIDE}, x), out;
  if ((rc = vt_program_compile(&p, g, NULL, &co, e)) || (rc = vt_session_new(&s, p, e)) ||
      (rc = vt_session_run(s, &in, &out, e)))
    goto out;
  for (int i = 0; i < TOY_HELD; i++) {
    const float *y = (const float *)out.data + 2 * i;
    right += (y[1] > y[0]) == slot[i].label;
  }
  vt_metrics_add(m, "accuracy", (double)right / TOY_HELD);
out:
  vt_session_free(s);
  vt_program_free(p);
  vt_graph_free(g);
  return rc;
}

static int toy_export(void *ctx, const struct vt_weights *w, const struct vt_metrics *m, const char *path,
                      struct vt_err *e)
{
  struct vt_graph *g;
  int rc = toy_inference(ctx, w, -1, &g, e);
  if (rc) return rc;
  rc = vt_onnx_save(g, path, &(struct vt_onnx_save_opts){false}, e);
  vt_graph_free(g);
  return rc;
}

static const struct vt_task_desc toy_task = {
    .name = "toy",
    .opt = toy_rows,
    .nopt = VT_COUNT(toy_rows),
    .opts_size = sizeof(struct toy_opts),
    .open = toy_open,
    .close = toy_close,
    .build = toy_build,
    .samples = toy_samples,
    .sample_bytes = toy_sample_bytes,
    .epoch = toy_epoch,
    .make = toy_make,
    .feed = toy_feed,
    .save = toy_save,
    .load = toy_load,
    .validate = toy_validate,
    .export_model = toy_export,
};
static const struct vt_task_desc *const toy_tasks[] = {&toy_task};

#endif
