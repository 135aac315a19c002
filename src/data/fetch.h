/* Fetching pictures from lists of addresses, many hosts at once, over http and https.
 *
 * Nothing that a server says is believed: names of files are our own, made from ids; sizes are counted while
 * bytes come; what came must decode as a picture. A folder holds the pictures and results.csv, which is the
 * journal as well: a line for each address that is settled, appended as it happens, put in the list's order
 * at the end. A later run reads it and fetches only what is missing.
 *
 * results.csv: id,url,status,reason,bytes,type,width,height,file
 *   status  ok; dead: no later try will help (gone, no picture, too large); failed: it might (time, busy
 *           server, broken connection)
 *   bytes   received at the last try; type: jpeg, png, webp, gif, heif, avif, or what the server called it
 *   file    name in the folder, of ok ones
 * A row whose id has another address in the list of a later run stays, as those of ids that are not in it do,
 * until that address has brought a picture; then it goes, and its file with it. */
#ifndef VT_DATA_FETCH_H
#define VT_DATA_FETCH_H

#include "base/base.h"
#include "data/problems.h"

struct vt_fetch_item {
  const char *id, *url;
  int64_t line;
};
/* Ids are distinct; ids that are whole numbers compare as numbers ("007" is "7"). Filled it is immutable. */
struct vt_fetch_list {
  struct vt_arena arena;
  int64_t n, cap;
  struct vt_fetch_item *item;
  int64_t again;               /* rows that repeat an earlier one */
  int64_t skipped;             /* lenient: malformed rows left out */
  struct vt_problems problems; /* which, and why */
  int64_t *slot;               /* hash table: item + 1, 0 free */
  int64_t nslots;
};
enum vt_fetch_form {
  VT_FETCH_AUTO,  /* by the first line */
  VT_FETCH_PLAIN, /* an address a line; its id is a hash of it */
  VT_FETCH_PAIRS, /* id,url a line, no header (Street2Shop's photos.txt) */
  VT_FETCH_CSV    /* a table with a header */
};
struct vt_fetch_list_opts {
  enum vt_fetch_form form;
  const char *url_column, *id_column; /* CSV; NULL: "url", and "id" if there is such a column */
  bool lenient;                       /* leave out malformed rows, and count them */
};
/* Appends a file's rows ("-" = standard input). Addresses are not judged here. The list must be zero or
 * filled by this. */
int vt_fetch_list_read(struct vt_fetch_list *l, const char *path, const struct vt_fetch_list_opts *o,
                       struct vt_err *e);
int64_t vt_fetch_list_find(const struct vt_fetch_list *l, const char *id); /* -1 if absent */
void vt_fetch_list_clear(struct vt_fetch_list *l);

enum vt_fetch_status { VT_FETCH_MISSING, VT_FETCH_OK, VT_FETCH_DEAD, VT_FETCH_FAILED };
extern const char *const vt_fetch_status_name[];

struct vt_fetch_opts {
  const char *out;              /* folder, made if missing */
  int total, per_host;          /* transfers at once: in all, from one host */
  int retries;                  /* further tries after a failure that may pass */
  int redirects;                /* followed at most */
  double connect_timeout;       /* seconds */
  double timeout;               /* seconds for one try */
  double backoff, backoff_most; /* seconds before the first further try, doubled each time; the longest wait,
                                   also for what a server's Retry-After asks */
  int64_t max_bytes;            /* of one picture */
  bool header_only;             /* look only at the header, not at every pixel */
  bool retry_dead;              /* try dead ones again */
};
extern const struct vt_fetch_opts vt_fetch_defaults; /* without a folder */

struct vt_fetch_result {
  enum vt_fetch_status status;
  const char *reason; /* "" if ok */
  int64_t bytes;
  const char *type, *file;
  int width, height;
};
struct vt_fetch_totals {
  int64_t n, had, fetched, dead, failed, bytes; /* had: ok before this run; bytes: of the fetched */
};
/* Fetches what is missing. result: (l->n), strings in `arena`. VT_EINTERRUPTED after Ctrl-C, with what came
 * so far kept and results.csv written. */
int vt_fetch_run(const struct vt_fetch_list *l, const struct vt_fetch_opts *o, struct vt_fetch_result *result,
                 struct vt_arena *arena, struct vt_fetch_totals *t, struct vt_err *e);

/* Rows of pairs of which both halves came to `out`, the others to `lost` (a table: line,field,id,reason). The
 * file is a JSON list of objects, or a table; `photos` names its fields (columns) that hold ids of the list.
 * Where it has a field "product", that needs a picture too: by `products`, files of rows with photo and
 * product. Objects are kept as they are. */
struct vt_fetch_pairs {
  const char *in, *out, *lost;
  int nphotos;
  const char *const *photos;
  const struct vt_strings *products; /* may be empty: products are not looked at */
};
int vt_fetch_pairs_keep(const struct vt_fetch_pairs *p, const struct vt_fetch_list *l,
                        const struct vt_fetch_result *result, int64_t *rows, int64_t *kept, struct vt_err *e);

#endif
