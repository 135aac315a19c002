/* The task of segmentation on drawn photos of one dress: with every loss, encoder and way up, the trained
 * U-Net finds it in held-out photos. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "model/model.h"

static char dir[] = "/tmp/vitrine-test-segment-XXXXXX";
static struct vt_err e;

#include "tests/temp_files.h"
#include "tests/ccp_set.h"

static int make_data(void **state)
{
  ccp_make(48);
  put("recipe.yaml",
      "task: segment\nepochs: 5\nbatch: 4\nwidth: 32\nheight: 32\ntest_width: 32\ntest_height: 32\nhold_out: "
      "6\n"
      "stem: 8\nencoder: '8,8,16,16'\ndecoder: '16,8,8,8'\nblocks: '1,1,1,1'\nprecision: "
      "f32\nloader.threads: 1\n"
      "threads: 1\ncharts: no\nbest: miou\nvalidate_every: 5\nbalance: 0\ndropout: 0\n"
      "optimizer: {name: adamw, lr: 0.01}\naugment: {scale_min: 0.9, scale_max: 1.1, rotate: 0}\n");
  return 0;
}

static void test_learns(void **state)
{
  static const char *const set[][2] = {{"loss=ce_dice"},
                                       {"loss=ce"},
                                       {"loss=focal"},
                                       {"loss=dice"},
                                       {"loss=jaccard"},
                                       {"loss=lovasz"},
                                       {"loss=ce_jaccard"},
                                       {"loss=ce_lovasz"},
                                       {"loss=focal_dice"},
                                       {"loss=focal_jaccard"},
                                       {"loss=focal_lovasz"},
                                       {"upsampling=transposed"},
                                       {"border=mirror"},
                                       {"norm=group"},
                                       {"l1=1e-6", "l2=1e-6"},
                                       {"convolution=depthwise"},
                                       {"encoder=mobilenet_v3_small"}};
  for (size_t i = 0; i < VT_COUNT(set); i++) {
    char run[16];
    snprintf(run, sizeof run, "run%zu", i);
    if (ccp_train(run, set[i], set[i][1] ? 2 : 1)) fail_msg("%s: %s", set[i][0], e.msg);
    double found = ccp_result(run, "miou"); /* all ground: at most a half */
    if (set[i][1]) assert_true(ccp_result(run, "train_penalty_loss") > 0);
    if (!(found > 0.75)) fail_msg("%s: mean IoU %g", set[i][0], found);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_learns)};
  vt_log_set(VT_LOG_ERROR);
  return cmocka_run_group_tests(tests, make_data, ccp_remove);
}
