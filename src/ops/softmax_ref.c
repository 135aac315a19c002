/* Shapes and loops of Softmax and LogSoftmax: tiles of neighbouring places, so that memory is read in order.
 */
#include "ops/softmax_ref.h"

enum { TILE = 64 };

static void tile(const float *x, float *p, int64_t n, int64_t step, int64_t rows, bool log_)
{
  float top[TILE];
  double sum[TILE] = {0};
  for (int64_t r = 0; r < rows; r++) top[r] = -INFINITY;
  for (int64_t i = 0; i < n; i++)
    for (int64_t r = 0; r < rows; r++) top[r] = VT_MAX(top[r], x[i * step + r]);
  for (int64_t i = 0; i < n; i++)
    for (int64_t r = 0; r < rows; r++) {
      float shifted = x[i * step + r] - top[r], power = expf(shifted);
      sum[r] += (double)power;
      p[i * step + r] = log_ ? shifted : power;
    }
  for (int64_t r = 0; r < rows; r++) sum[r] = log_ ? log(sum[r]) : 1 / sum[r];
  for (int64_t i = 0; i < n; i++)
    for (int64_t r = 0; r < rows; r++) {
      float *q = &p[i * step + r];
      *q = (float)(log_ ? (double)*q - sum[r] : (double)*q * sum[r]);
    }
}

void vt__softmax_rows(const float *x, float *p, int64_t n, int64_t step, int64_t rows, bool log_)
{
  for (int64_t r = 0; r < rows; r += TILE) tile(x + r, p + r, n, step, VT_MIN(rows - r, TILE), log_);
}

int vt__softmax_infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int axis;
  int rc = x->rank > 0 ? vt__axis(n, a->axis, x->rank, &axis, e) : VT_OK;
  return rc ? rc : vt__infer_same(n, e);
}

int vt__softmax_ref(const struct vt_ref_call *c, bool log_, struct vt_err *e)
{
  const struct vt_axis_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t outer = vt__span(x->dim, 0, axis), len = x->rank ? x->dim[axis] : 1;
  int64_t inner = x->rank ? vt__span(x->dim, axis + 1, x->rank) : 1;
  for (int64_t o = 0; o < outer; o++) {
    int64_t at = o * len * inner;
    vt__softmax_rows((const float *)x->data + at, (float *)c->out[0]->data + at, len, inner, inner, log_);
  }
  return VT_OK;
}

struct vt_value *vt__softmax_sum(struct vt_graph *g, const struct vt_node *n, struct vt_value *v)
{
  const struct vt_axis_attrs *a = n->attrs;
  return vt__reduce(g, "ReduceSum", v, 1, &a->axis, true);
}
