/* Items out of a label map: per group, connected pieces are cleaned and merged into one wearable thing. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

void vt_items_clear(struct vt_items *it)
{
  for (int i = 0; i < it->n; i++) vt_mask_clear(&it->v[i].mask);
  it->n = 0;
}

static int by_area(const void *a, const void *b)
{
  int64_t x = vt_mask_area(&((const struct vt_item *)a)->mask),
          y = vt_mask_area(&((const struct vt_item *)b)->mask);
  return x < y ? 1 : x > y ? -1 : ((const struct vt_item *)a)->group - ((const struct vt_item *)b)->group;
}

/* Keeps the pieces of one group that are no specks: bits (H, W) gets 1 there. Returns the pixels kept or an
 * error; *score: their mean probability. */
static int64_t keep_pieces(const uint8_t *labels, const uint8_t *prob, int width, int height, int group,
                           double min_piece, int32_t *comp, uint8_t *bits, float *score, struct vt_err *e)
{
  int64_t *area = NULL, kept = 0, n = (int64_t)width * height, largest = 0, sum = 0;
  int pieces = vt_components(labels, width, height, width, (uint8_t)group, true, comp, &area, e);
  if (pieces < 0) return pieces;
  for (int i = 1; i <= pieces; i++) largest = VT_MAX(largest, area[i]);
  for (int64_t i = 0; i < n; i++) {
    bits[i] = comp[i] > 0 && (double)area[comp[i]] >= min_piece * (double)largest;
    kept += bits[i];
    if (bits[i]) sum += prob ? prob[i] : 255;
  }
  *score = kept ? (float)((double)sum / 255 / (double)kept) : 0;
  vt_free(area);
  return kept;
}

int vt_items_from_labels(struct vt_items *out, const uint8_t *labels, const uint8_t *prob, int width,
                         int height, const struct vt_item_rules *rules, struct vt_err *e)
{
  int rc = 0;
  int64_t n = (int64_t)width * height, count[256] = {0}, min_area = (int64_t)(rules->min_share * (double)n);
  out->n = 0;
  int32_t *comp = vt_reallocarray(NULL, (size_t)n, sizeof *comp); // (H, W)
  uint8_t *bits = vt_malloc((size_t)n);                           // (H, W)
  if (!comp || !bits) {
    rc = vt_fail(e, VT_ENOMEM, "items of a %dx%d label map: out of memory", width, height);
    goto out;
  }
  for (int64_t i = 0; i < n; i++) count[labels[i]]++;
  for (int g = 0; g < 64 && out->n < VT_MAX_ITEMS; g++) {
    struct vt_item *it = &out->v[out->n];
    if (!(rules->garments >> g & 1) || !count[g] || count[g] < min_area) continue;
    int64_t kept = keep_pieces(labels, prob, width, height, g, rules->min_piece, comp, bits, &it->score, e);
    if (kept < 0) {
      rc = (int)kept;
      goto out;
    }
    if (!kept || kept < min_area) continue;
    if ((rc = vt_mask_from_bitmap(&it->mask, bits, width, height, width, e))) goto out;
    it->group = g;
    it->box = vt_mask_box(&it->mask);
    out->n++;
  }
  qsort(out->v, (size_t)out->n, sizeof *out->v, by_area);
out:
  if (rc) vt_items_clear(out);
  vt_free(comp);
  vt_free(bits);
  return rc;
}
