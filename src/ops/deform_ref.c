/* Where deformable convolutions read. */
#include "ops/deform_ref.h"

static bool is(const struct vt_tensor *t, int64_t n, int64_t c, int64_t h, int64_t w)
{
  return t->dtype == VT_F32 && t->rank == 4 && t->dim[0] == n && t->dim[1] == c && t->dim[2] == h &&
         t->dim[3] == w;
}

int vt__deform_init(struct vt__deform *s, const struct vt_node *n, const struct vt_tensor *x,
                    const struct vt_tensor *w, const struct vt_tensor *offset, const struct vt_tensor *mask,
                    struct vt_err *e)
{
  const struct vt__deform_attrs *a = n->attrs;
  if (x->rank != 4 || w->rank != 4) return vt__bad(e, VT_ESHAPE, n, "input and weight must have rank 4");
  if (x->dtype != VT_F32 || w->dtype != VT_F32)
    return vt__bad(e, VT_EUNSUPPORTED, n, "no kernel but for f32");
  int rc = vt__conv_sizes(&s->conv, n, 4, x->dim, w->dim, e);
  if (rc) return rc;
  const struct vt_window *g = &s->conv.win;
  s->h = g->in[1];
  s->w = g->in[2];
  s->kh = g->k[1];
  s->kw = g->k[2];
  s->oh = g->out[1];
  s->ow = g->out[2];
  s->groups = a->offset_group;
  const bool fits = s->groups >= 1 && s->groups <= VT_MAX(s->conv.c, 1) && s->conv.c % s->groups == 0;
  int64_t taps = fits ? s->groups * s->kh * s->kw : 0;
  if (!fits || !is(offset, x->dim[0], 2 * taps, s->oh, s->ow) ||
      (mask && !is(mask, x->dim[0], taps, s->oh, s->ow)))
    return vt__bad(e, VT_ESHAPE, n, "offset (and mask) do not fit %lld groups of %lld x %lld for %lld x %lld",
                   (long long)s->groups, (long long)s->kh, (long long)s->kw, (long long)s->oh,
                   (long long)s->ow);
  return VT_OK;
}

void vt__deform_tap(struct vt__deform_tap *t, const struct vt__deform *s, const float *offset,
                    const float *mask, int64_t n, int64_t group, int64_t k, int64_t place)
{
  const struct vt_window *g = &s->conv.win;
  int64_t plane = s->oh * s->ow, taps = s->kh * s->kw, first = (n * s->groups + group) * taps + k;
  t->offset = 2 * first * plane + place;
  t->mask_at = first * plane + place;
  t->mask = mask ? mask[t->mask_at] : 1;
  int64_t row = place / s->ow, column = place % s->ow, kh = k / s->kw, kw = k % s->kw;
  float y = (float)(row * g->stride[1] + kh * g->dil[1] - g->lo[1]) + offset[t->offset];
  float x = (float)(column * g->stride[2] + kw * g->dil[2] - g->lo[2]) + offset[t->offset + plane];
  bool inside = y > -1 && y < (float)s->h && x > -1 && x < (float)s->w; /* false for NaN too */
  float y0 = inside ? floorf(y) : -2, x0 = inside ? floorf(x) : -2, fy = inside ? y - y0 : 0,
        fx = inside ? x - x0 : 0;
  for (int i = 0; i < 4; i++) {
    int64_t r = (int64_t)y0 + i / 2, c = (int64_t)x0 + i % 2;
    t->at[i] = r >= 0 && r < s->h && c >= 0 && c < s->w ? r * s->w + c : -1;
    t->weight[i] = (i / 2 ? fy : 1 - fy) * (i % 2 ? fx : 1 - fx);
    t->by_y[i] = (i / 2 ? 1.f : -1.f) * (i % 2 ? fx : 1 - fx);
    t->by_x[i] = (i / 2 ? fy : 1 - fy) * (i % 2 ? 1.f : -1.f);
  }
}
