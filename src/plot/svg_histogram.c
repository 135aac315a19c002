/* Histograms: columns over an axis, their density as a line.
 *
 * The density is the sum of Gaussian kernels over the counts at the middles of the bins, of Silverman's width
 * 1.06 sd n^-1/5 and at least half a bin, so that it is drawn on the columns' own scale and never climbs out
 * of the chart. */
#include "plot/svg_draw.h"

#include <math.h>

static const double left = 52, top = 12, bottom = 44;

static double column_height(const struct vt_columns *h, double most, double v)
{
  return h->height * v / most;
}

static void add_density(struct vt_buf *b, const struct vt_columns *h, double step, double most)
{
  double all = 0, mean = 0, square = 0;
  for (int k = 0; k < h->n; k++) {
    all += (double)h->bin[k];
    mean += k * (double)h->bin[k];
    square += (double)k * k * (double)h->bin[k];
  }
  if (all < 2) return;
  mean /= all;
  const double sd = sqrt(VT_MAX(square / all - mean * mean, 0)), w = VT_MAX(1.06 * sd * pow(all, -.2), .5);
  vt_buf_adds(b, "<polyline fill=\"none\" stroke=\"#c4522f\" stroke-width=\"2\" points=\"");
  for (double x = -.5; x <= h->n - .5; x += .125) {
    double sum = 0;
    for (int k = 0; k < h->n; k++) {
      const double z = (x - k) / w;
      sum += (double)h->bin[k] * exp(-z * z / 2);
    }
    sum /= w * sqrt(2 * M_PI);
    vt_buf_addf(b, "%.1f,%.1f ", left + (x + .5) * step,
                top + h->height - column_height(h, most, VT_MIN(sum, most * 1.05)));
  }
  vt_buf_adds(b, "\"/>\n");
}

static void add_axes(struct vt_buf *b, const struct vt_columns *h, double step, double most)
{
  const double tick = VT_MAX(vt__tick_step(most, 4), 1), low = top + h->height;
  char text[16];
  for (double v = 0; v <= most * 1.0001; v += tick) {
    const double y = low - column_height(h, most, v);
    vt_buf_addf(b, "<line x1=\"%.0f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", left,
                left + h->n * step, y, y, v > 0 ? vt__svg_grid : vt__svg_faint);
    vt__svg_label(b, left - 6, y + 4, "end", vt__svg_faint, vt_short_number(text, v));
  }
  for (int k = 0; k < h->nticks; k++)
    vt__svg_label(b, left + h->tick[k].at * step, low + 17, "middle", vt__svg_faint, h->tick[k].text);
  vt__svg_label(b, left + h->n * step / 2, low + 36, "middle", vt__svg_ink, h->xlabel);
  vt__svg_turned(b, 12, top + h->height / 2, "middle", vt__svg_ink, h->ylabel);
}

void vt_svg_columns(struct vt_buf *b, const struct vt_columns *h)
{
  const double step = h->width / h->n;
  double most = 1;
  for (int k = 0; k < h->n; k++) most = VT_MAX(most, (double)h->bin[k]);
  vt__svg_open(b, NULL, 0, left + h->width + 18, top + h->height + bottom);
  add_axes(b, h, step, most);
  for (int k = 0; k < h->n; k++)
    if (h->bin[k]) {
      const double high = VT_MAX(column_height(h, most, (double)h->bin[k]), 1);
      vt_buf_addf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
                  left + k * step + .5, top + h->height - high, VT_MAX(step - 1.5, .8), high, vt__svg_fill);
    }
  if (h->density) add_density(b, h, step, most);
  vt__svg_close(b);
}
