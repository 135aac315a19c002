/* What hides what: objects that lose pixels, pictures laid over each other, and classes shared between them.
 */
#include "data/policy/op.h"

int vt__aug_draw_object(const struct vt_aug_sample *s, const struct vt_aug_object *o, struct vt_image *bits,
                        uint8_t value, struct vt_err *e)
{
  if (o->mask.n || o->polygons.n) {
    struct vt_mask m = {0};
    int rc = o->mask.n ? 0 : vt_mask_from_polygons(&m, &o->polygons, s->image.width, s->image.height, e);
    if (!rc) vt_mask_to_bitmap(o->mask.n ? &o->mask : &m, bits->px, bits->stride, value);
    vt_mask_clear(&m);
    return rc;
  }
  int x0 = (int)floor(o->box.x), y0 = (int)floor(o->box.y), x1 = (int)ceil(o->box.x + o->box.w),
      y1 = (int)ceil(o->box.y + o->box.h);
  for (int y = VT_MAX(y0, 0); y < VT_MIN(y1, bits->height); y++)
    for (int x = VT_MAX(x0, 0); x < VT_MIN(x1, bits->width); x++) bits->px[y * bits->stride + x] = value;
  return 0;
}

/* Clears what is covered in the object's part of `bits`. Returns pixels left; those lost at *lost. */
static int64_t uncover(struct vt_image *bits, const struct vt_image *cover, const int p[4], int64_t *lost)
{
  int64_t left = 0;
  *lost = 0;
  for (int y = p[1]; y < p[3]; y++) {
    uint8_t *b = bits->px + y * bits->stride;
    const uint8_t *c = cover->px + y * cover->stride;
    for (int x = p[0]; x < p[2]; x++) {
      int was = b[x] != 0, now = was && !c[x];
      *lost += was - now;
      left += now;
      b[x] = (uint8_t)now;
    }
  }
  return left;
}

static int hide_object(struct vt_aug_sample *s, struct vt_aug_object *o, const struct vt_image *cover,
                       struct vt_image *bits, struct vt_err *e)
{
  const int p[4] = {(int)VT_CLAMP(floor(o->box.x), 0, bits->width),
                    (int)VT_CLAMP(floor(o->box.y), 0, bits->height),
                    (int)VT_CLAMP(ceil(o->box.x + o->box.w), 0, bits->width),
                    (int)VT_CLAMP(ceil(o->box.y + o->box.h), 0, bits->height)};
  int rc = vt__aug_draw_object(s, o, bits, 1, e);
  if (rc) return rc;
  vt__points_hide(o, cover);
  int64_t lost, left = uncover(bits, cover, p, &lost);
  struct vt_mask rest = {0};
  if (lost) rc = vt_mask_from_bitmap(&rest, bits->px, bits->width, bits->height, bits->stride, e);
  for (int y = p[1]; y < p[3]; y++) memset(bits->px + y * bits->stride + p[0], 0, (size_t)(p[2] - p[0]));
  if (rc || !lost) return rc;
  o->visible *= (double)left / (double)(left + lost);
  struct vt_box tight = vt_mask_box(&rest);
  bool shaped = o->mask.n || o->polygons.n;
  double x = VT_MAX(o->box.x, tight.x), y = VT_MAX(o->box.y, tight.y);
  o->box.w = VT_MAX(0, VT_MIN(o->box.x + o->box.w, tight.x + tight.w) - x);
  o->box.h = VT_MAX(0, VT_MIN(o->box.y + o->box.h, tight.y + tight.h) - y);
  o->box.x = x;
  o->box.y = y;
  vt_mask_clear(&o->mask);
  vt_polygons_clear(&o->polygons); /* what is left is a mask */
  if (shaped && left)
    o->mask = rest;
  else
    vt_mask_clear(&rest);
  if (!left) o->visible = 0;
  return 0;
}

int vt__aug_hide(struct vt_aug_sample *s, const struct vt_image *cover, const struct vt_aug_env *env,
                 struct vt_err *e)
{
  struct vt_image bits = {0};
  int kept = 0, rc = s->nobjects ? vt_image_init(&bits, s->image.width, s->image.height, 1, e) : 0;
  for (int i = 0; i < s->nobjects; i++) {
    struct vt_aug_object *o = &s->object[i];
    if (!rc) rc = hide_object(s, o, cover, &bits, e);
    if (!rc && (o->visible <= 0 || o->visible < env->min_visible)) {
      vt__aug_object_clear(o);
    } else
      s->object[kept++] = *o;
  }
  s->nobjects = kept;
  vt_image_clear(&bits);
  return rc;
}

int vt__aug_erased(struct vt_aug_sample *s, const struct vt_image *cover, bool hide,
                   const struct vt_aug_env *env, struct vt_err *e)
{
  if (!hide) return 0;
  for (int y = 0; y < s->labels.height; y++) {
    uint8_t *l = s->labels.px + y * s->labels.stride;
    const uint8_t *c = cover->px + y * cover->stride;
    for (int x = 0; x < s->labels.width; x++)
      if (c[x]) l[x] = env->label_fill;
  }
  return vt__aug_hide(s, cover, env, e);
}

int vt__aug_take_objects(struct vt_aug_sample *dst, struct vt_aug_sample *src, struct vt_err *e)
{
  for (int i = 0; i < src->nobjects; i++) {
    struct vt_aug_object *o = vt_aug_sample_push(dst, e);
    if (!o) return VT_ENOMEM;
    *o = src->object[i];
    src->object[i] = (struct vt_aug_object){0};
  }
  src->nobjects = 0;
  return 0;
}

int vt__aug_overlay(struct vt_aug_sample *dst, struct vt_aug_sample *src, const struct vt_image *cover,
                    const struct vt_aug_env *env, struct vt_err *e)
{
  const int c = dst->image.channels;
  for (int y = 0; y < cover->height; y++) {
    const uint8_t *in = cover->px + y * cover->stride, *from = src->image.px + y * src->image.stride;
    uint8_t *to = dst->image.px + y * dst->image.stride;
    for (int x = 0; x < cover->width; x++)
      if (in[x]) memcpy(to + (int64_t)x * c, from + (int64_t)x * c, (size_t)c);
    if (!dst->labels.px) continue;
    const uint8_t *l = src->labels.px ? src->labels.px + y * src->labels.stride : NULL;
    uint8_t *k = dst->labels.px + y * dst->labels.stride;
    for (int x = 0; x < cover->width; x++)
      if (in[x]) k[x] = l ? l[x] : env->label_fill;
  }
  int rc = vt__aug_hide(dst, cover, env, e);
  return rc ? rc : vt__aug_take_objects(dst, src, e);
}

int vt__aug_paste(struct vt_aug_sample *dst, struct vt_aug_sample *src, const double r[4],
                  const struct vt_aug_env *env, struct vt_err *e)
{
  struct vt_image cover = {0};
  struct vt_aug_move g;
  vt__stretch(&g, r[0], r[1], r[2], r[3], (int)r[2], (int)r[3]);
  int rc = vt_aug_sample_move(src, &g, env, e); /* cuts the objects to the rectangle */
  vt__stretch(&g, -r[0], -r[1], dst->image.width, dst->image.height, dst->image.width, dst->image.height);
  if (!rc) rc = vt_aug_sample_move(src, &g, env, e);
  if (!rc) rc = vt_image_init(&cover, dst->image.width, dst->image.height, 1, e);
  if (!rc) {
    vt__cover_rect(&cover, (int)r[0], (int)r[1], (int)r[2], (int)r[3]);
    rc = vt__aug_overlay(dst, src, &cover, env, e);
  }
  vt_image_clear(&cover);
  return rc;
}

int vt__aug_mix_targets(struct vt_aug_sample *dst, const struct vt_aug_sample *src, double keep,
                        struct vt_err *e)
{
  for (int i = 0; i < dst->ntargets; i++) dst->target[i].weight *= keep;
  for (int i = 0; i < src->ntargets; i++) {
    int k = 0;
    while (k < dst->ntargets && dst->target[k].cls != src->target[i].cls) k++;
    if (k == VT_AUG_TARGETS) return vt_fail(e, VT_ELIMIT, "more than %d classes mixed", VT_AUG_TARGETS);
    if (k == dst->ntargets) dst->target[dst->ntargets++] = (struct vt_aug_target){src->target[i].cls, 0};
    dst->target[k].weight += (1 - keep) * src->target[i].weight;
  }
  return 0;
}

int vt__aug_cover_fit(struct vt_aug_sample *s, int w, int h, const struct vt_aug_env *env, struct vt_err *e)
{
  struct vt_aug_move g;
  double iw = s->image.width, ih = s->image.height, k = VT_MAX(w / iw, h / ih);
  vt__stretch(&g, (iw - w / k) / 2, (ih - h / k) / 2, w / k, h / k, w, h);
  return vt_aug_sample_move(s, &g, env, e);
}

int vt__aug_other(struct vt_aug_sample *out, int w, int h, const struct vt_aug_env *env, struct vt_rng *rng,
                  struct vt_err *e)
{
  *out = (struct vt_aug_sample){0};
  if (!env->other) return vt_fail(e, VT_EARG, "mixing needs other pictures, and none are given");
  int rc = env->other(out, rng, env->ctx, e);
  if (!rc) rc = vt__aug_cover_fit(out, w, h, env, e);
  if (rc) vt_aug_sample_clear(out);
  return rc;
}

/* Gamma(a): for a < 1 as Gamma(a + 1) u^(1/a). */
static double gamma_variate(struct vt_rng *rng, double a)
{
  double boost = a < 1 ? pow(1 - vt_rng_unit(rng), 1 / a) : 1;
  double d = (a < 1 ? a + 1 : a) - 1 / 3.0, c = 1 / sqrt(9 * d);
  for (;;) {
    double x = vt_rng_normal(rng), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    if (log(1 - vt_rng_unit(rng)) < x * x / 2 + d - d * v + d * log(v)) return d * v * boost;
  }
}

double vt__aug_beta(struct vt_rng *rng, double a)
{
  double x = gamma_variate(rng, a), y = gamma_variate(rng, a);
  return x + y > 0 ? x / (x + y) : .5;
}
