/* Writes the folder of drawn data. Layout: synth.h.
 *
 * Pictures are drawn by a pool, each from random numbers of its own; what the CSV files tell of them is kept
 * by number and written in order at the end. */
#include <pthread.h>
#include <string.h>
#include "data/synth_internal.h"

enum { PRODUCT_QUALITY = 90, PHOTO_QUALITY = 88, VAL_PRODUCTS = 10, VAL_PHOTOS = 5 };
#define MAX_PICTURES 10000000

struct seen { /* one group in one photo */
  int64_t product, area;
  int x0, y0, x1, y1;
};
struct job {
  const struct vt_synth_opts *o;
  struct product *products;
  struct choice choice;
  struct seen (*seen)[G_COUNT]; /* by photo */
  pthread_mutex_t lock;         /* of what follows */
  int rc;
  struct vt_err err;
  struct vt_progress progress;
};

static bool stopped(struct job *j)
{
  pthread_mutex_lock(&j->lock);
  if (!j->rc && vt_interrupted()) j->rc = vt_fail(&j->err, VT_EINTERRUPTED, "interrupted");
  bool stop = j->rc != 0;
  pthread_mutex_unlock(&j->lock);
  return stop;
}

static void report(struct job *j, int rc, const struct vt_err *e)
{
  pthread_mutex_lock(&j->lock);
  if (rc && !j->rc) {
    j->rc = rc;
    j->err = *e;
  }
  if (!rc) vt_progress_add(&j->progress, 1);
  pthread_mutex_unlock(&j->lock);
}

static int write_picture(const struct vt_image *im, const char *out, const char *folder, const char *id,
                         const char *ext, int quality, struct vt_err *e)
{
  char path[4096];
  int n = snprintf(path, sizeof path, "%s/%s/%s.%s", out, folder, id, ext);
  if (n < 0 || (size_t)n >= sizeof path) return vt_fail(e, VT_EARG, "%s: the path is too long", out);
  return vt_image_write(im, path, quality, e);
}

static void draw_product(int64_t i, int worker, void *ctx)
{
  struct job *j = ctx;
  struct vt_err e = {0};
  struct vt_image im = {0};
  if (stopped(j)) return;
  int rc = vt__studio_draw(&im, NULL, &j->products[i], j->o->seed, &e);
  if (!rc) rc = write_picture(&im, j->o->out, "products", j->products[i].id, "jpg", PRODUCT_QUALITY, &e);
  vt_image_clear(&im);
  report(j, rc, &e);
}

static void look_at_labels(struct seen *s, const struct vt_image *labels, const struct worn *w)
{
  for (int g = 0; g < G_COUNT; g++)
    s[g] = (struct seen){
        .product = w->product[g], .x0 = labels->width, .y0 = labels->height, .x1 = -1, .y1 = -1};
  for (int y = 0; y < labels->height; y++)
    for (int x = 0; x < labels->width; x++) {
      struct seen *k = &s[labels->px[y * labels->stride + x]];
      k->area++;
      k->x0 = VT_MIN(k->x0, x), k->x1 = VT_MAX(k->x1, x);
      k->y0 = VT_MIN(k->y0, y), k->y1 = VT_MAX(k->y1, y);
    }
}

static void photo_id(char id[24], int64_t i)
{
  snprintf(id, 24, "s%05lld", (long long)i);
}

static void draw_photo(int64_t i, int worker, void *ctx)
{
  struct job *j = ctx;
  struct vt_err e = {0};
  struct vt_image im = {0}, labels = {0};
  struct worn w;
  char id[24];
  if (stopped(j)) return;
  photo_id(id, i);
  int rc = vt__street_draw(&im, &labels, &w, &j->choice, j->products, j->o->seed, i, &e);
  if (!rc) look_at_labels(j->seen[i], &labels, &w);
  if (!rc) rc = write_picture(&im, j->o->out, "photos", id, "jpg", PHOTO_QUALITY, &e);
  if (!rc) rc = write_picture(&labels, j->o->out, "masks", id, "png", 0, &e);
  vt_image_clear(&im);
  vt_image_clear(&labels);
  report(j, rc, &e);
}

static int write_text(const char *out, const char *name, struct vt_buf *b, struct vt_err *e)
{
  char *path = vt_path_join(NULL, out, name);
  int rc = !path || b->failed ? vt_fail(e, VT_ENOMEM, "out of memory for %s", name)
                              : vt_file_write_atomic(path, b->data, b->len, e);
  vt_free(path);
  vt_buf_clear(b);
  return rc;
}

static int write_products(const struct job *j, struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  vt_buf_adds(&b, "id,title,articleType,baseColour,secondColour,pattern,group,image,split\n");
  for (int64_t i = 0; i < j->o->products; i++) {
    const struct product *p = &j->products[i];
    vt_buf_addf(&b, "%s,%s,%s,%s,%s,%s,%s,products/%s.jpg,%s\n", p->id, p->title, vt__article_name(p),
                vt__colour_name(p->colour), vt__colour_name(p->second_colour),
                vt__pattern_name(p->look.pattern), vt__group_name(p->group), p->id,
                i % VAL_PRODUCTS == VAL_PRODUCTS - 1 ? "val" : "train");
  }
  int rc = write_text(j->o->out, "products.csv", &b, e);
  if (rc) return rc;
  vt_buf_adds(&b, "key,group\n");
  vt__article_rows(&b);
  return write_text(j->o->out, "group_map.csv", &b, e);
}

static int write_pairs(const struct job *j, struct vt_err *e)
{
  struct vt_buf b;
  char id[24];
  vt_buf_init(&b);
  vt_buf_adds(&b, "photo,product,group,x,y,w,h,area\n");
  for (int64_t i = 0; i < j->o->photos; i++)
    for (int g = G_TOP; g <= G_ACCESSORY; g++) {
      const struct seen *s = &j->seen[i][g];
      if (s->product < 0 || !s->area) continue;
      photo_id(id, i);
      vt_buf_addf(&b, "%s,%s,%s,%d,%d,%d,%d,%lld\n", id, j->products[s->product].id, vt__group_name(g), s->x0,
                  s->y0, s->x1 - s->x0 + 1, s->y1 - s->y0 + 1, (long long)s->area);
    }
  int rc = write_text(j->o->out, "pairs.csv", &b, e);
  if (rc) return rc;
  vt_buf_adds(&b, "photo,split\n");
  for (int64_t i = 0; i < j->o->photos; i++) {
    photo_id(id, i);
    vt_buf_addf(&b, "%s,%s\n", id, i % VAL_PHOTOS == VAL_PHOTOS - 1 ? "val" : "train");
  }
  return write_text(j->o->out, "split.csv", &b, e);
}

/* Product numbers by group, all in one block that choice->v[0] owns. */
static int sort_by_group(struct choice *c, const struct product *v, int64_t n, struct vt_err *e)
{
  int64_t *all = vt_calloc((size_t)n, sizeof(*all)), at = 0;
  if (!all) return vt_fail(e, VT_ENOMEM, "out of memory for %lld products", (long long)n);
  for (int g = 0; g < G_COUNT; g++) {
    c->v[g] = all + at;
    for (int64_t i = 0; i < n; i++)
      if (v[i].group == g) all[at++] = i;
    c->n[g] = all + at - c->v[g];
  }
  return 0;
}

static int make_folders(const char *out, struct vt_err *e)
{
  static const char *const names[] = {"products", "photos", "masks"};
  int rc = 0;
  for (size_t i = 0; i < VT_COUNT(names) && !rc; i++) {
    char *path = vt_path_join(NULL, out, names[i]);
    rc = path ? vt_mkdirs(path, e) : vt_fail(e, VT_ENOMEM, "out of memory for a path");
    vt_free(path);
  }
  return rc;
}

static int draw_all(struct job *j, struct vt_err *e)
{
  struct vt_pool *pool = NULL;
  int rc = vt_pool_new(&pool, j->o->threads > 0 ? j->o->threads : vt_threads(), e);
  if (rc) return rc;
  vt_progress_start(&j->progress, "drawing", "pictures", j->o->products + j->o->photos);
  vt_pool_for(pool, j->o->products, draw_product, j);
  vt_pool_for(pool, j->o->photos, draw_photo, j);
  vt_progress_end(&j->progress);
  vt_pool_free(pool);
  if (j->rc && e) *e = j->err;
  return j->rc;
}

int vt_synth_write(const struct vt_synth_opts *o, struct vt_err *e)
{
  struct job j = {.o = o, .lock = PTHREAD_MUTEX_INITIALIZER};
  if (o->products < G_ACCESSORY || o->products > MAX_PICTURES || o->photos < 0 || o->photos > MAX_PICTURES)
    return vt_fail(e, VT_EARG,
                   "%lld products and %lld photos: expected %d to %d products and at most %d photos",
                   (long long)o->products, (long long)o->photos, G_ACCESSORY, MAX_PICTURES, MAX_PICTURES);
  j.products = vt_calloc((size_t)o->products, sizeof(*j.products));
  j.seen = vt_calloc((size_t)VT_MAX(o->photos, 1), sizeof(*j.seen));
  int rc = j.products && j.seen ? 0 : VT_ENOMEM;
  if (rc) vt_fail(e, rc, "out of memory for the lists of %lld products", (long long)o->products);
  if (!rc) rc = make_folders(o->out, e);
  if (!rc) rc = vt__catalogue_make(j.products, o->products, o->seed, e);
  if (!rc) rc = sort_by_group(&j.choice, j.products, o->products, e);
  if (!rc) rc = draw_all(&j, e);
  if (!rc) rc = write_products(&j, e);
  if (!rc) rc = write_pairs(&j, e);
  vt_free((void *)j.choice.v[0]);
  vt_free(j.products);
  vt_free(j.seen);
  return rc;
}
