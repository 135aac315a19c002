/* Embedding: picture, region or masked item -> what the network should see -> unit vectors, in batches. */
#include "model/network.h"

#include <math.h>
#include <string.h>

struct vt_embedder {
  struct vt__network net;
  int dim, ngroups, batch;
};

int vt_embedder_open(struct vt_embedder **out, const struct vt_registry *r, const char *path,
                     const struct vt_model_opts *o, struct vt_err *e)
{
  *out = NULL;
  struct vt_embedder *x = vt_calloc(1, sizeof *x);
  if (!x) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  int rc = vt__network_open(&x->net, r, path, "embed", o, e);
  if (rc) {
    vt_free(x);
    return rc;
  }
  const struct vt_graph *g = x->net.graph;
  x->batch = o->batch ? o->batch : 32;
  x->dim = g->outputs[0]->rank == 2 ? (int)g->outputs[0]->dim[1] : 0;
  x->ngroups = g->noutputs > 1 && g->outputs[1]->rank == 2 ? (int)g->outputs[1]->dim[1] : 0;
  if (x->dim < 1 || x->batch < 1 || x->batch > 1024) {
    rc = x->dim < 1 ? vt_fail(e, VT_ESHAPE, "%s: expected an output (N, D)", path)
                    : vt_fail(e, VT_EARG, "batch of %d: expected 1 to 1024", x->batch);
    vt_embedder_free(x);
    return rc;
  }
  *out = x;
  return 0;
}

void vt_embedder_free(struct vt_embedder *x)
{
  if (!x) return;
  vt__network_close(&x->net);
  vt_free(x);
}

int vt_embedder_dim(const struct vt_embedder *x)
{
  return x->dim;
}

const char *vt_embedder_id(const struct vt_embedder *x)
{
  return x->net.id;
}

const char *vt_embedder_card(const struct vt_embedder *x)
{
  return x->net.card;
}

const struct vt_preprocess *vt_embedder_preprocess(const struct vt_embedder *x)
{
  return &x->net.preprocess;
}

const struct vt_cut *vt_embedder_cut(const struct vt_embedder *x)
{
  return x->net.headless ? &x->net.cut : NULL;
}

int vt_embedder_ngroups(const struct vt_embedder *x)
{
  return x->ngroups;
}

int vt_item_view(struct vt_image *out, const struct vt_image *photo, const struct vt_box *box,
                 const struct vt_mask *mask, double aspect, struct vt_err *e)
{
  struct vt_box b = box ? *box : (struct vt_box){0, 0, photo->width, photo->height};
  if (mask) b = vt_mask_box(mask);
  if (box || mask) {
    double margin = 0.06 * VT_MAX(b.w, b.h);
    b = (struct vt_box){b.x - margin, b.y - margin, b.w + 2 * margin, b.h + 2 * margin};
  }
  if (b.w < 1 || b.h < 1) return vt_fail(e, VT_EARG, "region of %gx%g pixels: empty", b.w, b.h);
  /* White canvas of the wanted aspect with the region in its middle. */
  double w = VT_MAX(b.w, b.h * aspect), h = VT_MAX(b.h, b.w / aspect);
  int iw = (int)lround(w), ih = (int)lround(h), x0 = (int)lround(b.x - (w - b.w) / 2),
      y0 = (int)lround(b.y - (h - b.h) / 2);
  if (iw < 1 || ih < 1 || (int64_t)iw * ih > 4 * VT_MAX_PIXELS)
    return vt_fail(e, VT_ELIMIT, "region of %gx%g pixels cannot be fitted", b.w, b.h);
  uint8_t *bits = NULL;
  int rc = vt_image_init(out, iw, ih, 3, e);
  if (rc) return rc;
  memset(out->px, 255, (size_t)out->stride * (size_t)ih);
  if (mask) {
    if (!(bits = vt_calloc((size_t)mask->width, (size_t)mask->height))) {
      vt_image_clear(out);
      return vt_fail(e, VT_ENOMEM, "mask of %dx%d: out of memory", mask->width, mask->height);
    }
    vt_mask_to_bitmap(mask, bits, mask->width, 1);
  }
  int left = (int)VT_MAX(floor(b.x), 0), right = (int)VT_MIN(ceil(b.x + b.w), photo->width);
  int top = (int)VT_MAX(floor(b.y), 0), bottom = (int)VT_MIN(ceil(b.y + b.h), photo->height);
  left = VT_MAX(left, x0), right = VT_MIN(right, x0 + iw), top = VT_MAX(top, y0),
  bottom = VT_MIN(bottom, y0 + ih);
  for (int y = top; y < bottom; y++)
    for (int x = left; x < right; x++)
      if (!bits || (y < mask->height && x < mask->width && bits[(int64_t)y * mask->width + x]))
        memcpy(out->px + (y - y0) * out->stride + 3 * (x - x0),
               photo->px + y * photo->stride + photo->channels * x, 3);
  vt_free(bits);
  return 0;
}

int vt_embedder_prepare(const struct vt_embedder *x, const struct vt_image *photo, const struct vt_box *box,
                        const struct vt_mask *mask, float *out, struct vt_err *e)
{
  return vt__network_prepare(&x->net, photo, box, mask, out, e);
}

int vt_embedder_run(struct vt_embedder *x, const float *in, int64_t n, float *out, float *groups,
                    struct vt_err *e)
{
  int nout = groups && x->ngroups ? 2 : 1;
  return vt__network_run(&x->net, x->batch, in, n, nout, (float *[]){out, groups},
                         (int[]){x->dim, x->ngroups}, e);
}
