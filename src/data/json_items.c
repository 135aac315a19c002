/* Events become the nodes of one item; at its end the item is handed over and the nodes are used again. */
#include "data/json_items.h"
#include "data/lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 1 << 24, MAX_TEXT = 1 << 28, MAX_LINE = 1 << 24, MAX_MEMBERS = 4096, MAX_DEPTH = 64 };

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  const char *path;
  enum vt__json_layout layout;
  vt__json_item_fn *each;
  void *ctx;
  struct vt__json_place place;
  int64_t index, line; /* line > 0: of the text at hand, where lines are items */
  int depth, top;      /* brackets open; brackets around the items */
  uint32_t key;
  struct vt__json_node *node;
  int32_t n, cap;
  int32_t open[MAX_DEPTH + 1]; /* the lists and objects that are open inside the item */
  int nopen;
  struct vt_buf text;
  struct vt_err bad; /* lenient: the first thing wrong inside the item at hand */
};

/* Something inside an item is wrong. Lenient: noted, the item goes when it is complete. */
static int wrong(struct reader *r, int rc, struct vt_err *e)
{
  if (!rc || rc == VT_ENOMEM || !r->o->lenient || r->layout == VT__JSON_LINES || r->depth < r->top) return rc;
  if (!r->bad.code) r->bad = *e;
  *e = (struct vt_err){0};
  return 0;
}

static int add_text(struct reader *r, const char *s, size_t n, uint32_t *at, struct vt_err *e)
{
  int rc = 0;
  if (memchr(s, 0, n))
    rc = wrong(r, vt_fail(e, VT_EFORMAT, "a string holds a zero byte"), e);
  else if (r->text.len + n >= MAX_TEXT)
    rc = vt_fail(e, VT_ELIMIT, "more than %d bytes of text", MAX_TEXT);
  if (rc) return rc;
  *at = (uint32_t)r->text.len;
  vt_buf_add(&r->text, s, n);
  vt_buf_addc(&r->text, 0);
  return r->text.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

static int on_key(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct reader *r = ctx;
  int rc = add_text(r, s, n, &r->key, e);
  if (rc || !r->nopen) return rc;
  const struct vt__json_node *o = &r->node[r->open[r->nopen - 1]];
  if (o->n >= MAX_MEMBERS) return vt_fail(e, VT_ELIMIT, "an object of more than %d fields", MAX_MEMBERS);
  int32_t k = r->open[r->nopen - 1] + 1;
  for (int i = 0; i < o->n; i++, k = r->node[k].next)
    if (!strcmp(r->text.data + r->node[k].key, r->text.data + r->key))
      return wrong(r, vt_fail(e, VT_EFORMAT, "field '%.60s' stands twice", r->text.data + r->key), e);
  return 0;
}

static int hand_over(struct reader *r, struct vt_err *e)
{
  const bool lines = r->layout == VT__JSON_LINES;
  const struct vt__json_item it = {.node = r->node,
                                   .n = r->n,
                                   .text = r->text.len ? r->text.data : "",
                                   .key = r->layout == VT__JSON_MEMBERS ? r->text.data + r->node[0].key : "",
                                   .index = r->index++,
                                   .line = lines ? r->line : vt__json_line(&r->place)};
  r->l->rows += r->bad.code != 0;
  int rc = r->bad.code ? vt_fail(e, r->bad.code, "%s", r->bad.msg) : r->each(&it, r->ctx, e);
  r->bad.code = 0;
  r->n = 0;
  r->text.len = 0;
  if (rc >= 0 || lines || !r->o->lenient || rc == VT_ENOMEM) return VT_MIN(rc, 0);
  vt_fail_in(e, rc, "%s: line %lld", r->path, (long long)it.line);
  return vt__labels_problem(r->l, r->o, e);
}

/* A node for a value that begins. */
static int add_node(struct reader *r, struct vt__json_node node, struct vt_err *e)
{
  if (r->n == r->cap) {
    int32_t cap = r->cap ? 2 * r->cap : 256;
    struct vt__json_node *v = cap <= MAX_NODES ? vt_reallocarray(r->node, (size_t)cap, sizeof *v) : NULL;
    if (!v) return vt_fail(e, VT_ELIMIT, "an item of more than %d values", r->n);
    r->node = v;
    r->cap = cap;
  }
  if (r->nopen) r->node[r->open[r->nopen - 1]].n++;
  node.key = r->key;
  node.next = r->n + 1;
  r->node[r->n++] = node;
  return 0;
}

static int add_value(struct reader *r, struct vt__json_node node, struct vt_err *e)
{
  if (r->depth < r->top)
    return vt_fail(e, VT_EFORMAT, r->layout == VT__JSON_MEMBERS ? "expected an object" : "expected a list");
  int rc = add_node(r, node, e);
  return !rc && r->depth == r->top ? hand_over(r, e) : rc;
}

static int on_string(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct reader *r = ctx;
  uint32_t at = 0;
  int rc = add_text(r, s, n, &at, e);
  return rc ? rc : add_value(r, (struct vt__json_node){.kind = VT__JSON_STRING, .at = at}, e);
}

static int on_number(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  double v;
  if (!vt__number(s, n, &v)) v = NAN;
  return add_value(ctx, (struct vt__json_node){.kind = VT__JSON_NUMBER, .number = v}, e);
}

static int on_literal(void *ctx, int value, struct vt_err *e)
{
  return add_value(
      ctx, (struct vt__json_node){.kind = value < 0 ? VT__JSON_NULL : VT__JSON_BOOL, .number = value > 0}, e);
}

static int on_open(void *ctx, bool array, struct vt_err *e)
{
  struct reader *r = ctx;
  if (r->depth++ < r->top)
    return array == (r->layout == VT__JSON_ELEMENTS)
               ? 0
               : vt_fail(e, VT_EFORMAT, array ? "a list, expected an object" : "an object, expected a list");
  int32_t at = r->n;
  int rc = add_node(r, (struct vt__json_node){.kind = array ? VT__JSON_LIST : VT__JSON_OBJECT}, e);
  if (!rc) r->open[r->nopen++] = at;
  return rc;
}

static int on_close(void *ctx, bool array, struct vt_err *e)
{
  struct reader *r = ctx;
  if (r->depth-- <= r->top) return 0;
  r->node[r->open[--r->nopen]].next = r->n;
  return r->depth == r->top ? hand_over(r, e) : 0;
}

static const struct vt__json_events events = {on_key, on_string, on_number, on_literal, on_open, on_close};

static int read_lines(struct reader *r, struct vt_err *e)
{
  struct vt__lines s = {.path = r->path, .limit = MAX_LINE};
  int got, rc = 0;
  s.f = strcmp(r->path, "-") ? fopen(r->path, "re") : stdin;
  if (!s.f) return vt_fail_errno(e, r->path);
  while (!rc && (got = vt__lines_next(&s, e)) != 0) {
    rc = got < 0 ? got : 0;
    if (rc && rc != VT_EFORMAT) break;
    if (!rc && s.text[strspn(s.text, " \t\r")] == 0) continue;
    r->line = s.number;
    r->n = r->nopen = r->depth = 0;
    r->text.len = 0;
    if (!rc) rc = vt__json_text(s.text, s.len, &events, r, e);
    if (rc) {
      vt_fail_in(e, rc, "%s: line %lld", r->path, (long long)r->line);
      rc = vt__labels_problem(r->l, r->o, e);
    }
    if (r->line % 4096 == 0 && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", r->path);
  }
  vt__lines_clear(&s);
  if (s.f != stdin) fclose(s.f);
  return rc;
}

int vt__json_damage(struct vt_labels *l, const struct vt_labels_opts *o, struct vt_err *e)
{
  const size_t n = e ? strlen(e->msg) : 0;
  if (o->lenient && e) snprintf(e->msg + n, sizeof e->msg - n, "; what follows is not read");
  return vt__labels_problem(l, o, e);
}

int vt__json_items(struct vt_labels *l, const struct vt_labels_opts *o, const char *path,
                   enum vt__json_layout layout, vt__json_item_fn *each, void *ctx, struct vt_err *e)
{
  struct reader r = {.l = l, .o = o, .path = path, .layout = layout, .each = each, .ctx = ctx};
  r.top = layout == VT__JSON_ELEMENTS || layout == VT__JSON_MEMBERS;
  int rc = layout == VT__JSON_LINES ? read_lines(&r, e) : vt__json_stream(path, &events, &r, &r.place, e);
  if (rc && r.place.damaged && r.top) rc = vt__json_damage(l, o, e);
  vt_free(r.node);
  vt_buf_clear(&r.text);
  return rc;
}

/* ---- asking ---- */

int32_t vt__json_find(const struct vt__json_item *it, int32_t of, const char *key)
{
  if (it->node[of].kind != VT__JSON_OBJECT) return -1;
  int32_t k = of + 1;
  for (int i = 0; i < it->node[of].n; i++, k = it->node[k].next)
    if (!strcmp(it->text + it->node[k].key, key)) return k;
  return -1;
}

/* The member, of that kind: its node, or an error that says what is missing. */
static int32_t need(const struct vt__json_item *it, int32_t of, const char *key, enum vt__json_kind kind,
                    struct vt_err *e)
{
  static const char *const word[] = {"null", "true or false", "a number", "a string", "a list", "an object"};
  if (it->node[of].kind != VT__JSON_OBJECT)
    return vt_fail(e, VT_EFORMAT, "%s, expected an object", word[it->node[of].kind]);
  int32_t k = vt__json_find(it, of, key);
  if (k < 0) return vt_fail(e, VT_EFORMAT, "no field '%s'", key);
  if (it->node[k].kind != kind)
    return vt_fail(e, VT_EFORMAT, "%s: %s, expected %s", key, word[it->node[k].kind], word[kind]);
  return k;
}

int vt__json_number_of(const struct vt__json_item *it, int32_t of, const char *key, double *out,
                       struct vt_err *e)
{
  int32_t k = need(it, of, key, VT__JSON_NUMBER, e);
  if (k < 0) return (int)k;
  *out = it->node[k].number;
  return isfinite(*out) ? 0 : vt_fail(e, VT_EFORMAT, "%s: a number that is too large", key);
}

int vt__json_whole(const struct vt__json_item *it, int32_t of, const char *key, int64_t lo, int64_t hi,
                   int64_t *out, struct vt_err *e)
{
  double v;
  int rc = vt__json_number_of(it, of, key, &v, e);
  if (rc) return rc;
  if (v != floor(v) || v < (double)lo || v > (double)hi)
    return vt_fail(e, VT_EFORMAT, "%s %.17g: expected a whole number from %lld to %lld", key, v,
                   (long long)lo, (long long)hi);
  *out = (int64_t)v;
  return 0;
}

int vt__json_string_of(const struct vt__json_item *it, int32_t of, const char *key, const char **out,
                       struct vt_err *e)
{
  int32_t k = need(it, of, key, VT__JSON_STRING, e);
  if (k < 0) return k;
  *out = it->text + it->node[k].at;
  return 0;
}

int vt__json_numbers(const struct vt__json_item *it, int32_t of, const char *key, double *out, int n,
                     struct vt_err *e)
{
  int32_t k = need(it, of, key, VT__JSON_LIST, e);
  if (k < 0) return k;
  if (it->node[k].n != n)
    return vt_fail(e, VT_EFORMAT, "%s: %d values, expected %d numbers", key, it->node[k].n, n);
  k++;
  for (int i = 0; i < n; i++, k = it->node[k].next)
    if (it->node[k].kind != VT__JSON_NUMBER || !isfinite(out[i] = it->node[k].number))
      return vt_fail(e, VT_EFORMAT, "%s: expected %d numbers", key, n);
  return 0;
}

void vt__json_drop_others(struct vt_labels *l, const struct vt__json_item *it, int32_t of, const char *where,
                          const char *const *names, int n)
{
  if (it->node[of].kind != VT__JSON_OBJECT) return;
  int32_t k = of + 1;
  for (int i = 0; i < it->node[of].n; i++, k = it->node[k].next) {
    const char *key = it->text + it->node[k].key;
    int j = 0;
    while (j < n && strcmp(names[j], key) != 0) j++;
    char what[100];
    snprintf(what, sizeof what, "%s: '%.40s'", where, key);
    if (j == n) vt_loss_add(&l->dropped, 1, what);
  }
}
