#!/bin/sh
# Ours against onnxruntime, interleaved, in f32 and in the processor's best precision:
#   ORT_HOME=FOLDER_OF_NODE_MODULES bench/compare.sh build/vitrine FOLDER_OF_MODELS [BATCH]
# With 2 threads, or VITRINE_THREADS. On a machine that is busy: PROCESSOR_TIME=yes VITRINE_THREADS=1.
# Models come from bench/export_models.py. One line each: model, onnxruntime's median ms, ours, ratio.
set -eu
program=$1 folder=$2 batch=${3:-1}
here=$(dirname "$0")
threads=${VITRINE_THREADS:-2} rounds=3 seconds=2
export VITRINE_THREADS="$threads"
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ours() { "$program" model bench "$1" --json ${PROCESSOR_TIME:+--processor-time} --seconds $seconds --precision "$2" --shape "image=$batch,3,$3,$3" |
  sed 's/.*"median_ms": *\([0-9.]*\).*/\1/'; }
printf '%-24s %5s %10s %10s %7s %10s %7s\n' model batch ort_ms f32_ms ratio auto_ms ratio
for model in "$folder"/*.onnx; do
  side=224
  case $model in *inception_v3*) side=299 ;; *efficientnet_b7*) side=600 ;; esac
  a= b= c=
  for round in $(seq $rounds); do
    a="$a $(node "$here/onnxruntime.mjs" "$model" "$batch" $side $seconds $threads)"
    b="$b $(ours "$model" f32 $side)"
    c="$c $(ours "$model" auto $side)"
  done
  a=$(printf '%s\n' $a | median) b=$(printf '%s\n' $b | median) c=$(printf '%s\n' $c | median)
  awk -v m="$(basename "$model" .onnx)" -v n="$batch" -v a="$a" -v b="$b" -v c="$c" \
    'BEGIN { printf "%-24s %5d %10.2f %10.2f %7.2f %10.2f %7.2f\n", m, n, a, b, a / b, c, a / c }'
done
