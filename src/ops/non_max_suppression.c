/* NonMaxSuppression: for each picture and class, boxes by falling score, without those that overlap one
 * already taken by more than iou_threshold. */
#include "ops/util.h"
#include <stdlib.h>

struct attrs {
  int64_t center_point_box;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__check_rank(n, 0, 3, 3, e);
  if (!rc) rc = vt__check_rank(n, 1, 3, 3, e);
  vt__out(n, 0, VT_I64, 2, (int64_t[]){-1, 3});
  return rc;
}

struct box {
  float lo[2], hi[2], area;
};
struct candidate {
  float score;
  int64_t at;
};

static struct box box_of(const float *b, bool centre)
{
  struct box r;
  for (int d = 0; d < 2; d++) { /* corners may come in any order */
    float p = centre ? b[d] - b[d + 2] / 2 : b[d], q = centre ? b[d] + b[d + 2] / 2 : b[d + 2];
    r.lo[d] = VT_MIN(p, q);
    r.hi[d] = VT_MAX(p, q);
  }
  r.area = (r.hi[0] - r.lo[0]) * (r.hi[1] - r.lo[1]);
  return r;
}

static bool overlaps(const struct box *a, const struct box *b, float threshold)
{
  float side[2];
  for (int d = 0; d < 2; d++) {
    side[d] = VT_MIN(a->hi[d], b->hi[d]) - VT_MAX(a->lo[d], b->lo[d]);
    if (side[d] <= 0) return false;
  }
  float meet = side[0] * side[1], join = a->area + b->area - meet;
  return join > 0 && meet / join > threshold;
}

static int by_score(const void *a, const void *b)
{
  const struct candidate *x = a, *y = b;
  return x->score != y->score ? (x->score < y->score ? 1 : -1) : (x->at > y->at) - (x->at < y->at);
}

struct work {
  struct box *box, *taken;
  struct candidate *candidate;
  struct vt_buf out;
  int64_t limit;
  float iou, score;
  bool filter;
};

static void one_class(struct work *w, const float *score, int64_t n, int64_t batch, int64_t class)
{
  int64_t m = 0, taken = 0;
  for (int64_t i = 0; i < n; i++)
    if (!w->filter || score[i] > w->score) w->candidate[m++] = (struct candidate){score[i], i};
  qsort(w->candidate, (size_t)m, sizeof *w->candidate, by_score);
  for (int64_t i = 0; i < m && taken < w->limit; i++) {
    const struct box *b = &w->box[w->candidate[i].at];
    bool keep = true;
    for (int64_t k = 0; k < taken && keep; k++) keep = !overlaps(b, &w->taken[k], w->iou);
    if (!keep) continue;
    w->taken[taken++] = *b;
    vt_buf_add(&w->out, (int64_t[]){batch, class, w->candidate[i].at}, 3 * sizeof(int64_t));
  }
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *boxes = c->in[0], *scores = c->in[1], *limit = vt__arg(c, 2), *iou = vt__arg(c, 3),
                         *least = vt__arg(c, 4);
  if (boxes->dtype != VT_F32 || scores->dtype != VT_F32) return vt__bad_dtype(c, boxes->dtype, e);
  int64_t batches = boxes->dim[0], n = boxes->dim[1], classes = scores->dim[1];
  if (boxes->dim[2] != 4 || scores->dim[0] != batches || scores->dim[2] != n)
    return vt__bad(e, VT_ESHAPE, c->node, "boxes (N, S, 4) and scores (N, C, S) do not fit");
  int64_t most = 0; /* read as it is: "all" is often written as the largest integer */
  if (limit && vt__tensor_ints(limit, &most, 1) < 0)
    return vt__bad(e, VT_EARG, c->node, "max_output_boxes_per_class must be one integer");
  struct work w = {.limit = most,
                   .iou = iou && vt_tensor_count(iou) ? (float)vt_tensor_get(iou, 0) : 0,
                   .filter = least && vt_tensor_count(least)};
  if (w.filter) w.score = (float)vt_tensor_get(least, 0);
  vt_buf_init(&w.out);
  w.box = vt_calloc((size_t)n + 1, sizeof *w.box);
  w.taken = vt_calloc((size_t)n + 1, sizeof *w.taken);
  w.candidate = vt_calloc((size_t)n + 1, sizeof *w.candidate);
  int rc = w.box && w.taken && w.candidate ? VT_OK : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < batches && !rc; i++) {
    for (int64_t k = 0; k < n; k++)
      w.box[k] = box_of((const float *)boxes->data + (i * n + k) * 4, a->center_point_box == 1);
    for (int64_t k = 0; k < classes; k++)
      one_class(&w, (const float *)scores->data + (i * classes + k) * n, n, i, k);
  }
  if (!rc && w.out.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  int64_t found = (int64_t)(w.out.len / (3 * sizeof(int64_t)));
  if (!rc) rc = vt__res_shape(c, 0, VT_I64, 2, (int64_t[]){found, 3}, e);
  if (!rc && found) memcpy(c->out[0]->data, w.out.data, w.out.len);
  vt_buf_clear(&w.out);
  vt_free(w.box);
  vt_free(w.taken);
  vt_free(w.candidate);
  return rc;
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, center_point_box, 0)};
static const struct vt_op_case cases[] = {
    {"overlap", "",
     "f32[1,3,4]={0,0,1,1,0,0.1,1,1.1,0,10,1,11} f32[1,1,3]={0.9,0.75,0.6} i64[1]={3} "
     "f32[1]={0.5} f32[1]={0}"},
    {"two classes", "", "f32[2,9,4]:0..1 f32[2,2,9]:0..1 i64[]={2} f32[]={0.3}"},
    {"centres", "center_point_box=1", "f32[1,7,4]:0.1..1 f32[1,3,7]:0..1 i64[]={5} f32[]={0.2} f32[]={0.4}"},
    {"no limit given", "", "f32[1,2,4] f32[1,1,2]"},
};

const struct vt_op_desc vt_op_non_max_suppression = {
    .name = "NonMaxSuppression",
    .domain = "",
    .since = 10,
    .doc =
        "Boxes by falling score without those that overlap a better one by more than iou_threshold: rows of "
        "(picture, class, box).",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 5,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
