/* Task `classify`: a backbone trained to name the class of a picture.
 *
 * Trains on the train split of a class set (data/class_set.h), one in hold_out of it measuring progress.
 * Pictures are stretched to width x height. Targets are labels; with Mixup, CutMix, label smoothing or the
 * binary loss they are shares of classes, made batch by batch in `feed` from random numbers that `make` drew
 * for each sample, so that a resumed run mixes the same. Loss: class_loss.h, of it the share 1 - distill
 * where there is a teacher, the rest being DistillationLoss; plus penalties on weights. */
#include "eval/eval.h"
#include "train/augment_rows.h"
#include "train/class_loss.h"
#include "train/class_sampler.h"
#include "train/mix.h"
#include "train/network_keys.h"
#include "train/policy.h"
#include "train/task_util.h"
#include "train/teacher.h"

#include <math.h>
#include <string.h>

struct opts {
  int64_t width, height, hold_out, min_count;
  struct vt__network_keys network;
  const char *data, *attribute, *backbone, *teacher, *policy;
  double balance, gamma, distill, temperature, cache_mb;
  struct vt__class_sampler sampler;
  int loss; /* enum vt__class_loss_kind, or AUTO */
  struct vt__licence licence;
  struct vt__mix mix;
  struct vt_augment augment;
};
#define AT(f) offsetof(struct opts, f)
/* clang-format off */
static const struct vt_opt rows[] = {
    {"data", 0, VT_OPT_STRING, AT(data), "clothing", 0, 0, NULL, "NAME|FOLDER", "clothing, products, products224, or a folder of class folders ([train/]CLASS/picture)"},
    {"attribute", 0, VT_OPT_STRING, AT(attribute), NULL, 0, 0, NULL, "NAME", "what of products is the class; articleType if not given"},
    {"min_count", 0, VT_OPT_INT, AT(min_count), "1", 1, 1e9, NULL, "N", "classes with fewer train pictures are left out"},
    {"hold_out", 0, VT_OPT_INT, AT(hold_out), "12", 2, 10000, NULL, NULL, "one in N train pictures measures progress instead"},
    {"width", 0, VT_OPT_INT, AT(width), "96", 16, 1024, NULL, "PIXELS", "width of the network's input"},
    {"height", 0, VT_OPT_INT, AT(height), "128", 16, 1024, NULL, "PIXELS", "height of the network's input"},
    {"backbone", 0, VT_OPT_STRING, AT(backbone), "encoder", 0, 0, NULL, "NAME", "network: encoder is the residual encoder of the next three keys, or a builder such as resnet50"},
    VT__NETWORK_ROWS(struct opts, network, "channels of the encoder's stages", "0"),
    {"loss", 0, VT_OPT_ENUM, AT(loss), "auto", 0, 0, "cross_entropy|focal|binary|margin|auto", NULL, "loss of the classes; binary judges each class by itself, margin is for capsule networks; auto: margin for these, else cross-entropy"},
    {"gamma", 0, VT_OPT_FLOAT, AT(gamma), "2", 0, 10, NULL, NULL, "exponent of the focal loss"},
    {"balance", 0, VT_OPT_FLOAT, AT(balance), "0", 0, 1, NULL, NULL, "class weight = (median count / count)^balance, 0 = all 1"},
    {"label_smoothing", 0, VT_OPT_FLOAT, AT(mix.smoothing), "0", 0, 0.9, NULL, NULL, "share of each target that is spread over all classes"},
    {"mixup", 0, VT_OPT_FLOAT, AT(mix.mixup), "0", 0, 1, NULL, NULL, "probability that a batch's pictures are blended"},
    {"mixup_alpha", 0, VT_OPT_FLOAT, AT(mix.mixup_alpha), "0.2", 0.01, 10, NULL, NULL, "shares of a blend are of Beta(alpha, alpha)"},
    {"cutmix", 0, VT_OPT_FLOAT, AT(mix.cutmix), "0", 0, 1, NULL, NULL, "probability that a batch's pictures show boxes of each other"},
    {"cutmix_alpha", 0, VT_OPT_FLOAT, AT(mix.cutmix_alpha), "1", 0.01, 10, NULL, NULL, "shares of boxes are of Beta(alpha, alpha)"},
    {"teacher", 0, VT_OPT_STRING, AT(teacher), NULL, 0, 0, NULL, "FILE.onnx", "trained classifier of the same classes to learn from as well"},
    {"distill", 0, VT_OPT_FLOAT, AT(distill), "0.5", 0, 1, NULL, NULL, "share of the teacher in the loss"},
    {"temperature", 0, VT_OPT_FLOAT, AT(temperature), "2", 0.1, 100, NULL, NULL, "divides both scores before teacher and pupil are compared"},
    {"cache_mb", 0, VT_OPT_FLOAT, AT(cache_mb), "1500", 0, 1e6, NULL, "MB", "memory for decoded photos"},
    VT__LICENCE_ROWS(struct opts, licence),
    VT__CLASS_SAMPLER_ROWS(struct opts, sampler),
    VT__POLICY_ROW(AT(policy)),
    VT__AUGMENT_PLACE_ROWS(struct opts, augment, "0.5", "0.85", "1.5", "0.1"),
    VT__AUGMENT_LOOK_ROWS(struct opts, augment, "10", "0.1", "0.2", "0.2", "0.3", "0.03"),
    VT__AUGMENT_ERASE_ROW(struct opts, augment, "0.1"),
};
/* clang-format on */

enum { AUTO = VT__MARGIN + 1 };
struct task {
  struct opts o; /* loss: resolved */
  struct vt_classify_opts net;
  const struct vt_registry *registry;
  struct vt_class_set data;
  struct vt_image_cache *cache;
  int64_t *train, *held; /* sample numbers */
  int64_t ntrain, nheld;
  struct vt__class_sampler sampler;
  struct vt__policy policy;
  uint64_t seed;
  bool soft;     /* targets are shares */
  float *weight; /* (classes), NULL: all 1 */
};
enum { TAIL = 64 + VT_AUG_TARGETS * 8 };
struct tail { /* of a slot, behind its planes */
  uint64_t seed;
  int64_t label;
  int ntargets; /* a policy that mixes: classes and their shares */
  int32_t cls[VT_AUG_TARGETS];
  float share[VT_AUG_TARGETS];
};
_Static_assert(sizeof(struct tail) <= TAIL, "a slot's tail");

static struct vt_preprocess preprocess(const struct task *t)
{
  return (struct vt_preprocess){.width = (int)t->o.width,
                                .height = (int)t->o.height,
                                .mean = {0.5f, 0.5f, 0.5f},
                                .std = {0.25f, 0.25f, 0.25f}};
}

static void close_task(void *ctx)
{
  struct task *t = ctx;
  if (!t) return;
  vt_image_cache_free(t->cache);
  vt__policy_close(&t->policy);
  vt_class_set_clear(&t->data);
  vt_free(t->train);
  vt_free(t->held);
  vt_free(t->weight);
  vt_free(t);
}

static int split_samples(struct task *t, struct vt_err *e)
{
  t->train = vt_calloc((size_t)t->data.n + 1, sizeof *t->train);
  t->held = vt_calloc((size_t)t->data.n + 1, sizeof *t->held);
  if (!t->train || !t->held) return vt_fail(e, VT_ENOMEM, "classify: out of memory");
  for (int64_t i = 0; i < t->data.n; i++) {
    const struct vt_class_sample *s = &t->data.v[i];
    if (s->split != VT_SPLIT_TRAIN && s->split != VT_SPLIT_NONE) continue;
    if (vt__held_out(s->image, (int)t->o.hold_out))
      t->held[t->nheld++] = i;
    else
      t->train[t->ntrain++] = i;
  }
  if (!t->ntrain || !t->nheld)
    return vt_fail(e, VT_EARG, "classify: %lld train pictures, of which hold_out leaves %lld to learn from",
                   (long long)(t->ntrain + t->nheld), (long long)t->ntrain);
  return 0;
}

/* Classes of the train pictures, (ntrain). NULL: no memory. */
static int32_t *train_labels(const struct task *t)
{
  int32_t *label = vt_reallocarray(NULL, (size_t)t->ntrain, sizeof *label);
  for (int64_t i = 0; i < t->ntrain && label; i++) label[i] = t->data.v[t->train[i]].cls;
  return label;
}

static int set_sampler(struct task *t, struct vt_err *e)
{
  int32_t *label = train_labels(t);
  int rc = label ? vt__class_sampler_init(&t->sampler, label, t->ntrain, t->seed, e)
                 : vt_fail(e, VT_ENOMEM, "classify: out of memory");
  for (int64_t i = 0; i < t->ntrain && !rc; i++) t->data.v[t->train[i]].cls = label[i];
  if (!rc && t->o.balance > 0)
    rc = vt__class_weights(&t->weight, label, t->ntrain, t->data.nclasses, t->o.balance, e);
  vt_free(label);
  return rc;
}

static int epoch(void *ctx, int number, int batch, int64_t *order, const struct vt_weights *w,
                 struct vt_err *e)
{
  struct task *t = ctx;
  int32_t *label = train_labels(t);
  int rc = label ? vt__class_sampler_order(&t->sampler, label, t->ntrain, t->seed, number, order, e)
                 : vt_fail(e, VT_ENOMEM, "classify: out of memory");
  vt_free(label);
  return rc;
}

static void begin(void *ctx, int number)
{
  ((struct task *)ctx)->policy.epoch = number;
}

/* Lengths of capsules go with the margin loss. */
static int choose_loss(struct task *t, struct vt_err *e)
{
  bool lengths = vt_classify_has_lengths(&t->net);
  if (t->o.loss == AUTO) t->o.loss = lengths ? VT__MARGIN : VT__CROSS_ENTROPY;
  if ((t->o.loss == VT__MARGIN) != lengths)
    return vt_fail(e, VT_EARG, "loss: %s gives %s", t->o.backbone,
                   lengths ? "lengths of capsules, which go with the margin loss (or auto)"
                           : "scores, and the margin loss is for lengths of capsules");
  if (lengths && (t->o.balance > 0 || (t->o.teacher && *t->o.teacher)))
    return vt_fail(e, VT_EARG, "balance, teacher: not with %s and its margin loss", t->o.backbone);
  return 0;
}

static int open_task(void **ctx, const void *opts, const struct vt_registry *r, const char *data_dir,
                     uint64_t seed, struct vt_err *e)
{
  struct task *t = vt_calloc(1, sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "classify: out of memory");
  t->o = *(const struct opts *)opts;
  t->registry = r;
  t->seed = seed;
  t->net.backbone = t->o.backbone;
  t->net.dropout = (float)t->o.network.dropout;
  int rc = choose_loss(t, e);
  t->soft = t->o.mix.mixup > 0 || t->o.mix.cutmix > 0 || t->o.mix.smoothing > 0 || t->o.loss == VT__BINARY;
  t->sampler = t->o.sampler;
  if (!rc) rc = vt__policy_open(&t->policy, t->o.policy, e);
  t->soft = t->soft || t->policy.mixes;
  if (!rc) rc = vt__network_read(&t->o.network, NULL, &t->net.encoder, e);
  if (!rc && t->o.mix.mixup + t->o.mix.cutmix > 1)
    rc = vt_fail(e, VT_EARG, "mixup and cutmix: their probabilities are %g together, more than 1",
                 t->o.mix.mixup + t->o.mix.cutmix);
  if (!rc) rc = vt_class_set_read(&t->data, t->o.data, t->o.attribute, data_dir, e);
  if (!rc) rc = vt_class_set_prune(&t->data, t->o.min_count, e);
  if (!rc && t->data.nclasses < 2)
    rc = vt_fail(e, VT_EARG, "classify: %s has %d classes with min_count = %lld, at least 2 are needed",
                 t->data.about, t->data.nclasses, (long long)t->o.min_count);
  if (!rc) rc = vt_image_cache_new(&t->cache, (size_t)(t->o.cache_mb * 1e6), e);
  if (!rc) rc = split_samples(t, e);
  if (!rc) rc = set_sampler(t, e);
  t->net.classes = t->data.nclasses;
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
  int classes = t->net.classes;
  struct vt_net net = vt__network_start(&t->o.network, g, true, t->seed);
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){batch, 3, t->o.height, t->o.width});
  struct vt_value *target =
      vt_graph_input(g, "target", t->soft ? VT_F32 : VT_I64, t->soft ? 2 : 1, (int64_t[]){batch, classes});
  struct vt_value *logits = vt_build_classify(&net, x, &t->net, e), *teacher; // (N, classes)
  if (!logits) return e->code;
  struct vt__class_loss lo = {t->o.loss, t->o.gamma, classes, t->weight, t->soft};
  *loss = vt__class_loss(g, logits, target, &lo);
  *nmetric = 0;
  if ((t->o.teacher && *t->o.teacher) || t->o.network.l1 > 0 || t->o.network.l2 > 0) {
    metric[*nmetric] = *loss;
    metric_name[(*nmetric)++] = "class_loss";
  }
  if (t->o.teacher && *t->o.teacher) {
    struct vt_preprocess p = preprocess(t);
    struct vt__pupil pupil = {&p, classes, t->data.name};
    int rc = vt__teacher(g, t->o.teacher, x, &pupil, &teacher, e);
    if (rc) return rc;
    struct vt_value *kd = vt_emit(g, "ai.vitrine:DistillationLoss", VT_IN(logits, teacher),
                                  "temperature=%.9g", t->o.temperature);
    *loss = vt_emit(g, "Mul", VT_IN(*loss, vt_graph_scalar(g, (float)(1 - t->o.distill))), "");
    *loss = vt__add_scaled(g, *loss, kd, t->o.distill);
    metric[*nmetric] = kd;
    metric_name[(*nmetric)++] = "distillation_loss";
  }
  vt__network_penalty(&t->o.network, g, loss, metric, metric_name, nmetric);
  return vt_graph_status(g, e);
}

static int64_t samples(void *ctx)
{
  return ((struct task *)ctx)->sampler.n;
}

static size_t plane_bytes(const struct task *t)
{
  return ((size_t)(3 * t->o.width * t->o.height) * sizeof(float) + 63) / 64 * 64;
}

static size_t sample_bytes(void *ctx)
{
  return plane_bytes(ctx) + TAIL;
}

/* Train picture i, of its own, for a policy. */
static int open_sample(const struct task *t, int64_t i, struct vt_aug_sample *s, struct vt_err *e)
{
  const struct vt_class_sample *x = &t->data.v[t->train[i]];
  const struct vt_image *photo;
  struct vt_image own = {0};
  *s = (struct vt_aug_sample){.ntargets = 1, .target = {{x->cls, 1}}};
  int rc = vt_image_cache_get(t->cache, x->image, (int)(2 * VT_MAX(t->o.width, t->o.height)), false, &photo,
                              &own, e);
  if (!rc && photo == &own) {
    s->image = own;
    return 0;
  }
  if (!rc) rc = vt_image_copy(&s->image, photo, e);
  vt_image_clear(&own);
  return rc;
}

static int other_sample(struct vt_aug_sample *s, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  const struct task *t = ctx;
  return open_sample(t, vt_rng_below(rng, (uint32_t)t->ntrain), s, e);
}

static int make_by_policy(struct task *t, int64_t sample, struct vt_rng *rng, void *slot, struct tail *tail,
                          struct vt_err *e)
{
  const struct vt_preprocess p = preprocess(t);
  struct vt_aug_sample s;
  int rc = open_sample(t, sample, &s, e);
  if (!rc) rc = vt__policy_apply(&t->policy, &s, p.width, p.height, rng, other_sample, t, e);
  if (!rc) vt_image_to_planes(&s.image, p.mean, p.std, slot);
  tail->ntargets = s.ntargets;
  for (int k = 0; k < s.ntargets; k++) {
    tail->cls[k] = s.target[k].cls;
    tail->share[k] = (float)s.target[k].weight;
  }
  vt_aug_sample_clear(&s);
  return rc;
}

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  struct task *t = ctx;
  const struct vt_class_sample *s = &t->data.v[t->train[sample]];
  const struct vt_image *photo;
  struct vt_image own = {0}, im = {0};
  struct vt_preprocess p = preprocess(t);
  struct tail *tail = (struct tail *)((char *)slot + plane_bytes(t));
  int rc = 0;
  *tail = (struct tail){.label = s->cls};
  if (t->policy.p)
    rc = make_by_policy(t, sample, rng, slot, tail, e);
  else {
    rc = vt_image_cache_get(t->cache, s->image, 2 * VT_MAX(p.width, p.height), false, &photo, &own, e);
    if (!rc) rc = vt_image_init(&im, p.width, p.height, 3, e);
    if (!rc) rc = vt_augment_apply(&t->o.augment, rng, photo, NULL, &im, NULL, 0, e);
    if (!rc) vt_image_to_planes(&im, p.mean, p.std, slot);
  }
  tail->seed = vt_rng_u64(rng);
  vt_image_clear(&own);
  vt_image_clear(&im);
  return rc;
}

/* (batch, classes): what each picture shows, where a policy may have mixed it. NULL: it did not, or no
 * memory. */
static float *shares_of(const struct task *t, const void *slots, int batch)
{
  float *share = vt_calloc((size_t)batch * (size_t)t->net.classes, sizeof *share);
  for (int b = 0; b < batch && share; b++) {
    const struct tail *tail =
        (const struct tail *)((const char *)slots + (size_t)b * sample_bytes((void *)t) + plane_bytes(t));
    for (int k = 0; k < tail->ntargets; k++)
      share[(int64_t)b * t->net.classes + tail->cls[k]] += tail->share[k];
  }
  return share;
}

static int feed(void *ctx, const void *slots, int batch, struct vt_tensor *in, struct vt_err *e)
{
  struct task *t = ctx;
  size_t plane = plane_bytes(t), bytes = sample_bytes(t), pixels = (size_t)(3 * t->o.width * t->o.height);
  const float **planes = vt_calloc((size_t)batch, sizeof *planes);
  int64_t *label = vt_calloc((size_t)batch, sizeof *label);
  uint64_t *seed = vt_calloc((size_t)batch, sizeof *seed);
  float *share = t->policy.mixes ? shares_of(t, slots, batch) : NULL;
  int rc = planes && label && seed && (share || !t->policy.mixes)
               ? 0
               : vt_fail(e, VT_ENOMEM, "classify: out of memory");
  for (int b = 0; b < batch && !rc; b++) {
    const char *slot = (const char *)slots + (size_t)b * bytes;
    const struct tail *tail = (const struct tail *)(slot + plane);
    planes[b] = (const float *)slot;
    label[b] = tail->label;
    seed[b] = tail->seed;
  }
  if (!rc && t->soft) {
    struct vt__mix_batch m = {batch, t->net.classes, (int)t->o.height, (int)t->o.width, planes, label,
                              seed,  share};
    vt__mix_batch(&t->o.mix, &m, in[0].data, in[1].data);
  } else if (!rc) {
    for (int b = 0; b < batch; b++)
      memcpy((float *)in[0].data + (size_t)b * pixels, planes[b], pixels * sizeof(float));
    memcpy(in[1].data, label, (size_t)batch * sizeof *label);
  }
  vt_free(planes);
  vt_free(label);
  vt_free(seed);
  vt_free(share);
  return rc;
}

static int export_model(void *ctx, const struct vt_weights *w, const struct vt_metrics *m, const char *path,
                        struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_graph *g = NULL;
  struct vt_buf data;
  int rc = vt_graph_new(&g, t->registry, "classify", e);
  if (rc) return rc;
  struct vt_net net = vt__network_start(&t->o.network, g, false, 0);
  net.find = vt__weights_find;
  net.ctx = (void *)w;
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, t->o.height, t->o.width});
  struct vt_value *y = vt_build_classify(&net, x, &t->net, e);
  if (y && t->o.loss != VT__MARGIN) /* a length is a probability */
    y = t->o.loss == VT__BINARY ? vt_emit(g, "Sigmoid", VT_IN(y), "")
                                : vt_emit(g, "Softmax", VT_IN(y), "axis=1");
  if (y) vt_graph_output(g, y, "probabilities"); // (N, classes)
  struct vt_preprocess p = preprocess(t);
  vt_buf_init(&data);
  vt_buf_addf(&data, "%s (train split)", t->data.about);
  struct vt__model_file f = {"classify", data.data, &t->o.licence, m, &p, t->net.classes, t->data.name};
  rc = !y            ? e->code
       : data.failed ? vt_fail(e, VT_ENOMEM, "model card: out of memory")
                     : vt__write_model(g, &f, path, e);
  vt_buf_clear(&data);
  vt_graph_free(g);
  return rc;
}

/* Probabilities (nheld, classes) of the held-out pictures, through the exported model as users run it. */
static int predict(struct task *t, struct vt_classifier *c, double *p, struct vt_err *e)
{
  const int n = t->net.classes;
  float *planes = vt_aligned(plane_bytes(t)), *row = vt_reallocarray(NULL, (size_t)n, sizeof *row);
  int rc = planes && row ? 0 : vt_fail(e, VT_ENOMEM, "classify: out of memory");
  for (int64_t i = 0; i < t->nheld && !rc; i++) {
    const struct vt_image *photo;
    struct vt_image own = {0};
    rc = vt_image_cache_get(t->cache, t->data.v[t->held[i]].image, (int)(2 * VT_MAX(t->o.width, t->o.height)),
                            false, &photo, &own, e);
    if (!rc) rc = vt_classifier_prepare(c, photo, planes, e);
    if (!rc) rc = vt_classifier_run(c, planes, 1, row, e);
    for (int k = 0; k < n && !rc; k++) p[i * n + k] = row[k];
    vt_image_clear(&own);
  }
  vt_free(planes);
  vt_free(row);
  return rc;
}

static int validate(void *ctx, const struct vt_weights *w, struct vt_metrics *m, struct vt_err *e)
{
  struct task *t = ctx;
  int n = t->net.classes;
  char *path;
  struct vt_classifier *c = NULL;
  struct vt_confusion table = {0};
  double *p = vt_reallocarray(NULL, (size_t)(t->nheld * n), sizeof *p); // (nheld, classes)
  int32_t *truth = vt_reallocarray(NULL, (size_t)t->nheld, sizeof *truth);
  int rc = vt__scratch_model("classify", &path, e);
  if (!rc && !(p && truth)) rc = vt_fail(e, VT_ENOMEM, "classify: out of memory");
  if (!rc) rc = export_model(t, w, NULL, path, e);
  if (!rc)
    rc = vt_classifier_open(&c, t->registry, path, &(struct vt_model_opts){.precision = VT_PREC_AUTO}, e);
  if (!rc) rc = predict(t, c, p, e);
  if (!rc) rc = vt_confusion_init(&table, n, e);
  if (!rc) {
    for (int64_t i = 0; i < t->nheld; i++) truth[i] = t->data.v[t->held[i]].cls;
    vt_confusion_add_scores(&table, p, truth, t->nheld);
    vt_metrics_add(m, "top1", vt_top_k(p, truth, t->nheld, n, 1));
    vt_metrics_add(m, "top5", vt_top_k(p, truth, t->nheld, n, 5));
    vt_metrics_add(m, "macro_f1", vt_macro_f1(&table));
  }
  vt_confusion_clear(&table);
  vt_classifier_free(c);
  vt__drop_scratch(path);
  vt_free(p);
  vt_free(truth);
  return rc;
}

const struct vt_task_desc vt_task_classify = {
    .name = "classify",
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
