/* Shared by the files of fetching. */
#ifndef VT_DATA_FETCH_INTERNAL_H
#define VT_DATA_FETCH_INTERNAL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include "data/fetch.h"

/* libcurl, loaded when the first list is fetched: linking it would slow every start of the program. */
#define VT_CURL_FUNCTIONS(X)                                                                                 \
  X(curl_global_init)                                                                                        \
  X(curl_easy_init)                                                                                          \
  X(curl_easy_cleanup)                                                                                       \
  X(curl_easy_reset)                                                                                         \
  X(curl_easy_setopt)                                                                                        \
  X(curl_easy_getinfo)                                                                                       \
  X(curl_easy_strerror)                                                                                      \
  X(curl_multi_init)                                                                                         \
  X(curl_multi_cleanup)                                                                                      \
  X(curl_multi_setopt)                                                                                       \
  X(curl_multi_add_handle)                                                                                   \
  X(curl_multi_remove_handle)                                                                                \
  X(curl_multi_perform)                                                                                      \
  X(curl_multi_poll)                                                                                         \
  X(curl_multi_info_read)                                                                                    \
  X(curl_multi_strerror)
struct vt__curl {
#define X(name) __typeof__(name) *name;
  VT_CURL_FUNCTIONS(X)
#undef X
};
/* NULL with a message naming the package, where the library is missing. Synchronised. */
const struct vt__curl *vt__curl_load(struct vt_err *e);

/* One row; the same id with the same address counts as a repetition, with another it is VT_EFORMAT. */
int vt__fetch_list_add(struct vt_fetch_list *l, const char *path, int64_t line, const char *id,
                       const char *url, struct vt_err *e);

/* results.csv. Opening reads what is there into `result` and appends from there on. */
struct vt__journal {
  FILE *f;
  char *path;
  const char *out; /* the folder, borrowed */
};
int vt__journal_open(struct vt__journal *j, const struct vt_fetch_list *l, const char *out,
                     struct vt_fetch_result *result, struct vt_arena *arena, struct vt_err *e);
int vt__journal_add(struct vt__journal *j, const struct vt_fetch_item *item, const struct vt_fetch_result *r,
                    struct vt_err *e);
/* Puts the rows in the list's order (those of other lists after them); closes. Also after a failure. */
int vt__journal_finish(struct vt__journal *j, const struct vt_fetch_list *l,
                       const struct vt_fetch_result *result, struct vt_err *e);
void vt__journal_close(struct vt__journal *j);

/* A file name made from an id: letters, digits, "-", "_", "." that is not first; where anything had to be
 * changed, a hash of the id is added, so that different ids have different names. */
enum { VT__FETCH_NAME_BYTES = 96 };
void vt__fetch_name(const char *id, char name[VT__FETCH_NAME_BYTES]);

/* What came, looked at: fills type, width and height of `r`; or why it is no picture. */
int vt__fetch_check(const char *path, bool header_only, struct vt_fetch_result *r, struct vt_err *e);

#endif
