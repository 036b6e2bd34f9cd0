-- SPDX-License-Identifier: MIT
-- tunnel.lua PORT: a proxy that answers CONNECT and carries bytes both ways. Writes down each head
-- it was sent, and the first byte that went through. A program of its own, for tls_lab.lua.

local socket = require("socket")

local listener = assert(socket.bind("127.0.0.1", tonumber(arg[1])))
local peers, all = {}, { listener }

io.stdout:setvbuf("no")

local function add(a, b)
  for _, pair in ipairs { { a, b }, { b, a } } do
    peers[pair[1]] = pair[2]
    pair[1]:settimeout(0)
    all[#all + 1] = pair[1]
  end
end

local function drop(a)
  local b = peers[a]
  peers[a], peers[b] = nil, nil
  for i = #all, 1, -1 do
    if all[i] == a or all[i] == b then table.remove(all, i) end
  end
  a:close()
  b:close()
end

local function accept()
  local client = listener:accept()
  client:settimeout(2)
  local line = client:receive("*l")
  local host, port = (line or ""):match("^CONNECT ([^:]+):(%d+) ")
  if not host then return client:close() end
  repeat
    print(line)
    line = client:receive("*l")
  until not line or line == ""
  local server = socket.connect(host, tonumber(port))
  if not server then
    client:send("HTTP/1.1 502 Bad Gateway\r\n\r\n")
    return client:close()
  end
  client:send("HTTP/1.1 200 Connection established\r\n\r\n")
  add(client, server)
end

while true do
  for _, ready in ipairs((socket.select(all))) do
    if ready == listener then
      accept()
    elseif peers[ready] then
      local bytes, why, part = ready:receive(65536)
      bytes = bytes or part
      if bytes ~= "" then
        print("first byte " .. bytes:byte())
        peers[ready]:settimeout(2)
        peers[ready]:send(bytes)
        peers[ready]:settimeout(0)
      end
      if why == "closed" then drop(ready) end
    end
  end
end
