-- SPDX-License-Identifier: MIT
-- list: the jobs of a project, or of one of its graphs, read page by page.
-- Owns nothing: what was read so far is the call's. Called by ges.client and ges.wait.
--
-- The service filters by the name of a graph: for a graph's id it is asked for that first. A page
-- may be shorter than asked, a job that comes to the list or leaves it moves those on later pages,
-- and a service may count wrongly or never end: a list ends with an empty page, with as many jobs
-- as the service counts or the caller wants, or as a failure.

local call = require("ges.call")
local core = require("ges.core")
local failure = require("ges.error")
local job_of = require("ges.job")
local utc = require("ges.util.utc")

local huge, floor, min = math.huge, math.floor, math.min
local list = {}
local DEFAULT = core.defaults
local PAGE = 100             -- jobs asked for at a time
local IDLE_PAGES = 3         -- so many in a row with nothing new: the list does not end
local MOST_UNWANTED = 1e5    -- so many jobs that are left out: the same
local DAY = 86400
local MOST_RUNNING = 10000   -- more than ever run on one graph
local PASSES = 5             -- over a list that changes while it is read
local WARNINGS = 16          -- of a call at most
local ID_LONGEST = 128       -- bytes; a longer id cannot be asked for

---@class ges.call.Found
---@field jobs ges.Job[]
---@field seen table<string, boolean>    the ids of those
---@field warnings string[]
---@field warned table<string, boolean>  those, before they were cleaned
---@field moved boolean                  jobs left the list while it was read
---@field info? ges.Info                 of the last page

-- The day of a point in time, as the service takes it; nil for anything that is none. Whether the
-- service takes a last day as a whole is not documented, so it is asked for one more where what is
-- too late is left out here.
local function day_of(name, value)
  if type(value) == "number" then
    return utc.day(value + (name == "end_time" and DAY or 0))
  end
  return utc.read_day(value) and value or nil
end

-- What the list is filtered by, or the failure of a refused day.
local function query_of(settings)
  local query = { graph_name = settings.graph_name, status = job_of.filter(settings.status) }
  for _, name in ipairs { "start_time", "end_time" } do
    local value = settings[name]
    query[name] = value and day_of(name, value)
    if value and not query[name] then
      return failure.new("argument",
        name .. " must be a day such as 2024-01-31, or seconds since 1970")
    end
  end
  local first, last = settings.start_time, settings.end_time
  if first and last and type(first) ~= type(last) then
    first, last = query.start_time, query.end_time
  end
  if first and last and last < first then
    return failure.new("argument", "end_time is before start_time")
  end
  return query
end

-- The service knows days only. Whether a job began in the span that numbers say; one that has not
-- begun did not begin before.
local function begins_within(settings)
  local from = type(settings.start_time) == "number" and floor(settings.start_time) or -huge
  local to = type(settings.end_time) == "number" and settings.end_time or huge
  return function(job)
    local begun = utc.read(job.begin_time)
    return not begun or begun >= from and begun <= to
  end
end

local function new_found()
  return { jobs = {}, seen = {}, warnings = {}, warned = {}, moved = false }
end

-- Adds a sentence to the warnings, once. One with server text is cleaned by the request.
local function warn(found, text, request)
  if not text or found.warned[text] or #found.warnings >= WARNINGS then return end
  found.warned[text] = true
  table.insert(found.warnings, request and request:clean(text) or text)
end

-- Adds what the core warns of on a page: the places there are places on the list.
local function warn_of_page(found, warnings, offset)
  for _, text in ipairs(warnings or {}) do
    warn(found, (text:gsub("^job_list%[(%d+)%]", function(place)
      return ("job_list[%d]"):format(offset + place)
    end)))
  end
end

-- Whether a job is one of the graph with that name and perhaps id, as far as it says. Of others the
-- call warns.
local function is_of_graph(found, job, name, id)
  local related = job.related_graph
  if not name or not related or related == "" or related == name or related == id then
    return true
  end
  warn(found, "jobs of other graphs are on the list; they were left out")
  return false
end

-- An id that tells a job from others; nil for a job without one.
local function id_of(job)
  local id = job.job_id
  return id and id ~= "" and #id <= ID_LONGEST and id or nil
end

-- Adds a job, with what its words are to be warned of, unless it is there already.
local function add(found, one, job)
  local id = id_of(job)
  if id and found.seen[id] then return end
  if id then found.seen[id] = true end
  found.jobs[#found.jobs + 1] = job
  if #found.warnings >= WARNINGS then return end
  warn(found, job_of.odd(job), one.request)
  warn(found, job_of.strange(job), one.request)
end

-- A failure of the list itself, after the attempts so far.
local function fail(kind, span, text, ...)
  return failure.new(kind, text:format(...), { attempts = span.attempts,
    elapsed = core.now() - span.began })
end

-- Asks for one page.
local function ask(one, span, query)
  local ok, err, info = one.request:ask("list", query)
  if not ok then return nil, err, info end
  return span.run(one, span)
end

-- Takes the jobs of a page that `keeps` wants, up to `most` in all. Returns whether one of the page
-- was on no earlier one; `known` has the ids of those.
local function take(found, one, page, known, keeps, most)
  local is_new = false
  for _, job in ipairs(page) do
    if #found.jobs >= most then break end
    local id = id_of(job)
    if not id or not known[id] then is_new = true end
    if id then known[id] = true end
    if keeps(found, job) then add(found, one, job) end
  end
  return is_new
end

-- Compares what the service counts with what it has listed in all. Returns nothing, or the failure
-- of a list that contradicts itself.
local function check_count(found, span, count, listed)
  if listed == count or count == huge then return end
  if listed == 0 then
    return fail("protocol", span, "the service reports %.10g jobs, but lists none", count)
  end
  warn(found, ("the service reports %.10g jobs, but lists %d"):format(count, listed))
end

-- Whether a page has a job with an id that was on no earlier one.
local function has_new_id(page, known)
  for _, job in ipairs(page) do
    local id = id_of(job)
    if id and not known[id] then return true end
  end
  return false
end

-- Reads pages until the list ends or `most` jobs are found. A count that is too small ends nothing:
-- the list then ends with a page without a new id.
---@return integer? pages how many there were; or nil, the line and the info of a failure
local function read(found, one, span, query, keeps, most)
  local offset, idle, pages, known, before, is_short = 0, 0, 0, {}, 0, false
  found.moved = false
  repeat
    query.offset, query.limit = offset, pages == 0 and min(PAGE, most) or PAGE
    local page, err, info = ask(one, span, query)
    if not page then return nil, err, info end
    local jobs, count = page.job_list or {}, page.job_count or huge
    if is_short and not has_new_id(jobs, known) then jobs = {} end
    warn_of_page(found, info.warnings, offset)
    found.moved, before = found.moved or count < before, count < huge and count or before
    idle = take(found, one, jobs, known, keeps, most) and 0 or idle + 1
    pages, offset, found.info = pages + 1, offset + #jobs, info
    is_short = is_short or offset > count and not found.moved
    if #jobs == 0 and not found.moved then
      local _, why, about = check_count(found, span, count, offset)
      if why then return nil, why, about end
    end
    if #jobs == 0 or #found.jobs >= most or offset >= count and not is_short then return pages end
  until idle >= IDLE_PAGES or offset - #found.jobs >= MOST_UNWANTED
  return fail("protocol", span, "the list of jobs does not end: %d jobs on %d pages were read, "
    .. "the last %d of them without a new job", offset, pages, idle)
end

-- The name of the graph that the call is for, by its id; nil where it is for none.
---@return string? name, string? err, ges.Info? info
local function ask_name(one, span)
  if not select(2, one.request:ids()) then return nil end
  one.request:ask("graph")
  return span.run(one, span)
end

-- The info of a call that has read a list: that of the last page, with the sums of all.
local function info_of(found, span)
  local info = found.info
  info.attempts, info.elapsed = span.attempts, core.now() - span.began
  info.warnings = found.warnings[1] and found.warnings
  return info
end

-- Makes one request of ges.jobs, if there is time.
local function run_in_time(one, span)
  if span.attempts > 0 and core.now() >= span.deadline then
    return fail("timeout", span, "the list of jobs was not read completely within %g s",
      span.timeout)
  end
  return call.run(one, true, span)
end

-- Reads a list in the order of the service: from the start where jobs left it meanwhile, since
-- others moved to pages that were read already.
---@return ges.call.Found? found, string? err, ges.Info? info
local function read_whole(one, span, query, keeps, most)
  local found
  for _ = 1, PASSES do
    found = new_found()
    local pages, err, info = read(found, one, span, query, keeps, most)
    if not pages then return nil, err, info end
    if not found.moved then return found end
  end
  warn(found, "jobs left the list while it was read; some of the others may be missing")
  return found
end

--- Lists jobs, in the order of the service.
---@param one ges.Call of ges.jobs
---@return ges.Job[]? jobs, string? err, ges.Info info
function list.jobs(one)
  local settings = one.settings
  local span = call.span(settings.timeout or DEFAULT.timeout, run_in_time)
  local query, err, info = query_of(settings)
  if not query then return nil, err, info end
  if not query.graph_name then
    query.graph_name, err, info = ask_name(one, span)
    if err then return nil, err, info end
  end
  local begins, id = begins_within(settings), select(2, one.request:ids())
  local function keeps(found, job)
    return begins(job) and is_of_graph(found, job, query.graph_name, id)
  end
  local found, why, about = read_whole(one, span, query, keeps, settings.limit or DEFAULT.limit)
  if not found then return nil, why, about end
  return found.jobs, nil, info_of(found, span)
end

-- Reads a list from which jobs go away meanwhile, which moves those on later pages up: again, until
-- nothing new is on it.
local function read_moving(found, one, span, query, keeps)
  for _ = 1, PASSES do
    local before = #found.jobs
    local pages, err, info = read(found, one, span, query, keeps, MOST_RUNNING)
    if not pages then return nil, err, info end
    if pages == 1 or #found.jobs == before then break end
  end
  return true
end

-- The ids of the jobs as the settings of a call have them.
local function ids_of(found, span)
  local ids = { n = #found.jobs, project_id = {}, graph_id = {}, job_id = {} }
  if ids.n >= MOST_RUNNING then
    return fail("protocol", span, "%d or more jobs are listed as running", MOST_RUNNING)
  end
  for n, job in ipairs(found.jobs) do
    if not job.job_id then
      return fail("protocol", span, "a running job is listed without an id")
    end
    ids.job_id[n] = job.job_id
  end
  return ids
end

--- Lists the jobs of the call's graph that are not over. First those that wait: one that begins to
--- run between two requests is on both lists then, and not on none. The request is for jobs again
--- afterwards.
---@param one ges.Call of ges.wait_all or ges.wait_any
---@param span ges.Span of that call
---@return table? ids as the lists of the option `jobs`, string? err, ges.Info info
function list.running(one, span)
  local found = new_found()
  local name, err, info = ask_name(one, span)
  if not name then return nil, err, info end
  local id = select(2, one.request:ids())
  local function keeps(_, job)
    return not job_of.terminal(job) and is_of_graph(found, job, name, id)
  end
  for _, word in ipairs(job_of.open) do
    local query = { graph_name = name, status = word }
    local ok, why, about = read_moving(found, one, span, query, keeps)
    if not ok then return nil, why, about end
  end
  local ids, why, about = ids_of(found, span)
  if not ids then return nil, why, about end
  one.request:ask("job")
  return ids, nil, info_of(found, span)
end

return list
