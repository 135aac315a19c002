/* Self-attention over all places: Vaswani et al., "Attention Is All You Need", 2017, on a map as in Wang et
 * al., "Non-local Neural Networks", 2018. Queries, keys and values are 1x1 convolutions to C/2 channels in 4
 * heads of d; each head gives softmax(Q K^T / sqrt(d)) V over the H W places; a 1x1 convolution with batch
 * norm, whose scale starts at zero, leads back: y = x + bn(W heads). */
#include "model/attention.h"
#include "model/layers.h"

#include <math.h>

enum { HEADS = 4 };

/* (N, inner, H, W) -> (N, HEADS, d, H W) */
static struct vt_value *project(struct vt_net *n, struct vt_value *x, const char *name, int inner)
{
  struct vt_value *y = vt__conv2d(n, x, name, inner, 1);
  int64_t split[4] = {0, HEADS, inner / HEADS, -1};
  return vt_emit(n->g, "Reshape", VT_IN(y, vt_graph_ints(n->g, 4, split)), "");
}

static struct vt_value *build(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  int c = (int)x->dim[1], d = VT_MAX(c / 2 / HEADS, 1), inner = d * HEADS;
  struct vt_value *q = project(n, x, vt__name(n, "%s.query", name), inner);
  struct vt_value *k = project(n, x, vt__name(n, "%s.key", name), inner);
  struct vt_value *v = project(n, x, vt__name(n, "%s.value", name), inner);
  q = vt_emit(n->g, "Mul", VT_IN(q, vt_graph_scalar(n->g, 1 / sqrtf((float)d))), "");
  q = vt_emit(n->g, "Transpose", VT_IN(q), "perm=[0,1,3,2]");
  struct vt_value *weight = vt_emit(n->g, "MatMul", VT_IN(q, k), ""); // (N, HEADS, H W, H W)
  weight = vt_emit(n->g, "Softmax", VT_IN(weight), "axis=-1");
  v = vt_emit(n->g, "Transpose", VT_IN(v), "perm=[0,1,3,2]");
  struct vt_value *y = vt_emit(n->g, "MatMul", VT_IN(weight, v), ""); // (N, HEADS, H W, d)
  y = vt_emit(n->g, "Transpose", VT_IN(y), "perm=[0,1,3,2]");
  int64_t joined[4] = {0, inner, -1, 1};
  y = vt_emit(n->g, "Reshape", VT_IN(y, vt_graph_ints(n->g, 4, joined)), ""); // (N, inner, H W, 1)
  y = vt__conv2d(n, y, vt__name(n, "%s.out", name), c, 1);
  y = vt_net_norm(n, y, vt__name(n, "%s.bn", name), 0);
  return vt_emit(n->g, "Add", VT_IN(x, vt__reshape_as(n, y, x)), "");
}

const struct vt_attention vt_attention_self = {.name = "self",
                                               .paper = "Wang et al. 2018",
                                               .place = VT_ATTENTION_STAGE,
                                               .from_stage = 2,
                                               .build = build};
