#!/bin/sh
# analyze.sh: gcc's static analyzer over src/, for both ABIs. tools/tidy.h tells
# it which functions of Lua's never return; without that it sees paths that are
# none. Whatever it reports is a failure.
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-gcc}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for lua in lua5.4 luajit; do
  flags=$(make -s LUA=$lua flags) || exit 1
  for file in src/*/*.c; do
    # shellcheck disable=SC2086
    $CC -fanalyzer -O1 $flags -include tools/tidy.h -c "$file" -o /dev/null \
      2>>"$log" || exit 1
  done
done
if grep -q 'Wanalyzer' "$log"; then
  cat "$log"
  echo "analyze: $(grep -c 'Wanalyzer' "$log") findings"
  exit 1
fi
echo "analyze: clean"
