/* The table of tasks, and the entry for other folders. */
#include "train/trainer.h"

#define TASK(name) extern const struct vt_task_desc vt_task_##name;
#include "train/tasks.list"
#undef TASK

const struct vt_task_desc *const vt_tasks[] = {
#define TASK(name) &vt_task_##name,
#include "train/tasks.list"
#undef TASK
    NULL};
const int vt_ntasks = (int)VT_COUNT(vt_tasks) - 1;

int vt_train_run(const struct vt_registry *r, const struct vt_train_opts *o, struct vt_err *e)
{
  return vt__train_run(r, o, vt_tasks, vt_ntasks, e);
}

int vt_train_bench(const struct vt_registry *r, const struct vt_train_opts *o, int steps, struct vt_buf *out,
                   struct vt_err *e)
{
  return vt__train_bench(r, o, vt_tasks, vt_ntasks, steps, out, e);
}

int vt_train_keys(const char *task, struct vt_buf *out, struct vt_err *e)
{
  struct vt_recipe_file f;
  int rc = vt__recipe_defaults(&f, task, vt_tasks, vt_ntasks, e);
  if (rc) return rc;
  vt__recipe_print(&f, out);
  vt__recipe_clear(&f);
  return out->failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

void vt_metrics_add(struct vt_metrics *m, const char *name, double value)
{
  if (m->n == VT_MAX_METRICS) return;
  snprintf(m->v[m->n].name, sizeof m->v[m->n].name, "%s", name);
  m->v[m->n++].value = value;
}
