/* A trained network with its metadata, its programs (one per input shape, compiled on first use) and a pool
 * of sessions. Private to model/. Synchronised. */
#ifndef VT_MODEL_NETWORK_H
#define VT_MODEL_NETWORK_H

#include <pthread.h>
#include "model/model.h"

enum { VT__MAX_PROGRAMS = 64, VT__MAX_LABELS = 256 };

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
  int nlabels;
  const char *label[VT__MAX_LABELS];
  pthread_mutex_t lock;
  int nprograms;
  struct vt__compiled program[VT__MAX_PROGRAMS];
};
/* Loads and checks: task as expected, one image input (N, 3, H, W), metadata complete. */
int vt__network_open(struct vt__network *net, const struct vt_registry *r, const char *path, const char *task,
                     const struct vt_model_opts *o, struct vt_err *e);
void vt__network_close(struct vt__network *net);
/* A session for inputs of (n, 3, height, width); give it back with the slot that came with it. */
int vt__network_take(struct vt__network *net, int64_t n, int height, int width, struct vt__compiled **slot,
                     struct vt_session **s, struct vt_err *e);
void vt__network_give(struct vt__network *net, struct vt__compiled *slot, struct vt_session *s);

#endif
