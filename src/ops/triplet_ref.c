/* Triplet loss (Schroff, Kalenichenko, Philbin 2015; batch-hard: Hermans, Beyer, Leibe 2017).
 *
 * d(i, j) is the squared Euclidean distance (squared=1) or the Euclidean one. A triplet (a, p, n) with equal
 * labels of a and p and another label of n costs max(0, d(a,p) − d(a,n) + margin). Which triplets count:
 *   random    for each (a, p) one n, drawn by a hash of the labels, so that the gradient draws the same;
 *   semihard  for each (a, p) the nearest n farther than p, else the farthest n;
 *   hard      for each a the farthest p and the nearest n;
 *   all       every triplet.
 * The loss is the mean over the triplets; for `all` over those that cost something. Labels below 0 take no
 * part. With alpha each triplet that counts also costs alpha (1/3D) (|a|^2 + |p|^2 + |n|^2), which keeps
 * vectors that are not normalised short (Kinli, Ozcan, Kirac 2019, equation 5). */
#include "ops/triplet_ref.h"

int vt__triplet_infer(struct vt_node *n, int xi, struct vt_err *e)
{
  const struct vt_value *x = n->in[xi], *y = n->in[xi + 1];
  int rc = vt__check_rank(n, xi, 2, 2, e);
  if (!rc) rc = vt__check_rank(n, xi + 1, 1, 1, e);
  if (!rc && x->rank == 2 && y->rank == 1 && x->dim[0] >= 0 && y->dim[0] >= 0 && x->dim[0] != y->dim[0])
    rc = vt__bad(e, VT_ESHAPE, n, "%lld embeddings, %lld labels", (long long)x->dim[0], (long long)y->dim[0]);
  return rc;
}

struct batch {
  int64_t n;
  const struct vt__triplet_attrs *a;
  const int64_t *label;
  const double *d;
  double *coef, *share, sum;
  int64_t count;
};

static void add(struct batch *b, int64_t i, int64_t p, int64_t q, bool only_active)
{
  double cost = b->d[i * b->n + p] - b->d[i * b->n + q] + (double)b->a->margin;
  if (cost > 0) {
    b->sum += cost;
    b->coef[i * b->n + p] += 1;
    b->coef[i * b->n + q] -= 1;
  }
  if (cost <= 0 && only_active) return;
  b->count++;
  b->share[i]++;
  b->share[p]++;
  b->share[q]++;
}

static bool positive(const struct batch *b, int64_t i, int64_t j)
{
  return i != j && b->label[i] == b->label[j];
}
static bool negative(const struct batch *b, int64_t i, int64_t j)
{
  return b->label[j] >= 0 && b->label[i] != b->label[j];
}

static uint64_t mix(uint64_t x) /* splitmix64 */
{
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static int64_t pick_random(const struct batch *b, int64_t i, uint64_t key)
{
  int64_t others = 0;
  for (int64_t j = 0; j < b->n; j++) others += negative(b, i, j);
  int64_t at = others ? (int64_t)(mix(key) % (uint64_t)others) : -1;
  for (int64_t j = 0; j < b->n && others; j++)
    if (negative(b, i, j) && at-- == 0) return j;
  return -1;
}

static int64_t pick_semihard(const struct batch *b, int64_t i, int64_t p)
{
  const double *d = b->d + i * b->n;
  int64_t farther = -1, farthest = -1;
  for (int64_t j = 0; j < b->n; j++) {
    if (!negative(b, i, j)) continue;
    if (d[j] > d[p] && (farther < 0 || d[j] < d[farther])) farther = j;
    if (farthest < 0 || d[j] > d[farthest]) farthest = j;
  }
  return farther >= 0 ? farther : farthest;
}

static void anchor(struct batch *b, int64_t i, uint64_t seed)
{
  const double *d = b->d + i * b->n;
  int64_t far_p = -1, near_n = -1;
  for (int64_t j = 0; j < b->n; j++) {
    if (positive(b, i, j) && (far_p < 0 || d[j] > d[far_p])) far_p = j;
    if (negative(b, i, j) && (near_n < 0 || d[j] < d[near_n])) near_n = j;
  }
  if (far_p < 0 || near_n < 0) return;
  if (b->a->mining == VT__HARD) {
    add(b, i, far_p, near_n, false);
    return;
  }
  for (int64_t p = 0; p < b->n; p++) {
    if (!positive(b, i, p)) continue;
    if (b->a->mining == VT__RANDOM) add(b, i, p, pick_random(b, i, seed ^ (uint64_t)(i * b->n + p)), false);
    if (b->a->mining == VT__SEMIHARD) add(b, i, p, pick_semihard(b, i, p), false);
    for (int64_t q = 0; b->a->mining == VT__ALL && q < b->n; q++)
      if (negative(b, i, q)) add(b, i, p, q, true);
  }
}

static void distances(const struct vt_tensor *x, bool squared, double *d)
{
  int64_t n = x->dim[0], dim = x->dim[1];
  const float *v = x->data;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < i; j++) {
      double sum = 0;
      for (int64_t k = 0; k < dim; k++) {
        double t = (double)v[i * dim + k] - (double)v[j * dim + k];
        sum += t * t;
      }
      d[i * n + j] = d[j * n + i] = squared ? sum : sqrt(sum);
    }
}

void vt__triplet_clear(struct vt__triplets *t)
{
  vt_free(t->coef);
  vt_free(t->dist);
  vt_free(t->share);
  *t = (struct vt__triplets){0};
}

int vt__triplet_run(const struct vt_ref_call *c, const struct vt_tensor *x, const struct vt_tensor *labels,
                    struct vt__triplets *out, struct vt_err *e)
{
  enum { LIMIT = 1 << 14 };
  const struct vt__triplet_attrs *a = c->attrs;
  int64_t n = x->dim[0], dim = x->dim[1];
  *out = (struct vt__triplets){0};
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  if (n > LIMIT) return vt__bad(e, VT_ELIMIT, c->node, "batch of %lld, at most %d", (long long)n, LIMIT);
  int64_t *label = vt_calloc((size_t)n + 1, sizeof *label);
  out->coef = vt_calloc((size_t)(n * n) + 1, sizeof *out->coef);
  out->dist = vt_calloc((size_t)(n * n) + 1, sizeof *out->dist);
  out->share = vt_calloc((size_t)n + 1, sizeof *out->share);
  if (!label || !out->coef || !out->dist || !out->share) {
    vt_free(label);
    vt__triplet_clear(out);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  struct batch b = {.n = n, .a = a, .label = label, .d = out->dist, .coef = out->coef, .share = out->share};
  distances(x, a->squared != 0, out->dist);
  uint64_t seed = 0;
  for (int64_t i = 0; i < n; i++) {
    label[i] = vt_tensor_whole(labels, i);
    seed = mix(seed ^ (uint64_t)label[i]);
  }
  for (int64_t i = 0; i < n; i++)
    if (label[i] >= 0) anchor(&b, i, seed);
  double scale = b.count ? 1 / (double)b.count : 0,
         norm = (double)a->alpha / (3 * (double)VT_MAX(dim, 1)) * scale;
  for (int64_t i = 0; i < n * n; i++) b.coef[i] *= scale;
  out->loss = b.sum * scale;
  for (int64_t i = 0; i < n; i++) {
    const float *v = (const float *)x->data + i * dim;
    b.share[i] *= norm;
    for (int64_t k = 0; k < dim; k++) out->loss += b.share[i] * (double)v[k] * (double)v[k];
  }
  vt_free(label);
  return VT_OK;
}
