/* The judge of outputs: by hand-made numbers, and on a small residual network whose programs (f32, and bf16
 * emulated or not) must agree with the reference kernels while zeros and another picture's output must not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "app/cli/verb.h"
#include "backend/backend.h"
#include "eval/eval.h"

enum { PICTURES = 6, SIDE = 16, CHANNELS = 16, CLASSES = 10 };

static void judged_by_hand(void **state)
{
  /* mean (2, 0), what is left of the wanted rows: (2, 1), (-2, -1); of the close ones: (2, 1.25), (-2, -1.25)
   */
  const float want[] = {4, 1, 0, -1}, close[] = {4, 1.5f, 0, -1}, nan[] = {4, NAN, 0, -1};
  struct vt_agreement a;
  assert_int_equal(vt_agreement(&a, 2, 2, want, want, NULL), 0);
  assert_true(a.error == 0 && fabs(a.cosine - 1) < 1e-12);
  assert_int_equal(vt_agreement(&a, 2, 2, want, close, NULL), 0);
  assert_true(fabs(a.error - 0.125) < 1e-12);
  assert_true(fabs(a.cosine - 5.25 / sqrt(5 * 5.5625)) < 1e-12 && fabs(a.least - a.cosine) < 1e-12);
  assert_int_equal(vt_agreement(&a, 2, 2, want, nan, NULL), 0);
  assert_true(isinf(a.error) && a.cosine <= 0);
  const float same[] = {3, 1, 3, 1};
  assert_int_equal(vt_agreement(&a, 2, 2, same, same, NULL), 0);
  assert_true(a.cosine == 0); /* nothing is left to agree */
  assert_int_not_equal(vt_agreement(&a, 0, 2, want, want, NULL), 0);
}

static struct vt_value *normal(struct vt_graph *g, int rank, const int64_t *dim, double scale, uint64_t seed)
{
  struct vt_tensor t;
  struct vt_rng r;
  assert_int_equal(vt_tensor_init(&t, VT_F32, rank, dim, NULL), 0);
  vt_rng_init(&r, seed, 0, 0);
  for (int64_t i = 0; i < vt_tensor_count(&t); i++) vt_tensor_set(&t, i, scale * (double)vt_rng_normal(&r));
  struct vt_value *v = vt_graph_constant(g, "w", &t);
  vt_tensor_clear(&t);
  return v;
}

static struct vt_value *conv(struct vt_graph *g, struct vt_value *x, uint64_t seed)
{
  const int64_t dim[] = {CHANNELS, x->dim[1], 3, 3};
  return vt_emit(g, "Conv", VT_IN(x, normal(g, 4, dim, sqrt(2.0 / (9.0 * (double)dim[1])), seed)),
                 "pads=[1,1,1,1]");
}

static struct vt_graph *network(void)
{
  struct vt_graph *g;
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "small", NULL), 0);
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){PICTURES, 3, SIDE, SIDE});
  x = vt_emit(g, "Relu", VT_IN(conv(g, x, 1)), "");
  struct vt_value *y = vt_emit(g, "Relu", VT_IN(conv(g, x, 2)), "");
  x = vt_emit(g, "Relu", VT_IN(vt_emit(g, "Add", VT_IN(conv(g, y, 3), x), "")), "");
  x = vt_emit(g, "Flatten", VT_IN(vt_emit(g, "GlobalAveragePool", VT_IN(x), "")), "axis=1");
  x = vt_emit(g, "Gemm", VT_IN(x, normal(g, 2, (int64_t[]){CLASSES, CHANNELS}, 0.3, 4)), "transB=1");
  vt_graph_output(g, x, "scores");
  assert_int_equal(vt_graph_status(g, NULL), 0);
  return g;
}

/* Pictures of a few large blobs each. // (PICTURES, 3, SIDE, SIDE) */
static struct vt_tensor pictures(void)
{
  struct vt_tensor t;
  struct vt_rng r;
  float coarse[PICTURES * 3][4][4];
  assert_int_equal(vt_tensor_init(&t, VT_F32, 4, (int64_t[]){PICTURES, 3, SIDE, SIDE}, NULL), 0);
  vt_rng_init(&r, 9, 0, 0);
  for (size_t i = 0; i < sizeof coarse / sizeof(float); i++) (&coarse[0][0][0])[i] = vt_rng_normal(&r);
  for (int64_t i = 0; i < vt_tensor_count(&t); i++)
    ((float *)t.data)[i] = coarse[i / (SIDE * SIDE)][i / SIDE % SIDE / 4][i % SIDE / 4];
  return t;
}

static struct vt_tensor scores(const struct vt_graph *g, const struct vt_tensor *in,
                               const struct vt_compile_opts *o)
{
  struct vt_program *p;
  struct vt_session *s;
  struct vt_tensor view, out;
  struct vt_err e = {0};
  if (vt_program_compile(&p, g, NULL, o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_session_new(&s, p, &e), 0);
  if (vt_session_run(s, in, &view, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_tensor_copy(&out, &view, &e), 0);
  if (o->precision == VT_PREC_BF16 && !o->reference) assert_int_equal(vt_program_precision(p), VT_PREC_BF16);
  vt_session_free(s);
  vt_program_free(p);
  return out;
}

static void network_is_judged(void **state)
{
  struct vt_graph *g = network();
  struct vt_tensor in = pictures(), out[3];
  struct vt_agreement a;
  float zeros[PICTURES * CLASSES] = {0}, next[PICTURES * CLASSES];
  setenv("VITRINE_EMULATE_BF16", "1", 1);
  out[0] = scores(g, &in, &(struct vt_compile_opts){.reference = true});
  out[1] = scores(g, &in, &(struct vt_compile_opts){.precision = VT_PREC_F32});
  out[2] = scores(g, &in, &(struct vt_compile_opts){.precision = VT_PREC_BF16});
  unsetenv("VITRINE_EMULATE_BF16");
  const float *want = out[0].data;
  memcpy(next, want + CLASSES, sizeof next - CLASSES * sizeof *next);
  memcpy(next + (PICTURES - 1) * CLASSES, want, CLASSES * sizeof *next);
  assert_int_equal(vt_agreement(&a, PICTURES, CLASSES, want, out[1].data, NULL), 0);
  assert_true(a.error < 1e-5 && a.cosine > 0.999999);
  assert_int_equal(vt_agreement(&a, PICTURES, CLASSES, want, out[2].data, NULL), 0);
  assert_true(a.error > 1e-4 && a.cosine > 0.999); /* rounded, and still the same network */
  assert_int_equal(vt_agreement(&a, PICTURES, CLASSES, want, zeros, NULL), 0);
  assert_true(a.error > 1e-4 && a.cosine < 0.99);
  assert_int_equal(vt_agreement(&a, PICTURES, CLASSES, want, next, NULL), 0);
  assert_true(a.error > 1e-4 && a.cosine < 0.99);
  for (int i = 0; i < 3; i++) vt_tensor_clear(&out[i]);
  vt_tensor_clear(&in);
  vt_graph_free(g);
}

static int compare(const char *a, const char *b, const char *cosine)
{
  extern const struct vt_verb vt_verb_model_compare;
  const struct vt_verb *v = &vt_verb_model_compare;
  char *text = NULL,
       *argv[] = {(char *)"vitrine", (char *)"--cosine", (char *)cosine, (char *)a, (char *)b, NULL};
  size_t len;
  struct vt_strings rest = {0};
  struct vt_cli cli = {.out = open_memstream(&text, &len)};
  struct vt_err e = {0};
  vt_arena_init(&cli.arena);
  void *opts = vt_arena_alloc(&cli.arena, v->opts_size);
  int rc = vt_opt_defaults(v->opt, v->nopt, opts, &cli.arena, &e);
  if (!rc) rc = vt_opt_parse(v->opt, v->nopt, opts, &cli.arena, 5, argv, &rest, &e);
  if (!rc) rc = v->run(&cli, opts, &rest, &e);
  fclose(cli.out);
  vt_arena_clear(&cli.arena);
  free(text);
  return rc;
}

static void files_are_judged(void **state)
{
  char folder[] = "/tmp/vitrine-test-agreement-XXXXXX", path[3][64];
  float numbers[3][6] = {{1, 2, 3, 4, 0, 9}, {1, 2, 3, 4, 0, 9.5f}, {1, 2, 1, 2, 1, 2}};
  assert_non_null(mkdtemp(folder));
  for (int i = 0; i < 3; i++) {
    struct vt_tensor t = vt_tensor_view(VT_F32, 2, (int64_t[]){3, 2}, numbers[i]);
    snprintf(path[i], sizeof path[i], "%s/%d.npy", folder, i);
    assert_int_equal(vt_npy_write(&t, path[i], NULL), 0);
  }
  assert_int_equal(compare(path[0], path[0], "0.999"), 0);
  assert_int_not_equal(compare(path[0], path[1], "0.9"), 0); /* an error of a twentieth */
  assert_int_not_equal(compare(path[2], path[2], "0.9"), 0); /* the same for every picture: shows nothing */
  assert_int_not_equal(compare(path[0], "/nowhere.npy", "0"), 0);
  for (int i = 0; i < 3; i++) unlink(path[i]);
  rmdir(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(judged_by_hand), cmocka_unit_test(network_is_judged),
                                     cmocka_unit_test(files_are_judged)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
