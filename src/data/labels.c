/* A labelled data set in memory: building, looking up, orders, what goes wrong and what is lost. */
#include "data/labels_map.h"

#include <string.h>

int vt_labels_init(struct vt_labels *l, struct vt_err *e)
{
  *l = (struct vt_labels){0};
  vt_arena_init(&l->arena);
  vt_buf_init(&l->shapes);
  if (vt__map_new(&l->by_id) || vt__map_new(&l->by_file) || vt__map_new(&l->class_by_id) ||
      vt__map_new(&l->class_by_name) || vt__map_new(&l->attr_by_id) || vt__map_new(&l->attr_by_name) ||
      vt__map_new(&l->product_by_name)) {
    vt_labels_clear(l);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  return 0;
}

void vt_labels_clear(struct vt_labels *l)
{
  vt__map_free(l->by_id);
  vt__map_free(l->by_file);
  vt__map_free(l->class_by_id);
  vt__map_free(l->class_by_name);
  vt__map_free(l->attr_by_id);
  vt__map_free(l->attr_by_name);
  vt__map_free(l->product_by_name);
  vt_free(l->image);
  vt_free(l->classes.v);
  vt_free(l->attributes.v);
  vt_free(l->products.v);
  vt_free(l->v);
  vt_free(l->attr);
  vt_free(l->point);
  vt_buf_clear(&l->shapes);
  vt_problems_clear(&l->problems);
  vt_arena_clear(&l->arena);
  *l = (struct vt_labels){0};
}

static bool same_file(const struct vt_labels *l, int32_t p, const void *what)
{
  return !strcmp(l->image[p].file, what);
}

static bool same_class(const struct vt_labels *l, int32_t p, const void *what)
{
  return !strcmp(l->classes.v[p].name, what);
}

int32_t vt_labels_image(const struct vt_labels *l, int64_t id)
{
  return vt__map_find(l->by_id, (uint64_t)id, NULL, l, NULL);
}

int32_t vt_labels_class(const struct vt_labels *l, int64_t id)
{
  return vt__labels_find_class(l, false, id);
}

int32_t vt__labels_find_file(const struct vt_labels *l, const char *file)
{
  return vt__map_find(l->by_file, vt_hash64(file, strlen(file)), same_file, l, file);
}

int32_t vt_labels_find_image(const struct vt_labels *l, const char *file)
{
  return vt__labels_find_file(l, file);
}

int32_t vt__labels_find_class(const struct vt_labels *l, bool attribute, int64_t id)
{
  return vt__map_find(attribute ? l->attr_by_id : l->class_by_id, (uint64_t)id, NULL, l, NULL);
}

int32_t vt__labels_find_name(const struct vt_labels *l, const char *name)
{
  return vt__map_find(l->class_by_name, vt_hash64(name, strlen(name)), same_class, l, name);
}

/* Room for one more; *cap doubles. */
static void *grown(void *v, int64_t n, int64_t *cap, int64_t limit, size_t size)
{
  if (n < *cap) return v;
  int64_t more = *cap ? 2 * *cap : 64;
  void *p = n < limit ? vt_reallocarray(v, (size_t)more, size) : NULL;
  if (p) *cap = more;
  return p;
}

/* Those in a file were checked when it was read; those of files and folders may be any bytes. */
static int check_name(const char *of, const char *name, struct vt_err *e)
{
  if (vt_utf8_valid(name, strlen(name))) return 0;
  return vt_fail(e, VT_EFORMAT, "the name of a %s is not valid UTF-8", of);
}

int32_t vt__labels_add_image(struct vt_labels *l, int64_t id, const char *file, int width, int height,
                             struct vt_err *e)
{
  if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
  if (vt_labels_image(l, id) >= 0)
    return vt_fail(e, VT_EFORMAT, "picture id %lld stands twice", (long long)id);
  int rc = check_name("picture", file, e);
  if (rc) return rc;
  int64_t cap = l->cap_images;
  struct vt_label_image *v = grown(l->image, l->nimages, &cap, VT__MAX_IMAGES, sizeof *v);
  if (!v) goto memory;
  l->image = v;
  l->cap_images = (int32_t)cap;
  char *name = vt_arena_strdup(&l->arena, file);
  if (!name) goto memory;
  v[l->nimages] = (struct vt_label_image){
      .file = name, .url = "", .id = id, .width = width, .height = height, .split = VT_SPLIT_NONE};
  if (vt__map_put(l->by_id, (uint64_t)id, l->nimages)) goto memory;
  if (*file && vt__labels_find_file(l, file) < 0 &&
      vt__map_put(l->by_file, vt_hash64(file, strlen(file)), l->nimages))
    goto memory;
  return l->nimages++;
memory:
  return vt_fail(e, VT_ENOMEM, "out of memory at %d pictures", l->nimages);
}

int32_t vt__labels_need_image(struct vt_labels *l, const char *file, struct vt_err *e)
{
  int32_t p = vt__labels_find_file(l, file);
  return p >= 0 ? p : vt__labels_add_image(l, l->nimages + 1, file, 0, 0, e);
}

int32_t vt__labels_add_class(struct vt_labels *l, bool attribute, int64_t id, const char *name,
                             const char *super, struct vt_err *e)
{
  struct vt_label_list *list = attribute ? &l->attributes : &l->classes;
  if (vt__labels_find_class(l, attribute, id) >= 0)
    return vt_fail(e, VT_EFORMAT, "%s id %lld stands twice", attribute ? "attribute" : "class",
                   (long long)id);
  int rc = check_name(attribute ? "attribute" : "class", name, e);
  if (rc) return rc;
  int64_t cap = list->cap;
  struct vt_label_class *v = grown(list->v, list->n, &cap, 1 << 24, sizeof *v);
  if (!v) goto memory;
  list->v = v;
  list->cap = (int)cap;
  v[list->n] = (struct vt_label_class){
      .id = id, .name = vt_arena_strdup(&l->arena, name), .super = vt_arena_strdup(&l->arena, super)};
  if (!v[list->n].name || !v[list->n].super) goto memory;
  if (vt__map_put(attribute ? l->attr_by_id : l->class_by_id, (uint64_t)id, list->n)) goto memory;
  if (!attribute && *name && vt__labels_find_name(l, name) < 0 &&
      vt__map_put(l->class_by_name, vt_hash64(name, strlen(name)), list->n))
    goto memory;
  return list->n++;
memory:
  return vt_fail(e, VT_ENOMEM, "out of memory at %d classes", list->n);
}

int32_t vt__labels_need_class(struct vt_labels *l, const char *name, struct vt_err *e)
{
  if (!*name) return vt_fail(e, VT_EFORMAT, "the name of the class is empty");
  int32_t p = vt__labels_find_name(l, name);
  return p >= 0 ? p : vt__labels_add_class(l, false, l->classes.n, name, "", e);
}

static bool same_product(const struct vt_labels *l, int32_t p, const void *what)
{
  return !strcmp(l->products.v[p].name, what);
}

int32_t vt__labels_find_product(const struct vt_labels *l, const char *name)
{
  return vt__map_find(l->product_by_name, vt_hash64(name, strlen(name)), same_product, l, name);
}

int32_t vt__labels_need_product(struct vt_labels *l, const char *name, struct vt_err *e)
{
  struct vt_label_list *list = &l->products;
  const uint64_t key = vt_hash64(name, strlen(name));
  int32_t p = vt__labels_find_product(l, name);
  if (p >= 0) return p;
  int64_t cap = list->cap;
  struct vt_label_class *v = grown(list->v, list->n, &cap, VT__MAX_IMAGES, sizeof *v);
  char *kept = vt_arena_strdup(&l->arena, name);
  if (v) {
    list->v = v;
    list->cap = (int)cap;
  }
  if (!v || !kept || vt__map_put(l->product_by_name, key, list->n))
    return vt_fail(e, VT_ENOMEM, "out of memory at %d products", list->n);
  v[list->n] = (struct vt_label_class){.id = list->n + 1, .name = kept, .super = ""};
  return list->n++;
}

struct vt_instance *vt__labels_push(struct vt_labels *l, struct vt_err *e)
{
  struct vt_instance *v = grown(l->v, l->n, &l->cap, VT__MAX_INSTANCES, sizeof *v);
  if (!v) {
    vt_fail(e, VT_ENOMEM, "out of memory at %lld instances", (long long)l->n);
    return NULL;
  }
  l->v = v;
  v[l->n] = (struct vt_instance){
      .image = -1, .cls = -1, .box = {0, 0, -1, -1}, .area = -1, .score = 1, .product = -1};
  return &v[l->n++];
}

int vt__labels_set_attrs(struct vt_labels *l, struct vt_instance *in, const int32_t *attr, int n,
                         struct vt_err *e)
{
  in->attrs = (uint32_t)l->nattrs;
  in->nattrs = (uint16_t)n;
  for (int i = 0; i < n; i++) {
    int32_t *v = grown(l->attr, l->nattrs, &l->cap_attrs, UINT32_MAX, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory at %lld attributes", (long long)l->nattrs);
    l->attr = v;
    v[l->nattrs++] = attr[i];
  }
  return 0;
}

static int32_t key_of(const struct vt_instance *in, enum vt_labels_key key)
{
  return key == VT_BY_IMAGE ? in->image : key == VT_BY_CLASS ? in->cls : in->product;
}

/* Counting sort. */
int vt_labels_by(const struct vt_labels *l, enum vt_labels_key key, int64_t **order, int64_t **start,
                 struct vt_err *e)
{
  const int32_t n = key == VT_BY_IMAGE ? l->nimages : key == VT_BY_CLASS ? l->classes.n : l->products.n;
  *order = vt_calloc((size_t)l->n + 1, sizeof **order);
  *start = vt_calloc((size_t)n + 2, sizeof **start);
  if (!*order || !*start) {
    vt_free(*order);
    vt_free(*start);
    *order = *start = NULL;
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  int64_t *next = *start + 1; /* next[k]: first of k, then where its next one goes, at last the end of k */
  for (int64_t i = 0; i < l->n; i++) {
    const int32_t k = key_of(&l->v[i], key);
    if (k >= 0 && k + 1 < n) next[k + 1]++;
  }
  for (int32_t k = 1; k < n; k++) next[k] += next[k - 1];
  for (int64_t i = 0; i < l->n; i++) {
    const int32_t k = key_of(&l->v[i], key);
    if (k >= 0) (*order)[next[k]++] = i;
  }
  return 0;
}

int64_t *vt_labels_by_image(const struct vt_labels *l, struct vt_err *e)
{
  int64_t *order, *start;
  if (vt_labels_by(l, VT_BY_IMAGE, &order, &start, e)) return NULL;
  vt_free(start);
  return order;
}

int vt__labels_problem(struct vt_labels *l, const struct vt_labels_opts *o, struct vt_err *e)
{
  return vt__labels_problem_at(l, 0, o, e);
}

int vt__labels_problem_at(struct vt_labels *l, int64_t line, const struct vt_labels_opts *o, struct vt_err *e)
{
  if (!o->lenient || !e || e->code == VT_ENOMEM || e->code == VT_EINTERRUPTED)
    return e ? e->code : VT_EFORMAT;
  struct vt_err why = {0};
  if (vt_problems_add(&l->problems, line, e->msg, &why)) return vt_fail(e, why.code, "%s", why.msg);
  l->skipped++;
  *e = (struct vt_err){0};
  return 0;
}

void vt__labels_csv_unknown(struct vt_labels *l, const struct vt_csv *c, const char *const *known, int nknown)
{
  for (int k = 0; k < c->ncolumns; k++) {
    char what[100];
    int i = 0;
    while (i < nknown && strcmp(known[i], c->column[k])) i++;
    snprintf(what, sizeof what, "column '%.60s'", c->column[k]);
    if (i == nknown) vt_loss_add(&l->dropped, 1, what);
  }
}

void vt__labels_csv_close(struct vt_labels *l, struct vt_csv *c)
{
  vt_loss_add(&l->dropped, c->repaired, "bytes that are no UTF-8, replaced by U+FFFD");
  vt_csv_close(c);
}

void vt_loss_add(struct vt_losses *l, int64_t count, const char *what)
{
  const int last = (int)VT_COUNT(l->v) - 1;
  if (!count) return;
  int i = 0;
  while (i < l->n && i < last && strcmp(l->v[i].what, what) != 0) i++;
  if (i == l->n) {
    snprintf(l->v[i].what, sizeof l->v[i].what, "%s", i < last ? what : "things of other kinds");
    l->v[l->n++].count = 0;
  }
  l->v[i].count += count;
}

static const char *const split_words[] = {"train", "val", "test"};

bool vt__split_word(const char *word, uint8_t *split)
{
  static const struct {
    const char *word;
    uint8_t split;
  } known[] = {{"train", VT_SPLIT_TRAIN}, {"val", VT_SPLIT_VAL},        {"test", VT_SPLIT_TEST},
               {"valid", VT_SPLIT_VAL},   {"validation", VT_SPLIT_VAL}, {"training", VT_SPLIT_TRAIN}};
  for (size_t k = 0; k < VT_COUNT(known); k++) {
    const size_t n = strlen(known[k].word);
    if (strncmp(word, known[k].word, n) != 0 || word[n + strspn(word + n, "0123456789")]) continue;
    *split = known[k].split;
    return true;
  }
  return false;
}

bool vt__split_folder(const char *path, uint8_t *split)
{
  char word[32];
  const size_t n = strcspn(path, "/");
  if (!path[n] || n >= sizeof word) return false;
  memcpy(word, path, n);
  word[n] = 0;
  return vt__split_word(word, split);
}

const char *vt__split_name(uint8_t split)
{
  return split < VT_COUNT(split_words) ? split_words[split] : "";
}

int vt__labels_read_names(struct vt_labels *l, const char *path, struct vt_err *e)
{
  char *text, *rest;
  size_t len;
  int rc = vt_text_read(path, 1 << 24, &text, &len, e);
  if (rc) return rc;
  if (!vt_utf8_valid(text, len)) rc = vt_fail(e, VT_EFORMAT, "%s: text is not valid UTF-8", path);
  rest = text;
  for (char *line; !rc && (line = strsep(&rest, "\n"));) {
    line[strcspn(line, "\r")] = 0;
    if (!*line && !rest) break;
    const int32_t p = vt__labels_add_class(l, false, l->classes.n, line, "", e);
    rc = VT_MIN(p, 0);
  }
  vt_free(text);
  return rc;
}
