/* Completions for bash, zsh and fish, written from the verbs' descriptors. */
#include "app/cli/help.h"

#include <string.h>

/* 'text' for a shell: quotes by `quote`, each character of `special` behind a backslash. */
static void quoted(struct vt_buf *b, const char *s, const char *quote, const char *special)
{
  for (; *s; s++) {
    if (*s == '\'') {
      vt_buf_adds(b, quote);
      continue;
    }
    if (strchr(special, *s)) vt_buf_addc(b, '\\');
    vt_buf_addc(b, *s);
  }
}

static void words(struct vt_buf *b, const char *choices)
{
  for (; *choices; choices++) vt_buf_addc(b, (char)(*choices == '|' ? ' ' : *choices));
}

/* Calls `each` for the first word of every verb, once. */
static void first_words(struct vt_buf *b, const char *between)
{
  const char *comma = "";
  for (int i = 0; i < vt_nverbs; i++) {
    size_t n;
    const char *second, *first = vt_verb_words(vt_verbs[i], &n, &second);
    if (vt_verb_first_seen(i)) continue;
    vt_buf_addf(b, "%s%.*s", comma, (int)n, first);
    comma = between;
  }
}

/* The second words of verbs whose first is that of verb i. */
static void second_words(struct vt_buf *b, int i)
{
  size_t n, m;
  const char *second, *first = vt_verb_words(vt_verbs[i], &n, &second), *comma = "";
  for (int k = 0; k < vt_nverbs; k++) {
    const char *other = vt_verb_words(vt_verbs[k], &m, &second);
    if (m != n || memcmp(first, other, n) || !second) continue;
    vt_buf_addf(b, "%s%s", comma, second);
    comma = " ";
  }
}

/* A `case` arm per first word that has second ones. */
static void second_cases(struct vt_buf *b, const char *assign)
{
  for (int i = 0; i < vt_nverbs; i++) {
    size_t n;
    const char *second, *first = vt_verb_words(vt_verbs[i], &n, &second);
    if (!second || vt_verb_first_seen(i)) continue;
    vt_buf_addf(b, "    %.*s) %s\"", (int)n, first, assign);
    second_words(b, i);
    vt_buf_adds(b, "\" ;;\n");
  }
}

static void bash_options(struct vt_buf *b, const struct vt_opt *o, int n)
{
  for (int i = 0; i < n; i++) {
    vt_buf_addf(b, " --%s", o[i].name);
    if (o[i].letter) vt_buf_addf(b, " -%c", o[i].letter);
  }
}

void vt_help_bash(struct vt_buf *b)
{
  vt_buf_adds(b, "# bash completion of vitrine, written by: vitrine help --completions bash\n"
                 "_vitrine() {\n"
                 "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                 "  local verb=${COMP_WORDS[1]} second= words= from=2\n"
                 "  case $verb in\n");
  second_cases(b, "second=");
  vt_buf_adds(b, "  esac\n"
                 "  if [ -n \"$second\" ]; then verb=\"$verb ${COMP_WORDS[2]}\" from=3; fi\n"
                 "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words=\"");
  first_words(b, " ");
  vt_buf_adds(b, " --version\"\n  elif [ \"$COMP_CWORD\" -lt \"$from\" ]; then\n    words=$second\n  else\n"
                 "    case \"$verb $prev\" in\n");
  for (int i = 0; i < vt_nverbs; i++)
    for (int k = 0; k < vt_verbs[i]->nopt; k++) {
      const struct vt_opt *o = &vt_verbs[i]->opt[k];
      if (o->type != VT_OPT_ENUM) continue;
      vt_buf_addf(b, "    \"%s --%s\"", vt_verbs[i]->name, o->name);
      if (o->letter) vt_buf_addf(b, " | \"%s -%c\"", vt_verbs[i]->name, o->letter);
      vt_buf_adds(b, ") words=\"");
      words(b, o->choices);
      vt_buf_adds(b, "\" ;;\n");
    }
  vt_buf_adds(b, "    *)\n      case $cur in -*) case $verb in\n");
  for (int i = 0; i < vt_nverbs; i++) {
    vt_buf_addf(b, "      \"%s\") words=\"", vt_verbs[i]->name);
    bash_options(b, vt_verbs[i]->opt, vt_verbs[i]->nopt);
    bash_options(b, vt_common_opts, vt_ncommon_opts);
    vt_buf_adds(b, "\" ;;\n");
  }
  vt_buf_adds(b, "      esac ;; esac ;;\n    esac\n  fi\n"
                 "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
                 "complete -o default -F _vitrine vitrine\n");
}

static void zsh_options(struct vt_buf *b, const struct vt_opt *o, int n)
{
  for (int i = 0; i < n; i++) {
    const char *arg = vt_opt_arg(&o[i]);
    vt_buf_adds(b, " \\\n        ");
    if (o[i].type == VT_OPT_LIST) vt_buf_adds(b, "'*'");
    if (o[i].letter)
      vt_buf_addf(b, "{-%c,--%s}'[", o[i].letter, o[i].name);
    else
      vt_buf_addf(b, "'--%s[", o[i].name);
    quoted(b, o[i].help, "'\\''", "[]:\\");
    vt_buf_addc(b, ']');
    if (o[i].type == VT_OPT_ENUM) {
      vt_buf_addf(b, ":%s:(", o[i].arg ? o[i].arg : o[i].name);
      words(b, o[i].choices);
      vt_buf_addc(b, ')');
    } else if (arg) {
      vt_buf_addc(b, ':');
      quoted(b, arg, "'\\''", "[]:\\");
      vt_buf_adds(b, ":_files");
    }
    vt_buf_addc(b, '\'');
  }
}

void vt_help_zsh(struct vt_buf *b)
{
  vt_buf_adds(b, "#compdef vitrine\n# zsh completion of vitrine, written by: vitrine help --completions zsh\n"
                 "_vitrine() {\n  local verb=${words[2]} second= from=3\n  case $verb in\n");
  second_cases(b, "second=");
  vt_buf_adds(b, "  esac\n  [[ -n $second ]] && verb=\"$verb ${words[3]}\" from=4\n"
                 "  if (( CURRENT == 2 )); then\n    compadd -- ");
  first_words(b, " ");
  vt_buf_adds(b,
              "\n    return\n  fi\n  if (( CURRENT < from )); then\n    compadd -- ${=second}\n    return\n"
              "  fi\n  words=(\"$verb\" \"${(@)words[from,-1]}\")\n  (( CURRENT -= from - 2 ))\n"
              "  case $verb in\n");
  for (int i = 0; i < vt_nverbs; i++) {
    vt_buf_addf(b, "    '%s')\n      _arguments -s", vt_verbs[i]->name);
    zsh_options(b, vt_verbs[i]->opt, vt_verbs[i]->nopt);
    zsh_options(b, vt_common_opts, vt_ncommon_opts);
    vt_buf_adds(b, " \\\n        '*:argument:_files' ;;\n");
  }
  vt_buf_adds(b, "  esac\n}\n_vitrine \"$@\"\n");
}

static void fish_options(struct vt_buf *b, const char *when, const struct vt_opt *o, int n)
{
  for (int i = 0; i < n; i++) {
    vt_buf_addf(b, "complete -c vitrine -n '%s' -l %s", when, o[i].name);
    if (o[i].letter) vt_buf_addf(b, " -s %c", o[i].letter);
    if (o[i].type == VT_OPT_ENUM) {
      vt_buf_adds(b, " -x -a '");
      words(b, o[i].choices);
      vt_buf_addc(b, '\'');
    } else if (o[i].type != VT_OPT_FLAG) {
      vt_buf_adds(b, " -r");
    }
    vt_buf_adds(b, " -d '");
    quoted(b, o[i].help, "\\'", "\\");
    vt_buf_adds(b, "'\n");
  }
}

void vt_help_fish(struct vt_buf *b)
{
  vt_buf_adds(b, "# fish completion of vitrine, written by: vitrine help --completions fish\n");
  for (int i = 0; i < vt_nverbs; i++) {
    size_t n;
    const char *second, *first = vt_verb_words(vt_verbs[i], &n, &second);
    char when[160];
    if (!vt_verb_first_seen(i)) {
      vt_buf_addf(b, "complete -c vitrine -n __fish_use_subcommand -f -a %.*s -d '", (int)n, first);
      quoted(b, second ? "verbs on this" : vt_verbs[i]->summary, "\\'", "\\");
      vt_buf_adds(b, "'\n");
    }
    snprintf(when, sizeof when, "__fish_seen_subcommand_from %.*s", (int)n, first);
    if (second) {
      vt_buf_addf(b, "complete -c vitrine -n '%s; and not __fish_seen_subcommand_from ", when);
      second_words(b, i);
      vt_buf_addf(b, "' -f -a %s -d '", second);
      quoted(b, vt_verbs[i]->summary, "\\'", "\\");
      vt_buf_adds(b, "'\n");
      snprintf(when, sizeof when, "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s",
               (int)n, first, second);
    }
    fish_options(b, when, vt_verbs[i]->opt, vt_verbs[i]->nopt);
  }
  fish_options(b, "not __fish_use_subcommand", vt_common_opts, vt_ncommon_opts);
}
