/* Options of the verbs that make masks without a network. */
#ifndef VT_APP_CLI_PLAIN_H
#define VT_APP_CLI_PLAIN_H

#include "app/cli/photos.h"

struct vt_plain_cli {
  int64_t threshold, levels;
  double tolerance, fill;
  bool grey;
};
/* clang-format off */
#define VT_PLAIN_ROWS(T, field)                                                                                     \
  {"grey", 0, VT_OPT_FLAG, offsetof(T, field.grey), NULL, 0, 0, NULL, NULL,                                         \
   "otsu, threshold, multi: look at luma instead of the distance from the background's colour"},                    \
  {"threshold", 0, VT_OPT_INT, offsetof(T, field.threshold), "16", 1, 254, NULL, "LEVEL",                           \
   "threshold: the level; of distance, half a unit of L*a*b* each"},                                                \
  {"levels", 0, VT_OPT_INT, offsetof(T, field.levels), "3", 2, VT_MAX_LEVELS, NULL, "N",                            \
   "multi, kmeans: classes"},                                                                                       \
  {"tolerance", 0, VT_OPT_FLOAT, offsetof(T, field.tolerance), "10", .01, 200, NULL, "UNITS",                       \
   "grow, split-merge: distance of colours in L*a*b* that still belong together"},                                  \
  {"fill", 0, VT_OPT_FLOAT, offsetof(T, field.fill), "0.002", 0, 1, NULL, "SHARE",                                  \
   "holes and pieces smaller than this share of the picture go"}
/* clang-format on */
/* VT_EUSAGE where an option is given that the method does not look at; method < 0: the network. */
int vt_plain_cli_check(const struct vt_cli *cli, int method, struct vt_err *e);
struct vt_plain_opts vt_plain_cli_opts(const struct vt_plain_cli *o, int method);

/* A photo as one found thing named "object"; the label map holds 0 and 1. The result must be cleared in any
 * case. */
int vt_plain_look(struct vt_look_result *r, const char *path, const struct vt_plain_opts *o,
                  struct vt_err *e);

#endif
