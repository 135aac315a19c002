/* Add, Sub, Mul, Div, Min, Max and Sum with broadcasting.
 *
 * Fast forms: equal shapes in any common layout, and per-channel values, (N or 1, C, 1, 1), against a feature
 * map in its layout (biases, scales, attention). Everything else is walked in plain layout row by row, after
 * dimensions that both sides step through alike have been merged. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"

enum form { FLAT, CHANNEL, WALK };

struct state {
  enum vt__binary op;
  enum form form;
  bool swapped; /* CHANNEL: input 0 holds the per-channel values */
  int nin;
  struct vt__view view;
  int64_t count,
      lane_n; /* lane_n: channels step of the per-channel values from image to image, 0 if shared */
  bool tail;
  enum vt_dtype in[VT_MAX_IN], out;
  int rank; /* WALK: merged dimensions, outermost first, the last is the row */
  int64_t dim[VT_MAX_RANK], sa[VT_MAX_RANK], sb[VT_MAX_RANK];
};

static const struct {
  const char *name;
  enum vt__binary op;
} operators[] = {{"Add", VT__ADD}, {"Sum", VT__ADD}, {"Sub", VT__SUB}, {"Mul", VT__MUL},
                 {"Div", VT__DIV}, {"Min", VT__MIN}, {"Max", VT__MAX}};

static enum vt__binary operator_of(const struct vt_node *n)
{
  for (size_t i = 0; i < VT_COUNT(operators); i++)
    if (!strcmp(operators[i].name, n->op->name)) return operators[i].op;
  return VT__ADD;
}

static bool same(const struct vt_slot *a, const struct vt_slot *b)
{
  return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

/* (N or 1, C, 1, 1), (C, 1, 1) or a scalar-like of one element against (N, C, H, W). */
static bool per_channel(const struct vt_slot *v, const struct vt_slot *y)
{
  int64_t d[4] = {1, 1, 1, 1};
  if (y->rank != 4 || v->rank > 4) return false;
  for (int i = 0; i < v->rank; i++) d[4 - v->rank + i] = v->dim[i];
  return (d[0] == 1 || d[0] == y->dim[0]) && d[1] == y->dim[1] && d[2] == 1 && d[3] == 1;
}

/* Which form, and which input sets the layout. */
static enum form form_of(const struct vt_plan_node *n, bool *swapped)
{
  const struct vt_slot *y = &n->out[0];
  bool flat = true;
  for (int i = 0; i < n->nin; i++) flat &= n->in[i].used && same(&n->in[i], y);
  *swapped = false;
  if (flat) return FLAT;
  if (n->nin != 2) return WALK;
  if (same(&n->in[0], y) && per_channel(&n->in[1], y)) return CHANNEL;
  *swapped = same(&n->in[1], y) && per_channel(&n->in[0], y);
  return *swapped ? CHANNEL : WALK;
}

static bool scalar(const struct vt_slot *s)
{
  return vt_dims_count(s->rank, s->dim) == 1;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *y = &n->out[0];
  bool swapped;
  if (!vt__is_real(y)) return vt__refuse(reason, size, "not of f32 or bf16");
  for (int i = 0; i < n->nin; i++)
    if (!vt__is_real(&n->in[i])) return vt__refuse(reason, size, "not of f32 or bf16");
  enum form form = form_of(n, &swapped);
  if (form == WALK && n->nin != 2) return vt__refuse(reason, size, "broadcast of more than two inputs");
  if (form == FLAT) {
    int block = VT_PLAIN; /* of the first input that is not plain */
    for (int i = 0; i < n->nin && !block; i++) block = n->in[i].block;
    for (int i = 0; i < n->nin; i++) n->in[i].block = block;
    y->block = block;
  } else if (form == CHANNEL) {
    y->block = n->in[swapped].block;
    n->in[!swapped].block = VT_PLAIN;
    n->in[!swapped].dtype = VT_F32;
    if (y->block == VT_NHWC && y->dim[1] > VT__CHUNK) return vt__refuse(reason, size, "too many channels");
  } else if (scalar(&n->in[0]) || scalar(&n->in[1])) {
    int one = scalar(&n->in[1]);
    n->in[one].block = VT_PLAIN;
    y->block = same(&n->in[!one], y) ? n->in[!one].block : VT_PLAIN;
    n->in[!one].block = y->block;
  } else {
    n->in[0].block = n->in[1].block = y->block = VT_PLAIN;
  }
  if (form == WALK) n->in[0].dtype = n->in[1].dtype = y->dtype = VT_F32;
  return 1;
}

/* Steps of both inputs through y's dimensions, merged from the inside where both allow. */
static void merge(struct state *s, const struct vt_plan_node *n)
{
  const struct vt_slot *y = &n->out[0];
  int64_t st[2][VT_MAX_RANK] = {{0}};
  for (int k = 0; k < 2; k++) {
    int64_t step = 1;
    for (int i = n->in[k].rank - 1; i >= 0; i--) {
      int d = i + y->rank - n->in[k].rank;
      st[k][d] = n->in[k].dim[i] == 1 ? 0 : step;
      step *= n->in[k].dim[i];
    }
  }
  int r = VT_MAX_RANK;
  for (int d = y->rank - 1; d >= 0; d--) {
    if (y->dim[d] == 1) continue;
    bool fits = r < VT_MAX_RANK && st[0][d] == s->sa[r] * s->dim[r] && st[1][d] == s->sb[r] * s->dim[r];
    if (!fits) {
      r--;
      s->dim[r] = 1;
      s->sa[r] = st[0][d];
      s->sb[r] = st[1][d];
    }
    s->dim[r] *= y->dim[d];
  }
  if (r == VT_MAX_RANK) s->dim[--r] = 1;
  s->rank = VT_MAX_RANK - r;
  memmove(s->dim, s->dim + r, (size_t)s->rank * sizeof *s->dim);
  memmove(s->sa, s->sa + r, (size_t)s->rank * sizeof *s->sa);
  memmove(s->sb, s->sb + r, (size_t)s->rank * sizeof *s->sb);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "element-wise operator");
  const struct vt_slot *y = &n->out[0];
  s->op = operator_of(n->node);
  s->form = form_of(n, &s->swapped);
  s->nin = n->nin;
  s->view = vt__view(y);
  s->count = vt__slot_count(y);
  s->out = y->dtype;
  s->tail = y->block > 0;
  for (int i = 0; i < n->nin; i++) s->in[i] = n->in[i].dtype;
  if (s->form == CHANNEL) {
    const struct vt_slot *v = &n->in[!s->swapped];
    s->lane_n = v->rank == 4 && v->dim[0] > 1 ? s->view.c : 0;
  }
  if (s->form == WALK) {
    merge(s, n);
    if (y->block != VT_PLAIN) { /* a scalar against any layout */
      int one = scalar(&n->in[1]);
      s->rank = 1;
      s->dim[0] = s->count;
      s->sa[0] = one;
      s->sb[0] = !one;
    }
  }
  *scratch = 0;
  *out = s;
  return VT_OK;
}

static void run_flat(const struct state *s, const struct vt_run_args *a)
{
  const struct vt__fast *f = vt__fast();
  int64_t chunks = (s->count + VT__CHUNK - 1) / VT__CHUNK;
#pragma omp parallel for schedule(static) if (chunks > 8)
  for (int64_t c = 0; c < chunks; c++) {
    float b0[VT__CHUNK], b1[VT__CHUNK], b2[VT__CHUNK];
    int64_t at = c * VT__CHUNK, n = VT_MIN(VT__CHUNK, s->count - at);
    const float *x = vt__load(s->in[0], a->in[0], at, n, b0);
    float *y = s->nin > 2 ? b2 : vt__place(s->out, a->out[0], at, b2); /* y may be x's bytes */
    if (s->nin == 1) f->scale(1, x, y, n);
    for (int i = 1; i < s->nin; i++) {
      float *to = i == s->nin - 1 ? vt__place(s->out, a->out[0], at, b2) : b2;
      f->binary(s->op, i == 1 ? x : y, 1, vt__load(s->in[i], a->in[i], at, n, b1), 1, to, n);
      y = to;
    }
    vt__store(s->out, a->out[0], at, n, y);
  }
}

static void channel_panel(const struct state *s, const struct vt_run_args *a, int64_t n, int64_t cb)
{
  const struct vt__fast *f = vt__fast();
  const struct vt__view *v = &s->view;
  const float *lane = (const float *)a->in[!s->swapped] + n * s->lane_n + cb * v->b;
  const void *x = a->in[s->swapped];
  enum vt_dtype in = s->in[s->swapped];
  int64_t base = (n * v->cb + cb) * v->hw * v->b, real = VT_MIN(v->b, v->c - cb * v->b);
  float padded[16] = {0}, b0[VT__CHUNK], b2[VT__CHUNK];
  if (v->b <= 16 && real < v->b) {
    memcpy(padded, lane, (size_t)real * sizeof *lane);
    lane = padded;
  }
  int64_t rows = in == VT_F32 && s->out == VT_F32 ? v->hw : VT_MAX(VT__CHUNK / v->b, 1);
  for (int64_t r = 0; r < v->hw; r += rows) {
    int64_t m = VT_MIN(rows, v->hw - r), at = base + r * v->b;
    const float *px = vt__load(in, x, at, m * v->b, b0);
    float *py = vt__place(s->out, a->out[0], at, b2);
    if (v->b == 1)
      f->binary(s->op, s->swapped ? lane : px, !s->swapped, s->swapped ? px : lane, s->swapped, py, m);
    else
      f->binary_lane(s->op, s->swapped, px, lane, py, m, v->b);
    vt__store(s->out, a->out[0], at, m * v->b, py);
  }
}

static void run_walk(const struct state *s, const struct vt_run_args *a)
{
  const struct vt__fast *f = vt__fast();
  int in = s->rank - 1;
  int64_t row = s->dim[in], pieces = s->rank == 1 ? (row + 8191) / 8192 : 1, rows = pieces;
  for (int d = 0; d < in; d++) rows *= s->dim[d];
#pragma omp parallel for schedule(static) if (s->count > 16384)
  for (int64_t r = 0; r < rows; r++) {
    int64_t at = pieces > 1 || s->rank == 1 ? r * 8192 : 0, n = VT_MIN(s->rank == 1 ? 8192 : row, row - at),
            oa = 0, ob = 0, k = r;
    for (int d = in - 1; d >= 0 && s->rank > 1; d--) {
      oa += k % s->dim[d] * s->sa[d];
      ob += k % s->dim[d] * s->sb[d];
      k /= s->dim[d];
    }
    float *y = (float *)a->out[0] + (s->rank == 1 ? at : r * row);
    const float *pa = (const float *)a->in[0] + oa + at * s->sa[in],
                *pb = (const float *)a->in[1] + ob + at * s->sb[in];
    f->binary(s->op, pa, s->sa[in] != 0, pb, s->sb[in] != 0, y, n);
  }
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  if (s->form == FLAT) {
    run_flat(s, a);
  } else if (s->form == CHANNEL) {
    int64_t panels = s->view.n * s->view.cb;
#pragma omp parallel for schedule(static) if (s->count > 16384)
    for (int64_t p = 0; p < panels; p++) channel_panel(s, a, p / s->view.cb, p % s->view.cb);
  } else {
    run_walk(s, a);
  }
  if (s->tail && (s->form == WALK || s->op == VT__DIV || s->form == CHANNEL))
    vt__zero_tail(&s->view, a->out[0], vt_dtype_size(s->out));
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector binary", op_name, accepts, prepare, run, vt_free                                                 \
  }
const struct vt_kernel_desc *const vt_kernels_binary[] = {K("Add"), K("Sum"), K("Sub"), K("Mul"),
                                                          K("Div"), K("Min"), K("Max"), NULL};
