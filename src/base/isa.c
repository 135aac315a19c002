/* Which instruction sets we use: what the processor and the system allow, capped by VITRINE_MAX_ISA. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
  const char *name, *onednn, *openblas;
} table[] = {
    [VT_ISA_BASE] = {"base", "SSE41", "Prescott"},
    [VT_ISA_SSE41] = {"sse41", "SSE41", "Nehalem"},
    [VT_ISA_AVX2] = {"avx2", "AVX2", "Haswell"},
    [VT_ISA_AVX512] = {"avx512", "AVX512_CORE", "SkylakeX"},
    [VT_ISA_AVX512_BF16] = {"avx512_bf16", "AVX512_CORE_BF16", "Cooperlake"},
    [VT_ISA_AMX] = {"amx", NULL, NULL},
};

const char *vt_isa_name(enum vt_isa isa)
{
  return table[isa].name;
}

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t xcr0(void)
{
  uint32_t lo, hi;
  __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (uint64_t)hi << 32 | lo;
}

/* CPUID leaves 1 and 7 (Intel SDM vol. 2A); XCR0 says which register files the system saves. */
static enum vt_isa detect(void)
{
  uint32_t a, b, c, d, a7 = 0, b7 = 0, c7, d7 = 0, a71 = 0, x, y, z;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1)) return VT_ISA_BASE;
  bool osxsave = c & bit_OSXSAVE, fma = c & bit_FMA;
  if (!__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7) || !osxsave) return VT_ISA_SSE41;
  __get_cpuid_count(7, 1, &a71, &x, &y, &z);
  uint64_t saved = xcr0();
  if ((saved & 6) != 6 || !fma || !(b7 & bit_AVX2)) return VT_ISA_SSE41;
  uint32_t core512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  if ((saved & 0xE6) != 0xE6 || (b7 & core512) != core512) return VT_ISA_AVX2;
  bool bf16 = a71 & 1u << 5, amx = (d7 & 1u << 22) && (d7 & 1u << 24) && (saved >> 17 & 3) == 3;
  return amx && bf16 ? VT_ISA_AMX : bf16 ? VT_ISA_AVX512_BF16 : VT_ISA_AVX512;
}
#else
static enum vt_isa detect(void)
{
  return VT_ISA_BASE;
}
#endif

static enum vt_isa cap(enum vt_isa isa)
{
  const char *s = getenv("VITRINE_MAX_ISA");
  for (size_t i = 0; s && i < VT_COUNT(table); i++)
    if (!strcasecmp(s, table[i].name)) return VT_MIN(isa, (enum vt_isa)i);
  if (s && *s)
    vt_log(VT_LOG_WARN, "VITRINE_MAX_ISA=%s: expected base, sse41, avx2, avx512, avx512_bf16 or amx", s);
  return isa;
}

enum vt_isa vt_isa(void)
{
  static int known = -1;
  if (known < 0) known = (int)cap(detect());
  return (enum vt_isa)known;
}

void vt_isa_init(void)
{
  enum vt_isa isa = vt_isa();
  const char *s = getenv("VITRINE_MAX_ISA");
  if (!s || !*s || !table[isa].onednn) return;
  setenv("ONEDNN_MAX_CPU_ISA", table[isa].onednn, 0);
  setenv("DNNL_MAX_CPU_ISA", table[isa].onednn, 0);
  setenv("OPENBLAS_CORETYPE", table[isa].openblas, 0);
}

const char *vt_cpu_name(void)
{
  static char name[128];
  if (*name) return name;
  char line[256];
  FILE *f = fopen("/proc/cpuinfo", "r");
  snprintf(name, sizeof name, "unknown");
  while (f && fgets(line, sizeof line, f)) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) || !colon) continue;
    colon[strcspn(colon, "\n")] = 0;
    snprintf(name, sizeof name, "%s", colon + 2);
    break;
  }
  if (f) fclose(f);
  return name;
}
