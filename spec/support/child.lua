-- SPDX-License-Identifier: MIT
-- Runs Lua code in a process of its own, on the interpreter that runs the specs: with other limits,
-- another clock, another network, or without its standard streams. For the specs of faults.

local place = require("place")

local child = {}

--- The interpreter that runs this spec.
child.lua = rawget(_G, "jit") and "luajit" or "lua5.4"

--- Runs a shell command; returns all it printed and its exit code.
function child.shell(command)
  local pipe = assert(io.popen("(" .. command .. "\n) 2>&1; printf '\\n%d\\n' $?"))
  local said = pipe:read("*a")
  pipe:close()
  local text, code = said:match("^(.-)\n*(%d+)\n$")
  return text, tonumber(code)
end

--- Is there such a program?
function child.has(program)
  return select(2, child.shell("command -v " .. program)) == 0
end

--- Is this a machine on which we may do everything?
function child.is_root()
  return child.shell("id -u") == "0"
end

--- Writes code to a file of its own; returns its path.
function child.file(code)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  return path
end

--- Runs `code`. `how` may have: before (words in front of the interpreter), limits (a shell command
--- before that), after (redirections). Returns what it printed and its exit code, which is above
--- 128 when a signal ended it.
function child.run(code, how)
  how = how or {}
  local path = child.file(code)
  local text, status = child.shell(("%s %s %s %s %s"):format(how.limits or "", how.before or "",
    child.lua, path, how.after or "</dev/null"))
  os.remove(path)
  return text, status
end

--- The same for code that has to end well; returns what it printed.
function child.good(code, how)
  local text, status = child.run(code, how)
  assert(status == 0, ("the child ended with %s: %s"):format(tostring(status), text))
  return text
end

--- What a child needs to call a job's status and to print the result, one line each:
--- `say(label, job, err, info)` prints "label kind attempts seconds err".
child.prelude = [[
local core, ges, wire = require("ges.core"), require("ges"), require("wire")
local token = "child-token-0123456789abcdef"
local function options(endpoint, extra)
  local opts = { endpoint = endpoint, project_id = "p1", graph_id = "g1", job_id = "j1",
    token = token, insecure_http = true, proxy = "" }
  for name, value in pairs(extra or {}) do opts[name] = value end
  return opts
end
local function say(label, job, err, info)
  io.write(("%s %s %d %.3f %s\n"):format(label, job and job.status or info.kind, info.attempts,
    info.elapsed, err or "-"))
  io.flush()
end
local function answering(word, rest)
  return wire.serve { { "request", { sleep = rest or 0 }, wire.reply(200,
    '{"status":"' .. word .. '"}'), { again = true } }, loop = true }
end
]]

--- The lines that `say` wrote, by label: { what =, attempts =, seconds =, err = }.
function child.outcomes(text)
  local all = {}
  for label, what, attempts, seconds, err in
    text:gmatch("(%S+) (%S+) (%d+) (%d+%.%d+) ([^\n]*)") do
    all[label] = { what = what, attempts = tonumber(attempts), seconds = tonumber(seconds),
      err = err }
    assert(not err:find("child-token", 1, true), "the token in " .. err)
  end
  return setmetatable(all, { __index = function(_, label)
    error(("the child said nothing of %s: %s"):format(label, text), 2)
  end })
end

return place.tell("child.", child, { "shell", "file", "run", "good", "outcomes" })
