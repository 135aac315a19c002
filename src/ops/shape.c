/* Shape: the dimensions of x as integers; start and end (opset 15) select some. */
#include "ops/util.h"

struct attrs {
  int64_t start, end;
};

static int range(const struct attrs *a, int rank, int64_t *from)
{
  int64_t s = a->start < 0 ? a->start + rank : a->start, t = a->end < 0 ? a->end + rank : a->end;
  s = VT_CLAMP(s, 0, rank);
  t = VT_CLAMP(t, 0, rank);
  *from = s;
  return (int)VT_MAX(t - s, 0);
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  int64_t from, dim[VT_MAX_RANK] = {-1};
  if (n->in[0]->rank >= 0) dim[0] = range(n->attrs, n->in[0]->rank, &from);
  vt__out(n, 0, VT_I64, 1, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  int64_t from, dim[1];
  dim[0] = range(c->attrs, c->in[0]->rank, &from);
  int rc = vt__res_shape(c, 0, VT_I64, 1, dim, e);
  if (!rc && dim[0]) memcpy(c->out[0]->data, c->in[0]->dim + from, (size_t)dim[0] * sizeof *dim);
  return rc;
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, start, 0),
                                           VT_A_INT(struct attrs, end, INT64_MAX)};
static const struct vt_op_case cases[] = {{"all", "", "f32[2,3,4]"},
                                          {"some", "start=1 end=-1", "f32[2,3,4,5]"}};

const struct vt_op_desc vt_op_shape = {
    .name = "Shape",
    .domain = "",
    .since = 1,
    .doc = "The dimensions of x as integers.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
