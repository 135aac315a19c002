/* Contrast-limited adaptive histogram equalisation of the luma (Zuiderveld, "Contrast Limited Adaptive
 * Histogram Equalization", Graphics Gems IV, 1994).
 *
 * The picture is cut into grid x grid tiles. A tile's histogram is clipped at limit times its mean count, the
 * excess shared out evenly over all values, and summed up to a table. A pixel's new luma is interpolated from
 * the tables of the four tiles whose middles lie round it; its colours are scaled with its luma. */
#include "data/policy/op.h"

struct opts {
  double limit;
  int64_t grid;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(limit, "2", 1, 40, "FACTOR",
                 "largest count of one value, in mean counts, drawn from 1 to this"),
    VT_AUG_INT(grid, "8", 1, 32, "TILES", "tiles along each side"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, 1, o->limit);
}

static void tile_table(float lut[256], const struct vt_image *im, const int box[4], double limit)
{
  int64_t n[256] = {0};
  for (int y = box[1]; y < box[3]; y++) {
    const uint8_t *p = im->px + y * im->stride + (int64_t)box[0] * 3;
    for (int x = box[0]; x < box[2]; x++, p += 3) n[vt_luma(p)]++;
  }
  double all = (double)(box[2] - box[0]) * (box[3] - box[1]), most = limit * all / 256, excess = 0, sum = 0;
  for (int i = 0; i < 256; i++) excess += VT_MAX((double)n[i] - most, 0);
  for (int i = 0; i < 256; i++) {
    sum += VT_MIN((double)n[i], most) + excess / 256;
    lut[i] = (float)(255 * sum / all);
  }
}

/* Tile before position i of n pixels in g tiles, and how far towards the next one its middle is left. */
static int between(int i, int n, int g, float *t)
{
  double at = (i + .5) * g / n - .5;
  int k = (int)floor(at);
  *t = (float)(at - k);
  return k;
}

static void recolour(uint8_t *p, float to)
{
  int from = vt_luma(p);
  if (!from) {
    p[0] = p[1] = p[2] = vt__byte(to);
    return;
  }
  float k = to / (float)from;
  for (int c = 0; c < 3; c++) p[c] = (uint8_t)VT_MIN((float)p[c] * k + .5f, 255.f);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_image *im = &s->image;
  const int gx = VT_MIN((int)o->grid, im->width), gy = VT_MIN((int)o->grid, im->height);
  float(*lut)[256] = vt_calloc((size_t)(gx * gy), sizeof *lut); // (gy, gx, 256)
  if (!lut) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int j = 0; j < gy; j++)
    for (int i = 0; i < gx; i++) {
      const int box[4] = {(int)((int64_t)im->width * i / gx), (int)((int64_t)im->height * j / gy),
                          (int)((int64_t)im->width * (i + 1) / gx),
                          (int)((int64_t)im->height * (j + 1) / gy)};
      tile_table(lut[j * gx + i], im, box, d->v[0]);
    }
  for (int y = 0; y < im->height; y++) {
    float ty, tx;
    int j = between(y, im->height, gy, &ty);
    const float(*top)[256] = lut + VT_MAX(j, 0) * gx, (*low)[256] = lut + VT_MIN(j + 1, gy - 1) * gx;
    uint8_t *p = im->px + y * im->stride;
    for (int x = 0; x < im->width; x++, p += 3) {
      int i = between(x, im->width, gx, &tx), a = VT_MAX(i, 0), b = VT_MIN(i + 1, gx - 1), v = vt_luma(p);
      recolour(p, (1 - ty) * ((1 - tx) * top[a][v] + tx * top[b][v]) +
                      ty * ((1 - tx) * low[a][v] + tx * low[b][v]));
    }
  }
  vt_free(lut);
  return 0;
}

const struct vt_aug_op vt_aug_op_clahe = {
    .name = "clahe",
    .what = "contrast made even from place to place, within a limit",
    VT_AUG_OPTS,
    .safe = {{"limit", 1, 4}, {"grid", 2, 16}},
    .draw = draw,
    .apply = apply,
};
