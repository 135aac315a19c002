/* Sliding-window geometry of convolutions and pools: padding, strides, output sizes.
 * Formulas: ONNX operator documentation of Conv, ConvTranspose, MaxPool. */
#include "ops/util.h"

/* Products of a size and a step stay below 2^60. */
static const int64_t max_size = VT_MAX_ELEMENTS, max_step = 1 << 20;

static int list(const struct vt_node *owner, const char *name, const struct vt_ints *l, int nd, int64_t lo,
                int64_t hi, int64_t fallback, int64_t *out, struct vt_err *e)
{
  if (l->n != 0 && l->n != nd)
    return vt__bad(e, VT_ESHAPE, owner, "attribute %s has %d entries, %d expected", name, l->n, nd);
  for (int i = 0; i < nd; i++) {
    out[i] = l->n ? l->v[i] : fallback;
    if (out[i] < lo || out[i] > hi)
      return vt__bad(e, VT_EARG, owner, "attribute %s holds %lld, %lld to %lld expected", name,
                     (long long)out[i], (long long)lo, (long long)hi);
  }
  return VT_OK;
}

static int64_t ceil_div(int64_t a, int64_t b)
{
  return (a + b - 1) / b;
}

/* Reads the lists into the trailing nd of 3 dimensions. */
static int fill(struct vt_window *w, const struct vt_node *owner, int nd, const int64_t *k,
                const struct vt_ints *strides, const struct vt_ints *dilations, const struct vt_ints *pads,
                struct vt_err *e)
{
  if (nd < 1 || nd > 3)
    return vt__bad(e, VT_EUNSUPPORTED, owner, "%d spatial dimensions, 1 to 3 expected", nd);
  int o = 3 - nd;
  *w = (struct vt_window){
      .in = {1, 1, 1}, .k = {1, 1, 1}, .out = {1, 1, 1}, .stride = {1, 1, 1}, .dil = {1, 1, 1}};
  int64_t p[6] = {0};
  int rc = list(owner, "strides", strides, nd, 1, max_step, 1, w->stride + o, e);
  if (!rc) rc = list(owner, "dilations", dilations, nd, 1, max_step, 1, w->dil + o, e);
  if (!rc) rc = list(owner, "pads", pads, 2 * nd, 0, max_size, 0, p, e);
  if (rc) return rc;
  for (int i = 0; i < nd; i++) {
    w->k[o + i] = k[i];
    w->lo[o + i] = p[i];
    w->hi[o + i] = p[nd + i];
  }
  return VT_OK;
}

int vt_window_init(struct vt_window *w, const struct vt_node *owner, int nd, const int64_t *in,
                   const int64_t *k, int auto_pad, const struct vt_ints *strides,
                   const struct vt_ints *dilations, const struct vt_ints *pads, bool ceil_mode,
                   struct vt_err *e)
{
  int rc = fill(w, owner, nd, k, strides, dilations, pads, e);
  if (rc) return rc;
  for (int i = 3 - nd; i < 3; i++) {
    int64_t n = in[i - (3 - nd)], s = w->stride[i];
    w->in[i] = n;
    w->out[i] = -1;
    if (n < 0 || w->k[i] < 0) continue;
    if (w->k[i] < 1 || w->k[i] > max_size)
      return vt__bad(e, VT_EARG, owner, "kernel size %lld", (long long)w->k[i]);
    int64_t reach = (w->k[i] - 1) * w->dil[i] + 1;
    if (auto_pad == VT_PAD_VALID) w->lo[i] = w->hi[i] = 0;
    if (auto_pad == VT_PAD_SAME_UPPER || auto_pad == VT_PAD_SAME_LOWER) {
      w->out[i] = ceil_div(n, s);
      int64_t total = VT_MAX((w->out[i] - 1) * s + reach - n, 0);
      w->lo[i] = auto_pad == VT_PAD_SAME_UPPER ? total / 2 : total - total / 2;
      w->hi[i] = total - w->lo[i];
      continue;
    }
    int64_t room = n + w->lo[i] + w->hi[i] - reach;
    if (room < 0)
      return vt__bad(e, VT_ESHAPE, owner, "kernel reaches over %lld, padded input has %lld", (long long)reach,
                     (long long)(room + reach));
    w->out[i] = (ceil_mode ? ceil_div(room, s) : room / s) + 1;
    /* A window that would start in the padding behind the input is dropped (as in PyTorch and opset 22). */
    if (ceil_mode && (w->out[i] - 1) * s >= n + w->lo[i]) w->out[i]--;
  }
  return VT_OK;
}

/* The weight's spatial sizes, checked against attribute kernel_shape. */
static int kernel(const struct vt_node *n, const struct vt_conv_attrs *a, int nd, const int64_t *w,
                  int64_t *k, struct vt_err *e)
{
  for (int i = 0; i < nd && i < 3; i++) {
    k[i] = w ? w[2 + i] : -1;
    if (a->kernel_shape.n == nd && k[i] < 0) k[i] = a->kernel_shape.v[i];
    if (a->kernel_shape.n && (a->kernel_shape.n != nd || a->kernel_shape.v[i] != k[i]))
      return vt__bad(e, VT_ESHAPE, n, "attribute kernel_shape does not fit the weight");
  }
  return VT_OK;
}

int vt_conv_window(struct vt_window *out, const struct vt_node *n, int rank, const int64_t *x,
                   const int64_t *w, struct vt_err *e)
{
  const struct vt_conv_attrs *a = n->attrs;
  int64_t k[3] = {0};
  int rc = kernel(n, a, rank - 2, w, k, e);
  if (rc) return rc;
  return vt_window_init(out, n, rank - 2, x + 2, k, a->auto_pad, &a->strides, &a->dilations, &a->pads, false,
                        e);
}

int vt_conv_transpose_window(struct vt_window *out, const struct vt_node *n, int rank, const int64_t *x,
                             const int64_t *w, struct vt_err *e)
{
  const struct vt_conv_attrs *a = n->attrs;
  int nd = rank - 2, o = 3 - nd;
  int64_t k[3] = {0}, extra[3] = {0}, want[3] = {0};
  int rc = kernel(n, a, nd, w, k, e);
  if (!rc) rc = fill(out, n, nd, k, &a->strides, &a->dilations, &a->pads, e);
  if (!rc) rc = list(n, "output_padding", &a->output_padding, nd, 0, max_size, 0, extra, e);
  if (!rc && a->output_shape.n > nd) { /* some writers give all dimensions */
    struct vt_ints tail = {a->output_shape.n - 2, a->output_shape.v + 2};
    rc = list(n, "output_shape", &tail, nd, 0, max_size, 0, want, e);
  } else if (!rc) {
    rc = list(n, "output_shape", &a->output_shape, nd, 0, max_size, 0, want, e);
  }
  if (rc) return rc;
  bool same = a->auto_pad == VT_PAD_SAME_UPPER || a->auto_pad == VT_PAD_SAME_LOWER;
  for (int i = o; i < 3; i++) {
    int64_t m = x[2 + i - o], s = out->stride[i];
    out->out[i] = m;
    out->in[i] = -1;
    if (m < 0 || out->k[i] < 1) continue;
    if (out->k[i] > max_size) return vt__bad(e, VT_EARG, n, "kernel size %lld", (long long)out->k[i]);
    int64_t full = s * (m - 1) + (out->k[i] - 1) * out->dil[i] + 1 + extra[i - o];
    if (a->auto_pad == VT_PAD_VALID) out->lo[i] = out->hi[i] = 0;
    if (a->output_shape.n || same) {
      out->in[i] = a->output_shape.n ? want[i - o] : m * s;
      int64_t total = VT_MAX(full - out->in[i], 0);
      out->lo[i] = a->auto_pad == VT_PAD_SAME_UPPER ? total / 2 : total - total / 2;
      out->hi[i] = total - out->lo[i];
    } else {
      out->in[i] = full - out->lo[i] - out->hi[i];
    }
    if (out->in[i] < 1 || full > max_size)
      return vt__bad(e, VT_ESHAPE, n, "output would have size %lld", (long long)out->in[i]);
  }
  return VT_OK;
}

int vt_pool_window(struct vt_window *out, const struct vt_node *n, int rank, const int64_t *x,
                   struct vt_err *e)
{
  const struct vt_pool_attrs *a = n->attrs;
  if (a->kernel_shape.n != rank - 2)
    return vt__bad(e, VT_ESHAPE, n, "attribute kernel_shape has %d entries for an input of rank %d",
                   a->kernel_shape.n, rank);
  for (int i = 0; i < a->kernel_shape.n; i++)
    if (a->kernel_shape.v[i] < 1)
      return vt__bad(e, VT_EARG, n, "kernel size %lld", (long long)a->kernel_shape.v[i]);
  return vt_window_init(out, n, rank - 2, x + 2, a->kernel_shape.v, a->auto_pad, &a->strides, &a->dilations,
                        &a->pads, a->ceil_mode != 0, e);
}
