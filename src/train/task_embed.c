/* Task `embed`: unit vectors in which similar garments lie close together, in the street and in the studio.
 *
 * Anchors come from all sources in given shares; each is followed in its batch by a partner: a product of the
 * same article type and colour, for drawn garments the very product, else a product of the same group. Loss:
 * for each attribute cosine classification (labels -1 do not count), the garment group likewise over all
 * sources, and a triplet loss over the keys of embed_samples.h. `mining` chooses its negatives: random,
 * semihard and hard within the batch; offline adds, for each anchor, the nearest sample of another key found
 * with the weights at the epoch's start. */
#include "train/embed_samples.h"
#include "train/task_util.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum mining { MINE_RANDOM, MINE_SEMIHARD, MINE_HARD, MINE_OFFLINE };

struct opts {
  int64_t width, height, dim, group_dim, stem, hold_out, anchors, pool;
  const char *encoder, *blocks, *heads, *head_weights, *shares, *synth, *licence;
  double group_share, group_weight, triplet_weight, margin, scale;
  int mining;
  bool commercial;
  struct vt_augment augment;
};
#define AT(f) offsetof(struct opts, f)
static const struct vt_opt rows[] = {
    {"width", 0, VT_OPT_INT, AT(width), "72", 32, 1024, NULL, "PIXELS", "width of the network's input"},
    {"height", 0, VT_OPT_INT, AT(height), "96", 32, 1024, NULL, "PIXELS", "height of the network's input"},
    {"dim", 0, VT_OPT_INT, AT(dim), "192", 8, 4096, NULL, NULL, "numbers in a vector"},
    {"group_dim", 0, VT_OPT_INT, AT(group_dim), "0", 0, 4095, NULL, NULL,
     "numbers of the vector that hold the garment's group, 0 = no part of its own"},
    {"group_share", 0, VT_OPT_FLOAT, AT(group_share), "0.5", 0, 1, NULL, NULL,
     "share of the group's part in the similarity"},
    {"stem", 0, VT_OPT_INT, AT(stem), "32", 8, 256, NULL, NULL, "channels of the stem"},
    {"encoder", 0, VT_OPT_STRING, AT(encoder), "48,96,192,384", 0, 0, NULL, NULL,
     "channels of the encoder's stages"},
    {"blocks", 0, VT_OPT_STRING, AT(blocks), "2,2,2,2", 0, 0, NULL, NULL,
     "residual blocks of the encoder's stages"},
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
     "weight of the triplet loss"},
    {"margin", 0, VT_OPT_FLOAT, AT(margin), "0.2", 0, 4, NULL, NULL, "margin of the triplet loss"},
    {"scale", 0, VT_OPT_FLOAT, AT(scale), "20", 1, 200, NULL, NULL, "scale of cosines before softmax"},
    {"mining", 0, VT_OPT_ENUM, AT(mining), "semihard", 0, 0, "random|semihard|hard|offline", NULL,
     "choice of negatives"},
    {"pool", 0, VT_OPT_INT, AT(pool), "4096", 64, 1e6, NULL, NULL, "candidates for offline mining"},
    {"shares", 0, VT_OPT_STRING, AT(shares), "12,6,60,10,12", 0, 0, NULL, NULL,
     "parts of ccp, clothing, products, large products, drawn among anchors"},
    {"synth", 0, VT_OPT_STRING, AT(synth), NULL, 0, 0, NULL, "FOLDER",
     "drawn catalogue and photos to train on as well"},
    {"licence", 0, VT_OPT_STRING, AT(licence), "research only", 0, 0, NULL, NULL, "licence of the weights"},
    {"commercial_use", 0, VT_OPT_FLAG, AT(commercial), "no", 0, 0, NULL, NULL,
     "whether the weights may be used commercially"},
    {"augment.flip", 0, VT_OPT_FLOAT, AT(augment.flip), "0.5", 0, 1, NULL, NULL, "probability of a flip"},
    {"augment.scale_min", 0, VT_OPT_FLOAT, AT(augment.scale_min), "0.85", 0.05, 20, NULL, NULL, "least zoom"},
    {"augment.scale_max", 0, VT_OPT_FLOAT, AT(augment.scale_max), "1.2", 0.05, 20, NULL, NULL,
     "largest zoom"},
    {"augment.shift", 0, VT_OPT_FLOAT, AT(augment.shift), "0.06", 0, 1, NULL, NULL,
     "translation, share of the side"},
    {"augment.rotate", 0, VT_OPT_FLOAT, AT(augment.rotate), "6", 0, 180, NULL, "DEGREES", "rotation"},
    {"augment.aspect", 0, VT_OPT_FLOAT, AT(augment.aspect), "0.08", 0, 1, NULL, NULL,
     "change of aspect (logarithm)"},
    {"augment.brightness", 0, VT_OPT_FLOAT, AT(augment.brightness), "0.15", 0, 1, NULL, NULL,
     "brightness jitter"},
    {"augment.contrast", 0, VT_OPT_FLOAT, AT(augment.contrast), "0.15", 0, 1, NULL, NULL, "contrast jitter"},
    {"augment.saturation", 0, VT_OPT_FLOAT, AT(augment.saturation), "0.15", 0, 1, NULL, NULL,
     "saturation jitter"},
    {"augment.hue", 0, VT_OPT_FLOAT, AT(augment.hue), "0.01", 0, 0.5, NULL, "TURNS", "hue jitter"},
    {"augment.blur", 0, VT_OPT_FLOAT, AT(augment.blur), "0.05", 0, 1, NULL, NULL, "probability of blur"},
    {"augment.downscale", 0, VT_OPT_FLOAT, AT(augment.downscale), "0.2", 0, 1, NULL, NULL,
     "probability of a loss of resolution"},
    {"augment.erase", 0, VT_OPT_FLOAT, AT(augment.erase), "0.15", 0, 1, NULL, NULL,
     "probability of an erased box"},
};

struct task {
  struct opts o;
  struct vt_embed_opts net;
  const struct vt_registry *registry;
  struct vt_dataset data;
  struct vt__embed_samples s;
  struct vt__embed_sources sources;
  int attr[VT__MAX_HEADS], head_weight[VT__MAX_HEADS], share[VT__NSOURCES];
  int64_t *gallery; /* validation: samples searched in, then the held-out queries */
  int64_t ngallery, nquery;
  uint64_t seed;
};

static const struct vt_preprocess preprocess_base = {
    .fit = VT_FIT_PAD, .mean = {0.5f, 0.5f, 0.5f}, .std = {0.25f, 0.25f, 0.25f}};

static void close_task(void *ctx)
{
  struct task *t = ctx;
  if (!t) return;
  vt__embed_samples_clear(&t->s);
  vt_dataset_clear(&t->data);
  vt_free(t->gallery);
  vt_free(t);
}

static int parse_heads(struct task *t, struct vt_err *e)
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
  return vt__parse_ints("head_weights", t->o.head_weights, t->sources.nheads, 100000, t->head_weight, e);
}

/* Validation set: up to 8000 train products of the small size, then up to 600 held out. */
static int choose_gallery(struct task *t, struct vt_err *e)
{
  enum { GALLERY = 8000, QUERIES = 600 };
  struct vt_rng rng;
  int64_t n = t->s.nsource[VT_SOURCE_PRODUCTS];
  if (!(t->gallery = vt_calloc((size_t)n + QUERIES + 1, sizeof *t->gallery)))
    return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  memcpy(t->gallery, t->s.of_source[VT_SOURCE_PRODUCTS], (size_t)n * sizeof *t->gallery);
  vt_rng_init(&rng, t->seed, 7, 7);
  vt_rng_shuffle(&rng, t->gallery, n);
  t->ngallery = VT_MIN(n, GALLERY);
  for (int64_t i = 0; i < t->s.n && t->nquery < QUERIES; i++) {
    const struct vt__embed_sample *x = &t->s.v[i];
    if (x->held && x->im.px && x->source == VT_SOURCE_PRODUCTS) t->gallery[t->ngallery + t->nquery++] = i;
  }
  return t->nquery ? 0 : vt_fail(e, VT_EARG, "embed: hold_out leaves no products to measure with");
}

static int open_task(void **ctx, const void *opts, const struct vt_registry *r, const char *data_dir,
                     uint64_t seed, struct vt_err *e)
{
  struct task *t = vt_calloc(1, sizeof *t);
  if (!t) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  t->o = *(const struct opts *)opts;
  t->registry = r;
  t->seed = seed;
  t->net.encoder.stem = (int)t->o.stem;
  t->net.dim = (int)t->o.dim;
  t->net.group_dim = (int)t->o.group_dim;
  t->net.group_share = (float)t->o.group_share;
  t->sources.data_dir = data_dir;
  t->sources.synth = t->o.synth && *t->o.synth ? t->o.synth : NULL;
  t->sources.aspect = (double)t->o.width / (double)t->o.height;
  t->sources.side = (int)(t->o.height * 4 / 3);
  t->sources.hold_out = (int)t->o.hold_out;
  int rc = data_dir
               ? 0
               : vt_fail(e, VT_EARG, "embed: no data; set VITRINE_DATA to the folder that holds products/");
  if (!rc) rc = vt__parse_ints("encoder", t->o.encoder, 4, 2048, t->net.encoder.width, e);
  if (!rc) rc = vt__parse_ints("blocks", t->o.blocks, 4, 64, t->net.encoder.blocks, e);
  if (!rc) rc = vt__parse_ints("shares", t->o.shares, VT__NSOURCES, 1000, t->share, e);
  if (!rc) rc = vt_dataset_init(&t->data, e);
  if (!rc) rc = parse_heads(t, e);
  if (!rc) rc = vt__embed_samples_read(&t->s, &t->data, &t->sources, e);
  if (!rc) rc = choose_gallery(t, e);
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

static int build(void *ctx, struct vt_graph *g, int batch, struct vt_value **loss, struct vt_value **metric,
                 const char **metric_name, int *nmetric, struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_net net = {.g = g, .training = true, .seed = t->seed};
  int64_t n[1] = {batch};
  static const char *const mining[] = {"random", "semihard", "hard",
                                       "hard"}; /* offline: the mined are the hardest */
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){batch, 3, t->o.height, t->o.width});
  struct vt_value *kind, *y = vt_build_embed(&net, x, &t->net, &kind, e), *sum = NULL; // (N, D)
  if (!y) return vt_graph_status(g, e);
  *nmetric = 0;
  for (int h = 0; h <= t->sources.nheads; h++) {
    char name[64];
    bool group = h == t->sources.nheads;
    const char *what = group ? "group" : t->sources.head[h];
    snprintf(name, sizeof name, "head.%s", what);
    struct vt_value *label = vt_graph_input(g, what, VT_I64, 1, n);
    int classes = group ? t->data.taxonomy.ngroups : t->data.nclasses[t->attr[h]];
    struct vt_value *logits =
        vt_net_cosine(&net, group ? kind : y, name, classes, (float)t->o.scale); // (N, classes)
    struct vt_value *ce = vt_emit(g, "SoftmaxCrossEntropyLoss", VT_IN(logits, label), "ignore_index=-1");
    sum = add_weighted(g, sum, ce, group ? t->o.group_weight : t->head_weight[h] / 100.0);
    metric[*nmetric] = ce;
    metric_name[(*nmetric)++] = what;
  }
  struct vt_value *key = vt_graph_input(g, "key", VT_I64, 1, n);
  struct vt_value *triplet = vt_emit(g, "ai.vitrine:TripletLoss", VT_IN(y, key), "margin=%.9g mining=%s",
                                     t->o.margin, mining[t->o.mining]);
  metric[*nmetric] = triplet;
  metric_name[(*nmetric)++] = "triplet";
  *loss = add_weighted(g, sum, triplet, t->o.triplet_weight);
  return vt_graph_status(g, e);
}

static int per_anchor(const struct task *t)
{
  return t->o.mining == MINE_OFFLINE ? 3 : 2;
}

static int64_t samples(void *ctx)
{
  struct task *t = ctx;
  return t->o.anchors * per_anchor(t);
}

static size_t plane_bytes(const struct task *t)
{
  return (size_t)(3 * t->o.width * t->o.height) * sizeof(float);
}

static size_t sample_bytes(void *ctx)
{
  struct task *t = ctx;
  return plane_bytes(t) + 64 * ((sizeof(int64_t) * (VT__MAX_HEADS + 2) + 63) / 64);
}

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  struct task *t = ctx;
  const struct vt__embed_sample *x = &t->s.v[sample];
  struct vt_image im = {0};
  int rc = vt_image_init(&im, (int)t->o.width, (int)t->o.height, 3, e);
  if (!rc) rc = vt_augment_apply(&t->o.augment, rng, &x->im, NULL, &im, NULL, 0, e);
  if (!rc) vt_image_to_planes(&im, preprocess_base.mean, preprocess_base.std, slot);
  int64_t *label = (int64_t *)((char *)slot + plane_bytes(t));
  for (int h = 0; h < t->sources.nheads; h++) label[h] = x->label[h];
  label[t->sources.nheads] = x->group;
  label[t->sources.nheads + 1] = x->key;
  vt_image_clear(&im);
  return rc;
}

static int feed(void *ctx, const void *slots, int batch, struct vt_tensor *in, struct vt_err *e)
{
  struct task *t = ctx;
  size_t plane = plane_bytes(t), bytes = sample_bytes(t);
  for (int b = 0; b < batch; b++) {
    const char *slot = (const char *)slots + (size_t)b * bytes;
    const int64_t *label = (const int64_t *)(slot + plane);
    memcpy((char *)in[0].data + (size_t)b * plane, slot, plane);
    for (int k = 0; k < t->sources.nheads + 2; k++) ((int64_t *)in[k + 1].data)[b] = label[k];
  }
  return 0;
}

static int export_model(void *ctx, const struct vt_weights *w, const struct vt_metrics *m, const char *path,
                        struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_graph *g = NULL;
  struct vt_buf card;
  vt_buf_init(&card);
  int rc = vt_graph_new(&g, t->registry, "embed", e);
  if (rc) return rc;
  struct vt_net net = {.g = g, .find = vt__weights_find, .ctx = (void *)w};
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, t->o.height, t->o.width});
  struct vt_value *kind, *y = vt_build_embed(&net, x, &t->net, &kind, e);
  if (!y) {
    rc = vt_graph_status(g, e);
    goto out;
  }
  struct vt_value *logits =
      vt_net_cosine(&net, kind, "head.group", t->data.taxonomy.ngroups, (float)t->o.scale);
  struct vt_value *group = vt_emit(g, "Softmax", VT_IN(logits), "axis=1");
  if (t->o.group_dim) y = vt_build_embed_posterior(&net, y, group, &t->net);
  vt_graph_output(g, y, "embedding");
  vt_graph_output(g, group, "group");
  struct vt_preprocess p = preprocess_base;
  p.width = (int)t->o.width;
  p.height = (int)t->o.height;
  vt__card_json(&card, "vitrine embed", "recipes/embed.yaml",
                t->sources.synth ? "Fashion Product Images (train split),Clothing dataset (train "
                                   "split),Clothing Co-Parsing (train split),drawn data of data synth"
                                 : "Fashion Product Images (train split),Clothing dataset (train "
                                   "split),Clothing Co-Parsing (train split)",
                t->o.licence, t->o.commercial, m);
  if (card.failed) {
    rc = vt_fail(e, VT_ENOMEM, "model card: out of memory");
    goto out;
  }
  struct vt_model_card c = {"embed", card.data, &p, t->data.taxonomy.ngroups, t->data.taxonomy.group};
  rc = vt_graph_status(g, e);
  if (!rc) rc = vt_model_describe(g, &c, e);
  if (!rc) rc = vt_onnx_save(g, path, &(struct vt_onnx_save_opts){.weights_f16 = true}, e);
out:
  vt_buf_clear(&card);
  vt_graph_free(g);
  return rc;
}

/* Vectors (n, *dim) of the listed samples with the present weights, as users get them; the caller frees *out.
 */
static int embed(struct task *t, const struct vt_weights *w, const int64_t *list, int64_t n, float **out,
                 int64_t *dim, struct vt_err *e)
{
  enum { CHUNK = 64 };
  char path[64];
  struct vt_embedder *x = NULL;
  size_t plane = plane_bytes(t) / sizeof(float);
  float *planes = vt_aligned(plane * CHUNK * sizeof *planes);
  *out = NULL;
  snprintf(path, sizeof path, "/tmp/vitrine-embed-%ld.onnx", (long)getpid());
  int rc = planes ? export_model(t, w, NULL, path, e) : vt_fail(e, VT_ENOMEM, "embed: out of memory");
  if (!rc)
    rc = vt_embedder_open(&x, t->registry, path,
                          &(struct vt_model_opts){.precision = VT_PREC_AUTO, .batch = CHUNK}, e);
  if (rc) goto out;
  *dim = vt_embedder_dim(x);
  if (!(*out = vt_reallocarray(NULL, (size_t)n * (size_t)*dim, sizeof **out)))
    rc = vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int64_t i = 0; !rc && i < n; i += CHUNK) {
    int64_t m = VT_MIN(CHUNK, n - i);
    for (int64_t k = 0; !rc && k < m; k++)
      rc = vt_embedder_prepare(x, &t->s.v[list[i + k]].im, NULL, NULL, planes + (size_t)k * plane, e);
    if (!rc) rc = vt_embedder_run(x, planes, m, *out + i * *dim, NULL, e);
  }
out:
  vt_embedder_free(x);
  unlink(path);
  vt_free(planes);
  return rc;
}

static float dot(const float *a, const float *b, int64_t n)
{
  float s = 0;
#pragma omp simd reduction(+ : s)
  for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

/* order holds anchor, partner, free, …: fills each free place with the pool's nearest sample of another key.
 */
static int mine(struct task *t, const struct vt_weights *w, int64_t *order, struct vt_err *e)
{
  int64_t n = t->o.anchors, m = VT_MIN(t->o.pool, t->s.nkey), d = 0;
  struct vt_rng rng;
  float *v = NULL;
  int64_t *list = vt_reallocarray(NULL, (size_t)(m + n), sizeof *list); /* candidates, then anchors */
  if (!list) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  vt_rng_init(&rng, t->seed, (uint64_t)order[0], 0x3117);
  for (int64_t i = 0; i < m; i++) list[i] = t->s.by_key[vt_rng_below(&rng, (uint32_t)t->s.nkey)];
  for (int64_t i = 0; i < n; i++) list[m + i] = order[3 * i];
  int rc = embed(t, w, list, m + n, &v, &d, e);
  if (!rc)
#pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
      float best = -2;
      order[3 * i + 2] = list[0];
      for (int64_t k = 0; k < m; k++) {
        if (t->s.v[list[k]].key == t->s.v[order[3 * i]].key) continue;
        float s = dot(v + (m + i) * d, v + k * d, d);
        if (s > best) best = s, order[3 * i + 2] = list[k];
      }
    }
  vt_free(v);
  vt_free(list);
  return rc;
}

enum { TOGETHER = 4, TRIES = 50 };

static int64_t draw_source(const struct task *t, struct vt_rng *rng)
{
  int64_t total = 0, s = 0;
  for (int k = 0; k < VT__NSOURCES; k++) total += t->s.nsource[k] ? t->share[k] : 0;
  int64_t u = vt_rng_below(rng, (uint32_t)total);
  for (; s < VT__NSOURCES - 1; s++) {
    int64_t part = t->s.nsource[s] ? t->share[s] : 0;
    if (u < part) break;
    u -= part;
  }
  return s;
}

/* A sample of source s, for drawn data one of the group of sample `like`. */
static int64_t draw_like(const struct task *t, int64_t s, int64_t like, struct vt_rng *rng)
{
  int64_t a = like;
  for (int k = 0; k < TRIES; k++) {
    a = t->s.of_source[s][vt_rng_below(rng, (uint32_t)t->s.nsource[s])];
    if (s != VT_SOURCE_SYNTH || t->s.v[a].group == t->s.v[like].group) break;
  }
  return a;
}

/* Anchors by the sources' shares, four in a row of one source, each followed by its partner. The four of
 * drawn data are of one group: products that differ in little only stand side by side in a batch. */
static int epoch(void *ctx, int number, int batch, int64_t *order, const struct vt_weights *w,
                 struct vt_err *e)
{
  struct task *t = ctx;
  struct vt_rng rng;
  int64_t step = per_anchor(t);
  vt_rng_init(&rng, t->seed, (uint64_t)number, 0xe4b);
  for (int64_t i = 0, s = 0, a = 0; i < t->o.anchors; i++) {
    if (i % TOGETHER == 0) {
      s = draw_source(t, &rng);
      a = t->s.of_source[s][vt_rng_below(&rng, (uint32_t)t->s.nsource[s])];
    } else {
      a = draw_like(t, s, a, &rng);
    }
    order[i * step] = a;
    order[i * step + 1] = vt__embed_partner(&t->s, a, &rng);
  }
  return t->o.mining == MINE_OFFLINE ? mine(t, w, order, e) : 0;
}

/* Precision@10 of held-out products among train products, for article type and for type and colour together.
 */
static int validate(void *ctx, const struct vt_weights *w, struct vt_metrics *m, struct vt_err *e)
{
  enum { K = 10 };
  struct task *t = ctx;
  int64_t d = 0, n = t->ngallery, type_right = 0, both_right = 0;
  float *v = NULL;
  int rc = embed(t, w, t->gallery, n + t->nquery, &v, &d, e);
  if (!rc)
#pragma omp parallel for reduction(+ : type_right, both_right)
    for (int64_t q = 0; q < t->nquery; q++) {
      const struct vt__embed_sample *x = &t->s.v[t->gallery[n + q]];
      float score[K];
      int64_t best[K];
      int kept = 0;
      for (int64_t i = 0; i < n; i++) {
        float s = dot(v + (n + q) * d, v + i * d, d);
        if (kept == K && s <= score[K - 1]) continue;
        int k = kept < K ? kept++ : K - 1;
        for (; k > 0 && score[k - 1] < s; k--) score[k] = score[k - 1], best[k] = best[k - 1];
        score[k] = s;
        best[k] = t->gallery[i];
      }
      for (int k = 0; k < kept; k++) {
        const struct vt__embed_sample *y = &t->s.v[best[k]];
        bool type = x->label[0] == y->label[0];
        type_right += type;
        both_right += type && x->label[1] == y->label[1];
      }
    }
  vt_free(v);
  if (rc) return rc;
  vt_metrics_add(m, "p10_type", (double)type_right / (K * (double)t->nquery));
  vt_metrics_add(m, "p10_type_colour", (double)both_right / (K * (double)t->nquery));
  return 0;
}

const struct vt_task_desc vt_task_embed = {
    .name = "embed",
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
