/* AttributeProto to the fields of an operator's attribute struct, typed by its schema.
 *
 * Attributes that a schema does not know are dropped with a debug line if their value is neutral (zero,
 * empty, "NOTSET", all zeros; dilations and strides of one) or their name starts with an underscore; any
 * other could change the meaning and is an error. */
#include <stdio.h>
#include <string.h>
#include "engine/onnx_read.h"

static const char *type_names[] = {"nothing", "a float",         "an integer",     "a string", "a tensor",
                                   "a graph", "floats",          "integers",       "strings",  "tensors",
                                   "graphs",  "a sparse tensor", "sparse tensors", "a type",   "types"};

/* Files before IR version 2 do not state the type. */
static Onnx__AttributeProto__AttributeType type_of(const Onnx__AttributeProto *a)
{
  if (a->has_type && a->type) return a->type;
  if (a->has_f) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
  if (a->has_i) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
  if (a->has_s) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
  if (a->t) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
  if (a->g) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
  if (a->n_floats) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
  if (a->n_ints) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
  if (a->n_strings) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
  return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED;
}

static int wanted_type(enum vt_attr_type t)
{
  switch (t) {
  case VT_ATTR_INT: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
  case VT_ATTR_FLOAT: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
  case VT_ATTR_STRING:
  case VT_ATTR_ENUM: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
  case VT_ATTR_INTS: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
  case VT_ATTR_FLOATS: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
  case VT_ATTR_STRINGS: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
  case VT_ATTR_TENSOR: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
  default: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
  }
}

static int out_of_memory(struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "out of memory");
}

/* A copy of a list in the graph's arena; NULL for none. */
static const void *keep(struct vt_graph *g, const void *list, size_t n, size_t size, bool *oom)
{
  void *v = n ? vt_arena_alloc(&g->arena, n * size) : NULL;
  if (v) memcpy(v, list, n * size);
  *oom = n && !v;
  return v;
}

static const char *keep_text(struct vt_graph *g, const ProtobufCBinaryData *s)
{
  return vt_arena_strndup(&g->arena, s->data ? (const char *)s->data : "", s->len);
}

static int fill_strings(struct vt_graph *g, const Onnx__AttributeProto *a, struct vt_strings *out,
                        struct vt_err *e)
{
  const char **v = vt_arena_alloc(&g->arena, VT_MAX(a->n_strings, 1) * sizeof *v);
  if (!v) return out_of_memory(e);
  for (size_t i = 0; i < a->n_strings; i++)
    if (!(v[i] = keep_text(g, &a->strings[i]))) return out_of_memory(e);
  *out = (struct vt_strings){(int)a->n_strings, v};
  return 0;
}

static int fill_tensor(const struct vt__onnx_reader *r, struct vt_graph *g, const Onnx__AttributeProto *a,
                       struct vt_tensor *out, struct vt_err *e)
{
  struct vt_tensor t;
  if (!a->t) return vt_fail(e, VT_EFORMAT, "attribute '%s' holds no tensor", a->name);
  int rc = vt__onnx_tensor(r->file, a->t, a->name, &t, e);
  if (!rc && vt__graph_keep(g, &t, out)) rc = out_of_memory(e);
  vt_tensor_clear(&t);
  return rc;
}

static int fill(struct vt__onnx_reader *r, struct vt_graph *g, const struct vt_attr_desc *d, const char *op,
                const Onnx__AttributeProto *a, void *f, struct vt_err *e)
{
  bool oom = false;
  int have = (int)type_of(a);
  /* an empty list of an old file has no type */
  bool empty =
      have == 0 && (d->type == VT_ATTR_INTS || d->type == VT_ATTR_FLOATS || d->type == VT_ATTR_STRINGS);
  if (have != wanted_type(d->type) && !empty)
    return vt_fail(e, VT_EFORMAT, "attribute '%s' of %s is %s instead of %s", a->name, op,
                   (size_t)have < VT_COUNT(type_names) ? type_names[have] : "of unknown type",
                   type_names[wanted_type(d->type)]);
  if (a->n_ints > INT32_MAX || a->n_floats > INT32_MAX || a->n_strings > INT32_MAX)
    return vt_fail(e, VT_ELIMIT, "attribute '%s' of %s is too long", a->name, op);
  switch (d->type) {
  case VT_ATTR_INT: *(int64_t *)f = a->i; break;
  case VT_ATTR_FLOAT: *(float *)f = a->f; break;
  case VT_ATTR_STRING: oom = !(*(const char **)f = keep_text(g, &a->s)); break;
  case VT_ATTR_ENUM:
    *(int *)f = vt__choice(d->choices, (const char *)a->s.data, a->s.len);
    if (*(int *)f < 0)
      return vt_fail(e, VT_EUNSUPPORTED, "attribute '%s' of %s is '%.*s' instead of one of %s", a->name, op,
                     (int)VT_MIN(a->s.len, 60), (const char *)a->s.data, d->choices);
    break;
  case VT_ATTR_INTS:
    *(struct vt_ints *)f =
        (struct vt_ints){(int)a->n_ints, keep(g, a->ints, a->n_ints, sizeof *a->ints, &oom)};
    break;
  case VT_ATTR_FLOATS:
    *(struct vt_floats *)f =
        (struct vt_floats){(int)a->n_floats, keep(g, a->floats, a->n_floats, sizeof *a->floats, &oom)};
    break;
  case VT_ATTR_STRINGS: return fill_strings(g, a, f, e);
  case VT_ATTR_TENSOR: return fill_tensor(r, g, a, f, e);
  case VT_ATTR_GRAPH: {
    if (!a->g) return vt_fail(e, VT_EFORMAT, "attribute '%s' of %s holds no graph", a->name, op);
    int rc = vt__onnx_graph(r, a->g, g, f, e);
    if (!rc && vt__graph_adopt(g, *(struct vt_graph **)f)) rc = out_of_memory(e);
    return rc;
  }
  }
  return oom ? out_of_memory(e) : 0;
}

static bool all_are(const Onnx__AttributeProto *a, int64_t v)
{
  for (size_t i = 0; i < a->n_ints; i++)
    if (a->ints[i] != v) return false;
  return true;
}

static bool neutral(const Onnx__AttributeProto *a)
{
  if (a->name[0] == '_') return true;
  switch (type_of(a)) {
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED: return true;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: return a->i == 0 || strcmp(a->name, "seed") == 0;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: return a->f == 0 || strcmp(a->name, "seed") == 0;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
    return a->s.len == 0 || (a->s.len == 6 && memcmp(a->s.data, "NOTSET", 6) == 0);
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
    return all_are(a, strcmp(a->name, "dilations") == 0 || strcmp(a->name, "strides") == 0) ||
           strcmp(a->name, "consumed_inputs") == 0;
  default: return false;
  }
}

static int fill_all(struct vt__onnx_reader *r, struct vt_graph *g, const struct vt__onnx_node *n, char *attrs,
                    struct vt_err *e)
{
  bool seen[VT__MAX_ATTRS] = {false};
  for (size_t i = 0; i < n->p->n_attribute; i++) {
    const Onnx__AttributeProto *a = n->p->attribute[i];
    if (!a->name) return vt_fail(e, VT_EFORMAT, "%s has an attribute without name", n->op);
    if (i < 64 && (n->done >> i & 1)) continue;
    if (a->ref_attr_name && *a->ref_attr_name)
      return vt_fail(e, VT_EFORMAT, "attribute '%s' of %s refers to a function's, outside of one", a->name,
                     n->op);
    const struct vt_attr_desc *d = vt__attr_find(n->desc, a->name);
    if (!d && neutral(a)) {
      vt_log(VT_LOG_DEBUG, "%s: attribute '%s' of %s is ignored", r->file->path, a->name, n->op);
      continue;
    }
    if (!d) return vt_fail(e, VT_EUNSUPPORTED, "attribute '%s' of %s is not supported", a->name, n->op);
    if (seen[d - n->desc->attr])
      return vt_fail(e, VT_EFORMAT, "attribute '%s' of %s is there twice", a->name, n->op);
    seen[d - n->desc->attr] = true;
    int rc = fill(r, g, d, n->op, a, attrs + d->offset, e);
    if (rc) return rc;
    vt__attr_mark(d, attrs);
  }
  for (int i = 0; i < n->nset; i++) {
    const struct vt_attr_desc *d = vt__attr_find(n->desc, n->set_name[i]);
    if (seen[d - n->desc->attr]) continue;
    seen[d - n->desc->attr] = true;
    if (d->type == VT_ATTR_ENUM)
      *(int *)(attrs + d->offset) = vt__choice(d->choices, n->set_value[i], strlen(n->set_value[i]));
    else if (d->type == VT_ATTR_STRING)
      *(const char **)(attrs + d->offset) = n->set_value[i];
    else
      vt_parse_i64(n->set_value[i], (int64_t *)(attrs + d->offset));
    vt__attr_mark(d, attrs);
  }
  const struct vt_attr_desc *l = n->ints_name ? vt__attr_find(n->desc, n->ints_name) : NULL;
  if (l) {
    *(struct vt_ints *)(attrs + l->offset) = n->ints;
    seen[l - n->desc->attr] = true;
    vt__attr_mark(l, attrs);
  }
  return vt__attrs_check(n->desc, seen, e);
}

int vt__onnx_attrs(struct vt__onnx_reader *r, struct vt_graph *g, const struct vt__onnx_node *n, void **attrs,
                   struct vt_err *e)
{
  *attrs = NULL;
  if (n->desc->nattr && !(*attrs = vt__attrs_new(g, n->desc))) return out_of_memory(e);
  return fill_all(r, g, n, *attrs, e);
}
