/* The list of what was left out: an array that doubles, texts in an arena. */
#include "data/problems.h"

#include <string.h>

int vt_problems_add(struct vt_problems *p, int64_t line, const char *text, struct vt_err *e)
{
  if (p->n >= VT_MAX_PROBLEMS)
    return vt_fail(e, VT_ELIMIT, "%.300s; more than %d faults, and no end", text, VT_MAX_PROBLEMS);
  if (p->n == p->cap) {
    const int64_t cap = p->cap ? 2 * p->cap : 32;
    struct vt_problem *v = vt_reallocarray(p->v, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory at %lld faults", (long long)p->n);
    p->v = v;
    p->cap = cap;
  }
  struct vt_buf whole = {0}; /* paths may be any bytes, and what is quoted may be cut within a letter */
  vt_utf8_repair(text, strlen(text), &whole);
  const char *own = whole.failed ? NULL : vt_arena_strdup(&p->arena, whole.data ? whole.data : "");
  vt_buf_clear(&whole);
  if (!own) return vt_fail(e, VT_ENOMEM, "out of memory at %lld faults", (long long)p->n);
  p->v[p->n++] = (struct vt_problem){line, own};
  return 0;
}

void vt_problems_table(const struct vt_problems *p, const char *file, struct vt_buf *out)
{
  if (!out->len) vt_buf_adds(out, "file,line,reason\n");
  for (int64_t i = 0; i < p->n; i++) {
    vt_csv_put(out, file, true);
    vt_buf_addc(out, ',');
    if (p->v[i].line) vt_buf_addf(out, "%lld", (long long)p->v[i].line);
    vt_csv_put(out, p->v[i].text, false);
    vt_buf_addc(out, '\n');
  }
}

void vt_problems_clear(struct vt_problems *p)
{
  vt_free(p->v);
  vt_arena_clear(&p->arena);
  *p = (struct vt_problems){0};
}
