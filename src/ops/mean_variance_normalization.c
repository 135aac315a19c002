/* MeanVarianceNormalization: y = (x − E x) / (√(E x² − (E x)²) + 1e-9), moments over `axes`. */
#include "ops/util.h"

struct attrs {
  struct vt_ints axes;
};

static const int64_t usual[] = {0, 2, 3};

static int flags(const struct vt_node *n, int rank, bool *flag, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const int64_t *v = a->axes.n ? a->axes.v : usual;
  int count = a->axes.n ? a->axes.n : (int)VT_COUNT(usual), axis;
  memset(flag, 0, VT_MAX_RANK * sizeof *flag);
  for (int i = 0; i < count; i++) {
    int rc = vt__axis(n, v[i], rank, &axis, e);
    if (rc) return rc;
    flag[axis] = true;
  }
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  bool flag[VT_MAX_RANK];
  int rc = n->in[0]->rank < 0 ? VT_OK : flags(n, n->in[0]->rank, flag, e);
  return rc ? rc : vt__infer_same(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  const float *px = x->data;
  float *py = c->out[0]->data;
  bool flag[VT_MAX_RANK];
  int64_t n = vt_tensor_count(x), groups = 1, place[VT_MAX_RANK];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = flags(c->node, x->rank, flag, e);
  if (rc) return rc;
  for (int d = x->rank - 1; d >= 0; d--) { /* an element's group: its index over the axes that stay */
    place[d] = flag[d] ? 0 : groups;
    if (!flag[d]) groups *= x->dim[d];
  }
  double *sum = vt_calloc((size_t)groups * 2 + 1, sizeof *sum), *square = sum + groups;
  if (!sum) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int pass = 0; pass < 3; pass++)
    for (int64_t i = 0; i < n; i++) {
      int64_t rest = i, k = 0;
      for (int d = x->rank - 1; d >= 0; d--) {
        k += rest % x->dim[d] * place[d];
        rest /= x->dim[d];
      }
      double m = (double)groups / (double)n, off = (double)px[i] - sum[k] * m;
      if (pass == 0)
        sum[k] += (double)px[i];
      else if (pass == 1)
        square[k] += off * off;
      else
        py[i] = (float)(off / (sqrt(square[k] * m) + 1e-9));
    }
  vt_free(sum);
  return VT_OK;
}

/* dx = (dy − E dy − y E (dy y)) / σ, leaving the 1e-9 out. */
static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  const int64_t *v = a->axes.n ? a->axes.v : usual;
  int count = a->axes.n ? a->axes.n : (int)VT_COUNT(usual);
  struct vt_value *x = n->in[0], *y = n->out[0];
  struct vt_value *off = vt_emit(g, "Sub", VT_IN(x, vt__reduce(g, "ReduceMean", x, count, v, true)), "");
  struct vt_value *square = vt_emit(g, "Mul", VT_IN(off, off), "");
  struct vt_value *sigma = vt_emit(g, "Sqrt", VT_IN(vt__reduce(g, "ReduceMean", square, count, v, true)), "");
  struct vt_value *along = vt_emit(g, "Mul", VT_IN(dy[0], y), "");
  along = vt_emit(g, "Mul", VT_IN(y, vt__reduce(g, "ReduceMean", along, count, v, true)), "");
  struct vt_value *d =
      vt_emit(g, "Sub", VT_IN(dy[0], vt__reduce(g, "ReduceMean", dy[0], count, v, true)), "");
  dx[0] = vt_emit(g, "Div", VT_IN(vt_emit(g, "Sub", VT_IN(d, along), ""), sigma), "");
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT_A_INTS(struct attrs, axes)};
static const struct vt_op_case cases[] = {{"channels", "", "f32[2,3,4,5]"},
                                          {"one picture", "axes=[1,2,3]", "f32[2,3,4,2]"},
                                          {"rows", "axes=[-1]", "f32[3,7]"}};

const struct vt_op_desc vt_op_mean_variance_normalization = {
    .name = "MeanVarianceNormalization",
    .domain = "",
    .since = 9,
    .doc = "y = (x - mean) / standard deviation, both over the given axes.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
