/* The steps of a comparison that read files; private to compare*.c and the fuzzer. */
#ifndef VT_APP_COMPARE_INTERNAL_H
#define VT_APP_COMPARE_INTERNAL_H

#include "app/compare.h"

/* results.csv and recipe.yaml of the folder `path`. */
int vt__compare_read(struct vt_comparison *c, struct vt_run *r, const char *path, struct vt_err *e);
/* Which column decides, and each run's row by it. */
int vt__compare_choose(struct vt_comparison *c, const char *metric, struct vt_err *e);

#endif
