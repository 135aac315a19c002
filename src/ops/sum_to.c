/* ai.vitrine:SumTo: sums x over what broadcasting repeated, so that it gets the shape of input 1. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *like = n->in[1];
  bool fits = x->rank < 0 || like->rank <= x->rank;
  for (int d = 1; fits && x->rank >= 0 && d <= like->rank; d++) {
    const int64_t from = x->dim[x->rank - d], to = like->dim[like->rank - d];
    fits = from < 0 || to < 0 || to == 1 || to == from;
  }
  if (!fits) return vt__bad(e, VT_ESHAPE, n, "'%s' does not broadcast to '%s'", like->name, x->name);
  vt__out(n, 0, n->in[0]->dtype, n->in[1]->rank, n->in[1]->dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *like = c->in[1];
  struct vt__bcast b;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__res_shape(c, 0, x->dtype, like->rank, like->dim, e);
  if (rc) return rc;
  struct vt_tensor *y = c->out[0];
  const struct vt_tensor *target = y;
  memset(y->data, 0, vt_tensor_bytes(y));
  vt__bcast_init(&b, x->rank, x->dim, 1, &target);
  for (int64_t r = 0; r < b.rows; r++, vt__bcast_next(&b))
    for (int64_t i = 0; i < b.row; i++)
      ((float *)y->data)[b.off[0] + i * b.step[0]] += ((const float *)x->data)[r * b.row + i];
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"row", "", "f32[2,3,4] f32[4]"},
                                          {"middle", "", "f32[2,3,4] f32[2,1,4]"}};

const struct vt_op_desc vt_op_sum_to = {
    .name = "SumTo",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Sum of x over what broadcasting input 1 to x repeats; input 1 gives its shape only.",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
