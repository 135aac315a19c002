/* Graphs: values, names, inputs and outputs, constants and variables, metadata, copies.
 *
 * Arrays grow by doubling inside the arena; what they leave behind is at most as much again. The only things
 * outside the arena are tensor storages (one reference per value or attribute that holds one) and sub-graphs
 * of attributes. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_priv.h"

int vt__graph_index_ops(struct vt_graph *g);

enum { MAX_VALUES = 1 << 22 };

int vt_graph_new(struct vt_graph **out, const struct vt_registry *r, const char *name, struct vt_err *e)
{
  *out = NULL;
  struct vt_graph *g = vt_calloc(1, sizeof *g);
  if (!g) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_arena_init(&g->arena);
  g->registry = r;
  g->opset = 17;
  g->doc = "";
  g->priv = vt_arena_alloc(&g->arena, sizeof *g->priv);
  g->name = vt_arena_strdup(&g->arena, name && *name ? name : "graph");
  if (!g->priv || !g->name || vt__graph_index_ops(g)) {
    vt_graph_free(g);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  *out = g;
  return 0;
}

void vt_graph_free(struct vt_graph *g)
{
  if (!g) return;
  for (int i = 0; i < g->nvalues; i++) vt_tensor_clear(&g->values[i]->init);
  if (g->priv) {
    for (int i = 0; i < g->priv->nkept; i++) vt_tensor_clear(&g->priv->kept[i]);
    for (int i = 0; i < g->priv->nsubs; i++) vt_graph_free(g->priv->subs[i]);
  }
  vt_arena_clear(&g->arena);
  vt_free(g);
}

int vt_graph_status(const struct vt_graph *g, struct vt_err *e)
{
  if (!g->err.code) return 0;
  return vt_fail(e, g->err.code, "%s", g->err.msg);
}

int vt__graph_fail(struct vt_graph *g, int code, const char *fmt, ...)
{
  if (g->err.code) return g->err.code;
  va_list ap;
  va_start(ap, fmt);
  g->err.code = code;
  vsnprintf(g->err.msg, sizeof g->err.msg, fmt, ap);
  va_end(ap);
  return code;
}

void *vt__grow(struct vt_graph *g, void *old, int n, int *cap, size_t size)
{
  if (n < *cap) return old;
  int more = *cap ? *cap * 2 : 16;
  void *v = vt_arena_alloc(&g->arena, (size_t)more * size);
  if (!v) {
    vt__graph_fail(g, VT_ENOMEM, "out of memory");
    return NULL;
  }
  if (n) memcpy(v, old, (size_t)n * size);
  *cap = more;
  return v;
}

/* Appends to one of the graph's arrays: false when out of memory. */
#define PUSH(g, array, count, cap, item)                                                                     \
  ({                                                                                                         \
    void *v_ = vt__grow((g), (g)->array, (g)->count, &(g)->priv->cap, sizeof *(g)->array);                   \
    if (v_) {                                                                                                \
      (g)->array = v_;                                                                                       \
      (g)->array[(g)->count++] = (item);                                                                     \
    }                                                                                                        \
    v_ != NULL;                                                                                              \
  })

/* ---- names ---- */

static struct vt_value **name_slot(const struct vt__names *t, const char *name)
{
  size_t mask = (size_t)(t->cap - 1), at = vt_hash64(name, strlen(name)) & mask;
  while (t->slot[at] && strcmp(t->slot[at]->name, name) != 0) at = (at + 1) & mask;
  return &t->slot[at];
}

static bool names_reserve(struct vt_graph *g)
{
  struct vt__names *t = &g->priv->names, old = *t;
  if (t->n * 2 < t->cap) return true;
  int cap = t->cap ? t->cap * 2 : 64;
  struct vt_value **slot = vt_arena_alloc(&g->arena, (size_t)cap * sizeof *slot);
  if (!slot) return false;
  t->slot = slot;
  t->cap = cap;
  for (int i = 0; i < old.cap; i++)
    if (old.slot[i]) *name_slot(t, old.slot[i]->name) = old.slot[i];
  return true;
}

struct vt_value *vt_graph_find(const struct vt_graph *g, const char *name)
{
  return g->priv->names.cap ? *name_slot(&g->priv->names, name) : NULL;
}

/* "name", or "name_2", "name_3", … : the first that is free. */
static const char *unique_name(struct vt_graph *g, const char *name)
{
  if (!vt_graph_find(g, name)) return vt_arena_strdup(&g->arena, name);
  char text[300];
  for (int k = 2;; k++) {
    snprintf(text, sizeof text, "%.256s_%d", name, k);
    if (!vt_graph_find(g, text)) return vt_arena_strdup(&g->arena, text);
  }
}

struct vt_value *vt__value_new(struct vt_graph *g, const char *name, bool exact)
{
  if (g->err.code) return NULL;
  if (g->nvalues >= MAX_VALUES) {
    vt__graph_fail(g, VT_ELIMIT, "graph '%s' has over %d values", g->name, MAX_VALUES);
    return NULL;
  }
  if (exact && vt_graph_find(g, name)) {
    vt__graph_fail(g, VT_EFORMAT, "value '%s' is defined twice", name);
    return NULL;
  }
  struct vt_value *v = vt_arena_alloc(&g->arena, sizeof *v);
  if (!v || !names_reserve(g) || !(v->name = unique_name(g, name))) goto oom;
  v->id = g->nvalues;
  v->rank = -1;
  for (int i = 0; i < VT_MAX_RANK; i++) v->dim[i] = -1;
  if (!PUSH(g, values, nvalues, cap_values, v)) goto oom;
  *name_slot(&g->priv->names, v->name) = v;
  g->priv->names.n++;
  return v;
oom:
  vt__graph_fail(g, VT_ENOMEM, "out of memory");
  return NULL;
}

void vt__value_rename(struct vt_graph *g, struct vt_value *v, const char *name)
{
  if (g->err.code || strcmp(v->name, name) == 0) return;
  if (!names_reserve(g)) {
    vt__graph_fail(g, VT_ENOMEM, "out of memory");
    return;
  }
  const char *fresh = unique_name(g, name);
  if (!fresh) {
    vt__graph_fail(g, VT_ENOMEM, "out of memory");
    return;
  }
  /* Open addressing does not forget entries: rebuild the table without the old name. */
  struct vt__names *t = &g->priv->names;
  v->name = fresh;
  memset(t->slot, 0, (size_t)t->cap * sizeof *t->slot);
  for (int i = 0; i < g->nvalues; i++) *name_slot(t, g->values[i]->name) = g->values[i];
  t->n = g->nvalues;
}

bool vt__owns_value(const struct vt_graph *g, const struct vt_value *v)
{
  return v->id >= 0 && v->id < g->nvalues && g->values[v->id] == v;
}

/* ---- inputs, outputs, constants ---- */

struct vt_value *vt_graph_input(struct vt_graph *g, const char *name, enum vt_dtype t, int rank,
                                const int64_t *dim)
{
  if (rank > VT_MAX_RANK) {
    vt__graph_fail(g, VT_ELIMIT, "input '%s' has %d dimensions; at most %d are supported", name, rank,
                   VT_MAX_RANK);
    return NULL;
  }
  if (!vt_dims_bounded(rank, dim)) {
    vt__graph_fail(g, VT_ELIMIT, "input '%s' has over 2^40 elements", name);
    return NULL;
  }
  struct vt_value *v = vt__value_new(g, name, false);
  if (!v) return NULL;
  v->dtype = t;
  v->rank = rank;
  for (int i = 0; i < rank; i++) v->dim[i] = dim[i] < 0 ? -1 : dim[i];
  v->is_input = true;
  return PUSH(g, inputs, ninputs, cap_inputs, v) ? v : NULL;
}

void vt_graph_output(struct vt_graph *g, struct vt_value *v, const char *name)
{
  if (g->err.code) return;
  if (!v) {
    vt__graph_fail(g, VT_EARG, "output '%s' has no value", name ? name : "?");
    return;
  }
  if (name) vt__value_rename(g, v, name);
  if (v->is_output) return;
  v->is_output = true;
  PUSH(g, outputs, noutputs, cap_outputs, v);
}

static struct vt_value *with_init(struct vt_graph *g, const char *name, const struct vt_tensor *t)
{
  struct vt_value *v = vt__value_new(g, name, false);
  if (!v) return NULL;
  struct vt_err e = {0};
  if (t->storage) {
    v->init = vt_tensor_share(t);
  } else if (vt_tensor_copy(&v->init, t, &e)) {
    vt__graph_fail(g, e.code, "value '%s': %s", v->name, e.msg);
    return NULL;
  }
  v->dtype = t->dtype;
  v->rank = t->rank;
  for (int i = 0; i < t->rank; i++) v->dim[i] = t->dim[i];
  return v;
}

struct vt_value *vt_graph_constant(struct vt_graph *g, const char *name, const struct vt_tensor *t)
{
  struct vt_value *v = with_init(g, name, t);
  if (v) v->is_constant = true;
  return v;
}

struct vt_value *vt_graph_variable(struct vt_graph *g, const char *name, const struct vt_tensor *t,
                                   bool trainable)
{
  struct vt_value *v = with_init(g, name, t);
  if (!v) return NULL;
  v->is_variable = true;
  v->is_trainable = trainable;
  return v;
}

void vt_graph_assign(struct vt_graph *g, struct vt_value *variable, struct vt_value *value)
{
  if (g->err.code) return;
  char a[128], b[128];
  if (!variable || !value || !variable->is_variable) {
    vt__graph_fail(g, VT_EARG, "'%s' cannot be assigned to: it is no variable",
                   variable ? variable->name : "?");
    return;
  }
  bool differ = value->rank >= 0 && value->rank != variable->rank;
  for (int i = 0; !differ && i < value->rank; i++)
    differ = value->dim[i] >= 0 && variable->dim[i] >= 0 && value->dim[i] != variable->dim[i];
  if (differ || (value->dtype && value->dtype != variable->dtype)) {
    vt__value_print(variable, a, sizeof a);
    vt__value_print(value, b, sizeof b);
    vt__graph_fail(g, VT_ESHAPE, "variable '%s' %s cannot take '%s' %s", variable->name, a, value->name, b);
    return;
  }
  struct vt_assign x = {variable, value};
  PUSH(g, assigns, nassigns, cap_assigns, x);
}

struct vt_value *vt_graph_scalar(struct vt_graph *g, float f)
{
  struct vt_tensor t = vt_tensor_view(VT_F32, 0, NULL, &f);
  return vt_graph_constant(g, "scalar", &t);
}

struct vt_value *vt_graph_ints(struct vt_graph *g, int n, const int64_t *v)
{
  struct vt_tensor t = vt_tensor_view(VT_I64, 1, &(int64_t){n}, (void *)v);
  return vt_graph_constant(g, "ints", &t);
}

/* ---- metadata, attached things ---- */

void vt_graph_set_meta(struct vt_graph *g, const char *key, const char *value)
{
  if (g->err.code) return;
  struct vt_meta m = {vt_arena_strdup(&g->arena, key), vt_arena_strdup(&g->arena, value)};
  if (!m.key || !m.value) {
    vt__graph_fail(g, VT_ENOMEM, "out of memory");
    return;
  }
  for (int i = 0; i < g->nmeta; i++)
    if (strcmp(g->meta[i].key, key) == 0) {
      g->meta[i].value = m.value;
      return;
    }
  PUSH(g, meta, nmeta, cap_meta, m);
}

const char *vt_graph_meta(const struct vt_graph *g, const char *key)
{
  for (int i = 0; i < g->nmeta; i++)
    if (strcmp(g->meta[i].key, key) == 0) return g->meta[i].value;
  return NULL;
}

int vt__graph_adopt(struct vt_graph *g, struct vt_graph *sub)
{
  struct vt__graph_priv *p = g->priv;
  void *v = vt__grow(g, p->subs, p->nsubs, &p->cap_subs, sizeof *p->subs);
  if (!v) {
    vt_graph_free(sub);
    return VT_ENOMEM;
  }
  p->subs = v;
  p->subs[p->nsubs++] = sub;
  sub->outer = g;
  return 0;
}

int vt__graph_keep(struct vt_graph *g, const struct vt_tensor *t, struct vt_tensor *kept)
{
  struct vt__graph_priv *p = g->priv;
  *kept = (struct vt_tensor){0};
  void *v = vt__grow(g, p->kept, p->nkept, &p->cap_kept, sizeof *p->kept);
  if (!v) return VT_ENOMEM;
  p->kept = v;
  struct vt_tensor own;
  if (t->storage)
    own = vt_tensor_share(t);
  else if (vt_tensor_copy(&own, t, NULL))
    return VT_ENOMEM;
  p->kept[p->nkept++] = own;
  *kept = own;
  return 0;
}

void vt__value_print(const struct vt_value *v, char *out, size_t size)
{
  if (!v) {
    snprintf(out, size, "left out");
    return;
  }
  int n = snprintf(out, size, "%s ", v->dtype ? vt_dtype_name(v->dtype) : "?");
  if ((size_t)n < size) vt_shape_print(v->rank, v->dim, out + n, size - (size_t)n);
}
