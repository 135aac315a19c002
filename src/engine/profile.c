/* Where the time of a session's runs goes: a table by step, and the trace format of Chrome (chrome://tracing,
 * Perfetto): one complete event {"ph": "X", "ts", "dur" in microseconds} per step and run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/program_impl.h"

enum { MAX_EVENTS = 1 << 16 };

void vt_session_profile(struct vt_session *s, bool on)
{
  struct vt__profile *f = &s->profile;
  if (on && !f->on) {
    f->runs = 0;
    f->nevents = 0;
    for (int i = 0; i < s->p->nsteps; i++) f->total[i] = f->least[i] = 0;
    /* Without room for events there is a table and an empty trace. */
    if (!f->event && (f->event = vt_calloc(MAX_EVENTS, sizeof *f->event))) f->cap_events = MAX_EVENTS;
  }
  f->on = on;
}

void vt__profile_step(struct vt__profile *f, int step, double start, double end)
{
  f->total[step] += end - start;
  if (!f->runs || end - start < f->least[step]) f->least[step] = end - start;
  if (f->nevents < f->cap_events) f->event[f->nevents++] = (struct vt__event){step, start, end - start};
}

struct line {
  int step;
  double total;
};
static int by_time(const void *a, const void *b)
{
  double x = ((const struct line *)a)->total, y = ((const struct line *)b)->total;
  return x < y ? 1 : x > y ? -1 : 0;
}

static void table_line(const struct vt_session *s, int i, double all, struct vt_buf *out)
{
  const struct vt_program *p = s->p;
  const struct vt__step *t = &p->steps[i];
  const struct vt__profile *f = &s->profile;
  char layout[32] = "", shape[128] = "";
  const char *name = "";
  if (t->nout && t->out[0] >= 0) {
    const struct vt__buf *b = &p->bufs[t->out[0]];
    vt__layout_print(b->block, b->dtype, layout, sizeof layout);
    vt_shape_print(b->value->rank, b->value->dim, shape, sizeof shape);
    name = b->value->name;
  }
  double mean = f->total[i] / (double)f->runs, macs = t->node ? (double)vt_node_macs(t->node) : 0;
  char rate[24] = "";
  if (macs > 0 && f->least[i] > 0) snprintf(rate, sizeof rate, "%.1f", 2e-9 * macs / f->least[i]);
  vt_buf_addf(out, "%5d %9.3f %9.3f %5.1f%% %9s  %-22s %-24s %s%s %s\n", i, mean * 1e3, f->least[i] * 1e3,
              all > 0 ? 100 * f->total[i] / all : 0, rate, vt__step_op(t), vt__step_kernel(t), layout, shape,
              name);
}

void vt_session_profile_table(const struct vt_session *s, struct vt_buf *out)
{
  const struct vt_program *p = s->p;
  const struct vt__profile *f = &s->profile;
  struct line *v = f->runs ? vt_calloc((size_t)VT_MAX(p->nsteps, 1), sizeof *v) : NULL;
  if (!v) {
    vt_buf_adds(out, "no runs were profiled\n");
    return;
  }
  double all = 0, least = 0;
  for (int i = 0; i < p->nsteps; i++) {
    v[i] = (struct line){i, f->total[i]};
    all += f->total[i];
    least += f->least[i];
  }
  qsort(v, (size_t)p->nsteps, sizeof *v, by_time);
  vt_buf_addf(out, "%5s %9s %9s %6s %9s  %-22s %-24s %s\n", "step", "mean ms", "least ms", "share", "GFLOP/s",
              "operator", "kernel", "output");
  for (int i = 0; i < p->nsteps; i++) table_line(s, v[i].step, all, out);
  vt_buf_addf(out, "%d steps, %lld runs, %.3f ms each, %.3f ms with the least time of each step\n", p->nsteps,
              (long long)f->runs, 1e3 * all / (double)f->runs, 1e3 * least);
  vt_free(v);
}

/* Names come from models: quotes, backslashes and control characters are escaped. */
static void json_string(struct vt_buf *out, const char *s)
{
  vt_buf_addc(out, '"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\')
      vt_buf_addf(out, "\\%c", *s);
    else if ((unsigned char)*s < 0x20)
      vt_buf_addf(out, "\\u%04x", (unsigned char)*s);
    else
      vt_buf_addc(out, *s);
  }
  vt_buf_addc(out, '"');
}

void vt_session_profile_trace(const struct vt_session *s, struct vt_buf *out)
{
  const struct vt__profile *f = &s->profile;
  double zero = f->nevents ? f->event[0].start : 0;
  vt_buf_adds(out, "{\"traceEvents\":[");
  for (int i = 0; i < f->nevents; i++) {
    const struct vt__event *v = &f->event[i];
    const struct vt__step *t = &s->p->steps[v->step];
    vt_buf_adds(out, i ? ",\n{\"name\":" : "\n{\"name\":");
    json_string(out, vt__step_op(t));
    vt_buf_adds(out, ",\"cat\":");
    json_string(out, vt__step_kernel(t));
    vt_buf_addf(
        out, ",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"step\":%d,\"output\":",
        1e6 * (v->start - zero), 1e6 * v->seconds, v->step);
    json_string(out, t->nout && t->out[0] >= 0 ? s->p->bufs[t->out[0]].value->name : "");
    vt_buf_adds(out, "}}");
  }
  vt_buf_adds(out, "\n],\"displayTimeUnit\":\"ms\"}\n");
}
