/* Recipes: YAML read into option rows.
 *
 * The tree that libyaml makes of the file is flattened to dotted keys with line numbers ("optimizer.lr", line
 * 7), each checked against the rows of the trainer and of the task. Mappings nest or are written dotted;
 * sequences of scalars fill lists. A policy of augmentation is one value, whatever is in it. Overrides
 * (key=value) come after the file; a list given there replaces the file's. */
#include "train/policy.h"
#include "train/recipe_flow.h"
#include "train/trainer.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 8, MAX_ENTRIES = 4096 };

struct entry {
  const char *key, *value; /* value NULL: the empty list */
  int64_t line;            /* 0: from the command line */
  bool more;               /* further item of the list before it */
};
struct entries {
  struct vt_arena *arena;
  const char *path;
  int n;
  struct entry *v; /* MAX_ENTRIES */
};

static int fault(const struct entries *t, int64_t line, struct vt_err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static int fault(const struct entries *t, int64_t line, struct vt_err *e, const char *fmt, ...)
{
  char msg[700];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(msg, sizeof msg, fmt, ap);
  va_end(ap);
  if (line) return vt_fail(e, VT_EFORMAT, "%s:%lld: %s", t->path, (long long)line, msg);
  return vt_fail(e, VT_EUSAGE, "command line: %s", msg);
}

static int add_entry(struct entries *t, const char *key, const char *value, int64_t line, bool more,
                     struct vt_err *e)
{
  if (t->n == MAX_ENTRIES) return fault(t, line, e, "more than %d entries", MAX_ENTRIES);
  for (int i = 0; i < t->n && line && !more; i++)
    if (!strcmp(t->v[i].key, key))
      return fault(t, line, e, "%s is given twice, first in line %lld", key, (long long)t->v[i].line);
  t->v[t->n++] = (struct entry){key, value, line, more};
  return 0;
}

/* ---- YAML ---- */

static bool is_null(const yaml_node_t *n)
{
  const char *s = (const char *)n->data.scalar.value;
  return n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!*s || !strcmp(s, "~") || !strcmp(s, "null"));
}

static const char *scalar(struct entries *t, const yaml_node_t *n, int64_t line, int *rc, struct vt_err *e)
{
  size_t len = n->data.scalar.length;
  const char *s = (const char *)n->data.scalar.value;
  *rc = 0;
  if (memchr(s, 0, len)) {
    *rc = fault(t, line, e, "a value with a zero byte");
    return NULL;
  }
  const char *copy = vt_arena_strdup(t->arena, s);
  if (!copy) *rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", t->path);
  return copy;
}

static int flatten_list(struct entries *t, yaml_document_t *d, const yaml_node_t *n, const char *key,
                        int64_t line, struct vt_err *e)
{
  const yaml_node_item_t *i = n->data.sequence.items.start, *end = n->data.sequence.items.top;
  if (i == end) return add_entry(t, key, NULL, line, false, e);
  for (bool more = false; i < end; i++, more = true) {
    const yaml_node_t *item = yaml_document_get_node(d, *i);
    int64_t at = (int64_t)item->start_mark.line + 1;
    if (item->type != YAML_SCALAR_NODE)
      return fault(t, at, e, "%s: a list of words or numbers is expected", key);
    int rc;
    const char *value = scalar(t, item, at, &rc, e);
    if (rc || (rc = add_entry(t, key, value, at, more, e))) return rc;
  }
  return 0;
}

static int flatten(struct entries *t, yaml_document_t *d, const yaml_node_t *n, const char *prefix, int depth,
                   struct vt_err *e)
{
  int64_t line = (int64_t)n->start_mark.line + 1;
  if (depth > MAX_DEPTH) return fault(t, line, e, "nested more than %d deep", MAX_DEPTH);
  if (n->type != YAML_MAPPING_NODE) return fault(t, line, e, "expected `key: value` lines");
  for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
    const yaml_node_t *k = yaml_document_get_node(d, p->key), *v = yaml_document_get_node(d, p->value);
    int64_t at = (int64_t)k->start_mark.line + 1;
    if (k->type != YAML_SCALAR_NODE) return fault(t, at, e, "a key must be a word");
    int rc;
    const char *word = scalar(t, k, at, &rc, e);
    if (rc) return rc;
    const char *key = *prefix ? vt_arena_printf(t->arena, "%s.%s", prefix, word) : word;
    if (!key) return vt_fail(e, VT_ENOMEM, "%s: out of memory", t->path);
    if (v->type != YAML_SCALAR_NODE && !strcmp(key, VT__POLICY_KEY)) {
      const char *value;
      rc = vt__flow_text(t->arena, d, v, &value, e);
      rc = rc ? vt_fail_in(e, rc, "%s:%lld: %s", t->path, (long long)at, key)
              : add_entry(t, key, value, at, false, e);
    } else if (v->type == YAML_MAPPING_NODE) {
      rc = flatten(t, d, v, key, depth + 1, e);
    } else if (v->type == YAML_SEQUENCE_NODE) {
      rc = flatten_list(t, d, v, key, at, e);
    } else {
      const char *value = is_null(v) ? "" : scalar(t, v, at, &rc, e);
      if (!rc) rc = add_entry(t, key, value, at, false, e);
    }
    if (rc) return rc;
  }
  return 0;
}

/* All of text[0..len). One document, which may be empty. */
static int parse_yaml(struct entries *t, const char *text, size_t len, struct vt_err *e)
{
  yaml_document_t d;
  int rc = vt_yaml_parse(&d, t->path, text, len, e);
  if (rc) return rc;
  const yaml_node_t *root = yaml_document_get_root_node(&d);
  const bool empty = !root || (root->type == YAML_SCALAR_NODE && is_null(root));
  if (!empty) rc = flatten(t, &d, root, "", 0, e);
  yaml_document_delete(&d);
  return rc;
}

/* ---- rows ---- */

static int add_overrides(struct entries *t, const struct vt_strings *set, struct vt_err *e)
{
  for (int i = 0; set && i < set->n; i++) {
    const char *eq = strchr(set->v[i], '=');
    if (!eq || eq == set->v[i])
      return vt_fail(e, VT_EUSAGE, "command line: '%s': expected key=value", set->v[i]);
    const char *key = vt_arena_strndup(t->arena, set->v[i], (size_t)(eq - set->v[i]));
    const char *value = vt_arena_strdup(t->arena, eq + 1);
    if (!key || !value) return vt_fail(e, VT_ENOMEM, "out of memory");
    int rc = add_entry(t, key, value, 0, false, e);
    if (rc) return rc;
  }
  return 0;
}

static int find_task(struct vt_recipe_file *f, const struct entries *t,
                     const struct vt_task_desc *const *tasks, int ntasks, struct vt_err *e)
{
  const struct entry *given = NULL;
  for (int i = 0; i < t->n; i++)
    if (!strcmp(t->v[i].key, "task")) given = &t->v[i];
  struct vt_buf known;
  vt_buf_init(&known);
  for (int i = 0; i < ntasks; i++) {
    vt_buf_addf(&known, "%s%s", i ? ", " : "", tasks[i]->name);
    if (given && given->value && !strcmp(tasks[i]->name, given->value)) f->task = tasks[i];
  }
  int rc = 0;
  if (!given)
    rc = vt_fail(e, VT_EFORMAT, "%s: the key `task` is missing; known tasks: %s", t->path, known.data);
  else if (!f->task)
    rc = fault(t, given->line, e, "unknown task '%s'; known tasks: %s", given->value ? given->value : "",
               known.data);
  vt_buf_clear(&known);
  return rc;
}

static int make_rows(struct vt_recipe_file *f, struct vt_err *e)
{
  size_t base = (sizeof(struct vt_recipe) + 15) / 16 * 16;
  f->nrows = vt__recipe_nrows + f->task->nopt;
  f->row = vt_arena_alloc(&f->arena, (size_t)f->nrows * sizeof *f->row);
  f->r = vt_arena_alloc(&f->arena, base + f->task->opts_size + 1);
  if (!f->row || !f->r) return vt_fail(e, VT_ENOMEM, "out of memory");
  f->task_opts = (char *)f->r + base;
  memcpy(f->row, vt__recipe_rows, (size_t)vt__recipe_nrows * sizeof *f->row);
  for (int i = 0; i < f->task->nopt; i++) {
    f->row[vt__recipe_nrows + i] = f->task->opt[i];
    f->row[vt__recipe_nrows + i].offset += base;
  }
  return vt_opt_defaults(f->row, f->nrows, f->r, &f->arena, e);
}

/* The name of a policy's file becomes its text. */
static int take_policy(struct vt_recipe_file *f, const struct vt_opt *row, struct vt_err *e)
{
  const char **value = (const char **)((char *)f->r + row->offset);
  if (!*value || **value == '[' || **value == '{') return 0;
  return vt__policy_text(&f->arena, *value, value, e);
}

/* "a,b" of the command line, or one item of a sequence. */
static int set_list(struct vt_recipe_file *f, const struct vt_opt *row, const struct entry *en,
                    struct vt_err *e)
{
  struct vt_strings *list = (struct vt_strings *)((char *)f->r + row->offset);
  if (!en->more) *list = (struct vt_strings){0};
  for (const char *s = en->value; s && *s;) {
    size_t n = strcspn(s, ",");
    const char *item = vt_arena_strndup(&f->arena, s, n);
    if (!item) return vt_fail(e, VT_ENOMEM, "out of memory");
    int rc = n ? vt_opt_set(f->row, f->nrows, f->r, &f->arena, row->name, item, e) : 0;
    if (rc) return rc;
    s += n + (s[n] == ',');
  }
  return 0;
}

static int apply(struct vt_recipe_file *f, const struct entries *t, struct vt_err *e)
{
  for (int i = 0; i < t->n; i++) {
    const struct entry *en = &t->v[i];
    const struct vt_opt *row = vt_opt_find(f->row, f->nrows, en->key);
    struct vt_err why = {0};
    int rc;
    if (row && row->type == VT_OPT_LIST)
      rc = set_list(f, row, en, &why);
    else if (row && (en->more || !en->value || (i + 1 < t->n && t->v[i + 1].more)))
      rc = vt_fail(&why, VT_EUSAGE, "%s: one value is expected, not a list", en->key);
    else if (row && row->type == VT_OPT_STRING && !*en->value && row->value) {
      rc = vt_fail(&why, VT_EUSAGE, "%s: a value is expected", en->key);
    } else if (row && row->type == VT_OPT_STRING && !*en->value) {
      *(const char **)((char *)f->r + row->offset) = NULL;
      rc = 0;
    } else {
      rc = vt_opt_set(f->row, f->nrows, f->r, &f->arena, en->key, en->value ? en->value : "", &why);
      if (!rc && row && !strcmp(en->key, VT__POLICY_KEY)) rc = take_policy(f, row, &why);
    }
    if (rc == VT_ENOMEM) return vt_fail(e, rc, "%s", why.msg);
    if (rc) return fault(t, en->line, e, "%s", why.msg);
  }
  return 0;
}

static int read_text(struct vt_recipe_file *f, const char *path, const char *text, size_t len,
                     const struct vt_strings *set, const struct vt_task_desc *const *tasks, int ntasks,
                     struct vt_err *e)
{
  int rc;
  *f = (struct vt_recipe_file){0};
  vt_arena_init(&f->arena);
  struct entries t = {&f->arena, path, 0, NULL};
  t.v = vt_arena_alloc(&f->arena, MAX_ENTRIES * sizeof *t.v);
  if (!t.v) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if ((rc = parse_yaml(&t, text, len, e)) || (rc = add_overrides(&t, set, e)) ||
      (rc = find_task(f, &t, tasks, ntasks, e)) || (rc = make_rows(f, e)) || (rc = apply(f, &t, e)))
    vt__recipe_clear(f);
  return rc;
}

int vt__recipe_read(struct vt_recipe_file *f, const char *path, const struct vt_strings *set,
                    const struct vt_task_desc *const *tasks, int ntasks, struct vt_err *e)
{
  char *text;
  size_t len;
  *f = (struct vt_recipe_file){0};
  int rc = vt_file_read(path, MAX_BYTES, &text, &len, e);
  if (rc) return rc;
  rc = read_text(f, path, text, len, set, tasks, ntasks, e);
  vt_free(text);
  return rc;
}

int vt__recipe_defaults(struct vt_recipe_file *f, const char *task, const struct vt_task_desc *const *tasks,
                        int ntasks, struct vt_err *e)
{
  char text[128];
  snprintf(text, sizeof text, "task=%.100s", task);
  struct vt_strings set = {1, (const char *[]){text}};
  return read_text(f, "defaults", "", 0, &set, tasks, ntasks, e);
}

void vt__recipe_clear(struct vt_recipe_file *f)
{
  vt_arena_clear(&f->arena);
  *f = (struct vt_recipe_file){0};
}

/* ---- printing ---- */

static void put_word(struct vt_buf *b, const char *s, size_t n)
{
  bool plain = n > 0 &&
               n == strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-") &&
               s[0] != '-' && !(n == 4 && !memcmp(s, "null", 4));
  if (plain) {
    vt_buf_add(b, s, n);
    return;
  }
  vt__flow_word(b, s, n);
}

static void put_value(struct vt_buf *b, const struct vt_opt *row, const void *opts)
{
  const void *field = (const char *)opts + row->offset;
  if (row->type == VT_OPT_LIST) {
    const struct vt_strings *l = field;
    vt_buf_addc(b, '[');
    for (int i = 0; i < l->n; i++) {
      if (i) vt_buf_adds(b, ", ");
      put_word(b, l->v[i], strlen(l->v[i]));
    }
    vt_buf_addc(b, ']');
  } else if (row->type == VT_OPT_STRING) {
    const char *s = *(const char *const *)field;
    if (s) put_word(b, s, strlen(s));
  } else if (row->type == VT_OPT_FLOAT) {
    /* the shortest form that reads back as the same number */
    double v = *(const double *)field, back;
    char text[32];
    for (int digits = 6; digits <= 17; digits++) {
      snprintf(text, sizeof text, "%.*g", digits, v);
      if (vt_parse_f64(text, &back) && back == v) break;
    }
    vt_buf_adds(b, text);
  } else {
    vt_opt_print(row, opts, b);
  }
}

void vt__recipe_print(const struct vt_recipe_file *f, struct vt_buf *out)
{
  char group[64] = "";
  for (int i = 0; i < f->nrows; i++) {
    const struct vt_opt *row = &f->row[i];
    const char *dot = strchr(row->name, '.'), *name = dot ? dot + 1 : row->name;
    int n = dot ? (int)(dot - row->name) : 0;
    if (dot && (strlen(group) != (size_t)n || memcmp(group, row->name, (size_t)n)))
      vt_buf_addf(out, "%.*s:\n", n, row->name);
    snprintf(group, sizeof group, "%.*s", n, row->name);
    size_t start = out->len;
    vt_buf_addf(out, "%s%s: ", dot ? "  " : "", name);
    put_value(out, row, f->r);
    int width = (int)(out->len - start);
    vt_buf_addf(out, "%*s # %s\n", VT_MAX(0, 30 - width), "", row->help);
  }
}

/* Changing these between two sessions of a run neither invalidates its state nor what it has reported so far.
 */
static const char *const may_change[] = {
    "epochs",    "threads",   "loader.threads", "loader.prefetch",  "early_stop",
    "best",      "best_mode", "validate_every", "checkpoint_every", "checkpoint_steps",
    "log_every", "charts",    "profile",        "keep_batches"};

/* Neither do these, which say how the trained weights become a model. */
static const char *const exported[] = {"parts",       "class_code", "mirror",        "test_width",
                                       "test_height", "licence",    "commercial_use"};

static bool listed(const char *name, const char *const *list, size_t n)
{
  for (size_t k = 0; k < n; k++)
    if (!strcmp(name, list[k])) return true;
  return false;
}

int vt__recipe_same(const struct vt_recipe_file *f, const char *was, const char *was_path, struct vt_err *e)
{
  struct vt_recipe_file old;
  struct vt_buf a, b;
  bool other_export = false;
  int rc = read_text(&old, was_path, was, strlen(was), NULL, &f->task, 1, e);
  if (rc) return vt_fail_in(e, VT_ESTATE, "the run that this folder holds cannot go on");
  vt_buf_init(&a);
  vt_buf_init(&b);
  for (int i = 0; i < f->nrows && !rc; i++) {
    const char *name = f->row[i].name;
    if (listed(name, may_change, VT_COUNT(may_change))) continue;
    vt_buf_clear(&a);
    vt_buf_clear(&b);
    put_value(&a, &old.row[i], old.r);
    put_value(&b, &f->row[i], f->r);
    if (a.failed || b.failed)
      rc = vt_fail(e, VT_ENOMEM, "out of memory");
    else if (!strcmp(a.data ? a.data : "", b.data ? b.data : ""))
      continue;
    else if (listed(name, exported, VT_COUNT(exported)))
      other_export = true;
    else
      rc = vt_fail(e, VT_ESTATE,
                   "%s: the run in this folder began with %s = %s, now it is %s; give the old value, another "
                   "--out, or "
                   "remove the folder",
                   was_path, name, a.data ? a.data : "(none)", b.data ? b.data : "(none)");
  }
  vt_buf_clear(&a);
  vt_buf_clear(&b);
  vt__recipe_clear(&old);
  return rc ? rc : other_export;
}
