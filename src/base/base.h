/* The ground floor: errors, memory, strings, files, threads, log, random numbers, CSV, YAML, options. Knows
 * nothing else. */
#ifndef VT_BASE_H
#define VT_BASE_H

#include "base/err.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/thread.h"
#include "base/rng.h"
#include "base/log.h"
#include "base/csv.h"
#include "base/option.h"
#include "base/yaml.h"

#define VT_COUNT(a)         (sizeof(a) / sizeof((a)[0]))
#define VT_MIN(a, b)        ((a) < (b) ? (a) : (b))
#define VT_MAX(a, b)        ((a) > (b) ? (a) : (b))
#define VT_CLAMP(x, lo, hi) VT_MIN(VT_MAX(x, lo), hi)

#endif
