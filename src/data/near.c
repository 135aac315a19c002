/* Near-duplicates by perceptual hashes (difference hash: Krawetz, "Kind of Like That", 2013).
 *
 * Search by several indexes (Norouzi, Punjani, Fleet, "Fast Search in Hamming Space with Multi-Index
 * Hashing", 2012): the 128 bits are cut into bits + 1 pieces. Two hashes that differ in at most `bits` places
 * have at least one piece in common, so it is enough to compare with those that share one. Each piece has a
 * table of lists. */
#include "data/near.h"

#include <string.h>

#include "data/each_picture.h"
#include "image/image.h"

enum { MAX_PIECES = VT_NEAR_MAX_BITS + 1, MAX_TABLE_BITS = 16, GRID = 9, MIN_SIDE = 64 };

int vt_picture_hash(struct vt_picture_hash *out, const struct vt_image *im, struct vt_err *e)
{
  struct vt_image small = {0};
  int v[GRID][GRID], rc = vt_image_init(&small, GRID, GRID, im->channels, e);
  if (!rc) rc = vt_image_resize(&small, im, 0, 0, im->width, im->height, VT_BILINEAR, e);
  for (int y = 0; y < GRID && !rc; y++)
    for (int x = 0; x < GRID; x++) {
      const uint8_t *p = small.px + y * small.stride + x * small.channels;
      v[y][x] = small.channels < 3 ? p[0] * 1000 : 299 * p[0] + 587 * p[1] + 114 * p[2];
    }
  vt_image_clear(&small);
  if (rc) return rc;
  *out = (struct vt_picture_hash){0};
  for (int y = 0; y < GRID - 1; y++)
    for (int x = 0; x < GRID - 1; x++) {
      uint64_t bit = (uint64_t)1 << (8 * y + x);
      /* Rises of less than a grey level are noise of compression. */
      if (v[y][x + 1] > v[y][x] + 1000) out->across |= bit;
      if (v[y + 1][x] > v[y][x] + 1000) out->down |= bit;
    }
  return 0;
}

int vt_hash_distance(struct vt_picture_hash a, struct vt_picture_hash b)
{
  return __builtin_popcountll(a.across ^ b.across) + __builtin_popcountll(a.down ^ b.down);
}

struct vt_near {
  const struct vt_picture_hash *hash;
  int32_t n;
  int bits, pieces;
  int first[MAX_PIECES + 1];   /* bit at which each piece begins */
  int32_t *head[MAX_PIECES];   /* by the piece's value: last one put in, -1 none */
  int32_t *before[MAX_PIECES]; // (n): the one before it in the same list
};

/* Bits [from, to) of 128, of which at most the lowest 16 are used. */
static uint32_t piece(struct vt_picture_hash h, int from, int to)
{
  int count = VT_MIN(to - from, MAX_TABLE_BITS);
  uint64_t v = from >= 64 ? h.down >> (from - 64) : h.across >> from;
  if (from < 64 && from + count > 64) v |= h.down << (64 - from);
  return (uint32_t)(v & (((uint64_t)1 << count) - 1));
}

int vt_near_new(struct vt_near **out, const struct vt_picture_hash *hash, int32_t n, int bits,
                struct vt_err *e)
{
  *out = NULL;
  if (bits < 0 || bits > VT_NEAR_MAX_BITS)
    return vt_fail(e, VT_EARG, "%d bits: expected 0 to %d", bits, VT_NEAR_MAX_BITS);
  struct vt_near *x = vt_calloc(1, sizeof *x);
  if (!x) return vt_fail(e, VT_ENOMEM, "out of memory");
  *x = (struct vt_near){.hash = hash, .n = n, .bits = bits, .pieces = bits + 1};
  for (int k = 0; k <= x->pieces; k++) x->first[k] = 128 * k / x->pieces;
  for (int k = 0; k < x->pieces; k++) {
    size_t size = (size_t)1 << VT_MIN(x->first[k + 1] - x->first[k], MAX_TABLE_BITS);
    x->head[k] = vt_malloc(size * sizeof **x->head);
    x->before[k] = vt_calloc((size_t)n + 1, sizeof **x->before);
    if (!x->head[k] || !x->before[k]) {
      vt_near_free(x);
      return vt_fail(e, VT_ENOMEM, "out of memory for %d hashes", (int)n);
    }
    memset(x->head[k], 255, size * sizeof **x->head);
  }
  *out = x;
  return 0;
}

void vt_near_free(struct vt_near *x)
{
  for (int k = 0; x && k < x->pieces; k++) {
    vt_free(x->head[k]);
    vt_free(x->before[k]);
  }
  vt_free(x);
}

void vt_near_put(struct vt_near *x, int32_t i)
{
  for (int k = 0; k < x->pieces; k++) {
    int32_t *head = &x->head[k][piece(x->hash[i], x->first[k], x->first[k + 1])];
    x->before[k][i] = *head;
    *head = i;
  }
}

void vt_near_find(const struct vt_near *x, int32_t i, bool (*each)(int32_t j, int distance, void *ctx),
                  void *ctx)
{
  for (int k = 0; k < x->pieces; k++) {
    int32_t j = x->head[k][piece(x->hash[i], x->first[k], x->first[k + 1])];
    for (; j >= 0; j = x->before[k][j]) {
      int d = vt_hash_distance(x->hash[i], x->hash[j]);
      if (d <= x->bits && !each(j, d, ctx)) return;
    }
  }
}

/* ---- all pictures of a set ---- */

static int hash_one(int64_t i, const char *path, void *ctx, struct vt_err *e)
{
  struct vt_picture_hash *hash = ctx;
  struct vt_image im = {0};
  int rc = vt_image_read(&im, path, &(struct vt_decode_opts){.min_side = MIN_SIDE}, NULL, e);
  if (!rc) rc = vt_picture_hash(&hash[i], &im, e);
  vt_image_clear(&im);
  return rc;
}

int vt_labels_hash(struct vt_picture_hash **out, const struct vt_labels *l, const char *images,
                   const bool *skip, struct vt_err *e)
{
  *out = NULL;
  if (!images)
    return vt_fail(e, VT_EUSAGE, "near-duplicates are found by looking: --images names the folder");
  struct vt_picture_hash *hash = vt_calloc((size_t)l->nimages + 1, sizeof *hash);
  int rc =
      hash ? vt__each_picture(l, images, skip, hash_one, hash, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc)
    vt_free(hash);
  else
    *out = hash;
  return rc;
}

struct joining {
  int64_t *group;
  int32_t i;
  bool same; /* one with this very hash is in already */
};

static int64_t root(int64_t *group, int64_t i)
{
  while (group[i] != i) i = group[i] = group[group[i]];
  return i;
}

static bool join(int32_t j, int distance, void *ctx)
{
  struct joining *t = ctx;
  int64_t a = root(t->group, t->i), b = root(t->group, j);
  t->group[VT_MAX(a, b)] = VT_MIN(a, b);
  t->same = t->same || distance == 0;
  return true;
}

int vt_near_groups(int64_t *group, const struct vt_picture_hash *hash, int32_t n, int bits, struct vt_err *e)
{
  struct vt_near *x;
  int rc = vt_near_new(&x, hash, n, bits, e);
  if (rc) return rc;
  for (int32_t i = 0; i < n; i++) {
    struct joining t = {group, i, false};
    group[i] = i;
    vt_near_find(x, i, join, &t);
    if (!t.same) vt_near_put(x, i); /* else its neighbours are those of its double */
  }
  for (int32_t i = 0; i < n; i++) group[i] = root(group, i);
  vt_near_free(x);
  return 0;
}
