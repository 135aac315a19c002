/* Anchors by class: each source's samples in the order of data/sampler.c, taken one after the other, from the
 * start again at the end. */
#include "train/embed_pool.h"

static int32_t class_of(const struct vt__embed_sample *x, bool by_key)
{
  return by_key ? (int32_t)x->code : x->group;
}

static int fill(struct vt__embed_pool *p, const struct vt__embed_task *t, int k, uint64_t seed,
                struct vt_err *e)
{
  const struct vt__embed_samples *s = &t->s;
  const int64_t n = s->nsource[k];
  const enum vt_sampling how = (enum vt_sampling)(t->o.sampler.kind - 1);
  bool by_key = false, known = false;
  int32_t *label = vt_calloc((size_t)n + 1, sizeof *label);
  if (!label) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int64_t i = 0; i < n && how == VT_SAMPLE_M_PER_CLASS; i++)
    by_key |= s->v[s->of_source[k][i]].code >= 0;
  for (int64_t i = 0; i < n; i++) {
    label[i] = class_of(&s->v[s->of_source[k][i]], by_key);
    known |= label[i] >= 0;
  }
  int64_t got = known ? vt_sample_order(&p->v[k], label, n, how, n, (int)t->o.sampler.m, seed, e) : 0;
  vt_free(label);
  if (got < 0) return (int)got;
  p->n[k] = got;
  for (int64_t i = 0; i < got; i++) p->v[k][i] = s->of_source[k][p->v[k][i]];
  return 0;
}

int vt__embed_pool_init(struct vt__embed_pool *p, const struct vt__embed_task *t, int epoch, struct vt_err *e)
{
  struct vt_rng rng;
  int rc = 0;
  *p = (struct vt__embed_pool){.at = {0}};
  vt_rng_init(&rng, t->seed, (uint64_t)epoch, 0x706f6f6c);
  for (int k = 0; k < VT__NSOURCES && !rc && t->o.sampler.kind; k++) {
    const uint64_t seed = vt_rng_u64(&rng);
    if (t->s.nsource[k] && t->share[k]) rc = fill(p, t, k, seed, e);
  }
  return rc;
}

void vt__embed_pool_clear(struct vt__embed_pool *p)
{
  for (int k = 0; k < VT__NSOURCES; k++) vt_free(p->v[k]);
  *p = (struct vt__embed_pool){.at = {0}};
}

int64_t vt__embed_pool_next(struct vt__embed_pool *p, const struct vt__embed_samples *s, int64_t source,
                            struct vt_rng *rng)
{
  if (p->n[source]) return p->v[source][p->at[source]++ % p->n[source]];
  return s->of_source[source][vt_rng_below(rng, (uint32_t)s->nsource[source])];
}
