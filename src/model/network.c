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

static int check_input(const struct vt_graph *g, const char *path, struct vt_err *e)
{
  const struct vt_value *x = g->ninputs == 1 ? g->inputs[0] : NULL;
  if (!x || x->rank != 4 || x->dim[1] != 3 || x->dtype != VT_F32)
    return vt_fail(e, VT_ESHAPE, "%s: expected one input f32 (N, 3, H, W)", path);
  if (g->noutputs < 1 || g->noutputs > VT__MAX_OUTPUTS)
    return vt_fail(e, VT_ELIMIT, "%s: %d outputs, expected 1 to %d", path, g->noutputs, VT__MAX_OUTPUTS);
  return 0;
}

int vt__network_end(struct vt_graph *g, struct vt_value *y, const char *name, struct vt_err *e)
{
  for (int i = 0; i < g->noutputs; i++) g->outputs[i]->is_output = false;
  g->noutputs = 0;
  if (y && y->dtype != VT_F32) y = vt_emit(g, "Cast", VT_IN(y), "to=1");
  vt_graph_output(g, y, name);
  return vt_graph_status(g, e);
}

/* Gives the input the size that pictures get, for shapes that follow from it. */
static int fix_size(struct vt__network *net, const char *path, struct vt_err *e)
{
  struct vt_graph *g = net->graph;
  int rc = check_input(g, path, e);
  if (rc) return rc;
  rc = vt_preprocess_of(g, &net->preprocess, e);
  return rc ? vt_fail_in(e, rc, "%s", path) : 0;
}

/* A classifier of another program. */
static int open_foreign(struct vt__network *net, const char *path, struct vt_err *e)
{
  int rc = fix_size(net, path, e);
  return rc ? rc : vt__network_finish_classifier(net, path, e);
}

/* Cuts the classifier and ends it in unit vectors (N, D). */
static int cut(struct vt__network *net, const char *path, struct vt_err *e)
{
  struct vt_graph *g = net->graph;
  int rc = fix_size(net, path, e);
  if (rc) return rc;
  if ((rc = vt_model_headless(g, &net->cut, e))) return vt_fail_in(e, rc, "%s", path);
  char id[33];
  rc = vt__network_end(g, vt_emit(g, "LpNormalization", VT_IN(g->outputs[0]), "axis=1 p=2"), "embedding", e);
  if (rc) return vt_fail_in(e, rc, "%s", path);
  vt__weights_id(g, id);
  vt_graph_set_meta(g, VT_META_ID, id);
  net->headless = true;
  return vt_graph_status(g, e);
}

static int check(struct vt__network *net, const char *path, const char *task, struct vt_err *e)
{
  const struct vt_graph *g = net->graph;
  const char *have = vt_graph_meta(g, VT_META_TASK);
  bool classify = !strcmp(task, "classify");
  if (!have && classify) return open_foreign(net, path, e);
  if (!have)
    return vt_fail(e, VT_EFORMAT, "%s: no metadata %s: not a model of this program", path, VT_META_TASK);
  if (strcmp(have, task)) return vt_fail(e, VT_EARG, "%s: a model for '%s', expected '%s'", path, have, task);
  int rc = check_input(g, path, e);
  if (rc) return rc;
  if (!vt_graph_meta(g, VT_META_ID)) return vt_fail(e, VT_EFORMAT, "%s: no metadata %s", path, VT_META_ID);
  rc = vt_preprocess_parse(&net->preprocess, vt_graph_meta(g, VT_META_PREPROCESS), e);
  rc = rc ? vt_fail_in(e, rc, "%s", path) : read_labels(net, path, e);
  return rc || !classify ? rc : vt__network_finish_classifier(net, path, e);
}

int vt__network_open(struct vt__network *net, const struct vt_registry *r, const char *path, const char *task,
                     const struct vt_model_opts *o, struct vt_err *e)
{
  *net = (struct vt__network){.compile = {.precision = o->precision, .threads = o->threads}};
  vt_arena_init(&net->arena);
  pthread_mutex_init(&net->lock, NULL);
  int rc = vt_onnx_load_mapped(&net->graph, r, path, e);
  if (!rc) rc = o->headless ? cut(net, path, e) : check(net, path, task, e);
  if (!rc) {
    net->card = vt_graph_meta(net->graph, VT_META_CARD);
    net->id = vt_graph_meta(net->graph, VT_META_ID);
    if (!net->card) net->card = "{}";
    if (!net->id) net->id = "";
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

int vt__network_prepare(const struct vt__network *net, const struct vt_image *photo, const struct vt_box *box,
                        const struct vt_mask *mask, float *out, struct vt_err *e)
{
  return vt_preprocess_photo(&net->preprocess, photo, box, mask, out, e);
}

int vt__network_run(struct vt__network *net, int batch, const float *in, int64_t n, int nout,
                    float *const *out, const int *width, struct vt_err *e)
{
  const struct vt_preprocess *p = &net->preprocess;
  for (int64_t done = 0; done < n;) {
    int64_t m = batch; // largest of batch, batch/2, … that is needed
    while (m > n - done) m = (m + 1) / 2;
    struct vt__compiled *slot;
    struct vt_session *s;
    struct vt_tensor y[VT__MAX_OUTPUTS],
        view = vt_tensor_view(VT_F32, 4, (int64_t[]){m, 3, p->height, p->width},
                              (void *)(in + 3 * done * p->width * p->height));
    int rc = vt__network_take(net, m, p->height, p->width, &slot, &s, e);
    if (rc) return rc;
    rc = vt_session_run(s, &view, y, e);
    for (int i = 0; i < nout && !rc; i++) {
      if (vt_tensor_count(&y[i]) == m * width[i])
        memcpy(out[i] + done * width[i], y[i].data, sizeof *out[i] * (size_t)(m * width[i]));
      else
        rc = vt_fail(e, VT_ESHAPE, "output %d of %lld pictures has %lld numbers, expected %d each", i,
                     (long long)m, (long long)vt_tensor_count(&y[i]), width[i]);
    }
    vt__network_give(net, slot, s);
    if (rc) return rc;
    done += m;
  }
  return 0;
}
