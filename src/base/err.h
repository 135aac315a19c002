/* Errors: a negative code and a message that names the file, field or shape at fault.
 *
 * Every function that can fail returns 0 or one of these codes and takes, as its last argument, a nullable
 * `struct vt_err *`. The message is for a person: what was wrong, where, and what was expected. */
#ifndef VT_BASE_ERR_H
#define VT_BASE_ERR_H

#include <stddef.h>

/* code, value, word for people */
#define VT_ERR_TABLE(X)                                                                                      \
  X(VT_ENOMEM, -1, "out of memory")                                                                          \
  X(VT_EIO, -2, "input/output error")                                                                        \
  X(VT_ENOENT, -3, "not found")                                                                              \
  X(VT_EFORMAT, -4, "malformed data")                                                                        \
  X(VT_ELIMIT, -5, "limit exceeded")                                                                         \
  X(VT_EARG, -6, "invalid argument")                                                                         \
  X(VT_ESHAPE, -7, "shape mismatch")                                                                         \
  X(VT_EUNSUPPORTED, -8, "not supported")                                                                    \
  X(VT_ESTATE, -9, "wrong state")                                                                            \
  X(VT_EBUSY, -10, "busy")                                                                                   \
  X(VT_EREADONLY, -11, "read-only")                                                                          \
  X(VT_EINTERRUPTED, -12, "interrupted")                                                                     \
  X(VT_EUSAGE, -13, "usage")

enum {
  VT_OK = 0,
#define X(name, value, word) name = value,
  VT_ERR_TABLE(X)
#undef X
};

struct vt_err {
  int code;
  char msg[1024];
};

/* Records code and message in `e` (if not NULL) and returns `code`: `return vt_fail(e, VT_EIO, "%s: …", p);`
 */
int vt_fail(struct vt_err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the message already in `e`; returns e's code. For adding the file name on the way
 * up. */
int vt_fail_in(struct vt_err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* VT_EIO with strerror(errno), or VT_ENOENT / VT_EREADONLY where errno says so. */
int vt_fail_errno(struct vt_err *e, const char *path);

#ifdef __clang_analyzer__
/* For the static analyser, which sees one file at a time: failing gives the code, so what follows knows it is
 * not 0. */
void vt__analyser_uses(const void *e, ...);
#define vt_fail(e, code, ...)    (vt__analyser_uses(e, __VA_ARGS__), (code))
#define vt_fail_in(e, code, ...) (vt__analyser_uses(e, __VA_ARGS__), (code))
#define vt_fail_errno(e, path)   (vt__analyser_uses(e, path), VT_EIO)
#endif

/* The table's word for a code; "unknown error" for others. Immutable. */
const char *vt_err_word(int code);

#endif
