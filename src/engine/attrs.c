/* Attributes: structs filled by their operator's schema, from defaults, from text, or from another struct.
 *
 * Text is words `name=value`, separated by white space: 3  -1.5e-3  SAME_UPPER  'quoted text'  [1,2,3]
 * ['a','b']. What a schema does not name is an error; so are values of the wrong type and lists over 2^20
 * entries. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/engine_priv.h"

enum { MAX_LIST = 1 << 20 };

static void *field(const struct vt_attr_desc *d, void *attrs)
{
  return (char *)attrs + d->offset;
}

void vt__attr_mark(const struct vt_attr_desc *d, void *attrs)
{
  if (d->present) *(bool *)((char *)attrs + d->present) = true;
}

const struct vt_attr_desc *vt__attr_find(const struct vt_op_desc *op, const char *name)
{
  for (int i = 0; i < op->nattr; i++)
    if (strcmp(op->attr[i].name, name) == 0) return &op->attr[i];
  return NULL;
}

int vt__choice(const char *choices, const char *word, size_t len)
{
  int k = 0;
  for (const char *p = choices; p; k++) {
    size_t n = strcspn(p, "|");
    if (n == len && memcmp(p, word, len) == 0) return k;
    p = p[n] ? p + n + 1 : NULL;
  }
  return -1;
}

void *vt__attrs_new(struct vt_graph *g, const struct vt_op_desc *op)
{
  char *a = vt_arena_alloc(&g->arena, VT_MAX(op->attrs_size, 1));
  if (!a) return NULL;
  for (int i = 0; i < op->nattr; i++) {
    const struct vt_attr_desc *d = &op->attr[i];
    void *f = field(d, a);
    switch (d->type) {
    case VT_ATTR_INT: *(int64_t *)f = d->i; break;
    case VT_ATTR_FLOAT: *(float *)f = d->f; break;
    case VT_ATTR_STRING: *(const char **)f = d->s ? d->s : ""; break;
    case VT_ATTR_ENUM: *(int *)f = (int)d->i; break;
    default: break; /* lists, tensors, graphs: empty */
    }
  }
  return a;
}

int vt__attrs_check(const struct vt_op_desc *op, const bool *seen, struct vt_err *e)
{
  for (int i = 0; i < op->nattr; i++)
    if (op->attr[i].required && !seen[i])
      return vt_fail(e, VT_EARG, "%s: required attribute '%s' is missing", op->name, op->attr[i].name);
  return 0;
}

/* The text being read; messages quote the attribute. */
struct reader {
  struct vt_graph *g;
  const struct vt_op_desc *op;
  const char *p, *name;
  struct vt_err *e;
};

static int bad(struct reader *r, const char *wanted, const char *at)
{
  return vt_fail(r->e, VT_EARG, "%s: attribute '%s' wants %s, got '%.*s'", r->op->name, r->name, wanted,
                 (int)VT_MIN(strcspn(at, " \t\n"), 40), at);
}

static void skip_space(struct reader *r)
{
  while (isspace((unsigned char)*r->p)) r->p++;
}

static bool ends_value(char c)
{
  return !c || isspace((unsigned char)c) || c == ',' || c == ']';
}

static int read_int(struct reader *r, int64_t *out)
{
  char *end;
  errno = 0;
  long long v = strtoll(r->p, &end, 10);
  if (end == r->p || errno || !ends_value(*end)) return bad(r, "an integer", r->p);
  *out = v;
  r->p = end;
  return 0;
}

static int read_float(struct reader *r, float *out)
{
  char *end;
  float v = strtof(r->p, &end);
  if (end == r->p || !ends_value(*end)) return bad(r, "a number", r->p);
  *out = v;
  r->p = end;
  return 0;
}

/* A bare word, or text in single quotes. */
static int read_text(struct reader *r, const char **out)
{
  const char *s = r->p;
  size_t n;
  if (*s == '\'') {
    const char *end = strchr(++s, '\'');
    if (!end) return bad(r, "a closing quote", s);
    n = (size_t)(end - s);
    r->p = end + 1;
    if (!ends_value(*r->p)) return bad(r, "a space after the closing quote", r->p);
  } else {
    n = 0;
    while (!ends_value(s[n])) n++;
    if (!n) return bad(r, "a word", s);
    r->p = s + n;
  }
  *out = vt_arena_strndup(&r->g->arena, s, n);
  return *out ? 0 : vt_fail(r->e, VT_ENOMEM, "out of memory");
}

/* Entries of a list: an upper bound from the commas before the bracket that closes it. */
static int count_entries(struct reader *r)
{
  int n = 1;
  for (const char *p = r->p; *p && *p != ']'; p++) {
    if (*p == '\'') {
      p = strchr(p + 1, '\'');
      if (!p) break;
    } else if (*p == ',') {
      n++;
    }
    if (n > MAX_LIST) break;
  }
  return n;
}

static int read_list(struct reader *r, enum vt_attr_type type, void *f)
{
  if (*r->p != '[') return bad(r, "a list in brackets", r->p);
  r->p++;
  int cap = count_entries(r), n = 0, rc = 0;
  if (cap > MAX_LIST)
    return vt_fail(r->e, VT_ELIMIT, "%s: attribute '%s' has over %d entries", r->op->name, r->name, MAX_LIST);
  size_t size = type == VT_ATTR_FLOATS ? sizeof(float) : sizeof(int64_t);
  void *v = vt_arena_alloc(&r->g->arena, (size_t)cap * size);
  if (!v) return vt_fail(r->e, VT_ENOMEM, "out of memory");
  for (skip_space(r); *r->p != ']'; skip_space(r)) {
    if (type == VT_ATTR_INTS)
      rc = read_int(r, (int64_t *)v + n);
    else if (type == VT_ATTR_FLOATS)
      rc = read_float(r, (float *)v + n);
    else
      rc = read_text(r, (const char **)v + n);
    if (rc) return rc;
    n++;
    skip_space(r);
    if (*r->p == ',' && n < cap) {
      r->p++;
      skip_space(r);
      if (*r->p == ']') return bad(r, "an entry after the comma", r->p);
    } else if (*r->p != ']')
      return bad(r, "',' or ']' in its list", r->p);
  }
  r->p++;
  if (type == VT_ATTR_INTS)
    *(struct vt_ints *)f = (struct vt_ints){n, v};
  else if (type == VT_ATTR_FLOATS)
    *(struct vt_floats *)f = (struct vt_floats){n, v};
  else
    *(struct vt_strings *)f = (struct vt_strings){n, v};
  return 0;
}

static int read_value(struct reader *r, const struct vt_attr_desc *d, void *f)
{
  const char *s, *at = r->p;
  int rc;
  switch (d->type) {
  case VT_ATTR_INT: return read_int(r, f);
  case VT_ATTR_FLOAT: return read_float(r, f);
  case VT_ATTR_STRING: return read_text(r, f);
  case VT_ATTR_ENUM:
    if ((rc = read_text(r, &s))) return rc;
    *(int *)f = vt__choice(d->choices, s, strlen(s));
    return *(int *)f < 0 ? bad(r, d->choices, at) : 0;
  case VT_ATTR_INTS:
  case VT_ATTR_FLOATS:
  case VT_ATTR_STRINGS: return read_list(r, d->type, f);
  default:
    return vt_fail(r->e, VT_EARG, "%s: attribute '%s' is a %s, which text cannot give; use vt_emit_attrs",
                   r->op->name, r->name, d->type == VT_ATTR_TENSOR ? "tensor" : "graph");
  }
}

int vt__attrs_parse(struct vt_graph *g, const struct vt_op_desc *op, void *attrs, const char *text,
                    struct vt_err *e)
{
  struct reader r = {.g = g, .op = op, .p = text, .e = e};
  bool seen[VT__MAX_ATTRS] = {false};
  char name[64];
  for (skip_space(&r); *r.p; skip_space(&r)) {
    size_t n = strcspn(r.p, "= \t\n");
    if (r.p[n] != '=' || !n || n >= sizeof name)
      return vt_fail(e, VT_EARG, "%s: attributes are written name=value, got '%.40s'", op->name, r.p);
    memcpy(name, r.p, n);
    name[n] = 0;
    r.name = name;
    const struct vt_attr_desc *d = vt__attr_find(op, name);
    if (!d) return vt_fail(e, VT_EARG, "%s has no attribute '%s'", op->name, name);
    if (seen[d - op->attr]) return vt_fail(e, VT_EARG, "%s: attribute '%s' is given twice", op->name, name);
    seen[d - op->attr] = true;
    r.p += n + 1;
    int rc = read_value(&r, d, field(d, attrs));
    if (rc) return rc;
    if (*r.p && !isspace((unsigned char)*r.p)) return bad(&r, "a space after its value", r.p);
    vt__attr_mark(d, attrs);
  }
  return vt__attrs_check(op, seen, e);
}

static int copy_list(struct vt_graph *g, int n, size_t size, const void *src, const void **dst,
                     struct vt_err *e)
{
  *dst = NULL;
  if (n <= 0) return 0;
  void *v = vt_arena_alloc(&g->arena, (size_t)n * size);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  memcpy(v, src, (size_t)n * size);
  *dst = v;
  return 0;
}

static int copy_strings(struct vt_graph *g, struct vt_strings *dst, const struct vt_strings *src,
                        struct vt_err *e)
{
  const void *v;
  int rc = copy_list(g, src->n, sizeof *src->v, src->v, &v, e);
  if (rc) return rc;
  const char **list = (const char **)v;
  for (int i = 0; i < src->n; i++)
    if (!(list[i] = vt_arena_strdup(&g->arena, src->v[i]))) return vt_fail(e, VT_ENOMEM, "out of memory");
  *dst = (struct vt_strings){src->n, list};
  return 0;
}

/* A sub-graph passed to vt_emit_attrs changes hands; one of a graph being cloned is cloned. */
static int copy_graph(struct vt_graph *g, struct vt_graph **dst, struct vt_graph *src,
                      const struct vt__cloning *c, struct vt_err *e)
{
  *dst = NULL;
  if (!src) return 0;
  *dst = src;
  int rc = c ? vt__clone_into(dst, src, c, NULL, e) : 0;
  if (rc) return rc;
  return vt__graph_adopt(g, *dst);
}

int vt__attrs_copy(struct vt_graph *g, const struct vt_op_desc *op, void *dst, const void *src,
                   const struct vt__cloning *c, struct vt_err *e)
{
  memcpy(dst, src, op->attrs_size);
  int rc = 0;
  for (int i = 0; i < op->nattr && !rc; i++) {
    const struct vt_attr_desc *d = &op->attr[i];
    void *out = field(d, dst);
    const void *in = (const char *)src + d->offset, *v;
    switch (d->type) {
    case VT_ATTR_STRING: {
      const char *s = *(const char *const *)in;
      *(const char **)out = s ? vt_arena_strdup(&g->arena, s) : "";
      if (!*(const char **)out) rc = vt_fail(e, VT_ENOMEM, "out of memory");
      break;
    }
    case VT_ATTR_INTS: {
      const struct vt_ints *l = in;
      if (!(rc = copy_list(g, l->n, sizeof *l->v, l->v, &v, e)))
        *(struct vt_ints *)out = (struct vt_ints){l->n, v};
      break;
    }
    case VT_ATTR_FLOATS: {
      const struct vt_floats *l = in;
      if (!(rc = copy_list(g, l->n, sizeof *l->v, l->v, &v, e)))
        *(struct vt_floats *)out = (struct vt_floats){l->n, v};
      break;
    }
    case VT_ATTR_STRINGS: rc = copy_strings(g, out, in, e); break;
    case VT_ATTR_TENSOR: {
      const struct vt_tensor *t = in;
      if (t->data && vt__graph_keep(g, t, out)) rc = vt_fail(e, VT_ENOMEM, "out of memory");
      break;
    }
    case VT_ATTR_GRAPH: rc = copy_graph(g, out, *(struct vt_graph *const *)in, c, e); break;
    default: break;
    }
  }
  return rc;
}
