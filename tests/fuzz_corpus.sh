#!/bin/sh
# Every input in tests/fuzz/corpus through the readers that the fuzzers feed (tools/fuzz.sh): one case a fuzzer.
# VITRINE_PROGRAM names the built program; the replaying programs lie beside it.
folder=$(dirname "${VITRINE_PROGRAM:?}")/tests
here=$(dirname "$0")
rc=0
for fuzzer in labels tables models; do
  if "$folder/replay_$fuzzer" "$here/fuzz/corpus"; then
    echo "ok corpus of $fuzzer"
  else
    echo "not ok corpus of $fuzzer"
    rc=1
  fi
done
exit $rc
