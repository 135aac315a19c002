/* Capsule embedding networks: Kinli, Ozcan, Kirac, "Fashion Image Retrieval with Capsule Networks", 2019.
 * What feeds the capsules is a stack of convolutions (SCCapsNet) or blocks with residual connections
 * (RCCapsNet); capsules of 8 numbers are routed in three rounds to capsules of 16, one for each class, which
 * side by side are the embedding. The paper fixes this plan; the widths here are this program's. */
#include "model/layers.h"

struct variant {
  bool residual;
};
enum { MAPS = 32, DIM = 8, OUT_DIM = 16, ROUNDS = 3, GROUPS = 23 /* categories of in-shop clothes */ };

/* Five stages that halve the sides: two 3x3 convolutions each, or one and a residual block. */
static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  const struct variant *v = b->variant;
  static const int width[] = {16, 32, 64, 128, 128};
  for (int s = 0; s < 5; s++) {
    const char *name = vt__name(n, "features.%d", s);
    x = vt_net_conv_norm_relu(n, x, vt__name(n, "%s.0", name), width[s], 3, 2);
    x = v->residual ? vt__basic_block(n, x, vt__name(n, "%s.1", name),
                                      &(struct vt__block){.out = width[s], .stride = 1})
                    : vt_net_conv_norm_relu(n, x, vt__name(n, "%s.1", name), width[s], 3, 1);
    out->feature[s] = x;
  }
  if (o->encoder) return;
  int capsules = o->classes ? o->classes : GROUPS;
  x = vt__primary_capsules(n, x, "primary", MAPS, DIM, 3, 1);          // (N, 32 H W, 8)
  x = vt__route_capsules(n, x, "capsules", capsules, OUT_DIM, ROUNDS); // (N, J, 16)
  out->pooled = vt_emit(n->g, "Flatten", VT_IN(x), "axis=1");
  if (o->classes) out->logits = vt__capsule_lengths(n, x);
}

static const struct variant stacked = {false}, residual = {true};
static const struct vt_builder builders[] = {{"sccapsnet", 256, 0, &stacked, build},
                                             {"rccapsnet", 256, 0, &residual, build}};
const struct vt_builder_family vt_builders_capsule = {.name = "capsule",
                                                      .paper = "Kinli et al. 2019",
                                                      .lengths = true,
                                                      .builder = builders,
                                                      .n = VT_COUNT(builders)};
