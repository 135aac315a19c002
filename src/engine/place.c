/* Who lies where: lifetimes, values computed in the bytes of the variable they are assigned to, steps that
 * overwrite an input nobody needs any more, and the arena's plan for the rest.
 *
 * Invariant: no step writes bytes that a later step still reads as something else. A variable is overwritten
 * by a step only if no later step reads its old value; else it is copied at the end of the run. */
#include <limits.h>
#include <string.h>
#include "engine/program_impl.h"

static void lifetimes(struct vt_program *p)
{
  for (int b = 0; b < p->nbufs; b++) {
    p->bufs[b].first = INT_MAX;
    p->bufs[b].last = -1;
  }
  for (int s = 0; s < p->nsteps; s++) {
    const struct vt__step *t = &p->steps[s];
    for (int i = 0; i < t->nin + t->nout; i++) {
      int b = i < t->nin ? t->in[i] : t->out[i - t->nin];
      if (b < 0) continue;
      struct vt__buf *f = &p->bufs[vt__root(p, b)];
      if (f->place == VT__CONST && !(t->packed && i < t->nin && t->packed[i])) f->needed = true;
      if (i >= t->nin) f->first = VT_MIN(f->first, s);
      f->last = VT_MAX(f->last, s);
    }
  }
  for (int i = 0; i < p->graph->noutputs; i++) {
    struct vt__buf *f = &p->bufs[vt__root(p, p->outputs[i])];
    f->keep = true;
    f->last = p->nsteps;
  }
}

/* Whether output i of the step may be written over its input j. */
static bool may_overwrite(const struct vt_program *p, const struct vt__step *s, int i, int j)
{
  if (s->kind != VT__KERNEL && s->kind != VT__REF) return false;
  const struct vt_op_desc *op = s->node->op;
  bool named = (i == 0 && j == 0 && op->traits & VT_INPLACE0) ||
               (i < (int)VT_COUNT(op->inplace) && op->inplace[i] == j + 1);
  if (!named || s->in[j] < 0) return false;
  const struct vt__buf *a = &p->bufs[s->in[j]], *b = &p->bufs[s->out[i]];
  if (a->dtype != b->dtype || a->block != b->block || a->bytes != b->bytes) return false;
  if (a->value->rank != b->value->rank ||
      memcmp(a->value->dim, b->value->dim, (size_t)a->value->rank * sizeof *a->value->dim))
    return false;
  for (int k = 0; k < s->nin; k++) /* no other input shows the same bytes */
    if (k != j && s->in[k] >= 0 && vt__root(p, s->in[k]) == vt__root(p, s->in[j])) return false;
  return true;
}

/* Computes assigned values straight in their variables' bytes where nobody reads the old value afterwards. */
static void place_assigned(struct vt_program *p)
{
  for (int a = 0; a < p->graph->nassigns; a++) {
    struct vt__run_assign *x = &p->assigns[a];
    int r = vt__root(p, x->value);
    struct vt__buf *f = &p->bufs[r], *var = &p->bufs[x->var];
    if (f->place != VT__ARENA || f->bytes != var->bytes || f->first >= p->nsteps) continue;
    const struct vt__step *s = &p->steps[f->first];
    bool free_after = var->last < f->first;
    for (int i = 0; i < s->nout && !free_after; i++) {
      if (s->out[i] != r || var->last != f->first) continue;
      for (int j = 0; j < s->nin && !free_after; j++)
        free_after = s->in[j] >= 0 && vt__root(p, s->in[j]) == x->var && may_overwrite(p, s, i, j);
    }
    if (!free_after) continue;
    f->place = VT__ALIAS;
    f->alias = x->var;
    x->direct = true;
  }
  for (int a = 0; a < p->graph->nassigns; a++) /* the others are copied at the end */
    if (!p->assigns[a].direct) p->bufs[vt__root(p, p->assigns[a].value)].last = p->nsteps;
}

/* Lets outputs take over the bytes of inputs that end with the step. */
static void place_in_steps(struct vt_program *p)
{
  for (int s = 0; s < p->nsteps; s++) {
    const struct vt__step *t = &p->steps[s];
    int taken[VT_MAX_OUT], ntaken = 0;
    for (int i = 0; i < t->nout && i < VT_MAX_OUT; i++) {
      if (t->out[i] < 0) continue;
      struct vt__buf *o = &p->bufs[t->out[i]];
      for (int j = 0; j < t->nin && o->place == VT__ARENA; j++) {
        if (t->in[j] < 0 || !may_overwrite(p, t, i, j)) continue;
        int r = vt__root(p, t->in[j]);
        struct vt__buf *f = &p->bufs[r];
        bool used = f->place != VT__ARENA || f->last != s || f->keep || f->bytes != o->bytes;
        for (int k = 0; k < ntaken; k++) used |= taken[k] == r;
        if (used) continue;
        taken[ntaken++] = r;
        f->last = o->last;
        f->keep = o->keep;
        o->place = VT__ALIAS;
        o->alias = r;
      }
    }
  }
}

static int plan_arena(struct vt_program *p, struct vt_err *e)
{
  struct vt__life *life = vt_calloc((size_t)VT_MAX(p->nbufs, 1), sizeof *life);
  if (!life) return vt_fail(e, VT_ENOMEM, "out of memory");
  int n = 0;
  for (int b = 0; b < p->nbufs; b++) {
    const struct vt__buf *f = &p->bufs[b];
    if (f->place == VT__ARENA && f->first <= p->nsteps)
      life[n++] = (struct vt__life){.bytes = VT_MAX(f->bytes, 1), .first = f->first, .last = f->last};
  }
  int rc = vt__memplan(life, n, &p->arena_bytes, e);
  n = 0;
  for (int b = 0; b < p->nbufs && !rc; b++)
    if (p->bufs[b].place == VT__ARENA && p->bufs[b].first <= p->nsteps) p->bufs[b].offset = life[n++].offset;
  vt_free(life);
  return rc;
}

static int place_variables(struct vt_program *p, struct vt_err *e)
{
  p->vars = vt_arena_alloc(&p->arena, (size_t)VT_MAX(p->nbufs, 1) * sizeof *p->vars);
  if (!p->vars) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int b = 0; b < p->nbufs; b++) {
    if (p->bufs[b].place != VT__VAR) continue;
    p->bufs[b].offset = p->var_bytes;
    p->var_bytes += (p->bufs[b].bytes + 63) & ~(size_t)63;
    p->vars[p->nvars++] = b;
  }
  return 0;
}

int vt__place(struct vt_program *p, struct vt_err *e)
{
  lifetimes(p);
  place_assigned(p);
  place_in_steps(p);
  int rc = plan_arena(p, e);
  if (!rc) rc = place_variables(p, e);
  for (int s = 0; s < p->nsteps; s++) p->scratch_bytes = VT_MAX(p->scratch_bytes, p->steps[s].scratch);
  return rc;
}
