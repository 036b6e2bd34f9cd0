-- SPDX-License-Identifier: MIT
-- rockspec.lua: prints ges-scm-1.rockspec for the tree as it is. `make rockspec` keeps its output;
-- tools/house.lua compares, so that no file is forgotten.

local FORM = [[
rockspec_format = "3.0"
package = "ges"
version = "scm-1"
source = {
  url = ".",
}
description = {
  summary = "Job status of Huawei Cloud's Graph Engine Service, for scripts",
  detailed = "Asks for a job's status, waits until it is done, and never blocks an"
    .. " OpenResty worker or Neovim.",
  license = "MIT",
}
dependencies = {
  "lua >= 5.1",
  "lua-cjson",
}
-- By library: LuaRocks does not look into multiarch include folders for a header.
external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
}
build = {
  type = "builtin",
  modules = {
    ["ges.core"] = {
      sources = {
%s
      },
      libraries = { "curl", "crypto", "pthread", "m" },
      incdirs = { "$(CURL_INCDIR)", "$(CRYPTO_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)", "$(CRYPTO_LIBDIR)" },
    },
%s
  },
%s}
]]

local function list(command)
  local pipe = assert(io.popen(command .. " | LC_ALL=C sort"))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

local sources, modules = {}, {}
for _, path in ipairs(list("ls src/*/*.c")) do
  sources[#sources + 1] = ("        %q,"):format(path)
end
for _, path in ipairs(list("find lua/ges -name '*.lua'")) do
  local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  modules[#modules + 1] = ("    [%q] = %q,"):format(name, path)
end
local command = io.open("bin/ges", "rb")
local install = ""
if command then
  command:close()
  install = "  install = {\n    bin = { ges = \"bin/ges\" },\n  },\n"
end
io.write(FORM:format(table.concat(sources, "\n"), table.concat(modules, "\n"), install))
