/* What a recipe's keys say about the network. */
#include "train/network_keys.h"
#include "train/task_util.h"
#include "train/trainer.h"

#include <ctype.h>

int vt__network_read(const struct vt__network_keys *k, const struct vt_builder **named,
                     struct vt_resnet_opts *encoder, struct vt_err *e)
{
  const struct vt_activation *a;
  encoder->stem = (int)k->stem;
  encoder->drop_path = (float)k->drop_path;
  encoder->drop_block = (float)k->drop_block;
  encoder->drop_block_size = (int)k->drop_block_size;
  bool network = named && isalpha((unsigned char)*k->encoder);
  if (named) *named = network ? vt_builder_find(k->encoder, e) : NULL;
  if (network && !*named) return VT_EUSAGE;
  int rc = network ? 0 : vt__parse_ints("encoder", k->encoder, 4, 1, 2048, encoder->width, e);
  if (!rc) rc = vt__parse_ints("blocks", k->blocks, 4, 1, 64, encoder->blocks, e);
  if (!rc) rc = vt_attention_find(&encoder->attention, k->attention, e);
  if (!rc) rc = vt_activation_find(&a, k->activation, e);
  if (!rc && network && (encoder->attention || k->drop_path > 0 || k->drop_block > 0))
    rc = vt_fail(e, VT_EARG,
                 "attention, drop_block and stochastic_depth stand in the encoder of this program's own, not "
                 "in %s",
                 k->encoder);
  return rc;
}

struct vt_net vt__network_start(const struct vt__network_keys *k, struct vt_graph *g, bool training,
                                uint64_t seed)
{
  struct vt_net n = {.g = g, .training = training, .seed = seed, .mirror = k->border != 0};
  n.layers.conv = (enum vt_conv_kind)k->convolution;
  n.layers.norm = (enum vt_norm_kind)k->norm;
  vt_activation_find(&n.layers.activation, k->activation, NULL);
  return n;
}

static struct vt_value *penalty(struct vt_graph *g, double l1, double l2)
{
  struct vt_value *sum = NULL;
  for (int i = 0, n = g->nvalues; i < n && (l1 > 0 || l2 > 0); i++) {
    struct vt_value *w = g->values[i];
    if (!w->is_trainable || !vt__decays(w)) continue;
    const char *op[] = {"ReduceL1", "ReduceSumSquare"};
    double factor[] = {l1, l2};
    for (int k = 0; k < 2; k++) {
      if (!(factor[k] > 0)) continue;
      struct vt_value *y = vt_emit(g, op[k], VT_IN(w), "keepdims=0");
      y = vt_emit(g, "Mul", VT_IN(y, vt_graph_scalar(g, (float)factor[k])), "");
      sum = sum ? vt_emit(g, "Add", VT_IN(sum, y), "") : y;
    }
  }
  return sum;
}

void vt__network_penalty(const struct vt__network_keys *k, struct vt_graph *g, struct vt_value **loss,
                         struct vt_value **metric, const char **metric_name, int *nmetric)
{
  struct vt_value *sum = penalty(g, k->l1, k->l2);
  if (!sum) return;
  *loss = vt_emit(g, "Add", VT_IN(*loss, sum), "");
  metric[*nmetric] = sum;
  metric_name[(*nmetric)++] = "penalty_loss";
}
