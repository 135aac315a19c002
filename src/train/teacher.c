/* A trained classifier as part of the training graph. Its weights are constants there, so that no gradient
 * goes that way and compiling packs them. */
#include "train/teacher.h"

#include <jansson.h>
#include <string.h>

static bool has_graph(const struct vt_op_desc *op)
{
  for (int i = 0; i < op->nattr; i++)
    if (op->attr[i].type == VT_ATTR_GRAPH) return true;
  return false;
}

/* map[value id of the node's graph]: values of g */
static int splice_node(struct vt_graph *g, const struct vt_node *n, struct vt_value **map, struct vt_err *e)
{
  struct vt_value *in[VT_VARIADIC], *out[VT_VARIADIC];
  if (has_graph(n->op) || n->nin > VT_VARIADIC || n->nout > VT_VARIADIC)
    return vt_fail(e, VT_EUNSUPPORTED, "%s '%s' cannot be part of a training graph", n->op->name, n->name);
  for (int i = 0; i < n->nin; i++) in[i] = n->in[i] ? map[n->in[i]->id] : NULL;
  int nout = n->nout;
  while (nout > 1 && !n->out[nout - 1]) nout--;
  vt_emit_attrs(g, n->op, n->nin, in, nout, out, n->attrs);
  int rc = vt_graph_status(g, e);
  for (int i = 0; i < nout && !rc; i++)
    if (n->out[i]) map[n->out[i]->id] = out[i];
  return rc;
}

int vt__graph_splice(struct vt_graph *g, const struct vt_graph *g2, struct vt_value *x, struct vt_value **out,
                     struct vt_err *e)
{
  struct vt_value **map = vt_calloc((size_t)g2->nvalues + 1, sizeof *map);
  if (!map) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = 0;
  for (int i = 0; i < g2->nvalues && !rc; i++) {
    const struct vt_value *v = g2->values[i];
    if (v == g2->inputs[0])
      map[i] = x;
    else if (v->init.data && !v->producer)
      map[i] = vt_graph_constant(g, v->name, &v->init);
    rc = vt_graph_status(g, e);
  }
  for (int i = 0; i < g2->nnodes && !rc; i++) rc = splice_node(g, g2->nodes[i], map, e);
  if (!rc && !(*out = map[g2->outputs[0]->id]))
    rc = vt_fail(e, VT_ESHAPE, "output '%s' does not depend on the picture", g2->outputs[0]->name);
  vt_free(map);
  return rc;
}

/* x as the teacher wants it: (x std + mean - mean') / std', and its size where that is another. */
static struct vt_value *prepare(struct vt_graph *g, struct vt_value *x, const struct vt_preprocess *from,
                                const struct vt_preprocess *to)
{
  float scale[3], shift[3];
  bool same = true;
  for (int c = 0; c < 3; c++) {
    scale[c] = from->std[c] / to->std[c];
    shift[c] = (from->mean[c] - to->mean[c]) / to->std[c];
    same = same && from->std[c] == to->std[c] && from->mean[c] == to->mean[c];
  }
  if (from->width != to->width || from->height != to->height) {
    int64_t size[4] = {x->dim[0], x->dim[1], to->height, to->width};
    x = vt_emit(g, "Resize", VT_IN(x, NULL, NULL, vt_graph_ints(g, 4, size)), "mode=linear");
  }
  if (same) return x;
  struct vt_tensor s = vt_tensor_view(VT_F32, 4, (int64_t[]){1, 3, 1, 1}, scale),
                   b = vt_tensor_view(VT_F32, 4, (int64_t[]){1, 3, 1, 1}, shift);
  x = vt_emit(g, "Mul", VT_IN(x, vt_graph_constant(g, "teacher.scale", &s)), "");
  return vt_emit(g, "Add", VT_IN(x, vt_graph_constant(g, "teacher.shift", &b)), "");
}

/* The teacher's scores in the pupil's order of classes. */
static struct vt_value *reorder(struct vt_graph *g, struct vt_value *y, const char *labels,
                                const struct vt__pupil *p, struct vt_err *e)
{
  json_t *list = json_loads(labels, 0, NULL);
  int64_t *at = vt_calloc((size_t)p->nlabels + 1, sizeof *at);
  bool same = json_array_size(list) == (size_t)p->nlabels;
  struct vt_value *out = NULL;
  if (!at) {
    vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  for (int i = 0; i < p->nlabels; i++) {
    size_t k = 0, n = json_array_size(list);
    const char *name = NULL;
    while (k < n && (!(name = json_string_value(json_array_get(list, k))) || strcmp(name, p->label[i]) != 0))
      k++;
    if (k == n) {
      vt_fail(e, VT_EARG, "the teacher has no class '%s'", p->label[i]);
      goto out;
    }
    at[i] = (int64_t)k;
    same = same && k == (size_t)i;
  }
  out = same ? y : vt_emit(g, "Gather", VT_IN(y, vt_graph_ints(g, p->nlabels, at)), "axis=1");
out:
  vt_free(at);
  json_decref(list);
  return out;
}

int vt__teacher(struct vt_graph *g, const char *path, struct vt_value *x, const struct vt__pupil *pupil,
                struct vt_value **logits, struct vt_err *e)
{
  struct vt_graph *t;
  struct vt_preprocess p;
  struct vt_value *y = NULL;
  int rc = vt_onnx_load(&t, g->registry, path, e);
  if (rc) return vt_fail_in(e, rc, "teacher");
  const char *how = vt_graph_meta(t, VT_META_PREPROCESS), *labels = vt_graph_meta(t, VT_META_LABELS);
  if (t->ninputs != 1 || t->noutputs < 1 || t->inputs[0]->rank != 4)
    rc = vt_fail(e, VT_ESHAPE, "expected one input (N, 3, H, W) and an output");
  if (!rc) rc = vt_graph_freeze(t, e);
  if (!rc && how) rc = vt_preprocess_parse(&p, how, e);
  if (!rc && how) x = prepare(g, x, pupil->preprocess, &p);
  if (!rc) rc = vt__graph_splice(g, t, x, &y, e);
  /* Scores are wanted; those before a softmax are as good as its logarithm. */
  if (!rc && y->producer && !strcmp(y->producer->op->name, "Softmax")) y = y->producer->in[0];
  if (!rc && labels && !(y = reorder(g, y, labels, pupil, e))) rc = VT_EARG;
  if (!rc && (y->rank != 2 || y->dim[1] != pupil->nlabels))
    rc = vt_fail(e, VT_ESHAPE, "%lld classes, wanted are %d", y->rank == 2 ? (long long)y->dim[1] : -1LL,
                 pupil->nlabels);
  vt_graph_free(t);
  *logits = y;
  return rc ? vt_fail_in(e, rc, "teacher %s", path) : 0;
}
