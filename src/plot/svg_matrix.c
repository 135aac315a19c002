/* Square matrices as shades: confusions of classes, and shares of any kind.
 *
 * Cells of one shade are one path, so that ninety classes stay a small page. Names take the room that the
 * longest needs, up to LONGEST characters. Classes without any count are left out of a confusion. */
#include "plot/svg_draw.h"

#include <math.h>
#include <string.h>

enum { SHADES = 12, LONGEST = 36, SMALL = 30, NAMED = 160 };
static const char *const right = "#4a8f5b";

/* As much of a name as fits, cut between characters; where it is no UTF-8, also after four bytes of one. */
static const char *fitted(char out[LONGEST * 4 + 8], const char *name)
{
  size_t at = 0;
  for (int n = 0; name[at] && n < LONGEST; n++) {
    const size_t most = at + 4;
    do at++;
    while (at < most && ((unsigned char)name[at] & 0xc0) == 0x80);
  }
  memcpy(out, name, at);
  strcpy(out + at, name[at] ? "\xe2\x80\xa6" : "");
  return out;
}

static double room_for(int n, const char *const *name)
{
  size_t longest = 4;
  for (int k = 0; k < n; k++) longest = VT_MAX(longest, strlen(name[k]));
  return 16 + 6.6 * (double)VT_MIN(longest, LONGEST + 1);
}

/* The cells of one shade, of the diagonal or of the others. */
static void add_shade(struct vt_buf *b, int n, const double *v, int shade, bool diagonal, double room,
                      double cell)
{
  bool some = false;
  for (int64_t i = 0; i < (int64_t)n * n; i++) {
    const int row = (int)(i / n), column = (int)(i % n);
    if ((row == column) != diagonal || !(v[i] > 0)) continue;
    if ((int)ceil(VT_CLAMP(v[i], 1e-9, 1) * SHADES) != shade) continue;
    if (!some)
      vt_buf_addf(b, "<path fill=\"%s\" fill-opacity=\"%.2f\" d=\"", diagonal ? right : vt__svg_fill,
                  .04 + .96 * (shade - .5) / SHADES);
    some = true;
    vt_buf_addf(b, "M%.0f %.0fh%.0fv%.0fh-%.0fz", room + column * cell, 30 + room + row * cell, cell - 1,
                cell - 1, cell - 1);
  }
  if (some) vt_buf_adds(b, "\"/>\n");
}

static double open_shades(struct vt_buf *b, const char *title, int n, const char *const *name,
                          const double *v, bool green, double *cell)
{
  const double room = n <= NAMED ? room_for(n, name) : 16;
  *cell = n <= SMALL ? 34 : n <= NAMED ? 14 : 6;
  vt__svg_open(b, title, 0, room + n * *cell + 20, 30 + room + n * *cell + 36);
  for (int k = 0; k < n && n <= NAMED; k++) {
    char text[LONGEST * 4 + 8];
    const double at = (k + .5) * *cell + 4;
    vt__svg_label(b, room - 6, 30 + room + at, "end", vt__svg_ink, fitted(text, name[k]));
    vt__svg_turned(b, room + at, 30 + room - 6, "start", vt__svg_ink, text);
  }
  for (int shade = 1; shade <= SHADES; shade++) {
    add_shade(b, n, v, shade, false, room, *cell);
    if (green) add_shade(b, n, v, shade, true, room, *cell);
  }
  return room;
}

void vt_svg_shades(struct vt_buf *b, const char *title, const char *note, int n, const char *const *name,
                   const double *v)
{
  double cell, room = open_shades(b, title, n, name, v, false, &cell);
  vt__svg_label(b, room, 30 + room + n * cell + 22, "start", vt__svg_faint, note);
  vt__svg_close(b);
}

/* Shade of a count: its share of the row, or logarithmic. */
static double shade_of(const int64_t *count, int n, int t, int p, bool shares, int64_t most)
{
  int64_t all = 0, c = count[(int64_t)t * n + p];
  if (!shares) return log1p((double)c) / log1p((double)most);
  for (int k = 0; k < n; k++) all += count[(int64_t)t * n + k];
  return all ? (double)c / (double)all : 0;
}

/* In four characters: 999, 1.2k, 35M. */
static void short_count(char text[32], int64_t count)
{
  double v = (double)count;
  const char *sign = "kMGTPE";
  if (count < 1000) {
    snprintf(text, 32, "%lld", (long long)count);
    return;
  }
  for (v /= 1000; v >= 999.5; sign++) v /= 1000;
  snprintf(text, 32, v < 9.95 ? "%.1f%c" : "%.0f%c", v, *sign);
}

static void add_numbers(struct vt_buf *b, bool shares, int n, const int64_t *count, const double *v,
                        double room, double cell)
{
  for (int64_t i = 0; i < (int64_t)n * n; i++) {
    const int64_t row = i / n, column = i % n;
    char text[32];
    if (!count[i]) continue;
    if (shares)
      snprintf(text, sizeof text, "%.2f", v[i]);
    else
      short_count(text, count[i]);
    vt__svg_label(b, room + ((double)column + .5) * cell, 30 + room + ((double)row + .5) * cell + 4, "middle",
                  v[i] > .55 ? "#fff" : vt__svg_ink, text);
  }
}

/* Classes that occur on either side come first in `pick`; how many they are. */
static int occurring(int *pick, int n, const int64_t *count)
{
  int kept = 0;
  for (int k = 0; k < n; k++) {
    int64_t all = 0;
    for (int i = 0; i < n; i++) all += count[(int64_t)k * n + i] + count[(int64_t)i * n + k];
    if (all) pick[kept++] = k;
  }
  return kept;
}

static void draw_matrix(struct vt_buf *b, const char *title, bool shares, int n, int all,
                        const char *const *name, const int64_t *count, double *v)
{
  int64_t most = 1;
  char note[120];
  for (int64_t i = 0; i < (int64_t)n * n; i++) most = VT_MAX(most, count[i]);
  for (int64_t i = 0; i < (int64_t)n * n; i++)
    v[i] = shade_of(count, n, (int)(i / n), (int)(i % n), shares, most);
  double cell, room = open_shades(b, title, n, name, v, true, &cell);
  if (n <= SMALL) add_numbers(b, shares, n, count, v, room, cell);
  snprintf(note, sizeof note,
           all > n ? "rows: truth; columns: found; %d classes never occur" : "rows: truth; columns: found",
           all - n);
  vt__svg_label(b, room, 30 + room + n * cell + 22, "start", vt__svg_faint, note);
  vt__svg_close(b);
}

void vt_svg_matrix(struct vt_buf *b, const char *title, bool shares, int n, const char *const *name,
                   const int64_t *count)
{
  int *pick = vt_calloc((size_t)n + 1, sizeof *pick);
  const char **some = vt_calloc((size_t)n + 1, sizeof *some);
  int64_t *c = vt_calloc((size_t)n * (size_t)n + 1, sizeof *c); // (kept, kept)
  double *v = vt_calloc((size_t)n * (size_t)n + 1, sizeof *v);  // the same
  if (pick && some && c && v) {
    const int kept = occurring(pick, n, count);
    for (int t = 0; t < kept; t++) {
      some[t] = name[pick[t]];
      for (int p = 0; p < kept; p++) c[(int64_t)t * kept + p] = count[(int64_t)pick[t] * n + pick[p]];
    }
    draw_matrix(b, title, shares, kept, n, some, c, v);
  } else {
    b->failed = true;
  }
  vt_free(pick);
  vt_free(some);
  vt_free(c);
  vt_free(v);
}
