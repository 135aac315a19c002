#!/bin/sh
# Trains both models by their recipes, from a common first stage, and puts them into models/. Resumes where it was
# interrupted. The embedding sees drawn garments as the segmentation before it found them.
set -eu
program=$1
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
case $program in /*) ;; *) program=$here/$program ;; esac
if [ -z "${VITRINE_DATA:-}" ]; then
  echo "set VITRINE_DATA to the folder with ccp/, clothing/ and products/"
  exit 1
fi
if [ ! -f runs/synth/pairs.csv ]; then
  "$program" data synth --seed 2 --products 8000 --photos 6000 -o runs/synth
fi
stage() { "$program" train "recipes/$1.yaml" --out "runs/$1"; }
# The last model, not the best: held-out figures of few pictures differ by chance at the end of a schedule.
keep() { cp "runs/$1/last.onnx" "models/$1.onnx.tmp" && mv "models/$1.onnx.tmp" "models/$1.onnx"; }
stage pretrain
stage segment_base
stage segment
keep segment
if [ ! -f runs/found/done ]; then
  mkdir -p runs/found
  "$program" segment --labels runs/found runs/synth/photos/*.jpg >runs/found.log
  touch runs/found/done
fi
stage embed
keep embed
ls -l models/*.onnx
