/* A JSON file read as a stream of events: memory stays at one chunk however large the file. Built on yajl. */
#ifndef VT_DATA_JSON_STREAM_H
#define VT_DATA_JSON_STREAM_H

#include "data/labels_internal.h"

/* Events; each returns 0 or an error, which ends the reading. Strings are not NUL-terminated. */
struct vt__json_events {
  int (*key)(void *ctx, const char *s, size_t n, struct vt_err *e);
  int (*string)(void *ctx, const char *s, size_t n, struct vt_err *e);
  int (*number)(void *ctx, const char *s, size_t n, struct vt_err *e);
  int (*literal)(void *ctx, int value, struct vt_err *e); /* 0 false, 1 true, -1 null */
  int (*open)(void *ctx, bool array, struct vt_err *e);
  int (*close)(void *ctx, bool array, struct vt_err *e);
};
/* The message names the file, and the line where the text is malformed. "-" is stdin. */
int vt__json_stream(const char *path, const struct vt__json_events *events, void *ctx, struct vt_err *e);

#endif
