#!/bin/sh
# Runs every test of a build folder and closes with one line over all: N passed, N failed, N skipped.
# Each test program's cases are counted; a case that skips prints its reason itself.
set -u
build=$1
log=$build/tests.log
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${VITRINE_DATA:-}" ]; then
  echo "VITRINE_DATA is not set: tests on real data skip"
fi
export VITRINE_SOURCE_ROOT="$root" VITRINE_PROGRAM="$root/$build/vitrine"
case $build in /*) VITRINE_PROGRAM=$build/vitrine ;; esac
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}" UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
# Spinning costs most where anything else runs beside the tests.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
export LSAN_OPTIONS="suppressions=$root/tests/lsan.supp:print_suppressions=0"
passed=0 failed=0 skipped=0
: >"$log"
for t in "$build"/tests/test_* "$root"/tests/*.sh; do
  [ -f "$t" ] && [ -x "$t" ] || continue
  name=$(basename "$t")
  start=$(date +%s)
  out=$build/tests/$name.out
  timeout 900 "$t" >"$out" 2>&1
  code=$?
  cat "$out" >>"$log"
  p=$(grep -c '^\[       OK \]' "$out") s=$(grep -c '^\[  SKIPPED \] [a-z]' "$out") f=$(grep -c '^\[  FAILED  \] [a-z_0-9]*$' "$out")
  case $name in *.sh) p=$(grep -c '^ok ' "$out") s=$(grep -c '^skip ' "$out") f=$(grep -c '^not ok ' "$out") ;; esac
  if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  if [ $code -eq 0 ] && [ $((p + s)) -eq 0 ]; then f=1; echo "$name ran nothing" >>"$out"; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-28s %4d passed %3d failed %3d skipped %4ds\n' "$name" "$p" "$f" "$s" $(($(date +%s) - start))
  if [ "$f" -gt 0 ]; then grep -v '^\[ RUN\|^\[       OK' "$out" | tail -40; fi
  if [ "$s" -gt 0 ]; then grep -i 'skip' "$out" | grep -v '^\[  SKIPPED' | sort | uniq -c | head -5; fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
