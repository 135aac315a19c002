/* How a network's pictures are prepared: as its metadata says, or as is usual for networks trained on
 * ImageNet. */
#include "model/model.h"

#include <math.h>

int vt_preprocess_of(struct vt_graph *g, struct vt_preprocess *p, struct vt_err *e)
{
  enum { USUAL = 224, MOST = 4096 };
  const char *text = vt_graph_meta(g, VT_META_PREPROCESS);
  struct vt_value *x = g->ninputs == 1 ? g->inputs[0] : NULL;
  if (!x || x->rank != 4 || x->dim[1] != 3 || x->dtype != VT_F32)
    return vt_fail(e, VT_ESHAPE, "expected one input f32 (N, 3, H, W)");
  if (text) {
    int rc = vt_preprocess_parse(p, text, e);
    if (rc) return rc;
  } else {
    bool sized = x->dim[2] > 0 && x->dim[3] > 0 && x->dim[2] <= MOST && x->dim[3] <= MOST;
    *p = (struct vt_preprocess){.width = sized ? (int)x->dim[3] : USUAL,
                                .height = sized ? (int)x->dim[2] : USUAL,
                                .mean = {0.485f, 0.456f, 0.406f},
                                .std = {0.229f, 0.224f, 0.225f}};
  }
  x->dim[2] = p->height;
  x->dim[3] = p->width;
  return vt_graph_infer(g, e);
}

int vt_preprocess_photo(const struct vt_preprocess *p, const struct vt_image *photo, const struct vt_box *box,
                        const struct vt_mask *mask, float *out, struct vt_err *e)
{
  struct vt_image view = {0}, fitted = {0};
  const struct vt_image *src = photo;
  double aspect = (double)p->width / p->height;
  bool whole = !box && !mask, fits = fabs((double)photo->width / photo->height / aspect - 1) < 0.02;
  int rc = 0;
  if (photo->channels != 3)
    return vt_fail(e, VT_EARG, "the network needs an RGB picture, got %d channels", photo->channels);
  if (!whole || (p->fit == VT_FIT_PAD && !fits)) {
    if ((rc = vt_item_view(&view, photo, box, mask, aspect, e))) goto out;
    src = &view;
  }
  if ((rc = vt_image_init(&fitted, p->width, p->height, 3, e))) goto out;
  if ((rc = vt_image_resize(&fitted, src, 0, 0, src->width, src->height, VT_BILINEAR, e))) goto out;
  vt_image_to_planes(&fitted, p->mean, p->std, out);
out:
  vt_image_clear(&fitted);
  vt_image_clear(&view);
  return rc;
}
