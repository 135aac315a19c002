/* Tensors: dtype, shape, and bytes in row-major order (last dimension fastest).
 *
 * A tensor is a value that borrows or shares its storage: copying the struct copies the view. `storage` NULL
 * means the bytes belong to somebody else (a mapped file, an arena, the caller); otherwise its reference
 * count keeps them. */
#ifndef VT_ENGINE_TENSOR_H
#define VT_ENGINE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/base.h"

enum { VT_MAX_RANK = 8 };
/* Elements of a tensor and of a graph's value: neither strides nor sums of a few spans overflow below it. */
#define VT_MAX_ELEMENTS (INT64_C(1) << 40)

/* Numbers are those of ONNX's TensorProto.DataType. */
enum vt_dtype {
  VT_UNDEFINED = 0,
  VT_F32 = 1,
  VT_U8 = 2,
  VT_I8 = 3,
  VT_U16 = 4,
  VT_I16 = 5,
  VT_I32 = 6,
  VT_I64 = 7,
  VT_STRING = 8,
  VT_BOOL = 9, /* one byte, 0 or 1 */
  VT_F16 = 10,
  VT_F64 = 11,
  VT_U32 = 12,
  VT_U64 = 13,
  VT_BF16 = 16,
};
size_t vt_dtype_size(enum vt_dtype t);      /* bytes per element; 0 for VT_STRING and unknown */
const char *vt_dtype_name(enum vt_dtype t); /* "f32", "i64", … */
bool vt_dtype_is_float(enum vt_dtype t);

struct vt_storage; /* atomic reference count + bytes */

struct vt_tensor {
  enum vt_dtype dtype;
  int rank;
  int64_t dim[VT_MAX_RANK];
  void *data;
  struct vt_storage *storage;
};

/* Product of dimensions (1 for rank 0); -1 on overflow or unknown (negative) dimensions. Immutable. */
int64_t vt_dims_count(int rank, const int64_t *dim);
int64_t vt_tensor_count(const struct vt_tensor *t);
/* Whether the known dimensions, zeros taken as ones, multiply to at most VT_MAX_ELEMENTS. */
bool vt_dims_bounded(int rank, const int64_t *dim);
size_t vt_tensor_bytes(const struct vt_tensor *t);

/* New storage, zeroed, 64-byte aligned. Limit: VT_MAX_ELEMENTS; fails cleanly. Release with vt_tensor_clear.
 */
int vt_tensor_init(struct vt_tensor *t, enum vt_dtype dtype, int rank, const int64_t *dim, struct vt_err *e);
/* A view on bytes of the caller's. */
struct vt_tensor vt_tensor_view(enum vt_dtype dtype, int rank, const int64_t *dim, void *data);
struct vt_tensor vt_tensor_share(const struct vt_tensor *t);                            /* + 1 reference */
int vt_tensor_copy(struct vt_tensor *out, const struct vt_tensor *t, struct vt_err *e); /* own bytes */
void vt_tensor_clear(struct vt_tensor *t); /* − 1 reference; zeroes the struct */
/* Converts to another dtype. Own bytes. As ONNX's Cast: narrower floats round to nearest even; float to
 * integer truncates and saturates (NaN: 0); integer to narrower integer keeps the low bits; bool is "not
 * zero". */
int vt_tensor_cast(struct vt_tensor *out, const struct vt_tensor *t, enum vt_dtype dtype, struct vt_err *e);
void vt_shape_print(int rank, const int64_t *dim, char *out, size_t size); /* "(2, 3, ?, 7)" */

/* Element i as double, whatever the dtype; for reference code and printing, not for speed. */
double vt_tensor_get(const struct vt_tensor *t, int64_t i);
/* The same cut to a whole number and to 2^62 either way, for indices and sizes; NaN becomes -2^62. */
int64_t vt_tensor_whole(const struct vt_tensor *t, int64_t i);
void vt_tensor_set(struct vt_tensor *t, int64_t i, double v);

/* bf16: the upper half of a float, rounded to nearest even (NaN stays NaN). f16: IEEE binary16. */
uint16_t vt_f32_to_bf16(float f);
float vt_bf16_to_f32(uint16_t h);
uint16_t vt_f32_to_f16(float f);
float vt_f16_to_f32(uint16_t h);
/* Whole arrays; vectorised. */
void vt_convert(enum vt_dtype from, const void *in, enum vt_dtype to, void *out, int64_t n);

/* NumPy's .npy, version 1.0 and 2.0, C order. Limit: `limit` bytes of data. */
int vt_npy_read(struct vt_tensor *t, const char *path, size_t limit, struct vt_err *e);
int vt_npy_write(const struct vt_tensor *t, const char *path, struct vt_err *e);

#endif
