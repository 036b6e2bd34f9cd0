-- SPDX-License-Identifier: MIT
-- cli.output: the output forms, one row each. The option -o, its help, the completion, every
-- command and the papers' specs read these rows, and no other file names a form.
-- Pure but for the screen. Called by the files of ges.cli.

local counts = require("ges.cli.counts")
local json = require("ges.json")
local layout = require("ges.cli.layout")
local record = require("ges.cli.record")
local text = require("ges.cli.text")
local yaml = require("ges.cli.yaml")

local output = {}

local TSV = {
  "job_id", "graph_id", "status", "outcome", "exit_code", "job_name", "begin_time", "end_time",
  "duration", "files_done", "files_total", "lines_total", "lines_failed", "error_kind", "message",
}

local ESCAPES = { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r", ["\\"] = "\\\\" }

-- One cell: no byte of it ends the cell or acts on a terminal, and a spreadsheet takes it for no
-- formula.
local function tsv_cell(value)
  if value == nil then return "" end
  if type(value) == "number" then return json.encode(value) or "" end
  value = text.safe((tostring(value):gsub("[\t\n\r\\]", ESCAPES)), true)
  return value:find("^[=+@-]") and "'" .. value or value
end

local function tsv_row(made)
  local summary = made.summary or { files = {}, lines = {} }
  local f, l = summary.files, summary.lines
  local extra = {
    duration = summary.duration, files_total = f.total, lines_total = l.total,
    lines_failed = l.failed, files_done = f.total and counts.done(f),
    error_kind = made.error and made.error.kind, message = record.message(made),
  }
  local cells = {}
  for i, name in ipairs(TSV) do
    local value = extra[name]
    if value == nil then value = made[name] end
    cells[i] = tsv_cell(value)
  end
  return table.concat(cells, "\t") .. "\n"
end

-- A value of an undocumented field may have no JSON form: an internal error, not an empty output.
local function encode(value, opts)
  return assert(json.encode(value, opts))
end

local function to_json(value)
  return encode(value, { indent = 2 }) .. "\n"
end

local function to_line(value)
  return encode(value) .. "\n"
end

local function write_json(_, records, is_many)
  return to_json(is_many and json.array(records) or records[1])
end

local function write_jsonl(_, records)
  local lines = {}
  for i, made in ipairs(records) do lines[i] = to_line(made) end
  return table.concat(lines)
end

local function write_yaml(_, records, is_many)
  return yaml.encode(is_many and json.array(records) or records[1])
end

local function write_tsv(_, records, _, has_header)
  local lines = { has_header and table.concat(TSV, "\t") .. "\n" or nil }
  for _, made in ipairs(records) do lines[#lines + 1] = tsv_row(made) end
  return table.concat(lines)
end

local function write_table(screen, records, is_many, has_header, is_listing)
  if #records == 0 then return "" end
  if not is_many then return layout.block(screen, records[1]) end
  local most = screen.out_is_tty and screen:size(1) or math.huge
  return layout.table(screen, records, most, has_header, is_listing)
end

local function to_tsv(_, rows)
  local lines = {}
  for i, row in ipairs(rows) do
    local cells = {}
    for c, value in ipairs(row) do cells[c] = tsv_cell(value) end
    lines[i] = table.concat(cells, "\t") .. "\n"
  end
  return table.concat(lines)
end

---@class ges.cli.Form
---@field name string          as -o takes it
---@field records fun(screen: ges.cli.Screen, records: table[], is_many: boolean,
---  has_header: boolean, is_listing: boolean?): string  `is_many`: several jobs were named, so that
---  JSON is an array; `is_listing`: the user has named none, and has to tell them apart
---@field report? fun(value: table, rows: any[][]): string  the same for what is no job: the whole
---  as a table, and as rows of cells; without it a command writes lines for people
---@field by_job? boolean      a record is written as soon as its job ends
---@field has_events? boolean  `ges watch` may be asked for it: its events are JSON

--- The forms; the first is the one that counts when none is asked for.
---@type ges.cli.Form[]
output.forms = {
  { name = "table", records = write_table },
  { name = "json", records = write_json, report = to_json, has_events = true },
  { name = "jsonl", records = write_jsonl, report = to_line, by_job = true, has_events = true },
  { name = "tsv", records = write_tsv, report = to_tsv },
  { name = "yaml", records = write_yaml, report = yaml.encode },
}

--- Their names, in the same order.
---@type string[]
output.names = {}

--- The names of those in which `ges watch` writes.
---@type string[]
output.event_names = {}

local by_name = {}

for i, form in ipairs(output.forms) do
  output.names[i], by_name[form.name] = form.name, form
  if form.has_events then table.insert(output.event_names, form.name) end
end

--- The form of this name.
---@param name? string
---@return ges.cli.Form
function output.form(name)
  return by_name[name or output.names[1]]
end

return output
