/* Classification: picture -> probabilities of classes, in batches. */
#include "model/network.h"

#include <string.h>

struct vt_classifier {
  struct vt__network net;
  int batch;
};

/* Ends the graph in probabilities where it ends in scores. */
static int end_in_probabilities(struct vt_graph *g, struct vt_err *e)
{
  struct vt_value *y = g->outputs[0];
  const char *op = y->producer ? y->producer->op->name : "";
  if (strcmp(op, "Softmax") != 0 && strcmp(op, "Sigmoid") != 0) y = vt_emit(g, "Softmax", VT_IN(y), "axis=1");
  return vt__network_end(g, y, "probabilities", e);
}

int vt__network_finish_classifier(struct vt__network *net, const char *path, struct vt_err *e)
{
  struct vt_graph *g = net->graph;
  const struct vt_value *y = g->outputs[0];
  int64_t classes = y->rank == 2 ? y->dim[1] : -1;
  if (classes < 1 || classes > VT__MAX_LABELS)
    return vt_fail(e, VT_ESHAPE, "%s: expected an output (N, classes) of at most %d classes", path,
                   VT__MAX_LABELS);
  if (net->nlabels && net->nlabels != classes)
    return vt_fail(e, VT_ESHAPE, "%s: %lld classes, but the model names %d", path, (long long)classes,
                   net->nlabels);
  for (; net->nlabels < classes; net->nlabels++) {
    net->label[net->nlabels] = vt_arena_printf(&net->arena, "%d", net->nlabels);
    if (!net->label[net->nlabels]) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  }
  return end_in_probabilities(g, e);
}

int vt_classifier_open(struct vt_classifier **out, const struct vt_registry *r, const char *path,
                       const struct vt_model_opts *o, struct vt_err *e)
{
  *out = NULL;
  struct vt_classifier *c = vt_calloc(1, sizeof *c);
  if (!c) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  c->batch = o->batch ? o->batch : 32;
  int rc = c->batch < 1 || c->batch > 1024 ? vt_fail(e, VT_EARG, "batch of %d: expected 1 to 1024", c->batch)
                                           : vt__network_open(&c->net, r, path, "classify", o, e);
  if (rc) {
    vt_free(c);
    return rc;
  }
  if (c->net.graph->inputs[0]->dim[0] == 1) c->batch = 1; /* exported for one picture at a time */
  *out = c;
  return 0;
}

void vt_classifier_free(struct vt_classifier *c)
{
  if (!c) return;
  vt__network_close(&c->net);
  vt_free(c);
}

int vt_classifier_nlabels(const struct vt_classifier *c)
{
  return c->net.nlabels;
}

const char *vt_classifier_label(const struct vt_classifier *c, int i)
{
  return c->net.label[i];
}

const char *vt_classifier_card(const struct vt_classifier *c)
{
  return c->net.card;
}

const struct vt_preprocess *vt_classifier_preprocess(const struct vt_classifier *c)
{
  return &c->net.preprocess;
}

int vt_classifier_prepare(const struct vt_classifier *c, const struct vt_image *photo, float *out,
                          struct vt_err *e)
{
  return vt__network_prepare(&c->net, photo, NULL, NULL, out, e);
}

int vt_classifier_run(struct vt_classifier *c, const float *in, int64_t n, float *out, struct vt_err *e)
{
  return vt__network_run(&c->net, c->batch, in, n, 1, &out, &(int){c->net.nlabels}, e);
}
