/* SpaceToDepth: channels from blocks of space. */
#include "ops/util.h"

struct attrs {
  int64_t blocksize;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int64_t b = a->blocksize, dim[VT_MAX_RANK];
  int rc = vt__check_rank(n, 0, 4, 4, e);
  if (rc) return rc;
  if (b < 1 || b > 1024) return vt__bad(e, VT_EARG, n, "blocksize %lld", (long long)b);
  if (x->rank == 4) {
    if ((x->dim[2] >= 0 && x->dim[2] % b) || (x->dim[3] >= 0 && x->dim[3] % b))
      return vt__bad(e, VT_ESHAPE, n, "blocks of %lld do not divide height and width", (long long)b);
    dim[0] = x->dim[0];
    dim[1] = x->dim[1] < 0 ? -1 : x->dim[1] * (b * b);
    for (int d = 2; d < 4; d++) dim[d] = x->dim[d] < 0 ? -1 : x->dim[d] / b;
  }
  vt__out(n, 0, x->dtype, x->rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *y = c->out[0];
  const struct vt_tensor *deep = y, *wide = x;
  int64_t b = a->blocksize, channels = wide->dim[1], h = deep->dim[2], w = deep->dim[3], at = 0;
  for (int64_t n = 0; n < deep->dim[0]; n++)
    for (int64_t k = 0; k < deep->dim[1]; k++) {
      int64_t block = k / channels, ch = k % channels;
      for (int64_t i = 0; i < h; i++)
        for (int64_t j = 0; j < w; j++, at++) {
          int64_t big = ((n * channels + ch) * h * b + i * b + block / b) * w * b + j * b + block % b;
          vt__copy1(y->data, at, x->data, big, vt_dtype_size(x->dtype));
        }
    }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  dx[0] = vt_emit(g, "DepthToSpace", VT_IN(dy[0]), "blocksize=%d", (int)a->blocksize);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {{.name = "blocksize",
                                            .type = VT_ATTR_INT,
                                            .offset = offsetof(struct attrs, blocksize),
                                            .required = true}};
static const struct vt_op_case cases[] = {{"2", "blocksize=2", "f32[2,3,4,6]"},
                                          {"3", "blocksize=3", "f32[1,2,3,6]"}};

const struct vt_op_desc vt_op_space_to_depth = {
    .name = "SpaceToDepth",
    .domain = "",
    .since = 1,
    .doc = "Channels from blocks of space.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_blocks,
    .grad = grad,
    VT_CASES(cases),
};
