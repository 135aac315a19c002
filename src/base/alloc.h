/* Allocation. Everything goes through these, so that tests can make the n-th allocation fail.
 *
 * vt_free(NULL) is legal. Sizes are checked for overflow: vt_calloc(n, size) fails instead of wrapping. */
#ifndef VT_BASE_ALLOC_H
#define VT_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void *vt_malloc(size_t size);
void *vt_calloc(size_t n, size_t size);
void *vt_realloc(void *p, size_t size);
void *vt_reallocarray(void *p, size_t n, size_t size);
void *vt_aligned(size_t size); /* 64-byte aligned; vt_free frees it */
char *vt_strdup(const char *s);
void vt_free(void *p);

/* Tests only: the n-th allocation from now (1 = the next) returns NULL, once; 0 switches it off.
 * Synchronised (atomic counter over all threads). */
void vt_alloc_fail_at(int64_t n);
/* Allocations made since the last vt_alloc_fail_at. */
int64_t vt_alloc_count(void);

/* Arena: many small allocations freed as a whole. Confined. */
struct vt_arena {
  struct vt_arena_block *head;
  size_t used, total; /* bytes in the head block, bytes over all blocks */
};
void vt_arena_init(struct vt_arena *a);
void vt_arena_clear(struct vt_arena *a);
void *vt_arena_alloc(struct vt_arena *a, size_t size); /* 16-byte aligned, zeroed; NULL when out of memory */
char *vt_arena_strdup(struct vt_arena *a, const char *s);
char *vt_arena_strndup(struct vt_arena *a, const char *s, size_t n);
char *vt_arena_printf(struct vt_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
