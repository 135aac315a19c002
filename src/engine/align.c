/* Weights that lie in their file at any address. Exporters do not align them, and to copy them all takes time
 * and as much memory again; so a graph that is only meant to run (vt_onnx_load_mapped) may keep large ones
 * where they are, as long as nobody but a convolution or a product of matrices reads them, whose kernels pack
 * them anyway.
 *
 * Invariant: where code reads numbers of a tensor, they lie aligned. A kernel's prepare gets an aligned copy
 * for as long as it runs; whatever else wants a weight's numbers calls vt__value_align first. */
#include "engine/program_impl.h"

bool vt__tensor_aligned(const struct vt_tensor *t)
{
  size_t size = vt_dtype_size(t->dtype);
  return size < 2 || !t->data || (uintptr_t)t->data % size == 0;
}

int vt__value_align(struct vt_value *v, struct vt_err *e)
{
  if (vt__tensor_aligned(&v->init)) return 0;
  struct vt_tensor t;
  int rc = vt__tensor_take(&t, &v->init, e);
  if (rc) return rc;
  vt_tensor_clear(&v->init);
  v->init = t;
  return 0;
}

int vt__align_all(struct vt_graph *g, struct vt_err *e)
{
  int rc = 0;
  for (int i = 0; i < g->nvalues && !rc; i++) rc = vt__value_align(g->values[i], e);
  return rc;
}

static bool packs_weight(const struct vt_node *n)
{
  static const char *const op[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
  for (size_t i = 0; i < VT_COUNT(op); i++)
    if (vt__op_is(n, op[i])) return true;
  return false;
}

int vt__align_but_weights(struct vt_graph *g, struct vt_err *e)
{
  bool *weight = vt_calloc((size_t)g->nvalues + 1, sizeof *weight);
  if (!weight) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->nvalues; i++) weight[i] = !g->values[i]->is_output && !g->values[i]->is_variable;
  int rc = 0;
  for (int i = 0; i < g->nnodes; i++)
    for (int k = 0; k < g->nodes[i]->nin && !rc; k++) {
      struct vt_value *v = g->nodes[i]->in[k];
      if (!v || (k == 1 && packs_weight(g->nodes[i]))) continue;
      if (v->id < g->nvalues && g->values[v->id] == v)
        weight[v->id] = false;
      else
        rc = vt__value_align(v, e); /* of a graph around this one, whose numbers are others' */
    }
  for (int i = 0; i < g->nvalues && !rc; i++)
    if (!weight[i]) rc = vt__value_align(g->values[i], e);
  vt_free(weight);
  return rc;
}

int vt__align_needed(struct vt_program *p, struct vt_err *e)
{
  int rc = 0;
  for (int b = 0; b < p->nbufs && !rc; b++)
    if (p->bufs[b].place == VT__CONST && p->bufs[b].needed && !p->bufs[b].own.data)
      rc = vt__value_align(p->graph->values[p->bufs[b].value->id], e);
  return rc;
}
