#!/bin/sh
# test.sh [SPEC...]: runs the specs on Lua 5.4 and on LuaJIT (tools/busted.sh)
# and ends with one line that counts both, below what failed, and what was
# skipped and why. Both at a time, for most of a spec is waiting; what LuaJIT's
# say is shown after the others.
cd "$(dirname "$0")/.." || exit 1
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
trap 'trap "" TERM; kill 0; exit 130' INT

# one ABI LUA [SPEC...]
one() {
  abi=$1 lua=$2
  shift 2
  echo "== specs on $lua"
  sh tools/busted.sh "$abi" "$lua" "${@:-spec}" 2>&1
  echo "== ended with $?"
}

# told LUA WORD KINDS: busted's entries of some kinds, a line each: where, the
# test's name and what was said, as far as a line of 300 bytes holds it.
told() {
  awk -v begin="$2 on $1: " -v kinds="^($3) -> " '
    function tell() {
      if (text != "") print substr(begin text, 1, 300)
      text = ""
    }
    /^(Pending|Failure|Error) -> / {
      tell()
      within = $0 ~ kinds
      if (within && $1 != "Pending") text = $3
      next
    }
    /^== / { within = 0 }
    within && !/^$/ {
      sub(/^[^ :]*:[0-9]+: /, "")
      text = text (text == "" ? "" : ": ") $0
    }
    END { tell() }
  ' "$logs/$1"
}

one 5.1 luajit "$@" >"$logs/luajit" & other=$!
one 5.4 lua5.4 "$@" | tee "$logs/lua5.4"
wait $other
cat "$logs/luajit"
passed=0 failed=0 bad=0
# A run has to end as it counted. One of all specs counts at least one; what is
# named may be for the other Lua.
for log in "$logs/lua5.4" "$logs/luajit"; do
  line=$(grep -E '^[0-9]+ success' "$log" | tail -n 1)
  [ -n "$line" ] || { bad=$((bad + 1)); continue; }
  set_ok=$(echo "$line" | sed 's/^\([0-9]*\) success.*/\1/')
  set_no=$(echo "$line" | sed 's/.* \([0-9]*\) failure.* \([0-9]*\) error.*/\1 \2/')
  set_no=$((${set_no% *} + ${set_no#* }))
  passed=$((passed + set_ok)) failed=$((failed + set_no))
  if [ "$set_no" = 0 ]; then
    [ "$set_ok$#" != 00 ] && tail -n 1 "$log" | grep -qx '== ended with 0' ||
      bad=$((bad + 1))
  fi
done
# The failures once more, whole and at the very end in a line each: of a long
# log often only the end is read.
[ "$failed" = 0 ] ||
  grep -h -A 12 -E '^(Failure|Error) -> ' "$logs/lua5.4" "$logs/luajit"
[ "$bad" = 0 ] || echo "$bad runs of the specs ended early, or ran no spec"
failed=$((failed + bad))
told lua5.4 skipped Pending
told luajit skipped Pending
told lua5.4 failed 'Failure|Error'
told luajit failed 'Failure|Error'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
