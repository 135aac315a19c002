/* Plain loops from any layout and dtype to any other: what reorder steps run where no kernel takes them.
 *
 * Everything goes through f32 rows of one channel block, so that layout and dtype need no table of pairs. */
#include <string.h>
#include "engine/program_impl.h"

size_t vt__stored_bytes(const struct vt_value *v, enum vt_dtype dtype, int block)
{
  size_t n = (size_t)vt_dims_count(v->rank, v->dim);
  if (block > 0 && v->rank == 4 && v->dim[1] > 0)
    n = n / (size_t)v->dim[1] * (size_t)((v->dim[1] + block - 1) / block * block);
  return n * vt_dtype_size(dtype);
}

/* Element (n, c, 0, 0) and the distance between pixels. */
struct lie {
  int64_t at, step;
};
static struct lie lie_of(int block, int64_t n, int64_t c, int64_t channels, int64_t pixels)
{
  if (block == VT_PLAIN) return (struct lie){(n * channels + c) * pixels, 1};
  if (block == VT_NHWC) return (struct lie){n * channels * pixels + c, channels};
  int64_t groups = (channels + block - 1) / block;
  return (struct lie){((n * groups + c / block) * pixels) * block + c % block, block};
}

static void zero_tail(const struct vt_value *v, void *out, enum vt_dtype to, int block, int64_t pixels)
{
  int64_t channels = v->dim[1], groups = (channels + block - 1) / block;
  size_t size = vt_dtype_size(to);
  if (channels % block == 0) return;
  for (int64_t n = 0; n < v->dim[0]; n++)
    memset((char *)out + (size_t)((n + 1) * groups - 1) * (size_t)(pixels * block) * size, 0,
           (size_t)(pixels * block) * size);
}

/* A tile of pixels × up to 16 channels at a time: both sides are then walked in cache lines. */
enum { TILE = 256 };

static void move_f32(const float *in, struct lie a, float *out, struct lie b, int64_t pixels)
{
  const float *s = in + a.at;
  float *d = out + b.at;
  if (a.step == 1 && b.step == 1)
    memcpy(d, s, (size_t)pixels * sizeof *d);
  else
    for (int64_t i = 0; i < pixels; i++) d[i * b.step] = s[i * a.step];
}

static void move_any(const uint8_t *in, enum vt_dtype from, struct lie a, uint8_t *out, enum vt_dtype to,
                     struct lie b, int64_t pixels)
{
  size_t sf = vt_dtype_size(from), st = vt_dtype_size(to);
  uint64_t wide[TILE], narrow[TILE]; /* of any element size */
  for (int64_t p = 0; p < pixels; p += TILE) {
    int64_t n = VT_MIN((int64_t)TILE, pixels - p);
    for (int64_t i = 0; i < n; i++)
      memcpy((uint8_t *)wide + (size_t)i * sf, in + (size_t)(a.at + (p + i) * a.step) * sf, sf);
    if (from != to) vt_convert(from, wide, to, narrow, n);
    const uint8_t *done = (const uint8_t *)(from != to ? narrow : wide);
    for (int64_t i = 0; i < n; i++)
      memcpy(out + (size_t)(b.at + (p + i) * b.step) * st, done + (size_t)i * st, st);
  }
}

void vt__reorder(const struct vt_value *v, const void *in, enum vt_dtype from, int block_in, void *out,
                 enum vt_dtype to, int block_out)
{
  if (v->rank != 4) block_in = block_out = VT_PLAIN;
  if (block_in == block_out) {
    int64_t n = (int64_t)(vt__stored_bytes(v, from, block_in) / vt_dtype_size(from));
    if (from == to)
      memcpy(out, in, (size_t)n * vt_dtype_size(from));
    else
      vt_convert(from, in, to, out, n);
    return;
  }
  int64_t batch = v->dim[0], channels = v->dim[1], pixels = v->dim[2] * v->dim[3];
  if (batch <= 0 || channels <= 0 || pixels <= 0) return;
  if (block_out > 0) zero_tail(v, out, to, block_out, pixels);
  /* One task: a run of pixels over 16 channels, so that strided sides share cache lines between its channels.
   */
  int64_t groups = (channels + 15) / 16, runs = (pixels + TILE - 1) / TILE;
#pragma omp parallel for collapse(3) schedule(static) if (batch * channels * pixels > 65536)
  for (int64_t n = 0; n < batch; n++)
    for (int64_t g = 0; g < groups; g++)
      for (int64_t r = 0; r < runs; r++)
        for (int64_t c = g * 16; c < VT_MIN(channels, g * 16 + 16); c++) {
          struct lie a = lie_of(block_in, n, c, channels, pixels),
                     b = lie_of(block_out, n, c, channels, pixels);
          a.at += r * TILE * a.step;
          b.at += r * TILE * b.step;
          int64_t len = VT_MIN((int64_t)TILE, pixels - r * TILE);
          if (from == VT_F32 && to == VT_F32)
            move_f32(in, a, out, b, len);
          else
            move_any(in, from, a, out, to, b, len);
        }
}
