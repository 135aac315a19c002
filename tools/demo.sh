#!/bin/sh
# Draws a catalogue and street photos, indexes, searches, prints the table and writes the sheet.
set -eu
program=$1
here=$(cd "$(dirname "$0")/.." && pwd)
case $program in /*) ;; *) program=$here/$program ;; esac
cd "$here"
mkdir -p demo
if [ ! -f demo/data/pairs.csv ]; then
  "$program" data synth --seed 2024 --products 600 --photos 12 -o demo/data
fi
"$program" index -c demo/shop.db --csv demo/data/products.csv --group-map demo/data/group_map.csv --group articleType
"$program" search -c demo/shop.db -k 5 --sheet demo/sheet.png demo/data/photos/s00001.jpg
echo
echo "the photo, its items and their matches: $here/demo/sheet.png"
