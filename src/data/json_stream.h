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
/* Where the reading of a file is: for messages. */
struct vt__json_place {
  void *handle;
  const char *chunk;
  size_t counted; /* bytes of the chunk whose lines are in `line` */
  int64_t before; /* bytes of the file before the chunk */
  int64_t line;
  bool damaged; /* reading ended where grammar or UTF-8 is broken; what was told before stands */
};
int64_t vt__json_line(struct vt__json_place *p); /* of the event that is being told, 1-based */
/* The message names the file, and the line where the text is malformed. "-" is stdin. While it runs, `p` can
 * be asked for the line. */
int vt__json_stream(const char *path, const struct vt__json_events *events, void *ctx,
                    struct vt__json_place *p, struct vt_err *e);
/* The events of one value that is in memory. The message is the grammar's alone. */
int vt__json_text(const char *text, size_t n, const struct vt__json_events *events, void *ctx,
                  struct vt_err *e);

#endif
