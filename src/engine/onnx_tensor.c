/* TensorProto to tensor. Bytes in the file are used in place if they lie aligned for their type (all that we
 * write do); else they are copied, and the pages they came from are given back. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "engine/onnx_priv.h"

/* Forgets the resident pages that lie wholly inside a span of the mapping: they can be read again from the
 * file. */
static void drop_pages(const uint8_t *p, size_t len)
{
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1), to = ((uintptr_t)p + len) & ~(page - 1);
  if (to > from) madvise((void *)from, to - from, MADV_DONTNEED);
}

static int from_bytes(const struct vt__onnx_file *f, const struct vt__onnx_span *span, const char *what,
                      struct vt_tensor *t, struct vt_err *e)
{
  size_t need = vt_tensor_bytes(t);
  if (span->len != need || span->offset > f->len || need > f->len - span->offset) {
    char shape[160];
    vt_shape_print(t->rank, t->dim, shape, sizeof shape);
    return vt_fail(e, VT_EFORMAT, "%s: %s: %s %s takes %zu bytes, %llu are there", f->path, what,
                   vt_dtype_name(t->dtype), shape, need, (unsigned long long)span->len);
  }
  const uint8_t *p = f->data + span->offset;
  if ((uintptr_t)p % vt_dtype_size(t->dtype) == 0 && need) {
    t->data = (void *)p;
    t->storage = f->storage;
    vt__storage_get(t->storage);
    return 0;
  }
  struct vt_tensor view = vt_tensor_view(t->dtype, t->rank, t->dim, (void *)p);
  int rc = vt_tensor_copy(t, &view, e);
  if (!rc) drop_pages(p, need);
  return rc;
}

/* Numbers in the typed fields: one entry per element. */
static int from_lists(const struct vt__onnx_file *f, const Onnx__TensorProto *p, const char *what,
                      struct vt_tensor *t, struct vt_err *e)
{
  int64_t n = vt_tensor_count(t);
  const void *list = NULL;
  size_t have = 0;
  enum vt_dtype as = t->dtype;
  switch (t->dtype) {
  case VT_F32: list = p->float_data, have = p->n_float_data; break;
  case VT_F64: list = p->double_data, have = p->n_double_data; break;
  case VT_I64: list = p->int64_data, have = p->n_int64_data; break;
  case VT_U32:
  case VT_U64: list = p->uint64_data, have = p->n_uint64_data, as = VT_U64; break;
  default: list = p->int32_data, have = p->n_int32_data, as = VT_I32; break;
  }
  if (have != (uint64_t)n) {
    char shape[160];
    vt_shape_print(t->rank, t->dim, shape, sizeof shape);
    return vt_fail(e, VT_EFORMAT, "%s: %s: %s %s takes %lld numbers, %zu are there", f->path, what,
                   vt_dtype_name(t->dtype), shape, (long long)n, have);
  }
  struct vt_tensor shape = *t;
  int rc = vt_tensor_init(t, shape.dtype, shape.rank, shape.dim, e);
  if (rc) return rc;
  if (t->dtype == VT_F16 || t->dtype == VT_BF16) /* the bits, as integers */
    for (int64_t i = 0; i < n; i++) ((uint16_t *)t->data)[i] = (uint16_t)((const int32_t *)list)[i];
  else
    vt_convert(as, list, t->dtype, t->data, n);
  return 0;
}

int vt__onnx_tensor(const struct vt__onnx_file *f, const Onnx__TensorProto *p, const char *what,
                    struct vt_tensor *t, struct vt_err *e)
{
  *t = (struct vt_tensor){0};
  struct vt_tensor r = {.dtype = p->has_data_type ? (enum vt_dtype)p->data_type : VT_UNDEFINED};
  if (p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: %s lies in another file; save the model with its weights inside",
                   f->path, what);
  if (!vt_dtype_size(r.dtype))
    return vt_fail(e, VT_EUNSUPPORTED, "%s: %s has element type %s (%d)", f->path, what,
                   vt_dtype_name(r.dtype), p->data_type);
  if (p->segment) return vt_fail(e, VT_EUNSUPPORTED, "%s: %s is stored in segments", f->path, what);
  if (p->n_dims > VT_MAX_RANK)
    return vt_fail(e, VT_ELIMIT, "%s: %s has %zu dimensions; at most %d are supported", f->path, what,
                   p->n_dims, VT_MAX_RANK);
  r.rank = (int)p->n_dims;
  for (int i = 0; i < r.rank; i++) r.dim[i] = p->dims[i];
  int64_t n = vt_tensor_count(&r);
  if (n < 0 || n > (int64_t)1 << 40) {
    char shape[256];
    vt_shape_print(r.rank, r.dim, shape, sizeof shape);
    return vt_fail(e, VT_EFORMAT, "%s: %s has the impossible shape %s", f->path, what, shape);
  }
  int rc;
  if (p->has_raw_data && p->raw_data.len == sizeof(struct vt__onnx_span)) {
    struct vt__onnx_span span;
    memcpy(&span, p->raw_data.data, sizeof span);
    rc = from_bytes(f, &span, what, &r, e);
  } else {
    rc = from_lists(f, p, what, &r, e);
  }
  if (!rc) *t = r;
  return rc;
}

int vt_onnx_tensor_read(struct vt_tensor *t, const char *path, struct vt_err *e)
{
  *t = (struct vt_tensor){0};
  struct vt__onnx_file f;
  ProtobufCMessage *m = NULL;
  int rc = vt__onnx_open(&f, path, &onnx__tensor_proto__descriptor, &m, e);
  if (!rc) rc = vt__onnx_tensor(&f, (const Onnx__TensorProto *)m, "the tensor", t, e);
  vt__onnx_close(&f);
  return rc;
}
