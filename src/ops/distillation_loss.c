/* ai.vitrine:DistillationLoss (Hinton, Vinyals, Dean 2015): T² KL(softmax(teacher/T) ‖ softmax(student/T)),
 * mean over batch and positions. Slope by the student's scores: T (p − q) / M; the teacher counts as
 * constant. */
#include "ops/slope_ref.h"
#include "ops/softmax_ref.h"

struct attrs {
  float temperature;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *t = n->in[1];
  int rc = vt__check_rank(n, 0, 2, VT_MAX_RANK, e);
  if (rc) return rc;
  if (!(a->temperature > 0)) return vt__bad(e, VT_EARG, n, "temperature %g", (double)a->temperature);
  if (vt__is_static(x) && vt__is_static(t) && !vt__same_shape(x, t))
    return vt__bad(e, VT_ESHAPE, n, "student and teacher have different shapes");
  return vt__slope_infer(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *t = c->in[1];
  int64_t n = x->dim[0], classes = x->dim[1], d = vt__span(x->dim, 2, x->rank), row = classes * d;
  double temperature = (double)a->temperature, sum = 0, unit = n * d > 0 ? 1 / (double)(n * d) : 0;
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  if (x->dtype != VT_F32 || t->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  if (vt_tensor_count(t) != n * row) return vt__bad(e, VT_ESHAPE, c->node, "teacher's size differs");
  float *p = vt_calloc((size_t)row * 2 + 1, sizeof *p), *q = p + row;
  if (!p) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n; i++) {
    for (int64_t k = 0; k < row; k++) {
      p[k] = ((const float *)x->data)[i * row + k] / a->temperature;
      q[k] = ((const float *)t->data)[i * row + k] / a->temperature;
    }
    vt__softmax_rows(p, p, classes, d, d, true);
    vt__softmax_rows(q, q, classes, d, d, true);
    for (int64_t k = 0; k < row; k++) {
      sum += exp((double)q[k]) * ((double)q[k] - (double)p[k]);
      if (slope) slope[i * row + k] = (float)(temperature * unit * (exp((double)p[k]) - exp((double)q[k])));
    }
  }
  if (vt__res(c, 0)) *(float *)c->out[0]->data = (float)(sum * temperature * temperature * unit);
  vt_free(p);
  return VT_OK;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_FLOAT(S, temperature, 2)};
static const struct vt_op_case cases[] = {
    {"rows", "", "f32[3,5] f32[3,5]", .nograd = 2},
    {"maps", "temperature=4", "f32[2,3,2,2] f32[2,3,2,2]", 2, .nograd = 2},
    {"plain", "temperature=1", "f32[2,3] f32[2,3]", .nograd = 2}};
VT_SLOPE_OP(distillation_loss, "DistillationLoss", 2, infer,
            "Knowledge distillation: T^2 KL(softmax(teacher / T), softmax(student / T)) of scores (N, C, "
            "...); output "
            "1 is its slope.");
