/* ai.vitrine:SwitchableNorm (Luo et al. 2019, equations 3 to 5): normalisation by a learned mixture of
 * instance, layer and batch statistics.
 *
 *   y = γ_c (x − Σ_k a_k μ_k) / √(Σ_k b_k σ²_k + ε) + β_c,  a = softmax(mean_weight), b =
 * softmax(var_weight), k over instance (n, c), layer (n) and batch (c). With running statistics of the batch
 * (inputs 5 and 6), training_mode=0 uses them, and training_mode=1 gives running' = m running + (1 − m) batch
 * as outputs 1 and 2. */
#include "ops/util.h"

struct attrs {
  float epsilon, momentum;
  int64_t training_mode;
};
enum { X, SCALE, BIAS, MEAN_WEIGHT, VAR_WEIGHT, MEAN, VAR };

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int rc = vt__check_rank(n, X, 3, VT_MAX_RANK, e);
  for (int i = SCALE; i < n->nin && !rc; i++) {
    const struct vt_value *v = n->in[i], *x = n->in[X];
    if (!v) return vt__bad(e, VT_EARG, n, "input %d is left out", i);
    rc = vt__check_rank(n, i, 1, 1, e);
    int64_t want = i == MEAN_WEIGHT || i == VAR_WEIGHT ? 3 : x->rank > 1 ? x->dim[1] : -1;
    if (!rc && v->rank == 1 && v->dim[0] >= 0 && want >= 0 && v->dim[0] != want)
      rc = vt__bad(e, VT_ESHAPE, n, "input %d has %lld entries instead of %lld", i, (long long)v->dim[0],
                   (long long)want);
  }
  if (rc) return rc;
  if (n->nin == MEAN + 1 || (n->nin <= VAR && (!a->training_mode || n->nout > 1)))
    return vt__bad(e, VT_EARG, n, "running mean and variance are missing");
  vt__out_like(n, 0, n->in[X]);
  vt__out_like(n, 1, n->in[SCALE]);
  vt__out_like(n, 2, n->in[SCALE]);
  return VT_OK;
}

static void softmax3(const float *x, double *p)
{
  double most = (double)VT_MAX(x[0], VT_MAX(x[1], x[2])), sum = 0;
  for (int k = 0; k < 3; k++) sum += p[k] = exp((double)x[k] - most);
  for (int k = 0; k < 3; k++) p[k] /= sum;
}

/* Mean and variance of each (n, c), then of each n and each c from them: E x² = σ² + μ². */
struct moments {
  double *mean, *var;             /* (N, C) */
  double *layer_mean, *layer_var; /* (N) */
  double *batch_mean, *batch_var; /* (C) */
};

static void measure(struct moments *m, const float *x, int64_t n, int64_t c, int64_t d)
{
  for (int64_t i = 0; i < n * c; i++) {
    double mean = 0, var = 0;
    for (int64_t k = 0; k < d; k++) mean += (double)x[i * d + k];
    mean /= (double)d;
    for (int64_t k = 0; k < d; k++) var += ((double)x[i * d + k] - mean) * ((double)x[i * d + k] - mean);
    m->mean[i] = mean;
    m->var[i] = var / (double)d;
    m->layer_mean[i / c] += mean / (double)c;
    m->batch_mean[i % c] += mean / (double)n;
  }
  for (int64_t i = 0; i < n * c; i++) {
    double l = m->mean[i] - m->layer_mean[i / c], b = m->mean[i] - m->batch_mean[i % c];
    m->layer_var[i / c] += (m->var[i] + l * l) / (double)c;
    m->batch_var[i % c] += (m->var[i] + b * b) / (double)n;
  }
}

/* Batch statistics: the running ones where they are used, and what becomes of them where they are kept. */
static void running(const struct vt_ref_call *c, struct moments *m, int64_t channels)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *was[2] = {vt__arg(c, MEAN), vt__arg(c, VAR)};
  double *now[2] = {m->batch_mean, m->batch_var};
  for (int k = 0; k < 2; k++)
    for (int64_t i = 0; i < channels && was[k]; i++) {
      double old = (double)((const float *)was[k]->data)[i], keep = (double)a->momentum;
      if (vt__res(c, 1 + k))
        ((float *)c->out[1 + k]->data)[i] =
            (float)(a->training_mode ? keep * old + (1 - keep) * now[k][i] : old);
      if (!a->training_mode) now[k][i] = old;
    }
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[X];
  int64_t n = x->dim[0], channels = x->dim[1], d = vt__span(x->dim, 2, x->rank);
  const float *scale = c->in[SCALE]->data, *bias = c->in[BIAS]->data;
  float *y = c->out[0]->data;
  double p[3], q[3];
  for (int i = 0; i < c->nin; i++)
    if (c->in[i]->dtype != VT_F32) return vt__bad_dtype(c, c->in[i]->dtype, e);
  double *memory = vt_calloc((size_t)(2 * (n * channels + n + channels)) + 1, sizeof *memory), *at = memory;
  if (!memory) return vt_fail(e, VT_ENOMEM, "out of memory");
  struct moments m;
  double **part[] = {&m.mean, &m.var, &m.layer_mean, &m.layer_var, &m.batch_mean, &m.batch_var};
  int64_t size[] = {n * channels, n * channels, n, n, channels, channels};
  for (size_t i = 0; i < VT_COUNT(part); at += size[i++]) *part[i] = at;
  softmax3(c->in[MEAN_WEIGHT]->data, p);
  softmax3(c->in[VAR_WEIGHT]->data, q);
  measure(&m, x->data, n, channels, d);
  running(c, &m, channels);
  for (int64_t i = 0; i < n * channels; i++) {
    int64_t b = i / channels, k = i % channels;
    double mean = p[0] * m.mean[i] + p[1] * m.layer_mean[b] + p[2] * m.batch_mean[k];
    double var = q[0] * m.var[i] + q[1] * m.layer_var[b] + q[2] * m.batch_var[k];
    double s = (double)scale[k] / sqrt(var + (double)a->epsilon);
    for (int64_t j = 0; j < d; j++)
      y[i * d + j] = (float)(((double)((const float *)x->data)[i * d + j] - mean) * s + (double)bias[k]);
  }
  vt_free(memory);
  return VT_OK;
}

/* One statistic of `mixed` of the three: weights (3) by their softmax. */
static struct vt_value *mix(struct vt_graph *g, struct vt_value *weights, struct vt_value *const *of)
{
  struct vt_value *share = vt_emit(g, "Softmax", VT_IN(weights), "axis=0"), *sum = NULL;
  for (int64_t k = 0; k < 3; k++) {
    struct vt_value *one = vt_emit(
        g, "Slice", VT_IN(share, vt_graph_ints(g, 1, &k), vt_graph_ints(g, 1, &(int64_t){k + 1})), "");
    struct vt_value *term = vt_emit(g, "Mul", VT_IN(of[k], one), "");
    sum = sum ? vt_emit(g, "Add", VT_IN(sum, term), "") : term;
  }
  return sum;
}

/* v (C) as (1, C, 1, …). */
static struct vt_value *channels_of(struct vt_graph *g, struct vt_value *v, int rank)
{
  int64_t dim[VT_MAX_RANK];
  for (int d = 0; d < rank; d++) dim[d] = d == 1 ? -1 : 1;
  return vt_emit(g, "Reshape", VT_IN(v, vt_graph_ints(g, rank, dim)), "");
}

/* The formula again, in operators that have gradients; in[] are values of this expression alone. */
static struct vt_value *expression(struct vt_graph *g, const struct vt_node *n, struct vt_value *const *in)
{
  const struct attrs *a = n->attrs;
  int rank = n->in[X]->rank, nspace = 0;
  int64_t space[VT_MAX_RANK], layer[VT_MAX_RANK], batch[VT_MAX_RANK];
  batch[0] = 0;
  layer[0] = 1;
  for (int d = 2; d < rank; d++, nspace++) space[nspace] = layer[nspace + 1] = batch[nspace + 1] = d;
  struct vt_value *mean[3], *var[3], *square = vt_emit(g, "Mul", VT_IN(in[X], in[X]), "");
  const int64_t *axes[3] = {space, layer, batch};
  for (int k = 0; k < 3; k++) {
    int count = nspace + (k > 0);
    if (k == 2 && !a->training_mode) {
      mean[k] = channels_of(g, in[MEAN], rank);
      var[k] = channels_of(g, in[VAR], rank);
      continue;
    }
    mean[k] = vt__reduce(g, "ReduceMean", in[X], count, axes[k], true);
    var[k] = vt_emit(g, "Sub",
                     VT_IN(vt__reduce(g, "ReduceMean", square, count, axes[k], true),
                           vt_emit(g, "Mul", VT_IN(mean[k], mean[k]), "")),
                     "");
  }
  struct vt_value *off = vt_emit(g, "Sub", VT_IN(in[X], mix(g, in[MEAN_WEIGHT], mean)), "");
  struct vt_value *sigma =
      vt_emit(g, "Add", VT_IN(mix(g, in[VAR_WEIGHT], var), vt_graph_scalar(g, a->epsilon)), "");
  struct vt_value *y = vt_emit(g, "Div", VT_IN(off, vt_emit(g, "Sqrt", VT_IN(sigma), "")), "");
  y = vt_emit(g, "Mul", VT_IN(y, channels_of(g, in[SCALE], rank)), "");
  return vt_emit(g, "Add", VT_IN(y, channels_of(g, in[BIAS], rank)), "");
}

/* The gradient of Σ y dy, y written out on copies of the inputs, by those copies. */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *in[VAR + 1] = {NULL}, *d[VAR + 1];
  if (!dy[0]) return VT_OK;
  for (int i = 0; i < n->nin; i++) in[i] = vt_emit(g, "Identity", VT_IN(n->in[i]), "");
  struct vt_value *y = expression(g, n, in);
  struct vt_value *loss =
      vt_emit(g, "ReduceSum", VT_IN(vt_emit(g, "Mul", VT_IN(y, dy[0]), "")), "keepdims=0");
  int rc = vt_graph_status(g, e);
  if (!rc) rc = vt_autodiff(g, loss, VAR_WEIGHT + 1, in, d, e);
  for (int i = 0; i <= VAR_WEIGHT && !rc; i++)
    if (need[i]) dx[i] = d[i];
  return rc;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_FLOAT(S, epsilon, 1e-5f), VT_A_FLOAT(S, momentum, 0.9f),
                                           VT_A_INT(S, training_mode, 1)};
static const struct vt_op_case cases[] = {
    {"batch", "", "f32[3,4,3,5] f32[4] f32[4] f32[3] f32[3]"},
    {"running", "momentum=0.8", "f32[2,3,4,4] f32[3] f32[3] f32[3] f32[3] f32[3] f32[3]:0.5..2", 3,
     .nograd = 96},
    {"inference", "training_mode=0", "f32[2,3,4,4] f32[3] f32[3] f32[3] f32[3] f32[3] f32[3]:0.5..2",
     .nograd = 96},
};

const struct vt_op_desc vt_op_switchable_norm = {
    .name = "SwitchableNorm",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc =
        "Normalisation by a learned mixture of instance, layer and batch statistics, from (x, scale, bias, "
        "mean_weight, var_weight, running mean, running variance): y, and the running statistics' new "
        "values.",
    VT_ATTRS(rows, S),
    .min_in = 5,
    .max_in = 7,
    .min_out = 1,
    .max_out = 3,
    .inplace = {0, 6, 7},
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
