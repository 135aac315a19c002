/* How fast augmentation, the loader and masks are, by processor time. */
#ifndef VT_APP_BENCH_DATA_H
#define VT_APP_BENCH_DATA_H

#include "base/base.h"

/* Times every operation with its defaults on a drawn picture of side x side with two masks and a label map,
 * one thread; a table or JSON is appended to out. */
int vt_bench_augment(struct vt_buf *out, const char *only, int side, double seconds, bool json,
                     struct vt_err *e);

/* The loader over the pictures of a folder, once from files and once from memory: a resized crop of side x
 * side, flipped and with other colours, as planes for a network. */
int vt_bench_loader(struct vt_buf *out, const char *folder, int side, int64_t samples, bool json,
                    struct vt_err *e);

/* Encodes and decodes so many masks of one megapixel of each of three kinds; fails if one comes back changed.
 */
int vt_bench_masks(struct vt_buf *out, int64_t masks, bool json, struct vt_err *e);

#endif
