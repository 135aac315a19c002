/* GridSample: x read at the positions that a grid names, between −1 and 1 from edge to edge. */
#include "ops/grid_sample_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *grid = n->in[1];
  struct vt__grid s;
  int64_t dim[VT_MAX_RANK];
  int rc = VT_OK, rank = x->rank < 0 || grid->rank < 0 ? -1 : x->rank;
  if (rank >= 0) rc = vt__grid_init(&s, n, x->rank, x->dim, grid->rank, grid->dim, e);
  if (rc) return rc;
  for (int d = 0; d < rank; d++) dim[d] = d < 2 ? x->dim[d] : grid->dim[d - 1];
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *grid = c->in[1];
  const float *px = x->data, *pg = grid->data;
  float *py = c->out[0]->data;
  struct vt__grid s;
  struct vt__grid_tap tap[VT__GRID_TAPS];
  if (x->dtype != VT_F32 || grid->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__grid_init(&s, c->node, x->rank, x->dim, grid->rank, grid->dim, e);
  if (rc) return rc;
  for (int64_t n = 0; n < s.n; n++)
    for (int64_t p = 0; p < s.points; p++) {
      int taps = vt__grid_taps(&s, c->attrs, pg + (n * s.points + p) * s.r, tap);
      for (int64_t k = 0; k < s.c; k++) {
        const float *plane = px + (n * s.c + k) * s.plane;
        double sum = 0;
        for (int t = 0; t < taps; t++) sum += (double)tap[t].weight * (double)plane[tap[t].at];
        py[(n * s.c + k) * s.points + p] = (float)sum;
      }
    }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *out[2];
  vt__emit_ours(g, "GridSampleGrad", VT_IN(dy[0], n->in[0], n->in[1]), 2, out, n->attrs);
  if (need[0]) dx[0] = out[0];
  if (need[1]) dx[1] = out[1];
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT__GRID_ROWS};
static const struct vt_op_case cases[] = {
    {"bilinear", "", "f32[2,3,4,5] f32[2,3,2,2]:-1.2..1.2"},
    {"nearest", "mode=nearest", "f32[1,2,4,4] f32[1,3,3,2]:-1..1"},
    {"bicubic", "mode=bicubic", "f32[1,2,5,4] f32[1,3,3,2]:-0.9..0.9"},
    {"border, corners", "padding_mode=border align_corners=1", "f32[1,2,3,4] f32[1,2,4,2]:-1.5..1.5"},
    {"reflection", "padding_mode=reflection", "f32[1,2,3,4] f32[1,2,4,2]:-2.5..2.5"},
    {"reflection, corners", "padding_mode=reflection align_corners=1 mode=bicubic",
     "f32[1,2,3,4] f32[1,2,4,2]:-2.5..2.5"},
    {"volume", "", "f32[1,2,3,4,2] f32[1,2,2,2,3]:-1..1"},
};

const struct vt_op_desc vt_op_grid_sample = {
    .name = "GridSample",
    .domain = "",
    .since = 16,
    .doc = "x at the positions that a grid names, -1 to 1 from edge to edge, interpolated.",
    VT_ATTRS(rows, struct vt__grid_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
