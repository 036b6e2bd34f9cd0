# shellcheck shell=sh
# simulated.sh: a simulated service for a script that sources this file:
# `simulate DIR` starts it (below DIR, a folder of the script's own) and sets
# url, project, graph and token; `order SECONDS` starts an import there and sets
# job; `end_simulation` ends it. It also ends when the script is gone, for it
# lives while descriptor 9 is open. Owns that descriptor.
# Sourced by demo-openresty.sh, rocks.sh and fresh.sh, in the project's folder.

# Waits until a command succeeds, at most ten seconds.
until_ok() {
  n=0
  until "$@" >/dev/null 2>&1; do
    n=$((n + 1))
    [ $n -lt 100 ] || return 1
    sleep 0.1
  done
}

# free_port FROM: the first port that is not listened on, where the system can
# say (Linux).
free_port() {
  port=$1
  while grep -q "$(printf ':%04X 00000000:0000 0A' "$port")" /proc/net/tcp \
      2>/dev/null; do
    port=$((port + 1))
  done
  echo "$port"
}

simulate() {
  cat >"$1/sim.lua" <<'END'
local server = assert(require("ges.sim").start())
local demo = server.demo
local form = "url='%s' project='%s' graph='%s' token='%s'\n"
io.write(form:format(server.url, demo.project_id, demo.graph_id, demo.token))
io.flush()
io.read()
server:stop()
END
  mkfifo "$1/hold" || return 1
  sh tools/with.sh 5.1 luajit "$1/sim.lua" <"$1/hold" >"$1/sim" 2>&1 &
  simulation=$!
  exec 9>"$1/hold"
  until_ok grep '^url=' "$1/sim" || { cat "$1/sim" >&2; return 1; }
  url='' project='' graph='' token=''
  eval "$(grep '^url=' "$1/sim")"
}

order() {
  started=$(curl -sS "$url/v2/$project/graphs/$graph/import-graph" \
    -H "X-Auth-Token: $token" -H 'Content-Type: application/json' \
    -H "X-Sim-Seconds: $1" -H 'X-Sim-Files: 3' -H 'X-Sim-Lines: 25000' \
    -d '{"edgeset_path": "bucket/edges.csv", "vertexset_path": "bucket/v.csv"}')
  job=$(echo "$started" | sed -n 's/.*"job_id": *"\([^"]*\)".*/\1/p')
  [ -n "$job" ] || { echo "the import did not start: $started" >&2; return 1; }
}

end_simulation() {
  exec 9>&-
  [ -z "${simulation:-}" ] || wait "$simulation"
}
