-- SPDX-License-Identifier: MIT
-- The life of a job: pending, running, and its end, computed from its start record and the time
-- alone.
-- Owns the store's keys "job:", "jobs.count:" and "jobs.at:"; a record is written once and never
-- changed. Called by the other files of ges.sim.service.
--
-- A record: { project, graph, graph_name, name, started, seconds, pending, outcome, fail_reason,
-- log_dir, lines, files = { { list = "vertexset_path", paths = { path... } }, ... } }; the files
-- are in the order in which they are read.

local clock = require "ges.sim.service.clock"
local job_of = require "ges.job"
local reply = require "ges.sim.service.reply"
local utc = require "ges.util.utc"

local jobs = {}

local keep_seconds = 7 * 86400
local scan_limit = 1000
local max_page = 100

--- How a job can end, and with it its last file: the file's status, and of how many lines one is
--- refused.
---@type table<string, { status: string, refused_of: number }>
jobs.ends = {
  success = { status = "success", refused_of = math.huge },
  failed = { status = "failed", refused_of = 1 },
  partiallyFailed = { status = "partFailed", refused_of = 10 },
}

--- Stores a new job and enters it in its project's list.
---@return string|nil id nil when the store is full
function jobs.add(ctx, record)
  local id = ("ff808081%08x%016x"):format(math.floor(ctx.now) % 4294967296, reply.sequence(ctx))
  if not ctx.state:set("job:" .. id, ctx.json.encode(record), keep_seconds) then
    return nil
  end
  local number = ctx.state:incr("jobs.count:" .. record.project, 1, 0)
  ctx.state:set(("jobs.at:%s:%d"):format(record.project, number), id, keep_seconds)
  return id
end

--- The record of a job of this project and graph.
---@return table|nil
function jobs.find(ctx, project, graph, id)
  local text = ctx.state:get("job:" .. id)
  local record = text and ctx.json.decode(text)
  if record and record.project == project and (not graph or record.graph == graph) then
    return record
  end
end

-- Whether the job has begun at this moment, and whether it is over.
local function phase(ctx, record)
  local age = ctx.now - record.started
  return age >= record.pending, age >= record.seconds
end

--- The job's status at this moment.
---@return string
function jobs.status(ctx, record)
  local has_begun, is_over = phase(ctx, record)
  return is_over and record.outcome or has_begun and "running" or "pending"
end

local function file_count(record)
  local count = 0
  for _, set in ipairs(record.files) do count = count + #set.paths end
  return count
end

-- How far the import has come, in files: 2.5 means two done and the third half read.
local function files_done(ctx, record, count)
  local span = record.seconds - record.pending
  local age = ctx.now - record.started
  if age >= record.seconds or span <= 0 then
    return count
  end
  return (age - record.pending) / span * count
end

-- How many of a file's lines are refused, and how its import ends: the last file carries the fault.
local function verdict(record, is_last)
  local ending = jobs.ends[is_last and record.outcome or "success"]
  return math.ceil(record.lines / ending.refused_of), ending.status
end

local function describe_failure(entry, record, id, failed)
  entry.cause = ("%d lines do not match the schema"):format(failed)
  if record.log_dir then
    entry.log = record.log_dir:gsub("/+$", "") .. ("/%s/import.log"):format(id)
  end
end

-- One entry of job_detail. `part` is how much of the file is read, 0 to 1. A schema has no lines to
-- count: -1 says so, as the documents do.
local function file_entry(ctx, record, id, file, part)
  local null = ctx.json.null
  local entry = { path = file.path, log = null, cause = null, status = null }
  local failed, status = verdict(record, file.is_last)
  if part >= 1 then
    entry.status = status
    if status ~= jobs.ends.success.status then
      describe_failure(entry, record, id, failed)
    end
  end
  if file.list == "schema_path" then
    entry.total_lines, entry.failed_lines, entry.successful_lines = -1, -1, -1
    return entry
  end
  entry.total_lines = math.floor(record.lines * part)
  entry.failed_lines = math.floor(failed * part)
  entry.successful_lines = entry.total_lines - entry.failed_lines
  return entry
end

local function job_detail(ctx, record, id)
  local count, seen, detail = file_count(record), 0, {}
  local done = files_done(ctx, record, count)
  for _, list in ipairs(job_of.lists) do detail[list] = ctx.json.null end
  for _, set in ipairs(record.files) do
    local entries = {}
    for i, path in ipairs(set.paths) do
      seen = seen + 1
      local file = { list = set.list, path = path, is_last = seen == count }
      local part = math.min(math.max(done - (seen - 1), 0), 1)
      entries[i] = file_entry(ctx, record, id, file, part)
    end
    detail[set.list] = entries
  end
  return detail
end

--- The job as the status call and the list show it.
---@return table job ready to be encoded
function jobs.view(ctx, record, id)
  local has_begun, is_over = phase(ctx, record)
  local job = {
    job_id = id, status = jobs.status(ctx, record), job_type = "GraphManagement",
    job_name = record.name, related_graph = record.graph_name, job_progress = 0,
  }
  if not has_begun then
    return job
  end
  job.begin_time = clock.iso(record.started + record.pending)
  if is_over then
    job.end_time = clock.iso(record.started + record.seconds)
    job.fail_reason = record.fail_reason
  end
  if record.files then
    job.job_detail = job_detail(ctx, record, id)
  end
  return job
end

-- A whole number in the query string, within bounds.
local function page_number(ctx, name, default, low, high)
  local text = ctx.request.query[name]
  if text == nil or text == "" then
    return default
  end
  local number = type(text) == "string" and text:find("^%d%d?%d?%d?%d?%d?$") and tonumber(text)
  return number and number >= low and number <= high and number or nil
end

-- The filter's words -> those of a job's status.
local filter_words = { waiting = "pending", running = "running", success = "success",
  partiallyFailed = "partiallyFailed", failed = "failed" }

-- The filters of a list, or nil and the name of the parameter that is wrong. Both dates are days in
-- UTC, and the days themselves count; a job belongs to the day on which it was asked for.
local function read_filters(ctx)
  local query, filters = ctx.request.query, { from = -math.huge, to = math.huge }
  local given = {}
  for _, name in ipairs { "graph_name", "status", "start_time", "end_time" } do
    local value = query[name]
    if value ~= nil and type(value) ~= "string" then return nil, name end
    given[name] = value ~= "" and value or nil -- empty: not chosen
  end
  filters.graph_name, filters.status = given.graph_name, filter_words[given.status]
  if given.status and not filters.status then return nil, "status" end
  if given.start_time then
    filters.from = utc.read_day(given.start_time)
    if not filters.from then return nil, "start_time" end
  end
  if given.end_time then
    local day = utc.read_day(given.end_time)
    if not day then return nil, "end_time" end
    filters.to = day + 86400
  end
  filters.limit = page_number(ctx, "limit", 10, 1, 999999)
  filters.offset = page_number(ctx, "offset", 0, 0, 999999)
  return filters.limit and filters.offset and filters or nil, "limit or offset"
end

local function wanted(ctx, record, filters)
  return record.started >= filters.from and record.started < filters.to
    and (not filters.status or jobs.status(ctx, record) == filters.status)
    and (not filters.graph_name or record.graph_name == filters.graph_name)
end

--- GET /v2/{project_id}/graphs/jobs: newest first; looks at the last thousand jobs at most.
---@return table response
function jobs.list(ctx, project)
  local filters, wrong = read_filters(ctx)
  if not filters then
    return reply.bad_parameter(ctx, wrong)
  end
  local newest, matches, items = ctx.state:get("jobs.count:" .. project) or 0, 0, {}
  for number = newest, math.max(newest - scan_limit + 1, 1), -1 do
    local id = ctx.state:get(("jobs.at:%s:%d"):format(project, number))
    local record = id and jobs.find(ctx, project, nil, id)
    if record and wanted(ctx, record, filters) then
      matches = matches + 1
      if matches > filters.offset and #items < math.min(filters.limit, max_page) then
        items[#items + 1] = ctx.json.encode(jobs.view(ctx, record, id))
      end
    end
  end
  local body = ('{"job_count":%d,"job_list":['):format(matches) .. table.concat(items, ",") .. "]}"
  return reply.text(ctx, 200, "application/json", body)
end

return jobs
