/* Objects of a comparison in the order in which its measures walk them. */
#ifndef VT_EVAL_OBJECT_ORDER_H
#define VT_EVAL_OBJECT_ORDER_H

#include "eval/eval.h"

struct vt__object_row { /* an object's place in the order of class, picture, falling score, position */
  int32_t cls, image;
  double score;
  int64_t i; /* position in the array given */
};
/* The n objects in order; scores: whether theirs count, else 0. The caller frees it; NULL: out of memory. */
struct vt__object_row *vt__object_rows(const struct vt_coco_object *v, int64_t n, bool scores);

#endif
