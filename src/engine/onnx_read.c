/* ONNX file to graph.
 *
 * 1. Every operator of every (sub-)graph is looked up; all unknown ones are named in one message.
 * 2. Initializers become constants (variables where the metadata say so), inputs become inputs.
 * 3. Nodes are put in topological order (files should be, some are not; a cycle is an error that shows it),
 * upgraded from older opsets, and appended, which infers their shapes. Constant nodes become constants. A
 * Cast from a 16-bit initializer to f32 is carried out and its result takes the place of both: such files are
 * how models are stored at half their size. */
#include <stdio.h>
#include <string.h>
#include "engine/onnx_read.h"

static const char *text_or(const char *s, const char *otherwise)
{
  return s && *s ? s : otherwise;
}

static const char *domain_of(const Onnx__NodeProto *p)
{
  return !p->domain || strcmp(p->domain, "ai.onnx") == 0 ? "" : p->domain;
}

static const struct vt_op_desc *resolve(const struct vt__onnx_reader *r, const struct vt_graph *g,
                                        const Onnx__NodeProto *p, bool *upgrade)
{
  const char *domain = domain_of(p), *op = text_or(p->op_type, ""), *present;
  *upgrade = false;
  if (*domain) return vt__graph_op(g, domain, op, 1);
  const struct vt_op_desc *then = vt__graph_op(g, "", op, r->opset), *now;
  if (!vt__onnx_upgrades(op, r->opset, &present)) {
    if (then) return then;
    return vt__graph_op(g, "", op, VT__ONNX_OPSET); /* changed in types only since */
  }
  now = vt__graph_op(g, "", present, VT__ONNX_OPSET);
  if (then && then != now) return then;
  *upgrade = true;
  return now;
}

/* ---- unknown operators ---- */

struct unknown {
  struct vt_buf list;
  int n;
};

static void note_unknown(struct unknown *u, const Onnx__NodeProto *p)
{
  char item[128];
  const char *domain = domain_of(p);
  snprintf(item, sizeof item, "%.40s%s%.60s, ", domain, *domain ? ":" : "", text_or(p->op_type, "(no name)"));
  if (u->list.data) {
    const char *at = strstr(u->list.data, item);
    if (at && (at == u->list.data || at[-1] == ' ')) return;
  }
  u->n++;
  if (u->list.len < 700) vt_buf_adds(&u->list, item);
}

static void find_unknown(const struct vt__onnx_reader *r, const struct vt_graph *g, const Onnx__GraphProto *p,
                         struct unknown *u)
{
  for (size_t i = 0; i < p->n_node; i++) {
    const Onnx__NodeProto *n = p->node[i];
    bool upgrade;
    bool constant = !*domain_of(n) && strcmp(text_or(n->op_type, ""), "Constant") == 0;
    if (!constant && !vt__onnx_is_gradient(n) && !resolve(r, g, n, &upgrade)) note_unknown(u, n);
    for (size_t a = 0; a < n->n_attribute; a++)
      if (n->attribute[a]->g) find_unknown(r, g, n->attribute[a]->g, u);
  }
}

static int refuse_unknown(const struct vt__onnx_reader *r, const struct vt_graph *g,
                          const Onnx__GraphProto *p, struct vt_err *e)
{
  struct unknown u = {0};
  vt_buf_init(&u.list);
  find_unknown(r, g, p, &u);
  int rc = 0;
  if (u.n) {
    int shown = 0;
    for (size_t i = 0; i < u.list.len; i++) shown += u.list.data[i] == ',';
    if (u.list.len >= 2) u.list.data[u.list.len - 2] = 0;
    rc = u.list.data
             ? vt_fail(e, VT_EUNSUPPORTED, "%s: %d unknown operator%s in opset %d: %s%s", r->file->path, u.n,
                       u.n > 1 ? "s" : "", r->opset, u.list.data, u.n > shown ? ", and more" : "")
             : vt_fail(e, VT_ENOMEM, "out of memory");
  }
  vt_buf_clear(&u.list);
  return rc;
}

/* ---- values ---- */

static struct vt_value *find_value(const struct vt_graph *g, const char *name)
{
  for (; g; g = g->outer) {
    struct vt_value *v = vt_graph_find(g, name);
    if (v) return v;
  }
  return NULL;
}

/* Shape of a graph input or output. */
static int read_type(const struct vt__onnx_reader *r, const Onnx__ValueInfoProto *p, struct vt_value *v,
                     struct vt_err *e)
{
  *v = (struct vt_value){.rank = -1};
  const Onnx__TypeProto *t = p->type;
  if (!t) return 0;
  if (t->value_case == ONNX__TYPE_PROTO__VALUE__NOT_SET) return 0;
  if (t->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: '%s' is no tensor (a sequence, map or optional)", r->file->path,
                   p->name);
  v->dtype = (enum vt_dtype)t->tensor_type->elem_type;
  if (v->dtype && !vt_dtype_size(v->dtype))
    return vt_fail(e, VT_EUNSUPPORTED, "%s: '%s' has element type %s (%d)", r->file->path, p->name,
                   vt_dtype_name(v->dtype), (int)v->dtype);
  const Onnx__TensorShapeProto *s = t->tensor_type->shape;
  if (!s) return 0;
  if (s->n_dim > VT_MAX_RANK)
    return vt_fail(e, VT_ELIMIT, "%s: '%s' has %zu dimensions; at most %d are supported", r->file->path,
                   p->name, s->n_dim, VT_MAX_RANK);
  v->rank = (int)s->n_dim;
  for (int i = 0; i < v->rank; i++) {
    const Onnx__TensorShapeProto__Dimension *d = s->dim[i];
    v->dim[i] = -1;
    if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
      v->dim[i] = d->dim_value < 0 ? -1 : d->dim_value;
    else if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM)
      v->dim_name[i] = d->dim_param;
  }
  if (!vt_dims_bounded(v->rank, v->dim))
    return vt_fail(e, VT_ELIMIT, "%s: '%s' has over 2^40 elements", r->file->path, p->name);
  return 0;
}

static bool listed(const char *list, const char *name)
{
  size_t n = strlen(name);
  for (const char *p = list; p; p = *p ? p + 1 : NULL) {
    size_t len = strcspn(p, "\n");
    if (len == n && memcmp(p, name, n) == 0) return true;
    p += len;
  }
  return false;
}

static int add_constant(struct vt__onnx_reader *r, struct vt_graph *g, const char *name,
                        const struct vt_tensor *t, struct vt_err *e)
{
  if (vt_graph_find(g, name))
    return vt_fail(e, VT_EFORMAT, "%s: value '%s' is defined twice", r->file->path, name);
  bool trainable = listed(r->trainable, name), state = listed(r->state, name);
  if (trainable || state)
    vt_graph_variable(g, name, t, trainable);
  else
    vt_graph_constant(g, name, t);
  return vt_graph_status(g, e);
}

static int read_initializers(struct vt__onnx_reader *r, struct vt_graph *g, const Onnx__GraphProto *p,
                             struct vt_err *e)
{
  if (p->n_sparse_initializer)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: sparse initializers are not supported", r->file->path);
  for (size_t i = 0; i < p->n_initializer; i++) {
    char what[160];
    struct vt_tensor t;
    const char *name = text_or(p->initializer[i]->name, NULL);
    if (!name) return vt_fail(e, VT_EFORMAT, "%s: initializer %zu has no name", r->file->path, i);
    snprintf(what, sizeof what, "initializer '%.100s'", name);
    int rc = vt__onnx_tensor(r->file, p->initializer[i], what, &t, e);
    if (!rc) rc = add_constant(r, g, name, &t, e);
    vt_tensor_clear(&t);
    if (rc) return rc;
  }
  return 0;
}

static int read_inputs(struct vt__onnx_reader *r, struct vt_graph *g, const Onnx__GraphProto *p,
                       struct vt_err *e)
{
  for (size_t i = 0; i < p->n_input; i++) {
    const char *name = text_or(p->input[i]->name, NULL);
    if (!name) return vt_fail(e, VT_EFORMAT, "%s: input %zu has no name", r->file->path, i);
    struct vt_value t, *v = vt_graph_find(g, name);
    if (v && !v->is_input) continue; /* a default value: constants may be listed as inputs */
    if (v) return vt_fail(e, VT_EFORMAT, "%s: input '%s' is there twice", r->file->path, name);
    int rc = read_type(r, p->input[i], &t, e);
    if (rc) return rc;
    v = vt_graph_input(g, name, t.dtype, t.rank, t.dim);
    for (int d = 0; v && d < t.rank; d++)
      if (t.dim_name[d] && !(v->dim_name[d] = vt_arena_strdup(&g->arena, t.dim_name[d])))
        return vt_fail(e, VT_ENOMEM, "out of memory");
    if (!v) return vt_graph_status(g, e);
  }
  return 0;
}

/* Where inference knows less than the file says, the file is believed, unless both together are too large. */
static void complete(struct vt_value *v, const struct vt_value *t)
{
  int64_t dim[VT_MAX_RANK];
  if (!v->dtype) v->dtype = t->dtype;
  if (t->rank < 0 || (v->rank >= 0 && v->rank != t->rank)) return;
  for (int i = 0; i < t->rank; i++) dim[i] = v->rank < 0 || v->dim[i] < 0 ? t->dim[i] : v->dim[i];
  if (!vt_dims_bounded(t->rank, dim)) return;
  v->rank = t->rank;
  memcpy(v->dim, dim, (size_t)t->rank * sizeof *dim);
}

static int read_outputs(struct vt__onnx_reader *r, struct vt_graph *g, const Onnx__GraphProto *p,
                        struct vt_err *e)
{
  for (size_t i = 0; i < p->n_output; i++) {
    const char *name = text_or(p->output[i]->name, "");
    struct vt_value t, *v = find_value(g, name);
    if (!v) return vt_fail(e, VT_EFORMAT, "%s: output '%s' is defined nowhere", r->file->path, name);
    int rc = read_type(r, p->output[i], &t, e);
    if (rc) return rc;
    if (v->is_output || !vt__owns_value(g, v)) v = vt_emit(g, "Identity", VT_IN(v), "");
    if (v) complete(v, &t);
    vt_graph_output(g, v, NULL);
    if ((rc = vt_graph_status(g, e))) return rc;
  }
  return 0;
}

/* ---- nodes ---- */

/* Constant: 1 = made into a constant of the graph. */
static int fold_constant(struct vt__onnx_reader *r, struct vt_graph *g, const Onnx__NodeProto *p,
                         struct vt_err *e)
{
  if (*domain_of(p) || strcmp(p->op_type, "Constant") != 0) return 0;
  if (p->n_output != 1 || p->n_attribute != 1 || !p->attribute[0]->name)
    return vt_fail(e, VT_EFORMAT, "%s: a Constant needs one output and one value", r->file->path);
  const Onnx__AttributeProto *a = p->attribute[0];
  struct vt_tensor t;
  int rc;
  if (strcmp(a->name, "value") == 0 && a->t)
    rc = vt__onnx_tensor(r->file, a->t, p->output[0], &t, e);
  else {
    int64_t nf = (int64_t)a->n_floats, ni = (int64_t)a->n_ints;
    struct vt_tensor view;
    if (strcmp(a->name, "value_float") == 0)
      view = vt_tensor_view(VT_F32, 0, NULL, (void *)&a->f);
    else if (strcmp(a->name, "value_int") == 0)
      view = vt_tensor_view(VT_I64, 0, NULL, (void *)&a->i);
    else if (strcmp(a->name, "value_floats") == 0)
      view = vt_tensor_view(VT_F32, 1, &nf, a->floats);
    else if (strcmp(a->name, "value_ints") == 0)
      view = vt_tensor_view(VT_I64, 1, &ni, a->ints);
    else
      return vt_fail(e, VT_EUNSUPPORTED, "%s: Constant '%s' with %.40s", r->file->path, p->output[0],
                     a->name);
    rc = vt_tensor_copy(&t, &view, e);
  }
  if (!rc) rc = add_constant(r, g, p->output[0], &t, e);
  vt_tensor_clear(&t);
  return rc ? rc : 1;
}

/* Cast of a 16-bit constant to f32: 1 = carried out. */
static int fold_cast(struct vt__onnx_reader *r, struct vt_graph *g, const struct vt__onnx_node *n,
                     struct vt_err *e)
{
  if (*n->domain || strcmp(n->op, "Cast") != 0 || n->nin != 1 || n->nout != 1 || !n->in[0]) return 0;
  const struct vt_value *v = n->in[0];
  if (!v->is_constant || (v->dtype != VT_F16 && v->dtype != VT_BF16)) return 0;
  const Onnx__AttributeProto *to = NULL;
  for (size_t i = 0; i < n->p->n_attribute; i++)
    if (n->p->attribute[i]->name && strcmp(n->p->attribute[i]->name, "to") == 0) to = n->p->attribute[i];
  if (!to || to->i != VT_F32) return 0;
  struct vt_tensor t;
  int rc = vt_tensor_cast(&t, &v->init, VT_F32, e);
  if (!rc) rc = add_constant(r, g, n->outname[0], &t, e);
  vt_tensor_clear(&t);
  return rc ? rc : 1;
}

static int node_error(const struct vt__onnx_reader *r, const Onnx__NodeProto *p, int rc, struct vt_err *e)
{
  const char *name = text_or(p->name, p->n_output ? text_or(p->output[0], "") : "");
  if (e && !strncmp(e->msg, "node '", 6)) return vt_fail_in(e, rc, "%s", r->file->path);
  return vt_fail_in(e, rc, "%s: node '%.100s'", r->file->path, name);
}

static int collect_io(struct vt__onnx_reader *r, struct vt_graph *g, struct vt__onnx_node *n,
                      struct vt_err *e)
{
  const Onnx__NodeProto *p = n->p;
  if (p->n_input > VT__ONNX_MAX_IO || p->n_output > VT__ONNX_MAX_IO)
    return vt_fail(e, VT_ELIMIT, "over %d inputs or outputs", VT__ONNX_MAX_IO);
  n->in = vt_arena_alloc(&g->arena, (p->n_input + 4) * sizeof *n->in);
  n->outname = vt_arena_alloc(&g->arena, (p->n_output + 1) * sizeof *n->outname);
  if (!n->in || !n->outname) return vt_fail(e, VT_ENOMEM, "out of memory");
  n->outname[0] = "";
  for (size_t i = 0; i < p->n_input; i++) {
    if (!p->input[i] || !*p->input[i]) continue;
    n->in[i] = find_value(g, p->input[i]);
    if (!n->in[i]) return vt_fail(e, VT_EFORMAT, "input '%s' of %s is defined nowhere", p->input[i], n->op);
  }
  for (size_t i = 0; i < p->n_output; i++) n->outname[i] = text_or(p->output[i], "");
  n->nin = (int)p->n_input;
  n->nout = (int)p->n_output;
  while (n->nin > n->desc->min_in && !n->in[n->nin - 1]) n->nin--; /* left-out trailing inputs */
  while (n->nout > n->desc->min_out && !*n->outname[n->nout - 1]) n->nout--;
  return 0;
}

static int read_node(struct vt__onnx_reader *r, struct vt_graph *g, const Onnx__NodeProto *p,
                     struct vt_err *e)
{
  int rc = fold_constant(r, g, p, e);
  if (rc) return rc < 0 ? rc : 0;
  if (vt__onnx_is_gradient(p)) return vt__onnx_gradient(g, p, e);
  bool upgrade;
  struct vt__onnx_node n = {.p = p, .domain = domain_of(p)};
  n.desc = resolve(r, g, p, &upgrade);
  n.op = n.desc->name;
  if ((rc = collect_io(r, g, &n, e))) return rc;
  rc = fold_cast(r, g, &n, e);
  if (!rc && upgrade) rc = vt__onnx_upgrade(r, g, &n, e);
  if (rc) return rc < 0 ? rc : 0;
  void *attrs;
  if ((rc = vt__onnx_attrs(r, g, &n, &attrs, e))) return rc;
  if ((rc = vt__onnx_close_over(g, &n, strcmp(n.op, "Loop") == 0 ? 2 : 0, attrs, e))) return rc;
  vt__node_append(g, n.desc, p->name, n.nin, n.in, n.nout, n.outname, attrs);
  return vt_graph_status(g, e);
}

int vt__onnx_graph(struct vt__onnx_reader *r, const Onnx__GraphProto *p, struct vt_graph *outer,
                   struct vt_graph **out, struct vt_err *e)
{
  struct vt_graph *g;
  int *order = NULL;
  *out = NULL;
  int rc = vt_graph_new(&g, r->registry, text_or(p->name, "graph"), e);
  if (rc) return rc;
  g->outer = outer;
  g->doc = vt_arena_strdup(&g->arena, text_or(p->doc_string, ""));
  if (!g->doc) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !outer) rc = refuse_unknown(r, g, p, e);
  if (!rc) rc = read_initializers(r, g, p, e);
  if (!rc) rc = read_inputs(r, g, p, e);
  if (!rc) rc = vt__onnx_order(r->file, p, &order, e);
  for (size_t i = 0; i < p->n_node && !rc; i++) {
    const Onnx__NodeProto *n = p->node[order[i]];
    rc = read_node(r, g, n, e);
    if (rc) node_error(r, n, rc, e);
  }
  if (!rc) rc = read_outputs(r, g, p, e);
  if (!rc) rc = vt__align_but_weights(g, e);
  if (rc)
    vt_graph_free(g);
  else
    *out = g;
  return rc;
}

/* ---- the file ---- */

static int check_model(struct vt__onnx_reader *r, const Onnx__ModelProto *m, struct vt_err *e)
{
  const char *path = r->file->path;
  if (!m->graph) return vt_fail(e, VT_EFORMAT, "%s: no graph in it: cut off, or not an ONNX model", path);
  for (size_t i = 0; i < m->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *o = m->opset_import[i];
    if (!o->domain || !*o->domain || strcmp(o->domain, "ai.onnx") == 0) {
      if (o->version < VT__ONNX_OPSET_MIN || o->version > VT__ONNX_OPSET_MAX)
        return vt_fail(e, VT_EUNSUPPORTED, "%s: opset %lld; %d to %d are read", path, (long long)o->version,
                       VT__ONNX_OPSET_MIN, VT__ONNX_OPSET_MAX);
      r->opset = (int)o->version;
    }
  }
  bool standard = false;
  for (size_t i = 0; i < m->graph->n_node; i++) standard |= !*domain_of(m->graph->node[i]);
  if (!r->opset && standard)
    return vt_fail(e, VT_EFORMAT, "%s: it does not say its opset: cut off, or not an ONNX model", path);
  if (!r->opset) r->opset = VT__ONNX_OPSET;
  if (m->graph->n_node > 1 << 20) return vt_fail(e, VT_ELIMIT, "%s: over 2^20 nodes", path);
  for (size_t i = 0; i < m->n_metadata_props; i++) {
    const Onnx__StringStringEntryProto *p = m->metadata_props[i];
    if (p->key && strcmp(p->key, VT__META_TRAINABLE) == 0) r->trainable = p->value;
    if (p->key && strcmp(p->key, VT__META_STATE) == 0) r->state = p->value;
  }
  return 0;
}

static int load(struct vt_graph **out, const struct vt_registry *registry, const char *path, bool mapped,
                struct vt_err *e)
{
  *out = NULL;
  struct vt__onnx_file f;
  struct vt__onnx_reader r = {.file = &f, .registry = registry};
  struct vt_graph *g = NULL;
  ProtobufCMessage *message = NULL;
  int rc = vt__onnx_open(&f, path, &onnx__model_proto__descriptor, &message, e);
  f.mapped = mapped;
  const Onnx__ModelProto *m = (const Onnx__ModelProto *)message;
  if (!rc) rc = check_model(&r, m, e);
  if (!rc) rc = vt__onnx_graph(&r, m->graph, NULL, &g, e);
  if (rc) goto out;
  for (size_t i = 0; i < m->n_metadata_props; i++) {
    const Onnx__StringStringEntryProto *p = m->metadata_props[i];
    const char *key = text_or(p->key, "");
    if (strcmp(key, VT__META_TRAINABLE) != 0 && strcmp(key, VT__META_STATE) != 0)
      vt_graph_set_meta(g, key, text_or(p->value, ""));
  }
  if (m->doc_string && *m->doc_string && !(g->doc = vt_arena_strdup(&g->arena, m->doc_string)))
    vt__graph_fail(g, VT_ENOMEM, "out of memory");
  rc = vt_graph_status(g, e);
  if (rc)
    vt_graph_free(g);
  else
    *out = g;
out:
  vt__onnx_close(&f);
  return rc;
}

int vt_onnx_load(struct vt_graph **out, const struct vt_registry *registry, const char *path,
                 struct vt_err *e)
{
  return load(out, registry, path, false, e);
}

int vt_onnx_load_mapped(struct vt_graph **out, const struct vt_registry *registry, const char *path,
                        struct vt_err *e)
{
  return load(out, registry, path, true, e);
}
