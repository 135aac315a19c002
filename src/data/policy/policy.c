/* Applying a policy: steps in order, each by its probability at this epoch. Maps of operations that follow
 * each other are multiplied and carried along; the picture is resampled once, when something looks at its
 * pixels or at the end. */
#include "data/policy/op.h"
#include "data/policy/steps.h"

void vt_policy_free(struct vt_policy *p)
{
  if (!p) return;
  vt_arena_clear(&p->arena);
  vt_free(p);
}

bool vt_policy_mixes(const struct vt_policy *p)
{
  return p->mixes;
}

struct runner {
  struct vt_aug_env env;
  struct vt_rng *rng;
  struct vt_aug_sample *s;
  struct vt_aug_move pending;
  bool moved; /* pending holds something */
};

static double chance_of(const struct vt__step_opts *o, double epoch)
{
  if (epoch < o->start) return 0;
  return o->ramp > 0 ? o->p * VT_MIN((epoch - o->start) / o->ramp, 1) : o->p;
}

static int flush(struct runner *r, struct vt_err *e)
{
  if (!r->moved) return 0;
  r->moved = false;
  return vt_aug_sample_move(r->s, &r->pending, &r->env, e);
}

static int run_op(struct runner *r, const struct vt__step *s, struct vt_err *e)
{
  int rc;
  if (!s->op->move) {
    if ((rc = flush(r, e))) return rc;
    rc = vt_aug_op_run(s->op, s->opts, &r->env, r->rng, r->s, e);
    return rc ? vt_fail_in(e, rc, "%s", s->op->name) : 0;
  }
  struct vt_aug_draw d = {0};
  struct vt_aug_move g;
  int w = r->moved ? r->pending.width : r->s->image.width,
      h = r->moved ? r->pending.height : r->s->image.height;
  if (s->op->draw) s->op->draw(s->opts, w, h, r->rng, d.v);
  s->op->move(s->opts, d.v, w, h, &g);
  if (r->moved) vt__map3(g.m, g.m, r->pending.m);
  r->pending = g;
  r->moved = true;
  return 0;
}

static int run_step(struct runner *r, const struct vt__step *s, struct vt_err *e)
{
  double p = chance_of(s->common, r->env.epoch);
  int rc = 0;
  if (p <= 0 || (p < 1 && vt_rng_unit(r->rng) >= p)) return 0;
  if (!s->group) return run_op(r, s, e);
  if (s->group == VT__ALL) {
    for (int i = 0; i < s->n && !rc; i++) rc = run_step(r, &s->child[i], e);
    return rc;
  }
  double sum = 0;
  for (int i = 0; i < s->n; i++) sum += s->child[i].common->weight;
  double at = vt_rng_unit(r->rng) * sum;
  for (int i = 0; i < s->n; i++) {
    at -= s->child[i].common->weight;
    if (at < 0) return run_step(r, &s->child[i], e);
  }
  return 0;
}

int vt_policy_apply(const struct vt_policy *p, const struct vt_aug_env *env, struct vt_rng *rng,
                    struct vt_aug_sample *s, struct vt_err *e)
{
  struct runner r = {.env = *env, .rng = rng, .s = s};
  if (s->image.channels != 3 || s->image.borrowed)
    return vt_fail(e, VT_ESHAPE, "augmentation of %d channels, expected RGB of its own", s->image.channels);
  if (s->labels.px && (s->labels.width != s->image.width || s->labels.height != s->image.height))
    return vt_fail(e, VT_ESHAPE, "label map of %d x %d for a picture of %d x %d", s->labels.width,
                   s->labels.height, s->image.width, s->image.height);
  r.env.fill = (uint8_t)p->fill;
  r.env.label_fill = (uint8_t)p->label_fill;
  r.env.min_visible = p->min_visible;
  int rc = run_step(&r, &p->all, e);
  return rc ? rc : flush(&r, e);
}
