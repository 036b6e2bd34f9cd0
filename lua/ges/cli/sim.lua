-- SPDX-License-Identifier: MIT
-- cli.sim: `ges sim`: serves the simulated service until Ctrl-C, and shows how to use it.
-- Owns which jobs --jobs starts. Called by ges.cli.

local exit = require("ges.cli.exit")

-- "   NAME VALUE  what it does", in columns.
local function rows_of(list, name_of)
  local lines, width = {}, 0
  for _, row in ipairs(list) do width = math.max(width, #name_of(row)) end
  for i, row in ipairs(list) do
    lines[i] = ("   %-" .. width .. "s  %s"):format(name_of(row), row.help)
  end
  return table.concat(lines, "\n")
end

-- What the help ends with; made when it is asked for, so that no other command loads the simulator.
local function epilog()
  local faults = require("ges.sim.service.faults")
  local headers = require("ges.sim.service.headers")
  local function show(rows)
    return rows_of(rows, function(row) return row.header .. ": " .. row.arg end)
  end
  return "Headers of a call that starts a job:\n" .. show(headers.job)
    .. "\n\nHeaders of a login:\n" .. show(headers.login)
    .. "\n\nFaults, for X-Sim-Faults, for X-Sim-Fault on any call, and for --faults:\n"
    .. rows_of(faults.kinds, function(kind) return kind.name end)
    .. "\n\nIn a list a fault is [CALL:]KIND[*COUNT][@SECONDS]: throttle*3, login:slow@5."
    .. "\nCALL is " .. table.concat(faults.calls, ", ") .. "; default: " .. faults.calls[1] .. "."
end

local sim = {
  name = "sim", summary = "serve a simulated GES on this machine", groups = { "server" },
  description = "Serves a simulated GES on loopback until Ctrl-C. Needs nginx with its Lua module. "
    .. "Prints how to start a job there and how to wait for it.",
  examples = { "ges sim --port 8080 &", "ges sim --jobs",
    "ges sim --faults 'throttle*3, login:unavailable'" },
  epilog = epilog,
}

-- What --jobs starts: one of each kind.
local SAMPLES = {
  { does = "succeeds after 20 s", job = { seconds = 20, files = 3, lines = 25000 } },
  { does = "fails after 10 s", job = { seconds = 10, outcome = "failed" } },
  { does = "fails in part after 15 s",
    job = { seconds = 15, outcome = "partiallyFailed", files = 2 } },
  { does = "takes a minute (an export)",
    job = { seconds = 60, call = "export-graph", body = { graph_export_path = "bucket/out/",
      edge_set_name = "edges.csv", vertex_set_name = "vertices.csv", schema_name = "s.xml" } } },
  { does = "is throttled for 3 polls (a stop)",
    job = { seconds = 10, call = "stop", faults = "throttle*3" } },
  { does = "is unavailable for 2 polls (a backup)",
    job = { seconds = 10, call = "backups", faults = "unavailable*2" } },
  { does = "is cut off in its first answer (a start)",
    job = { seconds = 10, call = "start", faults = "half" } },
}

local ADDRESS = [[
The simulated GES is at %s (Ctrl-C ends it)
%s  project  %s (%s)
  graph    %s
  token    %s
  keys     %s
  login    %s / %s, domain %s, --iam-endpoint %s
]]

local TRY = [[

Start an import that takes 20 seconds:
  curl -s %s/v2/%s/graphs/%s/import-graph \
    -H 'X-Auth-Token: %s' -H 'Content-Type: application/json' \
    -H 'X-Sim-Seconds: 20' -d '{"edgeset_path": "bucket/edges.csv"}'
and wait for it:
  GES_TOKEN=%s %s JOB_ID
]]

local MORE = [[

Jobs that fail, are slow or throttled: ges sim --help, or one of each: ges sim --jobs
]]

local function address(server)
  local demo = server.demo
  local also = server.https_url and ("and at %s (certificate authority %s)\n"):format(
    server.https_url, server.ca_file) or ""
  local keys = server.no_keys and "none: " .. server.no_keys .. "; use the token or the login"
    or ("%s / %s"):format(demo.ak, demo.sk)
  return ADDRESS:format(server.url, also, demo.project_id, demo.project, demo.graph_id, demo.token,
    keys, demo.user, demo.password, demo.domain, server.url)
end

local function wait_command(ctx, server)
  return ("%s wait --endpoint %s --project %s --graph %s"):format(ctx.program, server.url,
    server.demo.project_id, server.demo.graph_id)
end

local function try(ctx, server)
  local demo = server.demo
  return TRY:format(server.url, demo.project_id, demo.graph_id, demo.token, demo.token,
    wait_command(ctx, server)) .. MORE
end

-- Starts the samples; the text about them, or nil and why one did not start.
local function start_samples(ctx, server)
  local lines, ids = {}, {}
  for i, sample in ipairs(SAMPLES) do
    local id, err = server:start_job(sample.job)
    if not id then return nil, "a job did not start: " .. tostring(err) end
    ids[i] = id
    lines[i] = ("  %s  %s\n"):format(id, sample.does)
  end
  return ("\nJobs:\n%s\nWait for them (about a minute):\n  GES_TOKEN=%s %s \\\n    %s\n"):format(
    table.concat(lines), server.demo.token, wait_command(ctx, server),
    table.concat(ids, " \\\n    "))
end

-- Shows where the server is and what to try. Faults come last: they are for the calls of its users.
local function show(ctx, server)
  local values = ctx.values
  local shown, why = (values.samples and start_samples or try)(ctx, server)
  if not shown then return nil, why end
  if values.faults then
    local accepted, refusal = server:fault(values.faults)
    if not accepted then return nil, refusal end
  end
  return ctx.screen:write(address(server) .. shown)
end

-- Shows the server and waits for its end. Ctrl-C may reach the shell that waits, or this process,
-- where Lua turns it into an error. A server whose address could not be printed is of no use, so it
-- ends.
local function serve(ctx, server)
  local ok, there, why = pcall(show, ctx, server)
  while ok and there do ok, there = pcall(server.is_there, server) end
  server:stop()
  if not ok then error(there, 0) end
  return why
end

-- An err of the start, with the flag that it is about. A shell's own words end with their line.
local function explain(err, values)
  err = err:gsub("%s+$", "")
  local port = tonumber(err:match("^port (%d+) is in use$"))
  local flag = port and (port == values.port and "--port" or port == values.tls_port
    and "--tls-port")
  return flag and flag .. ": " .. err or err
end

---@param ctx ges.cli.Context
---@return integer code
function sim.run(ctx)
  local values = ctx.values
  local server, err = require("ges.sim").start({
    port = values.port, tls = values.tls or values.tls_port ~= nil, tls_port = values.tls_port,
    workers = values.workers,
  })
  err = server and serve(ctx, server) or err
  ctx.check()
  if not err then return exit.OK end
  ctx.message(explain(err, values))
  return exit.SERVICE
end

return sim
