/* TopK: the k largest (or smallest) values along one axis in order, and their positions; ties by position. */
#include "ops/util.h"
#include <stdlib.h>

struct attrs {
  int64_t axis, largest, sorted;
};

static int size(const struct vt_node *n, int rank, const int64_t *dim, const struct vt_tensor *k, int *axis,
                int64_t *out, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int64_t want = -1;
  int rc = vt__axis(n, a->axis, rank, axis, e);
  if (rc) return rc;
  if (k && vt__tensor_ints(k, &want, 1) != 1) return vt__bad(e, VT_EARG, n, "k must be one integer");
  if (k && (want < 0 || (dim[*axis] >= 0 && want > dim[*axis])))
    return vt__bad(e, VT_EARG, n, "k is %lld of %lld", (long long)want, (long long)dim[*axis]);
  for (int d = 0; d < rank; d++) out[d] = d == *axis ? want : dim[d];
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *k = n->in[1];
  int64_t dim[VT_MAX_RANK];
  int axis,
      rc = x->rank < 0 ? VT_OK : size(n, x->rank, x->dim, k->is_constant ? &k->init : NULL, &axis, dim, e);
  if (rc) return rc;
  vt__out(n, 0, x->dtype, x->rank, dim);
  vt__out(n, 1, VT_I64, x->rank, dim);
  return VT_OK;
}

struct item {
  double key; /* smaller comes first */
  int64_t at;
};

static int by_key(const void *a, const void *b)
{
  const struct item *x = a, *y = b;
  return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->at > y->at) - (x->at < y->at);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  int64_t dim[VT_MAX_RANK];
  int axis, rc = size(c->node, x->rank, x->dim, c->in[1], &axis, dim, e);
  if (!rc) rc = vt__res_shape(c, 0, x->dtype, x->rank, dim, e);
  if (!rc) rc = vt__res_shape(c, 1, VT_I64, x->rank, dim, e);
  if (rc) return rc;
  int64_t outer = vt__span(dim, 0, axis), inner = vt__span(dim, axis + 1, x->rank), n = x->dim[axis],
          k = dim[axis];
  struct item *item = vt_calloc((size_t)n + 1, sizeof *item);
  if (!item) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      for (int64_t j = 0; j < n; j++) {
        double v = vt_tensor_get(x, (o * n + j) * inner + i);
        item[j] = (struct item){a->largest ? -v : v, j};
      }
      qsort(item, (size_t)n, sizeof *item, by_key);
      for (int64_t j = 0; j < k; j++) {
        int64_t to = (o * k + j) * inner + i;
        if (vt__res(c, 0))
          vt__copy1(c->out[0]->data, to, x->data, (o * n + item[j].at) * inner + i, vt_dtype_size(x->dtype));
        if (vt__res(c, 1)) ((int64_t *)c->out[1]->data)[to] = item[j].at;
      }
    }
  vt_free(item);
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  if (n->nout < 2 || !n->out[1])
    return vt__bad(e, VT_EARG, n, "its gradient needs the indices, its second output");
  if (!need[0] || !dy[0]) return VT_OK;
  struct vt_value *zero = vt_emit(g, "Mul", VT_IN(n->in[0], vt_graph_scalar(g, 0)), "");
  dx[0] = vt_emit(g, "ScatterElements", VT_IN(zero, n->out[1], dy[0]), "axis=%d", (int)a->axis);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {
    VT_A_INT(struct attrs, axis, -1), VT_A_INT(struct attrs, largest, 1), VT_A_INT(struct attrs, sorted, 1)};
static const struct vt_op_case cases[] = {{"largest", "", "f32[3,7] i64[1]={3}", 2},
                                          {"smallest", "axis=1 largest=0", "f32[2,5,3] i64[1]={2}", 2},
                                          {"ties", "", "i64[6]={1,3,3,2,3,1} i64[1]={4}", 2}};

const struct vt_op_desc vt_op_top_k = {
    .name = "TopK",
    .domain = "",
    .since = 10,
    .doc = "The k largest or smallest values along one axis, in order, and their positions.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 2,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
