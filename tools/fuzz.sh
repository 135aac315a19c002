#!/bin/sh
# tools/fuzz.sh FORMAT SECONDS: fuzzes one reader (tests/fuzz/) with clang's libFuzzer and sanitizers. FORMAT: one of
# labels or tables (docs/FORMATS.md), or onnx, tensor (ONNX's .pb), safetensors, npy.
# New inputs gather in build-fuzz/corpus/FORMAT; a crash stays as build-fuzz/FORMAT-crash-*.
set -eu
cd "$(dirname "$0")/.."
[ $# = 2 ] || { echo "usage: tools/fuzz.sh FORMAT SECONDS"; exit 2; }
command -v clang >/dev/null || { echo "clang is missing: make deps-check"; exit 1; }
[ -f build-fuzz/build.ninja ] || CC="${CCACHE:-} clang" meson setup -Dfuzz=true build-fuzz >/dev/null
dictionary=tests/fuzz/words.dict longest=4096
case $1 in
  onnx | tensor | safetensors | npy) program=fuzz_models ;;
  fetch-* | compare-* | index-csv | group-map | policy | recipe | scores) program=fuzz_tables ;;
  *) program=fuzz_labels ;;
esac
ninja -C build-fuzz -j "${JOBS:-1}" tests/$program >build-fuzz/log 2>&1 || { grep -E 'error|FAILED' build-fuzz/log; exit 1; }
dir=build-fuzz/corpus/$1
mkdir -p "$dir"
for f in tests/fuzz/corpus/"$1"-seed* tests/fuzz/corpus/"$1"-found* tests/fuzz/corpus/"$1"-made*; do
  if [ -f "$f" ]; then cp "$f" "$dir"; fi
done
case $1 in
  onnx | tensor)
    VITRINE_FUZZ_SEEDS=build-fuzz/seeds build-fuzz/tests/$program
    dictionary=build-fuzz/seeds.dict ;;
  safetensors | npy) dictionary=tests/fuzz/$1.dict ;;
esac
if [ "$1" = onnx ]; then
  find build-fuzz/seeds -type f -size -8k -exec cp {} "$dir" \;
  longest=8192
fi
OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 VITRINE_FUZZ_FORMAT="$1" \
  build-fuzz/tests/$program -max_total_time="$2" -max_len=$longest -timeout=60 -rss_limit_mb=2048 -dict="$dictionary" \
  -artifact_prefix="build-fuzz/$1-" -print_final_stats=1 "$dir"
