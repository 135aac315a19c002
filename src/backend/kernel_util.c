/* Refusals and the dtype of new maps. */
#include "backend/kernel_util.h"
#include <stdarg.h>
#include <stdio.h>

enum vt_dtype vt__want(const struct vt_plan_node *n)
{
  return n->precision == VT_PREC_BF16 && n->isa >= VT_ISA_AVX512_BF16 ? VT_BF16 : VT_F32;
}

int vt__refuse(char *reason, size_t size, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(reason, size, fmt, ap);
  va_end(ap);
  return 0;
}
