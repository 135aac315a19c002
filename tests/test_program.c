/* Programs and sessions: planned memory, layouts, fusion, precision, threads, profile, shapes that depend on
 * data. */
#include <pthread.h>
#include "program_cases.h"

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

/* What exporters write in several nodes becomes one, and means the same. */
static void idioms(void **state)
{
  struct vt_graph *g;
  struct vt_err e;
  struct vt_tensor ref[5], got[5];
  struct vt_program *p;
  good(vt_graph_new(&g, vt_registry_default(), "idioms", &e), &e);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){2, 3, 12, 10}), *y;
  struct vt_value *w = weight(g, "w", 3, 4, (int64_t[]){16, 3, 3, 3}, -1, 1);
  const int64_t none[8] = {0}, around[8] = {0, 0, 1, 2, 0, 0, 1, 0};
  y = vt_emit(g, "Pad", VT_IN(x, vt_graph_ints(g, 8, around)), "");
  y = vt_emit(g, "Conv", VT_IN(y, w), "pads=[0,1,0,1]");
  y = vt_emit(g, "Mul", VT_IN(y, vt_emit(g, "Sigmoid", VT_IN(y), "")), "");
  y = vt_emit(g, "Pad", VT_IN(y, vt_graph_ints(g, 8, none)), "");
  vt_graph_output(g, vt_emit(g, "AveragePool", VT_IN(y), "kernel_shape=[3,3]"), "pooled");
  y = vt_emit(g, "Mul", VT_IN(vt_emit(g, "HardSigmoid", VT_IN(y), "alpha=0.16666667 beta=0.5"), y), "");
  y = vt_emit(g, "Pad", VT_IN(y, vt_graph_ints(g, 8, around)), "");
  vt_graph_output(g, vt_emit(g, "AveragePool", VT_IN(y), "kernel_shape=[3,3]"), "padded");
  /* these stay as they are: another pool's padding does not count; the gate is another one */
  vt_graph_output(g, vt_emit(g, "AveragePool", VT_IN(y), "kernel_shape=[3,3] pads=[1,1,1,1]"), "other");
  y = vt_emit(g, "Mul", VT_IN(vt_emit(g, "HardSigmoid", VT_IN(y), "alpha=0.2 beta=0.5"), y), "");
  vt_graph_output(g, y, "gated");
  struct vt_value *n[4];
  for (int i = 0; i < 4; i++)
    n[i] = weight(g, (const char *[]){"scale", "bias", "mean", "var"}[i], 20 + (uint64_t)i, 1,
                  (int64_t[]){16}, 0.5f, 2);
  y = vt_emit(g, "BatchNormalization", VT_IN(vt_emit(g, "Neg", VT_IN(y), ""), n[0], n[1], n[2], n[3]), "");
  vt_graph_output(g, vt_emit(g, "Relu", VT_IN(y), ""), "normed");
  good(vt_graph_status(g, &e), &e);
  run_once(g, (struct vt_compile_opts){.reference = true, .threads = 1}, ref, NULL);
  run_once(g, (struct vt_compile_opts){.threads = 1}, got, NULL);
  for (int k = 0; k < 5; k++) {
    assert_true(worst(&got[k], &ref[k]) < 1e-4);
    vt_tensor_clear(&got[k]);
    vt_tensor_clear(&ref[k]);
  }
  good(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.threads = 1}, &e), &e);
  int pads = 0, gates = 0, relus = 0;
  for (int i = 0; i < p->graph->nnodes; i++) {
    pads += !strcmp(p->graph->nodes[i]->op->name, "Pad");
    relus += !strcmp(p->graph->nodes[i]->op->name, "Relu");
    gates += strstr(p->graph->nodes[i]->op->name, "Sigmoid") != NULL;
  }
  assert_int_equal(pads, 1); /* its result goes to two more readers */
  assert_int_equal(gates, 1);
  assert_int_equal(relus, 0);
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
      cmocka_unit_test(memory_plan),    cmocka_unit_test(random_graphs), cmocka_unit_test(layouts),
      cmocka_unit_test(fusion),         cmocka_unit_test(idioms),        cmocka_unit_test(precision),
      cmocka_unit_test(two_threads),    cmocka_unit_test(profile),       cmocka_unit_test(refusals),
      cmocka_unit_test(dynamic_shapes),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
