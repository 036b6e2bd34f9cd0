-- wait_all and wait_any for the jobs that run on a graph: which they are, also where jobs come, go
-- and begin to run while they are listed, and what becomes of each.

local core = require("ges.core")
local ges = require("ges")
local kit = require("core_kit")
local lab = require("lab")
local wire = require("wire")

local NAME = { 200, '{"graph":{"id":"' .. lab.graph .. '","name":"movie"}}' }
local DONE = { 200, '{"status":"success"}' }

-- The reply with a list: ids of running jobs, or whole jobs.
local function list(ids, count)
  local items = {}
  for i, id in ipairs(ids) do
    items[i] = id:find("^{") and id or ('{"job_id":"%s","status":"running"}'):format(id)
  end
  return { 200, ('{"job_count":%d,"job_list":[%s]}'):format(count or #ids,
    table.concat(items, ",")) }
end

-- A server that answers with these replies on its first connection, and then, as on all others,
-- each request with `rest` (a job that is done).
local function serving(replies, rest)
  local script, poll = {}, { "request", wire.reply((rest or DONE)[1], (rest or DONE)[2]) }
  for _, reply in ipairs(replies) do
    if type(reply) == "number" then
      script[#script] = { sleep = reply }
    else
      script[#script + 1] = "request"
      script[#script + 1] = wire.reply(reply[1], reply[2], reply[3])
      script[#script + 1] = { sleep = 0 }
    end
  end
  for _ = 1, 50 do
    script[#script + 1], script[#script + 2] = poll[1], poll[2]
  end
  poll[3] = { again = true }
  return lab.serve { script, poll, loop = true }
end

local function options(server, extra)
  local more = { jobs = "running", job_id = false, interval = 0.01 }
  for name, value in pairs(extra or {}) do more[name] = value end
  return lab.options(server, more)
end

-- What was asked so far, behind the project; polls in the order of their ids.
local function asked(server)
  local found, polls = {}, {}
  for _, text in ipairs(server:requests()) do
    local path = text:match("^GET (%S+) HTTP/1.1\r\n")
    path = path:gsub("^/v2/" .. lab.project .. "/graphs/", "")
    local into = path:find("/status$") and polls or found
    into[#into + 1] = path
  end
  table.sort(polls)
  for _, path in ipairs(polls) do found[#found + 1] = path end
  return found
end

local function poll_of(id) return ("%s/jobs/%s/status"):format(lab.graph, id) end

local function ids(results)
  local found = {}
  for i, result in ipairs(results) do found[i] = result.job_id end
  return table.concat(found, " ")
end

local WAITING = "jobs?graph_name=movie&limit=100&offset=0&status=waiting"
local RUNNING = "jobs?graph_name=movie&limit=100&offset=0&status=running"

local random = core.random

describe("jobs = \"running\":", function()
  setup(function() core.random = function() return 0 end end)
  teardown(function() core.random = random end)
  after_each(lab.cleanup)

  describe("wait_all", function()
    it("lists what waits before what runs, and waits for each by the graph's id", function()
      local server = serving { NAME, list { '{"job_id":"b","status":"pending"}' },
        list { "a", "c" } }
      local results, err, info = ges.wait_all(options(server))
      assert.equal("b a c", ids(assert(results, err)))
      assert.is_nil(err)
      assert.equal(3, info.attempts)
      for _, result in ipairs(results) do assert.equal("success", result.job.status) end
      assert.same({ lab.graph, WAITING, RUNNING, poll_of "a", poll_of "b", poll_of "c" },
        asked(server))
    end)

    it("waits once for a job that begins to run between the two lists", function()
      local server = serving { NAME, list { '{"job_id":"a","status":"waiting"}', "b" },
        list { "a", "b", "c" } }
      assert.equal("a b c", ids(assert(ges.wait_all(options(server)))))
      assert.same({ lab.graph, WAITING, RUNNING, poll_of "a", poll_of "b", poll_of "c" },
        asked(server))
    end)

    it("reads a list of several pages again, from which a job went away meanwhile", function()
      local server = serving { NAME, list {}, list({ "a", "b" }, 3), list({}, 2),
        list({ "b", "c" }, 2) }
      local results, _, info = ges.wait_all(options(server))
      assert.equal("a b c", ids(results))
      assert.equal(5, info.attempts)
      -- Where two went away, the count is no longer that of what was listed, and right.
      server = serving { NAME, list {}, list({ "a", "b", "c" }, 4), list({}, 2),
        list({ "c", "d" }, 2) }
      results, _, info = ges.wait_all(options(server))
      assert.equal("a b c d", ids(results))
      assert.is_nil(info.warnings)
      -- It is over at the latest when nothing is new.
      server = serving { NAME, list {}, list({ "a" }, 2), list({ "b" }, 2), list({ "a" }, 2),
        list({ "b" }, 2) }
      assert.equal("a b", ids(assert(ges.wait_all(options(server)))))
    end)

    it("leaves out what is over or of another graph", function()
      local server = serving { NAME, list {}, list { '{"job_id":"a","status":"success"}', "b",
        '{"job_id":"c","status":"new","end_time":"2024-01-01T00:00:00"}',
        '{"job_id":"d","status":"running","related_graph":"movie2"}',
        '{"job_id":"e","status":"new","related_graph":"movie"}' } }
      local results, _, info = ges.wait_all(options(server))
      assert.equal("b e", ids(results))
      assert.same({ "jobs of other graphs are on the list; they were left out",
        'unknown job status "new"' }, info.warnings)
    end)

    it("returns nothing, and the list's info, where nothing runs", function()
      local server = serving { NAME, list {}, { 200, '{"job_count":0,"job_list":null}' } }
      local results, err, info = ges.wait_all(options(server))
      assert.same({}, results)
      assert.is_nil(err)
      assert.equal(3, info.attempts)
      assert.same({ lab.graph, WAITING, RUNNING }, asked(server))
    end)

    it("keeps the failures of single jobs to those", function()
      local server = serving({ NAME, list {}, list { "a/b", "c" } },
        { 200, '{"status":"failed","fail_reason":"no bucket"}' })
      local results, _, info = ges.wait_all(options(server))
      assert.equal("a/b c", ids(results))
      assert.is_nil(info.kind)
      lab.fails("argument", results[1].job, results[1].err, results[1].info)
      assert.equal("job_failed", results[2].info.kind)
      assert.is_truthy(results[2].err:find("no bucket", 1, true))
    end)

    it("tells its events of the jobs, and none of a list that fails", function()
      local seen = {}
      local function note(event)
        if event.type == "done" then seen[#seen + 1] = event.index .. " " .. event.job_id end
      end
      ges.wait_all(options(serving { NAME, list { "x" }, list { "y" } }, { on_event = note }))
      table.sort(seen)
      assert.same({ "1 x", "2 y" }, seen)
      seen = {}
      lab.fails("forbidden", ges.wait_all(options(serving { lab.error(403, "GES.1") },
        { on_event = note })))
      assert.same({}, seen)
    end)

    it("tries again to list, as a wait does", function()
      local server = serving { NAME, list {}, lab.error(503, "x"), { 200, "<p>" }, list { "a" } }
      local results, _, info = ges.wait_all(options(server))
      assert.equal("a", ids(results))
      assert.equal(5, info.attempts)
      local slow = lab.error(429, "APIG.0308")
      server = serving { slow, slow, slow, NAME, list {}, slow, list { "a" } }
      results, _, info = ges.wait_all(options(server))
      assert.equal("a", ids(results))
      assert.equal(7, info.attempts)
      -- Inside a wait an attempt is one, whatever the client's `retries` for other calls.
      local client = lab.client(options(serving { lab.error(503, "x"), NAME, list {}, list {} },
        { retries = 0, jobs = false, interval = 0.01 }))
      assert.same({}, (client:wait_all { jobs = "running" }))
    end)

    it("does not outlast its time for a service that asks to wait longer", function()
      local server = serving { NAME, { 429, "", { "Retry-After: 100" } } }
      local err, info = lab.fails("deadline", ges.wait_all(options(server, { timeout = 5 })))
      assert.is_truthy(err:find("the running jobs could not be listed: ", 1, true), err)
      assert.is_truthy(err:find("asks to wait 100 s", 1, true), err)
      assert.equal(2, info.attempts)
    end)

    it("lists no faster than max_rate", function()
      local server = serving { NAME, list {}, list {} }
      local seconds = lab.timed(ges.wait_all, options(server, { max_rate = 5 }))
      assert.is_true(seconds >= 0.35, seconds)
    end)

    it("ends with its client", function()
      local client
      client = lab.client(options(serving { NAME, lab.error(503, "x") }, { jobs = false,
        interval = 3600, on_request = function(info)
          if info.http_status == 503 then client:close() end
        end }))
      lab.fails("closed", client:wait_all { jobs = "running" })
    end)

    it("says nothing of jobs that the service counts but does not list", function()
      local err = lab.fails("protocol", ges.wait_all(options(serving { NAME, list({}, 5) })))
      assert.is_truthy(err:find("reports 5 jobs, but lists none", 1, true), err)
      local body = '{"job_count":0,"job_list":[],"error_code":"GES.7006","error_msg":"x"}'
      local rest = { 200, body }
      lab.fails("unavailable", ges.wait_all(options(serving({ NAME }, rest))))
    end)

    it("takes a job whose graph is named by its id, or not at all, for one of the graph", function()
      local server = serving { NAME, list {}, list {
        '{"job_id":"a","status":"running","related_graph":""}',
        '{"job_id":"b","status":"running","related_graph":"' .. lab.graph .. '"}',
        '{"job_id":"c","status":"running","related_graph":null}' } }
      assert.equal("a b c", ids(assert(ges.wait_all(options(server)))))
    end)

    it("cannot list by a name that has part of the token", function()
      local token = "movie-graph-0123456789"
      local server = serving { { 200, '{"graph":{"name":"movie-graph-0123456789"}}' } }
      local err = lab.fails("protocol", ges.wait_all(options(server, { token = token })))
      assert.is_truthy(err:find("contains part of the credentials", 1, true), err)
      assert.is_nil(err:find(token, 1, true))
    end)

    it("fails where the jobs cannot be listed", function()
      local busy = lab.error(503, "x")
      for kind, replies in pairs {
        forbidden = { lab.error(403, "GES.1") },
        not_found = { lab.error(400, "GES.7000") },
        unavailable = { NAME, list {}, busy, busy, busy },
        protocol = { NAME, list {}, list { '{"status":"running"}' } },
        bad_request = { NAME, lab.error(400, "GES.0001") },
      } do
        local server = serving(replies)
        local _, info = lab.fails(kind, ges.wait_all(options(server)))
        assert.equal(#replies, info.attempts)
        assert.equal(#replies, #asked(server))
      end
      lab.fails("argument", ges.wait_all(options("http://127.0.0.1:9", { graph_id = "a/b" })))
      lab.fails("argument", ges.wait_all(options("http://127.0.0.1:9", { language = "tlh" })))
    end)

    it("has a failure where more run than can be", function()
      local many = {}
      for i = 1, 10000 do many[i] = "j" .. i end
      local server = serving { NAME, list {}, list(many) }
      local err = lab.fails("protocol", ges.wait_all(options(server)))
      assert.is_truthy(err:find("10000 or more jobs are listed as running", 1, true), err)
    end)

    it("lists within its time", function()
      local seconds, results, err, info = lab.timed(ges.wait_all,
        options(lab.silent(), { timeout = 0.3 }))
      lab.fails("deadline", results, err, info)
      assert.matches("the running jobs could not be listed: timed out after 0%.[3-9] s and "
        .. "%d requests?; last error at ", err)
      assert.is_nil(info.polls)
      assert.is_true(seconds >= 0.25 and seconds < 10, seconds)
      kit.takes_less(1.7, function()
        local server = serving({ NAME, 0.9, list {}, list { "a" } },
          { 200, '{"status":"running"}' })
        local took, waits = lab.timed(ges.wait_all, options(server, { timeout = 1.1 }))
        assert.is_true(took >= 1)
        if waits then assert.equal("deadline", waits[1].info.kind) end
        return took
      end)
    end)

    it("asks once for each job without time", function()
      local server = serving({ NAME, list {}, list { "a", "b" } }, { 200, '{"status":"running"}' })
      local results = ges.wait_all(options(server, { timeout = 0 }))
      assert.equal("a b", ids(results))
      for _, result in ipairs(results) do assert.equal("deadline", result.info.kind) end
      assert.equal(5, #asked(server))
    end)

    it("takes the graph and the credentials of its client, and the project of those", function()
      local server, n = serving { NAME, list {}, list { "a" } }, 0
      local client = lab.client { endpoint = server:url(), graph_id = lab.graph, job_id = "a/b",
        credentials = { get = function()
          n = n + 1
          return { token = "token-" .. n, project_id = lab.project }
        end } }
      local results = assert(client:wait_all { jobs = "running" })
      assert.equal("success", results[1].job.status)
      assert.same({ lab.graph, WAITING, RUNNING, poll_of "a" }, asked(server))
      assert.same({ "token-1", "token-2", "token-3", "token-4" }, lab.tokens(server))
    end)

    it("resumes as any wait does", function()
      local server = serving({ NAME, list {}, list { "a" } }, { 200, '{"status":"running"}' })
      local results = ges.wait_all(options(server, { timeout = 0.2 }))
      local own = lab.replies { "success" }
      assert.equal("success", assert(ges.wait(lab.options(own, { project_id = false,
        graph_id = false, job_id = false, resume = results[1].info.resume }))).status)
      assert.is_truthy(own:requests()[1]:find(poll_of "a", 1, true))
    end)

    it("tells mistakes at their line", function()
      for text, extra in pairs {
        ["option 'graph_id' is missing"] = { graph_id = false },
        ["unknown option 'graph_name'; it is for ges.jobs; a job can be asked for by graph_id only"]
          = { graph_id = false, graph_name = "movie" },
        ["option 'job_id' is not for jobs = \"running\""] = { job_id = "j" },
        ["option 'jobs' must be a table or \"running\""] = { jobs = "waiting" },
        ["option 'jobs' must be a string or table, not a number"] = { jobs = 1 },
        ["option 'project_id' is missing"] = { project_id = false },
      } do
        for _, call in ipairs { "wait_all", "wait_any" } do
          lab.throws(text, function(here)
            return here(ges[call](options(here("http://127.0.0.1:9"), extra)))
          end)
        end
      end
    end)
  end)

  describe("wait_any", function()
    it("returns the first that is over, with its id", function()
      local server = serving { NAME, list {}, list { "a", "b" } }
      local index, job, err, info = ges.wait_any(options(server, { max_in_flight = 1 }))
      assert.equal(1, index, err)
      assert.equal("success", job.status)
      assert.equal("a", info.job_id)
      assert.equal(4, info.attempts)
    end)

    it("has the warnings of the list, too", function()
      local server = serving { NAME, list {}, list { '{"job_id":"a","status":"odd"}' } }
      local _, job, _, info = ges.wait_any(options(server))
      assert.equal("success", job.status)
      assert.same({ 'unknown job status "odd"' }, info.warnings)
    end)

    it("has the id of one that failed, too", function()
      local server = serving({ NAME, list {}, list { "a" } }, lab.error(403, "GES.1"))
      local index, job, err, info = ges.wait_any(options(server))
      assert.equal(1, index)
      lab.fails("forbidden", job, err, info)
      assert.equal("a", info.job_id)
    end)

    it("is refused where nothing runs", function()
      local index, job, err, info = ges.wait_any(options(serving { NAME, list {}, list {} }))
      assert.is_nil(index)
      lab.fails("argument", job, err, info)
      assert.is_truthy(err:find("no job of the graph is waiting or running", 1, true), err)
      assert.equal(3, info.attempts)
      assert.equal(200, info.http_status)
      assert.is_true(info.elapsed > 0)
    end)

    it("fails where the jobs cannot be listed", function()
      local index, job, err, info = ges.wait_any(options(serving { lab.error(403, "GES.1") }))
      assert.is_nil(index)
      lab.fails("forbidden", job, err, info)
    end)
  end)

  describe("on the simulator", function()
    setup(function() lab.start() end)
    teardown(function() lab.stop() end)

    it("waits for all that had not ended, and for nothing else", function()
      local open = {}
      lab.order { seconds = 0 }
      lab.order { seconds = 0, outcome = "failed" }
      lab.order { seconds = 60, graph_id = "another" }
      open[lab.order { seconds = 1, pending = 0 }] = "success"
      open[lab.order { seconds = 1.2, pending = 0.8 }] = "success"
      open[lab.order { seconds = 1, outcome = "failed", fail_reason = "no bucket" }] = "job_failed"
      local results, err, info = ges.wait_all(lab.at_sim { jobs = "running", interval = 0.1 })
      assert(results, err)
      assert.equal(3, info.attempts)
      assert.equal(3, #results)
      for _, result in ipairs(results) do
        assert.equal(open[result.job_id], result.job and result.job.status or result.info.kind)
        assert.equal(result.job_id, (result.job or result.info.job).job_id)
      end
      assert.same({}, (ges.wait_all(lab.at_sim { jobs = "running" })))
    end)
  end)
end)
