/* The table of schedules, and the warm-up that all of them share. */
#include "train/trainer.h"

#define SCHEDULE(name) extern const struct vt_schedule_desc vt_schedule_##name;
#include "train/schedules.list"
#undef SCHEDULE

const struct vt_schedule_desc *const vt_schedules[] = {
#define SCHEDULE(name) &vt_schedule_##name,
#include "train/schedules.list"
#undef SCHEDULE
    NULL};
const int vt_nschedules = (int)VT_COUNT(vt_schedules) - 1;

double vt__learning_rate(const struct vt_recipe *r, const struct vt_schedule_state *s, int64_t step,
                         int64_t per_epoch)
{
  const struct vt_schedule_desc *d = vt_schedules[r->schedule];
  double warm = r->warmup * (double)per_epoch, total = (double)r->epochs * (double)per_epoch;
  double rise = (double)step < warm ? (double)(step + 1) / warm : 1;
  double p = (double)step < warm || total <= warm ? 0 : ((double)step - warm) / (total - warm);
  return r->lr * VT_MIN(rise, 1.0) * d->factor(r, s, VT_MIN(p, 1.0), (double)step / (double)per_epoch);
}
