#!/bin/sh
# gcstress.sh [SPEC...]: the specs of the core and of waiting, on both ABIs, while
# the collector never rests (spec/support/gc_stress.lua). A process for each, so
# that one does not collect what another left.
cd "$(dirname "$0")/.." || exit 1
busted=$(command -v busted) || exit 1
specs=$*
if [ -z "$specs" ]; then
  for spec in spec/core_*_spec.lua spec/multi_*spec.lua spec/single_spec.lua \
    spec/wait_*spec.lua spec/watch_spec.lua spec/handle_spec.lua \
    spec/pump_spec.lua spec/request_spec.lua spec/credentials*_spec.lua; do
    [ ! -f "$spec" ] || specs="$specs $spec"
  done
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for lua in lua5.4 luajit; do
  make -s LUA=$lua support || exit 1
done
bad=0 good=0
for pair in 5.4:lua5.4 5.1:luajit; do
  abi=${pair%%:*} lua=${pair##*:}
  echo "== specs on $lua under a collector that never rests"
  for spec in $specs; do
    if sh tools/with.sh "$abi" "$lua" "$busted" -o plainTerminal \
      --helper=spec/support/gc_stress.lua "$spec" >"$log" 2>&1; then
      count=$(sed -n 's/^\([0-9]*\) success.*/\1/p' "$log")
      good=$((good + count))
    else
      echo "BAD   $spec"
      cat "$log"
      bad=1
    fi
  done
done
[ $bad = 0 ] || { echo "gcstress: failed"; exit 1; }
echo "gcstress: clean, $good specs"
