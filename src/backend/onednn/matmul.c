/* MatMul and Gemm through oneDNN's matmul, constant right sides packed; every other Gemm through its sgemm.
 *
 * MatMul's leading dimensions broadcast; where the right side is one matrix they are folded into the rows. */
#include "backend/onednn/conv_common.h"

struct state {
  struct vt__prim p;
  dnnl_memory_desc_t a, bias, y;
  struct vt__weights b;
};

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  bool gemm = !strcmp(n->node->op->name, "Gemm");
  struct vt_slot *a = &n->in[0], *b = &n->in[1], *c = n->nin > 2 ? &n->in[2] : NULL, *y = &n->out[0];
  enum vt_dtype type = vt__want(n);
  if ((a->dtype != VT_F32 && a->dtype != VT_BF16) || b->dtype != VT_F32)
    return vt__refuse(reason, size, "not of f32");
  if (a->rank < 2 || b->rank < 2 || y->rank > 6) return vt__refuse(reason, size, "vectors or rank above 6");
  if (vt_dims_count(a->rank, a->dim) < 1 || vt_dims_count(b->rank, b->dim) < 1)
    return vt__refuse(reason, size, "empty");
  if (gemm) {
    const struct vt_gemm_attrs *t = n->node->attrs;
    if (t->alpha != 1) return vt__refuse(reason, size, "alpha is not 1");
    if (c && c->used &&
        (t->beta != 1 || c->rank < 1 || c->dim[c->rank - 1] != y->dim[1] ||
         vt_dims_count(c->rank, c->dim) != y->dim[1]))
      return vt__refuse(reason, size, "C is no row");
  }
  if (!b->constant) type = VT_F32; /* bf16 only where the weight is packed once */
  a->dtype = type;
  y->dtype = n->node->out[0]->is_output ? VT_F32 : type; /* scores keep the digits of their sums */
  for (int i = 0; i < n->nin; i++) n->in[i].block = VT_PLAIN;
  if (c && c->used) c->dtype = VT_F32;
  y->block = VT_PLAIN;
  b->packed = b->constant != NULL;
  return 1;
}

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt__prim_clear(&s->p);
  vt__weights_clear(&s->b);
  vt_free(s);
}

/* (m, n) as rows of m, or as columns when transposed. */
static bool matrix(dnnl_memory_desc_t *md, enum vt_dtype t, int64_t m, int64_t n, bool transposed)
{
  int64_t dim[2] = {m, n};
  if (!vt__md_plain(md, t, 2, dim)) return false;
  if (!transposed) return true;
  dnnl_dims_t d = {m, n}, stride = {1, m};
  return dnnl_memory_desc_init_by_strides(md, 2, d, md->data_type, stride) == dnnl_success;
}

/* dims of s with ones in front, `rank` in all. */
static bool padded(dnnl_memory_desc_t *md, const struct vt_slot *s, int rank)
{
  int64_t d[VT_MAX_RANK];
  for (int i = 0; i < rank; i++) d[i] = i < rank - s->rank ? 1 : s->dim[i - (rank - s->rank)];
  return vt__md_plain(md, s->dtype, rank, d);
}

static bool describe(struct state *s, const struct vt_plan_node *n, dnnl_memory_desc_t *plain)
{
  const struct vt_slot *a = &n->in[0], *b = &n->in[1], *y = &n->out[0];
  if (!strcmp(n->node->op->name, "Gemm")) {
    const struct vt_gemm_attrs *t = n->node->attrs;
    return matrix(&s->a, a->dtype, y->dim[0], a->dim[!t->transA], t->transA != 0) &&
           matrix(plain, b->dtype, a->dim[!t->transA], y->dim[1], t->transB != 0) &&
           matrix(&s->bias, VT_F32, 1, y->dim[1], false) &&
           matrix(&s->y, y->dtype, y->dim[0], y->dim[1], false);
  }
  if (vt_dims_count(b->rank - 2, b->dim) == 1) {
    int64_t k = a->dim[a->rank - 1], o = b->dim[b->rank - 1], m = vt_dims_count(a->rank, a->dim) / k;
    return matrix(&s->a, a->dtype, m, k, false) && matrix(plain, b->dtype, k, o, false) &&
           matrix(&s->y, y->dtype, m, o, false);
  }
  return padded(&s->a, a, y->rank) && padded(plain, b, y->rank) && vt__md_slot(&s->y, y);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "matrix product");
  dnnl_memory_desc_t plain, want;
  dnnl_matmul_desc_t d;
  dnnl_primitive_desc_t pd = NULL;
  bool bias = n->nin > 2 && n->in[2].used;
  int rc = VT_OK;
  if (!describe(s, n, &plain)) {
    rc = vt_fail(e, VT_EUNSUPPORTED, "matrix product: shapes out of range");
    goto out;
  }
  want = plain;
  bool any = n->in[1].constant && vt__md_any(&want, n->in[0].dtype, plain.ndims, plain.dims);
  if (dnnl_matmul_desc_init(&d, &s->a, any ? &want : &plain, bias ? &s->bias : NULL, &s->y) == dnnl_success)
    pd = vt__pd(&d, 0, NULL, NULL);
  if (pd) want = vt__pd_md(pd, dnnl_query_weights_md);
  if ((rc = vt__prim_init(&s->p, pd, n->threads, e))) goto out;
  rc = vt__weights_init(&s->b, &plain, &want, &n->in[1], n->threads, e);
  *scratch = s->p.scratch + s->b.scratch;
out:
  if (rc) {
    release(s);
    s = NULL;
  }
  *out = s;
  return rc;
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  void *b = vt__weights_get(&s->b, a->in[1], (char *)a->scratch + s->p.scratch, e);
  if (!b) return e ? e->code : VT_EUNSUPPORTED;
  return vt__prim_run(&s->p, a->scratch, 4,
                      (struct vt__arg[]){{DNNL_ARG_SRC, &s->a, a->in[0]},
                                         {DNNL_ARG_WEIGHTS, &s->b.md, b},
                                         {DNNL_ARG_BIAS, &s->bias, a->node->nin > 2 ? a->in[2] : NULL},
                                         {DNNL_ARG_DST, &s->y, a->out[0]}},
                      e);
}

/* ---- any Gemm in f32 ---- */
struct gemm {
  struct vt_gemm_attrs t;
  int64_t m, n, k, step_row, step_column; /* steps of C; 0 where it is broadcast */
};

static int gemm_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  for (int i = 0; i < n->nin; i++) {
    if (!n->in[i].used) continue;
    if (n->in[i].dtype != VT_F32 && n->in[i].dtype != VT_BF16)
      return vt__refuse(reason, size, "not of f32 or bf16");
    n->in[i].dtype = VT_F32;
    n->in[i].block = VT_PLAIN;
  }
  n->out[0].dtype = VT_F32;
  return 1;
}

static int gemm_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct gemm *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "matrix product");
  s->t = *(const struct vt_gemm_attrs *)n->node->attrs;
  s->m = n->out[0].dim[0];
  s->n = n->out[0].dim[1];
  s->k = n->in[0].dim[!s->t.transA];
  if (n->nin > 2 && n->in[2].used) {
    const struct vt_slot *c = &n->in[2];
    s->step_column = c->rank > 0 && c->dim[c->rank - 1] > 1;
    s->step_row = c->rank == 2 && c->dim[0] > 1 ? c->dim[1] : 0;
  }
  *scratch = 0;
  *out = s;
  return VT_OK;
}

static int gemm_run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct gemm *s = state;
  float *y = a->out[0];
  const float *c = a->node->nin > 2 ? a->in[2] : NULL;
  for (int64_t i = 0; c && i < s->m; i++)
    for (int64_t j = 0; j < s->n; j++) y[i * s->n + j] = s->t.beta * c[i * s->step_row + j * s->step_column];
  if (s->m < 1 || s->n < 1) return VT_OK;
  if (s->k < 1) {
    if (!c) memset(y, 0, sizeof *y * (size_t)(s->m * s->n));
    return VT_OK;
  }
  dnnl_status_t st =
      dnnl_sgemm(s->t.transA ? 'T' : 'N', s->t.transB ? 'T' : 'N', s->m, s->n, s->k, s->t.alpha, a->in[0],
                 s->t.transA ? s->m : s->k, a->in[1], s->t.transB ? s->k : s->n, c ? 1 : 0, y, s->n);
  return st == dnnl_success ? VT_OK : vt__dnnl_fail(e, st, "sgemm");
}

static const struct vt_kernel_desc mm = {"onednn matmul", "MatMul", accepts, prepare, run, release};
static const struct vt_kernel_desc gemm1 = {"onednn matmul", "Gemm", accepts, prepare, run, release};
static const struct vt_kernel_desc gemm2 = {"onednn sgemm", "Gemm",   gemm_accepts,
                                            gemm_prepare,   gemm_run, vt_free};
const struct vt_kernel_desc *const vt_kernels_matmul[] = {&mm, &gemm1, &gemm2, NULL};
