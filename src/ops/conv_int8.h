/* The inputs of ai.vitrine:ConvInt8, which its kernel and the operator itself count by name. */
#ifndef VT_OPS_CONV_INT8_H
#define VT_OPS_CONV_INT8_H

/* Inputs of ai.vitrine:ConvInt8. A real number is (q - zero) scale; weights have zero 0. */
enum {
  VT_Q_X, /* u8 or i8 */
  VT_Q_W, /* i8 */
  VT_Q_X_SCALE,
  VT_Q_X_ZERO,
  VT_Q_W_SCALE,  /* one, or (M) */
  VT_Q_BIAS,     /* f32 (M), in real numbers */
  VT_Q_RESIDUAL, /* u8 or i8, of the output's shape */
  VT_Q_R_SCALE,
  VT_Q_R_ZERO,
  VT_Q_Y_SCALE, /* left out: the output is f32 */
  VT_Q_Y_ZERO,
  VT_Q_INPUTS
};

#endif
