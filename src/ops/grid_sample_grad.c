/* ai.vitrine:GridSampleGrad: gradients of GridSample for its input and its grid, from (dy, x, grid). */
#include "ops/grid_sample_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  vt__out_like(n, 0, n->in[1]);
  vt__out_like(n, 1, n->in[2]);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[1], *grid = c->in[2];
  const float *dy = c->in[0]->data, *px = x->data, *pg = grid->data;
  float *dx = c->out[0]->data, *dg = c->out[1]->data;
  struct vt__grid s;
  struct vt__grid_tap tap[VT__GRID_TAPS];
  if (x->dtype != VT_F32 || grid->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__grid_init(&s, c->node, x->rank, x->dim, grid->rank, grid->dim, e);
  if (rc) return rc;
  if (c->in[0]->dtype != VT_F32 || vt_tensor_count(c->in[0]) != s.n * s.c * s.points)
    return vt__bad(e, VT_ESHAPE, c->node, "the gradient does not have the shape of the output");
  if (vt_tensor_bytes(x)) memset(dx, 0, vt_tensor_bytes(x));
  for (int64_t n = 0; n < s.n; n++)
    for (int64_t p = 0; p < s.points; p++) {
      int taps = vt__grid_taps(&s, c->attrs, pg + (n * s.points + p) * s.r, tap);
      double slope[3] = {0};
      for (int64_t k = 0; k < s.c; k++) {
        int64_t plane = (n * s.c + k) * s.plane;
        float d = dy[(n * s.c + k) * s.points + p];
        for (int t = 0; t < taps; t++) {
          dx[plane + tap[t].at] += d * tap[t].weight;
          for (int j = 0; j < s.r; j++) slope[j] += (double)(d * px[plane + tap[t].at] * tap[t].slope[j]);
        }
      }
      for (int j = 0; j < s.r; j++) dg[(n * s.points + p) * s.r + j] = (float)slope[j];
    }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT__GRID_ROWS};
static const struct vt_op_case cases[] = {
    {"bilinear", "", "f32[2,3,2,2] f32[2,3,4,5] f32[2,2,2,2]:-1.2..1.2", 2},
    {"bicubic", "mode=bicubic padding_mode=border", "f32[1,2,3,3] f32[1,2,5,4] f32[1,3,3,2]:-1..1", 2}};

const struct vt_op_desc vt_op_grid_sample_grad = {
    .name = "GridSampleGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradients of GridSample for its input and its grid, from (dy, x, grid).",
    VT_ATTRS(rows, struct vt__grid_attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 2,
    .max_out = 2,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
