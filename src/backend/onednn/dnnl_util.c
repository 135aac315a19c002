/* Engine, streams, descriptors and primitives of oneDNN 2.x. */
#include "backend/onednn/dnnl_util.h"
#include <omp.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
static pthread_key_t stream_key;

static void stream_free(void *p)
{
  dnnl_stream_destroy(p);
}

static void start(void)
{
  if (pthread_key_create(&stream_key, stream_free)) return;
  if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) engine = NULL;
}

dnnl_engine_t vt__dnnl_engine(void)
{
  pthread_once(&once, start);
  return engine;
}

static dnnl_stream_t stream(void)
{
  if (!vt__dnnl_engine()) return NULL;
  dnnl_stream_t s = pthread_getspecific(stream_key);
  if (s || dnnl_stream_create(&s, engine, dnnl_stream_default_flags) != dnnl_success) return s;
  if (pthread_setspecific(stream_key, s)) {
    dnnl_stream_destroy(s);
    s = NULL;
  }
  return s;
}

int vt__dnnl_fail(struct vt_err *e, dnnl_status_t s, const char *what)
{
  static const char *const word[] = {"success",       "out of memory", "invalid arguments", "unimplemented",
                                     "iterator ends", "runtime error", "not required"};
  return vt_fail(e, s == dnnl_out_of_memory ? VT_ENOMEM : VT_EUNSUPPORTED, "oneDNN, %s: %s", what,
                 (unsigned)s < VT_COUNT(word) ? word[s] : "unknown error");
}

static bool dtype(enum vt_dtype t, dnnl_data_type_t *out)
{
  switch (t) {
  case VT_F32: *out = dnnl_f32; return true;
  case VT_BF16: *out = dnnl_bf16; return true;
  case VT_I32: *out = dnnl_s32; return true;
  case VT_I8: *out = dnnl_s8; return true;
  case VT_U8: *out = dnnl_u8; return true;
  default: return false;
  }
}

static bool make(dnnl_memory_desc_t *md, enum vt_dtype t, int rank, const int64_t *dim, dnnl_format_tag_t tag)
{
  dnnl_data_type_t dt;
  dnnl_dims_t d = {1};
  if (rank > 6 || !dtype(t, &dt)) return false;
  for (int i = 0; i < rank; i++) d[i] = dim[i];
  return dnnl_memory_desc_init_by_tag(md, VT_MAX(rank, 1), d, dt, tag) == dnnl_success;
}

bool vt__md_plain(dnnl_memory_desc_t *md, enum vt_dtype t, int rank, const int64_t *dim)
{
  static const dnnl_format_tag_t tag[] = {dnnl_a,    dnnl_a,     dnnl_ab,    dnnl_abc,
                                          dnnl_abcd, dnnl_abcde, dnnl_abcdef};
  return rank <= 6 && make(md, t, rank, dim, tag[rank]);
}

bool vt__md_any(dnnl_memory_desc_t *md, enum vt_dtype t, int rank, const int64_t *dim)
{
  return make(md, t, rank, dim, dnnl_format_tag_any);
}

bool vt__md_slot(dnnl_memory_desc_t *md, const struct vt_slot *s)
{
  if (s->rank != 4 || s->block == VT_PLAIN) return vt__md_plain(md, s->dtype, s->rank, s->dim);
  if (s->block == VT_NHWC) return make(md, s->dtype, 4, s->dim, dnnl_acdb);
  if (s->block == 8) return make(md, s->dtype, 4, s->dim, dnnl_aBcd8b);
  return s->block == 16 && make(md, s->dtype, 4, s->dim, dnnl_aBcd16b);
}

bool vt__md_equal(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b)
{
  return dnnl_memory_desc_equal(a, b);
}
size_t vt__md_bytes(const dnnl_memory_desc_t *md)
{
  return dnnl_memory_desc_get_size(md);
}

bool vt__act_alg(enum vt_act act, float alpha, float beta, dnnl_alg_kind_t *alg, float *scale, float *a,
                 float *b)
{
  *scale = 1;
  *a = *b = 0;
  switch (act) {
  case VT_ACT_RELU: *alg = dnnl_eltwise_relu; return true;
  case VT_ACT_LEAKY_RELU: *alg = dnnl_eltwise_relu, *a = alpha; return true;
  case VT_ACT_SIGMOID: *alg = dnnl_eltwise_logistic; return true;
  case VT_ACT_TANH: *alg = dnnl_eltwise_tanh; return true;
  case VT_ACT_HARD_SWISH: *alg = dnnl_eltwise_hardswish; return true;
  case VT_ACT_ELU: *alg = dnnl_eltwise_elu, *a = alpha; return true;
  case VT_ACT_SILU: *alg = dnnl_eltwise_swish, *a = 1; return true;
  case VT_ACT_CLIP: *alg = dnnl_eltwise_clip, *a = alpha, *b = beta; return true;
  case VT_ACT_SOFTPLUS: *alg = dnnl_eltwise_soft_relu; return true;
  case VT_ACT_GELU: *alg = dnnl_eltwise_gelu_erf; return true;
  case VT_ACT_SELU: *alg = dnnl_eltwise_elu, *a = alpha, *scale = beta; return true;
  case VT_ACT_MISH: *alg = dnnl_eltwise_mish; return true;
  default: return false;
  }
}

/* clamp(alpha x + beta, 0, 1) is a chain of two. */
static dnnl_status_t append(dnnl_post_ops_t ops, const struct vt__post *p)
{
  dnnl_alg_kind_t alg;
  float scale, a, b;
  if (p->sum) return dnnl_post_ops_append_sum(ops, 1);
  if (p->act == VT_ACT_NONE) return dnnl_success;
  if (p->act == VT_ACT_HARD_SIGMOID) {
    dnnl_status_t s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_linear, p->alpha, p->beta);
    return s == dnnl_success ? dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_clip, 0, 1) : s;
  }
  if (!vt__act_alg(p->act, p->alpha, p->beta, &alg, &scale, &a, &b)) return dnnl_unimplemented;
  return dnnl_post_ops_append_eltwise(ops, scale, alg, a, b);
}

dnnl_primitive_desc_t vt__pd(const void *op_desc, int npost, const struct vt__post *post,
                             dnnl_primitive_desc_t hint)
{
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_post_ops_t ops = NULL;
  dnnl_engine_t eng = vt__dnnl_engine();
  dnnl_status_t s = eng ? dnnl_primitive_attr_create(&attr) : dnnl_runtime_error;
  if (s == dnnl_success) s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  if (s == dnnl_success && npost) s = dnnl_post_ops_create(&ops);
  for (int i = 0; i < npost && s == dnnl_success; i++) s = append(ops, post + i);
  if (s == dnnl_success && npost) s = dnnl_primitive_attr_set_post_ops(attr, ops);
  if (s == dnnl_success && dnnl_primitive_desc_create(&pd, op_desc, attr, eng, hint) != dnnl_success)
    pd = NULL;
  if (ops) dnnl_post_ops_destroy(ops);
  if (attr) dnnl_primitive_attr_destroy(attr);
  return pd;
}

int vt__pd_score(dnnl_primitive_desc_t pd)
{
  const char *info = "";
  if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &info) != dnnl_success) return VT__SCORE_REF;
  if (strstr(info, "ref")) return VT__SCORE_REF;
  return strstr(info, "gemm") ? VT__SCORE_GEMM : VT__SCORE_JIT;
}

dnnl_memory_desc_t vt__pd_md(dnnl_primitive_desc_t pd, dnnl_query_t what)
{
  const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, what, 0);
  return md ? *md : (dnnl_memory_desc_t){0};
}

int vt__prim_init(struct vt__prim *p, dnnl_primitive_desc_t pd, int threads, struct vt_err *e)
{
  if (!pd) return vt_fail(e, VT_EUNSUPPORTED, "oneDNN has no such primitive");
  int before = omp_get_max_threads();
  if (threads > 0) omp_set_num_threads(threads);
  p->pad = vt__pd_md(pd, dnnl_query_scratchpad_md);
  p->scratch = (vt__md_bytes(&p->pad) + 63) / 64 * 64;
  dnnl_status_t s = dnnl_primitive_create(&p->p, pd);
  dnnl_primitive_desc_destroy(pd);
  omp_set_num_threads(before);
  if (s == dnnl_success) return VT_OK;
  *p = (struct vt__prim){0};
  return vt__dnnl_fail(e, s, "creating a primitive");
}

void vt__prim_clear(struct vt__prim *p)
{
  if (p->p) dnnl_primitive_destroy(p->p);
  *p = (struct vt__prim){0};
}

dnnl_primitive_desc_t vt__pd_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t pd = NULL;
  dnnl_engine_t eng = vt__dnnl_engine();
  dnnl_status_t s = eng ? dnnl_primitive_attr_create(&attr) : dnnl_runtime_error;
  if (s == dnnl_success) s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  if (s == dnnl_success && dnnl_reorder_primitive_desc_create(&pd, from, eng, to, eng, attr) != dnnl_success)
    pd = NULL;
  if (attr) dnnl_primitive_attr_destroy(attr);
  return pd;
}

int vt__prim_reorder(struct vt__prim *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                     int threads, struct vt_err *e)
{
  return vt__prim_init(p, vt__pd_reorder(from, to), threads, e);
}

enum { MAX_ARGS = 24 };

int vt__prim_run(const struct vt__prim *p, void *scratch, int n, const struct vt__arg *args, struct vt_err *e)
{
  dnnl_exec_arg_t a[MAX_ARGS];
  int na = 0;
  dnnl_stream_t st = stream();
  dnnl_status_t s = st ? dnnl_success : dnnl_runtime_error;
  for (int i = 0; i <= n && s == dnnl_success; i++) {
    struct vt__arg x = i < n ? args[i] : (struct vt__arg){DNNL_ARG_SCRATCHPAD, &p->pad, scratch};
    if ((i == n && !p->scratch) || !x.data) continue;
    if (na == MAX_ARGS) s = dnnl_invalid_arguments;
    if (s == dnnl_success) s = dnnl_memory_create(&a[na].memory, x.md, engine, x.data);
    if (s == dnnl_success) a[na++].arg = x.id;
  }
  if (s == dnnl_success) s = dnnl_primitive_execute(p->p, st, na, a);
  if (s == dnnl_success) s = dnnl_stream_wait(st);
  for (int i = 0; i < na; i++) dnnl_memory_destroy(a[i].memory);
  return s == dnnl_success ? VT_OK : vt__dnnl_fail(e, s, "running a primitive");
}

struct unary {
  struct vt__prim p;
  dnnl_memory_desc_t x, y;
};

void vt__unary_release(void *state)
{
  struct unary *s = state;
  if (s) vt__prim_clear(&s->p);
  vt_free(s);
}

int vt__unary_prepare(const struct vt_plan_node *n, vt__unary_pd_fn *make, void **state, size_t *scratch,
                      struct vt_err *e)
{
  *state = NULL;
  struct unary *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "out of memory for a primitive");
  bool fits = vt__md_slot(&s->x, &n->in[0]) && vt__md_slot(&s->y, &n->out[0]);
  int rc = vt__prim_init(&s->p, fits ? make(n, &s->x, &s->y) : NULL, n->threads, e);
  if (rc) {
    vt__unary_release(s);
    return rc;
  }
  *scratch = s->p.scratch;
  *state = s;
  return 0;
}

int vt__unary_run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct unary *s = state;
  return vt__prim_run(&s->p, a->scratch, 2,
                      (struct vt__arg[]){{DNNL_ARG_SRC, &s->x, a->in[0]}, {DNNL_ARG_DST, &s->y, a->out[0]}},
                      e);
}
