/* Turned over top to bottom. */
#include "data/policy/op.h"

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  vt__about_middle(g, 1, 0, 0, -1, w, h, false);
}

const struct vt_aug_op vt_aug_op_flip_vertical = {
    .name = "flip-vertical",
    .what = "turned over top to bottom (for lying garments; nobody stands on the head)",
    .move = move,
};
