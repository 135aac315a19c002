/* QLinearMatMul: matrix product of quantised numbers with a quantised result:
 *   y = clamp(round(Σ (a − za)(b − zb) · sa · sb / sy) + zy). Scales are one, or one per row of a and column
 *   of b. */
#include "ops/matmul_ref.h"
#include "ops/quant_ref.h"

enum { A, A_SCALE, A_ZERO, B, B_SCALE, B_ZERO, Y_SCALE, Y_ZERO };

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__matmul_infer_at(n, A, B, n->in[Y_ZERO]->dtype, e);
}

static int check_scales(const struct vt_ref_call *c, int input, int64_t n, struct vt_err *e)
{
  int64_t have = vt_tensor_count(c->in[input]);
  if (have == 1 || have == n) return VT_OK;
  return vt__bad(e, VT_ESHAPE, c->node, "input %d has %lld scales instead of one or %lld", input,
                 (long long)have, (long long)n);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *a = c->in[A], *b = c->in[B], *sa = c->in[A_SCALE], *sb = c->in[B_SCALE];
  struct vt_tensor *y = c->out[0];
  struct vt__matmul s = {0};
  double lo, hi;
  int32_t *pa = NULL, *pb = NULL, *sum = NULL;
  if (!vt__quant_range(y->dtype, &lo, &hi)) return vt__bad_dtype(c, y->dtype, e);
  int rc = vt__matmul_sizes(&s, c->node, a->rank, a->dim, b->rank, b->dim, e);
  if (!rc) rc = check_scales(c, A_SCALE, s.m, e);
  if (!rc) rc = check_scales(c, B_SCALE, s.o, e);
  if (!rc) rc = check_scales(c, Y_SCALE, 1, e);
  if (rc) return rc;
  int64_t n = vt_tensor_count(y), na = vt_tensor_count(sa), nb = vt_tensor_count(sb);
  rc = vt__quant_center(&pa, c, a, c->in[A_ZERO], VT_MAX(a->rank - 2, 0), e);
  if (!rc) rc = vt__quant_center(&pb, c, b, c->in[B_ZERO], b->rank - 1, e);
  if (!rc && !(sum = vt_calloc((size_t)n + 1, sizeof *sum))) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) {
    double sy = vt_tensor_get(c->in[Y_SCALE], 0), zy = vt_tensor_get(c->in[Y_ZERO], 0);
    vt__matmul_int(&s, pa, pb, sum);
    for (int64_t i = 0; i < n; i++) {
      double scale =
          vt_tensor_get(sa, na > 1 ? i / s.o % s.m : 0) * vt_tensor_get(sb, nb > 1 ? i % s.o : 0) / sy;
      double r = vt__quantise((double)sum[i] * scale, zy, lo, hi);
      vt_tensor_set(y, i, isnan(r) ? 0 : r);
    }
  }
  vt_free(pa);
  vt_free(pb);
  vt_free(sum);
  return rc;
}

static const struct vt_op_case cases[] = {
    {"one scale", "", "u8[2,4] f32[]={0.1} u8[]={3} u8[4,3] f32[]={0.2} u8[]={5} f32[]={0.05} u8[]={118}"},
    {"batches, columns", "",
     "i8[2,2,4] f32[]={0.1} i8[]={3} i8[2,4,3] f32[3]={0.2,0.1,0.3} i8[3]={1,2,3} f32[]={0.7} i8[]={-8}"},
};

const struct vt_op_desc vt_op_qlinear_matmul = {
    .name = "QLinearMatMul",
    .domain = "",
    .since = 10,
    .doc = "Matrix product of quantised numbers with a quantised result.",
    .min_in = 8,
    .max_in = 8,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
