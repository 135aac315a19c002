/* Reference loops, shape inference and gradients of the convolution family.
 *
 * y[n,m,o] = b[m] + Σ_{c,k} w[m,c,k] x[n, c, o·stride + k·dilation − pad]; the two gradients are the same sum
 * read for x and for w. The innermost loop runs along one row of the output. */
#include "ops/conv_ref.h"

enum { MAX_GROUPS = 1 << 20 };

/* Range [*from, *to) of output positions o for which o·stride + k·dil − lo falls inside the input. */
static void valid(const struct vt_window *w, int d, int64_t k, int64_t *from, int64_t *to)
{
  int64_t shift = w->lo[d] - k * w->dil[d], s = w->stride[d]; /* input position = o s − shift */
  *from = shift > 0 ? (shift + s - 1) / s : 0;
  int64_t last = w->in[d] - 1 + shift;
  *to = last < 0 ? 0 : VT_MIN(last / s + 1, w->out[d]);
}

enum pass { FORWARD, GRAD_INPUT, GRAD_WEIGHT };

static inline float row(enum pass pass, int64_t n, int64_t s, float *restrict x, float *restrict y, float w)
{
  float sum = 0;
  switch (pass) {
  case FORWARD:
    for (int64_t i = 0; i < n; i++) y[i] += w * x[i * s];
    break;
  case GRAD_INPUT:
    for (int64_t i = 0; i < n; i++) x[i * s] += w * y[i];
    break;
  case GRAD_WEIGHT:
    for (int64_t i = 0; i < n; i++) sum += x[i * s] * y[i];
    break;
  }
  return sum;
}

/* One input plane x, one output plane y, one kernel plane w. */
static inline void plane(enum pass pass, const struct vt_window *g, float *x, float *y, float *w)
{
  int64_t tap = 0, f[3], t[3];
  for (int64_t kd = 0; kd < g->k[0]; kd++) {
    valid(g, 0, kd, &f[0], &t[0]);
    for (int64_t kh = 0; kh < g->k[1]; kh++) {
      valid(g, 1, kh, &f[1], &t[1]);
      for (int64_t kw = 0; kw < g->k[2]; kw++, tap++) {
        valid(g, 2, kw, &f[2], &t[2]);
        if (f[2] >= t[2]) continue;
        double sum = 0;
        for (int64_t od = f[0]; od < t[0]; od++)
          for (int64_t oh = f[1]; oh < t[1]; oh++) {
            int64_t id = od * g->stride[0] + kd * g->dil[0] - g->lo[0];
            int64_t ih = oh * g->stride[1] + kh * g->dil[1] - g->lo[1];
            int64_t iw = f[2] * g->stride[2] + kw * g->dil[2] - g->lo[2];
            float *xr = x + (id * g->in[1] + ih) * g->in[2] + iw;
            float *yr = y + (od * g->out[1] + oh) * g->out[2] + f[2];
            sum += (double)row(pass, t[2] - f[2], g->stride[2], xr, yr, w[tap]);
          }
        if (pass == GRAD_WEIGHT) w[tap] += (float)sum;
      }
    }
  }
}

static inline void walk(enum pass pass, const struct vt__conv *v, float *x, float *w, float *y)
{
  const struct vt_window *g = &v->win;
  int64_t in = vt__span(g->in, 0, 3), out = vt__span(g->out, 0, 3), taps = vt__span(g->k, 0, 3);
  int64_t cg = v->c / v->group, mg = v->m / v->group;
  if (!in || !out || !taps) return; /* an empty map may have no address */
  for (int64_t n = 0; n < v->n; n++)
    for (int64_t m = 0; m < v->m; m++)
      for (int64_t c = 0; c < cg; c++)
        plane(pass, g, x + (n * v->c + m / mg * cg + c) * in, y + (n * v->m + m) * out,
              w + (m * cg + c) * taps);
}

void vt__conv_forward(const struct vt__conv *v, const float *x, const float *w, const float *bias, float *y)
{
  int64_t out = vt__span(v->win.out, 0, 3);
  for (int64_t i = 0; i < v->n * v->m; i++)
    for (int64_t o = 0; o < out; o++) y[i * out + o] = bias ? bias[i % v->m] : 0;
  walk(FORWARD, v, (float *)x, (float *)w, y);
}

void vt__conv_grad_input(const struct vt__conv *v, const float *dy, const float *w, float *dx)
{
  for (int64_t i = 0, n = v->n * v->c * vt__span(v->win.in, 0, 3); i < n; i++) dx[i] = 0;
  walk(GRAD_INPUT, v, dx, (float *)w, (float *)dy);
}

void vt__conv_grad_weight(const struct vt__conv *v, const float *x, const float *dy, float *dw)
{
  for (int64_t i = 0, n = v->m * (v->c / v->group) * vt__span(v->win.k, 0, 3); i < n; i++) dw[i] = 0;
  walk(GRAD_WEIGHT, v, (float *)x, dw, (float *)dy);
}

static int misfit(const struct vt_node *n, int rank, const int64_t *x, const int64_t *w, struct vt_err *e)
{
  char sx[96], sw[96];
  vt_shape_print(rank, x, sx, sizeof sx);
  vt_shape_print(rank, w, sw, sizeof sw);
  return vt__bad(e, VT_ESHAPE, n, "input %s does not fit weight %s with group %lld", sx, sw,
                 (long long)((const struct vt_conv_attrs *)n->attrs)->group);
}

int vt__conv_sizes(struct vt__conv *v, const struct vt_node *n, int rank, const int64_t *x, const int64_t *w,
                   struct vt_err *e)
{
  int64_t group = ((const struct vt_conv_attrs *)n->attrs)->group;
  *v = (struct vt__conv){.n = x[0], .c = x[1], .m = w[0], .group = group};
  if (group < 1 || group > MAX_GROUPS || (w[0] >= 0 && w[0] % group) ||
      (x[1] >= 0 && w[1] >= 0 && x[1] != w[1] * group))
    return misfit(n, rank, x, w, e);
  return vt_conv_window(&v->win, n, rank, x, w, e);
}

int vt__conv_transpose_sizes(struct vt__conv *v, const struct vt_node *n, int rank, const int64_t *x,
                             const int64_t *w, struct vt_err *e)
{
  int64_t group = ((const struct vt_conv_attrs *)n->attrs)->group;
  *v = (struct vt__conv){.n = x[0], .m = x[1], .group = group};
  if (group < 1 || group > MAX_GROUPS || (x[1] >= 0 && w[0] >= 0 && x[1] != w[0]) ||
      (x[1] >= 0 && x[1] % group))
    return misfit(n, rank, x, w, e);
  v->c = w[1] < 0 ? -1 : w[1] * group;
  return vt_conv_transpose_window(&v->win, n, rank, x, w, e);
}

int vt__conv_infer_at(struct vt_node *n, int xi, int wi, int bi, bool transposed, enum vt_dtype out,
                      struct vt_err *e)
{
  const struct vt_value *x = n->in[xi], *w = n->in[wi], *b = bi < 0 ? NULL : vt__in(n, bi);
  int rc = vt__check_rank(n, xi, 3, 5, e);
  if (!rc) rc = vt__check_rank(n, wi, 3, 5, e);
  if (rc) return rc;
  if (vt_dtype_is_float(out) && out == x->dtype &&
      ((w->dtype && w->dtype != out) || (b && b->dtype && b->dtype != out)))
    return vt__bad(e, VT_EARG, n, "input, weight and bias are not of one type");
  vt__out(n, 0, out, -1, NULL);
  if (x->rank < 0 || w->rank < 0) return VT_OK;
  if (x->rank != w->rank) return vt__check_rank(n, wi, x->rank, x->rank, e);
  struct vt__conv v;
  rc = (transposed ? vt__conv_transpose_sizes : vt__conv_sizes)(&v, n, x->rank, x->dim, w->dim, e);
  if (rc) return rc;
  int64_t dim[VT_MAX_RANK] = {v.n, transposed ? v.c : v.m};
  if (b && b->rank >= 0 && (b->rank != 1 || (b->dim[0] >= 0 && dim[1] >= 0 && b->dim[0] != dim[1])))
    return vt__bad(e, VT_ESHAPE, n, "bias must have shape (%lld)", (long long)dim[1]);
  memcpy(dim + 2, &(transposed ? v.win.in : v.win.out)[5 - x->rank], (size_t)(x->rank - 2) * sizeof *dim);
  vt__out(n, 0, out, x->rank, dim);
  return VT_OK;
}

int vt__conv_infer(struct vt_node *n, struct vt_err *e)
{
  return vt__conv_infer_at(n, 0, 1, 2, false, n->in[0]->dtype, e);
}

/* Each element of the side with fewer pixels meets each tap of one of its filters. */
static int64_t macs(const struct vt_value *w, const struct vt_value *y)
{
  if (!vt__is_static(w) || !vt__is_static(y)) return 0;
  return vt__product(vt__span(y->dim, 0, y->rank), vt__span(w->dim, 1, w->rank));
}

int64_t vt__conv_macs(const struct vt_node *n)
{
  return macs(n->in[1], n->out[0]);
}

int64_t vt__conv_back_macs(const struct vt_node *n)
{
  return macs(n->in[1], n->in[0]);
}

int64_t vt__conv_weight_macs(const struct vt_node *n)
{
  return macs(n->out[0], n->in[1]);
}

struct vt_value *vt__bias_grad(struct vt_graph *g, struct vt_value *dy)
{
  int64_t axes[VT_MAX_RANK] = {0};
  int n = 1;
  for (int i = 2; i < dy->rank; i++) axes[n++] = i;
  return vt__reduce(g, "ReduceSum", dy, n, axes, false);
}

int vt__conv_grads(struct vt_graph *g, const struct vt_node *n, struct vt_value *dy, const bool *need,
                   struct vt_value **dx, struct vt_err *e)
{
  struct vt_conv_attrs a = *(const struct vt_conv_attrs *)n->attrs;
  struct vt_value *x = n->in[0], *w = n->in[1];
  if (!vt__is_static(x) || !vt__is_static(w))
    return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  a.output_padding = a.output_shape = a.kernel_shape = (struct vt_ints){0};
  if (need[0]) {
    a.shape = (struct vt_ints){x->rank, x->dim};
    dx[0] = vt__emit_ours(g, "ConvGradInput", VT_IN(dy, w), 1, NULL, &a);
  }
  if (need[1]) {
    a.shape = (struct vt_ints){w->rank, w->dim};
    dx[1] = vt__emit_ours(g, "ConvGradWeight", VT_IN(x, dy), 1, NULL, &a);
  }
  return vt_graph_status(g, e);
}
