/* label_descriptions.json, which lies beside tables of masks and names their classes. One that names other
 * classes is never written over, nor left to misname what is put beside it. */
#ifndef VT_APP_CLI_DESCRIPTIONS_H
#define VT_APP_CLI_DESCRIPTIONS_H

#include "data/data.h"

/* Of a table `out` that takes over rows of `table`, which was read into `l` as `o` says. */
struct vt_descriptions {
  const char *table, *out;
  const struct vt_format *format;
  const struct vt_labels_opts *o;
  const struct vt_labels *l;
};
/* VT_ESTATE where a file beside `out` says something else of a class or an attribute. */
int vt_descriptions_check(const struct vt_descriptions *d, struct vt_err *e);
/* Puts the descriptions of `table` beside `out`, where there are none. */
int vt_descriptions_copy(const struct vt_descriptions *d, struct vt_err *e);
/* VT_ESTATE where any lie beside `table`. */
int vt_descriptions_none(const char *table, struct vt_err *e);

#endif
