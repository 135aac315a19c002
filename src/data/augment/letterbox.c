/* Letterbox: fitted into one size with its aspect, the rest filled with the policy's grey (114). */
#include "data/policy/op.h"

struct opts {
  int64_t width, height;
  bool enlarge;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(width, "640", 1, 20000, "PIXELS", "width of the result"),
    VT_AUG_INT(height, "640", 1, 20000, "PIXELS", "height of the result"),
    VT_AUG_FLAG(enlarge, "yes", "small pictures are made larger, too"),
};

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  const struct opts *o = opts;
  vt__letterbox(g, w, h, (int)o->width, (int)o->height, o->enlarge);
}

const struct vt_aug_op vt_aug_op_letterbox = {
    .name = "letterbox",
    .what = "fitted into one size, the rest filled",
    VT_AUG_OPTS,
    .move = move,
};
