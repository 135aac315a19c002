/* Post-training quantisation: from a float graph and inputs that are typical for it to a graph of 8 bits.
 *
 * The result is standard ONNX (QuantizeLinear and DequantizeLinear around convolutions and matrix products):
 * maps are u8 with a zero point, weights i8 with a scale for each output channel, biases i32. A calibration
 * is confined to one thread. */
#ifndef VT_ENGINE_QUANTIZE_H
#define VT_ENGINE_QUANTIZE_H

#include "engine/program.h"

/* How the range of a map that is kept is chosen from its histogram: least mean square error, least
 * Kullback-Leibler divergence, a percentile at both ends, or all that was seen. */
enum vt_range_rule { VT_RANGE_MSE, VT_RANGE_KL, VT_RANGE_PERCENTILE, VT_RANGE_MINMAX };

struct vt_quantize_opts {
  enum vt_range_rule rule;
  double percentile; /* of VT_RANGE_PERCENTILE, above 50 to 100; 0 = 99.99 */
  int weight_bits;   /* 8; 7: two products fit 16 bits, as processors without VNNI need; 0 = 7 */
  bool nearest;      /* weights to the nearest step; else so that errors cancel on what layers have read */
};

/* Histogram of numbers seen, in 2 BINS bins around zero; the range doubles when something falls outside. */
enum { VT_HISTOGRAM_HALF = 2048 };
struct vt_histogram {
  double range; /* bins cover -range .. range; 0: nothing seen */
  float lo, hi; /* smallest and largest */
  int64_t n;
  int64_t *bin; /* 2 VT_HISTOGRAM_HALF of them; vt_free */
};
/* NaN and infinities are VT_EARG. */
int vt_histogram_add(struct vt_histogram *h, const float *x, int64_t n, struct vt_err *e);
/* lo <= 0 <= hi, not equal. */
void vt_histogram_range(const struct vt_histogram *h, const struct vt_quantize_opts *o, double *lo,
                        double *hi);

struct vt_calibration;
/* VT_EARG where the graph has no convolution or matrix product of constant weights. The graph is borrowed
 * during the call only. */
int vt_calibration_new(struct vt_calibration **out, const struct vt_graph *g, struct vt_err *e);
/* Runs the float network on one set of inputs (as vt_session_run) and gathers ranges. Shapes may change. */
int vt_calibration_add(struct vt_calibration *c, const struct vt_tensor *in, struct vt_err *e);
/* VT_EARG where nothing was added. The calibration can only be freed afterwards. */
struct vt_quantize_report {
  int layers, left; /* quantised; convolutions and products left in floats */
};
int vt_calibration_finish(struct vt_graph **out, struct vt_calibration *c, const struct vt_quantize_opts *o,
                          struct vt_quantize_report *r, struct vt_err *e);
void vt_calibration_free(struct vt_calibration *c);

#endif
