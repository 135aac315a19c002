/* Half a cosine from 1 down to `schedule.final` (Loshchilov, Hutter 2017, "SGDR", without restarts). */
#include "train/trainer.h"

#include <math.h>

static double factor(const struct vt_recipe *r, const struct vt_schedule_state *s, double p, double epoch)
{
  (void)s, (void)epoch;
  return r->final + (1 - r->final) * 0.5 * (1 + cos(3.141592653589793 * p));
}

const struct vt_schedule_desc vt_schedule_cosine = {"cosine", "lr (final + (1 - final) (1 + cos(pi p)) / 2)",
                                                    factor, NULL};
