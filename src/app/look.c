/* Looking: opening models and catalogue side by side, then a photo's way through them. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "app/look_internal.h"

const char *const vt_stage_names[VT_NSTAGES] = {"decode", "segment", "items", "embed", "match", "total"};

/* Beyond this shorter side a JPEG is decoded at a half, a quarter or an eighth; masks are scaled back. */
enum { WORK_SIDE = 900 };

/* ---- opening
 * ------------------------------------------------------------------------------------------------- */

struct opening {
  struct vt_look *look;
  int rc;
  struct vt_err err;
};

static void *open_embedder(void *arg)
{
  struct opening *o = arg;
  struct vt_look *l = o->look;
  struct vt_model_opts model = l->opts.model;
  model.batch = VT__EMBED_BATCH;
  o->rc = vt_embedder_open(&l->embedder, l->registry, l->opts.embedder, &model, &o->err);
  return NULL;
}

/* One run on nothing: the embedder compiles its program now, beside the segmenter's, and not after it. A
 * failure shows again when the first photo is embedded. */
static void *warm_embedder(void *arg)
{
  struct vt_look *l = arg;
  const struct vt_preprocess *p = vt_embedder_preprocess(l->embedder);
  float *in = vt_calloc((size_t)VT__EMBED_BATCH * 3 * (size_t)p->width * (size_t)p->height, sizeof *in);
  float *out = vt_calloc(VT__EMBED_BATCH, (size_t)vt_embedder_dim(l->embedder) * sizeof *out);
  if (in && out) vt_embedder_run(l->embedder, in, VT__EMBED_BATCH, out, NULL, NULL);
  vt_free(in);
  vt_free(out);
  return NULL;
}

/* Row bitmap of the products that pass the filter. */
static int make_filter(struct vt_look *l, struct vt_err *e)
{
  uint64_t *products;
  int64_t nbits, n = l->vectors.n;
  int rc = vt_catalog_filter(l->catalog, l->opts.nterms, l->opts.terms, &products, &nbits, e);
  if (rc) return rc;
  if (!(l->filter = vt_calloc((size_t)n / 64 + 1, sizeof *l->filter)))
    rc = vt_fail(e, VT_ENOMEM, "filter: out of memory");
  for (int64_t i = 0; i < n && !rc; i++) {
    int64_t p = l->vectors.product[i];
    if (p < nbits && (products[p / 64] >> (p % 64) & 1)) l->filter[i / 64] |= UINT64_C(1) << (i % 64);
  }
  vt_free(products);
  return rc;
}

static void *load_catalog(void *arg)
{
  struct opening *o = arg;
  struct vt_look *l = o->look;
  struct vt_catalog_vectors *v = &l->vectors;
  o->rc = vt_catalog_load(l->catalog, v, &o->err);
  if (o->rc || !v->n) return NULL;
  if (!(l->rows = vt_reallocarray(NULL, (size_t)v->n, sizeof *l->rows))) {
    o->rc = vt_fail(&o->err, VT_ENOMEM, "%s: out of memory", l->opts.catalog);
    return NULL;
  }
  for (int64_t i = 0; i < v->n; i++) l->rows[i] = i;
  o->rc = vt_index_view(&l->index, v->dim, v->n, l->rows, v->group, v->v, &o->err);
  if (!o->rc && l->opts.nterms) o->rc = make_filter(l, &o->err);
  return NULL;
}

/* An unknown attribute is told before anything slow begins. */
static int open_catalog(struct vt_look *l, struct vt_err *e)
{
  uint64_t *bits = NULL;
  int64_t nbits;
  int rc = vt_catalog_open(&l->catalog, l->opts.catalog, VT_CATALOG_READ, e);
  if (!rc && l->opts.nterms)
    rc = vt_catalog_filter(l->catalog, l->opts.nterms, l->opts.terms, &bits, &nbits, e);
  vt_free(bits);
  return rc;
}

static int open_segmenter(struct vt_look *l, struct vt_err *e)
{
  int rc = vt_segmenter_open(&l->segmenter, l->registry, l->opts.segmenter, &l->opts.model, e);
  if (rc) return rc;
  uint64_t garments = vt_taxonomy_garments(&l->taxonomy);
  for (int i = 0; i < VT_MIN(vt_segmenter_nlabels(l->segmenter), 64); i++) {
    int g = vt_taxonomy_find(&l->taxonomy, vt_segmenter_label(l->segmenter, i));
    if (g >= 0 && (garments >> g & 1)) l->garments |= UINT64_C(1) << i;
  }
  return 0;
}

int vt_look_open(struct vt_look **out, const struct vt_look_opts *o, const struct vt_registry *r,
                 struct vt_err *e)
{
  *out = NULL;
  struct vt_look *l = vt_calloc(1, sizeof *l);
  if (!l) return vt_fail(e, VT_ENOMEM, "out of memory");
  l->opts = *o;
  l->registry = r;
  pthread_mutex_init(&l->catalog_lock, NULL);
  struct opening embedder = {.look = l}, catalog = {.look = l};
  pthread_t embedder_thread, catalog_thread;
  bool embedder_runs = false, catalog_runs = false;
  int rc = vt_taxonomy_builtin(&l->taxonomy, e);
  if (!rc && o->catalog) rc = open_catalog(l, e);
  if (!rc && o->catalog) {
    catalog_runs = !pthread_create(&catalog_thread, NULL, load_catalog, &catalog);
    if (!catalog_runs) load_catalog(&catalog);
  }
  if (!rc && o->embedder) {
    embedder_runs = !pthread_create(&embedder_thread, NULL, open_embedder, &embedder);
    if (!embedder_runs) open_embedder(&embedder);
  }
  if (!rc && o->segmenter) rc = open_segmenter(l, e);
  if (embedder_runs) pthread_join(embedder_thread, NULL);
  if (!rc && o->embedder && !embedder.rc && o->catalog && o->segmenter)
    l->warming = !pthread_create(&l->warm_thread, NULL, warm_embedder, l);
  if (catalog_runs) pthread_join(catalog_thread, NULL);
  if (!rc && embedder.rc) rc = vt_fail(e, embedder.rc, "%s", embedder.err.msg);
  if (!rc && catalog.rc) rc = vt_fail(e, catalog.rc, "%s", catalog.err.msg);
  if (!rc && l->catalog && l->embedder)
    rc = vt_catalog_check_model(l->catalog, vt_embedder_id(l->embedder), vt_embedder_dim(l->embedder), e);
  if (rc) {
    vt_look_close(l);
    return rc;
  }
  *out = l;
  return 0;
}

void vt_look_close(struct vt_look *l)
{
  if (!l) return;
  if (l->warming) pthread_join(l->warm_thread, NULL);
  vt_index_free(l->index);
  vt_catalog_vectors_clear(&l->vectors);
  vt_catalog_close(l->catalog);
  vt_embedder_free(l->embedder);
  vt_segmenter_free(l->segmenter);
  vt_taxonomy_clear(&l->taxonomy);
  pthread_mutex_destroy(&l->catalog_lock);
  vt_free(l->filter);
  vt_free(l->rows);
  vt_free(l);
}

const struct vt_taxonomy *vt_look_taxonomy(const struct vt_look *l)
{
  return &l->taxonomy;
}

struct vt_embedder *vt_look_embedder(struct vt_look *l)
{
  return l->embedder;
}

int vt_look_group(const struct vt_look *l, int label)
{
  if (!l->segmenter || label < 0 || label >= vt_segmenter_nlabels(l->segmenter)) return 0;
  return VT_MAX(vt_taxonomy_find(&l->taxonomy, vt_segmenter_label(l->segmenter, label)), 0);
}

/* ---- a photo
 * --------------------------------------------------------------------------------------------------- */

static int read_stdin(char **data, size_t *len, struct vt_err *e)
{
  struct vt_buf b;
  char part[65536];
  ssize_t n;
  vt_buf_init(&b);
  while ((n = read(STDIN_FILENO, part, sizeof part)) > 0 && b.len < (size_t)256 << 20)
    vt_buf_add(&b, part, (size_t)n);
  *data = n < 0 ? NULL : vt_buf_take(&b, len);
  vt_buf_clear(&b);
  return *data ? 0 : vt_fail(e, VT_EIO, "standard input: nothing could be read");
}

static int decode(const struct vt_look_query *q, struct vt_look_result *r, struct vt_err *e)
{
  struct vt_decode_opts opts = {.min_side = q->full_size || q->what == VT_LOOK_BOX ? 0 : WORK_SIDE};
  struct vt_image_info info = {0};
  int rc;
  if (strcmp(q->path, "-") != 0) {
    rc = vt_image_read(&r->photo, q->path, &opts, &info, e);
  } else {
    char *data = NULL;
    size_t len = 0;
    rc = read_stdin(&data, &len, e);
    if (!rc && (rc = vt_image_decode(&r->photo, data, len, &opts, &info, e)))
      vt_fail_in(e, rc, "standard input");
    vt_free(data);
  }
  r->width = info.width;
  r->height = info.height;
  return rc;
}

/* The mask at the photo's own size (nearest pixel). */
static int scale_mask(struct vt_mask *m, int width, int height, struct vt_err *e)
{
  if (m->width == width && m->height == height) return 0;
  uint8_t *small = vt_calloc((size_t)m->width, (size_t)m->height),
          *big = vt_malloc((size_t)width * (size_t)height);
  struct vt_mask scaled = {0};
  int rc = small && big ? 0 : vt_fail(e, VT_ENOMEM, "mask of %dx%d: out of memory", width, height);
  if (!rc) {
    vt_mask_to_bitmap(m, small, m->width, 1);
    for (int y = 0; y < height; y++) {
      const uint8_t *from = small + (int64_t)y * m->height / height * m->width;
      uint8_t *to = big + (int64_t)y * width;
      for (int x = 0; x < width; x++) to[x] = from[(int64_t)x * m->width / width];
    }
    rc = vt_mask_from_bitmap(&scaled, big, width, height, width, e);
  }
  if (!rc) {
    vt_mask_clear(m);
    *m = scaled;
  }
  vt_free(small);
  vt_free(big);
  return rc;
}

/* Label map -> items; their vectors' inputs need the masks at the working size, so those stay there until the
 * end. */
static int find_items(struct vt_look *l, struct vt_look_result *r, struct vt_err *e)
{
  int w = r->photo.width, h = r->photo.height;
  struct vt_items *items = vt_arena_alloc(&r->arena, sizeof *items);
  uint8_t *prob = vt_malloc((size_t)w * (size_t)h);
  r->labels = vt_malloc((size_t)w * (size_t)h);
  int rc = items && prob && r->labels ? 0 : vt_fail(e, VT_ENOMEM, "label map of %dx%d: out of memory", w, h);
  double begun = vt_now();
  if (!rc) rc = vt_segmenter_run(l->segmenter, &r->photo, r->labels, prob, e);
  r->ms[VT_STAGE_SEGMENT] = (vt_now() - begun) * 1e3;
  begun = vt_now();
  struct vt_item_rules rules = {.min_share = 0.0008, .min_piece = 0.08, .garments = l->garments};
  if (!rc) rc = vt_items_from_labels(items, r->labels, prob, w, h, &rules, e);
  if (!rc && !(r->item = vt_arena_alloc(&r->arena, (size_t)VT_MAX(items->n, 1) * sizeof *r->item)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; !rc && i < items->n; i++) {
    const struct vt_item *it = &items->v[i];
    int g = vt_look_group(l, it->group);
    r->item[r->n++] = (struct vt_found){.label = vt_segmenter_label(l->segmenter, it->group),
                                        .group = g ? l->taxonomy.group[g] : NULL,
                                        .score = it->score,
                                        .box = it->box,
                                        .mask = it->mask};
  }
  if (rc && items && !r->n) vt_items_clear(items);
  vt_free(prob);
  r->ms[VT_STAGE_ITEMS] = (vt_now() - begun) * 1e3;
  return rc;
}

/* The whole picture or one region as the only item. */
static int one_item(const struct vt_look_query *q, struct vt_look_result *r, struct vt_err *e)
{
  bool whole = q->what == VT_LOOK_WHOLE;
  struct vt_box b =
      whole ? (struct vt_box){0, 0, r->width, r->height} : vt_box_clip(q->box, r->width, r->height);
  if (!(b.w >= 1 && b.h >= 1))
    return vt_fail(e, VT_EARG, "%s: the box %g,%g,%g,%g holds no pixel of the %d x %d photo", q->path,
                   q->box.x, q->box.y, q->box.w, q->box.h, r->width, r->height);
  if (!(r->item = vt_arena_alloc(&r->arena, sizeof *r->item))) return vt_fail(e, VT_ENOMEM, "out of memory");
  uint8_t *bits = vt_calloc((size_t)r->width, (size_t)r->height);
  if (!bits) return vt_fail(e, VT_ENOMEM, "mask of %dx%d: out of memory", r->width, r->height);
  int x1 = (int)VT_MIN(ceil(b.x + b.w), r->width), y1 = (int)VT_MIN(ceil(b.y + b.h), r->height);
  for (int y = (int)b.y; y < y1; y++)
    memset(bits + (int64_t)y * r->width + (int)b.x, 1, (size_t)(x1 - (int)b.x));
  r->item[0] = (struct vt_found){.label = whole ? "whole" : "box", .score = 1, .box = b};
  int rc = vt_mask_from_bitmap(&r->item[0].mask, bits, r->width, r->height, r->width, e);
  r->n = rc == 0;
  vt_free(bits);
  return rc;
}

/* Vectors of all items (n, dim); short batches are padded so that the model is compiled for one size. */
static int embed(struct vt_look *l, const struct vt_look_query *q, struct vt_look_result *r, float *v,
                 struct vt_err *e)
{
  const struct vt_preprocess *p = vt_embedder_preprocess(l->embedder);
  int64_t pixels = 3LL * p->width * p->height;
  int ng = vt_embedder_ngroups(l->embedder),
      n = (r->n + VT__EMBED_BATCH - 1) / VT__EMBED_BATCH * VT__EMBED_BATCH;
  float *in = vt_aligned((size_t)(n * pixels) * sizeof *in); // (n, 3, H, W)
  float *groups = vt_calloc((size_t)n, (size_t)VT_MAX(ng, 1) * sizeof *groups);
  int rc = in && groups ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", q->path);
  for (int i = 0; i < r->n && !rc; i++) {
    const struct vt_found *f = &r->item[i];
    rc = vt_embedder_prepare(l->embedder, &r->photo, q->what == VT_LOOK_BOX ? &f->box : NULL,
                             q->what == VT_LOOK_ITEMS ? &f->mask : NULL, in + i * pixels, e);
  }
  if (!rc) memset(in + r->n * pixels, 0, (size_t)((n - r->n) * pixels) * sizeof *in);
  if (!rc) rc = vt_embedder_run(l->embedder, in, n, v, ng ? groups : NULL, e);
  if (!rc && q->what != VT_LOOK_ITEMS && ng) { /* a region's group is the embedder's guess */
    int best = 0;
    for (int g = 1; g < VT_MIN(ng, l->taxonomy.ngroups); g++)
      if (groups[g] > groups[best]) best = g;
    r->item[0].group = l->taxonomy.group[best];
  }
  vt_free(in);
  vt_free(groups);
  return rc;
}

static int search(struct vt_look *l, const struct vt_look_query *q, struct vt_look_result *r,
                  struct vt_err *e)
{
  if (!l->embedder || !l->catalog || !q->k || !r->n) return 0;
  double begun = vt_now();
  int dim = vt_embedder_dim(l->embedder);
  float *v = vt_aligned((size_t)(r->n + VT__EMBED_BATCH) * (size_t)dim * sizeof *v);
  int rc = v ? embed(l, q, r, v, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", q->path);
  r->ms[VT_STAGE_EMBED] = (vt_now() - begun) * 1e3;
  begun = vt_now();
  if (!rc) rc = vt__look_match(l, q, v, r, e);
  r->ms[VT_STAGE_MATCH] = (vt_now() - begun) * 1e3;
  vt_free(v);
  return rc;
}

int vt_look_photo(struct vt_look *l, const struct vt_look_query *q, struct vt_look_result *r,
                  struct vt_err *e)
{
  *r = (struct vt_look_result){.path = q->path};
  vt_arena_init(&r->arena);
  double begun = vt_now();
  int rc = decode(q, r, e);
  r->ms[VT_STAGE_DECODE] = (vt_now() - begun) * 1e3;
  if (!rc && q->what == VT_LOOK_ITEMS && !l->segmenter)
    rc = vt_fail(e, VT_ESTATE, "%s: finding items needs a segmentation model", q->path);
  if (!rc) rc = q->what == VT_LOOK_ITEMS ? find_items(l, r, e) : one_item(q, r, e);
  if (!rc) rc = search(l, q, r, e);
  double sx = r->photo.width ? (double)r->width / r->photo.width : 1,
         sy = r->photo.height ? (double)r->height / r->photo.height : 1;
  for (int i = 0; i < r->n && !rc && q->what == VT_LOOK_ITEMS; i++) {
    struct vt_found *f = &r->item[i];
    rc = scale_mask(&f->mask, r->width, r->height, e);
    if (sx != 1 || sy != 1) f->box = vt_mask_box(&f->mask);
  }
  r->ms[VT_STAGE_TOTAL] = (vt_now() - begun) * 1e3;
  return rc;
}

void vt_look_result_clear(struct vt_look_result *r)
{
  for (int i = 0; i < r->n; i++) vt_mask_clear(&r->item[i].mask);
  vt_image_clear(&r->photo);
  vt_free(r->labels);
  vt_arena_clear(&r->arena);
  *r = (struct vt_look_result){0};
}
