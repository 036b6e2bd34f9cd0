-- SPDX-License-Identifier: MIT
-- cli.layout: the form for people: one job as a block of lines, several as a table.
-- Pure but for the screen, which knows safe text, colours and widths. Called by ges.cli.output and
-- ges.nvim.command.

local counts = require("ges.cli.counts")
local ids = require("ges.cli.ids")
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
  local shown = ("%d of %d done"):format(counts.done(f), f.total)
  if f.partial > 0 then shown = ("%s, %d in part"):format(shown, f.partial) end
  if f.failed > 0 then shown = ("%s, %d failed"):format(shown, f.failed) end
  return shown
end

local function lines(summary)
  local l = summary.lines
  if l.total == 0 then return counts.lines(l) end
  local shown = ("%.0f"):format(l.total)
  return l.failed > 0 and ("%s, %.0f failed"):format(shown, l.failed) or shown
end

-- Whether a file of this list did not arrive, or not whole: what ges.job makes of a job that has
-- this file alone. An undocumented status is worth a line, too; one of a file that is under way is
-- none while the job is.
local function is_bad(list, file, is_over)
  local tally = job_of.summary({ job_detail = { [list] = { file } } }).files
  if tally.total == 0 or tally.success > 0 then return false end
  local is_open = is_text(file.status) and job_of.outcome(file) == "pending"
  if is_open and not is_over then return false end
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
  local found, is_over = {}, job_of.terminal(made)
  local detail = type(made.job_detail) == "table" and made.job_detail or {}
  for _, name in ipairs(job_of.lists) do
    for _, file in ipairs(type(detail[name]) == "table" and detail[name] or {}) do
      if is_bad(name, file, is_over) then found[#found + 1] = describe(file) end
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
  for i, file in ipairs(bad_files(made)) do add(i == 1 and "Problems" or "", file) end
  return table.concat(out, "\n") .. "\n"
end

local COLUMNS = {
  { "JOB", function(made) return made.job_id or "?" end },
  { "STATUS", function(made) return made.status or made.error and made.error.kind or "?" end },
  { "NAME", function(made) return is_text(made.job_name) and made.job_name or "" end },
  { "TIME", function(made)
    local took = made.summary and made.summary.duration
    return took and text.duration(took) or ""
  end },
  { "FILES", function(made) return counts.files(made.summary and made.summary.files) or "" end },
  { "LINES", function(made) return counts.lines(made.summary and made.summary.lines) or "" end },
  { "GRAPH", function(made) return is_text(made.related_graph) and made.related_graph or "" end },
  { "BEGIN (UTC)", function(made)
    if not utc.read(made.begin_time) then return made.begin_time or "" end
    return made.begin_time:sub(1, 10) .. " " .. made.begin_time:sub(12, 16)
  end },
}

local JOB, STATUS, NAME, TIME, FILES, LINES, GRAPH, BEGIN = 1, 2, 3, 4, 5, 6, 7, 8

-- The columns of a table, and those that go first where it is too wide. A list is there to find an
-- id in it.
local NAMED = { columns = { JOB, STATUS, NAME, TIME, FILES, LINES }, dispensable = { NAME, TIME } }
local LISTED = { columns = { JOB, STATUS, GRAPH, NAME, BEGIN, TIME, FILES, LINES },
  dispensable = { LINES, FILES, TIME, NAME, BEGIN, GRAPH } }

-- An id is cut to ID_FAIR columns for all that is left, to ids.LEAST for what is left without the
-- lines, and to ID_LEAST for the status only. A status that no service has is cut, too.
local ID_FAIR, ID_LEAST, STATUS_MOST = 24, #"JOB", 24

-- Whether a table has to say which graph a job is of: the user has not.
local function has_graphs(records)
  for _, made in ipairs(records) do
    if not made.graph_id and is_text(made.related_graph) then return true end
  end
  return false
end

-- The header and the cells of all rows, safe to show: a list of { title, cell, cell, ... }.
local function cells(screen, records, kind, is_bounded)
  local list = {}
  for _, c in ipairs(kind.columns) do
    if c ~= GRAPH or has_graphs(records) then
      local column = { COLUMNS[c][1], c = c }
      for i, made in ipairs(records) do column[i + 1] = screen:safe(COLUMNS[c][2](made)) end
      list[#list + 1] = column
    end
  end
  for i, cell in ipairs(is_bounded and list[STATUS] or {}) do
    list[STATUS][i] = text.cut(cell, STATUS_MOST, screen.mark)
  end
  return list
end

local function width_of(column)
  local width = 0
  for _, cell in ipairs(column) do width = math.max(width, text.width(cell)) end
  return width
end

-- Columns that these columns of the table take, with two blanks between them.
local function sum(list)
  local total = -2
  for _, column in ipairs(list) do total = total + column.width + 2 end
  return total
end

-- Takes these columns out of the table, the first one first, while it is too wide.
local function drop(list, columns, most)
  for _, c in ipairs(columns) do
    for i = #list, 1, -1 do
      if list[i].c == c and sum(list) > most then table.remove(list, i) end
    end
  end
end

-- Takes away what makes the table too wide, and cuts ids. A column of numbers is there as a whole
-- or not at all: a number that is cut looks like another. Returns how wide lines may be: wider than
-- the terminal where it has no room for an id and its status.
local function fit(list, kind, most, mark)
  local by_place = {}
  for _, column in ipairs(list) do
    column.width, by_place[column.c] = width_of(column), column
  end
  drop(list, kind.dispensable, most)
  local jobs, room = by_place[JOB], math.max(most - 2 - by_place[STATUS].width, ID_LEAST)
  local wish = jobs.width - math.max(sum(list) - most, 0)
  if wish < ID_FAIR then
    drop(list, { LINES }, most)
    wish = jobs.width - math.max(sum(list) - most, 0)
  end
  if wish == jobs.width then return most end
  local title = table.remove(jobs, 1)
  local cut
  cut, jobs.width = ids.shorten(jobs, math.max(wish, ids.LEAST), math.min(room, jobs.width), mark)
  for i, id in ipairs(cut) do jobs[i + 1] = id end
  jobs[1], jobs.width = title, math.max(jobs.width, #title)
  drop(list, { LINES, FILES }, most)
  return math.max(most, room + 2 + by_place[STATUS].width)
end

-- Row `r` cut to `most` columns; the status is painted after the widths are known.
local function join(screen, list, r, most, outcome)
  local out, left = {}, most
  for i, column in ipairs(list) do
    if left <= 0 then break end
    local cell = text.cut(column[r], left, screen.mark)
    left = left - math.max(column.width, text.width(cell)) - 2
    if i < #list and left > 0 then cell = text.pad(cell, column.width) end
    if column.c == STATUS then
      cell = cell:gsub("^%S+", function(word) return screen:paint(word, outcome) end)
    end
    out[#out + 1] = cell
  end
  return table.concat(out, "  "):match("^.*%S") or ""   -- in one pass, whatever the blanks are
end

--- Several jobs as a table, no wider than `most` columns if an id and its status can be told there.
---@param screen ges.cli.Screen
---@param records table[]
---@param most number
---@param has_header boolean
---@param is_listing? boolean  which jobs there are is what the user wants to know
---@return string
function layout.table(screen, records, most, has_header, is_listing)
  local kind = is_listing and LISTED or NAMED
  local list, out = cells(screen, records, kind, most < math.huge), {}
  most = fit(list, kind, most, screen.mark)
  if has_header then out[1] = join(screen, list, 1, most) end
  for i, made in ipairs(records) do
    out[#out + 1] = join(screen, list, i + 1, most, made.outcome or "failed")
  end
  return table.concat(out, "\n") .. "\n"
end

return layout
