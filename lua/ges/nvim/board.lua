-- SPDX-License-Identifier: MIT
-- nvim.board: the waits under way in this editor, and what is told of them: statusline,
-- notifications, log. Owns those lists. Called by ges.nvim and ges.nvim.command, where vim.api may
-- be used. What a server or a user sent is shown with its control characters escaped.

local outcome_of = require("ges.job").outcome
local summary_of = require("ges.job").summary
local text = require("ges.cli.text")

local board = {}

local LOG_MOST, SEEN_MOST, NAME_MOST = 500, 50, 40

---@class ges.nvim.Wait
---@field name string graph and job, as :Ges takes it
---@field job_id string
---@field began number
---@field status? string the last one seen
---@field told? string the last one notified
---@field is_told boolean whether changes are notified
---@field cancel fun()

local waits, lines, seen = {}, {}, {}

local loop = vim.uv or vim.loop

local function now()
  return loop.hrtime() / 1e9
end

local function safe(value)
  return text.safe(value, true)
end

local function short(value)
  return text.cut(safe(value), NAME_MOST, "...")
end

local function remember(name)
  for i, known in ipairs(seen) do
    if known == name then table.remove(seen, i) break end
  end
  table.insert(seen, 1, name)
  seen[SEEN_MOST + 1] = nil
end

--- Tells the user, a little later: what a plugin for notifications does is its own affair.
---@param message string
---@param level integer of vim.log.levels
function board.tell(message, level)
  vim.schedule(function() vim.notify(safe(message), level, { title = "ges" }) end)
end

--- Adds a line to the log.
---@param name string
---@param message string
function board.log(name, message)
  lines[#lines + 1] = ("%s  %s  %s"):format(os.date("%Y-%m-%d %H:%M:%S"), short(name),
    safe(message))
  if #lines > LOG_MOST then table.remove(lines, 1) end
end

--- The log, oldest line first.
---@return string[]
function board.lines()
  return vim.list_slice(lines)
end

--- The jobs seen so far, newest first, as :Ges takes them.
---@return string[]
function board.seen()
  return vim.list_slice(seen)
end

--- The waits under way, oldest first.
---@return ges.nvim.Wait[]
function board.waits()
  return vim.list_slice(waits)
end

local function redraw()
  pcall(vim.cmd, "redrawstatus!")
end

--- Enters a wait.
---@param ids { graph_id?: string, job_id?: string }
---@param cancel fun()
---@param is_told boolean
---@return ges.nvim.Wait
function board.add(ids, cancel, is_told)
  local job_id = tostring(ids.job_id or "?")
  local name = ids.graph_id and ids.graph_id .. "/" .. job_id or job_id
  local wait = { name = name, job_id = job_id, began = now(), is_told = is_told,
    cancel = cancel }
  waits[#waits + 1] = wait
  remember(name)
  board.log(name, "wait begins")
  redraw()
  return wait
end

-- One notification for each new status, however often a poll shows the same one.
local function tell_change(wait, job)
  if not wait.is_told or wait.told == job.status then return end
  local outcome = outcome_of(job)
  wait.told = job.status
  if outcome == "pending" or outcome == "unknown" then
    board.tell(("job %s: %s"):format(wait.job_id, job.status), vim.log.levels.INFO)
  end
end

-- "12 of 15 files, 3 failed lines", as far as the service counts.
local function counts(summary)
  local files, failed = summary.files, summary.lines.failed
  local parts = ""
  if files.total > 0 then parts = (", %d of %d files"):format(files.success, files.total) end
  if failed > 0 then parts = parts .. (", %d failed lines"):format(failed) end
  return parts
end

--- One line on how a job is doing.
---@param job ges.Job
---@return string
function board.describe(job)
  local summary = summary_of(job)
  local line = job.status .. counts(summary)
  if job.job_type then line = line .. ", " .. tostring(job.job_type) end
  if summary.duration then line = line .. ", took " .. text.duration(summary.duration) end
  if job.fail_reason then line = line .. ": " .. tostring(job.fail_reason) end
  return line
end

--- Takes note of an event of a wait.
---@param wait ges.nvim.Wait
---@param event ges.Event
function board.hear(wait, event)
  if event.type == "change" then
    wait.status = event.job.status
    board.log(wait.name, board.describe(event.job))
    tell_change(wait, event.job)
  elseif event.type == "retry" or event.type == "warning" then
    board.log(wait.name, event.type .. ": " .. tostring(event.err))
    if event.type == "warning" and wait.is_told then
      board.tell(("job %s: %s"):format(wait.job_id, tostring(event.err)), vim.log.levels.WARN)
    end
  end
  redraw()
end

--- Strikes a wait off.
---@param wait ges.nvim.Wait
---@param job? ges.Job
---@param err? string
---@param info ges.Info
function board.remove(wait, job, err, info)
  for i, one in ipairs(waits) do
    if one == wait then table.remove(waits, i) break end
  end
  local verdict = job and board.describe(job) or tostring(err)
  board.log(wait.name, "wait ends: " .. verdict)
  if wait.is_told then
    local level = (job or info.kind == "cancelled") and "INFO" or "ERROR"
    board.tell(("job %s: %s"):format(wait.job_id, verdict), vim.log.levels[level])
  end
  redraw()
end

-- "2 running, 1 pending"
local function tally()
  local count, order = {}, {}
  for _, wait in ipairs(waits) do
    local status = wait.status or "asking"
    if not count[status] then order[#order + 1] = status end
    count[status] = (count[status] or 0) + 1
  end
  table.sort(order)
  for i, status in ipairs(order) do order[i] = count[status] .. " " .. status end
  return table.concat(order, ", ")
end

--- What the waits under way are doing, for a statusline; empty when there are none. Nothing in it
--- is evaluated there: a percent sign is doubled.
---@return string
function board.statusline()
  local line = ""
  if #waits == 1 then
    local wait = waits[1]
    line = ("ges %s %s %s"):format(short(wait.job_id), short(wait.status or "asking"),
      text.duration(now() - wait.began))
  elseif #waits > 1 then
    line = ("ges %d jobs: %s"):format(#waits, text.cut(safe(tally()), 2 * NAME_MOST, "..."))
  end
  return (line:gsub("%%", "%%%%"))
end

return board
