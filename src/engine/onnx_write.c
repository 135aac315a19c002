/* Graph to ONNX file: IR version 8, opset 17 (19 with an operator that came later), and the domain ai.vitrine
 * (version 1) where it is used.
 *
 * Layout, in protobuf's wire format (https://protobuf.dev/programming-guides/encoding; field numbers of
 * onnx.proto):
 *
 *   ModelProto   ir_version 1, producer_name 2, producer_version 3, opset_import 8, metadata_props 14,
 *                graph 7
 *   GraphProto   name 2, doc_string 10, node 1, input 11, output 12, initializer 5
 *   TensorProto  dims 1, data_type 2, name 8, doc_string 12 (blanks), raw_data 9
 *
 * The graph comes last and its weights at its end: a file cut off anywhere is seen to be cut off. The blanks
 * before each initializer's raw_data put its bytes at a multiple of 64 in the file, so that a reader can use
 * them in place; the graph's length is written in five bytes, so that where it starts is known beforehand.
 */
#include "engine/onnx_write_priv.h"

#include <string.h>

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

/* ValueInfoProto: name 1, type 2 {tensor_type 1 {elem_type 1, shape 2 {dim 1 {dim_value 1, dim_param 2}}}}.
 */
static void put_value_info(struct vt_buf *b, int field, const struct vt__onnx_scope *s,
                           const struct vt_value *v)
{
  struct vt_buf info, type, tensor, shape, dim;
  vt_buf_init(&info);
  vt_buf_init(&type);
  vt_buf_init(&tensor);
  vt_buf_init(&shape);
  vt_buf_init(&dim);
  if (v->dtype) vt__put_int(&tensor, 1, v->dtype);
  for (int i = 0; i < v->rank; i++) {
    if (v->dim[i] >= 0)
      vt__put_int(&dim, 1, v->dim[i]);
    else if (v->dim_name[i])
      vt__put_text(&dim, 2, v->dim_name[i]);
    vt__put_message(&shape, 1, &dim);
  }
  if (v->rank >= 0) vt__put_message(&tensor, 2, &shape);
  vt__put_message(&type, 1, &tensor);
  vt__onnx_put_name(&info, 1, s, v);
  vt__put_message(&info, 2, &type);
  vt__put_message(b, field, &info);
}

int vt__onnx_put_graph(struct vt__onnx_writer *w, struct vt_buf *b, const struct vt__onnx_scope *s)
{
  const struct vt_graph *g = s->g;
  int rc = 0;
  bool f16 = !s->up && w->f16;
  vt__put_text(b, 2, g->name);
  if (g->doc && *g->doc) vt__put_text(b, 10, g->doc);
  uint8_t *read = values_read(g);
  if (!read) return vt_fail(w->e, VT_ENOMEM, "out of memory");
  if (f16) vt__onnx_put_casts(b, g, read);
  for (int i = 0; i < g->nnodes && !rc; i++) rc = vt__onnx_put_node(w, b, s, g->nodes[i]);
  for (int i = 0; i < g->ninputs - s->captures; i++) put_value_info(b, 11, s, g->inputs[i]);
  for (int i = 0; i < g->noutputs; i++) put_value_info(b, 12, s, g->outputs[i]);
  if (!rc) rc = vt__onnx_put_initializers(w, b, s, read, f16);
  vt_free(read);
  return rc;
}

static void put_pair(struct vt_buf *b, int field, const char *key, const char *value)
{
  struct vt_buf m;
  vt_buf_init(&m);
  vt__put_text(&m, 1, key);
  vt__put_text(&m, 2, value);
  vt__put_message(b, field, &m);
}

static void put_opset(struct vt_buf *b, const char *domain, int version)
{
  struct vt_buf m;
  vt_buf_init(&m);
  vt__put_text(&m, 1, domain);
  vt__put_int(&m, 2, version);
  vt__put_message(b, 8, &m);
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
  struct vt__onnx_writer w = {.f16 = o && o->weights_f16, .path = path, .e = e};
  int rc = vt_graph_status(g, e);
  if (rc) return rc;
  if (g->nassigns)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: graph '%s' assigns to variables, which ONNX cannot say", path,
                   g->name);
  struct vt_buf *b = &w.out;
  vt_buf_init(b);
  vt__put_int(b, 1, VT__ONNX_IR);
  vt__put_text(b, 2, "vitrine");
  vt__put_text(b, 3, VT_VERSION);
  w.opset = vt__onnx_opset_of(g);
  put_opset(b, "", w.opset);
  static const char *const others[] = {VT__DOMAIN, "ai.onnx.preview.training"};
  for (size_t i = 0; i < VT_COUNT(others); i++)
    if (uses_domain(g, others[i])) put_opset(b, others[i], 1);
  for (int i = 0; i < g->nmeta; i++) put_pair(b, 14, g->meta[i].key, g->meta[i].value);
  put_variables(b, g, VT__META_TRAINABLE, true);
  put_variables(b, g, VT__META_STATE, false);
  size_t at = vt__begin_message(b, 7);
  rc = vt__onnx_put_graph(&w, b, &(struct vt__onnx_scope){.g = g});
  vt__end_message(b, at);
  if (!rc && b->failed) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if (!rc && b->len > (size_t)1 << 31)
    rc = vt_fail(e, VT_ELIMIT, "%s: the model takes over 2^31 bytes", path);
  if (!rc) rc = vt_file_write_atomic(path, b->data, b->len, e);
  vt_buf_clear(b);
  return rc;
}
