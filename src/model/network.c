/* Trained networks: loading, metadata, programs by input shape, session pool. */
#include "model/network.h"

#include <jansson.h>
#include <string.h>

static int read_labels(struct vt__network *net, const char *path, struct vt_err *e)
{
  json_t *a = json_loads(
      vt_graph_meta(net->graph, VT_META_LABELS) ? vt_graph_meta(net->graph, VT_META_LABELS) : "", 0, NULL);
  int rc = 0;
  if (!json_is_array(a) || json_array_size(a) > VT__MAX_LABELS)
    rc = vt_fail(e, VT_EFORMAT, "%s: metadata %s must be a list of at most %d names", path, VT_META_LABELS,
                 VT__MAX_LABELS);
  for (size_t i = 0; !rc && i < json_array_size(a); i++) {
    const char *s = json_string_value(json_array_get(a, i));
    net->label[net->nlabels++] = vt_arena_strdup(&net->arena, s ? s : "");
  }
  json_decref(a);
  return rc;
}

static int check(struct vt__network *net, const char *path, const char *task, struct vt_err *e)
{
  const struct vt_graph *g = net->graph;
  const char *have = vt_graph_meta(g, VT_META_TASK);
  if (!have)
    return vt_fail(e, VT_EFORMAT, "%s: no metadata %s: not a model of this program", path, VT_META_TASK);
  if (strcmp(have, task)) return vt_fail(e, VT_EARG, "%s: a model for '%s', expected '%s'", path, have, task);
  if (g->ninputs != 1 || g->noutputs < 1 || g->inputs[0]->rank != 4 || g->inputs[0]->dim[1] != 3)
    return vt_fail(e, VT_ESHAPE, "%s: expected one input (N, 3, H, W)", path);
  if (!vt_graph_meta(g, VT_META_ID)) return vt_fail(e, VT_EFORMAT, "%s: no metadata %s", path, VT_META_ID);
  int rc = vt_preprocess_parse(&net->preprocess, vt_graph_meta(g, VT_META_PREPROCESS), e);
  return rc ? vt_fail_in(e, rc, "%s", path) : read_labels(net, path, e);
}

int vt__network_open(struct vt__network *net, const struct vt_registry *r, const char *path, const char *task,
                     const struct vt_model_opts *o, struct vt_err *e)
{
  *net = (struct vt__network){.compile = {.precision = o->precision, .threads = o->threads}};
  vt_arena_init(&net->arena);
  pthread_mutex_init(&net->lock, NULL);
  int rc = vt_onnx_load(&net->graph, r, path, e);
  if (!rc) rc = check(net, path, task, e);
  if (!rc) {
    net->card = vt_graph_meta(net->graph, VT_META_CARD);
    net->id = vt_graph_meta(net->graph, VT_META_ID);
    if (!net->card) net->card = "{}";
    rc = vt_graph_freeze(net->graph, e);
    if (!rc && o->require_commercial) rc = vt_model_check_commercial(path, net->card, e);
  }
  if (rc) vt__network_close(net);
  return rc;
}

void vt__network_close(struct vt__network *net)
{
  for (int i = 0; i < net->nprograms; i++) {
    struct vt__compiled *c = &net->program[i];
    while (c->nidle) vt_session_free(c->idle[--c->nidle]);
    vt_program_free(c->program);
  }
  vt_graph_free(net->graph);
  vt_arena_clear(&net->arena);
  pthread_mutex_destroy(&net->lock);
}

/* With the lock held. */
static int find_program(struct vt__network *net, int64_t n, int height, int width, struct vt__compiled **slot,
                        struct vt_err *e)
{
  for (int i = 0; i < net->nprograms; i++) {
    struct vt__compiled *c = &net->program[i];
    if (c->n == n && c->height == height && c->width == width) {
      *slot = c;
      return 0;
    }
  }
  if (net->nprograms == VT__MAX_PROGRAMS)
    return vt_fail(e, VT_ELIMIT, "more than %d input shapes for one model", VT__MAX_PROGRAMS);
  struct vt__compiled *c = &net->program[net->nprograms];
  struct vt_shape shape = {4, {n, 3, height, width}};
  *c = (struct vt__compiled){n, height, width};
  int rc = vt_program_compile(&c->program, net->graph, &shape, &net->compile, e);
  if (rc) return rc;
  net->nprograms++;
  *slot = c;
  return 0;
}

int vt__network_take(struct vt__network *net, int64_t n, int height, int width, struct vt__compiled **slot,
                     struct vt_session **s, struct vt_err *e)
{
  *s = NULL;
  pthread_mutex_lock(&net->lock);
  int rc = find_program(net, n, height, width, slot, e);
  if (!rc && (*slot)->nidle) *s = (*slot)->idle[--(*slot)->nidle];
  pthread_mutex_unlock(&net->lock);
  return rc || *s ? rc : vt_session_new(s, (*slot)->program, e);
}

void vt__network_give(struct vt__network *net, struct vt__compiled *slot, struct vt_session *s)
{
  pthread_mutex_lock(&net->lock);
  if (slot->nidle < (int)VT_COUNT(slot->idle)) {
    slot->idle[slot->nidle++] = s;
    s = NULL;
  }
  pthread_mutex_unlock(&net->lock);
  vt_session_free(s);
}
