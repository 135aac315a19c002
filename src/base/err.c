/* Error codes and messages. */
#include "base/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __clang_analyzer__
#undef vt_fail
#undef vt_fail_in
#undef vt_fail_errno
#endif

int vt_fail(struct vt_err *e, int code, const char *fmt, ...)
{
  if (e) {
    va_list ap;
    va_start(ap, fmt);
    e->code = code;
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
  }
  return code;
}

int vt_fail_in(struct vt_err *e, int code, const char *fmt, ...)
{
  if (e) {
    char inner[sizeof e->msg], context[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    memcpy(inner, e->msg, sizeof inner);
    inner[sizeof inner - 1] = 0;
    e->code = code;
    size_t n = (size_t)snprintf(e->msg, sizeof e->msg, "%s: ", context);
    if (n < sizeof e->msg) {
      size_t room = sizeof e->msg - n - 1, len = strlen(inner);
      memcpy(e->msg + n, inner, VT_MIN(len, room));
      e->msg[n + VT_MIN(len, room)] = 0;
    }
  }
  return code;
}

int vt_fail_errno(struct vt_err *e, const char *path)
{
  int code = errno == ENOENT || errno == ENOTDIR ? VT_ENOENT
             : errno == EROFS || errno == EACCES ? VT_EREADONLY
                                                 : VT_EIO;
  return vt_fail(e, code, "%s: %s", path, strerror(errno));
}

const char *vt_err_word(int code)
{
  switch (code) {
  case VT_OK: return "done";
#define X(name, value, word)                                                                                 \
  case name: return word;
    VT_ERR_TABLE(X)
#undef X
  }
  return "unknown error";
}
