/* vitrine model bench: how fast a model runs here, step by step if wanted, and how it was compiled. */
#include "app/cli/model_args.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct opts {
  int precision;
  int64_t batch, block;
  double seconds;
  bool json, profile, explain, reference, no_fuse, processor;
  const char *trace;
  struct vt_strings shape;
};

static const struct vt_opt rows[] = {
    {"batch", 'b', VT_OPT_INT, offsetof(struct opts, batch), "1", 1, 4096, NULL, "N",
     "size of the inputs' first dimension where the model leaves it open"},
    {"shape", 0, VT_OPT_LIST, offsetof(struct opts, shape), NULL, 0, 0, NULL, "INPUT=N,C,H,W",
     "shape of an input whose other dimensions are open"},
    {"precision", 'p', VT_OPT_ENUM, offsetof(struct opts, precision), "auto", 0, 0, "f32|bf16|int8|auto",
     NULL, "type of feature maps; auto takes what this processor is best at"},
    {"seconds", 0, VT_OPT_FLOAT, offsetof(struct opts, seconds), "2", 0.01, 3600, NULL, "SECONDS",
     "time to measure, at least five runs"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
    {"profile", 0, VT_OPT_FLAG, offsetof(struct opts, profile), NULL, 0, 0, NULL, NULL,
     "table of the steps' times (on stderr with --json)"},
    {"trace", 0, VT_OPT_STRING, offsetof(struct opts, trace), NULL, 0, 0, NULL, "FILE",
     "write the steps' times for chrome://tracing or Perfetto"},
    {"processor-time", 0, VT_OPT_FLAG, offsetof(struct opts, processor), NULL, 0, 0, NULL, NULL,
     "measure the processor's time, summed over threads: for machines that are busy"},
    {"explain", 0, VT_OPT_FLAG, offsetof(struct opts, explain), NULL, 0, 0, NULL, NULL,
     "tell each step's kernel, layouts and why other kernels refused, and do not measure"},
    {"reference", 0, VT_OPT_FLAG, offsetof(struct opts, reference), NULL, 0, 0, NULL, NULL,
     "reference kernels only"},
    {"no-fuse", 0, VT_OPT_FLAG, offsetof(struct opts, no_fuse), NULL, 0, 0, NULL, NULL, "no fusion"},
    {"block", 0, VT_OPT_INT, offsetof(struct opts, block), "0", -1, 16, NULL, "N",
     "layout of feature maps: 8 or 16 channels innermost, -1 all of them; 0 chooses"},
};

static const char *const precision_name[] = {"f32", "bf16", "int8", "auto"};

static int make_inputs(const struct vt_program *p, struct vt_tensor *in, struct vt_err *e)
{
  struct vt_rng r;
  vt_rng_init(&r, 1, 0, 0);
  for (int i = 0; i < vt_program_ninputs(p); i++) {
    const struct vt_value *v = vt_program_input(p, i);
    int rc = vt_tensor_init(&in[i], v->dtype, v->rank, v->dim, e);
    if (rc) return rc;
    for (int64_t k = 0; vt_dtype_is_float(v->dtype) && k < vt_tensor_count(&in[i]); k++)
      vt_tensor_set(&in[i], k, (double)vt_rng_normal(&r));
  }
  return 0;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Seconds that all threads of the process have computed. */
static double processor_time(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { MAX_RUNS = 100000, WARM_UP = 2 };

struct figures {
  double median, least, read, compile;
  int runs;
};

static int measure(struct vt_session *s, const struct opts *o, const struct vt_tensor *in,
                   struct vt_tensor *out, struct figures *f, struct vt_err *e)
{
  double *t = vt_calloc(MAX_RUNS, sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = 0;
  for (int i = 0; i < WARM_UP && !rc; i++) rc = vt_session_run(s, in, out, e);
  double (*clock)(void) = o->processor ? processor_time : vt_now;
  vt_session_profile(s, o->profile || o->trace);
  double start = vt_now();
  while (!rc && f->runs < MAX_RUNS && (f->runs < 5 || vt_now() - start < o->seconds) && !vt_interrupted()) {
    double from = clock();
    rc = vt_session_run(s, in, out, e);
    t[f->runs++] = clock() - from;
  }
  vt_session_profile(s, false);
  if (!rc && !f->runs) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
  if (!rc) {
    qsort(t, (size_t)f->runs, sizeof *t, by_value);
    f->median = 0.5 * (t[(f->runs - 1) / 2] + t[f->runs / 2]);
    f->least = t[0];
  }
  vt_free(t);
  return rc;
}

/* What the process may need at most; docs/PERFORMANCE.md. */
static int64_t peak_limit(const struct vt_program_stats *s)
{
  return s->weight_bytes * 3 / 2 + s->arena_bytes + 60000000;
}

static void report(const struct vt_program *p, const struct opts *o, const struct figures *f, FILE *out)
{
  struct vt_program_stats s;
  vt_program_get_stats(p, &s);
  double gflops = 2e-9 * (double)s.macs / f->least;
  const char *prec = precision_name[vt_program_precision(p)];
  if (o->json)
    fprintf(out,
            "{\"median_ms\": %.4f, \"min_ms\": %.4f, \"runs\": %d, \"precision\": \"%s\", \"threads\": %d, "
            "\"cpu\": "
            "\"%s\", \"isa\": \"%s\", \"batch\": %lld, \"read_ms\": %.2f, \"compile_ms\": %.2f, \"macs\": "
            "%lld, \"gflops\": %.1f, "
            "\"weight_bytes\": %lld, \"arena_bytes\": %lld, \"steps\": %d, \"reorders\": %d, "
            "\"reference_steps\": %d, "
            "\"peak_rss\": %lld, \"peak_limit\": %lld}\n",
            f->median * 1e3, f->least * 1e3, f->runs, prec, vt_threads(), vt_cpu_name(),
            vt_isa_name(vt_isa()), (long long)o->batch, f->read * 1e3, f->compile * 1e3, (long long)s.macs,
            gflops, (long long)s.weight_bytes, (long long)s.arena_bytes, s.nsteps, s.nreorders, s.nreference,
            (long long)vt_peak_rss(), (long long)peak_limit(&s));
  else
    fprintf(out,
            "median %.3f ms, least %.3f ms of %d runs (%s, %d threads, %s, %s)\n"
            "%.2f G multiply-adds, %.1f GFLOP/s; %d steps, %d reorders, %d by reference kernels\n"
            "loaded in %.1f ms: read in %.1f, compiled in %.1f\n"
            "weights %.1f MB, arena %.1f MB; peak of the process %.1f MB, goal 1.5 weights + arena + 60 MB = "
            "%.1f MB\n",
            f->median * 1e3, f->least * 1e3, f->runs, prec, vt_threads(), vt_cpu_name(),
            vt_isa_name(vt_isa()), 1e-9 * (double)s.macs, gflops, s.nsteps, s.nreorders, s.nreference,
            (f->read + f->compile) * 1e3, f->read * 1e3, f->compile * 1e3, 1e-6 * (double)s.weight_bytes,
            1e-6 * (double)s.arena_bytes, 1e-6 * (double)vt_peak_rss(), 1e-6 * (double)peak_limit(&s));
}

static int profile_files(const struct vt_session *s, const struct opts *o, struct vt_cli *cli,
                         struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  if (o->profile) vt_session_profile_table(s, &b);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  if (b.data) fputs(b.data, o->json ? stderr : cli->out);
  vt_buf_clear(&b);
  if (rc || !o->trace) return rc;
  vt_session_profile_trace(s, &b);
  rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_file_write_atomic(o->trace, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

static int run_compiled(struct vt_cli *cli, const struct opts *o, const struct vt_program *p,
                        struct figures *f, struct vt_err *e)
{
  int nin = vt_program_ninputs(p);
  struct vt_tensor *in = vt_calloc((size_t)nin + 1, sizeof *in);
  struct vt_tensor *out = vt_calloc((size_t)vt_program_noutputs(p) + 1, sizeof *out);
  struct vt_session *s = NULL;
  int rc = in && out ? vt_session_new(&s, p, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = make_inputs(p, in, e);
  if (!rc) rc = measure(s, o, in, out, f, e);
  if (!rc) report(p, o, f, cli->out);
  if (!rc) rc = profile_files(s, o, cli, e);
  for (int i = 0; in && i < nin; i++) vt_tensor_clear(&in[i]);
  vt_session_free(s);
  vt_free(in);
  vt_free(out);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "model bench: which MODEL.onnx?");
  struct vt_graph *g = NULL;
  struct vt_program *p = NULL;
  struct figures f = {0};
  struct vt_compile_opts co = {.precision = (enum vt_precision)o->precision,
                               .threads = vt_threads(),
                               .reference = o->reference,
                               .no_fuse = o->no_fuse,
                               .block = (int)o->block};
  double start = vt_now();
  int rc = vt_onnx_load_mapped(&g, vt_registry_default(), args->v[0], e);
  if (rc) return rc;
  f.read = vt_now() - start;
  rc = vt_close_shapes(cli, g, &o->shape, o->batch, e);
  start = vt_now();
  if (!rc) rc = vt_program_compile(&p, g, NULL, &co, e);
  f.compile = vt_now() - start;
  vt_graph_free(g); /* the program has all that it needs */
  if (!rc) rc = o->explain ? vt_print_explanation(cli, p, e) : run_compiled(cli, o, p, &f, e);
  vt_program_free(p);
  return rc;
}

const struct vt_verb vt_verb_model_bench = {
    .name = "model bench",
    .args = "MODEL.onnx",
    .summary = "measure how fast a model runs on this machine",
    .help = "Times are of whole runs: one batch each. Inputs are random numbers.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
