# shellcheck shell=sh
# rocks_server.sh: a server of rocks on loopback, for a script that sources this
# file in the project's folder. `make_rocks DIR` fills DIR/rocks with this tree
# as a release (make dist; as it lies, in a copy below DIR), the rocks it depends
# on, from Debian's sources, and a manifest. `serve_rocks DIR` serves them and
# sets rocks_url; `end_rocks` ends the server. Takes simulated.sh, too.
# Sourced by rocks.sh and fresh.sh.
# shellcheck source=tools/publish.sh
. tools/publish.sh

# The tree as a release.
release() {
  publish "$rocks_dir/tree" lies &&
    (cd "$rocks_dir/tree" && make -s dist >/dev/null) &&
    cp "$rocks_dir"/tree/build/dist/*.rock* "$rocks_dir/rocks"
}

# unpack SOURCE FOLDER
unpack() {
  tarball=$(sh tools/source.sh "$1") || return 1
  mkdir -p "$rocks_dir/$2" &&
    tar -xf "$tarball" -C "$rocks_dir/$2" --strip-components=1
}

# dependency NAME VERSION EDIT: the source rock of what was unpacked in
# NAME-VERSION, which has a rockspec; EDIT is a sed expression for that.
dependency() {
  rock=$1-$2
  sed -e 's/^version = .*/version = "'"$2"'-1"/' \
    -e 's|url = "[^"]*"|url = "http://127.0.0.1/'"$rock"'.tar.gz"|' -e "$3" \
    "$rocks_dir/$rock"/*.rockspec >"$rocks_dir/rocks/$rock-1.rockspec" &&
    tar -czf "$rocks_dir/rocks/$rock.tar.gz" -C "$rocks_dir" "$rock" &&
    (cd "$rocks_dir/rocks" &&
      zip -qX "$rock-1.src.rock" "$rock-1.rockspec" "$rock.tar.gz" &&
      rm "$rock.tar.gz")
}

make_rocks() {
  rocks_dir=$1
  mkdir -p "$rocks_dir/rocks" && release &&
    unpack lua-cjson lua-cjson-2.1.0 &&
    unpack lua-argparse argparse-0.7.1 || return 1
  # This lua-cjson is older than Lua 5.4, of which it takes the names of 5.3, and
  # than LuaJIT's own luaL_setfuncs.
  sed -i 's/^#include <lauxlib.h>/&\
#if LUA_VERSION_NUM < 502\
#define luaL_setfuncs cjson_setfuncs\
#endif/' "$rocks_dir/lua-cjson-2.1.0/lua_cjson.c"
  dependency lua-cjson 2.1.0 's/defines = {/&"LUA_COMPAT_5_3",/' &&
    dependency argparse 0.7.1 '' &&
    luarocks-admin make_manifest "$rocks_dir/rocks"
}

serve_rocks() {
  rocks_port=$(free_port $((9000 + $$ % 500)))
  cat >"$1/nginx.conf" <<END
daemon off; worker_processes 1; pid $1/nginx.pid; error_log $1/error.log;
$([ "$(id -u)" != 0 ] || echo 'user root;')
events {}
http {
  access_log off;
  client_body_temp_path $1/t; proxy_temp_path $1/t; fastcgi_temp_path $1/t;
  uwsgi_temp_path $1/t; scgi_temp_path $1/t;
  server { listen 127.0.0.1:$rocks_port; root $1/rocks; }
}
END
  PATH=$PATH:/usr/sbin nginx -p "$1" -c "$1/nginx.conf" -e "$1/error.log" 9>&- &
  rocks_nginx=$!
  rocks_url=http://127.0.0.1:$rocks_port
  until_ok curl -sf "$rocks_url/manifest" || {
    cat "$1/error.log" >&2
    return 1
  }
}

end_rocks() {
  [ -z "${rocks_nginx:-}" ] || { kill -QUIT "$rocks_nginx"; wait "$rocks_nginx"; }
}
