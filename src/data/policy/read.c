/* Reading a policy. In YAML:
 *
 *   fill: 114            # grey level of what lies outside the picture
 *   label_fill: 255      # the same in label maps
 *   min_visible: 0.1     # objects of which less is left go
 *   steps:
 *     - flip: {p: 0.5}
 *     - sometimes: {p: 0.3, steps: [{rotate: {degrees: 15}}, shear]}
 *     - one-of: [{blur: {weight: 2}}, {motion-blur: {}}, {noise: {sigma: 12}}]
 *     - gridmask: {p: 0.8, ramp: 20}
 *
 * A step is the name of an operation, alone or with options. Every step has p (probability, 1), start and
 * ramp (epochs: the probability is 0 before start and grows linearly to p over ramp) and, within one-of,
 * weight (1). `one-of` takes one of its steps, `sometimes` all of them, in order. Unknown names, values out
 * of bounds and what is given twice are errors with their line; so are values beyond an option's safe range,
 * unless the policy says `unsafe: warn` or `unsafe: allow`. */
#include <string.h>
#include <yaml.h>
#include "data/policy/op.h"
#include "data/policy/steps.h"

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 8, MAX_STEPS = 256 };

struct reader {
  struct vt_policy *p;
  yaml_document_t *d;
  const char *name;
  int steps, beyond; /* values beyond their safe ranges; the first one is told */
  char first[160];
};

static const struct vt_opt common_rows[] = {
    {"p", 0, VT_OPT_FLOAT, offsetof(struct vt__step_opts, p), "1", 0, 1, NULL, NULL, "probability"},
    {"weight", 0, VT_OPT_FLOAT, offsetof(struct vt__step_opts, weight), "1", 0, 1e6, NULL, NULL,
     "share among the steps of one-of"},
    {"start", 0, VT_OPT_FLOAT, offsetof(struct vt__step_opts, start), "0", 0, 1e6, NULL, "EPOCHS",
     "not before this epoch"},
    {"ramp", 0, VT_OPT_FLOAT, offsetof(struct vt__step_opts, ramp), "0", 0, 1e6, NULL, "EPOCHS",
     "the probability grows to p over as many epochs"},
};
static const struct vt_opt policy_rows[] = {
    {"fill", 0, VT_OPT_INT, offsetof(struct vt_policy, fill), "114", 0, 255, NULL, "LEVEL",
     "grey level outside the picture"},
    {"label_fill", 0, VT_OPT_INT, offsetof(struct vt_policy, label_fill), "255", 0, 255, NULL, "LABEL",
     "label outside the picture"},
    {"min_visible", 0, VT_OPT_FLOAT, offsetof(struct vt_policy, min_visible), "0", 0, 1, NULL, "SHARE",
     "objects of which less is left go"},
    {"unsafe", 0, VT_OPT_ENUM, offsetof(struct vt_policy, unsafe), "refuse", 0, 0, "refuse|warn|allow", NULL,
     "what becomes of values beyond safe ranges"},
};

static int fault(const struct reader *r, const yaml_node_t *n, struct vt_err *e)
{
  return vt_fail_in(e, VT_EFORMAT, "%s:%zu", r->name, n->start_mark.line + 1);
}

static int wrong(const struct reader *r, const yaml_node_t *n, struct vt_err *e, const char *what)
{
  vt_fail(e, VT_EFORMAT, "%s", what);
  return fault(r, n, e);
}

/* NULL: it is no plain text. */
static const char *word(const yaml_node_t *n)
{
  if (n->type != YAML_SCALAR_NODE || memchr(n->data.scalar.value, 0, n->data.scalar.length)) return NULL;
  return (const char *)n->data.scalar.value;
}

/* Whether that is wrong is known when the whole policy is read. */
static void note_unsafe(struct reader *r, const yaml_node_t *n, const struct vt_aug_op *op,
                        const struct vt_opt *row, const void *opts)
{
  if (row->type != VT_OPT_FLOAT && row->type != VT_OPT_INT) return;
  const char *field = (const char *)opts + row->offset;
  double v = row->type == VT_OPT_INT ? (double)*(const int64_t *)(const void *)field
                                     : *(const double *)(const void *)field;
  for (int i = 0; i < (int)VT_COUNT(op->safe) && op->safe[i].option; i++)
    if (!strcmp(op->safe[i].option, row->name) && (v < op->safe[i].lo || v > op->safe[i].hi) && !r->beyond++)
      snprintf(r->first, sizeof r->first, "%zu: %s: %s %g is beyond the safe range %g..%g",
               n->start_mark.line + 1, op->name, row->name, v, op->safe[i].lo, op->safe[i].hi);
}

/* One `key: value` among the rows of the step or of its operation. */
static int set_option(struct reader *r, struct vt__step *s, void *opts, const yaml_node_t *k,
                      const yaml_node_t *v, struct vt_err *e)
{
  const char *key = word(k), *value = word(v);
  if (!key || !value) return wrong(r, k, e, "expected `option: value`");
  struct vt_opt all[VT_COUNT(common_rows) + VT_AUG_MAX_OPTS];
  const int nc = VT_COUNT(common_rows), n = s->op ? s->op->nopt : 0;
  if (!vt_opt_find(common_rows, nc, key) && n) {
    if (!vt_opt_find(s->op->opt, n, key)) { /* for the message: all that there are */
      memcpy(all, s->op->opt, (size_t)n * sizeof *all);
      memcpy(all + n, common_rows, sizeof common_rows);
      vt_opt_set(all, n + nc, opts, &r->p->arena, key, value, e);
      return fault(r, k, e);
    }
    if (vt_opt_set(s->op->opt, n, opts, &r->p->arena, key, value, e)) return fault(r, k, e);
    note_unsafe(r, k, s->op, vt_opt_find(s->op->opt, n, key), opts);
    return 0;
  }
  return vt_opt_set(common_rows, nc, s->common, &r->p->arena, key, value, e) ? fault(r, k, e) : 0;
}

static int twice(const struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *at, struct vt_err *e)
{
  const char *key = word(yaml_document_get_node(r->d, at->key));
  for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < at; p++) {
    const char *other = word(yaml_document_get_node(r->d, p->key));
    if (key && other && !strcmp(key, other))
      return wrong(r, yaml_document_get_node(r->d, at->key), e, "this key is given twice");
  }
  return 0;
}

static int read_steps(struct reader *r, struct vt__step *s, const yaml_node_t *list, int depth,
                      struct vt_err *e);

/* What stands behind the step's name: options, and `steps` of a group; a group may be given as a list. */
static int read_body(struct reader *r, struct vt__step *s, const yaml_node_t *n, int depth, struct vt_err *e)
{
  void *opts = s->op ? vt_arena_alloc(&r->p->arena, s->op->opts_size + 1) : NULL;
  s->common = vt_arena_alloc(&r->p->arena, sizeof *s->common);
  if (!s->common || (s->op && !opts)) return vt_fail(e, VT_ENOMEM, "out of memory");
  s->opts = opts;
  int rc = vt_opt_defaults(common_rows, VT_COUNT(common_rows), s->common, &r->p->arena, e);
  if (!rc && s->op) rc = vt_opt_defaults(s->op->opt, s->op->nopt, opts, &r->p->arena, e);
  if (rc || !n) return rc;
  if (n->type == YAML_SEQUENCE_NODE && s->group) return read_steps(r, s, n, depth + 1, e);
  const char *text = word(n);
  if (text && !*text) return 0;
  if (n->type != YAML_MAPPING_NODE) return wrong(r, n, e, "expected {option: value, …}");
  for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top && !rc; p++) {
    const yaml_node_t *k = yaml_document_get_node(r->d, p->key), *v = yaml_document_get_node(r->d, p->value);
    if ((rc = twice(r, n, p, e))) return rc;
    if (s->group && word(k) && !strcmp(word(k), "steps"))
      rc = read_steps(r, s, v, depth + 1, e);
    else
      rc = set_option(r, s, opts, k, v, e);
  }
  return rc;
}

static int read_step(struct reader *r, struct vt__step *s, const yaml_node_t *n, int depth, struct vt_err *e)
{
  const yaml_node_t *key = n, *body = NULL;
  if (n->type == YAML_MAPPING_NODE) {
    const yaml_node_pair_t *p = n->data.mapping.pairs.start;
    if (n->data.mapping.pairs.top - p != 1) return wrong(r, n, e, "a step is one operation: `- name: {…}`");
    key = yaml_document_get_node(r->d, p->key);
    body = yaml_document_get_node(r->d, p->value);
  }
  const char *name = word(key);
  if (!name) return wrong(r, n, e, "a step is the name of an operation");
  if (++r->steps > MAX_STEPS) return wrong(r, n, e, "more than 256 steps");
  s->group = !strcmp(name, "one-of") ? VT__ONE_OF : !strcmp(name, "sometimes") ? VT__ALL : VT__NO_GROUP;
  if (!s->group && !(s->op = vt_aug_find(name, e))) return fault(r, key, e);
  if (s->op && s->op->mixes) r->p->mixes = true;
  int rc = read_body(r, s, body, depth, e);
  if (!rc && s->group && !s->n) rc = wrong(r, n, e, "a group without steps");
  return rc;
}

static int read_steps(struct reader *r, struct vt__step *s, const yaml_node_t *list, int depth,
                      struct vt_err *e)
{
  if (list->type != YAML_SEQUENCE_NODE) return wrong(r, list, e, "expected a list of steps");
  if (depth > MAX_DEPTH) return wrong(r, list, e, "groups nested more than 8 deep");
  const yaml_node_item_t *i = list->data.sequence.items.start, *end = list->data.sequence.items.top;
  if (end - i > MAX_STEPS) return wrong(r, list, e, "more than 256 steps");
  s->child = vt_arena_alloc(&r->p->arena, (size_t)(end - i + 1) * sizeof *s->child);
  if (!s->child) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = 0;
  for (; i < end && !rc; i++)
    rc = read_step(r, &s->child[s->n++], yaml_document_get_node(r->d, *i), depth, e);
  return rc;
}

static int read_root(struct reader *r, const yaml_node_t *root, struct vt_err *e)
{
  struct vt_policy *p = r->p;
  int rc = 0;
  if (root->type == YAML_SEQUENCE_NODE) return read_steps(r, &p->all, root, 0, e);
  if (root->type != YAML_MAPPING_NODE) return wrong(r, root, e, "expected `steps:` with a list");
  for (const yaml_node_pair_t *k = root->data.mapping.pairs.start; k < root->data.mapping.pairs.top && !rc;
       k++) {
    const yaml_node_t *key = yaml_document_get_node(r->d, k->key),
                      *v = yaml_document_get_node(r->d, k->value);
    const char *name = word(key), *value = word(v);
    if ((rc = twice(r, root, k, e))) return rc;
    if (name && !strcmp(name, "steps"))
      rc = read_steps(r, &p->all, v, 0, e);
    else if (!name || !value)
      rc = wrong(r, key, e, "expected `key: value`, or `steps:` with a list");
    else if ((rc = vt_opt_set(policy_rows, VT_COUNT(policy_rows), p, &p->arena, name, value, e)))
      rc = fault(r, key, e);
  }
  return rc;
}

static int read_document(struct reader *r, const char *text, size_t len, struct vt_err *e)
{
  yaml_document_t d;
  int rc = vt_yaml_parse(&d, r->name, text, len, e);
  if (rc) return rc;
  r->d = &d;
  const yaml_node_t *root = yaml_document_get_root_node(&d);
  rc = root ? read_root(r, root, e) : vt_fail(e, VT_EFORMAT, "%s: the policy is empty", r->name);
  yaml_document_delete(&d);
  r->d = NULL;
  return rc;
}

int vt_policy_parse(struct vt_policy **out, const char *name, const char *text, size_t len, struct vt_err *e)
{
  struct vt_policy *p = vt_calloc(1, sizeof *p);
  *out = NULL;
  if (!p) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_arena_init(&p->arena);
  p->all.group = VT__ALL;
  int rc = vt_opt_defaults(policy_rows, VT_COUNT(policy_rows), p, &p->arena, e);
  struct reader r = {.p = p, .name = name};
  if (!rc) rc = read_body(&r, &p->all, NULL, 0, e);
  if (!rc) rc = read_document(&r, text, len, e);
  if (!rc && r.beyond && p->unsafe == VT__WARN)
    vt_log(VT_LOG_WARN, "%s:%s (%d in all)", name, r.first, r.beyond);
  if (!rc && r.beyond && p->unsafe == VT__REFUSE)
    rc = vt_fail(e, VT_EFORMAT, "%s:%s; `unsafe: warn` beside `steps:` takes it", name, r.first);
  if (rc) {
    vt_policy_free(p);
    return rc;
  }
  *out = p;
  return 0;
}

int vt_policy_read(struct vt_policy **out, const char *path, struct vt_err *e)
{
  char *text;
  size_t len;
  *out = NULL;
  int rc = vt_file_read(path, MAX_BYTES, &text, &len, e);
  if (rc) return rc;
  rc = vt_policy_parse(out, path, text, len, e);
  vt_free(text);
  return rc;
}
