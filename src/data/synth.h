/* clang-format off */
/* Drawn data: a catalogue of garments, street photos of figures who wear some of them, exact label maps, and
 * which product is in which photo. Any number, fixed by the seed: same seed and sizes, same bytes, whatever
 * the threads.
 *
 * Layout of the folder:
 *
 *   products/ID.jpg   studio picture on white, 180 x 240; ID = p00000, p00001, ...
 *   products.csv      id,title,articleType,baseColour,secondColour,pattern,group,image,split
 *                     image: path in the folder; split: train or val (every tenth product)
 *   group_map.csv     key,group: articleType -> group, as `index --group-map` reads it
 *   photos/ID.jpg     400 x 600; ID = s00000, ...
 *   masks/ID.png      8-bit label map of the photo's size: number of the taxonomy's group (0 background,
 *                     1..14 garments, 15 skin, 16 hair), what is visible after occlusion; no other values
 *   pairs.csv         photo,product,group,x,y,w,h,area: one row for each product visible in a photo;
 *                     photo and product are IDs; x, y, w, h: its tight box in the photo; area: its visible
 *                     pixels. A photo has at most one product of a group, so these are box and number of the
 *                     mask's pixels of that group, and each garment group of a mask has its row.
 *   split.csv         photo,split: train or val (every fifth photo) */
/* clang-format on */
#ifndef VT_DATA_SYNTH_H
#define VT_DATA_SYNTH_H

#include "base/base.h"

struct vt_synth_opts {
  const char *out;          /* folder, made if missing; files of the same names are replaced */
  int64_t products, photos; /* at most 10 million each */
  uint64_t seed;
  int threads; /* 0: vt_threads() */
};
/* Draws and writes all of it. Interrupted: VT_EINTERRUPTED; the CSV files are written last, so their presence
 * says that the folder is whole. */
int vt_synth_write(const struct vt_synth_opts *o, struct vt_err *e);
/* Draws a table in iMaterialist's format, with label_descriptions.json beside it: only masks, no pictures. */
int vt_synth_rows(const char *path, int64_t rows, int64_t images, uint64_t seed, struct vt_err *e);

#endif
