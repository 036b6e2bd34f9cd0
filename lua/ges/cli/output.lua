-- SPDX-License-Identifier: MIT
-- cli.output: records in the form that was asked for. Pure but for the screen. Called by the files
-- of ges.cli.

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

-- One field of one line: nothing in it ends the field, acts on a terminal, or is a formula to a
-- spreadsheet.
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
    lines_failed = l.failed, files_done = f.total and f.success + f.partial + f.failed,
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

-- JSON always says something: where a value of an undocumented field has no JSON form, that is
-- what went wrong.
local function encode(value, opts)
  return assert(json.encode(value, opts))
end

local forms = {}

function forms.json(_, records, is_many)
  return encode(is_many and json.array(records) or records[1], { indent = 2 }) .. "\n"
end

function forms.jsonl(_, records)
  local lines = {}
  for i, made in ipairs(records) do lines[i] = encode(made) .. "\n" end
  return table.concat(lines)
end

function forms.yaml(_, records, is_many)
  return yaml.encode(is_many and records or records[1])
end

function forms.tsv(_, records, _, has_header)
  local lines = { has_header and table.concat(TSV, "\t") .. "\n" or nil }
  for _, made in ipairs(records) do lines[#lines + 1] = tsv_row(made) end
  return table.concat(lines)
end

function forms.table(screen, records, is_many, has_header)
  if not is_many then return layout.block(screen, records[1]) end
  local most = screen.out_is_tty and screen:size(1) or math.huge
  return layout.table(screen, records, most, has_header)
end

--- The text of some records.
---@param screen ges.cli.Screen
---@param form string table, json, jsonl, tsv or yaml
---@param records table[]
---@param is_many boolean whether several jobs were named: then JSON is an array
---@param has_header boolean
---@return string
function output.format(screen, form, records, is_many, has_header)
  return forms[form](screen, records, is_many, has_header)
end

--- A value that is no job, for version and doctor.
---@param form string
---@param value table
---@return string? text nil for the forms that are for people
function output.value(form, value)
  if form == "json" then return encode(value, { indent = 2 }) .. "\n" end
  if form == "jsonl" then return encode(value) .. "\n" end
  if form == "yaml" then return yaml.encode(value) end
end

return output
