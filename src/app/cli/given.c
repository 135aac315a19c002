/* Options that stand on the command line: its words are looked at as vt_opt_parse does. */
#include "app/cli/given.h"

#include <string.h>

static const struct vt_opt *option_of(const struct vt_verb *v, const char *word)
{
  const size_t n = strcspn(word + 2, "=");
  for (int i = 0; i < v->nopt; i++) {
    const struct vt_opt *o = &v->opt[i];
    if (word[1] == '-' ? strlen(o->name) == n && !strncmp(word + 2, o->name, n) : o->letter == word[1])
      return o;
  }
  return NULL;
}

static bool given(const struct vt_cli *cli, const char *name)
{
  for (int i = 1; i < cli->argc; i++) {
    const char *word = cli->argv[i];
    if (!strcmp(word, "--")) return false;
    const struct vt_opt *o = word[0] == '-' && word[1] ? option_of(cli->verb, word) : NULL;
    if (!o) continue;
    if (!strcmp(o->name, name)) return true;
    const bool holds_value = word[1] == '-' ? strchr(word, '=') != NULL : word[2] != 0;
    i += o->type != VT_OPT_FLAG && !holds_value;
  }
  return false;
}

int vt_goes_check(const struct vt_cli *cli, const struct vt_goes *g, int n, struct vt_err *e)
{
  for (int i = 0; i < n; i++)
    if (!g[i].goes && given(cli, g[i].option))
      return vt_fail(e, VT_EUSAGE, "--%s %s", g[i].option, g[i].with);
  return 0;
}
