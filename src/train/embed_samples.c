/* Samples of the embedding task: reading, shrinking, sorting by key and group. */
#include "train/embed_samples.h"
#include "train/class_sampler.h"
#include "train/task_util.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Dataset rows begin .. end - 1 share one picture. */
struct run {
  int64_t begin, end;
};

static const double least_found = 0.2; /* least overlap (IoU) of a found garment with the true one */

struct reading {
  struct vt_dataset *data;
  const struct vt__embed_sources *o;
  struct vt__embed_sample *out; /* one for each row, with `found` two */
  const struct run *run;
  struct vt_err err;
  int rc;
};

static int shrink(struct vt__embed_sample *x, const struct vt_image *view, int width, int height,
                  struct vt_err *e)
{
  int rc = vt_image_init(&x->im, width, height, 3, e);
  return rc ? rc : vt_image_resize(&x->im, view, 0, 0, view->width, view->height, VT_BILINEAR, e);
}

/* The photo, or what the mask shows of it (NULL: all), as a small picture. */
static int cut(const struct reading *r, const struct vt_image *photo, const struct vt_mask *mask,
               struct vt__embed_sample *x, struct vt_err *e)
{
  struct vt_image view = {0};
  int height = r->o->side, width = (int)lround(r->o->side * r->o->aspect);
  int rc = vt_item_view(&view, photo, NULL, mask, r->o->aspect, e);
  if (!rc) rc = shrink(x, &view, width, height, e);
  vt_image_clear(&view);
  return rc;
}

/* One row: photo (and label map of groups, for regions) -> the small picture. */
static int read_one(const struct reading *r, const struct vt_sample *s, const struct vt_image *photo,
                    const struct vt_image *map, struct vt__embed_sample *x, struct vt_err *e)
{
  struct vt_mask mask = {0};
  int height = r->o->side, width = (int)lround(r->o->side * r->o->aspect), rc = 0;
  if (s->aspect > 0 || fabs((double)photo->width / photo->height / r->o->aspect - 1) < 0.03) {
    if (photo->height <= height && s->aspect <= 0) return vt_image_copy(&x->im, photo, e);
    if (!s->region) return shrink(x, photo, width, height, e);
  }
  if (s->region) {
    rc = vt_mask_from_labels(&mask, map->px, map->width, map->height, map->stride, (uint8_t)s->region, e);
    if (!rc && !vt_mask_area(&mask))
      rc = vt_fail(e, VT_EFORMAT, "%s: group %d covers nothing", s->label_map, s->region);
  }
  if (!rc) rc = cut(r, photo, s->region ? &mask : NULL, x, e);
  vt_mask_clear(&mask);
  return rc;
}

/* The rows of a drawn photo once more, cut out by the masks that segmentation found in it; a garment of which
 * little was found stays without a picture. */
static int read_found(const struct reading *r, struct run run, const struct vt_image *photo,
                      const struct vt_image *truth, struct vt_err *e)
{
  char path[4096];
  const struct vt_sample *s = &r->data->v[run.begin];
  const struct vt_item_rules rules = {
      .min_share = 0.0008, .min_piece = 0.08, .garments = vt_taxonomy_garments(&r->data->taxonomy)};
  struct vt_image map = {0};
  struct vt_items items = {0};
  if (snprintf(path, sizeof path, "%s/%s", r->o->found, vt_path_base(s->label_map)) >= (int)sizeof path)
    return vt_fail(e, VT_EARG, "found: path too long");
  int rc = vt_image_read(&map, path, &(struct vt_decode_opts){.labels = true}, NULL, e);
  if (!rc && (map.width != photo->width || map.height != photo->height || map.stride != map.width))
    rc = vt_fail(e, VT_ESHAPE, "%s: not of its photo's size", path);
  if (!rc) rc = vt_items_from_labels(&items, map.px, NULL, map.width, map.height, &rules, e);
  for (int64_t k = run.begin; !rc && k < run.end; k++) {
    struct vt_mask mask = {0};
    int i = 0, group = r->data->v[k].region;
    while (i < items.n && items.v[i].group != group) i++;
    if (i == items.n) continue;
    rc = vt_mask_from_labels(&mask, truth->px, truth->width, truth->height, truth->stride, (uint8_t)group, e);
    if (!rc && vt_mask_iou(&items.v[i].mask, &mask, false) >= least_found)
      rc = cut(r, photo, &items.v[i].mask, &r->out[r->data->n + k], e);
    vt_mask_clear(&mask);
  }
  vt_items_clear(&items);
  vt_image_clear(&map);
  return rc;
}

static void read_picture(int64_t i, int worker, void *ctx)
{
  struct reading *r = ctx;
  struct vt_err err = {0};
  struct vt_image photo = {0}, map = {0};
  struct run run = r->run[i];
  const struct vt_sample *s = &r->data->v[run.begin];
  bool regions = false;
  if (__atomic_load_n(&r->rc, __ATOMIC_RELAXED)) return;
  for (int64_t k = run.begin; k < run.end; k++) regions |= r->data->v[k].region > 0;
  int rc = vt_image_read(&photo, s->image, NULL, NULL, &err);
  if (!rc && regions)
    rc = vt_image_read(&map, s->label_map, &(struct vt_decode_opts){.labels = true}, NULL, &err);
  if (!rc && regions && s->source == VT_SOURCE_CCP) vt_taxonomy_map_labels(&r->data->taxonomy, &map);
  for (int64_t k = run.begin; !rc && k < run.end; k++)
    rc = read_one(r, &r->data->v[k], &photo, &map, &r->out[k], &err);
  if (!rc && regions && s->source == VT_SOURCE_SYNTH && r->o->found)
    rc = read_found(r, run, &photo, &map, &err);
  if (rc && !__atomic_exchange_n(&r->rc, rc, __ATOMIC_SEQ_CST)) r->err = err;
  vt_image_clear(&photo);
  vt_image_clear(&map);
}

static int read_pictures(struct vt__embed_samples *s, struct vt_dataset *d, const struct vt__embed_sources *o,
                         struct vt_err *e)
{
  int rc = 0;
  int64_t runs = 0;
  struct vt_pool *pool = NULL;
  struct run *run = vt_calloc((size_t)d->n, sizeof *run);
  if (!run) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int64_t i = 0; i < d->n; i++) {
    const struct vt_sample *x = &d->v[i];
    if (x->split != VT_SPLIT_TRAIN) continue;
    bool joins = runs && run[runs - 1].end == i && x->region && !strcmp(x->image, d->v[i - 1].image);
    if (!joins) run[runs++].begin = i;
    run[runs - 1].end = i + 1;
  }
  struct reading r = {.data = d, .o = o, .out = s->v, .run = run};
  if ((rc = vt_pool_new(&pool, vt_threads(), e))) goto out;
  vt_pool_for(pool, runs, read_picture, &r);
  rc = r.rc;
  if (rc && e) *e = r.err;
out:
  vt_pool_free(pool);
  vt_free(run);
  return rc;
}

/* Classes of the heads, the key and the rest, from a dataset row. Products: positives share article type and
 * colour; drawn garments: the very product. */
static void label(struct vt__embed_sample *x, const struct vt_sample *s, const int *attr,
                  const struct vt__embed_sources *o)
{
  x->group = s->group;
  x->source = s->source;
  x->key = x->code = -1;
  x->held = vt__held_out(s->image, o->hold_out);
  x->studio = s->source == VT_SOURCE_SYNTH && !s->region;
  for (int h = 0; h < o->nheads; h++) x->label[h] = attr[h] < 0 ? -1 : s->attr[attr[h]];
  bool product = s->source == VT_SOURCE_PRODUCTS || s->source == VT_SOURCE_PRODUCTS_LARGE;
  if (s->source == VT_SOURCE_SYNTH && s->instance >= 0) x->key = (1LL << 40) + s->instance;
  if (product && x->label[0] >= 0 && (o->nheads < 2 || x->label[1] >= 0))
    x->key = x->label[0] * 4096LL + (o->nheads > 1 ? x->label[1] : 0);
  if (s->source == VT_SOURCE_SYNTH || s->source == VT_SOURCE_CLOTHING || s->source == VT_SOURCE_CCP)
    for (int h = 0; h < o->nheads; h++) x->label[h] = -1; /* other vocabularies than the products' */
}

static const struct vt__embed_sample *sorting; /* qsort has no context; used on one thread while reading */

static int order_key(const void *a, const void *b)
{
  int64_t i = *(const int64_t *)a, j = *(const int64_t *)b, x = sorting[i].key, y = sorting[j].key;
  return x < y ? -1 : x > y ? 1 : i < j ? -1 : 1;
}

static int order_group(const void *a, const void *b)
{
  int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
  int x = sorting[i].group, y = sorting[j].group;
  return x != y ? x - y : i < j ? -1 : 1;
}

static int sort_samples(struct vt__embed_samples *s, struct vt_err *e)
{
  size_t n = (size_t)VT_MAX(s->n, 1);
  s->by_key = vt_calloc(n, sizeof *s->by_key);
  s->by_group = vt_calloc(n, sizeof *s->by_group);
  bool ok = s->by_key && s->by_group;
  for (int k = 0; k < VT__NSOURCES; k++) ok = (s->of_source[k] = vt_calloc(n, sizeof(int64_t))) && ok;
  if (!ok) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int64_t i = 0; i < s->n; i++) {
    const struct vt__embed_sample *x = &s->v[i];
    if (!x->im.px || x->held) continue;
    bool product = x->source == VT_SOURCE_PRODUCTS || x->source == VT_SOURCE_PRODUCTS_LARGE;
    if (x->key >= 0) s->by_key[s->nkey++] = i;
    if (x->group >= 0 && (product || x->studio)) s->by_group[s->ngroup++] = i;
    if (product || x->group >= 0) s->of_source[x->source][s->nsource[x->source]++] = i;
  }
  sorting = s->v;
  qsort(s->by_key, (size_t)s->nkey, sizeof *s->by_key, order_key);
  for (int64_t k = 0; k < s->nkey; k++) {
    s->ncodes += !k || s->v[s->by_key[k]].key != s->v[s->by_key[k - 1]].key;
    s->v[s->by_key[k]].code = s->ncodes - 1;
  }
  qsort(s->by_group, (size_t)s->ngroup, sizeof *s->by_group, order_group);
  return 0;
}

/* Group, heads and key of some samples of each source change places; pictures stay. */
static int swap_labels(struct vt__embed_samples *s, const struct vt__embed_sources *o, struct vt_err *e)
{
  int64_t *list = vt_calloc((size_t)s->n + 1, sizeof *list);
  struct vt__embed_sample *was = vt_calloc((size_t)s->n + 1, sizeof *was);
  int rc = list && was ? 0 : vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int k = 0; k < VT__NSOURCES && !rc; k++) {
    int32_t *from = NULL;
    int64_t n = 0;
    for (int64_t i = 0; i < s->n; i++)
      if ((int)s->v[i].source == k && s->v[i].im.px && !s->v[i].held) list[n++] = i;
    for (int64_t i = 0; i < n; i++) was[i] = s->v[list[i]];
    rc = vt__swapped_labels(&from, n, o->shuffle_labels, o->seed + (uint64_t)k, e);
    for (int64_t i = 0; i < n && !rc; i++) {
      struct vt__embed_sample *x = &s->v[list[i]];
      x->group = was[from[i]].group;
      x->key = was[from[i]].key;
      memcpy(x->label, was[from[i]].label, sizeof x->label);
    }
    vt_free(from);
  }
  vt_free(list);
  vt_free(was);
  return rc;
}

int vt__embed_samples_read(struct vt__embed_samples *s, struct vt_dataset *d,
                           const struct vt__embed_sources *o, struct vt_err *e)
{
  *s = (struct vt__embed_samples){0};
  const char *products = vt_path_join(&d->arena, o->data_dir, "products"),
             *ccp = vt_path_join(&d->arena, o->data_dir, "ccp"),
             *clothing = vt_path_join(&d->arena, o->data_dir, "clothing");
  if (!products || !ccp || !clothing) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  int rc = vt_read_products(d, products, false, e), attr[VT__MAX_HEADS];
  if (!rc) rc = vt_read_products(d, products, true, e);
  if (!rc) rc = vt_read_clothing(d, clothing, e);
  if (!rc) rc = vt_read_ccp(d, ccp, true, 0.002, e);
  if (!rc && o->synth) rc = vt_read_synth(d, o->synth, true, e);
  if (rc) return rc;
  for (int h = 0; h < o->nheads; h++) {
    attr[h] = vt_dataset_attr(d, o->head[h]);
    if (attr[h] < 0) return vt_fail(e, VT_EARG, "heads: products have no attribute '%s'", o->head[h]);
  }
  int views = o->found ? 2 : 1;
  s->v = vt_calloc((size_t)d->n, (size_t)views * sizeof *s->v);
  if (!s->v) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  s->n = d->n * views;
  for (int64_t i = 0; i < s->n; i++) label(&s->v[i], &d->v[i % d->n], attr, o);
  rc = read_pictures(s, d, o, e);
  if (!rc && o->shuffle_labels > 0) rc = swap_labels(s, o, e);
  return rc ? rc : sort_samples(s, e);
}

void vt__embed_samples_clear(struct vt__embed_samples *s)
{
  for (int64_t i = 0; i < s->n; i++) vt_image_clear(&s->v[i].im);
  vt_free(s->v);
  vt_free(s->by_key);
  vt_free(s->by_group);
  for (int k = 0; k < VT__NSOURCES; k++) vt_free(s->of_source[k]);
  *s = (struct vt__embed_samples){0};
}

/* First position in list[0..n) whose value(list[i]) >= want. */
static int64_t lower_bound(const struct vt__embed_samples *s, const int64_t *list, int64_t n, bool key,
                           int64_t want)
{
  int64_t lo = 0, hi = n;
  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2, v = key ? s->v[list[mid]].key : s->v[list[mid]].group;
    if (v < want)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

int64_t vt__embed_partner(const struct vt__embed_samples *s, int64_t i, struct vt_rng *rng)
{
  const struct vt__embed_sample *x = &s->v[i];
  bool key = x->key >= 0;
  if (!key && x->group < 0) return i;
  const int64_t *list = key ? s->by_key : s->by_group;
  int64_t n = key ? s->nkey : s->ngroup, want = key ? x->key : x->group;
  int64_t lo = lower_bound(s, list, n, key, want), hi = lower_bound(s, list, n, key, want + 1);
  if (hi <= lo) return i;
  int64_t pick = list[lo + vt_rng_below(rng, (uint32_t)(hi - lo))];
  return pick == i && hi - lo > 1 ? list[lo + vt_rng_below(rng, (uint32_t)(hi - lo))] : pick;
}
