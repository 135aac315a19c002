/* Sessions: the memory of one thread and the loop over the steps. All pointers are worked out once, in
 * vt_session_new; a run patches the caller's inputs in and allocates nothing. */
#include <omp.h>
#include <string.h>
#include "engine/program_impl.h"

/* Room for everything small in one block. */
static size_t carve(size_t *at, size_t bytes)
{
  size_t here = *at;
  *at += (bytes + 15) & ~(size_t)15;
  return here;
}

/* What argument i of the step shows. */
static int arg_buf(const struct vt__step *s, int i)
{
  return i < s->nin ? s->in[i] : s->out[i - s->nin];
}

static int alloc_small(struct vt_session *s, struct vt_err *e)
{
  const struct vt_program *p = s->p;
  size_t at = 0, nargs = 0, nref = 0;
  for (int i = 0; i < p->nsteps; i++) {
    nargs += (size_t)(p->steps[i].nin + p->steps[i].nout);
    if (p->steps[i].kind == VT__REF) nref += (size_t)(p->steps[i].nin + p->steps[i].nout);
  }
  size_t ptr = carve(&at, (size_t)p->nbufs * sizeof(void *)),
         args = carve(&at, (size_t)p->nsteps * sizeof(void **)), arg = carve(&at, nargs * sizeof(void *)),
         ref = carve(&at, (size_t)p->nsteps * sizeof *s->ref),
         t = carve(&at, nref * sizeof(struct vt_tensor)), tp = carve(&at, nref * sizeof(struct vt_tensor *)),
         half = carve(&at, nref * sizeof(enum vt_dtype)), patch = carve(&at, nargs * sizeof *s->patch),
         total = carve(&at, (size_t)p->nsteps * sizeof(double)),
         least = carve(&at, (size_t)p->nsteps * sizeof(double));
  uint8_t *m = s->memory = vt_calloc(1, at + 1);
  if (!m) return vt_fail(e, VT_ENOMEM, "out of memory");
  s->ptr = (void **)(m + ptr);
  s->args = (void ***)(m + args);
  s->ref = (struct vt__ref_args *)(m + ref);
  s->patch = (struct vt__patch *)(m + patch);
  s->profile.total = (double *)(m + total);
  s->profile.least = (double *)(m + least);
  size_t a = 0, r = 0;
  for (int i = 0; i < p->nsteps; i++) {
    size_t n = (size_t)(p->steps[i].nin + p->steps[i].nout);
    s->args[i] = (void **)(m + arg) + a;
    a += n;
    if (p->steps[i].kind != VT__REF) continue;
    s->ref[i].t = (struct vt_tensor *)(m + t) + r;
    s->ref[i].p = (struct vt_tensor **)(m + tp) + r;
    s->ref[i].half = (enum vt_dtype *)(m + half) + r;
    r += n;
  }
  return 0;
}

static void find_buffers(struct vt_session *s)
{
  const struct vt_program *p = s->p;
  for (int b = 0; b < p->nbufs; b++) {
    const struct vt__buf *f = &p->bufs[vt__root(p, b)];
    switch (f->place) {
    case VT__ARENA: s->ptr[b] = s->arena + f->offset; break;
    case VT__VAR: s->ptr[b] = s->vars + f->offset; break;
    case VT__CONST: s->ptr[b] = f->own.data ? f->own.data : f->value->init.data; break;
    default: s->ptr[b] = NULL; /* inputs: patched in each run */
    }
  }
}

static void bind_steps(struct vt_session *s)
{
  const struct vt_program *p = s->p;
  for (int i = 0; i < p->nsteps; i++) {
    const struct vt__step *t = &p->steps[i];
    struct vt__ref_args *r = &s->ref[i];
    if (r->t) vt__ref_tensors(p, t, s->scratch, r->t, r->half);
    for (int k = 0; k < t->nin + t->nout; k++) {
      int b = arg_buf(t, k);
      if (b < 0) continue;
      bool packed = t->packed && k < t->nin && t->packed[k];
      s->args[i][k] = packed ? NULL : s->ptr[b];
      if (r->t) {
        r->p[k] = &r->t[k];
        if (!r->half[k]) r->t[k].data = s->ptr[b];
      }
      int root = vt__root(p, b);
      if (p->bufs[root].place != VT__INPUT) continue;
      s->patch[s->npatch++] =
          (struct vt__patch){&s->args[i][k], r->t && !r->half[k] ? &r->t[k] : NULL, p->bufs[root].index};
    }
  }
}

int vt_session_new(struct vt_session **out, const struct vt_program *p, struct vt_err *e)
{
  *out = NULL;
  struct vt_session *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "out of memory");
  s->p = p;
  s->arena = vt_aligned(p->arena_bytes + 64);
  s->vars = vt_aligned(p->var_bytes + 64);
  s->scratch = vt_aligned(p->scratch_bytes + 64);
  int rc = s->arena && s->vars && s->scratch
               ? alloc_small(s, e)
               : vt_fail(e, VT_ENOMEM, "out of memory for a session of %zu bytes",
                         p->arena_bytes + p->var_bytes + p->scratch_bytes);
  if (rc) {
    vt_session_free(s);
    return rc;
  }
  if (p->dynamic && (rc = vt__dynamic_new(&s->dynamic, p, e))) {
    vt_session_free(s);
    return rc;
  }
  find_buffers(s);
  bind_steps(s);
  for (int i = 0; i < p->nvars; i++)
    memcpy(s->ptr[p->vars[i]], p->bufs[p->vars[i]].value->init.data, p->bufs[p->vars[i]].bytes);
  *out = s;
  return 0;
}

void vt_session_free(struct vt_session *s)
{
  if (!s) return;
  vt_free(s->arena);
  vt_free(s->vars);
  vt_free(s->scratch);
  vt_free(s->memory);
  vt__dynamic_free(s->dynamic);
  vt_free(s->profile.event);
  vt_free(s);
}

static int take_inputs(struct vt_session *s, const struct vt_tensor *in, struct vt_err *e)
{
  const struct vt_graph *g = s->p->graph;
  for (int i = 0; i < g->ninputs; i++) {
    const struct vt_value *v = g->inputs[i];
    const struct vt_tensor *t = &in[i];
    if (t->dtype == v->dtype && t->rank == v->rank &&
        memcmp(t->dim, v->dim, (size_t)v->rank * sizeof *v->dim) == 0 && (t->data || vt_tensor_count(t) == 0))
      continue;
    char want[128], got[128];
    vt_shape_print(v->rank, v->dim, want, sizeof want);
    vt_shape_print(t->rank, t->dim, got, sizeof got);
    return vt_fail(e, VT_ESHAPE, "input '%s' is %s %s%s; the program takes %s %s", v->name,
                   vt_dtype_name(t->dtype), got, t->data ? "" : " without bytes", vt_dtype_name(v->dtype),
                   want);
  }
  for (int i = 0; i < s->npatch; i++) {
    *s->patch[i].arg = in[s->patch[i].input].data;
    if (s->patch[i].tensor) s->patch[i].tensor->data = in[s->patch[i].input].data;
  }
  return 0;
}

static int run_step(struct vt_session *s, int i, uint64_t seed, struct vt_err *e)
{
  const struct vt_program *p = s->p;
  const struct vt__step *t = &p->steps[i];
  void **args = s->args[i];
  if (t->kind == VT__REF)
    return vt__ref_run(t, s->ref[i].p, s->ref[i].half, args, vt__node_seed(seed, t->node), e);
  if (t->kernel) {
    struct vt_run_args a = {.node = t->node,
                            .in = args,
                            .out = args + t->nin,
                            .scratch = s->scratch,
                            .seed = t->node ? vt__node_seed(seed, t->node) : 0};
    int rc = t->kernel->run(t->state, &a, e);
    return rc ? vt_fail_in(e, rc, "node '%s' (%s)", t->node ? t->node->name : "", vt__step_op(t)) : 0;
  }
  const struct vt__buf *a = &p->bufs[t->in[0]], *b = &p->bufs[t->out[0]];
  if (t->kind == VT__COPY)
    memcpy(args[1], args[0], b->bytes);
  else
    vt__reorder(b->value, args[0], a->dtype, a->block, args[1], b->dtype, b->block);
  return 0;
}

int vt_session_run(struct vt_session *s, const struct vt_tensor *in, struct vt_tensor *out, struct vt_err *e)
{
  const struct vt_program *p = s->p;
  int rc = take_inputs(s, in, e);
  if (rc) return rc;
  if (omp_get_max_threads() != p->opts.threads) omp_set_num_threads(p->opts.threads);
  uint64_t seed = s->seed + s->runs * 0x9e3779b97f4a7c15u;
  if (s->dynamic) {
    s->runs++;
    return vt__dynamic_run(s->dynamic, in, out, seed, e);
  }
  bool profile = s->profile.on;
  for (int i = 0; i < p->nsteps; i++) {
    double start = profile ? vt_now() : 0;
    if ((rc = run_step(s, i, seed, e))) return rc;
    if (profile) vt__profile_step(&s->profile, i, start, vt_now());
  }
  for (int i = 0; i < p->graph->nassigns; i++)
    if (!p->assigns[i].direct)
      memcpy(s->ptr[p->assigns[i].var], s->ptr[p->assigns[i].value], p->bufs[p->assigns[i].var].bytes);
  s->runs++;
  s->profile.runs += profile;
  for (int i = 0; i < p->graph->noutputs; i++) {
    const struct vt_value *v = p->graph->outputs[i];
    out[i] = vt_tensor_view(v->dtype, v->rank, v->dim, s->ptr[p->outputs[i]]);
  }
  return 0;
}

static int find_variable(const struct vt_session *s, const char *name, int *buf, struct vt_err *e)
{
  const struct vt_value *v = vt_graph_find(s->p->graph, name);
  if (!s->p->opts.training)
    return vt_fail(e, VT_ESTATE, "variable '%s': only training programs have variables", name);
  if (!v || !v->is_variable) return vt_fail(e, VT_ENOENT, "the program has no variable '%s'", name);
  *buf = s->p->primary[v->id];
  return 0;
}

int vt_session_get(struct vt_session *s, const char *variable, struct vt_tensor *view, struct vt_err *e)
{
  int b = -1, rc = find_variable(s, variable, &b, e);
  if (rc) return rc;
  const struct vt_value *v = s->p->bufs[b].value;
  *view = vt_tensor_view(v->dtype, v->rank, v->dim, s->ptr[b]);
  return 0;
}

int vt_session_set(struct vt_session *s, const char *variable, const struct vt_tensor *t, struct vt_err *e)
{
  int b = -1, rc = find_variable(s, variable, &b, e);
  if (rc) return rc;
  const struct vt_value *v = s->p->bufs[b].value;
  if (t->dtype != v->dtype || t->rank != v->rank ||
      memcmp(t->dim, v->dim, (size_t)v->rank * sizeof *v->dim)) {
    char want[128], got[128];
    vt_shape_print(v->rank, v->dim, want, sizeof want);
    vt_shape_print(t->rank, t->dim, got, sizeof got);
    return vt_fail(e, VT_ESHAPE, "variable '%s' is %s %s; it cannot be set from %s %s", variable,
                   vt_dtype_name(v->dtype), want, vt_dtype_name(t->dtype), got);
  }
  memcpy(s->ptr[b], t->data, s->p->bufs[b].bytes);
  return 0;
}

void vt_session_seed(struct vt_session *s, uint64_t seed)
{
  s->seed = seed;
  s->runs = 0;
}
