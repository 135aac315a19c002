/* Builders: the architectures of the field by name, as graphs whose parameters are named like torchvision's
 * (where it has the network), so that its weights fit without a table.
 *
 * A family is one file in model/builders/ with a `const struct vt_builder_family vt_builders_NAME` and one
 * line BUILDER(NAME) in builders.list. All of this is immutable. */
#ifndef VT_MODEL_BUILDER_H
#define VT_MODEL_BUILDER_H

#include "engine/engine.h"

struct vt_net;
struct vt_preprocess;

struct vt_builder_opts {
  int classes;    /* of the classifier; 0: none, the network ends with `pooled` */
  bool encoder;   /* feature maps only: nothing behind the last of them is built */
  bool auxiliary; /* with the side classifier that some networks train with, see `aux` */
  float width;    /* factor of the channels where the family has one; 0 means 1 */
};

struct vt_built {
  struct vt_value *feature[5]; /* (N, C, H/s, W/s), s = 2, 4, 8, 16, 32; networks without padding: about */
  struct vt_value *pooled;     /* (N, D): what the classifier reads; NULL with `encoder` */
  struct vt_value *logits;     /* (N, classes); NULL without classes */
  struct vt_value *aux;        /* (N, classes) of the side classifier, NULL if there is none */
};

struct vt_builder {
  const char *name;
  int side;            /* of the input that the network was made for */
  int64_t parameters;  /* published count, 1000 classes, side classifier included; 0: none is published */
  const void *variant; /* the family's own */
  /* x: (N, 3, H, W). Failures are sticky in the graph. */
  void (*build)(struct vt_net *n, struct vt_value *x, const struct vt_builder *b,
                const struct vt_builder_opts *o, struct vt_built *out);
};

struct vt_builder_family {
  const char *name;
  const char *paper;
  bool has_width, has_auxiliary;
  bool unpadded;        /* first convolutions without padding: feature maps are a few pixels smaller */
  bool lengths;         /* scores are lengths of capsules, 0 .. 1 */
  bool has_convolution; /* its 3x3 convolutions may be of another kind */
  bool centred;         /* made for pictures of mean 0.5 and deviation 0.5; the others for ImageNet's */
  const struct vt_builder *builder;
  int n;
};
extern const struct vt_builder_family *const vt_builder_families[]; /* ends with NULL */

/* NULL: no such builder; the message names all. */
const struct vt_builder *vt_builder_find(const char *name, struct vt_err *e);
const struct vt_builder_family *vt_builder_family_of(const struct vt_builder *b);
/* How pictures are prepared for published weights: the builder's side, its mean and deviation. */
void vt_builder_preprocess(const struct vt_builder *b, struct vt_preprocess *p);
/* Builds; x is (N, 3, H, W). Options that the network does not have are VT_EARG, sticky in the graph too. */
int vt_build(const struct vt_builder *b, struct vt_net *n, struct vt_value *x,
             const struct vt_builder_opts *o, struct vt_built *out, struct vt_err *e);

struct vt_builder_size {
  int64_t parameters; /* trainable numbers: not the running statistics of batch norms */
  int64_t macs;       /* multiply-adds for one picture of the builder's side */
};
/* Needs no memory for weights. */
int vt_builder_measure(const struct vt_builder *b, const struct vt_registry *r,
                       const struct vt_builder_opts *o, struct vt_builder_size *size, struct vt_err *e);
/* The network without weights for one picture: input 0 is the picture, the others are the parameters. */
int vt_builder_outline(struct vt_graph **out, const struct vt_builder *b, const struct vt_registry *r,
                       const struct vt_builder_opts *o, int64_t *parameters /* or NULL */, struct vt_err *e);

/* vt_net.find of weights in a file, which is vt_net.ctx (struct vt_safetensors *). */
const struct vt_tensor *vt_weights_find(void *file, const char *name);
/* Whether the file holds the network: the message tells parameters that are missing or of another shape, and
 * tensors that belong to none (classifiers that `o` leaves out may be there), some of each kind. */
int vt_weights_check(const struct vt_safetensors *file, const struct vt_builder *b,
                     const struct vt_registry *r, const struct vt_builder_opts *o, struct vt_err *e);

#endif
