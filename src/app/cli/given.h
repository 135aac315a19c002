/* Options that stand on the command line, and what they go with: one that would be ignored is an error. */
#ifndef VT_APP_CLI_GIVEN_H
#define VT_APP_CLI_GIVEN_H

#include "app/cli/verb.h"

struct vt_goes {
  const char *option; /* its long name, without dashes */
  bool goes;          /* whether it has a meaning here */
  const char *with;   /* "goes with --folds": the rest of the message */
};
int vt_goes_check(const struct vt_cli *cli, const struct vt_goes *g, int n, struct vt_err *e);

#endif
