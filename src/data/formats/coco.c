/* COCO json as a format of labels; reading is in coco_read.c, writing here.
 *
 * Layout written: see coco_read.c. Masks are compressed runs (exact), polygons stay polygons; an instance
 * without either has its bbox only. One item a line. */
#include "data/formats/coco.h"

#include <stdio.h>
#include <string.h>

static void add_classes(struct vt_buf *b, const struct vt_label_list *list)
{
  for (int k = 0; k < list->n; k++) {
    const struct vt_label_class *c = &list->v[k];
    vt_buf_addf(b, "%s\n  {\"id\": %lld, \"name\": ", k ? "," : "", (long long)c->id);
    vt__json_string(b, c->name);
    vt_buf_adds(b, ", \"supercategory\": ");
    vt__json_string(b, c->super);
    vt_buf_addc(b, '}');
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

static int add_instance(struct vt_buf *b, const struct vt_labels *l, int64_t i, struct vt_err *e)
{
  const struct vt_instance *in = &l->v[i];
  vt_buf_addf(b, "%s\n  {\"id\": %lld, \"image_id\": %lld, \"category_id\": %lld", i ? "," : "",
              (long long)(in->id ? in->id : i + 1), (long long)l->image[in->image].id,
              (long long)l->classes.v[in->cls].id);
  int rc = add_measures(b, l, in, e);
  if (rc) return rc;
  vt_buf_addf(b, ", \"iscrowd\": %d", in->flags & VT_CROWD ? 1 : 0);
  for (int k = 0; k < in->nattrs; k++)
    vt_buf_addf(b, "%s%lld%s", k ? ", " : ", \"attribute_ids\": [",
                (long long)l->attributes.v[l->attr[in->attrs + (uint32_t)k]].id,
                k + 1 == in->nattrs ? "]" : "");
  if (in->shape && (rc = add_shape(b, l, in, e))) return rc;
  vt_buf_addc(b, '}');
  return 0;
}

static int flush(FILE *f, struct vt_buf *b, const char *path, struct vt_err *e)
{
  if (b->failed) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if (b->len && fwrite(b->data, 1, b->len, f) != b->len) return vt_fail_errno(e, path);
  b->len = 0;
  return 0;
}

static int write_all(FILE *f, const struct vt_labels *l, const char *path, struct vt_err *e)
{
  struct vt_buf b = {0};
  int rc = 0;
  vt_buf_adds(&b, "{\"images\": [");
  for (int32_t k = 0; k < l->nimages && !rc; k++) {
    const struct vt_label_image *im = &l->image[k];
    vt_buf_addf(&b, "%s\n  {\"id\": %lld, \"file_name\": ", k ? "," : "", (long long)im->id);
    vt__json_string(&b, im->file);
    vt_buf_addf(&b, ", \"width\": %d, \"height\": %d", im->width, im->height);
    if (*vt__split_name(im->split)) vt_buf_addf(&b, ", \"split\": \"%s\"", vt__split_name(im->split));
    vt_buf_addc(&b, '}');
    if (!im->width || !im->height)
      rc = vt_fail(e, VT_EARG, "%s: the size of picture '%s' is not known", path, im->file);
    if (!rc && b.len > 1 << 20) rc = flush(f, &b, path, e);
  }
  vt_buf_adds(&b, "],\n\"categories\": [");
  add_classes(&b, &l->classes);
  if (l->attributes.n) {
    vt_buf_adds(&b, "],\n\"attributes\": [");
    add_classes(&b, &l->attributes);
  }
  vt_buf_adds(&b, "],\n\"annotations\": [");
  for (int64_t i = 0; i < l->n && !rc; i++) {
    rc = add_instance(&b, l, i, e);
    if (!rc && b.len > 1 << 20) rc = flush(f, &b, path, e);
  }
  vt_buf_adds(&b, "]}\n");
  if (!rc) rc = flush(f, &b, path, e);
  vt_buf_clear(&b);
  return rc;
}

static int write_coco(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                      struct vt_losses *losses, struct vt_err *e)
{
  FILE *f = strcmp(path, "-") ? fopen(path, "we") : stdout;
  if (!f) return vt_fail_errno(e, path);
  int rc = write_all(f, l, path, e);
  if (f != stdout && fclose(f) && !rc) rc = vt_fail_errno(e, path);
  return rc;
}

const struct vt_format vt_format_coco = {
    .name = "coco",
    .what = "COCO json: polygons, runs, boxes, crowds; Fashionpedia's attributes",
    .read = vt__coco_read,
    .write = write_coco,
};
