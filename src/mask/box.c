/* Boxes: intersection over union and clipping. Corners are real numbers, as COCO's are. */
#include "mask/mask.h"

double vt_box_iou(struct vt_box a, struct vt_box b)
{
  double w = VT_MIN(a.x + a.w, b.x + b.w) - VT_MAX(a.x, b.x);
  double h = VT_MIN(a.y + a.h, b.y + b.h) - VT_MAX(a.y, b.y);
  if (!(w > 0 && h > 0)) return 0;
  return w * h / (a.w * a.h + b.w * b.h - w * h);
}

double vt_box_iou_crowd(struct vt_box a, struct vt_box b)
{
  double w = VT_MIN(a.x + a.w, b.x + b.w) - VT_MAX(a.x, b.x);
  double h = VT_MIN(a.y + a.h, b.y + b.h) - VT_MAX(a.y, b.y);
  if (!(w > 0 && h > 0)) return 0;
  return w * h / (a.w * a.h);
}

struct vt_box vt_box_clip(struct vt_box b, int width, int height)
{
  double x0 = VT_CLAMP(b.x, 0, (double)width), x1 = VT_CLAMP(b.x + b.w, 0, (double)width);
  double y0 = VT_CLAMP(b.y, 0, (double)height), y1 = VT_CLAMP(b.y + b.h, 0, (double)height);
  return (struct vt_box){x0, y0, VT_MAX(x1 - x0, 0), VT_MAX(y1 - y0, 0)};
}
