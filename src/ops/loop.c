/* Loop: a sub-graph again and again, at most M times, while its condition holds.
 *
 * Inputs: M, condition, N carried values, captured ones. The body takes (iteration, condition, carried,
 * captured) and gives (condition, carried, K values to scan). Outputs: the last carried values, then each
 * scanned value of all iterations stacked along a new first axis. */
#include "ops/control_ref.h"

enum { MAX_TRIPS = 1 << 24 };

static int carried(const struct vt_node *n)
{
  return n->nin - 2 - (int)((const struct vt_loop_attrs *)n->attrs)->captures;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_loop_attrs *a = n->attrs;
  const struct vt_graph *g = a->body;
  int count = carried(n);
  if (count < 0 || a->captures < 0 || g->ninputs != n->nin || g->noutputs != 1 + n->nout || n->nout < count)
    return vt__bad(e, VT_EARG, n, "the body's %d inputs and %d outputs do not fit %d and %d", g->ninputs,
                   g->noutputs, n->nin, n->nout);
  for (int i = 2; i < n->nin; i++)
    if (!n->in[i]) return vt__bad(e, VT_EARG, n, "carried value %d is left out", i - 2);
  for (int i = 0; i < n->nout; i++) {
    const struct vt_value *y = g->outputs[1 + i];
    int64_t dim[VT_MAX_RANK] = {-1};
    if (i >= count) {
      if (y->rank >= VT_MAX_RANK) return vt__bad(e, VT_ELIMIT, n, "rank over %d", VT_MAX_RANK);
      for (int d = 0; d < y->rank; d++) dim[d + 1] = -1; /* the body may be told otherwise when it runs */
      vt__out(n, i, y->dtype, y->rank < 0 ? -1 : y->rank + 1, dim);
    } else { /* a carried value may change its shape from one iteration to the next */
      vt__out(n, i, n->in[2 + i]->dtype, -1, NULL);
    }
  }
  return VT_OK;
}

struct loop {
  const struct vt_ref_call *c;
  const struct vt_graph *body;
  int carried, scans;
  struct vt_tensor *in, *out, *scan; /* scan: dtype and shape of one iteration's value */
  struct vt_buf *bytes;
  int64_t trips;
  uint8_t go;
};

/* One iteration's values: carried ones to the next one's inputs, scanned ones behind those so far. */
static int keep(struct loop *l, int64_t trip, struct vt_err *e)
{
  if (vt_tensor_count(&l->out[0]) != 1)
    return vt__bad(e, VT_ESHAPE, l->c->node, "the body's condition is not one value");
  l->go = vt_tensor_get(&l->out[0], 0) != 0;
  for (int i = 0; i < l->carried; i++) {
    vt_tensor_clear(&l->in[2 + i]);
    l->in[2 + i] = l->out[1 + i];
    l->out[1 + i] = (struct vt_tensor){0};
  }
  for (int i = 0; i < l->scans; i++) {
    const struct vt_tensor *t = &l->out[1 + l->carried + i];
    struct vt_tensor *s = &l->scan[i];
    if (!trip) *s = vt_tensor_view(t->dtype, t->rank, t->dim, NULL);
    if (s->dtype != t->dtype || s->rank != t->rank ||
        memcmp(s->dim, t->dim, (size_t)t->rank * sizeof *t->dim) != 0)
      return vt__bad(e, VT_ESHAPE, l->c->node, "scanned value %d changes its shape", i);
    vt_buf_add(&l->bytes[i], t->data, vt_tensor_bytes(t));
    if (l->bytes[i].failed) return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  for (int i = 0; i < l->body->noutputs; i++) vt_tensor_clear(&l->out[i]);
  return VT_OK;
}

static int run(struct loop *l, struct vt_err *e)
{
  const struct vt_ref_call *c = l->c;
  const struct vt_tensor *limit = c->in[0], *cond = c->in[1];
  struct vt_eval *eval = NULL;
  int64_t most = INT64_MAX, trip = 0;
  if (limit && vt__tensor_ints(limit, &most, 1) != 1)
    return vt__bad(e, VT_EARG, c->node, "the number of iterations must be one integer");
  l->go = cond ? vt_tensor_get(cond, 0) != 0 : 1;
  l->in[0] = vt_tensor_view(VT_I64, 0, NULL, &trip);
  l->in[1] = vt_tensor_view(VT_BOOL, 0, NULL, &l->go);
  int rc = VT_OK;
  for (int i = 2; i < l->body->ninputs && !rc; i++)
    rc = vt__enter(&l->in[i], l->body->inputs[i], c->in[i], e);
  if (!rc) rc = vt_eval_new(&eval, l->body, NULL, e);
  for (; !rc && l->go && trip < most; trip++) {
    if (trip == MAX_TRIPS) rc = vt__bad(e, VT_ELIMIT, c->node, "over %d iterations", MAX_TRIPS);
    if (!rc) rc = vt_eval_run(eval, l->in, l->out, c->seed + (uint64_t)trip, e);
    if (!rc) rc = keep(l, trip, e);
  }
  l->trips = trip;
  vt_eval_free(eval);
  return rc;
}

static int give(struct loop *l, struct vt_err *e)
{
  int rc = VT_OK;
  for (int i = 0; i < l->carried && !rc; i++) {
    struct vt_tensor own = {0};
    if (!l->in[2 + i].storage) rc = vt_tensor_copy(&own, &l->in[2 + i], e); /* no iteration: the caller's */
    if (!rc) rc = vt__put(l->c, i, own.storage ? &own : &l->in[2 + i], e);
  }
  for (int i = 0; i < l->scans && !rc; i++) {
    const struct vt_value *y = l->body->outputs[1 + l->carried + i];
    struct vt_tensor t, *s = &l->scan[i];
    if (!l->trips) { /* nothing: as many dimensions as the body promises */
      *s = (struct vt_tensor){.dtype = y->dtype, .rank = VT_MAX(y->rank, 0)};
      for (int d = 0; d < s->rank; d++) s->dim[d] = VT_MAX(y->dim[d], 0);
    }
    int64_t dim[VT_MAX_RANK] = {l->trips};
    if (s->rank >= VT_MAX_RANK) return vt__bad(e, VT_ELIMIT, l->c->node, "rank over %d", VT_MAX_RANK);
    memcpy(dim + 1, s->dim, (size_t)s->rank * sizeof *dim);
    rc = vt_tensor_init(&t, s->dtype, s->rank + 1, dim, e);
    if (!rc && vt_tensor_bytes(&t)) memcpy(t.data, l->bytes[i].data, vt_tensor_bytes(&t));
    if (!rc) rc = vt__put(l->c, l->carried + i, &t, e);
  }
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_loop_attrs *a = c->attrs;
  const struct vt_graph *g = a->body;
  int count = carried(c->node), rc = VT_OK;
  struct loop l = {.c = c, .body = g, .carried = count, .scans = g->noutputs - 1 - count};
  l.in = vt_calloc((size_t)g->ninputs + 1, sizeof *l.in);
  l.out = vt_calloc((size_t)g->noutputs + 1, sizeof *l.out);
  l.scan = vt_calloc((size_t)l.scans + 1, sizeof *l.scan);
  l.bytes = vt_calloc((size_t)l.scans + 1, sizeof *l.bytes);
  if (!l.in || !l.out || !l.scan || !l.bytes) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < l.scans && !rc; i++) vt_buf_init(&l.bytes[i]);
  if (!rc) rc = run(&l, e);
  if (!rc) rc = give(&l, e);
  for (int i = 2; l.in && i < g->ninputs; i++) vt_tensor_clear(&l.in[i]);
  for (int i = 0; l.out && i < g->noutputs; i++) vt_tensor_clear(&l.out[i]);
  for (int i = 0; l.bytes && i < l.scans; i++) vt_buf_clear(&l.bytes[i]);
  vt_free(l.in);
  vt_free(l.out);
  vt_free(l.scan);
  vt_free(l.bytes);
  return rc;
}

#define S struct vt_loop_attrs
static const struct vt_attr_desc rows[] = {VT_A_GRAPH(S, body), VT_A_INT(S, captures, 0)};

const struct vt_op_desc vt_op_loop = {
    .name = "Loop",
    .domain = "",
    .since = 1,
    .doc =
        "Runs body at most M times while its condition holds: the last carried values, and the scanned ones "
        "stacked; the last `captures` inputs are handed to every iteration.",
    VT_ATTRS(rows, S),
    .min_in = 0,
    .max_in = VT_VARIADIC,
    .min_out = 1,
    .max_out = VT_VARIADIC,
    .infer = infer,
    .ref = ref,
};
