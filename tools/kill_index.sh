#!/bin/sh
# kill -9 in the middle of `vitrine index`, N times (100) at random moments. Usage: tools/kill_index.sh [N] [BUILD]
exec "${2:-build}/tests/test_kill_index" "${1:-100}"
