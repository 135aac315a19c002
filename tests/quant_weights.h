/* Random constants for tests of quantisation. */
#ifndef VT_TESTS_QUANT_WEIGHTS_H
#define VT_TESTS_QUANT_WEIGHTS_H

#include <math.h>
#include "backend/backend.h"

static inline struct vt_tensor random_tensor(struct vt_rng *r, int rank, const int64_t *dim, double scale)
{
  struct vt_tensor t;
  assert_int_equal(vt_tensor_init(&t, VT_F32, rank, dim, NULL), 0);
  for (int64_t i = 0; i < vt_tensor_count(&t); i++) ((float *)t.data)[i] = (float)(scale * vt_rng_normal(r));
  return t;
}

static inline struct vt_value *weight(struct vt_graph *g, struct vt_rng *r, const char *name, int rank,
                                      const int64_t *dim)
{
  int64_t fan = vt_dims_count(rank - 1, dim + 1);
  struct vt_tensor t = random_tensor(r, rank, dim, rank == 1 ? 0.1 : sqrt(2.0 / (double)fan));
  struct vt_value *v = vt_graph_constant(g, name, &t);
  vt_tensor_clear(&t);
  return v;
}

#endif
