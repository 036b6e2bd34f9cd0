-- wire: an in-process TCP server for specs. It sends exactly the bytes a spec gives it, at the
-- pace it gives, and records exactly the bytes it was sent. This half checks scripts and lays
-- them out for spec/support/wire.c, which owns the sockets and the thread. For specs only.
--
--   local server = wire.serve{ { "request", wire.reply(200, body), { close = true } }, ... }
--
-- A script is a list of steps for one connection, in order of accept. Later connections are
-- closed at once, or with `loop = true` are served by the last script. At the end of its script
-- a connection stays open and idle. All seconds may have a fraction. The steps:
--
--   "request"             wait until a whole request has been read, head and body
--   "bytes"               the same as { send = "bytes" }
--   { send = bytes }      and chunk = n, every = seconds: n bytes at a time with a rest between
--   { forever = bytes }   as fast as the peer reads, until it is gone; every = seconds: a rest
--                         after each time
--   { sleep = seconds }
--   { received = n }      wait until the peer has sent n bytes on this connection
--   { requests = n }      wait until n requests have been read on all connections
--   { gate = true }       wait until the spec lets it pass: `server:pass(n)` opens n gates, now or
--                         before they are reached. What must come after something else waits here,
--                         for no time is long enough on a slow machine
--   { shutdown = true }   send no more (FIN), but go on reading
--   { close = true }      close both ways
--   { reset = true }      close with RST
--   { stall = true }      do nothing more, and stay open
--   { again = true }      go back to the first step
--
-- Bytes are read all the time, whatever the step is. A peer that closes, even only one way,
-- ends its connection.

local core_serve = require("support.wire")
local place = require("place")

local wire = {}

-- Step names to the type of their value and their number, which is that in `enum op`. To stall
-- is to be at the end of the script.
local ops = {
  request = { "boolean", 2 },
  send = { "string", 3 },
  forever = { "string", 4 },
  sleep = { "number", 5 },
  shutdown = { "boolean", 6 },
  close = { "boolean", 7 },
  reset = { "boolean", 8 },
  again = { "boolean", 9 },
  received = { "number", 10 },
  gate = { "boolean", 11 },
  requests = { "number", 12 },
  stall = { "boolean", 1 },
}
local OP_START, OP_END = 0, 1

-- One send of a flood is at least this long, for a few bytes at a time would not be one.
local FLOOD = 65536

local function check(ok, message, ...)
  if not ok then
    error("wire: " .. message:format(...), 0)
  end
end

local function check_number(value, low, name)
  check(type(value) == "number" and value >= low and value <= 1e6, "bad %s", name)
  return value
end

-- The name of what a step does, and its value.
local function step_op(step)
  local op, value
  for key, v in pairs(step) do
    if ops[key] then
      check(not op, "a step with two things to do: %s, %s", op, key)
      check(v and type(v) == ops[key][1], "%s needs a %s", key, ops[key][1])
      op, value = key, v
    else
      check(key == "chunk" or key == "every", "unknown word in a step: %s", tostring(key))
    end
  end
  check(op, "a step with nothing to do")
  return op, value
end

-- Read a step. Returns its number, bytes, chunk and seconds.
local function read_step(step)
  if step == "request" then
    return ops.request[2], "", 0, 0
  elseif type(step) == "string" then
    return ops.send[2], step, 0, 0
  end
  check(type(step) == "table", "a step is a string or a table")
  local op, value = step_op(step)
  local every = check_number(step.every or 0, 0, "every")
  local chunk = step.chunk and check_number(step.chunk, 1, "chunk") or 0
  check(chunk == 0 or op == "send", "chunk without send")
  check(every == 0 or chunk > 0 or op == "forever", "every without chunk")
  if op == "sleep" then
    every = check_number(value, 0, "sleep")
  elseif op == "received" or op == "requests" then
    chunk = check_number(value, 1, op)
  elseif op == "forever" then
    check(#value > 0, "forever needs some bytes")
    value = every > 0 and value or value:rep(math.ceil(FLOOD / #value))
  end
  return ops[op][2], type(value) == "string" and value or "", math.floor(chunk), every
end

-- Lay scripts out as rows one after the other, and their bytes as one string.
local function lay_out(scripts)
  local rows, data, size = {}, {}, 0
  local function add(op, bytes, chunk, seconds)
    rows[#rows + 1] = { op, size, #bytes, chunk, seconds }
    data[#data + 1] = bytes
    size = size + #bytes
  end
  for i = 1, #scripts do
    local script = scripts[i]
    check(type(script) == "table", "script %d is not a list of steps", i)
    local first = #rows
    rows[first + 1] = { OP_START, 0, 0, 0, 0 }
    for j = 1, #script do
      add(read_step(script[j]))
    end
    rows[#rows + 1] = { OP_END, 0, 0, 0, 0 }
    rows[first + 1][3] = i < #scripts and #rows or first
  end
  return rows, table.concat(data)
end

local methods = {}
local server_mt = { __name = "wire", __index = methods }

---Serve scripts from a free port, until `close` or collected.
---@param scripts table a list of scripts; and loop = boolean, host = "127.0.0.1" or "::1"
---@return table server
function wire.serve(scripts)
  local all = {}
  for key, value in pairs(scripts) do
    local known = key == "loop" or key == "host" or type(key) == "number"
    check(known, "unknown option: %s", tostring(key))
    all[key] = value
  end
  check(#all > 0 or not all.loop, "loop without a script")
  if not all.loop then
    all[#all + 1] = { { close = true } }
  end
  local rows, data = lay_out(all)
  local host = scripts.host or "127.0.0.1"
  local core, port = core_serve(data, host, rows, #rows)
  return setmetatable({ _core = core, _host = host, _port = port }, server_mt)
end

---@return integer
function methods:port()
  return self._port
end

---@return string url without a path, as in "http://127.0.0.1:40001"
function methods:url()
  local host = self._host:find(":", 1, true) and "[" .. self._host .. "]" or self._host
  return ("http://%s:%d"):format(host, self._port)
end

---@return string[] whole requests as they came, in order of completion
function methods:requests()
  local list, request = {}, self._core:record(1, true)
  while request do
    list[#list + 1] = request
    request = self._core:record(#list + 1, true)
  end
  return list
end

---@param i integer
---@return string? bytes all that connection `i` has sent so far, nil when there is none such
function methods:received(i)
  return (self._core:record(i, false))
end

---@return integer connections accepted so far
function methods:accepted()
  return (self._core:counts())
end

---@return integer connections open now
function methods:open()
  return (select(2, self._core:counts()))
end

---@return integer connections that have come to the end of their script, open or not
function methods:ended()
  return (select(4, self._core:counts()))
end

---@return integer bytes received on all connections
function methods:bytes()
  return (select(3, self._core:counts()))
end

---Let as many connections as `n` says (1) pass the gate they wait at, or come to.
function methods:pass(n)
  self._core:pass(check_number(n or 1, 1, "number of gates"))
end

---End the thread and close all sockets; what was recorded can still be read.
function methods:close()
  self._core:close()
end

server_mt.__close = methods.close

---Make a whole HTTP/1.1 response.
---@param status integer
---@param body string?
---@param headers table? lines "Name: value" in a list, or names to values; Content-Length is
---always added. Default: Content-Type: application/json
---@return string bytes
function wire.reply(status, body, headers)
  body = body or ""
  local lines = { ("HTTP/1.1 %d "):format(status) }
  for key, value in pairs(headers or { "Content-Type: application/json" }) do
    lines[#lines + 1] = type(key) == "number" and value or key .. ": " .. value
  end
  lines[#lines + 1] = "Content-Length: " .. #body
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

return place.tell("wire.", wire, { "serve" })
