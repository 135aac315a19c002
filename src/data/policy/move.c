/* Moving a picture and all that is known about it by one projective map, with one resampling.
 *
 * Maps that only turn pixels over or shift them by whole pixels copy; those that stretch the picture onto
 * whole pixels of the canvas go through the antialiasing resize; others are warped, after an antialiased
 * shrinking where the result is smaller. Label maps and masks take, in every case, the source pixel that the
 * centre of the result's pixel falls into, so they agree with each other exactly. Boxes become the box of
 * their mapped corners; where the object was turned or cut, no more of that than what is left of its shape.
 */
#include "data/policy/op.h"

static const double near_enough = 1e-6;

static bool whole(double v)
{
  return fabs(v - round(v)) < near_enough;
}
static bool projective(const double m[9])
{
  return m[6] != 0 || m[7] != 0 || m[8] != 1;
}
static bool upright(const double m[9]) /* axes stay axes */
{
  return m[1] == 0 && m[3] == 0 && !projective(m);
}

/* Pixels copied: scales of +-1 and whole shifts. */
static bool copies(const double m[9])
{
  return upright(m) && fabs(fabs(m[0]) - 1) < 1e-12 && fabs(fabs(m[4]) - 1) < 1e-12 && whole(m[2]) &&
         whole(m[5]);
}

static void copy_moved(struct vt_image *out, const struct vt_image *im, const double m[9])
{
  const int c = im->channels, tx = (int)lround(m[2]), ty = (int)lround(m[5]);
  /* out pixel x holds source pixel x - tx, or tx - 1 - x when turned over */
  const int x0 = VT_MAX(0, m[0] > 0 ? tx : tx - im->width);
  const int x1 = VT_MIN(out->width, m[0] > 0 ? tx + im->width : tx);
  for (int y = 0; y < out->height; y++) {
    int sy = m[4] > 0 ? y - ty : ty - 1 - y;
    if (sy < 0 || sy >= im->height || x1 <= x0) continue;
    const uint8_t *from = im->px + sy * im->stride;
    uint8_t *to = out->px + y * out->stride + (int64_t)x0 * c;
    if (m[0] > 0) {
      memcpy(to, from + (int64_t)(x0 - tx) * c, (size_t)(x1 - x0) * (size_t)c);
      continue;
    }
    from += (int64_t)(tx - 1 - x0) * c;
    if (c == 3) {
      for (int x = x0; x < x1; x++, from -= 3, to += 3) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
      }
      continue;
    }
    for (int x = x0; x < x1; x++, from -= c)
      for (int k = 0; k < c; k++) *to++ = from[k];
  }
}

/* Where the picture lands on whole pixels, or covers the canvas: one resize into that part. 1: done. */
static int resize_moved(struct vt_image *out, const struct vt_image *im, const double m[9], struct vt_err *e)
{
  if (!upright(m) || m[0] == 0 || m[4] == 0) return 0;
  struct vt_box all = vt__map3_box(m, (struct vt_box){0, 0, im->width, im->height});
  double lo[2] = {all.x, all.y}, hi[2] = {all.x + all.w, all.y + all.h};
  const int side[2] = {out->width, out->height}, source[2] = {im->width, im->height};
  int from[2], to[2];
  double part[2], span[2];
  for (int i = 0; i < 2; i++) {
    if ((lo[i] > near_enough && !whole(lo[i])) || (hi[i] < side[i] - near_enough && !whole(hi[i]))) return 0;
    from[i] = (int)lround(VT_CLAMP(lo[i], 0, side[i]));
    to[i] = (int)lround(VT_CLAMP(hi[i], 0, side[i]));
    if (to[i] <= from[i]) return 1; /* nothing to be seen */
    const double scale = m[4 * i], shift = m[3 * i + 2];
    double a = (from[i] - shift) / scale, b = (to[i] - shift) / scale;
    part[i] = VT_CLAMP(VT_MIN(a, b), 0, source[i]);
    span[i] = VT_CLAMP(VT_MAX(a, b), 0, source[i]) - part[i];
  }
  struct vt_image view = vt_image_crop_view(out, from[0], from[1], to[0] - from[0], to[1] - from[1]);
  struct vt_image turned = {0};
  int rc = vt_image_resize(&view, im, part[0], part[1], span[0], span[1], VT_BILINEAR, e);
  if (!rc && (m[0] < 0 || m[4] < 0)) {
    const double over[9] = {m[0] < 0 ? -1 : 1,
                            0,
                            m[0] < 0 ? view.width : 0,
                            0,
                            m[4] < 0 ? -1 : 1,
                            m[4] < 0 ? view.height : 0,
                            0,
                            0,
                            1};
    if ((rc = vt_image_copy(&turned, &view, e))) return rc;
    copy_moved(&view, &turned, over);
    vt_image_clear(&turned);
  }
  return rc ? rc : 1;
}

static int warp(struct vt_image *out, const struct vt_image *im, const double back[9], const uint8_t *fill,
                struct vt_err *e)
{
  const double six[6] = {back[0], back[1], back[2], back[3], back[4], back[5]};
  return projective(back) ? vt_image_warp_projective(out, im, back, fill, e)
                          : vt_image_warp(out, im, six, false, fill, e);
}

/* back: out -> im. Source pixels for one pixel of the result, along each axis, at the middle. */
static int warp_moved(struct vt_image *out, const struct vt_image *im, const double back[9],
                      const uint8_t *fill, struct vt_err *e)
{
  double x = out->width / 2.0, y = out->height / 2.0, p[2], px[2], py[2];
  vt__map3_point(back, x, y, p);
  vt__map3_point(back, x + 1, y, px);
  vt__map3_point(back, x, y + 1, py);
  double kx = hypot(px[0] - p[0], py[0] - p[0]), ky = hypot(px[1] - p[1], py[1] - p[1]);
  if (!(kx > 1.1 || ky > 1.1)) return warp(out, im, back, fill, e);
  struct vt_image small;
  int w = (int)VT_MAX(1, lround(im->width / VT_MAX(kx, 1))),
      h = (int)VT_MAX(1, lround(im->height / VT_MAX(ky, 1)));
  int rc = vt_image_init(&small, w, h, im->channels, e);
  if (rc) return rc;
  rc = vt_image_resize(&small, im, 0, 0, im->width, im->height, VT_BILINEAR, e);
  const double shrink[9] = {(double)w / im->width, 0, 0, 0, (double)h / im->height, 0, 0, 0, 1};
  double m[9];
  vt__map3(m, shrink, back);
  if (!rc) rc = warp(out, &small, m, fill, e);
  vt_image_clear(&small);
  return rc;
}

static int new_canvas(struct vt_image *out, const struct vt_aug_move *g, int channels, uint8_t fill,
                      struct vt_err *e)
{
  if ((int64_t)g->width * g->height > VT_MAX_PIXELS)
    return vt_fail(e, VT_ELIMIT, "augmentation: a result of %d x %d pixels", g->width, g->height);
  int rc = vt_image_init(out, g->width, g->height, channels, e);
  if (!rc) memset(out->px, fill, (size_t)out->stride * (size_t)out->height);
  return rc;
}

static int move_picture(struct vt_aug_sample *s, const struct vt_aug_move *g, const double back[9],
                        const struct vt_aug_env *env, struct vt_err *e)
{
  const uint8_t fill[4] = {env->fill, env->fill, env->fill, env->fill};
  struct vt_image out = {0}, labels = {0};
  int rc = new_canvas(&out, g, s->image.channels, env->fill, e), done = 1;
  if (!rc && copies(g->m))
    copy_moved(&out, &s->image, g->m);
  else if (!rc)
    done = resize_moved(&out, &s->image, g->m, e);
  if (!rc && done < 0) rc = done;
  if (!rc && !done) rc = warp_moved(&out, &s->image, back, fill, e);
  if (!rc && s->labels.px && !(rc = new_canvas(&labels, g, 1, env->label_fill, e))) {
    if (copies(g->m))
      copy_moved(&labels, &s->labels, g->m);
    else
      vt_image_take_nearest(&labels, &s->labels, back, (const int[]){0, 0, g->width, g->height});
  }
  if (rc) {
    vt_image_clear(&out);
    vt_image_clear(&labels);
    return rc;
  }
  vt_image_clear(&s->image);
  vt_image_clear(&s->labels);
  s->image = out;
  s->labels = labels;
  return 0;
}

/* Two bitmaps used for all masks in turn: always all zero between uses. */
struct scratch {
  struct vt_image from, to;
};

/* How many of the mask's pixels lie within the result's canvas. */
static double share_inside(const struct vt_image *bits, struct vt_box b, const struct vt_aug_move *g)
{
  int64_t all = 0, in = 0;
  for (int y = (int)b.y; y < (int)(b.y + b.h); y++) {
    const uint8_t *row = bits->px + y * bits->stride;
    for (int x = (int)b.x; x < (int)(b.x + b.w); x++) {
      if (!row[x]) continue;
      double p[2];
      vt__map3_point(g->m, x + .5, y + .5, p);
      all++;
      in += p[0] >= 0 && p[1] >= 0 && p[0] < g->width && p[1] < g->height;
    }
  }
  return all ? (double)in / (double)all : 0;
}

static void clear_part(struct vt_image *im, const int p[4])
{
  for (int y = p[1]; y < p[1] + p[3]; y++) memset(im->px + y * im->stride + p[0], 0, (size_t)p[2]);
}

/* Whole pixels round b, within w x h. */
static void pixels_of(int p[4], struct vt_box b, int w, int h)
{
  p[0] = (int)floor(VT_CLAMP(b.x - 1, 0, w - 1));
  p[1] = (int)floor(VT_CLAMP(b.y - 1, 0, h - 1));
  p[2] = (int)ceil(VT_CLAMP(b.x + b.w + 1, p[0] + 1, w)) - p[0];
  p[3] = (int)ceil(VT_CLAMP(b.y + b.h + 1, p[1] + 1, h)) - p[1];
}

static int move_mask(struct vt_aug_object *o, const struct vt_aug_move *g, const double back[9],
                     struct scratch *t, double *share, struct vt_err *e)
{
  struct vt_box was = vt_mask_box(&o->mask), b = vt__map3_box(g->m, was);
  int from[4], to[4];
  pixels_of(from, was, t->from.width, t->from.height);
  pixels_of(to, b, g->width, g->height);
  vt_mask_to_bitmap(&o->mask, t->from.px, t->from.stride, 1);
  bool inside = b.x >= 0 && b.y >= 0 && b.x + b.w <= g->width && b.y + b.h <= g->height;
  *share = inside ? 1 : share_inside(&t->from, was, g);
  vt_image_take_nearest(&t->to, &t->from, back, to);
  struct vt_mask moved = {0};
  int rc = vt_mask_from_bitmap(&moved, t->to.px, t->to.width, t->to.height, t->to.stride, e);
  if (!rc) {
    vt_mask_clear(&o->mask);
    o->mask = moved;
  }
  clear_part(&t->from, from);
  clear_part(&t->to, to);
  return rc;
}

static struct vt_box common(struct vt_box a, struct vt_box b)
{
  double x = VT_MAX(a.x, b.x), y = VT_MAX(a.y, b.y);
  double w = VT_MIN(a.x + a.w, b.x + b.w) - x, h = VT_MIN(a.y + a.h, b.y + b.h) - y;
  return (struct vt_box){x, y, VT_MAX(w, 0), VT_MAX(h, 0)};
}

static struct vt_box hull_of(struct vt_box a, struct vt_box b)
{
  if (!(a.w > 0 && a.h > 0)) return b;
  if (!(b.w > 0 && b.h > 0)) return a;
  double x = VT_MIN(a.x, b.x), y = VT_MIN(a.y, b.y);
  return (struct vt_box){x, y, VT_MAX(a.x + a.w, b.x + b.w) - x, VT_MAX(a.y + a.h, b.y + b.h) - y};
}

/* share: of the object's pixels or area that is still on the canvas. */
static int move_object(struct vt_aug_object *o, const struct vt_aug_move *g, const double back[9],
                       struct scratch *t, double *share, struct vt_err *e)
{
  struct vt_box hull = vt__map3_box(g->m, o->box), b = vt_box_clip(hull, g->width, g->height);
  struct vt_box shape = {0}; /* of mask and polygons, which differ by a pixel of the source */
  double before = hull.w * hull.h, after = b.w * b.h;
  int rc = 0;
  *share = before > 0 ? after / before : 0;
  if (o->mask.n) {
    if ((rc = move_mask(o, g, back, t, share, e))) return rc;
    shape = vt_mask_box(&o->mask);
    if (!vt_mask_area(&o->mask)) *share = 0;
  }
  if (o->polygons.n) {
    if ((rc = vt__polygons_move(&o->polygons, g->m, g->width, g->height, &before, &after, e))) return rc;
    if (!o->mask.n) *share = before > 0 ? after / before : 0;
    shape = hull_of(shape, vt__polygons_box(&o->polygons));
    if (!o->polygons.n) *share = 0;
  }
  const bool shaped = o->mask.n || o->polygons.n,
             whole_and_upright = *share > 1 - near_enough && upright(g->m);
  o->box = shaped && !whole_and_upright ? common(b, shape) : b;
  vt__points_move(o, g);
  return 0;
}

static int move_objects(struct vt_aug_sample *s, const struct vt_aug_move *g, const double back[9],
                        const struct vt_aug_env *env, struct vt_err *e)
{
  struct scratch t = {0};
  bool masks = false;
  int rc = 0, kept = 0;
  for (int i = 0; i < s->nobjects; i++) masks = masks || s->object[i].mask.n;
  if (masks) rc = vt_image_init(&t.from, s->image.width, s->image.height, 1, e);
  if (masks && !rc) rc = new_canvas(&t.to, g, 1, 0, e);
  for (int i = 0; i < s->nobjects; i++) {
    struct vt_aug_object *o = &s->object[i];
    double share = 1;
    if (!rc) rc = move_object(o, g, back, &t, &share, e);
    o->visible *= share;
    if (!rc && (share <= 0 || o->visible < env->min_visible)) {
      vt__aug_object_clear(o);
    } else
      s->object[kept++] = *o;
  }
  s->nobjects = kept;
  vt_image_clear(&t.from);
  vt_image_clear(&t.to);
  return rc;
}

static bool is_identity(const double m[9])
{
  for (int i = 0; i < 9; i++)
    if (m[i] != (i % 4 == 0)) return false;
  return true;
}

int vt_aug_sample_move(struct vt_aug_sample *s, const struct vt_aug_move *move, const struct vt_aug_env *env,
                       struct vt_err *e)
{
  double back[9];
  struct vt_aug_move snapped = *move, *g = &snapped;
  for (int i = 0; i < 9; i++) { /* what rounding left of whole numbers must not blur */
    if (!isfinite(g->m[i]))
      return vt_fail(e, VT_EARG, "augmentation: entry %d of the map is not a number", i);
    if (fabs(g->m[i] - round(g->m[i])) < 1e-9 && (i < 6 || !projective(g->m)))
      g->m[i] = round(g->m[i]) + 0.0; /* no -0 */
  }
  if (g->width == s->image.width && g->height == s->image.height && is_identity(g->m)) return 0;
  if (g->width < 1 || g->height < 1 || !vt__map3_invert(back, g->m))
    return vt_fail(e, VT_EARG, "augmentation: a map of no size, or that cannot be turned round");
  if (!projective(g->m)) { /* exactly affine */
    back[6] = back[7] = 0;
    back[8] = 1;
  }
  int rc = move_objects(s, g, back, env, e);
  return rc ? rc : move_picture(s, g, back, env, e);
}
