/* Shape inference and the walk over windows of the pooling operators. */
#include "ops/pool_ref.h"

int vt__pool_infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int rc = vt__check_rank(n, 0, 3, 5, e);
  if (rc) return rc;
  int64_t dim[VT_MAX_RANK];
  if (x->rank >= 0) {
    struct vt_window w;
    if ((rc = vt_pool_window(&w, n, x->rank, x->dim, e))) return rc;
    dim[0] = x->dim[0];
    dim[1] = x->dim[1];
    memcpy(dim + 2, &w.out[5 - x->rank], (size_t)(x->rank - 2) * sizeof *dim);
  }
  vt__out(n, 0, x->dtype, x->rank, dim);
  vt__out(n, 1, VT_I64, x->rank, dim);
  return VT_OK;
}

int vt__global_pool_infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
  int rc = vt__check_rank(n, 0, 2, VT_MAX_RANK, e);
  if (rc) return rc;
  if (x->rank >= 0) memcpy(dim, x->dim, 2 * sizeof *dim);
  vt__out(n, 0, x->dtype, x->rank, dim);
  return VT_OK;
}

int vt__pool_grad_infer(struct vt_node *n, int xi, struct vt_err *e)
{
  const struct vt_value *x = n->in[xi], *dy = n->in[0];
  int rc = vt__check_rank(n, xi, 3, 5, e);
  if (rc) return rc;
  if (vt__is_static(x) && vt__is_static(dy)) {
    struct vt_window w;
    if ((rc = vt_pool_window(&w, n, x->rank, x->dim, e))) return rc;
    bool fits = dy->rank == x->rank && dy->dim[0] == x->dim[0] && dy->dim[1] == x->dim[1];
    for (int i = 2; fits && i < x->rank; i++) fits = dy->dim[i] == w.out[i + 3 - x->rank];
    if (!fits) return vt__bad(e, VT_ESHAPE, n, "gradient '%s' does not fit the pool's output", dy->name);
  }
  vt__out_like(n, 0, x);
  return VT_OK;
}

static void place(struct vt__pool_place *p, const struct vt_window *w)
{
  for (int i = 0; i < 3; i++) p->base[i] = p->pos[i] * w->stride[i] - w->lo[i];
}

void vt__pool_first(struct vt__pool_place *p, const struct vt_window *w)
{
  *p = (struct vt__pool_place){0};
  place(p, w);
}

bool vt__pool_next(struct vt__pool_place *p, const struct vt_window *w, int64_t planes)
{
  p->out++;
  int i = 2;
  while (i >= 0 && ++p->pos[i] >= w->out[i]) p->pos[i--] = 0;
  if (i < 0) {
    p->plane++;
    p->out = 0;
  }
  place(p, w);
  return p->plane < planes;
}

double vt__pool_divisor(const struct vt_window *w, const struct vt__pool_place *p, bool include_pad)
{
  double d = 1;
  for (int i = 0; i < 3; i++) {
    int64_t lo = include_pad ? -w->lo[i] : 0, hi = w->in[i] + (include_pad ? w->hi[i] : 0), taps = 0;
    for (int64_t k = 0; k < w->k[i]; k++) {
      int64_t at = p->base[i] + k * w->dil[i];
      taps += at >= lo && at < hi;
    }
    d *= (double)taps;
  }
  return d > 0 ? d : 1;
}
