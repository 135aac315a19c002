/* Normalisation layers: NAME.weight and NAME.bias scale and shift each channel of what layer_kinds.h says. */
#include "model/layers.h"

static struct vt_value *batch(struct vt_net *n, struct vt_value *x, const char *name, struct vt_value *scale,
                              struct vt_value *shift, float epsilon)
{
  bool mixture = n->layers.norm == VT_NORM_SWITCHABLE;
  int64_t c[1] = {x->dim[1]}, three[1] = {3};
  struct vt_value *in[7] = {x, scale, shift}, *out[3] = {0};
  int k = 3;
  if (mixture) in[k++] = vt__param(n, name, "mean_weight", 1, three, VT__CONSTANT, 1);
  if (mixture) in[k++] = vt__param(n, name, "var_weight", 1, three, VT__CONSTANT, 1);
  struct vt_value *mean = in[k++] = vt__param(n, name, "running_mean", 1, c, VT__CONSTANT, 0);
  struct vt_value *var = in[k++] = vt__param(n, name, "running_var", 1, c, VT__CONSTANT, 1);
  vt_emit_n(n->g, mixture ? "ai.vitrine:SwitchableNorm" : "BatchNormalization", k, in, n->training ? 3 : 1,
            out, "epsilon=%.9g momentum=0.9 training_mode=%d", (double)epsilon, n->training);
  if (n->training && out[0]) {
    vt_graph_assign(n->g, mean, out[1]);
    vt_graph_assign(n->g, var, out[2]);
  }
  return out[0];
}

/* (N, C, ...) of mean 0 and deviation 1 over each of `groups` equal parts of the channels: instance norm of
 * (N, groups, rest). */
static struct vt_value *by_groups(struct vt_net *n, struct vt_value *x, int64_t groups, float epsilon)
{
  struct vt_graph *g = n->g;
  struct vt_tensor one, zero;
  int64_t dim[1] = {groups}, split[3] = {0, groups, -1};
  if (vt_graph_status(g, NULL) || vt_tensor_init(&zero, VT_F32, 1, dim, &g->err)) return NULL;
  if (vt_tensor_init(&one, VT_F32, 1, dim, &g->err)) {
    vt_tensor_clear(&zero);
    return NULL;
  }
  for (int64_t i = 0; i < groups; i++) ((float *)one.data)[i] = 1;
  struct vt_value *y = vt_emit(g, "Reshape", VT_IN(x, vt_graph_ints(g, 3, split)), "");
  y = vt_emit(g, "InstanceNormalization",
              VT_IN(y, vt_graph_constant(g, "one", &one), vt_graph_constant(g, "zero", &zero)),
              "epsilon=%.9g", (double)epsilon);
  vt_tensor_clear(&one);
  vt_tensor_clear(&zero);
  return vt__reshape_as(n, y, x);
}

static struct vt_value *scaled(struct vt_net *n, struct vt_value *x, struct vt_value *scale,
                               struct vt_value *shift)
{
  struct vt_graph *g = n->g;
  int64_t spread[3] = {-1, 1, 1};
  if (!x) return NULL;
  struct vt_value *shape = vt_graph_ints(g, x->rank == 4 ? 3 : 1, spread);
  x = vt_emit(g, "Mul", VT_IN(x, vt_emit(g, "Reshape", VT_IN(scale, shape), "")), "");
  return vt_emit(g, "Add", VT_IN(x, vt_emit(g, "Reshape", VT_IN(shift, shape), "")), "");
}

static int64_t common(int64_t a, int64_t b)
{
  return b ? common(b, a % b) : a;
}

struct vt_value *vt__norm(struct vt_net *n, struct vt_value *x, const char *name, float gamma, float epsilon)
{
  enum { GROUP = 16 };
  if (!x || vt_graph_status(n->g, NULL)) return NULL;
  int64_t c[1] = {x->dim[1]};
  struct vt_value *scale = vt__param(n, name, "weight", 1, c, VT__CONSTANT, gamma);
  struct vt_value *shift = vt__param(n, name, "bias", 1, c, VT__CONSTANT, 0);
  switch (n->layers.norm) {
  case VT_NORM_BATCH:
  case VT_NORM_SWITCHABLE: return batch(n, x, name, scale, shift, epsilon);
  case VT_NORM_INSTANCE:
    return vt_emit(n->g, "InstanceNormalization", VT_IN(x, scale, shift), "epsilon=%.9g", (double)epsilon);
  case VT_NORM_LAYER: return scaled(n, by_groups(n, x, 1, epsilon), scale, shift);
  case VT_NORM_GROUP: return scaled(n, by_groups(n, x, c[0] / common(c[0], GROUP), epsilon), scale, shift);
  case VT_NORM_LOCAL_RESPONSE: break;
  }
  return scaled(n, vt_emit(n->g, "LRN", VT_IN(x), "size=5 alpha=5e-4 beta=0.75 bias=2"), scale, shift);
}
