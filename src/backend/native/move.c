/* Strided copies: rows by memcpy where both sides are contiguous, else tiles of two dimensions. */
#include "backend/native/move.h"
#include <string.h>

void vt__move_simplify(struct vt__move *m)
{
  int r = 0;
  for (int d = 0; d < m->rank; d++) {
    if (m->dim[d] == 1) continue;
    if (r && m->from[r - 1] == m->from[d] * m->dim[d] && m->to[r - 1] == m->to[d] * m->dim[d]) {
      m->dim[r - 1] *= m->dim[d];
      m->from[r - 1] = m->from[d];
      m->to[r - 1] = m->to[d];
      continue;
    }
    m->dim[r] = m->dim[d];
    m->from[r] = m->from[d];
    m->to[r] = m->to[d];
    r++;
  }
  if (!r) {
    m->dim[0] = 1;
    m->from[0] = m->to[0] = 1;
    r = 1;
  }
  m->rank = r;
}

#define LOOP(T)                                                                                              \
  {                                                                                                          \
    const T *s = (const T *)in;                                                                              \
    T *d = (T *)out;                                                                                         \
    if (to == 1 && from == 0)                                                                                \
      for (int64_t i = 0; i < n; i++) d[i] = *s;                                                             \
    else                                                                                                     \
      for (int64_t i = 0; i < n; i++) d[i * to] = s[i * from];                                               \
  }

static void row(const char *in, int64_t from, char *out, int64_t to, int64_t n, size_t size)
{
  if (from == 1 && to == 1) {
    memcpy(out, in, (size_t)n * size);
    return;
  }
  switch (size) {
  case 1: LOOP(uint8_t) break;
  case 2: LOOP(uint16_t) break;
  case 4: LOOP(uint32_t) break;
  default: LOOP(uint64_t)
  }
}

enum { TILE = 32 };

/* The last dimension strides in one of the two; the dimension in which the other is contiguous goes with it,
 * so that both sides are touched a cache line at a time. */
static void plane(const struct vt__move *m, int other, const char *in, char *out)
{
  int last = m->rank - 1;
  int64_t rows = m->dim[other], n = m->dim[last];
  for (int64_t i0 = 0; i0 < rows; i0 += TILE)
    for (int64_t j0 = 0; j0 < n; j0 += TILE)
      for (int64_t i = i0; i < VT_MIN(i0 + TILE, rows); i++)
        row(in + (i * m->from[other] + j0 * m->from[last]) * (int64_t)m->size, m->from[last],
            out + (i * m->to[other] + j0 * m->to[last]) * (int64_t)m->size, m->to[last], VT_MIN(TILE, n - j0),
            m->size);
}

void vt__move_run(const struct vt__move *m, const void *in, void *out)
{
  int last = m->rank - 1, other = -1;
  int64_t outer = 1, total = m->dim[last];
  for (int d = 0; d < last; d++) {
    if ((m->from[d] == 1 && m->from[last] != 1) || (m->to[d] == 1 && m->to[last] != 1)) other = d;
    total *= m->dim[d];
  }
  if (total < 1) return;
  for (int d = 0; d < last; d++) outer *= d == other ? 1 : m->dim[d];
  const char *src = (const char *)in + m->in_at * (int64_t)m->size;
  char *dst = (char *)out + m->out_at * (int64_t)m->size;
#pragma omp parallel for schedule(static) if (total > 32768 && outer > 1)
  for (int64_t o = 0; o < outer; o++) {
    int64_t k = o, a = 0, b = 0;
    for (int d = last - 1; d >= 0; d--) {
      if (d == other) continue;
      a += k % m->dim[d] * m->from[d];
      b += k % m->dim[d] * m->to[d];
      k /= m->dim[d];
    }
    const char *pa = src + a * (int64_t)m->size;
    char *pb = dst + b * (int64_t)m->size;
    if (other >= 0)
      plane(m, other, pa, pb);
    else
      row(pa, m->from[last], pb, m->to[last], m->dim[last], m->size);
  }
}
