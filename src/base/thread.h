/* Threads: one place sets every thread count; a pool; a bounded queue. */
#ifndef VT_BASE_THREAD_H
#define VT_BASE_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* Cores this process may use (affinity respected), at least 1. */
int vt_cpu_count(void);

/* The program's thread count: default vt_cpu_count(), VITRINE_THREADS or vt_threads_set override it. Also
 * what OpenMP and the libraries get. Call vt_threads_set before threads start. */
int vt_threads(void);
void vt_threads_set(int n);
/* From now on OpenMP threads sleep at barriers instead of spinning. Call once, when the thread count is set.
 */
void vt_threads_wait_passively(void);

/* Instruction sets, in rising order; VITRINE_MAX_ISA (sse41, avx2, avx512, avx512_bf16, amx) caps ours, and
 * is handed to oneDNN and OpenBLAS by vt_isa_init (call first in main, before any library starts). */
enum vt_isa { VT_ISA_BASE, VT_ISA_SSE41, VT_ISA_AVX2, VT_ISA_AVX512, VT_ISA_AVX512_BF16, VT_ISA_AMX };
void vt_isa_init(void);
enum vt_isa vt_isa(void);
const char *vt_isa_name(enum vt_isa isa);
const char *vt_cpu_name(void); /* "AMD EPYC 9575F", from /proc/cpuinfo; "unknown" */

/* Pool. Synchronised. Tasks must not wait for tasks of the same pool. */
struct vt_pool;
int vt_pool_new(struct vt_pool **out, int threads, struct vt_err *e);
void vt_pool_free(struct vt_pool *p); /* waits for all tasks */
int vt_pool_size(const struct vt_pool *p);
int vt_pool_submit(struct vt_pool *p, void (*fn)(void *), void *arg, struct vt_err *e);
void vt_pool_wait(struct vt_pool *p); /* until all submitted tasks are done */
/* Calls fn(i, worker, ctx) for i in [0, n), worker in [0, size); returns when all are done. */
void vt_pool_for(struct vt_pool *p, int64_t n, void (*fn)(int64_t i, int worker, void *ctx), void *ctx);

/* Bounded queue of pointers. Synchronised. */
struct vt_queue;
int vt_queue_new(struct vt_queue **out, size_t capacity, struct vt_err *e);
void vt_queue_free(struct vt_queue *q);
bool vt_queue_put(struct vt_queue *q, void *item); /* blocks while full; false once closed (item not taken) */
bool vt_queue_get(struct vt_queue *q, void **item); /* blocks while empty; false once closed and empty */
void vt_queue_close(struct vt_queue *q);

double vt_now(void);          /* seconds, monotonic */
int64_t vt_peak_rss(void);    /* bytes, of this process so far */
int64_t vt_current_rss(void); /* bytes, of this process now; -1 unknown */

/* Set by the SIGINT/SIGTERM handler that main installs; long loops look at it, finish the current unit, and
 * return VT_EINTERRUPTED with everything resumable. */
bool vt_interrupted(void);
void vt_interrupt_install(void);

#endif
