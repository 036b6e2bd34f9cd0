#!/bin/sh
# valgrind.sh [SPEC...]: the specs on Lua 5.4 under memcheck. Without names,
# those of the C core: the whole run would take too long here. A spec with the
# tag #timed is left out: it holds a time limit, and here all is slow.
cd "$(dirname "$0")/.." || exit 1
busted=$(command -v busted) || exit 1
command -v valgrind >/dev/null || { echo "valgrind: not installed" >&2
  exit 1; }
specs=$*
if [ -z "$specs" ]; then
  for spec in $(find spec -name '*_spec.lua' | sort); do
    if grep -qE 'ges_sim|simulator|ngx_kit|nvim_kit' "$spec"; then
      echo "skipped, it starts other programs: $spec"
      continue
    fi
    case $spec in
      */between_calls_*|*/signed_*) echo "skipped, for its time: $spec" ;;
      spec/lua/*|spec/engine/*|spec/ges/call/*|spec/ges/json_*|spec/regress/*)
        specs="$specs $spec" ;;
      *) echo "skipped, for its time: $spec" ;;
    esac
  done
fi
make -s LUA=lua5.4 support || exit 1
echo "== specs on lua5.4 under valgrind"
# shellcheck disable=SC2086
sh tools/with.sh 5.4 valgrind -q --error-exitcode=99 --leak-check=full \
  --errors-for-leak-kinds=definite --suppressions=tools/valgrind.supp \
  --show-leak-kinds=definite --child-silent-after-fork=yes \
  "$(command -v lua5.4)" "$busted" -o plainTerminal --exclude-tags=timed \
  -p _spec $specs || {
  echo "valgrind: failed"; exit 1; }
echo "valgrind: clean"
