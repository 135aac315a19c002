/* Fuzzing the readers of labels: bytes become the files of one format, are read, and what was read has its
 * masks made and is written again. Nothing may crash, leak or hang; errors must have a message. */
#include "fuzz/fuzz_labels.h"

#include "data/data.h"
#include "eval/eval.h"
#include "fuzz/fuzz_files.h"

static const struct target {
  const char *format;              /* NULL: COCO's list of results */
  const char *name;                /* where it is not the format's own */
  const char *set;                 /* what is read, below the folder */
  const char *file[VT_FUZZ_FILES]; /* what the input is split into; the last takes the rest */
} targets[] = {
    {"coco", .set = "a.json", .file = {"a.json"}},
    {NULL, "coco-results", "results.json", {"results.json"}},
    {"fashionpedia", .set = "a.json", .file = {"a.json"}},
    {"imaterialist", .set = "a.csv", .file = {"a.csv", "label_descriptions.json"}},
    {"label-maps", .set = "maps",
     .file = {"maps/images.csv", "maps/instances.csv", "maps/classes.csv", "maps/attributes.csv"}},
    {"ccp-maps", .set = "ccp", .file = {"ccp/split.csv", "ccp/labels.txt"}},
    {"yolo", .set = "yolo", .file = {"yolo/labels/a.txt", "yolo/classes.txt", "yolo/images.csv"}},
    {"voc", .set = "voc", .file = {"voc/Annotations/a.xml", "voc/ImageSets/Main/train.txt"}},
    {"folders", .set = "classes", .file = {"classes/train/hat/a.png"}},
    {"idx", .set = "idx", .file = {"idx/a-images-idx3-ubyte", "idx/a-labels-idx1-ubyte"}},
    {"csv-boxes", .set = "a.csv", .file = {"a.csv"}},
    {"pairs", .set = "a.csv", .file = {"a.csv"}},
    {"deepfashion2", .set = "df2", .file = {"df2/annos/1.json", "df2/train/annos/2.json"}},
    {"street2shop", .set = "s2s",
     .file = {"s2s/train_pairs_a.json", "s2s/retrieval_a.json", "s2s/photos.txt"}},
    {"shop-the-look", .set = "a.json", .file = {"a.json", "a-cat.json"}},
    {"yolo", "yolo-tree", "tree", {"tree/labels/a.txt", "tree/data.yaml", "tree/train.txt", "tree/obj.data"}},
};

static const char ground_truth[] =
    "{\"images\":[{\"id\":1,\"width\":9,\"height\":7},{\"id\":2,\"width\":5,\"height\":5}],"
    "\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":[1,1,4,3],\"area\":12,\"iscrowd\":"
    "0,"
    "\"segmentation\":[[1,1,5,1,5,4,1,4]],\"attribute_ids\":[1]},"
    "{\"id\":2,\"image_id\":2,\"category_id\":2,\"bbox\":[0,0,5,2],\"area\":10,\"iscrowd\":1,"
    "\"segmentation\":{\"size\":[5,5],\"counts\":[0,2,3,2,3,2,3,2,3,2,3]}}],"
    "\"categories\":[{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}],"
    "\"attributes\":[{\"id\":1,\"name\":\"c\"},{\"id\":2,\"name\":\"d\"}]}";
static int forced;
static struct vt_labels truth;

int vt_fuzz_formats(void)
{
  return VT_COUNT(targets);
}

const char *vt_fuzz_format(int k)
{
  return targets[k].name ? targets[k].name : targets[k].format;
}

/* A picture that label maps and class folders find in its place. */
static void put_picture(const char *name)
{
  struct vt_image im;
  vt_fuzz_check(!vt_image_init(&im, 9, 7, 1, NULL), "picture");
  for (int y = 0; y < 7; y++)
    for (int x = 0; x < 9; x++) im.px[y * im.stride + x] = (uint8_t)(x / 3);
  vt_fuzz_check(!vt_image_write(&im, vt_fuzz_path(name), 0, NULL), "picture");
  vt_image_clear(&im);
}

static void begin(void)
{
  static const char *const folders[] = {"maps/labels",     "maps/instances",     "ccp/masks",
                                        "ccp/photos",      "yolo/labels",        "yolo/images",
                                        "tree/labels",     "tree/images/val",    "idx",
                                        "voc/Annotations", "voc/ImageSets/Main", "classes/train/hat",
                                        "df2/annos",       "df2/train/annos",    "s2s"};
  vt_fuzz_root();
  for (size_t k = 0; k < VT_COUNT(folders); k++)
    vt_fuzz_check(!vt_mkdirs(vt_fuzz_path(folders[k]), NULL), folders[k]);
  forced = vt_fuzz_forced(vt_fuzz_formats(), vt_fuzz_format);
  put_picture("maps/labels/a.png");
  put_picture("maps/instances/a.png");
  put_picture("ccp/masks/a.png");
  put_picture("yolo/images/a.png");
  put_picture("tree/images/a.png");
  put_picture("tree/images/val/b.png");
  vt_fuzz_put("gt.json", ground_truth, sizeof ground_truth - 1);
  vt_fuzz_check(!vt_labels_init(&truth, NULL), "memory");
  vt_fuzz_check(
      !vt_format_find("coco", NULL)->read(&truth, vt_fuzz_path("gt.json"), &(struct vt_labels_opts){0}, NULL),
      "ground truth");
}

void vt_fuzz_end(void)
{
  vt_labels_clear(&truth);
}

static void look(const struct vt_labels *l)
{
  for (int64_t i = 0; i < l->n && i < 50; i++) {
    const struct vt_instance *in = &l->v[i];
    struct vt_mask m;
    struct vt_err e = {0};
    vt_fuzz_check(in->image >= 0 && in->image < l->nimages && in->cls >= 0 && in->cls < l->classes.n,
                  "positions");
    vt_fuzz_check(in->product >= -1 && in->product < l->products.n, "products");
    for (int k = 0; k < in->nattrs; k++) {
      const int32_t a = l->attr[in->attrs + (uint32_t)k];
      vt_fuzz_check(a >= 0 && a < l->attributes.n, "attributes");
    }
    if ((int64_t)l->image[in->image].width * l->image[in->image].height > 1 << 20) continue;
    vt_fuzz_check(!vt_instance_mask(l, in, &m, &e) || *e.msg, "a mask without a message");
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
  const struct vt_labels_opts o = {.images = vt_fuzz_path("classes")};
  vt_fuzz_check(!f->write(l, vt_fuzz_path("out"), &o, &lost, &e) || *e.msg, "an error without a message");
  vt_fuzz_remove("out");
}

/* The figures of results that were read: by boxes, where they have none by masks. */
static int make_mask(void *ctx, bool detection, int64_t i, struct vt_mask *m, struct vt_err *e)
{
  struct vt_labels *found = ctx, view = *found;
  view.image = truth.image;
  return detection ? vt_instance_mask(&view, &found->v[i], m, e)
                   : vt_instance_mask(&truth, &truth.v[i], m, e);
}

static void measure(struct vt_labels *l)
{
  enum { MAX_OBJECTS = 50 };
  struct vt_coco_object gt[MAX_OBJECTS], dt[MAX_OBJECTS];
  struct vt_coco_result r = {0};
  struct vt_confusion c = {0};
  struct vt_err e = {0};
  double ap[2], map, figure[VT_COCO_FIGURES];
  if (l->n > MAX_OBJECTS) return;
  for (int detection = 0; detection < 2; detection++)
    for (int64_t i = 0; i < (detection ? l->n : truth.n); i++) {
      const struct vt_instance *in = detection ? &l->v[i] : &truth.v[i];
      (detection ? dt : gt)[i] =
          (struct vt_coco_object){in->image, in->cls, in->box, in->area, in->score, in->flags & VT_CROWD};
    }
  for (int masks = 0; masks < 2; masks++) {
    const struct vt_coco_input in = {.ncls = 2,
                                     .ngt = truth.n,
                                     .ndt = l->n,
                                     .gt = gt,
                                     .dt = dt,
                                     .mask = masks ? make_mask : NULL,
                                     .ctx = l};
    bool ok = !vt_coco_eval(&r, &in, &e) && !vt_voc_ap(ap, &map, &in, .5, masks, &e) &&
              !vt_contest_map(&map, NULL, &in, &e) && !vt_confusion_init(&c, 3, &e) &&
              !vt_detection_confusion(&c, &in, .5, 0, NULL, &e);
    vt_fuzz_check(ok || *e.msg, "an error without a message");
    if (ok) vt_coco_summary(&r, figure);
    vt_coco_result_clear(&r);
    vt_confusion_clear(&c);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct vt_labels l;
  struct vt_err e = {0};
  if (size < 2 || size > VT_FUZZ_INPUT) return 0;
  if (!vt_fuzz_rooted()) begin();
  const struct target *t = &targets[(size_t)(forced >= 0 ? forced : data[0] & 127) % VT_COUNT(targets)];
  const struct vt_labels_opts o = {.lenient = data[0] >= 128};
  vt_fuzz_split(t->file, data + 1, size - 1);
  vt_fuzz_check(!vt_labels_init(&l, &e), "memory");
  const struct vt_format *f = t->format ? vt_format_find(t->format, &e) : NULL;
  int rc = f ? f->read(&l, vt_fuzz_path(t->set), &o, &e)
             : vt_coco_read_results(&l, &truth, vt_fuzz_path(t->set), &o, &e);
  vt_fuzz_check(!rc || *e.msg, "an error without a message");
  if (!rc && f) {
    look(&l);
    write_again(&l, f);
  }
  if (!rc && !f) measure(&l);
  vt_labels_clear(&l);
  return 0;
}
