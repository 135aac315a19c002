/* Runs side by side: their figures, recipes and, where there is a model, its size. */
#include "app/cli/model_args.h"
#include "app/compare_internal.h"

#include <math.h>
#include <string.h>

/* Numbers in float weights that a node or the model's end reads; a copy of another width may stand beside
 * them. */
static double count_parameters(const struct vt_graph *g)
{
  double n = 0;
  bool *used = vt_calloc((size_t)g->nvalues + 1, sizeof *used);
  if (!used) return NAN;
  for (int i = 0; i < g->nnodes; i++)
    for (int k = 0; k < g->nodes[i]->nin; k++)
      if (g->nodes[i]->in[k]) used[g->nodes[i]->in[k]->id] = true;
  for (int i = 0; i < g->nvalues; i++) {
    const struct vt_value *v = g->values[i];
    if (v->init.data && used[v->id] && vt_dtype_is_float(v->dtype)) n += (double)vt_tensor_count(&v->init);
  }
  vt_free(used);
  return n;
}

/* Where the model leaves height and width open: those that its pictures are prepared for. */
static void close_picture(struct vt_graph *g)
{
  struct vt_preprocess p;
  struct vt_value *v = g->ninputs ? g->inputs[0] : NULL;
  const char *text = vt_graph_meta(g, "vitrine.preprocess");
  if (!v || v->rank != 4 || !text || vt_preprocess_parse(&p, text, NULL)) return;
  if (v->dim[2] < 0) v->dim[2] = p.height;
  if (v->dim[3] < 0) v->dim[3] = p.width;
}

/* Parameters and multiply-adds for one picture; what cannot be known stays NaN. */
static void read_model(struct vt_run *r, struct vt_cli *cli, const char *path)
{
  struct vt_graph *g = NULL;
  struct vt_err why = {0};
  const struct vt_strings none = {0};
  if (vt_onnx_load(&g, vt_registry_default(), path, &why)) {
    vt_log(VT_LOG_WARN, "%s: %s", path, why.msg);
    return;
  }
  r->parameters = count_parameters(g);
  close_picture(g);
  if (!vt_close_shapes(cli, g, &none, 1, &why)) {
    r->macs = 0;
    for (int i = 0; i < g->nnodes; i++)
      if (g->nodes[i]->op->macs) r->macs += (double)vt_node_macs(g->nodes[i]);
  } else {
    vt_log(VT_LOG_WARN, "%s: multiply-adds are unknown: %s", path, why.msg);
  }
  vt_graph_free(g);
}

int vt_compare_runs(struct vt_comparison *c, struct vt_cli *cli, const struct vt_strings *runs,
                    const char *metric, struct vt_err *e)
{
  int rc = 0;
  if (runs->n < 1 || runs->n > VT_MAX_RUNS)
    return vt_fail(e, VT_EUSAGE, "%d runs, 1 to %d allowed", runs->n, VT_MAX_RUNS);
  for (int i = 0; i < runs->n && !rc; i++) {
    struct vt_run *r = &c->run[c->nruns++];
    rc = vt__compare_read(c, r, runs->v[i], e);
    const char *best = vt_path_join(&c->arena, r->path, "best.onnx"),
               *last = vt_path_join(&c->arena, r->path, "last.onnx");
    if (!rc && (!best || !last)) rc = vt_fail(e, VT_ENOMEM, "out of memory");
    if (!rc && (vt_is_file(best) || vt_is_file(last))) read_model(r, cli, vt_is_file(best) ? best : last);
  }
  return rc ? rc : vt__compare_choose(c, metric, e);
}
