/* GIF through giflib: the first frame only, so an animation costs no more than its first picture.
 *
 * The canvas is the logical screen, widened where a careless writer's frame does not fit; what the frame
 * leaves uncovered is transparent. */
#include <string.h>
#include <gif_lib.h>
#include "image/decode.h"

struct source {
  const uint8_t *data;
  size_t len, at;
};

static int read_bytes(GifFileType *g, GifByteType *to, int n)
{
  struct source *s = g->UserData;
  size_t take = VT_MIN((size_t)n, s->len - s->at);
  memcpy(to, s->data + s->at, take);
  s->at += take;
  return (int)take;
}

struct first_frame {
  GifFileType *g;
  int transparent; /* colour number, -1 none */
};

static int fail(const GifFileType *g, int code, struct vt_err *e)
{
  const char *why = GifErrorString(g ? g->Error : code);
  return vt_fail(e, VT_EFORMAT, "truncated or damaged: %s", why ? why : "unexpected end");
}

/* Opens and goes on to the first picture's description, minding the graphics control block before it. */
static int open_gif(struct first_frame *f, struct source *s, struct vt_err *e)
{
  int code = 0;
  *f = (struct first_frame){.transparent = -1};
  GifFileType *g = f->g = DGifOpen(s, read_bytes, &code);
  if (!g) return fail(NULL, code, e);
  for (GifRecordType type;;) {
    if (DGifGetRecordType(g, &type) == GIF_ERROR) return fail(g, 0, e);
    if (type == TERMINATE_RECORD_TYPE) return vt_fail(e, VT_EFORMAT, "no picture inside");
    if (type == IMAGE_DESC_RECORD_TYPE) break;
    if (type != EXTENSION_RECORD_TYPE) continue;
    GifByteType *ext;
    if (DGifGetExtension(g, &code, &ext) == GIF_ERROR) return fail(g, 0, e);
    if (ext && code == GRAPHICS_EXT_FUNC_CODE && ext[0] >= 4 && ext[1] & 1) f->transparent = ext[4];
    while (ext)
      if (DGifGetExtensionNext(g, &ext) == GIF_ERROR) return fail(g, 0, e);
  }
  return DGifGetImageDesc(g) == GIF_ERROR ? fail(g, 0, e) : 0;
}

static void close_gif(struct first_frame *f)
{
  if (f->g) DGifCloseFile(f->g, NULL);
}

static void canvas_size(const GifFileType *g, int *width, int *height)
{
  *width = VT_MAX(g->SWidth, g->Image.Left + g->Image.Width);
  *height = VT_MAX(g->SHeight, g->Image.Top + g->Image.Height);
}

int vt__gif_probe(struct vt_image_info *info, const uint8_t *data, size_t len, struct vt_err *e)
{
  struct first_frame f;
  struct source s = {data, len, 0};
  int rc = open_gif(&f, &s, e);
  if (!rc) canvas_size(f.g, &info->file_width, &info->file_height);
  close_gif(&f);
  return rc;
}

static void put_row(struct vt_image *im, const GifFileType *g, const ColorMapObject *map, int transparent,
                    int y, const GifPixelType *row)
{
  uint8_t *p = im->px + (g->Image.Top + y) * im->stride + (int64_t)g->Image.Left * 4;
  for (int x = 0; x < g->Image.Width; x++, p += 4) {
    int i = row[x];
    if (i == transparent) continue;
    GifColorType c = i < map->ColorCount ? map->Colors[i] : (GifColorType){0, 0, 0};
    p[0] = c.Red;
    p[1] = c.Green;
    p[2] = c.Blue;
    p[3] = 255;
  }
}

static int read_rows(struct vt_image *im, struct first_frame *f, GifPixelType *row, struct vt_err *e)
{
  static const struct {
    int first, step;
  } passes[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}, {0, 1}};
  GifFileType *g = f->g;
  const ColorMapObject *map = g->Image.ColorMap ? g->Image.ColorMap : g->SColorMap;
  if (!map) return vt_fail(e, VT_EFORMAT, "no colour table");
  int from = g->Image.Interlace ? 0 : 4, to = g->Image.Interlace ? 4 : 5;
  for (int pass = from; pass < to; pass++)
    for (int y = passes[pass].first; y < g->Image.Height; y += passes[pass].step) {
      if (DGifGetLine(g, row, g->Image.Width) == GIF_ERROR) return fail(g, 0, e);
      put_row(im, g, map, f->transparent, y, row);
    }
  return 0;
}

int vt__gif_decode(struct vt__raw *r, const uint8_t *data, size_t len, const struct vt_decode_opts *o,
                   const struct vt_image_info *info, struct vt_err *e)
{
  struct first_frame f;
  struct source s = {data, len, 0};
  GifPixelType *row = NULL;
  int rc = open_gif(&f, &s, e);
  if (!rc && (f.g->Image.Width < 1 || f.g->Image.Height < 1))
    rc = vt_fail(e, VT_EFORMAT, "the first frame is empty");
  if (!rc) rc = vt_image_init(&r->im, info->file_width, info->file_height, 4, e);
  if (!rc) {
    row = vt_malloc((size_t)f.g->Image.Width);
    rc = row ? read_rows(&r->im, &f, row, e) : vt_fail(e, VT_ENOMEM, "out of memory for a row");
  }
  vt_free(row);
  close_gif(&f);
  return rc;
}
