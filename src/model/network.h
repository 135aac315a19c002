/* A trained network with its metadata, its programs (one per input shape, compiled on first use) and a pool
 * of sessions. Private to model/. Synchronised. */
#ifndef VT_MODEL_NETWORK_H
#define VT_MODEL_NETWORK_H

#include <pthread.h>
#include "model/model.h"

enum { VT__MAX_PROGRAMS = 64, VT__MAX_LABELS = 4096, VT__MAX_OUTPUTS = 16 };

struct vt__compiled {
  int64_t n, height, width;
  struct vt_program *program;
  struct vt_session *idle[16];
  int nidle;
};
struct vt__network {
  struct vt_arena arena;
  struct vt_graph *graph;
  struct vt_preprocess preprocess;
  struct vt_compile_opts compile;
  const char *card, *id;
  bool headless;     /* a classifier that was cut back to its features */
  struct vt_cut cut; /* where */
  int nlabels;
  const char *label[VT__MAX_LABELS];
  pthread_mutex_t lock;
  int nprograms;
  struct vt__compiled program[VT__MAX_PROGRAMS];
};
/* Loads and checks: task as expected, one image input (N, 3, H, W), metadata complete. With o->headless any
 * classifier will do: it is cut, ends in unit vectors, and without metadata its pictures are stretched to the
 * size of its input with ImageNet's mean and deviation. */
int vt__network_open(struct vt__network *net, const struct vt_registry *r, const char *path, const char *task,
                     const struct vt_model_opts *o, struct vt_err *e);
void vt__network_close(struct vt__network *net);
/* A session for inputs of (n, 3, height, width); give it back with the slot that came with it. */
int vt__network_take(struct vt__network *net, int64_t n, int height, int width, struct vt__compiled **slot,
                     struct vt_session **s, struct vt_err *e);
void vt__network_give(struct vt__network *net, struct vt__compiled *slot, struct vt_session *s);

/* The picture, region or masked item fitted to the network's input: planes (3, H, W). */
int vt__network_prepare(const struct vt__network *net, const struct vt_image *photo, const struct vt_box *box,
                        const struct vt_mask *mask, float *out, struct vt_err *e);
/* in: (n, 3, H, W), any n. out[i]: (n, width[i]) of the first nout outputs. */
int vt__network_run(struct vt__network *net, int batch, const float *in, int64_t n, int nout,
                    float *const *out, const int *width, struct vt_err *e);
/* Ends the graph in that output alone, as f32. */
int vt__network_end(struct vt_graph *g, struct vt_value *y, const char *name, struct vt_err *e);
/* Of opening a classifier: classes have names, and the output is probabilities. */
int vt__network_finish_classifier(struct vt__network *net, const char *path, struct vt_err *e);
/* Identity of the weights: a hash over names and bytes of all constants. */
void vt__weights_id(const struct vt_graph *g, char id[33]);

#endif
