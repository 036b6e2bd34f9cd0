-- SPDX-License-Identifier: MIT
-- bench/clients/cosocket.lua: a job's status as it would be written by hand for an nginx worker:
-- one GET over nginx's own sockets with cjson, connections kept. No retries, no chunks, no limit on
-- what comes. Required as "bench.clients.cosocket" by bench/ngx_concurrent.lua, in nginx.
-- luacheck: read globals ngx

local cjson = require("cjson")
local ids = require("bench.clients.ids")

local cosocket = {}

local function receive(sock)
  local status = assert(sock:receive("*l")):match("^HTTP/1%.1 (%d+)")
  local length
  repeat
    local line = assert(sock:receive("*l"))
    length = length or line:match("^[Cc]ontent%-[Ll]ength: *(%d+)")
  until line == ""
  return status, assert(sock:receive(tonumber(length)))
end

--- The job, decoded.
---@param where table host, port, tls, name (in the certificate), token
function cosocket.job_status(where, job_id)
  local sock = ngx.socket.tcp()
  sock:settimeouts(5000, 5000, 15000)
  assert(sock:connect(where.host, where.port))
  if where.tls and sock:getreusedtimes() == 0 then
    assert(sock:sslhandshake(nil, where.name, true))
  end
  assert(sock:send({
    "GET /v2/", ids.project, "/graphs/", ids.graph, "/jobs/", job_id, "/status HTTP/1.1\r\nHost: ",
    where.host, "\r\nX-Auth-Token: ", where.token, "\r\nAccept: application/json\r\n\r\n",
  }))
  local status, body = receive(sock)
  assert(sock:setkeepalive(60000, 300))
  assert(status == "200", status)
  return cjson.decode(body)
end

return cosocket
