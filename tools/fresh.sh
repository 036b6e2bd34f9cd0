#!/bin/sh
# fresh.sh [--tree] [bookworm|trixie]: what a person with a bare machine does,
# in fresh folders with Debian 12 or 13 (room.sh): each install line of the
# README, as it stands there, to a printed job status of the simulator; in a
# folder with nothing, in one with only nginx, in one with only luarocks and a
# compiler; then the README's two commands. With the time that each took.
# --tree takes the files as they lie here, not the last commit.
cd "$(dirname "$0")/.." || exit 1
if [ "${1:-}" = --tree ]; then
  TREE=lies
  shift
fi
debian=${1:-bookworm}
# shellcheck source=tools/room.sh
. tools/room.sh
# shellcheck source=tools/simulated.sh
. tools/simulated.sh
# shellcheck source=tools/rocks_server.sh
. tools/rocks_server.sh

# The block of the README after a text, with the address it is cloned from.
pasted() {
  sh tools/block.sh README.md "$1" | sed 's|clone URL |clone /root/url |'
}

# For the job of the simulator, in the environment.
place() {
  cat <<END
cd /
export GES_TOKEN='$token' GES_ENDPOINT='$url' GES_PROJECT_ID='$project'
export GES_GRAPH_ID='$graph'
END
}

# shows_status COMMAND: it has to print the job's end.
shows_status() {
  place
  cat <<END
$1 >/root/said 2>&1 || { cat /root/said; exit 1; }
cat /root/said; grep -qw success /root/said
END
}

# nginx_shows_status DIR: nginx, with the paper's configuration, answers curl
# with the job's status. The configuration gets the endpoint of the simulator, a
# free port, and DIR for the folder that the modules are below.
nginx_shows_status() {
  port=$(free_port $((8400 + $$ % 500)))
  sh tools/block.sh doc/openresty.md '# ges in OpenResty' |
    sed "s|listen 8080|listen 127.0.0.1:$port|
      s|region = \"eu-west-101\"|endpoint = \"$url\"|
      s|/usr/local/share/lua/5.1|$1/share/lua/5.1|g
      s|/usr/local/lib/lua/5.1|$1/lib/lua/5.1|g" >"$room/root/nginx.conf"
  place
  cat <<END
nginx -t -c /root/nginx.conf
nginx -c /root/nginx.conf -g 'daemon off;' & nginx=\$!
n=0
until curl -sf http://127.0.0.1:$port/jobs/$graph/$job >/root/said; do
  n=\$((n + 1)); [ \$n -lt 100 ] || break
  sleep 0.1
done
kill -QUIT \$nginx; wait \$nginx
cat /root/said; grep -qx success /root/said
END
}

# OpenResty's own folders, of what Debian has: its LuaJIT and lua-cjson.
openresty_folders() {
  cat <<'END'
apt-get install -y libluajit2-5.1-dev || apt-get install -y libluajit-5.1-dev
apt-get install -y lua-cjson
top=/usr/local/openresty
mkdir -p $top/luajit/include $top/lualib
cp -rL /usr/include/luajit-2.1 $top/luajit/include
cp -L /usr/lib/*/lua/5.1/cjson.so $top/lualib
mkdir -p $top/share/lua $top/lib/lua
ln -s ../../lualib $top/share/lua/5.1
ln -s ../../lualib $top/lib/lua/5.1
END
}

# The help is there, and :Ges answers.
nvim_shows_status() {
  shows_status "nvim --headless \\
    -c 'try | help ges-config | catch | cquit | endtry' \\
    -c 'lua vim.notify = function(text) print(text) vim.g.answer = true end' \\
    -c 'Ges status $job' \\
    -c 'lua vim.wait(9000, function() return vim.g.answer end)' -c 'qall!'"
}

make -s LUA=luajit all || exit 1
scratch=$rooms/servers
mkdir -m 700 "$scratch" || exit 1
at_end 'end_rocks; end_simulation'
open_base "$debian"
timed "the rocks it depends on" make_rocks "$scratch"
serve_rocks "$scratch" && simulate "$scratch" && order 0 || exit 1

open_room make
timed "README, with make" inside "$(pasted '## Install')
$(pasted 'With make**')
$(shows_status "ges status $job")"
timed "doc/neovim.md, by hand" inside "$(sh tools/block.sh doc/neovim.md \
  'On Debian:')
$(sh tools/block.sh doc/neovim.md 'By hand' | sed 's|clone URL|clone /root/url|')
$(nvim_shows_status)"
leave_room

open_room luarocks
mkdir -p "$room/root/.luarocks"
echo "rocks_servers = { '$rocks_url' }" >"$room/root/.luarocks/config-5.4.lua"
timed "README, with LuaRocks" inside "$(pasted '## Install')
$(pasted 'With LuaRocks**')
$(shows_status "ges status $job")"
leave_room

open_room nginx
timed "nginx and its Lua module alone" inside "apt-get update
apt-get install -y nginx libnginx-mod-http-lua curl"
timed "README, for nginx" inside "$(pasted '## Install')
$(pasted 'For nginx with')"
timed "doc/openresty.md" inside "$(nginx_shows_status /usr/local)"
timed "OpenResty's folders" inside "rm -r /usr/local/lib/lua \
  /usr/local/share/lua; $(openresty_folders)"
timed "README, for OpenResty" inside "cd ges; $(pasted 'For OpenResty')
! command -v ges"
timed "doc/openresty.md" inside "$(nginx_shows_status /usr/local/openresty)"
leave_room

open_room readme
timed "make and git" inside "apt-get update && apt-get install -y git make"
first_lines=$(pasted '# ges')
timed "README, clone" inside "$(echo "$first_lines" | sed -n 1p)"
timed "README, make demo" inside "cd ges; $(echo "$first_lines" | sed -n 2p)"
timed "README, make test" inside "cd ges; $(echo "$first_lines" | sed -n 3p)"
echo "fresh: Debian $debian, from each install line to a job's status"
