/* Softmax and LogSoftmax in plain layout: along one axis or, before opset 13, over everything from it on. */
#include "backend/kernel_util.h"
#include "backend/native/softmax.h"

struct state {
  bool log;
  int64_t outer, n, inner, room; /* room: floats of scratch per thread (log only) */
  int threads;
};

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  if (!vt__is_real(x)) return vt__refuse(reason, size, "not of f32 or bf16");
  if (vt_dims_count(x->rank, x->dim) < 1 || x->rank < 1) return vt__refuse(reason, size, "empty or scalar");
  x->dtype = y->dtype = VT_F32;
  x->block = y->block = VT_PLAIN;
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "softmax");
  const struct vt_slot *x = &n->in[0];
  const struct vt_axis_attrs *a = n->node->attrs;
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  s->log = !strcmp(n->node->op->name, "LogSoftmax");
  s->outer = vt_dims_count(axis, x->dim);
  s->n = x->dim[axis];
  s->inner = vt_dims_count(x->rank - axis - 1, x->dim + axis + 1);
  if (n->node->op->until && n->node->op->until < 13) {
    s->n *= s->inner;
    s->inner = 1;
  }
  s->threads = VT_MAX(n->threads, 1);
  s->room = s->log ? s->n * VT_MIN(s->inner, VT__COLUMNS) : 0;
  *scratch = sizeof(float) * (size_t)(s->room * s->threads);
  *out = s;
  return VT_OK;
}

/* The logarithm needs x after its exponentials are summed, and y may be x: those go to `room`. */
static void columns(const struct state *s, const float *x, float *y, int64_t p, float *room)
{
  const struct vt__fast *f = vt__fast();
  float max[VT__COLUMNS], sum[VT__COLUMNS];
  int64_t rows = s->inner == 1 ? 1 : s->n, width = s->inner == 1 ? s->n : p;
  int64_t step = s->log && s->inner > 1 ? p : s->inner;
  vt__exp_columns(x, s->inner, s->n, p, s->log ? room : y, step, max, sum);
  if (s->log) {
    f->unary(VT__LOG, sum, sum, p);
    f->binary(VT__ADD, sum, 1, max, 1, sum, p);
  } else {
    f->unary(VT__RECIPROCAL, sum, sum, p);
  }
  for (int64_t k = 0; k < rows; k++) {
    const float *from = s->log ? x + k * s->inner : y + k * s->inner;
    f->binary(s->log ? VT__SUB : VT__MUL, from, 1, sum, s->inner > 1, y + k * s->inner, width);
  }
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  int64_t pieces = (s->inner + VT__COLUMNS - 1) / VT__COLUMNS, jobs = s->outer * pieces;
#pragma omp parallel for schedule(static) num_threads(s->threads) if (s->outer * s->n * s->inner > 8192)
  for (int t = 0; t < s->threads; t++)
    for (int64_t j = jobs * t / s->threads; j < jobs * (t + 1) / s->threads; j++) {
      int64_t at = j % pieces * VT__COLUMNS, p = VT_MIN(VT__COLUMNS, s->inner - at);
      int64_t base = j / pieces * s->n * s->inner + at;
      columns(s, (const float *)a->in[0] + base, (float *)a->out[0] + base, p,
              (float *)a->scratch + t * s->room);
    }
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector softmax", op_name, accepts, prepare, run, vt_free                                                \
  }
const struct vt_kernel_desc *const vt_kernels_softmax[] = {K("Softmax"), K("LogSoftmax"), NULL};
