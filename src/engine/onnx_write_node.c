/* Nodes of a file: names of values, attributes, sub-graphs. */
#include <string.h>
#include "engine/onnx_write_priv.h"

void vt__onnx_local_name(const struct vt__onnx_scope *s, const struct vt_value *v, struct vt_buf *out)
{
  vt_buf_adds(out, v->name);
  for (bool again = s->up != NULL; again && !out->failed;) {
    again = strcmp(out->data, v->name) != 0 && vt_graph_find(s->g, out->data);
    for (const struct vt__onnx_scope *o = s->up; o && !again; o = o->up)
      again = vt_graph_find(o->g, out->data) != NULL;
    if (again) vt_buf_addf(out, ".%d", s->depth);
  }
}

void vt__onnx_put_name(struct vt_buf *b, int field, const struct vt__onnx_scope *s, const struct vt_value *v)
{
  for (int i = 0; s->up && i < s->captures;) {
    if (s->g->inputs[s->g->ninputs - s->captures + i] != v) {
      i++;
      continue;
    }
    v = s->node->in[s->node->nin - s->captures + i];
    s = s->up;
    i = 0;
  }
  while (s->up && !vt__owns_value(s->g, v)) s = s->up; /* read from outside without being an input */
  struct vt_buf name;
  vt_buf_init(&name);
  vt__onnx_local_name(s, v, &name);
  if (name.failed)
    b->failed = true;
  else
    vt__put_text(b, field, name.data);
  vt_buf_clear(&name);
}

static void put_packed_ints(struct vt_buf *m, const struct vt_ints *l)
{
  for (int i = 0; i < l->n; i++) vt__put_int(m, 8, l->v[i]);
}

/* Whether an attribute says more than its absence would. Other programs require the axis of Concat, ours
 * knows what old files without it mean. */
static bool stated(const struct vt_op_desc *op, const struct vt_attr_desc *d, const void *attrs)
{
  const void *f = (const char *)attrs + d->offset;
  if (!*op->domain && strcmp(op->name, "Concat") == 0) return true;
  if (d->required || (d->present && *((const bool *)attrs + d->present))) return true;
  switch (d->type) {
  case VT_ATTR_INT: return *(const int64_t *)f != d->i;
  case VT_ATTR_FLOAT: return *(const float *)f != d->f;
  case VT_ATTR_STRING: return strcmp(*(const char *const *)f, d->s ? d->s : "") != 0;
  case VT_ATTR_ENUM: return *(const int *)f != (int)d->i;
  case VT_ATTR_INTS: return ((const struct vt_ints *)f)->n > 0;
  case VT_ATTR_FLOATS: return ((const struct vt_floats *)f)->n > 0;
  case VT_ATTR_STRINGS: return ((const struct vt_strings *)f)->n > 0;
  case VT_ATTR_TENSOR: return ((const struct vt_tensor *)f)->data != NULL;
  default: return *(struct vt_graph *const *)f != NULL;
  }
}

static void put_choice(struct vt_buf *m, const char *choices, int k)
{
  const char *p = choices;
  while (k-- > 0) p += strcspn(p, "|") + 1;
  vt__put_bytes(m, 4, p, strcspn(p, "|"));
}

/* Inputs of a node that only its sub-graphs read: files do not list them. */
static int captures_of(const struct vt_node *n)
{
  const struct vt_attr_desc *d = vt__attr_find(n->op, "captures");
  if (!d || !n->op->nattr || n->op->attr[0].type != VT_ATTR_GRAPH) return 0;
  return (int)*(const int64_t *)((const char *)n->attrs + d->offset);
}

/* AttributeProto: name 1, f 2, i 3, s 4, t 5, g 6, floats 7, ints 8, strings 9, type 20. */
static int put_attr(struct vt__onnx_writer *w, struct vt_buf *node, const struct vt__onnx_scope *s,
                    const struct vt_node *n, const struct vt_attr_desc *d)
{
  static const int types[] = {[VT_ATTR_INT] = 2,     [VT_ATTR_FLOAT] = 1,  [VT_ATTR_STRING] = 3,
                              [VT_ATTR_ENUM] = 3,    [VT_ATTR_INTS] = 7,   [VT_ATTR_FLOATS] = 6,
                              [VT_ATTR_STRINGS] = 8, [VT_ATTR_TENSOR] = 4, [VT_ATTR_GRAPH] = 5};
  const void *f = (const char *)n->attrs + d->offset;
  struct vt_buf m;
  int rc = 0;
  vt_buf_init(&m);
  vt__put_text(&m, 1, d->name);
  switch (d->type) {
  case VT_ATTR_INT: vt__put_int(&m, 3, *(const int64_t *)f); break;
  case VT_ATTR_FLOAT: vt__put_float(&m, 2, *(const float *)f); break;
  case VT_ATTR_STRING: vt__put_text(&m, 4, *(const char *const *)f); break;
  case VT_ATTR_ENUM: put_choice(&m, d->choices, *(const int *)f); break;
  case VT_ATTR_INTS: put_packed_ints(&m, f); break;
  case VT_ATTR_FLOATS:
    for (int i = 0; i < ((const struct vt_floats *)f)->n; i++)
      vt__put_float(&m, 7, ((const struct vt_floats *)f)->v[i]);
    break;
  case VT_ATTR_STRINGS:
    for (int i = 0; i < ((const struct vt_strings *)f)->n; i++)
      vt__put_text(&m, 9, ((const struct vt_strings *)f)->v[i]);
    break;
  case VT_ATTR_TENSOR: vt__onnx_put_tensor(&m, 5, NULL, f, false); break;
  case VT_ATTR_GRAPH: {
    struct vt_buf sub;
    struct vt__onnx_scope inner = {*(struct vt_graph *const *)f, s, n, captures_of(n), s->depth + 1};
    vt_buf_init(&sub);
    rc = vt__onnx_put_graph(w, &sub, &inner);
    vt__put_message(&m, 6, &sub);
    break;
  }
  }
  vt__put_int(&m, 20, types[d->type]);
  vt__put_message(node, 5, &m);
  return rc;
}

/* Opset 18 made an input of the axes of reductions (ReduceSum's was one): writes them as an initializer
 * beside the node and says whether the attribute is done with. */
static bool put_later(struct vt__onnx_writer *w, struct vt_buf *b, struct vt_buf *node,
                      const struct vt__onnx_scope *s, const struct vt_node *n, const struct vt_attr_desc *d)
{
  const char *op = n->op->name;
  if (w->opset < 18 || strncmp(op, "Reduce", 6) || !strcmp(op, "ReduceSum") || strcmp(d->name, "axes"))
    return false;
  const struct vt_ints *axes = (const void *)((const char *)n->attrs + d->offset);
  struct vt_tensor t = vt_tensor_view(VT_I64, 1, (int64_t[]){axes->n}, (void *)axes->v);
  struct vt_buf name;
  vt_buf_init(&name);
  vt__onnx_local_name(s, n->out[0], &name);
  vt_buf_adds(&name, ".axes");
  if (!name.failed) vt__put_text(node, 1, name.data);
  if (!name.failed) vt__onnx_put_tensor(b, 5, name.data, &t, false);
  if (name.failed) b->failed = true;
  vt_buf_clear(&name);
  return true;
}

/* NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7. */
int vt__onnx_put_node(struct vt__onnx_writer *w, struct vt_buf *b, const struct vt__onnx_scope *s,
                      const struct vt_node *n)
{
  struct vt_buf m;
  int rc = 0;
  bool standard = !n->op->domain || !*n->op->domain;
  bool parts =
      w->opset > VT__ONNX_OPSET && !strcmp(n->op->name, "Split"); /* may have to be counted since 18 */
  if (standard && (parts || n->op->since > w->opset || (n->op->until && n->op->until < w->opset)))
    return vt_fail(w->e, VT_EUNSUPPORTED,
                   "%s: node '%s': this form of %s (opset %d to %d) has no place in opset %d", w->path,
                   n->name, n->op->name, n->op->since, n->op->until, w->opset);
  vt_buf_init(&m);
  int captures = captures_of(n);
  for (int i = 0; i < n->nin - captures; i++)
    if (n->in[i])
      vt__onnx_put_name(&m, 1, s, n->in[i]);
    else
      vt__put_text(&m, 1, "");
  for (int i = 0; i < n->nout; i++)
    if (n->out[i])
      vt__onnx_put_name(&m, 2, s, n->out[i]);
    else
      vt__put_text(&m, 2, "");
  vt__put_text(&m, 3, n->name);
  vt__put_text(&m, 4, n->op->name);
  for (int i = 0; i < n->op->nattr && !rc; i++)
    if (stated(n->op, &n->op->attr[i], n->attrs) && !put_later(w, b, &m, s, n, &n->op->attr[i]) &&
        !(captures && strcmp(n->op->attr[i].name, "captures") == 0))
      rc = put_attr(w, &m, s, n, &n->op->attr[i]);
  if (!standard) vt__put_text(&m, 7, n->op->domain);
  vt__put_message(b, 1, &m);
  return rc;
}
