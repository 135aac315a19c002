/* Cases of operators made into graphs. */
#ifndef VT_TEST_OPS_CASES_H
#define VT_TEST_OPS_CASES_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ops/ops.h"

enum { CASE_MAX_IN = 16 };

struct case_input {
  bool used, constant;
  struct vt_tensor t; /* own bytes */
};
struct case_inputs {
  int n;
  struct case_input in[CASE_MAX_IN];
};

static enum vt_dtype case_dtype(const char *s, size_t n)
{
  static const enum vt_dtype all[] = {VT_F32, VT_F64, VT_I64, VT_I32, VT_I8, VT_U8, VT_U32, VT_BOOL, VT_I16};
  for (size_t i = 0; i < VT_COUNT(all); i++)
    if (strlen(vt_dtype_name(all[i])) == n && !memcmp(vt_dtype_name(all[i]), s, n)) return all[i];
  return VT_UNDEFINED;
}

static void case_random(struct vt_tensor *t, struct vt_rng *rng, bool range, double lo, double hi)
{
  int64_t n = vt_tensor_count(t);
  for (int64_t i = 0; i < n; i++) {
    double v;
    if (t->dtype == VT_BOOL)
      v = vt_rng_below(rng, 2);
    else if (range)
      v = lo + (hi - lo) * vt_rng_unit(rng);
    else if (vt_dtype_is_float(t->dtype))
      v = (double)vt_rng_normal(rng);
    else
      v = vt_rng_below(rng, 10);
    vt_tensor_set(t, i, v);
  }
}

/* Parses one word of the grammar in engine/op.h. */
static int case_word(struct case_input *in, const char *w, struct vt_rng *rng, struct vt_err *e)
{
  *in = (struct case_input){0};
  if (!strcmp(w, "-")) return 0;
  const char *open = strchr(w, '['), *p = open ? open + 1 : NULL;
  enum vt_dtype type = open ? case_dtype(w, (size_t)(open - w)) : VT_UNDEFINED;
  if (!type) return vt_fail(e, VT_EARG, "case word '%s'", w);
  int64_t dim[VT_MAX_RANK];
  int rank = 0;
  char *end;
  while (*p != ']' && rank < VT_MAX_RANK) {
    dim[rank++] = strtoll(p, &end, 10);
    if (end == p) return vt_fail(e, VT_EARG, "case word '%s'", w);
    p = *end == ',' ? end + 1 : end;
  }
  p++;
  int rc = vt_tensor_init(&in->t, type, rank, dim, e);
  if (rc) return rc;
  in->used = true;
  if (*p == '=') {
    in->constant = true;
    p += 2;
    for (int64_t i = 0; i < vt_tensor_count(&in->t); i++) {
      vt_tensor_set(&in->t, i, strtod(p, &end));
      if (end == p) return vt_fail(e, VT_EARG, "case word '%s': too few values", w);
      p = *end == ',' ? end + 1 : end;
    }
    return *p == '}' ? 0 : vt_fail(e, VT_EARG, "case word '%s': too many values", w);
  }
  double lo = 0, hi = 0;
  bool range = *p == ':' && sscanf(p, ":%lf..%lf", &lo, &hi) == 2;
  case_random(&in->t, rng, range, lo, hi);
  return 0;
}

static void case_clear(struct case_inputs *c)
{
  for (int i = 0; i < c->n; i++) vt_tensor_clear(&c->in[i].t);
  c->n = 0;
}

static int case_parse(struct case_inputs *c, const char *text, uint64_t seed, struct vt_err *e)
{
  char copy[1024], *save = NULL;
  struct vt_rng rng;
  c->n = 0;
  vt_rng_init(&rng, seed, 0, 0);
  snprintf(copy, sizeof copy, "%s", text);
  for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
    if (c->n == CASE_MAX_IN) return vt_fail(e, VT_EARG, "case has too many inputs");
    int rc = case_word(&c->in[c->n++], w, &rng, e);
    if (rc) return rc;
  }
  return 0;
}

/* The graph of one case: inputs by value are constants, others graph inputs (with unknown sizes if
 * `dynamic`). value[i] is the graph's value of input i, out its outputs. */
static int case_graph(struct vt_graph **g, const struct vt_registry *r, const struct vt_op_desc *op,
                      const struct vt_op_case *k, const struct case_inputs *c, bool dynamic,
                      struct vt_value **value, struct vt_value **out, struct vt_err *e)
{
  char name[128];
  snprintf(name, sizeof name, "%s%s%s", op->domain, *op->domain ? ":" : "", op->name);
  int rc = vt_graph_new(g, r, "case", e);
  if (rc) return rc;
  if (!*op->domain) (*g)->opset = VT_MAX((*g)->opset, op->since);
  for (int i = 0; i < c->n; i++) {
    char in[16];
    int64_t dim[VT_MAX_RANK];
    const struct vt_tensor *t = &c->in[i].t;
    snprintf(in, sizeof in, "in%d", i);
    for (int d = 0; d < t->rank; d++) dim[d] = dynamic ? -1 : t->dim[d];
    if (!c->in[i].used)
      value[i] = NULL;
    else if (c->in[i].constant)
      value[i] = vt_graph_constant(*g, in, t);
    else
      value[i] = vt_graph_input(*g, in, t->dtype, t->rank, dim);
  }
  if (op->nattr)
    vt_emit_n(*g, name, c->n, value, VT_MAX(k->nout, 1), out, "%s", k->attrs);
  else
    vt_emit_n(*g, name, c->n, value, VT_MAX(k->nout, 1), out, "");
  return vt_graph_status(*g, e);
}

#endif
