#!/bin/sh
# make check: layers and lists, formatting, both compilers with warnings as errors, clang-tidy, arm64.
# gcc at -O1, whose data flow its warnings need; clang's need none. The analyzer's search of paths is cut short: four
# times as fast, and what it finds it finds early.
set -eu
cd "$(dirname "$0")/.."
tools/check_layers
echo "clang-format"
git ls-files "src/*.c" "src/*.h" "tests/*.c" "tests/*.h" | xargs clang-format --dry-run -Werror
build() { # COMPILER OPTIMIZATION
  echo "$1, warnings as errors"
  dir=build-check-$1
  [ -f "$dir/build.ninja" ] || CC="${CCACHE:-} $1" meson setup -Dwerror=true -Doptimization="$2" "$dir" >/dev/null
  ninja -C "$dir" >"$dir/log" 2>&1 || { grep -E 'error|warning|FAILED' "$dir/log" | head -40; exit 1; }
}
build gcc 1
build clang 0
echo "clang-tidy"
git ls-files 'src/*.c' | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build-check-clang --extra-arg=-Xclang \
  --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=40000 \
  >build-check-clang/tidy 2>build-check-clang/tidy.log || true
if grep -E 'warning:|error:' build-check-clang/tidy; then exit 1; fi
tools/check_arm64.sh build-check-gcc
echo "check: passed"
