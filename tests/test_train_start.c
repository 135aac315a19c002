/* What a run begins with and what it hands over: weights from safetensors files by name, batches as .npy
 * files, the timing of a step without a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "toy_task.h"

static char dir[] = "/tmp/vitrine-test-start-XXXXXX";
static const char recipe[] = "task: toy\nepochs: 1\nbatch: 8\nprecision: f32\nloader.threads: 1\n"
                             "best: accuracy\ncharts: no\noptimizer: {lr: 0.1}\n";

static const char *file(const char *name)
{
  static char path[4][300];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
  return path[turn];
}

/* head.bias (2) as given, stem.bn.weight in a wrong shape, a number that the network does not know. */
static void write_safetensors(const char *path, float a, float b)
{
  char header[400];
  uint64_t n = (uint64_t)snprintf(header, sizeof header,
                                  "{\"head.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                                  "\"other\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                                  "\"stem.bn.weight\":{\"dtype\":\"F32\",\"shape\":[3],"
                                  "\"data_offsets\":[12,24]}}");
  float data[6] = {a, b, 9, 9, 9, 9};
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  fwrite(&n, sizeof n, 1, f);
  fwrite(header, 1, n, f);
  fwrite(data, sizeof data, 1, f);
  assert_int_equal(fclose(f), 0);
}

static struct vt_train_opts options(const char *out, struct vt_strings *set)
{
  assert_int_equal(vt_file_write_atomic(file("r.yaml"), recipe, sizeof recipe - 1, NULL), 0);
  return (struct vt_train_opts){.recipe = file("r.yaml"), .set = set, .out = out};
}

static void weights_come_by_name(void **state)
{
  struct vt_recipe_file f;
  struct vt_stepper s;
  struct vt_err e = {0};
  struct vt_tensor now;
  void *ctx;
  char init[320];
  write_safetensors(file("w.safetensors"), 0.25f, -1.5f);
  snprintf(init, sizeof init, "init=%s", file("w.safetensors"));
  struct vt_strings set = {1, (const char *[]){init}};
  struct vt_train_opts o = options(NULL, &set);
  if (vt__recipe_read(&f, o.recipe, &set, toy_tasks, 1, &e)) fail_msg("%s", e.msg);
  assert_int_equal(f.task->open(&ctx, f.task_opts, vt_registry_default(), NULL, 7, &e), 0);
  if (vt__stepper_new(&s, vt_registry_default(), &f, ctx, true, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_session_get(s.session, "head.bias", &now, &e), 0);
  assert_true(((float *)now.data)[0] == 0.25f && ((float *)now.data)[1] == -1.5f);
  assert_int_equal(vt_session_get(s.session, "stem.bn.weight", &now, &e), 0);
  assert_true(now.dim[0] == 4 && ((float *)now.data)[0] == 1);
  vt__stepper_clear(&s);
  f.task->close(ctx);
  vt__recipe_clear(&f);
}

static void faulty_files_are_named(void **state)
{
  struct vt_err e = {0};
  char init[320];
  assert_int_equal(vt_file_write_atomic(file("bad.safetensors"), "nothing", 7, &e), 0);
  snprintf(init, sizeof init, "init=%s", file("bad.safetensors"));
  struct vt_strings set = {1, (const char *[]){init}};
  struct vt_train_opts o = options(file("bad"), &set);
  assert_true(vt__train_run(vt_registry_default(), &o, toy_tasks, 1, &e) < 0);
  assert_non_null(strstr(e.msg, "init"));
  assert_non_null(strstr(e.msg, "bad.safetensors"));
}

/* Of 6 steps the first two leave their inputs; the labels are those of the samples, the pictures differ. */
static void batches_are_kept(void **state)
{
  struct vt_err e = {0};
  struct vt_strings set = {1, (const char *[]){"keep_batches=2"}};
  struct vt_train_opts o = options(file("kept"), &set);
  if (vt__train_run(vt_registry_default(), &o, toy_tasks, 1, &e)) fail_msg("%s", e.msg);
  struct vt_tensor x[2], label;
  for (int i = 0; i < 2; i++) {
    char name[64];
    snprintf(name, sizeof name, "kept/batches/%06d.x.npy", i + 1);
    if (vt_npy_read(&x[i], file(name), 1 << 20, &e)) fail_msg("%s", e.msg);
    assert_true(x[i].dtype == VT_F32 && x[i].rank == 4 && x[i].dim[0] == 8 && x[i].dim[2] == TOY_SIDE);
  }
  assert_memory_not_equal(x[0].data, x[1].data, vt_tensor_bytes(&x[0]));
  if (vt_npy_read(&label, file("kept/batches/000001.label.npy"), 1 << 20, &e)) fail_msg("%s", e.msg);
  assert_true(label.dtype == VT_I64 && label.rank == 1 && label.dim[0] == 8);
  for (int i = 0; i < 8; i++) assert_in_range(((int64_t *)label.data)[i], 0, 1);
  assert_int_not_equal(access(file("kept/batches/000003.x.npy"), F_OK), 0);
  vt_tensor_clear(&x[0]);
  vt_tensor_clear(&x[1]);
  vt_tensor_clear(&label);
}

static void steps_are_timed(void **state)
{
  struct vt_err e = {0};
  struct vt_buf out;
  struct vt_strings set = {1, (const char *[]){"profile=yes"}}, few = {1, (const char *[]){"batch=64"}};
  struct vt_train_opts o = options(NULL, &set);
  double median, least;
  vt_buf_init(&out);
  if (vt__train_bench(vt_registry_default(), &o, toy_tasks, 1, 4, &out, &e)) fail_msg("%s", e.msg);
  const char *line = strstr(out.data, "median");
  assert_non_null(line);
  assert_int_equal(sscanf(line, "median %lf ms, least %lf ms, of 4", &median, &least), 2);
  assert_true(least > 0 && least <= median);
  assert_non_null(strstr(out.data, "ConvGradWeight"));
  assert_non_null(strstr(out.data, "4 runs"));
  vt_buf_clear(&out);
  o.set = &few;
  assert_int_equal(vt__train_bench(vt_registry_default(), &o, toy_tasks, 1, 4, &out, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "50 samples"));
  vt_buf_clear(&out);
}

static int make_dir(void **state)
{
  return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
  char command[400];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  return system(command);
}

int main(void)
{
  vt_threads_wait_passively();
  const struct CMUnitTest tests[] = {cmocka_unit_test(weights_come_by_name),
                                     cmocka_unit_test(faulty_files_are_named),
                                     cmocka_unit_test(batches_are_kept), cmocka_unit_test(steps_are_timed)};
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
