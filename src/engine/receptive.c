/* Receptive fields: fields of inputs composed with each operator's reach, node by node, along height and
 * width alone. Everything is exact in integers; what does not fit the pattern (other strides in two branches,
 * merged axes, long periods) counts as the whole picture. */
#include "engine/receptive.h"

#include <string.h>
#include "engine/program_impl.h"

enum { MAX_PERIOD = 1024 };

static int64_t floor_div(int64_t a, int64_t b)
{
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t gcd(int64_t a, int64_t b)
{
  while (b) {
    int64_t t = a % b;
    a = b;
    b = t;
  }
  return a;
}

static int64_t first(const struct vt_field *f, int64_t i)
{
  int64_t turn = floor_div(i, f->period);
  return f->first[i - turn * f->period] + turn * f->step;
}

static int64_t last(const struct vt_field *f, int64_t i)
{
  int64_t turn = floor_div(i, f->period);
  return f->last[i - turn * f->period] + turn * f->step;
}

int64_t vt_field_size(const struct vt_field *f)
{
  int64_t size = 0;
  for (int64_t i = 0; i < f->period; i++) size = VT_MAX(size, f->last[i] - f->first[i] + 1);
  return size;
}

int64_t vt_field_padding(const struct vt_field *f)
{
  return -f->first[0];
}

/* A field of this period; false when out of memory. */
static bool room(struct vt_receptive *r, struct vt_field *f, int64_t period)
{
  f->period = period;
  f->first = vt_arena_alloc(&r->arena, (size_t)period * sizeof *f->first);
  f->last = vt_arena_alloc(&r->arena, (size_t)period * sizeof *f->last);
  return f->first && f->last;
}

static int no_memory(struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "receptive fields: out of memory");
}

/* out = the pixels that `in` sees from where `reach` looks. */
static int compose(struct vt_receptive *r, const struct vt_field *in, const struct vt_reach *reach,
                   struct vt_field *out, struct vt_err *e)
{
  int64_t turns = in->period / gcd(in->period, reach->in_step), period = turns * reach->out_step;
  *out = (struct vt_field){.kind = VT_FIELD_WHOLE, .uneven = in->uneven || reach->uneven};
  if (reach->whole || period > MAX_PERIOD || reach->in_step < 1 || reach->out_step < 1) return 0;
  if (!room(r, out, period)) return no_memory(e);
  out->kind = VT_FIELD_LOCAL;
  out->axis = reach->axis;
  out->step = turns * reach->in_step / in->period * in->step;
  for (int64_t i = 0; i < period; i++) {
    int64_t k = i % reach->out_step, shift = i / reach->out_step * reach->in_step;
    out->first[i] = first(in, reach->first[k] + shift);
    out->last[i] = last(in, reach->last[k] + shift);
  }
  return 0;
}

/* a = the hull of a and b. */
static int join(struct vt_receptive *r, struct vt_field *a, const struct vt_field *b, struct vt_err *e)
{
  struct vt_field f = {.kind = VT_FIELD_WHOLE, .uneven = a->uneven || b->uneven};
  if (b->kind == VT_FIELD_NONE) return 0;
  if (a->kind == VT_FIELD_NONE) {
    *a = *b;
    return 0;
  }
  bool fit = a->kind == VT_FIELD_LOCAL && b->kind == VT_FIELD_LOCAL && a->axis == b->axis &&
             a->step * b->period == b->step * a->period;
  int64_t period = fit ? a->period / gcd(a->period, b->period) * b->period : 0;
  if (fit && period <= MAX_PERIOD) {
    if (!room(r, &f, period)) return no_memory(e);
    f.kind = VT_FIELD_LOCAL;
    f.axis = a->axis;
    f.step = a->step * (period / a->period);
    for (int64_t i = 0; i < period; i++) {
      f.first[i] = VT_MIN(first(a, i), first(b, i));
      f.last[i] = VT_MAX(last(a, i), last(b, i));
    }
  }
  *a = f;
  return 0;
}

/* Position i lies over pixels [i S, (i + 1) S). */
static void widen_to_cells(struct vt_field *f)
{
  for (int64_t i = 0; i < f->period && f->kind == VT_FIELD_LOCAL; i++) {
    f->first[i] = VT_MIN(f->first[i], i * f->step / f->period);
    f->last[i] = VT_MAX(f->last[i], ((i + 1) * f->step + f->period - 1) / f->period - 1);
  }
}

/* The axis of a view's output that holds the same entries in the same order: as long, with as many elements
 * behind it. -1: none. */
static int axis_of_view(const struct vt_value *x, const struct vt_value *y, int axis)
{
  int64_t behind = vt_dims_count(x->rank - axis - 1, x->dim + axis + 1), here = 1;
  for (int d = y->rank - 1; d >= 0; here *= y->dim[d--])
    if (here == behind && y->dim[d] == x->dim[axis]) return d;
  return -1;
}

/* What operators without a rule of their own do. */
static void reach_by_traits(const struct vt_node *n, int in, int axis, struct vt_reach *r)
{
  const struct vt_value *x = n->in[in], *y = n->out[0];
  int to = n->op->traits & VT_VIEW                            ? (in ? -1 : axis_of_view(x, y, axis))
           : n->op->traits & (VT_ELEMENTWISE | VT_BROADCASTS) ? axis + y->rank - x->rank
                                                              : -1;
  *r = (struct vt_reach){.whole = true};
  if (to < 0 || to >= y->rank || y->dim[to] != x->dim[axis]) return;
  *r = (struct vt_reach){.axis = to, .in_step = 1, .out_step = 1};
  if (!(n->op->traits & VT_BROADCASTS)) return;
  for (int i = 0; i < n->nin; i++) { /* other pixels meet other constants */
    const struct vt_value *v = n->in[i];
    int d = v ? to - (y->rank - v->rank) : -1;
    if (v && v->is_constant && d >= 0 && v->dim[d] > 1) r->uneven = true;
  }
}

static bool all_known(const struct vt_node *n)
{
  bool known = n->nout > 0 && n->out[0] != NULL;
  for (int i = 0; i < n->nin; i++) known &= !n->in[i] || vt__value_known(n->in[i]);
  for (int i = 0; i < n->nout; i++) known &= !n->out[i] || vt__value_known(n->out[i]);
  return known;
}

static int field_of_input(struct vt_receptive *r, const struct vt_node *n, int in, const struct vt_field *f,
                          struct vt_field *out, struct vt_err *e)
{
  struct vt_reach reach = {.whole = true};
  int rc = 0;
  *out = *f;
  if (f->kind != VT_FIELD_LOCAL) return 0;
  if (all_known(n) && n->op->reach)
    rc = n->op->reach(n, in, f->axis, &reach, e);
  else if (all_known(n))
    reach_by_traits(n, in, f->axis, &reach);
  return rc ? rc : compose(r, f, &reach, out, e);
}

static int visit(struct vt_receptive *r, const struct vt_node *n, bool cells, struct vt_err *e)
{
  for (int a = 0; a < 2; a++) {
    struct vt_field all = {0}, one;
    for (int i = 0; i < n->nin; i++) {
      if (!n->in[i]) continue;
      int rc = field_of_input(r, n, i, &r->field[n->in[i]->id][a], &one, e);
      if (!rc) rc = join(r, &all, &one, e);
      if (rc) return rc;
    }
    if (cells) widen_to_cells(&all);
    for (int i = 0; i < n->nout; i++)
      if (n->out[i]) r->field[n->out[i]->id][a] = all;
  }
  return 0;
}

static int find_input(struct vt_receptive *r, const char *name, struct vt_err *e)
{
  const struct vt_graph *g = r->graph;
  for (int i = 0; i < g->ninputs && !r->input; i++)
    if (name ? !strcmp(g->inputs[i]->name, name) : g->inputs[i]->rank == 4) r->input = g->inputs[i];
  if (!r->input && name) return vt_fail(e, VT_EARG, "the model has no input '%s'", name);
  if (!r->input || r->input->rank != 4)
    return vt_fail(e, VT_ESHAPE, "the model has no picture (N, C, H, W) as %s", name ? name : "input");
  const int64_t *d = r->input->dim;
  bool channels_last = (d[3] == 1 || d[3] == 3 || d[3] == 4) && d[1] != 1 && d[1] != 3 && d[1] != 4;
  r->axis[0] = channels_last ? 1 : 2;
  r->axis[1] = r->axis[0] + 1;
  for (int a = 0; a < 2; a++) {
    struct vt_field *f = &r->field[r->input->id][a];
    if (!room(r, f, 1)) return no_memory(e);
    f->kind = VT_FIELD_LOCAL;
    f->axis = r->axis[a];
    f->step = 1;
    f->first[0] = f->last[0] = 0;
  }
  return 0;
}

int vt_receptive_new(struct vt_receptive **out, const struct vt_graph *g, const struct vt_receptive_opts *o,
                     struct vt_err *e)
{
  struct vt_program p = {0}; /* for the passes, which change its graph */
  struct vt_receptive *r = vt_calloc(1, sizeof *r);
  *out = NULL;
  if (!r) return no_memory(e);
  vt_arena_init(&r->arena);
  int rc = vt_graph_clone(&r->graph, g, NULL, e);
  p.graph = r->graph;
  if (!rc) vt__freeze(r->graph);
  if (!rc) rc = vt__pass_shapes(&p, o->shapes, e);
  if (!rc) rc = vt__pass_fold(&p, e);
  if (!rc && !(r->field = vt_calloc((size_t)r->graph->nvalues + 1, sizeof *r->field))) rc = no_memory(e);
  if (!rc) rc = find_input(r, o->input, e);
  for (int i = 0; !rc && i < r->graph->nnodes; i++) rc = visit(r, r->graph->nodes[i], o->cells, e);
  if (rc)
    vt_receptive_free(r);
  else
    *out = r;
  return rc;
}

void vt_receptive_free(struct vt_receptive *r)
{
  if (!r) return;
  vt_graph_free(r->graph);
  vt_arena_clear(&r->arena);
  vt_free(r->field);
  vt_free(r);
}
