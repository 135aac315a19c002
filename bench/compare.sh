#!/bin/sh
# Ours against onnxruntime and PyTorch, interleaved, in f32 and in the processor's best precision:
#   ORT_HOME=FOLDER_OF_NODE_MODULES bench/compare.sh build/vitrine FOLDER_OF_MODELS [BATCH]
# Models come from bench/export_models.py. With 2 threads, or VITRINE_THREADS; ROUNDS (3) of SECONDS_EACH (2). On a
# machine that is busy: PROCESSOR_TIME=yes VITRINE_THREADS=1. PyTorch takes part where Debian's python3-torchvision is
# installed and knows the network.
# One line each: model, median ms of onnxruntime, PyTorch and ours, and ratio = the faster of these two / ours. Where the
# best precision is f32, its columns are empty. Then what loading takes: milliseconds to read and to compile, and the
# process's peak of memory in MB beside the limit that docs/PERFORMANCE.md sets for it.
set -eu
program=$1 folder=$2 batch=${3:-1}
here=$(dirname "$0")
threads=${VITRINE_THREADS:-2} rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-2}
export VITRINE_THREADS="$threads"
median() { tr ' ' '\n' | sed '/^$/d' | sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'; }
field() { printf '%s\n' "$1" | sed -n 's/.*"'"$2"'": *"\{0,1\}\([a-z0-9.]*\).*/\1/p'; }
ours() { "$program" model bench "$1" --json ${PROCESSOR_TIME:+--processor-time} --seconds "$seconds" --precision "$2" --shape "image=$batch,3,$3,$3"; }
torch() { /usr/bin/python3 "$here/pytorch.py" "$1" "$batch" "$2" "$seconds" "$threads" 2>/dev/null || true; }
printf '%-16s %5s %9s %9s %9s %6s %9s %6s %7s %7s %6s %6s\n' model batch ort_ms torch_ms f32_ms ratio auto_ms ratio read compile peak limit
for model in "$folder"/*.onnx; do
  name=$(basename "$model" .onnx) side=224
  case $name in inception_v3) side=299 ;; efficientnet_b7) side=600 ;; esac
  a='' t='' b='' c='' read='' compile=''
  for _ in $(seq "$rounds"); do
    a="$a $(node "$here/onnxruntime.mjs" "$model" "$batch" $side "$seconds" "$threads")"
    t="$t $(torch "$name" $side)"
    json=$(ours "$model" f32 $side)
    b="$b $(field "$json" median_ms)" read="$read $(field "$json" read_ms)" compile="$compile $(field "$json" compile_ms)"
    peak=$(field "$json" peak_rss) limit=$(field "$json" peak_limit)
    [ "$c" = - ] || { json=$(ours "$model" auto $side) && c="$c $(field "$json" median_ms)"; }
    [ "$(field "$json" precision)" != f32 ] || c=-
  done
  echo "$name $batch $(echo "$a" | median) $(echo "$t" | median) $(echo "$b" | median) $(echo "$c" | median) \
    $(echo "$read" | median) $(echo "$compile" | median) $peak $limit"
done | awk '{
  peer = $4 != "-" && $4 + 0 < $3 + 0 ? $4 : $3
  printf "%-16s %5d %9s %9s %9.2f %6.2f %9s %6s %7.1f %7.1f %6.1f %6.1f\n", $1, $2, $3, $4, $5, peer / $5, $6,
    $6 == "-" ? "-" : sprintf("%.2f", peer / $6), $7, $8, $9 / 1e6, $10 / 1e6
  fflush()
}'
