-- SPDX-License-Identifier: MIT
-- nvim.waits: the waits under way in this editor, and where they show: statusline, notifications,
-- log. Owns these lists. Called by ges.nvim and ges.nvim.command, where vim.api may be used. What a
-- server or a user sent is shown with its control characters escaped.

local counts = require("ges.cli.counts")
local ids = require("ges.cli.ids")
local job_of = require("ges.job")
local text = require("ges.cli.text")

local waits = {}

local LOG_MOST, SEEN_MOST, NAME_MOST, JOB_MOST = 500, 200, 40, 32
local MESSAGE_MOST = 1000  -- columns

---@class ges.nvim.Wait
---@field name string graph and job, as :Ges takes it
---@field job_id string
---@field began number
---@field status? string the last one seen
---@field notified? string the last one that the user was notified of
---@field notifies boolean whether the user is notified
---@field cancel fun()

-- The kinds of failure that a setting may be the cause of.
local SETTINGS = {}
for kind in ("credentials auth forbidden dns connect tls redirect proxy"):gmatch("%l+") do
  SETTINGS[kind] = true
end

local under_way, lines, seen = {}, {}, {}

local loop = vim.uv or vim.loop

local function now()
  return loop.hrtime() / 1e9
end

-- Text of any origin, as much of it as a message may have.
local function safe(value)
  return text.cut(text.safe(value, true), MESSAGE_MOST, "...")
end

local function short(value)
  return ids.middle(safe(value), NAME_MOST, "...")
end

-- "GRAPH/JOB" with all of a job's id, as the service makes them, and what room is left for the
-- graph's.
local function short_name(name)
  local graph, job = name:match("^(.-)/(.*)$")
  if not graph then return short(name) end
  job = ids.middle(safe(job), JOB_MOST, "...")
  return ids.middle(safe(graph), NAME_MOST - 1 - text.width(job), "...") .. "/" .. job
end

--- A job as :Ges takes it.
---@param graph_id? string
---@param job_id string
---@return string
function waits.name_of(graph_id, job_id)
  return graph_id and graph_id .. "/" .. job_id or job_id
end

--- Keeps a job's name for the completion, as the newest one. What no call takes is not completed.
---@param name string
function waits.remember(name)
  if not name:find("^[%w._~/-]+$") then return end
  for i, known in ipairs(seen) do
    if known == name then table.remove(seen, i) break end
  end
  table.insert(seen, 1, name)
  seen[SEEN_MOST + 1] = nil
end

--- Notifies the user, from the main loop: a plugin that shows notifications may do anything.
---@param message string
---@param level integer of vim.log.levels
function waits.notify(message, level)
  vim.schedule(function() vim.notify(safe(message), level, { title = "ges" }) end)
end

--- Adds a line to the log.
---@param name string
---@param message string
function waits.log(name, message)
  lines[#lines + 1] = ("%s  %s  %s"):format(os.date("%Y-%m-%d %H:%M:%S"), short_name(name),
    safe(message))
  if #lines > LOG_MOST then table.remove(lines, 1) end
end

--- The log, oldest line first.
---@return string[]
function waits.lines()
  return vim.list_slice(lines)
end

--- The jobs seen so far, newest first, as :Ges takes them.
---@return string[]
function waits.seen()
  return vim.list_slice(seen)
end

--- The waits under way, oldest first.
---@return ges.nvim.Wait[]
function waits.list()
  return vim.list_slice(under_way)
end

local function redraw()
  pcall(vim.cmd, "redrawstatus!")
end

--- Enters a wait.
---@param job { graph_id?: string, job_id?: string }
---@param cancel fun()
---@param notifies boolean
---@return ges.nvim.Wait
function waits.add(job, cancel, notifies)
  local job_id = tostring(job.job_id or "?")
  local name = waits.name_of(job.graph_id, job_id)
  local wait = { name = name, job_id = job_id, began = now(), notifies = notifies,
    cancel = cancel }
  under_way[#under_way + 1] = wait
  waits.remember(name)
  waits.log(name, "wait begins")
  redraw()
  return wait
end

-- One notification for each new status, however often a poll shows the same one.
local function notify_change(wait, job)
  if not wait.notifies or wait.notified == job.status then return end
  local outcome = job_of.outcome(job)
  wait.notified = job.status
  if outcome == "pending" or outcome == "unknown" then
    waits.notify(("job %s: %s"):format(wait.job_id, job.status), vim.log.levels.INFO)
  end
end

-- ", files 12/15 (1 failed), lines 1000 (3 failed)", as far as the service counts.
local function tell_counts(summary)
  local of_files, of_lines = counts.files(summary.files), counts.lines(summary.lines)
  return (of_files and ", files " .. of_files or "")
    .. (of_lines and ", lines " .. of_lines or "")
end

--- One line on how a job is doing.
---@param job ges.Job
---@return string
function waits.describe(job)
  local summary = job_of.summary(job)
  local line = job.status .. tell_counts(summary)
  local name = job.job_name or job.job_type
  if name then line = line .. ", " .. tostring(name) end
  if summary.duration then line = line .. ", took " .. text.duration(summary.duration) end
  if job.fail_reason then line = line .. ": " .. tostring(job.fail_reason) end
  return line
end

--- The line of a failure, with the command of the editor that goes on from there.
---@param name? string the job, as :Ges takes it; nil for a list
---@param err string
---@param info ges.Info
---@return string
function waits.describe_failure(name, err, info)
  local kind, failure = info.kind or "", require("ges.error")
  err = err:gsub("^ges%.[%l_]+: ", "")
  if SETTINGS[kind] then err = err .. "; run :checkhealth ges to check the settings" end
  if name and failure.goes_on(kind, info.job) then
    err = ("%s; to resume: :Ges wait %s"):format(err, name)
  end
  return err
end

--- Logs an event of a wait, and notifies the user of what is new.
---@param wait ges.nvim.Wait
---@param event ges.Event
function waits.on_event(wait, event)
  if event.type == "change" then
    wait.status = event.job.status
    waits.log(wait.name, waits.describe(event.job))
    notify_change(wait, event.job)
  elseif event.type == "retry" or event.type == "warning" then
    waits.log(wait.name, event.type .. ": " .. tostring(event.err))
    if event.type == "warning" and wait.notifies then
      waits.notify(("job %s: %s"):format(wait.job_id, tostring(event.err)), vim.log.levels.WARN)
    end
  end
  redraw()
end

-- How a wait has ended: what became of the job, where it did not succeed, and the rest.
---@return string? word
---@return string text
local function verdict(wait, job, err, info)
  if job then return nil, waits.describe(job) end
  local outcome = (info.kind or ""):match("^job_(.*)$")
  if not outcome then return nil, waits.describe_failure(wait.name, tostring(err), info) end
  return job_of.verdict(outcome), outcome == "unknown" and tostring(err) or job_of.reason(info.job)
end

--- Takes a wait that is over off the list.
---@param wait ges.nvim.Wait
---@param job? ges.Job
---@param err? string
---@param info ges.Info
function waits.remove(wait, job, err, info)
  for i, one in ipairs(under_way) do
    if one == wait then table.remove(under_way, i) break end
  end
  local word, rest = verdict(wait, job, err, info)
  waits.log(wait.name, "wait ends: " .. (word and word .. ": " or "") .. rest)
  if wait.notifies then
    local level = (job or info.kind == "cancelled") and "INFO" or "ERROR"
    waits.notify(("job %s%s: %s"):format(wait.job_id, word and " " .. word or "", rest),
      vim.log.levels[level])
  end
  redraw()
end

-- "2 running, 1 pending"
local function tally()
  local count, order = {}, {}
  for _, wait in ipairs(under_way) do
    local status = wait.status or "not answered yet"
    if not count[status] then order[#order + 1] = status end
    count[status] = (count[status] or 0) + 1
  end
  table.sort(order)
  for i, status in ipairs(order) do order[i] = count[status] .. " " .. status end
  return table.concat(order, ", ")
end

--- What the waits under way are doing, for a statusline; empty without a wait. A percent sign is
--- doubled, so that the statusline evaluates nothing of it.
---@return string
function waits.statusline()
  local line = ""
  if #under_way == 1 then
    local wait = under_way[1]
    line = ("ges %s %s %s"):format(short(wait.job_id), short(wait.status or "no answer yet"),
      text.duration(now() - wait.began))
  elseif #under_way > 1 then
    line = ("ges %d jobs: %s"):format(#under_way, text.cut(safe(tally()), 2 * NAME_MOST, "..."))
  end
  return (line:gsub("%%", "%%%%"))
end

return waits
