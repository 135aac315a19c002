#!/bin/sh
# The program starts once more to set how long waiting threads spin, which libgomp reads before main and tells on
# request. Not for training, and not where somebody has chosen.
set -u
program=${VITRINE_PROGRAM:?}
unset OMP_WAIT_POLICY GOMP_SPINCOUNT
export OMP_DISPLAY_ENV=verbose
failed=0
spins() { # NAME ROUNDS COMMAND...: the last start's
  name=$1 want=$2
  shift 2
  got=$("$@" 2>&1 | sed -n "s/.*GOMP_SPINCOUNT = '\([0-9]*\)'.*/\1/p" | tail -n 1)
  if [ "$got" = "$want" ]; then echo "ok $name"; else echo "not ok $name: $got, not $want"; failed=1; fi
}
usual=$("$program" train --help 2>&1 | sed -n "s/.*GOMP_SPINCOUNT = '\([0-9]*\)'.*/\1/p" | tail -n 1)
if [ -z "$usual" ]; then echo "skip restart: this OpenMP library does not tell"; exit 0; fi
spins inference 10000 "$program" model list --help
spins chosen 7 env GOMP_SPINCOUNT=7 "$program" model list --help
if [ "$usual" != 10000 ]; then echo "ok training"; else echo "not ok training: it restarts too"; failed=1; fi
exit $failed
