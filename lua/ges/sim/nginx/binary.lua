-- SPDX-License-Identifier: MIT
-- Finds an nginx with the Lua module, and what it can do. Owns nothing. Called by ges.sim only.

local shell = require "ges.sim.nginx.shell"

local binary = {}

local candidates = { "nginx", "/usr/sbin/nginx", "openresty",
  "/usr/local/openresty/nginx/sbin/nginx" }
local module_files = { "ndk_http_module.so", "ngx_http_lua_module.so" }

-- How an nginx spells HTTP/2: since 1.25.1 as a directive of its own.
local function http2_form(words)
  if not words:find("http_v2_module", 1, true) then return nil end
  local major, minor, patch = words:match("/(%d+)%.(%d+)%.(%d+)")
  local version = (tonumber(major) or 0) * 1e6 + (tonumber(minor) or 0) * 1e3
    + (tonumber(patch) or 0)
  return version >= 1025001 and "directive" or "listen"
end

-- What a binary can do, from the output of -V; nil when it is no nginx, or has no Lua.
local function probe(path)
  local ok, words = shell.run(shell.quote(path) .. " -V")
  if not ok then
    return nil
  end
  local found = { path = path, modules = {}, http2 = http2_form(words),
    tls = words:find("http_ssl_module", 1, true) ~= nil }
  local folder = words:match("%-%-modules%-path=(%S+)")
  for _, name in ipairs(module_files) do
    local file = folder and folder .. "/" .. name
    if file and shell.read(file) then
      found.modules[#found.modules + 1] = file
    end
  end
  local built_in = words:find("ngx_lua", 1, true) or words:find("lua-nginx-module", 1, true)
  return (built_in or #found.modules > 0) and found or nil
end

--- Finds one.
---@param wanted string|nil  a path, or a name in PATH
---@return { path: string, modules: string[], http2: string?, tls: boolean }?
---@return string? why
function binary.find(wanted)
  for _, path in ipairs(wanted and { wanted } or candidates) do
    local found = probe(path)
    if found then
      return found
    end
  end
  return nil, (wanted or "nginx") .. " with the Lua module not found " ..
    "(Debian: nginx and libnginx-mod-http-lua)"
end

return binary
