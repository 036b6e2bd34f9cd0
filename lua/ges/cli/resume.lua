-- SPDX-License-Identifier: MIT
-- cli.resume: the command line that goes on with an interrupted wait. It holds no secret: no option
-- of the command, nor its variable, takes one. Pure; owns nothing. Called by ges.cli.wait, watch
-- and results.

local options = require("ges.cli.options")
local secret = require("ges.cli.secret")
local text = require("ges.cli.text")

local resume = {}

-- Adds an option as it is to be given again. A pipe that a shell made ends with the command, so the
-- token then comes on stdin.
local function add(out, request, row)
  local value = request.values[row.name]
  if value == nil or value == false then return end
  out[#out + 1] = row.flag
  if not row.arg then return end
  local given = request.texts[row.name]
  if row.name == "token_file" and secret.is_stream(given) then given = "-" end
  out[#out + 1] = text.shell(given)
end

--- The command line, complete in any shell but for secrets, with these jobs alone. Options that
--- came from the environment are in it, except those of the output.
---@param request ges.cli.Request
---@param ids string[]
---@return string
function resume.command(request, ids)
  local out, is_odd = { request.program or "ges", request.spec.name }, false
  for _, group in ipairs(request.spec.groups) do
    for _, row in ipairs(options.groups[group]) do
      if not row.is_look or request.flags[row.name] then add(out, request, row) end
    end
  end
  for _, id in ipairs(ids) do is_odd = is_odd or id:sub(1, 1) == "-" end
  if is_odd then out[#out + 1] = "--" end
  for _, id in ipairs(ids) do out[#out + 1] = text.shell(id) end
  return table.concat(out, " ")
end

--- What becomes of jobs whose wait has ended before them. A job of which no answer came may be
--- over, or may never have been.
---@param count integer
---@param is_known boolean whether each was seen to run
---@return string
function resume.outlook(count, is_known)
  local who = count == 1 and "the job" or count .. " jobs"
  if not is_known then return who .. " may still be running" end
  return who .. (count == 1 and " continues" or " continue")
end

--- The same command, as a sentence.
---@param request ges.cli.Request
---@param open string[] the jobs that are not known to be over
---@param is_known boolean whether each of them was seen to run
---@param again? string[] those, and the ones that did not succeed: what the command has
---@return string
function resume.text(request, open, is_known, again)
  local others = again and #again - #open or 0
  local rest = others > 0 and ("; %d other job%s did not succeed"):format(others,
    others == 1 and "" or "s") or ""
  local file = request.values.token_file
  local how = file and secret.is_stream(file) and ", with the token on stdin" or ""
  return ("%s on the server%s; to resume%s: %s"):format(resume.outlook(#open, is_known), rest, how,
    resume.command(request, again or open))
end

return resume
