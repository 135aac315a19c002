#!/bin/sh
# make check: layers and lists, formatting, both compilers with warnings as errors, clang-tidy.
set -eu
cd "$(dirname "$0")/.."
tools/check_layers
echo "clang-format"
git ls-files "src/*.c" "src/*.h" "tests/*.c" "tests/*.h" | xargs clang-format --dry-run -Werror
for cc in gcc clang; do
  echo "$cc, warnings as errors"
  dir=build-check-$cc
  [ -f $dir/build.ninja ] || CC=$cc meson setup -Dwerror=true -Doptimization=1 $dir >/dev/null
  ninja -C $dir >$dir/log 2>&1 || { grep -E 'error|warning|FAILED' $dir/log | head -40; exit 1; }
done
echo "clang-tidy"
git ls-files 'src/*.c' | grep -v '\.inc\.c$' | xargs -P "$(nproc)" -n 8 clang-tidy --quiet -p build-check-clang >build-check-clang/tidy 2>/dev/null || true
if grep -E 'warning:|error:' build-check-clang/tidy; then exit 1; fi
echo "check: passed"
