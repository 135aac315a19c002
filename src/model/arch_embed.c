/* Embedding network: residual encoder and global average pooling, or a network by name, one linear layer cut
 * into unit vectors, and the vector that users compare, put together from such parts. */
#include "model/layers.h"

#include <math.h>

/* Columns begin .. end of x (N, D). */
static struct vt_value *columns(struct vt_net *n, struct vt_value *x, int64_t begin, int64_t end)
{
  struct vt_graph *g = n->g;
  int64_t one[1] = {1}, bound[3] = {begin, end, 1};
  struct vt_value *in[4] = {x};
  for (int i = 0; i < 3; i++) { /* starts, ends, axes */
    struct vt_tensor t = vt_tensor_view(VT_I64, 1, one, &bound[i]);
    in[i + 1] = vt_graph_constant(g, "bound", &t);
  }
  return vt_emit(g, "Slice", VT_IN(in[0], in[1], in[2], in[3]), "");
}

static struct vt_value *unit(struct vt_net *n, struct vt_value *x)
{
  return vt_emit(n->g, "LpNormalization", VT_IN(x), "axis=1 p=2");
}

int vt_build_embed(struct vt_net *n, struct vt_value *x, const struct vt_embed_opts *o,
                   struct vt_embed_parts *out, struct vt_err *e)
{
  int64_t group = o->group_dim, kind = group + o->class_dim, all = kind + o->dim;
  *out = (struct vt_embed_parts){0};
  if (o->group_dim < 0 || o->class_dim < 0 || o->dim < 1)
    return vt_fail(e, VT_EARG, "embed: parts of %d, %d and %d numbers", o->group_dim, o->class_dim, o->dim);
  struct vt_value *y = vt__encoder_vector(n, x, &o->encoder, o->network, e); // (N, C)
  if (!y) return vt_graph_status(n->g, e);
  y = vt_net_linear(n, vt__dropout(n, y, o->dropout), "embed", (int)all, false); // (N, all)
  out->raw = columns(n, y, kind, all);
  out->detail = unit(n, out->raw);                      // (N, dim)
  out->group = group ? unit(n, columns(n, y, 0, group)) // (N, group_dim)
                     : out->detail;
  out->kind = o->class_dim ? unit(n, columns(n, y, group, kind)) // (N, class_dim)
                           : out->detail;
  return vt_graph_status(n->g, e);
}

/* One random unit vector of `dim` numbers for each of n classes: (n, dim), the same each time. */
static struct vt_value *codes(struct vt_net *n, int64_t classes, int dim)
{
  struct vt_rng rng;
  struct vt_tensor t;
  if (vt_tensor_init(&t, VT_F32, 2, (int64_t[]){classes, dim}, NULL)) return NULL;
  float *v = t.data;
  vt_rng_init(&rng, 1, (uint64_t)classes, (uint64_t)dim);
  for (int64_t c = 0; c < classes; c++, v += dim) {
    double sum = 0;
    for (int d = 0; d < dim; d++) v[d] = (float)vt_rng_normal(&rng), sum += (double)v[d] * v[d];
    for (int d = 0; d < dim; d++) v[d] = (float)(v[d] / sqrt(sum));
  }
  struct vt_value *out = vt_graph_constant(n->g, "codes", &t);
  vt_tensor_clear(&t);
  return out;
}

struct vt_value *vt_build_embed_posterior(struct vt_net *n, struct vt_value *p, int most)
{
  if (p->dim[1] > most) p = vt_emit(n->g, "MatMul", VT_IN(p, codes(n, p->dim[1], most)), ""); // (N, most)
  return unit(n, p);
}

struct vt_value *vt_build_embed_vector(struct vt_net *n, struct vt_value *const *part, const int *share,
                                       int count)
{
  struct vt_value *y = NULL;
  double total = 0;
  for (int i = 0; i < count; i++) total += share[i];
  for (int i = 0; i < count; i++) {
    if (!share[i]) continue;
    struct vt_value *x =
        vt_emit(n->g, "Mul", VT_IN(part[i], vt_graph_scalar(n->g, (float)sqrt(share[i] / total))), "");
    y = y ? vt_emit(n->g, "Concat", VT_IN(y, x), "axis=1") : x;
  }
  return y;
}
