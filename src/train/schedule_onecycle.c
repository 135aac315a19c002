/* One cycle (Smith, Topin 2018, "Super-convergence"): half a cosine up from `schedule.start` to 1 over the
 * share `schedule.rise` of the steps, then half a cosine down to `schedule.final`. */
#include "train/trainer.h"

#include <math.h>

static double blend(double from, double to, double p)
{
  return to + (from - to) * 0.5 * (1 + cos(3.141592653589793 * p));
}

static double factor(const struct vt_recipe *r, const struct vt_schedule_state *s, double p, double epoch)
{
  (void)s, (void)epoch;
  return p < r->rise ? blend(r->start, 1, p / r->rise) : blend(1, r->final, (p - r->rise) / (1 - r->rise));
}

const struct vt_schedule_desc vt_schedule_onecycle = {
    "onecycle", "cosine from start lr up to lr at p = rise, then down to final lr", factor, NULL};
