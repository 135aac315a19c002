/* Models: architectures as graph builders, losses, and trained networks as things that look at pictures.
 *
 * A model on disk is one .onnx file whose metadata says all that is needed to use it: task, preprocessing,
 * labels, model card. */
#ifndef VT_MODEL_H
#define VT_MODEL_H

#include "engine/engine.h"
#include "image/image.h"
#include "mask/mask.h"
#include "model/attention.h"
#include "model/builder.h"
#include "model/layer_kinds.h"

/* ---- metadata --------------------------------------------------------------------------------------------
 */

/* Keys of the ONNX metadata_props; values are JSON unless said otherwise. */
#define VT_META_TASK "vitrine.task" /* plain: "segment", "embed", "classify" */
#define VT_META_PREPROCESS                                                                                   \
  "vitrine.preprocess"                  /* {"width","height","fit":"stretch|pad|area","mean":[3],"std":[3]} */
#define VT_META_LABELS "vitrine.labels" /* ["background", …] */
#define VT_META_CARD                                                                                         \
  "vitrine.card"                /* {"name","data":[…],"figures":{…},"licence","commercial_use":bool,…} \
                                 */
#define VT_META_ID "vitrine.id" /* plain: hash of the weights; catalogues remember it */

/* stretch: to width x height. pad: keeps the aspect, centred, on white. area: to the size with sides that are
 * multiples of 32, nearest to the picture's aspect, of about width * height pixels (fully convolutional
 * networks). mirror: a segmentation is the mean over the picture and its mirror image. */
enum vt_fit { VT_FIT_STRETCH, VT_FIT_PAD, VT_FIT_AREA };
struct vt_preprocess {
  int width, height;
  enum vt_fit fit;
  float mean[3], std[3]; /* of values in 0..1 */
  bool mirror;
};

int vt_preprocess_parse(struct vt_preprocess *p, const char *json, struct vt_err *e);
void vt_preprocess_print(const struct vt_preprocess *p, struct vt_buf *json);
/* Network input size for a picture. */
void vt_preprocess_size(const struct vt_preprocess *p, int width, int height, int *out_width,
                        int *out_height);
/* Sets task, preprocessing, labels, card and id (hash over the constants) of a graph about to be saved. */
struct vt_model_card {
  const char *task, *card_json;
  const struct vt_preprocess *preprocess;
  int nlabels;
  const char *const *label;
};
int vt_model_describe(struct vt_graph *g, const struct vt_model_card *c, struct vt_err *e);
/* VT_EARG naming the model and its licence if the card does not say "commercial_use": true. */
int vt_model_check_commercial(const char *path, const char *card_json, struct vt_err *e);

/* Cuts a classifier, whatever the network, back to the vector that its last linear layer reads: one output
 * "features" (N, D) stays. VT_EARG where the first output comes from something else. Strings live in g. */
struct vt_cut {
  const char *op, *layer, *value; /* the layer that went, and what it read */
  int64_t features, classes;      /* -1: not known before the input's size is */
};
int vt_model_headless(struct vt_graph *g, struct vt_cut *cut, struct vt_err *e);
void vt_cut_print(const struct vt_cut *c, struct vt_buf *out); /* one line without its end, for people */

struct vt_model_opts {
  enum vt_precision precision;
  int threads;             /* 0 = vt_threads() */
  bool require_commercial; /* refuse a model whose card does not allow it */
  bool headless;           /* embedder: any classifier, cut back to its feature vector */
  int batch;               /* embedder: largest batch; 0 = 32 */
};

/* ---- architectures ----------------------------------------------------------------------------------------
 */

/* A network under construction. Parameters are made by name: taken from `find` where it knows them (floats
 * of any size; VT_ESHAPE if the shape differs), else drawn from `seed`. Training: parameters are variables
 * and batch norm uses and updates batch statistics; otherwise they are constants. An outline has parameters
 * without values, as inputs of the graph: it tells names, shapes and counts and takes no memory. Failures are
 * sticky in the graph. */
struct vt_net {
  struct vt_graph *g;
  bool training, outline;
  uint64_t seed;
  const struct vt_tensor *(*find)(void *ctx, const char *name);
  void *ctx;
  const char *prefix; /* before every name, as "encoder."; NULL: nothing */
  bool mirror;        /* convolutions see maps go on as their mirror image, not as zeros */
  struct vt_layers layers;
  int64_t parameters; /* numbers in trainable parameters made so far */
  int nactivations;   /* with parameters, made so far */
};
/* y = conv(x): (N, C, H, W) -> (N, out, H', W'), same padding; bias only if asked. He initialisation (He
 * 2015). */
struct vt_value *vt_net_conv(struct vt_net *n, struct vt_value *x, const char *name, int out, int kernel,
                             int stride, bool bias);
/* Norm with epsilon 1e-5, batch norm's momentum 0.9; scale starts at `gamma`. */
struct vt_value *vt_net_norm(struct vt_net *n, struct vt_value *x, const char *name, float gamma);
struct vt_value *vt_net_conv_norm_relu(struct vt_net *n, struct vt_value *x, const char *name, int out,
                                       int kernel, int stride);
/* y = x W^T + b: (N, in) -> (N, out). */
struct vt_value *vt_net_linear(struct vt_net *n, struct vt_value *x, const char *name, int out, bool bias);
/* Cosine logits scale * x/|x| . w/|w| for unit x: (N, D) -> (N, out). "NormFace", Wang 2017. */
struct vt_value *vt_net_cosine(struct vt_net *n, struct vt_value *x, const char *name, int out, float scale);

/* y = act(norm(conv(x))) with a convolution of kernel x kernel, or what stands for it. */
struct vt_value *vt_net_conv_block(struct vt_net *n, struct vt_value *x, const char *name,
                                   enum vt_conv_kind kind, int out, int kernel, int stride);

/* Margin loss of capsules' lengths (N, J) for labels (N) i64, or shares of classes T (N, J) f32: sum over k
 * of T_k max(0, 0.9 - |v_k|)^2 + 0.5 (1 - T_k) max(0, |v_k| - 0.1)^2, mean over the batch (Sabour 2017,
 * equation 4). */
struct vt_value *vt_margin_loss(struct vt_graph *g, struct vt_value *lengths, struct vt_value *labels);

/* Residual encoder of basic blocks (He 2016), widths and blocks free. feature[0]: stem at 1/2, feature[1..4]:
 * stages at 1/4, 1/8, 1/16, 1/32. */
struct vt_resnet_opts {
  int width[4], blocks[4], stem;        /* stem: channels of the first 7x7 convolution */
  const struct vt_attention *attention; /* in each block or behind each stage, as it says; NULL: none */
  float drop_path;  /* stochastic depth of the last block, falling to 0 at the stem (Huang 2016, eq. 4) */
  float drop_block; /* share of the last map that is dropped in squares (Ghiasi 2018), of this side */
  int drop_block_size;
};
int vt_build_resnet(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                    struct vt_value *feature[5], struct vt_err *e);
/* The same maps of the network by name, if not NULL, its parameters under "encoder.". */
int vt_build_encoder(struct vt_net *n, struct vt_value *x, const struct vt_resnet_opts *o,
                     const struct vt_builder *network, struct vt_value *feature[5], struct vt_err *e);
/* U-Net (Ronneberger 2015) on that encoder, or on any network by name: x (N, 3, H, W) -> logits
 * (N, classes, H/2, W/2); H, W multiples of 32. */
struct vt_unet_opts {
  struct vt_resnet_opts encoder;
  const struct vt_builder *network; /* instead of `encoder` if not NULL */
  int decoder[4];                   /* channels at 1/16, 1/8, 1/4, 1/2 */
  int classes;
  float dropout;
  bool transposed; /* maps are enlarged by transposed convolutions of 2x2, stride 2, not linearly */
};
struct vt_value *vt_build_unet(struct vt_net *n, struct vt_value *x, const struct vt_unet_opts *o,
                               struct vt_err *e);
/* x (N, 3, H, W) -> encoder, average pooling (or a network by name up to its classifier), one linear layer,
 * and its output cut into unit vectors. The group is classified by the first, the attributes by the second;
 * the third tells things of one class apart. A part of no numbers is the detail's. */
struct vt_embed_opts {
  struct vt_resnet_opts encoder;
  const struct vt_builder *network; /* instead of `encoder` if not NULL */
  int dim, group_dim, class_dim;
  float dropout; /* before the linear layer */
};
struct vt_embed_parts {
  struct vt_value *group, *kind, *detail; // (N, group_dim), (N, class_dim), (N, dim)
  struct vt_value *raw;                   /* detail before it became a unit vector */
};
int vt_build_embed(struct vt_net *n, struct vt_value *x, const struct vt_embed_opts *o,
                   struct vt_embed_parts *out, struct vt_err *e);
/* Probabilities p (N, C) as a unit vector (N, min(C, most)). Something near the border of its class has its
 * nearest neighbours among features beyond it; probabilities say which side it is on. More classes than
 * `most` become a mixture of fixed random unit vectors, one a class: inner products are kept up to
 * 1/sqrt(most) of the whole (Johnson and Lindenstrauss 1984). */
struct vt_value *vt_build_embed_posterior(struct vt_net *n, struct vt_value *p, int most);
/* Unit vectors (N, Di) side by side, the i-th times sqrt(share[i] / sum of shares): a unit vector whose
 * cosine is the shares' mean of the parts' cosines. Parts with share 0 are left out; at least one is not. */
struct vt_value *vt_build_embed_vector(struct vt_net *n, struct vt_value *const *part, const int *share,
                                       int count);

/* x (N, 3, H, W) -> scores of classes (N, classes). backbone: "encoder", the residual encoder with the
 * weights' names that it has in the other networks, or a builder by name, with its own head. dropout is that
 * of the vector before the encoder's linear layer; builders have their own, and VT_EARG for this and for what
 * else is the encoder's. Scores of capsule networks are lengths, for the margin loss. */
struct vt_classify_opts {
  const char *backbone;
  struct vt_resnet_opts encoder;
  int classes;
  float dropout;
};
bool vt_classify_has_lengths(const struct vt_classify_opts *o);
struct vt_value *vt_build_classify(struct vt_net *n, struct vt_value *x, const struct vt_classify_opts *o,
                                   struct vt_err *e);

/* ---- items -----------------------------------------------------------------------------------------------
 */

enum { VT_MAX_ITEMS = 64 };
struct vt_item {
  int group;           /* class of the label map */
  float score;         /* mean probability of the group over the mask, 0..1 */
  struct vt_box box;   /* pixels of the upright photo */
  struct vt_mask mask; /* of the photo's size; owned */
};
struct vt_items {
  int n;
  struct vt_item v[VT_MAX_ITEMS];
};
void vt_items_clear(struct vt_items *it);

struct vt_item_rules {
  double min_share;  /* items under this share of the photo are dropped; default 0.0008 */
  double min_piece;  /* pieces under this share of the group's largest piece are dropped; default 0.08 */
  uint64_t garments; /* bit g: group g is a garment (not background, skin, hair) */
};
/* labels: (H, W) groups. prob: (H, W) 0..255 probability of the chosen group, or NULL (score 1). Per group,
 * pieces are merged into one wearable thing (two shoes are one item). Order: largest first. */
int vt_items_from_labels(struct vt_items *out, const uint8_t *labels, const uint8_t *prob, int width,
                         int height, const struct vt_item_rules *rules, struct vt_err *e);

/* ---- pictures in tiles
 * --------------------------------------------------------------------------------------
 */

/* A picture x (N, C, H, W) through a convolutional network tile by tile, each with the context that the
 * receptive field needs, so that the parts equal the result for the whole. VT_EARG naming the node where a
 * network depends on the whole picture (global pooling, attention, …). out: one tensor per graph output, to
 * be cleared. */
struct vt_tile_opts {
  int tile;    /* side in pixels of what a tile gives; rounded up to the network's stride */
  bool mirror; /* beyond its border a picture goes on as its mirror image; else the network pads as it does */
  struct vt_compile_opts compile;
};
int vt_tiles_run(const struct vt_graph *g, const struct vt_tensor *x, struct vt_tensor *out,
                 const struct vt_tile_opts *o, struct vt_err *e);

/* ---- trained networks
 * -------------------------------------------------------------------------------------- */

/* Immutable and shared; run is synchronised (each call takes a session from a small pool). */
struct vt_segmenter;
int vt_segmenter_open(struct vt_segmenter **out, const struct vt_registry *r, const char *path,
                      const struct vt_model_opts *o, struct vt_err *e);
void vt_segmenter_free(struct vt_segmenter *s);
int vt_segmenter_nlabels(const struct vt_segmenter *s);
const char *vt_segmenter_label(const struct vt_segmenter *s, int i);
const char *vt_segmenter_card(const struct vt_segmenter *s); /* JSON */
int vt_segmenter_min_side(const struct vt_segmenter *s);     /* smallest useful side of the decoded photo */
/* labels, prob: (H, W) of the photo, caller's memory; prob may be NULL. */
int vt_segmenter_run(struct vt_segmenter *s, const struct vt_image *photo, uint8_t *labels, uint8_t *prob,
                     struct vt_err *e);

/* The picture an embedding network is shown, before resizing: the whole (box and mask NULL), a region, or an
 * item whose surroundings become white; with a margin of 6 %, in the middle of a white canvas of the given
 * aspect w/h. */
int vt_item_view(struct vt_image *out, const struct vt_image *photo, const struct vt_box *box,
                 const struct vt_mask *mask, double aspect, struct vt_err *e);

struct vt_embedder;
int vt_embedder_open(struct vt_embedder **out, const struct vt_registry *r, const char *path,
                     const struct vt_model_opts *o, struct vt_err *e);
void vt_embedder_free(struct vt_embedder *x);
int vt_embedder_dim(const struct vt_embedder *x);
const char *vt_embedder_id(const struct vt_embedder *x);
const char *vt_embedder_card(const struct vt_embedder *x);
const struct vt_preprocess *vt_embedder_preprocess(const struct vt_embedder *x);
/* Where a classifier was cut, NULL if the model was made for embedding. */
const struct vt_cut *vt_embedder_cut(const struct vt_embedder *x);
/* Number of predicted groups (0: the model predicts none) */
int vt_embedder_ngroups(const struct vt_embedder *x);
/* What the network should see of a picture: the whole (box NULL), a region, or an item with its mask (pixels
 * outside become white), cropped with a margin, fitted, as planes (3, H, W) at `out`. */
int vt_embedder_prepare(const struct vt_embedder *x, const struct vt_image *photo, const struct vt_box *box,
                        const struct vt_mask *mask, float *out, struct vt_err *e);
/* in: (n, 3, H, W) as prepared. out: (n, D) unit vectors. groups: (n, ngroups) probabilities or NULL. Any n.
 */
int vt_embedder_run(struct vt_embedder *x, const float *in, int64_t n, float *out, float *groups,
                    struct vt_err *e);

/* A classifier of ours, or any with one input (N, 3, H, W) and scores (N, classes): without metadata pictures
 * are stretched to its input's size with ImageNet's mean and deviation, and classes are called by their
 * numbers. */
struct vt_classifier;
int vt_classifier_open(struct vt_classifier **out, const struct vt_registry *r, const char *path,
                       const struct vt_model_opts *o, struct vt_err *e);
void vt_classifier_free(struct vt_classifier *c);
int vt_classifier_nlabels(const struct vt_classifier *c);
const char *vt_classifier_label(const struct vt_classifier *c, int i);
const char *vt_classifier_card(const struct vt_classifier *c);
const struct vt_preprocess *vt_classifier_preprocess(const struct vt_classifier *c);
/* What the network should see of a picture, as planes (3, H, W). */
int vt_classifier_prepare(const struct vt_classifier *c, const struct vt_image *photo, float *out,
                          struct vt_err *e);
/* in: (n, 3, H, W) as prepared. out: (n, nlabels) probabilities. Any n. */
int vt_classifier_run(struct vt_classifier *c, const float *in, int64_t n, float *out, struct vt_err *e);

/* Pictures as a network wants to see them, for those who have a graph and no task. */

/* How the pictures of the graph's one input are prepared: as its metadata says, else stretched to the input's
 * size (224 where it is open) with ImageNet's mean and deviation. The input gets that size, and shapes are
 * inferred again. */
int vt_preprocess_of(struct vt_graph *g, struct vt_preprocess *p, struct vt_err *e);
/* The picture, region or masked item (see vt_item_view) fitted to p's width and height: planes (3, H, W). */
int vt_preprocess_photo(const struct vt_preprocess *p, const struct vt_image *photo, const struct vt_box *box,
                        const struct vt_mask *mask, float *out, struct vt_err *e);
/* The weights of a described graph have changed: its id follows. Other graphs stay as they are. */
int vt_model_renew_id(struct vt_graph *g, struct vt_err *e);

#endif
