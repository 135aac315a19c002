/* ai.vitrine:BoxLoss: 1 − overlap of predicted and true boxes (x1, y1, x2, y2), in four forms:
 *   iou;  giou: iou − (hull − union)/hull (Rezatofighi et al. 2019);
 *   diou: iou − ρ²/c², ρ between the centres, c the hull's diagonal (Zheng et al. 2020);
 *   ciou: diou − α v, v = 4/π² (atan(w'/h') − atan(w/h))², α = v/(1 − iou + v), constant in the slope as the
 *         paper has it.
 *
 * Slopes come from arithmetic on numbers that carry their derivatives by the four predicted coordinates. */
#include "ops/slope_ref.h"

enum { IOU, GIOU, DIOU, CIOU };
enum { MEAN, SUM };
struct attrs {
  int kind, reduction;
};

struct dual {
  double v, d[4];
};

static struct dual number(double v)
{
  return (struct dual){v, {0}};
}
/* value, with the derivative p a' + q b' */
static struct dual mix(double value, double p, struct dual a, double q, struct dual b)
{
  struct dual r = {.v = value};
  for (int i = 0; i < 4; i++) r.d[i] = p * a.d[i] + q * b.d[i];
  return r;
}
static struct dual add(struct dual a, struct dual b)
{
  return mix(a.v + b.v, 1, a, 1, b);
}
static struct dual sub(struct dual a, struct dual b)
{
  return mix(a.v - b.v, 1, a, -1, b);
}
static struct dual mul(struct dual a, struct dual b)
{
  return mix(a.v * b.v, b.v, a, a.v, b);
}
static struct dual quotient(struct dual a, struct dual b)
{
  double d = b.v + 1e-12;
  return mix(a.v / d, 1 / d, a, -a.v / (d * d), b);
}
static struct dual larger(struct dual a, struct dual b)
{
  return a.v >= b.v ? a : b;
}
static struct dual smaller(struct dual a, struct dual b)
{
  return a.v <= b.v ? a : b;
}
static struct dual arc_tangent(struct dual a)
{
  return mix(atan(a.v), 1 / (1 + a.v * a.v), a, 0, a);
}

static struct dual one_box(int kind, const float *pred, const float *want)
{
  struct dual p[4], t[4], size[2], true_size[2], meet = number(1), hull = number(1), far = number(0),
                                                 off = far;
  for (int i = 0; i < 4; i++) {
    p[i] = number((double)pred[i]);
    p[i].d[i] = 1;
    t[i] = number((double)want[i]);
  }
  for (int d = 0; d < 2; d++) {
    struct dual in = larger(sub(smaller(p[2 + d], t[2 + d]), larger(p[d], t[d])), number(0));
    struct dual out = sub(larger(p[2 + d], t[2 + d]), smaller(p[d], t[d]));
    struct dual between = mul(sub(add(p[d], p[2 + d]), add(t[d], t[2 + d])), number(0.5));
    size[d] = sub(p[2 + d], p[d]);
    true_size[d] = sub(t[2 + d], t[d]);
    meet = mul(meet, in);
    hull = mul(hull, out);
    far = add(far, mul(out, out));
    off = add(off, mul(between, between));
  }
  struct dual join = sub(add(mul(size[0], size[1]), mul(true_size[0], true_size[1])), meet);
  struct dual iou = quotient(meet, join), loss = sub(number(1), iou);
  if (kind == GIOU) return add(loss, quotient(sub(hull, join), hull));
  if (kind == IOU) return loss;
  loss = add(loss, quotient(off, far));
  if (kind == DIOU) return loss;
  struct dual angle =
      sub(arc_tangent(quotient(true_size[0], true_size[1])), arc_tangent(quotient(size[0], size[1])));
  struct dual v = mul(mul(angle, angle), number(4 / (M_PI * M_PI)));
  return add(loss, mul(v, number(v.v / (1 - iou.v + v.v + 1e-12))));
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = VT_OK;
  for (int i = 0; i < 2 && !rc; i++) {
    rc = vt__check_rank(n, i, 2, 2, e);
    if (!rc && n->in[i]->rank == 2 && n->in[i]->dim[1] >= 0 && n->in[i]->dim[1] != 4)
      rc = vt__bad(e, VT_ESHAPE, n, "boxes have four coordinates, not %lld", (long long)n->in[i]->dim[1]);
  }
  return rc ? rc : vt__slope_infer(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *t = c->in[1];
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  if (x->dtype != VT_F32 || t->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  if (x->dim[0] != t->dim[0] || x->dim[1] != 4 || t->dim[1] != 4)
    return vt__bad(e, VT_ESHAPE, c->node, "boxes and true boxes must both be (N, 4)");
  int64_t n = x->dim[0];
  double sum = 0, unit = a->reduction == SUM || !n ? 1 : 1 / (double)n;
  for (int64_t i = 0; i < n; i++) {
    struct dual l = one_box(a->kind, (const float *)x->data + i * 4, (const float *)t->data + i * 4);
    sum += l.v;
    for (int k = 0; k < 4 && slope; k++) slope[i * 4 + k] = (float)(l.d[k] * unit);
  }
  if (vt__res(c, 0)) *(float *)c->out[0]->data = (float)(sum * unit);
  return VT_OK;
}

#define S struct attrs
#define BOXES                                                                                                \
  "f32[4,4]={0,0,2,2,1,1,3,4,0.5,0.25,2.5,1.25,5,5,6,7} "                                                    \
  "f32[4,4]={0.5,0.2,2.2,2.4,0,0.5,2.5,3,0,0,3,3,1,1,2,3}"
#define RANDOM                                                                                               \
  "f32[6,4]:0..1 "                                                                                           \
  "f32[6,4]={-0.5,-0.4,1.6,1.7,0.2,0.3,2.5,2.1,-1,-1,0.5,0.5,0.1,0.1,0.9,0.9,-0.2,0.3,0.7,1.5,0.4,-0.3,1.2," \
  "0.6}"
static const struct vt_attr_desc rows[] = {VT_A_ENUM(S, kind, "iou|giou|diou|ciou", GIOU),
                                           VT_A_ENUM(S, reduction, "mean|sum", MEAN)};
static const struct vt_op_case cases[] = {
    {"iou", "kind=iou", BOXES, 2},        {"giou", "kind=giou", BOXES, 2},
    {"diou", "kind=diou", BOXES, 2},      {"ciou", "kind=ciou reduction=sum", BOXES, 2},
    {"iou, slope", "kind=iou", RANDOM},   {"giou, slope", "kind=giou reduction=sum", RANDOM},
    {"diou, slope", "kind=diou", RANDOM},
};
VT_SLOPE_OP(box_loss, "BoxLoss", 2, infer,
            "1 - overlap of boxes and true boxes (N, 4), as IoU, GIoU, DIoU or CIoU; output 1 is its slope.");
