/* The embedding task's state, shared by its files: task_embed.c (options, graph, batches, export),
 * embed_order.c (which samples an epoch shows), embed_measure.c (vectors and figures). Private to train/. */
#ifndef VT_TRAIN_EMBED_TASK_H
#define VT_TRAIN_EMBED_TASK_H

#include "train/class_sampler.h"
#include "train/embed_samples.h"
#include "train/metric_loss.h"
#include "train/network_keys.h"
#include "train/policy.h"
#include "train/task_util.h"

enum vt__mining { VT__MINE_RANDOM, VT__MINE_SEMIHARD, VT__MINE_HARD, VT__MINE_OFFLINE };
enum { VT__MAX_PARTS = VT__MAX_HEADS + 2 }; /* group, heads, detail */

struct vt__embed_options {
  struct vt__network_keys network;
  int64_t width, height, dim, group_dim, class_dim, class_code, hold_out, anchors, pool, neighbours;
  const char *heads, *head_weights, *shares, *parts, *synth, *found, *policy;
  double group_weight, triplet_weight, margin, scale, contrast_weight, contrast_scale, metric_scale,
      norm_weight;
  int mining, metric_loss;
  struct vt__licence licence;
  struct vt__class_sampler sampler; /* of anchors */
  struct vt_augment augment;
};

struct vt__embed_task {
  struct vt__embed_options o;
  struct vt_embed_opts net;
  const struct vt_registry *registry;
  struct vt__policy policy;
  struct vt_dataset data;
  struct vt__embed_samples s;
  struct vt__embed_sources sources;
  int attr[VT__MAX_HEADS], head_weight[VT__MAX_HEADS], share[VT__NSOURCES];
  int part[VT__MAX_PARTS]; /* shares of group, heads and detail in the similarity */
  int64_t *gallery;        /* validation: products searched in, then held-out products and street garments */
  int64_t ngallery, nquery, nstreet;
  uint64_t seed;
};

/* Samples for one anchor: itself, its partner and, mined offline, a negative. */
int vt__embed_per_anchor(const struct vt__embed_task *t);
size_t vt__embed_plane_bytes(const struct vt__embed_task *t);
/* Fills order[anchors * per_anchor] for an epoch; w: weights at its start. */
int vt__embed_order(struct vt__embed_task *t, int epoch, const struct vt_weights *w, int64_t *order,
                    struct vt_err *e);
int vt__embed_export(struct vt__embed_task *t, const struct vt_weights *w, const struct vt_metrics *m,
                     const char *path, struct vt_err *e);
/* Vectors (n, *dim) of the listed samples with the weights w, as users get them; the caller frees *out. */
int vt__embed_vectors(struct vt__embed_task *t, const struct vt_weights *w, const int64_t *list, int64_t n,
                      float **out, int64_t *dim, struct vt_err *e);
float vt__embed_dot(const float *a, const float *b, int64_t n);
/* Chooses gallery and queries of the products. */
int vt__embed_choose_gallery(struct vt__embed_task *t, struct vt_err *e);
/* p10_type, p10_type_colour: precision@10 of held-out products among train products. street_p10_group: of
 * held-out street garments for the group (0 to 1, absent without such garments). drawn_recall_at_5: share of
 * held-out drawn garments whose product is among the five nearest studio pictures of its group (without drawn
 * data absent). */
int vt__embed_validate(struct vt__embed_task *t, const struct vt_weights *w, struct vt_metrics *m,
                       struct vt_err *e);

#endif
