-- A wait as a loop over its events.

local ges = require("ges")
local lab = require("lab")

local function watch(server, extra)
  local more = { interval = 0.05 }
  for name, value in pairs(extra or {}) do more[name] = value end
  return ges.watch(lab.options(server, more))
end

describe("ges.watch", function()
  after_each(lab.cleanup)

  it("hands out every event, done last, and then nothing", function()
    local server, list, last = lab.replies { "pending", "running", "running", "success" }, {}, nil
    local step = watch(server)
    for event in step do
      list[#list + 1], last = event.type, event
    end
    assert.equal("poll change poll change poll poll change done", table.concat(list, " "))
    assert.equal("success", last.job.status)
    assert.is_nil(last.err)
    assert.equal(4, last.info.attempts)
    assert.is_nil(step())
    assert.is_nil(step())
    assert.equal(4, #server:requests())
  end)

  it("carries a failure in done", function()
    local last
    for event in watch(lab.replies { "running", "failed" }) do last = event end
    assert.equal("done", last.type)
    assert.is_nil(last.job)
    lab.fails("job_failed", last.job, last.err, last.info)
    assert.equal("failed", last.info.job.status)
  end)

  it("carries what to resume with in done", function()
    local last
    for event in watch(lab.replies { "running" }, { timeout = 0.2 }) do last = event end
    assert.equal("deadline", last.info.kind)
    assert.is_string(last.info.resume)
  end)

  it("asks nothing before the loop begins, nor between two steps", function()
    local server = lab.replies { "running" }
    local step = watch(server, { interval = 0.001 })
    assert.equal(0, server:accepted())
    assert.equal("poll", step().type)
    require("socket").sleep(0.1) -- a pause: in which nothing is asked
    assert.equal("change", step().type)
    assert.equal(1, #server:requests())
  end)

  it("returns refused values as an event", function()
    for _, extra in ipairs {
      { job_id = "../x" }, { token = "a\nb" }, { endpoint = "http://user@127.0.0.1" },
      { endpoint = false, region = "cn-north-4a" }, { resume = "nonsense" },
    } do
      local n, last = 0, nil
      for event in watch("http://127.0.0.1:9", extra) do
        n, last = n + 1, event
      end
      assert.equal(1, n)
      assert.equal("done", last.type)
      lab.fails("argument", last.job, last.err, last.info)
      assert.is_nil(last.info.resume)
    end
  end)

  it("calls its listener as well, which may end it", function()
    local received, seen = {}, {}
    for event in watch(lab.replies { "running" }, { on_event = function(event)
      received[#received + 1] = event.type
      return #received < 3
    end }) do
      seen[#seen + 1] = event.type
      if event.type == "done" then assert.equal("cancelled", event.info.kind) end
    end
    assert.same({ "poll", "change", "poll" }, received)
    assert.same({ "poll", "change", "poll", "done" }, seen)
  end)

  it("may be left early: the client goes on, and nothing is kept", function()
    local server = lab.replies { "running" }
    local client = lab.client(lab.options(server, { interval = 0.02 }))
    local weak = setmetatable({}, { __mode = "k" })
    local function leave_early()
      local mark = {}
      weak[mark] = true
      for event in client:watch { on_event = function() return mark ~= nil end } do
        if event.attempt == 2 then break end
      end
    end
    for _ = 1, 10 do leave_early() end
    assert.is_true(lab.are_garbage(weak))
    assert.equal("running", client:job_status({}).status)
    assert.equal(21, #server:requests())
    assert.equal(1, server:accepted())
  end)

  it("throws what its functions throw, and is over then", function()
    local server = lab.replies { "running" }
    local step = watch(server, { on_request = function() error("no counter", 0) end })
    local ok, err = pcall(step)
    assert.is_false(ok)
    assert.equal("no counter", err)
    local event = step()
    assert.is_true(event == nil or event.info.kind == "cancelled")
    assert.is_nil(step())
    assert.equal(1, #server:requests())
  end)

  it("may close the client: done says so", function()
    local client = lab.client(lab.options(lab.replies { "running" }, { interval = 30 }))
    local last
    for event in client:watch {} do
      last = event
      if event.type == "change" then client:close() end
    end
    assert.equal("done", last.type)
    assert.equal("closed", last.info.kind)
  end)

  it("goes side by side with another on the same client", function()
    local client = lab.client()
    local one = client:watch(lab.options(lab.replies { "running", "success" }, { interval = 0.05 }))
    local two = client:watch(lab.options(lab.replies { "pending", "failed" }, { interval = 0.05 }))
    local ends, open = {}, 2
    while open > 0 do
      for name, step in pairs { one = one, two = two } do
        local event = step()
        if event and event.type == "done" then
          ends[name] = (event.job or event.info.job).status
          open = open - 1
        end
      end
    end
    assert.same({ one = "success", two = "failed" }, ends)
  end)
end)
