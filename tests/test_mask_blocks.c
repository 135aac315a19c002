/* Bitmaps to runs and back by blocks of 64 x 64, against pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mask/block.h"
#include "mask/mask.h"

/* Blocks of 64 x 64: the SSE2 forms against the plain ones, those against pixels. */
static void test_blocks(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 31, 0, 0);
  for (int round = 0; round < 200; round++) {
    uint64_t w[64], turned[64];
    uint8_t px[64], a[64], b[64];
    for (int k = 0; k < 64; k++)
      turned[k] = w[k] = vt_rng_u64(&r) & (round % 2 ? vt_rng_u64(&r) : UINT64_MAX);
    vt__turn64(turned);
    for (int k = 0; k < 4096; k++) assert_int_equal(turned[k / 64] >> k % 64 & 1, w[k % 64] >> k / 64 & 1);
    for (int k = 0; k < 64; k++) {
      px[k] = (uint8_t)(vt_rng_below(&r, 3) ? vt_rng_below(&r, 256) : (uint32_t)round);
      a[k] = b[k] = (uint8_t)k;
    }
    const uint64_t same = vt__equal64(px, (uint8_t)round);
    assert_true(same == vt__equal64_plain(px, (uint8_t)round));
    assert_int_equal(vt__count64(same), __builtin_popcountll(same));
    vt__set64(a, w[0], (uint8_t)round);
    vt__set64_plain(b, w[0], (uint8_t)round);
    assert_memory_equal(a, b, sizeof a);
    for (int k = 0; k < 64; k++) {
      assert_int_equal(same >> k & 1, px[k] == (uint8_t)round);
      assert_int_equal(a[k], w[0] >> k & 1 ? (uint8_t)round : k);
    }
  }
}

/* Of every density, against runs counted pixel by pixel. */
static void test_noise(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 32, 0, 0);
  for (int round = 0; round < 60; round++) {
    const int w = 1 + (int)vt_rng_below(&r, 200), h = 1 + (int)vt_rng_below(&r, 300),
              every = 1 + (int)vt_rng_below(&r, 40);
    uint8_t *px = vt_calloc((size_t)w, (size_t)h), *back = vt_calloc((size_t)w, (size_t)h);
    for (int k = 0; k < w * h; k++) px[k] = !vt_rng_below(&r, (uint32_t)every) * 5;
    struct vt_mask m;
    assert_int_equal(vt_mask_from_bitmap(&m, px, w, h, w, NULL), 0);
    int64_t run = 0, from = 0;
    for (int64_t k = 0; k <= (int64_t)w * h; k++) {
      const bool end = k == (int64_t)w * h, set = !end && px[k % h * w + k / h];
      if (!end && set == run % 2) continue;
      assert_true(run < m.n && m.runs[run] == (uint32_t)(k - from));
      run++;
      from = k;
    }
    assert_int_equal(run, m.n);
    vt_mask_to_bitmap(&m, back, w, 5);
    assert_memory_equal(px, back, (size_t)w * (size_t)h);
    vt_mask_clear(&m);
    vt_free(px);
    vt_free(back);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_blocks), cmocka_unit_test(test_noise)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
