#!/bin/sh
# gcstress.sh [SPEC...]: the specs of the core and of waiting, on both ABIs, while
# the collector never rests (spec/support/gc_stress.lua). A process for each, so
# that one does not collect what another left.
cd "$(dirname "$0")/.." || exit 1
busted=$(command -v busted) || exit 1
specs=$*
if [ -z "$specs" ]; then
  for spec in spec/lua/*_spec.lua spec/engine/engine_spec.lua \
    spec/ges/call/call_spec.lua spec/ges/host/engine_spec.lua \
    spec/ges/wait/*_spec.lua spec/ges/credentials/*_spec.lua; do
    [ ! -f "$spec" ] || specs="$specs $spec"
  done
fi
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
trap 'trap "" TERM; kill 0; exit 130' INT
for lua in lua5.4 luajit; do
  make -s LUA=$lua support || exit 1
done

# one ABI LUA: what it counted is the last line.
one() {
  bad=0 good=0
  echo "== specs on $2 with a garbage collection at every step"
  for spec in $specs; do
    if sh tools/with.sh "$1" "$2" "$busted" -o plainTerminal \
      --helper=spec/support/gc_stress.lua "$spec" >"$logs/$1.spec" 2>&1; then
      count=$(sed -n 's/^\([0-9]*\) success.*/\1/p' "$logs/$1.spec")
      good=$((good + count))
    else
      echo "BAD   $spec"
      cat "$logs/$1.spec"
      bad=1
    fi
  done
  echo "$good specs"
  return $bad
}

bad=0
one 5.1 luajit >"$logs/luajit" & other=$!
one 5.4 lua5.4 | tee "$logs/lua5.4"
wait $other || bad=1
cat "$logs/luajit"
! grep -q '^BAD' "$logs/lua5.4" || bad=1
[ $bad = 0 ] || { echo "gcstress: failed"; exit 1; }
echo "gcstress: clean, $(tail -q -n 1 "$logs/lua5.4" "$logs/luajit" |
  awk '{ n += $1 } END { print n }') specs"
