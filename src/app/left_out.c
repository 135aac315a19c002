/* What reading left out: the first on the log, all of it in a table. */
#include "app/left_out.h"

enum { SHOWN = 20 };

int vt_reading_check(const struct vt_reading *r, struct vt_err *e)
{
  return r->left_out && !r->lenient ? vt_fail(e, VT_EUSAGE, "--left-out goes with --lenient") : 0;
}

int vt_reading_write(const struct vt_reading *r, const struct vt_buf *table, struct vt_err *e)
{
  if (table->failed) return vt_fail(e, VT_ENOMEM, "out of memory");
  return r->left_out ? vt_file_write_atomic(r->left_out, table->data, table->len, e) : 0;
}

/* The first of the list, and all of it in a table. */
static int list_problems(const struct vt_problems *p, const char *path, const struct vt_reading *r,
                         struct vt_err *e)
{
  struct vt_buf b = {0};
  for (int64_t i = 0; i < VT_MIN(p->n, SHOWN); i++) vt_log(VT_LOG_WARN, "  %s", p->v[i].text);
  if (p->n > SHOWN)
    vt_log(VT_LOG_WARN, "  and %lld more%s", (long long)(p->n - SHOWN),
           r->left_out ? "" : "; --left-out FILE.csv lists them all");
  if (!r->left_out) return 0;
  vt_problems_table(p, path, &b);
  int rc = vt_reading_write(r, &b, e);
  vt_buf_clear(&b);
  return rc;
}

static void say_count(int64_t n, const char *path, int64_t of)
{
  if (n && of)
    vt_log(VT_LOG_WARN, "%s: %lld of %lld left out", path, (long long)n, (long long)of);
  else if (n)
    vt_log(VT_LOG_WARN, "%s: %lld left out", path, (long long)n);
}

int vt_say_problems(const struct vt_problems *p, const char *path, int64_t of, const struct vt_reading *r,
                    struct vt_err *e)
{
  say_count(p->n, path, of);
  return list_problems(p, path, r, e);
}

void vt_say_losses(const char *path, const struct vt_losses *losses)
{
  for (int k = 0; k < losses->n; k++)
    vt_log(VT_LOG_WARN, "%s: dropped: %s (%lld)", path, losses->v[k].what, (long long)losses->v[k].count);
}

int vt_say_read(const struct vt_labels *l, const char *path, bool written, const struct vt_reading *r,
                struct vt_err *e)
{
  if (written || r->lenient) vt_say_losses(path, &l->dropped);
  const int64_t pictures = l->problems.n - l->skipped - l->lost;
  say_count(l->skipped, path, l->rows);
  if (l->lost)
    vt_log(VT_LOG_WARN, "%s: %d picture%s left out, with nothing left of what %s", path, l->lost,
           l->lost > 1 ? "s" : "", l->lost > 1 ? "they show" : "it shows");
  if (pictures)
    vt_log(VT_LOG_WARN, "%s: %lld picture%s cannot be read", path, (long long)pictures,
           pictures > 1 ? "s" : "");
  return list_problems(&l->problems, path, r, e);
}
