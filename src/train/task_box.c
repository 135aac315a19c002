/* Task `box`: where in a photo of the street is the one who wears it all? A network answers with one box;
 * what losses of boxes do is seen here.
 *
 * Trains on the CCP train split, one photo in hold_out measuring progress. Photos are zoomed, shifted and
 * flipped at random, in measuring too (the same each time), so that a box which is always the same says
 * little; the true box is around all labels but the background. The network's four numbers are sigmoids:
 * centre and sides as shares of the picture's, turned to (x1, y1, x2, y2) by one multiplication, so that a
 * box is never inside out. */
#include "train/augment_rows.h"
#include "train/network_keys.h"
#include "train/photo_sampler.h"
#include "train/task_util.h"

#include <string.h>

struct opts {
  struct vt__network_keys network;
  int64_t width, height, hold_out;
  double cache_mb;
  int loss; /* enum box_loss */
  struct vt__licence licence;
  struct vt__class_sampler sampler;
  struct vt_augment augment;
};
enum box_loss { SMOOTH_L1, IOU, GIOU, DIOU, CIOU };
static const char *const loss_name[] = {"smooth_l1", "iou", "giou", "diou", "ciou"};
#define AT(f) offsetof(struct opts, f)
/* clang-format off */
static const struct vt_opt rows[] = {
    {"width", 0, VT_OPT_INT, AT(width), "64", 32, 1024, NULL, "PIXELS", "width of the network's input"},
    {"height", 0, VT_OPT_INT, AT(height), "96", 32, 1024, NULL, "PIXELS", "height of the network's input"},
    {"hold_out", 0, VT_OPT_INT, AT(hold_out), "8", 2, 10000, NULL, NULL, "one in N train photos measures progress instead"},
    VT__NETWORK_ROWS(struct opts, network, "channels of the encoder's stages, or a network's name, as in 'vitrine model list'", "0"),
    {"loss", 0, VT_OPT_ENUM, AT(loss), "giou", 0, 0, "smooth_l1|iou|giou|diou|ciou", NULL, "loss of the box"},
    {"cache_mb", 0, VT_OPT_FLOAT, AT(cache_mb), "500", 0, 1e6, NULL, "MB", "memory for decoded photos"},
    VT__LICENCE_ROWS(struct opts, licence),
    VT__CLASS_SAMPLER_ROWS(struct opts, sampler),
    VT__AUGMENT_PLACE_ROWS(struct opts, augment, "0.5", "0.5", "1.2", "0.25"),
};
/* clang-format on */

struct task {
  struct opts o;
  struct vt_resnet_opts net;
  const struct vt_builder *named; /* instead of it, if not NULL */
  const struct vt_registry *registry;
  struct vt_dataset data;
  struct vt_image_cache *cache;
  int64_t *train, *held; /* sample numbers */
  int64_t ntrain, nheld;
  struct vt__photo_sampler sampler;
  uint64_t seed;
};
static const struct vt_preprocess preprocess_base = {.mean = {0.5f, 0.5f, 0.5f},
                                                     .std = {0.25f, 0.25f, 0.25f}};

static void close_task(void *ctx)
{
  struct task *t = ctx;
  if (!t) return;
  vt_image_cache_free(t->cache);
  vt__photo_sampler_clear(&t->sampler);
  vt_dataset_clear(&t->data);
  vt_free(t->train);
  vt_free(t->held);
  vt_free(t);
}

static int split_samples(struct task *t, struct vt_err *e)
{
  t->train = vt_calloc((size_t)t->data.n + 1, sizeof *t->train);
  t->held = vt_calloc((size_t)t->data.n + 1, sizeof *t->held);
  if (!t->train || !t->held) return vt_fail(e, VT_ENOMEM, "box: out of memory");
  for (int64_t i = 0; i < t->data.n; i++) {
    const struct vt_sample *s = &t->data.v[i];
    if (s->split != VT_SPLIT_TRAIN) continue;
    if (vt__held_out(s->image, (int)t->o.hold_out))
      t->held[t->nheld++] = i;
    else
      t->train[t->ntrain++] = i;
  }
  if (!t->ntrain || !t->nheld) return vt_fail(e, VT_EARG, "box: no train photos in the data");
  return vt__photo_sampler_init(&t->sampler, &t->o.sampler, &t->data, t->train, t->ntrain, t->seed, e);
}

static int open_task(void **ctx, const void *opts, const struct vt_registry *r, const char *data_dir,
                     uint64_t seed, struct vt_err *e)
{
  struct task *t = vt_calloc(1, sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "box: out of memory");
  t->o = *(const struct opts *)opts;
  t->registry = r;
  t->seed = seed;
  int rc = data_dir ? vt__network_read(&t->o.network, &t->named, &t->net, e)
                    : vt_fail(e, VT_EARG, "box: no data; set VITRINE_DATA to the folder that holds ccp/");
  if (!rc) rc = vt_dataset_init(&t->data, e);
  if (!rc) {
    const char *root = vt_path_join(&t->data.arena, data_dir, "ccp");
    rc = root ? vt_read_ccp(&t->data, root, false, 0, e) : vt_fail(e, VT_ENOMEM, "box: out of memory");
  }
  if (!rc) rc = vt_image_cache_new(&t->cache, (size_t)(t->o.cache_mb * 1e6), e);
  if (!rc) rc = split_samples(t, e);
  if (rc) {
    close_task(t);
    return rc;
  }
  *ctx = t;
  return 0;
}

/* x (N, 3, H, W) -> boxes (N, 4) as shares of the picture's sides. */
static struct vt_value *network(const struct task *t, struct vt_net *n, struct vt_value *x, struct vt_err *e)
{
  static const float corners[16] = {1, 0, 1, 0, 0, 1, 0, 1, -0.5f, 0, 0.5f, 0, 0, -0.5f, 0, 0.5f};
  struct vt_tensor c = vt_tensor_view(VT_F32, 2, (int64_t[]){4, 4}, (void *)corners);
  struct vt_value *feature[5];
  if (vt_build_encoder(n, x, &t->net, t->named, feature, e)) return NULL;
  /* where a thing is would be lost in a mean over places */
  struct vt_value *y =
      vt_net_linear(n, vt_emit(n->g, "Flatten", VT_IN(feature[4]), "axis=1"), "box", 4, true);
  y = vt_emit(n->g, "Sigmoid", VT_IN(y), ""); // (N, 4): centre x, y, width, height
  return vt_emit(n->g, "MatMul", VT_IN(y, vt_graph_constant(n->g, "corners", &c)), "");
}

static int build(void *ctx, struct vt_graph *g, int batch, struct vt_value **loss, struct vt_value **metric,
                 const char **metric_name, int *nmetric, struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_net net = vt__network_start(&t->o.network, g, true, t->seed);
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){batch, 3, t->o.height, t->o.width});
  struct vt_value *want = vt_graph_input(g, "box", VT_F32, 2, (int64_t[]){batch, 4});
  struct vt_value *y = network(t, &net, x, e);
  *nmetric = 0;
  *loss = t->o.loss == SMOOTH_L1
              ? vt_emit(g, "ai.vitrine:SmoothL1Loss", VT_IN(y, want), "beta=0.1")
              : vt_emit(g, "ai.vitrine:BoxLoss", VT_IN(y, want), "kind=%s", loss_name[t->o.loss]);
  vt__network_penalty(&t->o.network, g, loss, metric, metric_name, nmetric);
  return vt_graph_status(g, e);
}

static int64_t samples(void *ctx)
{
  return ((struct task *)ctx)->sampler.s.n;
}

static int epoch(void *ctx, int number, int batch, int64_t *order, const struct vt_weights *w,
                 struct vt_err *e)
{
  const struct task *t = ctx;
  return vt__class_sampler_order(&t->sampler.s, t->sampler.label, t->ntrain, t->seed, number, order, e);
}

static size_t plane_bytes(const struct task *t)
{
  return (size_t)(3 * t->o.width * t->o.height) * sizeof(float);
}

static size_t sample_bytes(void *ctx)
{
  return (plane_bytes(ctx) + 4 * sizeof(float) + 63) / 64 * 64;
}

/* Around all that is not background, as shares of the sides; the whole where there is nothing. */
static void find_box(const struct vt_image *labels, float box[4])
{
  int x0 = labels->width, y0 = labels->height, x1 = 0, y1 = 0;
  for (int y = 0; y < labels->height; y++)
    for (int x = 0; x < labels->width; x++) {
      uint8_t c = labels->px[y * labels->stride + x];
      if (!c || c == VT_IGNORE) continue;
      x0 = VT_MIN(x0, x);
      y0 = VT_MIN(y0, y);
      x1 = VT_MAX(x1, x + 1);
      y1 = VT_MAX(y1, y + 1);
    }
  if (x1 <= x0 || y1 <= y0) x0 = y0 = 0, x1 = labels->width, y1 = labels->height;
  float w = (float)labels->width, h = (float)labels->height;
  memcpy(box, (float[]){(float)x0 / w, (float)y0 / h, (float)x1 / w, (float)y1 / h}, 4 * sizeof *box);
}

/* Planes, then the box. */
static int show(struct task *t, int64_t sample, struct vt_rng *rng, float *out, struct vt_err *e)
{
  const struct vt_sample *s = &t->data.v[sample];
  const struct vt_image *photo, *map;
  struct vt_image own_photo = {0}, own_map = {0}, im = {0}, labels = {0};
  int w = (int)t->o.width, h = (int)t->o.height, side = 2 * VT_MAX(w, h);
  int rc = vt_image_cache_get(t->cache, s->image, side, false, &photo, &own_photo, e);
  if (!rc) rc = vt_image_cache_get(t->cache, s->label_map, side, true, &map, &own_map, e);
  if (!rc) rc = vt__photo_fit_map(&map, photo, &own_map, e);
  if (!rc) rc = vt_image_init(&im, w, h, 3, e);
  if (!rc) rc = vt_image_init(&labels, w, h, 1, e);
  if (!rc) rc = vt_augment_apply(&t->o.augment, rng, photo, map, &im, &labels, VT_IGNORE, e);
  if (!rc) {
    vt_taxonomy_map_labels(&t->data.taxonomy, &labels);
    vt_image_to_planes(&im, preprocess_base.mean, preprocess_base.std, out);
    find_box(&labels, out + 3 * w * h);
  }
  vt_image_clear(&own_photo);
  vt_image_clear(&own_map);
  vt_image_clear(&im);
  vt_image_clear(&labels);
  return rc;
}

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  struct task *t = ctx;
  return show(t, t->train[sample], rng, slot, e);
}

static int feed(void *ctx, const void *slots, int batch, struct vt_tensor *in, struct vt_err *e)
{
  struct task *t = ctx;
  size_t plane = plane_bytes(t), bytes = sample_bytes(t);
  for (int b = 0; b < batch; b++) {
    const char *slot = (const char *)slots + (size_t)b * bytes;
    memcpy((char *)in[0].data + (size_t)b * plane, slot, plane);
    memcpy((float *)in[1].data + 4 * b, slot + plane, 4 * sizeof(float));
  }
  return 0;
}

static int inference(struct task *t, const struct vt_weights *w, struct vt_graph **g, struct vt_err *e)
{
  int rc = vt_graph_new(g, t->registry, "box", e);
  if (rc) return rc;
  struct vt_net net = vt__network_start(&t->o.network, *g, false, 0);
  net.find = vt__weights_find;
  net.ctx = (void *)w;
  struct vt_value *x = vt_graph_input(*g, "image", VT_F32, 4, (int64_t[]){-1, 3, t->o.height, t->o.width});
  struct vt_value *y = network(t, &net, x, e);
  if (y) vt_graph_output(*g, y, "box"); // (N, 4): x1, y1, x2, y2
  return vt_graph_status(*g, e);
}

static int export_model(void *ctx, const struct vt_weights *w, const struct vt_metrics *m, const char *path,
                        struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_graph *g = NULL;
  static const char *const label[] = {"wearer"};
  struct vt_preprocess p = preprocess_base;
  p.width = (int)t->o.width;
  p.height = (int)t->o.height;
  struct vt__model_file f = {"box", "Clothing Co-Parsing (train split)", &t->o.licence, m, &p, 1, label};
  int rc = inference(t, w, &g, e);
  if (!rc) rc = vt__write_model(g, &f, path, e);
  vt_graph_free(g);
  return rc;
}

static double overlap(const float *a, const float *b)
{
  double w = (double)(VT_MIN(a[2], b[2]) - VT_MAX(a[0], b[0])),
         h = (double)(VT_MIN(a[3], b[3]) - VT_MAX(a[1], b[1]));
  double meet = w > 0 && h > 0 ? w * h : 0;
  double all = (double)((a[2] - a[0]) * (a[3] - a[1])) + (double)((b[2] - b[0]) * (b[3] - b[1]));
  return meet / (all - meet);
}

/* mean_iou over the held-out photos, and mean_iou_constant: what their mean box would reach. */
static int validate(void *ctx, const struct vt_weights *w, struct vt_metrics *m, struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_graph *g = NULL;
  struct vt_eval *v = NULL;
  size_t bytes = sample_bytes(t);
  float *slot = vt_aligned(bytes), *boxes = vt_reallocarray(NULL, (size_t)t->nheld, 8 * sizeof *boxes),
        mean[4] = {0};
  int rc = slot && boxes ? inference(t, w, &g, e) : vt_fail(e, VT_ENOMEM, "box: out of memory");
  if (!rc) rc = vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_AUTO}, e);
  for (int64_t i = 0; i < t->nheld && !rc; i++) {
    struct vt_rng rng;
    struct vt_tensor x = vt_tensor_view(VT_F32, 4, (int64_t[]){1, 3, t->o.height, t->o.width}, slot), y;
    vt_rng_init(&rng, t->seed, (uint64_t)i, 0xb0c5);
    rc = show(t, t->held[i], &rng, slot, e);
    if (!rc) rc = vt_eval_run(v, &x, &y, 0, e);
    if (rc) break;
    memcpy(boxes + 8 * i, slot + 3 * t->o.width * t->o.height, 4 * sizeof(float));
    for (int k = 0; k < 4; k++) boxes[8 * i + 4 + k] = (float)vt_tensor_get(&y, k);
    for (int k = 0; k < 4; k++) mean[k] += boxes[8 * i + k] / (float)t->nheld;
    vt_tensor_clear(&y);
  }
  double sum = 0, constant = 0;
  for (int64_t i = 0; i < t->nheld && !rc; i++) {
    sum += overlap(boxes + 8 * i, boxes + 8 * i + 4);
    constant += overlap(boxes + 8 * i, mean);
  }
  if (!rc) vt_metrics_add(m, "mean_iou", sum / (double)t->nheld);
  if (!rc) vt_metrics_add(m, "mean_iou_constant", constant / (double)t->nheld);
  vt_eval_free(v);
  vt_graph_free(g);
  vt_free(slot);
  vt_free(boxes);
  return rc;
}

const struct vt_task_desc vt_task_box = {
    .name = "box",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .open = open_task,
    .close = close_task,
    .build = build,
    .samples = samples,
    .sample_bytes = sample_bytes,
    .epoch = epoch,
    .make = make,
    .feed = feed,
    .validate = validate,
    .export_model = export_model,
};
