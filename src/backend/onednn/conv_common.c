/* Geometry, layouts and packed weights of convolutions. */
#include "backend/onednn/conv_common.h"

/* oneDNN counts positions in int, and divides by some of them; its kernels write out the outputs that padding
 * reaches one by one: a million of them take 22 GB of code. */
static bool counted_in_int(const struct vt_window *w)
{
  enum { MOST = 1 << 24, MOST_PADDING = 1 << 12 };
  for (int i = 0; i < 3; i++) {
    const int64_t span[] = {w->in[i], w->out[i], w->lo[i], w->hi[i], w->stride[i], w->k[i] * w->dil[i]};
    for (size_t j = 0; j < VT_COUNT(span); j++)
      if (span[j] > MOST) return false;
    if (w->lo[i] > MOST_PADDING || w->hi[i] > MOST_PADDING) return false;
  }
  return true;
}

bool vt__conv_init(struct vt__conv *c, const struct vt_window *w, int rank, const int64_t *large,
                   const int64_t *small, int64_t group, bool transposed, enum vt_dtype type,
                   enum vt_dtype wtype)
{
  int nd = rank - 2, o = 3 - nd, g = group > 1;
  if (!counted_in_int(w)) return false;
  *c = (struct vt__conv){.wrank = rank + g, .transposed = transposed, .type = type, .wtype = wtype};
  if (g) c->wdim[0] = group;
  c->wdim[g] = small[1] / group;
  c->wdim[g + 1] = large[1] / group;
  for (int i = 0; i < nd; i++) {
    c->wdim[g + 2 + i] = w->k[o + i];
    c->stride[i] = w->stride[o + i];
    c->dilation[i] = w->dil[o + i] - 1;
    c->lo[i] = w->lo[o + i];
    /* what the sizes imply: oneDNN wants an exact fit, ONNX rounds down */
    c->hi[i] = (w->out[o + i] - 1) * w->stride[o + i] + (w->k[o + i] - 1) * w->dil[o + i] + 1 - w->in[o + i] -
               w->lo[o + i];
  }
  if (transposed) { /* oneDNN's deconvolution names them by its own input and output */
    int64_t m = c->wdim[g];
    c->wdim[g] = c->wdim[g + 1];
    c->wdim[g + 1] = m;
  }
  int64_t channels = transposed ? large[1] : small[1];
  if (!vt__md_any(&c->w_any, type, c->wrank, c->wdim) || !vt__md_plain(&c->bias, VT_F32, 1, &channels))
    return false;
  if (!vt__md_plain(&c->w_plain, wtype, c->wrank, c->wdim)) return false;
  if (!transposed) return true;
  dnnl_dims_t stride;
  int64_t step = 1;
  for (int i = c->wrank - 1; i >= g + 2; i--) {
    stride[i] = step;
    step *= c->wdim[i];
  }
  stride[g] = step;
  stride[g + 1] = step * c->wdim[g];
  if (g) stride[0] = stride[g + 1] * c->wdim[g + 1];
  return dnnl_memory_desc_init_by_strides(&c->w_plain, c->wrank, c->wdim, c->w_plain.data_type, stride) ==
         dnnl_success;
}

bool vt__conv_layouts(const struct vt_plan_node *n, struct vt_slot *x, struct vt_slot *y,
                      vt__conv_pd_fn *make, const void *ctx)
{
  enum { MAX = 5 };
  int b = n->block, pair[MAX][2], np = 0;
  if (x->rank == 4) {
    bool narrow_x = x->dim[1] < 8, narrow_y = y->dim[1] < 8;
    const int all[MAX][2] = {{narrow_x ? VT_PLAIN : b, narrow_y ? VT_PLAIN : b},
                             {b, b},
                             {VT_NHWC, VT_NHWC},
                             {16, 16},
                             {VT_PLAIN, VT_PLAIN}};
    for (int i = 0; i < MAX; i++) {
      if (i == 3 && n->isa < VT_ISA_AVX512) continue;
      pair[np][0] = all[i][0];
      pair[np++][1] = all[i][1];
    }
  } else {
    pair[0][0] = pair[0][1] = VT_PLAIN;
    np = 1;
  }
  int best = VT__SCORE_REF, at = -1;
  for (int i = 0; i < np && best < VT__SCORE_JIT; i++) {
    dnnl_memory_desc_t xm, ym;
    x->block = pair[i][0];
    y->block = pair[i][1];
    if (!vt__md_slot(&xm, x) || !vt__md_slot(&ym, y)) continue;
    dnnl_primitive_desc_t pd = make(ctx, &xm, &ym);
    if (!pd) continue;
    int score = vt__pd_score(pd);
    dnnl_primitive_desc_destroy(pd);
    if (score > best) {
      best = score;
      at = i;
    }
  }
  if (at < 0) return false;
  x->block = pair[at][0];
  y->block = pair[at][1];
  return true;
}

int vt__weights_init(struct vt__weights *w, const dnnl_memory_desc_t *plain, const dnnl_memory_desc_t *md,
                     const struct vt_slot *slot, int threads, struct vt_err *e)
{
  w->plain = *plain;
  w->md = *md;
  if (!vt__md_equal(plain, md)) {
    int rc = vt__prim_reorder(&w->reorder, plain, md, threads, e);
    if (rc) return rc;
  }
  size_t bytes = vt__md_bytes(md);
  if (!slot->constant) {
    w->scratch = w->reorder.p ? vt__round64(bytes) + w->reorder.scratch : 0;
    return VT_OK;
  }
  void *tmp = NULL;
  w->packed = vt_aligned(bytes);
  if (w->reorder.scratch) tmp = vt_aligned(w->reorder.scratch);
  int rc = VT_OK;
  if (!w->packed || (w->reorder.scratch && !tmp))
    rc = vt_fail(e, VT_ENOMEM, "packing a weight of %zu bytes", bytes);
  if (!rc && w->reorder.p)
    rc = vt__prim_run(
        &w->reorder, tmp, 2,
        (struct vt__arg[]){{DNNL_ARG_FROM, plain, slot->constant->data}, {DNNL_ARG_TO, md, w->packed}}, e);
  else if (!rc)
    memcpy(w->packed, slot->constant->data, bytes);
  vt_free(tmp);
  return rc;
}

void *vt__weights_get(const struct vt__weights *w, void *given, void *scratch, struct vt_err *e)
{
  if (w->packed) return w->packed;
  if (!w->reorder.p) return given;
  void *pad = (char *)scratch + vt__round64(vt__md_bytes(&w->md));
  int rc =
      vt__prim_run(&w->reorder, pad, 2,
                   (struct vt__arg[]){{DNNL_ARG_FROM, &w->plain, given}, {DNNL_ARG_TO, &w->md, scratch}}, e);
  return rc ? NULL : scratch;
}

void vt__weights_clear(struct vt__weights *w)
{
  vt__prim_clear(&w->reorder);
  vt_free(w->packed);
  w->packed = NULL;
}

int vt__conv_ready_init(struct vt__conv_ready *r, dnnl_primitive_desc_t pd, const struct vt__conv *c,
                        const struct vt_slot *w, int threads, size_t *scratch, struct vt_err *e)
{
  dnnl_memory_desc_t packed = {0};
  if (pd) packed = vt__pd_md(pd, dnnl_query_weights_md);
  int rc = vt__prim_init(&r->conv, pd, threads, e);
  if (!rc) rc = vt__weights_init(&r->w, &c->w_plain, &packed, w, threads, e);
  r->bias = c->bias;
  *scratch = r->conv.scratch + r->w.scratch;
  return rc;
}

int vt__conv_ready_run(const struct vt__conv_ready *r, void *scratch, void *x, void *w, void *bias,
                       const void *residual, void *y, struct vt_err *e)
{
  void *packed = vt__weights_get(&r->w, w, (char *)scratch + r->conv.scratch, e);
  if (!packed) return e ? e->code : VT_EUNSUPPORTED;
  if (r->residual && residual != y) memcpy(y, residual, vt__md_bytes(&r->y));
  return vt__prim_run(&r->conv, scratch, 4,
                      (struct vt__arg[]){{DNNL_ARG_SRC, &r->x, x},
                                         {DNNL_ARG_WEIGHTS, &r->w.md, packed},
                                         {DNNL_ARG_BIAS, &r->bias, bias},
                                         {DNNL_ARG_DST, &r->y, y}},
                      e);
}

void vt__conv_ready_clear(struct vt__conv_ready *r)
{
  vt__prim_clear(&r->conv);
  vt__weights_clear(&r->w);
}
