-- SPDX-License-Identifier: MIT
-- bench/clients/luasocket.lua: the same with LuaSocket (LuaSec for https) and cjson.
--   luasocket.lua request|hand ENDPOINT CALLS TOKEN-FILE [CA-FILE]
-- `request` is http.request, which opens a connection for every call; `hand` writes the request
-- itself and keeps the connection: no redirects, no chunks, no time-outs. Run by bench/run.lua.

local ids = require("bench.clients.ids")
local cjson = require("cjson")
local socket = require("socket")

local mode = table.remove(arg, 1)
local endpoint, calls, token, ca = ids.arguments(arg)
local scheme, host, port = endpoint:match("^(%w+)://([^:]+):(%d+)$")
local tls = scheme == "https"
  and { mode = "client", protocol = "any", verify = "peer", options = "all", cafile = ca }

local function request()
  local http = tls and require("ssl.https") or require("socket.http")
  local parts = {}
  local options = {
    url = endpoint .. ids.path, sink = require("ltn12").sink.table(parts),
    headers = { ["x-auth-token"] = token, accept = "application/json" },
  }
  if tls then
    options.verify, options.cafile, options.protocol = "peer", ca, "any"
  end
  assert(http.request(options))
  return table.concat(parts)
end

local connection
local function connect()
  local made = assert(socket.connect(host, tonumber(port)))
  made:setoption("tcp-nodelay", true)
  if not tls then return made end
  made = assert(require("ssl").wrap(made, tls))
  made:sni(host)
  assert(made:dohandshake())
  return made
end

local text = ("GET %s HTTP/1.1\r\nHost: %s:%s\r\nAccept: application/json\r\n"
  .. "X-Auth-Token: %s\r\n\r\n"):format(ids.path, host, port, token)
local function hand()
  connection = connection or connect()
  assert(connection:send(text))
  local length
  local line = assert(connection:receive("*l"))
  assert(line:find("^HTTP/1.1 200"))
  repeat
    line = assert(connection:receive("*l"))
    length = line:lower():match("^content%-length: (%d+)") or length
  until line == ""
  return (assert(connection:receive(tonumber(length))))
end

local ask = mode == "request" and request or hand
for i = 1, calls do
  assert(cjson.decode(ask()).status == "success")
  if i == 1 then ids.first() end
end
print("done")
