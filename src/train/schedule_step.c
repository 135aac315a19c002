/* Every `schedule.step` epochs the learning rate is multiplied by `schedule.gamma`. */
#include "train/trainer.h"

#include <math.h>

static double factor(const struct vt_recipe *r, const struct vt_schedule_state *s, double p, double epoch)
{
  (void)s, (void)p;
  return pow(r->gamma, floor(epoch / (double)r->step));
}

const struct vt_schedule_desc vt_schedule_step = {"step", "lr gamma^floor(epoch / step)", factor, NULL};
