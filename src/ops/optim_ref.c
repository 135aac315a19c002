/* Optimiser steps: shapes, and Adam in both forms. */
#include "ops/grad_check.h"
#include "ops/optim_ref.h"

int vt__optim_infer(struct vt_node *n, int nstate, int first_scalar, struct vt_err *e)
{
  const struct vt_value *w = n->in[0];
  for (int i = 1; i < n->nin; i++) {
    const struct vt_value *v = n->in[i];
    int rc = v && i < first_scalar ? vt__check_alike(n, 0, i, e) : VT_OK;
    if (rc) return rc;
    if (v && i >= first_scalar && vt__is_static(v) && vt_dims_count(v->rank, v->dim) != 1) {
      char s[96];
      vt_shape_print(v->rank, v->dim, s, sizeof s);
      return vt__bad(e, VT_ESHAPE, n, "input %d '%s' has shape %s", i, v->name, s);
    }
  }
  vt__out_like(n, 0, w);
  for (int i = 1; i <= nstate; i++) vt__out_like(n, i, n->in[i + 1]);
  return VT_OK;
}

/* Kingma, Ba 2015 (algorithm 1); decoupled: Loshchilov, Hutter 2019 (algorithm 2).
 *   g' = scale g (+ λ w unless decoupled);   m' = β1 m + (1 − β1) g';   v' = β2 v + (1 − β2) g'²
 *   w' = w − lr (m'/(1 − β1^t)) / (√(v'/(1 − β2^t)) + ε)   (− lr λ w if decoupled) */
int vt__adam_ref(const struct vt_ref_call *c, bool decoupled, struct vt_err *e)
{
  const struct vt__optim_attrs *a = c->attrs;
  int64_t n = vt_tensor_count(c->in[0]);
  const float *w = c->in[0]->data, *g = c->in[1]->data, *m = c->in[2]->data, *v = c->in[3]->data;
  float *w2 = c->out[0]->data, *m2 = c->out[1]->data, *v2 = c->out[2]->data;
  float lr = vt__scalar(c->in[4], 0), scale = vt__scalar(vt__arg(c, 6), 1),
        l2 = decoupled ? 0 : a->weight_decay;
  double t = VT_MAX((double)vt__scalar(c->in[5], 1), 1);
  float c1 = (float)(1 / (1 - pow((double)a->beta1, t))), c2 = (float)(1 / (1 - pow((double)a->beta2, t)));
  float keep = decoupled ? 1 - lr * a->weight_decay : 1;
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  for (int64_t i = 0; i < n; i++) {
    float gi = vt__scaled(g[i], scale) + l2 * w[i];
    float mi = a->beta1 * m[i] + (1 - a->beta1) * gi, vi = a->beta2 * v[i] + (1 - a->beta2) * gi * gi;
    m2[i] = mi;
    v2[i] = vi;
    w2[i] = w[i] * keep - lr * (mi * c1) / (sqrtf(vi * c2) + a->epsilon);
  }
  return VT_OK;
}
