/* Coefficients of winograd_line.h from their points. */
#include "backend/native/winograd_line.h"

#include <math.h>
#include <string.h>

enum { FINITE = VT__LINE_POINTS - 1 };

/* Positive points of m + r − 1 = 4, 6, … products. */
static const double positive[VT__LINE_PAIRS + 1][VT__LINE_PAIRS] = {
    {0}, {1}, {0.75, 4 / 3.}, {0.5, 1, 2}, {1 / 3., 0.75, 4 / 3., 3}, {0.4, 2 / 3., 1, 1.5, 2.5},
};

bool vt__wino_line_has(int tile, int taps)
{
  int points = tile + taps - 1;
  return tile >= 2 && tile % 2 == 0 && tile <= VT__LINE_TILE && taps >= 3 && taps <= VT__LINE_TAPS &&
         points % 2 == 0 && points >= 6 && points <= VT__LINE_POINTS;
}

/* Coefficients of the product of x − root, lowest first; gives its degree. */
static int expand(const double *root, int n, int without, double *c)
{
  int degree = 0;
  c[0] = 1;
  for (int i = 0; i < n; i++) {
    if (i == without) continue;
    c[degree + 1] = 0;
    for (int k = degree + 1; k > 0; k--) c[k] = c[k - 1] - root[i] * c[k];
    c[0] *= -root[i];
    degree++;
  }
  return degree;
}

void vt__wino_line_init(struct vt__wino_line *l, int tile, int taps, bool down)
{
  double point[FINITE] = {0}, c[VT__LINE_POINTS + 1];
  int points = tile + taps - 1, pairs = points / 2 - 1, finite = points - 1;
  *l = (struct vt__wino_line){.points = points, .taps = taps, .tile = tile, .down = down};
  for (int i = 0; i < pairs; i++) {
    point[1 + 2 * i] = positive[pairs][i];
    point[2 + 2 * i] = -positive[pairs][i];
  }
  expand(point, finite, -1, c);
  for (int k = 0; k < points / 2; k++) l->infinity[k] = (float)c[2 * k + 1];
  for (int j = 0; j < finite; j++) {
    double n = 1, largest = 0;
    for (int q = 0; q < finite; q++) n *= q == j ? 1 : point[j] - point[q];
    int degree = expand(point, finite, j, c);
    for (int k = 0; k <= degree; k++) largest = fmax(largest, fabs(c[k]));
    double scale = exp2(-round(log2(largest))); /* both sides of about the same size; exact in f32 */
    for (int k = 0; k < taps; k++) l->filter[j][k] = (float)(pow(point[j], k) / (n * scale));
    for (int k = 0; j == 0 && k < points / 2; k++) l->zero[k] = (float)(c[2 * k] * scale);
    for (int k = 0; j % 2 == 1 && k < pairs; k++) {
      l->even[j / 2][k] = (float)(c[2 * k + 2] * scale);
      l->odd[j / 2][k] = (float)(c[2 * k + 1] * scale);
    }
    for (int i = 0; j % 2 == 1 && i < tile; i++) l->power[j / 2][i] = (float)pow(point[j], i);
  }
  l->filter[points - 1][taps - 1] = 1;
}
