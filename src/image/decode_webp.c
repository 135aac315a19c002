/* WebP through libwebp; of an animation the first frame, placed on its canvas. */
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>
#include "image/decode.h"

static WebPDemuxer *open_webp(const uint8_t *data, size_t len, struct vt_err *e)
{
  WebPData d = {data, len};
  WebPDemuxer *x = WebPDemux(&d);
  if (!x) vt_fail(e, VT_EFORMAT, "truncated or damaged");
  return x;
}

int vt__webp_probe(struct vt_image_info *info, const uint8_t *data, size_t len, struct vt_err *e)
{
  WebPData d = {data, len};
  WebPDemuxState state;
  WebPDemuxer *x = WebPDemuxPartial(&d, &state);
  if (!x || state < WEBP_DEMUX_PARSED_HEADER) {
    WebPDemuxDelete(x);
    return vt_fail(e, VT_EFORMAT, "truncated or damaged header");
  }
  info->file_width = (int)WebPDemuxGetI(x, WEBP_FF_CANVAS_WIDTH);
  info->file_height = (int)WebPDemuxGetI(x, WEBP_FF_CANVAS_HEIGHT);
  WebPChunkIterator it;
  if (WebPDemuxGetChunk(x, "EXIF", 1, &it)) {
    info->orientation = vt__exif_orientation(it.chunk.bytes, it.chunk.size);
    WebPDemuxReleaseChunkIterator(&it);
  }
  WebPDemuxDelete(x);
  return 0;
}

static int take_profile(struct vt__raw *r, WebPDemuxer *x, struct vt_err *e)
{
  WebPChunkIterator it;
  if (!WebPDemuxGetChunk(x, "ICCP", 1, &it)) return 0;
  int rc = 0;
  if (it.chunk.size) {
    r->icc = vt_malloc(it.chunk.size);
    if (r->icc) {
      memcpy(r->icc, it.chunk.bytes, it.chunk.size);
      r->icc_len = it.chunk.size;
    } else {
      rc = vt_fail(e, VT_ENOMEM, "out of memory for a profile of %zu bytes", it.chunk.size);
    }
  }
  WebPDemuxReleaseChunkIterator(&it);
  return rc;
}

static int decode_frame(struct vt__raw *r, const WebPIterator *f, const struct vt_image_info *info,
                        struct vt_err *e)
{
  bool whole =
      f->x_offset == 0 && f->y_offset == 0 && f->width == info->file_width && f->height == info->file_height;
  bool inside = f->x_offset >= 0 && f->y_offset >= 0 && f->width <= info->file_width - f->x_offset &&
                f->height <= info->file_height - f->y_offset;
  if (!inside) return vt_fail(e, VT_EFORMAT, "the first frame leaves the canvas");
  bool alpha = f->has_alpha || !whole;
  int rc = vt_image_init(&r->im, info->file_width, info->file_height, alpha ? 4 : 3, e);
  if (rc) return rc;
  int64_t skip = f->y_offset * r->im.stride + (int64_t)f->x_offset * r->im.channels;
  uint8_t *to = r->im.px + skip;
  size_t room = (size_t)(r->im.stride * r->im.height - skip);
  if (!(alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto)(f->fragment.bytes, f->fragment.size, to, room,
                                                        (int)r->im.stride))
    return vt_fail(e, VT_EFORMAT, "truncated or damaged pixels");
  return 0;
}

int vt__webp_decode(struct vt__raw *r, const uint8_t *data, size_t len, const struct vt_decode_opts *o,
                    const struct vt_image_info *info, struct vt_err *e)
{
  WebPDemuxer *x = open_webp(data, len, e);
  if (!x) return VT_EFORMAT;
  WebPIterator f;
  int rc;
  if (WebPDemuxGetFrame(x, 1, &f)) {
    rc = f.complete ? decode_frame(r, &f, info, e) : vt_fail(e, VT_EFORMAT, "truncated");
    WebPDemuxReleaseIterator(&f);
  } else {
    rc = vt_fail(e, VT_EFORMAT, "no picture inside");
  }
  if (!rc) rc = take_profile(r, x, e);
  WebPDemuxDelete(x);
  return rc;
}
