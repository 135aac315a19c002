#!/bin/sh
# Small models of opsets 7 to 21 that the ONNX suite lacks, with onnxruntime's answers (tests/fixtures/opset/make.py).
if "${VITRINE_PROGRAM:?}" model test "$(dirname "$0")/fixtures/opset"; then
  echo "ok models of other opsets"
else
  echo "not ok models of other opsets"
  exit 1
fi
