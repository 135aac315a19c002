#!/bin/sh
# make bench: time of both models on this machine, and training throughput of the same networks in PyTorch where
# Debian's python3-torch is installed (make deps-dev).
set -eu
program=$1
here=$(cd "$(dirname "$0")/.." && pwd)
case $program in /*) ;; *) program=$here/$program ;; esac
cd "$here"
"$program" model bench models/embed.onnx --batch 8
"$program" model bench models/segment.onnx --batch 1 --shape image=1,3,384,256
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
  /usr/bin/python3 bench/train_peer.py --net embed
  /usr/bin/python3 bench/train_peer.py --net segment
else
  echo "python3-torch is not installed: no comparison (make deps-dev)"
fi
