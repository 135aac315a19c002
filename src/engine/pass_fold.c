/* Shapes and constants: sets the compiled input shapes, infers node by node, and computes what is known with
 * the reference kernels. Both in one sweep, since shapes of imported models depend on small computed tensors
 * (Shape → Gather → Concat → Reshape). */
#include <string.h>
#include "engine/program_impl.h"

enum { FOLD_LIMIT = 1 << 28 }; /* bytes of one folded tensor; larger ones are computed in each run */

int vt__pass_shapes(struct vt_program *p, const struct vt_shape *shapes, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  for (int i = 0; i < g->ninputs; i++) {
    struct vt_value *v = g->inputs[i];
    char want[128], got[128];
    vt_shape_print(v->rank, v->dim, want, sizeof want);
    if (shapes) {
      const struct vt_shape *s = &shapes[i];
      bool differ = v->rank >= 0 && s->rank != v->rank;
      for (int k = 0; k < s->rank && !differ; k++)
        differ = s->dim[k] < 0 || (v->rank >= 0 && v->dim[k] >= 0 && v->dim[k] != s->dim[k]);
      if (differ || s->rank < 0 || s->rank > VT_MAX_RANK) {
        vt_shape_print(s->rank, s->dim, got, sizeof got);
        return vt_fail(e, VT_ESHAPE, "input '%s' is %s in the graph; it cannot be compiled for %s", v->name,
                       want, got);
      }
      v->rank = s->rank;
      memcpy(v->dim, s->dim, sizeof v->dim);
      if (!vt_dims_bounded(v->rank, v->dim))
        return vt_fail(e, VT_ELIMIT, "input '%s' would have over 2^40 elements", v->name);
    }
    if (!vt__value_known(v))
      return vt_fail(e, VT_ESHAPE, "input '%s' is %s: compiling needs its whole shape and type", v->name,
                     want);
  }
  return 0;
}

/* Shape and Size depend on their input's shape only. */
static bool wants_shape_only(const struct vt_node *n)
{
  return vt__op_is(n, "Shape") || vt__op_is(n, "Size");
}

/* hold: DequantizeLinear waits for the pass that makes layers of 8-bit numbers. */
static bool foldable(const struct vt_node *n, bool hold)
{
  if (n->op->traits & VT_RANDOM || (hold && vt__op_is(n, "DequantizeLinear"))) return false;
  for (int i = 0; i < n->nin; i++) {
    if (!n->in[i]) continue;
    if (!vt__value_const(n->in[i]) && !(wants_shape_only(n) && vt__value_known(n->in[i]))) return false;
  }
  int64_t bytes = 0;
  for (int i = 0; i < n->nout; i++)
    if (n->out[i] && vt__value_known(n->out[i]))
      bytes += vt_dims_count(n->out[i]->rank, n->out[i]->dim) * (int64_t)vt_dtype_size(n->out[i]->dtype);
  for (int i = 0; i < n->op->nattr; i++)
    if (n->op->attr[i].type == VT_ATTR_GRAPH) return false;
  return bytes <= FOLD_LIMIT;
}

static int fold(struct vt_node *n, struct vt_err *e)
{
  enum { MAX = 1024 };
  if (n->nin > MAX || n->nout > VT_MAX_OUT) return 0;
  struct vt_tensor view[1], out[VT_MAX_OUT] = {0};
  const struct vt_tensor *in[MAX];
  for (int i = 0; i < n->nin; i++) {
    int rc = n->in[i] ? vt__value_align(n->in[i], e) : 0;
    if (rc) return rc;
    in[i] = n->in[i] ? &n->in[i]->init : NULL;
    if (n->in[i] && wants_shape_only(n)) {
      view[0] = vt_tensor_view(n->in[i]->dtype, n->in[i]->rank, n->in[i]->dim, NULL);
      in[i] = view;
    }
  }
  /* Weights stored as f16 are followed by a Cast: converted in one go. */
  bool cast = vt__op_is(n, "Cast") && n->out[0]->dtype;
  int rc = cast ? vt_tensor_cast(out, in[0], n->out[0]->dtype, e) : vt__ref_eval(n, in, out, 0, e);
  for (int i = 0; i < n->nout && !rc; i++) {
    struct vt_value *v = n->out[i];
    if (!v) continue;
    v->init = out[i];
    memset(&out[i], 0, sizeof out[i]);
    v->dtype = v->init.dtype;
    v->rank = v->init.rank;
    memcpy(v->dim, v->init.dim, sizeof v->dim);
    v->is_constant = true;
    v->producer = NULL;
  }
  for (int i = 0; i < n->nout; i++) vt_tensor_clear(&out[i]);
  return rc;
}

int vt__pass_fold(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  int kept = 0, rc = 0;
  bool hold = vt__may_int8(p) && !p->quantised;
  for (int i = 0; i < g->nnodes; i++) {
    struct vt_node *n = g->nodes[i];
    if ((rc = vt__node_infer(n, e))) return rc;
    if (foldable(n, hold)) {
      if ((rc = fold(n, e))) return vt_fail_in(e, rc, "node '%s' (%s)", n->name, n->op->name);
      bool all = true;
      for (int k = 0; k < n->nout; k++) all &= !n->out[k] || n->out[k]->is_constant;
      if (all) continue;
    }
    for (int k = 0; k < n->nout; k++) {
      if (!n->out[k] || vt__value_known(n->out[k])) continue;
      if (p->opts.training)
        return vt_fail(
            e, VT_EUNSUPPORTED,
            "node '%s' (%s): the shape of output '%s' depends on data; training needs fixed shapes", n->name,
            n->op->name, n->out[k]->name);
      p->dynamic = true;
    }
    g->nodes[kept++] = n;
  }
  g->nnodes = kept;
  return 0;
}
