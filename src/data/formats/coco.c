/* COCO json as a format of labels; reading is in coco_read.c, writing here.
 *
 * Layout written: see coco_read.c. Masks are compressed runs (exact), polygons stay polygons; an instance
 * without either has its bbox only. Key points have their visibility, categories their names and the lines
 * between. What COCO has no name for: vitrine_source ("street", "shop") and vitrine_product (a name) of
 * annotations, vitrine_pair (a number) of images. One item a line. */
#include "data/formats/coco.h"
#include "data/formats/text_out.h"
#include "data/labels_map.h"

#include <string.h>

static void add_classes(struct vt_buf *b, const struct vt_label_list *list)
{
  for (int k = 0; k < list->n; k++) {
    const struct vt_label_class *c = &list->v[k];
    vt_buf_addf(b, "%s\n  {\"id\": %lld, \"name\": ", k ? "," : "", (long long)c->id);
    vt__json_string(b, c->name);
    vt_buf_adds(b, ", \"supercategory\": ");
    vt__json_string(b, c->super);
    for (int i = 0; i < c->npoints; i++) {
      vt_buf_adds(b, i ? ", " : ", \"keypoints\": [");
      vt__json_string(b, c->point[i]);
    }
    if (c->npoints) vt_buf_addc(b, ']');
    for (int i = 0; i < c->nbones; i++)
      vt_buf_addf(b, "%s[%d, %d]", i ? ", " : ", \"skeleton\": [", (int)c->bone[i][0], (int)c->bone[i][1]);
    vt_buf_adds(b, c->nbones ? "]}" : "}");
  }
}

static int add_shape(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *in,
                     struct vt_err *e)
{
  const struct vt_label_image *im = &l->image[in->image];
  if (in->shape == VT_SHAPE_RLE) {
    vt_buf_addf(b, ", \"segmentation\": {\"size\": [%d, %d], \"counts\": ", im->height, im->width);
    vt__json_string(b, l->shapes.data + in->shape_at);
    vt_buf_addc(b, '}');
    return 0;
  }
  struct vt_polygons p;
  int rc = vt_instance_polygons(l, in, &p, e);
  if (rc) return rc;
  vt_buf_adds(b, ", \"segmentation\": [");
  for (int i = 0; i < p.n; i++) {
    vt_buf_adds(b, i ? ", [" : "[");
    for (int k = 2 * p.start[i]; k < 2 * p.start[i + 1]; k++) {
      if (k > 2 * p.start[i]) vt_buf_adds(b, ", ");
      vt__json_number(b, p.xy[k]);
    }
    vt_buf_addc(b, ']');
  }
  vt_buf_addc(b, ']');
  vt_polygons_clear(&p);
  return 0;
}

/* Box and area that the file gave, or those of the mask. */
static int add_measures(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *in,
                        struct vt_err *e)
{
  struct vt_box box = in->box;
  double area = in->area;
  if (box.w < 0 || area < 0) {
    struct vt_mask m;
    int rc = vt_instance_mask(l, in, &m, e);
    if (rc) return rc;
    if (box.w < 0) box = vt_mask_box(&m);
    if (area < 0) area = (double)vt_mask_area(&m);
    vt_mask_clear(&m);
  }
  const double v[] = {box.x, box.y, box.w, box.h, area};
  for (int k = 0; k < 5; k++) {
    vt_buf_adds(b, k == 0 ? ", \"bbox\": [" : k == 4 ? "], \"area\": " : ", ");
    vt__json_number(b, v[k]);
  }
  return 0;
}

/* Ids of instances: their own, of several with the same one the first's; the others get what none has. */
struct ids {
  struct vt__map *first; /* own id -> position */
  int64_t next;
};

static int ids_init(struct ids *ids, const struct vt_labels *l, struct vt_err *e)
{
  *ids = (struct ids){.next = l->n + 1};
  int rc = vt__map_new(&ids->first);
  for (int64_t i = 0; i < l->n && !rc; i++)
    if (vt__instance_has_id(&l->v[i]) && vt__map_find(ids->first, (uint64_t)l->v[i].id, NULL, NULL, NULL) < 0)
      rc = vt__map_put(ids->first, (uint64_t)l->v[i].id, (int32_t)i);
  return rc ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

static int64_t id_of(struct ids *ids, const struct vt_instance *in, int64_t i)
{
  if (vt__instance_has_id(in) && vt__map_find(ids->first, (uint64_t)in->id, NULL, NULL, NULL) == i)
    return in->id;
  if (vt__map_find(ids->first, (uint64_t)(i + 1), NULL, NULL, NULL) < 0) return i + 1;
  while (vt__map_find(ids->first, (uint64_t)ids->next, NULL, NULL, NULL) >= 0) ids->next++;
  return ids->next++;
}

static int add_instance(struct vt_buf *b, const struct vt_labels *l, int64_t i, int64_t id, struct vt_err *e)
{
  const struct vt_instance *in = &l->v[i];
  vt_buf_addf(b, "%s\n  {\"id\": %lld, \"image_id\": %lld, \"category_id\": %lld", i ? "," : "",
              (long long)id, (long long)l->image[in->image].id, (long long)l->classes.v[in->cls].id);
  int rc = add_measures(b, l, in, e);
  if (rc) return rc;
  vt_buf_addf(b, ", \"iscrowd\": %d", in->flags & VT_CROWD ? 1 : 0);
  for (int k = 0; k < in->nattrs; k++)
    vt_buf_addf(b, "%s%lld%s", k ? ", " : ", \"attribute_ids\": [",
                (long long)l->attributes.v[l->attr[in->attrs + (uint32_t)k]].id,
                k + 1 == in->nattrs ? "]" : "");
  if (in->npoints) {
    int labelled = 0;
    for (int k = 0; k < in->npoints; k++)
      labelled += l->point[in->points + (uint32_t)k].seen != VT_UNLABELLED;
    vt_buf_addf(b, ", \"num_keypoints\": %d, \"keypoints\": ", labelled);
    vt__labels_put_points(b, l, in);
  }
  if (in->score != 1) {
    vt_buf_adds(b, ", \"score\": ");
    vt__json_number(b, in->score);
  }
  if (in->flags & (VT_STREET | VT_SHOP))
    vt_buf_addf(b, ", \"vitrine_source\": \"%s\"", in->flags & VT_STREET ? "street" : "shop");
  if (in->product >= 0) {
    vt_buf_adds(b, ", \"vitrine_product\": ");
    vt__json_string(b, l->products.v[in->product].name);
  }
  if (in->shape && (rc = add_shape(b, l, in, e))) return rc;
  vt_buf_addc(b, '}');
  return 0;
}

static void add_image(struct vt_buf *b, const struct vt_label_image *im)
{
  vt_buf_addf(b, "{\"id\": %lld, \"file_name\": ", (long long)im->id);
  vt__json_string(b, im->file);
  vt_buf_addf(b, ", \"width\": %d, \"height\": %d", im->width, im->height);
  if (*vt__split_name(im->split)) vt_buf_addf(b, ", \"split\": \"%s\"", vt__split_name(im->split));
  if (*im->url) {
    vt_buf_adds(b, ", \"coco_url\": ");
    vt__json_string(b, im->url);
  }
  if (im->pair) vt_buf_addf(b, ", \"vitrine_pair\": %lld", (long long)im->pair);
  vt_buf_addc(b, '}');
}

int vt__coco_write(const struct vt_labels *l, const char *path, bool attributes, struct vt_err *e)
{
  struct vt__out out;
  struct ids ids;
  int rc = ids_init(&ids, l, e);
  if (rc) return rc;
  rc = vt__out_open(&out, NULL, path, e);
  vt_buf_adds(&out.b, "{\"images\": [");
  for (int32_t k = 0; k < l->nimages && !rc; k++) {
    const struct vt_label_image *im = &l->image[k];
    vt_buf_adds(&out.b, k ? ",\n  " : "\n  ");
    add_image(&out.b, im);
    if (!im->width || !im->height) rc = vt_fail_in(e, vt__no_size(im, e), "%s", path);
    if (!rc) rc = vt__out_more(&out, e);
  }
  vt_buf_adds(&out.b, "],\n\"categories\": [");
  add_classes(&out.b, &l->classes);
  if (attributes) {
    vt_buf_adds(&out.b, "],\n\"attributes\": [");
    add_classes(&out.b, &l->attributes);
  }
  vt_buf_adds(&out.b, "],\n\"annotations\": [");
  for (int64_t i = 0; i < l->n && !rc; i++) {
    rc = add_instance(&out.b, l, i, id_of(&ids, &l->v[i], i), e);
    if (!rc) rc = vt__out_more(&out, e);
  }
  vt_buf_adds(&out.b, "]}\n");
  vt__map_free(ids.first);
  return vt__out_close(&out, rc, e);
}

static int write_coco(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                      struct vt_losses *losses, struct vt_err *e)
{
  return vt__coco_write(l, path, l->attributes.n > 0, e);
}

const struct vt_format vt_format_coco = {
    .name = "coco",
    .what = "COCO json: polygons, runs, boxes, crowds, attributes",
    .beside = "labels.json",
    .read = vt__coco_read,
    .write = write_coco,
};
