/* What the program says about itself, all of it from the verbs' descriptors and option rows: help texts, the
 * manual page, shell completions. */
#ifndef VT_APP_CLI_HELP_H
#define VT_APP_CLI_HELP_H

#include "app/cli/verb.h"

/* The options that every verb takes. */
extern const struct vt_opt vt_common_opts[];
extern const int vt_ncommon_opts;

/* The list of verbs; one verb's usage, summary, paragraphs and options. */
void vt_help_overview(struct vt_buf *out);
void vt_help_verb(const struct vt_verb *v, struct vt_buf *out);
/* The manual page vitrine(1), in man(7) macros, ASCII only. */
void vt_help_manual(struct vt_buf *out);
/* Completion scripts. Each offers verbs, second words, options, and the words of options that have choices;
 * elsewhere files. */
void vt_help_bash(struct vt_buf *out);
void vt_help_zsh(struct vt_buf *out);
void vt_help_fish(struct vt_buf *out);

/* The first word of a verb's name, its length in *n; whether the verb has a second one (*second, or NULL). */
const char *vt_verb_words(const struct vt_verb *v, size_t *n, const char **second);
/* Whether an earlier verb of the table has the same first word. */
bool vt_verb_first_seen(int i);
/* What stands for an option's value: its argument's name, its choices, or NULL for a flag. */
const char *vt_opt_arg(const struct vt_opt *o);

#endif
