/* The gradients of a building block against central differences: of y . r for random r, along a random
 * direction of the input and of each parameter by itself. */
#ifndef VT_TESTS_BLOCK_GRADIENT_H
#define VT_TESTS_BLOCK_GRADIENT_H

#include <math.h>
#include "backend/backend.h"
#include "model/model.h"

enum { BLOCK_MAX = 64 };
struct block {
  struct vt_graph *g;
  struct vt_program *p;
  struct vt_session *s;
  int n, wrong; /* variables; [n] is the input */
  struct vt_value *wrt[BLOCK_MAX + 1], *grad[BLOCK_MAX + 1];
  struct vt_tensor value[BLOCK_MAX + 1]; /* present values */
};

/* Loss, and gradients if asked for, with the values as they are now. */
static double block_run(struct block *b, struct vt_tensor *out)
{
  struct vt_err e;
  for (int i = 0; i < b->n; i++)
    if (vt_session_set(b->s, b->wrt[i]->name, &b->value[i], &e)) fail_msg("%s", e.msg);
  if (vt_session_run(b->s, &b->value[b->n], out, &e)) fail_msg("%s", e.msg);
  return vt_tensor_get(&out[0], 0);
}

static void block_random(struct vt_tensor *t, struct vt_rng *rng, float mean, float deviation)
{
  for (int64_t i = 0; i < vt_tensor_count(t); i++)
    vt_tensor_set(t, i, (double)(mean + deviation * vt_rng_normal(rng)));
}

/* The directional derivative along random d from both sides: (L(v + h d) - L(v - h d)) / 2h. */
static void block_check(struct block *b, int k, const char *what, struct vt_rng *rng)
{
  const double h = 4e-3;
  struct vt_tensor out[BLOCK_MAX + 2], d, *v = &b->value[k], base;
  struct vt_err e;
  double expected = 0, loss[2], scale = 0;
  assert_int_equal(vt_tensor_init(&d, VT_F32, v->rank, v->dim, &e), 0);
  assert_int_equal(vt_tensor_copy(&base, v, &e), 0);
  block_random(&d, rng, 0, 1);
  block_run(b, out);
  for (int64_t i = 0; i < vt_tensor_count(v); i++) {
    expected += vt_tensor_get(&out[1 + k], i) * vt_tensor_get(&d, i);
    scale += pow(vt_tensor_get(&out[1 + k], i), 2);
  }
  for (int side = 0; side < 2; side++) {
    for (int64_t i = 0; i < vt_tensor_count(v); i++)
      vt_tensor_set(v, i, vt_tensor_get(&base, i) + (side ? -h : h) * vt_tensor_get(&d, i));
    loss[side] = block_run(b, out);
  }
  for (int64_t i = 0; i < vt_tensor_count(v); i++) vt_tensor_set(v, i, vt_tensor_get(&base, i));
  double got = (loss[0] - loss[1]) / (2 * h);
  bool fits = fabs(got - expected) < 0.04 * sqrt(scale) + 0.02; /* the rounding of the sum, over 2h */
  if (!fits)
    print_error("%s, %s: derivative %g, differences say %g (gradient's norm %g)\n", what, b->wrt[k]->name,
                expected, got, sqrt(scale));
  b->wrong += !fits;
  vt_tensor_clear(&d);
  vt_tensor_clear(&base);
}

static void check_gradients(const char *what,
                            struct vt_value *(*build)(struct vt_net *, struct vt_value *, const void *),
                            const void *which, int rank, const int64_t *shape, bool mirror)
{
  struct block b = {0};
  struct vt_err e = {0};
  struct vt_rng rng;
  struct vt_tensor r;
  vt_rng_init(&rng, vt_hash64(what, strlen(what)), 1, 0);
  assert_int_equal(vt_graph_new(&b.g, vt_registry_default(), what, &e), 0);
  struct vt_net net = {.g = b.g, .training = true, .seed = 3, .mirror = mirror};
  struct vt_value *x = vt_graph_input(b.g, "x", VT_F32, rank, shape), *y = build(&net, x, which);
  if (vt_graph_status(b.g, &e)) fail_msg("%s: %s", what, e.msg);
  for (int i = 0; i < b.g->nvalues; i++)
    if (b.g->values[i]->is_trainable && b.n < BLOCK_MAX) b.wrt[b.n++] = b.g->values[i];
  b.wrt[b.n] = x;
  assert_int_equal(vt_tensor_init(&r, VT_F32, y->rank, y->dim, &e), 0);
  block_random(&r, &rng, 0, 1);
  y = vt_emit(b.g, "Mul", VT_IN(y, vt_graph_constant(b.g, "r", &r)), "");
  struct vt_value *loss = vt_emit(b.g, "ReduceSum", VT_IN(y), "keepdims=0");
  if (vt_autodiff(b.g, loss, b.n + 1, b.wrt, b.grad, &e)) fail_msg("%s: %s", what, e.msg);
  vt_graph_output(b.g, loss, "loss");
  for (int i = 0; i <= b.n; i++) {
    if (!b.grad[i]) fail_msg("%s: no gradient of %s", what, b.wrt[i]->name);
    vt_graph_output(b.g, b.grad[i], NULL);
    assert_int_equal(vt_tensor_init(&b.value[i], VT_F32, b.wrt[i]->rank, b.wrt[i]->dim, &e), 0);
    /* Norms are shifted away from the kink of the relu behind them, which differences would cross. */
    float mean = strstr(b.wrt[i]->name, "bn.bias") ? 2.5f : b.wrt[i]->rank == 1 ? 0.3f : 0;
    block_random(&b.value[i], &rng, mean, b.wrt[i] == x ? 1 : 0.4f);
  }
  struct vt_compile_opts o = {.training = true, .precision = VT_PREC_F32, .threads = 1};
  if (vt_program_compile(&b.p, b.g, NULL, &o, &e)) fail_msg("%s: %s", what, e.msg);
  assert_int_equal(vt_session_new(&b.s, b.p, &e), 0);
  for (int i = 0; i <= b.n; i++) block_check(&b, i, what, &rng);
  assert_int_equal(b.wrong, 0);
  vt_session_free(b.s);
  vt_program_free(b.p);
  for (int i = 0; i <= b.n; i++) vt_tensor_clear(&b.value[i]);
  vt_tensor_clear(&r);
  vt_graph_free(b.g);
}

#endif
