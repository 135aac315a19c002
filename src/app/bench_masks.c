/* How fast run-length masks are: bitmaps of 1024 x 1024 to runs, runs to bitmaps, and runs to and from COCO's
 * string, on masks of three kinds. A rate counts mask pixels, a byte each. */
#include "app/bench_data.h"
#include "mask/mask.h"

#include <string.h>
#include <time.h>

enum { SIDE = 1024, PIXELS = SIDE * SIDE, KINDS = 3, MASKS = 8 };
static const char *const kind_name[KINDS] = {"garment", "detail", "noise"};

/* A body of two ellipses; cells of 8 x 8 pixels, one in eight set; single pixels, one in eight set. */
static void draw(uint8_t *px, int kind, uint64_t seed)
{
  struct vt_rng r;
  vt_rng_init(&r, seed, (uint64_t)kind, 0);
  const double cx = 400 + 200 * vt_rng_unit(&r), cy = 400 + 200 * vt_rng_unit(&r);
  if (kind == 1)
    for (int k = 0; k < PIXELS / 64; k++) px[k] = !vt_rng_below(&r, 8);
  for (int y = SIDE - 1; y >= 0; y--)
    for (int x = SIDE - 1; x >= 0; x--) { /* from behind: the cells lie at the start */
      const double u = x - cx, v = y - cy, body = u * u / 9e4 + v * v / 16e4,
                   hole = u * u / 2e3 + v * v / 9e4;
      px[y * SIDE + x] = kind == 0   ? body < 1 && hole > 1
                         : kind == 1 ? px[y / 8 * (SIDE / 8) + x / 8]
                                     : !vt_rng_below(&r, 8);
    }
}

struct timing {
  int64_t runs;
  double encode, decode, write, read; /* seconds a mask */
};

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int asked_to_stop(struct vt_err *e)
{
  return vt_interrupted() ? vt_fail(e, VT_EINTERRUPTED, "interrupted") : 0;
}

static int time_kind(struct timing *t, const uint8_t *px, uint8_t *out, int64_t masks, struct vt_err *e)
{
  struct vt_mask m[MASKS] = {{0}}, other;
  struct vt_buf text = {0};
  int rc = 0;
  double start = seconds();
  for (int64_t i = 0; i < masks && !rc; i++) {
    vt_mask_clear(&m[i % MASKS]);
    rc = vt_mask_from_bitmap(&m[i % MASKS], px + (size_t)(i % MASKS) * PIXELS, SIDE, SIDE, SIDE, e);
    if (!rc) rc = asked_to_stop(e);
  }
  t->encode = (seconds() - start) / (double)masks;
  start = seconds();
  for (int64_t i = 0; i < masks && !rc; i++) {
    memset(out, 0, PIXELS);
    vt_mask_to_bitmap(&m[i % VT_MIN(masks, MASKS)], out, SIDE, 1);
    rc = asked_to_stop(e);
  }
  t->decode = (seconds() - start) / (double)masks;
  if (!rc && memcmp(out, px + (size_t)((masks - 1) % MASKS) * PIXELS, PIXELS) != 0)
    rc = vt_fail(e, VT_ESTATE, "a mask came back with other pixels");
  t->runs = m[0].n;
  t->write = t->read = 0;
  for (int64_t i = 0; i < masks && !rc; i++) {
    text.len = 0;
    start = seconds();
    rc = vt_mask_to_coco(&m[i % VT_MIN(masks, MASKS)], &text);
    const double mid = seconds();
    t->write += (mid - start) / (double)masks;
    if (!rc)
      rc = text.failed ? vt_fail(e, VT_ENOMEM, "out of memory")
                       : vt_mask_from_coco(&other, text.data, SIDE, SIDE, e);
    t->read += (seconds() - mid) / (double)masks;
    if (!rc) vt_mask_clear(&other);
    if (!rc) rc = asked_to_stop(e);
  }
  for (int k = 0; k < MASKS; k++) vt_mask_clear(&m[k]);
  vt_buf_clear(&text);
  return rc;
}

int vt_bench_masks(struct vt_buf *out, int64_t masks, bool json, struct vt_err *e)
{
  uint8_t *px = vt_calloc(MASKS + 1, PIXELS);
  struct timing t;
  int rc = px ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !json)
    vt_buf_addf(out, "%-10s %8s %10s %10s %12s %12s   GB/s of mask pixels, one thread\n", "masks", "runs",
                "encode", "decode", "to string", "from string");
  for (int kind = 0; kind < KINDS && !rc; kind++) {
    for (int k = 0; k < MASKS; k++) draw(px + (size_t)k * PIXELS, kind, (uint64_t)k);
    if ((rc = time_kind(&t, px, px + (size_t)MASKS * PIXELS, masks, e))) break;
    const double rate[] = {PIXELS * 1e-9 / t.encode, PIXELS * 1e-9 / t.decode, PIXELS * 1e-9 / t.write,
                           PIXELS * 1e-9 / t.read};
    if (json)
      vt_buf_addf(out,
                  "%s\"%s\": {\"runs\": %lld, \"encode_gbs\": %.5g, \"decode_gbs\": %.5g, \"write_gbs\": "
                  "%.5g, \"read_gbs\": %.5g}",
                  kind ? ", " : "{", kind_name[kind], (long long)t.runs, rate[0], rate[1], rate[2], rate[3]);
    else
      vt_buf_addf(out, "%-10s %8lld %10.2f %10.2f %12.2f %12.2f\n", kind_name[kind], (long long)t.runs,
                  rate[0], rate[1], rate[2], rate[3]);
  }
  if (!rc && json) vt_buf_adds(out, "}\n");
  vt_free(px);
  return rc;
}
