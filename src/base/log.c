/* Log lines and progress on stderr. */
#include "base/base.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int shown_level = VT_LOG_INFO;

void vt_log_set(enum vt_log_level level)
{
  atomic_store(&shown_level, (int)level);
}

void vt_log(enum vt_log_level level, const char *fmt, ...)
{
  static const char *const word[] = {"error: ", "warning: ", "", "debug: "};
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  if ((int)level > atomic_load(&shown_level)) return;
  char line[2048];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(line, sizeof line, fmt, ap);
  va_end(ap);
  pthread_mutex_lock(&lock);
  fprintf(stderr, "vitrine: %s%s\n", word[level], line);
  pthread_mutex_unlock(&lock);
}

void vt_progress_start(struct vt_progress *p, const char *what, const char *unit, int64_t total)
{
  *p = (struct vt_progress){what, unit, total, 0, vt_now(), 0, isatty(STDERR_FILENO)};
}

static void show(const struct vt_progress *p, double now)
{
  double rate = (double)p->done / VT_MAX(now - p->start, 1e-9);
  if (p->total > 0)
    fprintf(stderr, "\r%s %3.0f %% %lld/%lld %s, %.0f/s, %.0f s left \033[K", p->what,
            100.0 * (double)p->done / (double)p->total, (long long)p->done, (long long)p->total, p->unit,
            rate, (double)(p->total - p->done) / VT_MAX(rate, 1e-9));
  else
    fprintf(stderr, "\r%s %lld %s, %.0f/s \033[K", p->what, (long long)p->done, p->unit, rate);
}

void vt_progress_add(struct vt_progress *p, int64_t n)
{
  p->done += n;
  if (!p->tty) return;
  double now = vt_now();
  if (now - p->shown < 0.1) return;
  p->shown = now;
  show(p, now);
}

void vt_progress_end(struct vt_progress *p)
{
  if (!p->tty || p->shown == 0) return;
  show(p, vt_now());
  fputc('\n', stderr);
}
