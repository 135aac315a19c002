/* MatMulInteger: (a − zero point)(b − zero point), exact in int32. */
#include "ops/matmul_ref.h"
#include "ops/quant_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__matmul_infer_at(n, 0, 1, VT_I32, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *a = c->in[0], *b = c->in[1];
  struct vt__matmul s = {0};
  int rc = vt__matmul_sizes(&s, c->node, a->rank, a->dim, b->rank, b->dim, e);
  if (rc) return rc;
  int32_t *pa = NULL, *pb = NULL;
  rc = vt__quant_center(&pa, c, a, vt__arg(c, 2), VT_MAX(a->rank - 2, 0), e);
  if (!rc) rc = vt__quant_center(&pb, c, b, vt__arg(c, 3), b->rank - 1, e);
  if (!rc) vt__matmul_int(&s, pa, pb, c->out[0]->data);
  vt_free(pa);
  vt_free(pb);
  return rc;
}

static const struct vt_op_case cases[] = {
    {"zero points", "", "u8[4,3] u8[3,2] u8[]={12} u8[]={0}"},
    {"rows and columns", "", "u8[2,3] i8[3,4] u8[2]={1,2} i8[4]={1,-1,0,2}"},
    {"batches", "", "u8[2,2,3] u8[3,2]"},
};

const struct vt_op_desc vt_op_matmul_integer = {
    .name = "MatMulInteger",
    .domain = "",
    .since = 10,
    .doc = "Matrix product of 8-bit integers less their zero points, in int32.",
    .min_in = 2,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
