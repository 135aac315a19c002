/* Hash table from 64-bit keys to positions: open addressing, linear probing, at most half full. Keys may
 * stand for longer things (names); then `same` looks at the thing itself. */
#include "data/labels_map.h"

struct vt__map {
  uint64_t *key;
  int32_t *value; /* -1 = free */
  size_t size, used;
};

int vt__map_new(struct vt__map **out)
{
  struct vt__map *m = vt_calloc(1, sizeof *m);
  *out = m;
  return m ? 0 : VT_ENOMEM;
}

void vt__map_free(struct vt__map *m)
{
  if (!m) return;
  vt_free(m->key);
  vt_free(m->value);
  vt_free(m);
}

static size_t home(const struct vt__map *m, uint64_t key)
{
  key ^= key >> 32; /* the finaliser of MurmurHash3 (Appleby) mixes better than ids do by themselves */
  key *= 0xff51afd7ed558ccdu;
  key ^= key >> 33;
  return (size_t)key & (m->size - 1);
}

int32_t vt__map_find(const struct vt__map *m, uint64_t key, vt__same_fn *same, const struct vt_labels *l,
                     const void *what)
{
  if (!m->size) return -1;
  for (size_t i = home(m, key); m->value[i] >= 0; i = (i + 1) & (m->size - 1)) {
    if (m->key[i] == key && (!same || same(l, m->value[i], what))) return m->value[i];
  }
  return -1;
}

static void put(struct vt__map *m, uint64_t key, int32_t value)
{
  size_t i = home(m, key);
  while (m->value[i] >= 0) i = (i + 1) & (m->size - 1);
  m->key[i] = key;
  m->value[i] = value;
}

int vt__map_put(struct vt__map *m, uint64_t key, int32_t value)
{
  if (2 * (m->used + 1) > m->size) {
    struct vt__map big = {.size = m->size ? 2 * m->size : 64};
    big.key = vt_reallocarray(NULL, big.size, sizeof *big.key);
    big.value = vt_reallocarray(NULL, big.size, sizeof *big.value);
    if (!big.key || !big.value) {
      vt_free(big.key);
      vt_free(big.value);
      return VT_ENOMEM;
    }
    for (size_t i = 0; i < big.size; i++) big.value[i] = -1;
    for (size_t i = 0; i < m->size; i++)
      if (m->value[i] >= 0) put(&big, m->key[i], m->value[i]);
    vt_free(m->key);
    vt_free(m->value);
    big.used = m->used;
    *m = big;
  }
  put(m, key, value);
  m->used++;
  return 0;
}
