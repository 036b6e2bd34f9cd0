-- SPDX-License-Identifier: MIT
-- An nginx of the simulator's own: a folder, free ports, a certificate, the process and its end.
-- Owns that process and that folder, and nothing else: it ends only its own nginx, by the id in its
-- own pid file. Called by ges.sim only.

local conf = require "ges.sim.nginx.conf"
local shell = require "ges.sim.nginx.shell"

local process = {}

local quote, run = shell.quote, shell.run

-- nginx runs LuaJIT, whose C modules are those of Lua 5.1: the folders of the other versions in a
-- search path are renamed.
local function for_luajit(path)
  return (path:gsub("/5%.[2-9]/", "/5.1/"))
end

-- A search path with every relative entry made absolute.
local function absolute(path, here)
  local entries = {}
  for given in path:gmatch("[^;]+") do
    local entry = given:gsub("^%./", "")
    entry = entry:sub(1, 1) == "/" and entry or here .. "/" .. entry
    entries[#entries + 1] = entry
  end
  return table.concat(entries, ";")
end

-- What a shell needs to end the nginx of the folder $dir, by its id. The id may have been given out
-- again, so the words that the process was called with are looked at: nginx's have the folder.
local end_nginx = [[
is_nginx() {
  words=$(tr '\0' ' ' <"/proc/${1:-0}/cmdline" || ps -o args= -p "${1:-0}") 2>/dev/null
  case $words in
    *"$dir"*) return 0 ;;
    "") [ -n "$1" ] && ! ps -p $$ >/dev/null 2>&1 && kill -0 "$1" 2>/dev/null ;; # it cannot be seen
    *) return 1 ;;
  esac
}
end_nginx() {
  for signal in QUIT TERM; do
    is_nginx "$1" || return 0
    kill -$signal "$1"
    n=0
    while is_nginx "$1" && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
  done
  ! is_nginx "$1"
}
pid_of() { cat "$dir/nginx.pid" 2>/dev/null; }
]]

-- Makes the folder $dir in $1 and prints it, and watches from then on, in the background and beyond
-- the life of the process that this is made for ($2; "": it is not watched): ends with the folder
-- or that process, and then ends nginx and removes the folder. A process that has ended keeps its
-- id until its own parent waits for it, and then the id may be given out again: only Linux shows
-- that, and when a process began. Workers under another user's name may enter the folder, whose
-- files they cannot read, for what nginx keeps of large bodies. The file "watched" says that
-- nginx's id is known from now on, whatever becomes of the folder.
local make_and_watch = end_nginx .. [[
trap '' HUP INT QUIT TERM
umask 077
dir=$(mktemp -d -- "$1/ges-sim.XXXXXXXX") && chmod 711 "$dir" && echo "$dir" || exit 1
[ -n "$2" ] || exit 0
(
  seen() {
    set -- $(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null)
    echo "$1,${20}"
  }
  cd /
  first=$(seen "$2")
  while [ -e "$dir" ] && kill -0 "$2"; do
    [ -n "$pid" ] || { pid=$(pid_of) && : >"$dir/watched"; }
    now=$(seen "$2")
    [ "${now%,*}" != Z ] && [ "${now#*,}" = "${first#*,}" ] || break
    sleep 0.5
  done
  [ -n "$pid" ] || [ ! -e "$dir/nginx.conf" ] || sleep 2 # nginx may be about to start
  end_nginx "${pid:-$(pid_of)}"
  rm -rf -- "$dir"
) </dev/null >/dev/null 2>&1 &
]]

-- A folder of the simulator's own in `parent`, or in the system's for temporary files; nil and why
-- there is none.
local function make_directory(parent, watched)
  local folder = parent and quote(parent) or '"${TMPDIR:-/tmp}"'
  local ok, path = run(("CDPATH= cd -- %s && pwd -P"):format(folder))
  path = path:gsub("\n$", "")
  if not ok then
    return nil, "cannot make a folder: " .. path
  elseif path:find("[;?$%c]") then
    return nil, ("cannot make a folder in %s: nginx and Lua cannot read such a path"):format(
      path:gsub("%c", "?"))
  end
  local output
  ok, output = run(("set -- %s '%s'\n%s"):format(quote(path), watched or "", make_and_watch))
  if not ok then
    return nil, "cannot make a folder: " .. output
  end
  return (output:gsub("\n$", ""))
end

local function make_certificate(dir)
  shell.write(dir .. "/openssl.cnf", conf.openssl())
  local ok, output = run("set -e; umask 077; cd " .. quote(dir) .. [[

    new="openssl req -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    $new -x509 -extensions authority -days 30 -keyout ca.key -out ca.pem
    $new -subj "/CN=localhost" -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 30 \
      -extfile openssl.cnf -extensions server -out server.pem
    rm ca.key server.csr]])
  if not ok then
    return nil, "openssl could not make a certificate: " .. output
  end
  return dir .. "/ca.pem"
end

-- The local ports with a listener, where the system lists them (Linux). Elsewhere nginx itself
-- finds out, which takes two seconds.
local function ports_in_use()
  local used = {}
  for _, path in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    for port in (shell.read(path) or ""):gmatch(":(%x%x%x%x) %x+:%x%x%x%x 0A ") do
      used[tonumber(port, 16)] = true
    end
  end
  return used
end

-- A stream of ports between 20000 and 32000, below those that systems give to outgoing connections.
-- It starts at a point that differs between processes and calls.
local function port_stream(seed)
  local at = 0
  for char in seed:gmatch "." do
    at = (at * 31 + char:byte()) % 12007
  end
  return function()
    at = (at + 37) % 12007
    return 20000 + at
  end
end

-- The wanted port, or for 0 a free one from the stream; nil and why not.
local function choose_port(wanted, used, next_port)
  local port = wanted
  while port == 0 or wanted == 0 and used[port] do
    port = next_port()
  end
  if used[port] then
    return nil, ("port %d is in use"):format(port)
  end
  used[port] = true
  return port
end

local function choose_ports(site, options, next_port)
  local used = ports_in_use()
  local port, why = choose_port(options.port, used, next_port)
  site.port = port
  if port and options.tls then
    site.tls_port, why = choose_port(options.tls_port, used, next_port)
  end
  return not why, why
end

-- Links the folder of ges that this file was loaded from into `dir`: it may not be in package.path
-- any more.
local function link_own_folder(dir, here)
  local folder = debug.getinfo(1, "S").source:match("^@(.*ges)/sim/nginx/process%.lua$")
  if not folder then return end
  folder = folder:sub(1, 1) == "/" and folder or here .. "/" .. folder
  run(("ln -s %s %s"):format(quote(folder), quote(dir .. "/ges")))
end

-- Where nginx looks for modules: for ges in `dir`, for the rest in its own folders, since the
-- caller's path may lead to modules for another Lua; only a codec of the caller's is looked for
-- there.
local function nginx_path(dir, here, codec)
  link_own_folder(dir, here)
  local own = codec ~= "cjson" and absolute(package.path, here) or ""
  return ("%s/?.lua;%s/?/init.lua;;%s"):format(dir, dir, own)
end

-- Prints the current folder and, as root, the user and the group for the workers: root's own where
-- there is no other, or where this root cannot become another (in a container without the
-- capabilities to change owners, groups and users, or without other users).
local ask_system = [[pwd
[ "$(id -u)" = 0 ] || exit 0
caps=$(awk '/^CapEff/ { print $2 }' /proc/self/status 2>/dev/null)
users=$(awk '{ n += $3 } END { printf "%.0f", n }' /proc/self/uid_map 2>/dev/null)
if [ -n "$caps" ] && [ $((0x$caps & 0xc1)) != $((0xc1)) ] || [ "${users:-65536}" -lt 65535 ]; then
  echo 'root root'
  exit
fi
for user in www-data nginx nobody; do
  group=$(id -gn "$user" 2>/dev/null) && echo "$user $group" && exit
done
echo 'root root']]

local function make_site(dir, found, options, world)
  local _, facts = run(ask_system)
  local here, user = facts:match("^([^\n]*)\n?(.*)$")
  local settings = { dir = dir, codec = options.codec }
  for name, rows in pairs(world) do settings[name] = rows end
  run(("umask 077; >%s/ges_sim_settings.lua"):format(quote(dir)))
  shell.write(dir .. "/ges_sim_settings.lua", conf.settings(settings))
  return {
    dir = dir, modules = found.modules, http2 = found.http2,
    user = user ~= "" and user or nil,
    workers = options.workers, memory = options.memory,
    path = nginx_path(dir, here, options.codec),
    cpath = ";;" .. for_luajit(absolute(package.cpath, here)),
  }
end

-- Starts nginx on the site's ports. It binds them before it goes to the background, so the command
-- has failed if it could not. Its Lua looks where its configuration says, and not where LUA_PATH
-- and LUA_CPATH say, which are made for the caller's Lua; NGINX would name sockets to inherit.
local function launch(found, site)
  shell.write(site.dir .. "/nginx.conf", conf.nginx(site))
  local log = site.dir .. "/start.log"
  local form = "trap '' HUP INT QUIT TERM; unset LUA_PATH LUA_CPATH NGINX; "
    .. "%s -p %s -c %s -e %s </dev/null >%s 2>&1"
  local ok = run(form:format(quote(found.path), quote(site.dir .. "/"),
    quote(site.dir .. "/nginx.conf"), quote(site.dir .. "/error.log"), quote(log)))
  return ok, not ok and shell.read(log) or nil
end

-- Tries ports until nginx has some; only a clash is worth another try.
local function bring_up(found, site, options)
  local next_port, log = port_stream(site.dir), ""
  for _ = 1, 20 do
    local chosen, why = choose_ports(site, options, next_port)
    if not chosen then
      return nil, why
    end
    local launched
    launched, log = launch(found, site)
    if launched then
      return true
    elseif not log:find("Address already in use", 1, true) then
      break
    elseif options.port ~= 0 or site.tls_port and options.tls_port ~= 0 then
      local port = log:match("bind%(%) to [%d.]+:(%d+)") or "that was asked for"
      return nil, ("port %s is in use"):format(port)
    end
  end
  local refused = (shell.read(site.dir .. "/ready") or ""):match("^! (.*)$")
  return nil, "nginx did not start: " .. (refused or log ~= "" and log or "it gave no reason")
end

local methods = {}

-- Runs a command that knows the folder and its nginx.
local function about(self, text)
  return (run(("dir=%s\n%s%s"):format(quote(self.dir), end_nginx, text)))
end

--- Ends nginx and removes its folder. Calling it again does nothing.
---@return boolean stopped false when nginx did not end within ten seconds
function methods:stop()
  if self.stopped then
    return true
  end
  self.stopped = true
  local ended = about(self, ('end_nginx "%s"'):format(self.pid or "$(pid_of)"))
  run("rm -rf -- " .. quote(self.dir))
  return ended
end

--- Waits half a second. False when nginx has ended, or when Ctrl-C reached the shell.
---@return boolean
function methods:is_there()
  return about(self, ("is_nginx %d && sleep 0.5 && is_nginx %d"):format(self.pid, self.pid))
end

-- Brings nginx up in the folder of `self`, and notes what is known of it.
local function start_in(self, found, options, world)
  local dir = self.dir
  if options.tls then
    local ca_file, why = make_certificate(dir)
    if not ca_file then
      return nil, why
    end
    self.ca_file = ca_file
  end
  local site = make_site(dir, found, options, world)
  local ok, reason = bring_up(found, site, options)
  if not ok then
    return nil, reason
  end
  shell.wait_for(dir .. "/nginx.pid", "-s")
  self.port, self.tls_port = site.port, site.tls_port
  self.pid = tonumber(shell.read(dir .. "/nginx.pid") or "")
  local no_keys = shell.read(dir .. "/ready")
  self.no_keys = no_keys ~= "" and no_keys or nil
  return self
end

-- This process, which is the parent of its shells.
local function process_id()
  local _, pid = run("echo $PPID")
  return pid:match("%d+")
end

---@class ges.sim.Process
---@field dir string
---@field port integer
---@field tls_port? integer
---@field ca_file? string
---@field pid integer
---@field no_keys? string  why access keys cannot be verified

--- Starts an nginx that serves the simulator. What an error breaks off (Ctrl-C in a Lua that turns
--- it into one) is undone.
---@param found table of ges.sim.nginx.binary
---@param options table port, tls, tls_port, workers, memory, dir, codec, orphan
---@param world table what ges.sim.service.defaults has, where it differs
---@return ges.sim.Process? process
---@return string? err
function process.start(found, options, world)
  local own_pid = not options.orphan and process_id() or nil
  local dir, why = make_directory(options.dir, own_pid)
  if not dir then
    return nil, why
  end
  local self = setmetatable({ dir = dir }, { __index = methods })
  local ok, started
  ok, started, why = pcall(start_in, self, found, options, world)
  if not ok or not started then self:stop() end
  if not ok then error(started, 0) end
  return started, why
end

return process
