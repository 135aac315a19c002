/* Pairs of a street photo and a shop's photo of the same thing, with a box for each.
 *
 *   street,shop,kind,x_1,y_1,x_2,y_2,shop_x_1,shop_y_1,shop_x_2,shop_y_2,product,split
 *
 * street and shop name pictures; x_1 … y_2 are the corners in the street photo, in pixels, x_2 and y_2 behind
 * the box; the shop's corners likewise, all four empty where the thing fills its photo. Only street, shop and
 * the first four corners must be there. kind is the class, of a file without it the file's own name
 * (tops.csv, shoes.csv, bags.csv); a folder is read file by file. product names the thing, without it the
 * shop's photo does; all pairs of a product's street and shop boxes are pairs. split is the street photo's. A
 * box that stands in several rows is one instance. */
#include "data/formats/links.h"
#include "data/formats/text_out.h"
#include "data/labels_map.h"

#include <stdio.h>
#include <string.h>

enum { STREET, SHOP, SIDES };
static const char *const side_name[SIDES] = {"street", "shop"};
static const uint8_t side_flag[SIDES] = {VT_STREET, VT_SHOP};
static const char *const corner[SIDES][4] = {{"x_1", "y_1", "x_2", "y_2"},
                                             {"shop_x_1", "shop_y_1", "shop_x_2", "shop_y_2"}};

static const char *const names[] = {"street",   "shop",     "kind",     "x_1",      "y_1",     "x_2",  "y_2",
                                    "shop_x_1", "shop_y_1", "shop_x_2", "shop_y_2", "product", "split"};

struct columns {
  int file[SIDES], corner[SIDES][4], kind, product, split;
};
struct pair {
  uint32_t side[SIDES];
};
struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  struct columns c;
  char *kind;
  struct vt__map *boxes, *pairs; /* what stands there already */
};

/* ---- reading ---- */

static int find_columns(const struct vt_csv *csv, struct columns *c, struct vt_err *e)
{
  int rc = 0, shop = 0;
  for (int s = 0; s < SIDES && !rc; s++) rc = vt_csv_need(csv, side_name[s], &c->file[s], e);
  for (int k = 0; k < 4 && !rc; k++) rc = vt_csv_need(csv, corner[STREET][k], &c->corner[STREET][k], e);
  for (int k = 0; k < 4; k++) shop += (c->corner[SHOP][k] = vt_csv_find(csv, corner[SHOP][k])) >= 0;
  if (!rc && shop && shop < 4)
    rc = vt_fail(e, VT_EFORMAT, "%s: some of shop_x_1, shop_y_1, shop_x_2, shop_y_2 are missing", csv->path);
  c->kind = vt_csv_find(csv, "kind");
  c->product = vt_csv_find(csv, "product");
  c->split = vt_csv_find(csv, "split");
  return rc;
}

static const char *field_of(const struct vt_csv *csv, int column)
{
  return column >= 0 ? csv->field[column] : "";
}

/* The side's box; *given false where the row has none. */
static int read_box(const struct vt_csv *csv, const struct columns *c, int side, struct vt_box *box,
                    bool *given, struct vt_err *e)
{
  double v[4] = {0};
  int n = 0;
  for (int k = 0; k < 4; k++) {
    const char *text = field_of(csv, c->corner[side][k]);
    if (!*text) continue;
    if (!vt__number(text, strlen(text), &v[k]))
      return vt_fail(e, VT_EFORMAT, "%s '%.40s' is no number", corner[side][k], text);
    n++;
  }
  if (n && n < 4) return vt_fail(e, VT_EFORMAT, "%s to %s: some are empty", corner[side][0], corner[side][3]);
  if (v[2] < v[0] || v[3] < v[1])
    return vt_fail(e, VT_EFORMAT, "%s or %s lies before %s or %s", corner[side][2], corner[side][3],
                   corner[side][0], corner[side][1]);
  *box = (struct vt_box){v[0], v[1], v[2] - v[0], v[3] - v[1]};
  *given = n > 0;
  return 0;
}

static int read_split(struct reader *r, const char *text, int32_t image, struct vt_err *e)
{
  struct vt_label_image *im = &r->l->image[image];
  uint8_t split = VT_SPLIT_NONE;
  if (*text && !vt__split_word(text, &split))
    return vt_fail(e, VT_EFORMAT, "split '%.40s': expected train, val or test", text);
  if (im->split != VT_SPLIT_NONE && im->split != split)
    return vt_fail(e, VT_EFORMAT, "%s stands in two splits", im->file);
  im->split = split;
  return 0;
}

static bool same_box(const struct vt_labels *l, int32_t p, const void *what)
{
  const struct vt_instance *a = &l->v[p], *b = what;
  return a->image == b->image && a->cls == b->cls && a->product == b->product && a->flags == b->flags &&
         a->box.x == b->box.x && a->box.y == b->box.y && a->box.w == b->box.w && a->box.h == b->box.h;
}

/* The instance just pushed, or the earlier one that it repeats. */
static int64_t settle(struct reader *r, struct vt_err *e)
{
  struct vt_labels *l = r->l;
  struct vt_instance in = l->v[l->n - 1];
  const uint64_t key = in.hash ^ vt_hash64(&in.image, sizeof in.image) ^ in.flags;
  const int32_t before = vt__map_find(r->boxes, key, same_box, l, &in);
  if (before >= 0) {
    l->n--;
    return before;
  }
  return vt__map_put(r->boxes, key, (int32_t)(l->n - 1)) ? vt_fail(e, VT_ENOMEM, "out of memory") : l->n - 1;
}

static int read_row(struct reader *r, const struct vt_csv *csv, struct vt_err *e)
{
  struct vt_labels *l = r->l;
  struct vt_box box[SIDES];
  bool given[SIDES];
  int32_t image[SIDES];
  struct pair pair;
  const char *kind = r->c.kind >= 0 ? csv->field[r->c.kind] : r->kind, *product = field_of(csv, r->c.product);
  for (int s = 0; s < SIDES; s++) {
    const char *file = csv->field[r->c.file[s]];
    int rc = *file ? read_box(csv, &r->c, s, &box[s], &given[s], e)
                   : vt_fail(e, VT_EFORMAT, "%s is empty", side_name[s]);
    if (!rc && (image[s] = vt__labels_need_image(l, file, e)) < 0) rc = image[s];
    if (!rc) vt__labels_row_of(l, image[s]);
    if (!rc) rc = vt__link_probe(l, image[s], r->o, e);
    if (!rc && given[s]) rc = vt__box_check(&l->image[image[s]], &box[s], e);
    if (rc) return rc;
  }
  if (!*kind) return vt_fail(e, VT_EFORMAT, "kind is empty");
  int rc = read_split(r, field_of(csv, r->c.split), image[STREET], e);
  if (rc) return rc;
  for (int s = 0; s < SIDES; s++) {
    struct vt_instance *in = vt__link_add(l, image[s], kind, *product ? product : csv->field[r->c.file[SHOP]],
                                          side_flag[s], given[s] ? &box[s] : NULL, e);
    if (!in) return VT_ENOMEM;
    in->line = csv->line;
    const int64_t at = settle(r, e);
    if (at < 0) return VT_ENOMEM;
    pair.side[s] = (uint32_t)at;
  }
  const uint64_t key = (uint64_t)pair.side[STREET] << 32 | pair.side[SHOP];
  if (vt__map_find(r->pairs, key, NULL, NULL, NULL) >= 0)
    return vt_fail(e, VT_EFORMAT, "the pair stands twice");
  return vt__map_put(r->pairs, key, 0) ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

static int read_table(struct reader *r, const char *path, struct vt_err *e)
{
  struct vt_csv csv;
  r->kind = vt_path_stem(NULL, path);
  int rc = r->kind ? vt_csv_open(&csv, path, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  csv.lenient_utf8 = r->o->lenient;
  if (!vt_utf8_valid(r->kind, strlen(r->kind)))
    rc = vt_fail(e, VT_EFORMAT, "%s: its name is not valid UTF-8", path);
  if (!rc) rc = find_columns(&csv, &r->c, e);
  if (!rc) vt__labels_csv_unknown(r->l, &csv, names, VT_COUNT(names));
  while (!rc && (rc = vt_csv_next(&csv, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    const bool row = rc > 0;
    rc = row ? 0 : rc;
    r->l->rows++;
    if (row && (rc = read_row(r, &csv, e))) vt_fail_in(e, rc, "%s: line %lld", path, (long long)csv.line);
    if (rc) rc = vt__labels_problem(r->l, r->o, e);
    if (r->l->rows % 4096 == 0 && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", path);
  }
  vt__labels_csv_close(r->l, &csv);
out:
  vt_free(r->kind);
  return rc;
}

static int each_table(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  return strchr(rel, '/') || strcmp(vt_path_ext(rel), "csv") != 0 ? 0 : read_table(ctx, path, e);
}

/* Pairs that follow from products and stand in no row: said, since writing would add them. */
static int count_implied(struct reader *r, int64_t pairs, struct vt_err *e)
{
  int64_t *order, *start, implied = -pairs;
  int rc = vt_labels_by(r->l, VT_BY_PRODUCT, &order, &start, e);
  for (int32_t p = 0; p < r->l->products.n && !rc; p++) {
    int64_t n[SIDES] = {0};
    for (int64_t i = start[p]; i < start[p + 1]; i++) n[r->l->v[order[i]].flags & VT_SHOP ? SHOP : STREET]++;
    implied += n[STREET] * n[SHOP];
  }
  if (implied > 0) vt_loss_add(&r->l->dropped, implied, "that two boxes of one product are no pair");
  vt_free(order);
  vt_free(start);
  return rc;
}

static int read_pairs(struct vt_labels *l, const char *path, const struct vt_labels_opts *o, struct vt_err *e)
{
  struct reader r = {.l = l, .o = o};
  struct vt_err own = {0};
  if (!e) e = &own;
  int rc = vt__map_new(&r.boxes) || vt__map_new(&r.pairs) ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  if (!rc) rc = vt_is_dir(path) ? vt_walk(path, each_table, &r, e) : read_table(&r, path, e);
  if (!rc && !l->rows && vt_is_dir(path)) rc = vt_fail(e, VT_ENOENT, "%s: no KIND.csv with pairs", path);
  if (!rc) rc = count_implied(&r, l->rows - l->skipped, e);
  vt__map_free(r.boxes);
  vt__map_free(r.pairs);
  return rc ? rc : vt__labels_end(l, e);
}

/* ---- writing ---- */

static void add_box(struct vt_buf *b, const struct vt_box *k)
{
  const double v[] = {k->x, k->y, k->x + k->w, k->y + k->h};
  for (int i = 0; i < 4; i++) {
    vt_buf_addc(b, ',');
    if (k->w >= 0) vt__json_number(b, v[i]);
  }
}

static int add_pair(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *street,
                    const struct vt_instance *shop, struct vt_err *e)
{
  const struct vt_instance *in[SIDES] = {street, shop};
  struct vt_box box[SIDES];
  for (int s = 0; s < SIDES; s++) {
    vt_csv_put(b, l->image[in[s]->image].file, !s);
    box[s] = in[s]->box;
    const bool none = in[s]->box.w < 0 && in[s]->shape == VT_SHAPE_NONE;
    int rc = none ? 0 : vt__instance_box(l, in[s], &box[s], e);
    if (rc) return rc;
  }
  if (vt__link_is_whole(l, shop)) box[SHOP].w = -1;
  vt_csv_put(b, l->classes.v[street->cls].name, false);
  add_box(b, &box[STREET]);
  add_box(b, &box[SHOP]);
  vt_csv_put(b, l->products.v[street->product].name, false);
  vt_csv_put(b, vt__split_name(l->image[street->image].split), false);
  vt_buf_addc(b, '\n');
  return 0;
}

static void count_losses(const struct vt_labels *l, const struct vt_instance *in, int64_t others,
                         struct vt_losses *losses)
{
  vt_loss_add(losses, !others, "instances whose product has no photo of the other side");
  vt__link_losses(in, 0, losses);
  vt_loss_add(losses, in->flags & VT_SHOP && l->image[in->image].split != VT_SPLIT_NONE,
              "splits of shops' photos");
}

/* paired: (pictures) set where one is written. */
static int write_product(struct vt__out *out, const struct vt_labels *l, const int64_t *row, int64_t n,
                         uint8_t *paired, struct vt_losses *losses, struct vt_err *e)
{
  int64_t shops = 0;
  int rc = 0;
  for (int64_t i = 0; i < n; i++) shops += (l->v[row[i]].flags & VT_SHOP) != 0;
  for (int64_t i = 0; i < n && !rc; i++) {
    const struct vt_instance *in = &l->v[row[i]];
    const bool shop = in->flags & VT_SHOP;
    const int64_t others = shop ? n - shops : shops;
    count_losses(l, in, others, losses);
    paired[in->image] |= others > 0;
    for (int64_t k = 0; k < n && !shop && !rc; k++) {
      const struct vt_instance *other = &l->v[row[k]];
      if (!(other->flags & VT_SHOP)) continue;
      vt_loss_add(losses, other->cls != in->cls, "classes of shops' instances that differ from the street's");
      rc = add_pair(&out->b, l, in, other, e);
      if (!rc) rc = vt__out_more(out, e);
    }
  }
  return rc;
}

static int write_pairs(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                       struct vt_losses *losses, struct vt_err *e)
{
  struct vt__out out = {.f = NULL};
  int64_t *order, *start, none = 0;
  int rc = vt_labels_by(l, VT_BY_PRODUCT, &order, &start, e);
  uint8_t *paired = vt_calloc((size_t)l->nimages + 1, 1); // (pictures)
  if (!rc && !paired) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt__out_open(&out, NULL, path, e);
  vt_buf_adds(&out.b, "street,shop,kind,x_1,y_1,x_2,y_2,shop_x_1,shop_y_1,shop_x_2,shop_y_2,product,split\n");
  for (int32_t p = 0; p < l->products.n && !rc; p++)
    rc = write_product(&out, l, order + start[p], start[p + 1] - start[p], paired, losses, e);
  for (int64_t i = 0; i < l->n; i++) none += l->v[i].product < 0;
  vt_loss_add(losses, none, "instances of no product");
  for (int32_t k = 0; k < l->nimages; k++) {
    vt_loss_add(losses, paired && !paired[k], "pictures of no pair");
    vt_loss_add(losses, *l->image[k].url != 0, "urls of pictures");
    vt_loss_add(losses, l->image[k].pair != 0, "pair numbers of pictures");
  }
  vt_free(paired);
  vt_free(order);
  vt_free(start);
  return vt__out_close(&out, rc, e);
}

const struct vt_format vt_format_pairs = {
    .name = "pairs",
    .what = "table street,shop,kind,x_1,y_1,x_2,y_2,… of street and shop photos with a box for each",
    .beside = "labels.csv",
    .read = read_pairs,
    .write = write_pairs,
};
