/* vitrine model info: what a model takes, gives, is made of and says about itself. */
#include "app/cli/model_args.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct opts {
  const char *models;
  struct vt_strings shapes;
  int precision; /* enum vt_precision */
  bool json, explain;
};

static const struct vt_opt rows[] = {
    {"models", 0, VT_OPT_STRING, offsetof(struct opts, models), NULL, 0, 0, NULL, "FOLDER",
     "where models are sought first"},
    {"shape", 0, VT_OPT_LIST, offsetof(struct opts, shapes), NULL, 0, 0, NULL, "INPUT=N,C,H,W",
     "dimensions of an input that the model leaves open"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
    {"explain", 0, VT_OPT_FLAG, offsetof(struct opts, explain), NULL, 0, 0, NULL, NULL,
     "tell which kernel serves each node here and why others refused"},
    {"precision", 'p', VT_OPT_ENUM, offsetof(struct opts, precision), "auto", 0, 0, "f32|bf16|int8|auto",
     NULL, "for the memory plan and --explain: type of feature maps"},
};

struct operator_count {
  const struct vt_op_desc *op;
  int n;
};

struct info {
  const struct vt_graph *g;
  const char *path;
  struct operator_count *ops;
  int nops;
  bool *used;                      /* by value id: whether a node reads it */
  int64_t parameters, bytes, macs; /* macs -1: some shapes are open */
};

static bool known(const struct vt_value *v)
{
  return !v || (v->rank >= 0 && vt_dims_count(v->rank, v->dim) >= 0);
}

static void count_node(struct info *s, const struct vt_node *n)
{
  int k = 0;
  while (k < s->nops && s->ops[k].op != n->op) k++;
  if (k == s->nops) s->ops[s->nops++] = (struct operator_count){n->op, 0};
  s->ops[k].n++;
  bool all = true;
  for (int i = 0; i < n->nin; i++) {
    all &= known(n->in[i]);
    if (n->in[i]) s->used[n->in[i]->id] = true;
  }
  for (int i = 0; i < n->nout; i++) all &= known(n->out[i]);
  if (!n->op->macs || s->macs < 0) return;
  s->macs = all ? s->macs + vt_node_macs(n) : -1;
}

static int most_first(const void *a, const void *b)
{
  const struct operator_count *x = a, *y = b;
  return x->n != y->n ? y->n - x->n : strcmp(x->op->name, y->op->name);
}

static int gather(struct info *s, struct vt_err *e)
{
  s->ops = vt_calloc((size_t)s->g->nnodes + 1, sizeof *s->ops);
  s->used = vt_calloc((size_t)s->g->nvalues + 1, sizeof *s->used);
  if (!s->ops || !s->used) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < s->g->nnodes; i++) count_node(s, s->g->nodes[i]);
  if (s->nops) qsort(s->ops, (size_t)s->nops, sizeof *s->ops, most_first);
  for (int i = 0; i < s->g->nvalues; i++) {
    const struct vt_value *v = s->g->values[i];
    if (!v->init.data || !s->used[v->id] || !vt_dtype_is_float(v->dtype)) continue;
    s->parameters += vt_tensor_count(&v->init);
    s->bytes += (int64_t)vt_tensor_bytes(&v->init);
  }
  return 0;
}

static json_t *values_json(struct vt_value *const *v, int n)
{
  json_t *list = json_array();
  for (int i = 0; i < n; i++) {
    json_t *shape = json_array();
    for (int d = 0; d < v[i]->rank; d++)
      json_array_append_new(shape, v[i]->dim[d] >= 0   ? json_integer(v[i]->dim[d])
                                   : v[i]->dim_name[d] ? json_string(v[i]->dim_name[d])
                                                       : json_null());
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:o}", "name", v[i]->name, "type", vt_dtype_name(v[i]->dtype),
                                    "shape", v[i]->rank < 0 ? (json_decref(shape), json_null()) : shape));
  }
  return list;
}

static int print_json(struct vt_cli *cli, const struct info *s, struct vt_err *e)
{
  const struct vt_graph *g = s->g;
  json_t *ops = json_object(), *meta = json_object();
  for (int i = 0; i < s->nops; i++) json_object_set_new(ops, s->ops[i].op->name, json_integer(s->ops[i].n));
  for (int i = 0; i < g->nmeta; i++) json_object_set_new(meta, g->meta[i].key, json_string(g->meta[i].value));
  json_t *all =
      json_pack("{s:s, s:s, s:i, s:o, s:o, s:i, s:o, s:I, s:I, s:o, s:o}", "model", s->path, "name", g->name,
                "opset", g->opset, "inputs", values_json(g->inputs, g->ninputs), "outputs",
                values_json(g->outputs, g->noutputs), "nodes", g->nnodes, "operators", ops, "parameters",
                (json_int_t)s->parameters, "weight_bytes", (json_int_t)s->bytes, "multiply_adds",
                s->macs < 0 ? json_null() : json_integer(s->macs), "metadata", meta);
  char *text = all ? json_dumps(all, JSON_PRESERVE_ORDER) : NULL;
  json_decref(all);
  if (!text) return vt_fail(e, VT_EFORMAT, "%s: its names or metadata are not UTF-8", s->path);
  fprintf(cli->out, "%s\n", text);
  free(text);
  return 0;
}

static void print_values(FILE *f, const char *title, struct vt_value *const *v, int n)
{
  fprintf(f, "%s\n", title);
  for (int i = 0; i < n; i++) {
    fprintf(f, "  %-24s %s ", v[i]->name, vt_dtype_name(v[i]->dtype));
    if (v[i]->rank < 0) fprintf(f, "(unknown)");
    for (int d = 0; d < v[i]->rank; d++) {
      fputs(d ? ", " : "(", f);
      if (v[i]->dim[d] >= 0)
        fprintf(f, "%lld", (long long)v[i]->dim[d]);
      else
        fputs(v[i]->dim_name[d] ? v[i]->dim_name[d] : "?", f);
    }
    fputs(v[i]->rank == 0 ? "()\n" : v[i]->rank > 0 ? ")\n" : "\n", f);
  }
}

static const char *amount(double v, char *out, size_t size)
{
  static const char unit[] = " kMGT";
  int k = 0;
  while (v >= 1000 && k < 4) v /= 1000, k++;
  if (k)
    snprintf(out, size, "%.4g %c", v, unit[k]);
  else
    snprintf(out, size, "%.0f ", v);
  return out;
}

static void print_text(struct vt_cli *cli, const struct info *s)
{
  const struct vt_graph *g = s->g;
  FILE *f = cli->out;
  char a[32], b[32];
  fprintf(f, "%s: %s, opset %d, %sB\n", s->path, g->name, g->opset,
          amount((double)vt_file_size(s->path), a, sizeof a));
  print_values(f, "inputs", g->inputs, g->ninputs);
  print_values(f, "outputs", g->outputs, g->noutputs);
  fprintf(f, "operators (%d nodes)\n", g->nnodes);
  for (int i = 0; i < s->nops; i++) fprintf(f, "  %-24s %d\n", s->ops[i].op->name, s->ops[i].n);
  fprintf(f, "parameters %s (%sB)\n", amount((double)s->parameters, a, sizeof a),
          amount((double)s->bytes, b, sizeof b));
  if (s->macs < 0)
    fprintf(f, "multiply-adds depend on the input's shape: give it with --shape\n");
  else
    fprintf(f, "multiply-adds %s\n", amount((double)s->macs, a, sizeof a));
  if (g->nmeta) fprintf(f, "metadata\n");
  for (int i = 0; i < g->nmeta; i++) {
    fprintf(f, "  %s: ", g->meta[i].key);
    for (const char *p = g->meta[i].value; *p; p++) fputc(*p == '\n' ? ' ' : *p, f);
    fputc('\n', f);
  }
}

/* What a program for these shapes takes here. */
static void print_memory(FILE *f, const struct vt_program *p)
{
  char w[32], k[32], a[32];
  struct vt_program_stats s;
  vt_program_get_stats(p, &s);
  fprintf(f,
          "memory plan: weights %sB as they are, %sB packed, activations %sB; %d steps, %d reorders, %d by "
          "reference kernels\n",
          amount((double)s.weight_bytes, w, sizeof w), amount((double)s.packed_bytes, k, sizeof k),
          amount((double)s.arena_bytes, a, sizeof a), s.nsteps, s.nreorders, s.nreference);
}

static int plan(struct vt_cli *cli, const struct vt_graph *g, const struct opts *o, struct vt_err *e)
{
  const struct vt_compile_opts co = {.precision = (enum vt_precision)o->precision};
  struct vt_program *p = NULL;
  int rc = vt_program_compile(&p, g, NULL, &co, e);
  if (!rc) print_memory(cli->out, p);
  vt_program_free(p);
  return rc;
}

static int explain(struct vt_cli *cli, struct vt_graph *g, const struct opts *o, struct vt_err *e)
{
  struct vt_compile_opts co = {.precision = (enum vt_precision)o->precision};
  struct vt_program *p = NULL;
  int rc = vt_close_shapes(cli, g, &o->shapes, 1, e);
  if (!rc) rc = vt_program_compile(&p, g, NULL, &co, e);
  if (!rc) rc = vt_print_explanation(cli, p, e);
  if (!rc) print_memory(cli->out, p);
  vt_program_free(p);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "one model is expected");
  if (o->json && o->explain) return vt_fail(e, VT_EUSAGE, "--json and --explain exclude each other");
  struct info s = {.path = vt_model_path(cli, o->models, args->v[0], e)};
  struct vt_graph *g = NULL;
  int rc = s.path ? vt_onnx_load(&g, vt_registry_default(), s.path, e) : VT_ENOENT;
  s.g = g;
  if (!rc && o->explain) {
    rc = explain(cli, g, o, e);
    goto out;
  }
  if (!rc) rc = vt_apply_shapes(cli, g, &o->shapes, e);
  if (!rc) rc = gather(&s, e);
  if (!rc && o->json)
    rc = print_json(cli, &s, e);
  else if (!rc)
    print_text(cli, &s);
  if (!rc && !o->json && s.macs >= 0) rc = plan(cli, g, o, e);
out:
  vt_free(s.ops);
  vt_free(s.used);
  vt_graph_free(g);
  return rc;
}

const struct vt_verb vt_verb_model_info = {"model info",
                                           "MODEL.onnx",
                                           "show a model's inputs, outputs, operators, size and card",
                                           NULL,
                                           rows,
                                           VT_COUNT(rows),
                                           sizeof(struct opts),
                                           run};
