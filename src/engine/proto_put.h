/* Protobuf's wire format written into a buffer (https://protobuf.dev/programming-guides/encoding). A buffer
 * that runs out of memory is marked as failed, which its owner asks for at the end. */
#ifndef VT_ENGINE_PROTO_PUT_H
#define VT_ENGINE_PROTO_PUT_H

#include "base/base.h"

size_t vt__varint_size(uint64_t v); /* bytes that v takes */
void vt__put_varint(struct vt_buf *b, uint64_t v);
void vt__put_int(struct vt_buf *b, int field, int64_t v);
void vt__put_float(struct vt_buf *b, int field, float v);
void vt__put_bytes(struct vt_buf *b, int field, const void *data, size_t len);
void vt__put_text(struct vt_buf *b, int field, const char *s);
/* A message built in a buffer of its own, which is cleared. */
void vt__put_message(struct vt_buf *b, int field, struct vt_buf *m);
/* A message whose length is filled in at its end, in five bytes: gives the place to hand to vt__end_message.
 */
size_t vt__begin_message(struct vt_buf *b, int field);
void vt__end_message(struct vt_buf *b, size_t at);

#endif
