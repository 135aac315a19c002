/* Reader of safetensors files; the layout stands in the header. Nothing of the file is believed before it is
 * checked: lengths against the file, offsets against lengths, tensors against each other. */
#include "engine/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "engine/engine_priv.h"

enum { MAX_HEADER = 1 << 26, MAX_TENSORS = 1 << 20 };

struct entry {
  const char *name;
  struct vt_tensor t;
  uint64_t begin, end; /* bytes of the data */
};
struct vt_safetensors {
  struct vt_arena arena;
  const char *path;
  struct vt_storage *storage;
  const uint8_t *data;
  uint64_t len;
  struct entry *v;
  int n;
};

static const struct {
  const char *name;
  enum vt_dtype t;
} types[] = {{"F32", VT_F32}, {"F16", VT_F16}, {"BF16", VT_BF16}, {"F64", VT_F64}, {"I64", VT_I64},
             {"I32", VT_I32}, {"I16", VT_I16}, {"I8", VT_I8},     {"U8", VT_U8},   {"U16", VT_U16},
             {"U32", VT_U32}, {"U64", VT_U64}, {"BOOL", VT_BOOL}};

/* A number of the header that is a length or an offset. */
static bool length(json_t *v, uint64_t *out)
{
  if (!json_is_integer(v) || json_integer_value(v) < 0) return false;
  *out = (uint64_t)json_integer_value(v);
  return true;
}

static int read_shape(const struct vt_safetensors *s, const char *name, json_t *shape, struct vt_tensor *t,
                      struct vt_err *e)
{
  if (!json_is_array(shape))
    return vt_fail(e, VT_EFORMAT, "%s: tensor '%.200s': 'shape' is missing or no list", s->path, name);
  if (json_array_size(shape) > VT_MAX_RANK)
    return vt_fail(e, VT_ELIMIT, "%s: tensor '%.200s' has %zu dimensions; at most %d are supported", s->path,
                   name, json_array_size(shape), VT_MAX_RANK);
  t->rank = (int)json_array_size(shape);
  for (int d = 0; d < t->rank; d++) {
    uint64_t n;
    if (!length(json_array_get(shape, (size_t)d), &n))
      return vt_fail(e, VT_EFORMAT, "%s: tensor '%.200s': 'shape' must be whole numbers from 0", s->path,
                     name);
    t->dim[d] = (int64_t)n;
  }
  if (!vt_dims_bounded(t->rank, t->dim))
    return vt_fail(e, VT_ELIMIT, "%s: tensor '%.200s' has over 2^40 elements", s->path, name);
  return 0;
}

static int read_entry(const struct vt_safetensors *s, struct entry *x, json_t *row, struct vt_err *e)
{
  const char *dtype = json_string_value(json_object_get(row, "dtype"));
  json_t *offsets = json_object_get(row, "data_offsets");
  for (size_t i = 0; dtype && i < VT_COUNT(types); i++)
    if (strcmp(dtype, types[i].name) == 0) x->t.dtype = types[i].t;
  if (!dtype) return vt_fail(e, VT_EFORMAT, "%s: tensor '%.200s': 'dtype' is missing", s->path, x->name);
  if (!x->t.dtype)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: tensor '%.200s': type '%.40s' is not supported", s->path, x->name,
                   dtype);
  int rc = read_shape(s, x->name, json_object_get(row, "shape"), &x->t, e);
  if (rc) return rc;
  if (json_array_size(offsets) != 2 || !length(json_array_get(offsets, 0), &x->begin) ||
      !length(json_array_get(offsets, 1), &x->end) || x->begin > x->end)
    return vt_fail(e, VT_EFORMAT, "%s: tensor '%.200s': 'data_offsets' must be [begin, end]", s->path,
                   x->name);
  if (x->end > s->len)
    return vt_fail(e, VT_EFORMAT, "%s: tensor '%.200s' ends at byte %llu of the data, %llu are there",
                   s->path, x->name, (unsigned long long)x->end, (unsigned long long)s->len);
  if (x->end - x->begin != vt_tensor_bytes(&x->t)) {
    char shape[160];
    vt_shape_print(x->t.rank, x->t.dim, shape, sizeof shape);
    return vt_fail(e, VT_EFORMAT, "%s: tensor '%.200s': %s %s takes %zu bytes, its offsets span %llu",
                   s->path, x->name, vt_dtype_name(x->t.dtype), shape, vt_tensor_bytes(&x->t),
                   (unsigned long long)(x->end - x->begin));
  }
  return 0;
}

static int by_place(const void *a, const void *b)
{
  const struct entry *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Tensors must cover the data, each byte once. */
static int check_cover(struct vt_safetensors *s, struct vt_err *e)
{
  uint64_t at = 0;
  if (s->n) qsort(s->v, (size_t)s->n, sizeof *s->v, by_place);
  for (int i = 0; i < s->n; at = s->v[i++].end)
    if (s->v[i].begin != at)
      return vt_fail(e, VT_EFORMAT, "%s: tensor '%.200s' begins at byte %llu of the data, %llu expected",
                     s->path, s->v[i].name, (unsigned long long)s->v[i].begin, (unsigned long long)at);
  if (at != s->len)
    return vt_fail(e, VT_EFORMAT, "%s: %llu bytes behind the last tensor belong to none", s->path,
                   (unsigned long long)(s->len - at));
  return 0;
}

static int point_at_data(struct vt_safetensors *s, struct vt_err *e)
{
  for (int i = 0; i < s->n; i++) {
    struct entry *x = &s->v[i];
    uint8_t *p = (uint8_t *)s->data + x->begin;
    if ((uintptr_t)p % vt_dtype_size(x->t.dtype) == 0) {
      x->t.data = p;
      x->t.storage = s->storage;
      vt__storage_get(s->storage);
      continue;
    }
    struct vt_tensor view = vt_tensor_view(x->t.dtype, x->t.rank, x->t.dim, p);
    int rc = vt_tensor_copy(&x->t, &view, e);
    if (rc) return rc;
  }
  return 0;
}

static int read_header(struct vt_safetensors *s, const char *text, size_t len, struct vt_err *e)
{
  json_error_t why;
  json_t *all = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why), *row;
  const char *name;
  int rc = 0;
  if (!json_is_object(all)) {
    rc = all ? vt_fail(e, VT_EFORMAT, "%s: its header is no JSON object", s->path)
             : vt_fail(e, VT_EFORMAT, "%s: header, byte %d: %.200s", s->path, why.position, why.text);
    goto out;
  }
  if (json_object_size(all) > MAX_TENSORS) {
    rc = vt_fail(e, VT_ELIMIT, "%s: over %d tensors", s->path, MAX_TENSORS);
    goto out;
  }
  s->v = vt_arena_alloc(&s->arena, (json_object_size(all) + 1) * sizeof *s->v);
  if (!s->v) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", s->path);
    goto out;
  }
  json_object_foreach(all, name, row)
  {
    if (strcmp(name, "__metadata__") == 0) continue;
    struct entry *x = &s->v[s->n];
    *x = (struct entry){.name = vt_arena_strdup(&s->arena, name)};
    rc = x->name ? read_entry(s, x, row, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", s->path);
    if (rc) goto out;
    s->n++;
  }
  rc = check_cover(s, e);
out:
  json_decref(all);
  return rc;
}

int vt_safetensors_open(struct vt_safetensors **out, const char *path, struct vt_err *e)
{
  struct vt_map m;
  *out = NULL;
  int rc = vt_map_open(&m, path, e);
  if (rc) return rc;
  struct vt_storage *storage = vt__storage_of_map(&m, e);
  struct vt_safetensors *s = storage ? vt_calloc(1, sizeof *s) : NULL;
  if (!s) {
    vt__storage_put(storage);
    return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  }
  vt_arena_init(&s->arena);
  s->storage = storage;
  s->path = vt_arena_strdup(&s->arena, path);
  uint64_t header = 0;
  for (int i = 7; m.len >= 8 && i >= 0; i--) header = header << 8 | m.data[i];
  if (!s->path)
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  else if (m.len < 8 || header > m.len - 8)
    rc = vt_fail(e, VT_EFORMAT, "%s: not a safetensors file, or cut off in its header", path);
  else if (header > MAX_HEADER)
    rc = vt_fail(e, VT_ELIMIT, "%s: header of %llu bytes, at most %d", path, (unsigned long long)header,
                 MAX_HEADER);
  if (!rc) {
    s->data = m.data + 8 + header;
    s->len = m.len - 8 - header;
    rc = read_header(s, (const char *)m.data + 8, (size_t)header, e);
  }
  if (!rc) rc = point_at_data(s, e);
  if (rc) {
    vt_safetensors_free(s);
    return rc;
  }
  if (s->n) qsort(s->v, (size_t)s->n, sizeof *s->v, by_name);
  *out = s;
  return 0;
}

void vt_safetensors_free(struct vt_safetensors *s)
{
  if (!s) return;
  for (int i = 0; i < s->n; i++) vt_tensor_clear(&s->v[i].t);
  vt__storage_put(s->storage);
  vt_arena_clear(&s->arena);
  vt_free(s);
}

int vt_safetensors_count(const struct vt_safetensors *s)
{
  return s->n;
}

const char *vt_safetensors_name(const struct vt_safetensors *s, int i)
{
  return s->v[i].name;
}

const struct vt_tensor *vt_safetensors_tensor(const struct vt_safetensors *s, int i)
{
  return &s->v[i].t;
}

const struct vt_tensor *vt_safetensors_find(const struct vt_safetensors *s, const char *name)
{
  struct entry key = {.name = name};
  const struct entry *x = s->n ? bsearch(&key, s->v, (size_t)s->n, sizeof *s->v, by_name) : NULL;
  return x ? &x->t : NULL;
}

const char *vt_safetensors_path(const struct vt_safetensors *s)
{
  return s->path;
}
