#!/bin/sh
# Small models of opsets 7 to 21 that the ONNX suite lacks, with onnxruntime's answers (tests/fixtures/opset/make.py):
# the program prints a line for each.
exec "${VITRINE_PROGRAM:?}" model test "$(dirname "$0")/fixtures/opset"
