/* TensorBoard event files, written by hand.
 *
 * A file is a row of TFRecords:
 *   u64  length of the data, little-endian
 *   u32  masked crc32c of these 8 bytes
 *   ...  data: an Event in protobuf's wire format
 *   u32  masked crc32c of the data
 * masked(c) = rotate_right(c, 15) + 0xa282ead8.
 * Event:   1 wall_time (double), 2 step (varint), 3 file_version (string, first record only:
 * "brain.Event:2"), 5 summary (message) Summary: 1 value, repeated: 1 tag (string), 2 simple_value (float)
 * (formats as documented in tensorflow/core/util/event.proto, summary.proto and lib/io/record_writer.h) */
#include "train/trainer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* CRC-32C (Castagnoli), reflected polynomial 0x82f63b78 (RFC 3720, B.4), four bits at a time. */
uint32_t vt__crc32c(const void *data, size_t len)
{
  uint32_t table[16], c = ~0u;
  for (uint32_t i = 0; i < 16; i++) {
    uint32_t v = i;
    for (int k = 0; k < 4; k++) v = v & 1 ? v >> 1 ^ 0x82f63b78u : v >> 1;
    table[i] = v;
  }
  for (const uint8_t *p = data, *end = p + len; p < end; p++) {
    c ^= *p;
    c = c >> 4 ^ table[c & 15];
    c = c >> 4 ^ table[c & 15];
  }
  return ~c;
}

uint32_t vt__crc32c_masked(const void *data, size_t len)
{
  uint32_t c = vt__crc32c(data, len);
  return (c >> 15 | c << 17) + 0xa282ead8u;
}

/* Little-endian bytes at the end of a fixed buffer that is always large enough (tags are cut to 128 bytes).
 */
struct bytes {
  uint8_t v[512];
  size_t n;
};

static void put_le(struct bytes *b, uint64_t x, int n)
{
  for (int i = 0; i < n; i++) b->v[b->n++] = (uint8_t)(x >> 8 * i);
}

static void put_varint(struct bytes *b, uint64_t x)
{
  for (; x >= 128; x >>= 7) b->v[b->n++] = (uint8_t)(x | 128);
  b->v[b->n++] = (uint8_t)x;
}

static void put_bytes(struct bytes *b, int field, const void *data, size_t len)
{
  put_varint(b, (uint64_t)field << 3 | 2);
  put_varint(b, len);
  memcpy(b->v + b->n, data, len);
  b->n += len;
}

static void put_wall_time(struct bytes *b)
{
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  double seconds = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
  uint64_t bits;
  memcpy(&bits, &seconds, 8);
  b->v[b->n++] = 1 << 3 | 1;
  put_le(b, bits, 8);
}

static int put_record(struct vt_tensorboard *t, const struct bytes *event, struct vt_err *e)
{
  struct bytes r = {.n = 0};
  put_le(&r, event->n, 8);
  put_le(&r, vt__crc32c_masked(r.v, 8), 4);
  memcpy(r.v + r.n, event->v, event->n);
  r.n += event->n;
  put_le(&r, vt__crc32c_masked(event->v, event->n), 4);
  return fwrite(r.v, 1, r.n, t->f) == r.n ? 0 : vt_fail_errno(e, t->path);
}

int vt__tensorboard_open(struct vt_tensorboard *t, const char *dir, const char *name, int64_t length,
                         struct vt_err *e)
{
  int rc = 0;
  *t = (struct vt_tensorboard){0};
  t->path = vt_path_join(NULL, dir, name);
  if (!t->path) return vt_fail(e, VT_ENOMEM, "%s: out of memory", name);
  if (vt_file_size(t->path) < length) length = 0; /* lost or cut by somebody: begin anew */
  t->f = fopen(t->path, length ? "r+be" : "wbe");
  if (!t->f || (length && (ftruncate(fileno(t->f), length) || fseeko(t->f, length, SEEK_SET))))
    rc = vt_fail_errno(e, t->path);
  if (!rc && !length) {
    struct bytes b = {.n = 0};
    put_wall_time(&b);
    put_bytes(&b, 3, "brain.Event:2", 13);
    rc = put_record(t, &b, e);
  }
  if (rc) vt__tensorboard_close(t);
  return rc;
}

int vt__tensorboard_scalar(struct vt_tensorboard *t, const char *tag, int64_t step, double value,
                           struct vt_err *e)
{
  struct bytes v = {.n = 0}, s = {.n = 0}, b = {.n = 0};
  float f = (float)value;
  uint32_t bits;
  memcpy(&bits, &f, 4);
  put_bytes(&v, 1, tag, strnlen(tag, 128));
  v.v[v.n++] = 2 << 3 | 5;
  put_le(&v, bits, 4);
  put_bytes(&s, 1, v.v, v.n);
  put_wall_time(&b);
  b.v[b.n++] = 2 << 3;
  put_varint(&b, (uint64_t)step);
  put_bytes(&b, 5, s.v, s.n);
  return put_record(t, &b, e);
}

int vt__tensorboard_flush(struct vt_tensorboard *t, int64_t *length, struct vt_err *e)
{
  if (fflush(t->f)) return vt_fail_errno(e, t->path);
  *length = ftello(t->f);
  return 0;
}

void vt__tensorboard_close(struct vt_tensorboard *t)
{
  if (t->f) fclose(t->f);
  vt_free(t->path);
  *t = (struct vt_tensorboard){0};
}
