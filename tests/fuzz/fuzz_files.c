/* The folder of a fuzzer and its files. */
#include "fuzz/fuzz_files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz_labels.h"

static char root[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  return remove(path);
}

static void leave(void)
{
  vt_fuzz_end();
  if (*root) nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  *root = 0;
}

void vt_fuzz_root(void)
{
  const char *shm = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
  snprintf(root, sizeof root, "%s/vitrine-fuzz-XXXXXX", shm);
  vt_fuzz_check(mkdtemp(root) != NULL, "folder");
  atexit(leave);
}

bool vt_fuzz_rooted(void)
{
  return *root;
}

const char *vt_fuzz_path(const char *sub)
{
  static char path[2][200];
  static int next;
  next = !next;
  snprintf(path[next], sizeof path[next], "%s/%s", root, sub);
  return path[next];
}

void vt_fuzz_check(bool ok, const char *what)
{
  if (ok) return;
  fprintf(stderr, "fuzz: %s\n", what);
  abort();
}

void vt_fuzz_put(const char *name, const void *data, size_t n)
{
  FILE *f = fopen(vt_fuzz_path(name), "w");
  vt_fuzz_check(f != NULL, name);
  vt_fuzz_check(fwrite(data, 1, n, f) == n, name);
  vt_fuzz_check(!fclose(f), name);
}

void vt_fuzz_remove(const char *sub)
{
  nftw(vt_fuzz_path(sub), remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void vt_fuzz_split(const char *const name[VT_FUZZ_FILES], const uint8_t *data, size_t size)
{
  for (int k = 0; k < VT_FUZZ_FILES && name[k]; k++) {
    const bool last = k + 1 == VT_FUZZ_FILES || !name[k + 1];
    const uint8_t *end = last || !size ? NULL : memchr(data, VT_FUZZ_SEPARATOR, size);
    const size_t n = end ? (size_t)(end - data) : size;
    if (size || !k)
      vt_fuzz_put(name[k], data, n);
    else
      unlink(vt_fuzz_path(name[k]));
    data += n;
    size -= n;
    if (size && end) {
      data++;
      size--;
    }
  }
}

int vt_fuzz_forced(int n, const char *(*name)(int k))
{
  const char *wanted = getenv("VITRINE_FUZZ_FORMAT");
  int forced = -1;
  for (int k = 0; wanted && k < n; k++)
    if (!strcmp(wanted, name(k))) forced = k;
  vt_fuzz_check(!wanted || forced >= 0, "VITRINE_FUZZ_FORMAT names no format");
  return forced;
}
