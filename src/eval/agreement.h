/* Whether a network computes what another implementation of it computes, judged by its outputs for n
 * pictures. */
#ifndef VT_EVAL_AGREEMENT_H
#define VT_EVAL_AGREEMENT_H

#include <stdint.h>
#include "base/base.h"

struct vt_agreement {
  double error;  /* largest |have - want| over largest |want|; infinite where a number is none */
  double cosine; /* of all outputs, the mean over the pictures taken away from both sides: what is left when
                    all that the pictures have in common is gone; 0 where nothing is left */
  double least;  /* the smallest of these cosines of a single picture */
};

/* want, have: (n, d). Outputs that are the same for every picture give a cosine of 0: such a comparison shows
 * nothing. */
int vt_agreement(struct vt_agreement *a, int64_t n, int64_t d, const float *want, const float *have,
                 struct vt_err *e);

#endif
