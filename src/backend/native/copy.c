/* Transpose, Expand, Slice, ai.vitrine:SliceGrad, Concat and Split.
 *
 * In plain layout they are strided copies. On blocked feature maps: Expand of (N, C, 1, 1) over space, and
 * Slice, SliceGrad and Concat along channels that start at full blocks copy whole planes; channels-last
 * copies runs of channels. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"
#include "backend/native/move.h"

struct state {
  int n;
  bool split; /* the moves go to one output each, not from one input each */
  struct vt__move move[VT_MAX_IN];
  size_t zero; /* bytes of the output to zero first */
};

static void strides(const struct vt_slot *s, int64_t *out)
{
  int64_t step = 1;
  for (int d = s->rank - 1; d >= 0; d--) {
    out[d] = step;
    step *= s->dim[d];
  }
}

/* A move of a block of `dim` between two slots of one layout: the slots' steps, as (N, C…) or (N, C/b, H, W,
 * b). */
static void between(struct vt__move *m, const struct vt_slot *a, const struct vt_slot *b, const int64_t *dim)
{
  *m = (struct vt__move){.rank = a->rank, .size = vt_dtype_size(a->dtype)};
  memcpy(m->dim, dim, (size_t)a->rank * sizeof *dim);
  if (a->rank != 4 || a->block == VT_PLAIN) {
    strides(a, m->from);
    strides(b, m->to);
    return;
  }
  const struct vt_slot *side[2] = {a, b};
  for (int k = 0; k < 2; k++) {
    struct vt__view v = vt__view(side[k]);
    int64_t *st = k ? m->to : m->from;
    st[4] = 1;
    st[3] = v.b;
    st[2] = v.b * side[k]->dim[3];
    st[1] = v.b * v.hw;
    st[0] = v.b * v.hw * v.cb;
  }
  m->rank = 5;
  int64_t b8 = a->block == VT_NHWC ? dim[1] : a->block;
  m->dim[1] = (dim[1] + b8 - 1) / b8;
  m->dim[4] = b8;
}

/* Where channel c begins: channels are full blocks, or innermost. */
static int64_t channel_at(const struct vt_slot *s, int64_t c)
{
  struct vt__view v = vt__view(s);
  return s->block == VT_NHWC ? c : c / v.b * v.b * v.hw;
}

static bool copyable(enum vt_dtype t)
{
  size_t n = vt_dtype_size(t);
  return n == 1 || n == 2 || n == 4 || n == 8;
}

static int finish(struct state *s, void **out, size_t *scratch)
{
  for (int i = 0; i < s->n; i++) vt__move_simplify(&s->move[i]);
  *scratch = 0;
  *out = s;
  return VT_OK;
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  if (s->zero) memset(a->out[0], 0, s->zero);
  for (int i = 0; i < s->n; i++) {
    void *to = a->out[s->split ? i : 0];
    if (to) vt__move_run(&s->move[i], a->in[s->split ? 0 : i], to);
  }
  return VT_OK;
}

static struct vt_ints ints(const struct vt_node *n, const char *name)
{
  for (int i = 0; i < n->op->nattr; i++)
    if (n->op->attr[i].type == VT_ATTR_INTS && !strcmp(n->op->attr[i].name, name))
      return *(const struct vt_ints *)((const char *)n->attrs + n->op->attr[i].offset);
  return (struct vt_ints){0};
}

/* ---- Transpose ---- */
static int transpose_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  if (!copyable(n->in[0].dtype)) return vt__refuse(reason, size, "dtype");
  n->in[0].block = n->out[0].block = VT_PLAIN;
  n->out[0].dtype = n->in[0].dtype;
  return 1;
}

static int transpose_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "transpose");
  struct vt_ints perm = ints(n->node, "perm");
  const struct vt_slot *x = &n->in[0];
  int64_t from[VT_MAX_RANK];
  between(&s->move[0], &n->out[0], &n->out[0], n->out[0].dim);
  strides(x, from);
  for (int d = 0; d < x->rank; d++) {
    int64_t p = perm.n ? perm.v[d] : x->rank - 1 - d;
    s->move[0].from[d] = from[p < 0 ? p + x->rank : p];
  }
  s->n = 1;
  return finish(s, out, scratch);
}

/* ---- Expand ---- */
static bool over_space(const struct vt_slot *x, const struct vt_slot *y)
{
  return x->rank == 4 && y->rank == 4 && x->dim[0] == y->dim[0] && x->dim[1] == y->dim[1] && x->dim[2] == 1 &&
         x->dim[3] == 1;
}

static int expand_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  if (!copyable(x->dtype)) return vt__refuse(reason, size, "dtype");
  if (!n->in[1].constant) return vt__refuse(reason, size, "shape is not constant");
  y->dtype = x->dtype;
  x->block = y->block = over_space(x, y) && y->dim[1] >= 8 ? n->block : VT_PLAIN;
  n->in[1].packed = true;
  return 1;
}

static int expand_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "expand");
  const struct vt_slot *x = &n->in[0], *y = &n->out[0];
  struct vt__move *m = &s->move[0];
  between(m, y, y, y->dim);
  if (y->block != VT_PLAIN) {
    between(m, x, y, y->dim);
    m->from[2] = m->from[3] = 0;
  } else {
    int64_t from[VT_MAX_RANK];
    strides(x, from);
    for (int d = 0; d < y->rank; d++) {
      int k = d - (y->rank - x->rank);
      m->from[d] = k < 0 || x->dim[k] == 1 ? 0 : from[k];
    }
  }
  s->n = 1;
  return finish(s, out, scratch);
}

/* ---- Slice and its gradient ---- */
/* Start and step per axis; false where they are not constant. */
static bool slice(const struct vt_plan_node *n, bool grad, const struct vt_slot *whole, int64_t *start,
                  int64_t *step)
{
  if (!grad) return vt_slice_constant(n->node, whole->rank, whole->dim, start, step);
  const struct vt_ints starts = ints(n->node, "starts"), steps = ints(n->node, "steps");
  for (int d = 0; d < whole->rank; d++) {
    start[d] = starts.v[d];
    step[d] = n->in[0].dim[d] > 1 ? steps.v[d] : 1; /* one entry: a step of any length */
  }
  return true;
}

/* Whether only channels are cut, at places where blocks of b begin (and end, but at the end). */
static bool along_channels(const struct vt_slot *part, const struct vt_slot *whole, const int64_t *start,
                           const int64_t *step, int block)
{
  if (whole->rank != 4 || block == VT_PLAIN) return false;
  for (int d = 0; d < 4; d++)
    if (step[d] != 1 || (d != 1 && part->dim[d] != whole->dim[d])) return false;
  if (block == VT_NHWC) return true;
  return start[1] % block == 0 && (part->dim[1] % block == 0 || start[1] + part->dim[1] == whole->dim[1]);
}

static int slice_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  bool grad = !strcmp(n->node->op->name, "SliceGrad");
  struct vt_slot *part = grad ? &n->in[0] : &n->out[0], *whole = grad ? &n->out[0] : &n->in[0];
  int64_t start[VT_MAX_RANK], step[VT_MAX_RANK];
  if (!copyable(n->in[0].dtype)) return vt__refuse(reason, size, "dtype");
  if (!slice(n, grad, whole, start, step))
    return vt__refuse(reason, size, "starts, axes or steps are not constant");
  int block = n->in[0].block;
  if (!along_channels(part, whole, start, step, block)) block = VT_PLAIN;
  part->block = whole->block = block;
  n->out[0].dtype = n->in[0].dtype;
  for (int i = 1; i < n->nin; i++) n->in[i].packed = n->in[i].used;
  return 1;
}

static int slice_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "slice");
  bool grad = !strcmp(n->node->op->name, "SliceGrad");
  const struct vt_slot *x = &n->in[0], *y = &n->out[0], *part = grad ? x : y, *whole = grad ? y : x;
  struct vt__move *m = &s->move[0];
  int64_t start[VT_MAX_RANK], step[VT_MAX_RANK], at = 0;
  slice(n, grad, whole, start, step);
  between(m, x, y, part->dim);
  if (whole->rank == 4 && whole->block != VT_PLAIN) {
    at = channel_at(whole, start[1]);
  } else {
    int64_t *st = grad ? m->to : m->from;
    for (int d = 0; d < whole->rank; d++) {
      at += start[d] * st[d];
      st[d] *= step[d];
    }
  }
  *(grad ? &m->out_at : &m->in_at) = at;
  if (grad) s->zero = (size_t)vt__slot_count(y) * vt_dtype_size(y->dtype);
  s->n = 1;
  return finish(s, out, scratch);
}

/* ---- Concat ---- */
static int64_t axis_of(const struct vt_plan_node *n)
{
  const struct vt_axis_attrs *a = n->node->attrs;
  return a->axis < 0 ? a->axis + n->out[0].rank : a->axis;
}

static int concat_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *y = &n->out[0];
  if (!copyable(n->in[0].dtype)) return vt__refuse(reason, size, "dtype");
  int block = VT_PLAIN;
  for (int i = 0; i < n->nin && !block; i++) block = n->in[i].block;
  for (int i = 0; i < n->nin; i++) {
    if (!n->in[i].used) return vt__refuse(reason, size, "an input is left out");
    if (n->in[i].dtype != n->in[0].dtype && !(vt__is_real(&n->in[i]) && vt__is_real(&n->in[0])))
      return vt__refuse(reason, size, "inputs differ in dtype");
    bool full = block == VT_NHWC || (block && n->in[i].dim[1] % block == 0) || i == n->nin - 1;
    if (axis_of(n) == 1 && !full) block = VT_PLAIN;
  }
  if (y->rank == 4 && axis_of(n) == 1 && block == VT_NHWC && n->block != VT_NHWC) block = VT_PLAIN;
  for (int i = 0; i < n->nin; i++) {
    n->in[i].block = y->rank == 4 ? block : VT_PLAIN;
    n->in[i].dtype = n->in[0].dtype;
  }
  y->block = y->rank == 4 ? block : VT_PLAIN;
  y->dtype = n->in[0].dtype;
  return 1;
}

static int concat_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "concat");
  const struct vt_slot *y = &n->out[0];
  int64_t axis = axis_of(n), at = 0;
  for (int i = 0; i < n->nin; i++) {
    struct vt__move *m = &s->move[i];
    between(m, &n->in[i], y, n->in[i].dim);
    bool blocked = y->rank == 4 && y->block != VT_PLAIN;
    m->out_at = blocked && axis == 1 ? channel_at(y, at) : at * m->to[axis];
    at += n->in[i].dim[axis];
  }
  s->n = n->nin;
  return finish(s, out, scratch);
}

/* ---- Split ---- */
static int split_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *x = &n->in[0];
  int64_t axis = vt__attr_int(n->node, "axis", 0), step[VT_MAX_RANK] = {1, 1, 1, 1}, start[VT_MAX_RANK] = {0};
  if (axis < 0) axis += x->rank;
  if (!copyable(x->dtype)) return vt__refuse(reason, size, "dtype");
  if (n->nin > 1 && n->in[1].used && !n->in[1].constant)
    return vt__refuse(reason, size, "split is not constant");
  int block = axis == 1 ? x->block : VT_PLAIN;
  for (int i = 0; i < n->nout; i++) {
    if (!n->out[i].used) return vt__refuse(reason, size, "output %d is not taken", i);
    if (!along_channels(&n->out[i], x, start, step, block)) block = VT_PLAIN;
    start[1] += x->rank == 4 ? n->out[i].dim[1] : 0;
  }
  x->block = block;
  for (int i = 0; i < n->nout; i++) {
    n->out[i].block = block;
    n->out[i].dtype = x->dtype;
  }
  if (n->nin > 1) n->in[1].packed = n->in[1].used;
  return 1;
}

static int split_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "split");
  const struct vt_slot *x = &n->in[0];
  int64_t axis = vt__attr_int(n->node, "axis", 0), at = 0;
  if (axis < 0) axis += x->rank;
  for (int i = 0; i < n->nout; i++) {
    struct vt__move *m = &s->move[i];
    between(m, x, &n->out[i], n->out[i].dim);
    m->in_at = x->rank == 4 && x->block != VT_PLAIN ? channel_at(x, at) : at * m->from[axis];
    at += n->out[i].dim[axis];
  }
  s->n = n->nout;
  s->split = true;
  return finish(s, out, scratch);
}

static const struct vt_kernel_desc kernels[] = {
    {"strided copy", "Transpose", transpose_accepts, transpose_prepare, run, vt_free},
    {"strided copy", "Expand", expand_accepts, expand_prepare, run, vt_free},
    {"strided copy", "Slice", slice_accepts, slice_prepare, run, vt_free},
    {"strided copy", "ai.vitrine:SliceGrad", slice_accepts, slice_prepare, run, vt_free},
    {"strided copy", "Concat", concat_accepts, concat_prepare, run, vt_free},
    {"strided copy", "Split", split_accepts, split_prepare, run, vt_free},
};
const struct vt_kernel_desc *const vt_kernels_copy[] = {&kernels[0], &kernels[1], &kernels[2], &kernels[3],
                                                        &kernels[4], &kernels[5], NULL};
