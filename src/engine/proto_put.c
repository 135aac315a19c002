/* Protobuf's wire format: a key (field number and wire type) before every number, text and message. */
#include "engine/proto_put.h"

#include <string.h>

size_t vt__varint_size(uint64_t v)
{
  size_t n = 1;
  while (v >>= 7) n++;
  return n;
}

void vt__put_varint(struct vt_buf *b, uint64_t v)
{
  char bytes[10];
  size_t n = 0;
  do {
    bytes[n++] = (char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
    v >>= 7;
  } while (v);
  vt_buf_add(b, bytes, n);
}

void vt__put_int(struct vt_buf *b, int field, int64_t v)
{
  vt__put_varint(b, (uint64_t)field << 3);
  vt__put_varint(b, (uint64_t)v);
}

void vt__put_float(struct vt_buf *b, int field, float v)
{
  vt__put_varint(b, (uint64_t)field << 3 | 5);
  vt_buf_add(b, &v, 4);
}

void vt__put_bytes(struct vt_buf *b, int field, const void *data, size_t len)
{
  vt__put_varint(b, (uint64_t)field << 3 | 2);
  vt__put_varint(b, len);
  vt_buf_add(b, data, len);
}

void vt__put_text(struct vt_buf *b, int field, const char *s)
{
  vt__put_bytes(b, field, s, strlen(s));
}

void vt__put_message(struct vt_buf *b, int field, struct vt_buf *m)
{
  vt__put_bytes(b, field, m->data, m->len);
  if (m->failed) b->failed = true;
  vt_buf_clear(m);
}

size_t vt__begin_message(struct vt_buf *b, int field)
{
  vt__put_varint(b, (uint64_t)field << 3 | 2);
  size_t at = b->len;
  vt_buf_add(b, "\0\0\0\0\0", 5);
  return at;
}

void vt__end_message(struct vt_buf *b, size_t at)
{
  if (b->failed) return;
  size_t len = b->len - at - 5;
  for (int i = 0; i < 5; i++) b->data[at + (size_t)i] = (char)((len >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0));
}
