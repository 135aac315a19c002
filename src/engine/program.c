/* Compiling: from a graph to steps over planned memory. The order of the passes and the free-standing
 * questions that a program answers. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/program_impl.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif

static int choose_block(const struct vt_program *p)
{
  if (p->opts.reference || !p->graph->registry->nkernels) return VT_PLAIN;
  if (p->opts.block) return p->opts.block;
  if (p->precision == VT_PREC_BF16) return VT_NHWC;
  return p->isa >= VT_ISA_AVX512 ? 16 : 8;
}

static int choose_precision(struct vt_program *p, struct vt_err *e)
{
  p->isa = vt_isa();
  p->precision = p->opts.precision;
  /* What is not quantised, beside or for want of int8. */
  if (p->precision == VT_PREC_AUTO || p->precision == VT_PREC_INT8)
    p->precision = p->isa >= VT_ISA_AVX512_BF16 ? VT_PREC_BF16 : VT_PREC_F32;
  if (p->opts.reference) p->precision = VT_PREC_F32;
  const char *emulate = getenv("VITRINE_EMULATE_BF16");
  p->rounds = emulate && *emulate == '1' && p->precision == VT_PREC_BF16 && p->isa < VT_ISA_AVX512_BF16 &&
              !p->opts.training;
  if (p->rounds) p->precision = VT_PREC_F32;
  int b = p->opts.block;
  if (b != 0 && b != VT_NHWC && b != 8 && b != 16)
    return vt_fail(e, VT_EARG, "there is no layout with blocks of %d", b);
  if (p->opts.threads <= 0) p->opts.threads = vt_threads();
  return 0;
}

void vt__freeze(struct vt_graph *g)
{
  for (int i = 0; i < g->nvalues; i++)
    if (g->values[i]->is_variable && !g->values[i]->is_input) g->values[i]->is_constant = true;
  g->nassigns = 0;
}

int vt_graph_freeze(struct vt_graph *g, struct vt_err *e)
{
  vt__freeze(g);
  return vt__pass_batch_norm(g, e);
}

bool vt__may_int8(const struct vt_program *p)
{
  enum vt_precision want = p->opts.precision;
  return !p->opts.training && !p->opts.reference && !p->opts.no_fuse &&
         (want == VT_PREC_INT8 || want == VT_PREC_AUTO);
}

static int optimise(struct vt_program *p, struct vt_err *e)
{
  int rc = vt__pass_simplify(p, e);
  if (!rc && vt__may_int8(p)) {
    rc = vt__pass_quant(p, e);
    p->quantised = true;
    if (!rc) rc = vt__pass_fold(p, e);
  }
  if (rc || p->opts.no_fuse) return rc;
  if (p->opts.training) return vt__pass_train(p, e);
  rc = vt__pass_rewrite(p, e);
  if (!rc) rc = vt__pass_batch_norm(p->graph, e);
  if (!rc) rc = vt__pass_fuse(p, e);
  if (!rc) rc = vt__pass_dead(p, e); /* else what is fused counts as a use */
  if (!rc) rc = vt__pass_gate(p, e);
  if (!rc) rc = vt__pass_norm_relu(p, e);
  if (!rc) rc = vt__pass_dead(p, e);
  return rc;
}

static int run_passes(struct vt_program *p, const struct vt_shape *shapes, struct vt_err *e)
{
  int rc = 0;
  if (!p->opts.training) vt__freeze(p->graph);
  rc = vt__pass_shapes(p, shapes, e);
  if (!rc) rc = vt__pass_dead(p, e);
  if (!rc) rc = vt__pass_fold(p, e);
  if (!rc) rc = vt__pass_dead(p, e);
  if (rc || p->opts.reference || p->dynamic) return rc;
  rc = optimise(p, e);
  if (!rc && p->rounds) rc = vt__pass_round(p, e);
  if (!rc && !p->opts.training && !p->opts.no_fuse) rc = vt__drop_unused(p->graph, e);
  return rc;
}

/* Constants that no step reads any more: their bytes go back (a mapped file closes with the last). */
static void drop_constants(struct vt_program *p)
{
  for (int i = 0; i < p->graph->nvalues; i++) {
    struct vt_value *v = p->graph->values[i];
    if (!v->init.storage || (v->is_variable && p->opts.training)) continue;
    int b = v->id < p->nprimary ? p->primary[v->id] : -1;
    if (b >= 0 && p->bufs[b].needed) continue;
    vt_tensor_clear(&v->init);
  }
#ifdef __GLIBC__
  malloc_trim(0); /* what lies free between what stays */
#endif
}

static int alloc_tables(struct vt_program *p, struct vt_err *e)
{
  struct vt_graph *g = p->graph;
  p->primary = vt_arena_alloc(&p->arena, (size_t)VT_MAX(g->nvalues, 1) * sizeof *p->primary);
  p->outputs = vt_arena_alloc(&p->arena, (size_t)VT_MAX(g->noutputs, 1) * sizeof *p->outputs);
  p->assigns = vt_arena_alloc(&p->arena, (size_t)VT_MAX(g->nassigns, 1) * sizeof *p->assigns);
  if (!p->primary || !p->outputs || !p->assigns) return vt_fail(e, VT_ENOMEM, "out of memory");
  p->nprimary = g->nvalues;
  for (int i = 0; i < g->nvalues; i++) p->primary[i] = -1;
  return 0;
}

static int compile_steps(struct vt_program *p, struct vt_err *e)
{
  int rc = alloc_tables(p, e);
  if (!rc) rc = vt__select(p, e);
  if (!rc) rc = vt__place(p, e);
  if (!rc) rc = vt__align_needed(p, e);
  if (!rc) drop_constants(p);
  return rc;
}

int vt_program_compile(struct vt_program **out, const struct vt_graph *g, const struct vt_shape *input_shapes,
                       const struct vt_compile_opts *opts, struct vt_err *e)
{
  *out = NULL;
  struct vt_program *p = vt_calloc(1, sizeof *p);
  if (!p) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_arena_init(&p->arena);
  vt_buf_init(&p->floats);
  p->opts = opts ? *opts : (struct vt_compile_opts){.precision = VT_PREC_AUTO};
  int rc = choose_precision(p, e);
  if (!rc) rc = vt_graph_clone(&p->graph, g, NULL, e);
  if (!rc && (p->opts.training || p->opts.reference || p->rounds || p->precision == VT_PREC_INT8))
    rc = vt__align_all(p->graph, e);
  if (rc) goto out;
  omp_set_num_threads(p->opts.threads); /* kernels partition their work by it */
  p->block = choose_block(p);
  rc = run_passes(p, input_shapes, e);
  if (!rc) rc = vt_graph_status(p->graph, e);
  if (!rc && p->dynamic) rc = vt__align_all(p->graph, e);
  if (!rc && p->dynamic && !p->opts.reference) rc = vt__front(p, e);
  if (!rc && !p->dynamic) rc = compile_steps(p, e);
  if (!rc && p->opts.precision == VT_PREC_INT8 && !p->opts.reference && !p->dynamic && !p->int8)
    rc = vt_fail(
        e, VT_EUNSUPPORTED,
        "nothing in the model is quantised for int8 (see 'vitrine model quantize', 'model info --explain')");
  if (rc) goto out;
  *out = p;
  return 0;
out:
  vt_program_free(p);
  return rc;
}

void vt__program_reset(struct vt_program *p)
{
  for (int i = 0; i < p->nsteps; i++)
    if (p->steps[i].kernel && p->steps[i].kernel->release && p->steps[i].state)
      p->steps[i].kernel->release(p->steps[i].state);
  for (int i = 0; i < p->nbufs; i++) vt_tensor_clear(&p->bufs[i].own);
  for (int i = 0; i < p->nprimary; i++) p->primary[i] = -1;
  p->nsteps = p->nbufs = 0;
  p->packed_bytes = 0;
}

void vt_program_free(struct vt_program *p)
{
  if (!p) return;
  vt__program_reset(p);
  vt_program_free(p->front);
  vt_free(p->bufs);
  vt_free(p->steps);
  vt_buf_clear(&p->floats);
  vt_graph_free(p->graph);
  vt_arena_clear(&p->arena);
  vt_free(p);
}

int vt_program_ninputs(const struct vt_program *p)
{
  return p->graph->ninputs;
}
int vt_program_noutputs(const struct vt_program *p)
{
  return p->graph->noutputs;
}
const struct vt_value *vt_program_input(const struct vt_program *p, int i)
{
  return p->graph->inputs[i];
}
const struct vt_value *vt_program_output(const struct vt_program *p, int i)
{
  return p->graph->outputs[i];
}
enum vt_precision vt_program_precision(const struct vt_program *p)
{
  if (p->int8) return VT_PREC_INT8;
  return p->rounds ? VT_PREC_BF16 : p->precision;
}

void vt_program_get_stats(const struct vt_program *p, struct vt_program_stats *s)
{
  *s = (struct vt_program_stats){
      .packed_bytes = (int64_t)p->packed_bytes, .arena_bytes = (int64_t)p->arena_bytes, .nsteps = p->nsteps};
  for (int i = 0; i < p->nsteps; i++) {
    s->nreorders += p->steps[i].kind == VT__REORDER;
    s->nreference += p->steps[i].kind == VT__REF;
  }
  if (p->dynamic) {
    if (p->front) vt_program_get_stats(p->front, s);
    s->macs = 0;
    for (int i = 0; i < p->graph->nnodes; i++) {
      s->nsteps += !p->fixed || !p->fixed[i];
      s->nreference += !p->fixed || !p->fixed[i];
    }
  }
  const int64_t most = (int64_t)1 << 60;
  for (int i = 0; i < p->graph->nnodes && s->macs < most; i++) s->macs += vt_node_macs(p->graph->nodes[i]);
  for (int b = 0; b < p->nbufs; b++)
    if ((p->bufs[b].place == VT__CONST && p->bufs[b].value->is_constant &&
         p->primary[p->bufs[b].value->id] == b) ||
        p->bufs[b].place == VT__VAR)
      s->weight_bytes += (int64_t)p->bufs[b].bytes;
}

const char *vt__step_op(const struct vt__step *s)
{
  return s->node ? s->node->op->name : s->kind == VT__COPY ? "copy" : "reorder";
}

const char *vt__step_kernel(const struct vt__step *s)
{
  if (s->kernel) return s->kernel->name;
  return s->kind == VT__REF ? s->blocked ? "reference, as it lies" : "reference" : "loops";
}

void vt__layout_print(int block, enum vt_dtype dtype, char *out, size_t size)
{
  if (block > 0)
    snprintf(out, size, "%s/%dc", vt_dtype_name(dtype), block);
  else
    snprintf(out, size, "%s%s", vt_dtype_name(dtype), block == VT_NHWC ? "/nhwc" : "");
}

static void explain_buf(const struct vt_program *p, int b, struct vt_buf *out)
{
  if (b < 0) {
    vt_buf_adds(out, " -");
    return;
  }
  const struct vt__buf *f = &p->bufs[b], *r = &p->bufs[vt__root(p, b)];
  char layout[32], shape[128];
  vt__layout_print(f->block, f->dtype, layout, sizeof layout);
  vt_shape_print(f->value->rank, f->value->dim, shape, sizeof shape);
  vt_buf_addf(out, " %s%s", layout, shape);
  if (r->place == VT__ARENA || r->place == VT__VAR)
    vt_buf_addf(out, "%s%zu", r->place == VT__VAR ? "@var+" : "@", r->offset);
}

void vt_program_explain(const struct vt_program *p, struct vt_buf *out)
{
  if (p->front) {
    vt_buf_adds(out, "fixed shapes, compiled:\n");
    vt_program_explain(p->front, out);
  }
  if (p->dynamic) vt_buf_adds(out, "shapes depend on data, node by node:\n");
  for (int i = 0; p->dynamic && i < p->graph->nnodes; i++)
    if (!p->fixed || !p->fixed[i])
      vt_buf_addf(out, "      %s  %s\n", p->graph->nodes[i]->op->name, p->graph->nodes[i]->name);
  for (int i = 0; i < p->nsteps; i++) {
    const struct vt__step *s = &p->steps[i];
    const struct vt_value *v = s->nout && s->out[0] >= 0 ? p->bufs[s->out[0]].value : NULL;
    vt_buf_addf(out, "%4d  %s  [%s]  %s:", i, vt__step_op(s), vt__step_kernel(s), v ? v->name : "");
    for (int k = 0; k < s->nin; k++) explain_buf(p, s->in[k], out);
    vt_buf_adds(out, " ->");
    for (int k = 0; k < s->nout; k++) explain_buf(p, s->out[k], out);
    if (s->why) vt_buf_addf(out, "  (refused: %s)", s->why);
    vt_buf_addc(out, '\n');
  }
  if (p->floats.len) vt_buf_addf(out, "layers not in int8:\n%s", p->floats.data);
}
