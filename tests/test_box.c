/* The task of boxes on drawn photos in the form of the CCP set: one rectangle that is worn, of any size at
 * any place. With every loss the trained network finds the held-out ones better than a box that is always the
 * same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "model/model.h"

static char dir[] = "/tmp/vitrine-test-box-XXXXXX";
static struct vt_err e;

#include "tests/temp_files.h"
#include "tests/ccp_set.h"

static int make_data(void **state)
{
  ccp_make(160);
  put("recipe.yaml",
      "task: box\nepochs: 12\nbatch: 8\nwidth: 32\nheight: 32\nhold_out: 5\nstem: 8\nencoder: '8,16,24,24'\n"
      "blocks: '1,1,1,1'\nprecision: f32\nloader.threads: 1\nthreads: 1\ncharts: no\nbest: mean_iou\n"
      "optimizer: {name: adamw, lr: 0.006}\nvalidate_every: 12\n"
      "augment: {scale_min: 0.9, scale_max: 1.1, shift: 0.05}\n");
  return 0;
}

static void test_losses(void **state)
{
  static const char *const loss[] = {"loss=smooth_l1", "loss=iou", "loss=giou", "loss=diou", "loss=ciou"};
  for (size_t i = 0; i < VT_COUNT(loss); i++) {
    const char *set[] = {loss[i]};
    if (ccp_train(loss[i] + 5, set, 1)) fail_msg("%s: %s", loss[i], e.msg);
    double iou = ccp_result(loss[i] + 5, "mean_iou"), constant = ccp_result(loss[i] + 5, "mean_iou_constant");
    if (!(constant < 0.5 && iou > constant + 0.1))
      fail_msg("%s: mean IoU %g, of a box that is always the same %g", loss[i], iou, constant);
  }
}

/* The written model gives corners of a box inside the picture: x1 < x2, y1 < y2. */
static void test_model(void **state)
{
  struct vt_graph *g;
  struct vt_eval *v;
  struct vt_tensor x, y;
  if (vt_onnx_load(&g, vt_registry_default(), at("giou/last.onnx"), &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_tensor_init(&x, VT_F32, 4, (int64_t[]){3, 3, 32, 32}, &e), 0);
  for (int64_t i = 0; i < vt_tensor_count(&x); i++) vt_tensor_set(&x, i, sin((double)i));
  assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, &e), 0);
  if (vt_eval_run(v, &x, &y, 0, &e)) fail_msg("%s", e.msg);
  assert_true(y.rank == 2 && y.dim[0] == 3 && y.dim[1] == 4);
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 2; k++) assert_true(vt_tensor_get(&y, 4 * i + k) < vt_tensor_get(&y, 4 * i + k + 2));
  vt_tensor_clear(&x);
  vt_tensor_clear(&y);
  vt_eval_free(v);
  vt_graph_free(g);
}

/* A network by name in the encoder's place; faults by name. */
static void test_encoders(void **state)
{
  static const struct {
    const char *set[2], *message; /* NULL: it trains */
  } cases[] = {{{"encoder=mobilenet_v3_small", "epochs=1"}, NULL},
               {{"encoder=rccapsnet", "epochs=1"}, NULL},
               {{"encoder=mobilenet", "epochs=1"}, "unknown network 'mobilenet'"},
               {{"encoder=resnet18", "attention=se"}, "not in resnet18"},
               {{"hold_out=10000", "epochs=1"}, "no train photos"}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    char run[16];
    snprintf(run, sizeof run, "case%zu", i);
    int rc = ccp_train(run, cases[i].set, 2);
    if ((rc != 0) != (cases[i].message != NULL)) fail_msg("%s: %d %s", cases[i].set[0], rc, e.msg);
    if (rc && !strstr(e.msg, cases[i].message)) fail_msg("%s: %s", cases[i].set[0], e.msg);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_losses),
      cmocka_unit_test(test_model),
      cmocka_unit_test(test_encoders),
  };
  vt_log_set(VT_LOG_ERROR);
  return cmocka_run_group_tests(tests, make_data, ccp_remove);
}
