/* What the tests of programs share: kernels that wrap the reference, a small residual network, and the
 * simulation that judges a memory plan.
 *
 * Accelerated kernels are played by wrappers that convert layouts with loops of this file and call the
 * reference kernel, so that everything about layouts is tested whatever the backend has. */
#ifndef VT_TEST_PROGRAM_CASES_H
#define VT_TEST_PROGRAM_CASES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "engine/program_impl.h"

struct wrapped {
  struct vt_plan_node n;
};

static int accept_maps(struct vt_plan_node *n, char *reason, size_t size)
{
  if (!n->out[0].used || n->out[0].rank != 4 || n->block == VT_PLAIN) {
    snprintf(reason, size, "no feature map");
    return 0;
  }
  for (int i = 0; i < n->nin; i++) {
    bool map =
        n->in[i].used && n->in[i].rank == 4 && (i == 0 || i == 3 || strcmp(n->node->op->name, "Add") == 0);
    if (map) {
      n->in[i].block = n->block;
      n->in[i].dtype = n->out[0].dtype;
    } else if (n->in[i].constant && i == 1) {
      n->in[i].packed = true;
    }
  }
  n->out[0].block = n->block;
  return 1;
}

static int prepare_wrapped(const struct vt_plan_node *n, void **state, size_t *scratch, struct vt_err *e)
{
  struct wrapped *w = vt_calloc(1, sizeof *w);
  if (!w) return vt_fail(e, VT_ENOMEM, "out of memory");
  w->n = *n;
  for (int i = 0; i < n->nin; i++) { /* packing: an own copy */
    if (!n->in[i].packed) continue;
    struct vt_tensor *t = vt_calloc(1, sizeof *t);
    int rc = t ? vt_tensor_copy(t, n->in[i].constant, e) : vt_fail(e, VT_ENOMEM, "out of memory");
    if (rc) {
      vt_free(t);
      vt_free(w);
      return rc;
    }
    w->n.in[i].constant = t;
  }
  *scratch = 64;
  *state = w;
  return 0;
}

static void release_wrapped(void *state)
{
  struct wrapped *w = state;
  for (int i = 0; w && i < w->n.nin; i++)
    if (w->n.in[i].packed) {
      vt_tensor_clear((struct vt_tensor *)w->n.in[i].constant);
      vt_free((struct vt_tensor *)w->n.in[i].constant);
    }
  vt_free(w);
}

/* Element (n, c, y, x) of a slot's layout, by the definition in kernel.h. */
static int64_t lies_at(const struct vt_slot *s, int64_t n, int64_t c, int64_t y, int64_t x)
{
  int64_t ch = s->dim[1], h = s->dim[2], w = s->dim[3], b = s->block;
  if (b == VT_PLAIN || s->rank != 4) return ((n * ch + c) * h + y) * w + x;
  if (b == VT_NHWC) return ((n * h + y) * w + x) * ch + c;
  return ((((n * ((ch + b - 1) / b) + c / b) * h + y) * w + x) * b) + c % b;
}

static void move(const struct vt_slot *s, void *stored, float *plain, bool in)
{
  int64_t k = 0;
  for (int64_t n = 0; n < s->dim[0]; n++)
    for (int64_t c = 0; c < s->dim[1]; c++)
      for (int64_t y = 0; y < s->dim[2]; y++)
        for (int64_t x = 0; x < s->dim[3]; x++, k++) {
          int64_t at = lies_at(s, n, c, y, x);
          if (s->dtype == VT_F32 && in)
            plain[k] = ((float *)stored)[at];
          else if (s->dtype == VT_F32)
            ((float *)stored)[at] = plain[k];
          else if (in)
            plain[k] = vt_bf16_to_f32(((uint16_t *)stored)[at]);
          else
            ((uint16_t *)stored)[at] = vt_f32_to_bf16(plain[k]);
        }
}

static size_t slot_bytes(const struct vt_slot *s)
{
  int64_t c = s->block > 0 ? (s->dim[1] + s->block - 1) / s->block * s->block : s->dim[1];
  return (size_t)(s->dim[0] * c * s->dim[2] * s->dim[3]) * vt_dtype_size(s->dtype);
}

static int run_wrapped(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct vt_plan_node *n = &((const struct wrapped *)state)->n;
  struct vt_tensor t[VT_MAX_IN + 1] = {0};
  const struct vt_tensor *in[VT_MAX_IN] = {0};
  for (int i = 0; i < n->nin; i++) {
    const struct vt_slot *s = &n->in[i];
    if (!s->used) continue;
    in[i] = &t[i];
    if (s->packed) {
      assert_null(a->in[i]);
      t[i] = *s->constant;
    } else if (s->rank == 4 && (s->block || s->dtype == VT_BF16)) {
      t[i] = vt_tensor_view(VT_F32, 4, s->dim, malloc((size_t)vt_dims_count(4, s->dim) * 4));
      move(s, a->in[i], t[i].data, true);
      /* the rest of the last block is zero, always */
      int64_t b = s->block, c = s->dim[1];
      for (int64_t k = c; b > 0 && k < (c + b - 1) / b * b; k++)
        assert_true(((char *)a->in[i])[(size_t)lies_at(s, 0, k, 0, 0) * vt_dtype_size(s->dtype)] == 0);
    } else {
      t[i] = vt_tensor_view(s->dtype, s->rank, s->dim, a->in[i]);
    }
  }
  struct vt_tensor out =
      vt_tensor_view(VT_F32, 4, n->out[0].dim, malloc((size_t)vt_dims_count(4, n->out[0].dim) * 4));
  struct vt_ref_call c = {.node = n->node,
                          .attrs = n->node->attrs,
                          .nin = n->nin,
                          .nout = 1,
                          .in = in,
                          .out = (struct vt_tensor *[]){&out},
                          .seed = a->seed};
  int rc = n->node->op->ref(&c, e);
  memset(a->out[0], 0, slot_bytes(&n->out[0]));
  move(&n->out[0], a->out[0], out.data, false);
  free(out.data);
  for (int i = 0; i < n->nin; i++)
    if (in[i] && !n->in[i].packed && t[i].data != a->in[i]) free(t[i].data);
  return rc;
}

#define WRAP(op)                                                                                             \
  {                                                                                                          \
    "wrapped " op, op, accept_maps, prepare_wrapped, run_wrapped, release_wrapped                            \
  }
static const struct vt_kernel_desc wrapped[] = {WRAP("Conv"), WRAP("ai.vitrine:ConvFused"), WRAP("Add"),
                                                WRAP("MaxPool")};
static const struct vt_kernel_desc *const wrapped_list[] = {&wrapped[0], &wrapped[1], &wrapped[2],
                                                            &wrapped[3]};
static struct vt_registry reference_only, with_wrapped;

static int set_up(void **state)
{
  reference_only = (struct vt_registry){vt_ops, vt_nops, NULL, 0};
  with_wrapped = (struct vt_registry){vt_ops, vt_nops, wrapped_list, VT_COUNT(wrapped_list)};
  return 0;
}

static void good(int rc, const struct vt_err *e)
{
  if (rc) fail_msg("%d: %s", rc, e->msg);
}

static struct vt_tensor random_tensor(uint64_t seed, int rank, const int64_t *dim, float lo, float hi)
{
  struct vt_tensor t;
  struct vt_err e;
  good(vt_tensor_init(&t, VT_F32, rank, dim, &e), &e);
  struct vt_rng r;
  vt_rng_init(&r, seed, 0, 0);
  for (int64_t i = 0; i < vt_tensor_count(&t); i++) ((float *)t.data)[i] = vt_rng_range(&r, lo, hi);
  return t;
}

static struct vt_value *weight(struct vt_graph *g, const char *name, uint64_t seed, int rank,
                               const int64_t *dim, float lo, float hi)
{
  struct vt_tensor t = random_tensor(seed, rank, dim, lo, hi);
  struct vt_value *v = vt_graph_variable(g, name, &t, true);
  vt_tensor_clear(&t);
  return v;
}

static double worst(const struct vt_tensor *a, const struct vt_tensor *b)
{
  assert_int_equal(vt_tensor_count(a), vt_tensor_count(b));
  double d = 0;
  for (int64_t i = 0; i < vt_tensor_count(a); i++)
    d = fmax(d, fabs(vt_tensor_get(a, i) - vt_tensor_get(b, i)) / (1 + fabs(vt_tensor_get(b, i))));
  return d;
}

static struct vt_value *conv_bn(struct vt_graph *g, struct vt_value *x, int64_t in, int64_t out, int k,
                                int stride, uint64_t seed, bool training)
{
  char name[32];
  snprintf(name, sizeof name, "w%d", (int)seed);
  struct vt_value *w = weight(g, name, seed, 4, (int64_t[]){out, in, k, k}, -0.3f, 0.3f);
  struct vt_value *y = vt_emit(g, "Conv", VT_IN(x, w), "strides=[%d,%d] pads=[%d,%d,%d,%d]", stride, stride,
                               k / 2, k / 2, k / 2, k / 2);
  struct vt_value *p[4];
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "bn%d.%d", (int)seed, i);
    p[i] = weight(g, name, seed * 10 + (uint64_t)i, 1, &out, 0.5f, 1.5f);
  }
  struct vt_value *o[3] = {NULL};
  vt_emit_n(g, "BatchNormalization", 5, (struct vt_value *[]){y, p[0], p[1], p[2], p[3]}, training ? 3 : 1, o,
            "training_mode=%d", training);
  if (training) {
    vt_graph_assign(g, p[2], o[1]);
    vt_graph_assign(g, p[3], o[2]);
  }
  return o[0];
}

/* A residual network in small: 3 → 16 → 20 channels (20 leaves a block unfilled), pooling, a head. */
static struct vt_graph *small_net(const struct vt_registry *r, bool training)
{
  struct vt_graph *g;
  struct vt_err e;
  good(vt_graph_new(&g, r, "net", &e), &e);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){2, 3, 12, 10});
  struct vt_value *y = vt_emit(g, "Relu", VT_IN(conv_bn(g, x, 3, 16, 3, 1, 1, training)), "");
  y = vt_emit(g, "MaxPool", VT_IN(y), "kernel_shape=[2,2] strides=[2,2]");
  for (int i = 0; i < 3; i++) {
    int64_t in = i ? 20 : 16;
    struct vt_value *skip = i ? y : conv_bn(g, y, in, 20, 1, 1, 50 + (uint64_t)i, training);
    struct vt_value *z =
        vt_emit(g, "Relu", VT_IN(conv_bn(g, y, in, 20, 3, 1, 10 + (uint64_t)i, training)), "");
    z = conv_bn(g, z, 20, 20, 3, 1, 30 + (uint64_t)i, training);
    y = vt_emit(g, "Relu", VT_IN(vt_emit(g, "Add", VT_IN(skip, z), "")), "");
  }
  vt_graph_output(g, vt_emit(g, "Sigmoid", VT_IN(y), ""), "map");
  y = vt_emit(g, "GlobalAveragePool", VT_IN(y), "");
  y = vt_emit(g, "Flatten", VT_IN(y), "axis=1");
  y = vt_emit(g, "Gemm", VT_IN(y, weight(g, "fc", 99, 2, (int64_t[]){20, 5}, -1, 1)), "");
  vt_graph_output(g, y, "y");
  good(vt_graph_status(g, &e), &e);
  return g;
}

/* Compiles, runs once on fixed input and copies the outputs. */
static inline void run_once(const struct vt_graph *g, struct vt_compile_opts o, struct vt_tensor *out,
                            struct vt_program_stats *stats)
{
  struct vt_err e;
  struct vt_program *p;
  struct vt_session *s;
  good(vt_program_compile(&p, g, NULL, &o, &e), &e);
  good(vt_session_new(&s, p, &e), &e);
  struct vt_tensor x = random_tensor(7, 4, (int64_t[]){2, 3, 12, 10}, -1, 1), view[5];
  for (int i = 0; i < 2; i++) good(vt_session_run(s, &x, view, &e), &e);
  for (int i = 0; i < vt_program_noutputs(p); i++) good(vt_tensor_copy(&out[i], &view[i], &e), &e);
  if (stats) vt_program_get_stats(p, stats);
  vt_tensor_clear(&x);
  vt_session_free(s);
  vt_program_free(p);
}

/* No step of a compiled program writes bytes that a later step still reads: by simulation, each byte of the
 * arena carries the number of the buffer that owns it. */
static void check_program_memory(const struct vt_program *p)
{
  int *owner = malloc((p->arena_bytes / 64 + 1) * sizeof *owner);
  memset(owner, 0xff, (p->arena_bytes / 64 + 1) * sizeof *owner);
  for (int s = 0; s < p->nsteps; s++) {
    const struct vt__step *t = &p->steps[s];
    for (int pass = 0; pass < 2; pass++)
      for (int i = 0; i < (pass ? t->nout : t->nin); i++) {
        int b = pass ? t->out[i] : t->in[i], root = b < 0 ? -1 : vt__root(p, b);
        if (root < 0 || p->bufs[root].place != VT__ARENA) continue;
        for (size_t k = p->bufs[root].offset / 64; k * 64 < p->bufs[root].offset + p->bufs[b].bytes; k++) {
          if (pass)
            owner[k] = root;
          else
            assert_int_equal(owner[k], root);
        }
      }
  }
  for (int i = 0; i < p->graph->noutputs; i++) {
    int root = vt__root(p, p->outputs[i]);
    for (size_t k = p->bufs[root].offset / 64; k * 64 < p->bufs[root].offset + p->bufs[root].bytes; k++)
      assert_int_equal(owner[k], root);
  }
  free(owner);
}

#endif
