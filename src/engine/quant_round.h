/* Weights rounded so that their errors cancel on what a layer has read: samples of its inputs, and the
 * rounding. Internal to quantize.c. */
#ifndef VT_ENGINE_QUANT_ROUND_H
#define VT_ENGINE_QUANT_ROUND_H

#include "engine/engine_priv.h"

/* Columns that a layer multiplies its weights with: patches of maps, rows of matrices. */
struct vt__samples {
  int64_t k;    /* numbers of a column, all groups of a convolution together */
  int64_t seen; /* columns offered */
  int n;        /* kept, at random */
  float *x;     // (n, k); after vt__samples_turn (k, n), the means over n taken away if there are means
  float *mean;  // (k), or NULL
};
/* Adds some columns of x (none of a layer too wide for it), the layer's first input; number: the layer's, for
 * the random choice. */
int vt__samples_add(struct vt__samples *s, const struct vt_node *layer, const struct vt_tensor *x,
                    uint64_t number, struct vt_err *e);
int vt__samples_turn(struct vt__samples *s, bool means, struct vt_err *e);
void vt__samples_clear(struct vt__samples *s);

/* A layer's weights as they lie: element i of output channel m is w[m * per_channel + i * per_element]. */
struct vt__weights {
  const float *w, *scale; // ..., (channels)
  int8_t *q;
  int64_t channels, k, groups; /* k: numbers of a channel */
  int64_t per_channel, per_element;
  int levels; /* -levels .. levels */
};
/* To the nearest step. */
void vt__round_nearest(const struct vt__weights *w);
/* To one of the steps beside, as cancels the errors so far. shift: what the channels' outputs lack on
 * average then, (channels); NULL: not wanted. */
int vt__round_fitted(const struct vt__weights *w, const struct vt__samples *s, float *shift,
                     struct vt_err *e);

#endif
