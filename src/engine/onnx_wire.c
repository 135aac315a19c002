/* The wire format of an ONNX file, walked once before protobuf-c sees it.
 *
 * The walk follows protobuf-c's own descriptors. It checks every length and tag, bounds nesting (protobuf-c
 * recurses without a limit), names the place of damage ("graph.initializer[3]"), and writes a skeleton: the
 * same message with the bytes of tensors replaced by their offset and length in the file, and without fields
 * nobody reads. So a file's weights are never copied, and memory stays near the file's size (unpacking whole
 * files doubles it).
 *
 * Encoding: https://protobuf.dev/programming-guides/encoding. Fields that may be read by reference: raw_data,
 * and float_data and double_data when packed in one piece, whose bytes are those of raw_data. */
#include <stdio.h>
#include <string.h>
#include "engine/onnx_priv.h"

enum {
  MAX_DEPTH = 64,
  MAX_SKELETON = 1 << 28,
  MAX_FIELDS_OF_MESSAGE = 32, /* ONNX's largest message has 18 */
  SMALL_PACKED = 4096,        /* packed numbers below this many bytes are left to protobuf-c */
};

struct level {
  const char *field;
  int index; /* -1: not repeated */
};

struct walker {
  const struct vt__onnx_file *f;
  struct vt_buf *out;
  struct level path[MAX_DEPTH];
  struct vt_err *e;
};

static int damaged(const struct walker *w, int depth, size_t at, const char *what)
{
  char place[256] = "";
  size_t n = 0;
  for (int i = 1; i <= depth && n < sizeof place; i++) {
    n += (size_t)snprintf(place + n, sizeof place - n, "%s%s", i > 1 ? "." : "", w->path[i].field);
    if (w->path[i].index >= 0 && n < sizeof place)
      n += (size_t)snprintf(place + n, sizeof place - n, "[%d]", w->path[i].index);
  }
  return vt_fail(w->e, VT_EFORMAT, "%s: cut off or damaged at byte %zu%s%s: %s", w->f->path, at,
                 *place ? ", in " : "", place, what);
}

/* A varint at *at; false at the end of the data or when longer than 10 bytes. */
static bool varint(const uint8_t *p, size_t end, size_t *at, uint64_t *v)
{
  *v = 0;
  for (int shift = 0; shift < 70 && *at < end; shift += 7) {
    uint8_t b = p[(*at)++];
    *v |= shift < 64 ? (uint64_t)(b & 0x7f) << shift : 0;
    if (!(b & 0x80)) return true;
  }
  return false;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *d, uint64_t number,
                                                unsigned *index)
{
  const ProtobufCFieldDescriptor *f =
      number <= INT32_MAX ? protobuf_c_message_descriptor_get_field(d, (unsigned)number) : NULL;
  if (f) *index = (unsigned)(f - d->fields);
  return f;
}

/* Fields that are left out of the skeleton: training graphs and functions. */
static bool unread(const ProtobufCMessageDescriptor *d, uint64_t number)
{
  return d == &onnx__model_proto__descriptor && (number == 20 || number == 25);
}

static bool by_reference(const ProtobufCMessageDescriptor *d, uint64_t number, uint64_t len)
{
  if (d != &onnx__tensor_proto__descriptor) return false;
  return number == 9 || ((number == 4 || number == 10) && len >= SMALL_PACKED);
}

static void put_span(struct vt_buf *out, uint64_t offset, uint64_t len)
{
  struct vt__onnx_span span = {offset, len};
  vt_buf_addc(out, 9 << 3 | 2);
  vt_buf_addc(out, (char)sizeof span);
  vt_buf_add(out, &span, sizeof span);
}

/* Lengths of rewritten messages take five bytes, so that they can be filled in afterwards. */
static void patch_length(struct vt_buf *out, size_t at)
{
  size_t len = out->len - at - 5;
  for (int i = 0; i < 5; i++)
    out->data[at + (size_t)i] = (char)((len >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0));
}

/* Where the value of a field ends, 0 if that is beyond `end` or the wire type is not one of protobuf's four.
 * For length-delimited fields *body is where the bytes start. */
static size_t value_end(const uint8_t *p, size_t at, size_t end, unsigned wire, size_t *body)
{
  uint64_t v;
  *body = at;
  switch (wire) {
  case 0: return varint(p, end, &at, &v) ? at : 0;
  case 1: return end - at >= 8 ? at + 8 : 0;
  case 5: return end - at >= 4 ? at + 4 : 0;
  case 2:
    if (!varint(p, end, &at, &v) || v > end - at) return 0;
    *body = at;
    return at + (size_t)v;
  default: return 0;
  }
}

static int walk(struct walker *w, const ProtobufCMessageDescriptor *d, size_t at, size_t end, int depth)
{
  const uint8_t *p = w->f->data;
  int count[MAX_FIELDS_OF_MESSAGE] = {0};
  bool spanned = false;
  if (depth + 1 >= MAX_DEPTH) return damaged(w, depth, at, "messages nested too deeply");
  while (at < end) {
    size_t start = at, body;
    uint64_t tag;
    unsigned k = 0;
    if (!varint(p, end, &at, &tag) || !(tag >> 3)) return damaged(w, depth, start, "no field starts here");
    unsigned wire = (unsigned)(tag & 7);
    size_t tag_end = at;
    size_t next = value_end(p, at, end, wire, &body);
    if (!next)
      return damaged(w, depth, start, wire == 2 ? "a field is longer than what is left" : "bad field");
    at = next;
    const ProtobufCFieldDescriptor *f = field_of(d, tag >> 3, &k);
    if (!f || unread(d, tag >> 3) || k >= MAX_FIELDS_OF_MESSAGE) continue;
    if (wire == 2 && by_reference(d, tag >> 3, next - body)) {
      if (spanned) return damaged(w, depth, start, "a tensor's data is given twice");
      spanned = true;
      put_span(w->out, body, next - body);
    } else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
      bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
      if (wire != 2) return damaged(w, depth, start, "a message was expected");
      if (!repeated && count[k])
        return damaged(w, depth, start, "a part that may be there once is there twice");
      w->path[depth + 1] = (struct level){f->name, repeated ? count[k] : -1};
      count[k]++;
      vt_buf_add(w->out, p + start, tag_end - start);
      size_t patch = w->out->len;
      vt_buf_add(w->out, "\0\0\0\0\0", 5);
      int rc = walk(w, f->descriptor, body, next, depth + 1);
      if (rc) return rc;
      if (!w->out->failed) patch_length(w->out, patch);
    } else {
      vt_buf_add(w->out, p + start, next - start);
    }
    if (w->out->failed) return vt_fail(w->e, VT_ENOMEM, "%s: out of memory", w->f->path);
    if (w->out->len > MAX_SKELETON)
      return vt_fail(w->e, VT_ELIMIT, "%s: over %d MiB besides its weights", w->f->path, MAX_SKELETON >> 20);
  }
  return 0;
}

int vt__onnx_skeleton(const struct vt__onnx_file *f, const ProtobufCMessageDescriptor *d, struct vt_buf *out,
                      struct vt_err *e)
{
  struct walker w = {.f = f, .out = out, .e = e};
  return walk(&w, d, 0, f->len, 0);
}

/* protobuf-c's memory: an arena with a budget, since two bytes of a file can become a struct of 200. */
static void *give(void *ctx, size_t size)
{
  struct vt__onnx_file *f = ctx;
  if (size > f->budget) return NULL;
  f->budget -= size;
  return vt_arena_alloc(&f->arena, size);
}

static void take_back(void *ctx, void *p) {}

int vt__onnx_open(struct vt__onnx_file *f, const char *path, const ProtobufCMessageDescriptor *d,
                  ProtobufCMessage **out, struct vt_err *e)
{
  *f = (struct vt__onnx_file){.path = path};
  vt_arena_init(&f->arena);
  struct vt_map m;
  int rc = vt_map_open(&m, path, e);
  if (rc) return rc;
  f->data = m.data;
  f->len = m.len;
  f->storage = vt__storage_of_map(&m, e);
  if (!f->storage) return VT_ENOMEM;
  if (f->len > (size_t)1 << 31) return vt_fail(e, VT_ELIMIT, "%s: larger than 2^31 bytes", path);
  if (!f->len) return vt_fail(e, VT_EFORMAT, "%s: the file is empty", path);
  struct vt_buf skeleton;
  vt_buf_init(&skeleton);
  rc = vt__onnx_skeleton(f, d, &skeleton, e);
  if (!rc) {
    f->budget = ((size_t)1 << 20) + VT_MIN(skeleton.len * 128, (size_t)1 << 31);
    ProtobufCAllocator a = {give, take_back, f};
    *out =
        protobuf_c_message_unpack(d, &a, skeleton.len, (const uint8_t *)(skeleton.data ? skeleton.data : ""));
    if (!*out) rc = vt_fail(e, VT_EFORMAT, "%s: not an ONNX file, damaged, or too large", path);
  }
  vt_buf_clear(&skeleton);
  return rc;
}

void vt__onnx_close(struct vt__onnx_file *f)
{
  for (struct vt__onnx_external *x = f->external; x; x = x->next) vt__storage_put(x->storage);
  vt_arena_clear(&f->arena);
  vt__storage_put(f->storage);
  f->storage = NULL;
}
