/* What fuzzing once found, and the seeds it began from: every file of the corpus is read as every format,
 * strict and lenient, whole and cut short. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "fuzz/fuzz_labels.h"

static int each(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  char *data;
  size_t n;
  int *files = ctx, rc = vt_file_read(path, 1 << 20, &data, &n, e);
  if (rc) return rc;
  const uint8_t first = n ? (uint8_t)data[0] : 0;
  for (int k = 0; k < vt_fuzz_formats() && n; k++)
    for (int lenient = 0; lenient < 2; lenient++) {
      const bool own = k == (first & 127) % vt_fuzz_formats();
      data[0] = (char)(k | lenient << 7);
      for (size_t cut = 0; cut < (own ? 4 : 1); cut++)
        LLVMFuzzerTestOneInput((const uint8_t *)data, n - n * cut / 5);
    }
  vt_free(data);
  ++*files;
  return 0;
}

int main(int argc, char **argv)
{
  struct vt_err e = {0};
  int files = 0;
  if (argc == 2 && !vt_walk(argv[1], each, &files, &e) && files) {
    printf("%d files, %d formats\n", files, vt_fuzz_formats());
    return 0;
  }
  fprintf(stderr, "%s\n", e.code ? e.msg : "usage: replay CORPUS (with files)");
  return 1;
}
