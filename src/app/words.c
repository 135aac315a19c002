/* Words to numbers by a hash table with open places. */
#include "app/words.h"

#include <string.h>

enum { MOST = 1 << 28 };

static int32_t *slot_of(const struct vt_words *w, const char *word)
{
  uint64_t i = vt_hash64(word, strlen(word)) & (uint64_t)(w->nslots - 1);
  while (w->slot[i] && strcmp(w->v[w->slot[i] - 1], word) != 0) i = (i + 1) & (uint64_t)(w->nslots - 1);
  return &w->slot[i];
}

static bool grow(struct vt_words *w)
{
  const int32_t cap = w->cap ? 2 * w->cap : 64;
  const char **v = w->n < MOST ? vt_reallocarray(w->v, (size_t)cap, sizeof *v) : NULL;
  if (v) w->v = v;
  int32_t *slot = v ? vt_calloc((size_t)cap * 2, sizeof *slot) : NULL;
  if (!slot) return false;
  vt_free(w->slot);
  w->slot = slot;
  w->cap = cap;
  w->nslots = (int64_t)cap * 2;
  for (int32_t i = 0; i < w->n; i++) *slot_of(w, w->v[i]) = i + 1;
  return true;
}

int32_t vt_words_number(struct vt_words *w, const char *word)
{
  if (w->n == w->cap && !grow(w)) return VT_ENOMEM;
  int32_t *slot = slot_of(w, word);
  if (*slot) return *slot - 1;
  if (!(w->v[w->n] = vt_arena_strdup(&w->arena, word))) return VT_ENOMEM;
  *slot = ++w->n;
  return w->n - 1;
}

void vt_words_clear(struct vt_words *w)
{
  vt_free(w->v);
  vt_free(w->slot);
  vt_arena_clear(&w->arena);
  *w = (struct vt_words){0};
}
