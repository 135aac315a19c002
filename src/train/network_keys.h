/* Keys of a recipe that say what its network is made of, the same in every task, and what they mean for the
 * residual encoder and the layers. Private to train/. */
#ifndef VT_TRAIN_NETWORK_KEYS_H
#define VT_TRAIN_NETWORK_KEYS_H

#include "train/train.h"

struct vt__network_keys {
  int64_t stem, drop_block_size;
  const char *encoder, *blocks, *attention, *activation;
  double dropout, drop_path, drop_block, l1, l2;
  int convolution, norm, border;
};
/* clang-format off */
/* Rows for `struct S` whose member f holds the keys. */
#define VT__NETWORK_ROW_(S, f, m) offsetof(S, f) + offsetof(struct vt__network_keys, m)
#define VT__NETWORK_ROWS(S, f, encoder_help, dropout_default)                                                          \
    {"stem", 0, VT_OPT_INT, VT__NETWORK_ROW_(S, f, stem), "32", 8, 256, NULL, NULL, "channels of the stem"},          \
    {"encoder", 0, VT_OPT_STRING, VT__NETWORK_ROW_(S, f, encoder), "48,96,192,384", 0, 0, NULL, NULL, encoder_help}, \
    {"blocks", 0, VT_OPT_STRING, VT__NETWORK_ROW_(S, f, blocks), "2,2,2,2", 0, 0, NULL, NULL, "residual blocks of the encoder's stages"}, \
    {"attention", 0, VT_OPT_STRING, VT__NETWORK_ROW_(S, f, attention), "none", 0, 0, NULL, NULL, "attention in the encoder: none, se, eca, cbam, bam, residual, self"}, \
    {"convolution", 0, VT_OPT_ENUM, VT__NETWORK_ROW_(S, f, convolution), "plain", 0, 0, VT_CONV_KINDS, NULL, "the 3x3 convolutions of residual blocks and decoder"}, \
    {"norm", 0, VT_OPT_ENUM, VT__NETWORK_ROW_(S, f, norm), "batch", 0, 0, VT_NORM_KINDS, NULL, "normalisation layers"}, \
    {"activation", 0, VT_OPT_STRING, VT__NETWORK_ROW_(S, f, activation), "default", 0, 0, NULL, NULL, "for the network's own, which is relu mostly: prelu, gelu, mish, ..."}, \
    {"border", 0, VT_OPT_ENUM, VT__NETWORK_ROW_(S, f, border), "zeros", 0, 0, "zeros|mirror", NULL, "what convolutions see beyond a map's border"}, \
    {"dropout", 0, VT_OPT_FLOAT, VT__NETWORK_ROW_(S, f, dropout), dropout_default, 0, 0.9, NULL, NULL, "dropout before the last layer"}, \
    {"drop_block", 0, VT_OPT_FLOAT, VT__NETWORK_ROW_(S, f, drop_block), "0", 0, 0.9, NULL, NULL, "share of the encoder's last map that is dropped in squares"}, \
    {"drop_block_size", 0, VT_OPT_INT, VT__NETWORK_ROW_(S, f, drop_block_size), "3", 1, 64, NULL, NULL, "side of such a square"}, \
    {"stochastic_depth", 0, VT_OPT_FLOAT, VT__NETWORK_ROW_(S, f, drop_path), "0", 0, 0.9, NULL, NULL, "share of pictures that skip the encoder's last block, fewer the earlier ones"}, \
    {"l1", 0, VT_OPT_FLOAT, VT__NETWORK_ROW_(S, f, l1), "0", 0, 1, NULL, NULL, "factor of the sum of absolute weights in the loss"}, \
    {"l2", 0, VT_OPT_FLOAT, VT__NETWORK_ROW_(S, f, l2), "0", 0, 1, NULL, NULL, "factor of the sum of squared weights in the loss"}
/* clang-format on */

/* What the keys say; they are borrowed. VT_EUSAGE or VT_EARG naming the key. Unless `named` is NULL,
 * `encoder` may be a network's name: then *named is that network, else NULL, and the widths are not set. */
int vt__network_read(const struct vt__network_keys *k, const struct vt_builder **named,
                     struct vt_resnet_opts *encoder, struct vt_err *e);
/* A network that is to be trained, or used if training is false, with those layers. */
struct vt_net vt__network_start(const struct vt__network_keys *k, struct vt_graph *g, bool training,
                                uint64_t seed);

/* Adds l1 sum |w| + l2 sum w^2 over the weights that decay acts on to *loss and to the metrics, as
 * "penalty_loss"; nothing where both are 0. */
void vt__network_penalty(const struct vt__network_keys *k, struct vt_graph *g, struct vt_value **loss,
                         struct vt_value **metric, const char **metric_name, int *nmetric);

#endif
