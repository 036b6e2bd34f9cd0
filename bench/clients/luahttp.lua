-- SPDX-License-Identifier: MIT
-- bench/clients/luahttp.lua: the same with lua-http and cjson.
--   luahttp.lua keep|go ENDPOINT CALLS TOKEN-FILE [CA-FILE]
-- `keep` holds one connection open by the low-level interface; `go` is the documented one, which
-- opens a connection for every call. Run by bench/run.lua.

local ids = require("bench.clients.ids")
local cjson = require("cjson")
local client = require("http.client")
local headers = require("http.headers")
local request = require("http.request")

local mode = table.remove(arg, 1)
local endpoint, calls, token, ca = ids.arguments(arg)
local scheme, host, port = endpoint:match("^(%w+)://([^:]+):(%d+)$")
local tls = scheme == "https"

local function context()
  if not ca then return nil end
  local made = require("http.tls").new_client_context()
  local store = require("openssl.x509.store").new()
  store:add(ca)
  made:setStore(store)
  return made
end

local function go()
  local req = request.new_from_uri(endpoint .. ids.path)
  req.headers:append("x-auth-token", token)
  req.headers:upsert("accept", "application/json")
  req.ctx = context()
  local _, stream = assert(req:go(10))
  return assert(stream:get_body_as_string())
end

local connection
local function keep()
  connection = connection or assert(client.connect({
    host = host, port = tonumber(port), tls = tls, ctx = tls and context() or nil,
    sendname = tls and host or nil, version = 1.1,
  }, 10))
  local stream = connection:new_stream()
  local h = headers.new()
  h:append(":method", "GET")
  h:append(":scheme", scheme)
  h:append(":authority", host .. ":" .. port)
  h:append(":path", ids.path)
  h:append("accept", "application/json")
  h:append("x-auth-token", token)
  assert(stream:write_headers(h, true, 10))
  assert(stream:get_headers(10))
  return assert(stream:get_body_as_string(10))
end

local ask = mode == "go" and go or keep
for i = 1, calls do
  assert(cjson.decode(ask()).status == "success")
  if i == 1 then ids.first() end
end
print("done")
