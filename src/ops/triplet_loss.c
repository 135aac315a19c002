/* ai.vitrine:TripletLoss: embeddings (N, D), integer labels (N) -> scalar; see triplet_ref.c. */
#include "ops/triplet_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  vt__out(n, 0, n->in[0]->dtype, 0, NULL);
  return vt__triplet_infer(n, 0, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  struct vt__triplets t;
  int rc = vt__triplet_run(c, c->in[0], c->in[1], &t, e);
  if (rc) return rc;
  *(float *)c->out[0]->data = (float)t.loss;
  vt__triplet_clear(&t);
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  if (need[0])
    dx[0] = vt__emit_ours(g, "TripletLossGrad", VT_IN(dy[0], n->in[0], n->in[1]), 1, NULL, n->attrs);
  return vt_graph_status(g, e);
}

#define LABELS "i64[8]={0,0,1,1,2,2,0,1}"
static const struct vt_attr_desc attrs[] = {VT__TRIPLET_ROWS};
static const struct vt_op_case cases[] = {
    {"semihard", "margin=1", "f32[8,4] " LABELS},
    {"random", "margin=2 mining=random", "f32[8,4] " LABELS},
    {"hard", "margin=0.5 mining=hard", "f32[8,4] " LABELS},
    {"all", "margin=1 mining=all squared=0", "f32[8,4] " LABELS},
    {"short vectors", "margin=1 alpha=0.5 mining=random", "f32[8,4] " LABELS},
    {"short vectors, all", "margin=0.2 alpha=2 mining=all", "f32[8,4] " LABELS},
    {"left out", "margin=1 mining=all", "f32[5,3] i64[5]={0,0,-1,1,1}"},
    {"no positives", "margin=1", "f32[3,4] i64[3]={0,1,2}"},
};

const struct vt_op_desc vt_op_triplet_loss = {
    .name = "TripletLoss",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Mean over mined triplets of max(0, d(a,p) - d(a,n) + margin) + alpha/(3D) (|a|^2 + |p|^2 + "
           "|n|^2), d "
           "the (squared) Euclidean distance.",
    VT_ATTRS(attrs, struct vt__triplet_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
