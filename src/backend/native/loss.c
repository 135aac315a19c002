/* SoftmaxCrossEntropyLoss, ai.vitrine: CrossEntropyGrad (of logits), DiceLoss and DiceLossGrad; formulas in
 * ops/.
 *
 * Scores (N, C, D) lie plain. A job is one image and up to VT__COLUMNS pixels, whose probabilities are made
 * in the thread's own scratch, (C, columns); nothing of the size of the scores is kept. Threads own runs of
 * jobs and partial sums in double. */
#include "backend/kernel_util.h"
#include "backend/native/softmax.h"

enum kind { CE, CE_GRAD, DICE, DICE_GRAD };

struct state {
  enum kind kind;
  int64_t n, c, d, pieces, width; /* width: columns of a job */
  enum vt_dtype label;
  bool has_ignore, mean;
  int64_t ignore;
  float smooth;
  int threads, x, weight; /* input numbers; weight -1: none */
};

/* ---- one thread's scratch: probabilities (C, width), and per class I, total, count in double ---- */
struct part {
  float *p;
  double *meet, *total, *count; /* CE: total[0] the loss, count[0] the weights */
  int64_t bad;                  /* position of a label out of range, -1: none */
};

static size_t part_bytes(const struct state *s)
{
  return (sizeof(float) * (size_t)(s->c * s->width) + 63) / 64 * 64 +
         (sizeof(double) * (size_t)(3 * s->c) + 63) / 64 * 64;
}

static struct part part(const struct state *s, void *scratch, int t)
{
  char *base = (char *)scratch + part_bytes(s) * (size_t)t;
  double *d = (double *)(base + (sizeof(float) * (size_t)(s->c * s->width) + 63) / 64 * 64);
  return (struct part){(float *)base, d, d + s->c, d + 2 * s->c, -1};
}

static enum kind kind_of(const struct vt_node *n)
{
  const char *name = n->op->name;
  if (!strcmp(name, "SoftmaxCrossEntropyLoss")) return CE;
  if (!strcmp(name, "CrossEntropyGrad")) return CE_GRAD;
  return !strcmp(name, "DiceLoss") ? DICE : DICE_GRAD;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  enum kind k = kind_of(n->node);
  int x = k == CE_GRAD || k == DICE_GRAD;
  struct vt_slot *label = &n->in[x + 1];
  if (!vt__is_real(&n->in[x]) || n->in[x].rank < 2)
    return vt__refuse(reason, size, "scores not of f32 or bf16");
  if (label->dtype != VT_I64 && label->dtype != VT_I32 && label->dtype != VT_U8)
    return vt__refuse(reason, size, "labels of %s", vt_dtype_name(label->dtype));
  if ((k == CE || k == CE_GRAD) && vt__attr_int(n->node, "reduction", 2) == 0)
    return vt__refuse(reason, size, "not reduced");
  if (!vt__attr_int(n->node, "logits", 1)) return vt__refuse(reason, size, "not of logits");
  if (n->nout > 1 && n->out[1].used) return vt__refuse(reason, size, "log-probabilities asked for");
  if (vt_dims_count(n->in[x].rank, n->in[x].dim) < 1) return vt__refuse(reason, size, "empty");
  for (int i = 0; i < n->nin; i++) {
    n->in[i].block = VT_PLAIN;
    if (i != x + 1 && n->in[i].used) n->in[i].dtype = VT_F32;
  }
  n->out[0].dtype = VT_F32;
  n->out[0].block = VT_PLAIN;
  return 1;
}

/* ignore_index of the cross entropies is optional: the flag stands where the schema says. */
static bool has_ignore(const struct vt_node *n)
{
  for (int i = 0; i < n->op->nattr; i++)
    if (!strcmp(n->op->attr[i].name, "ignore_index") && n->op->attr[i].present)
      return *(const bool *)((const char *)n->attrs + n->op->attr[i].present);
  return true;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "loss");
  s->kind = kind_of(n->node);
  s->x = s->kind == CE_GRAD || s->kind == DICE_GRAD;
  const struct vt_slot *x = &n->in[s->x];
  s->n = x->dim[0];
  s->c = x->dim[1];
  s->d = vt_dims_count(x->rank - 2, x->dim + 2);
  s->width = VT_MIN(s->d, VT__COLUMNS);
  s->pieces = (s->d + VT__COLUMNS - 1) / VT__COLUMNS;
  s->label = n->in[s->x + 1].dtype;
  s->mean = vt__attr_int(n->node, "reduction", 2) == 2;
  s->has_ignore = has_ignore(n->node);
  s->ignore = vt__attr_int(n->node, "ignore_index", -1);
  s->smooth = vt__attr_float(n->node, "smooth", 1);
  s->weight =
      n->nin > s->x + 2 && n->in[s->x + 2].used && (s->kind == CE || s->kind == CE_GRAD) ? s->x + 2 : -1;
  s->threads = VT_MAX(n->threads, 1);
  *scratch = part_bytes(s) * (size_t)s->threads;
  *out = s;
  return VT_OK;
}

/* −1: to be ignored; −2: out of range. */
static inline int64_t label_at(const struct state *s, const void *labels, int64_t at)
{
  int64_t y = s->label == VT_I64   ? ((const int64_t *)labels)[at]
              : s->label == VT_I32 ? ((const int32_t *)labels)[at]
                                   : ((const uint8_t *)labels)[at];
  if (s->has_ignore && y == s->ignore) return -1;
  return y < 0 || y >= s->c ? -2 : y;
}

typedef void job_fn(const struct state *s, const struct vt_run_args *a, struct part *p, int64_t image,
                    int64_t at, int64_t width, const void *ctx);

/* Runs the jobs and gives the sums of all threads in part 0. */
static int each(const struct state *s, const struct vt_run_args *a, job_fn *job, const void *ctx,
                struct part *all, struct vt_err *e)
{
  int64_t jobs = s->n * s->pieces, bad = -1;
#pragma omp parallel for schedule(static) num_threads(s->threads) if (s->n * s->c * s->d > 8192)
  for (int t = 0; t < s->threads; t++) {
    struct part p = part(s, a->scratch, t);
    memset(p.meet, 0, sizeof *p.meet * (size_t)(3 * s->c));
    for (int64_t j = jobs * t / s->threads; j < jobs * (t + 1) / s->threads; j++) {
      int64_t at = j % s->pieces * VT__COLUMNS;
      job(s, a, &p, j / s->pieces, at, VT_MIN(VT__COLUMNS, s->d - at), ctx);
    }
    if (p.bad >= 0) {
#pragma omp critical(vt__loss_bad)
      bad = bad < 0 ? p.bad : VT_MIN(bad, p.bad);
    }
  }
  *all = part(s, a->scratch, 0);
  for (int t = 1; t < s->threads; t++) {
    struct part p = part(s, a->scratch, t);
    for (int64_t k = 0; k < 3 * s->c; k++) all->meet[k] += p.meet[k];
  }
  if (bad < 0) return VT_OK;
  return vt_fail(e, VT_EARG, "%s '%s': label at %lld is out of range, 0 to %lld expected", a->node->op->name,
                 a->node->name ? a->node->name : "", (long long)bad, (long long)s->c - 1);
}

/* Probabilities without the division: p (C, width), sums, maxima. */
static const float *exponentials(const struct state *s, const struct vt_run_args *a, struct part *p,
                                 int64_t image, int64_t at, int64_t width, float *max, float *sum)
{
  const float *x = (const float *)a->in[s->x] + image * s->c * s->d + at;
  vt__exp_columns(x, s->d, s->c, width, p->p, s->width == 1 ? 1 : s->width, max, sum);
  return x;
}

static inline int64_t read_label(const struct state *s, const struct vt_run_args *a, struct part *p,
                                 int64_t at)
{
  int64_t y = label_at(s, a->in[s->x + 1], at);
  if (y == -2 && (p->bad < 0 || at < p->bad)) p->bad = at;
  return y;
}

/* ---- cross entropy ---- */
static void ce_job(const struct state *s, const struct vt_run_args *a, struct part *p, int64_t image,
                   int64_t at, int64_t width, const void *ctx)
{
  float max[VT__COLUMNS], sum[VT__COLUMNS];
  const float *w = s->weight >= 0 ? a->in[s->weight] : NULL;
  const float *x = exponentials(s, a, p, image, at, width, max, sum);
  vt__fast()->unary(VT__LOG, sum, sum, width);
  for (int64_t i = 0; i < width; i++) {
    int64_t y = read_label(s, a, p, image * s->d + at + i);
    if (y < 0) continue;
    double f = w ? (double)w[y] : 1;
    p->total[0] += f * ((double)sum[i] + (double)max[i] - (double)x[y * s->d + i]);
    p->count[0] += f;
  }
}

static void weight_job(const struct state *s, const struct vt_run_args *a, struct part *p, int64_t image,
                       int64_t at, int64_t width, const void *ctx)
{
  const float *w = s->weight >= 0 ? a->in[s->weight] : NULL;
  for (int64_t i = 0; i < width; i++) {
    int64_t y = read_label(s, a, p, image * s->d + at + i);
    if (y >= 0) p->count[0] += w ? (double)w[y] : 1;
  }
}

static void ce_grad_job(const struct state *s, const struct vt_run_args *a, struct part *p, int64_t image,
                        int64_t at, int64_t width, const void *ctx)
{
  const struct vt__fast *f = vt__fast();
  float max[VT__COLUMNS], sum[VT__COLUMNS], up[VT__COLUMNS], each_up = *(const float *)ctx;
  const float *w = s->weight >= 0 ? a->in[s->weight] : NULL;
  float *dx = (float *)a->out[0] + image * s->c * s->d + at;
  exponentials(s, a, p, image, at, width, max, sum);
  for (int64_t i = 0; i < width; i++) {
    int64_t y = read_label(s, a, p, image * s->d + at + i);
    up[i] = y < 0 ? 0 : each_up * (w ? w[y] : 1);
    sum[i] = up[i] / sum[i];
  }
  if (s->d == 1)
    f->scale(sum[0], p->p, dx, s->c);
  else
    for (int64_t k = 0; k < s->c; k++)
      f->binary(VT__MUL, p->p + k * s->width, 1, sum, 1, dx + k * s->d, width);
  for (int64_t i = 0; i < width; i++) {
    int64_t y = read_label(s, a, p, image * s->d + at + i);
    if (y >= 0) dx[y * s->d + i] -= up[i];
  }
}

static int run_ce(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  struct part all;
  int rc = each(s, a, ce_job, NULL, &all, e);
  double total = all.total[0], count = s->mean ? all.count[0] : 1;
  *(float *)a->out[0] = count > 0 ? (float)(total / count) : 0;
  return rc;
}

static int run_ce_grad(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  struct part all;
  float up = *(const float *)a->in[0];
  int rc = s->mean ? each(s, a, weight_job, NULL, &all, e) : VT_OK;
  if (rc) return rc;
  if (s->mean) up = all.count[0] > 0 ? (float)((double)up / all.count[0]) : 0;
  return each(s, a, ce_grad_job, &up, &all, e);
}

/* ---- Dice ---- */
static void dice_job(const struct state *s, const struct vt_run_args *a, struct part *p, int64_t image,
                     int64_t at, int64_t width, const void *ctx)
{
  const struct vt__fast *f = vt__fast();
  float max[VT__COLUMNS], sum[VT__COLUMNS];
  int64_t step = s->width == 1 ? 1 : s->width;
  exponentials(s, a, p, image, at, width, max, sum);
  for (int64_t i = 0; i < width; i++) {
    int64_t y = read_label(s, a, p, image * s->d + at + i);
    sum[i] = y < 0 ? 0 : 1 / sum[i];
    if (y < 0) continue;
    p->meet[y] += (double)(p->p[y * step + i] * sum[i]);
    p->total[y] += 1;
    p->count[y] += 1;
  }
  for (int64_t k = 0; k < s->c; k++) p->total[k] += (double)f->dot(p->p + k * step, sum, width);
}

static int present(const struct state *s, const struct part *p)
{
  int n = 0;
  for (int64_t k = 0; k < s->c; k++) n += p->count[k] > 0;
  return n;
}

static int run_dice(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  struct part all;
  int rc = each(s, a, dice_job, NULL, &all, e), n = present(s, &all);
  double loss = 0, smooth = (double)s->smooth;
  for (int64_t k = 0; k < s->c; k++)
    if (all.count[k] > 0) loss += 1 - (2 * all.meet[k] + smooth) / (all.total[k] + smooth);
  *(float *)a->out[0] = n ? (float)(loss / n) : 0;
  return rc;
}

/* ctx: q (2, C): the derivative for each class where g = 0, and what g = 1 adds. */
static void dice_grad_job(const struct state *s, const struct vt_run_args *a, struct part *p, int64_t image,
                          int64_t at, int64_t width, const void *ctx)
{
  const struct vt__fast *f = vt__fast();
  const float *q = ctx, *own = q + s->c;
  float max[VT__COLUMNS], sum[VT__COLUMNS], dot[VT__COLUMNS] = {0};
  int64_t step = s->width == 1 ? 1 : s->width;
  float *dx = (float *)a->out[0] + image * s->c * s->d + at;
  exponentials(s, a, p, image, at, width, max, sum);
  for (int64_t k = 0; k < s->c; k++) f->axpy(q[k], p->p + k * step, dot, width);
  for (int64_t i = 0; i < width; i++) {
    int64_t y = read_label(s, a, p, image * s->d + at + i);
    float inv = 1 / sum[i];
    if (y >= 0) dot[i] += own[y] * p->p[y * step + i];
    dot[i] *= inv;
    sum[i] = y < 0 ? 0 : inv;
  }
  for (int64_t k = 0; k < s->c; k++) {
    float *to = dx + k * s->d;
    f->binary(VT__MUL, p->p + k * step, 1, sum, 1, p->p + k * step, width);
    f->binary(VT__SUB, &q[k], 0, dot, 1, to, width);
    f->binary(VT__MUL, p->p + k * step, 1, to, 1, to, width);
  }
  for (int64_t i = 0; i < width; i++) {
    int64_t y = label_at(s, a->in[s->x + 1], image * s->d + at + i);
    if (y >= 0) dx[y * s->d + i] += p->p[y * step + i] * own[y];
  }
}

static int run_dice_grad(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  struct part all;
  int rc = each(s, a, dice_job, NULL, &all, e), n = present(s, &all);
  if (rc) return rc;
  float *q = vt_malloc(sizeof *q * (size_t)(2 * s->c));
  if (!q) return vt_fail(e, VT_ENOMEM, "gradient of the Dice loss");
  double smooth = (double)s->smooth, up = (double)*(const float *)a->in[0] / VT_MAX(n, 1);
  for (int64_t k = 0; k < s->c; k++) {
    double u = all.total[k] + smooth, i = 2 * all.meet[k] + smooth;
    bool on = all.count[k] > 0 && u > 0;
    q[k] = on ? (float)(up * i / (u * u)) : 0;
    q[s->c + k] = on ? (float)(-2 * up / u) : 0;
  }
  rc = each(s, a, dice_grad_job, q, &all, e);
  vt_free(q);
  return rc;
}

#define K(op_name, run)                                                                                      \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector loss", op_name, accepts, prepare, run, vt_free                                                   \
  }
const struct vt_kernel_desc *const vt_kernels_loss[] = {
    K("SoftmaxCrossEntropyLoss", run_ce), K("ai.vitrine:CrossEntropyGrad", run_ce_grad),
    K("ai.vitrine:DiceLoss", run_dice), K("ai.vitrine:DiceLossGrad", run_dice_grad), NULL};
