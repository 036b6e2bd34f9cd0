-- SPDX-License-Identifier: MIT
-- torture_kit: what the scenarios of torture_*.lua share: a server, options, and the judgement of
-- a run that was short of memory. Called in the states of spec/support/torture.c only.

local wire = require("wire")

local kit = {}

kit.token = "MIIFbAYJKoZIhvcNAQcCoIIFXTCC-BVkCAQEx"
kit.project = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
kit.graph = "f1529b88-c958-493e-8452-fccfe932cde1"
kit.job = "ff80808167f09aaa0167f19b35ec0305"

local servers = {}

--- A server that gives every request the same answer, for as long as the state lives.
function kit.answering(status, body, headers)
  local server = wire.serve {
    { "request", wire.reply(status, body, headers), { again = true } }, loop = true,
  }
  servers[#servers + 1] = server
  return server
end

--- A table of options for a job at `server`, with `extra` on top; false takes one away.
function kit.options(server, extra)
  local opts = {
    endpoint = server:url(), project_id = kit.project, graph_id = kit.graph, job_id = kit.job,
    token = kit.token, request_timeout = 5,
  }
  for name, value in pairs(extra or {}) do opts[name] = value or nil end
  return opts
end

--- Lua 5.1 remembers with a mark that a module did not load, and has to be made to forget.
function kit.forget()
  for name, value in pairs(package.loaded) do
    if type(value) == "userdata" then package.loaded[name] = nil end
  end
end

local function check_failure(err, info)
  assert(type(err) == "string", "a failure without a line")
  assert(type(info) == "table" and type(info.kind) == "string", "a failure without a kind")
  assert(not err:find(kit.token, 1, true), "the token is in the line")
end

--- The judge of a call that comes to a triple. `expect(value, err, info)` says whether it is what
--- the call comes to when nothing is short. Short of memory, it may throw or return the kind
--- `memory`, or come to the same (what failed was not needed); nothing else. libcurl does not
--- always say that it was memory: then any failure will do.
function kit.verdict(expect, any)
  return function(short, ok, value, err, info)
    if not ok then
      assert(short, tostring(value))
      assert(tostring(value):find("memory", 1, true), "thrown: " .. tostring(value))
    elseif value == nil and type(info) == "table" and (info.kind == "memory" or any and short) then
      assert(short, tostring(err))
      check_failure(err, info)
    else
      local reason = ("%s, %s, %s"):format(tostring(value), tostring(err), tostring(info))
      assert(expect(value, err, info), reason)
    end
  end
end

--- Expects a failure of a kind.
function kit.fails(kind)
  return function(value, err, info)
    if value ~= nil then return false end
    check_failure(err, info)
    return info.kind == kind
  end
end

return kit
