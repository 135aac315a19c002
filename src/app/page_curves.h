/* Charts of curves for pages of measures. */
#ifndef VT_APP_PAGE_CURVES_H
#define VT_APP_PAGE_CURVES_H

#include "eval/eval.h"

/* Two charts: precision over recall under the title `over`, and F1 over the least score, which names the
 * best; one line a class with truth, their mean drawn wide. name: (classes). */
int vt_page_curves(struct vt_buf *b, const struct vt_pr_curves *c, const char *const *name, const char *over,
                   struct vt_err *e);

#endif
