/* Operators by name. A graph indexes its registry's table once by a hash of domain and name; several
 * descriptors of one name (opset ranges) sit in neighbouring slots of the probe sequence. */
#include <string.h>
#include "engine/engine_priv.h"

static uint64_t hash_name(const char *domain, const char *name)
{
  return vt_hash64(name, strlen(name)) * 31 + (*domain ? vt_hash64(domain, strlen(domain)) : 0);
}

static bool serves(const struct vt_op_desc *op, const char *domain, const char *name, int opset)
{
  return strcmp(op->name, name) == 0 && strcmp(op->domain ? op->domain : "", domain) == 0 &&
         opset >= op->since && (!op->until || opset <= op->until);
}

/* ONNX writes its default domain as "" or "ai.onnx". */
static const char *plain_domain(const char *domain)
{
  return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

const struct vt_op_desc *vt_registry_find(const struct vt_registry *r, const char *domain, const char *name,
                                          int opset)
{
  domain = plain_domain(domain);
  for (int i = 0; i < r->nops; i++)
    if (r->ops[i]->name[0] == name[0] && serves(r->ops[i], domain, name, opset)) return r->ops[i];
  return NULL;
}

int vt__graph_index_ops(struct vt_graph *g)
{
  struct vt__graph_priv *p = g->priv;
  int cap = 16;
  while (cap < g->registry->nops * 2) cap *= 2;
  p->ops = vt_arena_alloc(&g->arena, (size_t)cap * sizeof *p->ops);
  if (!p->ops) return VT_ENOMEM;
  p->ops_cap = cap;
  for (int i = 0; i < g->registry->nops; i++) {
    const struct vt_op_desc *op = g->registry->ops[i];
    size_t at = hash_name(op->domain ? op->domain : "", op->name) & (size_t)(cap - 1);
    while (p->ops[at]) at = (at + 1) & (size_t)(cap - 1);
    p->ops[at] = op;
  }
  return 0;
}

const struct vt_op_desc *vt__graph_op(const struct vt_graph *g, const char *domain, const char *name,
                                      int opset)
{
  const struct vt__graph_priv *p = g->priv;
  domain = plain_domain(domain);
  size_t mask = (size_t)(p->ops_cap - 1);
  for (size_t at = hash_name(domain, name) & mask; p->ops[at]; at = (at + 1) & mask)
    if (serves(p->ops[at], domain, name, opset)) return p->ops[at];
  return NULL;
}

int64_t vt_node_macs(const struct vt_node *n)
{
  const int64_t most = (int64_t)1 << 50; /* more than anyone waits for */
  return n->op->macs ? VT_MIN(n->op->macs(n), most) : 0;
}
