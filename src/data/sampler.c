/* Orders of samples for training, by class. Samples are first sorted by class (counting), so that a class is
 * a range. */
#include "data/split.h"

#include <string.h>

enum { MAX_CLASS = 1 << 24 };

struct ranges {
  int64_t *sample; /* positions, class by class */
  int64_t *start;  // (classes + 1)
  int32_t *used;   /* classes that occur */
  int64_t nused, least, most;
};

static int sort_by_class(struct ranges *r, const int32_t *label, int64_t count, struct vt_err *e)
{
  int32_t top = -1;
  for (int64_t i = 0; i < count; i++) top = VT_MAX(top, label[i]);
  if (top > MAX_CLASS) return vt_fail(e, VT_ELIMIT, "class %d; at most %d", top, MAX_CLASS);
  r->sample = vt_calloc((size_t)count + 1, sizeof *r->sample);
  r->start = vt_calloc((size_t)top + 3, sizeof *r->start);
  r->used = vt_calloc((size_t)top + 2, sizeof *r->used);
  if (!r->sample || !r->start || !r->used) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < count; i++)
    if (label[i] >= 0) r->start[label[i] + 2]++;
  for (int32_t c = 0; c <= top; c++) r->start[c + 2] += r->start[c + 1];
  for (int64_t i = 0; i < count; i++)
    if (label[i] >= 0) r->sample[r->start[label[i] + 1]++] = i;
  for (int32_t c = 0; c <= top; c++) {
    int64_t n = r->start[c + 1] - r->start[c];
    if (!n) continue;
    r->least = r->nused ? VT_MIN(r->least, n) : n;
    r->most = VT_MAX(r->most, n);
    r->used[r->nused++] = c;
  }
  return r->nused ? 0 : vt_fail(e, VT_EARG, "no sample has a class");
}

static int64_t draw(struct vt_rng *rng, const struct ranges *r, int32_t c)
{
  return r->sample[r->start[c] + vt_rng_below(rng, (uint32_t)(r->start[c + 1] - r->start[c]))];
}

static int64_t over(int64_t *out, struct ranges *r, struct vt_rng *rng)
{
  int64_t n = 0;
  for (int64_t k = 0; k < r->nused; k++) {
    int32_t c = r->used[k];
    int64_t has = r->start[c + 1] - r->start[c];
    memcpy(out + n, r->sample + r->start[c], (size_t)has * sizeof *out);
    for (n += has; has < r->most; has++) out[n++] = draw(rng, r, c);
  }
  return n;
}

static int64_t under(int64_t *out, struct ranges *r, struct vt_rng *rng)
{
  int64_t n = 0;
  for (int64_t k = 0; k < r->nused; k++) {
    int64_t *range = r->sample + r->start[r->used[k]];
    vt_rng_shuffle(rng, range, r->start[r->used[k] + 1] - r->start[r->used[k]]);
    memcpy(out + n, range, (size_t)r->least * sizeof *out);
    n += r->least;
  }
  return n;
}

/* Rounds over all classes in random order; of each the first m of a shuffled range. */
static int64_t m_per_class(int64_t *out, struct ranges *r, int64_t n, int m, struct vt_rng *rng)
{
  int64_t at = 0;
  while (at < n) {
    for (int64_t k = r->nused - 1; k > 0; k--) {
      int64_t j = vt_rng_below(rng, (uint32_t)(k + 1));
      int32_t t = r->used[k];
      r->used[k] = r->used[j];
      r->used[j] = t;
    }
    for (int64_t k = 0; k < r->nused && at < n; k++) {
      int64_t *range = r->sample + r->start[r->used[k]],
              has = r->start[r->used[k] + 1] - r->start[r->used[k]];
      for (int64_t i = 0; i < VT_MIN(has, m) && at < n; i++) {
        int64_t j = i + vt_rng_below(rng, (uint32_t)(has - i)), t = range[j];
        range[j] = range[i];
        out[at++] = range[i] = t;
      }
    }
  }
  return n;
}

int64_t vt_sample_order(int64_t **out, const int32_t *label, int64_t count, enum vt_sampling how, int64_t n,
                        int m, uint64_t seed, struct vt_err *e)
{
  struct ranges r = {0};
  struct vt_rng rng;
  int64_t *v = NULL, got = 0, room = n;
  *out = NULL;
  vt_rng_init(&rng, seed, 0, 0);
  if (n < 0 || count < 0 || count > UINT32_MAX || (how == VT_SAMPLE_M_PER_CLASS && m < 1))
    return vt_fail(e, VT_EARG, "%lld draws of %lld samples, %d a class", (long long)n, (long long)count, m);
  int rc = sort_by_class(&r, label, count, e);
  if (!rc && how == VT_SAMPLE_OVER) room = r.most * r.nused;
  if (!rc && how == VT_SAMPLE_UNDER) room = r.least * r.nused;
  if (!rc && !(v = vt_reallocarray(NULL, (size_t)room + 1, sizeof *v)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) {
    switch (how) {
    case VT_SAMPLE_OVER: got = over(v, &r, &rng); break;
    case VT_SAMPLE_UNDER: got = under(v, &r, &rng); break;
    case VT_SAMPLE_M_PER_CLASS: got = m_per_class(v, &r, n, m, &rng); break;
    default:
      for (got = 0; got < n; got++) v[got] = draw(&rng, &r, r.used[vt_rng_below(&rng, (uint32_t)r.nused)]);
    }
    if (how == VT_SAMPLE_OVER || how == VT_SAMPLE_UNDER) vt_rng_shuffle(&rng, v, got);
    *out = v;
  }
  vt_free(r.sample);
  vt_free(r.start);
  vt_free(r.used);
  return rc ? rc : got;
}

int vt_shuffle_labels(int32_t *label, int64_t count, double share, uint64_t seed, struct vt_err *e)
{
  struct vt_rng rng;
  if (!(share >= 0 && share <= 1)) return vt_fail(e, VT_EARG, "share %g; expected 0 to 1", share);
  int64_t *at = vt_calloc((size_t)count + 1, sizeof *at);
  if (!at) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < count; i++) at[i] = i;
  vt_rng_init(&rng, seed, 0, 0);
  vt_rng_shuffle(&rng, at, count);
  for (int64_t i = (int64_t)(share * (double)count + .5) - 1; i > 0;
       i--) { /* Fisher-Yates among the chosen */
    int64_t j = vt_rng_below(&rng, (uint32_t)(i + 1));
    int32_t t = label[at[i]];
    label[at[i]] = label[at[j]];
    label[at[j]] = t;
  }
  vt_free(at);
  return 0;
}
