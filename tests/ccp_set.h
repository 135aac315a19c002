/* Drawn photos in the form of the CCP set: a bright dress, a rectangle of any size at any place, on dark
 * ground. The test defines `dir`, the folder, and `e`, and includes temp_files.h, before it includes this. */
#ifndef VT_TESTS_CCP_SET_H
#define VT_TESTS_CCP_SET_H

#include <math.h>
#include "train/train.h"

enum { CCP_W = 48, CCP_H = 64, CCP_DRESS = 14 };

static void ccp_draw(int i)
{
  struct vt_image photo, map;
  struct vt_rng r;
  char name[64];
  vt_rng_init(&r, 5, (uint64_t)i, 0);
  assert_int_equal(vt_image_init(&photo, CCP_W, CCP_H, 3, &e), 0);
  assert_int_equal(vt_image_init(&map, CCP_W, CCP_H, 1, &e), 0);
  int w = 10 + (int)vt_rng_below(&r, CCP_W - 12), h = 12 + (int)vt_rng_below(&r, CCP_H - 14);
  int x0 = (int)vt_rng_below(&r, (uint32_t)(CCP_W - w)), y0 = (int)vt_rng_below(&r, (uint32_t)(CCP_H - h));
  for (int y = 0; y < CCP_H; y++)
    for (int x = 0; x < CCP_W; x++) {
      bool on = x >= x0 && x < x0 + w && y >= y0 && y < y0 + h;
      map.px[y * map.stride + x] = on ? CCP_DRESS : 0;
      for (int k = 0; k < 3; k++)
        photo.px[y * photo.stride + 3 * x + k] = (uint8_t)((on ? 190 : 40) + (int)vt_rng_below(&r, 30));
    }
  snprintf(name, sizeof name, "ccp/photos/%04d.jpg", i);
  assert_int_equal(vt_image_write(&photo, at(name), 95, &e), 0);
  snprintf(name, sizeof name, "ccp/masks/%04d.png", i);
  assert_int_equal(vt_image_write(&map, at(name), 0, &e), 0);
  vt_image_clear(&photo);
  vt_image_clear(&map);
}

/* A new folder `dir` with that many train photos. */
static void ccp_make(int photos)
{
  struct vt_buf split;
  assert_non_null(mkdtemp(dir));
  assert_int_equal(vt_mkdirs(at("ccp/photos"), &e), 0);
  assert_int_equal(vt_mkdirs(at("ccp/masks"), &e), 0);
  vt_buf_init(&split);
  vt_buf_adds(&split, "id,split\n");
  for (int i = 0; i < photos; i++) {
    ccp_draw(i);
    vt_buf_addf(&split, "%04d,train\n", i);
  }
  put("ccp/split.csv", split.data);
  vt_buf_clear(&split);
}

static int ccp_remove(void **state)
{
  char command[80];
  snprintf(command, sizeof command, "rm -r %s", dir);
  return system(command);
}

/* Trains by recipe.yaml with `n` more settings into the folder's `run`. */
static int ccp_train(const char *run, const char *const *set, int n)
{
  struct vt_strings s = {n, (const char **)set};
  struct vt_train_opts o = {.recipe = at("recipe.yaml"), .set = &s, .out = at(run), .data_dir = dir};
  return vt_train_run(vt_registry_default(), &o, &e);
}

/* The last number in a column of the run's results. */
static double ccp_result(const char *run, const char *column)
{
  struct vt_csv c;
  double v = NAN;
  int k;
  char name[64];
  snprintf(name, sizeof name, "%s/results.csv", run);
  assert_int_equal(vt_csv_open(&c, at(name), &e), 0);
  assert_true(vt_csv_need(&c, column, &k, &e) >= 0);
  while (vt_csv_next(&c, NULL) == 1) assert_true(!*c.field[k] || vt_parse_f64(c.field[k], &v));
  vt_csv_close(&c);
  return v;
}

#endif
