/* Colour jitter as one affine map per picture, and the palette of classes.
 *
 * With luma L = .299 R + .587 G + .114 B: brightness scales by b; contrast is c (v - mean L) + mean L of the
 * brighter picture; saturation s v + (1 - s) L; hue turns the chroma plane of YIQ by the angle given. All are
 * linear, so the product of their matrices is applied in one pass, in 12-bit fixed point. */
#include <math.h>
#include "image/image.h"

static void multiply(double out[3][3], const double a[3][3], const double b[3][3])
{
  double t[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) t[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
  for (int i = 0; i < 9; i++) out[i / 3][i % 3] = t[i / 3][i % 3];
}

double vt_image_mean_luma(const struct vt_image *im)
{
  int64_t sum[3] = {0};
  for (int y = 0; y < im->height; y++) {
    const uint8_t *p = im->px + y * im->stride;
    for (int x = 0; x < im->width; x++, p += im->channels) sum[0] += p[0], sum[1] += p[1], sum[2] += p[2];
  }
  double n = (double)im->width * im->height;
  return (.299 * (double)sum[0] + .587 * (double)sum[1] + .114 * (double)sum[2]) / n;
}

/* RGB -> YIQ, turn (I, Q), back. */
static void hue_matrix(double out[3][3], double turns)
{
  static const double yiq[3][3] = {{.299, .587, .114}, {.5959, -.2746, -.3213}, {.2115, -.5227, .3112}};
  static const double rgb[3][3] = {{1, .956, .619}, {1, -.272, -.647}, {1, -1.106, 1.703}};
  double c = cos(2 * M_PI * turns), s = sin(2 * M_PI * turns);
  const double turn[3][3] = {{1, 0, 0}, {0, c, -s}, {0, s, c}};
  multiply(out, turn, yiq);
  multiply(out, rgb, out);
}

void vt_image_jitter(struct vt_image *im, float brightness, float contrast, float saturation, float hue)
{
  if (im->channels < 3) return;
  const double luma[3] = {.299, .587, .114};
  double m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  double gain = (double)brightness * contrast, offset = 0;
  if (contrast != 1) {
    const double mean = vt_image_mean_luma(im) * brightness;
    offset = VT_MIN(mean, 255.) * (1 - contrast);
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) m[i][j] = gain * (saturation * (i == j) + (1 - saturation) * luma[j]);
  if (hue != 0) {
    double h[3][3];
    hue_matrix(h, hue);
    multiply(m, h, m);
  }
  int k[3][3], add = (int)lrint(VT_CLAMP(offset, -1000., 1000.) * 4096) + 2048;
  for (int i = 0; i < 9; i++) k[i / 3][i % 3] = (int)lrint(VT_CLAMP(m[i / 3][i % 3], -100., 100.) * 4096);
  for (int y = 0; y < im->height; y++) {
    uint8_t *p = im->px + y * im->stride;
    for (int x = 0; x < im->width; x++, p += im->channels) {
      int r = p[0], g = p[1], b = p[2];
      for (int c = 0; c < 3; c++) {
        int v = (k[c][0] * r + k[c][1] * g + k[c][2] * b + add) >> 12;
        p[c] = (uint8_t)VT_CLAMP(v, 0, 255);
      }
    }
  }
}

/* The first are set apart by eye, in the taxonomy's order (0 is background); later ones step round the hue
 * circle by the golden angle. */
uint32_t vt_palette(int i)
{
  static const uint32_t fixed[] = {0x000000, 0xE6194B, 0x3CB44B, 0xF032E6, 0x4363D8, 0xF58231,
                                   0xFFE119, 0x42D4F4, 0x911EB4, 0xBFEF45, 0x9A6324, 0x469990,
                                   0x808000, 0xDCBEFF, 0x800000, 0xFFD8B1, 0x5A4A42};
  if (i >= 0 && i < (int)VT_COUNT(fixed)) return fixed[i];
  double h = fmod((unsigned)i * .6180339887, 1) * 6, level = i % 2 ? .95 : .7;
  uint32_t rgb = 0;
  for (int c = 0; c < 3; c++) {
    double d = fabs(fmod(h + (c == 0 ? 0 : c == 1 ? 4 : 2), 6) - 3) - 1;
    rgb = rgb << 8 | (uint32_t)lrint(255 * level * (.35 + .65 * VT_CLAMP(d, 0., 1.)));
  }
  return rgb;
}
