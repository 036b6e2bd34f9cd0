-- tunnel.lua PORT [to=PORT] [CERTIFICATE KEY]: a proxy that answers CONNECT, and SOCKS 5 without a
-- password, and carries bytes both ways, over TLS if it has a certificate; with `to`, to that port
-- of this machine, whatever it is asked for. Writes down each head it was sent, and the first byte
-- that went through. A program of its own, for tls_lab.lua.

local socket = require("socket")

local listener = assert(socket.bind("127.0.0.1", tonumber(arg[1])))
local everywhere = tonumber((arg[2] or ""):match("^to=(%d+)$"))
if everywhere then table.remove(arg, 2) end
local secure = arg[2] and { mode = "server", protocol = "any", certificate = arg[2], key = arg[3] }
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

-- The client, after a handshake where there is one; nil for one that goes away.
local function greet(client)
  client:settimeout(2)
  if not secure then return client end
  client = assert(require("ssl").wrap(client, secure))
  client:settimeout(2)
  if client:dohandshake() then return client end
  client:close()
end

-- Whom a client of SOCKS 5 (RFC 1928) asks for by name; its first byte is read.
local function ask_socks(client)
  client:receive(client:receive(1):byte())
  client:send("\5\0")
  local kind = client:receive(4):byte(4)
  local host = kind == 3 and client:receive(client:receive(1):byte())
    or table.concat({ client:receive(4):byte(1, 4) }, ".")
  local high, low = client:receive(2):byte(1, 2)
  print("SOCKS " .. host .. ":" .. high * 256 + low)
  return host, high * 256 + low, "\5\0\0\1\0\0\0\0\0\0", "\5\4\0\1\0\0\0\0\0\0"
end

-- Whom a client asks for, and the answers for a way that is made and for one that is not.
local function ask(client)
  local first = client:receive(1)
  if first == "\5" then return ask_socks(client) end
  local line = client:receive("*l", first or "")
  local host, port = (line or ""):match("^CONNECT (%S+):(%d+) ")
  while line and line ~= "" do
    print(line)
    line = client:receive("*l")
  end
  return host, port, "HTTP/1.1 200 Connection established\r\n\r\n",
    "HTTP/1.1 502 Bad Gateway\r\n\r\n"
end

local function accept()
  local client = greet(listener:accept())
  if not client then return end
  local is_asked, host, port, good, bad = pcall(ask, client)
  if not is_asked then return client:close() end -- it went away
  if host and everywhere then host, port = "127.0.0.1", everywhere end
  local server = host and socket.connect(host, tonumber(port))
  client:send(server and good or bad)
  if not server then return client:close() end
  add(client, server)
end

-- Carries what a peer has; of TLS more may be waiting than select sees.
local function carry(ready)
  repeat
    local bytes, why, part = ready:receive(16384)
    bytes = bytes or part
    if bytes ~= "" then
      print("first byte " .. bytes:byte())
      peers[ready]:settimeout(2)
      peers[ready]:send(bytes)
      peers[ready]:settimeout(0)
    end
    if why == "closed" then return drop(ready) end
  until why
end

while true do
  for _, ready in ipairs((socket.select(all))) do
    if ready == listener then
      accept()
    elseif peers[ready] then
      carry(ready)
    end
  end
end
