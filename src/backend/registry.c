/* The tables given to the engine: all operators, our own kernels (native/kernels.list), then oneDNN's
 * (onednn/kernels.list): first acceptance wins. A kernel file may hold several descriptors of one family: it
 * defines `const struct vt_kernel_desc *const vt_kernels_NAME[]`, NULL-terminated. */
#include "backend/backend.h"

#define KERNEL(name) extern const struct vt_kernel_desc *const vt_kernels_##name[];
#include "backend/native/kernels.list"
#include "backend/onednn/kernels.list"
#undef KERNEL

static const struct vt_kernel_desc *const *const families[] = {
#define KERNEL(name) vt_kernels_##name,
#include "backend/native/kernels.list"
#include "backend/onednn/kernels.list"
#undef KERNEL
    NULL};

enum { MAX_KERNELS = 512 };
static const struct vt_kernel_desc *kernels[MAX_KERNELS];
static struct vt_registry registry;

__attribute__((constructor)) static void fill(void)
{
  int n = 0;
  for (int f = 0; families[f]; f++)
    for (int k = 0; families[f][k] && n < MAX_KERNELS; k++) kernels[n++] = families[f][k];
  registry = (struct vt_registry){vt_ops, vt_nops, kernels, n};
}

const struct vt_registry *vt_registry_default(void)
{
  return &registry;
}
