/* What operator files share: schema rows, shape inference, broadcasting, dtype dispatch, gradient helpers.
 * Private to ops/. */
#ifndef VT_OPS_UTIL_H
#define VT_OPS_UTIL_H

#include <tgmath.h>
#include <string.h>
#include "ops/ops.h"

/* ---- schema ---- */
#define VT_A_INT(S, n, d)                                                                                    \
  {                                                                                                          \
    .name = #n, .type = VT_ATTR_INT, .offset = offsetof(S, n), .i = (d)                                      \
  }
#define VT_A_FLOAT(S, n, d)                                                                                  \
  {                                                                                                          \
    .name = #n, .type = VT_ATTR_FLOAT, .offset = offsetof(S, n), .f = (d)                                    \
  }
#define VT_A_STRING(S, n, d)                                                                                 \
  {                                                                                                          \
    .name = #n, .type = VT_ATTR_STRING, .offset = offsetof(S, n), .s = (d)                                   \
  }
#define VT_A_INTS(S, n)                                                                                      \
  {                                                                                                          \
    .name = #n, .type = VT_ATTR_INTS, .offset = offsetof(S, n)                                               \
  }
#define VT_A_FLOATS(S, n)                                                                                    \
  {                                                                                                          \
    .name = #n, .type = VT_ATTR_FLOATS, .offset = offsetof(S, n)                                             \
  }
#define VT_A_ENUM(S, n, c, d)                                                                                \
  {                                                                                                          \
    .name = #n, .type = VT_ATTR_ENUM, .offset = offsetof(S, n), .choices = (c), .i = (d)                     \
  }
#define VT_ATTRS(a, S) .attr = (a), .nattr = (int)VT_COUNT(a), .attrs_size = sizeof(S)
#define VT_CASES(c)    .cases = (c), .ncases = (int)VT_COUNT(c)

/* ---- shape inference ---- */
/* Sets output i, if asked for; rank -1: unknown. */
void vt__out(struct vt_node *n, int i, enum vt_dtype t, int rank, const int64_t *dim);
void vt__out_like(struct vt_node *n, int i, const struct vt_value *v);
int vt__infer_same(struct vt_node *n, struct vt_err *e);      /* output 0 like input 0 */
int vt__infer_same1(struct vt_node *n, struct vt_err *e);     /* output 0 like input 1 (gradients) */
int vt__infer_scalar(struct vt_node *n, struct vt_err *e);    /* output 0: f32 of rank 0 */
int vt__infer_broadcast(struct vt_node *n, struct vt_err *e); /* all inputs broadcast; dtype of input 0 */
int vt__infer_predicate(struct vt_node *n, struct vt_err *e); /* the same, bool */
/* Broadcast of two shapes into (rank, dim); unknown dims allowed. */
int vt__broadcast(const struct vt_node *n, int ra, const int64_t *a, int rb, const int64_t *b, int *rank,
                  int64_t *dim, struct vt_err *e);
/* "Conv 'name': message" */
int vt__bad(struct vt_err *e, int code, const struct vt_node *n, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Rank of input i must be at least lo and at most hi, if known. */
int vt__check_rank(const struct vt_node *n, int i, int lo, int hi, struct vt_err *e);
int vt__axis(const struct vt_node *n, int64_t axis, int rank, int *out, struct vt_err *e);
/* The integers of a constant (or run-time) tensor; -1 if unknown or more than max. */
int vt__tensor_ints(const struct vt_tensor *t, int64_t *out, int max);
int vt__const_ints(const struct vt_value *v, int64_t *out, int max);
bool vt__is_static(const struct vt_value *v); /* shape fully known */
bool vt__same_shape(const struct vt_value *a, const struct vt_value *b);
const struct vt_value *vt__in(const struct vt_node *n, int i); /* NULL if left out or beyond nin */
struct vt_value *vt__in_mut(const struct vt_node *n, int i);
const struct vt_tensor *vt__arg(const struct vt_ref_call *c, int i);
struct vt_tensor *vt__res(const struct vt_ref_call *c, int i);
/* Allocates output i with this shape if its bytes are not there yet; checks the shape otherwise. */
int vt__res_shape(const struct vt_ref_call *c, int i, enum vt_dtype t, int rank, const int64_t *dim,
                  struct vt_err *e);
/* Strides in elements of a row-major shape. */
void vt__strides(int rank, const int64_t *dim, int64_t *stride);
/* Copies a block of shape dim between two arrays with their own strides (in elements of `size` bytes). */
void vt__copy_strided(int rank, const int64_t *dim, size_t size, void *dst, const int64_t *dstep,
                      const void *src, const int64_t *sstep);
/* Product of dim[from..to). */
int64_t vt__span(const int64_t *dim, int from, int to);
int64_t vt__product(int64_t a, int64_t b); /* INT64_MAX where it would overflow */

/* ---- reach: see vt_reach_fn ---- */
int vt__reach_shift(struct vt_reach *r, int axis, int64_t by); /* position i looks at i + by */
/* Position i looks at position i of input 0 along every axis but `spared`, along which at all. */
int vt__reach_beside(const struct vt_node *n, int64_t spared, int axis, struct vt_reach *r);
vt_reach_fn vt__reach_same;   /* along every axis */
vt_reach_fn vt__reach_axis;   /* along every axis but that of struct vt_axis_attrs */
vt_reach_fn vt__reach_blocks; /* blocks of positions become one, or one becomes a block */
vt_reach_fn vt__reach_matmul, vt__reach_resize, vt__reach_pool, vt__reach_conv_transpose;
vt_reach_fn vt__reach_conv, vt__reach_qlinear_conv; /* weight at input 1, or 3 */

/* ---- reference kernels ---- */
/* Walks a broadcast of up to 4 tensors row by row: dimensions are merged where all strides allow. */
enum { VT_BCAST_MAX = 4 };
struct vt__bcast {
  int n, rank;
  int64_t dim[VT_MAX_RANK], pos[VT_MAX_RANK];
  int64_t stride[VT_BCAST_MAX][VT_MAX_RANK];
  int64_t off[VT_BCAST_MAX];  /* element offset of the present row in each tensor */
  int64_t step[VT_BCAST_MAX]; /* element step inside a row (0 or more) */
  int64_t row, rows;          /* length of a row; number of rows */
};
void vt__bcast_init(struct vt__bcast *b, int rank, const int64_t *dim, int n,
                    const struct vt_tensor *const *t);
void vt__bcast_next(struct vt__bcast *b);

/* BODY(T) for the C type of a dtype; other dtypes fall through to `otherwise`. */
#define VT_SWITCH_FLOAT(dtype, BODY, otherwise)                                                              \
  switch (dtype) {                                                                                           \
  case VT_F32: BODY(float) break;                                                                            \
  case VT_F64: BODY(double) break;                                                                           \
  default: otherwise;                                                                                        \
  }
#define VT_SWITCH_NUMBER(dtype, BODY, otherwise)                                                             \
  switch (dtype) {                                                                                           \
  case VT_F32: BODY(float) break;                                                                            \
  case VT_F64: BODY(double) break;                                                                           \
  case VT_I8: BODY(int8_t) break;                                                                            \
  case VT_I16: BODY(int16_t) break;                                                                          \
  case VT_I32: BODY(int32_t) break;                                                                          \
  case VT_I64: BODY(int64_t) break;                                                                          \
  case VT_BOOL:                                                                                              \
  case VT_U8: BODY(uint8_t) break;                                                                           \
  case VT_U16: BODY(uint16_t) break;                                                                         \
  case VT_U32: BODY(uint32_t) break;                                                                         \
  case VT_U64: BODY(uint64_t) break;                                                                         \
  default: otherwise;                                                                                        \
  }
#define VT_SWITCH_INTEGER(dtype, BODY, otherwise)                                                            \
  switch (dtype) {                                                                                           \
  case VT_I8: BODY(int8_t) break;                                                                            \
  case VT_I16: BODY(int16_t) break;                                                                          \
  case VT_I32: BODY(int32_t) break;                                                                          \
  case VT_I64: BODY(int64_t) break;                                                                          \
  case VT_U8: BODY(uint8_t) break;                                                                           \
  case VT_U16: BODY(uint16_t) break;                                                                         \
  case VT_U32: BODY(uint32_t) break;                                                                         \
  case VT_U64: BODY(uint64_t) break;                                                                         \
  default: otherwise;                                                                                        \
  }
int vt__bad_dtype(const struct vt_ref_call *c, enum vt_dtype t, struct vt_err *e);
/* Copies element i of src to element j of dst, whatever the dtype of `size` bytes. */
static inline void vt__copy1(void *dst, int64_t j, const void *src, int64_t i, size_t size)
{
  memcpy((char *)dst + (size_t)j * size, (const char *)src + (size_t)i * size, size);
}

/* x op y of type T: floats as they are; integers wrap around, as in other runtimes, where C leaves it
 * undefined. */
#define VT_WRAP(T, x, op, y) ((T)0.5 > 0 ? (T)((x)op(y)) : (T)((uint64_t)(x)op(uint64_t)(y)))

/* Defines ref for y = f(x): BODY(T) is VT_MAP(T, expression in x). SWITCH: VT_SWITCH_FLOAT or
 * VT_SWITCH_NUMBER. */
#define VT_UNARY_REF(SWITCH, BODY)                                                                           \
  static int ref(const struct vt_ref_call *c, struct vt_err *e)                                              \
  {                                                                                                          \
    const struct vt_tensor *in = c->in[0];                                                                   \
    int64_t n = vt_tensor_count(in);                                                                         \
    SWITCH(in->dtype, BODY, return vt__bad_dtype(c, in->dtype, e))                                           \
    return VT_OK;                                                                                            \
  }
/* The same for y = f(a, b) with broadcasting: BODY(T) is VT_MAP2(T, type of y, expression in x and y). */
#define VT_BINARY_REF(SWITCH, BODY)                                                                          \
  static int ref(const struct vt_ref_call *c, struct vt_err *e)                                              \
  {                                                                                                          \
    struct vt__bcast b;                                                                                      \
    vt__bcast_init(&b, c->out[0]->rank, c->out[0]->dim, 2, c->in);                                           \
    SWITCH(c->in[0]->dtype, BODY, return vt__bad_dtype(c, c->in[0]->dtype, e))                               \
    return VT_OK;                                                                                            \
  }
/* Body for VT_SWITCH_*: y[i] = EXPR with T x. */
#define VT_MAP(T, EXPR)                                                                                      \
  {                                                                                                          \
    const T *px = in->data;                                                                                  \
    T *py = c->out[0]->data;                                                                                 \
    for (int64_t i = 0; i < n; i++) {                                                                        \
      T x = px[i];                                                                                           \
      py[i] = (T)(EXPR);                                                                                     \
    }                                                                                                        \
  }
/* Body for VT_SWITCH_*: broadcast of two inputs, out type TO, EXPR with T x, y. */
#define VT_MAP2(T, TO, EXPR)                                                                                 \
  {                                                                                                          \
    const T *pa = c->in[0]->data, *pb = c->in[1]->data;                                                      \
    TO *po = c->out[0]->data;                                                                                \
    for (int64_t r = 0; r < b.rows; r++, vt__bcast_next(&b))                                                 \
      for (int64_t i = 0; i < b.row; i++) {                                                                  \
        T x = pa[b.off[0] + i * b.step[0]], y = pb[b.off[1] + i * b.step[1]];                                \
        po[r * b.row + i] = (TO)(EXPR);                                                                      \
      }                                                                                                      \
  }

/* Descriptors of the plain families; `ref`, `cases` and the rest are the file's own statics. */
#define VT_UNARY_OP(sym, onnx, since_, grad_, doc_) VT_UNARY_OP_IN("", sym, onnx, since_, grad_, doc_)
#define VT_UNARY_OP_IN(domain_, sym, onnx, since_, grad_, doc_)                                              \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = domain_,                                                  \
                                         .since = since_,                                                    \
                                         .doc = doc_,                                                        \
                                         .min_in = 1,                                                        \
                                         .max_in = 1,                                                        \
                                         .min_out = 1,                                                       \
                                         .max_out = 1,                                                       \
                                         .traits = VT_ELEMENTWISE | VT_INPLACE0,                             \
                                         .infer = vt__infer_same,                                            \
                                         .ref = ref,                                                         \
                                         .grad = grad_,                                                      \
                                         VT_CASES(cases)}
/* An activation whose function and slope are those of activation.c, with attribute struct `attrs_t`. */
#define VT_ACTIVATION_OP(sym, onnx, domain_, since_, doc_)                                                   \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = domain_,                                                  \
                                         .since = since_,                                                    \
                                         .doc = doc_,                                                        \
                                         .attr = rows,                                                       \
                                         .nattr = (int)VT_COUNT(rows),                                       \
                                         .attrs_size = sizeof(struct vt_slope_attrs),                        \
                                         .min_in = 1,                                                        \
                                         .max_in = 1,                                                        \
                                         .min_out = 1,                                                       \
                                         .max_out = 1,                                                       \
                                         .traits = VT_ELEMENTWISE | VT_INPLACE0,                             \
                                         .infer = vt__infer_same,                                            \
                                         .ref = ref,                                                         \
                                         .grad = grad,                                                       \
                                         VT_CASES(cases)}
#define VT_BINARY_OP(sym, onnx, since_, infer_, traits_, grad_, doc_)                                        \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = "",                                                       \
                                         .since = since_,                                                    \
                                         .doc = doc_,                                                        \
                                         .min_in = 2,                                                        \
                                         .max_in = 2,                                                        \
                                         .min_out = 1,                                                       \
                                         .max_out = 1,                                                       \
                                         .traits = VT_ELEMENTWISE | VT_BROADCASTS | (traits_),               \
                                         .infer = infer_,                                                    \
                                         .ref = ref,                                                         \
                                         .grad = grad_,                                                      \
                                         VT_CASES(cases)}
#define VT_GRAD_ARGS                                                                                         \
  struct vt_graph *g, const struct vt_node *n, struct vt_value *const *dy, const bool *need,                 \
      struct vt_value **dx, struct vt_err *e

int vt__ref_act(const struct vt_ref_call *c, enum vt_act act, float alpha, float beta, struct vt_err *e);

/* ---- gradients ---- */
/* dy summed over what broadcasting repeated, so that it has the shape of `like`. */
struct vt_value *vt__sum_to(struct vt_graph *g, struct vt_value *dy, const struct vt_value *like);
/* The shape of v as an i64 vector: a constant where static, else a Shape node. */
struct vt_value *vt__shape_of(struct vt_graph *g, const struct vt_value *v);
/* A reduction in the form that the graph's opset wants. naxes 0 = all. */
struct vt_value *vt__reduce(struct vt_graph *g, const char *op, struct vt_value *x, int naxes,
                            const int64_t *axes, bool keepdims);
struct vt_value *vt__reshape_like(struct vt_graph *g, struct vt_value *x, const struct vt_value *like);
/* A node of our domain with a ready attribute struct. */
struct vt_value *vt__emit_ours(struct vt_graph *g, const char *name, int nin, struct vt_value *const *in,
                               int nout, struct vt_value **out, const void *attrs);
/* dx = dy f'(x) of an activation. */
int vt__grad_act(struct vt_graph *g, const struct vt_node *n, struct vt_value *dy, enum vt_act act,
                 float alpha, float beta, struct vt_value **dx, struct vt_err *e);
/* "1,2,3" */
const char *vt__ints_text(char *buf, size_t size, int n, const int64_t *v);
enum { VT_INTS_TEXT = 24 * VT_MAX_RANK };

#endif
