-- SPDX-License-Identifier: MIT
-- cli_lists: a service that lists jobs, and the command that asks it. For the specs of `ges jobs`
-- and of `ges wait --running`. Owns its servers until `close`.

local assert = require "luassert"
local json = require "ges.json"
local kit = require "cli_kit"
local wire = require "wire"

local lists = {}

--- The answer that names a graph.
lists.GRAPH = '{"graph":{"name":"movie"}}'

--- The servers that `close` closes.
lists.servers = {}
local servers = lists.servers

--- The answer that lists these jobs.
function lists.listed(jobs, count)
  return wire.reply(200, assert(json.encode { job_count = count or #jobs,
    job_list = json.array(jobs) }))
end

function lists.found(job)
  return wire.reply(200, assert(json.encode(job)))
end

--- A service that gives these answers on one connection, one after the other; then it is silent.
function lists.answering(...)
  local script = {}
  for _, bytes in ipairs { ... } do
    script[#script + 1], script[#script + 2] = "request", bytes
  end
  script[#script + 1] = "request"
  script[#script + 1] = { stall = true }
  local server = wire.serve { script }
  servers[#servers + 1] = server
  return server
end

--- What a service was asked for, behind its project.
function lists.asked(server)
  local paths = {}
  for i, request in ipairs(server:requests()) do
    paths[i] = request:match("^GET /v2/p/graphs/(%S+) HTTP")
  end
  return paths
end

--- Runs the command against a service of `answering`, without a graph unless `env` has one.
function lists.at(server, args, env, run)
  local all = { GES_ENDPOINT = server:url(), GES_PROJECT_ID = "p", GES_GRAPH_ID = false }
  for name, value in pairs(env or {}) do all[name] = value end
  return (run or kit.ges)(args, { env = all })
end

function lists.ended(code, seen)
  assert.equal(code, seen.code, seen.out .. seen.err .. seen.tty)
  return seen
end

--- What a terminal shows when Ctrl-C comes while the service does not answer.
function lists.interrupted(args, env)
  local server = wire.serve { { "request", { stall = true } } }
  servers[#servers + 1] = server
  local sent = false
  return lists.ended(130, lists.at(server, args, env, function(words, opts)
    function opts.on(so_far, process)
      if not sent and so_far.tty:find("no answer yet", 1, true) and #server:requests() > 0 then
        sent = true
        process:write("\3")
      end
    end
    return kit.on_terminal(words, opts)
  end))
end

function lists.close()
  for i = #servers, 1, -1 do
    servers[i]:close()
    servers[i] = nil
  end
end

return lists
