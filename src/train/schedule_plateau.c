/* When `schedule.patience` validations in a row brought no better metric, the learning rate is multiplied by
 * `schedule.gamma`; it never falls under `schedule.final` times the first. */
#include "train/trainer.h"

static double factor(const struct vt_recipe *r, const struct vt_schedule_state *s, double p, double epoch)
{
  (void)p, (void)epoch;
  return VT_MAX(s->factor, r->final);
}

static void validated(const struct vt_recipe *r, struct vt_schedule_state *s, bool better)
{
  s->bad = better ? 0 : s->bad + 1;
  if (s->bad < r->patience) return;
  s->factor = VT_MAX(s->factor * r->gamma, r->final);
  s->bad = 0;
}

const struct vt_schedule_desc vt_schedule_plateau = {
    "plateau", "lr gamma^(number of times the metric stood still for `patience` validations)", factor,
    validated};
