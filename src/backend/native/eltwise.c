/* Activations, their gradients, and unary functions: one pass over the bytes, in whatever layout they lie. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"

struct state {
  bool unary, grad;
  int fn; /* enum vt_act or vt__unary */
  float alpha, beta;
  int64_t count;
  enum vt_dtype in, in2, out;
  struct vt__view view;
  bool tail; /* f(0) may not be 0 and the last block is not full */
};

static const struct {
  const char *name;
  bool unary;
  int fn;
} functions[] = {
    {"Relu", false, VT_ACT_RELU},
    {"LeakyRelu", false, VT_ACT_LEAKY_RELU},
    {"Sigmoid", false, VT_ACT_SIGMOID},
    {"Tanh", false, VT_ACT_TANH},
    {"HardSigmoid", false, VT_ACT_HARD_SIGMOID},
    {"HardSwish", false, VT_ACT_HARD_SWISH},
    {"Elu", false, VT_ACT_ELU},
    {"Selu", false, VT_ACT_SELU},
    {"Softplus", false, VT_ACT_SOFTPLUS},
    {"Mish", false, VT_ACT_MISH},
    {"Gelu", false, VT_ACT_GELU},
    {"Clip", false, VT_ACT_CLIP},
    {"Silu", false, VT_ACT_SILU},
    {"Exp", true, VT__EXP},
    {"Log", true, VT__LOG},
    {"Sqrt", true, VT__SQRT},
    {"Neg", true, VT__NEG},
    {"Abs", true, VT__ABS},
    {"Reciprocal", true, VT__RECIPROCAL},
    {"Erf", true, VT__ERF},
};

/* Bounds of Clip: inputs 1 and 2 if they are constants, else the attributes of old operator sets. */
static bool bounds(const struct vt_plan_node *n, float *lo, float *hi)
{
  *lo = vt__attr_float(n->node, "min", -3.4028234e38f);
  *hi = vt__attr_float(n->node, "max", 3.4028234e38f);
  for (int i = 1; i < n->nin; i++) {
    if (!n->in[i].used) continue;
    if (!n->in[i].constant || n->in[i].constant->dtype != VT_F32) return false;
    *(i == 1 ? lo : hi) = *(const float *)n->in[i].constant->data;
  }
  return true;
}

static bool parameters(const struct vt_plan_node *n, struct state *s)
{
  const char *name = n->node->op->name;
  s->alpha = vt__attr_float(n->node, "alpha", 0);
  s->beta = vt__attr_float(n->node, "beta", vt__attr_float(n->node, "gamma", 0));
  if (s->grad) {
    s->fn = (int)vt__attr_int(n->node, "activation", VT_ACT_RELU);
    return true;
  }
  for (size_t i = 0; i < VT_COUNT(functions); i++) {
    if (strcmp(functions[i].name, name) != 0) continue;
    s->unary = functions[i].unary;
    s->fn = functions[i].fn;
    return s->unary || s->fn != VT_ACT_CLIP || bounds(n, &s->alpha, &s->beta);
  }
  return false;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct state s = {.grad = !strcmp(n->node->op->name, "ActivationGrad")};
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  if (!vt__is_real(x) || !vt__is_real(y)) return vt__refuse(reason, size, "not of f32 or bf16");
  if (vt__attr_int(n->node, "approximate", 0)) return vt__refuse(reason, size, "approximate form");
  if (!parameters(n, &s)) return vt__refuse(reason, size, "bounds are not constant");
  if (s.grad) {
    if (!vt__is_real(&n->in[1])) return vt__refuse(reason, size, "not of f32 or bf16");
    if (x->block == VT_PLAIN) x->block = n->in[1].block;
    n->in[1].block = x->block;
  }
  y->block = x->block;
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "activation");
  s->grad = !strcmp(n->node->op->name, "ActivationGrad");
  parameters(n, s);
  s->count = vt__slot_count(&n->out[0]);
  s->in = n->in[0].dtype;
  s->in2 = s->grad ? n->in[1].dtype : VT_F32;
  s->out = n->out[0].dtype;
  s->view = vt__view(&n->out[0]);
  s->tail = n->out[0].block > 0 && !s->grad;
  *scratch = 0;
  *out = s;
  return VT_OK;
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  const struct vt__fast *f = vt__fast();
  int64_t chunks = (s->count + VT__CHUNK - 1) / VT__CHUNK;
#pragma omp parallel for schedule(static) if (chunks > 8)
  for (int64_t c = 0; c < chunks; c++) {
    float b0[VT__CHUNK], b1[VT__CHUNK], b2[VT__CHUNK];
    int64_t at = c * VT__CHUNK, n = VT_MIN(VT__CHUNK, s->count - at);
    const float *x = vt__load(s->in, a->in[0], at, n, b0);
    float *y = vt__place(s->out, a->out[0], at, b2);
    if (s->grad)
      f->act_grad((enum vt_act)s->fn, s->alpha, s->beta, x, vt__load(s->in2, a->in[1], at, n, b1), y, n);
    else if (s->unary)
      f->unary((enum vt__unary)s->fn, x, y, n);
    else
      f->act((enum vt_act)s->fn, s->alpha, s->beta, x, y, n);
    vt__store(s->out, a->out[0], at, n, y);
  }
  if (s->tail) vt__zero_tail(&s->view, a->out[0], vt_dtype_size(s->out));
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector map", op_name, accepts, prepare, run, vt_free                                                    \
  }
const struct vt_kernel_desc *const vt_kernels_eltwise[] = {K("Relu"),
                                                           K("LeakyRelu"),
                                                           K("Sigmoid"),
                                                           K("Tanh"),
                                                           K("HardSigmoid"),
                                                           K("HardSwish"),
                                                           K("Elu"),
                                                           K("Softplus"),
                                                           K("Mish"),
                                                           K("Clip"),
                                                           K("Exp"),
                                                           K("Log"),
                                                           K("Sqrt"),
                                                           K("Neg"),
                                                           K("Abs"),
                                                           K("Reciprocal"),
                                                           K("Selu"),
                                                           K("Gelu"),
                                                           K("Erf"),
                                                           K("ai.vitrine:Silu"),
                                                           K("ai.vitrine:ActivationGrad"),
                                                           NULL};
