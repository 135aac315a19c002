/* Fuzzing the readers of labels: bytes become the files of one format, are read, and what was read has its
 * masks made and is written again. Nothing may crash, leak or hang; errors must have a message. */
#include "fuzz/fuzz_labels.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/data.h"

enum { MAX_FILES = 5, SEPARATOR = 30, MAX_INPUT = 1 << 16 };

static const struct target {
  const char *format;          /* NULL: COCO's list of results */
  const char *set;             /* what is read, below the folder */
  const char *file[MAX_FILES]; /* what the input is split into; the last takes the rest */
} targets[] = {
    {"coco", "a.json", {"a.json"}},
    {NULL, "results.json", {"results.json"}},
    {"fashionpedia", "a.json", {"a.json"}},
    {"imaterialist", "a.csv", {"a.csv", "label_descriptions.json"}},
    {"label-maps",
     "maps",
     {"maps/images.csv", "maps/instances.csv", "maps/classes.csv", "maps/attributes.csv"}},
    {"ccp-maps", "ccp", {"ccp/split.csv", "ccp/labels.txt"}},
    {"yolo", "yolo", {"yolo/labels/a.txt", "yolo/classes.txt", "yolo/images.csv"}},
    {"voc", "voc", {"voc/Annotations/a.xml", "voc/ImageSets/Main/train.txt"}},
    {"folders", "classes", {"classes/train/hat/a.png"}},
    {"idx", "idx", {"idx/a-images-idx3-ubyte", "idx/a-labels-idx1-ubyte"}},
    {"csv-boxes", "a.csv", {"a.csv"}},
    {"pairs", "a.csv", {"a.csv"}},
    {"deepfashion2", "df2", {"df2/annos/1.json", "df2/train/annos/2.json"}},
    {"street2shop", "s2s", {"s2s/train_pairs_a.json", "s2s/retrieval_a.json", "s2s/photos.txt"}},
    {"shop-the-look", "a.json", {"a.json", "a-cat.json"}},
};

static const char ground_truth[] = "{\"images\":[{\"id\":1,\"width\":9,\"height\":7}],\"annotations\":[],"
                                   "\"categories\":[{\"id\":1,\"name\":\"a\"}]}";
static char root[64];
static int forced = -1; /* $VITRINE_FUZZ_FORMAT: inputs are of this format whatever they say */
static struct vt_labels truth;

int vt_fuzz_formats(void)
{
  return VT_COUNT(targets);
}

const char *vt_fuzz_format(int k)
{
  return targets[k].format ? targets[k].format : "coco-results";
}

static const char *path_of(const char *sub)
{
  static char path[2][200];
  static int next;
  next = !next;
  snprintf(path[next], sizeof path[next], "%s/%s", root, sub);
  return path[next];
}

static void check(bool ok, const char *what)
{
  if (ok) return;
  fprintf(stderr, "fuzz_labels: %s\n", what);
  abort();
}

static void put(const char *name, const void *data, size_t n)
{
  FILE *f = fopen(path_of(name), "w");
  check(f != NULL, name);
  check(fwrite(data, 1, n, f) == n, name);
  check(!fclose(f), name);
}

/* A picture that label maps and class folders find in its place. */
static void put_picture(const char *name)
{
  struct vt_image im;
  check(!vt_image_init(&im, 9, 7, 1, NULL), "picture");
  for (int y = 0; y < 7; y++)
    for (int x = 0; x < 9; x++) im.px[y * im.stride + x] = (uint8_t)(x / 3);
  check(!vt_image_write(&im, path_of(name), 0, NULL), "picture");
  vt_image_clear(&im);
}

static void begin(void)
{
  const char *format = getenv("VITRINE_FUZZ_FORMAT");
  static const char *const folders[] = {"maps/labels",
                                        "maps/instances",
                                        "ccp/masks",
                                        "ccp/photos",
                                        "yolo/labels",
                                        "yolo/images",
                                        "idx",
                                        "voc/Annotations",
                                        "voc/ImageSets/Main",
                                        "classes/train/hat",
                                        "df2/annos",
                                        "df2/train/annos",
                                        "s2s"};
  const char *shm = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
  snprintf(root, sizeof root, "%s/vitrine-fuzz-XXXXXX", shm);
  check(mkdtemp(root) != NULL, "folder");
  for (size_t k = 0; k < VT_COUNT(folders); k++) check(!vt_mkdirs(path_of(folders[k]), NULL), folders[k]);
  for (int k = 0; format && k < vt_fuzz_formats(); k++)
    if (!strcmp(format, vt_fuzz_format(k))) forced = k;
  check(!format || forced >= 0, "VITRINE_FUZZ_FORMAT names no format");
  put_picture("maps/labels/a.png");
  put_picture("maps/instances/a.png");
  put_picture("ccp/masks/a.png");
  put_picture("yolo/images/a.png");
  put("gt.json", ground_truth, sizeof ground_truth - 1);
  check(!vt_labels_init(&truth, NULL), "memory");
  check(!vt_format_find("coco", NULL)->read(&truth, path_of("gt.json"), &(struct vt_labels_opts){0}, NULL),
        "ground truth");
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  return remove(path);
}

void vt_fuzz_end(void)
{
  vt_labels_clear(&truth);
  if (*root) nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  *root = 0;
}

static void put_files(const struct target *t, const uint8_t *data, size_t size)
{
  for (int k = 0; k < MAX_FILES && t->file[k]; k++) {
    const bool last = k + 1 == MAX_FILES || !t->file[k + 1];
    const uint8_t *end = last || !size ? NULL : memchr(data, SEPARATOR, size);
    const size_t n = end ? (size_t)(end - data) : size;
    if (size || !k)
      put(t->file[k], data, n);
    else
      unlink(path_of(t->file[k]));
    data += n;
    size -= n;
    if (size && end) {
      data++;
      size--;
    }
  }
}

static void look(const struct vt_labels *l)
{
  for (int64_t i = 0; i < l->n && i < 50; i++) {
    const struct vt_instance *in = &l->v[i];
    struct vt_mask m;
    struct vt_err e = {0};
    check(in->image >= 0 && in->image < l->nimages && in->cls >= 0 && in->cls < l->classes.n, "positions");
    check(in->product >= -1 && in->product < l->products.n, "products");
    for (int k = 0; k < in->nattrs; k++) {
      const int32_t a = l->attr[in->attrs + (uint32_t)k];
      check(a >= 0 && a < l->attributes.n, "attributes");
    }
    if ((int64_t)l->image[in->image].width * l->image[in->image].height > 1 << 20) continue;
    check(!vt_instance_mask(l, in, &m, &e) || *e.msg, "a mask without a message");
    vt_mask_clear(&m);
  }
}

static void write_again(const struct vt_labels *l, const struct vt_format *f)
{
  struct vt_losses lost = {0};
  struct vt_err e = {0};
  int64_t pixels = 0;
  for (int32_t k = 0; k < l->nimages; k++) pixels += (int64_t)l->image[k].width * l->image[k].height;
  if (!f->write || l->n > 50 || l->nimages > 50 || pixels > 1 << 20) return;
  const struct vt_labels_opts o = {.images = path_of("classes")};
  check(!f->write(l, path_of("out"), &o, &lost, &e) || *e.msg, "an error without a message");
  nftw(path_of("out"), remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct vt_labels l;
  struct vt_err e = {0};
  if (size < 2 || size > MAX_INPUT) return 0;
  if (!*root) {
    begin();
    atexit(vt_fuzz_end);
  }
  const struct target *t = &targets[(size_t)(forced >= 0 ? forced : data[0] & 127) % VT_COUNT(targets)];
  const struct vt_labels_opts o = {.lenient = data[0] >= 128};
  put_files(t, data + 1, size - 1);
  check(!vt_labels_init(&l, &e), "memory");
  const struct vt_format *f = t->format ? vt_format_find(t->format, &e) : NULL;
  int rc =
      f ? f->read(&l, path_of(t->set), &o, &e) : vt_coco_read_results(&l, &truth, path_of(t->set), &o, &e);
  check(!rc || *e.msg, "an error without a message");
  if (!rc && f) {
    look(&l);
    write_again(&l, f);
  }
  vt_labels_clear(&l);
  return 0;
}
