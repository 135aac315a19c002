#!/bin/sh
# Trains both models by their recipes, from a common first stage, and puts them into models/. Resumes where it was interrupted.
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
  "$program" data synth --seed 1 --products 3000 --photos 1500 -o runs/synth
fi
"$program" train recipes/pretrain.yaml --out runs/pretrain
for name in embed segment; do
  "$program" train "recipes/$name.yaml" --out "runs/$name"
  cp "runs/$name/best.onnx" "models/$name.onnx.tmp" && mv "models/$name.onnx.tmp" "models/$name.onnx"
done
ls -l models/*.onnx
