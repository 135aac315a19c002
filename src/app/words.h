/* Words numbered in order of first appearance. Confined. */
#ifndef VT_APP_WORDS_H
#define VT_APP_WORDS_H

#include "base/base.h"

struct vt_words {
  struct vt_arena arena;
  int32_t n, cap;
  const char **v;
  int32_t *slot; /* hash table: number + 1, 0 free */
  int64_t nslots;
};
/* The word's number, a new one if it has none; negative: out of memory, or more than 2^28 words. */
int32_t vt_words_number(struct vt_words *w, const char *word);
void vt_words_clear(struct vt_words *w);

#endif
