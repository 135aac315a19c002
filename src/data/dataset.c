/* A data set in memory: samples, and the attributes whose classes are numbered by sorted name. Names and
 * paths live in the set's arena; samples refer to them and are moved freely. */
#include <stdlib.h>
#include <string.h>
#include "data/data_internal.h"

int vt_dataset_init(struct vt_dataset *d, struct vt_err *e)
{
  memset(d, 0, sizeof *d);
  vt_arena_init(&d->arena);
  return vt_taxonomy_builtin(&d->taxonomy, e);
}

void vt_dataset_clear(struct vt_dataset *d)
{
  for (int k = 0; k < d->nattrs; k++) vt_free(d->classes[k]);
  vt_free(d->v);
  vt_taxonomy_clear(&d->taxonomy);
  vt_arena_clear(&d->arena);
  memset(d, 0, sizeof *d);
}

int vt_dataset_attr(const struct vt_dataset *d, const char *name)
{
  for (int k = 0; k < d->nattrs; k++) {
    if (strcmp(d->attr[k], name) == 0) return k;
  }
  return -1;
}

struct vt_sample *vt__dataset_push(struct vt_dataset *d, struct vt_err *e)
{
  if (d->n == d->cap) {
    if (d->n >= VT__MAX_SAMPLES) {
      vt_fail(e, VT_ELIMIT, "more than %d samples in a data set", VT__MAX_SAMPLES);
      return NULL;
    }
    int64_t cap = d->cap ? 2 * d->cap : 1024;
    struct vt_sample *v = vt_reallocarray(d->v, (size_t)cap, sizeof *v);
    if (!v) {
      vt_fail(e, VT_ENOMEM, "out of memory for %lld samples", (long long)cap);
      return NULL;
    }
    d->v = v;
    d->cap = cap;
  }
  struct vt_sample *s = &d->v[d->n++];
  memset(s, 0, sizeof *s);
  s->group = -1;
  s->instance = -1;
  s->split = VT_SPLIT_NONE;
  for (size_t k = 0; k < VT_COUNT(s->attr); k++) s->attr[k] = -1;
  return s;
}

int vt__split_parse(enum vt_split *out, const char *word, const char *where, int64_t line, struct vt_err *e)
{
  static const char *const words[] = {"train", "val", "test", ""};
  for (size_t i = 0; i < VT_COUNT(words); i++) {
    if (strcmp(word, words[i]) == 0) {
      *out = (enum vt_split)i;
      return 0;
    }
  }
  return vt_fail(e, VT_EFORMAT, "%s: line %lld: split must be train, val or test, not '%.40s'", where,
                 (long long)line, word);
}

int vt__column_add(struct vt__column *c, struct vt_dataset *d, const char *word, struct vt_err *e)
{
  if (c->n == c->cap) {
    int64_t cap = c->cap ? 2 * c->cap : 1024;
    const char **w = vt_reallocarray(c->word, (size_t)cap, sizeof *w);
    if (!w) return vt_fail(e, VT_ENOMEM, "out of memory for %lld words", (long long)cap);
    c->word = w;
    c->cap = cap;
  }
  const char *kept = NULL;
  /* Columns repeat their words: the last few rows often hold the very word. */
  for (int64_t i = c->n - 1; i >= 0 && i >= c->n - 16 && !kept; i--) {
    if (c->word[i] && strcmp(c->word[i], word) == 0) kept = c->word[i];
  }
  if (!kept) kept = vt_arena_strdup(&d->arena, word);
  if (!kept) return vt_fail(e, VT_ENOMEM, "out of memory");
  c->word[c->n++] = kept;
  return 0;
}

void vt__column_clear(struct vt__column *c)
{
  vt_free(c->word);
  memset(c, 0, sizeof *c);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A word's class; names[0..nold) are in any order, names[nold..n) sorted. -1 if absent. */
static int class_of(const char *const *names, int nold, int n, const char *word)
{
  for (int i = 0; i < nold; i++) {
    if (strcmp(names[i], word) == 0) return i;
  }
  if (n == nold) return -1;
  const char *const *hit = bsearch(&word, names + nold, (size_t)(n - nold), sizeof *names, by_name);
  return hit ? (int)(hit - names) : -1;
}

static int new_attr(struct vt_dataset *d, const char *name, struct vt_err *e)
{
  if (d->nattrs == (int)VT_COUNT(d->attr)) {
    return vt_fail(e, VT_ELIMIT, "attribute '%s': a data set has at most %d", name, d->nattrs);
  }
  d->attr[d->nattrs] = vt_arena_strdup(&d->arena, name);
  if (!d->attr[d->nattrs]) return vt_fail(e, VT_ENOMEM, "out of memory");
  d->nclasses[d->nattrs] = 0;
  d->classes[d->nattrs] = NULL;
  return d->nattrs++;
}

int vt__column_number(const struct vt__column *c, struct vt_dataset *d, const char *name, int32_t *number,
                      struct vt_err *e)
{
  int k = vt_dataset_attr(d, name), rc = 0;
  if (k < 0 && (k = new_attr(d, name, e)) < 0) return k;
  int nold = d->nclasses[k], n = nold;
  const char **sorted = vt_calloc((size_t)c->n + 1, sizeof *sorted), **names = NULL;
  if (!sorted) return vt_fail(e, VT_ENOMEM, "attribute '%s': out of memory", name);
  memcpy(sorted, c->word, (size_t)c->n * sizeof *sorted);
  if (c->n) qsort(sorted, (size_t)c->n, sizeof *sorted, by_name);
  int64_t distinct = 0;
  for (int64_t i = 0; i < c->n; i++) {
    if (sorted[i][0] && (distinct == 0 || strcmp(sorted[distinct - 1], sorted[i]) != 0))
      sorted[distinct++] = sorted[i];
  }
  if (distinct + nold > VT__MAX_CLASSES) {
    rc = vt_fail(e, VT_ELIMIT, "attribute '%s': more than %d classes", name, VT__MAX_CLASSES);
    goto out;
  }
  names = vt_reallocarray(d->classes[k], (size_t)(nold + distinct + 1), sizeof *names);
  if (!names) {
    rc = vt_fail(e, VT_ENOMEM, "attribute '%s': out of memory", name);
    goto out;
  }
  d->classes[k] = names;
  for (int64_t i = 0; i < distinct; i++) {
    if (class_of(names, nold, nold, sorted[i]) < 0) names[n++] = sorted[i];
  }
  d->nclasses[k] = n;
  for (int64_t i = 0; i < c->n; i++) number[i] = c->word[i][0] ? class_of(names, nold, n, c->word[i]) : -1;
  rc = k;
out:
  vt_free(sorted);
  return rc;
}

int vt__column_finish(const struct vt__column *c, struct vt_dataset *d, const char *name, int64_t first,
                      struct vt_err *e)
{
  int32_t *number = vt_calloc((size_t)c->n + 1, sizeof *number);
  if (!number) return vt_fail(e, VT_ENOMEM, "attribute '%s': out of memory", name);
  int k = vt__column_number(c, d, name, number, e);
  for (int64_t i = 0; i < c->n && k >= 0; i++) d->v[first + i].attr[k] = number[i];
  vt_free(number);
  return k;
}

void vt_sample_map_labels(const struct vt_dataset *d, const struct vt_sample *s, struct vt_image *labels)
{
  if (s->source != VT_SOURCE_SYNTH) vt_taxonomy_map_labels(&d->taxonomy, labels);
}
