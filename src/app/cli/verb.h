/* A verb of the command line: one file with one `const struct vt_verb vt_verb_NAME`, one line VERB(NAME) in
 * verbs.list. Sub-verbs ("model info") are verbs whose name has a space. Option rows feed the parser, --help,
 * the manual page and the shell completions. */
#ifndef VT_APP_CLI_VERB_H
#define VT_APP_CLI_VERB_H

#include <stdio.h>
#include "backend/backend.h"
#include "base/base.h"

/* Exit codes. */
enum { VT_EXIT_DONE = 0, VT_EXIT_FAILED = 1, VT_EXIT_USAGE = 2, VT_EXIT_PART = 3 };

struct vt_cli {
  struct vt_arena arena; /* options and arguments live here */
  FILE *out;             /* results go here, messages to stderr */
  const struct vt_verb *verb;
  int argc; /* the verb's words, from the second on */
  char *const *argv;
};

struct vt_verb {
  const char *name;    /* "index", "model info" */
  const char *args;    /* "PATH|CSV…" for the usage line */
  const char *summary; /* one line, no full stop */
  const char *help;    /* more paragraphs, or NULL */
  const struct vt_opt *opt;
  int nopt;
  size_t opts_size;
  /* Returns an exit code >= 0, or a negative error whose message main prints (VT_EUSAGE: exit 2, others 1).
   */
  int (*run)(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e);
};
extern const struct vt_verb *const vt_verbs[];
extern const int vt_nverbs;

/* Where models are sought: --models, VITRINE_MODELS, beside the program, the source tree's models/, the
 * prefix. Path in the arena, or NULL with the list of places in the message. */
enum { VT_MAX_MODEL_PLACES = 6 };
int vt_model_places(struct vt_cli *cli, const char *models_option, const char **places); /* how many */
const char *vt_find_model(struct vt_cli *cli, const char *models_option, const char *name, struct vt_err *e);

#endif
