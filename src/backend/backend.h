/* The tables of operators and accelerated kernels that this build has: what the engine is given at start. */
#ifndef VT_BACKEND_H
#define VT_BACKEND_H

#include "ops/ops.h"

/* All operators; kernels of ours before oneDNN's. Immutable, static. */
const struct vt_registry *vt_registry_default(void);

#endif
