/* Two small models made by hand, so that the whole way can be tested without training: the segmenter calls
 * red pixels "top", blue ones "pants", green ones "skin" and the rest background; the embedder is an average
 * of rectified colour directions and guesses "top" for red, "pants" for blue and "dress" for other pictures.
 */
#ifndef VT_TESTS_TINY_MODELS_H
#define VT_TESTS_TINY_MODELS_H

#include <stdio.h>
#include <string.h>
#include "backend/backend.h"
#include "data/data.h"
#include "model/model.h"

enum { TINY_DIM = 8 };

static inline struct vt_value *tiny_constant(struct vt_graph *g, const char *name, int rank,
                                             const int64_t *dim, const float *v)
{
  struct vt_tensor t = vt_tensor_view(VT_F32, rank, dim, (void *)v);
  return vt_graph_constant(g, name, &t);
}

static inline int tiny_save(struct vt_graph *g, const char *task, const char *path, int size, enum vt_fit fit,
                            struct vt_err *e)
{
  struct vt_taxonomy t;
  struct vt_preprocess p = {size, size, fit, {.5f, .5f, .5f}, {.5f, .5f, .5f}};
  int rc = vt_taxonomy_builtin(&t, e);
  if (rc) return rc;
  struct vt_model_card card = {task, "{\"name\": \"tiny\", \"commercial_use\": true, \"licence\": \"CC0\"}",
                               &p, t.ngroups, t.group};
  rc = vt_graph_status(g, e);
  if (!rc) rc = vt_model_describe(g, &card, e);
  if (!rc) rc = vt_onnx_save(g, path, NULL, e);
  vt_taxonomy_clear(&t);
  return rc;
}

static inline int tiny_segmenter(const char *path, struct vt_err *e)
{
  enum { CLASSES = 17, TOP = 1, PANTS = 4, SKIN = 15 };
  float w[CLASSES][3] = {{0}}, b[CLASSES];
  for (int c = 0; c < CLASSES; c++) b[c] = -60;
  static const int plus[][2] = {{TOP, 0}, {PANTS, 2}, {SKIN, 1}};
  for (int i = 0; i < 3; i++) {
    for (int ch = 0; ch < 3; ch++) w[plus[i][0]][ch] = ch == plus[i][1] ? 8 : -8;
    b[plus[i][0]] = 0;
  }
  for (int ch = 0; ch < 3; ch++) w[0][ch] = 4;
  b[0] = 0;
  struct vt_graph *g;
  int rc = vt_graph_new(&g, vt_registry_default(), "tiny segmenter", e);
  if (rc) return rc;
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, -1, -1});
  struct vt_value *y = vt_emit(g, "Conv",
                               VT_IN(x, tiny_constant(g, "w", 4, (int64_t[]){CLASSES, 3, 1, 1}, w[0]),
                                     tiny_constant(g, "b", 1, (int64_t[]){CLASSES}, b)),
                               "kernel_shape=[1,1] strides=[2,2]"); // (N, 17, H/2, W/2)
  vt_graph_output(g, y, "logits");
  rc = tiny_save(g, "segment", path, 64, VT_FIT_AREA, e);
  vt_graph_free(g);
  return rc;
}

/* Another `variant` is another model (other weights, other id). */
static inline int tiny_embedder(const char *path, int variant, struct vt_err *e)
{
  float w[TINY_DIM][3] = {{2, -1, -1}, {-1, 2, -1}, {-1, -1, 2}, {1, 1, -1},
                          {1, -1, 1},  {-1, 1, 1},  {1, 1, 1},   {-1, -1, -1}};
  float b[TINY_DIM] = {0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, -2.0f, 0.1f}, head[17][TINY_DIM] = {{0}},
        zero[17] = {0};
  w[0][0] += 0.125f * (float)variant;
  for (int g = 0; g < 17; g++) zero[g] = -30;
  zero[1] = zero[3] = zero[4] = 0;
  head[1][0] = 20; /* red: top */
  head[4][2] = 20; /* blue: pants */
  head[3][1] = 20; /* green: dress */
  zero[3] = 2;
  struct vt_graph *g;
  int rc = vt_graph_new(&g, vt_registry_default(), "tiny embedder", e);
  if (rc) return rc;
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, 32, 32});
  struct vt_value *y = vt_emit(g, "Conv",
                               VT_IN(x, tiny_constant(g, "w", 4, (int64_t[]){TINY_DIM, 3, 1, 1}, w[0]),
                                     tiny_constant(g, "b", 1, (int64_t[]){TINY_DIM}, b)),
                               "kernel_shape=[1,1]");
  y = vt_emit(g, "Relu", VT_IN(y), "");
  y = vt_emit(g, "GlobalAveragePool", VT_IN(y), "");
  y = vt_emit(g, "Flatten", VT_IN(y), "axis=1"); // (N, D)
  y = vt_emit(g, "LpNormalization", VT_IN(y), "axis=1 p=2");
  struct vt_value *p = vt_emit(g, "Gemm",
                               VT_IN(y, tiny_constant(g, "head", 2, (int64_t[]){17, TINY_DIM}, head[0]),
                                     tiny_constant(g, "zero", 1, (int64_t[]){17}, zero)),
                               "transB=1");
  p = vt_emit(g, "Softmax", VT_IN(p), "axis=1"); // (N, 17)
  vt_graph_output(g, y, "vector");
  vt_graph_output(g, p, "groups");
  rc = tiny_save(g, "embed", path, 32, VT_FIT_STRETCH, e);
  vt_graph_free(g);
  return rc;
}

/* A picture of one colour with a frame of white; `shade` varies it. */
static inline int tiny_picture(const char *path, uint32_t rgb, int shade, struct vt_err *e)
{
  struct vt_image im;
  int rc = vt_image_init(&im, 48, 64, 3, e);
  if (rc) return rc;
  memset(im.px, 255, (size_t)im.stride * 64);
  for (int y = 8; y < 56; y++)
    for (int x = 8; x < 40; x++)
      for (int c = 0; c < 3; c++) {
        int v = (int)(rgb >> (16 - 8 * c) & 255);
        im.px[y * im.stride + 3 * x + c] = (uint8_t)VT_CLAMP(v + shade * (c + 1), 0, 255);
      }
  rc = vt_image_write(&im, path, 95, e);
  vt_image_clear(&im);
  return rc;
}

/* A street photo: green head, red top, blue pants on white, 120 x 200. */
static inline int tiny_photo(const char *path, struct vt_err *e)
{
  static const struct {
    int x, y, w, h;
    uint8_t rgb[3];
  } parts[] = {{50, 10, 20, 20, {0, 255, 0}}, {40, 40, 40, 60, {255, 0, 0}}, {44, 110, 32, 80, {0, 0, 255}}};
  struct vt_image im;
  int rc = vt_image_init(&im, 120, 200, 3, e);
  if (rc) return rc;
  memset(im.px, 255, (size_t)im.stride * 200);
  for (int i = 0; i < 3; i++)
    for (int y = parts[i].y; y < parts[i].y + parts[i].h; y++)
      for (int x = parts[i].x; x < parts[i].x + parts[i].w; x++)
        memcpy(im.px + y * im.stride + 3 * x, parts[i].rgb, 3);
  rc = vt_image_write(&im, path, 95, e);
  vt_image_clear(&im);
  return rc;
}

#endif
