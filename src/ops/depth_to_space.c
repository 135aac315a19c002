/* DepthToSpace: space from blocks of channels. */
#include "ops/util.h"

struct attrs {
  int64_t blocksize;
  int mode; /* DCR: channel = (block, c); CRD: channel = (c, block) */
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
    if (x->dim[1] >= 0 && x->dim[1] % (b * b))
      return vt__bad(e, VT_ESHAPE, n, "blocks of %lld do not divide the channels", (long long)b);
    dim[0] = x->dim[0];
    dim[1] = x->dim[1] < 0 ? -1 : x->dim[1] / (b * b);
    for (int d = 2; d < 4; d++) dim[d] = x->dim[d] < 0 ? -1 : x->dim[d] * b;
  }
  vt__out(n, 0, x->dtype, x->rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *y = c->out[0];
  const struct vt_tensor *deep = x, *wide = y;
  int64_t b = a->blocksize, channels = wide->dim[1], h = deep->dim[2], w = deep->dim[3], at = 0;
  for (int64_t n = 0; n < deep->dim[0]; n++)
    for (int64_t k = 0; k < deep->dim[1]; k++) {
      int64_t block = a->mode ? k % (b * b) : k / channels, ch = a->mode ? k / (b * b) : k % channels;
      for (int64_t i = 0; i < h; i++)
        for (int64_t j = 0; j < w; j++, at++) {
          int64_t big = ((n * channels + ch) * h * b + i * b + block / b) * w * b + j * b + block % b;
          vt__copy1(y->data, big, x->data, at, vt_dtype_size(x->dtype));
        }
    }
  return VT_OK;
}

/* DCR: SpaceToDepth. CRD: the same, then channel (block, c) back to (c, block). */
static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  struct vt_value *x = n->in[0],
                  *v = vt_emit(g, "SpaceToDepth", VT_IN(dy[0]), "blocksize=%d", (int)a->blocksize);
  if (a->mode) {
    int64_t b2 = a->blocksize * a->blocksize;
    if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
    int64_t dim[] = {x->dim[0], b2, x->dim[1] / b2, x->dim[2], x->dim[3]};
    v = vt_emit(g, "Reshape", VT_IN(v, vt_graph_ints(g, 5, dim)), "");
    v = vt_emit(g, "Transpose", VT_IN(v), "perm=[0,2,1,3,4]");
    v = vt_emit(g, "Reshape", VT_IN(v, vt_graph_ints(g, 4, x->dim)), "");
  }
  dx[0] = v;
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {
    {.name = "blocksize", .type = VT_ATTR_INT, .offset = offsetof(struct attrs, blocksize), .required = true},
    VT_A_ENUM(struct attrs, mode, "DCR|CRD", 0)};
static const struct vt_op_case cases[] = {{"DCR", "blocksize=2", "f32[2,12,2,3]"},
                                          {"CRD", "blocksize=2 mode=CRD", "f32[2,12,2,3]"},
                                          {"3", "blocksize=3", "f32[1,18,1,2]"}};

const struct vt_op_desc vt_op_depth_to_space = {
    .name = "DepthToSpace",
    .domain = "",
    .since = 1,
    .doc = "Space from blocks of channels.",
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
