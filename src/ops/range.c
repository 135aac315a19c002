/* Range: start, start + delta, … below (or above) limit. */
#include "ops/util.h"

static bool fits(double start, double limit, double delta)
{
  return delta == 0 || fabs((limit - start) / delta) < 1e9;
}

static int64_t count(double start, double limit, double delta)
{
  return delta == 0 ? 0 : (int64_t)fmax(ceil((limit - start) / delta), 0);
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  int64_t dim[1] = {-1};
  bool known = true;
  for (int i = 0; i < 3; i++)
    known &= n->in[i]->is_constant && n->in[i]->init.data && vt_tensor_count(&n->in[i]->init) == 1;
  if (known) {
    double v[3];
    for (int i = 0; i < 3; i++) v[i] = vt_tensor_get(&n->in[i]->init, 0);
    if (v[2] == 0) return vt__bad(e, VT_EARG, n, "delta is 0");
    if (!fits(v[0], v[1], v[2])) return vt__bad(e, VT_ELIMIT, n, "over 1e9 entries");
    dim[0] = count(v[0], v[1], v[2]);
  }
  vt__out(n, 0, n->in[0]->dtype, 1, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  double start = vt_tensor_get(c->in[0], 0), delta = vt_tensor_get(c->in[2], 0);
  double limit = vt_tensor_get(c->in[1], 0);
  if (!fits(start, limit, delta)) return vt__bad(e, VT_ELIMIT, c->node, "over 1e9 entries");
  int64_t dim[1] = {count(start, limit, delta)};
  int rc = vt__res_shape(c, 0, c->in[0]->dtype, 1, dim, e);
  for (int64_t i = 0; !rc && i < dim[0]; i++) vt_tensor_set(c->out[0], i, start + (double)i * delta);
  return rc;
}

static const struct vt_op_case cases[] = {{"integers", "", "i64[]={2} i64[]={9} i64[]={3}"},
                                          {"down", "", "i32[]={5} i32[]={-2} i32[]={-2}"},
                                          {"floats", "", "f32[]={0} f32[]={1} f32[]={0.25}"}};

const struct vt_op_desc vt_op_range = {
    .name = "Range",
    .domain = "",
    .since = 11,
    .doc = "start, start + delta, and so on, up to but without limit.",
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
