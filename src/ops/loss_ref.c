/* Shapes, labels and reductions of the classification losses.
 *
 * ℓ(n, d) = −w[y] log p[n, y, d], 0 where y is ignored. "mean" divides the sum by Σ w[y] over what counts. */
#include "ops/loss_ref.h"

int vt__loss_infer(struct vt_node *n, int xi, struct vt_err *e)
{
  const struct vt__loss_attrs *a = n->attrs;
  const struct vt_value *x = n->in[xi], *y = n->in[xi + 1], *w = vt__in(n, xi + 2);
  int rc = vt__check_rank(n, xi, 2, VT_MAX_RANK, e);
  if (rc) return rc;
  bool fits = x->rank < 0 || y->rank < 0 || y->rank == x->rank - 1;
  for (int i = 0; fits && x->rank >= 0 && i < y->rank; i++) {
    int64_t want = x->dim[i ? i + 1 : 0];
    fits = want < 0 || y->dim[i] < 0 || want == y->dim[i];
  }
  if (!fits) {
    char sx[96], sy[96];
    vt_shape_print(x->rank, x->dim, sx, sizeof sx);
    vt_shape_print(y->rank, y->dim, sy, sizeof sy);
    return vt__bad(e, VT_ESHAPE, n, "labels %s do not fit scores %s", sy, sx);
  }
  if (w && w->rank >= 0 &&
      (w->rank != 1 || (x->rank >= 0 && x->dim[1] >= 0 && w->dim[0] >= 0 && w->dim[0] != x->dim[1])))
    return vt__bad(e, VT_ESHAPE, n, "weight '%s' must have one entry per class", w->name);
  if (a->reduction == VT__NONE)
    vt__out(n, 0, x->dtype, y->rank, y->dim);
  else
    vt__out(n, 0, x->dtype, 0, NULL);
  return VT_OK;
}

void vt__loss_sizes(struct vt__loss_sizes *s, const struct vt_tensor *x)
{
  *s = (struct vt__loss_sizes){x->dim[0], x->dim[1], vt__span(x->dim, 2, x->rank)};
}

int vt__loss_label(const struct vt_ref_call *c, const struct vt_tensor *labels, int64_t at, int64_t classes,
                   int64_t *label, struct vt_err *e)
{
  const struct vt__loss_attrs *a = c->attrs;
  int64_t y = labels->dtype == VT_I64   ? ((const int64_t *)labels->data)[at]
              : labels->dtype == VT_I32 ? ((const int32_t *)labels->data)[at]
                                        : vt_tensor_whole(labels, at);
  *label = a->has_ignore && y == a->ignore_index ? -1 : y;
  if (*label == -1 && a->has_ignore && y == a->ignore_index) return VT_OK;
  if (y < 0 || y >= classes)
    return vt__bad(e, VT_EARG, c->node, "label %lld at %lld, 0 to %lld expected", (long long)y, (long long)at,
                   (long long)classes - 1);
  return VT_OK;
}

int vt__loss_total(const struct vt_ref_call *c, const struct vt__loss_sizes *s,
                   const struct vt_tensor *labels, const struct vt_tensor *w, double *total, struct vt_err *e)
{
  *total = 0;
  for (int64_t i = 0; i < s->n * s->d; i++) {
    int64_t y;
    int rc = vt__loss_label(c, labels, i, s->c, &y, e);
    if (rc) return rc;
    if (y >= 0) *total += (double)vt__loss_weight(w, y);
  }
  return VT_OK;
}

int vt__loss_reduce(const struct vt_ref_call *c, const struct vt__loss_sizes *s, const float *logp,
                    const struct vt_tensor *labels, const struct vt_tensor *w, struct vt_err *e)
{
  const struct vt__loss_attrs *a = c->attrs;
  float *out = c->out[0]->data;
  double sum = 0, total;
  int rc = vt__loss_total(c, s, labels, w, &total, e);
  if (rc) return rc;
  for (int64_t n = 0; n < s->n; n++)
    for (int64_t d = 0; d < s->d; d++) {
      int64_t y;
      if ((rc = vt__loss_label(c, labels, n * s->d + d, s->c, &y, e))) return rc;
      double l = y < 0 ? 0 : -(double)vt__loss_weight(w, y) * (double)logp[(n * s->c + y) * s->d + d];
      if (a->reduction == VT__NONE) out[n * s->d + d] = (float)l;
      sum += l;
    }
  if (a->reduction == VT__SUM_ALL) *out = (float)sum;
  if (a->reduction == VT__MEAN_ALL) *out = total > 0 ? (float)(sum / total) : 0;
  return VT_OK;
}

int vt__loss_grad(struct vt_graph *g, const struct vt_node *n, struct vt_value *const *dy, bool logits,
                  const bool *need, struct vt_value **dx, struct vt_err *e)
{
  struct vt__loss_attrs a = *(const struct vt__loss_attrs *)n->attrs;
  a.logits = logits;
  if (n->nin > 2 && n->in[2] && need[2])
    return vt__bad(e, VT_EUNSUPPORTED, n, "class weights have no gradient");
  struct vt_value *in[] = {dy[0], n->in[0], n->in[1], vt__in_mut(n, 2)};
  if (need[0] && dy[0]) dx[0] = vt__emit_ours(g, "CrossEntropyGrad", in[3] ? 4 : 3, in, 1, NULL, &a);
  return vt_graph_status(g, e);
}
