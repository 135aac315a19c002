/* First weights from a file: an encoder trained as an embedder starts a segmenter, torchvision's weights a
 * builder's network.
 *
 * A weight is taken where name and shape agree. ONNX files with weights stored as 16-bit floats hold each as
 * a constant followed by Cast; the weight then goes by the name of the Cast's output. */
#include "train/trainer.h"

#include <string.h>

struct source {
  struct vt_graph *graph;      /* of an ONNX file */
  struct vt_safetensors *file; /* or this */
};

static int open_source(struct source *s, const struct vt_registry *r, const char *path, struct vt_err *e)
{
  static const char ending[] = ".safetensors";
  size_t len = strlen(path), tail = sizeof ending - 1;
  bool plain = len > tail && !strcmp(path + len - tail, ending);
  *s = (struct source){NULL};
  return plain ? vt_safetensors_open(&s->file, path, e) : vt_onnx_load(&s->graph, r, path, e);
}

static void close_source(struct source *s)
{
  vt_graph_free(s->graph);
  vt_safetensors_free(s->file);
}

/* The bytes known under that name, as stored; NULL: there are none, or they are computed. */
static const struct vt_tensor *known(const struct source *s, const char *name)
{
  if (s->file) return vt_safetensors_find(s->file, name);
  const struct vt_value *v = vt_graph_find(s->graph, name);
  if (!v || v->init.data) return v ? &v->init : NULL;
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
  struct source from;
  int rc = open_source(&from, g->registry, path, e);
  if (rc) return vt_fail_in(e, rc, "init");
  int matched = 0, other_shape = 0, total = 0;
  for (int i = 0; i < g->nvalues && !rc; i++) {
    struct vt_value *v = g->values[i];
    if (!v->is_variable) continue;
    total++;
    const struct vt_tensor *t = known(&from, v->name);
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
  close_source(&from);
  if (rc) return rc;
  if (!matched) return vt_fail(e, VT_EARG, "init: %s has no weight of this network's names and shapes", path);
  vt_log(VT_LOG_INFO, "init: %d of %d weights taken from %s%s", matched, total, path,
         other_shape ? " (some names agree in other shapes: left as they are)" : "");
  return 0;
}
