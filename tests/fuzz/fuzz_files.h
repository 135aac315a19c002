/* What the fuzzers share: a folder in memory, files split from one input, and a check that aborts. */
#ifndef VT_TESTS_FUZZ_FILES_H
#define VT_TESTS_FUZZ_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VT_FUZZ_FILES = 5, VT_FUZZ_SEPARATOR = 30, VT_FUZZ_INPUT = 1 << 16 };

/* Makes the folder; exit removes it. */
void vt_fuzz_root(void);
bool vt_fuzz_rooted(void);
/* Below the folder; two answers live at a time. */
const char *vt_fuzz_path(const char *sub);
void vt_fuzz_check(bool ok, const char *what);
void vt_fuzz_put(const char *name, const void *data, size_t n);
/* Removes a file, or a folder and what is in it. */
void vt_fuzz_remove(const char *sub);
/* The input becomes files, one for each name up to NULL; the last takes the rest. Names after the input's end
 * have no file. */
void vt_fuzz_split(const char *const name[VT_FUZZ_FILES], const uint8_t *data, size_t size);
/* The number of the name that $VITRINE_FUZZ_FORMAT says, -1 without: inputs are of this one whatever they
 * say. */
int vt_fuzz_forced(int n, const char *(*name)(int k));

#endif
