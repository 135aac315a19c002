/* Option rows: defaults, checked setting, printing, parsing of argv, help. */
#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct vt_opt *vt_opt_find(const struct vt_opt *rows, int n, const char *name)
{
  for (int i = 0; i < n; i++)
    if (!strcmp(rows[i].name, name)) return &rows[i];
  return NULL;
}

/* Levenshtein distance of short strings, for "did you mean". */
static int distance(const char *a, const char *b)
{
  int row[65], la = (int)strlen(a), lb = (int)strlen(b);
  if (la > 64 || lb > 64) return 99;
  for (int j = 0; j <= lb; j++) row[j] = j;
  for (int i = 1; i <= la; i++) {
    int diag = row[0];
    row[0] = i;
    for (int j = 1; j <= lb; j++) {
      int keep = row[j], change = diag + (a[i - 1] != b[j - 1]);
      row[j] = VT_MIN(VT_MIN(row[j] + 1, row[j - 1] + 1), change);
      diag = keep;
    }
  }
  return row[lb];
}

static int unknown(const struct vt_opt *rows, int n, const char *name, struct vt_err *e)
{
  const char *best = NULL;
  int least = 99;
  for (int i = 0; i < n; i++) {
    int d = distance(name, rows[i].name);
    if (d < least) least = d, best = rows[i].name;
  }
  if (best && least <= VT_MAX(2, (int)strlen(name) / 3))
    return vt_fail(e, VT_EUSAGE, "unknown option '%s'; did you mean '%s'?", name, best);
  return vt_fail(e, VT_EUSAGE, "unknown option '%s'", name);
}

static int enum_index(const char *choices, const char *value)
{
  size_t n = strlen(value);
  int i = 0;
  for (const char *s = choices; s; s = strchr(s, '|') ? strchr(s, '|') + 1 : NULL, i++)
    if (strcspn(s, "|") == n && !strncmp(s, value, n)) return i;
  return -1;
}

static int append(struct vt_strings *list, struct vt_arena *a, const char *s)
{
  const char **v = vt_arena_alloc(a, (size_t)(list->n + 1) * sizeof *v);
  char *copy = vt_arena_strdup(a, s);
  if (!v || !copy) return VT_ENOMEM;
  if (list->n) memcpy(v, list->v, (size_t)list->n * sizeof *v);
  v[list->n] = copy;
  list->v = v;
  list->n++;
  return 0;
}

static int set(const struct vt_opt *o, void *opts, struct vt_arena *a, const char *value, struct vt_err *e)
{
  void *field = (char *)opts + o->offset;
  bool bounded = o->lo != 0 || o->hi != 0;
  switch (o->type) {
  case VT_OPT_FLAG: {
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};
    for (size_t i = 0; i < VT_COUNT(words); i++)
      if (!strcmp(value, words[i])) {
        *(bool *)field = i & 1;
        return 0;
      }
    return vt_fail(e, VT_EUSAGE, "%s: '%s': expected yes or no", o->name, value);
  }
  case VT_OPT_INT: {
    int64_t v;
    if (!vt_parse_i64(value, &v))
      return vt_fail(e, VT_EUSAGE, "%s: '%s': expected a whole number", o->name, value);
    if (bounded && ((double)v < o->lo || (double)v > o->hi))
      return vt_fail(e, VT_EUSAGE, "%s: %s: expected %.15g to %.15g", o->name, value, o->lo, o->hi);
    *(int64_t *)field = v;
    return 0;
  }
  case VT_OPT_FLOAT: {
    double v;
    if (!vt_parse_f64(value, &v)) return vt_fail(e, VT_EUSAGE, "%s: '%s': expected a number", o->name, value);
    if (bounded && (v < o->lo || v > o->hi))
      return vt_fail(e, VT_EUSAGE, "%s: %s: expected %.15g to %.15g", o->name, value, o->lo, o->hi);
    *(double *)field = v;
    return 0;
  }
  case VT_OPT_STRING: {
    char *copy = vt_arena_strdup(a, value);
    if (!copy) return vt_fail(e, VT_ENOMEM, "%s: out of memory", o->name);
    *(const char **)field = copy;
    return 0;
  }
  case VT_OPT_ENUM: {
    int i = enum_index(o->choices, value);
    if (i < 0) return vt_fail(e, VT_EUSAGE, "%s: '%s': expected one of %s", o->name, value, o->choices);
    *(int *)field = i;
    return 0;
  }
  case VT_OPT_LIST:
    if (append(field, a, value)) return vt_fail(e, VT_ENOMEM, "%s: out of memory", o->name);
    return 0;
  }
  return vt_fail(e, VT_ESTATE, "%s: option of unknown type", o->name);
}

int vt_opt_defaults(const struct vt_opt *rows, int n, void *opts, struct vt_arena *a, struct vt_err *e)
{
  for (int i = 0; i < n; i++) {
    if (!rows[i].value) continue;
    int rc = set(&rows[i], opts, a, rows[i].value, e);
    if (rc) return rc;
  }
  return 0;
}

int vt_opt_set(const struct vt_opt *rows, int n, void *opts, struct vt_arena *a, const char *name,
               const char *value, struct vt_err *e)
{
  const struct vt_opt *o = vt_opt_find(rows, n, name);
  return o ? set(o, opts, a, value, e) : unknown(rows, n, name, e);
}

void vt_opt_print(const struct vt_opt *o, const void *opts, struct vt_buf *out)
{
  const void *field = (const char *)opts + o->offset;
  switch (o->type) {
  case VT_OPT_FLAG: vt_buf_adds(out, *(const bool *)field ? "yes" : "no"); break;
  case VT_OPT_INT: vt_buf_addf(out, "%lld", (long long)*(const int64_t *)field); break;
  case VT_OPT_FLOAT: vt_buf_addf(out, "%.17g", *(const double *)field); break;
  case VT_OPT_STRING: vt_buf_adds(out, *(const char *const *)field ? *(const char *const *)field : ""); break;
  case VT_OPT_ENUM: {
    const char *s = o->choices;
    for (int i = *(const int *)field; i > 0 && s; i--) s = strchr(s, '|') ? strchr(s, '|') + 1 : NULL;
    if (s) vt_buf_add(out, s, strcspn(s, "|"));
    break;
  }
  case VT_OPT_LIST: {
    const struct vt_strings *l = field;
    for (int i = 0; i < l->n; i++) vt_buf_addf(out, "%s%s", i ? "," : "", l->v[i]);
    break;
  }
  }
}

static const struct vt_opt *find_letter(const struct vt_opt *rows, int n, char letter)
{
  for (int i = 0; i < n; i++)
    if (rows[i].letter == letter) return &rows[i];
  return NULL;
}

int vt_opt_parse(const struct vt_opt *rows, int n, void *opts, struct vt_arena *a, int argc,
                 char *const *argv, struct vt_strings *rest, struct vt_err *e)
{
  bool only_rest = false;
  for (int i = 1; i < argc; i++) {
    const char *s = argv[i], *value = NULL;
    if (only_rest || s[0] != '-' || !s[1]) {
      if (append(rest, a, s)) return vt_fail(e, VT_ENOMEM, "out of memory");
      continue;
    }
    if (!strcmp(s, "--")) {
      only_rest = true;
      continue;
    }
    const struct vt_opt *o;
    if (s[1] == '-') {
      const char *eq = strchr(s, '=');
      char *name = eq ? vt_arena_strndup(a, s + 2, (size_t)(eq - s - 2)) : vt_arena_strdup(a, s + 2);
      if (!name) return vt_fail(e, VT_ENOMEM, "out of memory");
      if (!(o = vt_opt_find(rows, n, name))) return unknown(rows, n, name, e);
      value = eq ? eq + 1 : NULL;
    } else {
      if (!(o = find_letter(rows, n, s[1]))) return vt_fail(e, VT_EUSAGE, "unknown option '%s'", s);
      if (s[2]) value = s + 2;
    }
    if (!value && o->type == VT_OPT_FLAG) value = "yes";
    if (!value && i + 1 < argc) value = argv[++i];
    if (!value)
      return vt_fail(e, VT_EUSAGE, "--%s: expected a value (%s)", o->name, o->arg ? o->arg : "VALUE");
    int rc = set(o, opts, a, value, e);
    if (rc) return rc;
  }
  return 0;
}

void vt_opt_help(const struct vt_opt *rows, int n, struct vt_buf *out)
{
  for (int i = 0; i < n; i++) {
    const struct vt_opt *o = &rows[i];
    char left[80], letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    const char *arg = o->type == VT_OPT_FLAG   ? ""
                      : o->arg                 ? o->arg
                      : o->type == VT_OPT_ENUM ? o->choices
                                               : "VALUE";
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, *arg ? " " : "", arg);
    vt_buf_addf(out, "  %-36s %s", left, o->help);
    if (o->value && o->type != VT_OPT_FLAG) vt_buf_addf(out, " [%s]", o->value);
    if (o->type == VT_OPT_LIST) vt_buf_adds(out, " (repeatable)");
    vt_buf_addc(out, '\n');
  }
}
