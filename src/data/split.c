/* Splits of pictures. Units (pictures, or groups of them that must stay together) are shuffled, then given
 * out one by one, the largest first, to the part that lacks most of its share; the last ones to parts that
 * would stay empty. Stratified: by iterative stratification (Sechidis, Tsoumakas, Vlahavas, "On the
 * Stratification of Multi-label Data", 2011): the class with fewest units left goes first, each of its units
 * to the part that lacks most of that class, then most pictures, then by lot. */
#include "data/data.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PARTS = 64 };

struct unit {
  int32_t first, n; /* pictures, in `member` */
  int64_t from, to; /* its classes, each once, in `classes` */
  int part;         /* -1: not given out */
};
struct splitter {
  struct vt_labels *l;
  int parts;
  double share[MAX_PARTS];
  int32_t nunits, *member, *root; // (pictures)
  struct unit *unit;
  int32_t *classes;         // class numbers of all units
  double *lacks;            // (parts, classes): units of a class still wanted
  double wanted[MAX_PARTS]; /* pictures still wanted */
  bool filled[MAX_PARTS];   /* it has a picture, or wants none */
  int64_t *left;            // (classes): units not given out
  int32_t units_left;
  struct vt_rng rng;
};

static int32_t find(int32_t *root, int32_t i)
{
  while (root[i] != i) i = root[i] = root[root[i]];
  return i;
}

static void join(int32_t *root, int32_t a, int32_t b)
{
  a = find(root, a);
  b = find(root, b);
  root[VT_MAX(a, b)] = VT_MIN(a, b);
}

struct keyed {
  int64_t key;
  int32_t image; /* or a unit's place */
};

static int by_key(const void *a, const void *b)
{
  const struct keyed *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return x->image < y->image ? -1 : x->image > y->image;
}

/* Pictures of equal numbers >= 0. */
static int join_equal(struct splitter *s, const int64_t *group, struct vt_err *e)
{
  const int32_t n = s->l->nimages;
  struct keyed *k = group ? vt_calloc((size_t)n + 1, sizeof *k) : NULL;
  if (!k) return group ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  for (int32_t i = 0; i < n; i++) k[i] = (struct keyed){group[i], i};
  qsort(k, (size_t)n, sizeof *k, by_key);
  for (int32_t i = 1; i < n; i++)
    if (k[i].key >= 0 && k[i].key == k[i - 1].key) join(s->root, k[i].image, k[i - 1].image);
  vt_free(k);
  return 0;
}

/* Pictures that show one product, or are a pair: where the set knows, they never part. */
static int join_products(struct splitter *s, struct vt_err *e)
{
  const struct vt_labels *l = s->l;
  int32_t *last = vt_calloc((size_t)l->products.n + 1, sizeof *last); /* a picture of the product, + 1 */
  int64_t *pair = vt_calloc((size_t)l->nimages + 1, sizeof *pair);
  int rc = last && pair ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < l->n && !rc; i++) {
    const struct vt_instance *in = &l->v[i];
    if (in->product < 0) continue;
    if (last[in->product]) join(s->root, last[in->product] - 1, in->image);
    last[in->product] = in->image + 1;
  }
  for (int32_t i = 0; i < l->nimages && !rc; i++) pair[i] = l->image[i].pair ? l->image[i].pair : -1;
  if (!rc) rc = join_equal(s, pair, e);
  vt_free(last);
  vt_free(pair);
  return rc;
}

static int join_groups(struct splitter *s, const struct vt_split_opts *o, struct vt_err *e)
{
  const struct vt_labels *l = s->l;
  int32_t *last = vt_calloc((size_t)l->classes.n + 1, sizeof *last); /* a picture of the class, + 1 */
  int rc = last ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < l->n && o->group_by_class && !rc; i++) {
    const struct vt_instance *in = &l->v[i];
    if (last[in->cls]) join(s->root, last[in->cls] - 1, in->image);
    last[in->cls] = in->image + 1;
  }
  if (!rc) rc = join_products(s, e);
  if (!rc) rc = join_equal(s, o->group, e);
  if (!rc) rc = join_equal(s, o->near, e);
  vt_free(last);
  return rc;
}

/* Pictures of one unit stand together in `member`; the classes of each unit are listed once each. */
static int make_units(struct splitter *s, struct vt_err *e)
{
  const struct vt_labels *l = s->l;
  int64_t *order = vt_labels_by_image(l, e), *start = vt_calloc((size_t)l->nimages + 2, sizeof *start), n = 0;
  struct keyed *k = vt_calloc((size_t)l->nimages + 1, sizeof *k);
  int32_t *seen = vt_calloc((size_t)l->classes.n + 1, sizeof *seen);
  s->unit = vt_calloc((size_t)l->nimages + 1, sizeof *s->unit);
  s->member = vt_calloc((size_t)l->nimages + 1, sizeof *s->member);
  s->classes = vt_calloc((size_t)l->n + 1, sizeof *s->classes);
  int rc = order && start && k && seen && s->unit && s->member && s->classes
               ? 0
               : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < l->n && !rc; i++) start[l->v[i].image + 1]++;
  for (int32_t i = 0; i < l->nimages && !rc; i++) {
    start[i + 1] += start[i];
    k[i] = (struct keyed){find(s->root, i), i};
  }
  if (!rc) qsort(k, (size_t)l->nimages, sizeof *k, by_key);
  for (int32_t i = 0; i < l->nimages && !rc; i++) {
    s->member[i] = k[i].image;
    if (!i || k[i].key != k[i - 1].key)
      s->unit[s->nunits++] = (struct unit){.first = i, .from = n, .part = -1};
    struct unit *u = &s->unit[s->nunits - 1];
    u->n++;
    for (int64_t j = start[k[i].image]; j < start[k[i].image + 1]; j++) {
      int32_t cls = l->v[order[j]].cls;
      if (seen[cls] == s->nunits) continue;
      seen[cls] = s->nunits;
      s->classes[n++] = cls;
    }
    u->to = n;
  }
  vt_free(order);
  vt_free(start);
  vt_free(k);
  vt_free(seen);
  return rc;
}

static void give(struct splitter *s, struct unit *u, int part)
{
  u->part = part;
  s->wanted[part] -= u->n;
  s->filled[part] = true;
  s->units_left--;
  for (int64_t i = u->from; i < u->to; i++) {
    s->lacks[(int64_t)part * s->l->classes.n + s->classes[i]]--;
    s->left[s->classes[i]]--;
  }
  for (int32_t k = 0; k < u->n; k++)
    s->l->image[s->member[u->first + k]].split = (uint8_t)part; /* a fold's number until it is known */
}

/* The part that lacks most of the class (-1: of pictures); ties by pictures, then by lot. */
static int neediest(struct splitter *s, int32_t cls)
{
  int best = -1, ties = 0, empty = 0;
  double top = 0, pictures = 0;
  for (int p = 0; p < s->parts; p++) empty += !s->filled[p];
  for (int p = 0; p < s->parts; p++) {
    if (s->share[p] <= 0 || (s->filled[p] && empty >= s->units_left)) continue;
    double need = cls < 0 ? 0 : s->lacks[(int64_t)p * s->l->classes.n + cls], w = s->wanted[p];
    bool more = best < 0 || need > top + 1e-9 || (need > top - 1e-9 && w > pictures + 1e-9);
    bool tie = !more && need > top - 1e-9 && w > pictures - 1e-9;
    if (tie && vt_rng_below(&s->rng, (uint32_t)++ties + 1)) continue;
    if (!more && !tie) continue;
    if (more) ties = 0;
    best = p;
    top = need;
    pictures = w;
  }
  return best;
}

static int32_t rarest(const struct splitter *s)
{
  int32_t best = -1;
  for (int32_t c = 0; c < s->l->classes.n; c++)
    if (s->left[c] > 0 && (best < 0 || s->left[c] < s->left[best])) best = c;
  return best;
}

/* Units in the order in which they are given out: by lot, then the largest first. */
static int64_t *order_units(struct splitter *s, struct vt_err *e)
{
  int64_t *order = vt_calloc((size_t)s->nunits + 1, sizeof *order),
          *lot = vt_calloc((size_t)s->nunits + 1, sizeof *lot);
  struct keyed *k = vt_calloc((size_t)s->nunits + 1, sizeof *k);
  if (order && lot && k) {
    for (int32_t i = 0; i < s->nunits; i++) lot[i] = i;
    vt_rng_shuffle(&s->rng, lot, s->nunits);
    for (int32_t i = 0; i < s->nunits; i++) k[i] = (struct keyed){-s->unit[lot[i]].n, i};
    qsort(k, (size_t)s->nunits, sizeof *k, by_key);
    for (int32_t i = 0; i < s->nunits; i++) order[i] = lot[k[i].image];
  } else {
    vt_fail(e, VT_ENOMEM, "out of memory");
    vt_free(order);
    order = NULL;
  }
  vt_free(lot);
  vt_free(k);
  return order;
}

static int give_out(struct splitter *s, bool stratified, struct vt_err *e)
{
  int64_t *order = order_units(s, e);
  if (!order) return VT_ENOMEM;
  s->units_left = s->nunits;
  for (int32_t cls; stratified && (cls = rarest(s)) >= 0;)
    for (int32_t i = 0; i < s->nunits; i++) {
      struct unit *u = &s->unit[order[i]];
      bool has = false;
      for (int64_t k = u->from; k < u->to && u->part < 0; k++) has = has || s->classes[k] == cls;
      if (has) give(s, u, neediest(s, cls));
    }
  for (int32_t i = 0; i < s->nunits; i++)
    if (s->unit[order[i]].part < 0) give(s, &s->unit[order[i]], neediest(s, -1));
  vt_free(order);
  return 0;
}

static int set_shares(struct splitter *s, const struct vt_split_opts *o, struct vt_err *e)
{
  double sum = 0;
  s->parts = o->folds > 1 ? o->folds : 3;
  if (o->folds > MAX_PARTS || (o->folds > 1 && (o->fold < 0 || o->fold >= o->folds)))
    return vt_fail(e, VT_EARG, "fold %d of %d; at most %d folds, counted from 0", o->fold, o->folds,
                   MAX_PARTS);
  for (int p = 0; p < s->parts; p++) {
    s->share[p] = o->folds > 1 ? 1 : o->share[p];
    if (!(s->share[p] >= 0 && s->share[p] < 1e9)) return vt_fail(e, VT_EARG, "share %g", s->share[p]);
    sum += s->share[p];
  }
  if (!(sum > 0)) return vt_fail(e, VT_EARG, "all shares are 0");
  for (int p = 0; p < s->parts; p++) {
    s->share[p] /= sum;
    s->filled[p] = s->share[p] <= 0;
    s->wanted[p] = s->share[p] * s->l->nimages;
    for (int32_t c = 0; c < s->l->classes.n; c++)
      s->lacks[(int64_t)p * s->l->classes.n + c] = s->share[p] * (double)s->left[c];
  }
  return 0;
}

int vt_labels_split(struct vt_labels *l, const struct vt_split_opts *o, struct vt_err *e)
{
  struct splitter s = {.l = l};
  vt_rng_init(&s.rng, o->seed, 0, 0);
  s.root = vt_calloc((size_t)l->nimages + 1, sizeof *s.root);
  s.left = vt_calloc((size_t)l->classes.n + 1, sizeof *s.left);
  s.lacks = vt_calloc((size_t)l->classes.n * MAX_PARTS + 1, sizeof *s.lacks);
  int rc = s.root && s.left && s.lacks ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int32_t i = 0; i < l->nimages && !rc; i++) s.root[i] = i;
  if (!rc) rc = join_groups(&s, o, e);
  if (!rc) rc = make_units(&s, e);
  for (int32_t i = 0; i < s.nunits && !rc; i++)
    for (int64_t k = s.unit[i].from; k < s.unit[i].to; k++) s.left[s.classes[k]]++;
  if (!rc) rc = set_shares(&s, o, e);
  if (!rc) rc = give_out(&s, o->stratified, e);
  for (int32_t i = 0; i < l->nimages && !rc && o->folds > 1; i++)
    l->image[i].split = l->image[i].split == o->fold ? VT_SPLIT_VAL : VT_SPLIT_TRAIN;
  vt_free(s.root);
  vt_free(s.left);
  vt_free(s.lacks);
  vt_free(s.unit);
  vt_free(s.member);
  vt_free(s.classes);
  return rc;
}
