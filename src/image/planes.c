/* A picture as network input. The 256 possible values of each channel are computed once. */
#include "image/image.h"

void vt_image_to_planes(const struct vt_image *im, const float mean[3], const float std[3], float *out)
{
  const int w = im->width, h = im->height, channels = im->channels;
  float table[3][256];
  for (int c = 0; c < 3; c++)
    for (int v = 0; v < 256; v++) table[c][v] = ((float)v / 255 - mean[c]) / std[c];
  for (int y = 0; y < h; y++) {
    const uint8_t *p = im->px + y * im->stride;
    float *r = out + (size_t)y * (size_t)w, *g = r + (size_t)h * (size_t)w, *b = g + (size_t)h * (size_t)w;
    const int second = channels == 1 ? 0 : 1, third = channels == 1 ? 0 : 2;
    for (int x = 0; x < w; x++, p += channels) {
      r[x] = table[0][p[0]];
      g[x] = table[1][p[second]];
      b[x] = table[2][p[third]];
    }
  }
}
