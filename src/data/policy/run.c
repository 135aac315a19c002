/* The list of operations, and one operation by itself. */
#include "data/policy/op.h"

#define AUGMENT(name) extern const struct vt_aug_op vt_aug_op_##name;
#include "data/augment.list"
#undef AUGMENT

const struct vt_aug_op *const vt_aug_ops[] = {
#define AUGMENT(name) &vt_aug_op_##name,
#include "data/augment.list"
#undef AUGMENT
    NULL};

const struct vt_aug_op *vt_aug_find(const char *name, struct vt_err *e)
{
  struct vt_buf b = {0};
  for (int i = 0; vt_aug_ops[i]; i++) {
    if (!strcmp(vt_aug_ops[i]->name, name)) {
      vt_buf_clear(&b);
      return vt_aug_ops[i];
    }
    vt_buf_addf(&b, "%s%s", i ? ", " : "", vt_aug_ops[i]->name);
  }
  vt_fail(e, VT_EUSAGE, "unknown augmentation '%.60s'; known: one-of, sometimes, %s", name,
          b.data ? b.data : "");
  vt_buf_clear(&b);
  return NULL;
}

int vt_aug_op_run(const struct vt_aug_op *op, const void *opts, const struct vt_aug_env *env,
                  struct vt_rng *rng, struct vt_aug_sample *s, struct vt_err *e)
{
  struct vt_aug_draw d = {0};
  struct vt_aug_move g;
  if (s->image.channels != 3 || s->image.borrowed)
    return vt_fail(e, VT_ESHAPE, "augmentation of %d channels, expected RGB of its own", s->image.channels);
  if (op->draw) op->draw(opts, s->image.width, s->image.height, rng, d.v);
  vt_rng_init(&d.rng, vt_rng_u64(rng), 0, 0);
  if (!op->move) return op->apply(opts, &d, env, s, e);
  op->move(opts, d.v, s->image.width, s->image.height, &g);
  return vt_aug_sample_move(s, &g, env, e);
}

static void put_bound(struct vt_buf *b, const struct vt_aug_op *op, const struct vt_opt *o)
{
  vt_buf_addf(b, "    %-12s", o->name);
  if (o->type == VT_OPT_ENUM)
    vt_buf_addf(b, "%s, default %s", o->choices, o->value);
  else if (o->type == VT_OPT_FLAG)
    vt_buf_addf(b, "yes|no, default %s", o->value ? o->value : "no");
  else
    vt_buf_addf(b, "%.6g..%.6g%s%s, default %s", o->lo, o->hi, o->arg ? " " : "", o->arg ? o->arg : "",
                o->value ? o->value : "0");
  for (int i = 0; i < (int)VT_COUNT(op->safe) && op->safe[i].option; i++)
    if (!strcmp(op->safe[i].option, o->name))
      vt_buf_addf(b, ", safe %.6g..%.6g", op->safe[i].lo, op->safe[i].hi);
  vt_buf_addf(b, ": %s\n", o->help);
}

void vt_aug_help(struct vt_buf *out)
{
  for (int i = 0; vt_aug_ops[i]; i++) {
    const struct vt_aug_op *op = vt_aug_ops[i];
    vt_buf_addf(out, "%s: %s\n", op->name, op->what);
    for (int k = 0; k < op->nopt; k++) put_bound(out, op, &op->opt[k]);
  }
}
