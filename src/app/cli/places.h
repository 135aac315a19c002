/* What a verb reads and what it writes. Nothing that is written may be what is read, or what is written under
 * another option, however the two are spelt: links, ./ and folders that are not there yet are seen through.
 */
#ifndef VT_APP_CLI_PLACES_H
#define VT_APP_CLI_PLACES_H

#include "data/data.h"

enum vt_place_kind {
  VT_READS,          /* a file, or the folder of a set */
  VT_READS_FOLDER,   /* a folder that must be there, of which only some files are read */
  VT_READS_PICTURES, /* the same; no picture below it is written over */
  VT_WRITES,         /* a file; one that is there is replaced */
  VT_WRITES_FOLDER,  /* a folder that gets a whole set: a new or an empty one, so that two never mix */
};
struct vt_place {
  enum vt_place_kind kind;
  const char *name; /* the option or the argument that says it: "--out", "FILE" */
  const char *path; /* NULL: not given; "-", pipes and devices are left to themselves */
};
/* To be called before anything is read or written. VT_EUSAGE names both options of a clash. */
int vt_places_check(const struct vt_place *place, int n, struct vt_err *e);

/* How this format's labels are written. */
enum vt_place_kind vt_place_of(const struct vt_format *f);

#endif
