#!/bin/sh
# tools/fuzz.sh FORMAT SECONDS: fuzzes one reader (tests/fuzz/) with clang's libFuzzer and sanitizers.
# New inputs gather in build-fuzz/corpus/FORMAT; a crash stays as build-fuzz/FORMAT-crash-*.
set -eu
cd "$(dirname "$0")/.."
[ $# = 2 ] || { echo "usage: tools/fuzz.sh FORMAT SECONDS"; exit 2; }
command -v clang >/dev/null || { echo "clang is missing: make deps-check"; exit 1; }
[ -f build-fuzz/build.ninja ] || CC="${CCACHE:-} clang" meson setup -Dfuzz=true build-fuzz >/dev/null
case $1 in
  fetch-* | index-csv | group-map | policy | recipe | scores) program=fuzz_tables ;;
  *) program=fuzz_labels ;;
esac
ninja -C build-fuzz -j "${JOBS:-1}" tests/$program >build-fuzz/log 2>&1 || { grep -E 'error|FAILED' build-fuzz/log; exit 1; }
dir=build-fuzz/corpus/$1
mkdir -p "$dir"
for f in tests/fuzz/corpus/"$1"-seed* tests/fuzz/corpus/"$1"-found* tests/fuzz/corpus/"$1"-made*; do
  if [ -f "$f" ]; then cp "$f" "$dir"; fi
done
dictionary=tests/fuzz/words.dict
OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 VITRINE_FUZZ_FORMAT="$1" \
  build-fuzz/tests/$program -max_total_time="$2" -max_len=4096 -timeout=60 -rss_limit_mb=2048 -dict="$dictionary" \
  -artifact_prefix="build-fuzz/$1-" -print_final_stats=1 "$dir"
