/* Shop the Look (Kang et al., "Complete the Look", CVPR 2019): which products are seen in which scenes.
 *
 *   NAME.json       one object a line: {"product": P, "scene": S, "bbox": [left, top, right, bottom]},
 *                   the box in shares of the scene's sides
 *   NAME-cat.json   one object: {P: "Apparel|Shoes", …}, the products' categories; may be missing
 *                   (all are of the class "product" then); also --descriptions FILE
 *
 * Scenes and products are pictures, S.jpg and P.jpg; P is the product's name too. Boxes stay in shares where
 * --images does not say sizes. Signatures of 32 hexadecimal digits have the url that the data set's authors
 * give for them. Lines stream; what stays of one is an instance. */
#include "data/formats/links.h"
#include "data/formats/text_out.h"
#include "data/json_items.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SIGNATURE = 200 };

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  bool described; /* categories were read: other products are unknown */
};

/* ---- reading ---- */

static bool is_signature(const char *s)
{
  const size_t n = strlen(s);
  for (size_t k = 0; k < n; k++)
    if (s[k] == '/' || (unsigned char)s[k] < 32) return false;
  return n && n <= MAX_SIGNATURE && s[0] != '.';
}

static void url_of(const char *s, char *url, size_t size)
{
  url[0] = 0;
  if (strlen(s) == 32 && strspn(s, "0123456789abcdef") == 32)
    snprintf(url, size, "http://i.pinimg.com/400x/%.2s/%.2s/%.2s/%s.jpg", s, s + 2, s + 4, s);
}

static int32_t need_picture(struct reader *r, const char *what, const char *signature, struct vt_err *e)
{
  char file[MAX_SIGNATURE + 8], url[100];
  if (!is_signature(signature))
    return vt_fail(e, VT_EFORMAT, "%s '%.60s': expected a picture's signature", what, signature);
  snprintf(file, sizeof file, "%s.jpg", signature);
  const int32_t before = r->l->nimages, p = vt__labels_need_image(r->l, file, e);
  if (p < 0) return p;
  url_of(signature, url, sizeof url);
  if (p >= before && *url && !(r->l->image[p].url = vt_arena_strdup(&r->l->arena, url)))
    return vt_fail(e, VT_ENOMEM, "out of memory");
  vt__labels_row_of(r->l, p);
  int rc = vt__link_probe(r->l, p, r->o, e);
  return rc ? rc : p;
}

/* The product's own picture, all of which shows it; its category is kept as the product's kind. */
static int add_product(struct reader *r, const char *signature, const char *category, int64_t line,
                       struct vt_err *e)
{
  int32_t image = need_picture(r, "product", signature, e);
  if (image < 0) return image;
  struct vt_instance *in = vt__link_add(r->l, image, category, signature, VT_SHOP, NULL, e);
  if (!in) return e->code;
  in->line = line;
  r->l->products.v[in->product].super = r->l->classes.v[in->cls].name;
  return 0;
}

static int each_category(const struct vt__json_item *it, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  r->l->rows++;
  if (it->node[0].kind != VT__JSON_STRING)
    return vt_fail(e, VT_EFORMAT, "product '%.60s': expected a category's name", it->key);
  if (vt__labels_find_product(r->l, it->key) >= 0)
    return vt_fail(e, VT_EFORMAT, "product '%.60s' stands twice", it->key);
  return add_product(r, it->key, it->text + it->node[0].at, it->line, e);
}

static int each_line(const struct vt__json_item *it, void *ctx, struct vt_err *e)
{
  static const char *const names[] = {"product", "scene", "bbox"};
  struct reader *r = ctx;
  const char *product = "", *scene = "";
  double v[4] = {0};
  r->l->rows++;
  int rc = vt__json_string_of(it, 0, "product", &product, e);
  if (!rc) rc = vt__json_string_of(it, 0, "scene", &scene, e);
  if (!rc) rc = vt__json_numbers(it, 0, "bbox", v, 4, e);
  for (int k = 0; k < 4 && !rc; k++)
    if (v[k] < -.001 || v[k] > 1.001)
      rc = vt_fail(e, VT_EFORMAT, "bbox %g: expected shares of the scene's sides, 0 to 1", v[k]);
  if (!rc && (v[2] < v[0] || v[3] < v[1]))
    rc = vt_fail(e, VT_EFORMAT, "bbox: right or bottom lies before left or top");
  int32_t p = rc ? -1 : vt__labels_find_product(r->l, product),
          image = rc ? rc : need_picture(r, "scene", scene, e);
  if (image < 0) return image;
  if (p < 0 && r->described)
    return vt_fail(e, VT_EFORMAT, "there is no category for product '%.60s'", product);
  if (p < 0 && (rc = add_product(r, product, "product", it->line, e))) return rc;
  if (p < 0) p = vt__labels_find_product(r->l, product);
  const struct vt_label_image *im = &r->l->image[image];
  const double w = im->width ? im->width : 1, h = im->width ? im->height : 1;
  const struct vt_box box = {v[0] * w, v[1] * h, (v[2] - v[0]) * w, (v[3] - v[1]) * h};
  struct vt_instance *in = vt__link_add(r->l, image, r->l->products.v[p].super, product, VT_STREET, &box, e);
  if (!in) return e->code;
  in->line = it->line;
  if (!im->width) {
    in->flags |= VT_SHARES;
    in->area = -1;
  }
  vt__json_drop_others(r->l, it, 0, "pairs", names, 3);
  return 0;
}

/* NAME.json -> NAME-cat.json */
static char *categories_beside(const char *path)
{
  struct vt_buf b = {0};
  const size_t n = strlen(path), stem = n > 5 && !strcmp(path + n - 5, ".json") ? n - 5 : n;
  vt_buf_add(&b, path, stem);
  vt_buf_adds(&b, "-cat.json");
  return vt_buf_take(&b, NULL);
}

static int read_shop_the_look(struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                              struct vt_err *e)
{
  struct reader r = {.l = l, .o = o};
  struct vt_err own = {0};
  if (!e) e = &own;
  char *beside = o->extra ? vt_strdup(o->extra) : categories_beside(path);
  int rc = beside ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && (o->extra || vt_is_file(beside))) {
    rc = vt__json_items(l, o, beside, VT__JSON_MEMBERS, each_category, &r, e);
    r.described = true;
  }
  if (!rc) rc = vt__json_items(l, o, path, VT__JSON_LINES, each_line, &r, e);
  vt_free(beside);
  return rc ? rc : vt__labels_end(l, e);
}

/* ---- writing ---- */

struct writer {
  const struct vt_labels *l;
  struct vt_losses *losses;
  struct vt__names names;
  const char **scene; // (pictures), NULL: none yet
  int32_t *cls;       // (products), -1: it has no instance
  bool *pictured;     // (products): a shop's picture of its name is there
  bool numbered;      /* products' names cannot be signatures: their numbers stand for them */
};

static void add_signature(const struct writer *w, struct vt_buf *b, int32_t product)
{
  const struct vt_label_class *p = &w->l->products.v[product];
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)p->id);
  vt__json_string(b, w->numbered ? text : p->name);
}

static bool has_name(const struct vt_label_image *im, const char *signature)
{
  const size_t n = strlen(signature);
  return !strncmp(im->file, signature, n) && !strcmp(im->file + n, ".jpg");
}

/* The class of each product, and what cannot be said of it. */
static void look_at_products(struct writer *w)
{
  const struct vt_labels *l = w->l;
  int64_t unpictured = 0;
  for (int k = 0; k < l->products.n; k++) {
    w->cls[k] = -1;
    w->numbered = w->numbered || !is_signature(l->products.v[k].name);
  }
  for (int64_t i = 0; i < l->n; i++) {
    const struct vt_instance *in = &l->v[i];
    const bool shop = in->flags & VT_SHOP;
    if (in->product < 0) continue;
    if (w->cls[in->product] < 0) w->cls[in->product] = in->cls;
    vt_loss_add(w->losses, w->cls[in->product] != in->cls,
                "classes of instances that differ from their product's");
    const bool own = shop && has_name(&l->image[in->image], l->products.v[in->product].name);
    vt_loss_add(w->losses, shop && (!own || !vt__link_is_whole(l, in)),
                "photos of shops beside the product's own, and boxes in them");
    if (own) w->pictured[in->product] = true;
  }
  for (int k = 0; k < l->products.n; k++) unpictured += !w->pictured[k];
  vt_loss_add(w->losses, w->numbered ? l->products.n : 0, "names of products, which are numbered");
  vt_loss_add(w->losses, unpictured, "pictures of products: they get one named after them");
}

static int write_categories(const struct writer *w, const char *path, struct vt_err *e)
{
  char *beside = categories_beside(path);
  struct vt__out out = {.f = NULL};
  int rc = beside ? vt__out_open(&out, NULL, beside, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_buf_addc(&out.b, '{');
  bool first = true;
  for (int32_t k = 0; k < w->l->products.n && !rc; k++) {
    if (w->cls[k] < 0) continue;
    vt_buf_adds(&out.b, first ? "" : ",\n ");
    first = false;
    add_signature(w, &out.b, k);
    vt_buf_adds(&out.b, ": ");
    vt__json_string(&out.b, w->l->classes.v[w->cls[k]].name);
    rc = vt__out_more(&out, e);
  }
  vt_buf_adds(&out.b, "}\n");
  vt_free(beside);
  return vt__out_close(&out, rc, e);
}

/* The name of the picture, once for all its boxes. */
static const char *scene_of(struct writer *w, int32_t image, struct vt_err *e)
{
  const struct vt_label_image *im = &w->l->image[image];
  if (w->scene[image]) return w->scene[image];
  w->scene[image] = vt__names_take(&w->names, im, e);
  vt_loss_add(w->losses, w->scene[image] && !has_name(im, w->scene[image]),
              "names of pictures, of which the stem stays");
  return w->scene[image];
}

static int add_line(struct writer *w, struct vt_buf *b, const struct vt_instance *in, struct vt_err *e)
{
  const struct vt_label_image *im = &w->l->image[in->image];
  const char *scene = scene_of(w, in->image, e);
  struct vt_box k = in->box;
  double width = 1, height = 1;
  if (!scene) return VT_ENOMEM;
  if (!(in->flags & VT_SHARES)) {
    int rc = im->width ? vt__instance_box(w->l, in, &k, e) : vt__no_size(im, e);
    if (rc) return rc;
    width = im->width;
    height = im->height;
  }
  vt_buf_adds(b, "{\"product\": ");
  add_signature(w, b, in->product);
  vt_buf_adds(b, ", \"scene\": ");
  vt__json_string(b, scene);
  /* 15 digits: left + (right - left) is right again */
  vt_buf_addf(b, ", \"bbox\": [%.15g, %.15g, %.15g, %.15g]}\n", k.x / width, k.y / height,
              (k.x + k.w) / width, (k.y + k.h) / height);
  return 0;
}

static int write_lines(struct writer *w, const char *path, struct vt_err *e)
{
  struct vt__out out;
  int rc = vt__out_open(&out, NULL, path, e);
  for (int64_t i = 0; i < w->l->n && !rc; i++) {
    const struct vt_instance *in = &w->l->v[i];
    vt_loss_add(w->losses, in->product < 0, "instances of no product");
    vt__link_losses(in, 0, w->losses);
    if (in->product < 0 || in->flags & VT_SHOP) continue;
    rc = add_line(w, &out.b, in, e);
    if (!rc) rc = vt__out_more(&out, e);
  }
  return vt__out_close(&out, rc, e);
}

static void count_pictures(struct writer *w)
{
  for (int32_t k = 0; k < w->l->nimages; k++) {
    const struct vt_label_image *im = &w->l->image[k];
    char stem[64], url[100];
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(im->file, "."), im->file);
    url_of(stem, url, sizeof url);
    vt_loss_add(w->losses, im->split != VT_SPLIT_NONE, "splits of pictures");
    vt_loss_add(w->losses, im->pair != 0, "pair numbers of pictures");
    vt_loss_add(w->losses, *im->url && strcmp(url, im->url) != 0, "urls of pictures");
  }
}

static int write_shop_the_look(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                               struct vt_losses *losses, struct vt_err *e)
{
  struct writer w = {.l = l, .losses = losses};
  struct vt_err own = {0};
  if (!e) e = &own;
  w.scene = vt_calloc((size_t)l->nimages + 1, sizeof *w.scene);
  w.cls = vt_calloc((size_t)l->products.n + 1, sizeof *w.cls);
  w.pictured = vt_calloc((size_t)l->products.n + 1, sizeof *w.pictured);
  int rc = w.scene && w.cls && w.pictured ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) {
    look_at_products(&w);
    count_pictures(&w);
    rc = write_categories(&w, path, e);
  }
  if (!rc) rc = write_lines(&w, path, e);
  vt__names_clear(&w.names);
  vt_free(w.scene);
  vt_free(w.cls);
  vt_free(w.pictured);
  return rc;
}

const struct vt_format vt_format_shop_the_look = {
    .name = "shop-the-look",
    .what = "Shop the Look: a line of JSON for each product in a scene, NAME-cat.json beside it",
    .beside = "labels.json",
    .read = read_shop_the_look,
    .write = write_shop_the_look,
};
