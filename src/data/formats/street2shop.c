/* Street2Shop (Hadi Kiapour et al., "Where to Buy It", ICCV 2015): a folder that says which product a box of
 * a customer's photo shows, and which photos of shops show that product.
 *
 *   train_pairs_CATEGORY.json   [{"photo": 1, "product": 2, "bbox": {"width", "top", "height", "left"}}, …]
 *   test_pairs_CATEGORY.json    the same
 *   retrieval_CATEGORY.json     [{"photo": 3, "product": 2}, …]       photos of shops
 *   photos.txt                  photo,url      may be missing; also --descriptions FILE; written where all
 *                                              pictures have a url
 *
 * A picture's id is its photo, its name the photo in nine digits, .jpg or as it ends in --images. A photo's
 * split is that of the first list that has it; an instance whose list says otherwise has the attribute
 * "train" or "test". Each file is read as a stream. */
#include "data/formats/links.h"
#include "data/formats/text_out.h"
#include "data/json_items.h"
#include "data/lines.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN, TEST, RETRIEVAL, KINDS };
enum { MAX_LINE = 1 << 16 };
static const char *const prefix[KINDS] = {"train_pairs_", "test_pairs_", "retrieval_"};
static const uint8_t split_of[] = {VT_SPLIT_TRAIN, VT_SPLIT_TEST};
static const char *const split_attribute[] = {"train", "test"};
static const int64_t max_id = 9007199254740992; /* 2^53: all that JSON's numbers hold exactly */

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  bool listed; /* photos.txt was read: other photos are unknown */
  int kind;
  char category[200];
};

/* ---- reading ---- */

/* A photo's file: as it is in --images, where it is there. */
static int name_photo(const struct reader *r, int64_t photo, char *file, size_t size, struct vt_err *e)
{
  char stem[24];
  snprintf(stem, sizeof stem, "%09lld", (long long)photo);
  snprintf(file, size, "%s.jpg", stem);
  const int rc = vt__folder_name(r->o->images, stem, file, size, e);
  return rc < 0 ? rc : 0;
}

static int32_t need_photo(struct reader *r, int64_t photo, struct vt_err *e)
{
  char file[40];
  int32_t p = vt_labels_image(r->l, photo);
  if (p < 0 && r->listed) return vt_fail(e, VT_EFORMAT, "photo %lld is not in photos.txt", (long long)photo);
  int rc = p < 0 ? name_photo(r, photo, file, sizeof file, e) : 0;
  if (p < 0 && !rc) p = vt__labels_add_image(r->l, photo, file, 0, 0, e);
  rc = rc ? rc : p < 0 ? p : vt__link_probe(r->l, p, r->o, e);
  return rc ? rc : p;
}

static int set_split(struct reader *r, struct vt_instance *in, struct vt_err *e)
{
  uint8_t *split = &r->l->image[in->image].split;
  if (*split == VT_SPLIT_NONE) *split = split_of[r->kind];
  if (*split == split_of[r->kind]) return 0;
  for (int k = 0; k < 2; k++)
    if (vt__labels_find_class(r->l, true, k) < 0 &&
        vt__labels_add_class(r->l, true, k, split_attribute[k], "split", e) < 0)
      return VT_ENOMEM;
  return vt__labels_set_attrs(r->l, in, (int32_t[]){r->kind}, 1, e);
}

static int each_item(const struct vt__json_item *it, void *ctx, struct vt_err *e)
{
  static const char *const names[] = {"photo", "product", "bbox"};
  static const char *const sides[] = {"left", "top", "width", "height"};
  struct reader *r = ctx;
  struct vt_labels *l = r->l;
  const bool street = r->kind != RETRIEVAL;
  int64_t photo = 0, product = 0;
  double v[4] = {0};
  l->rows++;
  int rc = vt__json_whole(it, 0, "photo", 0, max_id, &photo, e);
  if (!rc) vt__labels_row_of(l, vt_labels_image(l, photo));
  if (!rc) rc = vt__json_whole(it, 0, "product", 0, max_id, &product, e);
  if (!rc && street) {
    int32_t box = vt__json_find(it, 0, "bbox");
    if (box < 0) rc = vt_fail(e, VT_EFORMAT, "no field 'bbox'");
    for (int k = 0; k < 4 && !rc; k++)
      if ((rc = vt__json_number_of(it, box, sides[k], &v[k], e))) vt_fail_in(e, rc, "bbox");
  }
  int32_t image = rc ? rc : need_photo(r, photo, e);
  vt__labels_row_of(l, image);
  if (image < 0) return image;
  char name[24];
  snprintf(name, sizeof name, "%lld", (long long)product);
  struct vt_instance *in = vt__link_add(l, image, r->category, name, street ? VT_STREET : VT_SHOP,
                                        street ? &(struct vt_box){v[0], v[1], v[2], v[3]} : NULL, e);
  if (!in) return e->code;
  in->line = it->line;
  vt__json_drop_others(l, it, 0, street ? "pairs" : "retrieval", names, street ? 3 : 2);
  return street ? set_split(r, in, e) : 0;
}

static int read_photo(struct reader *r, char *line, struct vt_err *e)
{
  char *comma = strchr(line, ',');
  int64_t id;
  line[strcspn(line, "\r")] = 0;
  if (!comma || !comma[1]) return vt_fail(e, VT_EFORMAT, "'%.60s': expected photo,url", line);
  if (!vt_utf8_valid(line, strlen(line))) return vt_fail(e, VT_EFORMAT, "text is not valid UTF-8");
  *comma = 0;
  if (!vt_parse_i64(line, &id) || id < 0 || id > max_id)
    return vt_fail(e, VT_EFORMAT, "photo '%.40s': expected a whole number", line);
  char file[40];
  int32_t p = name_photo(r, id, file, sizeof file, e);
  if (!p) p = vt__labels_add_image(r->l, id, file, 0, 0, e);
  if (p < 0) return p;
  r->l->image[p].url = vt_arena_strdup(&r->l->arena, comma + 1);
  return r->l->image[p].url ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

static int read_photos(struct reader *r, const char *root, struct vt_err *e)
{
  char *path = r->o->extra ? vt_strdup(r->o->extra) : vt_path_join(NULL, root, "photos.txt");
  struct vt__lines s = {.path = path, .limit = MAX_LINE};
  int got, rc = path ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc || (!r->o->extra && !vt_is_file(path))) goto out;
  if (!(s.f = fopen(path, "re"))) rc = vt_fail_errno(e, path);
  while (!rc && (got = vt__lines_next(&s, e)) != 0) {
    rc = got < 0 ? got : 0;
    if (rc && rc != VT_EFORMAT) break;
    if (!rc && s.text[strspn(s.text, "\r")] == 0) continue;
    if (!rc) rc = read_photo(r, s.text, e);
    if (rc) {
      vt_fail_in(e, rc, "%s: line %lld", path, (long long)s.number);
      rc = vt__labels_problem(r->l, r->o, e);
    }
  }
  r->listed = true;
out:
  if (s.f) fclose(s.f);
  vt__lines_clear(&s);
  vt_free(path);
  return rc;
}

static int is_list(const struct dirent *d)
{
  if (strcmp(vt_path_ext(d->d_name), "json") != 0) return 0;
  for (int k = 0; k < KINDS; k++)
    if (!strncmp(d->d_name, prefix[k], strlen(prefix[k]))) return 1;
  return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_list(struct reader *r, const char *root, const char *name, struct vt_err *e)
{
  r->kind = 0;
  while (r->kind < KINDS - 1 && strncmp(name, prefix[r->kind], strlen(prefix[r->kind])) != 0) r->kind++;
  const char *from = name + strlen(prefix[r->kind]);
  snprintf(r->category, sizeof r->category, "%.*s", (int)(strlen(from) - strlen(".json")), from);
  if (!vt_utf8_valid(r->category, strlen(r->category)))
    return vt_fail(e, VT_EFORMAT, "%s: its name is not valid UTF-8", name);
  char *path = vt_path_join(NULL, root, name);
  int rc = path ? vt__json_items(r->l, r->o, path, VT__JSON_ELEMENTS, each_item, r, e)
                : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  return rc;
}

static int read_street2shop(struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                            struct vt_err *e)
{
  struct reader r = {.l = l, .o = o};
  struct dirent **list = NULL;
  struct vt_err own = {0};
  if (!e) e = &own;
  int n = scandir(root, &list, is_list, by_name);
  int rc = n < 0 ? vt_fail_errno(e, root) : 0;
  if (!rc && !n)
    rc = vt_fail(e, VT_ENOENT, "%s: no train_pairs_*.json, test_pairs_*.json or retrieval_*.json", root);
  if (!rc) rc = read_photos(&r, root, e);
  for (int i = 0; i < n; i++) {
    if (!rc) rc = read_list(&r, root, list[i]->d_name, e);
    free(list[i]);
  }
  free(list);
  return rc ? rc : vt__labels_end(l, e);
}

/* ---- writing ---- */

struct writer {
  const struct vt_labels *l;
  const char *root;
  struct vt_losses *losses;
  bool numbered; /* products' names are no numbers: their positions stand for them */
};

/* Which list an instance goes to, or KINDS. */
static int kind_of(const struct writer *w, const struct vt_instance *in)
{
  const uint8_t split = w->l->image[in->image].split;
  if (in->product < 0) return KINDS;
  if (in->flags & VT_SHOP) return RETRIEVAL;
  for (int k = 0; k < 2; k++)
    if (vt__instance_has(w->l, in, split_attribute[k])) return k;
  return split == VT_SPLIT_TEST ? TEST : TRAIN;
}

static void count_losses(const struct writer *w, const struct vt_instance *in, int kind)
{
  const struct vt_label_image *im = &w->l->image[in->image];
  const bool street = kind == TRAIN || kind == TEST;
  if (kind == KINDS) {
    vt_loss_add(w->losses, 1, "instances of no product");
    return;
  }
  vt_loss_add(w->losses, street && (im->split == VT_SPLIT_VAL || im->split == VT_SPLIT_NONE),
              "instances of split val or none, written to train");
  vt_loss_add(w->losses, !street && !vt__link_is_whole(w->l, in), "boxes in photos of shops");
  vt__link_losses(in, vt__instance_has(w->l, in, "train") + vt__instance_has(w->l, in, "test"), w->losses);
}

static int add_instance(const struct writer *w, struct vt_buf *b, const struct vt_instance *in, bool first,
                        struct vt_err *e)
{
  const struct vt_label_class *p = &w->l->products.v[in->product];
  vt_buf_addf(b, "%s{\"photo\": %lld, \"product\": ", first ? "" : ",\n ",
              (long long)w->l->image[in->image].id);
  if (w->numbered)
    vt_buf_addf(b, "%lld", (long long)p->id);
  else
    vt_buf_adds(b, p->name);
  if (!(in->flags & VT_SHOP)) {
    static const char *const name[] = {"width", "top", "height", "left"};
    struct vt_box k;
    int rc = vt__instance_box(w->l, in, &k, e);
    if (rc) return rc;
    const double v[] = {k.w, k.y, k.h, k.x};
    for (int i = 0; i < 4; i++) {
      vt_buf_addf(b, "%s\"%s\": ", i ? ", " : ", \"bbox\": {", name[i]);
      vt__json_number(b, v[i]);
    }
    vt_buf_addc(b, '}');
  }
  vt_buf_addc(b, '}');
  return 0;
}

/* The three lists of one class; those that would be empty are not written. */
static int write_class(const struct writer *w, int32_t cls, const int64_t *row, int64_t n, struct vt_err *e)
{
  const char *name = w->l->classes.v[cls].name;
  struct vt__out out[KINDS] = {{.f = NULL}};
  int rc = 0;
  if (n && (!*name || strchr(name, '/') || strlen(name) > 190))
    return vt_fail(e, VT_EUNSUPPORTED, "class '%.60s' cannot be part of a file's name", name);
  for (int64_t i = 0; i < n && !rc; i++) {
    const struct vt_instance *in = &w->l->v[row[i]];
    const int kind = kind_of(w, in);
    count_losses(w, in, kind);
    if (kind == KINDS) continue;
    const bool first = !out[kind].f;
    if (first) {
      char file[256];
      snprintf(file, sizeof file, "%s%s.json", prefix[kind], name);
      if ((rc = vt__out_open(&out[kind], w->root, file, e))) break;
      vt_buf_addc(&out[kind].b, '[');
    }
    rc = add_instance(w, &out[kind].b, in, first, e);
    if (!rc) rc = vt__out_more(&out[kind], e);
  }
  for (int k = 0; k < KINDS; k++) {
    if (out[k].f) vt_buf_adds(&out[k].b, "]\n");
    rc = vt__out_close(&out[k], rc, e);
  }
  return rc;
}

static int write_photos(const struct writer *w, struct vt_err *e)
{
  struct vt__out out = {.f = NULL};
  int64_t urls = 0;
  for (int32_t k = 0; k < w->l->nimages; k++) urls += *w->l->image[k].url != 0;
  const bool all = urls == w->l->nimages; /* a picture that the list lacks would be unknown */
  vt_loss_add(w->losses, all ? 0 : urls, "urls of pictures, since not all have one");
  int rc = all ? vt__out_open(&out, w->root, "photos.txt", e) : 0;
  for (int32_t k = 0; k < w->l->nimages && !rc; k++) {
    const struct vt_label_image *im = &w->l->image[k];
    char file[40];
    snprintf(file, sizeof file, "%09lld.jpg", (long long)im->id);
    vt_loss_add(w->losses, strcmp(file, im->file) != 0, "names of pictures, whose numbers stay");
    vt_loss_add(w->losses, im->pair != 0, "pair numbers of pictures");
    if (im->id < 0 || im->id > max_id) rc = vt_fail(e, VT_EUNSUPPORTED, "picture id %lld", (long long)im->id);
    if (all && !rc) {
      vt_buf_addf(&out.b, "%09lld,%s\n", (long long)im->id, im->url);
      rc = vt__out_more(&out, e);
    }
  }
  return vt__out_close(&out, rc, e);
}

static int write_street2shop(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                             struct vt_losses *losses, struct vt_err *e)
{
  struct writer w = {.l = l, .root = root, .losses = losses};
  int64_t *order, *start;
  int rc = vt_labels_by(l, VT_BY_CLASS, &order, &start, e);
  if (rc) return rc;
  for (int k = 0; k < l->products.n; k++) {
    int64_t v;
    char text[24];
    const char *name = l->products.v[k].name;
    bool is_number = vt_parse_i64(name, &v) && v >= 0 && v <= max_id;
    if (is_number) snprintf(text, sizeof text, "%lld", (long long)v);
    w.numbered = w.numbered || !is_number || strcmp(text, name) != 0;
  }
  vt_loss_add(losses, w.numbered ? l->products.n : 0, "names of products, which are numbered");
  rc = vt_mkdirs(root, e);
  for (int32_t k = 0; k < l->classes.n && !rc; k++)
    rc = write_class(&w, k, order + start[k], start[k + 1] - start[k], e);
  if (!rc) rc = write_photos(&w, e);
  vt_free(order);
  vt_free(start);
  return rc;
}

const struct vt_format vt_format_street2shop = {
    .name = "street2shop",
    .what = "Street2Shop's folder: {train,test}_pairs_CATEGORY.json, retrieval_CATEGORY.json, photos.txt",
    .read = read_street2shop,
    .write = write_street2shop,
};
