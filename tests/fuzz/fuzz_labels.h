/* What the fuzzer feeds, and what the replay of its corpus feeds again. */
#ifndef VT_TESTS_FUZZ_LABELS_H
#define VT_TESTS_FUZZ_LABELS_H

#include <stddef.h>
#include <stdint.h>

/* data[0]: format, and lenient from 128 on. The rest: the format's files in the order of fuzz_labels.c, with
 * byte 30 (record separator) between them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int vt_fuzz_formats(void);         /* how many there are */
const char *vt_fuzz_format(int k); /* name of number k */
void vt_fuzz_end(void);            /* gives back what the formats hold */

#endif
