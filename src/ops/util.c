/* Shape inference and schema helpers shared by the operator files. */
#include "ops/grad_check.h"
#include "ops/util.h"
#include <stdarg.h>
#include <stdio.h>

void vt__out(struct vt_node *n, int i, enum vt_dtype t, int rank, const int64_t *dim)
{
  if (i >= n->nout || !n->out[i]) return;
  struct vt_value *v = n->out[i];
  v->dtype = t;
  v->rank = rank;
  for (int d = 0; d < rank; d++) v->dim[d] = dim[d];
}

void vt__out_like(struct vt_node *n, int i, const struct vt_value *v)
{
  vt__out(n, i, v->dtype, v->rank, v->dim);
}

int vt__infer_same(struct vt_node *n, struct vt_err *e)
{
  vt__out_like(n, 0, n->in[0]);
  return VT_OK;
}

int vt__check_alike(const struct vt_node *n, int i, int j, struct vt_err *e)
{
  const struct vt_value *a = n->in[i], *b = n->in[j];
  const bool types = !a->dtype || !b->dtype || a->dtype == b->dtype;
  if (types && (!vt__is_static(a) || !vt__is_static(b) || vt__same_shape(a, b))) return VT_OK;
  return vt__bad(e, VT_ESHAPE, n, "inputs '%s' and '%s' differ in shape or type", a->name, b->name);
}

int vt__check_count(const struct vt_node *n, int i, int64_t count, struct vt_err *e)
{
  const struct vt_value *v = i < n->nin ? n->in[i] : NULL;
  if (!v ||
      ((!v->dtype || v->dtype == VT_F32) && (!vt__is_static(v) || vt_dims_count(v->rank, v->dim) == count)))
    return VT_OK;
  return vt__bad(e, VT_ESHAPE, n, "input %d '%s' is not %lld numbers of f32", i, v->name, (long long)count);
}

int vt__out_shape(struct vt_node *n, enum vt_dtype t, const struct vt_ints *shape, struct vt_err *e)
{
  if (shape->n > VT_MAX_RANK) return vt__bad(e, VT_ESHAPE, n, "attribute shape has %d entries", shape->n);
  for (int d = 0; d < shape->n; d++)
    if (shape->v[d] < 0)
      return vt__bad(e, VT_ESHAPE, n, "attribute shape holds %lld", (long long)shape->v[d]);
  if (!vt_dims_bounded(shape->n, shape->v))
    return vt__bad(e, VT_ELIMIT, n, "attribute shape has over 2^40 elements");
  vt__out(n, 0, t, shape->n, shape->v);
  return VT_OK;
}

int vt__infer_same1(struct vt_node *n, struct vt_err *e)
{
  vt__out_like(n, 0, n->in[1]);
  return VT_OK;
}

int vt__infer_scalar(struct vt_node *n, struct vt_err *e)
{
  vt__out(n, 0, VT_F32, 0, NULL);
  return VT_OK;
}

int vt__bad(struct vt_err *e, int code, const struct vt_node *n, const char *fmt, ...)
{
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return vt_fail(e, code, "%s '%s': %s", n->op ? n->op->name : "node", n->name ? n->name : "", text);
}

int vt__bad_dtype(const struct vt_ref_call *c, enum vt_dtype t, struct vt_err *e)
{
  return vt__bad(e, VT_EUNSUPPORTED, c->node, "no kernel for %s", vt_dtype_name(t));
}

int vt__broadcast(const struct vt_node *n, int ra, const int64_t *a, int rb, const int64_t *b, int *rank,
                  int64_t *dim, struct vt_err *e)
{
  int r = VT_MAX(ra, rb);
  int64_t out[VT_MAX_RANK] = {0};
  for (int i = 0; i < r; i++) {
    int64_t da = i < r - ra ? 1 : a[i - (r - ra)], db = i < r - rb ? 1 : b[i - (r - rb)];
    if (da == db || db == 1) {
      out[i] = da;
    } else if (da == 1) {
      out[i] = db;
    } else if (da < 0 || db < 0) {
      out[i] = VT_MAX(da, db);
    } else {
      char sa[96], sb[96];
      vt_shape_print(ra, a, sa, sizeof sa);
      vt_shape_print(rb, b, sb, sizeof sb);
      return vt__bad(e, VT_ESHAPE, n, "shapes %s and %s do not broadcast", sa, sb);
    }
  }
  *rank = r;
  memcpy(dim, out, sizeof out);
  return VT_OK;
}

static int infer_broadcast(struct vt_node *n, enum vt_dtype dtype, struct vt_err *e)
{
  int rank = 0;
  int64_t dim[VT_MAX_RANK] = {0};
  for (int i = 0; i < n->nin; i++) {
    if (!n->in[i]) continue;
    if (n->in[i]->rank < 0) {
      vt__out(n, 0, dtype, -1, NULL);
      return VT_OK;
    }
    int rc = vt__broadcast(n, rank, dim, n->in[i]->rank, n->in[i]->dim, &rank, dim, e);
    if (rc) return rc;
  }
  vt__out(n, 0, dtype, rank, dim);
  return VT_OK;
}

int vt__infer_broadcast(struct vt_node *n, struct vt_err *e)
{
  return infer_broadcast(n, n->in[0]->dtype, e);
}
int vt__infer_predicate(struct vt_node *n, struct vt_err *e)
{
  return infer_broadcast(n, VT_BOOL, e);
}

int vt__check_rank(const struct vt_node *n, int i, int lo, int hi, struct vt_err *e)
{
  const struct vt_value *v = vt__in(n, i);
  if (!v || v->rank < 0 || (v->rank >= lo && v->rank <= hi)) return VT_OK;
  char s[96];
  vt_shape_print(v->rank, v->dim, s, sizeof s);
  return lo == hi
             ? vt__bad(e, VT_ESHAPE, n, "input %d '%s' has shape %s, rank %d expected", i, v->name, s, lo)
             : vt__bad(e, VT_ESHAPE, n, "input %d '%s' has shape %s, rank %d to %d expected", i, v->name, s,
                       lo, hi);
}

int vt__axis(const struct vt_node *n, int64_t axis, int rank, int *out, struct vt_err *e)
{
  if (axis < -rank || axis >= rank)
    return vt__bad(e, VT_ESHAPE, n, "axis %lld outside rank %d", (long long)axis, rank);
  *out = (int)(axis < 0 ? axis + rank : axis);
  return VT_OK;
}

int vt__tensor_ints(const struct vt_tensor *t, int64_t *out, int max)
{
  int64_t n = t ? vt_tensor_count(t) : -1;
  if (n < 0 || n > max || (n > 0 && !t->data)) return -1;
  for (int64_t i = 0; i < n; i++) {
    switch (t->dtype) {
    case VT_I64: out[i] = ((const int64_t *)t->data)[i]; break;
    case VT_I32: out[i] = ((const int32_t *)t->data)[i]; break;
    default: return -1;
    }
  }
  return (int)n;
}

int vt__const_ints(const struct vt_value *v, int64_t *out, int max)
{
  if (!v || !v->is_constant || (!v->init.data && vt_tensor_count(&v->init) != 0)) return -1;
  return vt__tensor_ints(&v->init, out, max);
}

bool vt__is_static(const struct vt_value *v)
{
  if (v->rank < 0) return false;
  for (int i = 0; i < v->rank; i++)
    if (v->dim[i] < 0) return false;
  return true;
}

bool vt__same_shape(const struct vt_value *a, const struct vt_value *b)
{
  return vt__is_static(a) && vt__is_static(b) && a->rank == b->rank &&
         !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

const struct vt_value *vt__in(const struct vt_node *n, int i)
{
  return i < n->nin ? n->in[i] : NULL;
}
struct vt_value *vt__in_mut(const struct vt_node *n, int i)
{
  return i < n->nin ? n->in[i] : NULL;
}
const struct vt_tensor *vt__arg(const struct vt_ref_call *c, int i)
{
  return i < c->nin ? c->in[i] : NULL;
}
struct vt_tensor *vt__res(const struct vt_ref_call *c, int i)
{
  return i < c->nout ? c->out[i] : NULL;
}

int vt__res_shape(const struct vt_ref_call *c, int i, enum vt_dtype t, int rank, const int64_t *dim,
                  struct vt_err *e)
{
  struct vt_tensor *out = vt__res(c, i);
  if (!out) return VT_OK;
  if (!out->data && !(out->rank == rank && vt_tensor_count(out) == 0))
    return vt_tensor_init(out, t, rank, dim, e);
  if (out->rank == rank && !memcmp(out->dim, dim, (size_t)rank * sizeof *dim)) return VT_OK;
  char have[96], want[96];
  vt_shape_print(out->rank, out->dim, have, sizeof have);
  vt_shape_print(rank, dim, want, sizeof want);
  return vt__bad(e, VT_ESHAPE, c->node, "output %d has shape %s, planned %s", i, want, have);
}

void vt__strides(int rank, const int64_t *dim, int64_t *stride)
{
  int64_t s = 1;
  for (int i = rank - 1; i >= 0; i--) {
    stride[i] = s;
    s *= dim[i];
  }
}

int64_t vt__span(const int64_t *dim, int from, int to)
{
  int64_t n = 1;
  for (int i = from; i < to; i++) n *= dim[i];
  return n;
}

int64_t vt__product(int64_t a, int64_t b)
{
  int64_t n = 0;
  return __builtin_mul_overflow(a, b, &n) ? INT64_MAX : n;
}

void vt__bcast_init(struct vt__bcast *b, int rank, const int64_t *dim, int n,
                    const struct vt_tensor *const *t)
{
  memset(b, 0, sizeof *b);
  b->n = n;
  int64_t full[VT_BCAST_MAX][VT_MAX_RANK] = {{0}};
  for (int k = 0; k < n; k++) {
    int64_t own[VT_MAX_RANK] = {0};
    int lead = t[k] ? rank - t[k]->rank : rank;
    if (t[k]) vt__strides(t[k]->rank, t[k]->dim, own);
    for (int i = 0; i < rank; i++) full[k][i] = i < lead || t[k]->dim[i - lead] == 1 ? 0 : own[i - lead];
  }
  for (int i = 0; i < rank; i++) { /* merge dimension i into the one before where strides chain */
    bool merge = b->rank > 0;
    for (int k = 0; k < n && merge; k++)
      if (b->stride[k][b->rank - 1] != full[k][i] * dim[i]) merge = false;
    if (!merge) b->rank++;
    b->dim[b->rank - 1] = merge ? b->dim[b->rank - 1] * dim[i] : dim[i];
    for (int k = 0; k < n; k++) b->stride[k][b->rank - 1] = full[k][i];
  }
  b->row = b->rank ? b->dim[b->rank - 1] : 1;
  int64_t total = vt__span(dim, 0, rank);
  b->rows = b->row ? total / b->row : 0;
  for (int k = 0; k < n; k++) b->step[k] = b->rank ? b->stride[k][b->rank - 1] : 0;
}

void vt__bcast_next(struct vt__bcast *b)
{
  for (int i = b->rank - 2; i >= 0; i--) {
    for (int k = 0; k < b->n; k++) b->off[k] += b->stride[k][i];
    if (++b->pos[i] < b->dim[i]) return;
    for (int k = 0; k < b->n; k++) b->off[k] -= b->stride[k][i] * b->dim[i];
    b->pos[i] = 0;
  }
}

void vt__copy_strided(int rank, const int64_t *dim, size_t size, void *dst, const int64_t *dstep,
                      const void *src, const int64_t *sstep)
{
  int64_t pos[VT_MAX_RANK] = {0};
  char *d = dst;
  const char *s = src;
  if (vt__span(dim, 0, rank) == 0) return;
  int last = rank - 1;
  for (;;) {
    int64_t row = rank ? dim[last] : 1, ds = rank ? dstep[last] : 1, ss = rank ? sstep[last] : 1;
    if (ds == 1 && ss == 1)
      memcpy(d, s, (size_t)row * size);
    else
      for (int64_t i = 0; i < row; i++) vt__copy1(d, i * ds, s, i * ss, size);
    int i = last - 1;
    for (; i >= 0; i--) {
      d += dstep[i] * (int64_t)size;
      s += sstep[i] * (int64_t)size;
      if (++pos[i] < dim[i]) break;
      d -= dstep[i] * dim[i] * (int64_t)size;
      s -= sstep[i] * dim[i] * (int64_t)size;
      pos[i] = 0;
    }
    if (i < 0) return;
  }
}
