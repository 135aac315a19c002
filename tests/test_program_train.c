/* Training programs: assignments in place, statistics, fused steps against the reference, seeds, and every
 * allocation of compiling failed once. */
#include "program_cases.h"

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

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(training), cmocka_unit_test(training_step),    cmocka_unit_test(assignments),
      cmocka_unit_test(seeds),    cmocka_unit_test(allocation_fails),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
