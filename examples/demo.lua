-- The demo behind `make demo`: a simulated management plane on loopback, an
-- import started there, and its job followed to the end.
local ges = require("ges")
local ges_sim = require("ges.sim")

-- Prints a nested table, names sorted.
local function show(value, indent)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
  end
  local names, lines = {}, {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local label = type(name) == "number" and "" or name .. " = "
    lines[#lines + 1] = indent .. "  " .. label .. show(value[name], indent .. "  ") .. ","
  end
  return #lines == 0 and "{}" or "{\n" .. table.concat(lines, "\n") .. "\n" .. indent .. "}"
end

local server = assert(ges_sim.start())

local function run()
  local client = ges.new(server:options())
  print("simulated GES on " .. server.url)

  local response = assert(client:request({
    method = "POST",
    path = ("/v2/%s/graphs/%s/import-graph"):format(server.demo.project_id, server.demo.graph_id),
    headers = { ["X-Sim-Seconds"] = "4", ["X-Sim-Files"] = "2" },
    body = {
      schema_path = "bucket/schema.xml", log_dir = "bucket/log",
      vertexset_path = "bucket/vertices.csv", vertexset_format = "csv",
      edgeset_path = "bucket/edges.csv", edgeset_format = "csv",
      parallel_edge = { action = "allow" },
    },
  }))
  local job_id = response.json.job_id
  print("started import job " .. job_id)

  local job = assert(client:wait({
    job_id = job_id, timeout = 60,
    on_event = function(event)
      if event.type ~= "change" then return end
      local lines = ges.summary(event.job).lines
      print(("%5.1f s  %-8s %d lines"):format(event.elapsed, event.job.status, lines.successful))
    end,
  }))
  print("job = " .. show(job, ""))
  print("(job_progress is a reserved field of the service, always 0)")
end

local ok, err = pcall(run)
server:stop()
if not ok then error(err, 0) end
