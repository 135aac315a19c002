/* Graph to ONNX file: IR version 8, opset 17 (19 with an operator that came later), and the domain ai.vitrine
 * (version 1) where it is used.
 *
 * Layout, in protobuf's wire format (https://protobuf.dev/programming-guides/encoding; field numbers of
 * onnx.proto):
 *
 *   ModelProto   ir_version 1, producer_name 2, producer_version 3, opset_import 8, metadata_props 14, graph
 * 7 GraphProto   name 2, doc_string 10, node 1, input 11, output 12, initializer 5 TensorProto  dims 1,
 * data_type 2, name 8, doc_string 12 (blanks), raw_data 9
 *
 * The graph comes last and its weights at its end: a file cut off anywhere is seen to be cut off. The blanks
 * before each initializer's raw_data put its bytes at a multiple of 64 in the file, so that a reader can use
 * them in place; the graph's length is written in five bytes, so that where it starts is known beforehand.
 *
 * With weights_f16, an f32 initializer of rank 2 or more, 16 elements or more, and no element beyond f16's
 * range is stored as f16 under "NAME.f16", and a Cast node gives it its own name. Vectors (biases, statistics
 * of batch norm) stay f32: they are a hundredth of a model and the least forgiving. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "engine/onnx_priv.h"

enum { ALIGN = 64, MIN_F16 = 16 };

/* A graph being written. Of a sub-graph's inputs, the last `captures` are values of the graph around it,
 * which a file calls by their outer names. */
struct scope {
  const struct vt_graph *g;
  const struct scope *up;     /* NULL: the model's own graph */
  const struct vt_node *node; /* of `up`, which holds this graph */
  int captures, depth;
};

struct writer {
  struct vt_buf out;
  bool f16;
  int opset; /* of the default domain */
  const char *path;
  struct vt_err *e;
};

/* ---- wire format ---- */

static void put_varint(struct vt_buf *b, uint64_t v)
{
  char bytes[10];
  size_t n = 0;
  do {
    bytes[n++] = (char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
    v >>= 7;
  } while (v);
  vt_buf_add(b, bytes, n);
}

static void put_int(struct vt_buf *b, int field, int64_t v)
{
  put_varint(b, (uint64_t)field << 3);
  put_varint(b, (uint64_t)v);
}

static void put_float(struct vt_buf *b, int field, float v)
{
  put_varint(b, (uint64_t)field << 3 | 5);
  vt_buf_add(b, &v, 4);
}

static void put_bytes(struct vt_buf *b, int field, const void *data, size_t len)
{
  put_varint(b, (uint64_t)field << 3 | 2);
  put_varint(b, len);
  vt_buf_add(b, data, len);
}

static void put_text(struct vt_buf *b, int field, const char *s)
{
  put_bytes(b, field, s, strlen(s));
}

/* A message built in a buffer of its own, which is cleared. */
static void put_message(struct vt_buf *b, int field, struct vt_buf *m)
{
  put_bytes(b, field, m->data, m->len);
  if (m->failed) b->failed = true;
  vt_buf_clear(m);
}

/* A message whose length is filled in at its end, in five bytes: gives the place to hand to end_message. */
static size_t begin_message(struct vt_buf *b, int field)
{
  put_varint(b, (uint64_t)field << 3 | 2);
  size_t at = b->len;
  vt_buf_add(b, "\0\0\0\0\0", 5);
  return at;
}

static void end_message(struct vt_buf *b, size_t at)
{
  if (b->failed) return;
  size_t len = b->len - at - 5;
  for (int i = 0; i < 5; i++) b->data[at + (size_t)i] = (char)((len >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0));
}

/* A name that no graph around uses, for a value of a sub-graph: files know one space of names. */
static void local_name(const struct scope *s, const struct vt_value *v, struct vt_buf *out)
{
  vt_buf_adds(out, v->name);
  for (bool again = s->up != NULL; again && !out->failed;) {
    again = strcmp(out->data, v->name) != 0 && vt_graph_find(s->g, out->data);
    for (const struct scope *o = s->up; o && !again; o = o->up)
      again = vt_graph_find(o->g, out->data) != NULL;
    if (again) vt_buf_addf(out, ".%d", s->depth);
  }
}

static void put_name(struct vt_buf *b, int field, const struct scope *s, const struct vt_value *v)
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
  local_name(s, v, &name);
  if (name.failed)
    b->failed = true;
  else
    put_text(b, field, name.data);
  vt_buf_clear(&name);
}

/* ---- tensors ---- */

static size_t varint_size(uint64_t v)
{
  size_t n = 1;
  while (v >>= 7) n++;
  return n;
}

/* align: the bytes are to start at a multiple of ALIGN of b, which is the file; else b is a part of it. */
static void put_tensor(struct vt_buf *b, int field, const char *name, const struct vt_tensor *t, bool align)
{
  struct vt_buf head;
  vt_buf_init(&head);
  size_t bytes = vt_tensor_bytes(t);
  for (int i = 0; i < t->rank; i++) put_int(&head, 1, t->dim[i]);
  put_int(&head, 2, t->dtype);
  if (name) put_text(&head, 8, name);
  size_t raw = 1 + varint_size(bytes), pad = 0;
  if (align) {
    /* where the bytes would be with a doc_string of no blanks; each blank moves them by one until the length
     * of the tensor's own length changes, hence the loop */
    for (pad = 0; pad < ALIGN; pad++) {
      size_t body = head.len + 2 + pad + raw + bytes;
      if ((b->len + 1 + varint_size(body) + head.len + 2 + pad + raw) % ALIGN == 0) break;
    }
    char blanks[ALIGN];
    memset(blanks, ' ', sizeof blanks);
    put_bytes(&head, 12, blanks, pad);
  }
  put_varint(b, (uint64_t)field << 3 | 2);
  put_varint(b, head.len + raw + bytes);
  vt_buf_add(b, head.data, head.len);
  put_bytes(b, 9, t->data, bytes);
  if (head.failed) b->failed = true;
  vt_buf_clear(&head);
}

static bool fits_f16(const struct vt_value *v)
{
  const struct vt_tensor *t = &v->init;
  int64_t n = vt_tensor_count(t);
  if (t->dtype != VT_F32 || t->rank < 2 || n < MIN_F16) return false;
  for (int64_t i = 0; i < n; i++)
    if (!(fabsf(((const float *)t->data)[i]) < 65520.0f)) return false;
  return true;
}

/* "NAME.f16", or with more behind it where that name is taken. */
static void f16_name(const struct vt_graph *g, const char *name, struct vt_buf *out)
{
  vt_buf_addf(out, "%s.f16", name);
  while (!out->failed && vt_graph_find(g, out->data)) vt_buf_addc(out, '_');
}

/* By value's number: whether a node reads it or it is an output. What reading a file has folded stays in the
 * graph unread. NULL: out of memory. */
static uint8_t *values_read(const struct vt_graph *g)
{
  uint8_t *read = vt_calloc((size_t)g->nvalues + 1, 1);
  if (!read) return NULL;
  for (int i = 0; i < g->nnodes; i++)
    for (int k = 0; k < g->nodes[i]->nin; k++)
      if (g->nodes[i]->in[k]) read[g->nodes[i]->in[k]->id] = 1;
  for (int i = 0; i < g->noutputs; i++) read[g->outputs[i]->id] = 1;
  return read;
}

static int put_initializers(struct writer *w, struct vt_buf *b, const struct scope *s, const uint8_t *read,
                            bool f16)
{
  const struct vt_graph *g = s->g;
  bool align = !s->up;
  for (int i = 0; i < g->nvalues; i++) {
    const struct vt_value *v = g->values[i];
    if (!v->init.data || v->producer || (v->is_constant && !read[v->id])) continue;
    struct vt_tensor h;
    struct vt_buf name;
    if (!f16 || !fits_f16(v)) {
      vt_buf_init(&name);
      local_name(s, v, &name);
      if (!name.failed) put_tensor(b, 5, name.data, &v->init, align);
      if (name.failed) b->failed = true;
      vt_buf_clear(&name);
      continue;
    }
    int rc = vt_tensor_cast(&h, &v->init, VT_F16, w->e);
    if (rc) return rc;
    vt_buf_init(&name);
    f16_name(g, v->name, &name);
    if (!name.failed) put_tensor(b, 5, name.data, &h, align);
    if (name.failed) b->failed = true;
    vt_buf_clear(&name);
    vt_tensor_clear(&h);
  }
  return 0;
}

/* The Cast nodes that give 16-bit initializers their names back. */
static void put_casts(struct vt_buf *b, const struct vt_graph *g, const uint8_t *read)
{
  for (int i = 0; i < g->nvalues; i++) {
    const struct vt_value *v = g->values[i];
    if (!v->init.data || v->producer || (v->is_constant && !read[v->id]) || !fits_f16(v)) continue;
    struct vt_buf m, a, name;
    vt_buf_init(&m);
    vt_buf_init(&a);
    vt_buf_init(&name);
    f16_name(g, v->name, &name);
    if (!name.failed) put_text(&m, 1, name.data);
    put_text(&m, 2, v->name);
    put_text(&m, 4, "Cast");
    put_text(&a, 1, "to");
    put_int(&a, 3, VT_F32);
    put_int(&a, 20, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    put_message(&m, 5, &a);
    if (name.failed) b->failed = true;
    vt_buf_clear(&name);
    put_message(b, 1, &m);
  }
}

/* ---- nodes ---- */

static int put_graph(struct writer *w, struct vt_buf *b, const struct scope *s);

static void put_packed_ints(struct vt_buf *m, const struct vt_ints *l)
{
  for (int i = 0; i < l->n; i++) put_int(m, 8, l->v[i]);
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
  put_bytes(m, 4, p, strcspn(p, "|"));
}

/* Inputs of a node that only its sub-graphs read: files do not list them. */
static int captures_of(const struct vt_node *n)
{
  const struct vt_attr_desc *d = vt__attr_find(n->op, "captures");
  if (!d || !n->op->nattr || n->op->attr[0].type != VT_ATTR_GRAPH) return 0;
  return (int)*(const int64_t *)((const char *)n->attrs + d->offset);
}

/* AttributeProto: name 1, f 2, i 3, s 4, t 5, g 6, floats 7, ints 8, strings 9, type 20. */
static int put_attr(struct writer *w, struct vt_buf *node, const struct scope *s, const struct vt_node *n,
                    const struct vt_attr_desc *d)
{
  static const int types[] = {[VT_ATTR_INT] = 2,     [VT_ATTR_FLOAT] = 1,  [VT_ATTR_STRING] = 3,
                              [VT_ATTR_ENUM] = 3,    [VT_ATTR_INTS] = 7,   [VT_ATTR_FLOATS] = 6,
                              [VT_ATTR_STRINGS] = 8, [VT_ATTR_TENSOR] = 4, [VT_ATTR_GRAPH] = 5};
  const void *f = (const char *)n->attrs + d->offset;
  struct vt_buf m;
  int rc = 0;
  vt_buf_init(&m);
  put_text(&m, 1, d->name);
  switch (d->type) {
  case VT_ATTR_INT: put_int(&m, 3, *(const int64_t *)f); break;
  case VT_ATTR_FLOAT: put_float(&m, 2, *(const float *)f); break;
  case VT_ATTR_STRING: put_text(&m, 4, *(const char *const *)f); break;
  case VT_ATTR_ENUM: put_choice(&m, d->choices, *(const int *)f); break;
  case VT_ATTR_INTS: put_packed_ints(&m, f); break;
  case VT_ATTR_FLOATS:
    for (int i = 0; i < ((const struct vt_floats *)f)->n; i++)
      put_float(&m, 7, ((const struct vt_floats *)f)->v[i]);
    break;
  case VT_ATTR_STRINGS:
    for (int i = 0; i < ((const struct vt_strings *)f)->n; i++)
      put_text(&m, 9, ((const struct vt_strings *)f)->v[i]);
    break;
  case VT_ATTR_TENSOR: put_tensor(&m, 5, NULL, f, false); break;
  case VT_ATTR_GRAPH: {
    struct vt_buf sub;
    struct scope inner = {*(struct vt_graph *const *)f, s, n, captures_of(n), s->depth + 1};
    vt_buf_init(&sub);
    rc = put_graph(w, &sub, &inner);
    put_message(&m, 6, &sub);
    break;
  }
  }
  put_int(&m, 20, types[d->type]);
  put_message(node, 5, &m);
  return rc;
}

/* Opset 18 made an input of the axes of reductions (ReduceSum's was one): writes them as an initializer
 * beside the node and says whether the attribute is done with. */
static bool put_later(struct writer *w, struct vt_buf *b, struct vt_buf *node, const struct scope *s,
                      const struct vt_node *n, const struct vt_attr_desc *d)
{
  const char *op = n->op->name;
  if (w->opset < 18 || strncmp(op, "Reduce", 6) || !strcmp(op, "ReduceSum") || strcmp(d->name, "axes"))
    return false;
  const struct vt_ints *axes = (const void *)((const char *)n->attrs + d->offset);
  struct vt_tensor t = vt_tensor_view(VT_I64, 1, (int64_t[]){axes->n}, (void *)axes->v);
  struct vt_buf name;
  vt_buf_init(&name);
  local_name(s, n->out[0], &name);
  vt_buf_adds(&name, ".axes");
  if (!name.failed) put_text(node, 1, name.data);
  if (!name.failed) put_tensor(b, 5, name.data, &t, false);
  if (name.failed) b->failed = true;
  vt_buf_clear(&name);
  return true;
}

/* NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7. */
static int put_node(struct writer *w, struct vt_buf *b, const struct scope *s, const struct vt_node *n)
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
      put_name(&m, 1, s, n->in[i]);
    else
      put_text(&m, 1, "");
  for (int i = 0; i < n->nout; i++)
    if (n->out[i])
      put_name(&m, 2, s, n->out[i]);
    else
      put_text(&m, 2, "");
  put_text(&m, 3, n->name);
  put_text(&m, 4, n->op->name);
  for (int i = 0; i < n->op->nattr && !rc; i++)
    if (stated(n->op, &n->op->attr[i], n->attrs) && !put_later(w, b, &m, s, n, &n->op->attr[i]) &&
        !(captures && strcmp(n->op->attr[i].name, "captures") == 0))
      rc = put_attr(w, &m, s, n, &n->op->attr[i]);
  if (!standard) put_text(&m, 7, n->op->domain);
  put_message(b, 1, &m);
  return rc;
}

/* ---- graphs ---- */

/* ValueInfoProto: name 1, type 2 {tensor_type 1 {elem_type 1, shape 2 {dim 1 {dim_value 1, dim_param 2}}}}.
 */
static void put_value_info(struct vt_buf *b, int field, const struct scope *s, const struct vt_value *v)
{
  struct vt_buf info, type, tensor, shape, dim;
  vt_buf_init(&info);
  vt_buf_init(&type);
  vt_buf_init(&tensor);
  vt_buf_init(&shape);
  vt_buf_init(&dim);
  if (v->dtype) put_int(&tensor, 1, v->dtype);
  for (int i = 0; i < v->rank; i++) {
    if (v->dim[i] >= 0)
      put_int(&dim, 1, v->dim[i]);
    else if (v->dim_name[i])
      put_text(&dim, 2, v->dim_name[i]);
    put_message(&shape, 1, &dim);
  }
  if (v->rank >= 0) put_message(&tensor, 2, &shape);
  put_message(&type, 1, &tensor);
  put_name(&info, 1, s, v);
  put_message(&info, 2, &type);
  put_message(b, field, &info);
}

static int put_graph(struct writer *w, struct vt_buf *b, const struct scope *s)
{
  const struct vt_graph *g = s->g;
  int rc = 0;
  bool f16 = !s->up && w->f16;
  put_text(b, 2, g->name);
  if (g->doc && *g->doc) put_text(b, 10, g->doc);
  uint8_t *read = values_read(g);
  if (!read) return vt_fail(w->e, VT_ENOMEM, "out of memory");
  if (f16) put_casts(b, g, read);
  for (int i = 0; i < g->nnodes && !rc; i++) rc = put_node(w, b, s, g->nodes[i]);
  for (int i = 0; i < g->ninputs - s->captures; i++) put_value_info(b, 11, s, g->inputs[i]);
  for (int i = 0; i < g->noutputs; i++) put_value_info(b, 12, s, g->outputs[i]);
  if (!rc) rc = put_initializers(w, b, s, read, f16);
  vt_free(read);
  return rc;
}

static void put_pair(struct vt_buf *b, int field, const char *key, const char *value)
{
  struct vt_buf m;
  vt_buf_init(&m);
  put_text(&m, 1, key);
  put_text(&m, 2, value);
  put_message(b, field, &m);
}

static void put_opset(struct vt_buf *b, const char *domain, int version)
{
  struct vt_buf m;
  vt_buf_init(&m);
  put_text(&m, 1, domain);
  put_int(&m, 2, version);
  put_message(b, 8, &m);
}

static bool uses_domain(const struct vt_graph *g, const char *domain)
{
  for (int i = 0; i < g->nnodes; i++)
    if (g->nodes[i]->op->domain && strcmp(g->nodes[i]->op->domain, domain) == 0) return true;
  for (int i = 0; i < g->priv->nsubs; i++)
    if (uses_domain(g->priv->subs[i], domain)) return true;
  return false;
}

/* Names of variables, one per line, under a key of ours. */
static void put_variables(struct vt_buf *b, const struct vt_graph *g, const char *key, bool trainable)
{
  struct vt_buf list;
  vt_buf_init(&list);
  for (int i = 0; i < g->nvalues; i++) {
    const struct vt_value *v = g->values[i];
    if (v->is_variable && v->is_trainable == trainable && !strchr(v->name, '\n'))
      vt_buf_addf(&list, "%s%s", list.len ? "\n" : "", v->name);
  }
  if (list.len) put_pair(b, 14, key, list.data);
  if (list.failed) b->failed = true;
  vt_buf_clear(&list);
}

int vt_onnx_save(const struct vt_graph *g, const char *path, const struct vt_onnx_save_opts *o,
                 struct vt_err *e)
{
  struct writer w = {.f16 = o && o->weights_f16, .path = path, .e = e};
  int rc = vt_graph_status(g, e);
  if (rc) return rc;
  if (g->nassigns)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: graph '%s' assigns to variables, which ONNX cannot say", path,
                   g->name);
  struct vt_buf *b = &w.out;
  vt_buf_init(b);
  put_int(b, 1, VT__ONNX_IR);
  put_text(b, 2, "vitrine");
  put_text(b, 3, VT_VERSION);
  w.opset = vt__onnx_opset_of(g);
  put_opset(b, "", w.opset);
  static const char *const others[] = {VT__DOMAIN, "ai.onnx.preview.training"};
  for (size_t i = 0; i < VT_COUNT(others); i++)
    if (uses_domain(g, others[i])) put_opset(b, others[i], 1);
  for (int i = 0; i < g->nmeta; i++) put_pair(b, 14, g->meta[i].key, g->meta[i].value);
  put_variables(b, g, VT__META_TRAINABLE, true);
  put_variables(b, g, VT__META_STATE, false);
  size_t at = begin_message(b, 7);
  rc = put_graph(&w, b, &(struct scope){.g = g});
  end_message(b, at);
  if (!rc && b->failed) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if (!rc && b->len > (size_t)1 << 31)
    rc = vt_fail(e, VT_ELIMIT, "%s: the model takes over 2^31 bytes", path);
  if (!rc) rc = vt_file_write_atomic(path, b->data, b->len, e);
  vt_buf_clear(b);
  return rc;
}
