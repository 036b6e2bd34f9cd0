-- The place that the examples use: the service named by GES_ENDPOINT or GES_REGION with
-- GES_PROJECT_ID and GES_GRAPH_ID (and the credentials that ges finds itself: GES_TOKEN, the SDKs'
-- variables, the profile file); without these, a simulator on this machine. Returns the options of
-- all calls, a function that ends the simulator, and one that starts an import and returns its
-- job's id.
local ges = require("ges")
local ges_sim = require("ges.sim")

local function env(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local options
local function stop() end
local simulated = not (env("GES_ENDPOINT") or env("GES_REGION"))
if simulated then
  local server = assert(ges_sim.start())
  options = server:options()
  stop = function() server:stop() end
  print("no GES_ENDPOINT or GES_REGION is set: asking a simulator at " .. server.url)
else
  options = { endpoint = env("GES_ENDPOINT"), region = not env("GES_ENDPOINT") and env("GES_REGION")
    or nil, project_id = env("GES_PROJECT_ID"), graph_id = env("GES_GRAPH_ID") }
end

-- `life` is for the simulator alone: how long its job takes and how it ends.
local function start_import(life)
  local client = ges.new(options)
  local response = assert(client:request({
    method = "POST",
    path = ("/v2/%s/graphs/%s/import-graph"):format(options.project_id, options.graph_id),
    body = {
      edgeset_path = env("GES_EDGESET_PATH") or "bucket/edges.csv", edgeset_format = "csv",
      vertexset_path = env("GES_VERTEXSET_PATH"), schema_path = env("GES_SCHEMA_PATH"),
      sim = simulated and life or nil,
    },
  }))
  client:close()
  return response.json.job_id
end

return options, stop, start_import
