-- SPDX-License-Identifier: MIT
-- cli.layout: the form for people: one job as a block of lines, several as a table.
-- Pure but for the screen, which knows safe text, colours and widths. Called by ges.cli.output.

local job_of = require("ges.job")
local text = require("ges.cli.text")
local utc = require("ges.util.utc")

local layout = {}

-- A time in every spelling that ges.util.utc reads is shown in one; another text as it is.
local function time(stamp)
  if not utc.read(stamp) then return stamp end
  return stamp:sub(1, 10) .. " " .. stamp:sub(12, 19) .. " UTC"
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

-- "5 of 6 done, 1 failed".
local function files(summary)
  local f = summary.files
  if f.total == 0 then return nil end
  local shown = ("%d of %d done"):format(f.success + f.partial + f.failed, f.total)
  if f.partial > 0 then shown = ("%s, %d in part"):format(shown, f.partial) end
  if f.failed > 0 then shown = ("%s, %d failed"):format(shown, f.failed) end
  return shown
end

local function lines(summary)
  local l = summary.lines
  if l.total == 0 then return nil end
  local shown = ("%.0f"):format(l.total)
  return l.failed > 0 and ("%s, %.0f failed"):format(shown, l.failed) or shown
end

-- Whether a file of this list did not arrive, or not whole: what ges.job makes of a job that has
-- this file alone. An undocumented status is worth a line, too.
local function is_bad(list, file)
  local tally = job_of.summary({ job_detail = { [list] = { file } } }).files
  if tally.total == 0 or tally.success > 0 then return false end
  return file.status ~= nil or tally.partial > 0
end

-- "path: status, 3 lines failed, cause, log path", as far as these are known.
local function describe(file)
  local more = {}
  local failed = type(file.failed_lines) == "number" and file.failed_lines or 0
  if failed > 0 then more[1] = ("%.0f lines failed"):format(failed) end
  if is_text(file.cause) then more[#more + 1] = file.cause end
  if is_text(file.log) then more[#more + 1] = "log " .. file.log end
  table.insert(more, 1, ("%s: %s"):format(file.path or "?", file.status or "?"))
  return table.concat(more, ", ")
end

local function bad_files(made)
  local found = {}
  local detail = type(made.job_detail) == "table" and made.job_detail or {}
  for _, name in ipairs(job_of.lists) do
    for _, file in ipairs(type(detail[name]) == "table" and detail[name] or {}) do
      if is_bad(name, file) then found[#found + 1] = describe(file) end
    end
  end
  return found
end

-- A job whose own word says success may have lost lines of a file.
local function status(screen, made)
  local word = screen:paint(screen:safe(made.status), made.outcome)
  local is_hidden = made.outcome == "partial"
    and job_of.outcome({ status = made.status }) == "success"
  return is_hidden and word .. " (in part)" or word
end

--- One job as lines of "name  value".
---@param screen ges.cli.Screen
---@param made table a record
---@return string
function layout.block(screen, made)
  if not made.status then return "" end
  local out, summary = {}, made.summary
  local function add(name, value, is_safe)
    if not value then return end
    out[#out + 1] = text.pad(name, 10) .. (is_safe and value or screen:safe(value))
  end
  local took = summary.duration and " (" .. text.duration(summary.duration) .. ")" or ""
  add("Job", made.job_id)
  add("Status", status(screen, made), true)
  add("Name", is_text(made.job_name) and made.job_name)
  add("Graph", is_text(made.related_graph) and made.related_graph)
  add("Begin", is_text(made.begin_time) and time(made.begin_time))
  add("End", is_text(made.end_time) and time(made.end_time) .. took)
  add("Files", files(summary))
  add("Lines", lines(summary))
  add("Reason", made.outcome ~= "pending" and is_text(made.fail_reason) and made.fail_reason)
  for i, file in ipairs(bad_files(made)) do add(i == 1 and "Trouble" or "", file) end
  return table.concat(out, "\n") .. "\n"
end

local COLUMNS = {
  { "JOB", function(made) return made.job_id end },
  { "STATUS", function(made) return made.status or made.error and made.error.kind or "?" end },
  { "NAME", function(made) return is_text(made.job_name) and made.job_name or "" end },
  { "TIME", function(made)
    local took = made.summary and made.summary.duration
    return took and text.duration(took) or ""
  end },
  { "FILES", function(made)
    local f = made.summary and made.summary.files
    return f and f.total > 0 and ("%d/%d"):format(f.success + f.partial + f.failed, f.total) or ""
  end },
  { "LINES", function(made)
    local l = made.summary and made.summary.lines
    return l and l.total > 0 and ("%.0f"):format(l.total) or ""
  end },
}

-- The cells of all rows, safe to show, and the width of each column.
local function cells(screen, records)
  local rows, widths = {}, {}
  for c, column in ipairs(COLUMNS) do widths[c] = #column[1] end
  for i, made in ipairs(records) do
    rows[i] = {}
    for c, column in ipairs(COLUMNS) do
      rows[i][c] = screen:safe(column[2](made))
      widths[c] = math.max(widths[c], text.width(rows[i][c]))
    end
  end
  return rows, widths
end

-- One row cut to `most` columns; the status is painted after the widths are known.
local function join(screen, row, widths, most, outcome)
  local out, left = {}, most
  for c = 1, #row do
    if left <= 0 then break end
    local cell = text.cut(row[c], left, screen.mark)
    left = left - math.max(widths[c], text.width(cell)) - 2
    if c < #row and left > 0 then cell = text.pad(cell, widths[c]) end
    if c == 2 then
      cell = cell:gsub("^%S+", function(word) return screen:paint(word, outcome) end)
    end
    out[#out + 1] = cell
  end
  return table.concat(out, "  "):match("^.*%S") or ""   -- in one pass, whatever the blanks are
end

--- Several jobs as a table, no wider than `most` columns.
---@param screen ges.cli.Screen
---@param records table[]
---@param most integer
---@param has_header boolean
---@return string
function layout.table(screen, records, most, has_header)
  local rows, widths = cells(screen, records)
  local out, header = {}, {}
  for c, column in ipairs(COLUMNS) do header[c] = column[1] end
  if has_header then out[1] = join(screen, header, widths, most) end
  for i, row in ipairs(rows) do
    out[#out + 1] = join(screen, row, widths, most, records[i].outcome or "failed")
  end
  return table.concat(out, "\n") .. "\n"
end

return layout
