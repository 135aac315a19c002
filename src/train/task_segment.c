/* Task `segment`: a U-Net that labels each pixel with one of the taxonomy's groups.
 *
 * Trains on the CCP train split and, if `synth` names a folder, on drawn photos as well. Samples are scaled,
 * cropped and jittered to width x height; the network answers at half that size, and so the labels are halved
 * by majority. Loss: pixel_loss.h; by default cross-entropy with class weights plus `dice` times soft Dice.
 */
#include "eval/eval.h"
#include "train/augment_rows.h"
#include "train/network_keys.h"
#include "train/photo_sampler.h"
#include "train/pixel_loss.h"
#include "train/policy.h"
#include "train/segment_samples.h"
#include "train/task_util.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct opts {
  int64_t width, height, test_width, test_height, hold_out;
  struct vt__network_keys network;
  const char *decoder, *synth, *policy;
  double dice, gamma, balance, synth_share, cache_mb;
  int upsampling;
  int loss; /* position in VT__PIXEL_LOSSES */
  bool mirror;
  struct vt__licence licence;
  struct vt__class_sampler sampler;
  struct vt_augment augment;
};
#define AT(f) offsetof(struct opts, f)
static const struct vt_opt rows[] = {
    {"width", 0, VT_OPT_INT, AT(width), "192", 32, 2048, NULL, "PIXELS", "width of training crops"},
    {"height", 0, VT_OPT_INT, AT(height), "288", 32, 2048, NULL, "PIXELS", "height of training crops"},
    {"test_width", 0, VT_OPT_INT, AT(test_width), "256", 32, 2048, NULL, "PIXELS",
     "width of whole photos when used"},
    {"test_height", 0, VT_OPT_INT, AT(test_height), "384", 32, 2048, NULL, "PIXELS",
     "height of whole photos when used"},
    {"mirror", 0, VT_OPT_FLAG, AT(mirror), "no", 0, 0, NULL, NULL,
     "when used, take the mean over the photo and its mirror image"},
    {"hold_out", 0, VT_OPT_INT, AT(hold_out), "12", 2, 1000, NULL, NULL,
     "one in N train photos measures progress instead"},
    VT__NETWORK_ROWS(struct opts, network,
                     "channels of the encoder's stages, or a network's name, as in 'vitrine model list'",
                     "0.1"),
    {"decoder", 0, VT_OPT_STRING, AT(decoder), "128,96,64,32", 0, 0, NULL, NULL,
     "channels of the decoder's steps"},
    {"upsampling", 0, VT_OPT_ENUM, AT(upsampling), "linear", 0, 0, "linear|transposed", NULL,
     "how the decoder enlarges maps: interpolation, or transposed convolutions"},
    {"loss", 0, VT_OPT_ENUM, AT(loss), "ce_dice", 0, 0, VT__PIXEL_LOSSES, NULL,
     "loss: over pixels (cross-entropy, focal), over classes (Dice, Jaccard, Lovasz), or a sum of one of "
     "each"},
    {"dice", 0, VT_OPT_FLOAT, AT(dice), "1", 0, 100, NULL, NULL,
     "weight of the loss over classes (Dice, Jaccard or Lovasz) in a sum"},
    {"gamma", 0, VT_OPT_FLOAT, AT(gamma), "2", 0, 10, NULL, NULL, "exponent of the focal loss"},
    {"balance", 0, VT_OPT_FLOAT, AT(balance), "0.35", 0, 1, NULL, NULL,
     "class weight = (median share / share)^balance"},
    {"synth", 0, VT_OPT_STRING, AT(synth), NULL, 0, 0, NULL, "FOLDER", "drawn photos to train on as well"},
    {"synth_share", 0, VT_OPT_FLOAT, AT(synth_share), "0.2", 0, 1, NULL, NULL,
     "share of drawn photos in an epoch"},
    {"cache_mb", 0, VT_OPT_FLOAT, AT(cache_mb), "1500", 0, 1e6, NULL, "MB", "memory for decoded photos"},
    VT__LICENCE_ROWS(struct opts, licence),
    VT__CLASS_SAMPLER_ROWS(struct opts, sampler),
    VT__POLICY_ROW(AT(policy)),
    VT__AUGMENT_PLACE_ROWS(struct opts, augment, "0.5", "0.8", "1.8", "0.15"),
    VT__AUGMENT_LOOK_ROWS(struct opts, augment, "8", "0.1", "0.3", "0.3", "0.4", "0.05"),
    VT__AUGMENT_BLUR_ROW(struct opts, augment, "0.1"),
    VT__AUGMENT_ROW(struct opts, augment, grey, "0.05", 0, 1, NULL, "probability of grey"),
};

struct task {
  struct opts o;
  struct vt_unet_opts net;
  const struct vt_registry *registry;
  struct vt_dataset data;
  struct vt_image_cache *cache;
  int64_t *train, *held, *drawn; /* sample numbers */
  int64_t ntrain, nheld, ndrawn, drawn_per_epoch;
  struct vt__photo_sampler sampler;
  struct vt__policy policy;
  uint64_t seed;
  float weight[VT_MAX_GROUPS];
};

static const struct vt_preprocess preprocess_base = {
    .fit = VT_FIT_AREA, .mean = {0.5f, 0.5f, 0.5f}, .std = {0.25f, 0.25f, 0.25f}};

/* Label map of a sample as groups, full size of the file. */
static int read_labels(const struct task *t, const struct vt_sample *s, struct vt_image *out,
                       struct vt_err *e)
{
  struct vt_decode_opts d = {.labels = true};
  int rc = vt_image_read(out, s->label_map, &d, NULL, e);
  if (!rc && s->source == VT_SOURCE_CCP) vt_taxonomy_map_labels(&t->data.taxonomy, out);
  return rc;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* weight[c] = (median share / share[c])^balance over a quarter of the train photos, normalised to mean
 * share 1. */
static int class_weights(struct task *t, struct vt_err *e)
{
  double count[VT_MAX_GROUPS] = {0}, sorted[VT_MAX_GROUPS], sum = 0, total = 0;
  int n = t->data.taxonomy.ngroups;
  for (int64_t i = 0; i < t->ntrain; i += 4) {
    struct vt_image map = {0};
    int rc = read_labels(t, &t->data.v[t->train[i]], &map, e);
    if (rc) return rc;
    for (int y = 0; y < map.height; y++)
      for (int x = 0; x < map.width; x++) {
        int c = map.px[y * map.stride + x];
        if (c < n) count[c]++;
      }
    vt_image_clear(&map);
  }
  memcpy(sorted, count, sizeof sorted);
  qsort(sorted, (size_t)n, sizeof *sorted, by_value);
  for (int c = 0; c < n; c++) {
    t->weight[c] = (float)pow(sorted[n / 2] / fmax(count[c], 1), t->o.balance);
    sum += t->weight[c] * count[c];
    total += count[c];
  }
  for (int c = 0; c < n; c++) t->weight[c] *= (float)(total / sum);
  return 0;
}

static int split_samples(struct task *t, struct vt_err *e)
{
  size_t n = (size_t)VT_MAX(t->data.n, 1);
  t->train = vt_calloc(n, sizeof *t->train);
  t->held = vt_calloc(n, sizeof *t->held);
  t->drawn = vt_calloc(n, sizeof *t->drawn);
  if (!t->train || !t->held || !t->drawn) return vt_fail(e, VT_ENOMEM, "segment: out of memory");
  for (int64_t i = 0; i < t->data.n; i++) {
    const struct vt_sample *s = &t->data.v[i];
    if (s->split != VT_SPLIT_TRAIN) continue;
    if (s->source == VT_SOURCE_SYNTH)
      t->drawn[t->ndrawn++] = i;
    else if (vt__held_out(s->image, (int)t->o.hold_out))
      t->held[t->nheld++] = i;
    else
      t->train[t->ntrain++] = i;
  }
  if (!t->ntrain || !t->nheld) return vt_fail(e, VT_EARG, "segment: no train photos in the data");
  int rc = vt__photo_sampler_init(&t->sampler, &t->o.sampler, &t->data, t->train, t->ntrain, t->seed, e);
  double share = t->ndrawn ? t->o.synth_share : 0;
  t->drawn_per_epoch = VT_MIN(t->ndrawn, (int64_t)(share / fmax(1 - share, 0.01) * (double)t->sampler.s.n));
  return rc;
}

static void close_task(void *ctx)
{
  struct task *t = ctx;
  if (!t) return;
  vt_image_cache_free(t->cache);
  vt__policy_close(&t->policy);
  vt__photo_sampler_clear(&t->sampler);
  vt_dataset_clear(&t->data);
  vt_free(t->train);
  vt_free(t->held);
  vt_free(t->drawn);
  vt_free(t);
}

static int open_task(void **ctx, const void *opts, const struct vt_registry *r, const char *data_dir,
                     uint64_t seed, struct vt_err *e)
{
  struct task *t = vt_calloc(1, sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "segment: out of memory");
  t->o = *(const struct opts *)opts;
  t->registry = r;
  t->seed = seed;
  t->net.dropout = (float)t->o.network.dropout;
  t->net.transposed = t->o.upsampling != 0;
  int rc = vt__policy_open(&t->policy, t->o.policy, e);
  if (!rc) rc = vt__network_read(&t->o.network, &t->net.network, &t->net.encoder, e);
  if (!rc) rc = vt__parse_ints("decoder", t->o.decoder, 4, 1, 1024, t->net.decoder, e);
  if (!rc && (t->o.width % 32 || t->o.height % 32 || t->o.test_width % 32 || t->o.test_height % 32))
    rc = vt_fail(e, VT_EARG, "segment: width, height, test_width and test_height must be multiples of 32");
  if (!rc && !data_dir)
    rc = vt_fail(e, VT_EARG, "segment: no data; set VITRINE_DATA to the folder that holds ccp/");
  if (!rc) rc = vt_dataset_init(&t->data, e);
  if (!rc) {
    char *root = vt_path_join(&t->data.arena, data_dir, "ccp");
    rc = root ? vt_read_ccp(&t->data, root, false, 0, e) : vt_fail(e, VT_ENOMEM, "segment: out of memory");
  }
  if (!rc && t->o.synth && *t->o.synth) rc = vt_read_synth(&t->data, t->o.synth, false, e);
  if (!rc) rc = vt_image_cache_new(&t->cache, (size_t)(t->o.cache_mb * 1e6), e);
  if (!rc) rc = split_samples(t, e);
  if (!rc) rc = class_weights(t, e);
  t->net.classes = t->data.taxonomy.ngroups;
  if (rc) {
    close_task(t);
    return rc;
  }
  *ctx = t;
  return 0;
}

static int build(void *ctx, struct vt_graph *g, int batch, struct vt_value **loss, struct vt_value **metric,
                 const char **metric_name, int *nmetric, struct vt_err *e)
{
  struct task *t = ctx;
  int64_t h = t->o.height, w = t->o.width;
  struct vt_net net = vt__network_start(&t->o.network, g, true, t->seed);
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){batch, 3, h, w});
  struct vt_value *labels = vt_graph_input(g, "labels", VT_I64, 3, (int64_t[]){batch, h / 2, w / 2});
  struct vt_value *logits = vt_build_unet(&net, x, &t->net, e); // (N, C, H/2, W/2)
  if (!logits) return vt_graph_status(g, e);
  struct vt__pixel_loss lo = {t->o.loss, t->o.dice, t->o.gamma, t->net.classes, t->weight};
  *nmetric = 0;
  *loss = vt__pixel_loss(g, logits, labels, &lo, metric, metric_name, nmetric);
  vt__network_penalty(&t->o.network, g, loss, metric, metric_name, nmetric);
  return vt_graph_status(g, e);
}

static int64_t samples(void *ctx)
{
  struct task *t = ctx;
  return t->sampler.s.n + t->drawn_per_epoch;
}

static size_t sample_bytes(void *ctx)
{
  struct task *t = ctx;
  size_t pixels = (size_t)(t->o.width * t->o.height);
  return pixels * 3 * sizeof(float) + (pixels / 4 + 63) / 64 * 64;
}

/* The real photos as the sampler has them, this epoch's drawn ones among them in even steps; all of it in
 * random order unless photos of a class stand together. */
static int epoch(void *ctx, int number, int batch, int64_t *order, const struct vt_weights *w,
                 struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_rng rng;
  const int64_t n = samples(t), real = t->sampler.s.n;
  int64_t *photo = vt_calloc((size_t)real + 1, sizeof *photo), at = 0;
  int rc = photo ? 0 : vt_fail(e, VT_ENOMEM, "segment: out of memory");
  vt_rng_init(&rng, t->seed, (uint64_t)number, 0x5e9);
  for (int64_t i = 0; i < real && !rc; i++) photo[i] = i;
  if (!rc)
    rc = vt__class_sampler_order(&t->sampler.s, t->sampler.label, t->ntrain, t->seed, number, photo, e);
  for (int64_t i = 0; i < n && !rc; i++)
    order[i] = (i + 1) * real / n > i * real / n ? t->train[photo[at++]]
                                                 : t->drawn[vt_rng_below(&rng, (uint32_t)t->ndrawn)];
  if (!rc && t->o.sampler.kind - 1 != VT_SAMPLE_M_PER_CLASS) vt_rng_shuffle(&rng, order, n);
  vt_free(photo);
  return rc;
}

/* (H, W) labels -> (H/2, W/2): the most frequent of each 2x2 block, the first on ties. */
static void halve_labels(const struct vt_image *in, uint8_t *out)
{
  for (int y = 0; y < in->height / 2; y++)
    for (int x = 0; x < in->width / 2; x++) {
      const uint8_t *p = in->px + 2 * y * in->stride + 2 * x,
                    v[4] = {p[0], p[1], p[in->stride], p[in->stride + 1]};
      int best = 0, votes = 0;
      for (int i = 0; i < 4; i++) {
        int c = (v[0] == v[i]) + (v[1] == v[i]) + (v[2] == v[i]) + (v[3] == v[i]);
        if (c > votes) votes = c, best = v[i];
      }
      out[y * (in->width / 2) + x] = (uint8_t)best;
    }
}

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  struct task *t = ctx;
  const struct vt_sample *s = &t->data.v[sample];
  const struct vt_image *photo, *map;
  struct vt_image own_photo = {0}, own_map = {0};
  struct vt_aug_sample made = {0};
  int w = (int)t->o.width, h = (int)t->o.height, rc;
  if (t->policy.p) {
    const struct vt__seg_source from = {&t->data,  t->cache,         t->train,
                                        t->ntrain, 2 * VT_MAX(w, h), t->policy.mixes};
    rc = vt__seg_sample(&made, &from, s, e);
    if (!rc) rc = vt__policy_apply(&t->policy, &made, w, h, rng, vt__seg_other, (void *)&from, e);
  } else {
    rc = vt_image_cache_get(t->cache, s->image, 2 * VT_MAX(w, h), false, &photo, &own_photo, e);
    if (!rc) rc = vt_image_cache_get(t->cache, s->label_map, 2 * VT_MAX(w, h), true, &map, &own_map, e);
    if (!rc) rc = vt__photo_fit_map(&map, photo, &own_map, e);
    if (!rc) rc = vt_image_init(&made.image, w, h, 3, e);
    if (!rc) rc = vt_image_init(&made.labels, w, h, 1, e);
    if (!rc) rc = vt_augment_apply(&t->o.augment, rng, photo, map, &made.image, &made.labels, VT_IGNORE, e);
    if (!rc && s->source == VT_SOURCE_CCP) vt_taxonomy_map_labels(&t->data.taxonomy, &made.labels);
  }
  if (!rc) {
    vt_image_to_planes(&made.image, preprocess_base.mean, preprocess_base.std, slot);
    halve_labels(&made.labels, (uint8_t *)slot + (size_t)w * (size_t)h * 3 * sizeof(float));
  }
  vt_image_clear(&own_photo);
  vt_image_clear(&own_map);
  vt_aug_sample_clear(&made);
  return rc;
}

static void begin(void *ctx, int number)
{
  ((struct task *)ctx)->policy.epoch = number;
}

static int feed(void *ctx, const void *slots, int batch, struct vt_tensor *in, struct vt_err *e)
{
  struct task *t = ctx;
  size_t pixels = (size_t)(t->o.width * t->o.height), bytes = sample_bytes(t);
  for (int b = 0; b < batch; b++) {
    const uint8_t *slot = (const uint8_t *)slots + (size_t)b * bytes,
                  *labels = slot + pixels * 3 * sizeof(float);
    memcpy((float *)in[0].data + (size_t)b * pixels * 3, slot, pixels * 3 * sizeof(float));
    int64_t *out = (int64_t *)in[1].data + (size_t)b * (pixels / 4);
    for (size_t i = 0; i < pixels / 4; i++) out[i] = labels[i];
  }
  return 0;
}

static int export_model(void *ctx, const struct vt_weights *w, const struct vt_metrics *m, const char *path,
                        struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_graph *g = NULL;
  int rc = vt_graph_new(&g, t->registry, "segment", e);
  if (rc) return rc;
  struct vt_net net = vt__network_start(&t->o.network, g, false, 0);
  net.find = vt__weights_find;
  net.ctx = (void *)w;
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, -1, -1});
  struct vt_value *y = vt_build_unet(&net, x, &t->net, e);
  if (y) vt_graph_output(g, y, "logits");
  struct vt_preprocess p = preprocess_base;
  p.width = (int)t->o.test_width;
  p.height = (int)t->o.test_height;
  p.mirror = t->o.mirror;
  const char *data = t->ndrawn ? "Clothing Co-Parsing (train split),drawn photos of data synth"
                               : "Clothing Co-Parsing (train split)";
  struct vt__model_file f = {"segment", data, &t->o.licence, m, &p, t->net.classes, t->data.taxonomy.group};
  rc = vt__write_model(g, &f, path, e);
  vt_graph_free(g);
  return rc;
}

/* Mean IoU over the held-out train photos at full resolution, through the exported model as a user runs it.
 */
static int measure(struct task *t, struct vt_segmenter *seg, struct vt_confusion *c, struct vt_err *e)
{
  for (int64_t i = 0; i < t->nheld; i++) {
    const struct vt_sample *s = &t->data.v[t->held[i]];
    struct vt_image photo = {0}, map = {0};
    uint8_t *pred = NULL;
    int rc = vt_image_read(&photo, s->image, NULL, NULL, e);
    if (!rc) rc = read_labels(t, s, &map, e);
    if (!rc && (map.width != photo.width || map.height != photo.height))
      rc = vt_fail(e, VT_ESHAPE, "%s: %dx%d, its photo is %dx%d", s->label_map, map.width, map.height,
                   photo.width, photo.height);
    if (!rc && !(pred = vt_malloc((size_t)map.width * (size_t)map.height)))
      rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", s->image);
    if (!rc) rc = vt_segmenter_run(seg, &photo, pred, NULL, e);
    for (int y = 0; !rc && y < map.height; y++)
      rc = vt_confusion_add(c, map.px + y * map.stride, pred + (int64_t)y * map.width, map.width, VT_IGNORE,
                            e);
    vt_free(pred);
    vt_image_clear(&photo);
    vt_image_clear(&map);
    if (rc) return rc;
  }
  return 0;
}

static int validate(void *ctx, const struct vt_weights *w, struct vt_metrics *m, struct vt_err *e)
{
  struct task *t = ctx;
  char *path;
  struct vt_segmenter *seg = NULL;
  struct vt_confusion c = {0};
  struct vt_model_opts mo = {.precision = VT_PREC_AUTO};
  int rc = vt__scratch_model("segment", &path, e);
  if (!rc) rc = export_model(t, w, NULL, path, e);
  if (!rc) rc = vt_segmenter_open(&seg, t->registry, path, &mo, e);
  if (!rc) rc = vt_confusion_init(&c, t->net.classes, e);
  if (!rc) rc = measure(t, seg, &c, e);
  if (!rc) {
    vt_metrics_add(m, "miou", vt_confusion_mean_iou(&c));
    vt_metrics_add(m, "pixel_accuracy", vt_confusion_accuracy(&c));
  }
  vt_confusion_clear(&c);
  vt_segmenter_free(seg);
  vt__drop_scratch(path);
  return rc;
}

const struct vt_task_desc vt_task_segment = {
    .name = "segment",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .open = open_task,
    .close = close_task,
    .build = build,
    .samples = samples,
    .sample_bytes = sample_bytes,
    .epoch = epoch,
    .begin = begin,
    .make = make,
    .feed = feed,
    .validate = validate,
    .export_model = export_model,
};
