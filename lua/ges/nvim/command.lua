-- SPDX-License-Identifier: MIT
-- nvim.command: `:Ges status|wait|jobs|cancel|log`, and its completion.
-- Owns nothing. Called by plugin/ges.lua.

local config = require("ges.nvim.config")
local layout = require("ges.cli.layout")
local nvim = require("ges.nvim")
local text = require("ges.cli.text")
local waits = require("ges.nvim.waits")

local command = {}

local ERROR, WARN, INFO = vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO

local LIST_MOST = 200     -- jobs that :Ges jobs lists

local actions = {}

local function nothing() end

-- "GRAPH/JOB", or "JOB" of the graph that is set.
local function ids_of(word)
  local graph, job = word:match("^([^/]*)/(.*)$")
  return { graph_id = graph, job_id = job or word }
end

-- Calls fn. A mistake becomes a notification, as a command has no caller.
local function try(fn)
  local ok, err = pcall(fn)
  if not ok then waits.notify((tostring(err):gsub("^[^\n]-:%d+: ", "")), ERROR) end
end

-- Calls fn(ids, name) for each job named.
local function each(words, fn)
  if #words == 0 then return waits.notify("no job: give JOB or GRAPH/JOB", ERROR) end
  for _, word in ipairs(words) do
    local ids = ids_of(word)
    try(function()
      local _, defaults = config.client()
      if defaults and not ids.graph_id and not defaults.graph_id then
        error("no graph: give GRAPH/JOB, or set graph_id in g:ges or $GES_GRAPH_ID", 0)
      end
      local name = waits.name_of(ids.graph_id or defaults and defaults.graph_id, ids.job_id)
      fn(ids, name)
      waits.remember(name)
    end)
  end
end

function actions.status(words)
  each(words, function(ids, name)
    local function tell(line, level)
      waits.log(name, line)
      waits.notify(("job %s: %s"):format(ids.job_id, line), level)
    end
    nvim.job_status(ids, function(job, err, info)
      for _, warning in ipairs(info.warnings or {}) do tell("warning: " .. warning, WARN) end
      tell(job and waits.describe(job) or waits.describe_failure(name, err, info),
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
  waits.notify(#waits.list() == 0 and "no wait is in progress" or "no such wait is in progress",
    ERROR)
end

-- Shows lines in a buffer of ours, unless the user has closed it meanwhile.
local function fill(buffer, lines)
  if not vim.api.nvim_buf_is_valid(buffer) then return end
  vim.api.nvim_buf_call(buffer, function()
    vim.cmd("setlocal modifiable")
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
    vim.cmd("setlocal nomodifiable nomodified")
  end)
end

-- Opens a window with these lines, which go when it is closed; returns their buffer.
local function open(lines)
  vim.cmd("botright new")
  local buffer = vim.api.nvim_get_current_buf()
  vim.cmd("setlocal buftype=nofile bufhidden=wipe noswapfile")
  fill(buffer, lines)
  return buffer
end

function actions.log(words)
  if #words > 0 then return waits.notify("usage: Ges log", ERROR) end
  try(function()
    open(waits.lines())
    vim.cmd("normal! G")
  end)
end

-- A screen for the command's table: it knows neither colours nor a width.
local SCREEN = { mark = "..." }

function SCREEN.safe(_, value) return text.safe(value, true) end

function SCREEN.paint(_, word) return word end

-- The lines of a list, which is the command's table. Its jobs are completed from now on, the first
-- one first.
local function list_lines(jobs, graph_id)
  local record, records = require("ges.cli.record"), {} -- which needs the library to be built
  for i, job in ipairs(jobs) do
    records[i] = record.new({ graph_id = graph_id, job_id = job.job_id }, job, nil, {}, 0)
  end
  for i = #jobs, 1, -1 do
    if jobs[i].job_id then waits.remember(waits.name_of(graph_id, jobs[i].job_id)) end
  end
  if #jobs == 0 then return { "no job is listed" } end
  local lines = vim.split(layout.table(SCREEN, records, math.huge, true, true), "\n",
    { trimempty = true })
  if #jobs == LIST_MOST then lines[#lines + 1] = ("the first %d jobs"):format(LIST_MOST) end
  return lines
end

function actions.jobs(words)
  if #words > 1 then return waits.notify("usage: Ges jobs [GRAPH]", ERROR) end
  try(function()
    local _, defaults = config.client()
    local graph_id = words[1] or defaults and defaults.graph_id
    local buffer
    nvim.jobs({ graph_id = words[1], limit = LIST_MOST }, function(jobs, err, info)
      for _, one in ipairs(info.warnings or {}) do waits.notify("warning: " .. one, WARN) end
      if not buffer then return end -- there was no room for a window, which was said
      if jobs then return fill(buffer, list_lines(jobs, graph_id)) end
      local why = waits.describe_failure(nil, err, info)
      fill(buffer, { text.safe(why, true) })
      waits.notify(why, ERROR)
    end)
    buffer = open({ "asking the service ..." })
    vim.cmd("setlocal nowrap")
  end)
end

-- The words that may follow :Ges.
local NAMES = vim.tbl_keys(actions)
table.sort(NAMES)

local USAGE = "usage: Ges status|wait|cancel [[GRAPH/]JOB ...], jobs [GRAPH], log"

-- What is wrong with a word that is no name, or with none.
local function misuse(word)
  if not word then return USAGE end
  local near = vim.tbl_filter(function(name) return vim.startswith(name, word) end, NAMES)
  if #near == 0 or word == "" then return ("there is no :Ges %s; %s"):format(word, USAGE) end
  return ("there is no :Ges %s; did you mean :Ges %s?"):format(word,
    table.concat(near, " or :Ges "))
end

--- Runs one :Ges.
---@param words string[]
function command.run(words)
  local action = actions[words[1]]
  if not action then return waits.notify(misuse(words[1]), ERROR) end
  action(vim.list_slice(words, 2))
end

-- "GRAPH/" of the graph that is set, if it can be told.
local function default_prefix()
  local ok, _, defaults = pcall(config.client)
  return ok and defaults and defaults.graph_id and defaults.graph_id .. "/" or nil
end

-- The jobs seen so far. One whose graph is not known may be of any; one of the graph that is set
-- needs no graph.
local function seen(lead)
  local names, found, is_found = waits.seen(), {}, {}
  local graph = lead:match("^([^/]*/)")
  local function add(name)
    if not is_found[name] then found[#found + 1], is_found[name] = name, true end
  end
  local prefix = not graph and #names > 0 and default_prefix()
  for _, name in ipairs(names) do
    if prefix and vim.startswith(name, prefix) then add(name:sub(#prefix + 1)) end
  end
  for _, name in ipairs(names) do
    add(graph and not name:find("/", 1, true) and graph .. name or name)
  end
  return found
end

-- What may follow the words before the cursor. Nothing here asks the service.
local function choices(words, lead)
  if #words < 2 then return NAMES end
  if words[2] == "cancel" then
    return vim.tbl_map(function(wait) return wait.name end, waits.list())
  end
  return (words[2] == "status" or words[2] == "wait") and seen(lead) or {}
end

--- Completes a :Ges.
---@param lead string
---@param line string
---@param cursor integer
---@return string[]
function command.complete(lead, line, cursor)
  local before = line:sub(1, cursor - #lead):gsub("^.*|", "")
  local words = vim.split(vim.trim(before), "%s+")
  return vim.tbl_filter(function(choice)
    return vim.startswith(choice, lead)
  end, choices(words, lead))
end

return command
