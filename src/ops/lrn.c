/* LRN (Krizhevsky, Sutskever, Hinton 2012): y = x / (bias + alpha / size · Σ x² over neighbouring
 * channels)^beta. */
#include "ops/util.h"

struct attrs {
  float alpha, beta, bias;
  int64_t size;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int rc = vt__check_rank(n, 0, 2, VT_MAX_RANK, e);
  if (!rc && (a->size < 1 || a->size > INT32_MAX))
    rc = vt__bad(e, VT_EARG, n, "size %lld", (long long)a->size);
  return rc ? rc : vt__infer_same(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t channels = x->dim[1], plane = vt__span(x->dim, 2, x->rank), before = (a->size - 1) / 2;
  int64_t after = a->size - 1 - before;
  for (int64_t n = 0; n < x->dim[0]; n++)
    for (int64_t ch = 0; ch < channels; ch++)
      for (int64_t i = 0; i < plane; i++) {
        const float *p = (const float *)x->data + n * channels * plane + i;
        int64_t from = VT_MAX(ch - before, 0), to = VT_MIN(ch + after, channels - 1);
        double sum = 0;
        for (int64_t k = from; k <= to; k++) sum += (double)p[k * plane] * (double)p[k * plane];
        double base = (double)a->bias + (double)a->alpha / (double)a->size * sum;
        ((float *)c->out[0]->data)[(n * channels + ch) * plane + i] =
            (float)((double)p[ch * plane] / pow(base, (double)a->beta));
      }
  return VT_OK;
}

/* Sums over windows of channels: (N, C, …) as (N, 1, C, rest) through a convolution of ones. */
static struct vt_value *window_sum(struct vt_graph *g, struct vt_value *v, int64_t size, int64_t before)
{
  int64_t n = v->dim[0], c = v->dim[1], flat[4] = {n, 1, c, vt__span(v->dim, 2, v->rank)};
  struct vt_tensor t;
  if (vt_graph_status(g, NULL) || vt_tensor_init(&t, VT_F32, 4, (int64_t[]){1, 1, size, 1}, &g->err))
    return NULL;
  for (int64_t i = 0; i < size; i++) ((float *)t.data)[i] = 1;
  struct vt_value *y = vt_emit(g, "Reshape", VT_IN(v, vt_graph_ints(g, 4, flat)), "");
  y = vt_emit(g, "Conv", VT_IN(y, vt_graph_constant(g, "ones", &t)),
              "kernel_shape=[%lld,1] pads=[%lld,0,%lld,0]", (long long)size, (long long)before,
              (long long)(size - 1 - before));
  vt_tensor_clear(&t);
  return vt_emit(g, "Reshape", VT_IN(y, vt_graph_ints(g, v->rank, v->dim)), "");
}

/* With b the base of the power: dx_j = dy_j b_j^-beta - 2 alpha beta / size x_j Σ dy_i y_i / b_i, over the i
 * whose windows hold j. */
static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  struct vt_value *x = n->in[0];
  int64_t before = (a->size - 1) / 2;
  float alpha = a->alpha / (float)a->size;
  if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  struct vt_value *b = window_sum(g, vt_emit(g, "Mul", VT_IN(x, x), ""), a->size, before);
  b = vt_emit(g, "Mul", VT_IN(b, vt_graph_scalar(g, alpha)), "");
  b = vt_emit(g, "Add", VT_IN(b, vt_graph_scalar(g, a->bias)), "");
  struct vt_value *q = vt_emit(g, "Div", VT_IN(vt_emit(g, "Mul", VT_IN(dy[0], n->out[0]), ""), b), "");
  q = vt_emit(g, "Mul", VT_IN(window_sum(g, q, a->size, a->size - 1 - before), x), "");
  q = vt_emit(g, "Mul", VT_IN(q, vt_graph_scalar(g, 2 * alpha * a->beta)), "");
  b = vt_emit(g, "Pow", VT_IN(b, vt_graph_scalar(g, -a->beta)), "");
  dx[0] = vt_emit(g, "Sub", VT_IN(vt_emit(g, "Mul", VT_IN(dy[0], b), ""), q), "");
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {
    VT_A_FLOAT(struct attrs, alpha, 1e-4f),
    VT_A_FLOAT(struct attrs, beta, 0.75f),
    VT_A_FLOAT(struct attrs, bias, 1),
    {.name = "size", .type = VT_ATTR_INT, .offset = offsetof(struct attrs, size), .required = true}};
static const struct vt_op_case cases[] = {{"five", "size=5 alpha=0.1", "f32[2,16,3,4]"},
                                          {"even", "size=2 alpha=1 beta=0.5 bias=2", "f32[1,5,3,3]"}};

const struct vt_op_desc vt_op_lrn = {
    .name = "LRN",
    .domain = "",
    .since = 1,
    .doc = "y = x / (bias + alpha / size sum of x^2 over size neighbouring channels)^beta.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    .reach = vt__reach_same,
    VT_CASES(cases),
};
