#!/bin/sh
# test.sh [SPEC...]: runs the specs on Lua 5.4 and on LuaJIT and ends with one
# line that counts both.
cd "$(dirname "$0")/.." || exit 1
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0 bad=0
for pair in 5.4:lua5.4 5.1:luajit; do
  abi=${pair%%:*} lua=${pair##*:}
  echo "== specs on $lua"
  sh tools/with.sh "$abi" busted --lua="$(command -v "$lua")" -o plainTerminal \
    -p _spec "${@:-spec}" 2>&1 | tee "$log"
  line=$(grep -E '^[0-9]+ success' "$log" | tail -n 1)
  [ -n "$line" ] || { bad=1; continue; }
  set_ok=$(echo "$line" | sed 's/^\([0-9]*\) success.*/\1/')
  set_no=$(echo "$line" | sed 's/.* \([0-9]*\) failure.* \([0-9]*\) error.*/\1 \2/')
  passed=$((passed + set_ok))
  failed=$((failed + ${set_no% *} + ${set_no#* }))
done
[ "$bad" = 0 ] || { echo "a run of the specs broke off"; failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
