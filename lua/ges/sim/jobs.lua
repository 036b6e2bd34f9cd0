-- SPDX-License-Identifier: MIT
-- The life of a job: pending, running, and its end, computed from its start record and the time
-- alone.
-- Owns the store's keys "job:", "jobs.count:" and "jobs.at:"; a record is written once and never
-- changed. Called by ges.sim and ges.sim.start only.
--
-- A record: { project, graph, graph_name, name, started, seconds, pending, outcome, fail_reason,
-- log_dir, lines, files = { { list = "vertexset_path", paths = { path... } }, ... } }; the files
-- are in the order in which they are read.

local clock = require "ges.sim.clock"
local job_of = require "ges.job"
local reply = require "ges.sim.reply"

local jobs = {}

local keep_seconds = 7 * 86400
local scan_limit = 1000

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

--- The answer to a status call for a job that is not there.
---@return table response
function jobs.not_found(ctx, id)
  local form = "can not find job, jobId is %s"
  if (ctx.request.headers["x-language"] or ""):lower() == "zh-cn" then
    form = "找不到任务，jobId是%s"
  end
  return reply.ges(ctx, 400, "GES.8301", form:format(id))
end

-- A whole number in the query string, within bounds.
local function page_number(ctx, name, default, low, high)
  local text = ctx.request.query[name]
  if text == nil then
    return default
  end
  local number = type(text) == "string" and text:find("^%d%d?%d?%d?%d?%d?$") and tonumber(text)
  return number and number >= low and number <= high and number or nil
end

-- The words of the filter that a job does not use itself.
local filter_words = { waiting = "pending" }

local function wanted(ctx, record)
  local status, name = ctx.request.query.status, ctx.request.query.graph_name
  return (not status or jobs.status(ctx, record) == (filter_words[status] or status))
    and (not name or record.graph_name == name)
end

--- GET /v2/{project_id}/graphs/jobs: newest first; looks at the last thousand jobs at most.
---@return table response
function jobs.list(ctx, project)
  local limit = page_number(ctx, "limit", 10, 1, 100)
  local offset = page_number(ctx, "offset", 0, 0, 999999)
  if not limit or not offset then
    return reply.ges(ctx, 400, "GES.0001", "Parameter error: limit or offset.")
  end
  local newest, matches, items = ctx.state:get("jobs.count:" .. project) or 0, 0, {}
  for number = newest, math.max(newest - scan_limit + 1, 1), -1 do
    local id = ctx.state:get(("jobs.at:%s:%d"):format(project, number))
    local record = id and jobs.find(ctx, project, nil, id)
    if record and wanted(ctx, record) then
      matches = matches + 1
      if matches > offset and #items < limit then
        items[#items + 1] = ctx.json.encode(jobs.view(ctx, record, id))
      end
    end
  end
  local body = ('{"job_count":%d,"job_list":['):format(matches) .. table.concat(items, ",") .. "]}"
  return reply.text(ctx, 200, "application/json", body)
end

return jobs
