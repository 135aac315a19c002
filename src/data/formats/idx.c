/* IDX (MNIST, Fashion-MNIST, EMNIST): pictures and their classes in two files, plain or gzipped.
 *
 *   bytes 0-3   0, 0, 8 (unsigned bytes), number of dimensions: 3 for pictures, 1 for labels
 *   then        each dimension as 4 bytes, the high one first: N, height, width; N
 *   then        the bytes, the last dimension running fastest
 *
 * NAME-images-idx3-ubyte[.gz] stands beside NAME-labels-idx1-ubyte[.gz]; the set is one of the images' files
 * or a folder with any number of them. NAME "train" is split train, "t10k" or "test" is test. Each picture is
 * one instance, its box the whole picture, its name NAME/00017.png: `data convert --to folders` makes that
 * file. Classes are named by their numbers, or by the lines of --descriptions. Only read; pixels are not
 * kept. */
#include "data/formats/idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAX_NAME = 200, MAX_PIXELS = 1 << 26 };
static const char images_end[] = "-images-idx3-ubyte", labels_end[] = "-labels-idx1-ubyte";

void vt__idx_close(struct vt__idx *x)
{
  if (x->f) gzclose(x->f);
  vt_free(x->path);
  *x = (struct vt__idx){0};
}

static int read_bytes(struct vt__idx *x, void *to, size_t n, struct vt_err *e)
{
  const int got = gzread(x->f, to, (unsigned)n);
  int code;
  if (got == (int)n) return 0;
  const char *why = gzerror(x->f, &code);
  return vt_fail(e, VT_EFORMAT, "%s: ends in item %lld of %lld%s%s", x->path, (long long)x->next,
                 (long long)x->n, code < 0 ? ": " : "", code < 0 ? why : "");
}

int vt__idx_open(struct vt__idx *x, const char *path, int dimensions, struct vt_err *e)
{
  uint8_t head[4], size[12];
  uint32_t d[3] = {0, 1, 1};
  *x = (struct vt__idx){.path = vt_strdup(path)};
  if (!x->path) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (vt_is_dir(path)) return vt_fail(e, VT_EARG, "%s: a folder, expected a file", path);
  if (!(x->f = gzopen(path, "re"))) return vt_fail_errno(e, path);
  gzbuffer(x->f, 1 << 16);
  int rc = read_bytes(x, head, sizeof head, e);
  if (rc) return rc;
  if (head[0] || head[1] || head[2] != 8 || head[3] != dimensions)
    return vt_fail(e, VT_EFORMAT, "%s: begins with %d %d %d %d; expected 0 0 8 %d, IDX of %s", path, head[0],
                   head[1], head[2], head[3], dimensions, dimensions == 3 ? "pictures" : "labels");
  if ((rc = read_bytes(x, size, 4 * (size_t)dimensions, e))) return rc;
  for (int k = 0; k < dimensions; k++)
    d[k] = (uint32_t)size[4 * k] << 24 | (uint32_t)size[4 * k + 1] << 16 | (uint32_t)size[4 * k + 2] << 8 |
           size[4 * k + 3];
  if (d[0] > VT__MAX_INSTANCES || !d[1] || !d[2] || d[1] > VT_MAX_SIDE || d[2] > VT_MAX_SIDE ||
      (uint64_t)d[1] * d[2] > MAX_PIXELS)
    return vt_fail(e, VT_ELIMIT, "%s: %u pictures of %u x %u", path, d[0], d[2], d[1]);
  x->n = d[0];
  x->height = (int)d[1];
  x->width = (int)d[2];
  return 0;
}

int vt__idx_next(struct vt__idx *x, uint8_t *to, struct vt_err *e)
{
  int rc = 0;
  const size_t size = (size_t)x->width * (size_t)x->height;
  for (size_t at = 0; at < size && !rc; at += 1 << 24)
    rc = read_bytes(x, to + at, VT_MIN(size - at, (size_t)1 << 24), e);
  x->next += !rc;
  return rc;
}

/* ---- reading ---- */

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  int sets;
};

static int add_picture(struct reader *r, const struct vt__idx *x, const char *name, uint8_t label,
                       struct vt_err *e)
{
  struct vt_labels *l = r->l;
  char file[MAX_NAME + 40], number[12];
  int32_t cls = vt__labels_find_class(l, false, label);
  if (cls < 0 && r->o->extra) return vt_fail(e, VT_EFORMAT, "label %d has no line in %s", label, r->o->extra);
  snprintf(number, sizeof number, "%d", label);
  if (cls < 0) cls = vt__labels_add_class(l, false, label, number, "", e);
  snprintf(file, sizeof file, "%s/%05lld.png", name, (long long)x->next);
  int32_t p = cls < 0 ? cls : vt__labels_add_image(l, l->nimages + 1, file, x->width, x->height, e);
  struct vt_instance *in = p < 0 ? NULL : vt__labels_push(l, e);
  if (!in) return p < 0 ? p : VT_ENOMEM;
  l->image[p].split = !strcmp(name, "train")                           ? VT_SPLIT_TRAIN
                      : !strcmp(name, "t10k") || !strcmp(name, "test") ? VT_SPLIT_TEST
                                                                       : VT_SPLIT_NONE;
  in->image = p;
  in->cls = cls;
  in->id = l->n;
  in->line = x->next + 1;
  in->box = (struct vt_box){0, 0, x->width, x->height};
  in->area = in->box.w * in->box.h;
  return 0;
}

/* "…/train-images-idx3-ubyte.gz": where the name begins and ends; false if it is no such file. */
static bool split_path(const char *path, const char *end, size_t *from, size_t *to)
{
  size_t n = strlen(path);
  if (n > 3 && !strcmp(path + n - 3, ".gz")) n -= 3;
  const char *base = vt_path_base(path);
  *from = (size_t)(base - path);
  if (n < *from + strlen(end) + 1 || memcmp(path + n - strlen(end), end, strlen(end)) != 0) return false;
  *to = n - strlen(end);
  return true;
}

int vt__idx_find(struct vt__idx *x, const char *dir, const char *name, struct vt_err *e)
{
  int rc = VT_ENOENT;
  for (int k = 0; k < 2 && rc == VT_ENOENT; k++) {
    struct vt_buf path = {0};
    vt__idx_close(x);
    vt_buf_addf(&path, "%s/%s%s%s", dir, name, images_end, k ? "" : ".gz");
    rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt__idx_open(x, path.data, 3, e);
    vt_buf_clear(&path);
  }
  return rc;
}

/* The labels beside the pictures, as zipped as they are or not. */
static int open_labels(struct vt__idx *x, const char *images, size_t to, struct vt_err *e)
{
  int rc = VT_ENOENT;
  const bool zipped = !strcmp(vt_path_ext(images), "gz");
  for (int k = 0; k < 2 && rc == VT_ENOENT; k++) {
    struct vt_buf path = {0};
    vt__idx_close(x);
    vt_buf_addf(&path, "%.*s%s%s", (int)to, images, labels_end, zipped != (k == 1) ? ".gz" : "");
    rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt__idx_open(x, path.data, 1, e);
    vt_buf_clear(&path);
  }
  return rc;
}

static int read_set(struct reader *r, const char *path, struct vt_err *e)
{
  struct vt__idx images = {0}, labels = {0};
  size_t from = 0, to = 0;
  char name[MAX_NAME];
  if (!split_path(path, images_end, &from, &to))
    return vt_fail(e, VT_EARG, "%s: expected a file NAME%s", path, images_end);
  r->sets++;
  snprintf(name, sizeof name, "%.*s", (int)VT_MIN(to - from, sizeof name - 1), path + from);
  int rc = vt_utf8_valid(name, strlen(name))
               ? vt__idx_open(&images, path, 3, e)
               : vt_fail(e, VT_EFORMAT, "%s: its name is not valid UTF-8", path);
  if (!rc) rc = open_labels(&labels, path, to, e);
  if (!rc && images.n != labels.n)
    rc = vt_fail(e, VT_EFORMAT, "%s: %lld pictures, but %lld labels", path, (long long)images.n,
                 (long long)labels.n);
  uint8_t *px = rc ? NULL : vt_malloc((size_t)images.width * (size_t)images.height);
  if (!rc && !px) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  while (!rc && images.next < images.n) {
    uint8_t label = 0;
    rc = vt__idx_next(&labels, &label, e);
    if (rc) break;
    r->l->rows++;
    if ((rc = add_picture(r, &images, name, label, e))) {
      vt_fail_in(e, rc, "%s: label %lld", labels.path, (long long)labels.next - 1);
      rc = vt__labels_problem(r->l, r->o, e);
    }
    if (!rc) rc = vt__idx_next(&images, px, e); /* so that a file cut short is seen */
    if (!rc && images.next % 4096 == 0 && vt_interrupted())
      rc = vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", path);
  }
  vt_free(px);
  vt__idx_close(&images);
  vt__idx_close(&labels);
  return rc;
}

static int each_file(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  size_t from, to;
  return split_path(path, images_end, &from, &to) ? read_set(ctx, path, e) : 0;
}

static int read_idx(struct vt_labels *l, const char *path, const struct vt_labels_opts *o, struct vt_err *e)
{
  struct reader r = {.l = l, .o = o};
  struct vt_err own = {0};
  if (!e) e = &own;
  int rc = o->extra ? vt__labels_read_names(l, o->extra, e) : 0;
  if (!rc) rc = vt_is_dir(path) ? vt_walk(path, each_file, &r, e) : read_set(&r, path, e);
  if (!rc && !r.sets) rc = vt_fail(e, VT_ENOENT, "%s: no file NAME%s[.gz]", path, images_end);
  return rc;
}

const struct vt_format vt_format_idx = {
    .name = "idx",
    .what = "IDX (MNIST, Fashion-MNIST): NAME-images-idx3-ubyte[.gz] and NAME-labels-idx1-ubyte[.gz]",
    .read = read_idx,
};
