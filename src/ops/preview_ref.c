/* Shapes and places of the parameters of ONNX's preview-training optimisers. */
#include "ops/preview_ref.h"

int vt__preview_infer(struct vt_node *n, int nstates, struct vt_err *e)
{
  int count = (n->nin - 2) / (2 + nstates);
  if ((n->nin - 2) % (2 + nstates) || n->nout != count * (1 + nstates))
    return vt__bad(e, VT_ESHAPE, n, "%d inputs and %d outputs do not fit", n->nin, n->nout);
  for (int i = 2; i < n->nin; i++) {
    const struct vt_value *x = n->in[2 + (i - 2) % count], *v = n->in[i];
    if (!x || !v) return vt__bad(e, VT_ESHAPE, n, "input %d is left out", i);
    if (vt__is_static(x) && vt__is_static(v) && !vt__same_shape(x, v))
      return vt__bad(e, VT_ESHAPE, n, "input %d '%s' has another shape than its parameter", i, v->name);
  }
  for (int i = 0; i < n->nout; i++) vt__out_like(n, i, n->in[2 + i % count]);
  return VT_OK;
}

int vt__preview_count(const struct vt_ref_call *c, int nstates)
{
  return (c->nin - 2) / (2 + nstates);
}

int vt__preview_item(struct vt__preview_item *p, const struct vt_ref_call *c, int nstates, int i,
                     struct vt_err *e)
{
  int count = vt__preview_count(c, nstates);
  *p = (struct vt__preview_item){.n = vt_tensor_count(c->in[2 + i])};
  for (int k = 0; k < 2 + nstates; k++) {
    const struct vt_tensor *t = c->in[2 + i + k * count];
    if (t->dtype != VT_F32) return vt__bad_dtype(c, t->dtype, e);
    if (vt_tensor_count(t) != p->n) return vt__bad(e, VT_ESHAPE, c->node, "sizes differ");
    *(k == 0 ? &p->x : k == 1 ? &p->g : &p->state[k - 2]) = t->data;
  }
  for (int k = 0; k < 1 + nstates; k++) {
    struct vt_tensor *t = vt__res(c, i + k * count);
    if (!t) return vt__bad(e, VT_EARG, c->node, "output %d is left out", i + k * count);
    *(k == 0 ? &p->x2 : &p->state2[k - 1]) = t->data;
  }
  return VT_OK;
}
