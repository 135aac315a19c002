/* Where positions of an operator's output look along one axis: the rules that several operators share. They
 * see nodes whose shapes are all known. */
#include "ops/util.h"

int vt__reach_shift(struct vt_reach *r, int axis, int64_t by)
{
  *r = (struct vt_reach){.axis = axis, .in_step = 1, .out_step = 1};
  r->first[0] = r->last[0] = by;
  return VT_OK;
}

static int whole(struct vt_reach *r)
{
  *r = (struct vt_reach){.whole = true};
  return VT_OK;
}

int vt__reach_same(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt_value *x = n->in[in], *y = n->out[0];
  if (in || y->rank != x->rank || y->dim[axis] != x->dim[axis]) return whole(r);
  return vt__reach_shift(r, axis, 0);
}

int vt__reach_beside(const struct vt_node *n, int64_t spared, int axis, struct vt_reach *r)
{
  const struct vt_value *x = n->in[0];
  if (axis == (spared < 0 ? spared + x->rank : spared) || n->out[0]->rank != x->rank) return whole(r);
  return vt__reach_shift(r, axis, 0);
}

int vt__reach_axis(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  int rc = vt__reach_beside(n, a->axis, axis, r);
  for (int i = 0; i < n->nin; i++) /* Concat with a constant map */
    if (n->in[i] && n->in[i]->is_constant && n->in[i]->dim[axis] > 1) r->uneven = true;
  return rc;
}

/* A window: position i looks from i stride - lo on, k entries `dil` apart. SAME padding splits what is left
 * over by the input's size, which a part of the input may not have. */
static int window(const struct vt_window *w, int spatial, int auto_pad, int axis, struct vt_reach *r)
{
  int d = 3 - spatial + axis - 2;
  *r = (struct vt_reach){.axis = axis, .in_step = w->stride[d], .out_step = 1};
  r->first[0] = -w->lo[d];
  r->last[0] = r->first[0] + (w->k[d] - 1) * w->dil[d];
  bool same = auto_pad == VT_PAD_SAME_UPPER || auto_pad == VT_PAD_SAME_LOWER;
  r->uneven = same && w->in[d] % w->stride[d];
  return VT_OK;
}

static int conv(const struct vt_node *n, int in, int weight, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt_conv_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  struct vt_window w;
  if (in || axis < 2) return whole(r);
  int rc = vt_conv_window(&w, n, x->rank, x->dim, n->in[weight]->dim, e);
  return rc ? rc : window(&w, x->rank - 2, a->auto_pad, axis, r);
}

int vt__reach_conv(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  return conv(n, in, 1, axis, r, e);
}

int vt__reach_qlinear_conv(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  return conv(n, in, 3, axis, r, e);
}

int vt__reach_pool(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt_pool_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  struct vt_window w;
  if (in || axis < 2) return whole(r);
  int rc = vt_pool_window(&w, n, x->rank, x->dim, e);
  return rc ? rc : window(&w, x->rank - 2, a->auto_pad, axis, r);
}

/* Output o gets input j through entry k of the kernel where j stride = o + lo - k dil. */
int vt__reach_conv_transpose(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  struct vt_window w;
  if (in || axis < 2) return whole(r);
  int rc = vt_conv_transpose_window(&w, n, x->rank, x->dim, n->in[1]->dim, e);
  if (rc) return rc;
  int d = 3 - (x->rank - 2) + axis - 2;
  int64_t s = w.stride[d];
  if (s > VT_REACH_MAX) return whole(r);
  *r = (struct vt_reach){.axis = axis, .in_step = 1, .out_step = s};
  for (int64_t o = 0; o < s; o++) {
    bool any = false;
    r->first[o] = r->last[o] = (o + w.lo[d]) / s; /* where no input comes: a place between */
    for (int64_t k = w.k[d] - 1; k >= 0; k--) {
      int64_t at = o + w.lo[d] - k * w.dil[d];
      if (at % s) continue;
      if (!any) r->first[o] = at / s;
      r->last[o] = at / s;
      any = true;
    }
  }
  return VT_OK;
}

int vt__reach_blocks(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  int64_t from = n->in[0]->dim[axis], to = n->out[0]->dim[axis];
  int64_t up = from > 0 && to > from ? to / from : 1, down = to > 0 && from > to ? from / to : 1;
  if (axis < 2 || up > VT_REACH_MAX) return whole(r);
  *r = (struct vt_reach){.axis = axis, .in_step = down, .out_step = up};
  for (int64_t o = 0; o < up; o++) r->last[o] = down - 1;
  return VT_OK;
}

int vt__reach_matmul(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt_value *x = n->in[in], *y = n->out[0];
  int to = axis + y->rank - x->rank;
  if (n->in[0]->rank < 2 || n->in[1]->rank < 2 || axis == x->rank - 1 - (in == 1) ||
      y->dim[to] != x->dim[axis])
    return whole(r);
  return vt__reach_shift(r, to, 0);
}

/* The smallest fraction up / down that is a scale; false where there is none with small numbers. */
static bool fraction(double scale, int64_t *up, int64_t *down)
{
  if (!(scale > 0 && scale <= VT_REACH_MAX)) return false;
  for (*down = 1; *down <= VT_REACH_MAX; ++*down) {
    *up = llround(scale * (double)*down);
    if (*up >= 1 && fabs(scale * (double)*down - (double)*up) < 1e-5 * (double)*up)
      return *up <= VT_REACH_MAX;
  }
  return false;
}

/* The taps of one period in the middle of a long axis, where none is at the border. */
int vt__reach_resize(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  enum { TURNS = 32, MIDDLE = TURNS / 2 };
  const struct vt_resize_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *y = n->out[0];
  struct vt_resize_axis taps;
  float scale[VT_MAX_RANK];
  int64_t up, down;
  const struct vt_value *scales = n->nin == 2 ? n->in[1] : vt__in(n, 2);
  int coord = a->coordinate_transformation_mode;
  if (in) return whole(r);
  int rc = vt_resize_scales(n, x->rank, x->dim, y->dim, scales ? &scales->init : NULL, scale);
  if (rc) return rc;
  if (scale[axis] == 1 && y->dim[axis] == x->dim[axis] && coord != VT_RESIZE_TF_CROP_AND_RESIZE)
    return vt__reach_shift(r, axis, 0);
  if (coord == VT_RESIZE_ALIGN_CORNERS || coord == VT_RESIZE_TF_CROP_AND_RESIZE ||
      !fraction((double)scale[axis], &up, &down))
    return whole(r);
  rc = vt_resize_axis_init(&taps, a, TURNS * down, TURNS * up, 0, 0, 0, e);
  if (rc) return rc;
  *r = (struct vt_reach){.axis = axis, .in_step = down, .out_step = up};
  for (int64_t o = 0; o < up; o++) {
    bool any = false;
    for (int64_t t = taps.start[MIDDLE * up + o]; t < taps.start[MIDDLE * up + o + 1]; t++) {
      if (taps.weight[t] == 0) continue;
      if (!any) r->first[o] = taps.index[t] - MIDDLE * down;
      r->last[o] = taps.index[t] - MIDDLE * down;
      any = true;
    }
  }
  vt_resize_axis_clear(&taps);
  return VT_OK;
}
