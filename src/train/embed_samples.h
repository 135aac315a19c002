/* The samples of the embedding task: small pictures in memory with their labels, and the choice of an epoch's
 * anchors, partners and negatives. Private to train/. */
#ifndef VT_TRAIN_EMBED_SAMPLES_H
#define VT_TRAIN_EMBED_SAMPLES_H

#include "train/train.h"

enum { VT__MAX_HEADS = 8, VT__NSOURCES = VT_SOURCE_SYNTH + 1 };

struct vt__embed_sample {
  struct vt_image im;       /* RGB, as the network should see it but for size */
  int group;                /* -1 unknown */
  int label[VT__MAX_HEADS]; /* class for each head, -1 unknown */
  int64_t code;             /* of the key: 0 .. ncodes - 1 for train samples, else -1 */
  int64_t key; /* samples of one key are positives of each other; -1: no part in the triplet loss */
  enum vt_source source;
  bool studio, held; /* drawn studio picture; held out for validation */
};
struct vt__embed_samples {
  int64_t n;
  struct vt__embed_sample *v;
  int64_t *by_key,
      *by_group; /* (n) train samples sorted by key; products and studio pictures sorted by group */
  int64_t nkey, ngroup, ncodes;
  int64_t *of_source[VT__NSOURCES], nsource[VT__NSOURCES]; /* anchors: train samples of a source */
};
struct vt__embed_sources {
  const char *data_dir, *synth; /* synth NULL: none */
  const char *found;            /* label maps found in the drawn photos, ID.png; NULL: none */
  double aspect;                /* of the network's input, w / h */
  int side;                     /* height of the pictures kept */
  int hold_out;
  double shuffle_labels; /* share of each source's train samples whose labels change places */
  uint64_t seed;
  int nheads;
  const char *head[VT__MAX_HEADS]; /* attribute names */
};
/* Reads products (both sizes), clothing, CCP garments (masked, on white) and the drawn set, train split only.
 * `data` is initialised and filled; it keeps class names. With `found`, sample n + i is row i of the n rows
 * of `data` as the found masks show it. */
int vt__embed_samples_read(struct vt__embed_samples *s, struct vt_dataset *data,
                           const struct vt__embed_sources *o, struct vt_err *e);
void vt__embed_samples_clear(struct vt__embed_samples *s);
/* A random positive of sample i (same key, else same group), i itself if there is none. */
int64_t vt__embed_partner(const struct vt__embed_samples *s, int64_t i, struct vt_rng *rng);

#endif
