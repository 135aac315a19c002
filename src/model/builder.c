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

const struct vt_builder_family *vt_builder_family_of(const struct vt_builder *b)
{
  for (int f = 0; vt_builder_families[f]; f++)
    for (int i = 0; i < vt_builder_families[f]->n; i++)
      if (&vt_builder_families[f]->builder[i] == b) return vt_builder_families[f];
  return NULL;
}

static int check(const struct vt_builder *b, const struct vt_net *n, const struct vt_value *x,
                 const struct vt_builder_opts *o, struct vt_err *e)
{
  const struct vt_builder_family *f = vt_builder_family_of(b);
  enum { MAX_CLASSES = 1 << 20 };
  if (o->classes < 0 || o->classes > MAX_CLASSES)
    return vt_fail(e, VT_EARG, "%s: %d classes; 0 to %d expected", b->name, o->classes, MAX_CLASSES);
  if (o->encoder && (o->classes || o->auxiliary))
    return vt_fail(e, VT_EARG, "%s: an encoder has no classifier", b->name);
  if (o->auxiliary && !(f && f->has_auxiliary))
    return vt_fail(e, VT_EARG, "%s has no side classifier", b->name);
  if (o->width != 0 && o->width != 1 && !(f && f->has_width && o->width >= 0.05f && o->width <= 8))
    return vt_fail(e, VT_EARG, "%s cannot be built %g times as wide", b->name, (double)o->width);
  if (n->layers.conv != VT_CONV_PLAIN && !(f && f->has_convolution))
    return vt_fail(e, VT_EARG, "%s is built with its own kind of convolution only", b->name);
  if (!x || x->rank != 4 || x->dim[1] != 3)
    return vt_fail(e, VT_ESHAPE, "%s: its input must be (N, 3, H, W)", b->name);
  return 0;
}

int vt_build(const struct vt_builder *b, struct vt_net *n, struct vt_value *x,
             const struct vt_builder_opts *o, struct vt_built *out, struct vt_err *e)
{
  *out = (struct vt_built){0};
  if (!vt_graph_status(n->g, NULL) && !check(b, n, x, o, &n->g->err)) b->build(n, x, b, o, out);
  return vt_graph_status(n->g, e);
}

int vt_builder_outline(struct vt_graph **out, const struct vt_builder *b, const struct vt_registry *r,
                       const struct vt_builder_opts *o, int64_t *parameters, struct vt_err *e)
{
  struct vt_built built;
  int64_t dim[4] = {1, 3, b->side, b->side};
  int rc = vt_graph_new(out, r, b->name, e);
  if (rc) return rc;
  struct vt_net n = {.g = *out, .outline = true};
  rc = vt_build(b, &n, vt_graph_input(*out, "image", VT_F32, 4, dim), o, &built, e);
  if (parameters) *parameters = n.parameters;
  if (rc) {
    vt_graph_free(*out);
    *out = NULL;
  }
  return rc;
}

int vt_builder_measure(const struct vt_builder *b, const struct vt_registry *r,
                       const struct vt_builder_opts *o, struct vt_builder_size *size, struct vt_err *e)
{
  struct vt_graph *g = NULL;
  *size = (struct vt_builder_size){0};
  int rc = vt_builder_outline(&g, b, r, o, &size->parameters, e);
  for (int i = 0; !rc && i < g->nnodes; i++) size->macs += vt_node_macs(g->nodes[i]);
  vt_graph_free(g);
  return rc;
}

void vt_builder_preprocess(const struct vt_builder *b, struct vt_preprocess *p)
{
  *p = (struct vt_preprocess){.width = b->side, .height = b->side, .fit = VT_FIT_STRETCH};
  static const float mean[3] = {0.485f, 0.456f, 0.406f}, std[3] = {0.229f, 0.224f, 0.225f};
  bool centred = vt_builder_family_of(b)->centred;
  for (int c = 0; c < 3; c++) {
    p->mean[c] = centred ? 0.5f : mean[c];
    p->std[c] = centred ? 0.5f : std[c];
  }
}
