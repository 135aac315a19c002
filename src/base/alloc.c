/* Allocation with a failure hook for tests, and arenas. */
#include "base/base.h"
#include "base/alloc_limit.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_llong fail_at, counted;
static atomic_size_t limit_one, left;

static bool refused(size_t size)
{
  enum { EACH = 256 };
  size_t one = atomic_load_explicit(&limit_one, memory_order_relaxed);
  if (one) {
    size_t rest = atomic_load_explicit(&left, memory_order_relaxed);
    if (size > one || size + EACH > rest) return true;
    atomic_fetch_sub_explicit(&left, size + EACH, memory_order_relaxed);
  }
  long long at = atomic_load_explicit(&fail_at, memory_order_relaxed);
  long long n = atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed) + 1;
  return at && n == at;
}

void vt_alloc_fail_at(int64_t n)
{
  atomic_store(&counted, 0);
  atomic_store(&fail_at, n);
}

int64_t vt_alloc_count(void)
{
  return atomic_load(&counted);
}

void vt_alloc_limit(size_t one, size_t all)
{
  atomic_store(&left, all);
  atomic_store(&limit_one, one);
}

void *vt_malloc(size_t size)
{
  return refused(size) ? NULL : malloc(size ? size : 1);
}

void *vt_calloc(size_t n, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
  return refused(bytes) ? NULL : calloc(n ? n : 1, size ? size : 1);
}

void *vt_realloc(void *p, size_t size)
{
  return refused(size) ? NULL : realloc(p, size ? size : 1);
}

void *vt_reallocarray(void *p, size_t n, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
  return vt_realloc(p, bytes);
}

/* Weights and arenas of many megabytes are touched right after: page faults were most of the time that
 * compiling a model took, so large blocks ask for pages of 2 MB. */
void *vt_aligned(size_t size)
{
  enum { HUGE = 2 << 20 };
  if (size > SIZE_MAX - HUGE || refused(size)) return NULL;
  size_t padded = (size + 63) / 64 * 64;
  if (padded < HUGE) return aligned_alloc(64, padded ? padded : 64);
  void *p = NULL;
  if (posix_memalign(&p, HUGE, padded)) return NULL; /* aligned_alloc wants a size that is a multiple of it */
  madvise(p, padded / HUGE * HUGE, MADV_HUGEPAGE);
  return p;
}

char *vt_strdup(const char *s)
{
  size_t n = strlen(s) + 1;
  char *p = vt_malloc(n);
  return p ? memcpy(p, s, n) : NULL;
}

void vt_free(void *p)
{
  free(p);
}

enum { ARENA_BLOCK = 16 << 10, ARENA_ALIGN = 16 };

struct vt_arena_block {
  struct vt_arena_block *next;
  size_t size;
  _Alignas(ARENA_ALIGN) char bytes[];
};

void vt_arena_init(struct vt_arena *a)
{
  *a = (struct vt_arena){0};
}

void vt_arena_clear(struct vt_arena *a)
{
  for (struct vt_arena_block *b = a->head, *next; b; b = next) {
    next = b->next;
    vt_free(b);
  }
  vt_arena_init(a);
}

void *vt_arena_alloc(struct vt_arena *a, size_t size)
{
  if (size > SIZE_MAX / 2) return NULL;
  size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  if (!a->head || a->head->size - a->used < size) {
    size_t grown = VT_MIN(a->total / 2, (size_t)4 << 20);
    size_t want = VT_MAX(size, VT_MAX((size_t)ARENA_BLOCK, grown));
    struct vt_arena_block *b = vt_calloc(1, sizeof *b + want);
    if (!b) return NULL;
    b->next = a->head;
    b->size = want;
    a->head = b;
    a->used = 0;
    a->total += want;
  }
  void *p = a->head->bytes + a->used;
  a->used += size;
  return p;
}

char *vt_arena_strndup(struct vt_arena *a, const char *s, size_t n)
{
  char *p = vt_arena_alloc(a, n + 1);
  if (p) memcpy(p, s, n);
  return p;
}

char *vt_arena_strdup(struct vt_arena *a, const char *s)
{
  return vt_arena_strndup(a, s, strlen(s));
}

char *vt_arena_printf(struct vt_arena *a, const char *fmt, ...)
{
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  char *p = n < 0 ? NULL : vt_arena_alloc(a, (size_t)n + 1);
  if (p) vsnprintf(p, (size_t)n + 1, fmt, again);
  va_end(again);
  va_end(ap);
  return p;
}
