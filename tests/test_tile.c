/* Pictures in tiles against the whole picture in one run, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "small_nets.h"

static struct vt_value *unet(struct vt_graph *g, struct vt_value *x)
{
  struct vt_unet_opts o = {.encoder = {{8, 8, 8, 8}, {1, 1, 1, 1}, 8}, .decoder = {8, 8, 8, 8}, .classes = 3};
  struct vt_net net = {.g = g, .seed = 3};
  return vt_build_unet(&net, x, &o, NULL);
}

static void make(struct vt_graph **g, struct vt_value *(*build)(struct vt_graph *, struct vt_value *))
{
  struct vt_err e;
  assert_int_equal(vt_graph_new(g, vt_registry_default(), "net", NULL), 0);
  struct vt_value *x = vt_graph_input(*g, "image", VT_F32, 4, (int64_t[]){-1, 2, -1, -1});
  vt_graph_output(*g, build(*g, x), "y");
  if (vt_graph_status(*g, &e)) fail_msg("%s", e.msg);
}

static void picture(struct vt_tensor *x, int64_t h, int64_t w)
{
  assert_int_equal(vt_tensor_init(x, VT_F32, 4, (int64_t[]){2, 2, h, w}, NULL), 0);
  for (int64_t i = 0; i < vt_tensor_count(x); i++) vt_tensor_set(x, i, vt_rng_normal(&rng));
}

static void run_whole(const struct vt_graph *g, const struct vt_tensor *x, struct vt_tensor *y)
{
  struct vt_eval *v;
  struct vt_err e;
  assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, NULL), 0);
  if (vt_eval_run(v, x, y, 0, &e)) fail_msg("%s", e.msg);
  vt_eval_free(v);
}

/* Greatest |a - b| where b is a part of a that begins at (y0, x0), over the greatest |b|. */
static double differ(const struct vt_tensor *a, int64_t y0, int64_t x0, const struct vt_tensor *b)
{
  double most = 0, scale = 0;
  int64_t h = b->dim[2], w = b->dim[3];
  for (int64_t i = 0; i < vt_tensor_count(b); i++) {
    int64_t p = i / (h * w), y = i / w % h, x = i % w;
    double v = vt_tensor_get(b, i);
    most = fmax(most, fabs(v - vt_tensor_get(a, (p * a->dim[2] + y0 + y) * a->dim[3] + x0 + x)));
    scale = fmax(scale, fabs(v));
  }
  return most / scale;
}

static const struct {
  const char *name;
  struct vt_value *(*build)(struct vt_graph *, struct vt_value *);
  int height, width, tile, up, down; /* positions of the output per pixel: up / down */
  bool odd;                          /* takes pictures of any size by itself */
} cases[] = {
    {"chain", chain, 157, 131, 32, 1, 4, true},    {"oblong", oblong, 50, 97, 16, 0, 0, true},
    {"branches", branches, 75, 62, 8, 1, 2, true}, {"hourglass", hourglass, 132, 96, 20, 1, 1, false},
    {"padded", padded, 60, 41, 16, 1, 1, true},    {"fractions", fractions, 144, 96, 24, 3, 4, false},
    {"blocks", blocks, 90, 64, 30, 1, 1, false},   {"transposed", transposed, 64, 48, 16, 0, 0, false},
    {"unet", unet, 960, 32, 64, 1, 2, false},      {"one tile", chain, 64, 64, 1000, 1, 4, true},
};

/* Borders are the network's own. */
static void test_whole(void **state)
{
  vt_rng_init(&rng, 5, 0, 0);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_graph *g;
    struct vt_err e;
    struct vt_tensor x, y, tiled;
    make(&g, cases[i].build);
    picture(&x, cases[i].height, cases[i].width);
    run_whole(g, &x, &y);
    struct vt_tile_opts o = {.tile = cases[i].tile, .compile = {.precision = VT_PREC_F32}};
    if (vt_tiles_run(g, &x, &tiled, &o, &e)) fail_msg("%s: %s", cases[i].name, e.msg);
    assert_memory_equal(tiled.dim, y.dim, 4 * sizeof *y.dim);
    double d = differ(&tiled, 0, 0, &y);
    if (!(d < 1e-5)) fail_msg("%s: differs by %g", cases[i].name, d);
    vt_tensor_clear(&tiled);
    vt_tensor_clear(&y);
    vt_tensor_clear(&x);
    vt_graph_free(g);
  }
}

static int64_t reflect(int64_t i, int64_t n)
{
  while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
  return i;
}

/* With the mirror image around: any size, and the middle of the whole mirrored picture. */
static void test_mirror(void **state)
{
  enum { MARGIN = 96 };
  vt_rng_init(&rng, 6, 0, 0);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_graph *g;
    struct vt_err e;
    struct vt_tensor x, around, y, tiled;
    int up = cases[i].up, down = cases[i].down;
    if (!up || cases[i].build == unet) continue; /* the U-Net's fields are wider than the margin */
    int64_t h = cases[i].height - !cases[i].odd, w = cases[i].width - !cases[i].odd;
    make(&g, cases[i].build);
    picture(&x, h, w);
    int64_t H = (h + 2 * MARGIN + 11) / 12 * 12, W = (w + 2 * MARGIN + 11) / 12 * 12;
    picture(&around, H, W);
    for (int64_t k = 0; k < vt_tensor_count(&around); k++) {
      int64_t row = reflect(k / W % H - MARGIN, h), column = reflect(k % W - MARGIN, w);
      vt_tensor_set(&around, k, vt_tensor_get(&x, (k / (H * W) * h + row) * w + column));
    }
    run_whole(g, &around, &y);
    struct vt_tile_opts o = {.tile = cases[i].tile, .mirror = true, .compile = {.precision = VT_PREC_F32}};
    if (vt_tiles_run(g, &x, &tiled, &o, &e)) fail_msg("%s: %s", cases[i].name, e.msg);
    assert_int_equal(tiled.dim[2], (h * up + down - 1) / down);
    assert_int_equal(tiled.dim[3], (w * up + down - 1) / down);
    double d = differ(&y, MARGIN * up / down, MARGIN * up / down, &tiled);
    if (!(d < 1e-5)) fail_msg("%s: differs by %g", cases[i].name, d);
    vt_tensor_clear(&tiled);
    vt_tensor_clear(&y);
    vt_tensor_clear(&x);
    vt_tensor_clear(&around);
    vt_graph_free(g);
  }
}

static struct vt_value *with_map(struct vt_graph *g, struct vt_value *x)
{
  struct vt_value *map = weight(g, 2, (int64_t[]){64, 64});
  return vt_emit(g, "Add", VT_IN(x, map), "");
}
static struct vt_value *cornered(struct vt_graph *g, struct vt_value *x)
{
  return resize(g, x, 2, "mode=linear coordinate_transformation_mode=align_corners");
}

static void test_refused(void **state)
{
  static const struct {
    struct vt_value *(*build)(struct vt_graph *, struct vt_value *);
    int tile;
    const char *message;
  } refused[] = {
      {gated, 16, "(GlobalAveragePool) depends on the whole picture"},
      {cornered, 16, "(Resize) depends on the whole picture"},
      {with_map, 16, "(Add) depends on where the picture ends"},
      {chain, 0, "tiles of 0 pixels"},
  };
  for (size_t i = 0; i < VT_COUNT(refused); i++) {
    struct vt_graph *g;
    struct vt_err e;
    struct vt_tensor x, y;
    make(&g, refused[i].build);
    picture(&x, 64, 64);
    struct vt_tile_opts o = {.tile = refused[i].tile};
    assert_int_equal(vt_tiles_run(g, &x, &y, &o, &e), VT_EARG);
    if (!strstr(e.msg, refused[i].message)) fail_msg("%s", e.msg);
    vt_tensor_clear(&x);
    vt_graph_free(g);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),
      cmocka_unit_test(test_mirror),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
