/* Helpers of the model verbs. */
#include "app/cli/model_args.h"

#include <stdlib.h>
#include <string.h>

const char *vt_model_path(struct vt_cli *cli, const char *models_option, const char *name, struct vt_err *e)
{
  if (vt_is_file(name) || strchr(name, '/')) return name;
  return vt_find_model(cli, models_option, name, e);
}

int vt_split_pair(struct vt_cli *cli, const char *option, const char *text, const char **name,
                  const char **value, struct vt_err *e)
{
  const char *eq = strchr(text, '=');
  if (!eq || eq == text || !eq[1])
    return vt_fail(e, VT_EUSAGE, "--%s: expected NAME=VALUE, got '%s'", option, text);
  *name = vt_arena_strndup(&cli->arena, text, (size_t)(eq - text));
  *value = vt_arena_strdup(&cli->arena, eq + 1);
  return *name && *value ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

static int parse_shape(const char *text, struct vt_value *v, struct vt_err *e)
{
  int rank = 0;
  int64_t dim[VT_MAX_RANK];
  for (const char *p = text;; p++) {
    char *end;
    long long d = strtoll(p, &end, 10);
    if (end == p || d < 0 || rank == VT_MAX_RANK || (*end && *end != ','))
      return vt_fail(e, VT_EUSAGE, "--shape: expected up to %d numbers with commas, got '%s'", VT_MAX_RANK,
                     text);
    dim[rank++] = d;
    p = end;
    if (!*p) break;
  }
  bool fits = v->rank < 0 || v->rank == rank;
  for (int i = 0; i < rank && fits && v->rank >= 0; i++) fits = v->dim[i] < 0 || v->dim[i] == dim[i];
  if (!fits) {
    char want[128];
    vt_shape_print(v->rank, v->dim, want, sizeof want);
    return vt_fail(e, VT_ESHAPE, "--shape: input '%s' has the shape %s, not %s", v->name, want, text);
  }
  v->rank = rank;
  for (int i = 0; i < rank; i++) v->dim[i] = dim[i];
  return 0;
}

int vt_apply_shapes(struct vt_cli *cli, struct vt_graph *g, const struct vt_strings *rows, struct vt_err *e)
{
  for (int i = 0; i < rows->n; i++) {
    const char *name, *value;
    int rc = vt_split_pair(cli, "shape", rows->v[i], &name, &value, e);
    struct vt_value *v = rc ? NULL : vt_graph_find(g, name);
    if (!rc && (!v || !v->is_input)) rc = vt_fail(e, VT_EUSAGE, "--shape: the model has no input '%s'", name);
    if (!rc) rc = parse_shape(value, v, e);
    if (rc) return rc;
  }
  return rows->n ? vt_graph_infer(g, e) : 0;
}

int vt_close_shapes(struct vt_cli *cli, struct vt_graph *g, const struct vt_strings *rows, int64_t batch,
                    struct vt_err *e)
{
  int rc = vt_apply_shapes(cli, g, rows, e);
  for (int i = 0; i < g->ninputs && !rc; i++) {
    struct vt_value *v = g->inputs[i];
    if (v->rank > 0 && v->dim[0] < 0) v->dim[0] = batch;
    if (v->rank >= 0 && vt_dims_count(v->rank, v->dim) >= 0) continue;
    char text[128];
    vt_shape_print(v->rank, v->dim, text, sizeof text);
    rc = vt_fail(e, VT_EUSAGE, "input '%s' is %s: give its shape with --shape", v->name, text);
  }
  return rc ? rc : vt_graph_infer(g, e);
}

int vt_print_explanation(struct vt_cli *cli, const struct vt_program *p, struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  vt_program_explain(p, &b);
  if (b.data) fputs(b.data, cli->out);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  vt_buf_clear(&b);
  return rc;
}

int vt_run_once(const struct vt_graph *g, const struct vt_tensor *in, struct vt_tensor *out,
                const struct vt_compile_opts *o, struct vt_err *e)
{
  struct vt_program *p = NULL;
  struct vt_session *s = NULL;
  struct vt_shape *shapes = vt_calloc((size_t)g->ninputs + 1, sizeof *shapes);
  struct vt_tensor *views = vt_calloc((size_t)g->noutputs + 1, sizeof *views);
  int rc = shapes && views ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < g->noutputs; i++) out[i] = (struct vt_tensor){0};
  for (int i = 0; i < g->ninputs && !rc; i++) {
    shapes[i].rank = in[i].rank;
    memcpy(shapes[i].dim, in[i].dim, sizeof in[i].dim);
  }
  if (!rc) rc = vt_program_compile(&p, g, shapes, o, e);
  if (!rc) rc = vt_session_new(&s, p, e);
  if (!rc) rc = vt_session_run(s, in, views, e);
  for (int i = 0; i < g->noutputs && !rc; i++) rc = vt_tensor_copy(&out[i], &views[i], e);
  vt_session_free(s);
  vt_program_free(p);
  vt_free(shapes);
  vt_free(views);
  return rc;
}

void vt_cut_log(const char *path, const struct vt_cut *cut)
{
  struct vt_buf b;
  vt_buf_init(&b);
  vt_cut_print(cut, &b);
  if (!b.failed) vt_log(VT_LOG_INFO, "%s: %s", path, b.data);
  vt_buf_clear(&b);
}
