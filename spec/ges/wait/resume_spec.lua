-- Going on with a wait in another process, from one line of text.

local ges = require("ges")
local lab = require("lab")
local resume = require("ges.wait.resume")

local function wait(server, extra)
  local more = { interval = 0.05 }
  for name, value in pairs(extra or {}) do more[name] = value end
  return ges.wait(lab.options(server, more))
end

-- The line of a wait that ended without an answer.
local function line_of(extra)
  local more = { timeout = 0.1 }
  for name, value in pairs(extra or {}) do more[name] = value end
  return (select(3, wait(lab.replies { "running" }, more))).resume
end

describe("a line to resume with", function()
  after_each(lab.cleanup)

  it("is plain text: the ids, the moment it began, and no secret", function()
    local before = os.time()
    local line = line_of { token = false, ak = "SOME-AK", sk = "secret-key-1",
      security_token = "security-token-1" }
    local began = tonumber(line:match(":(%d+)$"))
    assert.is_true(began >= before and began <= os.time())
    assert.equal(("ges-wait-1:%s:%s:%s:%d"):format(lab.project, lab.graph, lab.job, began), line)
  end)

  it("holds all that is needed but where to ask and who asks", function()
    local line = line_of()
    local server = lab.replies { "running", "success" }
    local job = assert(ges.wait { endpoint = server:url(), token = lab.token, resume = line,
      interval = 0.05 })
    assert.equal("success", job.status)
    assert.is_truthy(server:requests()[1]:find(
      ("GET /v2/%s/graphs/%s/jobs/%s/status "):format(lab.project, lab.graph, lab.job), 1, true))
  end)

  it("holds the project that only the credentials name, for each of many jobs", function()
    local opts = lab.options(lab.replies { "running" }, { project_id = false, token = false,
      timeout = 0.3, interval = 0.05, jobs = lab.jobs(3), job_id = false, credentials = {
        get = function() return { token = lab.token, project_id = "of-the-token" } end } })
    for _, one in ipairs(ges.wait_all(opts)) do
      assert.equal("deadline", one.info.kind)
      assert.matches("^ges%-wait%-1:of%-the%-token:", one.info.resume)
    end
  end)

  it("goes with the same ids, and not with others", function()
    local line = line_of()
    assert.equal("success", assert(wait(lab.replies { "success" }, { resume = line })).status)
    for _, name in ipairs { "project_id", "graph_id", "job_id" } do
      local server = lab.replies { "success" }
      local err = lab.fails("argument", wait(server, { resume = line, [name] = "another" }))
      assert.is_truthy(err:find("another " .. name:match("^%a+"), 1, true), err)
      assert.equal(0, server:accepted())
    end
  end)

  it("works in start and watch as well", function()
    local line = line_of()
    assert(ges.start(lab.options(lab.replies { "success" }, { resume = line })):wait())
    local last
    for event in ges.watch(lab.options(lab.replies { "success" }, { resume = line })) do
      last = event
    end
    assert.equal("success", last.job.status)
  end)

  it("survives one wait after the other unchanged", function()
    local line = resume.write({ project_id = lab.project, graph_id = lab.graph,
      job_id = lab.job }, os.time() - 100)
    local _, _, info = wait(lab.replies { "running" }, { resume = line, timeout = 0.1 })
    assert.equal(line, info.resume)
  end)

  it("makes the schedule go on where it was, and the timeout begin anew", function()
    local line = resume.write({ project_id = lab.project, graph_id = lab.graph,
      job_id = lab.job }, os.time() - 100)
    local ages, delays = {}, {}
    local took, _, _, info = lab.timed(wait, lab.replies { "running" }, { resume = line,
      timeout = 0.3, interval = false, schedule = function(_, age)
        ages[#ages + 1] = age
        return 0.1
      end })
    assert.equal("deadline", info.kind)
    assert.is_true(took > 0.29 and took < 8, took)
    assert.is_true(ages[1] >= 100 and ages[1] < 105, ages[1])

    -- 10 % of 100 s, give or take a fifth
    wait(lab.replies { "running" }, { resume = line, timeout = 30, interval = false,
      on_event = function(event)
        delays[#delays + 1] = event.delay
        return false
      end })
    assert.is_true(delays[1] >= 8 and delays[1] <= 12.7, delays[1])
  end)

  it("has no grace left for a job that is not there", function()
    local line = resume.write({ project_id = lab.project, graph_id = lab.graph,
      job_id = lab.job }, os.time() - 100)
    local server = lab.replies { lab.error(400, "GES.8301") }
    lab.fails("not_found", wait(server, { resume = line }))
    assert.equal(1, #server:requests())
  end)

  it("of a job that is over costs one question", function()
    local server = lab.replies { "failed" }
    local _, info = lab.fails("job_failed", wait(server, { resume = line_of() }))
    assert.equal(1, #server:requests())
    assert.is_nil(info.resume)
  end)

  it("is refused when it is something else, before anything is sent", function()
    local good = line_of()
    local ids = lab.project .. ":" .. lab.graph .. ":" .. lab.job
    local server = lab.replies { "success" }
    for _, bad in ipairs {
      "", "x", good .. "\n", good:sub(1, -2) .. "x", " " .. good, good .. ":1",
      "ges-wait-1:" .. ids, "ges-wait-1:" .. ids .. ":", "ges-wait-1:" .. ids .. ":-5",
      "ges-wait-1:" .. ids .. ":1e9", "ges-wait-1:" .. ids .. (":9"):rep(40),
      "ges-wait-1:" .. ids .. ":" .. ("9"):rep(30), "ges-wait-1:..:g:j:1", "ges-wait-1:p:.:j:1",
      "ges-wait-1:p:g:" .. ("j"):rep(200) .. ":1", "ges-wait-1:a/b:g:j:1", "ges-wait-1:p\0:g:j:1",
      ("x"):rep(100000), 'return os.exit(1)',
    } do
      local err, info = lab.fails("argument", ges.wait { endpoint = server:url(), token = "t",
        resume = bad })
      assert.is_true(#err < 300, err)
      assert.equal(0, info.attempts)
      assert.is_nil(info.resume)
    end
    assert.equal(0, server:accepted())
  end)

  it("of another version is called that", function()
    local err = lab.fails("argument", ges.wait { endpoint = "http://127.0.0.1:9", token = "t",
      resume = "ges-wait-2:whatever" })
    assert.is_truthy(err:find("another version", 1, true), err)
  end)

  it("from the future, or from 1970, is taken for what it is", function()
    for _, began in ipairs { "0", "99999999999", tostring(os.time() + 86400) } do
      local line = ("ges-wait-1:%s:%s:%s:%s"):format(lab.project, lab.graph, lab.job, began)
      local _, _, info = wait(lab.replies { "running" }, { resume = line, timeout = 0.1 })
      assert.equal("deadline", info.kind)
      assert.equal(line, info.resume)
    end
  end)

  -- It was written where the clock is ahead.
  it("from the future begins a wait that is as good as new", function()
    for _, ahead in ipairs { 30, 3600, 86400, 3e9 } do
      local line = ("ges-wait-1:%s:%s:%s:%d"):format(lab.project, lab.graph, lab.job,
        os.time() + ahead)
      local ages, events = {}, {}
      local server = lab.replies { lab.error(400, "GES.8301"), "running", "success" }
      assert.equal("success", assert(wait(server, { resume = line, not_found_grace = 600,
        interval = false, schedule = function(_, age)
          ages[#ages + 1] = age
          return 0.01
        end,
        on_event = function(event) events[#events + 1] = event end })).status)
      assert.equal(2, #ages)
      for i, age in ipairs(ages) do
        -- what has been waited now, and nothing more or less
        assert.equal(math.max(0, age), age)
        assert.equal(events[i].elapsed, age)
      end
      -- the grace is over at once, as it would be in a new wait
      lab.fails("not_found", wait(lab.replies { lab.error(400, "GES.8301"), "success" },
        { resume = line, not_found_grace = 0 }))
    end
  end)

  it("is not an option of a wait for many", function()
    lab.throws("unknown option 'resume'", function(here)
      ges.wait_all(here { endpoint = "http://127.0.0.1:9", token = "t", jobs = {}, resume = "x" })
    end)
  end)

  it("comes with every result of a wait for many that has no answer", function()
    local results = ges.wait_all(lab.options(lab.replies { "running" }, { job_id = false,
      jobs = lab.jobs(3), timeout = 0.1 }))
    for i, result in ipairs(results) do
      local parts = resume.read(result.info.resume)
      assert.equal(("job-%05d"):format(i), parts.job_id)
    end
  end)
end)
