#!/bin/sh
# demo-openresty.sh: the status gateway of examples/openresty on a simulated
# service with one import under way. Prints the page to open and runs until
# Ctrl-C; with DEMO_ONCE=1 it follows the events itself and ends with the job.
# DEMO_PORT (8088) and DEMO_SECONDS (20), how long the job takes, may be set.
cd "$(dirname "$0")/.." || exit 1
seconds=${DEMO_SECONDS:-20}
nginx=$(command -v openresty || command -v nginx || echo /usr/sbin/nginx)
dir=$(umask 077; mktemp -d "${TMPDIR:-/tmp}/ges-demo.XXXXXX") || exit 1
sim='' gateway=''

finish() {
  trap - EXIT
  if [ -n "$gateway" ]; then
    kill -QUIT "$gateway" && wait "$gateway"
  fi 2>/dev/null
  exec 9>&-
  [ -z "$sim" ] || wait "$sim"
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
  echo "demo-openresty: $1" >&2
  exit 1
}

# Waits until a command succeeds, at most ten seconds.
until_ok() {
  n=0
  until "$@" >/dev/null 2>&1; do
    n=$((n + 1))
    [ $n -lt 100 ] || return 1
    sleep 0.1
  done
}

# The simulator, for as long as this shell holds the other end of its input.
cat >"$dir/sim.lua" <<'END'
local server = assert(require("ges.sim.server").start())
local demo = server.demo
local form = "url='%s' project='%s' graph='%s' token='%s'\n"
io.write(form:format(server.url, demo.project_id, demo.graph_id, demo.token))
io.flush()
io.read()
server:stop()
END
mkfifo "$dir/hold" || exit 1
sh tools/with.sh 5.1 luajit "$dir/sim.lua" <"$dir/hold" >"$dir/sim" 2>&1 &
sim=$!
exec 9>"$dir/hold"
until_ok grep '^url=' "$dir/sim" || fail "no simulator: $(cat "$dir/sim")"
url='' project='' graph='' token=''
eval "$(grep '^url=' "$dir/sim")"

started=$(curl -sS "$url/v2/$project/graphs/$graph/import-graph" \
  -H "X-Auth-Token: $token" -H 'Content-Type: application/json' \
  -H "X-Sim-Seconds: $seconds" -H 'X-Sim-Files: 3' -H 'X-Sim-Lines: 25000' \
  -d '{"edgeset_path": "bucket/edges.csv", "vertexset_path": "bucket/v.csv"}')
job=$(echo "$started" | sed -n 's/.*"job_id": *"\([^"]*\)".*/\1/p')
[ -n "$job" ] || fail "the import did not start: $started"

# A free port, where the system can say (Linux).
port=${DEMO_PORT:-8088}
while grep -q "$(printf ':%04X 00000000:0000 0A' "$port")" /proc/net/tcp \
    2>/dev/null; do
  port=$((port + 1))
done

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
