/* Words of a shop (article types) to groups of the taxonomy: a CSV whose first column is the word and whose
 * column `group` is a group's name, empty where the thing is no garment. Immutable once read. */
#include <stdlib.h>
#include <string.h>
#include "data/data_internal.h"

struct entry {
  const char *word;
  int group; /* -1 none */
};
struct vt_group_map {
  struct vt_arena arena;
  int n, cap;
  struct entry *v; /* by word */
};

enum { MAX_ENTRIES = 1 << 20 };

static int by_word(const void *a, const void *b)
{
  return strcmp(((const struct entry *)a)->word, ((const struct entry *)b)->word);
}

static int add(struct vt_group_map *m, const struct vt_taxonomy *t, const struct vt_csv *c, int group,
               struct vt_err *e)
{
  const char *name = c->field[group];
  int g = name[0] ? vt_taxonomy_find(t, name) : -1;
  if (name[0] && g < 0) {
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: unknown group '%.40s'", c->path, (long long)c->line, name);
  }
  if (m->n == m->cap) {
    if (m->n == MAX_ENTRIES) return vt_fail(e, VT_ELIMIT, "%s: more than %d rows", c->path, MAX_ENTRIES);
    int cap = m->cap ? 2 * m->cap : 256;
    struct entry *v = vt_reallocarray(m->v, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
    m->v = v;
    m->cap = cap;
  }
  const char *word = vt_arena_strdup(&m->arena, c->field[0]);
  if (!word) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  m->v[m->n++] = (struct entry){word, g};
  return 0;
}

int vt_group_map_read(struct vt_group_map **out, const struct vt_taxonomy *t, const char *path,
                      struct vt_err *e)
{
  *out = NULL;
  struct vt_csv c;
  int group, rc = vt_csv_open(&c, path, e);
  if (rc < 0) return rc;
  struct vt_group_map *m = vt_calloc(1, sizeof *m);
  if (!m) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
    goto out;
  }
  vt_arena_init(&m->arena);
  if ((rc = vt_csv_need(&c, "group", &group, e)) < 0) goto out;
  if (group == 0) {
    rc = vt_fail(e, VT_EFORMAT, "%s: the first column must hold the words, 'group' comes after it", path);
    goto out;
  }
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = add(m, t, &c, group, e)) < 0) goto out;
  }
  if (rc < 0) goto out;
  if (m->n) qsort(m->v, (size_t)m->n, sizeof *m->v, by_word);
  for (int i = 1; i < m->n; i++) {
    if (strcmp(m->v[i - 1].word, m->v[i].word) == 0 && m->v[i - 1].group != m->v[i].group) {
      rc = vt_fail(e, VT_EFORMAT, "%s: '%.80s' occurs with two different groups", path, m->v[i].word);
      goto out;
    }
  }
  *out = m;
out:
  vt_csv_close(&c);
  if (rc < 0) vt_group_map_free(m);
  return rc;
}

int vt_group_map_find(const struct vt_group_map *m, const char *word)
{
  struct entry key = {word, 0};
  const struct entry *hit = m->n ? bsearch(&key, m->v, (size_t)m->n, sizeof *m->v, by_word) : NULL;
  return hit ? hit->group : -2;
}

void vt_group_map_free(struct vt_group_map *m)
{
  if (!m) return;
  vt_arena_clear(&m->arena);
  vt_free(m->v);
  vt_free(m);
}
