/* The table of builders: finding, building, measuring. */
#include "model/model.h"

#include <string.h>

#define BUILDER(name) extern const struct vt_builder_family vt_builders_##name;
#include "model/builders.list"
#undef BUILDER

const struct vt_builder_family *const vt_builder_families[] = {
#define BUILDER(name) &vt_builders_##name,
#include "model/builders.list"
#undef BUILDER
    NULL};

const struct vt_builder *vt_builder_find(const char *name, struct vt_err *e)
{
  struct vt_buf all = {0};
  const struct vt_builder *found = NULL;
  for (int f = 0; vt_builder_families[f] && !found; f++)
    for (int i = 0; i < vt_builder_families[f]->n && !found; i++) {
      const struct vt_builder *b = &vt_builder_families[f]->builder[i];
      if (strcmp(b->name, name) == 0) found = b;
      vt_buf_addf(&all, "%s%s", all.len ? ", " : "", b->name);
    }
  if (!found)
    vt_fail(e, VT_EUSAGE, "unknown network '%s'; expected one of %s", name, all.data ? all.data : "");
  vt_buf_clear(&all);
  return found;
}

static const struct vt_builder_family *family_of(const struct vt_builder *b)
{
  for (int f = 0; vt_builder_families[f]; f++)
    for (int i = 0; i < vt_builder_families[f]->n; i++)
      if (&vt_builder_families[f]->builder[i] == b) return vt_builder_families[f];
  return NULL;
}

int vt_build(const struct vt_builder *b, struct vt_net *n, struct vt_value *x,
             const struct vt_builder_opts *o, struct vt_built *out, struct vt_err *e)
{
  const struct vt_builder_family *f = family_of(b);
  enum { MAX_CLASSES = 1 << 20 };
  *out = (struct vt_built){0};
  if (o->classes < 0 || o->classes > MAX_CLASSES)
    return vt_fail(e, VT_EARG, "%s: %d classes; 0 to %d expected", b->name, o->classes, MAX_CLASSES);
  if (o->encoder && (o->classes || o->auxiliary))
    return vt_fail(e, VT_EARG, "%s: an encoder has no classifier", b->name);
  if (o->auxiliary && !(f && f->has_auxiliary))
    return vt_fail(e, VT_EARG, "%s has no side classifier", b->name);
  if (o->width != 0 && o->width != 1 && !(f && f->has_width && o->width >= 0.05f && o->width <= 8))
    return vt_fail(e, VT_EARG, "%s cannot be built %g times as wide", b->name, (double)o->width);
  int rc = vt_graph_status(n->g, e);
  if (rc) return rc;
  if (!x || x->rank != 4 || x->dim[1] != 3)
    return vt_fail(e, VT_ESHAPE, "%s: its input must be (N, 3, H, W)", b->name);
  b->build(n, x, b, o, out);
  return vt_graph_status(n->g, e);
}

int vt_builder_measure(const struct vt_builder *b, const struct vt_registry *r,
                       const struct vt_builder_opts *o, struct vt_builder_size *size, struct vt_err *e)
{
  struct vt_graph *g = NULL;
  struct vt_built built;
  int64_t dim[4] = {1, 3, b->side, b->side};
  *size = (struct vt_builder_size){0};
  int rc = vt_graph_new(&g, r, b->name, e);
  if (rc) return rc;
  struct vt_net n = {.g = g, .outline = true};
  rc = vt_build(b, &n, vt_graph_input(g, "image", VT_F32, 4, dim), o, &built, e);
  for (int i = 0; i < g->nnodes && !rc; i++) size->macs += vt_node_macs(g->nodes[i]);
  size->parameters = n.parameters;
  vt_graph_free(g);
  return rc;
}
