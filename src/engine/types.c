/* Operators whose inputs must all be of one type (the constraint T of ONNX's operator descriptions): their
 * kernels read every input as the first one's type, so a file that mixes types must be refused before they
 * run. */
#include <string.h>
#include "engine/engine_priv.h"

static const char *const uniform[] = {
    "ActivationGrad",
    "Add",
    "And",
    "AveragePoolGrad",
    "BatchNormActGrad",
    "BatchNormGrad",
    "Concat",
    "ConvFused",
    "ConvGradInput",
    "ConvGradWeight",
    "ConvTranspose",
    "DeformConv",
    "DeformConvGrad",
    "Div",
    "Equal",
    "Gemm",
    "Greater",
    "GreaterOrEqual",
    "GridSampleGrad",
    "GroupNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "Less",
    "LessOrEqual",
    "LpNormalizationGrad",
    "MatMul",
    "Max",
    "MaxPoolGrad",
    "Mean",
    "Min",
    "Mod",
    "Mul",
    "NormalizeGrad",
    "Or",
    "PRelu",
    "Sub",
    "Sum",
    "SwitchableNorm",
    "Xor",
};

static bool is_uniform(const char *name)
{
  for (size_t k = 0; k < VT_COUNT(uniform); k++)
    if (!strcmp(uniform[k], name)) return true;
  return false;
}

int vt__check_types(const struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *first = NULL;
  if (n->nin < 2 || !is_uniform(n->op->name)) return 0;
  for (int i = 0; i < n->nin; i++) {
    const struct vt_value *v = n->in[i];
    if (!v || !v->dtype) continue;
    if (!first) first = v;
    if (v->dtype != first->dtype)
      return vt_fail(e, VT_EARG, "'%s' is %s, '%s' %s: one type is expected", first->name,
                     vt_dtype_name(first->dtype), v->name, vt_dtype_name(v->dtype));
  }
  return 0;
}
