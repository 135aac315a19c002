/* The letterbox of inference: fitted as by letterbox, but padded only to the next multiple of the network's
 * step instead of to the full size. */
#include "data/policy/op.h"

struct opts {
  int64_t width, height, step;
  bool enlarge;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(width, "640", 1, 20000, "PIXELS", "largest width of the result"),
    VT_AUG_INT(height, "640", 1, 20000, "PIXELS", "largest height of the result"),
    VT_AUG_INT(step, "32", 1, 1024, "PIXELS", "sides become multiples of this"),
    VT_AUG_FLAG(enlarge, "yes", "small pictures are made larger, too"),
};

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  const struct opts *o = opts;
  vt__letterbox(g, w, h, (int)o->width, (int)o->height, o->enlarge);
  const int step = (int)o->step;
  int side[2];
  for (int i = 0; i < 2; i++) { /* the padding that is left over a whole number of steps, halved */
    int full = i ? g->height : g->width, inner = (int)lround(g->m[4 * i] * (i ? h : w));
    side[i] = (inner + step - 1) / step * step;
    if (side[i] > full && full >= inner) side[i] = full;
    const int before = (side[i] - inner) / 2;
    g->m[3 * i + 2] = before;
  }
  g->width = side[0];
  g->height = side[1];
}

const struct vt_aug_op vt_aug_op_letterbox_minimal = {
    .name = "letterbox-minimal",
    .what = "fitted, padded only to multiples of the network's step",
    VT_AUG_OPTS,
    .move = move,
};
