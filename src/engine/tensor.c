/* Tensors: storage with an atomic reference count, creation, copies, views.
 *
 * A storage is either a block of ours or a mapped file that many tensors look into; the last reference frees
 * or unmaps it. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "engine/program_impl.h"

struct vt_storage {
  atomic_int refs;
  void *bytes;       /* ours, or NULL */
  struct vt_map map; /* used if bytes is NULL */
};

static const struct {
  const char *name;
  uint8_t size;
} dtypes[] = {
    [VT_UNDEFINED] = {"undefined", 0},
    [VT_F32] = {"f32", 4},
    [VT_U8] = {"u8", 1},
    [VT_I8] = {"i8", 1},
    [VT_U16] = {"u16", 2},
    [VT_I16] = {"i16", 2},
    [VT_I32] = {"i32", 4},
    [VT_I64] = {"i64", 8},
    [VT_STRING] = {"string", 0},
    [VT_BOOL] = {"bool", 1},
    [VT_F16] = {"f16", 2},
    [VT_F64] = {"f64", 8},
    [VT_U32] = {"u32", 4},
    [VT_U64] = {"u64", 8},
    [VT_BF16] = {"bf16", 2},
};

size_t vt_dtype_size(enum vt_dtype t)
{
  return (size_t)t < VT_COUNT(dtypes) ? dtypes[t].size : 0;
}

const char *vt_dtype_name(enum vt_dtype t)
{
  return (size_t)t < VT_COUNT(dtypes) && dtypes[t].name ? dtypes[t].name : "unknown";
}

bool vt_dtype_is_float(enum vt_dtype t)
{
  return t == VT_F32 || t == VT_F16 || t == VT_BF16 || t == VT_F64;
}

int64_t vt_dims_count(int rank, const int64_t *dim)
{
  int64_t n = 1;
  bool zero = false;
  for (int i = 0; i < rank; i++) {
    if (dim[i] < 0) return -1;
    if (dim[i] == 0)
      zero = true;
    else if (__builtin_mul_overflow(n, dim[i], &n))
      return -1;
  }
  return zero ? 0 : n;
}

bool vt_dims_bounded(int rank, const int64_t *dim)
{
  int64_t n = 1;
  for (int i = 0; i < rank; i++) {
    if (dim[i] > VT_MAX_ELEMENTS / n) return false;
    n *= VT_MAX(dim[i], 1);
  }
  return true;
}

int64_t vt_tensor_count(const struct vt_tensor *t)
{
  return vt_dims_count(t->rank, t->dim);
}

size_t vt_tensor_bytes(const struct vt_tensor *t)
{
  int64_t n = vt_tensor_count(t);
  return n < 0 ? 0 : (size_t)n * vt_dtype_size(t->dtype);
}

static struct vt_storage *storage_new(size_t bytes)
{
  struct vt_storage *s = vt_calloc(1, sizeof *s);
  if (!s) return NULL;
  s->bytes = vt_aligned(VT_MAX(bytes, 1));
  if (!s->bytes) {
    vt_free(s);
    return NULL;
  }
  atomic_init(&s->refs, 1);
  return s;
}

struct vt_storage *vt__storage_of_map(struct vt_map *m, struct vt_err *e)
{
  struct vt_storage *s = vt_calloc(1, sizeof *s);
  if (!s) {
    vt_map_close(m);
    vt_fail(e, VT_ENOMEM, "out of memory");
    return NULL;
  }
  atomic_init(&s->refs, 1);
  s->map = *m;
  return s;
}

void vt__storage_get(struct vt_storage *s)
{
  if (s) atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void vt__storage_put(struct vt_storage *s)
{
  if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
  if (s->bytes)
    vt_free(s->bytes);
  else
    vt_map_close(&s->map);
  vt_free(s);
}

void vt__tensor_page_out(const struct vt_tensor *t)
{
  if (!t->storage || t->storage->bytes) return;
  const size_t page = 4096;
  uintptr_t from = ((uintptr_t)t->data + page - 1) / page * page,
            to = ((uintptr_t)t->data + vt_tensor_bytes(t)) / page * page;
  if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
}

bool vt__storage_alone(const struct vt_storage *s)
{
  return s && s->bytes && atomic_load_explicit(&s->refs, memory_order_acquire) == 1;
}

/* Room for the tensor, not zeroed. */
static int allocate(struct vt_tensor *t, enum vt_dtype dtype, int rank, const int64_t *dim, struct vt_err *e)
{
  *t = (struct vt_tensor){0};
  if (!vt_dtype_size(dtype))
    return vt_fail(e, VT_EUNSUPPORTED, "tensors of type %s cannot be held", vt_dtype_name(dtype));
  if (rank < 0 || rank > VT_MAX_RANK)
    return vt_fail(e, VT_ELIMIT, "a tensor of %d dimensions; at most %d are supported", rank, VT_MAX_RANK);
  int64_t n = vt_dims_count(rank, dim);
  char shape[128];
  vt_shape_print(rank, dim, shape, sizeof shape);
  if (n < 0) return vt_fail(e, VT_ESHAPE, "a tensor of shape %s has no definite size", shape);
  if (!vt_dims_bounded(rank, dim))
    return vt_fail(e, VT_ELIMIT, "a tensor of shape %s has over 2^40 elements", shape);
  t->storage = storage_new((size_t)n * vt_dtype_size(dtype));
  if (!t->storage)
    return vt_fail(e, VT_ENOMEM, "out of memory for a tensor %s %s", vt_dtype_name(dtype), shape);
  t->dtype = dtype;
  t->rank = rank;
  if (rank) memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
  t->data = t->storage->bytes;
  return 0;
}

int vt_tensor_init(struct vt_tensor *t, enum vt_dtype dtype, int rank, const int64_t *dim, struct vt_err *e)
{
  int rc = allocate(t, dtype, rank, dim, e);
  if (!rc) memset(t->data, 0, vt_tensor_bytes(t));
  return rc;
}

struct vt_tensor vt_tensor_view(enum vt_dtype dtype, int rank, const int64_t *dim, void *data)
{
  struct vt_tensor t = {.dtype = dtype, .rank = rank, .data = data};
  for (int i = 0; i < rank && i < VT_MAX_RANK; i++) t.dim[i] = dim[i];
  return t;
}

struct vt_tensor vt_tensor_share(const struct vt_tensor *t)
{
  vt__storage_get(t->storage);
  return *t;
}

int vt_tensor_copy(struct vt_tensor *out, const struct vt_tensor *t, struct vt_err *e)
{
  struct vt_tensor r;
  int rc = allocate(&r, t->dtype, t->rank, t->dim, e);
  if (rc) {
    *out = r;
    return rc;
  }
  size_t n = vt_tensor_bytes(t);
  if (n) memcpy(r.data, t->data, n);
  *out = r;
  return 0;
}

int vt__tensor_take(struct vt_tensor *out, const struct vt_tensor *t, struct vt_err *e)
{
  enum { PART = 4 << 20 };
  int rc = allocate(out, t->dtype, t->rank, t->dim, e);
  if (rc) return rc;
  int64_t bytes = (int64_t)vt_tensor_bytes(t);
  for (int64_t at = 0; at < bytes; at += PART) {
    struct vt_tensor part = {
        .dtype = VT_U8, .rank = 1, .storage = t->storage, .data = (uint8_t *)t->data + at};
    part.dim[0] = VT_MIN(PART, bytes - at);
    memcpy((uint8_t *)out->data + at, part.data, (size_t)part.dim[0]);
    vt__tensor_page_out(&part);
  }
  return 0;
}

void vt_tensor_clear(struct vt_tensor *t)
{
  if (!t) return;
  vt__storage_put(t->storage);
  *t = (struct vt_tensor){0};
}

int vt_tensor_cast(struct vt_tensor *out, const struct vt_tensor *t, enum vt_dtype dtype, struct vt_err *e)
{
  if (!vt_dtype_size(t->dtype)) {
    *out = (struct vt_tensor){0};
    return vt_fail(e, VT_EUNSUPPORTED, "a tensor of type %s cannot be converted", vt_dtype_name(t->dtype));
  }
  struct vt_tensor r;
  int rc = allocate(&r, dtype, t->rank, t->dim, e);
  if (!rc) vt_convert(t->dtype, t->data, dtype, r.data, vt_tensor_count(t));
  *out = r;
  return rc;
}

void vt_shape_print(int rank, const int64_t *dim, char *out, size_t size)
{
  if (rank < 0) {
    snprintf(out, size, "(unknown)");
    return;
  }
  size_t n = (size_t)snprintf(out, size, "(");
  for (int i = 0; i < rank && n < size; i++) {
    if (i) n += (size_t)snprintf(out + n, size - n, ", ");
    if (n >= size) break;
    n += (size_t)(dim[i] < 0 ? snprintf(out + n, size - n, "?")
                             : snprintf(out + n, size - n, "%lld", (long long)dim[i]));
  }
  if (n < size) snprintf(out + n, size - n, ")");
}

double vt_tensor_get(const struct vt_tensor *t, int64_t i)
{
  double v = 0;
  size_t size = vt_dtype_size(t->dtype);
  if (size) vt_convert(t->dtype, (const char *)t->data + (size_t)i * size, VT_F64, &v, 1);
  return v;
}

int64_t vt_tensor_whole(const struct vt_tensor *t, int64_t i)
{
  const double v = vt_tensor_get(t, i), most = 0x1p62;
  return v >= most ? (int64_t)most : v > -most ? (int64_t)v : -(int64_t)most;
}

void vt_tensor_set(struct vt_tensor *t, int64_t i, double v)
{
  size_t size = vt_dtype_size(t->dtype);
  if (size) vt_convert(VT_F64, &v, t->dtype, (char *)t->data + (size_t)i * size, 1);
}
