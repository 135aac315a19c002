/* The gradients of a building block against central differences: of y . r for random r, along random
 * directions of the input and of each parameter by itself. */
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

/* y and the gradients with the values as they are now. */
static void block_run(struct block *b, struct vt_tensor *out)
{
  struct vt_err e;
  for (int i = 0; i < b->n; i++)
    if (vt_session_set(b->s, b->wrt[i]->name, &b->value[i], &e)) fail_msg("%s", e.msg);
  if (vt_session_run(b->s, &b->value[b->n], out, &e)) fail_msg("%s", e.msg);
}

static void block_random(struct vt_tensor *t, struct vt_rng *rng, float mean, float deviation)
{
  for (int64_t i = 0; i < vt_tensor_count(t); i++)
    vt_tensor_set(t, i, (double)(mean + deviation * vt_rng_normal(rng)));
}

/* y . r in double: the sum in f32 would round away what the differences are to show. */
static double block_project(struct block *b, int k, const struct vt_tensor *base, const struct vt_tensor *d,
                            double h, const struct vt_tensor *r)
{
  struct vt_tensor out[BLOCK_MAX + 2], *v = &b->value[k];
  double sum = 0;
  for (int64_t i = 0; i < vt_tensor_count(v); i++)
    vt_tensor_set(v, i, vt_tensor_get(base, i) + h * vt_tensor_get(d, i));
  block_run(b, out);
  for (int64_t i = 0; i < vt_tensor_count(r); i++) sum += vt_tensor_get(&out[0], i) * vt_tensor_get(r, i);
  return sum;
}

/* The derivative along random unit vectors d, by central differences of three widths: (4 D(h/2) - D(h)) / 3
 * has an error of h^4. Where they do not fit together (a kink of a relu or a maximum lies between) the
 * direction says nothing; a third of them must speak. */
static void block_check(struct block *b, int k, const char *what, struct vt_rng *rng,
                        const struct vt_tensor *r)
{
  enum { DIRECTIONS = 12, LEAST = 4 };
  const double h = 0.03, tolerance = 2e-3;
  struct vt_tensor out[BLOCK_MAX + 2], d, base, slope;
  struct vt_err e;
  int spoke = 0, wrong = 0;
  double scale = 0;
  assert_int_equal(vt_tensor_init(&d, VT_F32, b->value[k].rank, b->value[k].dim, &e), 0);
  assert_int_equal(vt_tensor_copy(&base, &b->value[k], &e), 0);
  block_run(b, out);
  assert_int_equal(vt_tensor_copy(&slope, &out[1 + k], &e), 0);
  for (int64_t i = 0; i < vt_tensor_count(&slope); i++) scale += pow(vt_tensor_get(&slope, i), 2);
  scale = sqrt(scale);
  for (int t = 0; t < DIRECTIONS; t++) {
    double expected = 0, norm = 0, difference[3];
    block_random(&d, rng, 0, 1);
    for (int64_t i = 0; i < vt_tensor_count(&d); i++) norm += pow(vt_tensor_get(&d, i), 2);
    for (int64_t i = 0; i < vt_tensor_count(&d); i++) {
      vt_tensor_set(&d, i, vt_tensor_get(&d, i) / sqrt(norm));
      expected += vt_tensor_get(&slope, i) * vt_tensor_get(&d, i);
    }
    for (int w = 0; w < 3; w++) {
      double step = h / (1 << w);
      difference[w] =
          (block_project(b, k, &base, &d, step, r) - block_project(b, k, &base, &d, -step, r)) / (2 * step);
    }
    double coarse = (4 * difference[1] - difference[0]) / 3, fine = (4 * difference[2] - difference[1]) / 3;
    double room = tolerance * scale + 6e-4; /* the rounding of y */
    if (!(fabs(coarse - fine) < room)) continue;
    spoke++;
    if (fabs(fine - expected) < room) continue;
    wrong++;
    print_error("%s, %s: derivative %g, differences say %g (gradient's norm %g)\n", what, b->wrt[k]->name,
                expected, fine, scale);
  }
  for (int64_t i = 0; i < vt_tensor_count(&base); i++)
    vt_tensor_set(&b->value[k], i, vt_tensor_get(&base, i));
  if (spoke < LEAST)
    print_error("%s, %s: %d of %d directions say something\n", what, b->wrt[k]->name, spoke, DIRECTIONS);
  b->wrong += wrong > 0 || spoke < LEAST;
  vt_tensor_clear(&d);
  vt_tensor_clear(&base);
  vt_tensor_clear(&slope);
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
  struct vt_value *loss = vt_emit(b.g, "Mul", VT_IN(y, vt_graph_constant(b.g, "r", &r)), "");
  loss = vt_emit(b.g, "ReduceSum", VT_IN(loss), "keepdims=0");
  if (vt_autodiff(b.g, loss, b.n + 1, b.wrt, b.grad, &e)) fail_msg("%s: %s", what, e.msg);
  vt_graph_output(b.g, y, "y");
  for (int i = 0; i <= b.n; i++) {
    if (!b.grad[i]) fail_msg("%s: no gradient of %s", what, b.wrt[i]->name);
    vt_graph_output(b.g, b.grad[i], NULL);
    assert_int_equal(vt_tensor_init(&b.value[i], VT_F32, b.wrt[i]->rank, b.wrt[i]->dim, &e), 0);
    /* Norms are shifted away from the kink of the relu behind them, which differences would cross. */
    bool kink = !strstr(what, "hard_"); /* whose are at -3 and 3 */
    float mean = kink && strstr(b.wrt[i]->name, "bn.bias") ? 2.5f : b.wrt[i]->rank == 1 ? 0.3f : 0;
    float deviation = b.wrt[i] == x ? 1 : 0.4f;
    /* Deformable convolutions read between the pixels, at which their slopes jump. */
    if (strstr(b.wrt[i]->name, ".offset.")) deviation = 0.005f, mean = b.wrt[i]->rank == 1 ? 0.5f : 0;
    block_random(&b.value[i], &rng, mean, deviation);
  }
  struct vt_compile_opts o = {.training = true, .precision = VT_PREC_F32, .threads = 1};
  if (vt_program_compile(&b.p, b.g, NULL, &o, &e)) fail_msg("%s: %s", what, e.msg);
  assert_int_equal(vt_session_new(&b.s, b.p, &e), 0);
  for (int i = 0; i <= b.n; i++) block_check(&b, i, what, &rng, &r);
  assert_int_equal(b.wrong, 0);
  vt_session_free(b.s);
  vt_program_free(b.p);
  for (int i = 0; i <= b.n; i++) vt_tensor_clear(&b.value[i]);
  vt_tensor_clear(&r);
  vt_graph_free(b.g);
}

#endif
