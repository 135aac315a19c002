/* tiny_models DIR: writes what the shell tests work on: models/ (segment.onnx, embed.onnx), other/embed.onnx
 * (another embedding model), photo.png (a figure in red top and blue pants), shop/0.png … 8.png with
 * shop.csv. */
#include "tiny_models.h"

#include <stdlib.h>
#include <sys/stat.h>

static int write_world(struct vt_arena *a, const char *dir, struct vt_err *e)
{
  static const uint32_t colour[] = {0xff0000, 0x0000ff, 0x00ff00};
  static const char *const group[] = {"top", "pants", "dress"};
  static const char *const folder[] = {"", "models", "other", "shop"};
  struct vt_buf csv;
  vt_buf_init(&csv);
  int rc = 0;
  for (size_t i = 0; i < VT_COUNT(folder); i++) rc = rc ? rc : vt_mkdirs(vt_path_join(a, dir, folder[i]), e);
  if (!rc) rc = tiny_segmenter(vt_path_join(a, dir, "models/segment.onnx"), e);
  if (!rc) rc = tiny_embedder(vt_path_join(a, dir, "models/embed.onnx"), 0, e);
  if (!rc) rc = tiny_embedder(vt_path_join(a, dir, "other/embed.onnx"), 1, e);
  if (!rc) rc = tiny_photo(vt_path_join(a, dir, "photo.png"), e);
  vt_buf_adds(&csv, "id,image,title,group,colour\n");
  for (int i = 0; i < 9 && !rc; i++) {
    rc = tiny_picture(vt_arena_printf(a, "%s/shop/%d.png", dir, i), colour[i % 3], i, e);
    vt_buf_addf(&csv, "%d,%d.png,Product %d,%s,%s\n", i, i, i, group[i % 3],
                (const char *[]){"Red", "Blue", "Green"}[i % 3]);
  }
  if (!rc) rc = vt_file_write_atomic(vt_path_join(a, dir, "shop/shop.csv"), csv.data, csv.len, e);
  vt_buf_clear(&csv);
  return rc;
}

int main(int argc, char **argv)
{
  struct vt_arena a;
  struct vt_err e = {0};
  if (argc != 2) {
    fprintf(stderr, "usage: tiny_models DIR\n");
    return 2;
  }
  vt_arena_init(&a);
  int rc = write_world(&a, argv[1], &e);
  if (rc) fprintf(stderr, "tiny_models: %s\n", e.msg);
  vt_arena_clear(&a);
  return rc != 0;
}
