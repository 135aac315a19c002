/* Thread counts, pool, queue, clocks, memory figures, interruption. */
#include "base/base.h"

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static atomic_int threads_set;

int vt_cpu_count(void)
{
  cpu_set_t set;
  if (!sched_getaffinity(0, sizeof set, &set)) return VT_MAX(1, CPU_COUNT(&set));
  return VT_MAX(1, (int)sysconf(_SC_NPROCESSORS_ONLN));
}

int vt_threads(void)
{
  int n = atomic_load(&threads_set);
  if (n > 0) return n;
  const char *s = getenv("VITRINE_THREADS");
  int64_t v;
  n = s && vt_parse_i64(s, &v) && v > 0 && v <= 1024 ? (int)v : vt_cpu_count();
  vt_threads_set(n);
  return n;
}

void vt_threads_set(int n)
{
  atomic_store(&threads_set, n);
  omp_set_num_threads(n);
}

/* One team that has met and never meets again: it sleeps as long as the process lives. */
static void meet_once(int n)
{
#pragma omp parallel num_threads(n)
  {
#pragma omp barrier
  }
}

static void *park(void *arg)
{
  meet_once(*(int *)arg);
  vt_free(arg);
  for (;;) pause();
  return NULL;
}

/* libgomp's threads spin for some milliseconds at each barrier. Where anybody else needs the cores too, a
 * spinning thread burns the time of the one that it waits for: on two busy cores training steps took seven
 * times as long. The library reads OMP_WAIT_POLICY before main, too early to set it without starting the
 * program twice; but while there are more OpenMP threads than cores it spins a hundred rounds only (its
 * manual, "GOMP_SPINCOUNT"). A parked team makes that so from the first barrier. On failure threads just
 * spin. */
void vt_threads_wait_passively(void)
{
  if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return; /* the user has said what to do */
  int *n = vt_malloc(sizeof *n);
  if (!n) return;
  *n = VT_MAX(2, vt_cpu_count() - vt_threads() + 2);
  sigset_t all, before; /* signals are for the threads that work */
  pthread_t parked;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (pthread_create(&parked, NULL, park, n))
    vt_free(n);
  else
    pthread_detach(parked);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct task {
  void (*fn)(void *);
  void *arg;
  struct task *next;
};

struct vt_pool {
  pthread_mutex_t lock;
  pthread_cond_t work, idle;
  struct task *first, *last;
  int size, running;
  bool stop;
  pthread_t thread[];
};

static void *worker(void *arg)
{
  struct vt_pool *p = arg;
  pthread_mutex_lock(&p->lock);
  for (;;) {
    while (!p->first && !p->stop) pthread_cond_wait(&p->work, &p->lock);
    if (!p->first) break;
    struct task *t = p->first;
    p->first = t->next;
    if (!p->first) p->last = NULL;
    p->running++;
    pthread_mutex_unlock(&p->lock);
    t->fn(t->arg);
    vt_free(t);
    pthread_mutex_lock(&p->lock);
    p->running--;
    if (!p->running && !p->first) pthread_cond_broadcast(&p->idle);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

int vt_pool_new(struct vt_pool **out, int threads, struct vt_err *e)
{
  *out = NULL;
  if (threads < 1 || threads > 1024) return vt_fail(e, VT_EARG, "%d threads: expected 1 to 1024", threads);
  struct vt_pool *p = vt_calloc(1, sizeof *p + (size_t)threads * sizeof(pthread_t));
  if (!p) return vt_fail(e, VT_ENOMEM, "thread pool: out of memory");
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->work, NULL);
  pthread_cond_init(&p->idle, NULL);
  for (; p->size < threads; p->size++) {
    int err = pthread_create(&p->thread[p->size], NULL, worker, p);
    if (err) {
      vt_pool_free(p);
      return vt_fail(e, VT_EIO, "thread pool: cannot start thread %d: %s", p->size, strerror(err));
    }
  }
  *out = p;
  return 0;
}

void vt_pool_free(struct vt_pool *p)
{
  if (!p) return;
  pthread_mutex_lock(&p->lock);
  p->stop = true;
  pthread_cond_broadcast(&p->work);
  pthread_mutex_unlock(&p->lock);
  for (int i = 0; i < p->size; i++) pthread_join(p->thread[i], NULL);
  pthread_cond_destroy(&p->idle);
  pthread_cond_destroy(&p->work);
  pthread_mutex_destroy(&p->lock);
  vt_free(p);
}

int vt_pool_size(const struct vt_pool *p)
{
  return p->size;
}

int vt_pool_submit(struct vt_pool *p, void (*fn)(void *), void *arg, struct vt_err *e)
{
  struct task *t = vt_malloc(sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "thread pool: out of memory");
  *t = (struct task){fn, arg, NULL};
  pthread_mutex_lock(&p->lock);
  if (p->last)
    p->last->next = t;
  else
    p->first = t;
  p->last = t;
  pthread_cond_signal(&p->work);
  pthread_mutex_unlock(&p->lock);
  return 0;
}

void vt_pool_wait(struct vt_pool *p)
{
  pthread_mutex_lock(&p->lock);
  while (p->running || p->first) pthread_cond_wait(&p->idle, &p->lock);
  pthread_mutex_unlock(&p->lock);
}

struct loop {
  atomic_llong next;
  atomic_int workers, done;
  int64_t n;
  void (*fn)(int64_t, int, void *);
  void *ctx;
};

static void loop_task(void *arg)
{
  struct loop *l = arg;
  int me = atomic_fetch_add(&l->workers, 1);
  for (int64_t i; (i = atomic_fetch_add(&l->next, 1)) < l->n;) l->fn(i, me, l->ctx);
  atomic_fetch_add(&l->done, 1);
}

void vt_pool_for(struct vt_pool *p, int64_t n, void (*fn)(int64_t, int, void *), void *ctx)
{
  struct loop l = {.n = n, .fn = fn, .ctx = ctx};
  int submitted = 0;
  for (int i = 0; i < p->size && i < n; i++) submitted += !vt_pool_submit(p, loop_task, &l, NULL);
  if (!submitted && n > 0) loop_task(&l); /* no memory for a task: the caller works alone */
  vt_pool_wait(p);
}

struct vt_queue {
  pthread_mutex_t lock;
  pthread_cond_t not_full, not_empty;
  size_t cap, n, head;
  bool closed;
  void *item[];
};

int vt_queue_new(struct vt_queue **out, size_t capacity, struct vt_err *e)
{
  *out = NULL;
  if (!capacity || capacity > 1 << 24)
    return vt_fail(e, VT_EARG, "queue of %zu: expected 1 to 2^24", capacity);
  struct vt_queue *q = vt_calloc(1, sizeof *q + capacity * sizeof(void *));
  if (!q) return vt_fail(e, VT_ENOMEM, "queue: out of memory");
  pthread_mutex_init(&q->lock, NULL);
  pthread_cond_init(&q->not_full, NULL);
  pthread_cond_init(&q->not_empty, NULL);
  q->cap = capacity;
  *out = q;
  return 0;
}

void vt_queue_free(struct vt_queue *q)
{
  if (!q) return;
  pthread_cond_destroy(&q->not_empty);
  pthread_cond_destroy(&q->not_full);
  pthread_mutex_destroy(&q->lock);
  vt_free(q);
}

bool vt_queue_put(struct vt_queue *q, void *item)
{
  pthread_mutex_lock(&q->lock);
  while (q->n == q->cap && !q->closed) pthread_cond_wait(&q->not_full, &q->lock);
  bool ok = !q->closed;
  if (ok) {
    q->item[(q->head + q->n++) % q->cap] = item;
    pthread_cond_signal(&q->not_empty);
  }
  pthread_mutex_unlock(&q->lock);
  return ok;
}

bool vt_queue_get(struct vt_queue *q, void **item)
{
  pthread_mutex_lock(&q->lock);
  while (!q->n && !q->closed) pthread_cond_wait(&q->not_empty, &q->lock);
  bool ok = q->n > 0;
  if (ok) {
    *item = q->item[q->head];
    q->head = (q->head + 1) % q->cap;
    q->n--;
    pthread_cond_signal(&q->not_full);
  }
  pthread_mutex_unlock(&q->lock);
  return ok;
}

void vt_queue_close(struct vt_queue *q)
{
  pthread_mutex_lock(&q->lock);
  q->closed = true;
  pthread_cond_broadcast(&q->not_full);
  pthread_cond_broadcast(&q->not_empty);
  pthread_mutex_unlock(&q->lock);
}

double vt_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int64_t vt_peak_rss(void)
{
  struct rusage u;
  return getrusage(RUSAGE_SELF, &u) ? -1 : (int64_t)u.ru_maxrss * 1024;
}

int64_t vt_current_rss(void)
{
  FILE *f = fopen("/proc/self/statm", "r");
  long long size, resident = -1;
  if (!f) return -1;
  if (fscanf(f, "%lld %lld", &size, &resident) != 2) resident = -1;
  fclose(f);
  return resident < 0 ? -1 : resident * sysconf(_SC_PAGESIZE);
}

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
  if (interrupted) _exit(128 + sig); /* the second time: at once */
  interrupted = 1;
}

bool vt_interrupted(void)
{
  return interrupted != 0;
}

void vt_interrupt_install(void)
{
  struct sigaction sa = {.sa_handler = on_signal};
  sigaction(SIGINT, &sa, NULL);
  sigaction(SIGTERM, &sa, NULL);
}
