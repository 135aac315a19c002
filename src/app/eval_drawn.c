/* Drawn data: a fresh catalogue and photos by a seed that no training used; the share of worn garments whose
 * product is among the first five matches.
 *
 * The photo's way is the search's own: segmentation -> items -> vectors -> matches within the item's group.
 * The same is measured with the true masks, which tells whose fault a miss is. Garments that cover less than
 * min_share of their photo are not counted. */
#include "app/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { K = 5 };
static const size_t cache_bytes = (size_t)200 << 20;

struct drawn {
  struct vt_dataset d;                              /* products, then garments in order of photos */
  int64_t *product, nproducts, *garment, ngarments; /* sample numbers */
  struct vt_embedder *x;
  struct vt_segmenter *s;
  struct vt_index *index; /* ids: positions in product */
  struct vt_item_rules rules;
  struct vt_confusion pixels;
  struct vt_means true_masks, found, search;
};

/* Whether the product of garment g is among the first K of its group for vector q. */
static int hit(const struct drawn *t, const struct vt_sample *g, const float *q, double *value,
               struct vt_err *e)
{
  struct vt_filter_rows filter = {.groups = UINT64_C(1) << g->group};
  struct vt_hit hits[K];
  int count, rc = vt_index_search(t->index, 1, q, K, &filter, hits, &count, e);
  *value = 0;
  for (int k = 0; k < count && rc >= 0; k++) {
    if (t->d.v[t->product[hits[k].id]].instance == g->instance) *value = 1;
  }
  return rc;
}

static int with_true_masks(struct drawn *t, int batch, struct vt_err *e)
{
  struct vt_measure_set set = {&t->d, t->garment, NULL};
  float *q = NULL; // (garments, D)
  int rc = vt_image_cache_new(&set.cache, cache_bytes, e);
  if (rc < 0) return rc;
  rc = vt_measure_embed(t->x, t->ngarments, batch, vt_measure_garment, &set, "true masks", &q, e);
  for (int64_t i = 0; i < t->ngarments && rc >= 0; i++) {
    const struct vt_sample *g = &t->d.v[t->garment[i]];
    double value;
    rc = hit(t, g, q + i * vt_embedder_dim(t->x), &value, e);
    vt_means_add(&t->true_masks, g->group, value);
  }
  vt_image_cache_free(set.cache);
  vt_free(q);
  return rc;
}

/* Vectors of a photo's items: (n, D). */
static int embed_items(const struct drawn *t, const struct vt_image *photo, const struct vt_items *items,
                       float **out, struct vt_err *e)
{
  const struct vt_preprocess *p = vt_embedder_preprocess(t->x);
  size_t pixels = 3 * (size_t)p->width * (size_t)p->height;
  float *in = vt_calloc((size_t)items->n + 1, sizeof *in * pixels); // (n, 3, H, W)
  float *v = vt_calloc((size_t)items->n + 1, sizeof *v * (size_t)vt_embedder_dim(t->x));
  int rc = in && v ? 0 : vt_fail(e, VT_ENOMEM, "items: out of memory");
  for (int i = 0; i < items->n && rc >= 0; i++) {
    rc = vt_embedder_prepare(t->x, photo, NULL, &items->v[i].mask, in + (size_t)i * pixels, e);
  }
  if (rc >= 0) rc = vt_embedder_run(t->x, in, items->n, v, NULL, e);
  vt_free(in);
  if (rc < 0) vt_free(v);
  *out = rc < 0 ? NULL : v;
  return rc;
}

static int count_pixels(struct drawn *t, const struct vt_sample *s, const struct vt_image *photo,
                        const uint8_t *labels, struct vt_err *e)
{
  struct vt_image truth;
  int rc = vt_image_read(&truth, s->label_map, &(struct vt_decode_opts){.labels = true}, NULL, e);
  if (rc < 0) return rc;
  vt_sample_map_labels(&t->d, s, &truth);
  if (truth.width != photo->width || truth.height != photo->height) {
    rc = vt_fail(e, VT_ESHAPE, "%s: not of its photo's size", s->label_map);
  }
  for (int y = 0; y < truth.height && rc >= 0; y++) {
    rc = vt_confusion_add(&t->pixels, truth.px + y * truth.stride, labels + (int64_t)y * truth.width,
                          truth.width, VT_IGNORE, e);
  }
  vt_image_clear(&truth);
  return rc;
}

/* Searches one photo and judges its n garments. */
static int search_photo(struct drawn *t, const int64_t *garment, int64_t n, struct vt_err *e)
{
  const struct vt_sample *first = &t->d.v[garment[0]];
  struct vt_image photo;
  struct vt_items items = {0};
  uint8_t *labels = NULL, *prob; // (H, W) each
  float *q = NULL;
  int rc = vt_image_read(&photo, first->image, NULL, NULL, e);
  if (rc < 0) return rc;
  size_t area = (size_t)photo.width * (size_t)photo.height;
  if (!(labels = vt_malloc(2 * area))) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", first->image);
    goto out;
  }
  prob = labels + area;
  if ((rc = vt_segmenter_run(t->s, &photo, labels, prob, e)) < 0) goto out;
  if ((rc = count_pixels(t, first, &photo, labels, e)) < 0) goto out;
  if ((rc = vt_items_from_labels(&items, labels, prob, photo.width, photo.height, &t->rules, e)) < 0)
    goto out;
  if ((rc = embed_items(t, &photo, &items, &q, e)) < 0) goto out;
  for (int64_t i = 0; i < n && rc >= 0; i++) {
    const struct vt_sample *g = &t->d.v[garment[i]];
    double value = 0;
    int k = 0;
    while (k < items.n && items.v[k].group != g->group) k++;
    if (k < items.n) rc = hit(t, g, q + (int64_t)k * vt_embedder_dim(t->x), &value, e);
    vt_means_add(&t->found, g->group, k < items.n);
    vt_means_add(&t->search, g->group, value);
  }
out:
  vt_items_clear(&items);
  vt_free(labels);
  vt_free(q);
  vt_image_clear(&photo);
  return rc;
}

static int with_search(struct drawn *t, struct vt_err *e)
{
  struct vt_progress bar;
  int rc = 0;
  vt_progress_start(&bar, "search", "garments", t->ngarments);
  for (int64_t i = 0, j; i < t->ngarments && rc >= 0; i = j) {
    const char *image = t->d.v[t->garment[i]].image;
    for (j = i + 1; j < t->ngarments && strcmp(t->d.v[t->garment[j]].image, image) == 0;) j++;
    rc = vt_interrupted() ? vt_fail(e, VT_EINTERRUPTED, "interrupted")
                          : search_photo(t, t->garment + i, j - i, e);
    vt_progress_add(&bar, j - i);
  }
  vt_progress_end(&bar);
  return rc;
}

static int open_models(struct drawn *t, struct vt_cli *cli, const struct vt_measure_opts *o, struct vt_err *e)
{
  const char *path = vt_find_model(cli, o->models, "segment.onnx", e);
  struct vt_model_opts m = {.precision = (enum vt_precision)o->precision};
  int rc = path ? vt_segmenter_open(&t->s, vt_registry_default(), path, &m, e) : VT_ENOENT;
  if (rc < 0 || (rc = vt_measure_open_embedder(&t->x, cli, o, e)) < 0) return rc;
  const struct vt_taxonomy *tax = &t->d.taxonomy;
  if (vt_segmenter_nlabels(t->s) != tax->ngroups) {
    return vt_fail(e, VT_ESHAPE, "%s has %d classes, the taxonomy %d groups", path,
                   vt_segmenter_nlabels(t->s), tax->ngroups);
  }
  t->rules =
      (struct vt_item_rules){.min_share = 0.0008, .min_piece = 0.08, .garments = vt_taxonomy_garments(tax)};
  return vt_confusion_init(&t->pixels, tax->ngroups, e);
}

/* Draws into the folder, reads it, embeds the catalogue. */
static int prepare(struct drawn *t, const struct vt_drawn_opts *o, const char *folder, int batch,
                   struct vt_err *e)
{
  struct vt_synth_opts draw = {
      .out = folder, .products = o->products, .photos = o->photos, .seed = (uint64_t)o->seed};
  float *v = NULL; // (products, D)
  int rc = vt_synth_write(&draw, e);
  if (rc < 0 || (rc = vt_read_synth(&t->d, folder, true, e)) < 0) return rc;
  t->product = vt_calloc((size_t)t->d.n + 1, sizeof *t->product);
  t->garment = vt_calloc((size_t)t->d.n + 1, sizeof *t->garment);
  if (!t->product || !t->garment) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < t->d.n; i++) {
    const struct vt_sample *s = &t->d.v[i];
    if (!s->region) t->product[t->nproducts++] = i;
    if (s->region && s->share >= o->min_share) t->garment[t->ngarments++] = i;
  }
  struct vt_measure_set set = {&t->d, t->product, NULL};
  rc = vt_measure_embed(t->x, t->nproducts, batch, vt_measure_whole, &set, "catalogue", &v, e);
  if (rc >= 0) rc = vt_measure_index(&t->index, &set, t->nproducts, vt_embedder_dim(t->x), v, e);
  vt_free(v);
  return rc;
}

static int report(const struct drawn *t, const struct vt_drawn_opts *o, int64_t rounds, struct vt_figures *f,
                  struct vt_err *e)
{
  int rc;
  vt_figures_add(f, "seed", (double)o->seed);
  vt_figures_add(f, "products", (double)t->nproducts);
  vt_figures_add(f, "garments", (double)t->ngarments);
  if ((rc = vt_figures_mean(f, "recall_at_5", &t->search, rounds, e))) return rc;
  if ((rc = vt_figures_mean(f, "recall_at_5_true_masks", &t->true_masks, rounds, e))) return rc;
  if ((rc = vt_figures_mean(f, "garments_found", &t->found, rounds, e))) return rc;
  vt_figures_add(f, "mean_iou", vt_confusion_mean_iou(&t->pixels));
  for (int g = 0; g < t->d.taxonomy.ngroups; g++) {
    const char *name = t->d.taxonomy.group[g];
    if (!t->search.count[g]) continue;
    vt_figures_addf(f, vt_means_of(&t->search, g), "recall_at_5_%s", name);
    vt_figures_addf(f, vt_means_of(&t->true_masks, g), "recall_at_5_true_masks_%s", name);
  }
  return 0;
}

static int remove_file(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  unlink(path); /* what stays is seen by rmdir */
  return 0;
}

static void remove_folder(struct vt_cli *cli, const char *folder)
{
  static const char *const parts[] = {"products", "photos", "masks"};
  vt_walk(folder, remove_file, NULL, NULL);
  for (size_t i = 0; i < VT_COUNT(parts); i++) {
    const char *part = vt_path_join(&cli->arena, folder, parts[i]);
    if (part) rmdir(part);
  }
  if (rmdir(folder)) vt_log(VT_LOG_WARN, "%s could not be removed", folder);
}

int vt_eval_drawn(struct vt_cli *cli, const struct vt_measure_opts *o, const struct vt_drawn_opts *drawn,
                  struct vt_figures *f, struct vt_err *e)
{
  const char *tmp = getenv("TMPDIR");
  char *own = vt_arena_printf(&cli->arena, "%s/vitrine-drawn-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  struct drawn *t = vt_calloc(1, sizeof *t);
  int rc;
  if (!own || !t) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  t->search.keep = t->true_masks.keep = t->found.keep = o->bootstrap > 0;
  if ((rc = vt_dataset_init(&t->d, e)) < 0 || (rc = open_models(t, cli, o, e)) < 0) goto out;
  if (!drawn->out && !mkdtemp(own)) {
    rc = vt_fail_errno(e, own);
    goto out;
  }
  rc = prepare(t, drawn, drawn->out ? drawn->out : own, (int)o->batch, e);
  if (rc >= 0) rc = with_true_masks(t, (int)o->batch, e);
  if (rc >= 0) rc = with_search(t, e);
  if (rc >= 0) rc = report(t, drawn, o->bootstrap, f, e);
  if (!drawn->out) remove_folder(cli, own);
out:
  if (t) {
    vt_means_clear(&t->search);
    vt_means_clear(&t->true_masks);
    vt_means_clear(&t->found);
    vt_confusion_clear(&t->pixels);
    vt_index_free(t->index);
    vt_embedder_free(t->x);
    vt_segmenter_free(t->s);
    vt_dataset_clear(&t->d);
    vt_free(t->product);
    vt_free(t->garment);
  }
  vt_free(t);
  return rc;
}
