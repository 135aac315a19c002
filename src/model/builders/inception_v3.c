/* Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016: blocks of parallel
 * branches whose outputs are joined. Made for pictures of mean 0.5 and deviation 0.5. */
#include "model/layers.h"

enum source {
  INPUT,   /* the block's input */
  THEN,    /* the unit before */
  BESIDE,  /* what the unit before reads */
  AVERAGE, /* the mean of the block's input over 3x3 */
  MAXIMUM  /* nothing but the maximum of the block's input over 3x3, half the size */
};
/* A convolution, norm and ReLU. Units that no other reads are the block's output, in their order. */
struct unit {
  enum source from;
  const char *name;
  int out; /* 0: the block's own number */
  int kernel, kernel_w;
  bool halve; /* stride 2 without padding */
};

static const struct unit
    block_a[] = {{INPUT, "branch1x1", 64, 1, 1},     {INPUT, "branch5x5_1", 48, 1, 1},
                 {THEN, "branch5x5_2", 64, 5, 5},    {INPUT, "branch3x3dbl_1", 64, 1, 1},
                 {THEN, "branch3x3dbl_2", 96, 3, 3}, {THEN, "branch3x3dbl_3", 96, 3, 3},
                 {AVERAGE, "branch_pool", 0, 1, 1}},
    block_b[] = {{INPUT, "branch3x3", 384, 3, 3, true},
                 {INPUT, "branch3x3dbl_1", 64, 1, 1},
                 {THEN, "branch3x3dbl_2", 96, 3, 3},
                 {THEN, "branch3x3dbl_3", 96, 3, 3, true},
                 {MAXIMUM}},
    block_c[] = {{INPUT, "branch1x1", 192, 1, 1},     {INPUT, "branch7x7_1", 0, 1, 1},
                 {THEN, "branch7x7_2", 0, 1, 7},      {THEN, "branch7x7_3", 192, 7, 1},
                 {INPUT, "branch7x7dbl_1", 0, 1, 1},  {THEN, "branch7x7dbl_2", 0, 7, 1},
                 {THEN, "branch7x7dbl_3", 0, 1, 7},   {THEN, "branch7x7dbl_4", 0, 7, 1},
                 {THEN, "branch7x7dbl_5", 192, 1, 7}, {AVERAGE, "branch_pool", 192, 1, 1}},
    block_d[] = {{INPUT, "branch3x3_1", 192, 1, 1},
                 {THEN, "branch3x3_2", 320, 3, 3, true},
                 {INPUT, "branch7x7x3_1", 192, 1, 1},
                 {THEN, "branch7x7x3_2", 192, 1, 7},
                 {THEN, "branch7x7x3_3", 192, 7, 1},
                 {THEN, "branch7x7x3_4", 192, 3, 3, true},
                 {MAXIMUM}},
    block_e[] = {{INPUT, "branch1x1", 320, 1, 1},      {INPUT, "branch3x3_1", 384, 1, 1},
                 {THEN, "branch3x3_2a", 384, 1, 3},    {BESIDE, "branch3x3_2b", 384, 3, 1},
                 {INPUT, "branch3x3dbl_1", 448, 1, 1}, {THEN, "branch3x3dbl_2", 384, 3, 3},
                 {THEN, "branch3x3dbl_3a", 384, 1, 3}, {BESIDE, "branch3x3dbl_3b", 384, 3, 1},
                 {AVERAGE, "branch_pool", 192, 1, 1}};

static const struct block {
  const char *name;
  const struct unit *unit;
  int n, own;
} blocks[] = {{"Mixed_5b", block_a, VT_COUNT(block_a), 32},  {"Mixed_5c", block_a, VT_COUNT(block_a), 64},
              {"Mixed_5d", block_a, VT_COUNT(block_a), 64},  {"Mixed_6a", block_b, VT_COUNT(block_b), 0},
              {"Mixed_6b", block_c, VT_COUNT(block_c), 128}, {"Mixed_6c", block_c, VT_COUNT(block_c), 160},
              {"Mixed_6d", block_c, VT_COUNT(block_c), 160}, {"Mixed_6e", block_c, VT_COUNT(block_c), 192},
              {"Mixed_7a", block_d, VT_COUNT(block_d), 0},   {"Mixed_7b", block_e, VT_COUNT(block_e), 0},
              {"Mixed_7c", block_e, VT_COUNT(block_e), 0}};
enum { AT_5D = 2, AT_6E = 7 }; /* last blocks at strides 8 and 16 */

static struct vt_value *unit(struct vt_net *n, struct vt_value *x, const char *name, const struct vt__conv *c)
{
  x = vt__conv(n, x, vt__name(n, "%s.conv", name), c);
  return vt__norm_act(n, x, vt__name(n, "%s.bn", name), 1e-3f, VT__RELU);
}
#define UNIT(n, x, name, ...) unit(n, x, name, &(struct vt__conv){__VA_ARGS__})

static struct vt_value *mixed(struct vt_net *n, struct vt_value *x, const struct block *b)
{
  struct vt_value *joined[8], *last = NULL, *read = NULL;
  int outputs = 0;
  for (int i = 0; i < b->n; i++) {
    const struct unit *u = &b->unit[i];
    switch (u->from) {
    case INPUT: read = x; break;
    case THEN: read = last; break;
    case BESIDE: break;
    case AVERAGE: read = vt__mean_pool(n, x, 3, 1, 1, true); break;
    case MAXIMUM: read = vt__max_pool(n, x, 3, 2, 0); break;
    }
    last = read;
    if (u->from != MAXIMUM)
      last = UNIT(n, read, vt__name(n, "%s.%s", b->name, u->name), u->out ? u->out : b->own, u->kernel,
                  .kernel_w = u->kernel_w, .stride = u->halve ? 2 : 1, .valid = u->halve);
    if (i + 1 == b->n || b->unit[i + 1].from != THEN) joined[outputs++] = last;
  }
  return vt_emit_n(n->g, "Concat", outputs, joined, 1, &last, "axis=1");
}

/* Classifier on the maps at stride 16, which must be 17x17 or so: 5x5 means, 1x1, 5x5. */
static struct vt_value *auxiliary(struct vt_net *n, struct vt_value *x, int classes)
{
  x = UNIT(n, vt__mean_pool(n, x, 5, 3, 0, false), "AuxLogits.conv0", 128, 1);
  x = UNIT(n, x, "AuxLogits.conv1", 768, 5, .valid = true);
  return vt_net_linear(n, vt__global_pool(n, x), "AuxLogits.fc", classes, true);
}

static void build(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                  const struct vt_builder_opts *o, struct vt_built *out)
{
  x = UNIT(n, x, "Conv2d_1a_3x3", 32, 3, .stride = 2, .valid = true);
  x = UNIT(n, x, "Conv2d_2a_3x3", 32, 3, .valid = true);
  out->feature[0] = x = UNIT(n, x, "Conv2d_2b_3x3", 64, 3);
  x = UNIT(n, vt__max_pool(n, x, 3, 2, 0), "Conv2d_3b_1x1", 80, 1);
  out->feature[1] = x = UNIT(n, x, "Conv2d_4a_3x3", 192, 3, .valid = true);
  x = vt__max_pool(n, x, 3, 2, 0);
  for (int i = 0; i < (int)VT_COUNT(blocks); i++) {
    x = mixed(n, x, &blocks[i]);
    if (i == AT_5D) out->feature[2] = x;
    if (i == AT_6E) out->feature[3] = x;
    if (i == AT_6E && o->auxiliary && o->classes) out->aux = auxiliary(n, x, o->classes);
  }
  out->feature[4] = x;
  if (!o->encoder) vt__head(n, x, "fc", 0.5f, o, out);
}

static const struct vt_builder builders[] = {{"inception_v3", 299, 27161264, NULL, build}};
const struct vt_builder_family vt_builders_inception_v3 = {.name = "inception_v3",
                                                           .paper = "Szegedy et al. 2016",
                                                           .has_auxiliary = true,
                                                           .centred = true,
                                                           .unpadded = true,
                                                           .builder = builders,
                                                           .n = VT_COUNT(builders)};
