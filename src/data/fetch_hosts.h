/* Which address is fetched next: a queue for each host, hosts served in turn, none beyond its share; what
 * waits (a further try, a host that asked for rest) wakes in order of time. Times are vt_now()'s. Confined.
 */
#ifndef VT_DATA_FETCH_HOSTS_H
#define VT_DATA_FETCH_HOSTS_H

#include "base/base.h"

struct vt__hosts;
int vt__hosts_new(struct vt__hosts **out, int64_t items, int per_host, struct vt_err *e);
void vt__hosts_free(struct vt__hosts *h);
/* Puts an item at the end of its host's queue; url is http or https. */
int vt__hosts_add(struct vt__hosts *h, int64_t item, const char *url, struct vt_err *e);
/* The item to start now, which takes one of its host's places; -1: none. */
int64_t vt__hosts_next(struct vt__hosts *h, double now);
/* Gives its place back. */
void vt__hosts_done(struct vt__hosts *h, int64_t item);
/* The item comes again at `due`. */
int vt__hosts_again(struct vt__hosts *h, int64_t item, double due, struct vt_err *e);
/* Nothing of the item's host starts before `until`. */
int vt__hosts_rest(struct vt__hosts *h, int64_t item, double until, struct vt_err *e);
/* Whether the item's host took the connection; returns how many in a row it has not. */
int vt__hosts_answered(struct vt__hosts *h, int64_t item, bool yes);
int vt__hosts_unanswered(const struct vt__hosts *h, int64_t item);
/* When the next waiting thing wakes; infinity without any. */
double vt__hosts_due(const struct vt__hosts *h);

#endif
