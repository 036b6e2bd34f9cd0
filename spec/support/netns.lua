-- SPDX-License-Identifier: MIT
-- Two network namespaces with a cable between them, for specs: `client` (10.77.0.1) and `server`
-- (10.77.0.2), to which all of the client's routes lead and which forwards nothing. Owns both, and
-- the servers in them, until `netns.cleanup`. For spec/faults/network_spec.lua, as root only.

local child = require("child")
local socket = require("socket")

local netns = {}

local id = child.shell("echo $PPID"):match("%d+")
netns.client, netns.server = "ges-c" .. id, "ges-s" .. id
netns.address = "10.77.0.2"
--- The cable's ends; down and up as "ip link" words.
netns.cable = ("ip -n %s link set ges1 "):format(netns.server)

local pids = {}

local function ip(words, ...)
  local said, code = child.shell("ip " .. words:format(...))
  if code ~= 0 then return nil, said end
  return true
end

local function etc(name)
  return "/etc/netns/" .. name
end

--- Makes both. Returns true, or nil and why that cannot be here.
function netns.start()
  if not child.is_root() then return nil, "it takes root" end
  if not child.has("ip") then return nil, "it takes iproute2" end
  local a, b = netns.client, netns.server
  local ok, why = ip("netns add %s", a)
  if not ok then return nil, "no network namespaces: " .. why end
  ok, why = ip("netns add %s", b)
  for _, words in ipairs {
    ("link add ges0 netns %s type veth peer name ges1 netns %s"):format(a, b),
    ("-n %s addr add 10.77.0.1/24 dev ges0"):format(a),
    ("-n %s addr add 10.77.0.2/24 dev ges1"):format(b),
    ("-n %s link set lo up"):format(a), ("-n %s link set lo up"):format(b),
    ("-n %s link set ges0 up"):format(a), ("-n %s link set ges1 up"):format(b),
    ("-n %s route add default via 10.77.0.2"):format(a),
    ("-n %s route add unreachable 192.0.2.1"):format(a),
    ("-n %s route add prohibit 192.0.2.2"):format(a),
    ("-n %s route add blackhole 192.0.2.3"):format(a),
  } do
    if ok then ok, why = ip("%s", words) end
  end
  child.shell("mkdir -p " .. etc(a))
  netns.resolver("nameserver 10.77.0.2")
  if not ok then return nil, "no cable between namespaces: " .. why end
  return true
end

--- The client's resolv.conf.
function netns.resolver(text, options)
  local file = assert(io.open(etc(netns.client) .. "/resolv.conf", "w"))
  file:write(text, "\noptions ", options or "timeout:1 attempts:1", "\n")
  file:close()
end

--- Runs code at the client; see child.good.
function netns.run(code)
  return child.good(code, { before = "ip netns exec " .. netns.client })
end

--- Starts code at the server; returns what it prints first, and its process id.
function netns.serve(code)
  local path, out = child.file(code), os.tmpname()
  local pid = child.shell(("ip netns exec %s %s %s >%s 2>&1 </dev/null & echo $!")
    :format(netns.server, child.lua, path, out)):match("%d+")
  pids[#pids + 1] = { pid, path, out }
  local stop = socket.gettime() + 30
  local line
  repeat
    local file = io.open(out)
    line = file:read("*l")
    file:close()
    if not line then socket.sleep(0.02) end
  until line or socket.gettime() > stop
  assert(line, "the server said nothing within 30 s")
  return line, pid
end

--- Ends the servers.
function netns.stop()
  for i = #pids, 1, -1 do
    child.shell("kill -9 " .. pids[i][1])
    os.remove(pids[i][2])
    os.remove(pids[i][3])
    pids[i] = nil
  end
end

-- The mount that ip leaves when its last namespace is gone. Its own `netns add` makes it again, and
-- does without it once it has passed that step: another run, which may be adding one, goes on.
local UNMOUNT = [[
  [ -n "$(ls -A /run/netns)" ] || ! grep -q ' /run/netns ' /proc/self/mounts || umount /run/netns]]

--- Ends the servers and takes the namespaces away.
function netns.cleanup()
  netns.stop()
  child.shell(("ip netns del %s; ip netns del %s; rm -rf %s"):format(netns.client, netns.server,
    etc(netns.client)))
  child.shell(UNMOUNT)
end

return netns
