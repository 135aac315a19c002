/* DeformConv (Dai et al. 2017; with mask: Zhu et al. 2019): a convolution whose kernel elements read where
 * learned offsets send them, bilinearly, times a mask:
 *   y[n,m,p] = b[m] + Σ_{c,k} w[m,c,k] mask[k,p] x[n, c, p stride + k dilation − pad + offset[k,p]]. */
#include "ops/deform_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__check_rank(n, 0, 4, 4, e);
  if (!rc) rc = vt__check_rank(n, 1, 4, 4, e);
  if (!rc) rc = vt__check_rank(n, 2, 4, 4, e);
  return rc ? rc : vt__conv_infer_at(n, 0, 1, 3, false, n->in[0]->dtype, e);
}

/* In eight sums, so that it is done by vectors. */
static double dot(const float *a, const float *b, int64_t n)
{
  double part[8] = {0}, sum = 0;
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 8; k++) part[k] += (double)a[i + k] * (double)b[i + k];
  for (; i < n; i++) sum += (double)a[i] * (double)b[i];
  for (int k = 0; k < 8; k++) sum += part[k];
  return sum;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *w = c->in[1], *bias = vt__arg(c, 3), *mask = vt__arg(c, 4);
  struct vt__deform s;
  struct vt__deform_tap tap;
  int rc = vt__deform_init(&s, c->node, x, w, c->in[2], mask, e);
  if (rc) return rc;
  int64_t taps = s.kh * s.kw, plane = s.oh * s.ow, channels = s.conv.c, per = channels / s.groups;
  int64_t cg = channels / s.conv.group, mg = s.conv.m / s.conv.group;
  if (bias && vt_tensor_count(bias) != s.conv.m) return vt__bad(e, VT_ESHAPE, c->node, "bias does not fit");
  float *col = vt_calloc((size_t)(channels * taps) + 1, sizeof *col), *y = c->out[0]->data;
  if (!col) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t n = 0; n < s.conv.n; n++)
    for (int64_t p = 0; p < plane; p++) {
      for (int64_t i = 0; i < s.groups * taps; i++) {
        vt__deform_tap(&tap, &s, c->in[2]->data, mask ? mask->data : NULL, n, i / taps, i % taps, p);
        for (int64_t k = i / taps * per; k < (i / taps + 1) * per; k++) {
          const float *px = (const float *)x->data + (n * channels + k) * s.h * s.w;
          float v = 0;
          for (int t = 0; t < 4; t++) v += tap.at[t] < 0 ? 0 : tap.weight[t] * px[tap.at[t]];
          col[k * taps + i % taps] = v * tap.mask;
        }
      }
      for (int64_t m = 0; m < s.conv.m; m++) {
        const float *pw = (const float *)w->data + m * cg * taps, *pc = col + m / mg * cg * taps;
        double sum = dot(pw, pc, cg * taps);
        if (bias) sum += (double)((const float *)bias->data)[m];
        y[(n * s.conv.m + m) * plane + p] = (float)sum;
      }
    }
  vt_free(col);
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *mask = vt__in_mut(n, 4), *out[4] = {NULL};
  if (need[0] || need[1] || need[2] || (mask && need[4]))
    vt__emit_ours(g, "DeformConvGrad", mask ? 5 : 4, VT_ARRAY_(dy[0], n->in[0], n->in[1], n->in[2], mask),
                  mask ? 4 : 3, out, n->attrs);
  for (int i = 0; i < 3; i++)
    if (need[i]) dx[i] = out[i];
  if (vt__in(n, 3) && need[3]) dx[3] = vt__bias_grad(g, dy[0]);
  if (mask && need[4]) dx[4] = out[3];
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT__DEFORM_ROWS};
static const struct vt_op_case cases[] = {
    {"v1", "pads=[1,1,1,1]", "f32[1,2,4,5] f32[3,2,3,3] f32[1,18,4,5] f32[3]"},
    {"v2, strides", "strides=[2,2] pads=[1,0,1,0]",
     "f32[2,2,5,5] f32[2,2,3,2] f32[2,12,3,2] - f32[2,6,3,2]:0..1"},
    {"groups", "group=2 offset_group=2 dilations=[1,2]",
     "f32[1,4,4,5] f32[4,2,2,2] f32[1,16,3,3] f32[4] f32[1,8,3,3]:0..1"},
};

const struct vt_op_desc vt_op_deform_conv = {
    .name = "DeformConv",
    .domain = "",
    .since = 19,
    .doc = "Convolution whose kernel elements read at learned offsets, times an optional mask.",
    VT_ATTRS(rows, struct vt__deform_attrs),
    .min_in = 3,
    .max_in = 5,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    .macs = vt__conv_macs,
    VT_CASES(cases),
};
