/* One graph on inputs of changing shapes: a program is compiled for each set of shapes, and the last few are
 * kept. Sub-graphs of control flow run this way, and single nodes of graphs whose shapes depend on data. */
#include <omp.h>
#include <string.h>
#include "engine/program_impl.h"

enum { KEPT = 4 };

struct entry {
  struct vt_program *program;
  struct vt_session *session;
  struct vt_tensor *shape; /* dtype and dims of each input */
  uint64_t used;
};

struct vt_eval {
  struct vt_graph *graph;
  struct vt_compile_opts opts;
  struct entry kept[KEPT];
  struct vt_tensor *in; /* ninputs, as the program takes them */
  struct vt_tensor *out;
  uint64_t runs;
};

int vt_eval_new(struct vt_eval **out, const struct vt_graph *g, const struct vt_compile_opts *opts,
                struct vt_err *e)
{
  *out = NULL;
  struct vt_eval *v = vt_calloc(1, sizeof *v);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (opts) v->opts = *opts;
  if (v->opts.threads <= 0) v->opts.threads = omp_get_max_threads();
  int rc = vt_graph_clone(&v->graph, g, NULL, e);
  if (!rc) {
    v->in = vt_calloc((size_t)g->ninputs + 1, sizeof *v->in);
    v->out = vt_calloc((size_t)g->noutputs + 1, sizeof *v->out);
    if (!v->in || !v->out) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  }
  if (rc)
    vt_eval_free(v);
  else
    *out = v;
  return rc;
}

static void entry_clear(struct entry *k)
{
  vt_session_free(k->session);
  vt_program_free(k->program);
  vt_free(k->shape);
  *k = (struct entry){0};
}

void vt_eval_free(struct vt_eval *v)
{
  if (!v) return;
  for (int i = 0; i < KEPT; i++) entry_clear(&v->kept[i]);
  vt_graph_free(v->graph);
  vt_free(v->in);
  vt_free(v->out);
  vt_free(v);
}

static bool fits(const struct vt_eval *v, const struct entry *k)
{
  for (int i = 0; i < v->graph->ninputs; i++) {
    const struct vt_tensor *a = &k->shape[i], *b = &v->in[i];
    if (a->dtype != b->dtype || a->rank != b->rank ||
        memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) != 0)
      return false;
  }
  return true;
}

static int compile(struct vt_eval *v, struct entry *k, struct vt_err *e)
{
  struct vt_graph *g = v->graph;
  entry_clear(k);
  k->shape = vt_calloc((size_t)g->ninputs + 1, sizeof *k->shape);
  if (!k->shape) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->ninputs; i++) { /* what is there counts, not what a file says of it */
    struct vt_value *in = g->inputs[i];
    k->shape[i] = vt_tensor_view(v->in[i].dtype, v->in[i].rank, v->in[i].dim, NULL);
    in->dtype = v->in[i].dtype;
    in->rank = v->in[i].rank;
    memcpy(in->dim, v->in[i].dim, sizeof in->dim);
  }
  int rc = vt_program_compile(&k->program, g, NULL, &v->opts, e);
  if (!rc) rc = vt_session_new(&k->session, k->program, e);
  if (rc) entry_clear(k);
  return rc;
}

/* The program for the present inputs, which takes the place of the one unused for longest. */
static int find(struct vt_eval *v, struct entry **out, struct vt_err *e)
{
  struct entry *oldest = &v->kept[0];
  for (int i = 0; i < KEPT; i++) {
    struct entry *k = &v->kept[i];
    if (k->session && fits(v, k)) {
      *out = k;
      return 0;
    }
    if (k->used < oldest->used) oldest = k;
  }
  *out = oldest;
  return compile(v, oldest, e);
}

int vt_eval_run(struct vt_eval *v, const struct vt_tensor *in, struct vt_tensor *out, uint64_t seed,
                struct vt_err *e)
{
  struct vt_graph *g = v->graph;
  struct entry *k;
  for (int i = 0; i < g->noutputs; i++) out[i] = (struct vt_tensor){0};
  for (int i = 0; i < g->ninputs; i++)
    v->in[i] = vt_tensor_view(in[i].dtype, in[i].rank, in[i].dim, in[i].data);
  int rc = find(v, &k, e);
  if (rc) return rc;
  k->used = ++v->runs;
  vt_session_seed(k->session, seed);
  rc = vt_session_run(k->session, v->in, v->out, e);
  for (int i = 0; i < g->noutputs && !rc; i++) rc = vt_tensor_copy(&out[i], &v->out[i], e);
  for (int i = 0; i < g->noutputs && rc; i++) vt_tensor_clear(&out[i]);
  return rc;
}
