/* Tensors of a file, and the initializers of a graph.
 *
 * The blanks before each initializer's raw_data put its bytes at a multiple of 64 in the file, so that a
 * reader can use them in place.
 *
 * With weights_f16, an f32 initializer of rank 2 or more, 16 elements or more, and no element beyond f16's
 * range is stored as f16 under "NAME.f16", and a Cast node gives it its own name. Vectors (biases, statistics
 * of batch norm) stay f32: they are a hundredth of a model and the least forgiving. */
#include <math.h>
#include <string.h>
#include "engine/onnx_write_priv.h"

enum { ALIGN = 64, MIN_F16 = 16 };

void vt__onnx_put_tensor(struct vt_buf *b, int field, const char *name, const struct vt_tensor *t, bool align)
{
  struct vt_buf head;
  vt_buf_init(&head);
  size_t bytes = vt_tensor_bytes(t);
  for (int i = 0; i < t->rank; i++) vt__put_int(&head, 1, t->dim[i]);
  vt__put_int(&head, 2, t->dtype);
  if (name) vt__put_text(&head, 8, name);
  size_t raw = 1 + vt__varint_size(bytes), pad = 0;
  if (align) {
    /* where the bytes would be with a doc_string of no blanks; each blank moves them by one until the length
     * of the tensor's own length changes, hence the loop */
    for (pad = 0; pad < ALIGN; pad++) {
      size_t body = head.len + 2 + pad + raw + bytes;
      if ((b->len + 1 + vt__varint_size(body) + head.len + 2 + pad + raw) % ALIGN == 0) break;
    }
    char blanks[ALIGN];
    memset(blanks, ' ', sizeof blanks);
    vt__put_bytes(&head, 12, blanks, pad);
  }
  vt__put_varint(b, (uint64_t)field << 3 | 2);
  vt__put_varint(b, head.len + raw + bytes);
  vt_buf_add(b, head.data, head.len);
  vt__put_bytes(b, 9, t->data, bytes);
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

int vt__onnx_put_initializers(struct vt__onnx_writer *w, struct vt_buf *b, const struct vt__onnx_scope *s,
                              const uint8_t *read, bool f16)
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
      vt__onnx_local_name(s, v, &name);
      if (!name.failed) vt__onnx_put_tensor(b, 5, name.data, &v->init, align);
      if (name.failed) b->failed = true;
      vt_buf_clear(&name);
      continue;
    }
    int rc = vt_tensor_cast(&h, &v->init, VT_F16, w->e);
    if (rc) return rc;
    vt_buf_init(&name);
    f16_name(g, v->name, &name);
    if (!name.failed) vt__onnx_put_tensor(b, 5, name.data, &h, align);
    if (name.failed) b->failed = true;
    vt_buf_clear(&name);
    vt_tensor_clear(&h);
  }
  return 0;
}

/* The Cast nodes that give 16-bit initializers their names back. */
void vt__onnx_put_casts(struct vt_buf *b, const struct vt_graph *g, const uint8_t *read)
{
  for (int i = 0; i < g->nvalues; i++) {
    const struct vt_value *v = g->values[i];
    if (!v->init.data || v->producer || (v->is_constant && !read[v->id]) || !fits_f16(v)) continue;
    struct vt_buf m, a, name;
    vt_buf_init(&m);
    vt_buf_init(&a);
    vt_buf_init(&name);
    f16_name(g, v->name, &name);
    if (!name.failed) vt__put_text(&m, 1, name.data);
    vt__put_text(&m, 2, v->name);
    vt__put_text(&m, 4, "Cast");
    vt__put_text(&a, 1, "to");
    vt__put_int(&a, 3, VT_F32);
    vt__put_int(&a, 20, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    vt__put_message(&m, 5, &a);
    if (name.failed) b->failed = true;
    vt_buf_clear(&name);
    vt__put_message(b, 1, &m);
  }
}
