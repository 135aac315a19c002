/* QuantizeLinear and DequantizeLinear of maps with one scale: a pass over the bytes in whatever layout they
 * lie. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"
#include "backend/native/quantize_loops.h"

struct state {
  float scale, zero;
  bool sign;
  enum vt_dtype from, to;
  int64_t count;
  struct vt__view view;
  bool tail;
};

/* The constants; false: not one scale above zero with a zero point of 8 bits. */
static bool describe(struct state *s, const struct vt_plan_node *n)
{
  for (int i = 1; i < 3; i++)
    if (n->nin <= i || !n->in[i].used || !n->in[i].constant || vt_tensor_count(n->in[i].constant) != 1)
      return false;
  const struct vt_tensor *scale = n->in[1].constant, *zero = n->in[2].constant;
  if (scale->dtype != VT_F32 || (zero->dtype != VT_U8 && zero->dtype != VT_I8)) return false;
  s->scale = *(const float *)scale->data;
  s->zero = (float)vt_tensor_get(zero, 0);
  s->sign = zero->dtype == VT_I8;
  return s->scale > 0 && s->scale < 1e30f && vt__attr_int(n->node, "block_size", 0) == 0;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct state s;
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  bool back = !strcmp(n->node->op->name, "DequantizeLinear");
  if (!describe(&s, n)) return vt__refuse(reason, size, "not one constant scale and zero point");
  if (back ? x->dtype != VT_U8 && x->dtype != VT_I8 : !vt__is_real(x))
    return vt__refuse(reason, size, "dtype");
  if (back && !vt__is_real(y)) return vt__refuse(reason, size, "dtype");
  y->block = x->block;
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "quantisation");
  describe(s, n);
  s->from = n->in[0].dtype;
  s->to = n->out[0].dtype;
  s->count = vt__slot_count(&n->out[0]);
  s->view = vt__view(&n->out[0]);
  s->tail = n->out[0].block > 0 && s->zero != 0;
  *scratch = 0;
  *out = s;
  return VT_OK;
}

static void quantize(const struct state *s, const float *x, uint8_t *y, int64_t n)
{
  const struct vt__quant_loops *f = vt__quant_loops();
  if (s->sign)
    f->to_s8(x, s->scale, s->zero, (int8_t *)y, n);
  else
    f->to_u8(x, s->scale, s->zero, y, n);
}

static void dequantize(const struct state *s, const uint8_t *x, float *y, int64_t n)
{
  const struct vt__quant_loops *f = vt__quant_loops();
  if (s->sign)
    f->from_s8((const int8_t *)x, s->scale, s->zero, y, n);
  else
    f->from_u8(x, s->scale, s->zero, y, n);
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  bool back = vt_dtype_size(s->from) == 1;
  int64_t chunks = (s->count + VT__CHUNK - 1) / VT__CHUNK;
#pragma omp parallel for schedule(static) if (chunks > 8)
  for (int64_t c = 0; c < chunks; c++) {
    float buf[VT__CHUNK];
    int64_t at = c * VT__CHUNK, n = VT_MIN(VT__CHUNK, s->count - at);
    if (back) {
      float *y = vt__place(s->to, a->out[0], at, buf);
      dequantize(s, (const uint8_t *)a->in[0] + at, y, n);
      vt__store(s->to, a->out[0], at, n, y);
    } else {
      quantize(s, vt__load(s->from, a->in[0], at, n, buf), (uint8_t *)a->out[0] + at, n);
    }
  }
  if (s->tail) vt__zero_tail(&s->view, a->out[0], vt_dtype_size(s->to));
  return VT_OK;
}

static const struct vt_kernel_desc to8 = {
    "vector quantize", "QuantizeLinear", accepts, prepare, run, vt_free};
static const struct vt_kernel_desc from8 = {
    "vector dequantize", "DequantizeLinear", accepts, prepare, run, vt_free};
const struct vt_kernel_desc *const vt_kernels_quantize[] = {&to8, &from8, NULL};
