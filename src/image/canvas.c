/* Drawing with cairo: pictures, mask tints and outlines, boxes, text.
 *
 * Text uses cairo's own font choice ("sans-serif"). Where no font is installed cairo falls back to its
 * built-in strokes; malformed UTF-8 is repaired first, since it would put the whole canvas in error. */
#include <math.h>
#include <string.h>
#include <cairo.h>
#include "image/image.h"

#ifdef __SANITIZE_ADDRESS__
/* fontconfig keeps what it has read until the end of the program, on purpose. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
  return "leak:libfontconfig\n";
}
#endif

struct vt_canvas {
  cairo_surface_t *surface; /* RGB24 */
  cairo_t *cr;
};

static void set_colour(cairo_t *cr, uint32_t rgb, double alpha)
{
  cairo_set_source_rgba(cr, (rgb >> 16 & 255) / 255., (rgb >> 8 & 255) / 255., (rgb & 255) / 255., alpha);
}

int vt_canvas_new(struct vt_canvas **out, int width, int height, uint32_t background, struct vt_err *e)
{
  *out = NULL;
  if (width < 1 || height < 1 || width > 32767 || height > 32767)
    return vt_fail(e, VT_ELIMIT, "canvas of %d x %d pixels: sides must be 1 to 32767", width, height);
  struct vt_canvas *c = vt_calloc(1, sizeof(*c));
  if (!c) return vt_fail(e, VT_ENOMEM, "out of memory for a canvas");
  c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  c->cr = cairo_create(c->surface);
  if (cairo_status(c->cr)) {
    vt_canvas_free(c);
    return vt_fail(e, VT_ENOMEM, "out of memory for a canvas of %d x %d pixels", width, height);
  }
  set_colour(c->cr, background, 1);
  cairo_paint(c->cr);
  *out = c;
  return 0;
}

void vt_canvas_free(struct vt_canvas *c)
{
  if (!c) return;
  cairo_destroy(c->cr);
  cairo_surface_destroy(c->surface);
  vt_free(c);
}

struct _cairo *vt_canvas_cairo(struct vt_canvas *c)
{
  return c->cr;
}

static void to_premultiplied(uint32_t *to, const uint8_t *p, int width, int channels)
{
  for (int x = 0; x < width; x++, p += channels) {
    uint32_t a = channels == 4 ? p[3] : 255, r = p[0], g = channels == 1 ? r : p[1],
             b = channels == 1 ? r : p[2];
    to[x] = a << 24 | (r * a + 127) / 255 << 16 | (g * a + 127) / 255 << 8 | (b * a + 127) / 255;
  }
}

void vt_canvas_image(struct vt_canvas *c, const struct vt_image *im, double x, double y, double w, double h)
{
  cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, im->width, im->height);
  if (!cairo_surface_status(s)) {
    unsigned char *px = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);
    for (int r = 0; r < im->height; r++)
      to_premultiplied((uint32_t *)(void *)(px + (size_t)r * (size_t)stride), im->px + r * im->stride,
                       im->width, im->channels);
    cairo_surface_mark_dirty(s);
    cairo_save(c->cr);
    cairo_rectangle(c->cr, x, y, w, h);
    cairo_clip(c->cr);
    cairo_translate(c->cr, x, y);
    cairo_scale(c->cr, w / im->width, h / im->height);
    cairo_set_source_surface(c->cr, s, 0, 0);
    cairo_pattern_set_extend(cairo_get_source(c->cr), CAIRO_EXTEND_PAD);
    cairo_pattern_set_filter(cairo_get_source(c->cr), CAIRO_FILTER_GOOD);
    cairo_paint(c->cr);
    cairo_restore(c->cr);
  }
  cairo_surface_destroy(s);
}

/* The mask's outline as a path: every edge between a set and an unset pixel, joined along straight lines. */
static void outline(cairo_t *cr, const uint8_t *bits, int w, int h)
{
  for (int y = 0; y <= h; y++)
    for (int x = 0, from = -1; x <= w; x++) {
      bool above = x < w && y > 0 && bits[(size_t)(y - 1) * (size_t)w + (size_t)x];
      bool below = x < w && y < h && bits[(size_t)y * (size_t)w + (size_t)x];
      bool edge = above != below;
      if (edge && from < 0) from = x;
      if (!edge && from >= 0) {
        cairo_move_to(cr, from, y);
        cairo_line_to(cr, x, y);
        from = -1;
      }
    }
  for (int x = 0; x <= w; x++)
    for (int y = 0, from = -1; y <= h; y++) {
      bool left = y < h && x > 0 && bits[(size_t)y * (size_t)w + (size_t)x - 1];
      bool right = y < h && x < w && bits[(size_t)y * (size_t)w + (size_t)x];
      bool edge = left != right;
      if (edge && from < 0) from = y;
      if (!edge && from >= 0) {
        cairo_move_to(cr, x, from);
        cairo_line_to(cr, x, y);
        from = -1;
      }
    }
}

void vt_canvas_mask(struct vt_canvas *c, const struct vt_mask *m, double x, double y, double scale,
                    uint32_t colour, double fill_alpha, double line_width)
{
  if (m->width < 1 || m->height < 1) return;
  uint8_t *bits = vt_calloc((size_t)m->width, (size_t)m->height);
  cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_A8, m->width, m->height);
  if (bits && !cairo_surface_status(s)) {
    vt_mask_to_bitmap(m, bits, m->width, 255);
    unsigned char *px = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);
    for (int r = 0; r < m->height; r++)
      memcpy(px + (size_t)r * (size_t)stride, bits + (size_t)r * (size_t)m->width, (size_t)m->width);
    cairo_surface_mark_dirty(s);
    cairo_save(c->cr);
    cairo_translate(c->cr, x, y);
    cairo_scale(c->cr, scale, scale);
    if (fill_alpha > 0) {
      set_colour(c->cr, colour, fill_alpha);
      cairo_mask_surface(c->cr, s, 0, 0);
    }
    if (line_width > 0) {
      outline(c->cr, bits, m->width, m->height);
      set_colour(c->cr, colour, 1);
      cairo_set_line_width(c->cr, line_width / scale);
      cairo_set_line_cap(c->cr, CAIRO_LINE_CAP_ROUND);
      cairo_stroke(c->cr);
    }
    cairo_restore(c->cr);
  }
  cairo_surface_destroy(s);
  vt_free(bits);
}

/* Cuts whole characters from the end until text and ellipsis fit. */
static void fit(cairo_t *cr, struct vt_buf *text, double max_width)
{
  cairo_text_extents_t x;
  cairo_text_extents(cr, text->data, &x);
  if (!(max_width > 0) || x.x_advance <= max_width) return;
  size_t n = text->len;
  while (n > 0 && !text->failed) {
    do n--;
    while (n > 0 && (text->data[n] & 0xC0) == 0x80);
    text->len = n;
    vt_buf_adds(text, "\xE2\x80\xA6");
    cairo_text_extents(cr, text->data, &x);
    if (x.x_advance <= max_width) return;
  }
}

void vt_canvas_text(struct vt_canvas *c, double x, double y, double size, uint32_t colour, double max_width,
                    const char *utf8)
{
  struct vt_buf text;
  vt_buf_init(&text);
  vt_utf8_repair(utf8, strlen(utf8), &text);
  for (size_t i = 0; i < text.len; i++)
    if ((unsigned char)text.data[i] < 32) text.data[i] = ' ';
  if (text.len && !text.failed) {
    cairo_select_font_face(c->cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c->cr, size);
    fit(c->cr, &text, max_width);
    if (!text.failed) {
      set_colour(c->cr, colour, 1);
      cairo_move_to(c->cr, x, y);
      cairo_show_text(c->cr, text.data);
      cairo_new_path(c->cr);
    }
  }
  vt_buf_clear(&text);
}

void vt_canvas_rect(struct vt_canvas *c, double x, double y, double w, double h, uint32_t colour,
                    double line_width)
{
  set_colour(c->cr, colour, 1);
  cairo_rectangle(c->cr, x, y, w, h);
  if (line_width > 0) {
    cairo_set_line_width(c->cr, line_width);
    cairo_stroke(c->cr);
  } else {
    cairo_fill(c->cr);
  }
}

int vt_canvas_take(struct vt_canvas *c, struct vt_image *out, struct vt_err *e)
{
  *out = (struct vt_image){0};
  cairo_surface_flush(c->surface);
  if (cairo_status(c->cr))
    return vt_fail(e, VT_ENOMEM, "drawing failed: %s", cairo_status_to_string(cairo_status(c->cr)));
  int w = cairo_image_surface_get_width(c->surface), h = cairo_image_surface_get_height(c->surface);
  int rc = vt_image_init(out, w, h, 3, e);
  if (rc) return rc;
  const unsigned char *px = cairo_image_surface_get_data(c->surface);
  size_t stride = (size_t)cairo_image_surface_get_stride(c->surface);
  for (int y = 0; y < h; y++) {
    const uint32_t *from = (const uint32_t *)(const void *)(px + (size_t)y * stride);
    uint8_t *to = out->px + y * out->stride;
    for (int x = 0; x < w; x++, to += 3) {
      to[0] = (uint8_t)(from[x] >> 16);
      to[1] = (uint8_t)(from[x] >> 8);
      to[2] = (uint8_t)from[x];
    }
  }
  return 0;
}
