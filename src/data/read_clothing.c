/* The clothing data set: images.csv (image, sender_id, label, kids, split), images/IMAGE.jpg: one garment a
 * photo.
 *
 * The label becomes the attribute "clothing" and, where the class says what the thing is, the group. */
#include <string.h>
#include "data/data_internal.h"

static const struct {
  const char *label, *group; /* NULL: the label does not say */
} labels[] = {
    {"T-Shirt", "top"},       {"Longsleeve", "top"}, {"Polo", "top"},    {"Undershirt", "top"},
    {"Blouse", "top"},        {"Shirt", "top"},      {"Hoodie", "top"},  {"Top", "top"},
    {"Body", "top"},          {"Dress", "dress"},    {"Pants", "pants"}, {"Shorts", "shorts"},
    {"Skirt", "skirt"},       {"Shoes", "footwear"}, {"Hat", "hat"},     {"Blazer", "outerwear"},
    {"Outwear", "outerwear"}, {"Other", NULL},       {"Not sure", NULL}, {"Skip", NULL},
};

static int find_label(const char *word)
{
  for (size_t i = 0; i < VT_COUNT(labels); i++) {
    if (strcmp(labels[i].label, word) == 0) return (int)i;
  }
  return -1;
}

static int read_row(struct vt_dataset *d, struct vt__column *names, const struct vt_csv *c, const char *root,
                    const int col[3], struct vt_err *e)
{
  const char *word = c->field[col[1]];
  int label = find_label(word);
  if (label < 0) {
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: unknown label '%.40s'", c->path, (long long)c->line, word);
  }
  enum vt_split split;
  int rc = vt__split_parse(&split, c->field[col[2]], c->path, c->line, e);
  if (rc < 0) return rc;
  const char *image = vt_arena_printf(&d->arena, "%s/images/%s.jpg", root, c->field[col[0]]);
  if (!image) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  if (!vt_is_file(image)) {
    return vt_fail(e, VT_ENOENT, "%s: line %lld: %s does not exist", c->path, (long long)c->line, image);
  }
  struct vt_sample *s = vt__dataset_push(d, e);
  if (!s) return VT_ENOMEM;
  s->image = image;
  s->split = split;
  s->source = VT_SOURCE_CLOTHING;
  if (labels[label].group) s->group = vt_taxonomy_find(&d->taxonomy, labels[label].group);
  return vt__column_add(names, d, labels[label].group ? word : "", e);
}

int vt_read_clothing(struct vt_dataset *d, const char *root, struct vt_err *e)
{
  static const char *const need[3] = {"image", "label", "split"};
  struct vt_csv c;
  struct vt__column names = {0};
  int64_t first = d->n;
  int col[3];
  char *path = vt_path_join(&d->arena, root, "images.csv");
  int rc = path ? vt_csv_open(&c, path, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  if (rc < 0) return rc;
  for (int k = 0; k < 3; k++) {
    if ((rc = vt_csv_need(&c, need[k], &col[k], e)) < 0) goto out;
  }
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = read_row(d, &names, &c, root, col, e)) < 0) goto out;
  }
  if (rc < 0) goto out;
  rc = vt__column_finish(&names, d, "clothing", first, e);
out:
  vt_csv_close(&c);
  vt__column_clear(&names);
  return rc < 0 ? rc : 0;
}
