/* First weights from another model: an encoder trained as an embedder starts a segmenter, for example.
 *
 * A weight is taken where name and shape agree. Files with weights stored as 16-bit floats hold each as a
 * constant followed by Cast; the weight then goes by the name of the Cast's output. */
#include "train/trainer.h"

#include <string.h>

/* The bytes known for value v of a loaded model, as stored; NULL: it is computed. */
static const struct vt_tensor *known(const struct vt_value *v)
{
  if (v->init.data) return &v->init;
  const struct vt_node *n = v->producer;
  if (n && !strcmp(n->op->name, "Cast") && n->nin == 1 && n->in[0] && n->in[0]->init.data)
    return &n->in[0]->init;
  return NULL;
}

static bool same_shape(const struct vt_tensor *a, const struct vt_tensor *b)
{
  return a->rank == b->rank && (!a->rank || !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim));
}

int vt__init_from(struct vt_graph *g, const char *path, struct vt_err *e)
{
  struct vt_graph *from;
  int rc = vt_onnx_load(&from, g->registry, path, e);
  if (rc) return vt_fail_in(e, rc, "init");
  int matched = 0, other_shape = 0, total = 0;
  for (int i = 0; i < g->nvalues && !rc; i++) {
    struct vt_value *v = g->values[i];
    if (!v->is_variable) continue;
    total++;
    const struct vt_value *w = vt_graph_find(from, v->name);
    const struct vt_tensor *t = w ? known(w) : NULL;
    if (!t || !vt_dtype_is_float(t->dtype)) continue;
    if (!same_shape(t, &v->init)) {
      other_shape++;
      continue;
    }
    struct vt_tensor copy;
    if ((rc = vt_tensor_cast(&copy, t, VT_F32, e))) break;
    vt_tensor_clear(&v->init);
    v->init = copy;
    matched++;
  }
  vt_graph_free(from);
  if (rc) return rc;
  if (!matched) return vt_fail(e, VT_EARG, "init: %s has no weight of this network's names and shapes", path);
  vt_log(VT_LOG_INFO, "init: %d of %d weights taken from %s%s", matched, total, path,
         other_shape ? " (some names agree in other shapes: left as they are)" : "");
  return 0;
}
