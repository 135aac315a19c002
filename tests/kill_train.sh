#!/bin/sh
# kill_train.sh [KILLS]: kills a training run with -9 at random moments, KILLS times in all (default 5), starting it
# again each time, until it is done; the models must be those of a run that nobody disturbed. When a run ends before all
# kills were dealt, another one begins. VITRINE_PROGRAM names the built program; the toy task lies beside it.
set -eu
kills=${1:-5}
program=$(dirname "${VITRINE_PROGRAM:-build/vitrine}")/tests/test_trainer
dir=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-kill-train-XXXXXX")
trap 'rm -rf "$dir"' EXIT INT TERM
keys="epochs=4 toy.count=200 toy.delay_us=4000 checkpoint_steps=3"

start=$(date +%s%N)
"$program" run "$dir/whole" $keys 2>"$dir/log" || { cat "$dir/log"; exit 1; }
took=$((($(date +%s%N) - start) / 1000000))
done_kills=0
runs=0
while [ "$done_kills" -lt "$kills" ]; do
  runs=$((runs + 1))
  out="$dir/run$runs"
  while :; do
    "$program" run "$out" $keys 2>"$dir/log" &
    pid=$!
    if [ "$done_kills" -lt "$kills" ]; then
      # up to two thirds of what a run takes on this machine, from the system's random numbers
      sleep "$(od -An -N2 -tu2 /dev/urandom | awk -v ms="$took" '{ printf "%.3f", $1 / 65536 * ms / 1500 }')"
      if kill -9 "$pid" 2>/dev/null; then done_kills=$((done_kills + 1)); fi
    fi
    rc=0
    wait "$pid" 2>/dev/null || rc=$?
    if [ "$rc" -eq 0 ]; then break; fi
    if [ "$rc" -ne 137 ]; then
      cat "$dir/log"
      echo "not ok: exit code $rc after $done_kills kills"
      exit 1
    fi
  done
  for model in best.onnx last.onnx; do
    cmp "$dir/whole/$model" "$out/$model" || { echo "not ok: $model differs after $done_kills kills"; exit 1; }
  done
  rm -rf "$out"
done
echo "ok $done_kills kills in $runs runs, the same models each time"
