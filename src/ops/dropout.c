/* Dropout (Srivastava et al. 2014): in training, y = x mask / (1 − ratio) with a random mask; else y = x.
 *
 * Inputs are x, ratio (default 0.5) and training_mode (default false). The gradient in training needs the
 * mask, the second output. */
#include "ops/util.h"

struct attrs {
  int64_t seed;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  vt__out_like(n, 0, n->in[0]);
  vt__out(n, 1, VT_BOOL, n->in[0]->rank, n->in[0]->dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *r = vt__arg(c, 1), *t = vt__arg(c, 2);
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  float ratio = r ? (float)vt_tensor_get(r, 0) : 0.5f;
  bool training = t && vt_tensor_get(t, 0) != 0 && ratio > 0;
  if (!(ratio >= 0 && ratio < 1))
    return vt__bad(e, VT_EARG, c->node, "ratio %g, 0 to below 1 expected", (double)ratio);
  uint8_t *mask = vt__res(c, 1) ? c->out[1]->data : NULL;
  int64_t n = vt_tensor_count(x);
  struct vt_rng rng;
  vt_rng_init(&rng, c->seed, (uint64_t)a->seed, 0);
  for (int64_t i = 0; i < n; i++) {
    bool keep = !training || vt_rng_unit(&rng) >= (double)ratio;
    float v = ((const float *)x->data)[i];
    ((float *)c->out[0]->data)[i] = !training ? v : keep ? v / (1 - ratio) : 0;
    if (mask) mask[i] = keep;
  }
  return VT_OK;
}

/* dx = dy mask / (1 − ratio) in training, dy otherwise. */
static int grad(VT_GRAD_ARGS)
{
  const struct vt_value *t = vt__in(n, 2), *r = vt__in(n, 1);
  if (!need[0]) return VT_OK;
  if (!t || (t->is_constant && vt_tensor_get(&t->init, 0) == 0)) {
    dx[0] = dy[0];
    return VT_OK;
  }
  if (!t->is_constant || (r && !r->is_constant))
    return vt__bad(e, VT_EUNSUPPORTED, n, "its gradient needs constant ratio and training_mode");
  if (n->nout < 2 || !n->out[1])
    return vt__bad(e, VT_EARG, n, "its gradient needs the mask, its second output");
  float ratio = r ? (float)vt_tensor_get(&r->init, 0) : 0.5f;
  struct vt_value *s = vt_emit(g, "Mul", VT_IN(dy[0], vt_graph_scalar(g, 1 / (1 - ratio))), "");
  dx[0] = vt_emit(g, "Where", VT_IN(n->out[1], s, vt_graph_scalar(g, 0)), "");
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, seed, 0)};
static const struct vt_op_case cases[] = {{"inference", "", "f32[2,3,4,5]", 1},
                                          {"training", "seed=3", "f32[2,3,4] f32[]={0.25} bool[]={1}", 2},
                                          {"mask of ones", "", "f32[2,3] f32[]={0.5}", 2}};

const struct vt_op_desc vt_op_dropout = {
    .name = "Dropout",
    .domain = "",
    .since = 12,
    .doc = "Sets a random share of the elements to 0 in training and scales the rest; identity otherwise.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 3,
    .min_out = 1,
    .max_out = 2,
    .traits = VT_RANDOM | VT_INPLACE0,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    .grad = grad,
    VT_CASES(cases),
};
