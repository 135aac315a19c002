/* ConvInteger: convolution of (x − zero point) with (w − zero point), exact in int32. */
#include "ops/quant_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__conv_infer_at(n, 0, 1, -1, false, VT_I32, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  struct vt__conv v;
  int rc = vt__conv_sizes(&v, c->node, c->in[0]->rank, c->in[0]->dim, c->in[1]->dim, e);
  if (rc) return rc;
  int32_t *x = NULL, *w = NULL;
  rc = vt__quant_center(&x, c, c->in[0], vt__arg(c, 2), 1, e);
  if (!rc) rc = vt__quant_center(&w, c, c->in[1], vt__arg(c, 3), 0, e);
  if (!rc) vt__conv_forward_int(&v, x, w, c->out[0]->data);
  vt_free(x);
  vt_free(w);
  return rc;
}

static int64_t macs(const struct vt_node *n)
{
  return vt__conv_macs(n);
}

static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS};
static const struct vt_op_case cases[] = {
    {"plain", "", "u8[1,2,4,5] u8[3,2,2,2]"},
    {"padded", "pads=[1,1,1,1] strides=[2,1]", "u8[2,1,3,3] u8[2,1,2,2] u8[]={1} u8[]={3}"},
    {"channels", "group=2", "u8[1,4,3,3] i8[4,2,2,2] u8[]={5} i8[4]={0,1,-2,3}"},
};

const struct vt_op_desc vt_op_conv_integer = {
    .name = "ConvInteger",
    .domain = "",
    .since = 10,
    .doc = "Convolution of 8-bit integers less their zero points, in int32.",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = 2,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_conv,
    .macs = macs,
    VT_CASES(cases),
};
