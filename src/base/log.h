/* Log lines and progress, both on stderr. Synchronised. */
#ifndef VT_BASE_LOG_H
#define VT_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum vt_log_level { VT_LOG_ERROR, VT_LOG_WARN, VT_LOG_INFO, VT_LOG_DEBUG };
void vt_log_set(enum vt_log_level level); /* default INFO */
void vt_log(enum vt_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Progress: a bar with rate and ETA on a terminal, else nothing but what the caller logs. total 0 = unknown.
 */
struct vt_progress {
  const char *what, *unit;
  int64_t total, done;
  double start, shown;
  bool tty;
};
void vt_progress_start(struct vt_progress *p, const char *what, const char *unit, int64_t total);
void vt_progress_add(struct vt_progress *p, int64_t n);
void vt_progress_end(struct vt_progress *p);

#endif
