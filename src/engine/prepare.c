/* Preparing kernels by several threads: each takes the next noted step. Kernels see the same thread count as
 * in the runs; their own OpenMP teams are per thread. */
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "engine/program_impl.h"

struct vt__prepare {
  struct vt_plan_node node;
  int step, rc;
  struct vt_err err;
};

struct turn {
  size_t bytes;
  int at;
};

struct work {
  struct vt_program *p;
  struct turn *turn;
  atomic_int next;
};

int vt__prepare_later(struct vt_program *p, const struct vt_plan_node *pn, struct vt_err *e)
{
  if (p->nprepare == p->cap_prepare) {
    int cap = p->cap_prepare ? p->cap_prepare * 2 : 64;
    void *v = vt_reallocarray(p->prepare, (size_t)cap, sizeof *p->prepare);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    p->prepare = v;
    p->cap_prepare = cap;
  }
  struct vt__prepare *w = &p->prepare[p->nprepare++];
  w->node = *pn;
  w->step = p->nsteps - 1;
  w->rc = 0;
  w->err = (struct vt_err){0};
  return 0;
}

void vt__prepare_clear(struct vt_program *p)
{
  vt_free(p->prepare);
  p->prepare = NULL;
  p->nprepare = p->cap_prepare = 0;
}

/* Kernels read aligned numbers: a copy for as long as this takes. */
static int prepare_aligned(const struct vt_kernel_desc *k, const struct vt_plan_node *pn, void **state,
                           size_t *scratch, struct vt_err *e)
{
  struct vt_plan_node own = *pn;
  struct vt_tensor copy[VT_MAX_IN];
  int n = 0, rc = 0;
  for (int i = 0; i < pn->nin && !rc; i++) {
    if (!pn->in[i].constant || vt__tensor_aligned(pn->in[i].constant)) continue;
    rc = vt__tensor_take(&copy[n], pn->in[i].constant, e);
    if (!rc) own.in[i].constant = &copy[n++];
  }
  if (!rc) rc = k->prepare(&own, state, scratch, e);
  for (int i = 0; i < n; i++) vt_tensor_clear(&copy[i]);
  return rc;
}

int vt__prepare_now(const struct vt_kernel_desc *k, const struct vt_plan_node *pn, void **state,
                    size_t *scratch, struct vt_err *e)
{
  bool aligned = true;
  for (int i = 0; i < pn->nin && aligned; i++)
    aligned = !pn->in[i].constant || vt__tensor_aligned(pn->in[i].constant);
  int rc = 0;
  if (k->prepare)
    rc = (aligned ? k->prepare(pn, state, scratch, e) : prepare_aligned(k, pn, state, scratch, e));
  for (int i = 0; i < pn->nin && !rc; i++)
    if (pn->in[i].packed && pn->in[i].constant) vt__tensor_page_out(pn->in[i].constant);
  return rc;
}

static void take_turn(struct work *w, int i)
{
  struct vt__prepare *v = &w->p->prepare[w->turn[i].at];
  struct vt__step *s = &w->p->steps[v->step];
  v->rc = vt__prepare_now(s->kernel, &v->node, &s->state, &s->scratch, &v->err);
  if (v->rc) s->state = NULL;
}

static void *take_work(void *arg)
{
  struct work *w = arg;
  omp_set_num_threads(w->p->opts.threads);
  for (int i; (i = atomic_fetch_add(&w->next, 1)) < w->p->nprepare;) take_turn(w, i);
  return NULL;
}

static int by_bytes(const void *a, const void *b)
{
  const struct turn *x = a, *y = b;
  return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : x->at - y->at;
}

/* The largest weights first: threads end at about the same time, and copies go while little is packed yet. */
static struct turn *take_turns(const struct vt_program *p)
{
  struct turn *t = vt_calloc((size_t)p->nprepare + 1, sizeof *t);
  for (int i = 0; t && i < p->nprepare; i++) {
    t[i].at = i;
    for (int k = 0; k < p->prepare[i].node.nin; k++)
      if (p->prepare[i].node.in[k].constant) t[i].bytes += vt_tensor_bytes(p->prepare[i].node.in[k].constant);
  }
  if (t) qsort(t, (size_t)p->nprepare, sizeof *t, by_bytes);
  return t;
}

int vt__prepare_all(struct vt_program *p, struct vt_err *e)
{
  enum { MAX_THREADS = 64, LARGE = 48 << 20 };
  struct work w = {.p = p, .turn = take_turns(p)};
  if (!w.turn) return vt_fail(e, VT_ENOMEM, "out of memory");
  pthread_t thread[MAX_THREADS];
  int n = 0, want = VT_MIN(VT_MIN(p->opts.threads, MAX_THREADS), p->nprepare / 4);
  /* of the largest only one at a time is in memory twice */
  for (int i = 0; i < p->nprepare && w.turn[i].bytes > LARGE; i++)
    take_turn(&w, atomic_fetch_add(&w.next, 1));
  while (n < want - 1 && !pthread_create(&thread[n], NULL, take_work, &w)) n++;
  take_work(&w);
  for (int i = 0; i < n; i++) pthread_join(thread[i], NULL);
  vt_free(w.turn);
  int rc = 0;
  for (int i = 0; i < p->nprepare; i++) {
    const struct vt__prepare *v = &p->prepare[i];
    if (v->rc == VT_ENOMEM) return vt_fail(e, v->rc, "node '%s': %s", v->node.node->name, v->err.msg);
    if (v->rc) rc = 1;
  }
  return rc;
}
