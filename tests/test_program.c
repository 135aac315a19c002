/* Programs and sessions: planned memory, in place and assignment, layouts, fusion, precision, threads,
 * profile.
 *
 * Accelerated kernels are played by wrappers that convert layouts with loops of this file and call the
 * reference kernel, so that everything about layouts is tested whatever the backend has. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "engine/program_impl.h"

/* --- kernels that wrap the reference
 * ------------------------------------------------------------------------- */

struct wrapped {
  struct vt_plan_node n;
};

static int accept_maps(struct vt_plan_node *n, char *reason, size_t size)
{
  if (!n->out[0].used || n->out[0].rank != 4 || n->block == VT_PLAIN) {
    snprintf(reason, size, "no feature map");
    return 0;
  }
  for (int i = 0; i < n->nin; i++) {
    bool map =
        n->in[i].used && n->in[i].rank == 4 && (i == 0 || i == 3 || strcmp(n->node->op->name, "Add") == 0);
    if (map) {
      n->in[i].block = n->block;
      n->in[i].dtype = n->out[0].dtype;
    } else if (n->in[i].constant && i == 1) {
      n->in[i].packed = true;
    }
  }
  n->out[0].block = n->block;
  return 1;
}

static int prepare_wrapped(const struct vt_plan_node *n, void **state, size_t *scratch, struct vt_err *e)
{
  struct wrapped *w = vt_calloc(1, sizeof *w);
  if (!w) return vt_fail(e, VT_ENOMEM, "out of memory");
  w->n = *n;
  for (int i = 0; i < n->nin; i++) { /* packing: an own copy */
    if (!n->in[i].packed) continue;
    struct vt_tensor *t = vt_calloc(1, sizeof *t);
    int rc = t ? vt_tensor_copy(t, n->in[i].constant, e) : vt_fail(e, VT_ENOMEM, "out of memory");
    if (rc) {
      vt_free(t);
      vt_free(w);
      return rc;
    }
    w->n.in[i].constant = t;
  }
  *scratch = 64;
  *state = w;
  return 0;
}

static void release_wrapped(void *state)
{
  struct wrapped *w = state;
  for (int i = 0; w && i < w->n.nin; i++)
    if (w->n.in[i].packed) {
      vt_tensor_clear((struct vt_tensor *)w->n.in[i].constant);
      vt_free((struct vt_tensor *)w->n.in[i].constant);
    }
  vt_free(w);
}

/* Element (n, c, y, x) of a slot's layout, by the definition in kernel.h. */
static int64_t lies_at(const struct vt_slot *s, int64_t n, int64_t c, int64_t y, int64_t x)
{
  int64_t ch = s->dim[1], h = s->dim[2], w = s->dim[3], b = s->block;
  if (b == VT_PLAIN || s->rank != 4) return ((n * ch + c) * h + y) * w + x;
  if (b == VT_NHWC) return ((n * h + y) * w + x) * ch + c;
  return ((((n * ((ch + b - 1) / b) + c / b) * h + y) * w + x) * b) + c % b;
}

static void move(const struct vt_slot *s, void *stored, float *plain, bool in)
{
  int64_t k = 0;
  for (int64_t n = 0; n < s->dim[0]; n++)
    for (int64_t c = 0; c < s->dim[1]; c++)
      for (int64_t y = 0; y < s->dim[2]; y++)
        for (int64_t x = 0; x < s->dim[3]; x++, k++) {
          int64_t at = lies_at(s, n, c, y, x);
          if (s->dtype == VT_F32 && in)
            plain[k] = ((float *)stored)[at];
          else if (s->dtype == VT_F32)
            ((float *)stored)[at] = plain[k];
          else if (in)
            plain[k] = vt_bf16_to_f32(((uint16_t *)stored)[at]);
          else
            ((uint16_t *)stored)[at] = vt_f32_to_bf16(plain[k]);
        }
}

static size_t slot_bytes(const struct vt_slot *s)
{
  int64_t c = s->block > 0 ? (s->dim[1] + s->block - 1) / s->block * s->block : s->dim[1];
  return (size_t)(s->dim[0] * c * s->dim[2] * s->dim[3]) * vt_dtype_size(s->dtype);
}

static int run_wrapped(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct vt_plan_node *n = &((const struct wrapped *)state)->n;
  struct vt_tensor t[VT_MAX_IN + 1] = {0};
  const struct vt_tensor *in[VT_MAX_IN] = {0};
  for (int i = 0; i < n->nin; i++) {
    const struct vt_slot *s = &n->in[i];
    if (!s->used) continue;
    in[i] = &t[i];
    if (s->packed) {
      assert_null(a->in[i]);
      t[i] = *s->constant;
    } else if (s->rank == 4 && (s->block || s->dtype == VT_BF16)) {
      t[i] = vt_tensor_view(VT_F32, 4, s->dim, malloc((size_t)vt_dims_count(4, s->dim) * 4));
      move(s, a->in[i], t[i].data, true);
      /* the rest of the last block is zero, always */
      int64_t b = s->block, c = s->dim[1];
      for (int64_t k = c; b > 0 && k < (c + b - 1) / b * b; k++)
        assert_true(((char *)a->in[i])[(size_t)lies_at(s, 0, k, 0, 0) * vt_dtype_size(s->dtype)] == 0);
    } else {
      t[i] = vt_tensor_view(s->dtype, s->rank, s->dim, a->in[i]);
    }
  }
  struct vt_tensor out =
      vt_tensor_view(VT_F32, 4, n->out[0].dim, malloc((size_t)vt_dims_count(4, n->out[0].dim) * 4));
  struct vt_ref_call c = {.node = n->node,
                          .attrs = n->node->attrs,
                          .nin = n->nin,
                          .nout = 1,
                          .in = in,
                          .out = (struct vt_tensor *[]){&out},
                          .seed = a->seed};
  int rc = n->node->op->ref(&c, e);
  memset(a->out[0], 0, slot_bytes(&n->out[0]));
  move(&n->out[0], a->out[0], out.data, false);
  free(out.data);
  for (int i = 0; i < n->nin; i++)
    if (in[i] && !n->in[i].packed && t[i].data != a->in[i]) free(t[i].data);
  return rc;
}

#define WRAP(op)                                                                                             \
  {                                                                                                          \
    "wrapped " op, op, accept_maps, prepare_wrapped, run_wrapped, release_wrapped                            \
  }
static const struct vt_kernel_desc wrapped[] = {WRAP("Conv"), WRAP("ai.vitrine:ConvFused"), WRAP("Add"),
                                                WRAP("MaxPool")};
static const struct vt_kernel_desc *const wrapped_list[] = {&wrapped[0], &wrapped[1], &wrapped[2],
                                                            &wrapped[3]};
static struct vt_registry reference_only, with_wrapped;

static int set_up(void **state)
{
  reference_only = (struct vt_registry){vt_ops, vt_nops, NULL, 0};
  with_wrapped = (struct vt_registry){vt_ops, vt_nops, wrapped_list, VT_COUNT(wrapped_list)};
  return 0;
}

/* --- helpers
 * --------------------------------------------------------------------------------------------------- */

static void good(int rc, const struct vt_err *e)
{
  if (rc) fail_msg("%d: %s", rc, e->msg);
}

static struct vt_tensor random_tensor(uint64_t seed, int rank, const int64_t *dim, float lo, float hi)
{
  struct vt_tensor t;
  struct vt_err e;
  good(vt_tensor_init(&t, VT_F32, rank, dim, &e), &e);
  struct vt_rng r;
  vt_rng_init(&r, seed, 0, 0);
  for (int64_t i = 0; i < vt_tensor_count(&t); i++) ((float *)t.data)[i] = vt_rng_range(&r, lo, hi);
  return t;
}

static struct vt_value *weight(struct vt_graph *g, const char *name, uint64_t seed, int rank,
                               const int64_t *dim, float lo, float hi)
{
  struct vt_tensor t = random_tensor(seed, rank, dim, lo, hi);
  struct vt_value *v = vt_graph_variable(g, name, &t, true);
  vt_tensor_clear(&t);
  return v;
}

static double worst(const struct vt_tensor *a, const struct vt_tensor *b)
{
  assert_int_equal(vt_tensor_count(a), vt_tensor_count(b));
  double d = 0;
  for (int64_t i = 0; i < vt_tensor_count(a); i++)
    d = fmax(d, fabs(vt_tensor_get(a, i) - vt_tensor_get(b, i)) / (1 + fabs(vt_tensor_get(b, i))));
  return d;
}

static struct vt_value *conv_bn(struct vt_graph *g, struct vt_value *x, int64_t in, int64_t out, int k,
                                int stride, uint64_t seed, bool training)
{
  char name[32];
  snprintf(name, sizeof name, "w%d", (int)seed);
  struct vt_value *w = weight(g, name, seed, 4, (int64_t[]){out, in, k, k}, -0.3f, 0.3f);
  struct vt_value *y = vt_emit(g, "Conv", VT_IN(x, w), "strides=[%d,%d] pads=[%d,%d,%d,%d]", stride, stride,
                               k / 2, k / 2, k / 2, k / 2);
  struct vt_value *p[4];
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "bn%d.%d", (int)seed, i);
    p[i] = weight(g, name, seed * 10 + (uint64_t)i, 1, &out, 0.5f, 1.5f);
  }
  struct vt_value *o[3] = {NULL};
  vt_emit_n(g, "BatchNormalization", 5, (struct vt_value *[]){y, p[0], p[1], p[2], p[3]}, training ? 3 : 1, o,
            "training_mode=%d", training);
  if (training) {
    vt_graph_assign(g, p[2], o[1]);
    vt_graph_assign(g, p[3], o[2]);
  }
  return o[0];
}

/* A residual network in small: 3 → 16 → 20 channels (20 leaves a block unfilled), pooling, a head. */
static struct vt_graph *small_net(const struct vt_registry *r, bool training)
{
  struct vt_graph *g;
  struct vt_err e;
  good(vt_graph_new(&g, r, "net", &e), &e);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){2, 3, 12, 10});
  struct vt_value *y = vt_emit(g, "Relu", VT_IN(conv_bn(g, x, 3, 16, 3, 1, 1, training)), "");
  y = vt_emit(g, "MaxPool", VT_IN(y), "kernel_shape=[2,2] strides=[2,2]");
  for (int i = 0; i < 3; i++) {
    int64_t in = i ? 20 : 16;
    struct vt_value *skip = i ? y : conv_bn(g, y, in, 20, 1, 1, 50 + (uint64_t)i, training);
    struct vt_value *z =
        vt_emit(g, "Relu", VT_IN(conv_bn(g, y, in, 20, 3, 1, 10 + (uint64_t)i, training)), "");
    z = conv_bn(g, z, 20, 20, 3, 1, 30 + (uint64_t)i, training);
    y = vt_emit(g, "Relu", VT_IN(vt_emit(g, "Add", VT_IN(skip, z), "")), "");
  }
  vt_graph_output(g, vt_emit(g, "Sigmoid", VT_IN(y), ""), "map");
  y = vt_emit(g, "GlobalAveragePool", VT_IN(y), "");
  y = vt_emit(g, "Flatten", VT_IN(y), "axis=1");
  y = vt_emit(g, "Gemm", VT_IN(y, weight(g, "fc", 99, 2, (int64_t[]){20, 5}, -1, 1)), "");
  vt_graph_output(g, y, "y");
  good(vt_graph_status(g, &e), &e);
  return g;
}

/* Compiles, runs once on fixed input and copies the outputs. */
static void run_once(const struct vt_graph *g, struct vt_compile_opts o, struct vt_tensor *out,
                     struct vt_program_stats *stats)
{
  struct vt_err e;
  struct vt_program *p;
  struct vt_session *s;
  good(vt_program_compile(&p, g, NULL, &o, &e), &e);
  good(vt_session_new(&s, p, &e), &e);
  struct vt_tensor x = random_tensor(7, 4, (int64_t[]){2, 3, 12, 10}, -1, 1), view[4];
  for (int i = 0; i < 2; i++) good(vt_session_run(s, &x, view, &e), &e);
  for (int i = 0; i < vt_program_noutputs(p); i++) good(vt_tensor_copy(&out[i], &view[i], &e), &e);
  if (stats) vt_program_get_stats(p, stats);
  vt_tensor_clear(&x);
  vt_session_free(s);
  vt_program_free(p);
}

/* --- tests
 * ------------------------------------------------------------------------------------------------------- */

static void memory_plan(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 11, 0, 0);
  for (int round = 0; round < 300; round++) {
    enum { MAX = 60 };
    struct vt__life v[MAX];
    int n = 1 + (int)vt_rng_below(&r, MAX);
    size_t peak = 0;
    for (int i = 0; i < n; i++) {
      v[i] = (struct vt__life){.bytes = 1 + vt_rng_below(&r, round % 2 ? 100000 : 300),
                               .first = (int)vt_rng_below(&r, 40)};
      v[i].last = v[i].first + (int)vt_rng_below(&r, 10);
    }
    size_t total, sum = 0;
    struct vt_err e;
    good(vt__memplan(v, n, &total, &e), &e);
    for (int i = 0; i < n; i++) {
      assert_int_equal(v[i].offset % 64, 0);
      assert_true(v[i].offset + v[i].bytes <= total);
      sum += (v[i].bytes + 63) / 64 * 64;
      for (int k = 0; k < i; k++)
        assert_true(v[i].last < v[k].first || v[k].last < v[i].first ||
                    v[i].offset + v[i].bytes <= v[k].offset || v[k].offset + v[k].bytes <= v[i].offset);
    }
    for (int s = 0; s < 50; s++) {
      size_t live = 0;
      for (int i = 0; i < n; i++) live += v[i].first <= s && s <= v[i].last ? v[i].bytes : 0;
      peak = VT_MAX(peak, live);
    }
    assert_true(peak <= total && total <= sum);
  }
}

/* No step of a compiled program writes bytes that a later step still reads: by simulation, each byte of the
 * arena carries the number of the buffer that owns it. */
static void check_program_memory(const struct vt_program *p)
{
  int *owner = malloc((p->arena_bytes / 64 + 1) * sizeof *owner);
  memset(owner, 0xff, (p->arena_bytes / 64 + 1) * sizeof *owner);
  for (int s = 0; s < p->nsteps; s++) {
    const struct vt__step *t = &p->steps[s];
    for (int pass = 0; pass < 2; pass++)
      for (int i = 0; i < (pass ? t->nout : t->nin); i++) {
        int b = pass ? t->out[i] : t->in[i], root = b < 0 ? -1 : vt__root(p, b);
        if (root < 0 || p->bufs[root].place != VT__ARENA) continue;
        for (size_t k = p->bufs[root].offset / 64; k * 64 < p->bufs[root].offset + p->bufs[b].bytes; k++) {
          if (pass)
            owner[k] = root;
          else
            assert_int_equal(owner[k], root);
        }
      }
  }
  for (int i = 0; i < p->graph->noutputs; i++) {
    int root = vt__root(p, p->outputs[i]);
    for (size_t k = p->bufs[root].offset / 64; k * 64 < p->bufs[root].offset + p->bufs[root].bytes; k++)
      assert_int_equal(owner[k], root);
  }
  free(owner);
}

/* Random element-wise graphs with shared values, views and several outputs: planned against each value
 * computed on its own here. */
static void random_graphs(void **state)
{
  enum { N = 24, ELEMENTS = 24 };
  struct vt_rng r;
  vt_rng_init(&r, 5, 0, 0);
  for (int round = 0; round < 40; round++) {
    struct vt_graph *g;
    struct vt_err e;
    good(vt_graph_new(&g, &reference_only, "random", &e), &e);
    struct vt_value *v[N];
    double want[N][ELEMENTS];
    float data[ELEMENTS];
    v[0] = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){4, 6});
    for (int k = 0; k < ELEMENTS; k++) want[0][k] = data[k] = (float)k / 7 - 1;
    for (int i = 1; i < N; i++) {
      int a = (int)vt_rng_below(&r, (uint32_t)i), b = (int)vt_rng_below(&r, (uint32_t)i);
      int kind = (int)vt_rng_below(&r, 4);
      for (int k = 0; k < ELEMENTS; k++)
        want[i][k] = kind == 0   ? want[a][k] * 0.5 + want[b][k]
                     : kind == 1 ? fmax(want[a][k], 0)
                     : kind == 2 ? -want[a][k]
                                 : want[a][k];
      if (kind == 0)
        v[i] =
            vt_emit(g, "Add", VT_IN(vt_emit(g, "Mul", VT_IN(v[a], vt_graph_scalar(g, 0.5f)), ""), v[b]), "");
      if (kind == 1) v[i] = vt_emit(g, "Relu", VT_IN(v[a]), "");
      if (kind == 2) v[i] = vt_emit(g, "Neg", VT_IN(v[a]), "");
      if (kind == 3) {
        v[i] = vt_emit(g, "Reshape", VT_IN(v[a], vt_graph_ints(g, 3, (int64_t[]){2, 2, 6})), "");
        v[i] = vt_emit(g, "Reshape", VT_IN(v[i], vt_graph_ints(g, 2, (int64_t[]){4, -1})), "");
      }
    }
    int out[4], nout = 0;
    for (int i = N - 1; i > 0 && nout < 4; i -= 1 + (int)vt_rng_below(&r, 7)) {
      out[nout++] = i;
      vt_graph_output(g, v[i], NULL);
    }
    struct vt_program *p;
    struct vt_session *s;
    good(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.reference = round % 2}, &e), &e);
    check_program_memory(p);
    good(vt_session_new(&s, p, &e), &e);
    struct vt_tensor x = vt_tensor_view(VT_F32, 2, (int64_t[]){4, 6}, data), y[4];
    for (int again = 0; again < 2; again++) {
      good(vt_session_run(s, &x, y, &e), &e);
      for (int i = 0; i < nout; i++)
        for (int k = 0; k < ELEMENTS; k++)
          assert_true(fabs(vt_tensor_get(&y[i], k) - want[out[i]][k]) < 1e-4 * (1 + fabs(want[out[i]][k])));
    }
    vt_session_free(s);
    vt_program_free(p);
    vt_graph_free(g);
  }
}

static void layouts(void **state)
{
  struct vt_graph *g = small_net(&with_wrapped, false);
  struct vt_tensor ref[2], got[2];
  run_once(g, (struct vt_compile_opts){.reference = true, .threads = 1}, ref, NULL);
  static const int blocks[] = {8, 16, VT_NHWC};
  for (size_t i = 0; i < VT_COUNT(blocks); i++)
    for (int fused = 0; fused < 2; fused++) {
      struct vt_program_stats st;
      run_once(g, (struct vt_compile_opts){.block = blocks[i], .no_fuse = !fused, .threads = 1 + fused}, got,
               &st);
      for (int k = 0; k < 2; k++) {
        assert_true(worst(&got[k], &ref[k]) < 1e-4);
        vt_tensor_clear(&got[k]);
      }
      /* Fused: the input, the output map and what the plain pooling reads. */
      if (fused) assert_in_range(st.nreorders, 1, 3);
    }
  for (int k = 0; k < 2; k++) vt_tensor_clear(&ref[k]);
  vt_graph_free(g);
}

static void fusion(void **state)
{
  struct vt_graph *g = small_net(&with_wrapped, false);
  struct vt_program *p;
  struct vt_err e;
  good(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.threads = 1}, &e), &e);
  int convs = 0, other = 0;
  for (int i = 0; i < p->nsteps; i++) {
    const char *op = vt__step_op(&p->steps[i]);
    convs += strncmp(op, "Conv", 4) == 0;
    other += !strcmp(op, "BatchNormalization") || !strcmp(op, "Relu") || !strcmp(op, "Add");
  }
  assert_int_equal(convs, 8);
  assert_int_equal(other, 0);
  check_program_memory(p);
  for (int i = 0; i < p->graph->nvalues; i++) /* packed or folded: nobody needs the bytes */
    if (p->graph->values[i]->rank == 4) assert_null(p->graph->values[i]->init.data);
  struct vt_buf b;
  vt_buf_init(&b);
  vt_program_explain(p, &b);
  assert_non_null(strstr(b.data, "ConvFused"));
  assert_non_null(strstr(b.data, "wrapped"));
  vt_buf_clear(&b);
  vt_program_free(p);
  vt_graph_free(g);
}

static void precision(void **state)
{
  const struct vt_registry *r[2] = {&reference_only, &with_wrapped};
  for (int i = 0; i < 2; i++) {
    struct vt_graph *g = small_net(r[i], false);
    struct vt_tensor ref[2], got[2];
    run_once(g, (struct vt_compile_opts){.reference = true, .threads = 1}, ref, NULL);
    run_once(g, (struct vt_compile_opts){.precision = VT_PREC_BF16, .threads = 1}, got, NULL);
    for (int k = 0; k < 2; k++) {
      double d = worst(&got[k], &ref[k]);
      assert_true(d < 0.05);
      assert_true(d > 1e-6); /* something was rounded */
      assert_int_equal(got[k].dtype, VT_F32);
      vt_tensor_clear(&got[k]);
      vt_tensor_clear(&ref[k]);
    }
    vt_graph_free(g);
  }
  struct vt_graph *g = small_net(&reference_only, false);
  struct vt_program *p;
  struct vt_err e;
  assert_int_equal(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.precision = VT_PREC_INT8}, &e),
                   VT_EUNSUPPORTED);
  assert_non_null(strstr(e.msg, "int8"));
  vt_graph_free(g);
}

/* Training programs: batch statistics are assigned; every compilation gives the numbers of the reference. */
static void training(void **state)
{
  struct vt_tensor want[2], mean;
  for (int way = 0; way < 4; way++) {
    struct vt_graph *g = small_net(way ? &with_wrapped : &reference_only, true);
    struct vt_compile_opts o = {
        .training = true, .reference = way < 2, .block = way == 3 ? VT_NHWC : 0, .threads = 1};
    struct vt_program *p;
    struct vt_session *s;
    struct vt_err e;
    good(vt_program_compile(&p, g, NULL, &o, &e), &e);
    check_program_memory(p);
    for (int i = 0; i < p->graph->nassigns; i++) assert_true(p->assigns[i].direct);
    good(vt_session_new(&s, p, &e), &e);
    struct vt_tensor x = random_tensor(7, 4, (int64_t[]){2, 3, 12, 10}, -1, 1), out[2], m;
    for (int i = 0; i < 3; i++) good(vt_session_run(s, &x, out, &e), &e);
    good(vt_session_get(s, "bn10.2", &m, &e), &e);
    if (!way) {
      good(vt_tensor_copy(&mean, &m, &e), &e);
      for (int k = 0; k < 2; k++) good(vt_tensor_copy(&want[k], &out[k], &e), &e);
    }
    assert_true(worst(&m, &mean) < 1e-5);
    for (int k = 0; k < 2; k++) assert_true(worst(&out[k], &want[k]) < 1e-4);
    vt_tensor_clear(&x);
    vt_session_free(s);
    vt_program_free(p);
    vt_graph_free(g);
  }
  for (int k = 0; k < 2; k++) vt_tensor_clear(&want[k]);
  vt_tensor_clear(&mean);
}

/* The small network's loss, its gradients and a step down: fused on the backend's kernels, in f32, and with
 * bf16 feature maps (the convolutions wrapped, since not every processor has them), against the reference. */
static void training_step(void **state)
{
  static const struct vt_kernel_desc *kernels[600];
  const struct vt_registry *real = vt_registry_default();
  static const struct vt_kernel_desc wraps[] = {WRAP("Conv"), WRAP("ai.vitrine:ConvGradInput")};
  int nk = 0;
  for (size_t i = 0; i < VT_COUNT(wraps); i++) kernels[nk++] = &wraps[i];
  for (int i = 0; i < real->nkernels && nk < 600; i++) kernels[nk++] = real->kernels[i];
  struct vt_registry mixed = {vt_ops, vt_nops, kernels, nk};
  double want[4] = {0};
  for (int way = 0; way < 4; way++) {
    struct vt_graph *g = small_net(way == 3 ? &mixed : real, true);
    struct vt_err e;
    struct vt_value *y = vt_graph_find(g, "y"), *wrt[64], *grad[64];
    struct vt_value *label = vt_graph_input(g, "label", VT_I64, 1, (int64_t[]){2});
    struct vt_value *loss = vt_emit(g, "SoftmaxCrossEntropyLoss", VT_IN(y, label), "");
    int n = 0;
    for (int i = 0; i < g->nvalues; i++)
      if (g->values[i]->is_trainable && !strchr(g->values[i]->name, '.')) wrt[n++] = g->values[i];
    good(vt_autodiff(g, loss, n, wrt, grad, &e), &e);
    for (int i = 0; i < n; i++) {
      struct vt_value *step = vt_emit(g, "Mul", VT_IN(grad[i], vt_graph_scalar(g, 0.05f)), "");
      vt_graph_assign(g, wrt[i], vt_emit(g, "Sub", VT_IN(wrt[i], step), ""));
    }
    vt_graph_output(g, loss, "loss");
    good(vt_graph_status(g, &e), &e);
    struct vt_compile_opts o = {.training = true,
                                .reference = !way,
                                .no_fuse = way == 1,
                                .threads = 2,
                                .precision = way == 3 ? VT_PREC_BF16 : VT_PREC_F32};
    struct vt_program *p;
    struct vt_session *s;
    good(vt_program_compile(&p, g, NULL, &o, &e), &e);
    check_program_memory(p);
    int fused = 0, plain = 0, half = 0;
    for (int i = 0; i < p->nsteps; i++) {
      fused += !strncmp(vt__step_op(&p->steps[i]), "BatchNormAct", 12);
      plain += !strcmp(vt__step_op(&p->steps[i]), "BatchNormalization");
      half +=
          !strncmp(vt__step_op(&p->steps[i]), "BatchNorm", 9) && p->bufs[p->steps[i].out[0]].dtype == VT_BF16;
    }
    assert_int_equal(fused, way < 2 ? 0 : 14);
    assert_int_equal(plain, way < 2 ? 8 : 1);
    if (way == 3) assert_int_equal(half, 16);
    good(vt_session_new(&s, p, &e), &e);
    struct vt_tensor in[2] = {random_tensor(7, 4, (int64_t[]){2, 3, 12, 10}, -1, 1),
                              vt_tensor_view(VT_I64, 1, (int64_t[]){2}, (int64_t[]){1, 4})},
                     out[3];
    for (int i = 0; i < 4; i++) {
      good(vt_session_run(s, in, out, &e), &e);
      double l = vt_tensor_get(&out[2], 0);
      if (!way) want[i] = l;
      assert_true(fabs(l - want[i]) < (way == 3 ? 0.03 * want[i] + 0.01 : 2e-4 * want[i]));
    }
    assert_true(want[3] < want[0]);
    vt_tensor_clear(&in[0]);
    vt_session_free(s);
    vt_program_free(p);
    vt_graph_free(g);
  }
}

/* a := b, b := a (a swap); c := c + 1 read by an output before and after; d := its own double, read late. */
static void assignments(void **state)
{
  struct vt_graph *g;
  struct vt_err e;
  good(vt_graph_new(&g, &reference_only, "assign", &e), &e);
  float one = 1, two = 2;
  struct vt_tensor t1 = vt_tensor_view(VT_F32, 0, NULL, &one), t2 = vt_tensor_view(VT_F32, 0, NULL, &two);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 0, NULL);
  struct vt_value *a = vt_graph_variable(g, "a", &t1, false), *b = vt_graph_variable(g, "b", &t2, false),
                  *c = vt_graph_variable(g, "c", &t1, false), *d = vt_graph_variable(g, "d", &t1, false);
  struct vt_value *c2 = vt_emit(g, "Add", VT_IN(c, x), "");
  struct vt_value *d2 = vt_emit(g, "Add", VT_IN(d, d), "");
  struct vt_value *late = vt_emit(g, "Add", VT_IN(d2, d), ""); /* 3 d: must see the old d */
  struct vt_value *both = vt_emit(g, "Add", VT_IN(c2, vt_emit(g, "Add", VT_IN(a, b), "")), "");
  vt_graph_assign(g, a, b);
  vt_graph_assign(g, b, a);
  vt_graph_assign(g, c, c2);
  vt_graph_assign(g, d, d2);
  vt_graph_output(g, c2, NULL);
  vt_graph_output(g, late, NULL);
  vt_graph_output(g, both, NULL);
  vt_graph_output(g, a, NULL);
  for (int reference = 0; reference < 2; reference++) {
    struct vt_program *p;
    struct vt_session *s;
    good(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.training = true, .reference = reference},
                            &e),
         &e);
    good(vt_session_new(&s, p, &e), &e);
    double A = 1, B = 2, C = 1, D = 1;
    for (int run = 0; run < 5; run++) {
      struct vt_tensor out[4], v;
      good(vt_session_run(s, &t1, out, &e), &e);
      assert_true(vt_tensor_get(&out[0], 0) == C + 1);
      assert_true(vt_tensor_get(&out[1], 0) == 3 * D);
      assert_true(vt_tensor_get(&out[2], 0) == C + 1 + A + B);
      assert_true(vt_tensor_get(&out[3], 0) == A);
      double swap = A;
      A = B, B = swap, C += 1, D *= 2;
      const char *name[] = {"a", "b", "c", "d"};
      double want[] = {A, B, C, D};
      for (int i = 0; i < 4; i++) {
        good(vt_session_get(s, name[i], &v, &e), &e);
        assert_true(vt_tensor_get(&v, 0) == want[i]);
      }
    }
    good(vt_session_set(s, "c", &t2, &e), &e);
    struct vt_tensor out[4];
    good(vt_session_run(s, &t1, out, &e), &e);
    assert_true(vt_tensor_get(&out[0], 0) == 3);
    assert_int_equal(vt_session_get(s, "nothing", &out[0], &e), VT_ENOENT);
    vt_session_free(s);
    vt_program_free(p);
  }
  vt_graph_free(g);
}

static void seeds(void **state)
{
  struct vt_graph *g;
  struct vt_err e;
  good(vt_graph_new(&g, &reference_only, "random", &e), &e);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 1, (int64_t[]){64});
  float half = 0.5f;
  bool yes = true;
  struct vt_tensor ratio = vt_tensor_view(VT_F32, 0, NULL, &half),
                   mode = vt_tensor_view(VT_BOOL, 0, NULL, &yes);
  struct vt_value *r = vt_graph_constant(g, "ratio", &ratio), *m = vt_graph_constant(g, "mode", &mode);
  vt_graph_output(g, vt_emit(g, "Dropout", VT_IN(x, r, m), ""), NULL);
  vt_graph_output(g, vt_emit(g, "Dropout", VT_IN(x, r, m), ""), NULL);
  struct vt_program *p;
  struct vt_session *s[2];
  good(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.training = true}, &e), &e);
  struct vt_tensor in = random_tensor(3, 1, (int64_t[]){64}, 1, 2), out[2][2];
  float first[64];
  for (int i = 0; i < 2; i++) {
    good(vt_session_new(&s[i], p, &e), &e);
    vt_session_seed(s[i], 42);
    good(vt_session_run(s[i], &in, out[i], &e), &e);
  }
  assert_memory_equal(out[0][0].data, out[1][0].data, sizeof first);     /* same seed, same numbers */
  assert_memory_not_equal(out[0][0].data, out[0][1].data, sizeof first); /* each node its own */
  memcpy(first, out[0][0].data, sizeof first);
  good(vt_session_run(s[0], &in, out[0], &e), &e);
  assert_memory_not_equal(first, out[0][0].data, sizeof first); /* each run its own */
  vt_session_seed(s[0], 42);
  good(vt_session_run(s[0], &in, out[0], &e), &e);
  assert_memory_equal(first, out[0][0].data, sizeof first);
  for (int i = 0; i < 2; i++) vt_session_free(s[i]);
  vt_program_free(p);
  vt_graph_free(g);
  vt_tensor_clear(&in);
}

struct job {
  const struct vt_program *p;
  struct vt_tensor in, out;
};
static void *run_job(void *arg)
{
  struct job *j = arg;
  struct vt_session *s;
  struct vt_err e;
  struct vt_tensor out[2];
  if (vt_session_new(&s, j->p, &e)) return NULL;
  for (int i = 0; i < 20; i++)
    if (vt_session_run(s, &j->in, out, &e)) return NULL;
  int rc = vt_tensor_copy(&j->out, &out[1], &e);
  vt_session_free(s);
  return rc ? NULL : j;
}

static void two_threads(void **state)
{
  struct vt_graph *g = small_net(&with_wrapped, false);
  struct vt_program *p;
  struct vt_err e;
  good(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.threads = 1}, &e), &e);
  struct job j[2];
  pthread_t t[2];
  for (int i = 0; i < 2; i++) {
    j[i] = (struct job){.p = p, .in = random_tensor(7, 4, (int64_t[]){2, 3, 12, 10}, -1, 1)};
    assert_int_equal(pthread_create(&t[i], NULL, run_job, &j[i]), 0);
  }
  for (int i = 0; i < 2; i++) {
    void *done;
    pthread_join(t[i], &done);
    assert_non_null(done);
  }
  assert_memory_equal(j[0].out.data, j[1].out.data, vt_tensor_bytes(&j[0].out));
  for (int i = 0; i < 2; i++) {
    vt_tensor_clear(&j[i].in);
    vt_tensor_clear(&j[i].out);
  }
  vt_program_free(p);
  vt_graph_free(g);
}

static void allocation_fails(void **state)
{
  struct vt_graph *g = small_net(&with_wrapped, true);
  for (int64_t n = 1;; n += n < 200 ? 1 : 7) {
    struct vt_program *p = NULL;
    struct vt_session *s = NULL;
    struct vt_err e = {0};
    vt_alloc_fail_at(n);
    int rc = vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.training = true, .threads = 1}, &e);
    if (!rc) rc = vt_session_new(&s, p, &e);
    int64_t made = vt_alloc_count();
    vt_alloc_fail_at(0);
    if (rc) assert_int_equal(rc, VT_ENOMEM);
    vt_session_free(s);
    vt_program_free(p);
    if (!rc && made < n) break;
  }
  vt_graph_free(g);
}

static void profile(void **state)
{
  struct vt_graph *g = small_net(&reference_only, false);
  struct vt_program *p;
  struct vt_session *s;
  struct vt_err e;
  good(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.threads = 1}, &e), &e);
  good(vt_session_new(&s, p, &e), &e);
  struct vt_tensor x = random_tensor(7, 4, (int64_t[]){2, 3, 12, 10}, -1, 1), out[2];
  vt_session_profile(s, true);
  for (int i = 0; i < 3; i++) good(vt_session_run(s, &x, out, &e), &e);
  struct vt_buf b;
  vt_buf_init(&b);
  vt_session_profile_table(s, &b);
  assert_non_null(strstr(b.data, "Conv"));
  assert_non_null(strstr(b.data, "3 runs"));
  vt_buf_clear(&b);
  vt_session_profile_trace(s, &b);
  int events = 0;
  for (const char *at = b.data; (at = strstr(at, "\"ph\":\"X\"")); at++) events++;
  assert_int_equal(events, 3 * p->nsteps);
  vt_buf_clear(&b);
  vt_tensor_clear(&x);
  vt_session_free(s);
  vt_program_free(p);
  vt_graph_free(g);
}

static void refusals(void **state)
{
  struct vt_graph *g;
  struct vt_err e;
  good(vt_graph_new(&g, &reference_only, "g", &e), &e);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){-1, 6});
  vt_graph_output(g, vt_emit(g, "Relu", VT_IN(x), ""), "y");
  struct vt_program *p;
  assert_int_equal(vt_program_compile(&p, g, NULL, NULL, &e), VT_ESHAPE);
  assert_non_null(strstr(e.msg, "'x'"));
  assert_int_equal(vt_program_compile(&p, g, &(struct vt_shape){2, {3, 7}}, NULL, &e), VT_ESHAPE);
  assert_non_null(strstr(e.msg, "(3, 7)"));
  good(vt_program_compile(&p, g, &(struct vt_shape){2, {3, 6}}, NULL, &e), &e);
  assert_int_equal(vt_program_output(p, 0)->dim[0], 3);
  struct vt_session *s;
  good(vt_session_new(&s, p, &e), &e);
  struct vt_tensor t = random_tensor(1, 2, (int64_t[]){6, 3}, 0, 1), out;
  assert_int_equal(vt_session_run(s, &t, &out, &e), VT_ESHAPE);
  assert_non_null(strstr(e.msg, "(6, 3)"));
  assert_int_equal(vt_session_get(s, "x", &out, &e), VT_ESTATE);
  vt_tensor_clear(&t);
  vt_session_free(s);
  vt_program_free(p);
  vt_graph_free(g);
}

/* A Reshape whose shape is an input: no fixed memory, and another shape in each run. */
static void dynamic_shapes(void **state)
{
  struct vt_graph *g;
  struct vt_err e;
  good(vt_graph_new(&g, &reference_only, "dynamic", &e), &e);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){4, 6});
  struct vt_value *shape = vt_graph_input(g, "shape", VT_I64, 1, (int64_t[]){2});
  struct vt_value *y = vt_emit(g, "Reshape", VT_IN(vt_emit(g, "Relu", VT_IN(x), ""), shape), "");
  vt_graph_output(g, vt_emit(g, "Add", VT_IN(y, vt_graph_scalar(g, 1)), ""), "y");
  struct vt_program *p;
  assert_int_equal(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.training = true}, &e),
                   VT_EUNSUPPORTED);
  good(vt_program_compile(&p, g, NULL, NULL, &e), &e);
  struct vt_session *s;
  good(vt_session_new(&s, p, &e), &e);
  int64_t dims[2] = {3, 8};
  struct vt_tensor in[2] = {random_tensor(1, 2, (int64_t[]){4, 6}, -1, 1),
                            vt_tensor_view(VT_I64, 1, (int64_t[]){2}, dims)},
                   out;
  for (int run = 0; run < 3; run++) {
    dims[0] = run == 1 ? 12 : 3;
    dims[1] = -1;
    good(vt_session_run(s, in, &out, &e), &e);
    assert_int_equal(out.dim[0], dims[0]);
    assert_int_equal(out.dim[1], 24 / dims[0]);
    for (int i = 0; i < 24; i++)
      assert_true(vt_tensor_get(&out, i) == (float)fmax(vt_tensor_get(&in[0], i), 0) + 1.0f);
  }
  dims[0] = 5; /* 24 elements do not fit */
  dims[1] = 5;
  assert_int_equal(vt_session_run(s, in, &out, &e), VT_ESHAPE);
  vt_session_free(s);
  vt_program_free(p);
  for (int64_t n = 1; n < 200; n++) {
    vt_alloc_fail_at(n);
    int rc = vt_program_compile(&p, g, NULL, NULL, &e);
    if (!rc) rc = vt_session_new(&s, p, &e);
    if (!rc) {
      dims[0] = 3, dims[1] = 8;
      rc = vt_session_run(s, in, &out, &e);
      vt_session_free(s);
    }
    vt_alloc_fail_at(0);
    if (rc) assert_int_equal(rc, VT_ENOMEM);
    vt_program_free(p);
  }
  vt_tensor_clear(&in[0]);
  vt_graph_free(g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_plan),   cmocka_unit_test(random_graphs),    cmocka_unit_test(layouts),
      cmocka_unit_test(fusion),        cmocka_unit_test(precision),        cmocka_unit_test(training),
      cmocka_unit_test(training_step), cmocka_unit_test(assignments),      cmocka_unit_test(seeds),
      cmocka_unit_test(two_threads),   cmocka_unit_test(allocation_fails), cmocka_unit_test(profile),
      cmocka_unit_test(refusals),      cmocka_unit_test(dynamic_shapes),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
