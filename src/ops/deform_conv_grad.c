/* ai.vitrine:DeformConvGrad: gradients of DeformConv from (dy, x, w, offset, mask): dx, dw, d offset, d mask.
 */
#include "ops/deform_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  for (int i = 0; i < n->nout; i++)
    if (i < 3 || vt__in(n, 4)) vt__out_like(n, i, n->in[1 + i]);
  return n->nout > 3 && !vt__in(n, 4) ? vt__bad(e, VT_EARG, n, "without mask, it has no gradient") : VT_OK;
}

struct places {
  const float *dy, *x, *w, *offset, *mask;
  float *dx, *dw, *doffset, *dmask;
  float *col, *dcol; /* (C, taps) of one output place */
};

/* One kernel element of one output place for one group of channels. */
static void one(const struct vt__deform *s, const struct places *v, int64_t n, int64_t group, int64_t k,
                int64_t p)
{
  struct vt__deform_tap t;
  int64_t taps = s->kh * s->kw, channels = s->conv.c, per = channels / s->groups;
  double by_y = 0, by_x = 0, by_mask = 0;
  vt__deform_tap(&t, s, v->offset, v->mask, n, group, k, p);
  for (int64_t c = group * per; c < (group + 1) * per; c++) {
    int64_t plane = (n * channels + c) * s->h * s->w;
    float d = v->dcol[c * taps + k];
    for (int i = 0; i < 4; i++) {
      if (t.at[i] < 0) continue;
      float px = v->x[plane + t.at[i]];
      if (v->dx) v->dx[plane + t.at[i]] += d * t.mask * t.weight[i];
      by_mask += (double)(d * px * t.weight[i]);
      by_y += (double)(d * t.mask * px * t.by_y[i]);
      by_x += (double)(d * t.mask * px * t.by_x[i]);
    }
  }
  if (v->doffset) {
    v->doffset[t.offset] = (float)by_y;
    v->doffset[t.offset + s->oh * s->ow] = (float)by_x;
  }
  if (v->dmask) v->dmask[t.mask_at] = (float)by_mask;
}

/* col = what each kernel element of the place reads. */
static void columns(const struct vt__deform *s, const struct places *v, int64_t n, int64_t p)
{
  int64_t taps = s->kh * s->kw, channels = s->conv.c, per = channels / s->groups;
  for (int64_t g = 0; g < s->groups; g++)
    for (int64_t k = 0; k < taps; k++) {
      struct vt__deform_tap t;
      vt__deform_tap(&t, s, v->offset, v->mask, n, g, k, p);
      for (int64_t c = g * per; c < (g + 1) * per; c++) {
        float col = 0;
        for (int i = 0; i < 4; i++)
          if (t.at[i] >= 0) col += t.weight[i] * v->x[(n * channels + c) * s->h * s->w + t.at[i]];
        v->col[c * taps + k] = col * t.mask;
      }
    }
}

/* dcol = Σ_m w dy at this place, and what it adds to dw. */
static void weights(const struct vt__deform *s, const struct places *v, int64_t n, int64_t p)
{
  int64_t taps = s->kh * s->kw, plane = s->oh * s->ow, channels = s->conv.c;
  int64_t cg = channels / s->conv.group, mg = s->conv.m / s->conv.group, len = cg * taps;
  memset(v->dcol, 0, (size_t)(channels * taps) * sizeof *v->dcol);
  if (v->dw) columns(s, v, n, p);
  for (int64_t m = 0; m < s->conv.m; m++) {
    float d = v->dy[(n * s->conv.m + m) * plane + p], *dcol = v->dcol + m / mg * len;
    for (int64_t i = 0; i < len; i++) dcol[i] += d * v->w[m * len + i];
    if (!v->dw) continue;
    const float *col = v->col + m / mg * len;
    for (int64_t i = 0; i < len; i++) v->dw[m * len + i] += d * col[i];
  }
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *mask = vt__arg(c, 4);
  struct vt__deform s;
  int rc = vt__deform_init(&s, c->node, c->in[1], c->in[2], c->in[3], mask, e);
  if (rc) return rc;
  const struct vt_tensor *dy = c->in[0];
  if (dy->dtype != VT_F32 || vt_tensor_count(dy) != s.conv.n * s.conv.m * s.oh * s.ow)
    return vt__bad(e, VT_ESHAPE, c->node, "the gradient does not have the shape of the output");
  struct places v = {.dy = c->in[0]->data,
                     .x = c->in[1]->data,
                     .w = c->in[2]->data,
                     .offset = c->in[3]->data,
                     .mask = mask ? mask->data : NULL};
  float **to[4] = {&v.dx, &v.dw, &v.doffset, &v.dmask};
  for (int i = 0; i < 4; i++) {
    struct vt_tensor *t = vt__res(c, i);
    if (!t) continue;
    *to[i] = t->data;
    if (vt_tensor_bytes(t)) memset(t->data, 0, vt_tensor_bytes(t));
  }
  int64_t taps = s.kh * s.kw;
  v.dcol = vt_calloc((size_t)(2 * s.conv.c * taps) + 1, sizeof *v.dcol);
  v.col = v.dcol ? v.dcol + s.conv.c * taps : NULL;
  if (!v.dcol) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t n = 0; n < s.conv.n; n++)
    for (int64_t p = 0; p < s.oh * s.ow; p++) {
      weights(&s, &v, n, p);
      for (int64_t i = 0; i < s.groups * taps; i++) one(&s, &v, n, i / taps, i % taps, p);
    }
  vt_free(v.dcol);
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT__DEFORM_ROWS};
static const struct vt_op_case cases[] = {
    {"v1", "pads=[1,1,1,1]", "f32[1,3,4,5] f32[1,2,4,5] f32[3,2,3,3] f32[1,18,4,5]", 3},
    {"v2", "", "f32[1,2,3,3] f32[1,2,4,4] f32[2,2,2,2] f32[1,8,3,3] f32[1,4,3,3]:0..1", 4},
};

const struct vt_op_desc vt_op_deform_conv_grad = {
    .name = "DeformConvGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradients of DeformConv from (dy, x, w, offset, mask): dx, dw, d offset, d mask.",
    VT_ATTRS(rows, struct vt__deform_attrs),
    .min_in = 4,
    .max_in = 5,
    .min_out = 3,
    .max_out = 4,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
