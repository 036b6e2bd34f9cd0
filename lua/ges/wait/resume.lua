-- SPDX-License-Identifier: MIT
-- resume: a wait as one line of plain text, for another process to continue.
-- Carries the ids and the moment the wait began, never a secret. Pure. Called by ges.wait.

local resume = {}
local FORM = "^ges%-wait%-1:([%w._~-]+):([%w._~-]+):([%w._~-]+):(%d+)$"

-- Eleven digits reach to the year 5138: a longer number was not written here.
local DIGITS = 11

--- Writes it.
---@param ids { project_id: string, graph_id: string, job_id: string }
---@param began integer seconds since 1970
function resume.write(ids, began)
  return ("ges-wait-1:%s:%s:%s:%d"):format(ids.project_id, ids.graph_id, ids.job_id, began)
end

--- Reads it.
---@return table? parts, string? why
function resume.read(text)
  if #text > 500 then return nil, "is too long" end
  local project, graph, job, began = text:match(FORM)
  if project and #began <= DIGITS then
    return { project_id = project, graph_id = graph, job_id = job, began = tonumber(began) }
  end
  if text:find("^ges%-wait%-%d+:") and not text:find("^ges%-wait%-1:") then
    return nil, "was written by another version of ges"
  end
  return nil, "is not what info.resume holds"
end

return resume
