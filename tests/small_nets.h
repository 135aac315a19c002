/* Small networks of positive weights on a picture (1, 2, H, W). */
#ifndef VT_TESTS_SMALL_NETS_H
#define VT_TESTS_SMALL_NETS_H

#include "backend/backend.h"
#include "model/model.h"

static struct vt_rng rng;

static inline void fill(struct vt_tensor *t)
{
  for (int64_t i = 0; i < vt_tensor_count(t); i++) vt_tensor_set(t, i, 0.1 + vt_rng_unit(&rng));
}

/* Positive constant. */
static inline struct vt_value *weight(struct vt_graph *g, int rank, const int64_t *dim)
{
  struct vt_tensor t;
  assert_int_equal(vt_tensor_init(&t, VT_F32, rank, dim, NULL), 0);
  fill(&t);
  struct vt_value *v = vt_graph_constant(g, "w", &t);
  vt_tensor_clear(&t);
  return v;
}

static inline struct vt_value *conv(struct vt_graph *g, struct vt_value *x, int kh, int kw, const char *attrs)
{
  return vt_emit(g, "Conv", VT_IN(x, weight(g, 4, (int64_t[]){3, x->dim[1], kh, kw})), "%s", attrs);
}

static inline struct vt_value *resize(struct vt_graph *g, struct vt_value *x, float scale, const char *attrs)
{
  struct vt_tensor t = vt_tensor_view(VT_F32, 1, (int64_t[]){4}, (float[]){1, 1, scale, scale});
  struct vt_value *in[] = {x, NULL, vt_graph_constant(g, "scales", &t)}, *y;
  return vt_emit_n(g, "Resize", 3, in, 1, &y, "%s", attrs);
}

static inline struct vt_value *ints(struct vt_graph *g, int n, const int64_t *v)
{
  return vt_graph_ints(g, n, v);
}

static inline struct vt_value *chain(struct vt_graph *g, struct vt_value *x)
{
  x = conv(g, x, 3, 3, "strides=[2,2] pads=[1,1,1,1]");
  x = vt_emit(g, "Relu", VT_IN(conv(g, x, 3, 3, "dilations=[2,2] pads=[2,2,2,2]")), "");
  return vt_emit(g, "AveragePool", VT_IN(x), "kernel_shape=[3,3] strides=[2,2]");
}
static inline struct vt_value *oblong(struct vt_graph *g, struct vt_value *x)
{
  return conv(g, conv(g, x, 5, 1, "pads=[2,0,1,0]"), 1, 3, "strides=[1,3] pads=[0,0,0,2]");
}
static inline struct vt_value *branches(struct vt_graph *g, struct vt_value *x)
{
  struct vt_value *y = conv(g, conv(g, x, 3, 3, "strides=[2,2] pads=[1,1,1,1]"), 3, 3, "pads=[1,1,1,1]");
  return vt_emit(g, "Add", VT_IN(y, conv(g, x, 1, 1, "strides=[2,2]")), "");
}
static inline struct vt_value *hourglass(struct vt_graph *g, struct vt_value *x)
{
  struct vt_value *a = conv(g, x, 3, 3, "strides=[2,2] pads=[1,1,1,1]");
  struct vt_value *b = conv(g, a, 3, 3, "strides=[2,2] pads=[1,1,1,1]");
  b = resize(g, conv(g, b, 3, 3, "pads=[1,1,1,1]"), 2, "mode=linear");
  b = conv(g, vt_emit(g, "Concat", VT_IN(b, a), "axis=1"), 3, 3, "pads=[1,1,1,1]");
  return resize(g, b, 2, "mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor");
}
static inline struct vt_value *transposed(struct vt_graph *g, struct vt_value *x)
{
  x = conv(g, x, 3, 3, "strides=[2,2] pads=[1,1,1,1]");
  x = vt_emit(g, "ConvTranspose", VT_IN(x, weight(g, 4, (int64_t[]){3, 2, 4, 4})),
              "strides=[2,2] pads=[1,1,1,1]");
  return vt_emit(g, "ConvTranspose", VT_IN(x, weight(g, 4, (int64_t[]){2, 2, 3, 5})),
                 "strides=[3,3] pads=[1,2,0,1] dilations=[1,2]");
}
static inline struct vt_value *fractions(struct vt_graph *g, struct vt_value *x)
{
  x = resize(g, x, 1.5f, "mode=linear coordinate_transformation_mode=half_pixel");
  return resize(g, x, 0.5f, "mode=linear antialias=1");
}
static inline struct vt_value *blocks(struct vt_graph *g, struct vt_value *x)
{
  x = vt_emit(g, "SpaceToDepth", VT_IN(x), "blocksize=2");
  x = vt_emit(g, "Conv", VT_IN(x, weight(g, 4, (int64_t[]){8, x->dim[1], 3, 3})), "pads=[1,1,1,1]");
  return vt_emit(g, "DepthToSpace", VT_IN(x), "blocksize=2");
}
static inline struct vt_value *padded(struct vt_graph *g, struct vt_value *x)
{
  x = vt_emit(g, "Pad", VT_IN(x, ints(g, 8, (int64_t[]){0, 0, 2, 1, 0, 0, 2, 1})), "mode=reflect");
  return conv(g, x, 5, 3, "");
}
static inline struct vt_value *gated(struct vt_graph *g, struct vt_value *x)
{
  struct vt_value *s = vt_emit(g, "GlobalAveragePool", VT_IN(x), "");
  return vt_emit(g, "Mul", VT_IN(x, vt_emit(g, "Sigmoid", VT_IN(s), "")), "");
}

#endif
