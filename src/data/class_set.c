/* Pictures with one class each: an attribute of a table, or class folders. */
#include "data/data.h"

#include <string.h>

static const struct {
  const char *name, *folder, *attribute, *about;
} tables[] = {
    {"clothing", "clothing", "clothing", "Clothing dataset"},
    {"products", "products", "articleType", "Fashion Product Images"},
    {"products224", "products", "articleType", "Fashion Product Images"},
};

static int read_table(struct vt_dataset *d, const char *name, const char *root, struct vt_err *e)
{
  if (!strcmp(name, "clothing")) return vt_read_clothing(d, root, e);
  return vt_read_products(d, root, !strcmp(name, "products224"), e);
}

/* Room for n samples and their classes. */
static int reserve(struct vt_class_set *s, int64_t n, int32_t classes, struct vt_err *e)
{
  s->nclasses = classes;
  s->v = vt_arena_alloc(&s->arena, (size_t)VT_MAX(n, 1) * sizeof *s->v);
  s->name = vt_arena_alloc(&s->arena, (size_t)VT_MAX(classes, 1) * sizeof *s->name);
  return s->v && s->name ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", s->about);
}

static int take_name(struct vt_class_set *s, int32_t c, const char *name, struct vt_err *e)
{
  s->name[c] = vt_arena_strdup(&s->arena, name);
  return s->name[c] ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", s->about);
}

static int from_dataset(struct vt_class_set *s, const struct vt_dataset *d, const char *attribute,
                        struct vt_err *e)
{
  int a = vt_dataset_attr(d, attribute);
  if (a < 0) {
    struct vt_buf b;
    vt_buf_init(&b);
    for (int i = 0; i < d->nattrs; i++) vt_buf_addf(&b, "%s%s", i ? ", " : "", d->attr[i]);
    vt_fail(e, VT_EARG, "%s: no attribute '%s'; there are: %s", s->about, attribute,
            b.data ? b.data : "none");
    vt_buf_clear(&b);
    return VT_EARG;
  }
  int rc = reserve(s, d->n, d->nclasses[a], e);
  for (int c = 0; c < s->nclasses && !rc; c++) rc = take_name(s, c, d->classes[a][c], e);
  for (int64_t i = 0; i < d->n && !rc; i++) {
    const struct vt_sample *x = &d->v[i];
    if (x->attr[a] < 0) continue;
    struct vt_class_sample *y = &s->v[s->n++];
    *y = (struct vt_class_sample){NULL, x->attr[a], x->split, x->aspect};
    if (!(y->image = vt_arena_strdup(&s->arena, x->image)))
      rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", s->about);
  }
  return rc;
}

static int from_folders(struct vt_class_set *s, const char *root, struct vt_err *e)
{
  struct vt_labels l;
  const struct vt_format *f = vt_format_find("folders", e);
  int rc = f ? vt_labels_init(&l, e) : VT_ENOENT;
  if (rc) return rc;
  rc = f->read(&l, root, &(struct vt_labels_opts){0}, e);
  if (!rc) rc = reserve(s, l.n, l.classes.n, e);
  for (int c = 0; c < s->nclasses && !rc; c++) rc = take_name(s, c, l.classes.v[c].name, e);
  for (int64_t i = 0; i < l.n && !rc; i++) {
    const struct vt_label_image *im = &l.image[l.v[i].image];
    struct vt_class_sample *y = &s->v[s->n++];
    *y = (struct vt_class_sample){vt_path_join(&s->arena, root, im->file), l.v[i].cls, im->split, 0};
    if (!y->image) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  }
  vt_labels_clear(&l);
  return rc;
}

int vt_class_set_read(struct vt_class_set *s, const char *data, const char *attribute, const char *data_dir,
                      struct vt_err *e)
{
  struct vt_dataset d = {0};
  int t = 0, n = (int)VT_COUNT(tables), rc;
  *s = (struct vt_class_set){0};
  vt_arena_init(&s->arena);
  while (t < n && strcmp(tables[t].name, data) != 0) t++;
  if (t == n) {
    s->about = vt_arena_strdup(&s->arena, vt_path_base(data));
    if (!s->about)
      rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", data);
    else if (!vt_is_dir(data))
      rc = vt_fail(e, VT_ENOENT, "data: '%s' is neither clothing, products, products224 nor a folder", data);
    else
      rc = from_folders(s, data, e);
  } else if (!data_dir) {
    rc = vt_fail(e, VT_EARG, "data: no folder for '%s'; set VITRINE_DATA to the one that holds %s/", data,
                 tables[t].folder);
  } else {
    s->about = tables[t].about;
    const char *root = vt_path_join(&s->arena, data_dir, tables[t].folder);
    rc = root ? vt_dataset_init(&d, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", data);
    if (!rc) rc = read_table(&d, data, root, e);
    if (!rc) rc = from_dataset(s, &d, attribute && *attribute ? attribute : tables[t].attribute, e);
    vt_dataset_clear(&d);
  }
  if (rc) vt_class_set_clear(s);
  return rc;
}

int vt_class_set_prune(struct vt_class_set *s, int64_t least, struct vt_err *e)
{
  int64_t n = 0;
  int32_t classes = 0;
  int64_t *count = vt_calloc((size_t)s->nclasses + 1, sizeof *count);
  int32_t *now = vt_calloc((size_t)s->nclasses + 1, sizeof *now); /* number of a class, -1: left out */
  int rc = count && now ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", s->about);
  if (rc) goto out;
  for (int64_t i = 0; i < s->n; i++)
    count[s->v[i].cls] += s->v[i].split == VT_SPLIT_TRAIN || s->v[i].split == VT_SPLIT_NONE;
  for (int32_t c = 0; c < s->nclasses; c++) {
    now[c] = count[c] >= VT_MAX(least, 1) ? classes++ : -1;
    if (now[c] >= 0) s->name[now[c]] = s->name[c];
  }
  for (int64_t i = 0; i < s->n; i++) {
    struct vt_class_sample x = s->v[i];
    if ((x.cls = now[x.cls]) >= 0) s->v[n++] = x;
  }
  s->nclasses = classes;
  s->n = n;
out:
  vt_free(count);
  vt_free(now);
  return rc;
}

void vt_class_set_clear(struct vt_class_set *s)
{
  vt_arena_clear(&s->arena);
  *s = (struct vt_class_set){0};
}
