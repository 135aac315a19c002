#!/bin/sh
# Compiles every source file for arm64, as far as assembly, with the options that a build folder has for this machine.
# The libraries' headers are this machine's, behind those of the cross compiler: they do not depend on the processor.
# Usage: tools/check_arm64.sh BUILD
set -eu
build=$1
cc=aarch64-linux-gnu-gcc
if ! echo '#include <stdio.h>' | $cc -E - >/dev/null 2>&1; then
  echo "arm64: skipped, $cc or its C library's headers are not installed"
  exit 0
fi
echo "arm64"
list=$build/arm64.list
python3 - "$build" >"$list" <<'END'
import json, os, shlex, sys
build = sys.argv[1]
seen = set()
for c in json.load(open(os.path.join(build, 'compile_commands.json'))):
    if c['file'] in seen or '/tests/' in c['file']:
        continue
    seen.add(c['file'])
    options = [a for a in shlex.split(c['command']) if a.startswith(('-I', '-D', '-std=', '-f', '-W', '-isystem'))]
    options = [a for a in options if a not in ('-fcolor-diagnostics', '-fdiagnostics-color=always') and a[:6] != '-DVT_F']
    fast = ['-DVT_FAST=vt__fast_base'] if c['file'].endswith('/fast.c') else []
    print(shlex.join(options + fast + [c['file']]))
END
: >"$build/arm64.log"
# shellcheck disable=SC2016
(cd "$build" && xargs -P "$(nproc)" -d '\n' -n 1 sh -c \
  'eval "$0 $1" 2>>arm64.log || { echo "fails: ${1##* }" >>arm64.log; exit 1; }' \
  "$cc -w -O1 -S -o /dev/null -idirafter /usr/include -idirafter /usr/include/$(gcc -print-multiarch)" <"$(basename "$list")") || { grep -E 'error|fails' "$build/arm64.log" | head -20; exit 1; }
