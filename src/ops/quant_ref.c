/* Scales and zero points, and convolution of integers: loops that favour being right over being fast. */
#include "ops/quant_ref.h"

int vt__quant_init(struct vt__quant *q, const struct vt_node *n, int rank, const int64_t *dim, int scale_rank,
                   const int64_t *scale_dim, struct vt_err *e)
{
  const struct vt__quant_attrs *a = n->attrs;
  int axis = 0;
  *q = (struct vt__quant){.inner = 1, .n = 1, .block = 1, .blocks = 1};
  if (vt__span(scale_dim, 0, scale_rank) == 1 && scale_rank <= 1 && !a->block_size) return VT_OK;
  int rc = vt__axis(n, a->axis, rank, &axis, e);
  if (rc) return rc;
  q->inner = vt__span(dim, axis + 1, rank);
  q->n = dim[axis];
  bool fits;
  if (a->block_size > 0) {
    q->mode = 2;
    q->block = a->block_size;
    q->blocks = q->n / q->block + (q->n % q->block != 0);
    fits = scale_rank == rank;
    for (int d = 0; d < rank && fits; d++) fits = scale_dim[d] == (d == axis ? q->blocks : dim[d]);
  } else {
    q->mode = 1;
    fits = scale_rank == 1 && scale_dim[0] == q->n;
  }
  if (fits) return VT_OK;
  char sx[96], ss[96];
  vt_shape_print(rank, dim, sx, sizeof sx);
  vt_shape_print(scale_rank, scale_dim, ss, sizeof ss);
  return vt__bad(e, VT_ESHAPE, n, "scale %s does not fit input %s along axis %d", ss, sx, axis);
}

bool vt__quant_range(enum vt_dtype t, double *lo, double *hi)
{
  switch (t) {
  case VT_U8: *lo = 0, *hi = UINT8_MAX; break;
  case VT_I8: *lo = INT8_MIN, *hi = INT8_MAX; break;
  case VT_U16: *lo = 0, *hi = UINT16_MAX; break;
  case VT_I16: *lo = INT16_MIN, *hi = INT16_MAX; break;
  default: return false;
  }
  return true;
}

int vt__quant_center(int32_t **out, const struct vt_ref_call *c, const struct vt_tensor *t,
                     const struct vt_tensor *zero, int axis, struct vt_err *e)
{
  int64_t n = vt_tensor_count(t), zeros = zero ? vt_tensor_count(zero) : 1;
  int64_t size = zeros > 1 ? t->dim[axis] : 1, inner = zeros > 1 ? vt__span(t->dim, axis + 1, t->rank) : 1;
  *out = NULL;
  if ((t->dtype != VT_U8 && t->dtype != VT_I8) || (zero && zero->dtype != t->dtype))
    return vt__bad_dtype(c, t->dtype, e);
  if (zeros != size || (zeros > 1 && zero->rank != 1))
    return vt__bad(e, VT_ESHAPE, c->node, "%lld zero points for %lld rows", (long long)zeros,
                   (long long)size);
  int32_t *v = vt_calloc((size_t)n + 1, sizeof *v);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n; i++)
    v[i] = (int32_t)vt_tensor_get(t, i) -
           (zero ? (int32_t)vt_tensor_get(zero, zeros > 1 ? i / inner % size : 0) : 0);
  *out = v;
  return VT_OK;
}

/* One output element of kernel w, whose input planes start at x. */
static int32_t one(const struct vt_window *g, int64_t planes, const int32_t *x, const int32_t *w,
                   const int64_t *pos)
{
  int64_t in = vt__span(g->in, 0, 3);
  uint32_t sum = 0; /* wraps, as the operators' int32 does */
  for (int64_t c = 0; c < planes; c++, x += in)
    for (int64_t a = 0; a < g->k[0]; a++)
      for (int64_t b = 0; b < g->k[1]; b++)
        for (int64_t d = 0; d < g->k[2]; d++, w++) {
          int64_t z = pos[0] * g->stride[0] + a * g->dil[0] - g->lo[0],
                  y = pos[1] * g->stride[1] + b * g->dil[1] - g->lo[1],
                  u = pos[2] * g->stride[2] + d * g->dil[2] - g->lo[2];
          if (z < 0 || z >= g->in[0] || y < 0 || y >= g->in[1] || u < 0 || u >= g->in[2]) continue;
          sum += (uint32_t)(x[(z * g->in[1] + y) * g->in[2] + u] * *w);
        }
  return (int32_t)sum;
}

void vt__conv_forward_int(const struct vt__conv *v, const int32_t *x, const int32_t *w, int32_t *y)
{
  const struct vt_window *g = &v->win;
  int64_t in = vt__span(g->in, 0, 3), taps = vt__span(g->k, 0, 3);
  int64_t cg = v->c / v->group, mg = v->m / v->group, pos[3];
  for (int64_t n = 0; n < v->n; n++)
    for (int64_t m = 0; m < v->m; m++)
      for (pos[0] = 0; pos[0] < g->out[0]; pos[0]++)
        for (pos[1] = 0; pos[1] < g->out[1]; pos[1]++)
          for (pos[2] = 0; pos[2] < g->out[2]; pos[2]++)
            *y++ = one(g, cg, x + (n * v->c + m / mg * cg) * in, w + m * cg * taps, pos);
}
