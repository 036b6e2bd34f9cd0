-- SPDX-License-Identifier: MIT
-- nvim.command: `:Ges status|wait|cancel|log`, and its completion.
-- Owns nothing. Called by plugin/ges.lua.

local config = require("ges.nvim.config")
local nvim = require("ges.nvim")
local waits = require("ges.nvim.waits")

local command = {}

local ERROR, WARN, INFO = vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO

local NAMES = { "cancel", "log", "status", "wait" }

local actions = {}

local function nothing() end

-- "GRAPH/JOB", or "JOB" of the graph that is set.
local function ids_of(word)
  local graph, job = word:match("^([^/]*)/(.*)$")
  return { graph_id = graph, job_id = job or word }
end

-- Calls fn(ids, word) for each job named. A mistake becomes a notification, as a command has no
-- caller.
local function each(words, fn)
  if #words == 0 then return waits.notify("which job? give JOB or GRAPH/JOB", ERROR) end
  for _, word in ipairs(words) do
    local ids = ids_of(word)
    local ok, err = pcall(function()
      local _, defaults = config.client()
      if defaults and not ids.graph_id and not defaults.graph_id then
        error("which graph? give GRAPH/JOB, or set graph_id in g:ges, or $GES_GRAPH_ID", 0)
      end
      fn(ids, word)
    end)
    if not ok then waits.notify((tostring(err):gsub("^[^\n]-:%d+: ", "")), ERROR) end
  end
end

function actions.status(words)
  each(words, function(ids, word)
    local function tell(line, level)
      waits.log(ids.job_id, line)
      waits.notify(("job %s: %s"):format(ids.job_id, line), level)
    end
    nvim.job_status(ids, function(job, err, info)
      for _, warning in ipairs(info.warnings or {}) do tell("warning: " .. warning, WARN) end
      tell(job and waits.describe(job) or waits.describe_failure(word, err, info),
        job and INFO or ERROR)
    end)
  end)
end

function actions.wait(words)
  each(words, function(ids) nvim.notify(ids, nothing) end)
end

local function matches(wait, words)
  for _, word in ipairs(words) do
    if word == wait.name or word == wait.job_id then return true end
  end
  return #words == 0
end

function actions.cancel(words)
  local count = 0
  for _, wait in ipairs(waits.list()) do
    if matches(wait, words) then
      wait.cancel()
      count = count + 1
    end
  end
  if count > 0 then return end
  waits.notify(#waits.list() == 0 and "no wait is under way" or "no such wait is under way", ERROR)
end

function actions.log()
  vim.cmd("botright new")
  local buffer = vim.api.nvim_get_current_buf()
  vim.cmd("setlocal buftype=nofile bufhidden=wipe noswapfile")
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, waits.lines())
  vim.cmd("setlocal nomodifiable nomodified")
  vim.cmd("normal! G")
end

-- Whether a word is the beginning of a name, or differs from it by a letter that is missing, added
-- or another, or by two that have changed places.
local function is_near(word, name)
  local first, last = 1, 0
  while first <= #word and word:byte(first) == name:byte(first) do first = first + 1 end
  if first > #word then return true end
  while #word - last >= first and #name - last >= first
    and word:byte(#word - last) == name:byte(#name - last) do last = last + 1 end
  local one, other = word:sub(first, #word - last), name:sub(first, #name - last)
  return #one <= 1 and #other <= 1 or #one == 2 and one == other:reverse()
end

-- The names that may have been meant.
local function meant(word)
  local near = {}
  for _, name in ipairs(NAMES) do
    if is_near(word, name) then near[#near + 1] = ":Ges " .. name end
  end
  return table.concat(near, " or ")
end

--- Runs one :Ges.
---@param words string[]
function command.run(words)
  local action = actions[words[1]]
  local near = not action and words[1] and meant(words[1]) or ""
  if near ~= "" then
    return waits.notify(("there is no :Ges %s; did you mean %s?"):format(words[1], near), ERROR)
  elseif not action then
    return waits.notify("usage: Ges status|wait|cancel|log [[GRAPH/]JOB ...]", ERROR)
  end
  action(vim.list_slice(words, 2))
end

-- What may follow the words before the cursor.
local function choices(words)
  if #words < 2 then return NAMES end
  if words[2] == "cancel" then
    return vim.tbl_map(function(wait) return wait.name end, waits.list())
  end
  return (words[2] == "status" or words[2] == "wait") and waits.seen() or {}
end

--- Completes a :Ges.
---@param lead string
---@param line string
---@param cursor integer
---@return string[]
function command.complete(lead, line, cursor)
  local before = line:sub(1, cursor - #lead):gsub("^.*|", "")
  local words = vim.split(vim.trim(before), "%s+")
  return vim.tbl_filter(function(choice) return vim.startswith(choice, lead) end, choices(words))
end

return command
