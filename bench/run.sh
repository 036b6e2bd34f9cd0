#!/bin/sh
# SPDX-License-Identifier: MIT
# bench/run.sh [quick|PART]: measures ges against bare libcurl and against
# other clients, on servers of its own. Writes bench/results.md and
# doc/bench.svg. `quick` takes one round and writes nothing. A PART prints its
# own figures only: instructions (user instructions of a call in each form, by
# callgrind: the only figures that a busy machine does not change), forms (the
# same in CPU time), sequential (other clients), system (the system's
# certificates), many (wait_all), decoding, linear (twice the bytes, and other
# bytes, of an answer). GES_BENCH_ROUNDS is how often each client runs, 5.
#
# As root it runs in a mount namespace of its own, where the system's
# certificates have one more: the bench's throw-away CA. Else the rows that
# need the system's certificates are left out, and it says so.
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$top" || exit 1

missing=
need() { eval "$2" >/dev/null 2>&1 || missing="$missing $1"; }
part=${1:-all}
case $part in
  all|quick|instructions|forms|sequential|system|many|decoding|linear) ;;
  *) echo "bench/run.sh: no part is named '$part'" >&2; exit 2 ;;
esac
case $part in all|quick|instructions)
  need valgrind "command -v valgrind" ;;
esac
case $part in all|quick|instructions|forms|sequential)
  need lua-curl "luajit -e 'require [[curl]]'" ;;
esac
case $part in all|quick|sequential)
  need lua-http "luajit -e 'require [[http.request]]'"
  need lua-sec "luajit -e 'require [[ssl]]'"
  need python3-requests "/usr/bin/python3 -c 'import requests'" ;;
esac
need nginx "command -v nginx"
need lua-socket "lua5.4 -e 'require [[socket]]'"
need lua-cjson "lua5.4 -e 'require [[cjson]]'"
[ -z "$missing" ] || { echo "the bench needs:$missing" >&2; exit 1; }

make -s LUA=lua5.4 all && make -s LUA=luajit all || exit 1
dir=$(mktemp -d) || exit 1
# The driver stops its server; one that was ended itself has left it running.
end() {
  [ ! -s "$dir/nginx.pid" ] || kill "$(cat "$dir/nginx.pid")" 2>/dev/null
  rm -rf "$dir"
}
trap end EXIT
trap 'exit 130' INT TERM
for program in floor pool; do
  # shellcheck disable=SC2046
  ${CC:-cc} -O2 $(pkg-config --cflags libcurl) -o "$dir/$program" \
    "bench/$program.c" $(pkg-config --libs libcurl) || exit 1
done
${CC:-cc} -O2 -o "$dir/measure" bench/measure.c || exit 1

# Without a private mount namespace nothing of the system is touched.
enter=
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
  enter="unshare -m"
  export GES_BENCH_CERTS=/etc/ssl/certs
fi
export LUA_PATH="$top/?.lua;;"
$enter lua5.4 bench/run.lua "$dir" "$@"
