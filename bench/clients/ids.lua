-- SPDX-License-Identifier: MIT
-- bench/clients/ids.lua: what all clients of the bench ask for, and how they are called.
-- Owns the ids. Required by the clients written in Lua as "bench.clients.ids".

local ids = {
  project = "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
  graph = "2d8a9b3c-4f5e-4a6b-8c7d-9e0f1a2b3c4d",
  job = "ff80808167f09aaa0167f19b35ec0305",
}

ids.path = ("/v2/%s/graphs/%s/jobs/%s/status"):format(ids.project, ids.graph, ids.job)

--- ENDPOINT CALLS TOKEN-FILE [CA-FILE]: the endpoint, the number, what the file holds, the CA
function ids.arguments(args)
  local file = assert(io.open(args[3]))
  local token = file:read("*a")
  file:close()
  return args[1], tonumber(args[2]), token, args[4]
end

--- Tells the driver that the first status is there.
function ids.first()
  io.stdout:write("first\n")
  io.stdout:flush()
end

return ids
