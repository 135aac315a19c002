/* Small things that all passes use: uses, attributes by name, nodes put in the place of others, dead code. */
#include <stdio.h>
#include <string.h>
#include "engine/program_impl.h"

bool vt__op_is(const struct vt_node *n, const char *name)
{
  const char *colon = strrchr(name, ':');
  size_t len = colon ? (size_t)(colon - name) : 0;
  return strlen(n->op->domain) == len && memcmp(n->op->domain, name, len) == 0 &&
         strcmp(n->op->name, colon ? colon + 1 : name) == 0;
}

bool vt__value_known(const struct vt_value *v)
{
  return v->dtype != VT_UNDEFINED && v->rank >= 0 && vt_dims_count(v->rank, v->dim) >= 0;
}

bool vt__value_const(const struct vt_value *v)
{
  return v->is_constant && (v->init.data || vt_dims_count(v->rank, v->dim) == 0);
}

float vt__attr_float(const struct vt_node *n, const char *name, float missing)
{
  const struct vt_attr_desc *d = vt__attr_find(n->op, name);
  return d && n->attrs && d->type == VT_ATTR_FLOAT ? *(const float *)((const char *)n->attrs + d->offset)
                                                   : missing;
}

int64_t vt__attr_int(const struct vt_node *n, const char *name, int64_t missing)
{
  const struct vt_attr_desc *d = vt__attr_find(n->op, name);
  if (!d || !n->attrs) return missing;
  const char *at = (const char *)n->attrs + d->offset;
  if (d->type == VT_ATTR_INT) return *(const int64_t *)at;
  return d->type == VT_ATTR_ENUM ? *(const int *)at : missing;
}

int *vt__count_uses(const struct vt_graph *g, struct vt_err *e)
{
  int *use = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *use);
  if (!use) {
    vt_fail(e, VT_ENOMEM, "out of memory");
    return NULL;
  }
  for (int i = 0; i < g->nnodes; i++)
    for (int k = 0; k < g->nodes[i]->nin; k++)
      if (g->nodes[i]->in[k]) use[g->nodes[i]->in[k]->id]++;
  for (int i = 0; i < g->noutputs; i++) use[g->outputs[i]->id]++;
  for (int i = 0; i < g->nassigns; i++) use[g->assigns[i].value->id]++;
  return use;
}

int vt__drop_unused(struct vt_graph *g, struct vt_err *e)
{
  int *use = vt__count_uses(g, e);
  if (!use) return VT_ENOMEM;
  for (int i = 0; i < g->nvalues; i++)
    if (!use[i] && g->values[i]->is_constant) vt_tensor_clear(&g->values[i]->init);
  vt_free(use);
  return 0;
}

struct vt_node *vt__node_make(struct vt_graph *g, const struct vt_op_desc *op, const struct vt_node *at,
                              int nin, struct vt_value *const *in, int nout, struct vt_value *const *out,
                              struct vt_err *e)
{
  struct vt_node *n = vt_arena_alloc(&g->arena, sizeof *n);
  if (n) {
    n->id = at->id;
    n->name = at->name;
    n->op = op;
    n->nin = nin;
    n->nout = nout;
    n->in = vt_arena_alloc(&g->arena, (size_t)nin * sizeof *n->in);
    n->out = vt_arena_alloc(&g->arena, (size_t)nout * sizeof *n->out);
    n->attrs = op->attrs_size ? vt__attrs_new(g, op) : NULL;
  }
  if (!n || !n->in || !n->out || (op->attrs_size && !n->attrs)) {
    vt_fail(e, VT_ENOMEM, "out of memory");
    return NULL;
  }
  memcpy(n->in, in, (size_t)nin * sizeof *in);
  memcpy(n->out, out, (size_t)nout * sizeof *out);
  return n;
}

static size_t attr_size(enum vt_attr_type t)
{
  switch (t) {
  case VT_ATTR_INT: return sizeof(int64_t);
  case VT_ATTR_FLOAT: return sizeof(float);
  case VT_ATTR_ENUM: return sizeof(int);
  case VT_ATTR_INTS: return sizeof(struct vt_ints);
  case VT_ATTR_FLOATS: return sizeof(struct vt_floats);
  case VT_ATTR_STRING: return sizeof(const char *);
  default: return 0;
  }
}

void vt__attrs_by_name(struct vt_node *n, const struct vt_node *old)
{
  for (int i = 0; i < n->op->nattr; i++) {
    const struct vt_attr_desc *to = &n->op->attr[i], *from = vt__attr_find(old->op, to->name);
    if (!from || from->type != to->type) continue;
    memcpy((char *)n->attrs + to->offset, (const char *)old->attrs + from->offset, attr_size(to->type));
    if (to->present && from->present)
      *((char *)n->attrs + to->present) = *((const char *)old->attrs + from->present);
  }
}

bool vt__kernel_takes(const struct vt_program *p, const struct vt_node *n, char *why, size_t size)
{
  const struct vt_registry *r = p->graph->registry;
  for (int k = 0; k < r->nkernels; k++) {
    if (!vt__kernel_serves(r->kernels[k], n->op)) continue;
    struct vt_plan_node pn;
    memset(&pn, 0, offsetof(struct vt_plan_node, in));
    for (int prec = 0; prec < 2; prec++) {
      if (prec && p->precision == VT_PREC_F32) break;
      char reason[160] = "";
      vt__plan_node(p, n, prec ? VT_PREC_F32 : p->precision, &pn);
      if (r->kernels[k]->accepts(&pn, reason, sizeof reason)) return true;
      if (why) snprintf(why, size, "%s", reason);
    }
  }
  return false;
}

/* Keeps the nodes that outputs or (in training) assignments need, and of their optional outputs those. */
int vt__pass_dead(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  bool *live = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *live);
  bool *keep = vt_calloc((size_t)VT_MAX(g->nnodes, 1), sizeof *keep);
  int rc = live && keep ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  for (int i = 0; i < g->noutputs; i++) live[g->outputs[i]->id] = true;
  for (int i = 0; i < g->nassigns; i++) live[g->assigns[i].value->id] = true;
  for (int i = g->nnodes - 1; i >= 0; i--) {
    const struct vt_node *n = g->nodes[i];
    for (int k = 0; k < n->nout && !keep[i]; k++) keep[i] = n->out[k] && live[n->out[k]->id];
    for (int k = 0; k < n->nin && keep[i]; k++)
      if (n->in[k]) live[n->in[k]->id] = true;
  }
  int kept = 0;
  for (int i = 0; i < g->nnodes; i++) {
    struct vt_node *n = g->nodes[i];
    if (!keep[i]) continue;
    for (int k = n->op->min_out; k < n->nout; k++)
      if (n->out[k] && !live[n->out[k]->id]) n->out[k] = NULL;
    g->nodes[kept++] = n;
  }
  g->nnodes = kept;
out:
  vt_free(live);
  vt_free(keep);
  return rc;
}

static bool pads_nothing(const struct vt_node *n)
{
  const struct vt_value *p = n->nin > 1 ? n->in[1] : NULL;
  if (!p || !vt__value_const(p) || p->dtype != VT_I64) return false;
  int64_t count = vt_dims_count(p->rank, p->dim);
  for (int64_t i = 0; i < count; i++)
    if (((const int64_t *)p->init.data)[i]) return false;
  return true;
}

/* Whether a node hands its input on unchanged. */
static bool is_identity(const struct vt_node *n, bool training)
{
  if (vt__op_is(n, "Identity")) return true;
  if (n->nout > 1 && n->out[1]) return false;
  if (vt__op_is(n, "Pad")) return pads_nothing(n);
  if (vt__op_is(n, "Cast")) return n->in[0]->dtype == n->out[0]->dtype;
  return vt__op_is(n, "Dropout") && !training;
}

/* Drops nodes that do nothing, unless their result is itself an output or is assigned. Dropout of opset 12
 * and later does nothing unless its input training_mode is true; an inference program ignores that input. */
int vt__pass_simplify(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  struct vt_value **as = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *as);
  if (!as) return vt_fail(e, VT_ENOMEM, "out of memory");
  bool *held = vt_calloc((size_t)VT_MAX(g->nvalues, 1), sizeof *held);
  if (!held) {
    vt_free(as);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  for (int i = 0; i < g->noutputs; i++) held[g->outputs[i]->id] = true;
  for (int i = 0; i < g->nassigns; i++) held[g->assigns[i].value->id] = true;
  for (int i = 0; i < g->nnodes; i++) {
    struct vt_node *n = g->nodes[i];
    for (int k = 0; k < n->nin; k++)
      if (n->in[k] && as[n->in[k]->id]) n->in[k] = as[n->in[k]->id];
    if (n->nout > 0 && n->nin > 0 && n->in[0] && n->out[0] && !held[n->out[0]->id] &&
        is_identity(n, p->opts.training))
      as[n->out[0]->id] = n->in[0];
  }
  vt_free(as);
  vt_free(held);
  return vt__pass_dead(p, e);
}
