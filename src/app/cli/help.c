/* vitrine help: what --help tells, and on demand the manual page and the shell completions. */
#include "app/cli/help.h"

#include <string.h>

struct opts {
  bool man;
  int completions;
};
enum { SHELL_NONE, SHELL_BASH, SHELL_ZSH, SHELL_FISH };

static const struct vt_opt rows[] = {
    {"man", 0, VT_OPT_FLAG, offsetof(struct opts, man), NULL, 0, 0, NULL, NULL,
     "print the manual page, in man(7) macros"},
    {"completions", 0, VT_OPT_ENUM, offsetof(struct opts, completions), "none", 0, 0, "none|bash|zsh|fish",
     "SHELL", "print the completions for a shell: bash, zsh or fish"},
};

const struct vt_opt vt_common_opts[] = {
    {"help", 'h', VT_OPT_FLAG, 0, NULL, 0, 0, NULL, NULL, "tell the verb's options and do nothing"},
    {"threads", 0, VT_OPT_INT, 0, NULL, 1, 1024, NULL, "N",
     "threads to compute with; VITRINE_THREADS does the same, else all processors"},
    {"quiet", 0, VT_OPT_FLAG, 0, NULL, 0, 0, NULL, NULL, "no progress and no remarks, only errors"},
};
const int vt_ncommon_opts = (int)VT_COUNT(vt_common_opts);

const char *vt_verb_words(const struct vt_verb *v, size_t *n, const char **second)
{
  const char *space = strchr(v->name, ' ');
  *n = space ? (size_t)(space - v->name) : strlen(v->name);
  *second = space ? space + 1 : NULL;
  return v->name;
}

bool vt_verb_first_seen(int i)
{
  size_t n, m;
  const char *second, *first = vt_verb_words(vt_verbs[i], &n, &second);
  for (int k = 0; k < i; k++) {
    const char *other = vt_verb_words(vt_verbs[k], &m, &second);
    if (n == m && !memcmp(first, other, n)) return true;
  }
  return false;
}

const char *vt_opt_arg(const struct vt_opt *o)
{
  if (o->type == VT_OPT_FLAG) return NULL;
  return o->arg ? o->arg : o->type == VT_OPT_ENUM ? o->choices : "VALUE";
}

void vt_help_overview(struct vt_buf *out)
{
  vt_buf_addf(out, "vitrine %s: visual search for fashion\n\nusage: vitrine VERB [options] [arguments]\n\n",
              VT_VERSION);
  for (int i = 0; i < vt_nverbs; i++)
    vt_buf_addf(out, "  %-18s %s\n", vt_verbs[i]->name, vt_verbs[i]->summary);
  vt_buf_adds(out, "\n'vitrine VERB --help' tells a verb's options. Every verb takes --threads N and "
                   "--quiet.\n");
}

void vt_help_verb(const struct vt_verb *v, struct vt_buf *out)
{
  vt_buf_addf(out, "usage: vitrine %s [options] %s\n\n%s.\n", v->name, v->args ? v->args : "", v->summary);
  if (v->help) vt_buf_addf(out, "\n%s\n", v->help);
  if (v->nopt) vt_buf_adds(out, "\noptions:\n");
  vt_opt_help(v->opt, v->nopt, out);
}

static const struct vt_verb *named(const struct vt_strings *args)
{
  for (int i = 0; i < vt_nverbs; i++) {
    size_t n;
    const char *second, *first = vt_verb_words(vt_verbs[i], &n, &second);
    if (strlen(args->v[0]) != n || memcmp(args->v[0], first, n)) continue;
    if (args->n == 1 ? !second : second && !strcmp(second, args->v[1])) return vt_verbs[i];
  }
  return NULL;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  const struct vt_verb *v = args->n == 1 || args->n == 2 ? named(args) : NULL;
  if (args->n && !v)
    return vt_fail(e, VT_EUSAGE, "help: no verb '%s%s%s'", args->v[0], args->n > 1 ? " " : "",
                   args->n > 1 ? args->v[1] : "");
  struct vt_buf b;
  vt_buf_init(&b);
  if (o->man)
    vt_help_manual(&b);
  else if (o->completions == SHELL_BASH)
    vt_help_bash(&b);
  else if (o->completions == SHELL_ZSH)
    vt_help_zsh(&b);
  else if (o->completions == SHELL_FISH)
    vt_help_fish(&b);
  else if (v)
    vt_help_verb(v, &b);
  else
    vt_help_overview(&b);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  if (!rc && b.data) fputs(b.data, cli->out);
  vt_buf_clear(&b);
  return rc;
}

const struct vt_verb vt_verb_help = {
    .name = "help",
    .args = "[VERB]",
    .summary = "tell what a verb does; print the manual page or shell completions",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
