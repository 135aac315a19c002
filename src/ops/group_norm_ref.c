/* Shapes and loops of GroupNormalization (Wu, He 2018). */
#include "ops/group_norm_ref.h"

int vt__group_norm_infer(struct vt_node *n, bool per_group, struct vt_err *e)
{
  const struct vt__group_norm_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int rc = vt__check_rank(n, 0, 2, VT_MAX_RANK, e);
  if (rc) return rc;
  if (a->num_groups < 1 || a->num_groups > INT32_MAX ||
      (x->rank > 1 && x->dim[1] >= 0 && x->dim[1] % a->num_groups))
    return vt__bad(e, VT_ESHAPE, n, "%lld groups do not divide the channels", (long long)a->num_groups);
  for (int i = 1; i < 3 && !rc; i++) {
    const struct vt_value *s = n->in[i];
    int64_t want = per_group ? a->num_groups : x->rank > 1 ? x->dim[1] : -1;
    rc = vt__check_rank(n, i, 1, 1, e);
    if (!rc && s->rank == 1 && s->dim[0] >= 0 && want >= 0 && s->dim[0] != want)
      rc = vt__bad(e, VT_ESHAPE, n, "input %d '%s' has %lld entries, %lld expected", i, s->name,
                   (long long)s->dim[0], (long long)want);
  }
  return rc ? rc : vt__infer_same(n, e);
}

int vt__group_norm_ref(const struct vt_ref_call *c, bool per_group, struct vt_err *e)
{
  const struct vt__group_norm_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  const float *scale = c->in[1]->data, *bias = c->in[2]->data;
  int64_t groups = a->num_groups, channels = x->dim[1] / groups, plane = vt__span(x->dim, 2, x->rank);
  int64_t m = channels * plane;
  for (int64_t k = 0; k < x->dim[0] * groups && m; k++) {
    const float *px = (const float *)x->data + k * m;
    float *py = (float *)c->out[0]->data + k * m;
    double mean, inv;
    vt__moments(px, m, a->epsilon, &mean, &inv);
    for (int64_t i = 0; i < m; i++) {
      int64_t at = per_group ? k % groups : k % groups * channels + i / plane;
      py[i] = (float)(((double)px[i] - mean) * inv * (double)scale[at] + (double)bias[at]);
    }
  }
  return VT_OK;
}
