/* Mod: remainder of a / b; fmod=0: with the sign of b (integers), fmod=1: with the sign of a. */
#include "ops/util.h"

struct attrs {
  int64_t fmod;
};

#define FLOATS(T)   VT_MAP2(T, T, fmod(x, y))
#define INTEGERS(T) VT_MAP2(T, T, integer_mod((int64_t)x, (int64_t)y, a->fmod != 0))

static int64_t integer_mod(int64_t x, int64_t y, bool truncate)
{
  if (y == 0 || y == -1) return 0;
  int64_t r = x % y;
  return !truncate && r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  struct vt__bcast b;
  enum vt_dtype t = c->in[0]->dtype;
  vt__bcast_init(&b, c->out[0]->rank, c->out[0]->dim, 2, c->in);
  if (vt_dtype_is_float(t)) {
    if (!a->fmod) return vt__bad(e, VT_EARG, c->node, "floats want fmod=1");
    VT_SWITCH_FLOAT(t, FLOATS, return vt__bad_dtype(c, t, e))
  } else {
    VT_SWITCH_INTEGER(t, INTEGERS, return vt__bad_dtype(c, t, e))
  }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, fmod, 0)};
static const struct vt_op_case cases[] = {{"integers", "", "i64[2,3]:-9..9 i64[3]={3,-4,5}"},
                                          {"floats", "fmod=1", "f32[2,3] f32[3]:0.5..2"}};

const struct vt_op_desc vt_op_mod = {
    .name = "Mod",
    .domain = "",
    .since = 10,
    .doc = "Remainder of a / b.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_ELEMENTWISE | VT_BROADCASTS | VT_INPLACE0,
    .infer = vt__infer_broadcast,
    .ref = ref,
    VT_CASES(cases),
};
