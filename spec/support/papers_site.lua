-- SPDX-License-Identifier: MIT
-- Where the commands of the papers run: a throw-away folder with a home, a folder to stand in, and
-- programs in front of PATH; and a simulator that has the projects of the papers. Owns all of it
-- from `open` to `close`. For spec/papers.
--
-- The papers ask regions of the public cloud. The variables of the SDKs that name the endpoint of
-- such a region say that it is the simulator, so that their text stays as it is.

local child = require("child")
local lab = require("lab")
local papers = require("papers")

local site = { top = papers.top, graph = lab.graph, project = "0605767b4280d5762fd1c00e3ad42e99",
  token = "papers-token", ak = "PAPERSKEY", sk = "papers-secret-key" }

local is_jit = rawget(_G, "jit") ~= nil
site.lua, site.abi = is_jit and "luajit" or "lua5.4", is_jit and "5.1" or "5.4"

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

site.shell, site.has = child.shell, child.has

--- Text with what a pattern finds replaced. That there is nothing is a mistake of the spec's.
function site.put(text, pattern, value)
  local changed, count = text:gsub(pattern, value)
  if count == 0 then error("nothing to replace: " .. pattern, 2) end
  return changed
end

function site.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- What a file of the folder holds, without a newline at its end; nil where there is none.
function site.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return (text:gsub("\n$", ""))
end

--- A program in front of PATH, as text of sh.
function site.stand_in(name, script)
  local path = site.dir .. "/bin/" .. name
  site.write(path, "#!/bin/sh\n" .. script .. "\n")
  assert(os.execute("chmod 755 " .. path))
end

-- The tree's command, and stand-ins for what is not there or would reach out of the folder.
local function fill_bin()
  site.stand_in("ges", ("exec sh %s/tools/with.sh %s %s %s/bin/ges \"$@\"")
    :format(quote(site.top), site.abi, site.lua, quote(site.top)))
  -- A password manager needs a user's key.
  site.stand_in("pass", ('[ "$*" = "show ges" ] && echo %s'):format(site.token))
  -- Packages and rocks would go into the system: tools/fresh.sh installs them in fresh ones.
  site.stand_in("apt-get", 'echo "apt-get $*"; [ $# -gt 1 ] || [ "$1" = update ]')
  site.stand_in("luarocks", 'echo "luarocks $*"')
  -- Installing into the system takes sudo; here all of it goes into the folder.
  site.stand_in("sudo", 'exec "$@"')
  -- A clone is made of this tree, with what was built in it.
  site.stand_in("git", ([[
[ "$1" = clone ] && [ "$2" = URL ] && mkdir -p "$3" && cd "$3" || exit 1
(cd %s && tar -cf - --exclude=lua/ges/core.so Makefile bin lua plugin src doc tools \
  build/5.1/ges build/5.1/obj) | tar -xf -]])
    :format(quote(site.top)))
end

local function name_regions(url)
  site.env.HUAWEICLOUD_SDK_REGION_GES_CN_NORTH_4 = url
  site.env.HUAWEICLOUD_SDK_REGION_GES_EU_WEST_101 = url
end

--- Makes the folder and starts the simulator.
function site.open()
  -- nginx's workers may be another user.
  local dir, code = site.shell("d=$(mktemp -d) && chmod 755 $d && echo $d")
  assert(code == 0 and dir:find("^/"), dir)
  site.dir = dir
  site.installed = {}
  site.home, site.here = site.dir .. "/home", site.dir .. "/here"
  site.shell(("cd %s && mkdir bin home here"):format(site.dir))
  fill_bin()
  site.env = { HOME = site.home, PATH = site.dir .. "/bin:" .. os.getenv("PATH"),
    LC_ALL = "C.UTF-8", TMPDIR = os.getenv("TMPDIR"), GES_BUILD = os.getenv("GES_BUILD") }
  site.sim = lab.start({ projects = { { id = site.project, name = "cn-north-4" } },
    tokens = { { token = site.token, project_id = site.project } },
    keys = { { ak = site.ak, sk = site.sk } } })
  name_regions(site.sim.url)
end

function site.close()
  if site.sim then lab.stop() end
  if site.dir then site.shell("rm -rf -- " .. quote(site.dir)) end
  site.sim, site.dir = nil, nil
end

--- Orders a job of the simulator; its id. `outcome` (success), `seconds` (0), `graph` (site.graph).
function site.job(outcome, seconds, graph)
  return lab.order({ seconds = seconds or 0, outcome = outcome, lines = 1000, graph_id = graph })
end

--- An environment as words of `env`.
---@param extra? table<string, string|false> false takes a variable away
function site.words(extra)
  local all, words = {}, { "env -i" }
  for name, value in pairs(site.env) do all[name] = value end
  for name, value in pairs(extra or {}) do all[name] = value end
  for name, value in pairs(all) do
    if value then words[#words + 1] = quote(name .. "=" .. value) end
  end
  return table.concat(words, " ")
end

--- Runs text of a shell in a file of its own. `how` may have shell ("sh -e"), env, at (the folder,
--- site.here). Returns what it wrote to standard output, its exit code, and standard error.
function site.run(code, how)
  how = how or {}
  local file, errors = site.dir .. "/script", site.dir .. "/errors"
  site.write(file, code)
  local text, status = site.shell(("cd %s && %s timeout -k 5 600 %s %s 2>%s </dev/null"):format(
    quote(how.at or site.here), site.words(how.env), how.shell or "sh -e", file, errors))
  return text, status, site.read(errors)
end

--- The same for what has to end well; returns what it wrote to standard output.
function site.good(code, how)
  local text, status, errors = site.run(code, how)
  if status == 0 then return text end
  error(("%s\nended with %s:\n%s\n%s"):format(code, tostring(status), text, tostring(errors)), 2)
end

--- Runs a line of the papers that installs, with DESTDIR in the folder; returns that. What is built
--- is what the tree has. Each line once.
function site.install(line)
  local root = site.installed[line]
  if not root then
    root = site.shell(("d=$(mktemp -d %s/root.XXXXXX) && chmod 755 $d && echo $d")
      :format(site.dir))
    site.good("umask 022\n" .. line, { at = site.top, env = { DESTDIR = root } })
    site.installed[line] = root
  end
  return root
end

return site
