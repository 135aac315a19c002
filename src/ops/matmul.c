/* MatMul: NumPy's matmul. Leading dimensions broadcast; a vector gets a 1 in front (left) or behind (right)
 * that is dropped again. */
#include "ops/matmul_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__matmul_infer_at(n, 0, 1, n->in[0]->dtype, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *a = c->in[0], *b = c->in[1];
  struct vt__matmul s = {0};
  if (a->dtype != VT_F32) return vt__bad_dtype(c, a->dtype, e);
  int rc = vt__matmul_sizes(&s, c->node, a->rank, a->dim, b->rank, b->dim, e);
  if (rc) return rc;
  struct vt_tensor ta = vt_tensor_view(VT_F32, s.ra - 2, s.a, NULL),
                   tb = vt_tensor_view(VT_F32, s.rb - 2, s.b, NULL);
  struct vt__bcast w;
  vt__bcast_init(&w, s.rank - 2, s.out, 2, (const struct vt_tensor *const[]){&ta, &tb});
  float *y = c->out[0]->data;
  memset(y, 0, vt_tensor_bytes(c->out[0]));
  for (int64_t r = 0; r < w.rows; r++, vt__bcast_next(&w))
    for (int64_t q = 0; q < w.row; q++, y += s.m * s.o) {
      const float *pa = (const float *)a->data + (w.off[0] + q * w.step[0]) * s.m * s.k;
      const float *pb = (const float *)b->data + (w.off[1] + q * w.step[1]) * s.k * s.o;
      for (int64_t i = 0; i < s.m; i++)
        for (int64_t l = 0; l < s.k; l++)
          for (int64_t j = 0; j < s.o; j++) y[i * s.o + j] += pa[i * s.k + l] * pb[l * s.o + j];
    }
  return VT_OK;
}

static struct vt_value *swap_last(struct vt_graph *g, struct vt_value *v)
{
  int64_t perm[VT_MAX_RANK];
  char text[VT_INTS_TEXT];
  for (int i = 0; i < v->rank; i++) perm[i] = i;
  perm[v->rank - 1] = v->rank - 2;
  perm[v->rank - 2] = v->rank - 1;
  return vt_emit(g, "Transpose", VT_IN(v), "perm=[%s]", vt__ints_text(text, sizeof text, v->rank, perm));
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *a = n->in[0], *b = n->in[1];
  if (a->rank < 2 || b->rank < 2) return vt__bad(e, VT_EUNSUPPORTED, n, "vectors have no gradient here");
  if (need[0]) dx[0] = vt__sum_to(g, vt_emit(g, "MatMul", VT_IN(dy[0], swap_last(g, b)), ""), a);
  if (need[1]) dx[1] = vt__sum_to(g, vt_emit(g, "MatMul", VT_IN(swap_last(g, a), dy[0]), ""), b);
  return vt_graph_status(g, e);
}

static int64_t macs(const struct vt_node *n)
{
  const struct vt_value *a = n->in[0], *y = n->out[0];
  return vt__is_static(a) && vt__is_static(y) ? vt__product(vt__span(y->dim, 0, y->rank), a->dim[a->rank - 1])
                                              : 0;
}

static const struct vt_op_case cases[] = {
    {"2-d", "", "f32[3,17] f32[17,5]"},
    {"batch", "", "f32[2,3,4,5] f32[2,3,5,6]"},
    {"broadcast", "", "f32[2,1,4,5] f32[3,5,2]"},
    {"weight", "", "f32[2,4,5] f32[5,3]"},
    {"vectors", "", "f32[5] f32[5]", .nograd = 3},
    {"matrix, vector", "", "f32[2,4,5] f32[5]", .nograd = 3},
    {"vector, matrix", "", "f32[5] f32[2,5,3]", .nograd = 3},
};

const struct vt_op_desc vt_op_matmul = {
    .name = "MatMul",
    .domain = "",
    .since = 1,
    .doc = "Matrix product over the last two dimensions, the others broadcast.",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_matmul,
    .grad = grad,
    .macs = macs,
    VT_CASES(cases),
};
