/* Task `embed`: unit vectors in which similar garments lie close together, in the street and in the studio.
 *
 * Each anchor is followed in its batch by a partner: a product of the same article type and colour, for drawn
 * garments the very product, else a product of the same group. Loss: for each attribute cosine classification
 * (labels -1 do not count), the garment group likewise over all sources, a triplet loss over the keys of
 * embed_samples.h, and a contrastive one: among all samples of the batch, which is the partner? `mining`
 * chooses the triplets' negatives: random, semihard and hard within the batch; offline adds, for each anchor,
 * the nearest sample of another key found with the weights at the epoch's start.
 *
 * The exported vector holds the probabilities of the group and of the attributes beside the features of
 * detail, in the shares of `parts`. */
#include "train/augment_rows.h"
#include "train/embed_task.h"

#include <stdio.h>
#include <string.h>

#define AT(f) offsetof(struct vt__embed_options, f)
static const struct vt_opt rows[] = {
    {"width", 0, VT_OPT_INT, AT(width), "72", 32, 1024, NULL, "PIXELS", "width of the network's input"},
    {"height", 0, VT_OPT_INT, AT(height), "96", 32, 1024, NULL, "PIXELS", "height of the network's input"},
    {"dim", 0, VT_OPT_INT, AT(dim), "128", 8, 4096, NULL, NULL, "numbers of a vector that tell details"},
    {"group_dim", 0, VT_OPT_INT, AT(group_dim), "48", 0, 4095, NULL, NULL,
     "features that the group is classified by, 0 = those of detail"},
    {"class_dim", 0, VT_OPT_INT, AT(class_dim), "96", 0, 4095, NULL, NULL,
     "features that the attributes are classified by, 0 = those of detail"},
    {"class_code", 0, VT_OPT_INT, AT(class_code), "64", 2, 4096, NULL, NULL,
     "most numbers of a vector for one attribute's probabilities"},
    {"parts", 0, VT_OPT_STRING, AT(parts), "25,15,15,0,45", 0, 0, NULL, NULL,
     "parts of the group, of each head and of details in the similarity of vectors"},
    VT__NETWORK_ROWS(struct vt__embed_options, network,
                     "channels of the encoder's stages, or a network's name, as in 'vitrine model list'",
                     "0"),
    {"hold_out", 0, VT_OPT_INT, AT(hold_out), "40", 2, 10000, NULL, NULL,
     "one in N train pictures measures progress instead"},
    {"anchors", 0, VT_OPT_INT, AT(anchors), "18000", 1, 1e8, NULL, NULL, "anchors per epoch"},
    {"heads", 0, VT_OPT_STRING, AT(heads), "articleType,baseColour,gender", 0, 0, NULL, NULL,
     "attributes to classify; the first two make the triplets' key"},
    {"head_weights", 0, VT_OPT_STRING, AT(head_weights), "100,80,20", 0, 0, NULL, NULL,
     "weight of each head, in percent"},
    {"group_weight", 0, VT_OPT_FLOAT, AT(group_weight), "0.5", 0, 100, NULL, NULL,
     "weight of the group's classification"},
    {"triplet_weight", 0, VT_OPT_FLOAT, AT(triplet_weight), "1", 0, 100, NULL, NULL,
     "weight of the metric loss"},
    {"metric_loss", 0, VT_OPT_ENUM, AT(metric_loss), "triplet", 0, 0, VT__METRIC_LOSSES, NULL,
     "loss that brings vectors of one key together and others apart"},
    {"margin", 0, VT_OPT_FLOAT, AT(margin), "0.2", 0, 4, NULL, NULL,
     "margin of the metric loss: of distances; arcface: radians; proxy_anchor: of cosines"},
    {"metric_scale", 0, VT_OPT_FLOAT, AT(metric_scale), "32", 1, 200, NULL, NULL,
     "scale of the cosines of arcface and proxy_anchor"},
    {"norm_weight", 0, VT_OPT_FLOAT, AT(norm_weight), "0.01", 0, 100, NULL, NULL,
     "triplet_l2: weight of the mean square of the vectors' numbers"},
    {"scale", 0, VT_OPT_FLOAT, AT(scale), "20", 1, 200, NULL, NULL, "scale of cosines before softmax"},
    {"contrast_weight", 0, VT_OPT_FLOAT, AT(contrast_weight), "0", 0, 100, NULL, NULL,
     "weight of finding the partner among the batch"},
    {"contrast_scale", 0, VT_OPT_FLOAT, AT(contrast_scale), "16", 1, 200, NULL, NULL,
     "scale of the cosines it is found by"},
    {"mining", 0, VT_OPT_ENUM, AT(mining), "semihard", 0, 0, "random|semihard|hard|offline", NULL,
     "choice of negatives"},
    {"pool", 0, VT_OPT_INT, AT(pool), "4096", 64, 1e6, NULL, NULL, "candidates for offline mining"},
    {"shares", 0, VT_OPT_STRING, AT(shares), "12,6,60,10,12", 0, 0, NULL, NULL,
     "parts of ccp, clothing, products, large products, drawn among anchors"},
    {"neighbours", 0, VT_OPT_INT, AT(neighbours), "0", 0, 1000, NULL, "N",
     "drawn products come in rows chosen from the N most alike, 0 = of one group only"},
    {"synth", 0, VT_OPT_STRING, AT(synth), NULL, 0, 0, NULL, "FOLDER",
     "drawn catalogue and photos to train on as well"},
    {"found", 0, VT_OPT_STRING, AT(found), NULL, 0, 0, NULL, "FOLDER",
     "label maps that `segment` found in the drawn photos: garments as the search cuts them out"},
    VT__LICENCE_ROWS(struct vt__embed_options, licence),
    VT__CLASS_SAMPLER_ROWS(struct vt__embed_options, sampler),
    VT__POLICY_ROW(AT(policy)),
    VT__AUGMENT_PLACE_ROWS(struct vt__embed_options, augment, "0.5", "0.85", "1.2", "0.06"),
    VT__AUGMENT_LOOK_ROWS(struct vt__embed_options, augment, "6", "0.08", "0.15", "0.15", "0.15", "0.01"),
    VT__AUGMENT_BLUR_ROW(struct vt__embed_options, augment, "0.05"),
    VT__AUGMENT_ROW(struct vt__embed_options, augment, downscale, "0.2", 0, 1, NULL,
                    "probability of a loss of resolution"),
    VT__AUGMENT_ERASE_ROW(struct vt__embed_options, augment, "0.15"),
};

static const struct vt_preprocess preprocess_base = {
    .fit = VT_FIT_PAD, .mean = {0.5f, 0.5f, 0.5f}, .std = {0.25f, 0.25f, 0.25f}};

static void close_task(void *ctx)
{
  struct vt__embed_task *t = ctx;
  if (!t) return;
  vt__policy_close(&t->policy);
  vt__embed_samples_clear(&t->s);
  vt_dataset_clear(&t->data);
  vt_free(t->gallery);
  vt_free(t);
}

static int parse_heads(struct vt__embed_task *t, struct vt_err *e)
{
  const char *s = t->o.heads;
  while (*s && t->sources.nheads < VT__MAX_HEADS) {
    size_t n = strcspn(s, ",");
    const char *name = vt_arena_strndup(&t->data.arena, s, n);
    if (!name) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
    t->sources.head[t->sources.nheads++] = name;
    s += n + (s[n] == ',');
  }
  if (!t->sources.nheads || *s)
    return vt_fail(e, VT_EARG, "heads: expected 1 to %d attributes", VT__MAX_HEADS);
  return vt__parse_ints("head_weights", t->o.head_weights, t->sources.nheads, 0, 100000, t->head_weight, e);
}

static bool some(const int *v, int n)
{
  int sum = 0;
  for (int i = 0; i < n; i++) sum += v[i];
  return sum > 0;
}

static int open_task(void **ctx, const void *opts, const struct vt_registry *r, const char *data_dir,
                     uint64_t seed, struct vt_err *e)
{
  struct vt__embed_task *t = vt_calloc(1, sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  t->o = *(const struct vt__embed_options *)opts;
  t->registry = r;
  t->seed = seed;
  t->net.dropout = (float)t->o.network.dropout;
  t->net.dim = (int)t->o.dim;
  t->net.group_dim = (int)t->o.group_dim;
  t->net.class_dim = (int)t->o.class_dim;
  t->sources.data_dir = data_dir;
  t->sources.synth = t->o.synth && *t->o.synth ? t->o.synth : NULL;
  t->sources.found = t->sources.synth && t->o.found && *t->o.found ? t->o.found : NULL;
  t->sources.aspect = (double)t->o.width / (double)t->o.height;
  t->sources.side = (int)(t->o.height * 4 / 3);
  t->sources.hold_out = (int)t->o.hold_out;
  t->sources.shuffle_labels = t->o.sampler.shuffle_labels;
  t->sources.seed = seed;
  int rc = data_dir
               ? 0
               : vt_fail(e, VT_EARG, "embed: no data; set VITRINE_DATA to the folder that holds products/");
  if (!rc) rc = vt__policy_open(&t->policy, t->o.policy, e);
  if (!rc && t->policy.mixes)
    rc = vt_fail(e, VT_EARG,
                 "policy: a mix of products has no place among an embedding's products; leave out mixup, "
                 "cutmix, mosaic, copy-paste and background");
  if (!rc && t->o.sampler.kind && t->o.neighbours > 0)
    rc = vt_fail(e, VT_EARG, "sampler: not with neighbours, which choose drawn garments; neighbours=0 does");
  if (!rc) rc = vt__network_read(&t->o.network, &t->net.network, &t->net.encoder, e);
  if (!rc) rc = vt__parse_ints("shares", t->o.shares, VT__NSOURCES, 0, 1000, t->share, e);
  if (!rc) rc = vt_dataset_init(&t->data, e);
  if (!rc) rc = parse_heads(t, e);
  if (!rc) rc = vt__parse_ints("parts", t->o.parts, t->sources.nheads + 2, 0, 1000, t->part, e);
  if (!rc && !some(t->part, t->sources.nheads + 2)) rc = vt_fail(e, VT_EARG, "parts: all are 0");
  if (!rc && !some(t->share, VT__NSOURCES)) rc = vt_fail(e, VT_EARG, "shares: all are 0");
  if (!rc) rc = vt__embed_samples_read(&t->s, &t->data, &t->sources, e);
  if (!rc) rc = vt__embed_choose_gallery(t, e);
  for (int h = 0; !rc && h < t->sources.nheads; h++)
    t->attr[h] = vt_dataset_attr(&t->data, t->sources.head[h]);
  if (rc) {
    close_task(t);
    return rc;
  }
  *ctx = t;
  return 0;
}

static struct vt_value *add_weighted(struct vt_graph *g, struct vt_value *sum, struct vt_value *x,
                                     double weight)
{
  x = vt_emit(g, "Mul", VT_IN(x, vt_graph_scalar(g, (float)weight)), "");
  return sum ? vt_emit(g, "Add", VT_IN(sum, x), "") : x;
}

/* Cross-entropy of each sample's partner among all others of the batch, by scaled cosines of y (N, D): the
 * multi-class N-pair loss of unit vectors (Sohn 2016). feed() says who is whose partner and who stands aside.
 */
static struct vt_value *add_contrast(const struct vt__embed_task *t, struct vt_graph *g, int64_t batch,
                                     struct vt_value *y)
{
  struct vt_value *partner = vt_graph_input(g, "partner", VT_I64, 1, (int64_t[]){batch});           // (N)
  struct vt_value *aside = vt_graph_input(g, "aside", VT_F32, 2, (int64_t[]){batch, batch});        // (N, N)
  struct vt_value *s = vt_emit(g, "Gemm", VT_IN(y, y), "transB=1 alpha=%.9g", t->o.contrast_scale); // (N, N)
  return vt_emit(g, "SoftmaxCrossEntropyLoss", VT_IN(vt_emit(g, "Add", VT_IN(s, aside), ""), partner),
                 "ignore_index=-1");
}

static int build(void *ctx, struct vt_graph *g, int batch, struct vt_value **loss, struct vt_value **metric,
                 const char **metric_name, int *nmetric, struct vt_err *e)
{
  struct vt__embed_task *t = ctx;
  struct vt_net net = vt__network_start(&t->o.network, g, true, t->seed);
  int64_t n[1] = {batch};
  static const char *const mining[] = {"random", "semihard", "hard",
                                       "hard"}; /* offline: the mined are the hardest */
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){batch, 3, t->o.height, t->o.width});
  struct vt_embed_parts y;
  struct vt_value *sum = NULL;
  int rc = vt_build_embed(&net, x, &t->net, &y, e);
  if (rc) return rc;
  *nmetric = 0;
  for (int h = 0; h <= t->sources.nheads; h++) {
    char name[64];
    bool group = h == t->sources.nheads;
    const char *what = group ? "group" : t->sources.head[h];
    snprintf(name, sizeof name, "head.%s", what);
    struct vt_value *label = vt_graph_input(g, what, VT_I64, 1, n);
    int classes = group ? t->data.taxonomy.ngroups : t->data.nclasses[t->attr[h]];
    struct vt_value *logits =
        vt_net_cosine(&net, group ? y.group : y.kind, name, classes, (float)t->o.scale); // (N, classes)
    struct vt_value *ce = vt_emit(g, "SoftmaxCrossEntropyLoss", VT_IN(logits, label), "ignore_index=-1");
    sum = add_weighted(g, sum, ce, group ? t->o.group_weight : t->head_weight[h] / 100.0);
    metric[*nmetric] = ce;
    metric_name[(*nmetric)++] = what;
  }
  struct vt_value *key = vt_graph_input(g, "key", VT_I64, 1, n);
  struct vt__metric_loss ml = {t->o.metric_loss,  t->o.margin,         t->o.norm_weight,
                               t->o.metric_scale, mining[t->o.mining], t->s.ncodes};
  struct vt_value *triplet = vt__metric_loss(&net, y.detail, y.raw, key, &ml);
  metric[*nmetric] = triplet;
  metric_name[(*nmetric)++] = t->o.metric_loss ? "metric" : "triplet";
  sum = add_weighted(g, sum, triplet, t->o.triplet_weight);
  if (t->o.contrast_weight > 0) {
    struct vt_value *contrast = add_contrast(t, g, batch, y.detail);
    metric[*nmetric] = contrast;
    metric_name[(*nmetric)++] = "contrast";
    sum = add_weighted(g, sum, contrast, t->o.contrast_weight);
  }
  *loss = sum;
  vt__network_penalty(&t->o.network, g, loss, metric, metric_name, nmetric);
  return vt_graph_status(g, e);
}

int vt__embed_per_anchor(const struct vt__embed_task *t)
{
  return t->o.mining == VT__MINE_OFFLINE ? 3 : 2;
}

static int64_t samples(void *ctx)
{
  struct vt__embed_task *t = ctx;
  return t->o.anchors * vt__embed_per_anchor(t);
}

size_t vt__embed_plane_bytes(const struct vt__embed_task *t)
{
  return (size_t)(3 * t->o.width * t->o.height) * sizeof(float);
}

static size_t sample_bytes(void *ctx)
{
  struct vt__embed_task *t = ctx;
  return vt__embed_plane_bytes(t) + 64 * ((sizeof(int64_t) * (VT__MAX_HEADS + 2) + 63) / 64);
}

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  struct vt__embed_task *t = ctx;
  const struct vt__embed_sample *x = &t->s.v[sample];
  struct vt_aug_sample made = {0};
  int rc = 0;
  if (t->policy.p) {
    rc = vt_image_copy(&made.image, &x->im, e);
    if (!rc) rc = vt__policy_apply(&t->policy, &made, (int)t->o.width, (int)t->o.height, rng, NULL, NULL, e);
  } else {
    rc = vt_image_init(&made.image, (int)t->o.width, (int)t->o.height, 3, e);
    if (!rc) rc = vt_augment_apply(&t->o.augment, rng, &x->im, NULL, &made.image, NULL, 0, e);
  }
  if (!rc) vt_image_to_planes(&made.image, preprocess_base.mean, preprocess_base.std, slot);
  int64_t *label = (int64_t *)((char *)slot + vt__embed_plane_bytes(t));
  for (int h = 0; h < t->sources.nheads; h++) label[h] = x->label[h];
  label[t->sources.nheads] = x->group;
  label[t->sources.nheads + 1] = t->o.metric_loss >= VT__ARCFACE_LOSS ? x->code : x->key;
  vt_aug_sample_clear(&made);
  return rc;
}

static void begin(void *ctx, int number)
{
  ((struct vt__embed_task *)ctx)->policy.epoch = number;
}

/* partner[i]: the sample of i's key that stands beside it, else the first one, -1 if there is none. aside (n,
 * n): a large negative number where j is i itself, another of its key, or of no key, whose likeness says
 * nothing. */
static void pair_up(const int64_t *key, int n, int64_t *partner, float *aside)
{
  for (int i = 0; i < n; i++) {
    int beside = i ^ 1;
    partner[i] = -1;
    for (int j = 0; j < n && key[i] >= 0; j++)
      if (j != i && key[j] == key[i] && (partner[i] < 0 || j == beside)) partner[i] = j;
    for (int j = 0; j < n; j++)
      aside[i * n + j] = j != partner[i] && (key[j] < 0 || key[j] == key[i]) ? -1e4f : 0;
  }
}

static int feed(void *ctx, const void *slots, int batch, struct vt_tensor *in, struct vt_err *e)
{
  struct vt__embed_task *t = ctx;
  size_t plane = vt__embed_plane_bytes(t), bytes = sample_bytes(t);
  int key = t->sources.nheads + 2; /* its place among the inputs */
  for (int b = 0; b < batch; b++) {
    const char *slot = (const char *)slots + (size_t)b * bytes;
    const int64_t *label = (const int64_t *)(slot + plane);
    memcpy((char *)in[0].data + (size_t)b * plane, slot, plane);
    for (int k = 0; k < key; k++) ((int64_t *)in[k + 1].data)[b] = label[k];
  }
  if (t->o.contrast_weight > 0) pair_up(in[key].data, batch, in[key + 1].data, in[key + 2].data);
  return 0;
}

/* The vector of users: probabilities of the group and the attributes, and details. */
static struct vt_value *add_vector(const struct vt__embed_task *t, struct vt_net *net,
                                   const struct vt_embed_parts *y, struct vt_value *group)
{
  struct vt_value *part[VT__MAX_PARTS];
  int nheads = t->sources.nheads, most = (int)t->o.class_code;
  part[0] = vt_build_embed_posterior(net, group, t->data.taxonomy.ngroups);
  for (int h = 0; h < nheads; h++) {
    char name[64];
    if (!t->part[h + 1]) continue;
    snprintf(name, sizeof name, "head.%s", t->sources.head[h]);
    struct vt_value *logits =
        vt_net_cosine(net, y->kind, name, t->data.nclasses[t->attr[h]], (float)t->o.scale);
    part[h + 1] = vt_build_embed_posterior(net, vt_emit(net->g, "Softmax", VT_IN(logits), "axis=1"), most);
  }
  part[nheads + 1] = y->detail;
  return vt_build_embed_vector(net, part, t->part, nheads + 2);
}

#define TRAINED_ON                                                                                           \
  "Fashion Product Images (train split),Clothing dataset (train split),Clothing Co-Parsing (train split)"
int vt__embed_export(struct vt__embed_task *t, const struct vt_weights *w, const struct vt_metrics *m,
                     const char *path, struct vt_err *e)
{
  struct vt_graph *g = NULL;
  int rc = vt_graph_new(&g, t->registry, "embed", e);
  if (rc) return rc;
  struct vt_net net = vt__network_start(&t->o.network, g, false, 0);
  net.find = vt__weights_find;
  net.ctx = (void *)w;
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, t->o.height, t->o.width});
  struct vt_embed_parts y;
  if ((rc = vt_build_embed(&net, x, &t->net, &y, e))) goto out;
  struct vt_value *logits =
      vt_net_cosine(&net, y.group, "head.group", t->data.taxonomy.ngroups, (float)t->o.scale);
  struct vt_value *group = vt_emit(g, "Softmax", VT_IN(logits), "axis=1");
  vt_graph_output(g, add_vector(t, &net, &y, group), "embedding");
  vt_graph_output(g, group, "group");
  struct vt_preprocess p = preprocess_base;
  p.width = (int)t->o.width;
  p.height = (int)t->o.height;
  struct vt__model_file f = {"embed",
                             t->sources.synth ? TRAINED_ON ",drawn data of data synth" : TRAINED_ON,
                             &t->o.licence,
                             m,
                             &p,
                             t->data.taxonomy.ngroups,
                             t->data.taxonomy.group};
  rc = vt__write_model(g, &f, path, e);
out:
  vt_graph_free(g);
  return rc;
}

static int epoch(void *ctx, int number, int batch, int64_t *order, const struct vt_weights *w,
                 struct vt_err *e)
{
  return vt__embed_order(ctx, number, w, order, e);
}

static int validate(void *ctx, const struct vt_weights *w, struct vt_metrics *m, struct vt_err *e)
{
  return vt__embed_validate(ctx, w, m, e);
}

static int export_model(void *ctx, const struct vt_weights *w, const struct vt_metrics *m, const char *path,
                        struct vt_err *e)
{
  return vt__embed_export(ctx, w, m, path, e);
}

const struct vt_task_desc vt_task_embed = {
    .name = "embed",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct vt__embed_options),
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
