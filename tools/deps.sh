#!/bin/sh
# Installs the Debian packages of the given lists that are missing; says which. Nothing missing: no network needed.
# Root or sudo installs; otherwise the command is printed and the exit code is 1.
set -eu
here=$(dirname "$0")
missing=
for list in "$@"; do
  for p in $(grep -v '^#' "$here/$list"); do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
  done
done
[ -n "$missing" ] || exit 0
echo "missing packages:$missing"
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
  sudo=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  sudo=sudo
else
  echo "not root: please run"
  echo "  sudo apt-get update && sudo $install"
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q || echo "apt-get update failed; trying with the lists at hand"
# shellcheck disable=SC2086
$sudo $install
