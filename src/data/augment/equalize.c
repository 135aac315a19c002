/* Histogram equalisation, each channel by itself, with Pillow's rounding: with n(i) pixels of value i and
 * step = (all - those of the largest value) / 255, value i becomes (step / 2 + sum of n(k), k < i) / step. */
#include "data/policy/op.h"

static void make_table(uint8_t lut[256], const int64_t n[256], int64_t all)
{
  int last = 255;
  while (last > 0 && !n[last]) last--;
  int64_t step = (all - n[last]) / 255, sum = step / 2;
  for (int i = 0; i < 256; i++) {
    lut[i] = (uint8_t)(step ? VT_MIN(sum / step, 255) : i);
    sum += n[i];
  }
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  int64_t n[3][256] = {{0}};
  uint8_t lut[3][256];
  for (int y = 0; y < s->image.height; y++) {
    const uint8_t *p = s->image.px + y * s->image.stride;
    for (int x = 0; x < s->image.width; x++, p += 3) {
      n[0][p[0]]++;
      n[1][p[1]]++;
      n[2][p[2]]++;
    }
  }
  for (int c = 0; c < 3; c++) make_table(lut[c], n[c], (int64_t)s->image.width * s->image.height);
  vt__aug_lut(&s->image, lut);
  return 0;
}

const struct vt_aug_op vt_aug_op_equalize = {
    .name = "equalize",
    .what = "histogram of each channel made flat",
    .apply = apply,
};
