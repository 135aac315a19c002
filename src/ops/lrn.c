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
  if (!rc && a->size < 1) rc = vt__bad(e, VT_EARG, n, "size %lld", (long long)a->size);
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
    .reach = vt__reach_same,
    VT_CASES(cases),
};
