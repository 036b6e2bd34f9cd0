-- What a wait for many counts near its deadline, and what it sends: the attempts in its results,
-- the calls of on_request and the requests that the server has read are one number. Where the
-- wait's time is over, and what Retry-After says of it.

local engine = require("ges.host.engine")
local ges = require("ges")
local lab = require("lab")
local scheduler = require("ges.wait.scheduler")
local wire = require("wire")

local RUNNING = '{"status":"running"}'

-- A wait for `n` jobs, on a client of its own that is closed afterwards; on_request is counted.
local function wait(server, n, extra)
  local told, client = 0, lab.client()
  local more = { job_id = false, jobs = lab.jobs(n), max_rate = 10000, interval = 0.01,
    on_request = function() told = told + 1 end }
  for name, value in pairs(extra) do more[name] = value end
  local results = client:wait_all(lab.options(server, more))
  client:close()
  return results, told
end

-- The sum of the attempts in the results, and how many results have none.
local function sum(results)
  local attempts, none = 0, 0
  for _, result in ipairs(results) do
    attempts = attempts + result.info.attempts
    if result.info.attempts == 0 then none = none + 1 end
  end
  return attempts, none
end

-- Checks that as many requests were made as are counted. All connections are closed by now, and the
-- server goes on to read what they have brought.
local function assert_counted(server, results, told)
  local attempts = sum(results)
  assert.equal(attempts, told)
  lab.eventually(function() return server:open() == 0 and #server:requests() >= attempts end)
  assert.equal(attempts, #server:requests())
end

-- Keeps the processor busy, as a callback that is slow does.
local function compute(seconds)
  local stop = lab.now() + seconds
  while lab.now() < stop do end -- luacheck: ignore
end

local methods = getmetatable(engine.new()).__index
local start, new, limit_of = methods.start, scheduler.new, engine.limit

-- When each attempt begins, by the time that its limit was taken from, and how much time it is
-- given; and the run.
local function watch()
  local list, read_at = {}, nil
  function engine.limit(longest, stop, now)
    read_at = now
    return limit_of(longest, stop, now)
  end
  function methods.start(self, request, task, limit, attempt)
    list[#list + 1] = { at = read_at, limit = limit }
    return start(self, request, task, limit, attempt)
  end
  function scheduler.new(...)
    list.run = new(...)
    return list.run
  end
  return list
end

local function cleanup()
  methods.start, scheduler.new, engine.limit = start, new, limit_of
  lab.cleanup()
end

describe("ges.wait_all counts", function()
  after_each(cleanup)

  local ALL = 1024
  for name, case in pairs {
    ["more jobs than there are connections"] =
      { jobs = 3000, max_in_flight = ALL, timeout = 0.2 },
    ["answers that take half of the time"] =
      { jobs = 600, max_in_flight = ALL, timeout = 0.3, rest = 0.15 },
    ["attempts that are cut short"] =
      { jobs = 1000, max_in_flight = ALL, timeout = 0.5, rest = 0.05, request_timeout = 0.1 },
    ["attempts that have hardly any time"] =
      { jobs = 800, max_in_flight = ALL, timeout = 0.3, request_timeout = 0.01 },
    ["attempts with no time at all"] =
      { jobs = 300, max_in_flight = 100, timeout = 0.1, request_timeout = 0.001 },
    ["few at a time"] = { jobs = 500, max_in_flight = 3, timeout = 0.2, rest = 0.002 },
    ["a deadline that is over at once"] = { jobs = 2000, max_in_flight = ALL, timeout = 0.001 },
    ["one attempt each"] = { jobs = 600, max_in_flight = ALL, timeout = 0 },
    ["a callback that takes long"] = { jobs = 300, max_in_flight = ALL, timeout = 0.3,
      on_event = function(event) if event.index % 20 == 0 then compute(0.02) end end },
  } do
    it("what it sends: " .. name, function()
      local server = lab.serve { { "request", { sleep = case.rest or 0 }, wire.reply(200, RUNNING),
        { again = true } }, loop = true }
      local results, told = wait(server, case.jobs, { max_in_flight = case.max_in_flight,
        timeout = case.timeout, request_timeout = case.request_timeout, on_event = case.on_event })
      assert.equal(case.jobs, #results)
      assert_counted(server, results, told)
    end)
  end

  it("nothing for a job whose turn never came, and opens no connection for it", function()
    local server = lab.silent()
    local results, told = wait(server, 60, { max_in_flight = 1, timeout = 0.2 })
    assert_counted(server, results, told)
    local sent, none = sum(results)
    assert.equal(60 - sent, none) -- each attempt was another job's
    assert.is_true(none > 50, none)
    assert.equal(sent, server:accepted())
    for _, result in ipairs(results) do
      assert.equal("deadline", result.info.kind, result.err)
    end
  end)

  it("what was sent when the client is closed, and no more", function()
    local server, client = lab.silent(), lab.client()
    local told, tokens = 0, 0
    local results = client:wait_all(lab.options(server, {
      job_id = false, jobs = lab.jobs(600), max_in_flight = 600, max_rate = 1e6,
      on_request = function() told = told + 1 end,
      token = function() -- of the last one, when those before have begun
        tokens = tokens + 1
        if tokens == 600 then
          local other = client:start(lab.options(server, { host = "plain" }))
          lab.eventually(function()
            other:poll()
            return #server:requests() >= 100
          end)
          client:close()
        end
        return lab.token
      end,
    }))
    for _, result in ipairs(results) do assert.equal("closed", result.info.kind, result.err) end
    local attempts, none = sum(results)
    assert.equal(attempts, told)
    assert.is_true(attempts <= 256, attempts) -- as many connections as a host gets
    assert.is_true(none >= 344, none)
  end)
end)

describe("a run", function()
  after_each(cleanup)

  it("ends an attempt that begins while it is cancelled", function()
    local server, client, p, handle = lab.silent(), lab.client(), nil, nil
    function methods.start(self, ...)
      p = self
      local attempt, err, info = start(self, ...)
      handle:cancel()
      return attempt, err, info
    end
    handle = client:start(lab.options(server))
    lab.fails("cancelled", handle:wait())
    assert.is_nil(next(p.waiting))
    assert.equal(0, (p:step(0)))
  end)

  it("keeps no more than 256 waiters and attempts that are over", function()
    local list = watch()
    wait(lab.replies { "success" }, 600, { max_in_flight = 600, timeout = 60 })
    local run = list.run
    assert.is_true(#run.spare_waiters <= 256, #run.spare_waiters)
    assert.is_true(#run.spare_attempts <= 256, #run.spare_attempts)
  end)

  it("gives a login for its list no more time than it has itself", function()
    local list, iam = watch(), lab.silent()
    local _, _, info = lab.client():wait_all(lab.options("http://127.0.0.1:9", { jobs = "running",
      job_id = false, token = false, timeout = 0.2, request_timeout = 5,
      credentials = ges.credentials.password { user = "u", password = "password-01",
        domain = "d", project_id = "p", iam_endpoint = iam:url() } }))
    assert.is_string(info.kind)
    assert.is_true(#list > 0)
    for _, one in ipairs(list) do assert.is_true(one.limit <= 1, one.limit) end
  end)
end)

describe("the last poll", function()
  after_each(cleanup)

  -- How many attempts with time for an answer began at the deadline or later; none has more than a
  -- second, or goes on beyond the end of the run. Before that none is given more than is left.
  local function last_polls(list)
    local run, n = list.run, 0
    for _, one in ipairs(list) do
      local is_last = one.at >= run.deadline - 0.001
      local stop = is_last and run.stop or run.deadline
      assert.is_true(one.limit <= 1 and one.at + one.limit <= stop + 0.002,
        ("%g s at %g"):format(one.limit, one.at - run.deadline))
      n = n + (is_last and one.limit > 0.1 and 1 or 0)
    end
    return n
  end

  it("has no more than a second, for as many as wait for their turn", function()
    for _, in_flight in ipairs { 1, 4, 60 } do
      local list = watch()
      wait(lab.silent(), 60, { max_in_flight = in_flight, timeout = 0.2 })
      local n, run = last_polls(list), list.run
      assert.is_true(n >= in_flight, n)
      -- A process that stood still has another second.
      assert.is_true(n <= 3 * in_flight * run.noticed, n)
    end
  end)

  it("of one job ends within a second, whatever the timeout of a request is", function()
    local list = watch()
    local server = lab.serve { { "request", wire.reply(200, RUNNING), "request",
      { stall = true } }, loop = true }
    lab.fails("deadline", lab.client():wait(lab.options(server,
      { timeout = 0.2, interval = 10, request_timeout = 60 })))
    assert.equal(1, last_polls(list))
    assert.is_true(list[2].limit > 0.5, list[2].limit)
  end)
end)

describe("Retry-After near the deadline", function()
  after_each(cleanup)

  -- A wait of 0.3 s whose first answer asks to wait and whose second one is a success. Returns its
  -- info, what was left of the time when the first answer was there, and how long after it the
  -- second attempt began, if one did.
  local function asked_to_wait(status, seconds)
    local list, first = watch(), nil
    local server = lab.serve { { "request",
      wire.reply(status, RUNNING, { "Retry-After: " .. seconds }), "request",
      wire.reply(200, '{"status":"success"}') } }
    local _, _, info = lab.client():wait(lab.options(server, { timeout = 0.3, interval = 0.01,
      on_event = function(event) first = first or event.elapsed end }))
    local waiter = list.run.waiters[1] or list.run.spare_waiters[1]
    return info, waiter.deadline - first, list[2] and list[2].at - waiter.start - first
  end

  -- What is left is what the waiter saw: no machine is too slow.
  it("ends the wait at once where it reaches beyond it, and is else the next poll", function()
    for _, status in ipairs { 200, 429 } do
      for _, seconds in ipairs { 0.1, 0.29, 0.295, 0.3, 0.5 } do
        local info, left, later = asked_to_wait(status, seconds)
        local says_so = (info.message or ""):find("Retry-After", 1, true) ~= nil
        assert.same({ seconds > left, seconds <= left }, { says_so, later ~= nil })
        assert.equal(says_so and "deadline" or info.kind, info.kind)
        assert.is_true(not later or later >= seconds - 0.001, later)
      end
    end
  end)
end)
