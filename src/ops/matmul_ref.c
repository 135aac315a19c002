/* Sizes of matrix products, and the product of integers. */
#include "ops/matmul_ref.h"

int vt__matmul_sizes(struct vt__matmul *s, const struct vt_node *n, int ra, const int64_t *a, int rb,
                     const int64_t *b, struct vt_err *e)
{
  if (ra < 1 || rb < 1) return vt__bad(e, VT_ESHAPE, n, "scalars are not allowed");
  if (ra == 1) s->a[0] = 1;
  memcpy(s->a + (ra == 1), a, (size_t)ra * sizeof *a);
  memcpy(s->b, b, (size_t)rb * sizeof *b);
  if (rb == 1) s->b[1] = 1;
  s->ra = VT_MAX(ra, 2);
  s->rb = VT_MAX(rb, 2);
  s->m = s->a[s->ra - 2];
  s->k = s->a[s->ra - 1];
  s->o = s->b[s->rb - 1];
  if (s->k >= 0 && s->b[s->rb - 2] >= 0 && s->k != s->b[s->rb - 2])
    return vt__bad(e, VT_ESHAPE, n, "inner sizes %lld and %lld differ", (long long)s->k,
                   (long long)s->b[s->rb - 2]);
  int rc = vt__broadcast(n, s->ra - 2, s->a, s->rb - 2, s->b, &s->rank, s->out, e);
  s->out[s->rank++] = s->m;
  s->out[s->rank++] = s->o;
  return rc;
}

int vt__matmul_infer_at(struct vt_node *n, int ai, int bi, enum vt_dtype out, struct vt_err *e)
{
  const struct vt_value *a = n->in[ai], *b = n->in[bi];
  struct vt__matmul s = {0};
  if (a->rank < 0 || b->rank < 0) {
    vt__out(n, 0, out, -1, NULL);
    return VT_OK;
  }
  int rc = vt__matmul_sizes(&s, n, a->rank, a->dim, b->rank, b->dim, e);
  if (rc) return rc;
  if (a->rank == 1) {
    s.out[s.rank - 2] = s.out[s.rank - 1];
    s.rank--;
  }
  if (b->rank == 1) s.rank--;
  vt__out(n, 0, out, s.rank, s.out);
  return VT_OK;
}

void vt__matmul_int(const struct vt__matmul *s, const int32_t *a, const int32_t *b, int32_t *y)
{
  struct vt_tensor ta = vt_tensor_view(VT_I32, s->ra - 2, s->a, NULL),
                   tb = vt_tensor_view(VT_I32, s->rb - 2, s->b, NULL);
  struct vt__bcast w;
  vt__bcast_init(&w, s->rank - 2, s->out, 2, (const struct vt_tensor *const[]){&ta, &tb});
  for (int64_t r = 0; r < w.rows; r++, vt__bcast_next(&w))
    for (int64_t q = 0; q < w.row; q++) {
      const int32_t *pa = a + (w.off[0] + q * w.step[0]) * s->m * s->k;
      const int32_t *pb = b + (w.off[1] + q * w.step[1]) * s->k * s->o;
      for (int64_t i = 0; i < s->m; i++)
        for (int64_t j = 0; j < s->o; j++) {
          uint32_t sum = 0; /* wraps, as the operators' int32 does */
          for (int64_t l = 0; l < s->k; l++) sum += (uint32_t)(pa[i * s->k + l] * pb[l * s->o + j]);
          *y++ = (int32_t)sum;
        }
    }
}
