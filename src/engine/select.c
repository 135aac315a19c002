/* Selection: one walk over the nodes chooses a kernel for each, and with it the layout and dtype in which
 * every value is stored; where a step wants another than what is there, a reorder makes a second copy that
 * later steps share.
 *
 * Kernels pack weights and generate code when they are prepared, which is nearly all of the time that
 * compiling takes: the walk only notes what to prepare, and threads do it afterwards. Should one fail, which
 * counts as a refusal, the walk is repeated with preparing in place, so that the next kernel can be asked.
 *
 * A value's first copy is the one its producer writes. Views (Reshape and the like) are no steps: their value
 * is an alias of the plain copy of their input. */
#include <stdio.h>
#include <string.h>
#include "engine/program_impl.h"

static int grow(void **array, int n, int *cap, size_t size, struct vt_err *e)
{
  if (n < *cap) return 0;
  int more = *cap ? *cap * 2 : 128;
  void *v = vt_reallocarray(*array, (size_t)more, size);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  *array = v;
  *cap = more;
  return 0;
}

/* Gives the buffer's number or an error; the newest copy stands last in the value's list. */
int vt__buf_add(struct vt_program *p, const struct vt_value *v, enum vt_dtype dtype, int block,
                struct vt_err *e)
{
  int rc = grow((void **)&p->bufs, p->nbufs, &p->cap_bufs, sizeof *p->bufs, e);
  if (rc) return rc;
  int b = p->nbufs++;
  p->bufs[b] = (struct vt__buf){.value = v,
                                .dtype = dtype,
                                .block = v->rank == 4 ? block : VT_PLAIN,
                                .bytes = vt__stored_bytes(v, dtype, block),
                                .index = -1,
                                .alias = -1,
                                .next = -1};
  int *at = &p->primary[v->id];
  while (*at >= 0) at = &p->bufs[*at].next;
  *at = b;
  return b;
}

struct vt__step *vt__step_add(struct vt_program *p, enum vt__step_kind kind, int nin, int nout,
                              struct vt_err *e)
{
  if (grow((void **)&p->steps, p->nsteps, &p->cap_steps, sizeof *p->steps, e)) return NULL;
  struct vt__step *s = &p->steps[p->nsteps];
  *s = (struct vt__step){.kind = kind, .nin = nin, .nout = nout};
  s->in = vt_arena_alloc(&p->arena, (size_t)(nin + nout + 1) * sizeof *s->in);
  if (!s->in) {
    vt_fail(e, VT_ENOMEM, "out of memory");
    return NULL;
  }
  s->out = s->in + nin;
  p->nsteps++;
  return s;
}

/* The first copy of a value; inputs, constants and variables get theirs here. */
static int primary(struct vt_program *p, const struct vt_value *v, struct vt_err *e)
{
  if (p->primary[v->id] >= 0) return p->primary[v->id];
  int b = vt__buf_add(p, v, v->dtype, VT_PLAIN, e);
  if (b < 0) return b;
  struct vt__buf *f = &p->bufs[b];
  if (v->is_input) {
    f->place = VT__INPUT;
    for (int i = 0; i < p->graph->ninputs; i++)
      if (p->graph->inputs[i] == v) f->index = i;
  } else if (v->is_constant) {
    f->place = VT__CONST;
  } else if (v->is_variable) {
    f->place = VT__VAR;
  } else {
    return vt_fail(e, VT_EFORMAT, "value '%s' is used but nothing computes it", v->name);
  }
  return b;
}

bool vt__kernel_serves(const struct vt_kernel_desc *k, const struct vt_op_desc *op)
{
  size_t len = strlen(op->domain);
  const char *name = k->op;
  if (len) {
    if (strncmp(name, op->domain, len) != 0 || name[len] != ':') return false;
    name += len + 1;
  }
  return strcmp(name, op->name) == 0;
}

bool vt__stays_f32(const struct vt_op_desc *op)
{
  static const char *const exact[] = {"Softmax", "Loss", "Entropy", "Reduce", "GradWeight", "GradBias"};
  for (size_t i = 0; i < VT_COUNT(exact); i++)
    if (strstr(op->name, exact[i])) return true;
  return false;
}

/* bf16 for feature maps: what convolutions give, and what is computed from such maps. f32 for everything at
 * the border, weights' gradients, normalisations over classes, losses, and all that is no feature map. */
enum vt_dtype vt__policy(const struct vt_program *p, const struct vt_node *n, const struct vt_value *v,
                         enum vt_precision prec)
{
  if (prec != VT_PREC_BF16 || v->dtype != VT_F32 || v->rank != 4 || v->is_output) return v->dtype;
  if (vt__stays_f32(n->op)) return VT_F32;
  if (strncmp(n->op->name, "Conv", 4) == 0) return VT_BF16;
  for (int i = 0; i < n->nin && p->primary; i++)
    if (n->in[i] && p->primary[n->in[i]->id] >= 0 && p->bufs[p->primary[n->in[i]->id]].dtype == VT_BF16)
      return VT_BF16;
  return VT_F32;
}

static struct vt_slot slot_of(const struct vt_value *v, enum vt_dtype dtype, int block)
{
  struct vt_slot s = {.used = true, .dtype = dtype, .rank = v->rank, .block = block};
  memcpy(s.dim, v->dim, sizeof s.dim);
  return s;
}

void vt__plan_node(const struct vt_program *p, const struct vt_node *n, enum vt_precision prec,
                   struct vt_plan_node *pn)
{
  pn->node = n;
  pn->nin = n->nin;
  pn->nout = n->nout;
  pn->block = p->block;
  pn->isa = p->isa;
  pn->precision = prec;
  pn->threads = p->opts.threads;
  pn->training = p->opts.training;
  for (int i = 0; i < n->nin; i++) {
    const struct vt_value *v = n->in[i];
    if (!v) {
      pn->in[i] = (struct vt_slot){0};
      continue;
    }
    int b = p->primary ? p->primary[v->id] : -1;
    enum vt_dtype t = b >= 0 ? p->bufs[b].dtype : v->dtype;
    if (prec == VT_PREC_F32 && t == VT_BF16 && v->dtype == VT_F32) t = VT_F32;
    pn->in[i] = slot_of(v, t, b >= 0 ? p->bufs[b].block : VT_PLAIN);
    if (vt__value_const(v)) pn->in[i].constant = &v->init;
  }
  for (int i = 0; i < n->nout; i++)
    pn->out[i] =
        n->out[i] ? slot_of(n->out[i], vt__policy(p, n, n->out[i], prec), VT_PLAIN) : (struct vt_slot){0};
}

/* --- reorders
 * ------------------------------------------------------------------------------------------------ */

/* The same bytes in both layouts: one pixel and full blocks, or one channel. */
static bool same_bytes(const struct vt_value *v, int a, int b)
{
  if (a == b || v->rank != 4) return true;
  bool pixel = v->dim[2] * v->dim[3] == 1;
  for (int i = 0; i < 2; i++) {
    int block = i ? b : a;
    if (block > 0 && (!pixel || v->dim[1] % block)) return false;
    if (block == VT_NHWC && !pixel && v->dim[1] != 1) return false;
  }
  return true;
}

static int reorder_constant(struct vt_program *p, int from, enum vt_dtype dtype, int block, struct vt_err *e)
{
  const struct vt_value *v = p->bufs[from].value;
  size_t bytes = vt__stored_bytes(v, dtype, block);
  struct vt_tensor t;
  int rc = vt__value_align(p->graph->values[v->id], e);
  if (!rc) rc = vt_tensor_init(&t, VT_U8, 1, &(int64_t){(int64_t)bytes}, e);
  if (rc) return rc;
  vt__reorder(v, v->init.data, v->dtype, VT_PLAIN, t.data, dtype, block);
  int b = vt__buf_add(p, v, dtype, block, e);
  if (b < 0) {
    vt_tensor_clear(&t);
    return b;
  }
  p->bufs[b].place = VT__CONST;
  p->bufs[b].own = t;
  p->packed_bytes += bytes;
  return b;
}

/* Asks the registry's reorder kernels; leaves the step to the plain loops if none takes it. */
static int choose_reorder(struct vt_program *p, struct vt__step *s, struct vt_err *e)
{
  const struct vt_registry *r = p->graph->registry;
  for (int k = 0; k < r->nkernels; k++) {
    if (strcmp(r->kernels[k]->op, "ai.vitrine:Reorder") != 0) continue;
    struct vt_plan_node pn = {.nin = 1,
                              .nout = 1,
                              .block = p->block,
                              .isa = p->isa,
                              .precision = p->precision,
                              .threads = p->opts.threads,
                              .training = p->opts.training};
    const struct vt__buf *a = &p->bufs[s->in[0]], *b = &p->bufs[s->out[0]];
    pn.in[0] = slot_of(a->value, a->dtype, a->block);
    pn.out[0] = slot_of(b->value, b->dtype, b->block);
    char reason[160] = "";
    if (!r->kernels[k]->accepts(&pn, reason, sizeof reason)) continue;
    struct vt_err why = {0};
    int rc = r->kernels[k]->prepare ? r->kernels[k]->prepare(&pn, &s->state, &s->scratch, &why) : 0;
    if (rc == VT_ENOMEM) return vt_fail(e, rc, "%s", why.msg);
    if (rc) continue;
    s->kernel = r->kernels[k];
    return 0;
  }
  return 0;
}

int vt__copy_of(struct vt_program *p, int buf, enum vt_dtype dtype, int block, struct vt_err *e)
{
  const struct vt_value *v = p->bufs[buf].value;
  if (v->rank != 4) block = VT_PLAIN;
  for (int b = p->primary[v->id]; b >= 0; b = p->bufs[b].next)
    if (p->bufs[b].dtype == dtype && p->bufs[b].block == block) return b;
  for (int b = p->primary[v->id]; b >= 0; b = p->bufs[b].next)
    if (p->bufs[b].dtype == dtype && same_bytes(v, p->bufs[b].block, block)) {
      int c = vt__buf_add(p, v, dtype, block, e);
      if (c < 0) return c;
      p->bufs[c].place = VT__ALIAS;
      p->bufs[c].alias = b;
      return c;
    }
  buf = p->primary[v->id];
  if (p->bufs[buf].place == VT__CONST) return reorder_constant(p, buf, dtype, block, e);
  int b = vt__buf_add(p, v, dtype, block, e);
  if (b < 0) return b;
  struct vt__step *s = vt__step_add(p, VT__REORDER, 1, 1, e);
  if (!s) return VT_ENOMEM;
  s->in[0] = buf;
  s->out[0] = b;
  int rc = choose_reorder(p, s, e);
  return rc ? rc : b;
}

/* --- one node
 * ------------------------------------------------------------------------------------------------ */

static bool sane(const struct vt_slot *s)
{
  if (!s->used) return true;
  if (s->block != VT_PLAIN && s->block != VT_NHWC && s->block != 8 && s->block != 16) return false;
  return (s->block == VT_PLAIN || s->rank == 4) && vt_dtype_size(s->dtype) > 0;
}

static int add_kernel_step(struct vt_program *p, const struct vt_node *n, const struct vt_kernel_desc *k,
                           const struct vt_plan_node *pn, void *state, size_t scratch, const char *why,
                           struct vt_err *e)
{
  int in[VT_MAX_IN];
  for (int i = 0; i < n->nin; i++) {
    in[i] = -1;
    if (!n->in[i]) continue;
    in[i] = pn->in[i].packed && pn->in[i].constant
                ? p->primary[n->in[i]->id]
                : vt__copy_of(p, p->primary[n->in[i]->id], pn->in[i].dtype, pn->in[i].block, e);
    if (in[i] < 0) return in[i];
  }
  struct vt__step *s = vt__step_add(p, VT__KERNEL, n->nin, n->nout, e);
  bool *packed = vt_arena_alloc(&p->arena, (size_t)n->nin + 1);
  if (!s || !packed) return vt_fail(e, VT_ENOMEM, "out of memory");
  s->node = n;
  s->kernel = k;
  s->state = state;
  s->scratch = scratch;
  s->why = why;
  s->packed = packed;
  for (int i = 0; i < n->nin; i++) {
    s->in[i] = in[i];
    packed[i] = in[i] >= 0 && pn->in[i].packed && pn->in[i].constant;
  }
  int at = p->nsteps - 1;
  for (int i = 0; i < n->nout; i++) {
    p->steps[at].out[i] = -1;
    if (!n->out[i]) continue;
    int b = vt__buf_add(p, n->out[i], pn->out[i].dtype, pn->out[i].block, e);
    if (b < 0) return b;
    p->steps[at].out[i] = b;
  }
  return 0;
}

/* 1: a kernel took the node. 0: none did; *why says the reasons. */
static int try_kernels(struct vt_program *p, const struct vt_node *n, enum vt_precision prec,
                       struct vt_buf *why, struct vt_err *e)
{
  const struct vt_registry *r = p->graph->registry;
  struct vt_plan_node pn;
  for (int k = 0; k < r->nkernels; k++) {
    const struct vt_kernel_desc *d = r->kernels[k];
    if (!vt__kernel_serves(d, n->op)) continue;
    memset(&pn, 0, offsetof(struct vt_plan_node, in));
    vt__plan_node(p, n, prec, &pn);
    char reason[200] = "";
    bool good = d->accepts(&pn, reason, sizeof reason);
    for (int i = 0; i < pn.nin && good; i++) good = sane(&pn.in[i]);
    for (int i = 0; i < pn.nout && good; i++) good = sane(&pn.out[i]);
    void *state = NULL;
    size_t scratch = 0;
    struct vt_err fault = {0};
    int rc = good && !p->later ? vt__prepare_now(d, &pn, &state, &scratch, &fault) : 0;
    if (rc == VT_ENOMEM) return vt_fail(e, rc, "node '%s' (%s): %s", n->name, n->op->name, fault.msg);
    if (!good || rc) {
      vt_buf_addf(why, "%s%s: %s", why->len ? "; " : "", d->name,
                  rc        ? fault.msg
                  : *reason ? reason
                            : "no reason given");
      continue;
    }
    const char *text = why->len ? vt_arena_strdup(&p->arena, why->data) : NULL;
    rc = add_kernel_step(p, n, d, &pn, state, scratch, text, e);
    if (!rc && d->prepare && p->later) rc = vt__prepare_later(p, &pn, e);
    if (rc) {
      bool owned = false; /* by a step already */
      for (int s = p->nsteps - 1; s >= 0 && !owned; s--) owned = p->steps[s].state == state;
      if (!owned && d->release) d->release(state);
      return rc;
    }
    return 1;
  }
  return 0;
}

/* The layout of an element-wise node's inputs, when it may run on the bytes as they lie; else plain. Padding
 * channels must stay zero, so blocks have to be full; random numbers are drawn in plain order. */
static int common_layout(const struct vt_program *p, const struct vt_node *n)
{
  if (!(n->op->traits & (VT_ELEMENTWISE | VT_BROADCASTS)) || n->op->traits & VT_RANDOM) return VT_PLAIN;
  int block = VT_PLAIN;
  const struct vt_value *like = NULL;
  for (int i = 0; i < n->nin + n->nout; i++) {
    const struct vt_value *v = i < n->nin ? n->in[i] : n->out[i - n->nin];
    if (!v || vt_dims_count(v->rank, v->dim) == 1) continue;
    if (v->rank != 4) return VT_PLAIN;
    if (like && memcmp(v->dim, like->dim, 4 * sizeof *v->dim) != 0) return VT_PLAIN;
    like = v;
    if (i < n->nin && !block) block = p->bufs[p->primary[v->id]].block;
  }
  return like && block > 0 && like->dim[1] % block ? VT_PLAIN : block;
}

static int add_ref_step(struct vt_program *p, const struct vt_node *n, const char *why, struct vt_err *e)
{
  int block = common_layout(p, n);
  struct vt__step s0 = {0};
  s0.in = vt_arena_alloc(&p->arena, (size_t)(n->nin + 1) * sizeof *s0.in);
  if (!s0.in) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < n->nin; i++) {
    s0.in[i] = -1;
    if (!n->in[i]) continue;
    int b = p->primary[n->in[i]->id];
    bool scalar = vt_dims_count(n->in[i]->rank, n->in[i]->dim) == 1;
    s0.in[i] = vt__copy_of(p, b, p->bufs[b].dtype, scalar ? VT_PLAIN : block, e);
    if (s0.in[i] < 0) return s0.in[i];
  }
  struct vt__step *s = vt__step_add(p, VT__REF, n->nin, n->nout, e);
  if (!s) return VT_ENOMEM;
  s->node = n;
  s->why = why;
  s->blocked = block != VT_PLAIN;
  for (int i = 0; i < n->nin; i++) s->in[i] = s0.in[i];
  int at = p->nsteps - 1;
  for (int i = 0; i < n->nout; i++) {
    p->steps[at].out[i] = -1;
    if (!n->out[i]) continue;
    int b = vt__buf_add(p, n->out[i], vt__policy(p, n, n->out[i], p->precision), block, e);
    if (b < 0) return b;
    p->steps[at].out[i] = b;
  }
  p->steps[at].scratch = vt__ref_scratch(p, &p->steps[at]);
  return 0;
}

static int add_view(struct vt_program *p, const struct vt_node *n, struct vt_err *e)
{
  int from = p->primary[n->in[0]->id];
  from = vt__copy_of(p, from, p->bufs[from].dtype, VT_PLAIN, e);
  if (from < 0) return from;
  int b = vt__buf_add(p, n->out[0], p->bufs[from].dtype, VT_PLAIN, e);
  if (b < 0) return b;
  p->bufs[b].place = VT__ALIAS;
  p->bufs[b].alias = from;
  return 0;
}

static bool is_view(const struct vt_program *p, const struct vt_node *n)
{
  if (!(n->op->traits & VT_VIEW) || !n->in[0] || n->in[0]->dtype != n->out[0]->dtype) return false;
  for (int i = 1; i < n->nout; i++)
    if (n->out[i]) return false;
  return vt_dims_count(n->in[0]->rank, n->in[0]->dim) == vt_dims_count(n->out[0]->rank, n->out[0]->dim);
}

static int select_node(struct vt_program *p, const struct vt_node *n, struct vt_err *e)
{
  for (int i = 0; i < n->nin; i++) {
    int b = n->in[i] ? primary(p, n->in[i], e) : 0;
    if (b < 0) return b;
  }
  if (is_view(p, n)) return add_view(p, n, e);
  struct vt_buf why;
  vt_buf_init(&why);
  int rc = 0;
  if (!p->opts.reference && n->nin <= VT_MAX_IN && n->nout <= VT_MAX_OUT) {
    rc = try_kernels(p, n, p->precision, &why, e);
    if (!rc && p->precision == VT_PREC_BF16) rc = try_kernels(p, n, VT_PREC_F32, &why, e);
  }
  if (!rc) rc = add_ref_step(p, n, why.len ? vt_arena_strdup(&p->arena, why.data) : NULL, e);
  vt_buf_clear(&why);
  return rc < 0 ? rc : 0;
}

/* --- the end of the program
 * ---------------------------------------------------------------------------------- */

static int copy_step(struct vt_program *p, int from, struct vt_err *e)
{
  int b = vt__buf_add(p, p->bufs[from].value, p->bufs[from].dtype, VT_PLAIN, e);
  if (b < 0) return b;
  struct vt__step *s = vt__step_add(p, VT__COPY, 1, 1, e);
  if (!s) return VT_ENOMEM;
  s->in[0] = from;
  s->out[0] = b;
  return b;
}

/* The plain copy of a value in the graph's dtype. borrowed: bytes that the run does not own count too. */
static int at_border(struct vt_program *p, const struct vt_value *v, bool borrowed, struct vt_err *e)
{
  int b = primary(p, v, e);
  if (b >= 0) b = vt__copy_of(p, b, v->dtype, VT_PLAIN, e);
  if (b >= 0 && !borrowed && p->bufs[vt__root(p, b)].place != VT__ARENA) b = copy_step(p, b, e);
  return b;
}

static int select_assigns(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  for (int i = 0; i < g->nassigns; i++) {
    const struct vt_value *var = g->assigns[i].variable, *v = g->assigns[i].value;
    if (v->dtype != var->dtype || v->rank != var->rank ||
        memcmp(v->dim, var->dim, (size_t)v->rank * sizeof *v->dim))
      return vt_fail(e, VT_ESHAPE, "variable '%s' cannot take '%s': types or shapes differ", var->name,
                     v->name);
    for (int k = 0; k < i; k++)
      if (g->assigns[k].variable == var)
        return vt_fail(e, VT_EFORMAT, "variable '%s' is assigned twice", var->name);
    int a = primary(p, var, e);
    if (a < 0) return a;
    /* A value that is (a view of) a variable is copied first: that variable may change before the end. */
    int b = at_border(p, v, false, e);
    if (b < 0) return b;
    p->assigns[i] = (struct vt__run_assign){.var = a, .value = b};
  }
  return 0;
}

static int walk(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  int rc = 0;
  for (int i = 0; i < g->nnodes && !rc; i++) rc = select_node(p, g->nodes[i], e);
  for (int i = 0; i < g->noutputs && !rc; i++) {
    p->outputs[i] = at_border(p, g->outputs[i], false, e);
    if (p->outputs[i] < 0) rc = p->outputs[i];
  }
  if (!rc) rc = select_assigns(p, e);
  for (int i = 0; i < g->nvalues && !rc; i++) { /* variables that nobody reads are still kept */
    if (!p->opts.training || !g->values[i]->is_variable) continue;
    int b = primary(p, g->values[i], e);
    rc = b < 0 ? b : 0;
  }
  return rc;
}

int vt__select(struct vt_program *p, struct vt_err *e)
{
  p->later = p->opts.threads > 1;
  int rc = walk(p, e);
  if (!rc && p->later) rc = vt__prepare_all(p, e);
  vt__prepare_clear(p);
  if (rc != 1) return rc;
  vt__program_reset(p);
  p->later = false;
  return walk(p, e);
}
