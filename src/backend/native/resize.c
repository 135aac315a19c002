/* Resize and ai.vitrine:ResizeGrad on feature maps: two sparse matrices (ops/attrs.h), rows first,
 * then columns, b channels side by side. Coordinates are those of the operators' own tables, so every mode is
 * exact. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"

struct state {
  bool grad;
  struct vt__view v; /* of the forward input */
  int64_t w_in, h_out, w_out;
  struct vt_resize_axis rows, columns;
  int threads;
  enum vt_dtype from, to;
  int64_t room; /* floats of scratch per thread: a row, and panels of bf16 as floats */
};

/* The inputs that carry scales; -1: none. */
static int scales_input(const struct vt_node *n)
{
  if (!strcmp(n->op->name, "Resize") && n->nin > 2) return 2;
  return n->nin > 1 ? 1 : -1;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  const struct vt_resize_attrs *a = n->node->attrs;
  bool grad = !strcmp(n->node->op->name, "ResizeGrad");
  struct vt_slot *x = &n->in[0], *y = &n->out[0], *from = grad ? y : x, *to = grad ? x : y;
  if (x->rank != 4 || !vt__is_real(x)) return vt__refuse(reason, size, "no feature map of f32 or bf16");
  if (x->dim[0] != y->dim[0] || x->dim[1] != y->dim[1])
    return vt__refuse(reason, size, "batch or channels resized");
  if (a->coordinate_transformation_mode == VT_RESIZE_TF_CROP_AND_RESIZE)
    return vt__refuse(reason, size, "crop and resize");
  for (int i = 1; i < n->nin; i++)
    if (n->in[i].used && !n->in[i].constant)
      return vt__refuse(reason, size, "scales or sizes are not constant");
  if (vt_dims_count(4, from->dim) < 1 || vt_dims_count(4, to->dim) < 1)
    return vt__refuse(reason, size, "empty");
  if (vt__want(n) != VT_BF16) x->dtype = y->dtype = VT_F32;
  x->block = y->block = vt__prefer(n, x);
  for (int i = 1; i < n->nin; i++) n->in[i].packed = n->in[i].used;
  return 1;
}

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt_resize_axis_clear(&s->rows);
  vt_resize_axis_clear(&s->columns);
  vt_free(s);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "resize");
  const struct vt_resize_attrs *a = n->node->attrs;
  s->grad = !strcmp(n->node->op->name, "ResizeGrad");
  const struct vt_slot *x = s->grad ? &n->out[0] : &n->in[0], *y = s->grad ? &n->in[0] : &n->out[0];
  int si = scales_input(n->node);
  float scale[VT_MAX_RANK];
  vt_resize_scales(n->node, 4, x->dim, y->dim, si >= 0 && n->in[si].used ? n->in[si].constant : NULL, scale);
  s->v = vt__view(x);
  s->w_in = x->dim[3];
  s->h_out = y->dim[2];
  s->w_out = y->dim[3];
  s->threads = VT_MAX(n->threads, 1);
  int rc = vt_resize_axis_init(&s->rows, a, x->dim[2], y->dim[2], scale[2], 0, 1, e);
  if (!rc) rc = vt_resize_axis_init(&s->columns, a, x->dim[3], y->dim[3], scale[3], 0, 1, e);
  if (rc) {
    release(s);
    s = NULL;
  }
  if (s) {
    s->from = n->in[0].dtype;
    s->to = n->out[0].dtype;
    s->room = (s->w_in + (s->from == VT_F32 && s->to == VT_F32 ? 0 : s->v.hw + s->h_out * s->w_out)) * s->v.b;
    *scratch = sizeof(float) * (size_t)(s->threads * s->room);
  }
  *out = s;
  return rc;
}

static void forward(const struct state *s, const float *x, float *y, float *row)
{
  const struct vt__fast *f = vt__fast();
  int64_t in = s->w_in * s->v.b, out = s->w_out * s->v.b;
  for (int64_t i = 0; i < s->h_out; i++) {
    const struct vt_resize_axis *r = &s->rows;
    int64_t t = r->start[i], end = r->start[i + 1];
    const float *from = x + r->index[t] * in;
    bool same = i > 0 && end - t == 1 && r->start[i] - r->start[i - 1] == 1 &&
                r->index[t] == r->index[t - 1] && r->weight[t] == 1 && r->weight[t - 1] == 1;
    if (same) { /* nearest: the row above once more */
      memcpy(y + i * out, y + (i - 1) * out, sizeof *y * (size_t)out);
      continue;
    }
    if (end - t > 1 || r->weight[t] != 1) {
      f->scale(r->weight[t], from, row, in);
      for (t++; t < end; t++) f->axpy(r->weight[t], x + r->index[t] * in, row, in);
      from = row;
    }
    f->resample(from, s->columns.start, s->columns.index, s->columns.weight, s->w_out, s->v.b, y + i * out);
  }
}

static void backward(const struct state *s, const float *dy, float *dx, float *row)
{
  const struct vt__fast *f = vt__fast();
  int64_t in = s->w_in * s->v.b, out = s->w_out * s->v.b;
  memset(dx, 0, sizeof *dx * (size_t)(s->v.hw * s->v.b));
  for (int64_t i = 0; i < s->h_out; i++) {
    memset(row, 0, sizeof *row * (size_t)in);
    f->resample_back(dy + i * out, s->columns.start, s->columns.index, s->columns.weight, s->w_out, s->v.b,
                     row);
    for (int64_t t = s->rows.start[i]; t < s->rows.start[i + 1]; t++)
      f->axpy(s->rows.weight[t], row, dx + s->rows.index[t] * in, in);
  }
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  int64_t panels = s->v.n * s->v.cb, small = s->v.hw * s->v.b, large = s->h_out * s->w_out * s->v.b;
#pragma omp parallel for schedule(static) num_threads(s->threads)
  for (int t = 0; t < s->threads; t++) {
    float *row = (float *)a->scratch + t * s->room;
    int64_t in = s->grad ? large : small, out = s->grad ? small : large;
    for (int64_t i = panels * t / s->threads; i < panels * (t + 1) / s->threads; i++) {
      float *room = row + s->w_in * s->v.b;
      const float *x = vt__panel(s->from, a->in[0], i * in, in, &room);
      float *y = vt__place(s->to, a->out[0], i * out, room);
      (s->grad ? backward : forward)(s, x, y, row);
      vt__store(s->to, a->out[0], i * out, out, y);
    }
  }
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector resize", op_name, accepts, prepare, run, release                                                 \
  }
const struct vt_kernel_desc *const vt_kernels_resize[] = {K("Resize"), K("ai.vitrine:ResizeGrad"), NULL};
