/* A graph of one scalar output, run once: for the tests of losses. */
#ifndef VT_TEST_SCALAR_GRAPH_H
#define VT_TEST_SCALAR_GRAPH_H

#include "backend/backend.h"

static inline void ok(int rc, const struct vt_err *e)
{
  if (rc < 0) fail_msg("%d: %s", rc, e->msg);
}

/* Frees g. in: its inputs. */
static inline float run_scalar(struct vt_graph *g, struct vt_value *y, const struct vt_tensor *in)
{
  struct vt_program *p;
  struct vt_session *s;
  struct vt_tensor out;
  struct vt_err e = {0};
  vt_graph_output(g, y, NULL);
  ok(vt_graph_status(g, &e), &e);
  ok(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.precision = VT_PREC_F32}, &e), &e);
  ok(vt_session_new(&s, p, &e), &e);
  ok(vt_session_run(s, in, &out, &e), &e);
  float v = (float)vt_tensor_get(&out, 0);
  vt_session_free(s);
  vt_program_free(p);
  vt_graph_free(g);
  return v;
}

#endif
