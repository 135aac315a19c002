/* Weights in the safetensors format, as PyTorch's users exchange them.
 *
 *   byte 0   length of the header: 8 bytes, little-endian
 *        8   header, JSON: {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …,
 *            "__metadata__": {"key": "text"}}, blanks behind it
 *            data, row-major, little-endian; offsets count from here, tensors lie without gap or overlap */
#ifndef VT_ENGINE_SAFETENSORS_H
#define VT_ENGINE_SAFETENSORS_H

#include "engine/tensor.h"

struct vt_safetensors; /* an open file, immutable */

/* Limits: header of 2^26 bytes, 2^20 tensors. Messages name the file and the tensor at fault. */
int vt_safetensors_open(struct vt_safetensors **out, const char *path, struct vt_err *e);
void vt_safetensors_free(struct vt_safetensors *s);
/* In byte order of the names; borrowed. Bytes stay in the mapped file where they are aligned for their type;
 * a tensor that was shared (vt_tensor_share) outlives the file's closing. */
int vt_safetensors_count(const struct vt_safetensors *s);
const char *vt_safetensors_name(const struct vt_safetensors *s, int i);
const struct vt_tensor *vt_safetensors_tensor(const struct vt_safetensors *s, int i);
const struct vt_tensor *vt_safetensors_find(const struct vt_safetensors *s, const char *name); /* or NULL */
const char *vt_safetensors_path(const struct vt_safetensors *s);

#endif
