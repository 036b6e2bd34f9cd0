-- What luacheck accepts: only what Lua 5.1, LuaJIT and 5.2 to 5.4 have in common.
-- The fields of `newer` are there in some of them, and looked for before they are used.
stds.newer = {
  read_globals = {
    "unpack", "loadstring", "setfenv", "newproxy",
    table = { fields = { "unpack" } },
    coroutine = { fields = { "isyieldable" } },
    math = { fields = { "type", "tointeger" } },
  },
}
std = "min+newer"
max_line_length = 100

files["spec"] = { std = "min+newer+busted" }
files["spec/hosts"] = { read_globals = { "ngx", "vim" } }
files["lua/ges/host/ngx.lua"] = { read_globals = { "ngx" } }
files["lua/ges/host/uv.lua"] = { read_globals = { "vim" } }
files["examples/openresty"] = { globals = { "ngx" } }
files["lua/ges/sim/nginx/worker.lua"] = { globals = { "ngx" } }
files["lua/ges/nvim/init.lua"] = { read_globals = { "vim" } }
files["lua/ges/nvim"] = { read_globals = { "vim" } }
files["lua/ges/types.lua"] = { max_line_length = false }   -- an annotation stays on one line
files["*.rockspec"] = { std = "rockspec" }
files[".luacheckrc"] = { std = "luacheckrc" }
