/* Options: one row each, read by the command line's parser, the recipes' parser, the help text, the shell
 * completions and the manual. A row writes into a plain struct of options. */
#ifndef VT_BASE_OPTION_H
#define VT_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"

enum vt_opt_type {
  VT_OPT_FLAG,   /* bool: --name (yes, no, true, false in recipes) */
  VT_OPT_INT,    /* int64_t, bounds lo..hi */
  VT_OPT_FLOAT,  /* double, bounds lo..hi, finite */
  VT_OPT_STRING, /* const char *, in the arena; NULL = not given */
  VT_OPT_ENUM,   /* int: position in `choices`, words separated by '|' */
  VT_OPT_LIST,   /* struct vt_strings: repeatable on the command line, a sequence or a,b in recipes */
};

struct vt_strings {
  int n;
  const char **v;
};

struct vt_opt {
  const char *name; /* long name, without dashes; in recipes dotted: "optimizer.lr" */
  char letter;      /* short form or 0 */
  enum vt_opt_type type;
  size_t offset;       /* into the options struct */
  const char *value;   /* default as text, NULL = zero / not given */
  double lo, hi;       /* inclusive bounds for INT and FLOAT (both 0: none) */
  const char *choices; /* ENUM: "f32|bf16|int8|auto" */
  const char *arg;     /* name of the argument in help: "FILE"; unit where it has one: "SECONDS" */
  const char *help;    /* one sentence, no full stop */
};

/* Sets every field to its row's default. Strings come from `a`. */
int vt_opt_defaults(const struct vt_opt *rows, int n, void *opts, struct vt_arena *a, struct vt_err *e);
/* Sets one field from text, checked against type and bounds; the message names the option, the value and what
 * is allowed. Unknown names: VT_EUSAGE with the nearest known name. */
int vt_opt_set(const struct vt_opt *rows, int n, void *opts, struct vt_arena *a, const char *name,
               const char *value, struct vt_err *e);
const struct vt_opt *vt_opt_find(const struct vt_opt *rows, int n, const char *name);
/* The field's present value as text that vt_opt_set would take. */
void vt_opt_print(const struct vt_opt *row, const void *opts, struct vt_buf *out);
/* Parses argv[1..argc) : `--name value`, `--name=value`, `-k value`, flags, `--` ends options; what is no
 * option goes to `rest` in order. */
int vt_opt_parse(const struct vt_opt *rows, int n, void *opts, struct vt_arena *a, int argc,
                 char *const *argv, struct vt_strings *rest, struct vt_err *e);
/* Help: one aligned line per row. */
void vt_opt_help(const struct vt_opt *rows, int n, struct vt_buf *out);

#endif
