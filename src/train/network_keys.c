/* What a recipe's keys say about the network. */
#include "train/network_keys.h"
#include "train/task_util.h"

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
