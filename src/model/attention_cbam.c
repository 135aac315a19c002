/* Convolutional block attention: Woo et al., "CBAM", 2018. First channels, then places:
 *   y = x sigmoid(M(mean(x)) + M(max(x))), M: C -> C/16 (at least 8) -> C with relu, shared;
 *   z = y sigmoid(f([mean over C of y; max over C of y])), f: 7x7. */
#include "model/attention.h"
#include "model/layers.h"

#include <math.h>

/* (N, C, 1, 1) -> (N, C, 1, 1); called twice, so the parameters are made once and handed in. */
struct shared {
  struct vt_value *w1, *b1, *w2, *b2;
};
static struct vt_value *perceptron(struct vt_net *n, struct vt_value *x, const struct shared *p)
{
  x = vt__act(n, vt_emit(n->g, "Conv", VT_IN(x, p->w1, p->b1), "kernel_shape=[1,1]"), VT__RELU);
  return vt_emit(n->g, "Conv", VT_IN(x, p->w2, p->b2), "kernel_shape=[1,1]");
}

static struct vt_value *by_channel(struct vt_net *n, struct vt_value *x, const char *name)
{
  int64_t c = x->dim[1], hidden = VT_MAX(c / 16, 8), in[4] = {hidden, c, 1, 1}, out[4] = {c, hidden, 1, 1};
  const char *fc1 = vt__name(n, "%s.fc1", name), *fc2 = vt__name(n, "%s.fc2", name);
  struct shared p = {vt__param(n, fc1, "weight", 4, in, VT__NORMAL, sqrtf(2.0f / (float)c)),
                     vt__param(n, fc1, "bias", 1, &hidden, VT__CONSTANT, 0),
                     vt__param(n, fc2, "weight", 4, out, VT__NORMAL, sqrtf(1.0f / (float)hidden)),
                     vt__param(n, fc2, "bias", 1, &c, VT__CONSTANT, 0)};
  struct vt_value *a = perceptron(n, vt_emit(n->g, "GlobalAveragePool", VT_IN(x), ""), &p);
  struct vt_value *m = perceptron(n, vt_emit(n->g, "GlobalMaxPool", VT_IN(x), ""), &p);
  struct vt_value *gate = vt__act(n, vt_emit(n->g, "Add", VT_IN(a, m), ""), VT__SIGMOID);
  return vt_emit(n->g, "Mul", VT_IN(x, gate), "");
}

static struct vt_value *build(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  struct vt_value *y = by_channel(n, x, name);
  struct vt_value *a = vt_emit(n->g, "ReduceMean", VT_IN(y), "axes=[1] keepdims=1");
  struct vt_value *m = vt_emit(n->g, "ReduceMax", VT_IN(y), "axes=[1] keepdims=1");
  struct vt_value *map = vt_emit(n->g, "Concat", VT_IN(a, m), "axis=1"); // (N, 2, H, W)
  map = vt__act(n, vt__conv2d(n, map, vt__name(n, "%s.spatial", name), 1, 7), VT__SIGMOID);
  return vt_emit(n->g, "Mul", VT_IN(y, map), "");
}

const struct vt_attention vt_attention_cbam = {.name = "cbam",
                                               .paper = "Woo et al. 2018",
                                               .place = VT_ATTENTION_BRANCH,
                                               .from_stage = 0,
                                               .build = build};
