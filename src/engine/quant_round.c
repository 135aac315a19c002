/* Rounding weights, one after the other, so that errors cancel on samples x of the inputs: with r the error
 * of the sum over the weights so far, the next is rounded to q = round(w + <x, r> / |x|^2) (the greedy path
 * of Lybrand & Saab 2021, "A greedy algorithm for quantizing neural networks"). Here q may be off by one step
 * at most, and |x|^2 has a ridge, so that what the samples do not show stays about as good as with plain
 * rounding. Neighbours in a kernel and many channels see much the same, so that one's error makes up for
 * another's. */
#include <math.h>
#include <string.h>
#include "engine/program_impl.h"
#include "engine/quant_round.h"

enum { SAMPLES = 256, A_RUN = 4, BLOCK = 8, WIDEST = 1 << 18 };

static int64_t number_of(const struct vt_node *n, const char *name, int at, int64_t missing)
{
  const struct vt_attr_desc *d = vt__attr_find(n->op, name);
  if (!d || d->type != VT_ATTR_INTS || !n->attrs) return missing;
  const struct vt_ints *l = (const struct vt_ints *)((const char *)n->attrs + d->offset);
  return at < l->n ? l->v[at] : missing;
}

/* A random place of the kernel along one axis: where its first element lies. */
static int64_t place(const struct vt_node *n, int axis, int64_t size, int64_t span, struct vt_rng *r)
{
  int64_t pad = number_of(n, "pads", axis, 0), places = size + 2 * pad - span + 1;
  return places > 1 ? (int64_t)vt_rng_below(r, (uint32_t)VT_MIN(places, INT32_MAX)) - pad : -pad;
}

static void take_patch(const struct vt_node *n, const struct vt_tensor *x, struct vt_rng *r, float *to)
{
  const int64_t *k = n->in[1]->dim + 2, c = x->dim[1], h = x->dim[2], w = x->dim[3];
  int64_t dy = number_of(n, "dilations", 0, 1), dx = number_of(n, "dilations", 1, 1);
  int64_t y0 = place(n, 0, h, (k[0] - 1) * dy + 1, r), x0 = place(n, 1, w, (k[1] - 1) * dx + 1, r);
  const float *p = (const float *)x->data + (int64_t)vt_rng_below(r, (uint32_t)x->dim[0]) * c * h * w;
  for (int64_t i = 0; i < c; i++)
    for (int64_t a = 0; a < k[0]; a++)
      for (int64_t b = 0; b < k[1]; b++) {
        int64_t iy = y0 + a * dy, ix = x0 + b * dx;
        *to++ = iy >= 0 && iy < h && ix >= 0 && ix < w ? p[(i * h + iy) * w + ix] : 0;
      }
}

int vt__samples_add(struct vt__samples *s, const struct vt_node *layer, const struct vt_tensor *x,
                    uint64_t number, struct vt_err *e)
{
  bool conv = vt__op_is(layer, "Conv");
  const int64_t *k = layer->in[1]->dim + 2, count = vt_tensor_count(x);
  s->k = conv ? x->dim[1] * k[0] * k[1] : x->dim[x->rank - 1];
  if (count < 1 || s->k < 1 || s->k > WIDEST || (conv ? x->dim[0] : count / s->k) > INT32_MAX) return 0;
  if (!s->x && !(s->x = vt_calloc((size_t)SAMPLES * (size_t)s->k, sizeof *s->x)))
    return vt_fail(e, VT_ENOMEM, "out of memory");
  int64_t rows = conv ? A_RUN : count / s->k;
  struct vt_rng r;
  vt_rng_init(&r, 1, number, (uint64_t)s->seen);
  for (int i = 0; i < A_RUN && i < rows; i++) {
    int64_t seen = ++s->seen, at = seen <= SAMPLES ? seen - 1 : (int64_t)(vt_rng_unit(&r) * (double)seen);
    if (at >= SAMPLES) continue; /* every column seen is kept with the same chance */
    s->n = (int)VT_MIN(seen, SAMPLES);
    float *to = s->x + at * s->k;
    int64_t row = rows <= A_RUN ? i : vt_rng_below(&r, (uint32_t)rows);
    if (conv)
      take_patch(layer, x, &r, to);
    else
      memcpy(to, (const float *)x->data + row * s->k, (size_t)s->k * sizeof *to);
  }
  return 0;
}

int vt__samples_turn(struct vt__samples *s, bool means, struct vt_err *e)
{
  float *t = vt_calloc((size_t)VT_MAX(s->k, 1) * (size_t)VT_MAX(s->n, 1), sizeof *t);
  float *mean = means ? vt_calloc((size_t)VT_MAX(s->k, 1), sizeof *mean) : NULL;
  if (!t || (means && !mean)) {
    vt_free(t);
    vt_free(mean);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  for (int64_t i = 0; i < s->k; i++) {
    double sum = 0;
    for (int j = 0; j < s->n; j++) sum += (double)s->x[j * s->k + i];
    float m = means && s->n ? (float)(sum / s->n) : 0;
    for (int j = 0; j < s->n; j++) t[i * s->n + j] = s->x[j * s->k + i] - m;
    if (means) mean[i] = m;
  }
  vt_free(s->x);
  s->x = t;
  s->mean = mean;
  return 0;
}

void vt__samples_clear(struct vt__samples *s)
{
  vt_free(s->x);
  vt_free(s->mean);
  *s = (struct vt__samples){0};
}

/* NaN, from weights that are none: the lowest. */
static float clip_level(float q, int levels)
{
  return q > (float)-levels ? VT_MIN(q, (float)levels) : (float)-levels;
}

void vt__round_nearest(const struct vt__weights *w)
{
  for (int64_t m = 0; m < w->channels; m++)
    for (int64_t i = 0; i < w->k; i++) {
      int64_t at = m * w->per_channel + i * w->per_element;
      w->q[at] = (int8_t)clip_level(rintf(w->w[at] / w->scale[m]), w->levels);
    }
}

static float dot(const float *a, const float *b, int n)
{
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int j = 0; j < n; j++) sum += a[j] * b[j];
  return sum;
}

/* Channels first .. last - 1, which are of one group, with the group's rows of the samples. r: (BLOCK, n) */
static void round_block(const struct vt__weights *w, const struct vt__samples *s, const float *norm,
                        int64_t first, int64_t last, float *shift, float *r)
{
  int64_t from = first / (w->channels / w->groups) * w->k;
  memset(r, 0, (size_t)(last - first) * (size_t)s->n * sizeof *r);
  for (int64_t i = 0; i < w->k; i++) {
    const float *x = s->x + (from + i) * s->n;
    for (int64_t m = first; m < last; m++) {
      int64_t at = m * w->per_channel + i * w->per_element;
      float *error = r + (m - first) * s->n, exact = w->w[at] / w->scale[m];
      float wish = rintf(exact + dot(x, error, s->n) / norm[from + i]);
      float q = clip_level(VT_CLAMP(wish, floorf(exact), ceilf(exact)), w->levels), d = exact - q;
      w->q[at] = (int8_t)q;
      if (shift) shift[m] += d * w->scale[m] * s->mean[from + i];
      for (int j = 0; j < s->n; j++) error[j] += d * x[j];
    }
  }
}

int vt__round_fitted(const struct vt__weights *w, const struct vt__samples *s, float *shift, struct vt_err *e)
{
  int64_t blocks_each = (w->channels / w->groups + BLOCK - 1) / BLOCK, each = w->channels / w->groups;
  float *norm = vt_calloc((size_t)VT_MAX(s->k, 1), sizeof *norm);
  float *r = vt_calloc((size_t)VT_MAX(s->n, 1) * BLOCK, sizeof *r);
  if (!norm || !r) {
    vt_free(norm);
    vt_free(r);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  double mean = 0;
  for (int64_t i = 0; i < s->k; i++) {
    norm[i] = dot(s->x + i * s->n, s->x + i * s->n, s->n);
    mean += (double)norm[i] / (double)s->k;
  }
  for (int64_t i = 0; i < s->k; i++) norm[i] += (float)(0.01 * mean + 1e-30);
  for (int64_t b = 0; b < w->groups * blocks_each; b++) {
    int64_t first = b / blocks_each * each + b % blocks_each * BLOCK;
    round_block(w, s, norm, first, VT_MIN(first + BLOCK, (b / blocks_each + 1) * each), shift, r);
  }
  vt_free(norm);
  vt_free(r);
  return 0;
}
