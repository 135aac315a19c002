#!/bin/sh
# One program, any processor: it starts and searches on x86-64-v2 (seen under qemu-user as a Nehalem), and with the
# instruction sets capped by VITRINE_MAX_ISA it finds the same as with all of them.
set -u
program=${VITRINE_PROGRAM:?}
dir=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-isa-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
"$(dirname "$program")/tests/tiny_models" "$dir" || exit 1
cd "$dir" || exit 1
unset VITRINE_MAX_ISA
export VITRINE_MODELS="$dir/models" VITRINE_THREADS=1
export GOMP_SPINCOUNT=10000 # what the program would restart itself for, and so leave the emulator
failed=0
verdict() { # NAME CODE
  if [ "$2" -eq 0 ]; then echo "ok $1"; else echo "not ok $1"; sed 's/^/  /' err | head -20; failed=1; fi
}

cat >near.py <<'END'
"""near.py A.npy B.npy TOLERANCE: the two files of float32 are as large and differ by no more."""
import struct, sys
def read(path):
    data = open(path, 'rb').read()
    start = 10 + struct.unpack('<H', data[8:10])[0]
    return data[:start], struct.unpack('<%df' % ((len(data) - start) // 4), data[start:])
(head, a), (other, b) = read(sys.argv[1]), read(sys.argv[2])
worst = max(abs(x - y) for x, y in zip(a, b))
sys.exit(0 if head == other and len(a) > 8 and worst <= float(sys.argv[3]) else f'differs by {worst}')
END
# What a search says but for the times: the order of matches, groups, boxes; scores to three digits.
gist() { sed 's/"ms":{[^}]*}//; s/\("score":[0-9.]\{5\}\)[0-9e-]*/\1/g' "$1"; }

"$program" index -c shop.db shop/shop.csv >out 2>err
verdict index $?
"$program" search -c shop.db photo.png --json --precision f32 >all.json 2>err
verdict search $?
"$program" embed shop/*.png -o all.npy --precision f32 >out 2>err
verdict embed $?
for isa in avx2 base; do
  VITRINE_MAX_ISA=$isa "$program" search -c shop.db photo.png --json --precision f32 >$isa.json 2>err
  [ "$(gist all.json)" = "$(gist $isa.json)" ]
  verdict search_$isa $?
  if command -v python3 >/dev/null; then
    VITRINE_MAX_ISA=$isa "$program" embed shop/*.png -o $isa.npy --precision f32 >out 2>err &&
      python3 near.py all.npy $isa.npy 1e-5 2>err
    verdict embed_$isa $?
    VITRINE_MAX_ISA=$isa "$program" embed shop/*.png -o auto.npy >out 2>err && python3 near.py all.npy auto.npy 2e-2 2>err
    verdict embed_auto_$isa $?
  fi
done
VITRINE_MAX_ISA=nonsense "$program" search -c shop.db photo.png >out 2>err
[ $? -le 2 ]
verdict unknown_name_is_no_crash $?

if ! command -v qemu-x86_64 >/dev/null; then
  echo "skip qemu qemu-x86_64 is not installed"
elif grep -q __asan_init "$program"; then
  echo "skip qemu the address sanitizer does not run under qemu-user"
else
  qemu() { timeout 300 qemu-x86_64 -cpu Nehalem "$program" "$@" 2>err; }
  qemu --help >out
  verdict qemu_starts $?
  qemu search -c shop.db photo.png --json --precision f32 >qemu.json
  [ $? -eq 0 ] && [ "$(gist all.json)" = "$(gist qemu.json)" ]
  verdict qemu_search $?
  qemu model bench models/segment.onnx --shape image=1,3,64,64 --seconds 0.01 --json >out
  [ $? -eq 0 ] && grep -q '"isa": "sse41"' out
  verdict qemu_bench $?
fi
exit $failed
