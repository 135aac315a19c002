/* NumPy's array files (numpy.lib.format, versions 1.0 to 3.0 read, 1.0 written).
 *
 *   byte 0   "\x93NUMPY"
 *        6   major, minor version
 *        8   length of the header: 2 bytes little-endian (version 1), 4 bytes (versions 2, 3)
 *            header: a Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, padded
 * with spaces and a newline so that the data starts at a multiple of 64 data, row-major, little-endian */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/tensor.h"

enum { MAX_HEADER = 65536 };

static const struct {
  enum vt_dtype t;
  const char *descr;
} types[] = {{VT_F32, "<f4"}, {VT_F64, "<f8"}, {VT_F16, "<f2"}, {VT_U8, "|u1"},
             {VT_I8, "|i1"},  {VT_U16, "<u2"}, {VT_I16, "<i2"}, {VT_U32, "<u4"},
             {VT_I32, "<i4"}, {VT_U64, "<u8"}, {VT_I64, "<i8"}, {VT_BOOL, "|b1"}};

/* The text after 'key': in the dictionary, NULL if absent. */
static const char *value_of(const char *header, const char *key)
{
  char quoted[32];
  snprintf(quoted, sizeof quoted, "'%s'", key);
  const char *p = strstr(header, quoted);
  if (!p) return NULL;
  p += strlen(quoted);
  while (isspace((unsigned char)*p)) p++;
  if (*p++ != ':') return NULL;
  while (isspace((unsigned char)*p)) p++;
  return p;
}

static int parse_shape(const char *p, int *rank, int64_t *dim)
{
  *rank = 0;
  if (!p || *p++ != '(') return -1;
  for (;;) {
    while (isspace((unsigned char)*p) || *p == ',') p++;
    if (*p == ')') return 0;
    char *end;
    long long v = strtoll(p, &end, 10);
    if (end == p || v < 0 || *rank == VT_MAX_RANK) return -1;
    dim[(*rank)++] = v;
    p = end;
  }
}

static int parse_header(const char *header, const char *path, struct vt_tensor *t, struct vt_err *e)
{
  const char *descr = value_of(header, "descr"), *order = value_of(header, "fortran_order");
  if (!descr || !order || parse_shape(value_of(header, "shape"), &t->rank, t->dim))
    return vt_fail(e, VT_EFORMAT, "%s: damaged .npy header, or more than %d dimensions", path, VT_MAX_RANK);
  if (strncmp(order, "False", 5) != 0)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: array in Fortran order; save it with numpy.ascontiguousarray",
                   path);
  const bool quoted = *descr == '\'' || *descr == '"';
  for (size_t i = 0; i < VT_COUNT(types) && quoted; i++)
    if (strncmp(descr + 1, types[i].descr, 3) == 0 && descr[4] == *descr) t->dtype = types[i].t;
  if (!t->dtype)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: array of type %.*s; numbers in little-endian order are read",
                   path, (int)VT_MIN(quoted ? strcspn(descr + 1, "'\"") + 2 : 1, (size_t)40), descr);
  return 0;
}

int vt_npy_read(struct vt_tensor *t, const char *path, size_t limit, struct vt_err *e)
{
  *t = (struct vt_tensor){0};
  struct vt_map m;
  int rc = vt_map_open(&m, path, e);
  if (rc) return rc;
  char *header = NULL;
  struct vt_tensor shape = {0};
  const uint8_t *p = m.data;
  size_t at = 0, len = 0;
  if (m.len >= 12 && memcmp(p, "\x93NUMPY", 6) == 0) {
    at = p[6] == 1 ? 10 : 12;
    len = p[6] == 1 ? p[8] | (size_t)p[9] << 8
                    : p[8] | (size_t)p[9] << 8 | (size_t)p[10] << 16 | (size_t)p[11] << 24;
  }
  if (!at || p[6] < 1 || p[6] > 3 || len > MAX_HEADER || len > m.len - at) {
    rc = vt_fail(e, VT_EFORMAT, "%s: not a NumPy array file, or cut off in its header", path);
    goto out;
  }
  header = vt_malloc(len + 1);
  if (!header) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  memcpy(header, p + at, len);
  header[len] = 0;
  if ((rc = parse_header(header, path, &shape, e))) goto out;
  size_t bytes = vt_tensor_bytes(&shape), there = m.len - at - len;
  if (!vt_dims_bounded(shape.rank, shape.dim) || bytes > limit)
    rc = vt_fail(e, VT_ELIMIT, "%s: array larger than the limit of %zu bytes", path, limit);
  else if (bytes > there)
    rc = vt_fail(e, VT_EFORMAT, "%s: cut off: its header promises %zu bytes of data, %zu are there", path,
                 bytes, there);
  else if (!(rc = vt_tensor_init(t, shape.dtype, shape.rank, shape.dim, e)) && bytes)
    memcpy(t->data, p + at + len, bytes);
out:
  vt_free(header);
  vt_map_close(&m);
  return rc;
}

int vt_npy_write(const struct vt_tensor *t, const char *path, struct vt_err *e)
{
  const char *descr = NULL;
  for (size_t i = 0; i < VT_COUNT(types); i++)
    if (types[i].t == t->dtype) descr = types[i].descr;
  if (!descr) return vt_fail(e, VT_EUNSUPPORTED, "%s: .npy cannot hold %s", path, vt_dtype_name(t->dtype));
  struct vt_buf b;
  vt_buf_init(&b);
  vt_buf_add(&b, "\x93NUMPY\x01\x00??", 10);
  vt_buf_addf(&b, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
  for (int i = 0; i < t->rank; i++)
    vt_buf_addf(&b, i ? " %lld%s" : "%lld%s", (long long)t->dim[i],
                i + 1 < t->rank || t->rank == 1 ? "," : "");
  vt_buf_adds(&b, "), }");
  while (!b.failed && (b.len + 1) % 64) vt_buf_addc(&b, ' ');
  vt_buf_addc(&b, '\n');
  size_t len = b.len - 10;
  vt_buf_add(&b, t->data, vt_tensor_bytes(t));
  int rc;
  if (b.failed) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  } else {
    b.data[8] = (char)(len & 255);
    b.data[9] = (char)(len >> 8);
    rc = vt_file_write_atomic(path, b.data, b.len, e);
  }
  vt_buf_clear(&b);
  return rc;
}
