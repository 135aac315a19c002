/* A limit on memory, for tests that use what nobody has checked: a small file may describe a large
 * computation. */
#ifndef VT_BASE_ALLOC_LIMIT_H
#define VT_BASE_ALLOC_LIMIT_H

#include <stddef.h>

/* From now on an allocation returns NULL that is larger than `one` bytes, or with which all since this call
 * exceed `all`, whether freed again or not (each counts 256 bytes besides its own: loops end too). 0, 0: no
 * limit. Synchronised. */
void vt_alloc_limit(size_t one, size_t all);

#endif
