-- SPDX-License-Identifier: MIT
-- cli.resume: the command that goes on with what was broken off. Pure; owns nothing. Called by the
-- commands. The words of the command line hold no secret: those are refused there.

local options = require("ges.cli.options")
local text = require("ges.cli.text")

local resume = {}

local function is_given(words, row)
  for _, word in ipairs(words) do
    for _, flag in ipairs { row.flag, row.also } do
      if word == flag or word:sub(1, #flag + 1) == flag .. "=" then return true end
    end
  end
  return false
end

-- What came from the environment, as flags: the command is complete in any shell, but for secrets.
local function add_place(out, request)
  for _, row in ipairs(options.groups.where) do
    local value = request.values[row.name]
    if value and not is_given(request.words, row) then
      out[#out + 1] = row.flag .. " " .. text.shell(value)
    end
  end
end

--- The same command line, complete, without the jobs that are over.
---@param request ges.cli.Request
---@param open string[] the jobs that are not over
---@return string
function resume.command(request, open)
  local words, keep, named = request.words, {}, {}
  for _, id in ipairs(open) do keep[id] = true end
  for _, id in ipairs(request.jobs) do named[id] = true end
  local out = { "ges", words[1] }
  add_place(out, request)
  for i = 2, #words do
    local word = words[i]
    if not named[word] or keep[word] then out[#out + 1] = text.shell(word) end
  end
  return table.concat(out, " ")
end

--- The same, as a sentence.
---@param request ges.cli.Request
---@param open string[]
---@return string
function resume.text(request, open)
  local who = #open == 1 and "the job continues" or ("%d jobs continue"):format(#open)
  return ("%s on the server; to resume: %s"):format(who, resume.command(request, open))
end

return resume
