#!/bin/sh
# rocks.sh: builds and installs the rock into a throw-away tree, for Lua 5.4
# and 5.1, and loads it from there. lua-cjson counts as installed (the
# system's own is used); no server is asked for anything.
cd "$(dirname "$0")/.." || exit 1
command -v luarocks >/dev/null || { echo "rocks: no luarocks" >&2; exit 1; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

# LuaRocks builds where the sources are: on a copy.
mkdir "$tmp/src"
tar -c -f - --exclude=./build --exclude=./.git . | tar -x -f - -C "$tmp/src"

cat >"$tmp/config.lua" <<END
rocks_servers = {}
rocks_provided = { ["lua-cjson"] = "2.1.0-1" }
home_tree = "$tmp/home"
local_cache = "$tmp/cache"
END

# load_it VERSION LUA: the module from the tree, all else from the system.
load_it() {
  tree=$tmp/$1
  for file in "lib/lua/$1/ges/core.so" "share/lua/$1/ges/init.lua" \
      $([ ! -f bin/ges ] || echo bin/ges); do
    [ -f "$tree/$file" ] || { echo "not installed: $file"; return 1; }
  done
  (
    cd / || exit 1
    unset LUA_INIT LUA_PATH_5_4 LUA_CPATH_5_4
    LUA_PATH="$tree/share/lua/$1/?.lua;$tree/share/lua/$1/?/init.lua;;" \
    LUA_CPATH="$tree/lib/lua/$1/?.so;;" "$2" - "$tree" <<'END'
      local tree = arg[1]
      local ges = require("ges")
      assert(type(ges.job_status) == "function" and ges._VERSION)
      local loaded = package.searchpath and package.searchpath("ges.core", package.cpath)
      assert(not loaded or loaded:sub(1, #tree) == tree, loaded)
      local job, err, info = ges.job_status { endpoint = "https://h.example", token = "t",
        project_id = "p", graph_id = "g", job_id = "../x" }
      assert(job == nil and info.kind == "argument", err)
      print(_VERSION .. ": ges " .. ges._VERSION .. " from the rock")
END
  )
}

for pair in 5.4:lua5.4 5.1:lua5.1; do
  version=${pair%%:*} lua=${pair##*:}
  (
    cd "$tmp/src" || exit 1
    LUAROCKS_CONFIG="$tmp/config.lua" luarocks --lua-version="$version" make \
      --tree="$tmp/$version" ges-scm-1.rockspec </dev/null
  ) >"$tmp/log" 2>&1 && load_it "$version" "$lua" && continue
  cat "$tmp/log"
  echo "rocks: failed for Lua $version"
  bad=1
done
[ $bad = 0 ] && echo "rocks: built, installed and loaded for 5.4 and 5.1"
exit $bad
