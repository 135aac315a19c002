/* Receptive fields: which pixels of a picture each position of each value of a graph depends on.
 *
 * Along an axis of the picture, position i of a value looks at pixels first(i) .. last(i), the hull of all it
 * depends on, borders aside (they may lie outside). For a chain of windows of k entries, dilation d and
 * stride s the size last - first + 1 follows RF' = RF + (k - 1) d S, S' = S s (Araujo et al., "Computing
 * receptive fields of convolutional neural networks", Distill 2019); with upsampling a stride S is a fraction
 * and the field depends on i modulo its denominator, so one period of positions is kept. Branches: the hull
 * of both. Immutable once made. */
#ifndef VT_ENGINE_RECEPTIVE_H
#define VT_ENGINE_RECEPTIVE_H

#include "engine/graph.h"

enum vt_field_kind {
  VT_FIELD_NONE,  /* does not depend on the picture */
  VT_FIELD_LOCAL, /* as below */
  VT_FIELD_WHOLE, /* on all of the axis, or nothing better is known */
};
struct vt_field {
  enum vt_field_kind kind;
  bool uneven;           /* depends also on where the picture ends, or on the position in it */
  int axis;              /* of the value */
  int64_t step, period;  /* position i + period looks `step` pixels further than i: stride step / period */
  int64_t *first, *last; /* [period]: pixels of positions 0 .. period - 1 */
};
/* The greatest last(i) - first(i) + 1. */
int64_t vt_field_size(const struct vt_field *f);
/* Pixels before the picture that position 0 looks at; negative where it begins inside. */
int64_t vt_field_padding(const struct vt_field *f);

struct vt_receptive_opts {
  const struct vt_shape *shapes; /* one per graph input; NULL: the graph's own are complete */
  const char *input;             /* the picture; NULL: the first input of rank 4 */
  bool cells; /* positions look at least at the pixels of their own place, [i S, (i + 1) S) */
};
struct vt_receptive {
  struct vt_graph *graph; /* own copy of the graph with these shapes, constants computed */
  const struct vt_value
      *input;  /* the picture: (N, C, H, W), or (N, H, W, C) if only that has 1, 3 or 4 channels */
  int axis[2]; /* of the picture: height, width */
  struct vt_field (*field)[2]; /* by value id: along height and width */
  struct vt_arena arena;
};
int vt_receptive_new(struct vt_receptive **out, const struct vt_graph *g, const struct vt_receptive_opts *o,
                     struct vt_err *e);
void vt_receptive_free(struct vt_receptive *r);

#endif
