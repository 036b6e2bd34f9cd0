#!/bin/sh
# demo-openresty.sh: the status gateway of examples/openresty on a simulated
# service with one import under way. Prints the page to open and runs until
# Ctrl-C; with DEMO_ONCE=1 it follows the events itself and ends with the job.
# DEMO_PORT (8088) and DEMO_SECONDS (20), how long the job takes, may be set.
cd "$(dirname "$0")/.." || exit 1
seconds=${DEMO_SECONDS:-20}
nginx=$(command -v openresty || command -v nginx || echo /usr/sbin/nginx)
dir=$(umask 077; mktemp -d "${TMPDIR:-/tmp}/ges-demo.XXXXXX") || exit 1
gateway=''
# shellcheck source=tools/simulated.sh
. tools/simulated.sh

finish() {
  trap - EXIT
  if [ -n "$gateway" ]; then
    kill -QUIT "$gateway" && wait "$gateway"
  fi 2>/dev/null
  end_simulation
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
  echo "demo-openresty: $1" >&2
  exit 1
}

simulate "$dir" || fail "no simulator"
order "$seconds" || fail "no import"
port=$(free_port "${DEMO_PORT:-8088}")

# The example as it is, on that port, with what this nginx has to load.
cp -R examples/openresty/. "$dir" || exit 1
{
  echo 'daemon off;'
  [ "$(id -u)" != 0 ] || echo 'user root;'
  modules=$("$nginx" -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
  for m in ndk_http_module ngx_http_lua_module; do
    [ ! -e "$modules/$m.so" ] || echo "load_module $modules/$m.so;"
  done
  sed "s/127.0.0.1:8088/127.0.0.1:$port/" examples/openresty/nginx.conf
} >"$dir/nginx.conf"
GES_ENDPOINT=$url GES_PROJECT_ID=$project GES_TOKEN=$token \
  sh tools/with.sh 5.1 "$nginx" -p "$dir" -c nginx.conf -e gateway.log \
  >"$dir/start.log" 2>&1 9>&- &
gateway=$!
here=http://127.0.0.1:$port
until_ok curl -s -o "$dir/first" "$here/" ||
  fail "no gateway: $(cat "$dir/start.log" "$dir/gateway.log")"

echo "open      $here/?graph=$graph&job=$job"
echo "or        curl -s  $here/jobs/$graph/$job"
echo "or        curl -sN $here/jobs/$graph/$job/events"
if [ "${DEMO_ONCE:-}" = 1 ]; then
  curl -sN -m 120 "$here/jobs/$graph/$job/events" | tee "$dir/events"
  grep -q '^event: done' "$dir/events" || fail "the events broke off"
  exit 0
fi
echo "An import of $seconds s is under way. Ctrl-C ends all of it."
wait "$gateway"
