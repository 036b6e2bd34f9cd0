#!/bin/sh
# busted.sh ABI LUA SPEC...: runs each spec file, or each below a folder, in a
# busted of its own, and prints what one busted for all would: a mark for each
# test, one line that counts, and below it what was skipped and what failed.
# Busted has no limit: a file that is not over after SPEC_LIMIT seconds (600) is
# ended with all that it started, and is named with the test that was under way,
# as is a file that ended before busted had counted. Both count as an error.
# SPEC_FILTER is a pattern for the names of tests.
# Called by tools/test.sh and tools/spec.sh.
cd "$(dirname "$0")/.." || exit 1
abi=${1:?5.4 or 5.1} lua=${2:?the interpreter} limit=${SPEC_LIMIT:-600}
shift 2
[ $# != 0 ] || { echo "busted: name a spec or a folder" >&2; exit 2; }
logs=$(mktemp -d) || exit 1
running=
trap 'rm -rf "$logs"' EXIT
trap '[ -z "$running" ] || kill "$running"; exit 130' INT TERM HUP

# quoted WORD: as the shell reads it. With --lua, busted hands its words to one
# as they are.
quoted() {
  printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# run FILE LOG: in the background, since a signal would not be answered before
# what runs in the foreground is over. timeout makes a process group, and ends
# all of it.
run() {
  echo "before the first test" >"$logs/under_way"
  GES_UNDER_WAY=$logs/under_way timeout -k 10 "$limit" \
    sh tools/with.sh "$abi" busted --lua="$(command -v "$lua")" \
    -o plainTerminal -p _spec --helper=spec/support/under_way.lua \
    ${SPEC_FILTER:+--filter="$(quoted "$SPEC_FILTER")"} \
    "$(quoted "$1")" >"$2" 2>&1 &
  running=$!
  wait "$running"
  rc=$?
  running=
}

# error FILE WHAT LOG: an entry as busted writes them, with the end of LOG.
error() {
  echo "0 successes / 0 failures / 1 error / 0 pending : 0 seconds"
  echo
  echo "Error -> $1 @ 1"
  cat "$logs/under_way"
  echo "$2; the last lines of its output:"
  tail -n 5 "$3" | cut -c 1-200 | sed 's/^/  /'
}

# What is wrong with how a file ended, with $rc after $took seconds; nothing
# where it is as busted counted.
wrong() {
  line=$(grep -E '^[0-9]+ success' "$1" | tail -n 1)
  if [ $rc = 124 ] || { [ $rc = 137 ] && [ $took -ge "$limit" ]; }; then
    echo "not over after $limit s, and ended"
  elif [ -z "$line" ]; then
    echo "ended with $rc before its tests were counted"
  elif [ $rc != 0 ] && ! echo "$line" | grep -qE ' [1-9][0-9]* (fail|err)'
  then
    echo "ended with $rc, though no test failed"
  fi
}

# The marks, and whatever else a file wrote before it was counted.
marks() {
  echo "$1 $(sed '/^[0-9][0-9]* success/,$d' "$2")"
}

# counts LOG...: the sum of the lines that count, of which the last of each log
# is taken.
counts() {
  awk '
    FNR == 1 && NR > 1 { add() }
    /^[0-9]+ success/ { line = $0 }
    function add() {
      split(line, word, " ")
      ok += word[1]; no += word[4]; bad += word[7]; open += word[10]
      line = ""
    }
    END {
      add()
      printf "%d successes / %d failures / %d errors / %d pending : ", ok, no, bad, open
      exit no + bad > 0
    }' "$@"
}

# entries PATTERN LOG...: those whose first line begins so.
entries() {
  pattern=$1
  shift
  awk -v pattern="^($pattern) -> " '
    FNR == 1 { within = 0 }
    /^(Pending|Failure|Error) -> / { within = $0 ~ pattern; if (within) print "" }
    within && !/^$/ { print }' "$@"
}

began=$(date +%s)
n=100000
for file in $(find "$@" -type f -name '*_spec.lua' | LC_ALL=C sort); do
  n=$((n + 1)) start=$(date +%s)
  run "$file" "$logs/$n.log"
  took=$(($(date +%s) - start))
  marks "$file" "$logs/$n.log"
  what=$(wrong "$logs/$n.log")
  [ -z "$what" ] || error "$file" "$what" "$logs/$n.log" >"$logs/$n.wrong.log"
done
[ $n != 100000 ] || { echo "busted: no specs in $*" >&2; exit 2; }
counts "$logs"/*.log
rc=$?
echo "$(($(date +%s) - began)) seconds"
entries Pending "$logs"/*.log
entries 'Failure|Error' "$logs"/*.log
exit $rc
