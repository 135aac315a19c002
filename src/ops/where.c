/* Where: y = condition ? a : b, with broadcasting. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__infer_broadcast(n, e);
  if (!rc && n->out[0]) n->out[0]->dtype = n->in[1]->dtype;
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  struct vt__bcast b;
  size_t size = vt_dtype_size(c->out[0]->dtype);
  const uint8_t *on = c->in[0]->data;
  vt__bcast_init(&b, c->out[0]->rank, c->out[0]->dim, 3, c->in);
  for (int64_t r = 0; r < b.rows; r++, vt__bcast_next(&b))
    for (int64_t i = 0; i < b.row; i++) {
      int k = on[b.off[0] + i * b.step[0]] ? 1 : 2;
      vt__copy1(c->out[0]->data, r * b.row + i, c->in[k]->data, b.off[k] + i * b.step[k], size);
    }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *zero = vt_graph_scalar(g, 0);
  if (need[1]) dx[1] = vt__sum_to(g, vt_emit(g, "Where", VT_IN(n->in[0], dy[0], zero), ""), n->in[1]);
  if (need[2]) dx[2] = vt__sum_to(g, vt_emit(g, "Where", VT_IN(n->in[0], zero, dy[0]), ""), n->in[2]);
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {{"equal", "", "bool[2,3] f32[2,3] f32[2,3]"},
                                          {"broadcast", "", "bool[3,1] f32[2,3,4] f32[]"},
                                          {"integers", "", "bool[3] i64[3] i64[1]"}};

const struct vt_op_desc vt_op_where = {
    .name = "Where",
    .domain = "",
    .since = 9,
    .doc = "y = condition ? a : b.",
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_ELEMENTWISE | VT_BROADCASTS,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
