/* TensorProto to tensor. Bytes in the file are used in place if they lie aligned for their type (all that we
 * write do), or are many and the caller does not mind; else they are copied, and the pages they came from are
 * given back. */
#include <string.h>
#include "engine/onnx_priv.h"

enum { MANY = 64 << 10 };

/* Where a tensor's bytes are: in the model's file or in one beside it. */
struct source {
  const char *path;
  bool mapped;
  struct vt_storage *storage;
  const uint8_t *data;
  size_t len;
};

static int from_bytes(const struct source *f, const struct vt__onnx_span *span, const char *what,
                      struct vt_tensor *t, struct vt_err *e)
{
  size_t need = vt_tensor_bytes(t);
  if (span->len != need || span->offset > f->len || need > f->len - span->offset) {
    char shape[160];
    vt_shape_print(t->rank, t->dim, shape, sizeof shape);
    return vt_fail(
        e, VT_EFORMAT, "%s: %s: %s %s takes %zu bytes, %llu are there", f->path, what,
        vt_dtype_name(t->dtype), shape, need,
        (unsigned long long)(span->offset > f->len ? 0 : VT_MIN(span->len, f->len - span->offset)));
  }
  struct vt_tensor view = vt_tensor_view(t->dtype, t->rank, t->dim, (void *)(f->data + span->offset));
  view.storage = f->storage;
  bool stays = f->mapped && t->dtype == VT_F32 && need >= MANY;
  if (need && (stays || vt__tensor_aligned(&view))) {
    *t = view;
    vt__storage_get(t->storage);
    return 0;
  }
  int rc = vt_tensor_copy(t, &view, e);
  if (!rc) vt__tensor_page_out(&view);
  return rc;
}

/* ---- weights in other files ---- */

/* A file of the model's own folder or below it: what a model names must not reach elsewhere. */
static bool inside(const char *location)
{
  if (!*location || *location == '/') return false;
  for (const char *p = location; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
    if (strncmp(p, "..", 2) == 0 && (!p[2] || p[2] == '/')) return false;
  return true;
}

static int open_external(struct vt__onnx_file *f, const char *location, struct vt__onnx_external **out,
                         struct vt_err *e)
{
  struct vt__onnx_external *x = NULL;
  for (x = f->external; x; x = x->next)
    if (strcmp(x->location, location) == 0) {
      *out = x;
      return 0;
    }
  x = vt_arena_alloc(&f->arena, sizeof *x);
  const char *dir = vt_path_dir(&f->arena, f->path),
             *path = dir ? vt_path_join(&f->arena, dir, location) : NULL;
  if (!x || !path) return vt_fail(e, VT_ENOMEM, "out of memory");
  struct vt_map m;
  int rc = vt_map_open(&m, path, e);
  if (rc) return vt_fail_in(e, rc, "%s: its weights", f->path);
  *x = (struct vt__onnx_external){.location = location, .data = m.data, .len = m.len, .next = f->external};
  if (!(x->storage = vt__storage_of_map(&m, e))) return VT_ENOMEM;
  *out = f->external = x;
  return 0;
}

static int from_other_file(struct vt__onnx_file *f, const Onnx__TensorProto *p, const char *what,
                           struct vt_tensor *t, struct vt_err *e)
{
  const char *location = "";
  int64_t offset = 0, len = (int64_t)vt_tensor_bytes(t);
  for (size_t i = 0; i < p->n_external_data; i++) {
    const char *key = p->external_data[i]->key, *value = p->external_data[i]->value;
    bool good = key && value;
    if (good && strcmp(key, "location") == 0) location = value;
    if (good && strcmp(key, "offset") == 0) good = vt_parse_i64(value, &offset) && offset >= 0;
    if (good && strcmp(key, "length") == 0) good = vt_parse_i64(value, &len) && len >= 0;
    if (!good) return vt_fail(e, VT_EFORMAT, "%s: %s: damaged reference to another file", f->path, what);
  }
  if (!inside(location))
    return vt_fail(e, VT_EUNSUPPORTED, "%s: %s lies in '%.200s', outside of the model's folder", f->path,
                   what, location);
  struct vt__onnx_external *x = NULL;
  int rc = open_external(f, location, &x, e);
  if (rc) return rc;
  struct source s = {f->path, f->mapped, x->storage, x->data, x->len};
  return from_bytes(&s, &(struct vt__onnx_span){(uint64_t)offset, (uint64_t)len}, what, t, e);
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

int vt__onnx_tensor(struct vt__onnx_file *f, const Onnx__TensorProto *p, const char *what,
                    struct vt_tensor *t, struct vt_err *e)
{
  *t = (struct vt_tensor){0};
  struct vt_tensor r = {.dtype = p->has_data_type ? (enum vt_dtype)p->data_type : VT_UNDEFINED};
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
  if (n < 0 || !vt_dims_bounded(r.rank, r.dim)) {
    char shape[256];
    vt_shape_print(r.rank, r.dim, shape, sizeof shape);
    return vt_fail(e, VT_EFORMAT, "%s: %s has the impossible shape %s", f->path, what, shape);
  }
  int rc;
  if (p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
    rc = from_other_file(f, p, what, &r, e);
  } else if (p->has_raw_data && p->raw_data.len == sizeof(struct vt__onnx_span)) {
    struct vt__onnx_span span;
    memcpy(&span, p->raw_data.data, sizeof span);
    struct source s = {f->path, f->mapped, f->storage, f->data, f->len};
    rc = from_bytes(&s, &span, what, &r, e);
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
