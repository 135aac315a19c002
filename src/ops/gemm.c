/* Gemm: y = alpha A' B' + beta C, with A' and B' transposed on demand. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_gemm_attrs *t = n->attrs;
  const struct vt_value *a = n->in[0], *b = n->in[1], *c = vt__in(n, 2);
  int rc = vt__check_rank(n, 0, 2, 2, e);
  if (!rc) rc = vt__check_rank(n, 1, 2, 2, e);
  if (!rc) rc = vt__check_rank(n, 2, 0, 2, e);
  if (rc) return rc;
  int64_t m = a->rank < 0 ? -1 : a->dim[t->transA ? 1 : 0], ka = a->rank < 0 ? -1 : a->dim[t->transA ? 0 : 1];
  int64_t o = b->rank < 0 ? -1 : b->dim[t->transB ? 0 : 1], kb = b->rank < 0 ? -1 : b->dim[t->transB ? 1 : 0];
  if (ka >= 0 && kb >= 0 && ka != kb)
    return vt__bad(e, VT_ESHAPE, n, "inner sizes %lld and %lld differ", (long long)ka, (long long)kb);
  int64_t dim[VT_MAX_RANK] = {m, o};
  if (c && c->rank >= 0 && m >= 0 && o >= 0) {
    int64_t out[VT_MAX_RANK];
    int rank;
    rc = vt__broadcast(n, 2, dim, c->rank, c->dim, &rank, out, e);
    if (!rc && (out[0] != m || out[1] != o))
      rc = vt__bad(e, VT_ESHAPE, n, "input '%s' does not fit the output", c->name);
    if (rc) return rc;
  }
  vt__out(n, 0, a->dtype, 2, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_gemm_attrs *t = c->attrs;
  const struct vt_tensor *a = c->in[0], *b = c->in[1], *bias = vt__arg(c, 2);
  if (a->dtype != VT_F32) return vt__bad_dtype(c, a->dtype, e);
  float *y = c->out[0]->data;
  int64_t m = c->out[0]->dim[0], o = c->out[0]->dim[1], k = a->dim[t->transA ? 0 : 1];
  int64_t ai = t->transA ? 1 : k, ak = t->transA ? m : 1, bk = t->transB ? 1 : o, bj = t->transB ? k : 1;
  struct vt__bcast w;
  vt__bcast_init(&w, 2, c->out[0]->dim, 1, &bias);
  for (int64_t r = 0; r < w.rows; r++, vt__bcast_next(&w))
    for (int64_t i = 0; i < w.row; i++)
      y[r * w.row + i] = bias ? t->beta * ((const float *)bias->data)[w.off[0] + i * w.step[0]] : 0;
  for (int64_t i = 0; i < m; i++)
    for (int64_t l = 0; l < k; l++) {
      float x = t->alpha * ((const float *)a->data)[i * ai + l * ak];
      const float *row = (const float *)b->data + l * bk;
      for (int64_t j = 0; j < o; j++) y[i * o + j] += x * row[j * bj];
    }
  return VT_OK;
}

/* With Y = α A'B': dA' = α dY B'ᵀ and dB' = α A'ᵀ dY; transposed again where A or B was. */
static int grad(VT_GRAD_ARGS)
{
  const struct vt_gemm_attrs *t = n->attrs;
  struct vt_value *a = n->in[0], *b = n->in[1], *y = dy[0];
  double al = (double)t->alpha;
  int ta = t->transA != 0, tb = t->transB != 0;
  if (need[0])
    dx[0] = ta ? vt_emit(g, "Gemm", VT_IN(b, y), "alpha=%.9g transA=%d transB=1", al, tb)
               : vt_emit(g, "Gemm", VT_IN(y, b), "alpha=%.9g transB=%d", al, !tb);
  if (need[1])
    dx[1] = tb ? vt_emit(g, "Gemm", VT_IN(y, a), "alpha=%.9g transA=1 transB=%d", al, ta)
               : vt_emit(g, "Gemm", VT_IN(a, y), "alpha=%.9g transA=%d", al, !ta);
  if (n->nin > 2 && n->in[2] && need[2]) {
    struct vt_value *s = vt__sum_to(g, y, n->in[2]);
    dx[2] = t->beta == 1 ? s : vt_emit(g, "Mul", VT_IN(s, vt_graph_scalar(g, t->beta)), "");
  }
  return vt_graph_status(g, e);
}

static int64_t macs(const struct vt_node *n)
{
  const struct vt_gemm_attrs *t = n->attrs;
  const struct vt_value *a = n->in[0], *y = n->out[0];
  return vt__is_static(a) && vt__is_static(y) ? vt__product(y->dim[0] * y->dim[1], a->dim[t->transA ? 0 : 1])
                                              : 0;
}

#define S struct vt_gemm_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, alpha, 1), VT_A_FLOAT(S, beta, 1),
                                            VT_A_INT(S, transA, 0), VT_A_INT(S, transB, 0)};
static const struct vt_op_case cases[] = {
    {"plain", "", "f32[3,5] f32[5,7]"},
    {"dense layer", "transB=1", "f32[4,17] f32[9,17] f32[9]"},
    {"transposed A", "transA=1 alpha=0.5", "f32[5,3] f32[5,4] f32[3,1]"},
    {"both", "transA=1 transB=1 beta=2", "f32[6,3] f32[5,6] f32[3,5]"},
    {"scalar C", "beta=0.5", "f32[2,3] f32[3,4] f32[]"},
};

const struct vt_op_desc vt_op_gemm = {
    .name = "Gemm",
    .domain = "",
    .since = 7,
    .doc = "y = alpha A B + beta C, A and B transposed on demand, C broadcast.",
    VT_ATTRS(attrs, S),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    .macs = macs,
    VT_CASES(cases),
};
