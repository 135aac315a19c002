/* Attention: blocks that weigh what a feature map says by what the map, or its surroundings, say. Each maps
 * x (N, C, H, W) to the same shape and can stand anywhere in a network.
 *
 * A block is one file `attention_NAME.c` with a `const struct vt_attention vt_attention_NAME` and one line
 * ATTENTION(NAME) in attention.list. Immutable. */
#ifndef VT_MODEL_ATTENTION_H
#define VT_MODEL_ATTENTION_H

#include "engine/engine.h"

struct vt_net;

enum vt_attention_place {
  VT_ATTENTION_BRANCH, /* on a residual block's branch, before it is added */
  VT_ATTENTION_STAGE,  /* behind a stage */
};
struct vt_attention {
  const char *name, *paper;
  enum vt_attention_place place; /* where a residual encoder puts it, */
  int from_stage;                /* from which of its stages on: 0 .. 3 (memory of H W x H W) */
  /* Parameters are named NAME.…. NULL once the graph has failed. */
  struct vt_value *(*build)(struct vt_net *n, struct vt_value *x, const char *name);
};
extern const struct vt_attention *const vt_attentions[]; /* ends with NULL */

/* "none" or "": 0 and *a NULL. Unknown names: VT_EUSAGE with those there are. */
int vt_attention_find(const struct vt_attention **a, const char *name, struct vt_err *e);

#endif
