/* The picture sheet: left the photo with outlined items, right a row for each item: its own cut-out, then the
 * products with title and score. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "app/look.h"

enum {
  MARGIN = 28,
  GAP = 14,
  HEAD = 64, /* title line of the sheet */
  CELL_W = 132,
  PICTURE_H = 156,
  CELL_H = PICTURE_H + 52,
  ROW_HEAD = 34, /* item's name above its row */
  MAX_COLUMNS = 8,
  MAX_ROWS = 12,
  PHOTO_W = 460,
};
static const uint32_t paper = 0xf4f4f2, card = 0xffffff, ink = 0x1f2328, faint = 0x8b8f94, edge = 0xe1e1de;

struct sheet {
  struct vt_canvas *c;
  const struct vt_look_result *r;
  int rows, columns, width, height;
  double photo_w, photo_h, scale;
};

/* The largest place of the picture's aspect inside a frame. */
static void fit(const struct vt_image *im, double x, double y, double w, double h, struct vt_box *out)
{
  double s = VT_MIN(w / im->width, h / im->height);
  *out = (struct vt_box){x + (w - im->width * s) / 2, y + (h - im->height * s) / 2, im->width * s,
                         im->height * s};
}

/* Antialiased down to the place, which cairo alone does not do well. */
static void draw_picture(struct sheet *s, const struct vt_image *im, struct vt_box b)
{
  struct vt_image small = {0};
  int w = (int)VT_MAX(lround(b.w), 1), h = (int)VT_MAX(lround(b.h), 1);
  if (w < im->width && h < im->height && !vt_image_init(&small, w, h, im->channels, NULL) &&
      !vt_image_resize(&small, im, 0, 0, im->width, im->height, VT_BICUBIC, NULL))
    vt_canvas_image(s->c, &small, lround(b.x), lround(b.y), w, h);
  else
    vt_canvas_image(s->c, im, b.x, b.y, b.w, b.h);
  vt_image_clear(&small);
}

static void draw_card(struct sheet *s, double x, double y, double w, double h)
{
  vt_canvas_rect(s->c, x, y, w, h, card, 0);
  vt_canvas_rect(s->c, x + .5, y + .5, w - 1, h - 1, edge, 1);
}

static uint32_t colour_of(const struct vt_look_result *r, int i)
{
  return vt_palette(i + 1);
}

static void draw_photo(struct sheet *s)
{
  double x = MARGIN, y = MARGIN + HEAD;
  draw_picture(s, &s->r->photo, (struct vt_box){x, y, s->photo_w, s->photo_h});
  for (int i = s->r->n - 1; i >= 0; i--)
    vt_canvas_mask(s->c, &s->r->item[i].mask, x, y, s->scale, colour_of(s->r, i), 0.16, 2.4);
  for (int i = 0; i < VT_MIN(s->r->n, s->rows); i++) {
    const struct vt_found *f = &s->r->item[i];
    char number[12];
    snprintf(number, sizeof number, "%d", i + 1);
    double bx = VT_CLAMP(x + f->box.x * s->scale, x, x + s->photo_w - 20);
    double by = VT_CLAMP(y + f->box.y * s->scale, y, y + s->photo_h - 20);
    vt_canvas_rect(s->c, bx, by, i < 9 ? 18 : 26, 20, colour_of(s->r, i), 0);
    vt_canvas_text(s->c, bx + 5, by + 15, 14, 0xffffff, 0, number);
  }
}

/* The item itself: its pixels before white. */
static void draw_item(struct sheet *s, const struct vt_found *f, double x, double y)
{
  const struct vt_look_result *r = s->r;
  double k = (double)r->photo.width / r->width;
  int x0 = (int)(f->box.x * k), y0 = (int)(f->box.y * k);
  int w = (int)VT_MIN(ceil(f->box.w * k), r->photo.width - x0),
      h = (int)VT_MIN(ceil(f->box.h * k), r->photo.height - y0);
  struct vt_image cut = {0};
  uint8_t *bits = vt_calloc((size_t)f->mask.width, (size_t)f->mask.height);
  if (bits && w > 0 && h > 0 && !vt_image_init(&cut, w, h, 3, NULL)) {
    vt_mask_to_bitmap(&f->mask, bits, f->mask.width, 1);
    memset(cut.px, 255, (size_t)cut.stride * (size_t)h);
    for (int yy = 0; yy < h; yy++)
      for (int xx = 0; xx < w; xx++) {
        int my = VT_MIN((int)((y0 + yy) / k), r->height - 1), mx = VT_MIN((int)((x0 + xx) / k), r->width - 1);
        if (bits[(int64_t)my * r->width + mx])
          memcpy(cut.px + yy * cut.stride + 3 * xx,
                 r->photo.px + (y0 + yy) * r->photo.stride + (x0 + xx) * r->photo.channels, 3);
      }
    struct vt_box b;
    fit(&cut, x + 8, y + 8, CELL_W - 16, PICTURE_H - 16, &b);
    draw_picture(s, &cut, b);
  }
  vt_image_clear(&cut);
  vt_free(bits);
}

static void draw_match(struct sheet *s, const struct vt_match *m, double x, double y)
{
  struct vt_image im = {0};
  struct vt_decode_opts opts = {.min_side = PICTURE_H};
  char score[32];
  draw_card(s, x, y, CELL_W, CELL_H);
  if (*m->image && !vt_image_read(&im, m->image, &opts, NULL, NULL)) {
    struct vt_box b;
    fit(&im, x + 8, y + 8, CELL_W - 16, PICTURE_H - 16, &b);
    draw_picture(s, &im, b);
  } else {
    vt_canvas_text(s->c, x + 30, y + PICTURE_H / 2.0, 12, faint, CELL_W - 40, "no picture");
  }
  vt_image_clear(&im);
  vt_canvas_text(s->c, x + 8, y + PICTURE_H + 14, 11.5, ink, CELL_W - 16, *m->title ? m->title : m->id);
  snprintf(score, sizeof score, "%.3f", m->score);
  vt_canvas_text(s->c, x + 8, y + PICTURE_H + 34, 11.5, faint, 44, score);
  vt_canvas_text(s->c, x + 50, y + PICTURE_H + 34, 11.5, faint, CELL_W - 58, m->id);
  /* similarity as a bar: cosines below 0 count as none */
  double share = VT_CLAMP(m->score, 0, 1);
  vt_canvas_rect(s->c, x + 8, y + CELL_H - 9, CELL_W - 16, 3, edge, 0);
  vt_canvas_rect(s->c, x + 8, y + CELL_H - 9, (CELL_W - 16) * share, 3, 0x3b82c4, 0);
}

static void draw_row(struct sheet *s, int i)
{
  const struct vt_found *f = &s->r->item[i];
  double x = MARGIN + s->photo_w + 2 * GAP, y = MARGIN + HEAD + i * (double)(ROW_HEAD + CELL_H + GAP);
  char text[96];
  vt_canvas_rect(s->c, x, y + 4, 18 + (i >= 9) * 8, 20, colour_of(s->r, i), 0);
  snprintf(text, sizeof text, "%d", i + 1);
  vt_canvas_text(s->c, x + 5, y + 19, 14, 0xffffff, 0, text);
  snprintf(text, sizeof text, "%s", f->label);
  vt_canvas_text(s->c, x + 34, y + 20, 16, ink, 240, text);
  snprintf(text, sizeof text, "%.0f %% sure, %d match%s", 100.0 * f->score, f->nmatches,
           f->nmatches == 1 ? "" : "es");
  vt_canvas_text(s->c, x + CELL_W + GAP + 2, y + 20, 12, faint, 240, text);
  y += ROW_HEAD;
  draw_card(s, x, y, CELL_W, CELL_H);
  draw_item(s, f, x, y + (CELL_H - PICTURE_H) / 2.0);
  vt_canvas_rect(s->c, x, y, CELL_W, 3, colour_of(s->r, i), 0);
  for (int j = 0; j < VT_MIN(f->nmatches, s->columns); j++)
    draw_match(s, &f->matches[j], x + (j + 1) * (double)(CELL_W + GAP), y);
}

static void layout(struct sheet *s)
{
  const struct vt_look_result *r = s->r;
  int most = 0;
  s->rows = VT_MIN(r->n, MAX_ROWS);
  for (int i = 0; i < s->rows; i++) most = VT_MAX(most, r->item[i].nmatches);
  s->columns = VT_CLAMP(most, 3, MAX_COLUMNS);
  double rows_h = s->rows * (double)(ROW_HEAD + CELL_H + GAP);
  s->photo_w = PHOTO_W;
  s->photo_h = PHOTO_W * (double)r->height / r->width;
  if (s->photo_h > VT_MAX(rows_h, 760)) {
    s->photo_h = VT_MAX(rows_h, 760);
    s->photo_w = s->photo_h * r->width / r->height;
  }
  s->scale = s->photo_w / r->width;
  s->width = (int)(2 * MARGIN + s->photo_w + 2 * GAP + (s->columns + 1) * (CELL_W + GAP) - GAP);
  s->height = (int)(2 * MARGIN + HEAD + VT_MAX(s->photo_h, rows_h));
}

int vt_look_sheet(const struct vt_look_result *r, const char *path, struct vt_err *e)
{
  struct sheet s = {.r = r};
  struct vt_image out = {0};
  char line[128];
  layout(&s);
  int rc = vt_canvas_new(&s.c, s.width, s.height, paper, e);
  if (rc) return rc;
  vt_canvas_text(s.c, MARGIN, MARGIN + 24, 24, ink, s.width - 2 * MARGIN, vt_path_base(r->path));
  snprintf(line, sizeof line, "%d item%s found and matched in %.0f ms", r->n, r->n == 1 ? "" : "s",
           r->ms[VT_STAGE_TOTAL]);
  vt_canvas_text(s.c, MARGIN, MARGIN + 46, 13, faint, s.width - 2 * MARGIN, line);
  draw_photo(&s);
  for (int i = 0; i < s.rows; i++) draw_row(&s, i);
  rc = vt_canvas_take(s.c, &out, e);
  if (!rc) rc = vt_image_write(&out, path, 92, e);
  vt_image_clear(&out);
  vt_canvas_free(s.c);
  return rc;
}
