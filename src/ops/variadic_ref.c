/* Loops of Sum, Mean, Max and Min: one input after the other into the output. */
#include "ops/variadic_ref.h"

#define FOLD(T)                                                                                              \
  {                                                                                                          \
    const T *px = t->data;                                                                                   \
    T *py = c->out[0]->data;                                                                                 \
    for (int64_t r = 0; r < b.rows; r++, vt__bcast_next(&b))                                                 \
      for (int64_t i = 0; i < b.row; i++) {                                                                  \
        T x = px[b.off[0] + i * b.step[0]], *y = &py[r * b.row + i];                                         \
        if (k == 0)                                                                                          \
          *y = x;                                                                                            \
        else if (f <= VT__FOLD_MEAN)                                                                         \
          *y = VT_WRAP(T, *y, +, x);                                                                         \
        else if (x != x || (f == VT__FOLD_MAX ? x > *y : x < *y))                                            \
          *y = x;                                                                                            \
        if (f == VT__FOLD_MEAN && k == c->nin - 1) *y = (T)(*y / (T)c->nin);                                 \
      }                                                                                                      \
  }

int vt__fold_ref(const struct vt_ref_call *c, enum vt__fold f, struct vt_err *e)
{
  for (int k = 0; k < c->nin; k++) {
    const struct vt_tensor *t = c->in[k];
    struct vt__bcast b;
    vt__bcast_init(&b, c->out[0]->rank, c->out[0]->dim, 1, &t);
    VT_SWITCH_NUMBER(t->dtype, FOLD, return vt__bad_dtype(c, t->dtype, e))
  }
  return VT_OK;
}

int vt__fold_pick_grad(VT_GRAD_ARGS)
{
  for (int i = 0; i < n->nin; i++) {
    if (!need[i]) continue;
    struct vt_value *hit = vt_emit(g, "Equal", VT_IN(n->in[i], n->out[0]), "");
    dx[i] = vt__sum_to(g, vt_emit(g, "Where", VT_IN(hit, dy[0], vt_graph_scalar(g, 0)), ""), n->in[i]);
  }
  return vt_graph_status(g, e);
}
