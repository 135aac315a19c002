/* ai.vitrine:DropBlock (Ghiasi, Lin, Le 2018, algorithm 1): in training, squares of block_size pixels are set
 * to 0 and the rest is scaled by all / kept, so that the mean stays. Centres are drawn with probability γ =
 * ratio / b² · H W / ((H − b + 1)(W − b + 1)) where the whole square fits, b at most the map's sides. */
#include "ops/drop_ref.h"

struct attrs {
  int64_t block_size, seed;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int rc = vt__check_rank(n, 0, 4, 4, e);
  if (a->block_size < 1) return vt__bad(e, VT_EARG, n, "block_size %lld", (long long)a->block_size);
  vt__out_like(n, 0, n->in[0]);
  vt__out_like(n, 1, n->in[0]);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  float ratio, *y = vt__res(c, 0) ? c->out[0]->data : NULL;
  struct vt_tensor own = {0}, *factor = vt__res(c, 1);
  int64_t n = vt_tensor_count(x), h = x->dim[2], w = x->dim[3], kept = 0;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__drop_ratio(c, &ratio, e);
  if (!rc && !factor) rc = vt_tensor_init(&own, VT_F32, x->rank, x->dim, e);
  if (rc) return rc;
  float *m = factor ? factor->data : own.data;
  for (int64_t i = 0; i < n; i++) m[i] = 1;
  int64_t b = VT_MIN(a->block_size, VT_MIN(h, w));
  struct vt_rng rng;
  vt_rng_init(&rng, c->seed, (uint64_t)a->seed, 0);
  double gamma =
      b ? (double)ratio / (double)(b * b) * (double)(h * w) / (double)((h - b + 1) * (w - b + 1)) : 0;
  for (int64_t plane = 0; plane < x->dim[0] * x->dim[1] && gamma > 0; plane++)
    for (int64_t i = 0; i <= h - b; i++)
      for (int64_t j = 0; j <= w - b; j++) {
        if (vt_rng_unit(&rng) >= gamma) continue;
        for (int64_t k = 0; k < b; k++) memset(m + (plane * h + i + k) * w + j, 0, (size_t)b * sizeof *m);
      }
  for (int64_t i = 0; i < n; i++) kept += m[i] != 0;
  float scale = kept ? (float)((double)n / (double)kept) : 0;
  for (int64_t i = 0; i < n; i++) {
    m[i] *= scale;
    if (y) y[i] = ((const float *)x->data)[i] * m[i];
  }
  vt_tensor_clear(&own);
  return VT_OK;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_INT(S, block_size, 7), VT_A_INT(S, seed, 0)};
static const struct vt_op_case cases[] = {
    {"inference", "", "f32[2,3,4,5]"},
    {"training", "block_size=3", "f32[2,3,9,8] f32[]={0.3} bool[]={1}", 2},
    {"small map", "", "f32[1,2,3,3] f32[]={0.3} bool[]={1}", 2},
};

const struct vt_op_desc vt_op_drop_block = {
    .name = "DropBlock",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Sets random squares of feature maps to 0 in training and scales the rest, from (x, ratio, "
           "training_mode): y and the factor.",
    VT_ATTRS(rows, S),
    .min_in = 1,
    .max_in = 3,
    .min_out = 1,
    .max_out = 2,
    .traits = VT_RANDOM,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    .grad = vt__drop_grad,
    VT_CASES(cases),
};
